"""Cameras in files: JSON comes back, COLMAP's text means the same rays as pixels in world, bad files are refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from worldgen.errors import InvalidInputError
from worldgen.exporters.camera_files import read_camera_path, write_cameras_json, write_colmap
from worldgen.frames import Frame, axes_from, look_at, matrices_from_quats
from worldgen.geometry.cameras import pinhole_camera, project_points
from worldgen.scene.point_cloud import PointCloud

EYES = np.array([[0.0, 1.7, 0.0], [2.0, 1.0, -1.0], [-3.0, 4.0, 2.0]])
CAMERAS = [
    pinhole_camera(look_at(eye, np.array([0.5, 1.0, -6.0])), height=60, width=80, horizontal_fov=1.1) for eye in EYES
]
NAMES = ["0001.png", "0002.png", "0003.png"]


def test_json_comes_back(tmp_path: Path) -> None:
    write_cameras_json(CAMERAS, NAMES, tmp_path / "cameras.json", fps=24)
    path = read_camera_path(tmp_path / "cameras.json")
    assert path.poses is not None
    np.testing.assert_array_equal(path.poses, [camera.world_from_camera for camera in CAMERAS])


def test_colmap_sees_points_in_the_same_pixels(tmp_path: Path) -> None:
    points = np.random.Generator(np.random.PCG64(1)).uniform(-1.0, 1.0, (20, 3)) + np.array([0.5, 1.0, -8.0])
    cloud = PointCloud(points=points.astype(np.float32), colors=np.full((20, 3), 7, np.uint8))
    write_colmap(CAMERAS, NAMES, tmp_path, points=cloud)
    rows = [line.split() for line in (tmp_path / "points3D.txt").read_text().splitlines() if not line.startswith("#")]
    stored = np.array(rows, dtype=np.float64)
    np.testing.assert_allclose(stored[:, 1:4], points @ axes_from(Frame.RDF, Frame.RUB).T, atol=1e-4)
    assert set(stored[:, 4]) == {7.0}
    model = (tmp_path / "cameras.txt").read_text().splitlines()[1].split()
    assert model[:4] == ["1", "PINHOLE", "80", "60"]
    fx, fy, cx, cy = map(float, model[4:])
    lines = (tmp_path / "images.txt").read_text().splitlines()[1:]
    assert lines[1::2] == ["", "", ""]
    for camera, name, line in zip(CAMERAS, NAMES, lines[::2], strict=True):
        words = line.split()
        assert (words[8], words[9]) == ("1", name)
        quat, translation = np.array(words[1:5], float), np.array(words[5:8], float)
        seen = stored[:, 1:4] @ matrices_from_quats(quat[None])[0].T + translation
        assert (seen[:, 2] > 0.0).all()
        pixels = np.stack([fx * seen[:, 0] / seen[:, 2] + cx, fy * seen[:, 1] / seen[:, 2] + cy], axis=1)
        expected = np.stack(project_points(camera, cloud.points.astype(np.float64))[:2], axis=1)
        np.testing.assert_allclose(pixels, expected, atol=0.01)


def test_keyframes_are_read(tmp_path: Path) -> None:
    keyframes = [{"eye": [0, 1, k], "look_at": [0, 1, -9], "time": k} for k in range(3)]
    (tmp_path / "path.json").write_text(json.dumps({"keyframes": keyframes}), encoding="utf-8")
    path = read_camera_path(tmp_path / "path.json")
    assert path.eyes is not None
    assert path.times is not None
    np.testing.assert_array_equal(path.eyes[:, 2], [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(path.times, [0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"keyframes": [{"eye": [0, 0, 0], "look_at": [1, 1, 1]}]},
        {"keyframes": [{"eye": [0, 0, 0]}, {"eye": [0, 0, 0]}]},
        {"keyframes": [{"eye": [0, 0], "look_at": [1, 1, 1]}] * 2},
        {"keyframes": [{"eye": ["a", 0, 0], "look_at": [1, 1, 1]}] * 2},
        {"keyframes": [{"eye": [math.nan, 0, 0], "look_at": [1, 1, 1]}] * 2},
        {"cameras": [{"world_from_camera": [[1.0]]}]},
        {"cameras": 5},
        {"frame": "RDF", "cameras": [{"world_from_camera": np.eye(4).tolist()}]},
    ],
)
def test_files_that_are_no_path(tmp_path: Path, document: object) -> None:
    (tmp_path / "path.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        read_camera_path(tmp_path / "path.json")
    assert caught.value.path == tmp_path / "path.json"


def test_other_files_are_refused(tmp_path: Path) -> None:
    for data in (b"", b"\xff\xfe", b"{" * 100_000):
        (tmp_path / "path.json").write_bytes(data)
        with pytest.raises(InvalidInputError, match="no JSON"):
            read_camera_path(tmp_path / "path.json")
