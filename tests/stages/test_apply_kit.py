"""Kits: models of other tools stand where built assets stood, at their size, and hostile files are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from tests.exporters.textured_scene import textured_scene
from tests.scenes import small_scene
from worldgen.errors import InvalidInputError
from worldgen.exporters.glb import write_collision_glb, write_scene_glb
from worldgen.exporters.glb_prototype import load_model
from worldgen.scene.scene import Capsule, ConvexHull, Scene
from worldgen.spec.kit import KitVariant, load_kit
from worldgen.stages.apply_kit import apply_kit

BUDGET = 1_000_000


def hut(path: Path, *, extents: tuple[float, float, float] = (4.0, 3.0, 6.0), shift: float = 7.0) -> Path:
    """A textured box away from its origin, as other tools export things."""
    from PIL import Image

    box = trimesh.creation.box(extents=extents)
    box.apply_translation([shift, -shift, shift])
    picture = Image.fromarray(np.full((8, 8, 3), (200, 40, 10), dtype=np.uint8))
    uv = np.random.Generator(np.random.PCG64(1)).random((len(box.vertices), 2))
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=picture, roughnessFactor=0.5, metallicFactor=0.0)
    box.visual = trimesh.visual.TextureVisuals(uv=uv, material=material)
    box.export(path)
    return path


def kit_at(folder: Path, text: str) -> Path:
    path = folder / "kit.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def world_bounds(scene: Scene, object_id: str) -> np.ndarray:
    item = next(item for item in scene.objects if item.object_id == object_id)
    points = np.concatenate([part.mesh.vertices for part in scene.prototypes[item.prototype].lods[item.lod]])
    placed = points @ item.world_from_object[:3, :3].T + item.world_from_object[:3, 3]
    return np.array([placed.min(axis=0), placed.max(axis=0)])


def test_a_model_fits_into_the_built_box_and_nothing_else_moves(tmp_path: Path) -> None:
    hut(tmp_path / "hut.glb")
    scene = small_scene()
    made = apply_kit(scene, kit_at(tmp_path, "assets: {cabin: hut.glb}"), seed=1, triangle_budget=BUDGET)
    assert made.warnings == ()
    assert made.labels == ("cabin",)
    built, own = world_bounds(scene, "box/0"), world_bounds(made.scene, "box/0")
    assert (own[0] >= built[0] - 1e-4).all()
    assert (own[1] <= built[1] + 1e-4).all()
    np.testing.assert_allclose(own[1] - own[0], [4.0 / 3.0, 1.0, 2.0], atol=1e-5)
    assert own[0, 1] == pytest.approx(built[0, 1], abs=1e-5)
    np.testing.assert_allclose(own.mean(axis=0)[[0, 2]], built.mean(axis=0)[[0, 2]], atol=1e-5)
    for before, after in zip(scene.objects, made.scene.objects, strict=True):
        assert before.object_id == after.object_id
        if before.object_id != "box/0":
            assert after is before
    material = made.scene.materials["kit_cabin_0_0"]
    assert material.base_color_texture is not None
    assert (material.base_color_texture[0, 0] == (200, 40, 10)).all()
    assert material.roughness == pytest.approx(0.5)
    assert "checker" not in made.scene.materials


def test_the_furnished_scene_exports_with_colliders(tmp_path: Path) -> None:
    hut(tmp_path / "hut.glb")
    made = apply_kit(small_scene(), kit_at(tmp_path, "assets: {cabin: hut.glb}"), seed=1, triangle_budget=BUDGET)
    write_scene_glb(made.scene, tmp_path / "scene.glb")
    write_collision_glb(made.scene, tmp_path / "collision.glb")
    seen = trimesh.load(tmp_path / "scene.glb", process=False)
    solid = trimesh.load(tmp_path / "collision.glb", process=False)
    expected = world_bounds(made.scene, "box/0")
    for loaded, part in ((seen, "box_0"), (solid, "box_0")):
        name = next(node for node in loaded.graph.nodes_geometry if part in node)
        transform, geometry = loaded.graph[name]
        np.testing.assert_allclose(
            loaded.geometry[geometry].copy().apply_transform(transform).bounds, expected, atol=1e-4
        )


def test_axes_pivot_yaw_and_given_scale(tmp_path: Path) -> None:
    hut(tmp_path / "hut.glb", extents=(1.0, 2.0, 5.0))
    text = "assets: {cabin: [{file: hut.glb, up: z, scale: 0.5, yaw_deg: 90, collider: none}]}"
    made = apply_kit(small_scene(), kit_at(tmp_path, text), seed=1, triangle_budget=BUDGET)
    own = world_bounds(made.scene, "box/0")
    # Z up: 1 wide, 2 deep, 5 high; a quarter turn swaps width and depth.
    np.testing.assert_allclose(own[1] - own[0], [1.0, 2.5, 0.5], atol=1e-5)
    np.testing.assert_allclose(own[0], [-0.5, 0.0, -6.25], atol=1e-5)
    prototype = made.scene.prototypes["kit_cabin_0"]
    assert prototype.colliders == ()
    kept = load_model(
        tmp_path / "hut.glb", KitVariant(file="hut.glb", pivot="keep"), name="x", label="cabin", footprint_m=1.0
    )
    np.testing.assert_allclose(kept.minimum, [6.5, -8.0, 4.5], atol=1e-5)


def test_normals_point_outward_after_axes_and_mirrors(tmp_path: Path) -> None:
    scene = trimesh.Scene()
    ball = trimesh.creation.icosphere(subdivisions=2)
    scene.add_geometry(ball, node_name="ball", transform=np.diag([-2.0, 1.0, 1.0, 1.0]))
    scene.export(tmp_path / "ball.glb")
    for up in ("y", "z"):
        variant = KitVariant(file="ball.glb", up=up)
        mesh = (
            load_model(tmp_path / "ball.glb", variant, name="b", label="rock", footprint_m=1.0)
            .prototype.lods[0][0]
            .mesh
        )
        center = (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2.0
        corners = mesh.vertices[mesh.triangles].astype(np.float64)
        faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert ((corners.mean(axis=1) - center) * faces).sum(axis=1).min() > 0.0
        assert ((mesh.vertices - center) * mesh.normals).sum(axis=1).min() > 0.0


def test_own_colliders_are_taken_and_not_shown(tmp_path: Path) -> None:
    scene = trimesh.Scene()
    scene.add_geometry(trimesh.creation.icosphere(subdivisions=3), node_name="SM_Rock")
    scene.add_geometry(trimesh.creation.box(extents=(1.0, 1.0, 1.0)), node_name="UCX_SM_Rock_00")
    scene.add_geometry(trimesh.creation.box(extents=(0.5, 0.5, 0.5)), node_name="rock-colonly")
    scene.export(tmp_path / "rock.glb")
    model = load_model(tmp_path / "rock.glb", KitVariant(file="rock.glb"), name="r", label="rock", footprint_m=1.0)
    assert model.prototype.num_triangles == (1280,)
    hulls = [collider for collider in model.prototype.colliders if isinstance(collider, ConvexHull)]
    assert sorted(float(np.ptp(hull.points[:, 0])) for hull in hulls) == pytest.approx([0.5, 1.0])
    derived = load_model(
        tmp_path / "rock.glb", KitVariant(file="rock.glb", collider="hull"), name="r", label="rock", footprint_m=1.0
    )
    (hull,) = derived.prototype.colliders
    assert isinstance(hull, ConvexHull)
    assert np.ptp(hull.points[:, 1]) == pytest.approx(2.0, abs=0.01)
    trunk = load_model(
        tmp_path / "rock.glb", KitVariant(file="rock.glb", collider="capsule"), name="r", label="rock", footprint_m=1.0
    )
    assert isinstance(trunk.prototype.colliders[0], Capsule)


def test_variants_are_drawn_by_name(tmp_path: Path) -> None:
    for number in range(3):
        trimesh.creation.box(extents=(1.0, 1.0 + number, 1.0)).export(tmp_path / f"tuft_{number}.glb")
    kit = kit_at(tmp_path, "assets: {grass: [tuft_0.glb, tuft_1.glb, tuft_2.glb]}")
    scene = textured_scene()
    one, two = (apply_kit(scene, kit, seed=5, triangle_budget=BUDGET).scene for _ in range(2))
    picked = {item.object_id: item.prototype for item in one.objects if one.label_of(item) == "grass"}
    assert picked == {item.object_id: item.prototype for item in two.objects if two.label_of(item) == "grass"}
    assert set(picked.values()) == {"kit_grass_0", "kit_grass_1", "kit_grass_2"}
    fewer = Scene(
        prototypes=scene.prototypes,
        materials=scene.materials,
        objects=scene.objects[:-7],
        terrain=scene.terrain,
        sky=scene.sky,
        fog=scene.fog,
    )
    again = apply_kit(fewer, kit, seed=5, triangle_budget=BUDGET).scene
    assert all(picked[item.object_id] == item.prototype for item in again.objects if again.label_of(item) == "grass")


def test_missing_files_fall_back_with_a_note(tmp_path: Path) -> None:
    hut(tmp_path / "hut.glb")
    text = "assets: {cabin: [gone.glb], rock: [also_gone.glb, hut.glb], castle: nowhere.glb}"
    scene = small_scene()
    made = apply_kit(scene, kit_at(tmp_path, text), seed=1, triangle_budget=BUDGET)
    assert made.labels == ("rock",)
    assert [note.split(" is missing")[0] for note in made.warnings] == ["The kit's gone.glb", "The kit's also_gone.glb"]
    assert next(item for item in made.scene.objects if item.object_id == "box/0").prototype == "box"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "assets: 3",
        "assets: {no_such_label: a.glb}",
        "assets: {cabin: []}",
        "assets: {cabin: [{file: a.glb, scale: -1}]}",
        "assets: {cabin: [{file: a.glb, scale: .nan}]}",
        "assets: {cabin: [{file: a.glb, extra: 1}]}",
        "version: 2\nassets: {cabin: a.glb}",
        "a: &a [x]\nassets: *a",
        "assets: {cabin: !!python/object:os.system a}",
        "{" * 5000,
    ],
)
def test_wrong_kits_are_told(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        load_kit(kit_at(tmp_path, text))


@pytest.mark.parametrize("name", ["../outside.glb", "/etc/passwd", "a/../../b.glb", "con.glb"])
def test_kits_never_leave_their_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        apply_kit(small_scene(), kit_at(tmp_path, f"assets: {{cabin: '{name}'}}"), seed=1, triangle_budget=BUDGET)


def test_damaged_models_are_refused(tmp_path: Path) -> None:
    good = hut(tmp_path / "hut.glb").read_bytes()
    random = np.random.Generator(np.random.PCG64(3))
    text_end = 20 + int.from_bytes(good[12:16], "little")
    variant = KitVariant(file="hut.glb")
    cases = [good[:40], good[: len(good) // 2], b"", b"glTF" * 10]
    for _ in range(80):
        bad = bytearray(good)
        for at in random.integers(20, text_end, 3):
            bad[at] = int(random.integers(32, 127))
        cases.append(bytes(bad))
    refused = 0
    for data in cases:
        (tmp_path / "hut.glb").write_bytes(data)
        try:
            load_model(tmp_path / "hut.glb", variant, name="h", label="cabin", footprint_m=1.0)
        except InvalidInputError:
            refused += 1
    assert refused >= 10


def test_models_get_coarser_levels_for_where_they_stand_far_away(tmp_path: Path) -> None:
    """The ball's second instance was far enough for a coarser level; a fine model uses one too, at the same size."""
    trimesh.creation.icosphere(subdivisions=4).export(tmp_path / "boulder.glb")
    scene = small_scene()
    made = apply_kit(scene, kit_at(tmp_path, "assets: {rock: boulder.glb}"), seed=1, triangle_budget=BUDGET).scene
    prototype = made.prototypes["kit_rock_0"]
    assert prototype.num_triangles[0] == 5120
    assert len(prototype.num_triangles) == 3
    assert prototype.num_triangles[2] < prototype.num_triangles[1] < 0.45 * 5120
    lods = {item.object_id: item.lod for item in made.objects if item.prototype == "kit_rock_0"}
    assert lods == {"ball/0": 0, "ball/1": 1}
    own, coarse = (world_bounds(made, name) for name in ("ball/0", "ball/1"))
    np.testing.assert_allclose(np.ptp(own, axis=0), np.ptp(coarse, axis=0), rtol=0.02)
    hut(tmp_path / "hut.glb")
    small = apply_kit(scene, kit_at(tmp_path, "assets: {rock: hut.glb}"), seed=1, triangle_budget=BUDGET).scene
    assert small.prototypes["kit_rock_0"].num_triangles == (12,)
