"""The GLB reader takes what writers make and refuses what is damaged, whatever the damage is."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh

from tests.exporters.textured_scene import textured_scene
from worldgen.errors import InvalidInputError
from worldgen.exporters.glb import write_scene_glb
from worldgen.exporters.glb_reader import open_glb
from worldgen.randomness import rng


def glb(document: dict, binary: bytes = b"") -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if binary:
        chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def read_all(path: Path) -> int:
    """Everything that the package writers and kits look at."""
    file = open_glb(path)
    for node, matrix in file.mesh_nodes():
        assert matrix.shape == (4, 4)
        for primitive in file.item("meshes", node["mesh"]).get("primitives", []):
            for index in primitive.get("attributes", {}).values():
                file.array(index)
            if "indices" in primitive:
                file.array(primitive["indices"])
    for index in range(len(file.items("images"))):
        file.image_bytes(index)
    return len(file.mesh_nodes())


def test_reads_our_own_scene_like_trimesh(tmp_path: Path) -> None:
    path = tmp_path / "scene.glb"
    write_scene_glb(textured_scene(), path)
    file = open_glb(path)
    other = trimesh.load(path, process=False)
    points = []
    for node, matrix in file.mesh_nodes():
        for primitive in file.item("meshes", node["mesh"])["primitives"]:
            vertices = file.array(primitive["attributes"]["POSITION"])
            points.append(vertices @ matrix[:3, :3].T + matrix[:3, 3])
    ours = np.concatenate(points)
    np.testing.assert_allclose(ours.min(axis=0), other.bounds[0], atol=1e-4)
    np.testing.assert_allclose(ours.max(axis=0), other.bounds[1], atol=1e-4)
    assert len(ours) == sum(len(mesh.vertices) for mesh in other.dump())


def test_reads_trimeshs_files(tmp_path: Path) -> None:
    path = tmp_path / "ball.glb"
    ball = trimesh.creation.icosphere(subdivisions=2)
    ball.export(path)
    file = open_glb(path)
    ((node, _),) = file.mesh_nodes()
    vertices = file.array(file.item("meshes", node["mesh"])["primitives"][0]["attributes"]["POSITION"])
    np.testing.assert_allclose(np.linalg.norm(vertices, axis=1), 1.0, atol=1e-6)


def placed(*nodes: dict) -> bytes:
    """A file of these nodes, the first one a root, and a mesh of nothing."""
    return glb({"nodes": list(nodes), "scenes": [{"nodes": [0]}], "meshes": [{"primitives": []}]})


def one_accessor(accessor: dict, view: dict) -> bytes:
    """A file with a single point, in which an accessor and its view say something else."""
    document = {
        "nodes": [{"mesh": 0}],
        "scenes": [{"nodes": [0]}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 1, "type": "VEC3"} | accessor],
        "bufferViews": [{"buffer": 0, "byteLength": 12} | view],
    }
    return glb(document, bytes(12))


BROKEN = {
    "not glb": b"PK\3\4 something else entirely",
    "empty": b"",
    "version 1": struct.pack("<4sII", b"glTF", 1, 40) + bytes(28),
    "json too long": struct.pack("<4sII", b"glTF", 2, 20) + struct.pack("<I4s", 1 << 30, b"JSON"),
    "json broken": struct.pack("<4sII", b"glTF", 2, 24) + struct.pack("<I4s", 4, b"JSON") + b"{{{{",
    "json nested": glb({})[:12] + struct.pack("<I4s", 40000, b"JSON") + b"[" * 40000,
    "list": glb({"nodes": 3, "scenes": [{"nodes": [0]}]}),
    "node index": glb({"nodes": [], "scenes": [{"nodes": [7]}]}),
    "cycle": glb({"nodes": [{"children": [0], "mesh": 0}], "scenes": [{"nodes": [0]}]}),
    "nan matrix": glb({"nodes": [{"mesh": 0, "matrix": [float("nan")] * 16}], "scenes": [{"nodes": [0]}]}),
    "zero turn": glb({"nodes": [{"mesh": 0, "rotation": [0, 0, 0, 0]}], "scenes": [{"nodes": [0]}]}),
    "huge count": glb(
        {
            "nodes": [{"mesh": 0}],
            "scenes": [{"nodes": [0]}],
            "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
            "accessors": [{"bufferView": 0, "componentType": 5126, "count": 1 << 60, "type": "VEC3"}],
            "bufferViews": [{"buffer": 0, "byteLength": 12}],
            "buffers": [{"byteLength": 12}],
        },
        bytes(12),
    ),
    "view outside": glb(
        {
            "nodes": [{"mesh": 0}],
            "scenes": [{"nodes": [0]}],
            "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
            "accessors": [{"bufferView": 0, "componentType": 5126, "count": 1, "type": "VEC3"}],
            "bufferViews": [{"buffer": 0, "byteOffset": 8, "byteLength": 12}],
        },
        bytes(12),
    ),
    "two parents": placed({"children": [1, 1]}, {"mesh": 0}),
    "children": placed({"children": {"1": 2}}),
    "child of another kind": placed({"children": [True]}, {"mesh": 0}),
    "one number for three": placed({"mesh": 0, "scale": [2.0]}),
    "words for numbers": placed({"mesh": 0, "translation": ["1", "2", "3"]}),
    "far too large": placed({"mesh": 0, "translation": [1e31, 0, 0]}),
    "larger and larger": placed(*({"scale": [1e30] * 3, "children": [child]} for child in range(1, 13)), {"mesh": 0}),
    "no mesh": placed({"mesh": 1}),
    "too many nodes": glb({"nodes": [{}] * 200_001}),
    "stride of nothing": one_accessor({}, {"byteStride": 0}),
    "view of another buffer": one_accessor({}, {"buffer": 1}),
    "view before the file": one_accessor({}, {"byteOffset": -4}),
    "no count": one_accessor({"count": 0}, {}),
    "half a count": one_accessor({"count": 0.5}, {}),
    "unknown type": one_accessor({"componentType": 5130}, {}),
    "sparse": one_accessor({"sparse": {"count": 1}}, {}),
    "binary too long": glb({}, bytes(8))[:-12] + struct.pack("<I4s", 1 << 31, b"BIN\0") + bytes(4),
    "binary of another kind": glb({}, bytes(8))[:-16] + struct.pack("<I4s", 8, b"TEXT") + bytes(8),
    "draco": glb({"extensionsRequired": ["KHR_draco_mesh_compression"]}),
    "other file": glb({"nodes": [], "images": [{"uri": "../../etc/passwd"}]}),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_damage_is_told(name: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.glb"
    path.write_bytes(BROKEN[name])
    with pytest.raises(InvalidInputError):
        read_all(path)


def test_the_small_file_is_sound_where_nothing_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "sound.glb"
    path.write_bytes(one_accessor({}, {}))
    assert read_all(path) == 1


def test_without_a_scene_the_file_shows_the_nodes_that_hang_below_none(tmp_path: Path) -> None:
    path = tmp_path / "no_scene.glb"
    nodes = [{"mesh": 0}, {"children": [0], "translation": [1.0, 2.0, 3.0]}]
    path.write_bytes(glb({"nodes": nodes, "meshes": [{"primitives": []}]}))
    ((_, matrix),) = open_glb(path).mesh_nodes()
    np.testing.assert_array_equal(matrix[:3, 3], [1.0, 2.0, 3.0])


def test_values_of_a_given_form(tmp_path: Path) -> None:
    path = tmp_path / "sound.glb"
    path.write_bytes(one_accessor({}, {}))
    file = open_glb(path)
    np.testing.assert_array_equal(file.floats(0, kind="VEC3", components=(5126,), count=1), np.zeros((1, 3)))
    wrong = ({"kind": "VEC4"}, {"components": (5121,)}, {"count": 2})
    for change in wrong:
        with pytest.raises(InvalidInputError, match="accessor 0"):
            file.floats(0, **({"kind": "VEC3", "components": (5126,)} | change))


def test_random_damage_never_crashes(tmp_path: Path) -> None:
    path = tmp_path / "scene.glb"
    write_scene_glb(textured_scene(), path)
    good = path.read_bytes()
    random = rng(9, "test/damage")
    text_end = 20 + int.from_bytes(good[12:16], "little")
    for _ in range(60):
        bad = bytearray(good)
        for at in random.integers(0, text_end, 3):
            bad[at] = int(random.integers(32, 127))
        path.write_bytes(bad[: int(random.integers(text_end, len(bad) + 1))])
        try:
            read_all(path)
        except InvalidInputError:
            continue
