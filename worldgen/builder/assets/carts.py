"""Carts: two-wheeled hay carts and four-wheeled wagons."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.solids import cylinder, lathe, rough_blocks
from worldgen.builder.architecture.themes import between
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_PLACEMENT = Placement(max_slope_deg=18.0, water_distance_m=(2.0, float("inf")), sink_m=0.03)


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {"cart": _cart, "wagon": _cart}
    builders[request.kind](assembly, request)
    return assembly.finish(request.name, "cart")


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
            tyre = [
                (radius - 0.012, -0.04),
                (radius, -0.04),
                (radius, 0.04),
                (radius - 0.012, 0.04),
                (radius - 0.012, -0.04),
            ]
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
    length = between(rng, 3.0, 3.5) * scale if wagon else between(rng, 2.1, 2.5) * scale
    width, floor = between(rng, 1.15, 1.35) * scale, 0.78
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


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="cart",
        kinds={"cart": ("cart", "hay cart", "handcart"), "wagon": ("wagon", "carriage", "wain")},
        build=_build,
        placement=_PLACEMENT,
        num_variants=2,
    ),
)
