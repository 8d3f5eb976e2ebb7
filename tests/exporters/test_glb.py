"""GLB files: read back by pygltflib and trimesh, compared with the scene in memory."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
import pytest
import trimesh
from numpy.typing import NDArray
from PIL import Image

from tests.exporters.textured_scene import NUM_TUFTS, textured_scene
from tests.scenes import quad_mesh, small_scene
from worldgen.color import linear_from_srgb
from worldgen.errors import ExportError
from worldgen.exporters import glb_writer
from worldgen.exporters.glb import write_collision_glb, write_parts_glb, write_scene_glb
from worldgen.exporters.glb_materials import LIGHT_SCALE, GlbProfile
from worldgen.exporters.glb_scene import thing_name
from worldgen.exporters.glb_writer import NameTable
from worldgen.frames import matrices_from_quats
from worldgen.scene.scene import Scene
from worldgen.scene.triangle_mesh import TriangleMesh

COMPONENTS = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


def accessor_values(document: pygltflib.GLTF2, index: int) -> NDArray[Any]:
    accessor = document.accessors[index]
    view = document.bufferViews[accessor.bufferView]
    dtype, width = np.dtype(COMPONENTS[accessor.componentType]), WIDTHS[accessor.type]
    assert view.byteOffset % 4 == 0
    blob = document.binary_blob()
    return np.frombuffer(blob, dtype, accessor.count * width, view.byteOffset).reshape(accessor.count, width)


def load(path: Path) -> pygltflib.GLTF2:
    return pygltflib.GLTF2().load_binary(str(path))


def nodes_by_name(document: pygltflib.GLTF2) -> dict[str, Any]:
    return {node.name: node for node in document.nodes}


def matrix_of(node: Any) -> NDArray[np.float64]:
    x, y, z, w = node.rotation or (0.0, 0.0, 0.0, 1.0)
    matrix = np.eye(4)
    matrix[:3, :3] = matrices_from_quats(np.array([[w, x, y, z]]))[0] * (node.scale or [1.0] * 3)[0]
    matrix[:3, 3] = node.translation or (0.0, 0.0, 0.0)
    return matrix


@pytest.fixture(scope="module")
def scene() -> Scene:
    return textured_scene()


@pytest.fixture(scope="module")
def path(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("glb") / "scene.glb"
    report = write_scene_glb(scene, path)
    assert report.num_bytes == path.stat().st_size
    assert {"the sky and the fog", "light that shines through leaves"} <= set(report.dropped)
    return path


@pytest.fixture(scope="module")
def document(path: Path) -> pygltflib.GLTF2:
    return load(path)


def test_no_extension_is_required(document: pygltflib.GLTF2) -> None:
    assert not document.extensionsRequired
    assert document.extensionsUsed == ["KHR_lights_punctual", "KHR_materials_emissive_strength"]


def test_every_object_is_a_named_node_in_its_place(scene: Scene, document: pygltflib.GLTF2) -> None:
    names = [node.name for node in document.nodes]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)
    by_id = {node.extras["object_id"]: node for node in document.nodes if "object_id" in (node.extras or {})}
    assert by_id.keys() == {item.object_id for item in scene.objects}
    for item in scene.objects:
        node = by_id[item.object_id]
        assert node.extras == {
            "label": scene.label_of(item),
            "object_id": item.object_id,
            "spec_id": item.spec_id,
        }
        np.testing.assert_allclose(matrix_of(node), item.world_from_object, atol=2e-6)
    assert by_id["store/crate/3"].name == "SM_Barn_store_crate_003"
    assert by_id["grass/tuft/0"].name == "SM_Grass_tuft_000"


def test_objects_hang_below_their_spec_entry(scene: Scene, document: pygltflib.GLTF2) -> None:
    groups = {node.name: node for node in document.nodes if node.children}
    assert groups.keys() == {item.spec_id for item in scene.objects}
    below = {document.nodes[child].extras["object_id"] for child in groups["store"].children}
    assert below == {f"store/crate/{k}" for k in range(5)}
    roots = {document.nodes[index].name for index in document.scenes[0].nodes}
    assert roots == groups.keys() | {"spawn_view", "key_light"}


def test_instances_share_a_mesh(document: pygltflib.GLTF2) -> None:
    meshes = {node.mesh for node in document.nodes if node.name.startswith("SM_Barn_store_crate")}
    assert len(meshes) == 1
    # ground, box, ball in two levels of detail, pond, crate and tuft.
    assert len(document.meshes) == 7
    assert len({mesh.name for mesh in document.meshes}) == 7


def test_vertices_in_world_are_the_scene_s(scene: Scene, path: Path) -> None:
    loaded = trimesh.load_scene(path)
    total = sum(scene.prototypes[item.prototype].num_triangles[item.lod] for item in scene.objects)
    assert sum(len(geometry.faces) for geometry in loaded.dump()) == total
    for item in scene.objects:
        parts = [part.mesh for part in scene.prototypes[item.prototype].lods[item.lod]]
        points = np.concatenate([mesh.vertices for mesh in parts]).astype(np.float64)
        expected = points @ item.world_from_object[:3, :3].T + item.world_from_object[:3, 3]
        name = thing_name(scene.label_of(item), item.object_id).replace("/", "_")
        nodes = [node for node in loaded.graph.nodes_geometry if re.fullmatch(rf"{name}(_[0-9a-f]+)?", node)]
        found = np.concatenate([trimesh_vertices(loaded, node) for node in nodes])
        np.testing.assert_allclose(sorted(map(tuple, found.round(4))), sorted(map(tuple, expected.round(4))), atol=2e-4)


def trimesh_vertices(loaded: trimesh.Scene, node: str) -> NDArray[np.float64]:
    matrix, name = loaded.graph[node]
    return trimesh.transform_points(loaded.geometry[name].vertices, matrix)


def test_arrays_are_the_mesh_s(scene: Scene, document: pygltflib.GLTF2) -> None:
    primitive = document.meshes[nodes_by_name(document)["SM_Rock_ball_000"].mesh].primitives[0]
    mesh = scene.prototypes["ball"].lods[0][0].mesh
    attributes = primitive.attributes
    positions = accessor_values(document, attributes.POSITION)
    np.testing.assert_array_equal(positions, mesh.vertices)
    np.testing.assert_array_equal(accessor_values(document, attributes.NORMAL), mesh.normals)
    accessor = document.accessors[attributes.POSITION]
    np.testing.assert_array_equal(np.array(accessor.min, dtype=np.float64), mesh.vertices.min(axis=0).astype(float))
    np.testing.assert_array_equal(np.array(accessor.max, dtype=np.float64), mesh.vertices.max(axis=0).astype(float))
    np.testing.assert_array_equal(accessor_values(document, primitive.indices).reshape(-1, 3), mesh.triangles)
    assert document.accessors[primitive.indices].componentType == pygltflib.UNSIGNED_SHORT
    assert mesh.colors is not None
    colors = accessor_values(document, attributes.COLOR_0) / 65535.0
    np.testing.assert_allclose(colors[:, :3], mesh.colors, atol=0.51 / 65535.0)
    np.testing.assert_array_equal(colors[:, 3], 1.0)
    assert document.accessors[attributes.COLOR_0].normalized


def test_many_vertices_need_wide_indices(tmp_path: Path) -> None:
    vertices = np.zeros((65536, 3), dtype=np.float32)
    vertices[:, 0] = np.arange(65536)
    normals = np.tile(np.array([[0, 1, 0]], dtype=np.float32), (65536, 1))
    for count, kind in ((65535, pygltflib.UNSIGNED_SHORT), (65536, pygltflib.UNSIGNED_INT)):
        triangles = np.array([[0, 1, count - 1]], dtype=np.int32)
        mesh = TriangleMesh(vertices=vertices[:count], triangles=triangles, normals=normals[:count])
        write_parts_glb({"wide": mesh}, tmp_path / "a.glb")
        document = load(tmp_path / "a.glb")
        primitive = document.meshes[0].primitives[0]
        assert document.accessors[primitive.indices].componentType == kind
        np.testing.assert_array_equal(accessor_values(document, primitive.indices).ravel(), triangles.ravel())


def test_v_counts_downwards(scene: Scene, document: pygltflib.GLTF2) -> None:
    primitive = document.meshes[nodes_by_name(document)["SM_Cabin_box_000"].mesh].primitives[0]
    uvs = scene.prototypes["box"].lods[0][0].mesh.uvs
    assert uvs is not None
    found = accessor_values(document, primitive.attributes.TEXCOORD_0)
    np.testing.assert_array_equal(found, np.stack([uvs[:, 0], 1.0 - uvs[:, 1]], axis=1))


def picture(document: pygltflib.GLTF2, texture: int) -> NDArray[np.uint8]:
    image = document.images[document.textures[texture].source]
    view = document.bufferViews[image.bufferView]
    data = document.binary_blob()[view.byteOffset : view.byteOffset + view.byteLength]
    return np.asarray(Image.open(io.BytesIO(data)))


def test_materials_and_textures_are_the_scene_s(scene: Scene, document: pygltflib.GLTF2) -> None:
    planks = next(material for material in document.materials if material.name == "planks")
    truth = scene.materials["planks"]
    pbr = planks.pbrMetallicRoughness
    assert pbr.baseColorFactor == [0.9, 0.8, 0.7, 1.0]
    assert (pbr.metallicFactor, pbr.roughnessFactor) == (0.1, 0.8)
    color = picture(document, pbr.baseColorTexture.index).astype(int)
    assert truth.base_color_texture is not None
    assert np.abs(color - truth.base_color_texture).mean() < 3.0
    np.testing.assert_array_equal(picture(document, planks.normalTexture.index), truth.normal_texture)
    orm = picture(document, pbr.metallicRoughnessTexture.index)
    np.testing.assert_array_equal(orm[:, :, 1], truth.roughness_texture)
    assert (orm[:, :, [0, 2]] == 255).all()
    assert planks.doubleSided in (None, False)
    blade = next(material for material in document.materials if material.name == "blade")
    assert blade.doubleSided
    assert blade.extras["surface"] == "grass"


def test_lossless_textures_on_request(scene: Scene, tmp_path: Path) -> None:
    write_scene_glb(scene, tmp_path / "a.glb", profile=GlbProfile(color_textures="png"))
    document = load(tmp_path / "a.glb")
    planks = next(material for material in document.materials if material.name == "planks")
    texture = picture(document, planks.pbrMetallicRoughness.baseColorTexture.index)
    np.testing.assert_array_equal(texture, scene.materials["planks"].base_color_texture)


def test_light_and_glow_have_one_scale(scene: Scene, document: pygltflib.GLTF2, tmp_path: Path) -> None:
    light = document.extensions["KHR_lights_punctual"]["lights"][0]
    np.testing.assert_allclose(
        np.array(light["color"]) * light["intensity"], np.array(scene.sky.key_irradiance) * LIGHT_SCALE, rtol=1e-5
    )
    shines = matrix_of(nodes_by_name(document)["key_light"])[:3, :3] @ (0.0, 0.0, -1.0)
    np.testing.assert_allclose(shines, -scene.sky.key_direction_in_world, atol=1e-6)
    glow = next(material for material in document.materials if material.name == "glow")
    strength = glow.extensions["KHR_materials_emissive_strength"]["emissiveStrength"]
    np.testing.assert_allclose(
        np.array(glow.emissiveFactor) * strength, np.array([7.0, 4.0, 1.5]) * LIGHT_SCALE, rtol=1e-5
    )
    write_scene_glb(scene, tmp_path / "a.glb", profile=GlbProfile(emissive_strength=False, lights=False))
    plain = load(tmp_path / "a.glb")
    assert not plain.extensionsUsed
    assert max(next(material for material in plain.materials if material.name == "glow").emissiveFactor) == 1.0


def test_the_spawn_s_view_is_a_camera(document: pygltflib.GLTF2) -> None:
    node = nodes_by_name(document)["spawn_view"]
    assert document.cameras[node.camera].type == "perspective"
    pose = matrix_of(node)
    np.testing.assert_allclose(pose[:3, 3], [0.0, 1.7, 0.0])
    np.testing.assert_allclose(pose[:3, :3] @ (0.0, 0.0, -1.0), [-math.sin(0.5), 0.0, -math.cos(0.5)], atol=1e-6)


def test_small_plants_are_merged_where_there_are_too_many(scene: Scene, tmp_path: Path) -> None:
    report = write_scene_glb(scene, tmp_path / "a.glb", profile=GlbProfile(max_nodes=30))
    assert any(f"{NUM_TUFTS} small plants were merged" in warning for warning in report.warnings)
    document = load(tmp_path / "a.glb")
    tiles = [node for node in document.nodes if "num_objects" in (node.extras or {})]
    assert sum(node.extras["num_objects"] for node in tiles) == NUM_TUFTS
    assert {node.extras["label"] for node in tiles} == {"grass"}
    points = []
    for node in tiles:
        for primitive in document.meshes[node.mesh].primitives:
            points.append(accessor_values(document, primitive.attributes.POSITION) + np.array(node.translation))
    mesh = scene.prototypes["tuft"].lods[0][0].mesh
    expected = [
        mesh.vertices @ item.world_from_object[:3, :3].T + item.world_from_object[:3, 3]
        for item in scene.objects
        if item.prototype == "tuft"
    ]
    left, right = (np.concatenate(found).round(3) for found in (points, expected))
    np.testing.assert_allclose(sorted(map(tuple, left)), sorted(map(tuple, right)), atol=2e-3)
    others = {item.object_id for item in scene.objects if item.prototype != "tuft"}
    assert {node.extras["object_id"] for node in document.nodes if "object_id" in (node.extras or {})} == others


def test_same_scene_same_bytes(path: Path, tmp_path: Path) -> None:
    write_scene_glb(textured_scene(), tmp_path / "a.glb")
    assert (tmp_path / "a.glb").read_bytes() == path.read_bytes()


def test_collision_nodes_name_what_they_belong_to(tmp_path: Path) -> None:
    report = write_collision_glb(small_scene(), tmp_path / "a.glb")
    assert report.warnings == ()
    document = load(tmp_path / "a.glb")
    names = nodes_by_name(document)
    assert names.keys() == {"COL_ground", "COL_cabin_box_0_0", "COL_rock_ball_0_0", "COL_rock_ball_1_0"}
    assert names["COL_rock_ball_0_0"].mesh == names["COL_rock_ball_1_0"].mesh
    assert names["COL_rock_ball_1_0"].extras == {
        "object_id": "ball/1",
        "spec_id": "ball",
        "label": "rock",
        "surface": "metal",
        "kind": "capsule",
        "capsule": {"base": [0.0, 1.5, 0.0], "height": 0.1, "radius": 1.4},
    }
    assert {material.name for material in document.materials} == {"soil", "wood", "metal"}
    for mesh in document.meshes:
        for primitive in mesh.primitives:
            tags = accessor_values(document, primitive.attributes._SURFACE)
            (number,) = set(np.ravel(tags))
            tag = document.scenes[0].extras["surfaces"][int(number)]
            assert tag == document.materials[primitive.material].extras["surface"]


def test_plain_parts_keep_their_colours(tmp_path: Path) -> None:
    color = tuple(float(channel) for channel in linear_from_srgb(np.array([0.5, 0.25, 1.0], dtype=np.float32)))
    part = quad_mesh(1.0, 0.0, color=(color[0], color[1], color[2]))
    empty = TriangleMesh(vertices=part.vertices[:0], triangles=part.triangles[:0], normals=part.normals[:0])
    report = write_parts_glb({"a": part, "nothing": empty}, tmp_path / "a.glb")
    assert report.warnings == ("'nothing' has no triangles and was left out",)
    loaded = trimesh.load_scene(tmp_path / "a.glb")
    assert list(loaded.geometry) == ["a"]
    document = load(tmp_path / "a.glb")
    colors = accessor_values(document, document.meshes[0].primitives[0].attributes.COLOR_0)[:, :3] / 65535.0
    np.testing.assert_allclose(colors, np.tile(color, (4, 1)), atol=1e-5)


def test_nothing_at_all_is_still_a_file(tmp_path: Path) -> None:
    write_parts_glb({}, tmp_path / "a.glb")
    assert load(tmp_path / "a.glb").nodes == []


def test_too_large_is_told_before_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glb_writer, "MAX_FILE_BYTES", 100)
    with pytest.raises(ExportError, match="4 GiB") as caught:
        write_parts_glb({"a": quad_mesh(1.0, 0.0)}, tmp_path / "a.glb")
    assert caught.value.format_id == "glb"
    assert list(tmp_path.iterdir()) == []


def test_names_are_ascii_and_unique() -> None:
    names = NameTable()
    wanted = ["forest/pine/1", "forest/pine/1", "Forest_Pine_1", "été 🌲", "🌲", ""]
    found = [names.unique(name) for name in wanted]
    assert found == ["forest_pine_1", "forest_pine_1_2", "Forest_Pine_1_3", "ete", "unnamed", "unnamed_2"]
