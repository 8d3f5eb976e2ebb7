"""Docks: plank piers on posts that reach from the shore (at -Z) out over the water (to +Z)."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import COARSE, FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.solids import hull_cylinder, tube
from worldgen.builder.architecture.themes import between
from worldgen.builder.architecture.timber import round_log
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_DECK_M = 0.75
"""Height of the deck above the prototype's origin; posts reach 4 m below it."""


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    _dock(assembly, request)
    return assembly.finish(request.name, "dock")


def _dock(assembly: Assembly, request: AssetRequest) -> None:
    rng = assembly.rng
    length = request.span_m or between(rng, 8.0, 11.0) * request.size
    width, half = between(rng, 1.7, 2.2), length / 2.0
    deck = _DECK_M
    count = round(length / 0.19)
    for index in range(count):
        z = -half + length * (index + 0.5) / count
        reach = width / 2.0 + float(rng.uniform(-0.06, 0.05))
        thick = length / count / 2.0 - 0.008
        place = WORLD.moved(0.0, deck, z).yawed(float(rng.uniform(-0.012, 0.012)))
        assembly.box(
            place,
            (-reach, -0.05, -thick),
            (reach, 0.006 * float(rng.random()), thick),
            "wood_weathered",
            grain=0,
            lods=FINE,
        )
    assembly.box(
        WORLD, (-width / 2.0, deck - 0.05, -half), (width / 2.0, deck, half), "wood_weathered", grain=0, lods=COARSE
    )
    assembly.hull_box(WORLD, (-width / 2.0, deck - 0.3, -half), (width / 2.0, deck, half), "wood")
    for x in (-width / 2.0 + 0.2, width / 2.0 - 0.2):
        assembly.box(
            WORLD,
            (x - 0.07, deck - 0.25, -half + 0.03),
            (x + 0.07, deck - 0.05, half - 0.03),
            "wood_beam",
            grain=2,
            lods=NEAR,
        )
    bays = max(2, round(length / 2.6))
    for index in range(bays + 1):
        z = -half + 0.2 + (length - 0.4) * index / bays
        for side in (-1.0, 1.0):
            x = side * (width / 2.0 + 0.02)
            tall = deck + (0.75 if index in (0, bays) or index % 2 == 0 else 0.06)
            lean = side * float(rng.uniform(0.0, 0.05))
            foot, head = (x + lean, deck - 4.0, z), (x, tall, z)
            round_log(assembly, foot, head, 0.11, frame=WORLD, sides=9, caps="E")
            round_log(assembly, foot, head, 0.11, frame=WORLD, sides=4, caps="E", lods=(2,))
            hull_cylinder(assembly, foot, head, 0.11, "wood_logs", sides=6)
            if tall > deck + 0.5:
                for k in range(3):
                    angles = np.linspace(0.0, 2.0 * math.pi, 9)
                    loop = [
                        (x + 0.125 * math.cos(a), deck + 0.4 + 0.035 * k + 0.004 * a, z + 0.125 * math.sin(a))
                        for a in angles
                    ]
                    tube(assembly, loop, 0.018, "rope", sides=5, lods=FINE)
        beam_low, beam_high = (-width / 2.0, deck - 0.42, z - 0.07), (width / 2.0, deck - 0.25, z + 0.07)
        assembly.box(WORLD, beam_low, beam_high, "wood_beam", grain=0, lods=NEAR)
    if request.snow_cover > 0.15:
        snow_top(assembly, WORLD, (-width / 2.0, -half), (width / 2.0, half), y=deck, cover=request.snow_cover)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="dock",
        kinds={"dock": ("dock", "pier", "jetty", "wharf", "landing stage", "boardwalk")},
        build=_build,
        placement=Placement(max_slope_deg=30.0, water_depth_m=(0.0, 0.5), water_distance_m=(0.0, 8.0)),
        materials=("wood",),
        num_variants=1,
    ),
)
