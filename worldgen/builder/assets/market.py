"""Market stalls with striped awnings, crates of fruit and barrels."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.cloth import cloth
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.palette import (
    PAINT_BLUE,
    PAINT_CREAM,
    PAINT_GREEN,
    PAINT_OCHRE,
    PAINT_RED,
    pick,
    varied,
)
from worldgen.builder.architecture.snow import snow_slope
from worldgen.builder.architecture.solids import hull_cylinder, lathe
from worldgen.builder.architecture.themes import between
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.material import LinearColor
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {"market_stall": _stall}
    builders[request.kind](assembly, request)
    return assembly.finish(request.name, "market_stall")


def _stall(assembly: Assembly, request: AssetRequest) -> None:
    """A market stall with a striped awning, a counter and crates of fruit."""
    rng, scale = assembly.rng, math.sqrt(request.size)
    width, deep = between(rng, 2.4, 3.0) * scale, 1.7 * scale
    front_y, back_y = 2.15, 2.6
    for x in (-width / 2.0 + 0.06, width / 2.0 - 0.06):
        for z, top in ((deep / 2.0 - 0.06, front_y), (-deep / 2.0 + 0.06, back_y)):
            assembly.solid_box(
                WORLD, (x - 0.045, -0.4, z - 0.045), (x + 0.045, top, z + 0.045), "wood_beam", grain=1, skip="D"
            )
    counter, z0 = 0.92, deep / 2.0 - 0.75
    assembly.solid_box(
        WORLD,
        (-width / 2.0 - 0.08, counter - 0.05, z0),
        (width / 2.0 + 0.08, counter, deep / 2.0 + 0.12),
        "wood_planks",
        grain=0,
    )
    assembly.solid_box(
        WORLD,
        (-width / 2.0, -0.1, deep / 2.0 - 0.09),
        (width / 2.0, counter - 0.05, deep / 2.0 - 0.05),
        "wood_weathered",
        grain=0,
        skip="DU",
    )
    colors = (pick(rng, (PAINT_RED, PAINT_GREEN, PAINT_BLUE, PAINT_OCHRE)), PAINT_CREAM)
    _awning(assembly, width + 0.5, (deep / 2.0 + 0.55, front_y - 0.12), (-deep / 2.0 - 0.15, back_y + 0.08), colors)
    fruit: tuple[LinearColor, ...] = ((0.5, 0.05, 0.03), (0.6, 0.32, 0.03), (0.16, 0.32, 0.04), (0.55, 0.42, 0.06))
    crates = max(2, round(width / 0.62))
    for index in range(crates):
        x = -width / 2.0 + 0.1 + (width - 0.2) * (index + 0.5) / crates
        place = WORLD.moved(x, counter, deep / 2.0 - 0.28).pitched(0.16)
        half = (width - 0.2) / crates / 2.0 - 0.03
        for low, high in (
            ((-half, 0.0, -0.25), (half, 0.03, 0.25)),
            ((-half, 0.03, 0.23), (half, 0.14, 0.25)),
            ((-half, 0.03, -0.25), (half, 0.14, -0.23)),
            ((-half, 0.03, -0.23), (-half + 0.02, 0.14, 0.23)),
            ((half - 0.02, 0.03, -0.23), (half, 0.14, 0.23)),
        ):
            assembly.box(place, low, high, "wood_planks", lods=FINE if low[1:] != (0.0, -0.25) else NEAR)
        color = pick(rng, fruit)
        columns = max(2, int(half * 2.0 / 0.115))
        for row in range(4):
            for column in range(columns):
                s = -half + 0.07 + (2.0 * half - 0.14) * column / max(columns - 1, 1)
                spot = place.moved(s, 0.1 + float(rng.uniform(-0.01, 0.015)), -0.17 + 0.112 * row)
                ball = [(0.0, -0.05), (0.045, -0.025), (0.052, 0.01), (0.03, 0.045), (0.0, 0.052)]
                lathe(
                    assembly, spot, ball, "paint", sides=6, lods=FINE, color=varied(color, rng, 0.25), smooth_along=True
                )
        assembly.box(
            place, (-half + 0.02, 0.03, -0.22), (half - 0.02, 0.12, 0.22), "paint", color=color, lods=(1,), skip="D"
        )
    for index in range(2):
        barrel = WORLD.moved((-1.0 if index else 1.0) * (width / 2.0 + 0.42), 0.0, deep * 0.1 + 0.2 * index)
        profile = [
            (0.0, -0.02),
            (0.23, 0.0),
            (0.285, 0.28),
            (0.285, 0.5),
            (0.23, 0.8),
            (0.2, 0.8),
            (0.2, 0.76),
            (0.0, 0.76),
        ]
        lathe(assembly, barrel, profile, "wood_planks", sides=14, lods=NEAR)
        for y, r in ((0.1, 0.256), (0.68, 0.258)):
            lathe(
                assembly,
                barrel,
                [(r, y), (r + 0.008, y + 0.01), (r + 0.01, y + 0.05), (r, y + 0.06)],
                "iron",
                sides=14,
                lods=FINE,
            )
        hull_cylinder(assembly, barrel.point(0, 0, 0), barrel.point(0, 0.8, 0), 0.28, "wood_planks")
    if request.snow_cover > 0.15:
        reach = width / 2.0 + 0.2
        foot, head = (front_y - 0.1, deep / 2.0 + 0.5), (back_y + 0.09, -deep / 2.0 - 0.1)
        corners = [(-reach, *foot), (reach, *foot), (reach, *head), (-reach, *head)]
        snow_slope(assembly, corners, request.snow_cover, lods=NEAR, taper_top=True, sink=0.0)


def _awning(
    assembly: Assembly,
    width: float,
    front: tuple[float, float],
    back: tuple[float, float],
    colors: tuple[LinearColor, LinearColor],
) -> None:
    """A sloping cloth in stripes with a scalloped valance, seen from above and below."""
    stripes = 2 * round(width / 0.5) + 1
    for index in range(stripes):
        a, b = -width / 2.0 + width * index / stripes, -width / 2.0 + width * (index + 1) / stripes
        drop = front[1] - 0.2
        rows = [
            [(a, drop, front[0] + 0.03), ((a + b) / 2.0, drop - 0.08, front[0] + 0.03), (b, drop, front[0] + 0.03)],
            [(a, front[1], front[0]), ((a + b) / 2.0, front[1], front[0]), (b, front[1], front[0])],
            [(a, back[1], back[0]), ((a + b) / 2.0, back[1], back[0]), (b, back[1], back[0])],
        ]
        color = colors[index % 2]
        cloth(assembly, np.array(rows), "paint", lods=NEAR, color=color)
        cloth(assembly, np.array(rows)[:, [0, 2]], "paint", lods=FAR, color=color)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="market_stall",
        kinds={"market_stall": ("market stall", "stall", "market", "market stand", "fruit stand", "booth")},
        build=_build,
        placement=Placement(
            max_slope_deg=10.0, water_distance_m=(2.0, float("inf")), levels_ground=True, faces_path=True
        ),
        num_variants=3,
    ),
)
