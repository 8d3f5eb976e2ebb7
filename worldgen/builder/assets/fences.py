"""Fences in segments that can be laid end to end: split rails, pickets, and rails between stone posts."""

from __future__ import annotations

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.palette import PAINT_WHITE, varied
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.solids import prism, rough_blocks
from worldgen.builder.architecture.themes import stone
from worldgen.builder.architecture.timber import round_log
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_SPAN_M = 2.4


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    span = request.span_m or _SPAN_M
    kind = "stone_post_fence" if request.material == "stone" else request.kind
    builder = {"rail_fence": _rails, "picket_fence": _pickets, "stone_post_fence": _stone_posts}[kind]
    height = builder(assembly, request, span)
    assembly.hull_box(WORLD, (-span / 2.0, 0.0, -0.06), (span / 2.0, height, 0.06), "wood")
    return assembly.finish(request.name, "fence", footprint_m=0.3)


def _post_places(span: float, spacing: float = 1.3) -> list[float]:
    """Posts stand inside a segment, so that neighbours join in the middle of a rail."""
    count = max(1, round(span / spacing))
    return [-span / 2.0 + span * (index + 0.5) / count for index in range(count)]


def _rails(assembly: Assembly, request: AssetRequest, span: float) -> float:
    rng = assembly.rng
    height = 1.15 * request.size
    for s in _post_places(span):
        lean = float(rng.uniform(-0.03, 0.03))
        top = height + float(rng.uniform(-0.04, 0.06))
        round_log(assembly, (s, -0.6, 0.0), (s + lean, top, lean), 0.075, frame=WORLD, sides=8, caps="E", lods=ALL)
        if request.snow_cover > 0.15:
            snow_top(
                assembly,
                WORLD,
                (s + lean - 0.09, lean - 0.09),
                (s + lean + 0.09, lean + 0.09),
                y=top,
                cover=request.snow_cover,
            )
    for index, share in enumerate((0.36, 0.66, 0.93)):
        # Both ends lie at the same height, so that segments join; between them a rail sags and wanders.
        ys = [share * height, share * height + float(rng.uniform(-0.03, 0.02)), share * height]
        ss = [-span / 2.0, float(rng.uniform(-0.1, 0.1)) * span, span / 2.0]
        out = 0.095
        for k in range(2):
            caps = ("S" if k == 0 else "") + ("E" if k == 1 else "")
            start, end = (ss[k], ys[k], out), (ss[k + 1], ys[k + 1], out)
            round_log(assembly, start, end, 0.05, frame=WORLD, sides=7, caps=caps, lods=NEAR)
        round_log(assembly, (ss[0], ys[0], out), (ss[2], ys[2], out), 0.05, frame=WORLD, sides=4, caps="", lods=(2,))
        if request.snow_cover > 0.3 and index == 2:
            snow_top(
                assembly, WORLD, (ss[0], out - 0.05), (ss[2], out + 0.05), y=ys[0] + 0.045, cover=request.snow_cover
            )
    return height


def _pickets(assembly: Assembly, request: AssetRequest, span: float) -> float:
    rng = assembly.rng
    height = 1.0 * request.size
    painted = rng.random() < 0.7
    material = "paint" if painted else "wood_weathered"
    count = max(2, round(span / 0.145))
    for index in range(count):
        s = -span / 2.0 + span * (index + 0.5) / count
        high = height + float(rng.uniform(-0.012, 0.012))
        color = varied(PAINT_WHITE, rng, 0.06)
        half = 0.045
        outline = [(-half, 0.07), (half, 0.07), (half, high - 0.07), (0.0, high), (-half, high - 0.07)]
        place = WORLD.moved(s=s, d=0.03).rolled(float(rng.uniform(-0.012, 0.012)))
        prism(assembly, place, outline, (0.0, 0.022), material, color=color, lods=FINE)
        assembly.box(place, (-half, 0.07, 0.0), (half, high - 0.03, 0.022), material, color=color, lods=(1,), skip="UD")
    for y in (0.25 * height, 0.72 * height):
        low, high_corner = (-span / 2.0, y - 0.045, -0.02), (span / 2.0, y + 0.045, 0.03)
        assembly.box(WORLD, low, high_corner, material, grain=0, color=PAINT_WHITE, lods=NEAR)
    far_low, far_high = (-span / 2.0, 0.07, 0.01), (span / 2.0, height - 0.05, 0.04)
    assembly.box(WORLD, far_low, far_high, material, color=PAINT_WHITE, lods=(2,))
    for s in _post_places(span, 1.6):
        low, high_corner = (s - 0.05, -0.6, -0.11), (s + 0.05, height + 0.06, -0.015)
        assembly.box(WORLD, low, high_corner, material, grain=1, color=PAINT_WHITE, skip="D")
        assembly.box(
            WORLD,
            (s - 0.065, height + 0.06, -0.125),
            (s + 0.065, height + 0.09, 0.0),
            material,
            color=PAINT_WHITE,
            lods=FINE,
        )
    return height


def _stone_posts(assembly: Assembly, request: AssetRequest, span: float) -> float:
    rng = assembly.rng
    height = 1.15 * request.size
    material = stone(request, "rock_granite")
    for s in _post_places(span, 2.4):
        place = WORLD.moved(s=s, y=height / 2.0 - 0.3).yawed(float(rng.uniform(-0.08, 0.08)))
        rough_blocks(assembly, [place], [(0.27, height + 0.66, 0.24)], material, roughness=0.06, chamfer=0.14)
        assembly.hull_box(WORLD, (s - 0.13, -0.3, -0.12), (s + 0.13, height + 0.02, 0.12), "stone")
        if request.snow_cover > 0.15:
            snow_top(assembly, WORLD, (s - 0.13, -0.12), (s + 0.13, 0.12), y=height + 0.02, cover=request.snow_cover)
    for share in (0.42, 0.82):
        y = share * height
        low, high = (-span / 2.0, y - 0.07, -0.035), (span / 2.0, y + 0.07, 0.035)
        assembly.box(WORLD, low, high, "wood_weathered", grain=0)
    return height


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="fence",
        kinds={
            "rail_fence": ("fence", "rail fence", "wooden fence", "split-rail fence", "paddock", "corral"),
            "picket_fence": ("picket fence", "garden fence", "white fence", "palisade"),
            "stone_post_fence": ("post fence", "stone fence"),
        },
        build=_build,
        placement=Placement(max_slope_deg=30.0, water_distance_m=(0.5, float("inf"))),
        materials=("wood", "stone"),
        num_variants=3,
    ),
)
