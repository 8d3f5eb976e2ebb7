"""The ``.splat`` format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.exporters.clouds import clouds, gaussian_cloud, rotation_error_deg
from worldgen.activations import SH_C0
from worldgen.errors import InvalidInputError
from worldgen.exporters.splat_file import read_splat_file, write_splat_file
from worldgen.geometry.splat_transforms import importance_order, take_gaussians
from worldgen.scene.gaussian_cloud import GaussianCloud


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cloud=clouds())
def test_round_trip_within_quantisation(tmp_path: Path, cloud: GaussianCloud) -> None:
    report = write_splat_file(cloud, tmp_path / "a.splat")
    assert report.num_bytes == 32 * cloud.num_gaussians
    stored = read_splat_file(tmp_path / "a.splat")
    expected = take_gaussians(cloud, importance_order(cloud))
    np.testing.assert_array_equal(stored.means, expected.means)
    np.testing.assert_array_equal(stored.scales, expected.scales)
    assert np.abs(stored.opacities - expected.opacities).max(initial=0.0) <= 0.5 / 255 + 1e-6
    colors = np.clip(expected.sh_dc, -0.5 / SH_C0, 0.5 / SH_C0)
    assert np.abs(stored.sh_dc - colors).max(initial=0.0) <= 0.5 / 255 / SH_C0 + 1e-5
    # Half a step of 1/128 in each of four components, and a whole one where +1 does not fit.
    assert rotation_error_deg(stored.quats_wxyz, expected.quats_wxyz).max(initial=0.0) < 1.2


def test_what_is_lost_is_listed(tmp_path: Path) -> None:
    dropped = write_splat_file(gaussian_cloud(1, 30, 2), tmp_path / "a.splat").dropped
    assert any("degree 1 to 2" in loss for loss in dropped)
    assert any("outside 0 to 1" in loss for loss in dropped)
    assert len(write_splat_file(gaussian_cloud(1, 0, 0), tmp_path / "a.splat").dropped) == 1


def test_rows_are_laid_out_by_the_format(tmp_path: Path) -> None:
    cloud = GaussianCloud(
        means=np.array([[1.0, 2.0, 3.0]], dtype=np.float32),
        quats_wxyz=np.array([[0.0, 1.0, 0.0, 0.0]], dtype=np.float32),
        scales=np.array([[0.5, 1.0, 2.0]], dtype=np.float32),
        opacities=np.array([1.0], dtype=np.float32),
        sh_dc=np.zeros((1, 3), dtype=np.float32),
        sh_rest=np.zeros((1, 0, 3), dtype=np.float32),
    )
    write_splat_file(cloud, tmp_path / "a.splat")
    data = (tmp_path / "a.splat").read_bytes()
    np.testing.assert_array_equal(np.frombuffer(data[:24], "<f4"), [1.0, -2.0, -3.0, 0.5, 1.0, 2.0])
    assert data[24:28] == bytes([128, 128, 128, 255])
    rotation = (np.frombuffer(data[28:], np.uint8).astype(float) - 128.0) / 128.0
    assert sorted(np.abs(rotation).round(1).tolist()) == [0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("size", [1, 31, 33])
def test_sizes_that_are_no_multiple_are_refused(tmp_path: Path, size: int) -> None:
    (tmp_path / "a.splat").write_bytes(bytes(size))
    with pytest.raises(InvalidInputError, match="multiple of 32"):
        read_splat_file(tmp_path / "a.splat")


@pytest.mark.parametrize(
    ("offset", "value", "message"), [(0, np.nan, "NaN"), (16, np.inf, "NaN"), (12, -1.0, "negative")]
)
def test_impossible_numbers_are_refused(tmp_path: Path, offset: int, value: float, message: str) -> None:
    write_splat_file(gaussian_cloud(2, 4, 0), tmp_path / "a.splat")
    data = bytearray((tmp_path / "a.splat").read_bytes())
    data[64 + offset : 68 + offset] = np.float32(value).tobytes()
    (tmp_path / "a.splat").write_bytes(bytes(data))
    with pytest.raises(InvalidInputError, match=message):
        read_splat_file(tmp_path / "a.splat")
