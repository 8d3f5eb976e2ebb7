"""Graves: stones with a round or stepped head, and crosses of stone or wood."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.solids import lathe, prism
from worldgen.builder.architecture.themes import ARID, between, stone
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {"gravestone": _gravestone, "grave_cross": _grave_cross}
    builders[request.kind](assembly, request)
    return assembly.finish(request.name, "gravestone")


def _carved(request: AssetRequest, rng: np.random.Generator) -> str:
    choices = ("rock_sandstone",) if request.biome in ARID else ("plaster_white", "rock_granite")
    return stone(request, choices[int(rng.integers(len(choices)))])


def _gravestone(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    material = stone(request, ("rock_granite", "rock_limestone", "stone_mossy")[int(rng.integers(2))])
    half, tall = between(rng, 0.26, 0.36) * scale, between(rng, 0.75, 1.05) * scale
    lean = WORLD.rolled(float(rng.uniform(-0.08, 0.08))).pitched(float(rng.uniform(-0.1, 0.04)))
    outline = [(-half, -0.4), (half, -0.4), (half, tall * 0.72)]
    if rng.random() < 0.65:
        outline += [
            (half * math.cos(k), tall * 0.72 + tall * 0.28 * math.sin(k)) for k in np.linspace(0.25, math.pi - 0.25, 8)
        ]
    else:
        outline.append((0.0, tall))
    outline.append((-half, tall * 0.72))
    prism(assembly, lean, outline, (-0.07, 0.07), material)
    for index in range(4):
        wide = half * (0.62 if index else 0.4) * float(rng.uniform(0.75, 1.0))
        y = tall * (0.66 - 0.11 * index)
        assembly.box(
            lean, (-wide, y, 0.06), (wide, y + 0.022, 0.073), "paint", color=(0.05, 0.05, 0.045), lods=FINE, skip="B"
        )
    assembly.box(WORLD, (-half * 1.25, -0.3, -0.14), (half * 1.25, 0.09, 0.14), material, grain=0, lods=NEAR, skip="D")
    assembly.hull_box(lean, (-half, -0.3, -0.07), (half, tall, 0.07), "stone")
    if rng.random() < 0.6:
        mound = [(1.0, 0.0), (0.8, 0.12), (0.4, 0.19), (0.0, 0.21)]
        lathe(
            assembly,
            WORLD.moved(d=1.1 * scale),
            [(r, y) for r, y in mound],
            "ground_grass",
            sides=14,
            lods=NEAR,
            smooth_along=True,
            stretch=(0.42, 0.95),
        )
    if request.snow_cover > 0.15:
        snow_top(assembly, lean, (-half * 0.6, -0.07), (half * 0.6, 0.07), y=tall * 0.97, cover=request.snow_cover)


def _grave_cross(assembly: Assembly, request: AssetRequest) -> None:
    """A cross with a ring on a stepped foot."""
    rng, scale = assembly.rng, request.size
    wooden = request.material == "wood" or rng.random() < 0.3
    tall = between(rng, 1.2, 1.7) * scale
    if wooden:
        frame = WORLD.rolled(float(rng.uniform(-0.06, 0.06)))
        assembly.box(frame, (-0.05, -0.4, -0.035), (0.05, tall, 0.035), "wood_weathered", grain=1)
        assembly.box(
            frame,
            (-0.36 * scale, tall * 0.66, -0.03),
            (0.36 * scale, tall * 0.66 + 0.1, 0.042),
            "wood_weathered",
            grain=0,
        )
    else:
        material = _carved(request, rng)
        for low, high, reach in ((-0.4, 0.14, 0.42), (0.1, 0.3, 0.3)):
            assembly.box(WORLD, (-reach, low, -reach * 0.8), (reach, high, reach * 0.8), material, grain=0, skip="D")
        assembly.box(WORLD, (-0.1, 0.28, -0.08), (0.1, tall, 0.08), material, grain=1)
        assembly.box(
            WORLD, (-0.38 * scale, tall * 0.72, -0.07), (0.38 * scale, tall * 0.72 + 0.18, 0.072), material, grain=0
        )
        wheel = WORLD.moved(y=tall * 0.72 + 0.09).pitched(math.pi / 2.0)
        reach = 0.27 * scale
        ring = [(reach - 0.06, -0.05), (reach, -0.05), (reach, 0.05), (reach - 0.06, 0.05), (reach - 0.06, -0.05)]
        lathe(assembly, wheel, ring, material, sides=20, lods=NEAR)
    assembly.hull_box(WORLD, (-0.12, -0.3, -0.035), (0.12, tall, 0.035), "wood" if wooden else "stone")


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="gravestone",
        kinds={
            "gravestone": ("gravestone", "grave", "tombstone", "headstone", "graveyard", "cemetery", "tomb"),
            "grave_cross": ("cross", "stone cross", "grave cross", "celtic cross"),
        },
        build=_build,
        placement=Placement(max_slope_deg=18.0, water_distance_m=(2.0, float("inf")), faces_path=True, clusters=0.7),
        materials=("stone", "wood"),
        num_variants=4,
    ),
)
