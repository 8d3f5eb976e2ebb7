"""Things of farm and market: haystacks, hay bales, carts and market stalls."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD, Frame, frame_between
from worldgen.builder.architecture.palette import (
    PAINT_BLUE,
    PAINT_CREAM,
    PAINT_GREEN,
    PAINT_OCHRE,
    PAINT_RED,
    pick,
    varied,
)
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.solids import cylinder, hull_cylinder, lathe, rough_blocks, tube
from worldgen.builder.architecture.themes import between
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.material import LinearColor
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {
        "haystack": (_haystack, "haystack"),
        "hay_bale": (_hay_bale, "haystack"),
        "cart": (_cart, "cart"),
        "wagon": (_cart, "cart"),
        "market_stall": (_stall, "market_stall"),
    }
    builder, label = builders[request.kind]
    builder(assembly, request)
    return assembly.finish(request.name, label)


def _haystack(assembly: Assembly, request: AssetRequest) -> None:
    """A dome of hay around a pole."""
    rng = assembly.rng
    radius, height = between(rng, 1.25, 1.7) * request.size, between(rng, 2.3, 3.0) * request.size
    shape = [(0.86, -0.1), (0.94, 0.08), (1.0, 0.28), (0.97, 0.45), (0.8, 0.63), (0.55, 0.8), (0.27, 0.93), (0.04, 1.0)]
    profile = [(radius * r * float(rng.uniform(0.97, 1.03)), height * y) for r, y in shape]
    stretch = (float(rng.uniform(0.93, 1.07)), 1.0)
    for lods, sides in ((FINE, 20), ((1,), 12), (FAR, 7)):
        chosen = profile if lods is not FAR else [profile[0], profile[2], profile[4], profile[-1]]
        lathe(assembly, WORLD, chosen, "thatch", sides=sides, lods=lods, smooth_along=True, stretch=stretch)
    cylinder(assembly, (0.0, height * 0.9, 0.0), (0.05, height + 0.45, 0.03), 0.045, "wood_beam", sides=6, lods=NEAR)
    for _ in range(46):
        # Loose tufts break the outline.
        turn, share = float(rng.uniform(0.0, 2.0 * math.pi)), float(rng.uniform(0.02, 0.85))
        reach = float(np.interp(share, [p[1] / height for p in profile], [p[0] for p in profile]))
        place = WORLD.moved(y=share * height).yawed(turn).moved(d=reach - 0.02).pitched(float(rng.uniform(-0.35, 0.1)))
        size = float(rng.uniform(0.12, 0.3))
        assembly.box(
            place, (-size * 0.5, -size, -0.03), (size * 0.5, size * 0.3, 0.035), "thatch", grain=1, lods=FINE, skip="B"
        )
    hull_cylinder(assembly, (0.0, -0.1, 0.0), (0.0, height * 0.6, 0.0), radius * 0.9, "thatch")
    if request.snow_cover > 0.15:
        cap = [
            (radius * 0.84, height * 0.62),
            (radius * 0.88, height * 0.68),
            (radius * 0.6, height * 0.85),
            (radius * 0.3, height * 0.98),
            (0.0, height * 1.06),
        ]
        lathe(assembly, WORLD, cap, "snow_cap", sides=16, color=(0.86, 0.89, 0.93), smooth_along=True)


def _hay_bale(assembly: Assembly, request: AssetRequest) -> None:
    """A round bale on its side."""
    radius, half = 0.75 * request.size, 0.6 * request.size
    frame = WORLD.moved(y=radius * 0.97).yawed(float(assembly.rng.uniform(-0.3, 0.3)))
    ends = frame.point(-half, 0.0, 0.0), frame.point(half, 0.0, 0.0)
    cylinder(assembly, *ends, radius, "thatch", sides=22, lods=NEAR)
    cylinder(assembly, *ends, radius, "thatch", sides=8, lods=FAR)
    for share in (0.92, 0.66, 0.4):
        turned = frame.rolled(-math.pi / 2.0)
        lathe(
            assembly,
            turned.moved(y=half),
            [(radius * share, 0.0), (radius * (share - 0.1), 0.03), (radius * (share - 0.2), 0.0)],
            "thatch",
            sides=20,
            lods=FINE,
        )
        back = frame.rolled(math.pi / 2.0)
        lathe(
            assembly,
            back.moved(y=half),
            [(radius * share, 0.0), (radius * (share - 0.1), 0.03), (radius * (share - 0.2), 0.0)],
            "thatch",
            sides=20,
            lods=FINE,
        )
    for s in (-0.55, 0.0, 0.55):
        ring = [
            frame.point(s * half, radius * 1.005 * math.cos(a), radius * 1.005 * math.sin(a))
            for a in np.linspace(0.0, 2.0 * math.pi, 25)
        ]
        tube(assembly, ring, 0.008, "rope", sides=4, lods=FINE)
    hull_cylinder(assembly, *ends, radius, "thatch", sides=12)


def _wheel(assembly: Assembly, frame: Frame, radius: float) -> None:
    """A spoked wheel in the plane of the frame's s and y, with an iron tyre."""
    hub = frame.pitched(math.pi / 2.0)
    for lods, sides in ((FINE, 24), ((1,), 14), (FAR, 8)):
        rim = [
            (radius - 0.1, -0.035),
            (radius - 0.01, -0.035),
            (radius - 0.01, 0.035),
            (radius - 0.1, 0.035),
            (radius - 0.1, -0.035),
        ]
        lathe(assembly, hub, rim, "wood_beam", sides=sides, lods=lods)
        if lods is not FAR:
            tyre = [(radius - 0.012, -0.04), (radius, -0.04), (radius, 0.04), (radius - 0.012, 0.04)]
            lathe(assembly, hub, tyre, "iron", sides=sides, lods=lods)
    lathe(
        assembly,
        hub,
        [(0.0, -0.14), (0.08, -0.13), (0.1, 0.0), (0.08, 0.13), (0.0, 0.14)],
        "wood_beam",
        sides=10,
        lods=NEAR,
    )
    for index in range(10):
        spoke = frame.rolled(index * math.pi / 5.0)
        assembly.box(
            spoke,
            (-0.025, 0.07, -0.02),
            (0.025, radius - 0.09, 0.02),
            "wood_planks",
            grain=1,
            lods=NEAR if index % 2 else FINE,
            skip="UD",
        )


def _cart(assembly: Assembly, request: AssetRequest) -> None:
    """A hay cart on two wheels with shafts to +Z, or a four-wheeled wagon."""
    rng, scale = assembly.rng, math.sqrt(request.size)
    wagon = request.kind == "wagon"
    length, width, floor = (3.2 if wagon else 2.3) * scale, 1.25 * scale, 0.78
    radius = 0.62
    axles = (-length * 0.32, length * 0.32) if wagon else (-0.05,)
    for z in axles:
        for side in (-1.0, 1.0):
            _wheel(assembly, WORLD.moved(side * (width / 2.0 + 0.16), radius, z).yawed(side * math.pi / 2.0), radius)
        cylinder(
            assembly,
            (-width / 2.0 - 0.2, radius, z),
            (width / 2.0 + 0.2, radius, z),
            0.05,
            "wood_beam",
            sides=8,
            lods=NEAR,
        )
        assembly.box(
            WORLD,
            (-width / 2.0 + 0.05, radius, z - 0.06),
            (width / 2.0 - 0.05, floor - 0.05, z + 0.06),
            "wood_beam",
            grain=0,
            lods=NEAR,
        )
    half = length / 2.0
    assembly.solid_box(WORLD, (-width / 2.0, floor - 0.05, -half), (width / 2.0, floor, half), "wood_planks", grain=2)
    for x in (-width / 2.0 + 0.1, width / 2.0 - 0.1):
        reach = half + (0.4 if wagon else 1.5)
        assembly.box(
            WORLD, (x - 0.04, floor - 0.16, -half + 0.05), (x + 0.04, floor - 0.05, reach), "wood_beam", grain=2
        )
    high = 0.5
    for side in (-1.0, 1.0):
        x = side * width / 2.0
        for k in range(3):
            y = floor + 0.06 + 0.17 * k
            low, top = (min(x, x + side * 0.03), y, -half), (max(x, x + side * 0.03), y + 0.13, half)
            assembly.box(WORLD, low, top, "wood_weathered", grain=2, lods=NEAR)
        assembly.box(
            WORLD,
            (min(x, x + side * 0.03), floor, -half),
            (max(x, x + side * 0.03), floor + high + 0.05, half),
            "wood_weathered",
            grain=2,
            lods=FAR,
        )
        for z in np.linspace(-half + 0.12, half - 0.12, 4):
            inner, outer = sorted((x + side * 0.03, x + side * 0.085))
            assembly.box(
                WORLD,
                (inner, floor - 0.1, float(z) - 0.035),
                (outer, floor + high + 0.12, float(z) + 0.035),
                "wood_beam",
                grain=1,
                lods=FINE,
            )
        assembly.hull_box(
            WORLD, (min(x, x + side * 0.08), floor, -half), (max(x, x + side * 0.08), floor + high + 0.1, half), "wood"
        )
    for z in (-half, half - 0.03):
        for k in range(3):
            y = floor + 0.06 + 0.17 * k
            assembly.box(
                WORLD,
                (-width / 2.0 + 0.005, y, z),
                (width / 2.0 - 0.005, y + 0.13, z + 0.03),
                "wood_weathered",
                grain=0,
                lods=NEAR,
            )
    if not wagon:
        cylinder(
            assembly,
            (-width * 0.3, floor - 0.1, half + 0.35),
            (-width * 0.3, -0.05, half + 0.45),
            0.04,
            "wood_beam",
            sides=6,
            lods=NEAR,
        )
    if rng.random() < 0.65:
        dome = [(0.96, 0.02), (0.98, 0.45), (0.84, 0.8), (0.5, 1.06), (0.03, 1.16)]
        load = WORLD.moved(y=floor)
        for lods, sides in ((NEAR, 14), (FAR, 6)):
            lathe(
                assembly,
                load,
                [(r * 0.5, y) for r, y in dome],
                "thatch",
                sides=sides,
                lods=lods,
                smooth_along=True,
                stretch=(width * 0.98, length * 0.98),
            )
    else:
        frames, sizes = [], []
        for index in range(5):
            frames.append(
                WORLD.moved(float(rng.uniform(-0.3, 0.3)), floor + 0.2, -half + 0.35 + 0.36 * index).yawed(
                    float(rng.uniform(-0.4, 0.4))
                )
            )
            sizes.append((0.55, 0.36, 0.36))
        rough_blocks(assembly, frames, sizes, "canvas", roughness=0.12, chamfer=0.35, lods=NEAR)
    if request.snow_cover > 0.15:
        snow_top(
            assembly,
            WORLD,
            (-width / 2.0 + 0.05, -half + 0.05),
            (width / 2.0 - 0.05, half - 0.05),
            y=floor + 0.3,
            cover=request.snow_cover,
        )


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
            ((-half, 0.0, 0.23), (half, 0.14, 0.25)),
            ((-half, 0.0, -0.25), (half, 0.14, -0.23)),
            ((-half, 0.0, -0.23), (-half + 0.02, 0.14, 0.23)),
            ((half - 0.02, 0.0, -0.23), (half, 0.14, 0.23)),
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
        run = frame_between((-width / 2.0, front_y, deep / 2.0), (width / 2.0, front_y, deep / 2.0))
        snow_top(assembly, run.moved(y=0.3), (0.0, -deep), (width, 0.0), y=0.12, cover=request.snow_cover)


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
        middle = (a + b) / 2.0
        drop = front[1] - 0.2
        quads = np.array(
            [
                [(a, front[1], front[0]), (b, front[1], front[0]), (b, back[1], back[0]), (a, back[1], back[0])],
                [
                    (a, drop, front[0] + 0.03),
                    (b, drop, front[0] + 0.03),
                    (b, front[1], front[0]),
                    (a, front[1], front[0]),
                ],
                [
                    (a, drop, front[0] + 0.03),
                    (middle, drop - 0.08, front[0] + 0.03),
                    (b, drop, front[0] + 0.03),
                    (b, drop, front[0] + 0.03),
                ],
            ]
        )
        behind = quads[:, [0, 3, 2, 1]] - np.array([0.0, 0.012, 0.006])
        color = colors[index % 2]
        assembly.quads(quads, None, "paint", lods=ALL, color=color)
        assembly.quads(behind, None, "paint", lods=NEAR, color=color)


_PLACEMENT = Placement(max_slope_deg=18.0, water_distance_m=(2.0, float("inf")), sink_m=0.03)

FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="haystack",
        kinds={
            "haystack": ("haystack", "hay stack", "hayrick", "haycock"),
            "hay_bale": ("hay bale", "bale", "straw bale"),
        },
        build=_build,
        placement=_PLACEMENT,
        num_variants=3,
    ),
    AssetFamily(
        name="cart",
        kinds={"cart": ("cart", "hay cart", "handcart"), "wagon": ("wagon", "carriage", "wain")},
        build=_build,
        placement=_PLACEMENT,
        num_variants=2,
    ),
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
