"""Shrines: vermilion gateways and small wayside shrines with a niche."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.palette import PAINT_BLACK, PAINT_VERMILION
from worldgen.builder.architecture.panels import Opening, level, panel
from worldgen.builder.architecture.roof_styles import SHINGLES, SLATE, TILES
from worldgen.builder.architecture.roofs import gable_profile, ridge_roof, under_line
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.solids import cylinder, hull_cylinder, lathe, prism, tube
from worldgen.builder.architecture.themes import between, roof, stone
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {"wayside_shrine": _wayside_shrine, "torii": _torii}
    builders[request.kind](assembly, request)
    return assembly.finish(request.name, "shrine")


def _wayside_shrine(assembly: Assembly, request: AssetRequest) -> None:
    """A masonry pillar with a niche under a small roof, with a candle in it."""
    rng, scale = assembly.rng, request.size
    material = "plaster_white" if rng.random() < 0.6 and request.material is None else stone(request)
    half, tall = 0.42 * scale, 2.1 * scale
    assembly.box(
        WORLD, (-half * 1.35, -0.6, -half * 1.35), (half * 1.35, 0.22, half * 1.35), "stone_blocks", grain=0, skip="D"
    )
    assembly.box(
        WORLD,
        (-half * 1.1, 0.2, -half * 1.1),
        (half * 1.1, 0.5, half * 1.1),
        "stone_blocks",
        grain=0,
        lods=NEAR,
        skip="D",
    )
    assembly.hull_box(WORLD, (-half, 0.0, -half), (half, tall, half), "stone")
    niche = Opening(left=-half * 0.6, right=half * 0.6, bottom=1.15 * scale, top=1.95 * scale, arch="round")
    style = roof(request, rng, SHINGLES, TILES, SLATE)

    style = replace(style, rafters=False, thickness=0.08, ridge_radius=0.06)
    profile, _ = gable_profile(half, tall, math.radians(45.0), 0.16, style)
    gable = under_line(profile, half, style)
    side = WORLD.yawed(-math.pi / 2.0)
    ridge_roof(assembly, side, profile, half + 0.16, style, snow=request.snow_cover)
    for index in range(4):
        frame = WORLD.yawed(index * math.pi / 2.0).moved(d=half)
        outline = gable if index % 2 == 0 else level(2.0 * half, tall + 0.03)
        holes = (niche,) if index == 0 else ()
        panel(
            assembly,
            frame,
            outline,
            material,
            bottom=0.3,
            openings=holes,
            thickness=0.34 * scale,
            top=False,
            ends=False,
        )
    front = WORLD.moved(d=half)
    back = [
        (niche.left - 0.02, niche.bottom, -0.33 * scale),
        (niche.right + 0.02, niche.bottom, -0.33 * scale),
        (niche.right + 0.02, niche.top, -0.33 * scale),
        (niche.left - 0.02, niche.top, -0.33 * scale),
    ]
    assembly.quads(front.points(np.array([back])), None, "paint", color=(0.05, 0.13, 0.3))
    candle = front.moved(0.0, niche.bottom, -0.18 * scale)
    lathe(
        assembly,
        candle,
        [(0.035, 0.0), (0.035, 0.16), (0.0, 0.165)],
        "paint",
        sides=8,
        color=(0.75, 0.7, 0.55),
        lods=NEAR,
    )
    if request.lit:
        lathe(assembly, candle.moved(y=0.17), [(0.0, 0.0), (0.018, 0.03), (0.0, 0.09)], "lamp_glow", sides=6, lods=NEAR)
    figure = front.moved(0.0, niche.bottom, -0.26 * scale)
    robe = [(0.11, 0.0), (0.09, 0.16), (0.07, 0.3), (0.085, 0.36), (0.04, 0.42), (0.055, 0.48), (0.0, 0.55)]
    lathe(
        assembly,
        figure,
        [(r * scale, y * scale) for r, y in robe],
        "rock_limestone",
        sides=10,
        lods=NEAR,
        smooth_along=True,
        stretch=(1.0, 0.5),
    )
    tip = front.moved(0.0, tall + half + 0.12, 0.1)
    assembly.box(tip, (-0.025, 0.0, -0.025), (0.025, 0.42, 0.025), "iron", grain=1, lods=NEAR)
    assembly.box(tip, (-0.11, 0.24, -0.022), (0.11, 0.29, 0.022), "iron", grain=0, lods=NEAR)


def _torii(assembly: Assembly, request: AssetRequest) -> None:
    """A vermilion gateway with a curved double lintel."""
    rng, scale = assembly.rng, request.size
    tall, half = between(rng, 4.2, 5.2) * scale, between(rng, 1.75, 2.1) * scale
    radius = 0.21 * scale
    red, black = PAINT_VERMILION, PAINT_BLACK
    for side in (-1.0, 1.0):
        foot, head = (side * (half + 0.12), -0.8, 0.0), (side * (half - 0.08), tall, 0.0)
        cylinder(
            assembly,
            foot,
            head,
            radius * 1.05,
            "paint",
            end_radius=radius * 0.92,
            sides=16,
            caps="",
            color=red,
            lods=NEAR,
        )
        cylinder(assembly, foot, head, radius, "paint", sides=6, caps="", color=red, lods=FAR)
        hull_cylinder(assembly, foot, head, radius, "paint")
        place = WORLD.moved(s=side * (half + 0.1))
        lathe(
            assembly,
            place,
            [(radius * 1.3, -0.6), (radius * 1.3, 0.34), (radius * 1.05, 0.38)],
            "paint",
            sides=16,
            color=black,
            lods=NEAR,
        )
        lathe(
            assembly,
            place,
            [(radius * 1.8, -0.6), (radius * 1.8, 0.06), (radius * 1.3, 0.1)],
            "rock_granite",
            sides=12,
            lods=NEAR,
        )
        lathe(
            assembly,
            WORLD.moved(s=side * (half - 0.08), y=tall - 0.2),
            [(radius * 0.8, 0.0), (radius * 1.25, 0.0), (radius * 1.35, 0.1), (radius * 1.35, 0.195), (0.0, 0.196)],
            "paint",
            sides=14,
            color=black,
            lods=FINE,
        )
    y_tie = tall * 0.76
    assembly.box(
        WORLD,
        (-half - 0.75 * scale, y_tie, -0.09),
        (half + 0.75 * scale, y_tie + 0.32 * scale, 0.09),
        "paint",
        color=red,
    )
    for side in (-1.0, 1.0):
        for inner, outer in ((half + 0.18, half + 0.3),):
            near, far_s = sorted((side * inner, side * outer))
            assembly.box(
                WORLD, (near, y_tie + 0.05, -0.15), (far_s, y_tie + 0.24, 0.15), "paint", color=black, lods=FINE
            )
    assembly.box(
        WORLD,
        (-0.22 * scale, y_tie + 0.3 * scale, -0.07),
        (0.22 * scale, tall + 0.02, 0.07),
        "paint",
        color=red,
        lods=NEAR,
    )
    assembly.box(
        WORLD,
        (-0.17 * scale, y_tie + 0.4 * scale, 0.07),
        (0.17 * scale, tall - 0.05, 0.085),
        "paint",
        color=black,
        lods=FINE,
        skip="B",
    )
    reach = half + 1.15 * scale
    count = 10
    s = np.linspace(-reach, reach, count + 1)

    def lift(x: float) -> float:
        return 0.34 * scale * abs(x / reach) ** 3.0

    for a, b in pairwise(s.tolist()):
        for low, high, deep, color, lods in (
            (tall, tall + 0.3 * scale, 0.17, red, ALL),
            (tall + 0.3 * scale, tall + 0.46 * scale, 0.27, black, ALL),
        ):
            outline = [(a, low + lift(a)), (b, low + lift(b)), (b, high + lift(b)), (a, high + lift(a))]
            prism(
                assembly,
                WORLD,
                outline,
                (-deep * scale, deep * scale),
                "paint",
                color=color,
                lods=lods if lods is not ALL else NEAR,
            )
    far = [
        (-reach, tall + 0.3 * scale),
        (0.0, tall),
        (reach, tall + 0.3 * scale),
        (reach, tall + 0.75 * scale),
        (-reach, tall + 0.75 * scale),
    ]
    prism(assembly, WORLD, far, (-0.22 * scale, 0.22 * scale), "paint", color=black, lods=FAR)
    if request.snow_cover > 0.15:
        snow_top(
            assembly,
            WORLD,
            (-reach * 0.8, -0.27 * scale),
            (reach * 0.8, 0.27 * scale),
            y=tall + 0.5 * scale,
            cover=request.snow_cover,
        )
    rope = [
        (x, tall * 0.76 - 0.22 - 0.22 * (1.0 - (x / half) ** 2), 0.12)
        for x in np.linspace(-half + 0.1, half - 0.1, 13).tolist()
    ]
    tube(assembly, rope, 0.05 * scale, "rope", sides=7, lods=NEAR)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="shrine",
        kinds={
            "wayside_shrine": ("shrine", "wayside shrine", "altar"),
            "torii": ("torii", "torii gate", "shrine gate", "japanese gate"),
        },
        build=_build,
        placement=Placement(max_slope_deg=12.0, water_distance_m=(1.0, 400.0), levels_ground=True, faces_path=True),
        materials=("stone", "brick", "wood"),
        num_variants=1,
    ),
)
