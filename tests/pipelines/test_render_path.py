"""Films of a small world: the cameras go where the path says, and pictures are what a still from there shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.splat_clouds import random_cloud
from worldgen.color import bytes_from_unit
from worldgen.errors import UsageError
from worldgen.pipelines import render_path as module
from worldgen.pipelines.render_path import FilmRequest, path_cameras, render_path
from worldgen.pipelines.render_picture import PictureRequest
from worldgen.rendering.splats import render_splats

SMALL = PictureRequest(width=64, height=48)
STATIONS = ((0.0, 1.7, 0.0), (1.2, 1.7, -2.0), (-0.4, 1.75, 1.5), (0.0, 5.0, -4.0))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What a film needs of a world: splats, a spawn, stations."""
    spawn = SimpleNamespace(position=(0.0, 0.0, 0.0), eye_height_m=1.7, yaw=0.0)
    manifest = SimpleNamespace(spawn=spawn, stations=STATIONS, seed=0, quality="draft", files=())
    made = SimpleNamespace(manifest=manifest, splats=random_cloud(300, seed=1), path=Path("world"))
    monkeypatch.setattr(module.World, "load", lambda folder: made)
    return made


def places(world: Any, request: FilmRequest) -> NDArray[np.float64]:
    return np.array([camera.world_from_camera for camera in path_cameras(world, request)])


def test_a_walk_passes_the_spawn_from_station_to_station(world: Any) -> None:
    poses = places(world, FilmRequest(picture=SMALL, path="walk", seconds=10.0, fps=20))
    eyes = poses[:, :3, 3]
    np.testing.assert_allclose(eyes[0], STATIONS[2], atol=1e-9)
    np.testing.assert_allclose(eyes[-1], STATIONS[1], atol=1e-9)
    assert np.linalg.norm(eyes - np.array(STATIONS[0]), axis=1).min() < 0.05
    assert (-poses[:, 2, 2] < -0.9).all(), "it looks ahead"


def test_an_orbit_turns_about_what_it_is_told(world: Any) -> None:
    picture = PictureRequest(width=64, height=48, eye=(0.0, 2.0, 3.0), look_at=(0.0, 1.0, 0.0))
    eyes = places(world, FilmRequest(picture=picture, path="orbit", seconds=1.0, fps=8))[:, :3, 3]
    np.testing.assert_allclose(eyes[[0, 4]], [[0.0, 2.0, 3.0], [0.0, 2.0, -3.0]], atol=1e-9)
    eyes = places(world, FilmRequest(picture=SMALL, path="orbit", seconds=1.0, fps=8))[:, :3, 3]
    np.testing.assert_allclose(np.linalg.norm(eyes - np.array(STATIONS[0]), axis=1), module.ORBIT_RADIUS_M)


def test_a_folder_of_pictures_with_cameras_that_film_it_again(world: Any, tmp_path: Path) -> None:
    request = FilmRequest(picture=SMALL, path="walk", seconds=0.5, fps=6, cameras_folder=tmp_path / "cameras")
    files = render_path("world", tmp_path / "film", request)
    assert [file.name for file in files[:3]] == ["0001.png", "0002.png", "0003.png"]
    assert {file.name for file in files[3:]} == {"cameras.json", "cameras.txt", "images.txt", "points3D.txt"}
    for camera, file in zip(path_cameras(world, request), files, strict=False):
        with Image.open(file) as image:
            expected = bytes_from_unit(render_splats(world.splats, camera).rgb)
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), expected)
    again = FilmRequest(picture=SMALL, path=str(tmp_path / "cameras" / "cameras.json"))
    np.testing.assert_array_equal(places(world, again), places(world, request))


def test_keyframes_from_a_file(world: Any, tmp_path: Path) -> None:
    keyframes = [{"eye": [0, 1, z], "look_at": [0, 1, -9]} for z in (3.0, 0.0)]
    (tmp_path / "path.json").write_text(json.dumps({"keyframes": keyframes}), encoding="utf-8")
    eyes = places(world, FilmRequest(picture=SMALL, path=str(tmp_path / "path.json"), seconds=1.0, fps=5))[:, :3, 3]
    np.testing.assert_allclose(eyes[[0, -1]], [[0.0, 1.0, 3.0], [0.0, 1.0, 0.0]], atol=1e-9)


def test_a_film_has_all_its_pictures(world: Any, tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="films need the package av")
    render_path("world", tmp_path / "a.mp4", FilmRequest(picture=SMALL, path="orbit", seconds=1.0, fps=7))
    with av.open(str(tmp_path / "a.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 7


WRONG: dict[str, Callable[[], FilmRequest]] = {
    "too long": lambda: FilmRequest(picture=SMALL, path="walk", seconds=1e6),
    "no pictures": lambda: FilmRequest(picture=SMALL, path="walk", fps=0),
    "panorama": lambda: FilmRequest(picture=PictureRequest(is_panorama=True), path="walk"),
}


@pytest.mark.parametrize("case", WRONG)
def test_requests_that_do_not_go_together(case: str) -> None:
    with pytest.raises(UsageError):
        WRONG[case]()


@pytest.mark.parametrize(("name", "size"), [("a.jpg", (64, 48)), ("a.mp4", (63, 48))])
def test_outputs_that_a_path_does_not_make(world: Any, tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    request = FilmRequest(picture=PictureRequest(width=size[0], height=size[1]), path="walk")
    with pytest.raises(UsageError):
        render_path("world", tmp_path / name, request)
    assert list(tmp_path.iterdir()) == []
