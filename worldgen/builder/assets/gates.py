"""Gates: gatehouses between round towers and free-standing arches."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.joinery import (
    voussoirs,
)
from worldgen.builder.architecture.panels import Opening, level, panel
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.stonework import FOUNDATION_M
from worldgen.builder.architecture.themes import between, stone
from worldgen.builder.assets.gate_works import curtain, gate_block
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {"archway": _archway, "gatehouse": _gatehouse}
    builders[request.kind](assembly, request)
    return assembly.finish(request.name, "gate")


def _gatehouse(assembly: Assembly, request: AssetRequest) -> None:
    material = stone(request, "stone_blocks" if assembly.rng.random() < 0.5 else "stone_wall")
    width = gate_block(assembly, request, WORLD, material, scale=math.sqrt(request.size))
    for i in (-1.0, 1.0):
        curtain(
            assembly,
            WORLD.moved(s=i * (width / 2.0 + 1.0), d=0.7),
            2.6,
            4.6 * math.sqrt(request.size),
            material,
            ends=True,
        )


def _archway(assembly: Assembly, request: AssetRequest) -> None:
    """A free-standing arch with piers, mouldings and an attic."""
    rng, scale = assembly.rng, request.size
    material = stone(request, "stone_blocks" if rng.random() < 0.6 else "rock_limestone")
    wide, deep, height = between(rng, 6.4, 8.0) * scale, between(rng, 1.8, 2.6) * scale, between(rng, 7.0, 8.6) * scale
    half = wide * between(rng, 0.24, 0.29)
    opening = Opening(left=-half, right=half, bottom=-FOUNDATION_M, top=height * 0.68, arch="round")
    front = WORLD.moved(d=deep / 2.0)
    for lods, steps in ((FINE, 16), ((1,), 8), (FAR, 4)):
        panel(
            assembly,
            front,
            level(wide, height),
            material,
            bottom=-FOUNDATION_M,
            openings=(opening,),
            thickness=deep,
            inside=material,
            lods=lods,
            arch_steps=steps,
        )
    panel(
        assembly,
        front,
        level(wide, height),
        material,
        bottom=-FOUNDATION_M,
        openings=(opening,),
        thickness=deep,
        lods=(),
        collide=True,
        arch_steps=6,
    )
    springing = opening.top - opening.rise
    for turn in (0.0, math.pi):
        side = WORLD.yawed(turn).moved(d=deep / 2.0)
        voussoirs(assembly, side, opening, "stone_blocks", width=0.5 * scale, proud=0.07, lods=NEAR)
        for i in (-1.0, 1.0):
            middle = i * (wide / 2.0 + half) / 2.0
            pier = (wide / 2.0 - half) * 0.3
            place = side.moved(s=middle)
            assembly.box(
                place, (-pier, 0.7, -0.1), (pier, height * 0.74, 0.16), "stone_blocks", grain=1, lods=NEAR, skip="BDU"
            )
    reaches = (
        (0.0, 0.7, 0.2),
        (springing - 0.15, springing + 0.12, 0.1),
        (height * 0.74, height * 0.79, 0.26),
        (height - 0.05, height + 0.3, 0.22),
    )
    for low_y, high_y, proud in reaches:
        through = low_y >= height * 0.7
        spans = [(-wide / 2.0, wide / 2.0)] if through else [(-wide / 2.0, -half), (half, wide / 2.0)]
        for a, b in spans:
            inner = 0.0 if through else 0.05
            low = (
                a - proud if a < -half - 0.01 or through else a - inner,
                low_y if low_y > 0.0 else -0.5,
                -deep / 2.0 - proud,
            )
            high = (b + proud if b > half + 0.01 or through else b + inner, high_y, deep / 2.0 + proud)
            assembly.box(WORLD, low, high, "stone_blocks", grain=0, lods=NEAR, skip="D" if low_y == 0.0 else "")
    if request.snow_cover > 0.15:
        snow_top(
            assembly,
            WORLD,
            (-wide / 2.0, -deep / 2.0),
            (wide / 2.0, deep / 2.0),
            y=height + 0.3,
            cover=request.snow_cover,
        )


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="gate",
        kinds={
            "archway": ("arch", "archway", "stone arch", "triumphal arch", "portal"),
            "gatehouse": ("gate", "gatehouse", "city gate", "town gate", "castle gate"),
        },
        build=_build,
        placement=Placement(max_slope_deg=15.0, water_distance_m=(3.0, 400.0), levels_ground=True, faces_path=True),
        materials=("stone", "brick"),
        num_variants=1,
    ),
)
