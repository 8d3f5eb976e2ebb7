"""Compressed GLB: meshoptimizer's own decoder unpacks it to the same arrays, within the bits that were kept."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.exporters.node_tools import assert_valid, node_folder
from tests.exporters.textured_scene import textured_scene
from worldgen.exporters.glb import write_scene_glb
from worldgen.exporters.glb_reader import open_glb
from worldgen.exporters.meshopt_glb import EXTENSION, compress_glb

pytest.importorskip("meshopt")

PROGRAM = Path(__file__).parent.parent / "node" / "read_meshopt.mjs"
DTYPES = {5120: "i1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("meshopt")
    write_scene_glb(textured_scene(), made / "plain.glb")
    compress_glb(made / "plain.glb", made / "small.glb")
    return made


def test_every_value_comes_back(folder: Path) -> None:
    command = ["node", str(PROGRAM), str(node_folder()), str(folder / "small.glb"), str(folder / "unpacked.bin")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    unpacked = np.fromfile(folder / "unpacked.bin", dtype=np.uint8)
    plain = open_glb(folder / "plain.glb")
    # Our reader refuses what it cannot read, so the document is taken apart by hand.
    data = (folder / "small.glb").read_bytes()
    small = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    seen = set()
    for mesh in plain.items("meshes"):
        for primitive in mesh["primitives"]:
            for name, index in [*primitive["attributes"].items(), ("indices", primitive["indices"])]:
                accessor = small["accessors"][index]
                view = small["bufferViews"][accessor["bufferView"]]
                dtype, width = np.dtype(DTYPES[accessor["componentType"]]), WIDTHS[accessor["type"]]
                stride = view.get("byteStride", dtype.itemsize * width)
                rows = unpacked[view["byteOffset"] :][: accessor["count"] * stride].reshape(-1, stride)
                values = np.ascontiguousarray(rows[:, : dtype.itemsize * width]).view(dtype).reshape(-1, width)
                true = plain.raw_array(index)
                seen.add(name)
                if name == "indices":
                    corners, expected = values.reshape(-1, 3), true.reshape(-1, 3)
                    turned = [np.roll(corners, shift, axis=1) for shift in range(3)]
                    assert np.any([(each == expected).all(axis=1) for each in turned], axis=0).all()
                elif name in ("POSITION", "TEXCOORD_0"):
                    np.testing.assert_allclose(values, true, rtol=2.0**-15, atol=1e-6)
                    if name == "POSITION":
                        assert accessor["min"] == values.min(axis=0).tolist()
                        assert accessor["max"] == values.max(axis=0).tolist()
                elif name in ("NORMAL", "TANGENT"):
                    found = values[:, :3] / 127.0
                    found /= np.linalg.norm(found, axis=1, keepdims=True)
                    assert (found * true[:, :3]).sum(axis=1).min() > np.cos(np.radians(1.5))
                    if name == "TANGENT":
                        np.testing.assert_array_equal(np.sign(values[:, 3]), np.sign(true[:, 3]))
                else:
                    np.testing.assert_array_equal(values, true)
    assert {"POSITION", "NORMAL", "TANGENT", "TEXCOORD_0", "COLOR_0", "indices"} <= seen


def test_the_file_is_smaller_valid_and_the_same_twice(folder: Path) -> None:
    compress_glb(folder / "plain.glb", folder / "again.glb")
    assert (folder / "again.glb").read_bytes() == (folder / "small.glb").read_bytes()
    assert_valid(folder / "small.glb")
    size = {name: (folder / f"{name}.glb").stat().st_size for name in ("plain", "small")}
    assert size["small"] < 0.7 * size["plain"]
    assert EXTENSION.encode() in (folder / "small.glb").read_bytes()
