"""Windmills: a tapering tower with a turning cap, four lattice sails with canvas, and a gallery."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, MIDDLE, NEAR, Assembly
from worldgen.builder.architecture.cloth import cloth
from worldgen.builder.architecture.fortification import round_foundation, round_shaft
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import DoorStyle, WindowStyle, door, steps_before, tangent_frame, window
from worldgen.builder.architecture.panels import Bend, Opening
from worldgen.builder.architecture.roof_features import finial
from worldgen.builder.architecture.solids import cylinder, lathe
from worldgen.builder.architecture.stonework import FOUNDATION_M
from worldgen.builder.architecture.themes import between, glass, wall
from worldgen.builder.architecture.timber import round_log
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_FLOOR = 0.18


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    _windmill(assembly, request)
    return assembly.finish(request.name, "windmill")


def _windmill(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    height = between(rng, 8.5, 10.5) * scale
    radius, top_radius = between(rng, 3.0, 3.5) * math.sqrt(scale), between(rng, 1.95, 2.2) * math.sqrt(scale)
    octagonal = request.kind == "smock_mill"
    material = wall(
        request, "wood_shingles" if octagonal else ("plaster_white", "stone_wall", "brick")[int(rng.integers(3))]
    )
    bend = Bend(
        radius=radius, sides=8 if octagonal else 32, batter=(radius - top_radius) / height, smooth=not octagonal
    )
    frame = WORLD.yawed(math.pi / 8.0) if octagonal else WORLD
    if octagonal:
        lathe(
            assembly,
            frame,
            [(radius + 0.1, -FOUNDATION_M), (radius + 0.1, _FLOOR), (radius - 0.2, _FLOOR + 0.01)],
            "stone_wall",
            sides=8,
            smooth_around=False,
        )
    else:
        round_foundation(assembly, frame, radius, _FLOOR, "stone_wall", batter=0.12)
    middle = bend.length / 16.0 if octagonal else 0.0
    holes = [Opening(left=middle * -1 - 0.5, right=middle * -1 + 0.5, bottom=_FLOOR, top=_FLOOR + 2.1)]
    faces = (1, -3, 3) if octagonal else (0, 0, 0)
    for index, y in enumerate((3.9, 3.9, 3.9, height - 2.6)):
        if octagonal:
            s = -middle + bend.length / 8.0 * ((0, *faces)[index])
        else:
            s = (0.0, 1.7, -1.7, 0.0)[index] * radius * 0.85
        holes.append(Opening(left=s - 0.4, right=s + 0.4, bottom=y, top=y + 1.1))
    round_shaft(assembly, frame, bend, (_FLOOR, height), material, openings=holes)
    flat = (radius * (1.0 - math.cos(math.pi / 8.0))) if octagonal else 0.0
    glazing = WindowStyle(glass=glass(request), recess=0.14, sill="wood_beam", lintel="wood_beam")
    for hole in holes:
        half = hole.width / 2.0
        local = Opening(left=-half, right=half, bottom=hole.bottom, top=hole.top)
        # An octagon's faces lie nearer to the axis than its corners.
        place = tangent_frame(frame, bend, hole.middle, hole.bottom).moved(d=-flat)
        if hole is holes[0]:
            door(assembly, place, local, DoorStyle(recess=0.14, lintel="wood_beam"))
            steps_before(assembly, place, local, "stone_blocks")
        else:
            window(assembly, place, local, glazing)
    if height > 8.0:
        _gallery(assembly, radius - bend.batter * 3.2, 3.2)
    _cap(assembly, request, top_radius, height)
    hub = WORLD.moved(y=height + top_radius * 0.42, d=top_radius + 0.95)
    _sails(assembly, hub, reach=min(height * 0.62, height + top_radius * 0.42 - 1.6))


def _gallery(assembly: Assembly, radius: float, y: float) -> None:
    """A wooden walk around the tower on struts."""
    reach = radius + 1.3
    ring = [(radius - 0.2, y - 0.08), (reach, y - 0.08), (reach, y), (radius - 0.2, y)]
    lathe(assembly, WORLD, ring, "wood_planks", sides=24, lods=FINE, smooth_around=False)
    lathe(assembly, WORLD, ring, "wood_planks", sides=12, lods=MIDDLE, smooth_around=False)
    lathe(assembly, WORLD, [ring[0], ring[1], ring[3]], "wood_planks", sides=8, lods=FAR, smooth_around=False)
    count = 16
    for index in range(count):
        post = WORLD.yawed((index + 0.5) * 2.0 * math.pi / count)
        a, b = post.point(0.0, y, reach - 0.07), post.point(0.0, y + 1.0, reach - 0.07)
        cylinder(assembly, a, b, 0.035, "wood_beam", sides=6, caps="E", lods=NEAR)
        strut = post.point(0.0, y - 1.1, radius + 0.05), post.point(0.0, y - 0.05, reach - 0.2)
        cylinder(assembly, *strut, 0.05, "wood_beam", sides=6, caps="", lods=FINE)
        following = WORLD.yawed((index + 1.5) * 2.0 * math.pi / count)
        for high, thick, lods in ((1.0, 0.035, NEAR), (0.5, 0.025, FINE)):
            ends = post.point(0.0, y + high, reach - 0.07), following.point(0.0, y + high, reach - 0.07)
            cylinder(assembly, *ends, thick, "wood_beam", sides=6, caps="", lods=lods)
    angles = np.arange(12) * (math.pi / 6.0)
    rim = np.stack((np.sin(angles) * reach, np.zeros(12), np.cos(angles) * reach), axis=1)
    assembly.hull(np.concatenate((rim + np.array([0.0, y - 0.08, 0.0]), rim + np.array([0.0, y, 0.0]))), "wood")


def _cap(assembly: Assembly, request: AssetRequest, radius: float, height: float) -> None:
    """The boat-shaped cap with the shaft and the tail pole that turns it."""
    shape = [(1.12, -0.12), (1.16, 0.0), (1.06, 0.28), (0.86, 0.68), (0.52, 1.02), (0.2, 1.16), (0.02, 1.2)]
    profile = [(radius * r, radius * y) for r, y in shape]
    place = WORLD.moved(y=height)
    material = "wood_shingles" if request.biome != "coast" else "roof_slate"
    for lods, sides in ((FINE, 20), (MIDDLE, 12), (FAR, 8)):
        lathe(assembly, place, profile, material, sides=sides, lods=lods, smooth_along=True, stretch=(0.96, 1.08))
    lathe(
        assembly,
        place,
        [(radius * 0.8, profile[0][1]), profile[0]],
        "wood_planks",
        sides=12,
        lods=NEAR,
        smooth_around=False,
        stretch=(0.96, 1.08),
    )
    finial(assembly, place.moved(y=radius * 1.17), height=0.6)
    axle = height + radius * 0.42
    cylinder(assembly, (0.0, axle, radius * 0.7), (0.0, axle, radius + 1.25), 0.2, "wood_beam", sides=10, lods=ALL)
    lathe_hub = WORLD.moved(y=axle, d=radius + 1.22).pitched(math.pi / 2.0)
    lathe(assembly, lathe_hub, [(0.24, 0.0), (0.24, 0.12), (0.1, 0.24), (0.0, 0.26)], "iron", sides=10, lods=NEAR)
    tail = WORLD.point(0.0, height + 0.2, -radius * 0.9), WORLD.point(0.0, max(1.2, height * 0.16), -radius * 2.1)
    round_log(assembly, tuple(tail[0]), tuple(tail[1]), 0.1, frame=WORLD, sides=8)
    rim = np.arange(10) * (math.pi / 5.0)
    base = np.stack((np.sin(rim) * radius, np.zeros(10), np.cos(rim) * radius), axis=1)
    assembly.hull(
        np.concatenate(
            (base + np.array([0.0, height - 0.1, 0.0]), base * 0.4 + np.array([0.0, height + radius * 1.1, 0.0]))
        ),
        "wood",
    )


def _sails(assembly: Assembly, hub: Frame, *, reach: float) -> None:
    """Four lattice sails, two of them with their canvas spread."""
    start = float(assembly.rng.uniform(0.15, 0.75)) * math.pi / 2.0
    for index in range(4):
        # In the turned frame the sail runs along +y from the hub.
        sail = hub.rolled(start + index * math.pi / 2.0)
        inner, wide = reach * 0.2, reach * 0.23
        assembly.box(
            sail,
            (-0.075, 0.0, -0.075 + 0.01 * (index % 2)),
            (0.075, reach, 0.075 + 0.01 * (index % 2)),
            "wood_beam",
            grain=1,
        )
        blade = sail.moved(s=0.05, d=0.03)
        rungs = 9
        for rung in range(rungs + 1):
            y = inner + (reach - inner - 0.05) * rung / rungs
            assembly.box(blade, (-0.16, y - 0.022, -0.02), (wide, y + 0.022, 0.022), "wood_planks", grain=0, lods=NEAR)
        for s in (wide * 0.5, wide - 0.02):
            assembly.box(
                blade,
                (s - 0.02, inner - 0.03, -0.026),
                (s + 0.02, reach - 0.02, 0.018),
                "wood_planks",
                grain=1,
                lods=NEAR,
            )
        furled = index % 2 == 1 and assembly.rng.random() < 0.4
        count = 6
        ys = np.linspace(inner, reach - 0.06, count + 1)
        share = 0.4 if furled else 0.88
        bulge = 0.05 * np.sin(np.linspace(0.0, math.pi, count + 1))
        left = np.stack((np.full(count + 1, 0.02), ys, 0.035 + bulge * 0.3), axis=1)
        right = np.stack((np.full(count + 1, wide * share), ys, 0.04 + bulge), axis=1)
        sheet = np.stack((left, right), axis=1)
        for lods, rows in ((NEAR, sheet), (FAR, sheet[[0, -1]])):
            cloth(assembly, blade.points(rows), "canvas", lods=lods)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="windmill",
        kinds={
            "tower_mill": ("windmill", "mill", "tower mill"),
            "smock_mill": ("smock mill", "dutch windmill", "wooden windmill"),
        },
        build=_build,
        placement=Placement(max_slope_deg=16.0, water_distance_m=(5.0, 400.0), levels_ground=True, faces_path=True),
        materials=("stone", "brick", "wood", "plaster"),
        num_variants=1,
    ),
)
