"""Where an agent can walk, and what is worth walking to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Who walks: an upright cylinder."""

    radius_m: float = 0.35
    height_m: float = 1.8
    max_slope_deg: float = 45.0
    max_step_m: float = 0.4
    """Height of a step that it climbs without a jump."""
    max_wade_m: float = 0.6
    """Depth of water that it walks through."""

    def __post_init__(self) -> None:
        """Check that there is somebody."""
        sizes = (self.radius_m, self.height_m, self.max_step_m, self.max_wade_m, self.max_slope_deg)
        if not all(math.isfinite(size) for size in sizes):
            raise InvalidInputError("An agent's sizes must be finite.")
        if not (0.05 <= self.radius_m <= 10.0 and 0.1 <= self.height_m <= 50.0):
            raise InvalidInputError("An agent needs a radius of 0.05 to 10 m and a height of 0.1 to 50 m.")
        if not (0.0 < self.max_step_m < self.height_m and self.max_wade_m >= 0.0):
            raise InvalidInputError("An agent's step must be positive and lower than itself.")
        if not 0.0 < self.max_slope_deg < 85.0:
            raise InvalidInputError("An agent's steepest slope must lie between 0 and 85 degrees.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Island:
    """A connected piece of walkable ground; ``area_m2`` is measured along the ground's surface."""

    area_m2: float
    num_triangles: int
    center: tuple[float, float, float]
    """A point of the island near its middle."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NavMesh:
    """Walkable ground as triangles with upward fronts; an agent's centre may stand anywhere on them.

    vertices    (V, 3) float32  metres, in world
    triangles   (T, 3) int32    vertex indices
    neighbours  (T, 3) int32    triangle across the edge from corner k to k + 1, -1 at the rim
    island_ids  (T,)   int32    index into ``islands``, which are sorted by area, greatest first

    The rim lies within ``edge_error_m`` of where the agent touches something, and heights mostly within
    ``height_error_m`` of the ground (narrow triangles at the rim are not probed); both hold at the ``cell_m`` at which
    the world was sampled.
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    neighbours: NDArray[np.int32]
    island_ids: NDArray[np.int32]
    islands: tuple[Island, ...]
    agent: Agent
    cell_m: float
    edge_error_m: float
    height_error_m: float

    def __post_init__(self) -> None:
        """Check shapes, types and index ranges."""
        vertices = require_array("NavMesh", "vertices", self.vertices, ("V", 3), np.float32)
        triangles = require_array("NavMesh", "triangles", self.triangles, ("T", 3), np.int32)
        count = len(triangles)
        neighbours = require_array("NavMesh", "neighbours", self.neighbours, (count, 3), np.int32)
        island_ids = require_array("NavMesh", "island_ids", self.island_ids, (count,), np.int32)
        for name, values, limit in (
            ("triangles", triangles, len(vertices)),
            ("neighbours", neighbours, count),
            ("island_ids", island_ids, len(self.islands)),
        ):
            lowest = -1 if name == "neighbours" else 0
            if values.size and (values.min() < lowest or values.max() >= limit):
                raise InvalidInputError(f"NavMesh.{name} must index {lowest} to {limit - 1}.")
        freeze(self, vertices=vertices, triangles=triangles, neighbours=neighbours, island_ids=island_ids)

    @property
    def num_triangles(self) -> int:
        """Number of triangles."""
        return len(self.triangles)

    @property
    def area_m2(self) -> float:
        """Walkable area along the ground's surface."""
        return sum(island.area_m2 for island in self.islands)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpawnPoint:
    """A place to start: feet on the navmesh, heading in radians as everywhere, and what is seen from there.

    ``reachable_share`` is the share of the walkable area that can be reached from it.
    """

    name: str
    position: tuple[float, float, float]
    yaw: float
    island: int
    reachable_share: float
    facing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PointOfInterest:
    """Something worth going to; ``approach`` is the nearest place on the navmesh, None where none is near.

    ``yaw`` is the heading in which it lies from there, None where there is no such place or all ways are worth a look.
    """

    name: str
    kind: Literal["structure", "thing", "water", "viewpoint"]
    label: str
    position: tuple[float, float, float]
    radius_m: float
    approach: tuple[float, float, float] | None
    is_reachable: bool
    """Whether one can walk there from the first spawn point."""
    yaw: float | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Navigation:
    """Navmesh, spawn points (the world's own first) and points of interest; warnings say what is not as it should."""

    navmesh: NavMesh
    spawn_points: tuple[SpawnPoint, ...]
    points_of_interest: tuple[PointOfInterest, ...]
    warnings: tuple[str, ...] = ()
