"""Where else to look from, so that what the spawn hides is seen too.

Each further station is the one that adds most: surface that visitors near the spawn will see, and no station chosen
so far sees at all or in enough detail. Such a sum of best views is submodular, for which picking greedily is near the
optimum (Nemhauser, Wolsey and Fisher 1978).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.collision import ground_heights
from worldgen.geometry.point_grid import sort_keys
from worldgen.geometry.splat_cells import VISIT_RADIUS_M, cell_keys
from worldgen.scene.scene import Scene

CLEARANCE_M = 0.4
"""Stations keep this distance from every surface."""
RING_RADII_M = (1.2, 2.2, 3.2, 4.4, 6.0)
"""Rings of places around the spawn that are tried."""
RAISED_M = 1.3
"""How far above the eye the raised places lie."""

_PER_RING = 10
_RAISED_RADIUS_M = 2.2
_NUM_RAYS = 4096
_CELL_ANGLE = 1.3 * math.sqrt(4.0 * math.pi / _NUM_RAYS)
_SPAWN_DETAIL = 2.0
"""The spawn's pixels are about half as wide as those of the other stations."""
_LEAST_GAIN = 0.002
"""Stations that add a smaller share of all that there is to see are not worth rendering."""


class RayHits(Protocol):
    """What this stage reads of hits: distances (N,), +inf for a miss, and normals (N, 3)."""

    @property
    def euclidean_depth(self) -> NDArray[np.float32]:
        """Metres along the ray, +inf for a miss."""

    @property
    def normals(self) -> NDArray[np.float32]:
        """Unit normals that face the ray."""


class RayTracer(Protocol):
    """What this stage needs of a tracer."""

    def trace(self, origins: NDArray[np.float64], directions: NDArray[np.float64]) -> RayHits:
        """First hits of rays from (N, 3) or (1, 3) origins along (N, 3) directions."""


@dataclass(frozen=True, slots=True, eq=False)
class _Survey:
    """What each of P places sees of C surface cells.

    detail  (P, C) float32  how finely the place sees the cell, as the side of a pixel there, inverted; 0 where not
    weight  (C,)   float64  how much of visitors' view the cell takes
    needed  (C,)   float64  the detail in which visitors see it
    """

    detail: NDArray[np.float32]
    weight: NDArray[np.float64]
    needed: NDArray[np.float64]


def choose_stations(tracer: RayTracer, scene: Scene, *, max_stations: int) -> tuple[NDArray[np.float64], ...]:
    """Choose the spawn and up to ``max_stations - 1`` further places.

    Args:
        tracer: Casts rays into the scene.
        scene: For the terrain and the height of the eye.
        max_stations: Stations at most, the spawn included.

    Returns:
        Positions (3,) in world, the spawn's eye first, in the order of what they add.
    """
    spawn = np.array([0.0, scene.eye_height_m, 0.0])
    places = [spawn, *_free_places(tracer, scene, spawn)]
    if max_stations < 2 or len(places) < 2:
        return (spawn,)
    survey = _survey(tracer, places, spawn)
    chosen = _choose_greedily(survey, max_stations)
    return tuple(places[index] for index in chosen)


def _free_places(tracer: RayTracer, scene: Scene, spawn: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Places around the spawn that one can get to in a straight line, with room to every side."""
    x, z, raised = [], [], []
    for ring, radius in enumerate(RING_RADII_M):
        for step in range(_PER_RING):
            angle = 2.0 * math.pi * (step + 0.5 * (ring % 2)) / _PER_RING
            x.append(radius * math.cos(angle))
            z.append(radius * math.sin(angle))
            raised.append(0.0)
    for step in range(6):
        angle = 2.0 * math.pi * step / 6
        x.append(_RAISED_RADIUS_M * math.cos(angle))
        z.append(_RAISED_RADIUS_M * math.sin(angle))
        raised.append(RAISED_M)
    ground = ground_heights(scene.terrain, np.array(x), np.array(z))
    tried = np.stack([x, ground + scene.eye_height_m + np.array(raised), z], axis=1)
    room = clearances(tracer, np.concatenate([spawn[None], tried]))[1:]
    open_places = tried[room > CLEARANCE_M]
    # A place behind a trunk is reached by way of another one; two rounds go round most things, but into no solid.
    reached = reached_places(tracer, spawn[None], open_places)
    if reached.any():
        reached |= reached_places(tracer, open_places[reached], open_places)
    return list(open_places[reached])


def reached_places(tracer: RayTracer, sources: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which targets a straight line from any of the sources reaches; (T,)."""
    offsets = (targets[None] - sources[:, None]).reshape(-1, 3)
    distances = np.linalg.norm(offsets, axis=1)
    here = distances < 1e-6
    directions = np.where(here[:, None], np.array([0.0, 1.0, 0.0]), offsets)
    if not len(directions):
        return np.zeros(len(targets), dtype=bool)
    depth = tracer.trace(np.repeat(sources, len(targets), axis=0), directions).euclidean_depth
    return (here | (depth > distances)).reshape(len(sources), len(targets)).any(axis=0)


def clearances(tracer: RayTracer, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance to the nearest surface, as far as 192 rays find it; (P,)."""
    rays = _directions(192)
    origins = np.repeat(places, len(rays), axis=0)
    depth = tracer.trace(origins, np.tile(rays, (len(places), 1))).euclidean_depth
    return depth.reshape(len(places), -1).min(axis=1).astype(np.float64)


def _directions(count: int) -> NDArray[np.float64]:
    """Unit vectors spread evenly over the sphere (Fibonacci lattice); (count, 3)."""
    index = np.arange(count) + 0.5
    y = 1.0 - 2.0 * index / count
    azimuth = math.pi * (1.0 + math.sqrt(5.0)) * index
    radius = np.sqrt(1.0 - y * y)
    return np.stack([radius * np.cos(azimuth), y, radius * np.sin(azimuth)], axis=1)


def _survey(tracer: RayTracer, places: list[NDArray[np.float64]], spawn: NDArray[np.float64]) -> _Survey:
    """Look around from every place and sort what is seen into cells."""
    rays = _directions(_NUM_RAYS)
    origins = np.repeat(np.array(places), len(rays), axis=0)
    directions = np.tile(rays, (len(places), 1))
    hits = tracer.trace(origins, directions)
    solid = np.isfinite(hits.euclidean_depth)
    distance = hits.euclidean_depth[solid].astype(np.float64)
    points = origins[solid] + directions[solid] * distance[:, None]
    cosine = np.abs(np.einsum("nc,nc->n", hits.normals[solid].astype(np.float64), directions[solid]))
    details = np.sqrt(np.maximum(cosine, 0.02)) / np.maximum(distance, 0.1)
    owners = np.repeat(np.arange(len(places)), len(rays))[solid]
    sorted_keys, order = sort_keys(cell_keys(points.astype(np.float32), spawn, _CELL_ANGLE))
    if not len(order):
        nothing = np.zeros(0)
        return _Survey(np.zeros((len(places), 0), dtype=np.float32), nothing, nothing)
    cell_of = np.concatenate([[0], np.cumsum(sorted_keys[1:] != sorted_keys[:-1])])
    owner, seen_detail = owners[order], details[order]
    detail = np.zeros((len(places), int(cell_of[-1]) + 1), dtype=np.float32)
    np.maximum.at(detail, (owner, cell_of), seen_detail.astype(np.float32))
    offsets = np.linalg.norm(np.array(places) - spawn, axis=1)
    # A visitor stays at eye height near the spawn; the spawn itself counts as much as all others together.
    visits = np.where(offsets <= VISIT_RADIUS_M + 0.3, 1.0, 0.0)
    visits[0] = max(visits[1:].sum(), 1.0)
    weight = np.bincount(cell_of, weights=visits[owner], minlength=detail.shape[1]).astype(np.float64)
    total = np.bincount(cell_of, weights=visits[owner] * seen_detail, minlength=detail.shape[1]).astype(np.float64)
    needed = total / np.maximum(weight, 1e-12)
    visited = weight > 0.0
    return _Survey(detail[:, visited], weight[visited], needed[visited])


def _choose_greedily(survey: _Survey, max_stations: int) -> list[int]:
    """Indices of the places that add most, the spawn (index 0) first."""
    enough = np.minimum(survey.detail / np.maximum(survey.needed, 1e-9), 1.0)
    enough[0] = np.minimum(_SPAWN_DETAIL * survey.detail[0] / np.maximum(survey.needed, 1e-9), 1.0)
    best = enough[0].astype(np.float64)
    chosen = [0]
    least = _LEAST_GAIN * survey.weight.sum()
    while len(chosen) < min(max_stations, len(enough)):
        gains = np.maximum(enough - best, 0.0) @ survey.weight
        index = int(np.argmax(gains))
        if gains[index] <= least:
            break
        chosen.append(index)
        best = np.maximum(best, enough[index])
    return chosen
