"""Castles and keeps: ranges of battlements and towers around a yard."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import Assembly
from worldgen.builder.architecture.fortification import (
    square_parapet,
    square_shaft,
)
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import (
    DoorStyle,
    WindowStyle,
    door,
    steps_before,
    window,
)
from worldgen.builder.architecture.panels import Opening
from worldgen.builder.architecture.stonework import band_ring, plinth, quoins
from worldgen.builder.architecture.themes import between, glass, stone
from worldgen.builder.assets.gate_works import corner_tower, curtain, gate_block
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_FLOOR = 0.18


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {"castle": _castle, "keep": _keep}
    builders[request.kind](assembly, request)
    return assembly.finish(request.name, "castle")


def _castle(assembly: Assembly, request: AssetRequest) -> None:
    """Four ranges of wall with round corner towers, a gatehouse in front and a keep in the yard."""
    rng, scale = assembly.rng, math.sqrt(request.size)
    half = between(rng, 12.0, 14.5) * scale
    walk, radius = 5.0 * scale, 2.4 * scale
    material = stone(request, "stone_blocks" if rng.random() < 0.5 else "stone_wall")
    roofed = rng.random() < 0.6
    for i in (-1.0, 1.0):
        for j in (-1.0, 1.0):
            turn = math.atan2(i, j)
            place = WORLD.moved(i * half, 0.0, j * half).yawed(turn)
            corner_tower(assembly, request, place, radius=radius, height=8.2 * scale, material=material, roofed=roofed)
    for side in range(1, 4):
        frame = WORLD.yawed(side * math.pi / 2.0).moved(d=half + 0.7)
        curtain(assembly, frame, 2.0 * half - 2.0 * radius + 0.8, walk, material)
    gate = WORLD.moved(d=half - 0.3)
    width = gate_block(assembly, request, gate, material, scale=scale)
    run = half - radius + 0.4 - width / 2.0
    for i in (-1.0, 1.0):
        frame = WORLD.moved(s=i * (width / 2.0 - 0.15 + run / 2.0), d=half + 0.7)
        curtain(assembly, frame, run + 0.3, walk, material)
    keep = WORLD.moved(s=-half * 0.1, d=-half * 0.32)
    _keep_block(assembly, request, keep, width=9.0 * scale, height=12.5 * scale, material=material)


def _keep(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, math.sqrt(request.size)
    material = stone(request, "stone_blocks" if rng.random() < 0.5 else "stone_wall")
    width, height = between(rng, 10.0, 12.5) * scale, between(rng, 11.0, 13.5) * scale
    _keep_block(assembly, request, WORLD, width=width, height=height, material=material)
    roofed = rng.random() < 0.5
    for i in (-1.0, 1.0):
        for j in (-1.0, 1.0):
            place = WORLD.moved(i * width / 2.0, 0.0, j * width / 2.0).yawed(math.atan2(i, j))
            corner_tower(
                assembly, request, place, radius=1.7 * scale, height=height + 2.6, material=material, roofed=roofed
            )


def _keep_block(
    assembly: Assembly, request: AssetRequest, frame: Frame, *, width: float, height: float, material: str
) -> None:
    plinth(assembly, frame, (width, width), _FLOOR, material, proud=0.25)
    doorway = Opening(left=-0.65, right=0.65, bottom=_FLOOR, top=_FLOOR + 2.5, arch="round")
    openings: list[list[Opening]] = []
    for side in range(4):
        holes = [doorway] if side == 0 else []
        for y in np.arange(4.0, height - 1.6, 3.2):
            for s in (-width * 0.26, 0.0, width * 0.26):
                holes.append(Opening(left=s - 0.35, right=s + 0.35, bottom=float(y), top=float(y) + 1.5, arch="round"))
        openings.append(holes)
    sides = square_shaft(assembly, frame, width, (_FLOOR, height), material, openings=openings)
    glazing = WindowStyle(glass=glass(request), recess=0.3, columns=2, rows=3)
    for side_frame, holes in zip(sides, openings, strict=True):
        for hole in holes:
            if hole is not doorway:
                window(assembly, side_frame, hole, glazing)
    band_ring(assembly, sides, width, (3.3, 3.5), "stone_blocks", proud=0.09)
    door(assembly, sides[0], doorway, DoorStyle(surround="stone_blocks", leaves=2, recess=0.35))
    steps_before(assembly, sides[0], doorway, "stone_blocks", margin=0.5)
    quoins(assembly, frame, (width, width), (_FLOOR, height - 0.5), "stone_blocks")
    square_parapet(assembly, frame, width, height + 0.35, material, reach=0.35, snow=request.snow_cover)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="castle",
        kinds={
            "castle": ("castle", "fortress", "fort", "citadel", "palace"),
            "keep": ("keep", "donjon", "stronghold", "tower house"),
        },
        build=_build,
        placement=Placement(max_slope_deg=14.0, water_distance_m=(6.0, 400.0), levels_ground=True, faces_path=True),
        materials=("stone", "brick"),
        num_variants=1,
    ),
)
