"""Levels of detail, lightmap UVs, cards and budgets of engine packages, read back with pygltflib and the validator."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.exporters.engine_world import make_world, package_of
from tests.exporters.node_tools import assert_valid
from tests.exporters.textured_scene import textured_scene
from tests.scenes import ball_mesh, quad_mesh
from worldgen.budgets import PlatformBudget
from worldgen.exporters.engine_budget import image_sizes, texture_mb
from worldgen.exporters.engine_files import script_text
from worldgen.exporters.engine_godot import write_godot_package
from worldgen.exporters.engine_package import Asset, WorldPackage
from worldgen.exporters.engine_scene import prepare_package
from worldgen.exporters.glb_meshes import read_parts
from worldgen.exporters.glb_reader import open_glb
from worldgen.frames import rigid
from worldgen.manifest import load_manifest
from worldgen.pipelines.export_world import export_engines
from worldgen.scene.scene import Part, Prototype, Scene, SceneObject
from worldgen.settings import TIERS


def forest() -> Scene:
    """The textured scene with a store of one level, trees of two, and much grass."""
    scene = textured_scene()
    ball = dataclasses.replace(
        scene.prototypes["ball"], lods=tuple((Part(mesh=ball_mesh(level), material="paint"),) for level in (2, 1))
    )
    tree = Prototype(
        name="pine",
        label="conifer",
        lods=tuple((Part(mesh=ball_mesh(level), material="paint"),) for level in (4, 2)),
        footprint_m=1.0,
    )
    store = Prototype(name="store", label="barn", lods=((Part(mesh=ball_mesh(3), material="paint"),),), footprint_m=2.0)
    places = [("pine", f"forest/{k}", np.array([3.0 * k, 0.0, -8.0 * k]), min(k // 4, 1)) for k in range(12)]
    places.append(("store", "store/0", np.array([20.0, 0.0, 5.0]), 0))
    objects = tuple(
        SceneObject(
            object_id=name,
            spec_id=name.split("/")[0],
            prototype=prototype,
            world_from_object=rigid(np.eye(3), place),
            lod=lod,
        )
        for prototype, name, place, lod in places
    )
    return dataclasses.replace(
        scene,
        prototypes={**scene.prototypes, "ball": ball, "pine": tree, "store": store},
        objects=(*scene.objects, *objects),
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> WorldPackage:
    folder = tmp_path_factory.mktemp("levels") / "world"
    return package_of(folder, make_world(folder, scene=forest()))


@pytest.fixture(scope="module")
def prepared(package: WorldPackage, tmp_path_factory: pytest.TempPathFactory) -> WorldPackage:
    return prepare_package(package, tmp_path_factory.mktemp("prepared"))[0]


def asset_of(package: WorldPackage, label: str, part: str = "") -> Asset:
    return next(asset for asset in package.assets if asset.label == label and part in asset.name)


def test_chains_are_built_decimated_or_end_in_cards(package: WorldPackage, prepared: WorldPackage) -> None:
    tree = asset_of(prepared, "conifer")
    assert [(level.kind, level.num_triangles) for level in tree.levels] == [
        ("built", 5120),
        ("built", 320),
        ("cards", 8),
    ]
    store = asset_of(prepared, "barn", "store")
    assert [level.kind for level in store.levels] == ["built", "decimated", "decimated"]
    counts = [level.num_triangles for level in store.levels]
    assert counts == sorted(counts, reverse=True)
    assert [level.name for level in store.levels] == [store.name, f"{store.name}_LOD1", f"{store.name}_LOD2"]
    for asset in prepared.assets:
        for level in asset.levels:
            parts = read_parts(prepared.scene, level.mesh)
            assert sum(part.mesh.num_triangles for part in parts) == level.num_triangles
            if not asset.is_static:
                # Every level stands where the finest does.
                points = np.concatenate([part.mesh.vertices for part in parts])
                size = np.ptp([asset.minimum, asset.maximum], axis=0).max()
                assert np.abs(points.min(axis=0) - asset.minimum).max() < 0.08 * size
                assert np.abs(points.max(axis=0) - asset.maximum).max() < 0.08 * size
    assert [item.level for item in prepared.placements] == [item.level for item in package.placements]


def test_lightmap_uvs_are_where_light_is_baked(prepared: WorldPackage) -> None:
    for asset in prepared.assets:
        for level in asset.levels:
            for primitive in prepared.scene.item("meshes", level.mesh)["primitives"]:
                attributes = primitive["attributes"]
                if asset.label == "ground":
                    assert attributes["TEXCOORD_1"] == attributes["TEXCOORD_0"]
                elif asset.group in ("structure", "prop", "rock"):
                    uvs = prepared.scene.array(attributes["TEXCOORD_1"])
                    assert len(uvs) == prepared.scene.item("accessors", attributes["POSITION"])["count"]
                    assert uvs.min() >= 0.0
                    assert uvs.max() <= 1.0
                    assert np.ptp(uvs, axis=0).min() > 0.2
                elif asset.group == "vegetation":
                    assert "TEXCOORD_1" not in attributes
                # Open3D and others that read by assimp take sets of UVs only in their order.
                sets = [name for name in attributes if name.startswith("TEXCOORD")]
                assert sets == sorted(sets)
                material = prepared.scene.item("materials", primitive["material"])
                assert ("normalTexture" in material) == ("TANGENT" in attributes)


def test_occlusion_is_baked_where_light_is(package: WorldPackage, prepared: WorldPackage) -> None:
    """A map for each level, read by the second set of UVs; the picture's own textures and colours stay as they are."""
    file = prepared.scene
    seen = set()
    for asset in prepared.assets:
        is_lit = asset.group in ("structure", "prop", "rock") and not asset.is_static
        for number, level in enumerate(asset.levels):
            indices = {primitive["material"] for primitive in file.item("meshes", level.mesh)["primitives"]}
            materials = [file.item("materials", index) for index in indices]
            assert all(("occlusionTexture" in material) == is_lit for material in materials)
            if not is_lit:
                continue
            (texture,) = {material["occlusionTexture"]["index"] for material in materials}
            assert all(material["occlusionTexture"]["texCoord"] == 1 for material in materials)
            image = file.item("textures", texture)["source"]
            assert file.item("images", image)["name"] == f"T_{level.name.removeprefix('SM_')}_AO"
            assert texture not in seen
            seen.add(texture)
            with Image.open(io.BytesIO(bytes(file.image_bytes(image)[0]))) as opened:
                light = np.asarray(opened)
            assert light.ndim == 2
            assert light.shape[0] == light.shape[1]
            assert light.shape[0] & (light.shape[0] - 1) == 0
            assert light.max() == 255
            if number == 0 and "store" in asset.name:
                # A ball on the ground is dark where it touches it and light on top.
                (part,) = read_parts(file, level.mesh)
                uvs = file.array(file.item("meshes", level.mesh)["primitives"][0]["attributes"]["TEXCOORD_1"])
                column, row = np.minimum((uvs * len(light)).astype(int), len(light) - 1).T
                heights = part.mesh.vertices[:, 1]
                assert light[row, column][heights < 0.1].mean() < 100
                assert light[row, column][heights > 1.0].min() > 245
    for index, material in enumerate(package.scene.items("materials")):
        copies = [each for each in file.items("materials") if each["name"].startswith(material["name"])]
        for each in copies:
            assert each["pbrMetallicRoughness"].keys() == material["pbrMetallicRoughness"].keys(), index


def test_occlusion_fits_the_budget(package: WorldPackage, tmp_path: Path) -> None:
    fine = dataclasses.replace(TIERS["standard"], occlusion_texels_per_m=40.0, occlusion_rays=4)
    budget = PlatformBudget(name="given", texture_mb=1.0)
    free, counted = prepare_package(package, _folder(tmp_path, "free"), tier=fine)
    tight, kept = prepare_package(package, _folder(tmp_path, "tight"), budget, tier=fine)
    sides = {}
    for name, made, counts in (("free", free, counted), ("tight", tight, kept)):
        sizes = image_sizes(made.scene)
        assert counts.texture_mb == pytest.approx(texture_mb(sizes), abs=0.006)
        images = made.scene.items("images")
        sides[name] = [size for size, image in zip(sizes, images, strict=True) if image["name"].endswith("_AO")]
    assert kept.texture_mb <= 1.0
    assert texture_mb(sides["tight"]) <= 0.125 < texture_mb(sides["free"])
    assert len(sides["tight"]) == len(sides["free"]) > 3


def test_cards_are_masked_pictures(prepared: WorldPackage) -> None:
    card = asset_of(prepared, "conifer").levels[-1]
    (primitive,) = prepared.scene.item("meshes", card.mesh)["primitives"]
    material = prepared.scene.item("materials", primitive["material"])
    assert material["alphaMode"] == "MASK"
    texture = prepared.scene.item("textures", material["pbrMetallicRoughness"]["baseColorTexture"]["index"])
    data, _ = prepared.scene.image_bytes(texture["source"])
    with Image.open(io.BytesIO(bytes(data))) as image:
        assert image.mode == "RGBA"
        assert all(side & (side - 1) == 0 for side in image.size)
        assert 0.5 < np.asarray(image)[..., 3].mean() / 255.0 < 0.9


def test_the_prepared_scene_is_valid_and_the_same_twice(
    package: WorldPackage, prepared: WorldPackage, tmp_path: Path
) -> None:
    prepare_package(package, tmp_path)
    assert (tmp_path / "scene.glb").read_bytes() == prepared.scene.path.read_bytes()
    assert_valid(tmp_path / "scene.glb")


def test_godot_draws_levels_by_distance(prepared: WorldPackage, tmp_path: Path) -> None:
    """Each level is seen from as far as its share of the screen says; what stands often has its levels in a file."""
    write_godot_package(prepared, tmp_path)
    layout = json.loads((tmp_path / "layout.json").read_text())
    path = tmp_path / layout["files"]["levels"]
    assert_valid(path)
    for model in (layout["files"]["land"], layout["files"]["levels"]):
        hints = (tmp_path / f"{model}.import").read_text()
        (script,) = re.findall(r'import_script/path="res://\w+/(.+)"', hints)
        assert (tmp_path / script).is_file()
    names = {node["name"] for node, _ in open_glb(path).mesh_nodes()}
    counts = Counter(row["asset"] for row in layout["instances"])
    drawn = [asset for asset in layout["assets"] if not asset["is_static"] and counts[asset["name"]] >= 6]
    assert names == {level["name"] for asset in drawn for level in asset["lods"] if len(asset["lods"]) > 1}
    assert any(level["kind"] == "cards" for asset in drawn for level in asset["lods"])
    for asset in layout["assets"]:
        size = max(np.subtract(asset["maximum"], asset["minimum"]))
        distances = [level["distance_m"] for level in asset["lods"]]
        assert distances == sorted(distances)
        for level in asset["lods"]:
            on_screen = size / (2.0 * level["distance_m"] * np.tan(np.radians(30.0)))
            assert on_screen == pytest.approx(level["screen_height"], rel=1e-3)
    keys = set(re.findall(r'(?:row|asset|level|layout)\["(\w+)"\]', script_text("import_world.gd")))
    assert keys <= {*layout, *layout["instances"][0], *layout["assets"][0], *layout["assets"][0]["lods"][0]}


def test_budgets_are_kept(package: WorldPackage, tmp_path: Path) -> None:
    budget = PlatformBudget(name="given", triangles=10_000, splats=300, texture_mb=1.0)
    small, counts = prepare_package(package, _folder(tmp_path, "b"), budget)
    assert counts.triangles <= 10_000
    assert counts.texture_mb <= 1.0
    assert small.splats is not None
    assert package.splats is not None
    assert small.splats.num_gaussians == counts.splats == 300 < package.splats.num_gaussians
    drawn = {item.name: item for item in small.placements}
    assets = {asset.name: asset for asset in small.assets}
    total = sum(assets[item.asset].levels[item.level].num_triangles for item in small.placements)
    assert total == counts.triangles
    trees = [item for item in package.placements if "Conifer" in item.asset]
    assert all(item.name in drawn for item in trees)
    # A tree that was shown at its finest is no card, and nothing becomes finer with distance.
    far_first = [assets[drawn[item.name].asset].levels[drawn[item.name].level] for item in reversed(trees)]
    assert far_first[-1].kind != "cards"
    triangles = [level.num_triangles for level in far_first]
    assert triangles == sorted(triangles)
    assert_valid(tmp_path / "b" / "scene.glb")


def test_the_manifest_tells_what_came_out(tmp_path: Path) -> None:
    make_world(tmp_path / "world", scene=forest())
    budget = PlatformBudget(name="given", triangles=20_000, texture_mb=2.0)
    export_engines(tmp_path / "world", ["unity", "blender"], budget=budget)
    manifest = load_manifest(tmp_path / "world")
    assert [report.engine for report in manifest.packages] == ["blender", "unity"]
    # The editor script tells by its name how a texture is to be imported.
    kinds = {path.stem.rsplit("_", 1)[1] for path in (tmp_path / "world" / "engines" / "unity" / "Textures").iterdir()}
    assert kinds == {"BC", "N", "ORM", "AO"}
    for report in manifest.packages:
        assert report.budget == "given"
        assert report.triangles <= 20_000 == report.max_triangles
        assert report.texture_mb <= 2.0 == report.max_texture_mb
        prefix = f"engines/{report.engine}/"
        assert report.num_bytes == sum(file.num_bytes for file in manifest.files if file.path.startswith(prefix))
    export_engines(tmp_path / "world", ["unity"])
    reports = {report.engine: report for report in load_manifest(tmp_path / "world").packages}
    assert reports["unity"].budget is None
    assert reports["blender"].budget == "given"


def test_land_tiles_still_meet_when_decimated(tmp_path: Path) -> None:
    """Two tiles that share an edge share it after the budget was kept."""
    scene = textured_scene()
    side = 60
    axis = np.linspace(-30.0, 30.0, side + 1)
    tiles = {}
    for number, shift in enumerate((-30.0, 30.0)):
        x, z = np.meshgrid(axis + shift, axis)
        heights = 2.0 * np.sin(x / 5.0) + np.cos(z / 4.0)
        index = np.arange((side + 1) ** 2).reshape(side + 1, side + 1)
        a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
        triangles = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
        vertices = np.stack([x, heights, z], -1).reshape(-1, 3).astype(np.float32)
        flat = quad_mesh(1.0, 0.0)
        mesh = dataclasses.replace(
            flat,
            vertices=vertices,
            triangles=triangles.astype(np.int32),
            normals=np.tile(flat.normals[:1], (len(vertices), 1)),
            uvs=(vertices[:, [0, 2]] / np.float32(120.0)).astype(np.float32),
        )
        tiles[f"hills_{number}"] = Prototype(
            name=f"hills_{number}", label="ground", lods=((Part(mesh=mesh, material="ground"),),), footprint_m=0.0
        )
    objects = tuple(
        SceneObject(object_id=f"land/{name}", spec_id="land", prototype=name, world_from_object=np.eye(4))
        for name in tiles
    )
    hills = dataclasses.replace(scene, prototypes={**scene.prototypes, **tiles}, objects=(*scene.objects, *objects))
    package = package_of(tmp_path / "world", make_world(tmp_path / "world", scene=hills))
    small, counts = prepare_package(package, _folder(tmp_path, "p"), PlatformBudget(name="given", triangles=10_000))
    assert counts.triangles <= 10_000
    edges = []
    for asset in small.assets:
        if "hills" in asset.name:
            assert asset.levels[0].kind == "decimated"
            points = read_parts(small.scene, asset.mesh)[0].mesh.vertices
            edges.append({tuple(point) for point in points[np.abs(points[:, 0]) < 1e-5].round(4).tolist()})
    assert len(edges) == 2
    assert edges[0] == edges[1]
    assert len(edges[0]) == side + 1


def _folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name
