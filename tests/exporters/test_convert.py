"""Conversion between splat formats: what can be kept is kept, and what cannot is told."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from tests.exporters.clouds import gaussian_cloud
from worldgen.errors import ExportError, InvalidInputError, UnsupportedFormatError
from worldgen.exporters.convert import convert, detect_format
from worldgen.exporters.gaussian_ply import read_gaussian_ply, write_gaussian_ply
from worldgen.exporters.points_ply import read_points_ply
from worldgen.exporters.spz import read_spz
from worldgen.registry import FORMATS, load_reader, load_writer

SPLATS = [entry.id for entry in FORMATS.values() if entry.layer == "splats"]
POSITION_BOUNDS_M = {"compressed_ply": 0.5 * 100.0 / 1023.0 + 0.001, "sog": 51.0 * 0.5 * 2.0 * np.log(51.0) / 65535.0}
"""Half a step of a chunk as large as the cloud, and of its logarithms at 50 m; others keep SPZ's half a quarter mm."""


@pytest.mark.parametrize(("from_id", "to_id"), list(itertools.product(SPLATS, SPLATS)))
def test_every_pair_of_splat_formats(tmp_path: Path, from_id: str, to_id: str) -> None:
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
