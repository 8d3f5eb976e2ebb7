"""The USD stage: valid, in place, with physics, labels, lights and the very splats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.exporters.engine_world import make_world, package_of, splats_on, surface_points
from worldgen.exporters.engine_isaac import write_isaac_package
from worldgen.exporters.engine_scene import prepare_package
from worldgen.exporters.usd_splats import read_splat_usd

pxr = pytest.importorskip("pxr")

STAGE_FROM_WORLD = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    from pxr import Usd

    folder = tmp_path_factory.mktemp("isaac")
    scene = make_world(folder / "world")
    (folder / "package").mkdir()
    write_isaac_package(package_of(folder / "world", scene), folder / "package")
    return Usd.Stage.Open(str(folder / "package" / "CrateStorePond.usdc")), folder / "package", scene


def test_stage_is_valid_and_complete(made) -> None:
    from pxr import Usd, UsdGeom, UsdUtils, UsdValidation

    stage, folder, scene = made
    context = UsdValidation.ValidationContext(UsdValidation.ValidationRegistry().GetOrLoadAllValidators())
    assert [error.GetMessage() for error in context.Validate(stage)] == []
    assert UsdGeom.GetStageUpAxis(stage) == "Z"
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    assert stage.GetDefaultPrim().GetPath() == "/World"
    assert Usd.ModelAPI(stage.GetDefaultPrim()).GetKind() == "assembly"
    instances = [prim for prim in stage.Traverse() if prim.IsInstance()]
    assert len(instances) == len(scene.objects)
    _, assets, unresolved = UsdUtils.ComputeAllDependencies(str(folder / "CrateStorePond.usdc"))
    assert unresolved == []
    assert all(Path(asset).is_relative_to(folder) for asset in assets)


def test_instances_stand_where_the_scene_has_them(made) -> None:
    from pxr import Usd, UsdGeom

    stage, folder, scene = made
    names = {item.object_id: item.name for item in package_of(folder.parent / "world", scene).placements}
    boxes = UsdGeom.BBoxCache(Usd.TimeCode.Default(), [UsdGeom.Tokens.default_])
    found = {prim.GetName(): prim for prim in stage.Traverse() if prim.IsInstance()}
    for item in scene.objects:
        name = names[item.object_id]
        corners = boxes.ComputeWorldBound(found[name]).GetBox()
        matrix = np.array(boxes.ComputeWorldBound(found[name]).GetMatrix())
        middle = np.append((np.array(corners.GetMin()) + np.array(corners.GetMax())) / 2.0, 1.0) @ matrix
        local = np.concatenate([part.mesh.vertices for part in scene.prototypes[item.prototype].lods[item.lod]])
        true = item.world_from_object[:3, :3] @ ((local.min(axis=0) + local.max(axis=0)) / 2.0)
        np.testing.assert_allclose(middle[:3], STAGE_FROM_WORLD @ (true + item.world_from_object[:3, 3]), atol=2e-3)


def test_colliders_have_physics_and_are_guides(made) -> None:
    from pxr import Usd, UsdGeom, UsdPhysics

    stage, _, _ = made
    predicate = Usd.TraverseInstanceProxies(Usd.PrimAllPrimsPredicate)
    solid = [
        prim for prim in Usd.PrimRange(stage.GetPrimAtPath("/World"), predicate) if "Collider" in str(prim.GetPath())
    ]
    meshes = [prim for prim in solid if prim.IsA(UsdGeom.Mesh)]
    kinds = [UsdPhysics.MeshCollisionAPI(prim).GetApproximationAttr().Get() for prim in meshes]
    assert (kinds.count("none"), kinds.count("convexHull")) == (2, 6)
    capsules = [UsdGeom.Capsule(prim) for prim in solid if prim.IsA(UsdGeom.Capsule)]
    assert [shape.GetRadiusAttr().Get() for shape in capsules] == pytest.approx([1.4, 1.4])
    guides = [*meshes, *(shape.GetPrim() for shape in capsules)]
    for prim in guides:
        assert prim.HasAPI(UsdPhysics.CollisionAPI) == (prim.GetAttribute("worldgen:kind").Get() != "trigger")
        assert UsdGeom.Imageable(prim).ComputePurpose() == "guide"
    grounds = [prim.GetAttribute("worldgen:surface").Get() for prim in meshes]
    assert {"grass", "sand", "water", "glass"} <= set(grounds)


def test_objects_are_labelled(made) -> None:
    from pxr import UsdSemantics

    stage, _, scene = made
    labels = {
        str(UsdSemantics.LabelsAPI(prim, "class").GetLabelsAttr().Get()[0])
        for prim in stage.Traverse()
        if prim.IsInstance()
    }
    assert labels == {scene.label_of(item) for item in scene.objects}


def test_splats_come_back(made) -> None:
    stage, folder, scene = made
    assert stage.GetPrimAtPath("/World/Splats").GetTypeName() == "ParticleField3DGaussianSplat"
    cloud = splats_on(surface_points(scene).points_in_world)
    back = read_splat_usd(folder / "splats" / "CrateStorePond_splats.usdc")
    np.testing.assert_allclose(back.means, cloud.means, atol=1e-5)
    np.testing.assert_allclose(back.sh_rest, cloud.sh_rest, atol=1e-5)


def test_sky_and_key_light_face_the_right_way(made) -> None:
    from pxr import Usd, UsdGeom, UsdLux

    stage, _, scene = made
    places = UsdGeom.XformCache(Usd.TimeCode.Default())
    dome = np.array(places.GetLocalToWorldTransform(stage.GetPrimAtPath("/World/Sky")))[:3, :3].T
    # OpenEXR's latlong, which UsdLux follows: the middle is +Z, a quarter to the left +X, the top +Y.
    np.testing.assert_allclose(dome @ [0.0, 0.0, 1.0], STAGE_FROM_WORLD @ [0.0, 0.0, -1.0], atol=1e-9)
    np.testing.assert_allclose(dome @ [1.0, 0.0, 0.0], STAGE_FROM_WORLD @ [-1.0, 0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(dome @ [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], atol=1e-9)
    light = stage.GetPrimAtPath("/World/KeyLight")
    turn = np.array(places.GetLocalToWorldTransform(light))[:3, :3].T
    np.testing.assert_allclose(turn @ [0.0, 0.0, -1.0], -STAGE_FROM_WORLD @ scene.sky.key_direction_in_world, atol=1e-6)
    assert UsdLux.DistantLight(light).GetNormalizeAttr().Get()


def test_occlusion_is_read_by_the_second_uvs(made, tmp_path: Path) -> None:
    from pxr import Usd, UsdGeom, UsdShade, UsdValidation

    _, folder, scene = made
    (tmp_path / "prepared").mkdir()
    (tmp_path / "package").mkdir()
    prepared, _ = prepare_package(package_of(folder.parent / "world", scene), tmp_path / "prepared")
    write_isaac_package(prepared, tmp_path / "package")
    stage = Usd.Stage.Open(str(tmp_path / "package" / "CrateStorePond.usdc"))
    context = UsdValidation.ValidationContext(UsdValidation.ValidationRegistry().GetOrLoadAllValidators())
    assert [error.GetMessage() for error in context.Validate(stage)] == []
    shaded = 0
    for prim in stage.TraverseAll():
        if not prim.IsA(UsdGeom.Mesh) or UsdGeom.Imageable(prim).ComputePurpose() == "guide":
            continue
        material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
        shader, _, _ = material.ComputeSurfaceSource()
        occlusion = shader.GetInput("occlusion")
        if not occlusion:
            continue
        (source,), _ = occlusion.GetConnectedSources()
        picture = UsdShade.Shader(source.source)
        assert source.sourceName == "r"
        assert picture.GetInput("file").Get().path.endswith("_AO.png")
        (reader,), _ = picture.GetInput("st").GetConnectedSources()
        assert UsdShade.Shader(reader.source).GetInput("varname").Get() == "st1"
        assert UsdGeom.PrimvarsAPI(prim).GetPrimvar("st1").IsDefined()
        shaded += 1
    assert shaded >= 2
