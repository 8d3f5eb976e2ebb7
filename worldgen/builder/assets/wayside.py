"""Wayside things: campfires, signposts and milestones."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.solids import cylinder, hull_cylinder, lathe, prism, rough_blocks, tube
from worldgen.builder.architecture.themes import between, stone
from worldgen.builder.architecture.timber import round_log
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_PLACEMENT = Placement(max_slope_deg=14.0, water_distance_m=(1.0, float("inf")), faces_path=True)


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {
        "campfire": (_campfire, "campfire"),
        "signpost": (_signpost, "signpost"),
        "milestone": (_milestone, "signpost"),
    }
    builder, label = builders[request.kind]
    builder(assembly, request)
    return assembly.finish(request.name, label)


def _campfire(assembly: Assembly, request: AssetRequest) -> None:
    """A ring of stones around crossed logs with flames, a kettle on a tripod and seats."""
    rng, scale = assembly.rng, request.size
    radius = 0.62 * scale
    count = 11
    frames, sizes = [], []
    for index in range(count):
        turn = index * 2.0 * math.pi / count + float(rng.uniform(-0.08, 0.08))
        size = float(rng.uniform(0.2, 0.3)) * scale
        frames.append(WORLD.moved(y=size * 0.28).yawed(turn).moved(d=radius).yawed(float(rng.uniform(-0.4, 0.4))))
        sizes.append((size * 1.2, size * 0.85, size))
    rough_blocks(assembly, frames, sizes, stone(request, "rock_granite"), roughness=0.22, chamfer=0.22, lods=NEAR)
    for lods, sides in ((NEAR, 14), (FAR, 7)):
        lathe(
            assembly,
            WORLD,
            [(radius * 0.95, 0.0), (radius * 0.6, 0.05), (0.0, 0.09)],
            "paint",
            sides=sides,
            lods=lods,
            color=(0.025, 0.022, 0.02),
        )
    for index in range(6):
        turn = index * math.pi / 3.0 + float(rng.uniform(-0.2, 0.2))
        foot = (math.sin(turn) * 0.42 * scale, 0.07, math.cos(turn) * 0.42 * scale)
        head = (-math.sin(turn) * 0.05, 0.42 * scale, -math.cos(turn) * 0.05)
        round_log(assembly, foot, head, 0.05, frame=WORLD, sides=7)
    for index in range(7):
        turn, out = float(rng.uniform(0.0, 2.0 * math.pi)), 0.0 if index == 0 else float(rng.uniform(0.06, 0.2)) * scale
        tall = (0.85 if index == 0 else float(rng.uniform(0.35, 0.65))) * scale
        lean = (
            WORLD.moved(math.sin(turn) * out, 0.12, math.cos(turn) * out)
            .yawed(turn)
            .pitched(float(rng.uniform(-0.1, 0.22)))
        )
        wide = 0.12 * scale * (1.25 if index == 0 else 0.85)
        flame = [
            (wide * 0.5, 0.0),
            (wide, tall * 0.22),
            (wide * 0.72, tall * 0.5),
            (wide * 0.26, tall * 0.8),
            (0.0, tall),
        ]
        lathe(
            assembly,
            lean,
            flame,
            "flame",
            sides=7,
            lods=ALL if index < 2 else NEAR,
            smooth_along=True,
            color=(1.0, 0.62, 0.28),
        )
    seats = 2 + int(rng.integers(0, 2))
    for index in range(seats):
        turn = 0.9 + index * 2.1
        place = WORLD.moved(y=0.2).yawed(turn).moved(d=radius + 1.0)
        a, b = place.point(-0.75, 0.0, 0.0), place.point(0.75, 0.0, 0.0)
        round_log(assembly, tuple(a), tuple(b), 0.21, frame=WORLD, sides=12)
        round_log(assembly, tuple(a), tuple(b), 0.21, frame=WORLD, sides=5, lods=FAR)
        hull_cylinder(assembly, a, b, 0.21, "wood_logs")
    if rng.random() < 0.6:
        apex = np.array([0.0, 1.55 * scale, 0.0])
        for index in range(3):
            turn = index * 2.0 * math.pi / 3.0 + 0.4
            leg = np.array([math.sin(turn) * 0.85, -0.05, math.cos(turn) * 0.85]) * scale
            cylinder(assembly, leg, apex + (apex - leg) * 0.09, 0.022, "wood_beam", sides=6, lods=NEAR)
        tube(assembly, np.linspace(apex, apex - (0.0, 0.45, 0.0), 3), 0.008, "iron", sides=4, lods=FINE)
        kettle = [(0.0, 0.0), (0.09, 0.01), (0.13, 0.08), (0.12, 0.18), (0.09, 0.2), (0.08, 0.18), (0.0, 0.17)]
        lathe(assembly, WORLD.moved(y=float(apex[1]) - 0.66), kettle, "iron", sides=12, lods=NEAR, smooth_along=True)
        handle = [
            (0.1 * math.cos(k), float(apex[1]) - 0.48 + 0.08 * math.sin(k), 0.0) for k in np.linspace(0.0, math.pi, 7)
        ]
        tube(assembly, handle, 0.008, "iron", sides=4, lods=FINE)
    hull_cylinder(assembly, (0.0, -0.1, 0.0), (0.0, 0.3, 0.0), radius + 0.12, "rock_granite")


def _signpost(assembly: Assembly, request: AssetRequest) -> None:
    """A post with boards that point along several ways."""
    rng, scale = assembly.rng, request.size
    height = between(rng, 2.1, 2.5) * scale
    round_log(assembly, (0.0, -0.5, 0.0), (0.02, height, 0.0), 0.075, frame=WORLD, sides=9, lods=ALL)
    hull_cylinder(assembly, (0.0, 0.0, 0.0), (0.0, height, 0.0), 0.08, "wood_logs", sides=6)
    turn = float(rng.uniform(-0.5, 0.5))
    for index in range(int(rng.integers(2, 4))):
        y = height - 0.24 - 0.3 * index
        long, tall = float(rng.uniform(0.7, 0.95)), 0.2
        board = (
            WORLD.moved(y=y).yawed(turn + index * float(rng.uniform(0.9, 2.4))).rolled(float(rng.uniform(-0.05, 0.05)))
        )
        outline = [
            (-0.18, -tall / 2.0),
            (long, -tall / 2.0),
            (long + 0.16, 0.0),
            (long, tall / 2.0),
            (-0.18, tall / 2.0),
        ]
        prism(assembly, board, outline, (0.07, 0.105), "wood_planks", lods=ALL)
        for s in np.arange(0.12, long - 0.12, 0.11):
            # Carved letters: short dark strokes.
            mark = float(rng.uniform(0.5, 1.0)) * 0.055
            low, high = (float(s), -mark, 0.1), (float(s) + 0.055 * float(rng.uniform(0.5, 1.0)), mark * 0.9, 0.1065)
            assembly.box(board, low, high, "paint", color=(0.03, 0.02, 0.015), lods=FINE, skip="B")
        for s in (-0.03, 0.03):
            lathe(
                assembly,
                board.moved(s, 0.0, 0.104).pitched(math.pi / 2.0),
                [(0.014, 0.0), (0.01, 0.008), (0.0, 0.01)],
                "iron",
                sides=6,
                lods=FINE,
            )
        if request.snow_cover > 0.15:
            snow_top(assembly, board, (-0.18, 0.06), (long, 0.115), y=tall / 2.0, cover=request.snow_cover)
    lathe(
        assembly,
        WORLD.moved(0.02, height - 0.02, 0.0),
        [(0.0, 0.0), (0.12, 0.0), (0.0, 0.16)],
        "wood_shingles",
        sides=8,
        lods=NEAR,
    )


def _milestone(assembly: Assembly, request: AssetRequest) -> None:
    """A squat stone with a rounded head and a number of strokes."""
    tall = 0.75 * request.size
    material = stone(request, "rock_granite")
    outline = [(-0.24, -0.4), (0.24, -0.4), (0.24, tall * 0.7)]
    outline += [(0.24 * math.cos(k), tall * 0.7 + 0.24 * math.sin(k)) for k in np.linspace(0.3, math.pi - 0.3, 6)]
    outline.append((-0.24, tall * 0.7))
    prism(assembly, WORLD.pitched(-0.04), outline, (-0.12, 0.12), material)
    for index in range(int(assembly.rng.integers(2, 5))):
        s = -0.12 + 0.075 * index
        assembly.box(
            WORLD.pitched(-0.04),
            (s, tall * 0.4, 0.115),
            (s + 0.03, tall * 0.68, 0.122),
            "paint",
            color=(0.03, 0.03, 0.03),
            lods=FINE,
            skip="B",
        )
    assembly.hull_box(WORLD, (-0.24, 0.0, -0.12), (0.24, tall, 0.12), "stone")


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="campfire",
        kinds={"campfire": ("campfire", "camp fire", "bonfire", "fire pit", "fire")},
        build=_build,
        placement=_PLACEMENT,
        num_variants=2,
    ),
    AssetFamily(
        name="signpost",
        kinds={
            "signpost": ("signpost", "sign", "sign post", "waymarker", "guidepost"),
            "milestone": ("milestone", "boundary stone", "waystone"),
        },
        build=_build,
        placement=Placement(max_slope_deg=25.0, water_distance_m=(0.5, float("inf")), faces_path=True),
        num_variants=2,
    ),
)
