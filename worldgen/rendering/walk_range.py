"""How far the sheets of a panorama stay true: measured by looking at them from places around its camera.

From the camera's own place the sheets show the panorama. From elsewhere a direction is untrue if it shows an invented
surface, the back of one, a gap, or a piece of the picture that is drawn out far beyond the size at which it was taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.ground_field import GroundField
from worldgen.rendering.embree import NO_HIT, InstancedScene
from worldgen.scene.textured_mesh import TexturedMesh
from worldgen.scene.walk_range import WalkRange

NUM_DIRECTIONS = 16
DISTANCES_M = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
TOLERANCE = 0.25
"""Share of untrue directions up to which the picture is said to hold."""
LEAST_RANGE_M = 0.8
"""Nobody is walled in closer than this, so that a visitor can turn round and step aside."""

_MOST_STRETCH = 4.0
"""A pixel of the picture may be seen so many times as wide as from the panorama's place."""
_NUM_RAYS = 2048
_LOWEST, _HIGHEST = math.radians(-60.0), math.radians(50.0)
"""Elevations that are looked at: one's own feet and the zenith say little."""


def measure_walk_range(
    sheets: Sequence[TexturedMesh], field: GroundField, eye_height: float, *, tolerance: float = TOLERANCE
) -> WalkRange:
    """Look at a panorama's sheets from rings of places around its camera.

    Args:
        sheets: What the panorama became; those labelled "sky" are true wherever they are seen.
        field: The ground, on which a visitor walks.
        eye_height: Of the panorama's camera and of the visitor, metres above the ground.
        tolerance: Share of untrue directions up to which the picture is said to hold.

    Returns:
        The range: in each direction up to where the share passes the tolerance.
    """
    looked_at = _Looks(sheets, np.array([0.0, eye_height, 0.0]))
    turns = np.arange(NUM_DIRECTIONS) / NUM_DIRECTIONS * 2.0 * math.pi
    shares = np.zeros((len(DISTANCES_M), NUM_DIRECTIONS))
    for number, distance in enumerate(DISTANCES_M):
        x, z = distance * np.sin(turns), -distance * np.cos(turns)
        places = np.stack([x, field.at(x, z) + eye_height, z], axis=1)
        shares[number] = [looked_at.untrue_share(place) for place in places]
    center = looked_at.untrue_share(looked_at.center)
    reaches = [_reach(np.append(center, shares[:, k]), tolerance) for k in range(NUM_DIRECTIONS)]
    radii: NDArray[np.float64] = np.maximum(reaches, LEAST_RANGE_M)
    return WalkRange(
        radii_m=radii.round(3),
        distances_m=np.array(DISTANCES_M),
        untrue_shares=np.round(shares.mean(axis=1), 4),
        tolerance=tolerance,
    )


def _reach(shares: NDArray[np.float64], tolerance: float) -> float:
    """The distance at which a share first passes the tolerance, between the places that were looked at."""
    distances = np.append(0.0, DISTANCES_M)
    beyond = np.flatnonzero(shares > tolerance)
    if not beyond.size:
        return float(distances[-1])
    first = int(beyond[0])
    if first == 0:
        return 0.0
    part = (tolerance - shares[first - 1]) / (shares[first] - shares[first - 1])
    return float(distances[first - 1] + part * (distances[first] - distances[first - 1]))


class _Looks:
    """Sheets ready to be looked at, and the same directions for every look."""

    def __init__(self, sheets: Sequence[TexturedMesh], center: NDArray[np.float64]) -> None:
        self.center = center
        self._sheets = tuple(sheet for sheet in sheets if sheet.mesh.num_triangles)
        self._scene = InstancedScene()
        group = self._scene.add_group(
            [
                (np.concatenate([sheet.mesh.vertices, np.zeros((1, 3), np.float32)]), sheet.mesh.triangles)
                for sheet in self._sheets
            ]
        )
        self._scene.add_instance(group, np.eye(4))
        self._scene.commit()
        self._rays = _even_directions()

    def untrue_share(self, eye: NDArray[np.float64]) -> float:
        """Share of the directions in which something else is seen than what the picture shows."""
        hits = self._scene.intersect(eye.astype(np.float32)[None], self._rays, columns=0)
        ids = hits.ids
        is_true = np.zeros(len(self._rays), dtype=np.bool_)
        for index, sheet in enumerate(self._sheets):
            here = np.flatnonzero((ids[:, 1] == index) & (ids[:, 2] != NO_HIT))
            if sheet.label == "sky":
                is_true[here] = True
            elif here.size:
                hit = (hits.distances[here], hits.barycentrics[here], ids[here, 2])
                is_true[here] = self._are_true(sheet, eye, self._rays[here], hit)
        return float(1.0 - is_true.mean())

    def _are_true(
        self,
        sheet: TexturedMesh,
        eye: NDArray[np.float64],
        rays: NDArray[np.float32],
        hit: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint32]],
    ) -> NDArray[np.bool_]:
        """(N,) which hits of a sheet show the picture from its front, not drawn out too far."""
        distance, weights, triangles = hit
        corners = sheet.mesh.triangles[triangles]
        a, b, c = (sheet.mesh.vertices[corners[:, k]].astype(np.float64) for k in range(3))
        normals = np.cross(b - a, c - a)
        normals /= np.maximum(np.sqrt((normals**2).sum(axis=1, keepdims=True)), 1e-12)
        points = eye + rays * distance.astype(np.float64)[:, None]
        second, third = weights[:, 0], weights[:, 1]
        marks = sheet.is_seen[corners]
        seen = marks[:, 0] * (1.0 - second - third) + marks[:, 1] * second + marks[:, 2] * third
        facing = -(normals * rays).sum(axis=1)
        from_center = points - self.center
        first_distance = np.sqrt((from_center**2).sum(axis=1))
        first_facing = -(normals * from_center).sum(axis=1) / np.maximum(first_distance, 1e-9)
        # Solid angle that a small piece fills now, over what it filled in the panorama.
        now = facing / np.maximum(distance.astype(np.float64), 1e-6) ** 2
        before = first_facing / np.maximum(first_distance, 1e-6) ** 2
        is_true: NDArray[np.bool_] = (
            (seen > 0.5) & (facing > 0.0) & (first_facing > 0.0) & (now <= _MOST_STRETCH**2 * before)
        )
        return is_true


def _even_directions() -> NDArray[np.float32]:
    """(N, 3) directions that cover a band around the horizon evenly: a Fibonacci spiral."""
    number = np.arange(_NUM_RAYS) + 0.5
    height = math.sin(_LOWEST) + (math.sin(_HIGHEST) - math.sin(_LOWEST)) * number / _NUM_RAYS
    turn = number * math.pi * (3.0 - math.sqrt(5.0))
    level = np.sqrt(1.0 - height**2)
    return np.stack([level * np.sin(turn), height, -level * np.cos(turn)], axis=1).astype(np.float32)
