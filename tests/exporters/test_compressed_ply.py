"""Compressed PLY: what comes back lies within the bounds that its bits leave, chunk by chunk."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray

from tests.exporters.clouds import clouds, gaussian_cloud, rotation_error_deg
from worldgen.activations import colors_from_sh_dc
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.compressed_ply import read_compressed_ply, write_compressed_ply
from worldgen.exporters.convert import detect_format
from worldgen.exporters.gaussian_ply import read_gaussian_ply
from worldgen.frames import Frame
from worldgen.geometry.splat_transforms import morton_order, take_gaussians
from worldgen.scene.gaussian_cloud import GaussianCloud

STEPS = np.array([2047.0, 1023.0, 2047.0])
ROTATION_BOUND_DEG = 1.02 * math.degrees(2.0 * math.sqrt(12.0) * 0.5 * math.sqrt(2.0) / 1023.0)
"""Three components off by half a step, and the fourth where all four are equal."""


def chunk_ranges(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N, 3) extent of the chunk that each row is in."""
    extents = [np.ptp(values[start : start + 256], axis=0) for start in range(0, len(values), 256)]
    return np.repeat(np.array(extents, dtype=np.float64), 256, axis=0)[: len(values)]


def assert_within_quantisation(stored: GaussianCloud, cloud: GaussianCloud) -> None:
    """Both in file order."""
    if not cloud.num_gaussians:
        assert stored.num_gaussians == 0
        return
    roundoff = np.abs(cloud.means).max() * 3e-7
    assert (np.abs(stored.means - cloud.means) <= chunk_ranges(cloud.means) * 0.5 / STEPS + roundoff).all()
    logs, stored_logs = np.log(cloud.scales), np.log(stored.scales)
    assert (np.abs(stored_logs - logs) <= chunk_ranges(logs) * 0.5 / STEPS + 3e-6).all()
    colors, stored_colors = colors_from_sh_dc(cloud.sh_dc), colors_from_sh_dc(stored.sh_dc)
    assert (np.abs(stored_colors - colors) <= chunk_ranges(colors) * 0.5 / 255.0 + 1e-6).all()
    assert np.abs(stored.opacities - cloud.opacities).max() <= 0.5 / 255 + 1e-6
    assert rotation_error_deg(stored.quats_wxyz, cloud.quats_wxyz).max() <= ROTATION_BOUND_DEG
    assert np.abs(stored.sh_rest - cloud.sh_rest).max(initial=0.0) <= 1.0 / 64 + 1e-6


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cloud=clouds())
def test_round_trip_within_quantisation(tmp_path: Path, cloud: GaussianCloud) -> None:
    write_compressed_ply(cloud, tmp_path / "a.compressed.ply")
    stored = read_compressed_ply(tmp_path / "a.compressed.ply")
    assert_within_quantisation(stored, take_gaussians(cloud, morton_order(cloud.means)))


@pytest.mark.parametrize("count", [1, 255, 256, 257, 70_000])
def test_chunks_of_every_filling(tmp_path: Path, count: int) -> None:
    cloud = gaussian_cloud(count, count, 1)
    report = write_compressed_ply(cloud, tmp_path / "a.compressed.ply")
    assert report.num_bytes == (tmp_path / "a.compressed.ply").stat().st_size
    stored = read_compressed_ply(tmp_path / "a.compressed.ply")
    assert_within_quantisation(stored, take_gaussians(cloud, morton_order(cloud.means)))


def test_equal_splats_have_no_range(tmp_path: Path) -> None:
    cloud = take_gaussians(gaussian_cloud(1, 1, 3), np.zeros(300, dtype=np.int64))
    write_compressed_ply(cloud, tmp_path / "a.compressed.ply")
    stored = read_compressed_ply(tmp_path / "a.compressed.ply")
    np.testing.assert_array_equal(stored.means, cloud.means)
    np.testing.assert_allclose(stored.scales, cloud.scales, rtol=1e-6)


def test_layout_is_the_format_s(tmp_path: Path) -> None:
    """Two splats with round numbers, their words by hand."""
    cloud = GaussianCloud(
        means=np.array([[0.0, 0.0, 0.0], [1.0, -2.0, -4.0]], dtype=np.float32),
        quats_wxyz=np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]], dtype=np.float32),
        scales=np.exp(np.array([[-2.0, -1.0, 0.0], [-2.0, 0.0, -3.0]])).astype(np.float32),
        opacities=np.array([1.0, 0.0], dtype=np.float32),
        sh_dc=np.zeros((2, 3), dtype=np.float32),
        sh_rest=np.zeros((2, 3, 3), dtype=np.float32),
    )
    write_compressed_ply(cloud, tmp_path / "a.compressed.ply", frame=Frame.RUB)
    data = (tmp_path / "a.compressed.ply").read_bytes()
    end = data.index(b"end_header\n") + len(b"end_header\n")
    ranges = np.frombuffer(data, "<f4", 18, end)
    np.testing.assert_array_equal(ranges[:6], [0.0, -2.0, -4.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(ranges[6:12], [-2.0, -1.0, -3.0, -2.0, 0.0, 0.0], atol=1e-6)
    np.testing.assert_array_equal(ranges[12:], np.full(6, 0.5))
    words = np.frombuffer(data, "<u4", 8, end + 72).reshape(2, 4)
    order = morton_order(cloud.means)
    middle = (512 << 20) | (512 << 10) | 512
    expected = {
        0: ((1023 << 11) | 2047, middle, 2047, 255),
        1: (2047 << 21, (1 << 30) | middle, 1023 << 11, 0),
    }
    assert [tuple(int(word) for word in row) for row in words] == [expected[int(index)] for index in order]
    assert data[end + 72 + 32 :] == bytes([128] * 18)


def test_other_readers_see_it_for_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.compressed.ply"
    write_compressed_ply(gaussian_cloud(2, 10, 0), path)
    assert detect_format(path).id == "compressed_ply"
    path = path.rename(tmp_path / "a.ply")
    assert detect_format(path).id == "compressed_ply"
    with pytest.raises(UnsupportedFormatError, match="compressed PLY") as caught:
        read_gaussian_ply(path)
    assert caught.value.hint == "Name the format compressed_ply."


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"element chunk 1", b"element chunk 2", "chunks for"),
        (b"element vertex 10", b"element vertex 300", "chunks for"),
        (b"element vertex 10", b"element vertex 99999999999", "at most"),
        (b"element sh 10", b"element sh 11", "do not fit"),
        (b"property uchar f_rest_8\n", b"", "degrees 1 to 3"),
        (b"property uint packed_scale", b"property uint packed_other", "other properties"),
        (b"property float max_b\n", b"", "other properties"),
        (b"element sh", b"element harmonics", "not a compressed PLY"),
    ],
)
def test_headers_that_do_not_fit(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    path = tmp_path / "a.compressed.ply"
    write_compressed_ply(gaussian_cloud(3, 10, 1), path)
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    with pytest.raises(InvalidInputError, match=message) as caught:
        read_compressed_ply(path)
    assert caught.value.path == path


def test_ranges_without_an_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.compressed.ply"
    write_compressed_ply(gaussian_cloud(4, 10, 0), path)
    data = bytearray(path.read_bytes())
    start = data.index(b"end_header\n") + len(b"end_header\n")
    data[start : start + 4] = np.array([np.nan], "<f4").tobytes()
    path.write_bytes(data)
    with pytest.raises(InvalidInputError, match="NaN"):
        read_compressed_ply(path)


def test_chunks_without_colours_are_read(tmp_path: Path) -> None:
    """As the first version of the format had them."""
    path = tmp_path / "a.compressed.ply"
    write_compressed_ply(gaussian_cloud(5, 10, 0), path)
    data = path.read_bytes()
    for name in ("min_r", "min_g", "min_b", "max_r", "max_g", "max_b"):
        data = data.replace(f"property float {name}\n".encode(), b"")
    start = data.index(b"end_header\n") + len(b"end_header\n")
    path.write_bytes(data[: start + 48] + data[start + 72 :])
    words = np.frombuffer(data, "<u4", 40, start + 72).reshape(10, 4)
    expected = ((words[:, 3:] >> np.array([24, 16, 8], dtype=np.uint32)) & 255) / 255.0
    np.testing.assert_allclose(colors_from_sh_dc(read_compressed_ply(path).sh_dc), expected, atol=1e-6)
