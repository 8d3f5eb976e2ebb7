"""Routes over the land: the cheapest way that avoids slopes, water and buildings."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen import randomness
from worldgen.builder.layout.route_search import cheapest_way
from worldgen.builder.layout.zones import LineZone, PadZone
from worldgen.builder.terrain.queries import ground_height, water_depth_at
from worldgen.scene.terrain import Terrain
from worldgen.spec.model import WorldSpec

_CELL_M = 2.0


class RouteMap:
    """Travel costs on a square grid around the spawn, for several routes over the same land.

    Args:
        terrain: The land.
        half_size_m: Half the side of the square.
    """

    def __init__(self, terrain: Terrain, half_size_m: float) -> None:
        """Sample heights and water once."""
        self._count = int(2.0 * half_size_m / _CELL_M) + 1
        self._origin = -0.5 * (self._count - 1) * _CELL_M
        axis = self._origin + np.arange(self._count) * _CELL_M
        z, x = np.meshgrid(axis, axis, indexing="ij")
        shape = (self._count, self._count)
        self._x, self._z = x, z
        self._heights = ground_height(terrain, x.ravel(), z.ravel()).reshape(shape).astype(np.float64)
        depth = water_depth_at(terrain, x.ravel(), z.ravel()).reshape(shape)
        self._penalty = np.where(depth > 0.02, 60.0, 0.0)

    def route(
        self, start_xz: tuple[float, float], goal_xz: tuple[float, float], pads: Sequence[PadZone]
    ) -> NDArray[np.float64]:
        """The cheapest polyline from start to goal, smoothed; (N, 2) float64 metres."""
        penalty = self._penalty.copy()
        for pad in pads:
            penalty[pad.distance(self._x, self._z) < 1.5] += 40.0
        cells = cheapest_way(self._heights, penalty, _CELL_M, self._cell(start_xz), self._cell(goal_xz))
        points = np.stack([self._x.ravel()[cells], self._z.ravel()[cells]], axis=1)
        points = np.concatenate([[start_xz], points[1:-1], [goal_xz]])
        return smooth_polyline(points)

    def _cell(self, position_xz: tuple[float, float]) -> int:
        column, row = (min(max(round((value - self._origin) / _CELL_M), 0), self._count - 1) for value in position_xz)
        return int(row * self._count + column)


def smooth_polyline(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thin out and round a polyline (corner cutting after Chaikin 1974); its ends stay."""
    if len(points) > 4:
        keep = np.unique(np.concatenate([np.arange(0, len(points), 3), [len(points) - 1]]))
        points = points[keep]
    for _ in range(3):
        quarter = 0.75 * points[:-1] + 0.25 * points[1:]
        three_quarters = 0.25 * points[:-1] + 0.75 * points[1:]
        middle = np.stack([quarter, three_quarters], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], middle, points[-1:]])
    return points


PATH_WIDTH_M = 1.9
"""Width of a foot path; cobbled streets are wider by half."""
PATH_MARGIN_M = 5.5
"""How far beside a path the ground may change: the smoothed strip, the grid cells that it touches, their normals."""


class PathPlan:
    """The paths of a world, laid one by one while buildings are placed.

    The way from behind the spawn comes first; each building then gets a spur to its door that avoids what stood
    before it. Each path belongs to the thing that it leads to, so another building adds a spur and leaves the rest.

    Args:
        spec: Tells whether there are paths, and of what.
        terrain: The land before any levelling.
        play_half_size_m: Half the side of the playable area.
        seed: The world's seed.
    """

    def __init__(self, spec: WorldSpec, terrain: Terrain, play_half_size_m: float, seed: int) -> None:
        """Lay the way from behind the spawn, if the world has paths."""
        self.lines: list[LineZone] = []
        self._half_width_m = 0.5 * PATH_WIDTH_M * (1.5 if spec.path_material == "cobble" else 1.0)
        self._rng = randomness.rng(seed, "path")
        self._routes = RouteMap(terrain, min(play_half_size_m - 4.0, 150.0)) if spec.path else None
        if self._routes is not None:
            aside = (self._rng.random() - 0.5) * 1.2
            behind = (45.0 * math.sin(aside), 45.0 * math.cos(aside))
            self._lay("path/back", self._routes.route(behind, (0.0, 0.0), []))

    def lead_to(self, owner: str, door_xz: tuple[float, float], pads: Sequence[PadZone]) -> None:
        """Lay a spur from the nearest path to a door; ``pads`` are the buildings to avoid."""
        if self._routes is None or math.hypot(*door_xz) > 110.0:
            return
        start = _nearest_on(self.lines, door_xz)
        if math.dist(start, door_xz) > 1.0:
            self._lay(f"path/{owner}", self._routes.route(start, door_xz, pads))

    def lead_ahead(self) -> None:
        """Where no building was reached, lead on into the view."""
        if self._routes is not None and len(self.lines) == 1:
            ahead = (self._rng.random() - 0.5) * 0.7
            far = (110.0 * math.sin(ahead), -110.0 * math.cos(ahead))
            self._lay("path/ahead", self._routes.route((0.0, 0.0), far, []))

    def _lay(self, owner: str, points: NDArray[np.float64]) -> None:
        self.lines.append(
            LineZone(owner=owner, points_xz=points, half_width_m=self._half_width_m, margin_m=PATH_MARGIN_M)
        )


def _nearest_on(lines: Sequence[LineZone], position_xz: tuple[float, float]) -> tuple[float, float]:
    points = np.concatenate([line.points_xz for line in lines])
    nearest = points[np.argmin(np.hypot(*(points - position_xz).T))]
    return float(nearest[0]), float(nearest[1])


def places_along(
    lines: Sequence[LineZone], count: int, *, aside_m: float, skip_m: float = 4.0
) -> list[tuple[float, float, float]]:
    """Evenly spaced places beside the paths, on alternating sides, those nearest to the spawn first.

    Args:
        lines: The paths.
        count: How many places.
        aside_m: Distance from the path's edge.
        skip_m: No place is nearer to the spawn than this.

    Returns:
        x, z and the heading (yaw) from each place to the path.
    """
    spacing = 9.0
    places: list[tuple[float, float, float]] = []
    for line in lines:
        steps = np.linalg.norm(np.diff(line.points_xz, axis=0), axis=1)
        travelled = np.concatenate([[0.0], np.cumsum(steps)])
        stops = np.arange(0.5 * spacing, float(travelled[-1]), spacing)
        for number, stop in enumerate(stops):
            index = min(int(np.searchsorted(travelled, stop)), len(line.points_xz) - 1)
            here, before = line.points_xz[index], line.points_xz[index - 1]
            ahead = (here - before) / max(float(np.linalg.norm(here - before)), 1e-9)
            side = 1.0 if number % 2 else -1.0
            away = side * np.array([-ahead[1], ahead[0]])
            x, z = here + away * (line.half_width_m + aside_m)
            if math.hypot(x, z) > skip_m and all(math.dist((x, z), place[:2]) > 0.6 * spacing for place in places):
                places.append((float(x), float(z), math.atan2(-away[0], -away[1])))
    # Places in front of the spawn count as nearer than those behind it.
    places.sort(key=lambda place: math.hypot(place[0], place[1]) + (12.0 if place[1] > 0.0 else 0.0))
    return places[:count]
