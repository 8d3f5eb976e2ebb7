"""SPZ: what comes back lies within the quantiser's bounds, and other versions are read as the format describes them."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.exporters.clouds import clouds, gaussian_cloud, rotation_error_deg
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.contract import MAX_GAUSSIANS
from worldgen.exporters.spz import HALF_RANGE_M, read_spz, write_spz
from worldgen.scene.gaussian_cloud import GaussianCloud

HEADER = struct.Struct("<IIIBBBB")
MAGIC = 0x5053474E

POSITION_BOUND_M = 0.5 / 4096
BYTE_BOUND = 0.5 / 255
COLOR_BOUND = 0.5 / (0.15 * 255)
LOG_SCALE_BOUND = 0.5 / 16
SH_BOUNDS = (4.5 / 128, 8.5 / 128)
"""Half a bucket of 8 or 16 steps, and half a step; the top bucket is cut, which costs one more."""
_THREE_BYTES = math.degrees(2.0 * math.asin(math.sqrt(2.0 * math.sqrt(3.0) / 255.0)))
_SMALLEST_THREE = math.degrees(2.0 * math.sqrt(12.0) * 0.5 / (511.0 * math.sqrt(2.0)))
ROTATION_BOUND_DEG = {2: 1.02 * _THREE_BYTES, 3: 1.02 * _SMALLEST_THREE, 4: 1.02 * _SMALLEST_THREE}
"""The fourth component follows from the others: worst at w = 0 with three bytes, and where all four are equal."""


def assert_within_quantisation(stored: GaussianCloud, cloud: GaussianCloud, version: int) -> None:
    roundoff = np.abs(cloud.means).max(initial=0.0) * 2e-7
    assert np.abs(stored.means - cloud.means).max(initial=0.0) <= POSITION_BOUND_M + roundoff
    assert np.abs(stored.opacities - cloud.opacities).max(initial=0.0) <= BYTE_BOUND + 1e-6
    assert np.abs(stored.sh_dc - cloud.sh_dc).max(initial=0.0) <= COLOR_BOUND + 1e-5
    assert np.abs(np.log(stored.scales) - np.log(cloud.scales)).max(initial=0.0) <= LOG_SCALE_BOUND + 1e-5
    assert rotation_error_deg(stored.quats_wxyz, cloud.quats_wxyz).max(initial=0.0) <= ROTATION_BOUND_DEG[version]
    assert stored.sh_rest.shape == cloud.sh_rest.shape
    error = np.abs(stored.sh_rest - cloud.sh_rest)
    top = cloud.sh_rest > 1.0 - 16 / 128
    assert error[:, :3].max(initial=0.0, where=~top[:, :3]) <= SH_BOUNDS[0] + 1e-6
    assert error[:, 3:].max(initial=0.0, where=~top[:, 3:]) <= SH_BOUNDS[1] + 1e-6
    assert error.max(initial=0.0) <= 16 / 128


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cloud=clouds())
@pytest.mark.parametrize("version", [2, 3, 4])
def test_round_trip_within_quantisation(tmp_path: Path, version: Literal[2, 3, 4], cloud: GaussianCloud) -> None:
    if version == 4:
        pytest.importorskip("zstandard", reason="SPZ version 4 needs zstandard")
    write_spz(cloud, tmp_path / "a.spz", version=version)
    assert_within_quantisation(read_spz(tmp_path / "a.spz"), cloud, version)


def test_layout_is_the_format_s(tmp_path: Path) -> None:
    """One splat with round numbers, laid out by hand."""
    cloud = GaussianCloud(
        means=np.array([[1.0, -2.0, 0.25]], dtype=np.float32),
        quats_wxyz=np.array([[1.0, 0.0, 0.0, 0.0]], dtype=np.float32),
        scales=np.exp(np.array([[-10.0, 0.0, 5.0]])).astype(np.float32),
        opacities=np.array([1.0], dtype=np.float32),
        sh_dc=np.array([[0.0, 10.0, -10.0]], dtype=np.float32),
        sh_rest=np.array([[[0.5, -0.5, 0.0], [0.0, 0.25, -1.0], [0.0, 0.0, 2.0]]], dtype=np.float32),
    )
    report = write_spz(cloud, tmp_path / "a.spz")
    packed = (tmp_path / "a.spz").read_bytes()
    raw = gzip.decompress(packed)
    assert report.num_bytes == len(packed)
    assert packed[:8] == bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0])  # no name, no time
    assert HEADER.unpack(raw[:16]) == (MAGIC, 3, 1, 1, 12, 0, 0)
    positions = (4096).to_bytes(3, "little") + (-8192).to_bytes(3, "little", signed=True) + (1024).to_bytes(3, "little")
    rotation = (3 << 30).to_bytes(4, "little")  # w is the largest, the others are zero
    harmonics = bytes([192, 64, 128, 128, 160, 0, 128, 128, 255])
    assert raw[16:] == positions + bytes([255]) + bytes([128, 255, 0]) + bytes([0, 160, 240]) + rotation + harmonics
    assert any("colours too bright" in loss for loss in report.dropped)
    assert any("beyond 1" in loss for loss in report.dropped)


def test_far_splats_keep_their_direction_and_their_size_in_the_sky(tmp_path: Path) -> None:
    cloud = gaussian_cloud(1, 100, 0, reach_m=20_000.0)
    report = write_spz(cloud, tmp_path / "a.spz")
    stored = read_spz(tmp_path / "a.spz")
    far = np.abs(cloud.means).max(axis=1) > HALF_RANGE_M
    assert far.sum() > 50
    assert f"{far.sum()} splats beyond 2048 m" in " ".join(report.dropped)
    before, after = (points / np.linalg.norm(points, axis=1, keepdims=True) for points in (cloud.means, stored.means))
    np.testing.assert_allclose(before, after, atol=1e-6)
    np.testing.assert_allclose(np.abs(stored.means[far]).max(axis=1), HALF_RANGE_M, rtol=1e-6)
    shrink = np.linalg.norm(stored.means, axis=1) / np.linalg.norm(cloud.means, axis=1)
    expected = np.clip(np.log(cloud.scales * shrink[:, None]), -10.0, 255 / 16 - 10.0)
    assert np.abs(np.log(stored.scales) - expected).max() <= LOG_SCALE_BOUND + 1e-4


def test_nothing_else_is_lost_in_silence(tmp_path: Path) -> None:
    cloud = gaussian_cloud(2, 50, 0)
    assert len(write_spz(cloud, tmp_path / "a.spz").dropped) == 1
    sizes = np.full((50, 3), 1e-6, dtype=np.float32)
    tiny = GaussianCloud(
        means=cloud.means,
        quats_wxyz=cloud.quats_wxyz,
        scales=sizes,
        opacities=cloud.opacities,
        sh_dc=cloud.sh_dc,
        sh_rest=cloud.sh_rest,
    )
    assert "50 splats have sizes outside" in write_spz(tiny, tmp_path / "a.spz").dropped[1]


def test_version_1_has_half_float_positions(tmp_path: Path) -> None:
    write_spz(gaussian_cloud(3, 4, 1), tmp_path / "v2.spz", version=2)
    raw = gzip.decompress((tmp_path / "v2.spz").read_bytes())
    halves = np.arange(12, dtype="<f2") / 4
    old = HEADER.pack(MAGIC, 1, 4, 1, 12, 0, 0) + halves.tobytes() + raw[16 + 36 :]
    (tmp_path / "v1.spz").write_bytes(gzip.compress(old))
    first, second = read_spz(tmp_path / "v1.spz"), read_spz(tmp_path / "v2.spz")
    np.testing.assert_array_equal(first.means, np.arange(12).reshape(4, 3) / 4)
    np.testing.assert_array_equal(first.quats_wxyz, second.quats_wxyz)
    np.testing.assert_array_equal(first.sh_rest, second.sh_rest)


def test_degree_4_is_cut_off(tmp_path: Path) -> None:
    write_spz(gaussian_cloud(4, 6, 0), tmp_path / "a.spz")
    raw = gzip.decompress((tmp_path / "a.spz").read_bytes())
    harmonics = np.arange(6 * 72, dtype=np.uint32).astype(np.uint8).reshape(6, 24, 3)
    header = HEADER.pack(MAGIC, 3, 6, 4, 12, 0, 0)
    (tmp_path / "b.spz").write_bytes(gzip.compress(header + raw[16:] + harmonics.tobytes()))
    np.testing.assert_array_equal(read_spz(tmp_path / "b.spz").sh_rest, (harmonics[:, :15] / 128.0) - 1.0)


def test_fractional_bits_are_believed(tmp_path: Path) -> None:
    cloud = gaussian_cloud(5, 6, 0)
    write_spz(cloud, tmp_path / "a.spz")
    raw = bytearray(gzip.decompress((tmp_path / "a.spz").read_bytes()))
    raw[13] = 11
    (tmp_path / "b.spz").write_bytes(gzip.compress(bytes(raw)))
    np.testing.assert_allclose(read_spz(tmp_path / "b.spz").means, 2.0 * cloud.means, atol=0.001)


def test_same_bytes_whatever_the_number_of_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = gaussian_cloud(6, 90_000, 1)
    for cores in (1, 3):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        write_spz(cloud, tmp_path / f"{cores}.spz")
    assert (tmp_path / "1.spz").read_bytes() == (tmp_path / "3.spz").read_bytes()
    assert len(gzip.decompress((tmp_path / "1.spz").read_bytes())) == 16 + 90_000 * (20 + 9)
    assert_within_quantisation(read_spz(tmp_path / "3.spz"), cloud, 3)


def damaged(raw: bytes, what: str) -> bytes:
    header = list(HEADER.unpack(raw[:16]))
    match what:
        case "magic":
            header[0] = 7
        case "future":
            header[1] = 5
        case "one more":
            header[2] += 1
        case "one fewer":
            header[2] -= 1
        case "huge":
            header[2] = MAX_GAUSSIANS
        case "too many":
            header[2] = 2**32 - 1
        case "degree":
            header[3] = 9
        case "bits":
            header[4] = 60
        case "version 4 in gzip":
            header[1] = 4
    return HEADER.pack(*header) + raw[16:]


@pytest.mark.parametrize(
    ("what", "error", "message"),
    [
        ("magic", InvalidInputError, "not an SPZ"),
        ("future", UnsupportedFormatError, "version 5"),
        ("one more", InvalidInputError, "ends before"),
        ("one fewer", InvalidInputError, "more than its header"),
        ("huge", InvalidInputError, "can hold"),
        ("too many", InvalidInputError, "at most"),
        ("degree", InvalidInputError, "values that no SPZ"),
        ("bits", InvalidInputError, "values that no SPZ"),
        ("version 4 in gzip", InvalidInputError, "older versions"),
    ],
)
def test_damaged_headers(tmp_path: Path, what: str, error: type[InvalidInputError], message: str) -> None:
    path = tmp_path / "a.spz"
    write_spz(gaussian_cloud(7, 20, 1), path)
    path.write_bytes(gzip.compress(damaged(gzip.decompress(path.read_bytes()), what)))
    with pytest.raises(error, match=message) as caught:
        read_spz(path)
    assert caught.value.path == path


@pytest.mark.parametrize("version", [3, 4])
def test_cut_off_anywhere(tmp_path: Path, version: Literal[3, 4]) -> None:
    if version == 4:
        pytest.importorskip("zstandard", reason="SPZ version 4 needs zstandard")
    path = tmp_path / "a.spz"
    write_spz(gaussian_cloud(8, 20, 1), path, version=version)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(InvalidInputError):
            read_spz(path)


def test_a_wrong_checksum_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.spz"
    write_spz(gaussian_cloud(9, 20, 1), path)
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InvalidInputError, match="damaged"):
        read_spz(path)


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    header = HEADER.pack(MAGIC, 3, 10, 0, 12, 0, 0)
    path = tmp_path / "bomb.spz"
    path.write_bytes(gzip.compress(header + bytes(16 << 20)))
    with pytest.raises(InvalidInputError):
        read_spz(path)


def test_version_4_streams_must_fit_the_header(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard", reason="SPZ version 4 needs zstandard")
    path = tmp_path / "a.spz"
    write_spz(gaussian_cloud(10, 20, 1), path, version=4)
    data = bytearray(path.read_bytes())
    bomb = zstandard.ZstdCompressor().compress(bytes(16 << 20))
    first_packed, first_raw = struct.unpack_from("<QQ", data, 32)
    assert first_raw == 20 * 9
    struct.pack_into("<Q", data, 32, len(bomb))
    toc_end = 32 + 6 * 16
    path.write_bytes(bytes(data[:toc_end]) + bomb + bytes(data[toc_end + first_packed :]))
    with pytest.raises(InvalidInputError, match="more or fewer"):
        read_spz(path)


def test_raw_deflate_pieces_are_one_gzip_stream() -> None:
    from worldgen.exporters.deflate import BLOCK_BYTES, deflate

    for size in (0, 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES):
        data = bytes(range(256)) * (size // 256) + bytes(size % 256)
        assert gzip.decompress(b"".join(deflate([data], container="gzip"))) == data
        assert zlib.decompress(b"".join(deflate([data[:100], data[100:]], container="zlib"))) == data
