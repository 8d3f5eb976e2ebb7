"""Splats in glTF: every value comes back, the fallback colour is linear, and other files are read by the rules."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.exporters.clouds import clouds, covariances, gaussian_cloud
from worldgen.activations import colors_from_sh_dc
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.splat_glb import read_splat_glb, write_splat_glb
from worldgen.frames import yaw_rotation
from worldgen.geometry.splat_transforms import take_gaussians, transform_gaussians
from worldgen.scene.gaussian_cloud import GaussianCloud

SPLATS = "KHR_gaussian_splatting"


def split(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def join(path: Path, document: dict[str, Any], binary: bytes) -> None:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    total = 28 + len(text) + len(binary)
    header = struct.pack("<4sIII4s", b"glTF", 2, total, len(text), b"JSON")
    path.write_bytes(header + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cloud=clouds())
def test_round_trip_is_exact(tmp_path: Path, cloud: GaussianCloud) -> None:
    if not cloud.num_gaussians:
        with pytest.raises(InvalidInputError, match="without splats"):
            write_splat_glb(cloud, tmp_path / "a.glb")
        return
    write_splat_glb(cloud, tmp_path / "a.glb")
    stored = read_splat_glb(tmp_path / "a.glb")
    for name in ("means", "scales", "opacities", "sh_dc", "sh_rest"):
        np.testing.assert_array_equal(getattr(stored, name), getattr(cloud, name), err_msg=name)
    np.testing.assert_allclose(stored.quats_wxyz, cloud.quats_wxyz, atol=2e-7)


def test_the_document_follows_the_extension(tmp_path: Path) -> None:
    cloud = gaussian_cloud(1, 33, 2)
    report = write_splat_glb(cloud, tmp_path / "a.glb")
    assert report.num_bytes == (tmp_path / "a.glb").stat().st_size
    document, binary = split(tmp_path / "a.glb")
    (primitive,) = document["meshes"][0]["primitives"]
    assert document["extensionsUsed"] == [SPLATS]
    assert "extensionsRequired" not in document
    assert primitive["mode"] == 0
    assert primitive["extensions"][SPLATS] == {
        "kernel": "ellipse",
        "colorSpace": "srgb_rec709_display",
        "projection": "perspective",
        "sortingMethod": "cameraDistance",
    }
    coefficients = [f"{SPLATS}:SH_DEGREE_{d}_COEF_{k}" for d in range(3) for k in range(2 * d + 1)]
    others = ["POSITION", "COLOR_0", *(f"{SPLATS}:{name}" for name in ("ROTATION", "SCALE", "OPACITY"))]
    assert list(primitive["attributes"]) == others + coefficients
    accessors = {name: document["accessors"][index] for name, index in primitive["attributes"].items()}
    assert {accessor["count"] for accessor in accessors.values()} == {33}
    assert accessors["POSITION"]["min"] == [float(value) for value in cloud.means.min(axis=0)]
    assert {name: accessors[name]["type"] for name in others} == dict(
        zip(others, ["VEC3", "VEC4", "VEC4", "VEC3", "SCALAR"], strict=True)
    )
    view = document["bufferViews"][accessors["COLOR_0"]["bufferView"]]
    shorts = np.frombuffer(binary, "<u2", 33 * 4, view["byteOffset"]).reshape(33, 4) / 65535.0
    shown = np.clip(colors_from_sh_dc(cloud.sh_dc), 0.0, 1.0)
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(shorts[:, :3], linear, atol=1e-5)
    np.testing.assert_allclose(shorts[:, 3], cloud.opacities, atol=1e-5)


def test_an_independent_parser_finds_the_arrays(tmp_path: Path) -> None:
    import pygltflib

    cloud = gaussian_cloud(2, 20, 3)
    write_splat_glb(cloud, tmp_path / "a.glb")
    gltf = pygltflib.GLTF2().load(str(tmp_path / "a.glb"))
    attributes = vars(gltf.meshes[0].primitives[0].attributes)
    for name, expected in (
        (f"{SPLATS}:ROTATION", cloud.quats_wxyz[:, [1, 2, 3, 0]]),
        (f"{SPLATS}:SCALE", cloud.scales),
        (f"{SPLATS}:SH_DEGREE_3_COEF_6", cloud.sh_rest[:, 14]),
    ):
        accessor = gltf.accessors[attributes[name]]
        view = gltf.bufferViews[accessor.bufferView]
        values = np.frombuffer(gltf.binary_blob(), "<f4", expected.size, view.byteOffset).reshape(expected.shape)
        np.testing.assert_allclose(values, expected, atol=1e-6)


def test_nodes_place_their_splats(tmp_path: Path) -> None:
    cloud = gaussian_cloud(3, 25, 3)
    write_splat_glb(cloud, tmp_path / "a.glb")
    document, binary = split(tmp_path / "a.glb")
    half = float(np.sqrt(0.5))
    document["nodes"] = [
        {"children": [1, 2], "translation": [1.0, 2.0, 3.0]},
        {"mesh": 0, "rotation": [0.0, half, 0.0, half], "scale": [2.0, 2.0, 2.0]},
        {"mesh": 0},
    ]
    join(tmp_path / "b.glb", document, binary)
    stored = read_splat_glb(tmp_path / "b.glb")
    turned = transform_gaussians(cloud, yaw_rotation(np.pi / 2.0), scale=2.0, translation=(1.0, 2.0, 3.0))
    first, second = take_gaussians(stored, slice(0, 25)), take_gaussians(stored, slice(25, 50))
    np.testing.assert_allclose(first.means, turned.means, atol=1e-4)
    np.testing.assert_allclose(covariances(first), covariances(turned), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(first.sh_rest, turned.sh_rest, atol=1e-5)
    np.testing.assert_allclose(second.means, cloud.means + np.array([1.0, 2.0, 3.0]), atol=1e-5)


def test_integers_are_read_by_their_rules(tmp_path: Path) -> None:
    cloud = gaussian_cloud(4, 12, 0)
    write_splat_glb(cloud, tmp_path / "a.glb")
    document, binary = split(tmp_path / "a.glb")
    attributes = document["meshes"][0]["primitives"][0]["attributes"]

    def replace(name: str, values: np.ndarray, component: int, *, normalized: bool, stride: int | None = None) -> None:
        nonlocal binary
        accessor = document["accessors"][attributes[f"{SPLATS}:{name}"]]
        accessor |= {"componentType": component, "normalized": normalized}
        view = {"buffer": 0, "byteOffset": len(binary), "byteLength": values.nbytes}
        document["bufferViews"].append(view | ({"byteStride": stride} if stride else {}))
        accessor["bufferView"] = len(document["bufferViews"]) - 1
        binary += values.tobytes()

    quats = np.round(cloud.quats_wxyz[:, [1, 2, 3, 0]] * 32767.0).astype("<i2")
    replace("ROTATION", quats, 5122, normalized=True)
    sizes = np.zeros((12, 4), np.uint8)
    sizes[:, :3] = np.arange(36).reshape(12, 3) + 1
    replace("SCALE", sizes, 5121, normalized=False, stride=4)
    replace("OPACITY", np.round(cloud.opacities * 65535.0).astype("<u2"), 5123, normalized=True)
    document["buffers"][0]["byteLength"] = len(binary)
    join(tmp_path / "b.glb", document, binary)
    stored = read_splat_glb(tmp_path / "b.glb")
    np.testing.assert_allclose(np.abs(stored.quats_wxyz), np.abs(cloud.quats_wxyz), atol=1e-4)
    np.testing.assert_array_equal(stored.scales, sizes[:, :3])
    np.testing.assert_allclose(stored.opacities, cloud.opacities, atol=1e-5)


def primitive_of(document: dict[str, Any]) -> dict[str, Any]:
    primitive: dict[str, Any] = document["meshes"][0]["primitives"][0]
    return primitive


CASES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "linear colours": (
        lambda d: primitive_of(d)["extensions"][SPLATS].update(colorSpace="lin_rec709_display"),
        "not read",
    ),
    "compressed": (lambda d: d.update(extensionsRequired=[SPLATS, "KHR_draco"]), "requires extensions"),
    "half a degree": (lambda d: primitive_of(d)["attributes"].pop(f"{SPLATS}:SH_DEGREE_1_COEF_1"), "whole degrees"),
    "triangles": (lambda d: primitive_of(d).update(mode=4), "splats are points"),
    "no rotation": (lambda d: primitive_of(d)["attributes"].pop(f"{SPLATS}:ROTATION"), "no entry None"),
    "no splats": (lambda d: primitive_of(d).pop("extensions"), "no Gaussian splats"),
    "huge count": (lambda d: d["accessors"][0].update(count=10**13), "more data"),
    "large count": (lambda d: d["accessors"][0].update(count=10**9), "more data"),
    "negative offset": (lambda d: d["bufferViews"][0].update(byteOffset=-4), "is none"),
    "far view": (lambda d: d["bufferViews"][0].update(byteOffset=10**6), "more data"),
    "no stride": (lambda d: d["bufferViews"][0].update(byteStride=0), "offset or stride"),
    "counts differ": (lambda d: d["accessors"][3].update(count=5), "does not fit"),
    "shear": (lambda d: d["nodes"][0].update(scale=[1.0, 2.0, 1.0]), "unevenly"),
    "doubles": (lambda d: d["accessors"][0].update(componentType=5130), "may not be there"),
    "flat": (lambda d: d["accessors"][0].update(type="VEC2"), "may not be there"),
    "a document of 17 MB": (lambda d: d.update(asset={"extras": "x" * (17 << 20)}), "does not fit"),
    "circle": (lambda d: d["nodes"][0].update(children=[0]), "not a tree"),
    "sparse": (lambda d: d["accessors"][0].update(sparse={}), "sparse accessors"),
}


@pytest.mark.parametrize("case", CASES)
def test_files_that_break_the_rules(tmp_path: Path, case: str) -> None:
    change, message = CASES[case]
    write_splat_glb(gaussian_cloud(5, 10, 1), tmp_path / "a.glb")
    document, binary = split(tmp_path / "a.glb")
    change(document)
    join(tmp_path / "b.glb", document, binary)
    with pytest.raises(InvalidInputError, match=message) as caught:
        read_splat_glb(tmp_path / "b.glb")
    assert caught.value.path == tmp_path / "b.glb"


def test_other_versions_are_refused(tmp_path: Path) -> None:
    write_splat_glb(gaussian_cloud(6, 3, 0), tmp_path / "a.glb")
    data = bytearray((tmp_path / "a.glb").read_bytes())
    data[4] = 3
    (tmp_path / "a.glb").write_bytes(data)
    with pytest.raises(UnsupportedFormatError, match="version 3"):
        read_splat_glb(tmp_path / "a.glb")
