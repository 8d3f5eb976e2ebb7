"""Conversion between splat formats: what can be kept is kept, and what cannot is told."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from tests.exporters.clouds import gaussian_cloud
from worldgen.errors import ExportError, InvalidInputError, UnsupportedFormatError
from worldgen.exporters.convert import Storage, convert, detect_format
from worldgen.exporters.filters import SplatFilters
from worldgen.exporters.gaussian_ply import read_gaussian_ply, write_gaussian_ply
from worldgen.exporters.points_ply import read_points_ply
from worldgen.exporters.splat_glb import read_splat_glb
from worldgen.exporters.spz import read_spz
from worldgen.frames import Frame
from worldgen.registry import FORMATS, load_reader, load_writer

SPLATS = [entry.id for entry in FORMATS.values() if entry.layer == "splats" and entry.id != "splat_usd"]
PAIRS = [*itertools.product(SPLATS, SPLATS), ("gaussian_ply", "splat_usd"), ("splat_usd", "spz")]
POSITION_BOUNDS_M = {"compressed_ply": 0.5 * 100.0 / 1023.0 + 0.001, "sog": 51.0 * 0.5 * 2.0 * np.log(51.0) / 65535.0}
"""Half a step of a chunk as large as the cloud, and of its logarithms at 50 m; others keep SPZ's half a quarter mm."""


@pytest.mark.parametrize(("from_id", "to_id"), PAIRS)
def test_every_pair_of_splat_formats(tmp_path: Path, from_id: str, to_id: str) -> None:
    if "splat_usd" in (from_id, to_id):
        pytest.importorskip("pxr", reason="USD needs usd-core")
    cloud = gaussian_cloud(1, 64, 3)
    source = tmp_path / f"in{FORMATS[from_id].suffixes[0]}"
    target = tmp_path / f"out{FORMATS[to_id].suffixes[0]}"
    load_writer(FORMATS[from_id])(cloud, source)
    report = convert(source, target)
    assert report.paths == (target,)
    assert report.num_bytes == target.stat().st_size
    before, after = load_reader(FORMATS[from_id])(source), load_reader(FORMATS[to_id])(target)
    order = cKDTree(after.means).query(before.means)[1]
    assert len(set(order)) == 64
    np.testing.assert_allclose(after.means[order], before.means, atol=POSITION_BOUNDS_M.get(to_id, 0.000_13))
    np.testing.assert_allclose(after.opacities[order], before.opacities, atol=0.003)
    loses_sh = before.sh_degree > 0 and to_id == "splat"
    assert any("view-dependent colour (" in loss for loss in report.dropped) == loses_sh


def test_splats_become_points(tmp_path: Path) -> None:
    cloud = gaussian_cloud(2, 40, 1)
    write_gaussian_ply(cloud, tmp_path / "in.ply")
    report = convert(tmp_path / "in.ply", tmp_path / "out.ply", to_id="points_ply")
    points = read_points_ply(tmp_path / "out.ply")
    np.testing.assert_array_equal(points.points, cloud.means)
    assert report.dropped == ("sizes, rotations and opacities of the splats", "view-dependent colour")


def test_ply_is_told_apart_by_its_header(tmp_path: Path) -> None:
    write_gaussian_ply(gaussian_cloud(3, 4, 0), tmp_path / "a.ply")
    convert(tmp_path / "a.ply", tmp_path / "b.ply", to_id="points_ply")
    assert detect_format(tmp_path / "a.ply").id == "gaussian_ply"
    assert detect_format(tmp_path / "b.ply").id == "points_ply"
    with pytest.raises(UnsupportedFormatError, match="no sizes"):
        convert(tmp_path / "b.ply", tmp_path / "c.spz")


def test_names_win_over_suffixes(tmp_path: Path) -> None:
    write_gaussian_ply(gaussian_cloud(4, 4, 0), tmp_path / "a.dat")
    convert(tmp_path / "a.dat", tmp_path / "b.bin", from_id="gaussian_ply", to_id="spz")
    assert read_spz(tmp_path / "b.bin").num_gaussians == 4
    with pytest.raises(UnsupportedFormatError, match="does not tell"):
        convert(tmp_path / "a.dat", tmp_path / "c.spz")


def test_what_cannot_be_converted(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    write_gaussian_ply(gaussian_cloud(5, 4, 0), path)
    before = path.read_bytes()
    with pytest.raises(InvalidInputError, match="same file"):
        convert(path, tmp_path / "." / "a.ply")
    with pytest.raises(UnsupportedFormatError, match="only splats and points"):
        convert(path, tmp_path / "a.glb", to_id="glb")
    with pytest.raises(UnsupportedFormatError, match="no format 'ksplat'"):
        convert(path, tmp_path / "b", to_id="ksplat")
    with pytest.raises(InvalidInputError, match="no such file"):
        convert(tmp_path / "missing.spz", tmp_path / "b.ply")
    with pytest.raises(ExportError):
        convert(path, path / "below" / "b.spz")
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_converted_file_is_the_one_written_directly(tmp_path: Path) -> None:
    write_gaussian_ply(gaussian_cloud(6, 40, 3), tmp_path / "a.ply")
    convert(tmp_path / "a.ply", tmp_path / "b.ply")
    write_gaussian_ply(read_gaussian_ply(tmp_path / "a.ply"), tmp_path / "c.ply")
    assert (tmp_path / "b.ply").read_bytes() == (tmp_path / "c.ply").read_bytes()


def test_filters_run_in_their_order(tmp_path: Path) -> None:
    cloud = gaussian_cloud(7, 400, 3)
    write_gaussian_ply(cloud, tmp_path / "a.ply")
    filters = SplatFilters(
        crop_box=((-30.0, -30.0, -30.0), (30.0, 30.0, 30.0)),
        crop_sphere=((5.0, 0.0, 0.0), 25.0),
        min_opacity=0.25,
        budget=6,
        sh_degree=1,
        scale=2.0,
        rotate_deg=(0.0, 90.0, 0.0),
        translate=(1.0, 2.0, 3.0),
    )
    report = convert(tmp_path / "a.ply", tmp_path / "b.glb", filters=filters)
    stored = read_splat_glb(tmp_path / "b.glb")
    assert (stored.num_gaussians, stored.sh_degree) == (6, 1)
    assert any("394 of 400 splats" in note for note in report.dropped)
    assert any("above degree 1" in note for note in report.dropped)
    # A quarter turn about the vertical takes (x, y, z) to (z, y, -x).
    moved = (stored.means - np.array([1.0, 2.0, 3.0])) / 2.0
    before = moved[:, [2, 1, 0]] * np.array([-1.0, 1.0, 1.0])
    assert (np.abs(before) <= 30.0).all()
    assert (np.linalg.norm(before - np.array([5.0, 0.0, 0.0]), axis=1) <= 25.001).all()
    distances, index = cKDTree(cloud.means).query(before)
    assert distances.max() < 1e-4
    assert (cloud.opacities[index] >= 0.25).all()
    growth = stored.scales / (2.0 * cloud.scales[index])
    np.testing.assert_allclose(growth, growth[:, :1].repeat(3, axis=1), rtol=1e-4)
    assert growth.min() >= 1.0 - 1e-5, "what is left covers for what was left out"
    assert len(set(index.tolist())) == 6


@pytest.mark.parametrize("frame", list(Frame))
def test_axes_go_in_as_they_come_out(tmp_path: Path, frame: Frame) -> None:
    cloud = gaussian_cloud(8, 30, 3)
    for format_id in ("compressed_ply", "spz", "sog", "splat_glb", "splat"):
        entry = FORMATS[format_id]
        usual, other = (tmp_path / f"{name}{entry.suffixes[0]}" for name in ("usual", "other"))
        load_writer(entry)(cloud, usual)
        load_writer(entry)(cloud, other, frame=frame)
        expected, stored = load_reader(entry)(usual), load_reader(entry)(other, frame=frame)
        order = cKDTree(stored.means).query(expected.means)[1]
        tolerance = POSITION_BOUNDS_M.get(format_id, 0.000_13) * 2.0
        np.testing.assert_allclose(stored.means[order], expected.means, atol=tolerance)
        if format_id == "splat_glb":
            np.testing.assert_allclose(stored.sh_rest, expected.sh_rest, atol=1e-5)


def test_choices_that_a_format_does_not_have(tmp_path: Path) -> None:
    write_gaussian_ply(gaussian_cloud(9, 10, 0), tmp_path / "a.ply")
    with pytest.raises(UnsupportedFormatError, match="no choice of version"):
        convert(tmp_path / "a.ply", tmp_path / "b.glb", storage=Storage(spz_version=2))
    with pytest.raises(InvalidInputError, match="leave no splat"):
        convert(tmp_path / "a.ply", tmp_path / "b.spz", filters=SplatFilters(crop_sphere=((1e6, 0.0, 0.0), 1.0)))
    box = ((1.0, 1.0, 1.0), (0.0, 2.0, 2.0))
    with pytest.raises(InvalidInputError, match="lowest corner first"):
        convert(tmp_path / "a.ply", tmp_path / "b.spz", filters=SplatFilters(crop_box=box))
    convert(tmp_path / "a.ply", tmp_path / "b.spz", storage=Storage(spz_version=2, frame_out=Frame.LUF))
    assert not (tmp_path / "b.glb").exists()
