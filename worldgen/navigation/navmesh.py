"""Solids → navmesh: floors, their clearance, islands, outlines and triangles, tile by tile."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.navigation.clearance import ledge_distances, link_floors, wall_distances
from worldgen.navigation.columns import Floors, Lattice, find_floors
from worldgen.navigation.contours import Ground, Sampling, Window, bulge_sides, simplify_ring, trace_outlines
from worldgen.navigation.regions import TILE_CELLS, label_islands, tile_sheets
from worldgen.navigation.solids import Solids
from worldgen.navigation.triangulation import follow_ground, ring_area, triangle_neighbours, triangulate_rings
from worldgen.navigation.water import Waters, drown_floors
from worldgen.scene.navmesh import Agent, Island, NavMesh

EDGE_ERROR_M = 0.06
HEIGHT_ERROR_M = 0.2
MIN_ISLAND_M2 = 3.0
"""Smaller islands (the tops of rocks and posts) are left out."""

_LEAST_RING_CELLS = 0.5
"""Outlines around less than this many cells are left out."""
_CROSSING_SHARE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """The rectangle of the world that is sampled, in metres."""

    x: tuple[float, float]
    z: tuple[float, float]

    def __post_init__(self) -> None:
        """Check that there is something inside."""
        if (
            not all(math.isfinite(value) for value in (*self.x, *self.z))
            or self.x[0] >= self.x[1]
            or self.z[0] >= self.z[1]
        ):
            raise InvalidInputError("An area needs finite borders, the smaller one first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey:
    """The walkable floors of a lattice."""

    floors: Floors
    ground: Ground
    is_walkable: NDArray[np.bool_]
    labels: NDArray[np.int32]


def build_navmesh(
    solids: Solids,
    area: Area,
    agent: Agent,
    *,
    cell_m: float = 0.25,
    waters: Waters | None = None,
    edge_error_m: float = EDGE_ERROR_M,
    height_error_m: float = HEIGHT_ERROR_M,
    min_island_m2: float = MIN_ISLAND_M2,
    keep_raised: bool = False,
) -> NavMesh:
    """Build the navmesh of an agent.

    Args:
        solids: What the agent stands on and bumps into.
        area: Where to look; its border ends the ground.
        agent: Who walks.
        cell_m: Spacing of the samples, smaller than the radius; passages narrower than the agent by less than a cell
            may be missed.
        waters: Where the ground is under water, or None.
        edge_error_m: How far outlines may be moved to make them simpler.
        height_error_m: How far triangles may leave the ground.
        min_island_m2: Smaller islands are left out.
        keep_raised: Whether to keep islands that hold none of the ground, such as roofs that nothing leads up to.

    Raises:
        InvalidInputError: The cells are too large for the agent or too many.
    """
    if not 0.0 < cell_m < agent.radius_m:
        raise InvalidInputError(f"A cell must be smaller than the agent's radius of {agent.radius_m} m.")
    lattice = Lattice(
        x0=area.x[0],
        z0=area.z[0],
        cell_m=cell_m,
        rows=math.floor((area.z[1] - area.z[0]) / cell_m + 1e-9) + 1,
        columns=math.floor((area.x[1] - area.x[0]) / cell_m + 1e-9) + 1,
    )
    survey = _survey(solids, lattice, agent, waters, (min_island_m2, keep_raised))
    sampling = Sampling(lattice.x0, lattice.z0, cell_m, agent.radius_m, edge_error_m, height_error_m)
    points, triangles, labels = [np.zeros((0, 3))], [np.zeros((0, 3), dtype=np.int64)], [np.zeros(0, dtype=np.int32)]
    num_points = 0
    for window in _windows(lattice):
        sheets = tile_sheets(
            tuple(window), lattice.columns, survey.floors.starts, survey.is_walkable, survey.ground.links
        )
        for sheet in sheets:
            corners, faces = _mesh_sheet(sheet, window, survey.ground, sampling)
            if len(faces):
                points.append(corners)
                triangles.append(faces.astype(np.int64) + num_points)
                labels.append(np.full(len(faces), survey.labels[sheet[sheet >= 0][0]], dtype=np.int32))
                num_points += len(corners)
    return _assemble(np.concatenate(points), np.concatenate(triangles), agent, sampling, min_island_m2)


def _survey(solids: Solids, lattice: Lattice, agent: Agent, waters: Waters | None, kept: tuple[float, bool]) -> _Survey:
    min_island_m2, keep_raised = kept
    floors = find_floors(solids, lattice, agent)
    if waters is not None:
        drown_floors(floors, lattice, waters, agent.max_wade_m)
    links = link_floors(floors, lattice, agent)
    walls = wall_distances(solids, floors, lattice, agent)
    clearance = np.minimum(walls, ledge_distances(floors, links, walls, lattice))
    is_walkable = floors.is_ok & (clearance >= np.float32(agent.radius_m))
    labels, sizes = label_islands(is_walkable, links)
    is_kept = sizes * lattice.cell_m**2 >= 0.5 * min_island_m2
    if not keep_raised:
        is_kept &= np.bincount(labels[is_walkable & floors.is_ground], minlength=len(sizes)) > 0
    is_walkable &= np.append(is_kept, False)[labels]
    return _Survey(floors=floors, ground=Ground(floors.y, clearance, links), is_walkable=is_walkable, labels=labels)


def _windows(lattice: Lattice) -> Iterator[Window]:
    for top in range(0, lattice.rows - 1, TILE_CELLS):
        for left in range(0, lattice.columns - 1, TILE_CELLS):
            yield Window(
                top,
                min(top + TILE_CELLS + 1, lattice.rows),
                left,
                min(left + TILE_CELLS + 1, lattice.columns),
            )


def _mesh_sheet(
    sheet: NDArray[np.int32], window: Window, ground: Ground, sampling: Sampling
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Points and triangles of one sheet; none if it is too small."""
    traced, is_portal, starts = trace_outlines(sheet, window, ground, sampling)
    least = _LEAST_RING_CELLS * sampling.cell**2
    # Outlines that cross after simplification are simplified less.
    for share in (1.0, 0.25, 1e-3):
        finer = sampling._replace(edge_error=share * sampling.edge_error)
        rings = [simplify_ring(traced[a:b], is_portal[a:b], window, finer) for a, b in itertools.pairwise(starts)]
        areas = [ring_area(ring) if len(ring) > 2 else 0.0 for ring in rings]
        if not areas or max(areas) <= least:
            return np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int32)
        outer = int(np.argmax(areas))
        kept = [rings[outer], *(ring for ring, area in zip(rings, areas, strict=True) if area < -least)]
        triangles, off = triangulate_rings([bulge_sides(ring, window, finer) for ring in kept])
        if off <= _CROSSING_SHARE:
            break
    return follow_ground(np.concatenate(kept), triangles, sheet, window, (ground, sampling))


def _assemble(
    points: NDArray[np.float64],
    triangles: NDArray[np.int64],
    agent: Agent,
    sampling: Sampling,
    min_island_m2: float,
) -> NavMesh:
    """Join the tiles where their corners coincide, and number the islands by area."""
    keys = np.rint(points * 1e4).astype(np.int64)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    # Corners in the order in which they first appear, so that tiles stay together in memory.
    order = np.argsort(first, kind="stable")
    rank = np.zeros(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    vertices = points[first[order]].astype(np.float32)
    joined = rank[inverse.reshape(-1)][triangles].astype(np.int32)
    joined = joined[(joined != joined[:, [1, 2, 0]]).all(axis=1)]
    # Seen from above, +x to +z is clockwise: fronts are up after a turn.
    joined = np.ascontiguousarray(joined[:, ::-1])
    neighbours = triangle_neighbours(joined)
    labels = _connected(neighbours)
    corners = vertices[joined].astype(np.float64)
    areas = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    island_areas = np.bincount(labels, weights=areas) if len(labels) else np.zeros(0)
    kept = island_areas >= min_island_m2
    by_area = np.argsort(-island_areas, kind="stable")
    by_area = by_area[kept[by_area]]
    number = np.full(len(island_areas) + 1, -1, dtype=np.int32)
    number[by_area] = np.arange(len(by_area))
    chosen = number[labels] >= 0
    ids, faces = number[labels][chosen], joined[chosen]
    used = np.zeros(len(vertices), dtype=np.bool_)
    used[faces] = True
    renumber = np.cumsum(used) - 1
    faces = renumber[faces].astype(np.int32)
    middles = corners[chosen].mean(axis=1)
    return NavMesh(
        vertices=vertices[used],
        triangles=faces,
        neighbours=triangle_neighbours(faces),
        island_ids=ids.astype(np.int32),
        islands=tuple(_island(middles[ids == k], areas[chosen][ids == k]) for k in range(len(by_area))),
        agent=agent,
        cell_m=sampling.cell,
        edge_error_m=sampling.edge_error,
        height_error_m=sampling.height_error,
    )


def _island(middles: NDArray[np.float64], areas: NDArray[np.float64]) -> Island:
    mean = np.average(middles, axis=0, weights=areas)
    x, y, z = (round(float(value), 3) for value in middles[np.argmin(((middles - mean) ** 2).sum(axis=1))])
    return Island(area_m2=round(float(areas.sum()), 3), num_triangles=len(areas), center=(x, y, z))


@njit(cache=True)
def _connected(neighbours: NDArray[np.int32]) -> NDArray[np.int32]:
    """Index of each triangle's connected component."""
    labels = np.full(len(neighbours), -1, dtype=np.int32)
    stack = np.zeros(3 * len(neighbours) + 1, dtype=np.int32)
    count = 0
    for seed in range(len(neighbours)):
        if labels[seed] >= 0:
            continue
        labels[seed], stack[0], top = count, seed, 1
        while top:
            top -= 1
            triangle = stack[top]
            for k in range(3):
                other = neighbours[triangle, k]
                if other >= 0 and labels[other] < 0:
                    labels[other] = count
                    stack[top] = other
                    top += 1
        count += 1
    return labels
