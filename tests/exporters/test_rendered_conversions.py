"""A converted file looks like its source: axes, rotations and view-dependent colour, seen by the rasteriser."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.exporters.node_tools import splat_transform
from tests.splat_clouds import random_cloud
from worldgen.exporters.convert import Storage, convert
from worldgen.exporters.filters import SplatFilters
from worldgen.exporters.gaussian_ply import read_gaussian_ply, write_gaussian_ply
from worldgen.frames import Frame, rigid, rotation_from_angles, yaw_rotation
from worldgen.geometry.cameras import pinhole_camera
from worldgen.registry import FORMATS, load_reader
from worldgen.rendering.splats import render_splats
from worldgen.scene.gaussian_cloud import GaussianCloud

LEAST_PSNR_DB = {
    "splat_glb": 80.0,
    "gaussian_ply": 60.0,
    "compressed_ply": 33.0,
    "sog": 36.0,
    "spz": 30.0,
    "splat": 17.0,
}
"""SPZ has 4 bits for most coefficients, .splat no view-dependent colour; wrong axes or signs give less than 20."""


def picture(cloud: GaussianCloud, turn: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
    """What a camera sees that was turned about the origin together with the world."""
    pose = rigid((np.eye(3) if turn is None else turn) @ yaw_rotation(0.4), np.zeros(3))
    return render_splats(cloud, pinhole_camera(pose, height=72, width=96, horizontal_fov=1.2)).rgb


def psnr_db(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    error = float(((left.astype(np.float64) - right) ** 2).mean())
    return math.inf if error == 0.0 else -10.0 * math.log10(error)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "source.ply"
    write_gaussian_ply(random_cloud(500, seed=5, sh_rest=15), path)
    return path


@pytest.mark.parametrize("format_id", LEAST_PSNR_DB)
def test_the_converted_file_looks_the_same(tmp_path: Path, source: Path, format_id: str) -> None:
    entry = FORMATS[format_id]
    target = tmp_path / f"a{entry.suffixes[0]}"
    convert(source, target, to_id=format_id)
    before = picture(read_gaussian_ply(source))
    assert before.std() > 0.1
    assert psnr_db(before, picture(load_reader(entry)(target))) > LEAST_PSNR_DB[format_id]


@pytest.mark.parametrize("format_id", ["compressed_ply", "sog", "spz"])
def test_another_program_makes_the_same_of_it(tmp_path: Path, source: Path, format_id: str) -> None:
    """Our file, read and written again as PLY by splat-transform."""
    target = tmp_path / f"a{FORMATS[format_id].suffixes[0]}"
    convert(source, target)
    splat_transform(target, tmp_path / "b.ply")
    ours = load_reader(FORMATS[format_id])(target)
    assert psnr_db(picture(ours), picture(read_gaussian_ply(tmp_path / "b.ply"))) > 55.0


@pytest.mark.parametrize("frame", list(Frame))
def test_all_axes_show_the_same_world(tmp_path: Path, source: Path, frame: Frame) -> None:
    convert(source, tmp_path / "a.glb", storage=Storage(frame_out=frame))
    convert(tmp_path / "a.glb", tmp_path / "b.ply", storage=Storage(frame_in=frame))
    assert psnr_db(picture(read_gaussian_ply(source)), picture(read_gaussian_ply(tmp_path / "b.ply"))) > 60.0


def test_a_turned_world_seen_by_a_turned_camera(tmp_path: Path, source: Path) -> None:
    convert(source, tmp_path / "a.glb", filters=SplatFilters(rotate_deg=(20.0, -130.0, 75.0)))
    turn = rotation_from_angles(*(math.radians(angle) for angle in (20.0, -130.0, 75.0)))
    turned = load_reader(FORMATS["splat_glb"])(tmp_path / "a.glb")
    assert psnr_db(picture(read_gaussian_ply(source)), picture(turned, turn)) > 60.0
