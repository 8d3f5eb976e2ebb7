"""Navmeshes of worlds whose walkable ground is known: slopes, steps, gaps, doors, ceilings, islands, storeys, water."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numba import get_num_threads, set_num_threads
from numpy.typing import NDArray

from tests.navigation.lands import Corners, box, plain, ramp, solids
from worldgen.errors import InvalidInputError
from worldgen.navigation.navmesh import Area, build_navmesh
from worldgen.navigation.places import nearest_place, rim_distances, stand_at
from worldgen.navigation.solids import Solids
from worldgen.navigation.triangulation import triangle_neighbours
from worldgen.navigation.water import Waters
from worldgen.scene.navmesh import Agent, NavMesh
from worldgen.scene.terrain import Terrain, TerrainLevel

AGENT = Agent(radius_m=0.35, height_m=1.8, max_slope_deg=45.0, max_step_m=0.4)
HALF = 4.0
GROUND = plain((-HALF, HALF), (-HALF, HALF))


def build(ground: Corners = GROUND, things: list[Corners] | None = None, **options: Any) -> NavMesh:
    area = options.pop("area", Area(x=(-HALF, HALF), z=(-HALF, HALF)))
    agent = options.pop("agent", AGENT)
    return build_navmesh(solids(ground, things or []), area, agent, **{"cell_m": 0.1, "min_island_m2": 0.3, **options})


def island_at(navmesh: NavMesh, x: float, z: float, y: float = 0.0) -> int | None:
    found = stand_at(navmesh, x, z, y=y)
    if found is None or abs(found[0][1] - y) > 0.25:
        return None
    return int(navmesh.island_ids[found[1]])


def assert_sound(navmesh: NavMesh) -> None:
    """Fronts up, no slivers that are folded over, neighbours mutual, islands closed under walking."""
    corners = navmesh.vertices[navmesh.triangles].astype(np.float64)
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (faces[:, 1] > 0.0).all()
    assert np.array_equal(navmesh.neighbours, triangle_neighbours(navmesh.triangles))
    for k in range(3):
        other = navmesh.neighbours[:, k]
        there = other >= 0
        assert (navmesh.neighbours[other[there]] == np.flatnonzero(there)[:, None]).any(axis=1).all()
        assert (navmesh.island_ids[other[there]] == navmesh.island_ids[there]).all()
    areas = 0.5 * np.linalg.norm(faces, axis=1)
    assert [island.area_m2 for island in navmesh.islands] == pytest.approx(
        list(np.bincount(navmesh.island_ids, weights=areas, minlength=len(navmesh.islands))), abs=0.01
    )
    assert sorted((island.area_m2 for island in navmesh.islands), reverse=True) == [
        island.area_m2 for island in navmesh.islands
    ]


def test_a_block_on_a_plain_takes_its_outline_grown_by_the_radius() -> None:
    radius = AGENT.radius_m
    truth = (2 * HALF - 2 * radius) ** 2 - (4.0 + 4 * 2.0 * radius + math.pi * radius**2)
    for cell, tolerance in ((0.25, 0.02), (0.1, 0.01), (0.05, 0.006)):
        navmesh = build(things=[box((-1, 0, -1), (1, 2, 1))], cell_m=cell)
        assert_sound(navmesh)
        assert len(navmesh.islands) == 1
        assert navmesh.area_m2 == pytest.approx(truth, rel=tolerance)
        # Nobody may stand closer to the block than the radius and the error.
        beside = np.maximum(np.abs(navmesh.vertices[:, [0, 2]]) - 1.0, 0.0)
        assert np.hypot(*beside.T).min() >= radius - 0.06 - 0.02


@pytest.mark.parametrize("offset", [-1.0, 1.0])
def test_slopes_end_at_the_limit(offset: float) -> None:
    angle = AGENT.max_slope_deg + offset
    top = 4.0 * math.tan(math.radians(angle))
    wedge = ramp((-2.0, 2.0), (-2.0, 2.0), angle)
    deck = box((2.0, 0.0, -2.0), (HALF, top, 2.0))
    navmesh = build(things=[wedge, deck], keep_raised=True)
    assert_sound(navmesh)
    below, above = island_at(navmesh, -3.0, 0.0), island_at(navmesh, 3.0, 0.0, top)
    assert below is not None
    assert above is not None
    assert (below == above) == (offset < 0.0)
    half_way = island_at(navmesh, 0.0, 0.0, 0.5 * top)
    assert (half_way is not None) == (offset < 0.0)


@pytest.mark.parametrize("offset", [-0.01, 0.01])
def test_steps_end_at_the_limit(offset: float) -> None:
    step = AGENT.max_step_m + offset
    navmesh = build(things=[box((0.0, -1.0, -HALF), (HALF, step, HALF))], keep_raised=True)
    assert_sound(navmesh)
    below, above = island_at(navmesh, -2.0, 0.0), island_at(navmesh, 2.0, 0.0, step)
    assert below is not None
    assert above is not None
    assert (below == above) == (offset < 0.0)


@pytest.mark.parametrize("offset", [-0.01, 0.01])
@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_gaps_end_at_the_width_of_the_agent(offset: float, turn: float) -> None:
    half_gap = AGENT.radius_m + 0.5 * offset
    walls = [box((-0.3, -1.0, half_gap), (0.3, 3.0, 1.6)), box((-0.3, -1.0, -1.6), (0.3, 3.0, -half_gap))]
    made = solids(plain((-1.5, 1.5), (-1.6, 1.6)), walls)
    cosine, sine = math.cos(turn), math.sin(turn)
    matrix = np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])
    turned = Solids(corners=made.corners @ matrix.T, is_ground=made.is_ground)
    # One centimetre can only be told apart by samples that are closer.
    navmesh = build_navmesh(
        turned, Area(x=(-1.2, 1.2), z=(-0.8, 0.8)), AGENT, cell_m=0.004, edge_error_m=0.002, min_island_m2=0.05
    )
    assert_sound(navmesh)
    left, right = (island_at(navmesh, *(matrix @ (x, 0.0, 0.0))[[0, 2]]) for x in (-0.8, 0.8))
    assert left is not None
    assert right is not None
    assert (left == right) == (offset > 0.0)


def house(door_m: float, door_height_m: float = 2.2) -> list[Corners]:
    """Four walls of 0.3 m with a door in the middle of the front (+z), a lintel and a flat roof."""
    side = 0.5 * door_m
    return [
        box((-2.0, -0.5, -2.0), (2.0, 2.6, -1.7)),
        box((-2.0, -0.5, -1.7), (-1.7, 2.6, 2.0)),
        box((1.7, -0.5, -1.7), (2.0, 2.6, 2.0)),
        box((-1.7, -0.5, 1.7), (-side, 2.6, 2.0)),
        box((side, -0.5, 1.7), (1.7, 2.6, 2.0)),
        box((-side, door_height_m, 1.7), (side, 2.6, 2.0)),
        box((-2.2, 2.6, -2.2), (2.2, 2.8, 2.2)),
    ]


@pytest.mark.parametrize(
    ("width", "height", "passes"), [(0.95, 2.2, True), (0.66, 2.2, False), (0.95, 1.79, False), (0.95, 1.81, True)]
)
def test_doors_let_through_who_fits(width: float, height: float, passes: bool) -> None:
    navmesh = build(things=house(width, height), cell_m=0.05)
    assert_sound(navmesh)
    inside, outside = island_at(navmesh, 0.0, 0.0), island_at(navmesh, 0.0, 3.2)
    assert inside is not None
    assert outside is not None
    assert (inside == outside) == passes
    # Inside, the walls keep the radius away: 3.4 m square less two radii, and the door's strip.
    if not passes:
        area = navmesh.islands[inside].area_m2
        assert area == pytest.approx((3.4 - 2 * AGENT.radius_m) ** 2, rel=0.08)


def test_two_islands_and_a_bridge() -> None:
    banks = [*plain((-HALF, -1.0), (-HALF, HALF)), *plain((1.0, HALF), (-HALF, HALF))]
    ground = [*banks, *plain((-1.0, 1.0), (-HALF, HALF), -3.0)]
    apart = build(ground)
    assert_sound(apart)
    # Two banks and the bottom of the ditch; its edges are ledges.
    width = 3.0 - 2 * AGENT.radius_m
    assert [round(island.area_m2, 1) for island in apart.islands[:2]] == pytest.approx([width * 7.3] * 2, rel=0.03)
    assert len(apart.islands) == 3
    assert len({island_at(apart, -2.5, 0.0), island_at(apart, 2.5, 0.0), island_at(apart, 0.0, 0.0, -3.0)}) == 3
    joined = build(ground, [box((-1.5, -0.3, -0.8), (1.5, 0.1, 0.8))])
    assert_sound(joined)
    assert island_at(joined, -2.5, 0.0) == island_at(joined, 2.5, 0.0) == island_at(joined, 0.0, 0.0, 0.1)
    # One can walk below the bridge, too, and there the navmesh has two storeys.
    assert island_at(joined, 0.0, 0.0, -3.0) not in (None, island_at(joined, -2.5, 0.0))


def test_a_spiral_walks_over_itself() -> None:
    """A ramp that climbs one and a half turns: one island, although it lies over itself."""
    turns, steps, inner, outer, rise = 1.6, 64, 1.5, 3.5, 3.6
    angle = np.linspace(0.0, 2.0 * math.pi * turns, steps + 1)
    height = 0.05 + rise * angle / (2.0 * math.pi)
    things = []
    for a, b, y0, y1 in zip(angle, angle[1:], height, height[1:], strict=False):
        top = [(r * math.cos(t), y, r * math.sin(t)) for t, y in ((a, y0), (b, y1)) for r in (inner, outer)]
        bottom = [(x, y - 0.3, z) for x, y, z in top]
        p, q, r, s = top
        t, u, v, w = bottom
        things.append(
            [
                [p, r, s], [p, s, q], [t, w, v], [t, u, w],
                [p, q, u], [p, u, t], [r, v, w], [r, w, s],
                [p, t, v], [p, v, r], [q, s, w], [q, w, u],
            ]
        )  # fmt: skip
    navmesh = build(plain((-HALF, HALF), (-HALF, HALF)), things)
    assert_sound(navmesh)
    middle = 0.5 * (inner + outer)
    islands = set()
    for k in range(6, steps, 4):
        found = island_at(navmesh, middle * math.cos(angle[k]), middle * math.sin(angle[k]), float(height[k]))
        assert found is not None, k
        islands.add(found)
    assert len(islands) == 1


def hills(x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.6 * np.sin(0.35 * x + 0.4) * np.cos(0.3 * z) + 0.15 * np.sin(1.9 * x) * np.sin(1.7 * z)


def test_triangles_follow_hills_and_tiles_meet() -> None:
    half, step = 40.0, 0.5
    axis = np.arange(-half, half + 0.5 * step, step)
    z, x = np.meshgrid(axis, axis, indexing="ij")
    grid = np.stack([x, hills(x, z), z], axis=-1)
    a, b, c, d = grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]
    ground = np.concatenate([np.stack([a, b, c], 2).reshape(-1, 3, 3), np.stack([a, c, d], 2).reshape(-1, 3, 3)])
    made = Solids(corners=ground, is_ground=np.ones(len(ground), dtype=bool))
    navmesh = build_navmesh(made, Area(x=(-half, half), z=(-half, half)), AGENT, cell_m=0.25, height_error_m=0.15)
    assert_sound(navmesh)
    assert len(navmesh.islands) == 1
    # The rim is nothing but the border: the tiles (32 m) are joined without a crack.
    triangle, side = np.nonzero(navmesh.neighbours < 0)
    rim = navmesh.vertices[navmesh.triangles[triangle, side]]
    assert (np.abs(rim[:, [0, 2]]).max(axis=1) > half - AGENT.radius_m - 0.3).all()
    generator = np.random.Generator(np.random.PCG64(5))
    weights = generator.dirichlet((1.0, 1.0, 1.0), size=navmesh.num_triangles)
    points = np.einsum("tk,tkc->tc", weights, navmesh.vertices[navmesh.triangles].astype(np.float64))
    errors = np.abs(points[:, 1] - hills(points[:, 0], points[:, 2]))
    assert errors.max() < 0.15 + 0.06  # what lies between two probes may be a little worse
    assert errors.mean() < 0.06
    assert navmesh.num_triangles < 9000


def pond(depth: float) -> Terrain:
    """A basin of one slope along x, with water up to y = 0 for x > 0."""
    axis = np.linspace(-HALF, HALF, 33)
    heights = np.tile(np.where(axis > 0.0, -depth * axis / HALF, 0.0), (33, 1)).astype(np.float32)
    zero = np.zeros((33, 33), dtype=np.float32)
    level = TerrainLevel(
        spacing_m=0.25, heights=heights, water_depth=np.maximum(-heights, 0.0), moisture=zero, path_weight=zero
    )
    return Terrain(levels=(level,), play_level=0)


def test_agents_wade_as_deep_as_they_may() -> None:
    terrain = pond(2.0)
    ground = [*plain((-HALF, 0.0), (-HALF, HALF))]
    ground += [
        [(0.0, 0.0, -HALF), (0.0, 0.0, HALF), (HALF, -2.0, HALF)],
        [(0.0, 0.0, -HALF), (HALF, -2.0, HALF), (HALF, -2.0, -HALF)],
    ]
    dock = box((0.2, -2.5, -1.0), (HALF, 0.2, 1.0))
    navmesh = build(ground, [dock], waters=Waters(terrain), cell_m=0.1)
    assert_sound(navmesh)
    # The bottom falls by half a metre per metre: 0.6 m deep at x = 1.2, and the rim stays a radius away from that.
    on_bed = navmesh.vertices[(navmesh.vertices[:, 1] < -0.05) & (np.abs(navmesh.vertices[:, 2]) > 1.5)]
    assert on_bed[:, 0].max() == pytest.approx(1.2 - AGENT.radius_m, abs=0.12)
    assert island_at(navmesh, 3.0, 0.0, 0.2) == island_at(navmesh, -2.0, 0.0)


def test_roofs_are_left_out_unless_asked_for() -> None:
    things = [box((-1.5, 0.0, -1.5), (1.5, 3.0, 1.5))]
    assert island_at(build(things=things), 0.0, 0.0, 3.0) is None
    assert island_at(build(things=things, keep_raised=True), 0.0, 0.0, 3.0) is not None
    # What is inside the block is no floor.
    assert island_at(build(things=things, keep_raised=True), 0.0, 0.0, 0.0) is None


def test_the_same_for_any_number_of_threads() -> None:
    things = [*house(1.0), ramp((2.2, 3.6), (-1.0, 1.0), 30.0)]
    threads = get_num_threads()
    try:
        made = []
        for count in (1, threads):
            set_num_threads(count)
            made.append(build(things=things))
    finally:
        set_num_threads(threads)
    for name in ("vertices", "triangles", "neighbours", "island_ids"):
        assert np.array_equal(getattr(made[0], name), getattr(made[1], name))


def test_places_are_found() -> None:
    navmesh = build(things=[box((-1, 0, -1), (1, 2, 1))])
    found = nearest_place(navmesh, np.array([0.9, 0.0, 0.0]), reach_m=5.0)
    assert found is not None
    assert found[0] == pytest.approx([1.35, 0.0, 0.0], abs=0.03)
    assert nearest_place(navmesh, np.array([0.0, 50.0, 0.0]), reach_m=5.0) is None
    assert stand_at(navmesh, 0.0, 0.0, y=0.0) is None


def test_nothing_to_walk_on_gives_an_empty_navmesh() -> None:
    empty = Solids(corners=np.zeros((0, 3, 3)), is_ground=np.zeros(0, dtype=bool))
    navmesh = build_navmesh(empty, Area(x=(-1.0, 1.0), z=(-1.0, 1.0)), AGENT, cell_m=0.1)
    assert (navmesh.num_triangles, navmesh.islands, navmesh.area_m2) == (0, (), 0)


def test_impossible_wishes_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="smaller than the agent"):
        build(cell_m=0.4)
    with pytest.raises(InvalidInputError, match="too large"):
        build(cell_m=0.0001)
    with pytest.raises(InvalidInputError):
        Area(x=(1.0, -1.0), z=(0.0, 1.0))
    with pytest.raises(InvalidInputError):
        Area(x=(0.0, math.nan), z=(0.0, 1.0))
    with pytest.raises(InvalidInputError):
        Agent(radius_m=-1.0)
    with pytest.raises(InvalidInputError):
        Agent(max_step_m=3.0)
    with pytest.raises(InvalidInputError, match="NaN"):
        Solids(corners=np.full((1, 3, 3), np.nan), is_ground=np.ones(1, dtype=bool))
    with pytest.raises(InvalidInputError, match="1000 km"):
        Solids(corners=np.full((1, 3, 3), 1e9), is_ground=np.ones(1, dtype=bool))


def test_the_rim_is_as_far_as_the_edge_of_the_land() -> None:
    navmesh = build()
    points = np.array([[0.0, 0.0, 0.0], [1.5, 0.0, -0.5], [-3.0, 0.0, 2.0], [0.0, 2.0, 0.0]])
    edge = float(navmesh.vertices[:, 0].max())
    expected = [edge, edge - 1.5, edge - 3.0, math.hypot(edge, 2.0)]
    np.testing.assert_allclose(rim_distances(navmesh, points), expected, atol=0.11)  # an outline keeps to a cell
