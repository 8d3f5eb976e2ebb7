"""Local frames: where the left, bottom and outer side of a piece of a building are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]


def _turn(angle: float) -> tuple[float, float]:
    """Cosine and sine, exact at quarter turns so that walls that meet share their edges to the last bit."""
    cosine, sine = math.cos(angle), math.sin(angle)
    if abs(cosine) < 1e-12:
        return 0.0, math.copysign(1.0, sine)
    if abs(sine) < 1e-12:
        return math.copysign(1.0, cosine), 0.0
    return cosine, sine


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A right-handed frame; a point in it is (s, y, d): metres along ``right``, ``up`` and ``out``.

    A wall's frame has its outer face in the plane d = 0, seen from outside with s to the right.

    origin  (3,) float64    in the prototype's frame
    axes    (3, 3) float64  rows are the unit vectors right, up and out = right × up
    """

    origin: Points
    axes: Points

    def points(self, local: ArrayLike) -> Points:
        """Points (..., 3) of the prototype's frame from local ones."""
        moved: Points = np.asarray(local, dtype=np.float64) @ self.axes + self.origin
        return moved

    def point(self, s: float, y: float, d: float) -> Points:
        """One point of the prototype's frame, (3,)."""
        moved: Points = self.origin + s * self.axes[0] + y * self.axes[1] + d * self.axes[2]
        return moved

    def moved(self, s: float = 0.0, y: float = 0.0, d: float = 0.0) -> Frame:
        """The same axes at another origin, given in this frame."""
        return Frame(self.point(s, y, d), self.axes)

    def yawed(self, angle: float) -> Frame:
        """Turned about ``up``, counter-clockwise seen from above: a quarter turn brings ``out`` to ``right``."""
        cosine, sine = _turn(angle)
        right, up, out = self.axes
        return Frame(self.origin, np.array([cosine * right - sine * out, up, sine * right + cosine * out]))

    def rolled(self, angle: float) -> Frame:
        """Turned about ``out``, counter-clockwise seen from outside: a quarter turn brings ``right`` to ``up``."""
        cosine, sine = _turn(angle)
        right, up, out = self.axes
        return Frame(self.origin, np.array([cosine * right + sine * up, cosine * up - sine * right, out]))

    def pitched(self, angle: float) -> Frame:
        """Turned about ``right``: a quarter turn brings ``up`` to ``out``, so that a wall leans outwards."""
        cosine, sine = _turn(angle)
        right, up, out = self.axes
        return Frame(self.origin, np.array([right, cosine * up + sine * out, cosine * out - sine * up]))


WORLD = Frame(np.zeros(3), np.eye(3))
"""The prototype's own frame: s is x, y is y, d is z."""


def frame_between(start: ArrayLike, end: ArrayLike, up_hint: ArrayLike = (0.0, 1.0, 0.0)) -> Frame:
    """A frame at ``start`` whose ``right`` points to ``end`` and whose ``up`` is as near to the hint as can be."""
    origin = np.asarray(start, dtype=np.float64)
    right = np.asarray(end, dtype=np.float64) - origin
    right = right / np.linalg.norm(right)
    hint = np.asarray(up_hint, dtype=np.float64)
    if abs(float(right @ hint)) > 0.999 * float(np.linalg.norm(hint)):
        hint = np.array([0.0, 0.0, 1.0]) if abs(right[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    up = hint - right * float(right @ hint)
    up = up / np.linalg.norm(up)
    return Frame(origin, np.array([right, up, np.cross(right, up)]))


def wall_frames(width: float, length: float) -> tuple[Frame, Frame, Frame, Frame]:
    """Frames of the four walls of a ``width`` × ``length`` rectangle (x and z) about the origin.

    In order: front (+Z), right (+X), back (-Z), left (-X); each at the middle of its wall's foot.
    """
    half = (length / 2.0, width / 2.0, length / 2.0, width / 2.0)
    turned = (WORLD.yawed(side * math.pi / 2.0) for side in range(4))
    front, right, back, left = (frame.moved(d=distance) for frame, distance in zip(turned, half, strict=True))
    return front, right, back, left
