"""How well splats stand for a world, seen from the spawn and from where a visitor walks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.cameras import pinhole_camera_at
from worldgen.quality.coverage import HOLE_ALPHA
from worldgen.quality.flip import mean_flip
from worldgen.quality.images import mean_squared_error, psnr_from_error, ssim
from worldgen.rendering.splats import render_splats
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud

VISITOR_OFFSETS_M = (
    (1.0, 0.2),
    (-1.1, 0.6),
    (0.3, -1.5),
    (-0.4, 1.8),
    (2.1, -0.6),
    (-2.3, -0.7),
    (1.6, 2.3),
    (-1.5, -2.5),
)
"""Eight places (x, z) 1 to 3 m from the spawn from which a world is judged."""

_HEADINGS = tuple(0.3 + 0.5 * math.pi * quarter for quarter in range(4))
_DOWNWARDS = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewScore:
    """How splats compare with the truth, over all pictures taken from one place."""

    psnr_db: float
    """Of the error over all pictures together, not the mean of their decibels."""
    ssim: float
    flip: float
    """Mean FLIP, 0 for equal pictures."""
    hole_ratio: float


def judging_cameras(eye: NDArray[np.float64], *, width: int = 320, height: int = 240) -> tuple[Camera, ...]:
    """Four cameras around the horizon, 90° wide and tilted a little to the ground, from (3,) ``eye``."""
    return tuple(
        pinhole_camera_at(
            eye,
            eye + np.array([math.sin(heading), -_DOWNWARDS, -math.cos(heading)]),
            height=height,
            width=width,
            horizontal_fov=0.5 * math.pi,
        )
        for heading in _HEADINGS
    )


def score_splats(cloud: GaussianCloud, cameras: Sequence[Camera], truth: Sequence[NDArray[np.float32]]) -> ViewScore:
    """Compare renders of a cloud with true pictures.

    Args:
        cloud: The splats.
        cameras: Where from.
        truth: For each camera the true picture, (H, W, 3) display-referred.
    """
    renders = [render_splats(cloud, camera) for camera in cameras]
    pairs = list(zip(renders, truth, strict=True))
    return ViewScore(
        psnr_db=psnr_from_error(float(np.mean([mean_squared_error(render.rgb, true) for render, true in pairs]))),
        ssim=float(np.mean([ssim(render.rgb, true) for render, true in pairs])),
        flip=float(np.mean([mean_flip(render.rgb, true) for render, true in pairs])),
        hole_ratio=float(np.mean([render.alpha < HOLE_ALPHA for render in renders])),
    )


def judging_eyes(
    spawn: NDArray[np.float64], ground_height: Callable[[float, float], float], eye_height_m: float
) -> tuple[NDArray[np.float64], ...]:
    """The spawn and the eight places of ``VISITOR_OFFSETS_M``, each at eye height over its ground; (3,) each."""
    eyes = [spawn]
    for x, z in VISITOR_OFFSETS_M:
        east, south = float(spawn[0]) + x, float(spawn[2]) + z
        eyes.append(np.array([east, ground_height(east, south) + eye_height_m, south]))
    return tuple(eyes)
