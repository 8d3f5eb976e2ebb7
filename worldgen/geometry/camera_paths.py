"""Paths that a camera takes through a world: around a point, along waypoints, between keyframes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.frames import look_at

Poses = list[NDArray[np.float64]]


def orbit_poses(eye: NDArray[np.float64], center: NDArray[np.float64], count: int) -> Poses:
    """``world_from_camera`` of a whole turn about the vertical through ``center``, counter-clockwise from ``eye``.

    The last pose is one step before the first, so that a film of them can be repeated.

    Raises:
        InvalidInputError: The eye stands above or below the centre.
    """
    arm = eye - center
    if math.hypot(arm[0], arm[2]) < 1e-6:
        raise InvalidInputError("An orbit needs an eye that stands beside its centre.")
    poses = []
    for k in range(count):
        cos, sin = math.cos(2.0 * math.pi * k / count), math.sin(2.0 * math.pi * k / count)
        turned = np.array([cos * arm[0] + sin * arm[2], arm[1], cos * arm[2] - sin * arm[0]])
        poses.append(look_at(center + turned, center))
    return poses


def spline_poses(
    eyes: NDArray[np.float64], targets: NDArray[np.float64], count: int, times: Sequence[float] | None = None
) -> Poses:
    """``world_from_camera`` along smooth curves through keyframes, starting and ending at rest.

    Args:
        eyes: (K, 3) where the camera stands, K at least 2.
        targets: (K, 3) what it looks at.
        count: Poses.
        times: Ascending times of the keyframes; None spaces them by the way between the eyes.

    Raises:
        InvalidInputError: Times do not ascend, or an eye meets its target.
    """
    if times is None:
        ways = np.linalg.norm(np.diff(eyes, axis=0), axis=1) + 0.25 * np.linalg.norm(np.diff(targets, axis=0), axis=1)
        knots = np.concatenate([[0.0], np.cumsum(np.maximum(ways, 1e-3))])
    else:
        knots = np.asarray(times, dtype=np.float64)
    if len(knots) != len(eyes) or not np.isfinite(knots).all() or (np.diff(knots) <= 0.0).any():
        raise InvalidInputError("The times of keyframes must ascend, one for each.")
    progress = np.linspace(0.0, 1.0, count)
    if times is None:
        progress = progress * progress * (3.0 - 2.0 * progress)
    moments = knots[0] + progress * (knots[-1] - knots[0])
    both = _hermite(np.concatenate([eyes, targets], axis=1), knots, moments)
    if np.linalg.norm(both[:, :3] - both[:, 3:], axis=1).min() < 1e-6:
        raise InvalidInputError("A camera's eye must not meet what it looks at.")
    return [look_at(row[:3], row[3:]) for row in both]


def _hermite(
    values: NDArray[np.float64], knots: NDArray[np.float64], moments: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cubic curves through values (K, D) with slopes from their neighbours (Catmull and Rom 1974)."""
    slopes = np.zeros_like(values)
    if len(values) > 2:
        slopes[1:-1] = (values[2:] - values[:-2]) / (knots[2:] - knots[:-2])[:, None]
    slopes[0] = (values[1] - values[0]) / (knots[1] - knots[0])
    slopes[-1] = (values[-1] - values[-2]) / (knots[-1] - knots[-2])
    place = np.clip(np.searchsorted(knots, moments, side="right") - 1, 0, len(knots) - 2)
    span = (knots[place + 1] - knots[place])[:, None]
    t = (moments - knots[place])[:, None] / span
    start, end = values[place], values[place + 1]
    return (
        (1.0 + 2.0 * t) * (1.0 - t) ** 2 * start
        + t * (1.0 - t) ** 2 * span * slopes[place]
        + t * t * (3.0 - 2.0 * t) * end
        + t * t * (t - 1.0) * span * slopes[place + 1]
    )
