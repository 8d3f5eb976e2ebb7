"""A film or a series of pictures of a world along a path, with the cameras that took them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.color import bytes_from_unit
from worldgen.errors import UsageError
from worldgen.events import Progress, Reporter, RunContext, ignore_events
from worldgen.exporters.camera_files import read_camera_path, write_cameras_json, write_colmap
from worldgen.exporters.video import require_video, write_mp4
from worldgen.geometry.camera_paths import orbit_poses, spline_poses
from worldgen.geometry.cameras import pinhole_camera
from worldgen.pipelines.render_picture import PictureRequest, camera_renderer
from worldgen.pipelines.world import World
from worldgen.registry import format_of_path, load_writer
from worldgen.scene.camera import Camera
from worldgen.scene.point_cloud import PointCloud
from worldgen.settings import TIERS

MAX_FRAMES = 20_000
ORBIT_RADIUS_M = 2.0
"""Of an orbit that is told neither eye nor centre; splats look right within some metres of the spawn."""

_WALK_FALLBACK_M = 1.0
_LEVEL_STEP_M = 0.35
_GAZE_M = 10.0
_SWAY = 0.12
_COLMAP_POINTS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmRequest:
    """What path to take and how to take pictures along it."""

    picture: PictureRequest
    """Layer, size and field of view; for an orbit also eye and centre (``look_at``)."""
    path: str
    """``orbit``, ``walk``, or a JSON file with keyframes or cameras."""
    seconds: float = 5.0
    fps: int = 24
    cameras_folder: Path | None = None
    """Where to write ``cameras.json`` and a COLMAP model of the path; None writes neither."""

    def __post_init__(self) -> None:
        """Check counts and sizes."""
        if not 1 <= self.fps <= 240 or not 0.0 < self.seconds or self.num_frames > MAX_FRAMES:
            raise UsageError(f"A film has 1 to 240 pictures a second and {MAX_FRAMES} at most.")
        if self.picture.is_panorama:
            raise UsageError("A path is filmed with a pinhole camera; leave --panorama out.")

    @property
    def num_frames(self) -> int:
        """Pictures in the film."""
        return max(1, round(self.seconds * self.fps))


def render_path(
    folder: Path | str, output: Path | str, request: FilmRequest, *, report: Reporter = ignore_events
) -> tuple[Path, ...]:
    """Take pictures of a world along a path; returns the files written.

    Args:
        folder: The world.
        output: A film if it ends in ``.mp4``; otherwise a folder for ``0001.png`` and so on.
        request: What to take.
        report: Told of progress.

    Raises:
        BackendUnavailableError: A film without the package ``av``.
        UsageError: The path and the other options do not go together.
        WorldgenError: The world cannot be read, or a file not be written.
    """
    world, output = World.load(folder), Path(output)
    is_film = output.suffix.lower() == ".mp4"
    if output.suffix and not is_film:
        raise UsageError("A path makes a film (.mp4) or a folder of pictures.")
    if is_film:
        require_video()
        if request.picture.width % 2 or request.picture.height % 2:
            raise UsageError("A film needs an even width and height.")
    cameras = path_cameras(world, request)
    names = [f"{number:04d}.png" for number in range(1, len(cameras) + 1)]
    context = RunContext(seed=world.manifest.seed, tier=TIERS[world.manifest.quality], report=report)
    render = camera_renderer(world, request.picture.layer, report, kit=request.picture.kit)
    written: tuple[Path, ...] = ()
    if request.cameras_folder is not None:
        points = _some_points(world)
        written += write_cameras_json(cameras, names, request.cameras_folder / "cameras.json", fps=request.fps).paths
        written += write_colmap(cameras, names, request.cameras_folder, points=points).paths
    with context.stage("render path") as progress:
        pictures = _pictures(cameras, render, progress)
        if is_film:
            return (*write_mp4(pictures, output, fps=request.fps).paths, *written)
        writer = load_writer(format_of_path(Path(names[0]), layer="panorama"))
        files = []
        for name, picture in zip(names, pictures, strict=True):
            writer(picture, output / name)
            files.append(output / name)
    return (*files, *written)


def path_cameras(world: World, request: FilmRequest) -> list[Camera]:
    """The cameras along the path, in world.

    Raises:
        InvalidInputError: The path's file is none, or a camera stands on what it looks at.
    """
    picture = request.picture
    count = request.num_frames
    if request.path == "orbit":
        poses = orbit_poses(*_orbit(world, picture), count)
    elif request.path == "walk":
        poses = spline_poses(*_walk(world, picture), count)
    else:
        path = read_camera_path(Path(request.path))
        if path.poses is not None:
            poses = list(path.poses)
        else:
            assert path.eyes is not None
            assert path.targets is not None
            times = None if path.times is None else path.times.tolist()
            poses = spline_poses(path.eyes, path.targets, count, times)
    fov = math.radians(picture.fov_deg)
    return [pinhole_camera(pose, height=picture.height, width=picture.width, horizontal_fov=fov) for pose in poses]


def _orbit(world: World, picture: PictureRequest) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eye and centre: as told, or a circle whose first picture looks along the spawn's heading."""
    spawn, ahead = _spawn_eye(world), _heading(world)
    eye = np.array(picture.eye, dtype=np.float64) if picture.eye else spawn
    if picture.look_at:
        center = np.array(picture.look_at, dtype=np.float64)
    else:
        center = eye + ORBIT_RADIUS_M * ahead
        if not picture.eye:
            # Around the spawn itself, looking inwards over it.
            eye, center = spawn - ORBIT_RADIUS_M * ahead, spawn
    return eye, center


def _walk(world: World, picture: PictureRequest) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keyframes from behind the spawn, past it, to the station furthest ahead; the gaze stays on the best view.

    Stations are where the world was looked at from, so the ground there is free and splats are at their best.
    """
    spawn, ahead = _spawn_eye(world), _heading(world)
    if picture.eye and picture.look_at:
        eyes = np.array([picture.eye, picture.look_at], dtype=np.float64)
        return eyes, eyes[1] + np.array([[0.2, 0.0, 0.2], [1.0, 0.0, 1.0]]) * (eyes[1] - eyes[0])
    stations = np.array(world.manifest.stations, dtype=np.float64).reshape(-1, 3) - spawn
    level = stations[np.abs(stations[:, 1]) <= _LEVEL_STEP_M]
    along = level @ ahead
    keyframes = [np.zeros(3)]
    if (along < -0.3).any():
        keyframes.insert(0, level[np.argmin(along)])
    keyframes.append(level[np.argmax(along)] if (along > 0.3).any() else _WALK_FALLBACK_M * ahead)
    eyes = np.array(keyframes) + spawn
    right = np.array([-ahead[2], 0.0, ahead[0]])
    sway = np.array([-1.0, 1.0, 0.0][-len(eyes) :])[:, None]
    return eyes, spawn + _GAZE_M * (ahead + _SWAY * sway * right)


def _spawn_eye(world: World) -> NDArray[np.float64]:
    spawn = world.manifest.spawn
    return np.array([spawn.position[0], spawn.position[1] + spawn.eye_height_m, spawn.position[2]])


def _heading(world: World) -> NDArray[np.float64]:
    yaw = world.manifest.spawn.yaw
    return np.array([-math.sin(yaw), 0.0, -math.cos(yaw)])


def _some_points(world: World) -> PointCloud | None:
    """Evenly chosen points of the world for the COLMAP model, if it has any."""
    if not any(file.role == "points" for file in world.manifest.files):
        return None
    points = world.points
    step = max(1, -(-len(points.points) // _COLMAP_POINTS))
    return PointCloud(points=points.points[::step], colors=points.colors[::step])


def _pictures(
    cameras: list[Camera], render: Callable[[Any], NDArray[np.float32]], progress: Progress
) -> Iterator[NDArray[np.uint8]]:
    for number, camera in enumerate(cameras):
        progress(number / len(cameras), f"picture {number + 1} of {len(cameras)}")
        yield bytes_from_unit(render(camera))
