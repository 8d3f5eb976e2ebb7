"""Cacti: saguaros with arms, barrel cacti and prickly pears."""

from __future__ import annotations

import numpy as np

from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.modelling.branches import UP, Branches, Doubles, directions_from, unit
from worldgen.builder.modelling.leaves import kites, needles
from worldgen.builder.modelling.mesh_builder import smooth_normals
from worldgen.builder.modelling.plant import LodBuilder, bark_tile_m, make_prototype
from worldgen.builder.modelling.plant_colors import from_srgb
from worldgen.builder.modelling.stones import add_box_unwrapped, icosphere
from worldgen.builder.modelling.tubes import RadiusProfile, add_tubes
from worldgen.randomness import rng
from worldgen.scene.scene import Capsule, Collider, Prototype

SKIN = "cactus_skin"
SPINE_COLOR = from_srgb(214, 200, 158)


def build_cactus(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a saguaro, a barrel cactus or a prickly pear."""
    builders = {"saguaro": _saguaro, "barrel": _barrel, "prickly_pear": _prickly_pear}
    return builders[request.kind](request, generator)


def _ribs(count: int, depth: float) -> RadiusProfile:
    def profile(angles: Doubles, along: Doubles) -> Doubles:
        ridge = np.abs(np.cos(0.5 * count * angles))
        shape: Doubles = 1.0 - depth + depth * ridge**0.7 + 0.0 * along
        return shape

    return profile


def _column(path: Doubles, radius: float, *, narrow_foot: float, num_points: int) -> Branches:
    """A column along a path (Q, 3), with a domed top and rings that lie closer there."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    total = along[-1]
    dome = min(1.1 * radius / total, 0.5)
    body = np.linspace(0.0, 1.0 - dome, num_points - 7)
    cap = 1.0 - dome * (1.0 - np.sin(np.linspace(0.0, np.pi / 2.0, 8)))
    fractions = np.concatenate((body, cap[1:]))
    points = np.stack([np.interp(fractions * total, along, path[:, axis]) for axis in range(3)], axis=1)
    rounding = np.sqrt(np.clip(1.0 - np.clip((fractions - 1.0 + dome) / dome, 0.0, 1.0) ** 2, 0.0, 1.0))
    foot = 1.0 - (1.0 - narrow_foot) * np.exp(-fractions * total / (2.5 * radius))
    return Branches(points[None], (radius * np.maximum(rounding, 0.02) * foot)[None])


def _saguaro(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    height = float(generator.uniform(4.5, 8.0))
    radius = float(generator.uniform(0.24, 0.34))
    lean = generator.normal(0.0, 0.03, 2)
    heights = np.linspace(-0.3, height, 24)
    path = np.stack((lean[0] * heights, heights, lean[1] * heights), axis=1)
    columns = [(_column(path, radius, narrow_foot=0.85, num_points=26), 14)]
    num_arms = int(generator.integers(2, 5))
    first = generator.uniform(0.0, 2.0 * np.pi)
    for arm in range(num_arms):
        azimuth = first + arm * 2.4 + generator.normal(0.0, 0.3)
        start = height * generator.uniform(0.32, 0.58)
        reach = radius * generator.uniform(2.4, 3.4)
        top = min(start + height * generator.uniform(0.2, 0.42), 0.95 * height)
        columns.append((_arm(azimuth, (start, reach, top), radius * generator.uniform(0.6, 0.75), lean), 11))
    flowering = request.season == "spring"
    lods = []
    for level in range(3):
        lod = LodBuilder()
        for column, ribs in columns:
            sides = (ribs * 3, ribs, 5)[level]
            rings = column if level == 0 else column.thinned(10 if level == 1 else 6)
            profile = _ribs(ribs, 0.2) if level == 0 else _ribs(ribs, 0.0)
            scaled = rings if level == 0 else Branches(rings.points, rings.radii * 0.94)
            add_tubes(lod[SKIN], scaled, sides=sides, tile_m=bark_tile_m(SKIN, request), profile=profile, caps=True)
            if level == 0:
                _add_spines(lod, column, ribs, generator)
            if flowering and level < 2:
                _add_flowers(lod, column.points[0, -1], 0.75 * float(column.radii.max()), 9, from_srgb(246, 240, 222))
        lods.append(lod)
    colliders: list[Collider] = [
        Capsule(base=(0.0, 0.0, 0.0), height=height - radius, radius=radius, surface="foliage")
    ]
    return make_prototype(request, "cactus", lods, footprint_m=3.5 * radius, colliders=colliders)


def _arm(azimuth: float, measures: tuple[float, float, float], radius: float, lean: Doubles) -> Branches:
    """An arm that leaves the trunk, bends in a quarter circle and rises; measures are start, reach and top."""
    start, reach, top = measures
    bend = 0.75 * reach
    turn = np.linspace(0.0, np.pi / 2.0, 7)
    away = np.concatenate(([0.0, 0.2 * reach], reach - bend + bend * np.sin(turn), [reach, reach * 1.02]))
    rise = np.concatenate(([0.0, 0.0], bend * (1.0 - np.cos(turn)), [0.5 * (top - start) + 0.5 * bend, top - start]))
    outward = np.array([np.cos(azimuth), 0.0, np.sin(azimuth)])
    base = np.array([lean[0] * start, start, lean[1] * start])
    path = base + away[:, None] * outward + rise[:, None] * UP
    return _column(path, radius, narrow_foot=0.8, num_points=22)


def _add_spines(lod: LodBuilder, column: Branches, ribs: int, generator: np.random.Generator) -> None:
    """Short spines on the crests of the ribs."""
    points, radii = column.points[0], column.radii[0]
    tangent = unit(np.gradient(points, axis=0))
    seed = np.where(np.abs(tangent[:, 1:2]) > 0.9, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    side = unit(np.cross(tangent, seed))
    other = np.cross(tangent, side)
    angles = generator.uniform(0.0, 2.0 * np.pi, (len(points) - 3, ribs))
    outward = side[:-3, None] * np.cos(angles)[..., None] + other[:-3, None] * np.sin(angles)[..., None]
    bases = points[:-3, None] + outward * (radii[:-3, None, None] * 0.94)
    count = bases.shape[0] * bases.shape[1]
    way = unit(outward.reshape(-1, 3) + generator.normal(0.0, 0.35, (count, 3)))
    corners = needles(bases.reshape(-1, 3), way, np.broadcast_to(UP, (count, 3)), 0.075, 0.008)
    lod["needles"].add_triangles(corners, colors=SPINE_COLOR)


def _add_flowers(lod: LodBuilder, top: Doubles, radius: float, count: int, color: Doubles) -> None:
    """A wreath of open blossoms around a crown, five petals each."""
    azimuths = np.arange(count) * 2.0 * np.pi / count
    outward = directions_from(np.zeros(count), azimuths)
    middles = top + outward * radius - UP * (0.45 * radius)
    axis = unit(outward + UP * 0.8)
    along, centers = [], []
    for petal in range(5):
        side = directions_from(np.zeros(count), azimuths + np.pi / 2.0)
        third = np.cross(axis, side)
        angle = petal * 2.0 * np.pi / 5.0
        spread = unit(side * np.cos(angle) + third * np.sin(angle) + axis * 0.9)
        along.append(spread)
        centers.append(middles + spread * 0.035)
    petals = kites(np.concatenate(centers), np.concatenate(along), np.tile(axis, (5, 1)), 0.07, 0.045)
    lod["petals"].add_quads(petals, colors=color)


def _barrel(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    height = float(generator.uniform(0.55, 1.0))
    radius = height * float(generator.uniform(0.36, 0.46))
    turn = np.linspace(-1.0, np.pi / 2.0, 20)
    heights = 0.42 * height + 0.56 * height * np.sin(turn) / np.where(turn < 0.0, 1.1, 1.0)
    points = np.stack((np.zeros(20), heights, np.zeros(20)), axis=1)
    body = Branches(points[None], (radius * np.maximum(np.cos(turn), 0.03))[None])
    ribs = 20
    lods = []
    for level in range(3):
        lod = LodBuilder()
        rings = body if level == 0 else body.thinned(9 if level == 1 else 7)
        profile = _ribs(ribs, 0.16) if level == 0 else _ribs(ribs, 0.0)
        scaled = rings if level == 0 else Branches(rings.points, rings.radii * (0.96 if level == 1 else 1.0))
        add_tubes(
            lod[SKIN],
            scaled,
            sides=(ribs * 3, 18, 8)[level],
            tile_m=bark_tile_m(SKIN, request),
            profile=profile,
            caps=True,
        )
        if level == 0:
            _add_spines(lod, body, ribs, generator)
        num_flowers = (10, 10, 3)[level]
        _add_flowers(lod, np.array([0.0, 0.99 * height, 0.0]), 0.35 * radius, num_flowers, from_srgb(236, 176, 40))
        lods.append(lod)
    collider = Capsule(base=(0.0, 0.0, 0.0), height=0.9 * height, radius=0.9 * radius, surface="foliage")
    return make_prototype(request, "cactus", lods, footprint_m=1.2 * radius, colliders=(collider,))


def _prickly_pear(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    pads = _grow_pads(generator)
    directions_of = [icosphere(2), icosphere(1), icosphere(0)]
    fruit_seed = int(generator.integers(2**31))
    lods = []
    for level in range(3):
        lod = LodBuilder()
        for number, (middle, up, across, size) in enumerate(pads):
            # The lowest, largest pads are nearest to the eye.
            directions, triangles = directions_of[level if level > 0 or number < 10 else 1]
            thin = unit(np.cross(up, across)[None])[0]
            # A pad is egg-shaped: broader above its middle.
            broad = 1.0 + 0.22 * directions[:, 1]
            local = np.stack(
                (directions[:, 0] * 0.42 * broad, directions[:, 1] * 0.5, directions[:, 2] * 0.085), axis=1
            )
            vertices = middle + size * (local[:, :1] * across + local[:, 1:2] * up + local[:, 2:] * -thin)
            points = vertices.astype(np.float32)
            normals = smooth_normals(points, triangles)
            add_box_unwrapped(lod[SKIN], points, triangles, normals, tile_m=bark_tile_m(SKIN, request))
        if level < 2:
            _add_fruits(lod, pads, rng(fruit_seed, "fruits"))
        lods.append(lod)
    tall = max(float(middle[1]) + 0.4 * size for middle, _, _, size in pads)
    collider = Capsule(base=(0.0, 0.0, 0.0), height=0.8 * tall, radius=0.3, surface="foliage")
    return make_prototype(request, "cactus", lods, footprint_m=0.6, colliders=(collider,))


Pad = tuple[Doubles, Doubles, Doubles, float]
"""Middle, upward axis, sideways axis and height of a pad."""


def _grow_pads(generator: np.random.Generator) -> list[Pad]:
    pads: list[Pad] = []
    parents: list[Pad] = []
    for base in range(4):
        azimuth = base * 1.57 + generator.uniform(-0.4, 0.4)
        lean = unit((directions_from(0.0, azimuth) * generator.uniform(0.15, 0.5) + UP)[None])[0]
        size = float(generator.uniform(0.38, 0.5))
        facing = directions_from(0.0, azimuth + generator.uniform(0.6, 2.4))
        across = unit((facing - lean * float(facing @ lean))[None])[0]
        middle = directions_from(0.0, azimuth) * 0.16 + lean * (0.42 * size)
        parents.append((middle, lean, across, size))
    for generation in range(3):
        pads += parents
        children: list[Pad] = []
        for middle, up, across, size in parents:
            for child in range(int(generator.integers(1, 4 - generation))):
                tilt = (child - 0.5) * 1.1 + generator.normal(0.0, 0.25)
                heading = unit((up * np.cos(tilt) + across * np.sin(tilt) + UP * 0.25)[None])[0]
                rim = middle + 0.47 * size * (up * np.cos(tilt) + 0.95 * across * np.sin(tilt))
                small = size * float(generator.uniform(0.72, 0.9))
                twist = directions_from(0.0, generator.uniform(0.0, 2.0 * np.pi))
                sidewise = across * 0.8 + 0.55 * twist
                sidewise = unit((sidewise - heading * float(sidewise @ heading))[None])[0]
                children.append((rim + heading * (0.44 * small), heading, sidewise, small))
        parents = children[:9]
    return pads + parents


def _add_fruits(lod: LodBuilder, pads: list[Pad], generator: np.random.Generator) -> None:
    directions, triangles = icosphere(0)
    for middle, up, across, size in pads[len(pads) // 2 :]:
        for tilt in generator.uniform(-0.9, 0.9, int(generator.integers(0, 4))):
            heading = up * np.cos(tilt) + across * np.sin(tilt)
            center = middle + 0.52 * size * (up * np.cos(tilt) + 0.95 * across * np.sin(tilt)) + 0.02 * heading
            lod["wood_cut"].add_indexed(
                center + directions * (0.028, 0.04, 0.028), triangles, colors=from_srgb(176, 40, 78)
            )


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="cactus",
        kinds={
            "saguaro": ("cactus", "saguaro", "saguaro cactus", "cactus tree", "organ pipe cactus"),
            "barrel": ("barrel cactus", "golden barrel", "ball cactus"),
            "prickly_pear": ("prickly pear", "opuntia", "nopal", "paddle cactus"),
        },
        build=build_cactus,
        placement=Placement(
            max_slope_deg=30.0,
            water_distance_m=(4.0, float("inf")),
            moisture=(0.0, 0.6),
            sink_m=0.08,
            clusters=0.7,
            scale_range=(0.65, 1.2),
        ),
        adjectives={"round": "barrel", "flat": "prickly_pear"},
        num_variants=3,
    ),
)
