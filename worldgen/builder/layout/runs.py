"""Runs of fence and wall: segments laid end to end along a line over the land."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.layout.zones import LineZone, PadZone, Zone
from worldgen.builder.terrain.queries import ground_height, water_depth_at
from worldgen.frames import rigid
from worldgen.scene.scene import SceneObject
from worldgen.scene.terrain import Terrain

SEGMENT_M = {"fence": 2.4, "wall": 5.0}
"""Length of one segment of the families that are laid in runs."""


def run_around(pad: PadZone, gap_m: float) -> NDArray[np.float64]:
    """A yard around a building, open in front of its door; (N, 2) float64 metres."""
    half_x, half_z = pad.half_size_m[0] + gap_m, pad.half_size_m[1] + gap_m
    door = 1.6
    corners = [
        (door, half_z),
        (half_x, half_z),
        (half_x, -half_z),
        (-half_x, -half_z),
        (-half_x, half_z),
        (-door, half_z),
    ]
    cos, sin = math.cos(pad.yaw), math.sin(pad.yaw)
    turned = [(x * cos + z * sin, -x * sin + z * cos) for x, z in corners]
    return np.array(turned) + np.array(pad.center_xz)


def run_along(path: LineZone, length_m: float) -> NDArray[np.float64]:
    """The part of a path's edge that lies nearest to the spawn; (N, 2) float64 metres."""
    points = path.points_xz
    ahead = np.gradient(points, axis=0)
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    beside = points + np.stack([ahead[:, 1], -ahead[:, 0]], axis=1) * (path.half_width_m + 1.0)
    travelled = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    keep = (travelled >= 4.0) & (travelled <= 4.0 + length_m)
    return beside[keep] if keep.sum() >= 2 else beside[:2]


def run_across(length_m: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A gently bent line across the view, to one side of its middle; (N, 2) float64 metres."""
    side = float(rng.choice([-1.0, 1.0]))
    start = side * math.radians(9.0 + 6.0 * rng.random())
    distance = 10.0 + 5.0 * rng.random()
    heading = start + side * np.linspace(0.0, length_m / (1.4 * distance), 12)
    reach = distance * (1.0 + 0.5 * np.linspace(0.0, 1.0, 12) ** 2)
    return np.stack([reach * np.sin(heading), -reach * np.cos(heading)], axis=1)


def lay_run(
    line_xz: NDArray[np.float64],
    terrain: Terrain,
    *,
    segment_m: float,
    object_id: str,
    spec_id: str,
    prototypes: tuple[str, ...],
    pads: list[PadZone],
    paths: list[LineZone],
) -> list[SceneObject]:
    """Segments along a polyline, each tilted to join its neighbours; left out in water, on pads and across paths."""
    objects = []
    zones: list[Zone] = [*pads, *paths]
    posts = _posts(line_xz, segment_m)
    heights = ground_height(terrain, posts[:, 0], posts[:, 1]).astype(np.float64)
    wet = water_depth_at(terrain, posts[:, 0], posts[:, 1]) > 0.0
    for number in range(len(posts) - 1):
        middle = 0.5 * (posts[number] + posts[number + 1])
        x, z = middle[:1], middle[1:]
        blocked = any(zone.distance(x, z)[0] < 0.35 for zone in zones)
        step = posts[number + 1] - posts[number]
        rise = heights[number + 1] - heights[number]
        if wet[number] or wet[number + 1] or blocked or abs(rise) > 0.8 * segment_m:
            continue
        along = np.array([step[0], rise, step[1]])
        length = float(np.linalg.norm(along))
        right = along / length
        front = np.cross(right, (0.0, 1.0, 0.0))
        front /= np.linalg.norm(front)
        rotation = np.stack([right, np.cross(front, right), front], axis=1)
        height = 0.5 * (heights[number] + heights[number + 1])
        objects.append(
            SceneObject(
                object_id=f"{object_id}/{number}",
                spec_id=spec_id,
                prototype=prototypes[number % len(prototypes)],
                world_from_object=rigid(rotation, np.array([middle[0], height, middle[1]]))
                @ np.diag([length / segment_m] * 3 + [1.0]),
            )
        )
    return objects


def _posts(line_xz: NDArray[np.float64], segment_m: float) -> NDArray[np.float64]:
    """Points at even steps along each straight piece of a polyline, so that corners stay corners."""
    posts = [line_xz[0]]
    carried = line_xz[0]
    for corner in line_xz[1:]:
        piece = corner - carried
        count = round(float(np.linalg.norm(piece)) / segment_m)
        for step in range(1, count + 1):
            posts.append(carried + piece * (step / count))
        if count:
            carried = corner
    return np.array(posts)
