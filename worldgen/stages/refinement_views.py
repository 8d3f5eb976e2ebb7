"""True pictures of a built world for refining its splats: from where visitors walk, in every direction."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.cameras import pinhole_camera_at
from worldgen.geometry.collision import ground_heights
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.splat_refinement import reduced_picture
from worldgen.rendering.splat_training import RefinementView
from worldgen.rendering.tone_mapping import tone_map
from worldgen.scene.camera import Camera
from worldgen.scene.scene import Scene
from worldgen.scene.view import View
from worldgen.stages.choose_stations import CLEARANCE_M, RayTracer, clearances, reached_places

WALK_RADIUS_M = 3.3
"""How far from the spawn visitors are taken to go."""
SAMPLES = 2
"""Path samples per pixel: many noisy pictures tell more than a few clean ones of the same cost."""
KEPT_NOISE = 0.2
"""Part of their noise that is left in them: splats are seen in dozens of pictures, over which noise averages out, and
what the denoiser blurs does not."""
STATION_PIXELS = 1.45
"""Side of the pixels of station pictures over that of the finest ones that the splats suffice for: a step with one of
these costs what a step with any other costs, and learns as much."""

_HEADING_STEP = math.pi * (3.0 - math.sqrt(5.0))
_FIELDS_OF_VIEW = (0.5 * math.pi, 0.5 * math.pi, 0.5 * math.pi, 0.36 * math.pi)
_TRIES = 6


def walking_places(tracer: RayTracer, scene: Scene, count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Up to ``count`` places (P, 3) at about eye height around the spawn, free and within reach; at least the spawn."""
    spawn = np.array([0.0, scene.eye_height_m, 0.0])
    radius = WALK_RADIUS_M * np.sqrt(random.random(_TRIES * count))
    azimuth = 2.0 * math.pi * random.random(_TRIES * count)
    x, z = radius * np.cos(azimuth), radius * np.sin(azimuth)
    lift = random.uniform(-0.3, 0.3, _TRIES * count)
    y = ground_heights(scene.terrain, x, z) + scene.eye_height_m + lift
    tried = np.stack([x, y, z], axis=1)
    free = tried[clearances(tracer, tried) > CLEARANCE_M]
    near = free[reached_places(tracer, spawn[None], free)]
    return np.concatenate([spawn[None], near])[: max(count, 1)]


def picture_width(splat_budget: int) -> int:
    """Columns of pictures whose pixels are about as wide as the splats of such a cloud; rows are three quarters."""
    return 16 * max(4, round(20.0 * math.sqrt(splat_budget / 500_000)))


def walking_cameras(
    places: NDArray[np.float64], count: int, width: int, random: np.random.Generator
) -> tuple[Camera, ...]:
    """``count`` cameras at places (P, 3): headings spread evenly, some looking up or down, some zooming in."""
    cameras = []
    start = 2.0 * math.pi * random.random()
    for index in range(count):
        eye = places[index % len(places)]
        heading = start + index * _HEADING_STEP
        slope = random.uniform(-0.55, 0.25)
        target = eye + np.array([math.sin(heading), slope, -math.cos(heading)])
        fov = _FIELDS_OF_VIEW[index % len(_FIELDS_OF_VIEW)]
        cameras.append(pinhole_camera_at(eye, target, height=3 * width // 4, width=width, horizontal_fov=fov))
    return tuple(cameras)


def render_refinement_views(
    renderer: SceneRenderer, cameras: Sequence[Camera], exposure: float, *, is_over: Callable[[int], bool]
) -> tuple[RefinementView, ...]:
    """Path trace what cameras see, with depth, in the world's display colours.

    Args:
        renderer: Of the scene.
        cameras: Where from.
        exposure: The world's.
        is_over: Is asked before each picture, with the number of those that are done; True ends it.
    """
    views: list[RefinementView] = []
    for camera in cameras:
        if is_over(len(views)):
            break
        view = renderer.render_view(camera, SAMPLES, kept_noise=KEPT_NOISE)
        depth = view.buffers.euclidean_depth
        views.append(RefinementView(camera=camera, rgb=tone_map(view.radiance, exposure), euclidean_depth=depth))
    return tuple(views)


def station_refinement_views(
    views: Sequence[View], colors: Sequence[NDArray[np.float32]], pixel: float
) -> tuple[RefinementView, ...]:
    """What the stations have seen already.

    Args:
        views: Of all stations; those that are no pinhole cameras' are left out.
        colors: (H, W, 3) display-referred pictures of them.
        pixel: In radians; pictures with finer pixels are reduced first.
    """
    reduced = []
    for view, color in zip(views, colors, strict=True):
        if not isinstance(view.camera, Camera):
            continue
        camera, rgb = reduced_picture(view.camera, color, pixel)
        depth = view.buffers.euclidean_depth if camera is view.camera else None
        reduced.append(RefinementView(camera=camera, rgb=rgb, euclidean_depth=depth))
    return tuple(reduced)
