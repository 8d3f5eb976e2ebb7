"""Walls in segments that can be laid end to end: town walls with battlements, dry-stone walls, garden walls."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.fortification import PARAPET_M, slit
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.panels import level, panel
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.solids import rough_blocks
from worldgen.builder.architecture.stonework import FOUNDATION_M, crenellated
from worldgen.builder.architecture.themes import stone
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_SPAN_M = 5.0


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    span = request.span_m or _SPAN_M
    builder = {"dry_stone_wall": _dry_stone, "town_wall": _town_wall, "garden_wall": _garden_wall}[request.kind]
    thickness = builder(assembly, request, span)
    return assembly.finish(request.name, "wall", footprint_m=max(thickness, 0.5))


def _town_wall(assembly: Assembly, request: AssetRequest, span: float) -> float:
    """A rampart with a walk behind its battlements; returns half its thickness."""
    walk, thick = 4.2 * request.size, 1.5
    material = stone(request, "stone_blocks" if assembly.rng.random() < 0.5 else None)
    front = WORLD.moved(d=thick / 2.0)
    low, high = (-span / 2.0, -FOUNDATION_M, -thick), (span / 2.0, walk, 0.0)
    assembly.box(front, low, high, material, grain=0, skip="DU")
    assembly.hull_box(front, low, high, "stone")
    top = np.array(
        [[(-span / 2.0, walk, 0.0), (span / 2.0, walk, 0.0), (span / 2.0, walk, -thick), (-span / 2.0, walk, -thick)]]
    )
    assembly.quads(front.points(top), top[..., [0, 2]], "cobble")
    parapet = front.moved(d=0.06)
    crown = walk + PARAPET_M
    outline = crenellated(span, crown, crown + 0.85)
    teeth = [(a[0] + b[0]) / 2.0 for a, b in pairwise(outline) if a[1] == b[1] > crown]
    slits = [slit(s, walk + 0.75, height=0.75, width=0.14) for s in teeth[::2]]
    for lods, line, holes in ((NEAR, outline, slits), (FAR, level(span, crown + 0.45), [])):
        panel(
            assembly,
            parapet,
            line,
            material,
            bottom=walk,
            thickness=0.45,
            inside=material,
            openings=holes,
            lods=lods,
        )
    assembly.hull_box(parapet, (-span / 2.0, walk, -0.45), (span / 2.0, crown, 0.0), "stone")
    for (a, y0), (b, y1) in pairwise(outline):
        if y0 == y1 and y0 > crown:
            assembly.box(parapet, (a - 0.05, y0, -0.5), (b + 0.05, y0 + 0.1, 0.05), "stone_blocks", lods=FINE)
    course_low, course_high = (-span / 2.0, walk - 0.25, 0.0), (span / 2.0, walk, 0.1)
    assembly.box(front, course_low, course_high, "stone_blocks", grain=0, lods=NEAR, skip="B")
    foot_low, foot_high = (-span / 2.0, -FOUNDATION_M, 0.0), (span / 2.0, 0.55, 0.16)
    assembly.box(front, foot_low, foot_high, material, grain=0, lods=NEAR, skip="DB")
    if request.snow_cover > 0.15:
        snow_top(assembly, front, (-span / 2.0, -thick), (span / 2.0, -0.4), y=walk, cover=request.snow_cover)
    return thick / 2.0


def _dry_stone(assembly: Assembly, request: AssetRequest, span: float) -> float:
    """A waist-high wall of stacked field stones with upright stones on top; returns half its thickness."""
    rng = assembly.rng
    height, thick = 1.05 * request.size, 0.55
    material = stone(request, "stone_mossy" if rng.random() < 0.4 else "rock_granite" if rng.random() < 0.5 else None)
    if material == "stone_wall":
        material = "rock_limestone"
    frames: list[Frame] = []
    sizes: list[tuple[float, float, float]] = []
    y = -0.12
    while y < height - 0.12:
        tall = float(rng.uniform(0.13, 0.24))
        s = -span / 2.0
        share = max(y, 0.0) / height
        while s < span / 2.0 - 0.02:
            wide = min(float(rng.uniform(0.2, 0.55)), span / 2.0 - s)
            if span / 2.0 - s - wide < 0.15:
                wide = span / 2.0 - s
            deep = thick * (1.0 - 0.25 * share) * float(rng.uniform(0.92, 1.1))
            tilt = float(rng.uniform(-0.04, 0.04))
            frames.append(WORLD.moved(s + wide / 2.0, y + tall / 2.0, float(rng.uniform(-0.02, 0.02))).rolled(tilt))
            sizes.append((wide * 0.99, tall * 1.04, deep))
            s += wide
        y += tall * 0.98
    s = -span / 2.0
    while s < span / 2.0 - 0.1:
        wide = min(float(rng.uniform(0.1, 0.22)), span / 2.0 - s)
        tall = float(rng.uniform(0.2, 0.32))
        frames.append(WORLD.moved(s + wide / 2.0, y + tall / 2.0 - 0.03, 0.0).rolled(float(rng.uniform(-0.15, 0.15))))
        sizes.append((wide, tall, thick * float(rng.uniform(0.68, 0.85))))
        s += wide
    rough_blocks(assembly, frames, sizes, material, roughness=0.1, chamfer=0.16, lods=FINE)
    half = span / 2.0
    core_low, core_high = (-half + 0.03, -FOUNDATION_M, -thick * 0.38), (half - 0.03, y - 0.04, thick * 0.38)
    assembly.box(WORLD, core_low, core_high, "stone_wall", grain=0, lods=FINE, skip="D")
    far_low, far_high = (-half, -FOUNDATION_M, -thick * 0.47), (half, y, thick * 0.47)
    assembly.box(WORLD, far_low, far_high, "stone_wall", grain=0, lods=(1, 2), skip="DU")
    crest_low, crest_high = (-half, y, -thick * 0.38), (half, y + 0.2, thick * 0.38)
    assembly.box(WORLD, crest_low, crest_high, "stone_wall", grain=0, lods=(1, 2), skip="D")
    assembly.hull_box(WORLD, (-half, -FOUNDATION_M, -thick / 2.0), (half, y + 0.15, thick / 2.0), "stone")
    if request.snow_cover > 0.15:
        snow_top(assembly, WORLD, (-half, -thick * 0.4), (half, thick * 0.4), y=y + 0.18, cover=request.snow_cover)
    return thick / 2.0


def _garden_wall(assembly: Assembly, request: AssetRequest, span: float) -> float:
    """A head-high wall with a coping and a pier; returns half its thickness."""
    rng = assembly.rng
    height, thick = 1.7 * request.size, 0.36
    material = stone(request, "brick" if rng.random() < 0.5 else "plaster_ochre" if rng.random() < 0.3 else None)
    half = span / 2.0
    low, high = (-half, -FOUNDATION_M, -thick / 2.0), (half, height, thick / 2.0)
    assembly.hull_box(WORLD, low, high, "stone")
    assembly.box(WORLD, (-half, 0.3, -thick / 2.0), high, material, grain=0, lods=NEAR, skip="D")
    assembly.box(WORLD, low, high, material, grain=0, lods=FAR, skip="D")
    foot = 0.05
    assembly.box(
        WORLD,
        (-half, -FOUNDATION_M, -thick / 2.0 - foot),
        (half, 0.3, thick / 2.0 + foot),
        "stone_blocks",
        grain=0,
        lods=NEAR,
        skip="D",
    )
    count = max(1, round(span / 0.62))
    for index in range(count):
        a, b = -half + span * index / count, -half + span * (index + 1) / count
        reach = thick / 2.0 + 0.06
        edge = 0.004 if 0 < index else 0.0
        assembly.box(
            WORLD, (a + edge, height, -reach), (b - 0.004, height + 0.11, reach), "stone_blocks", grain=0, lods=FINE
        )
    assembly.box(
        WORLD,
        (-half, height, -thick / 2 - 0.06),
        (half, height + 0.11, thick / 2 + 0.06),
        "stone_blocks",
        grain=0,
        lods=(1, 2),
    )
    pier = 0.27
    for s in np.arange(-half + span / 4.0, half, span / 2.0):
        place = WORLD.moved(s=float(s))
        assembly.solid_box(
            place, (-pier, -FOUNDATION_M, -pier), (pier, height + 0.16, pier), material, grain=0, skip="D"
        )
        assembly.box(
            place,
            (-pier - 0.06, height + 0.16, -pier - 0.06),
            (pier + 0.06, height + 0.27, pier + 0.06),
            "stone_blocks",
            lods=ALL,
        )
        rough_blocks(
            assembly,
            [place.moved(y=height + 0.36)],
            [(0.3, 0.2, 0.3)],
            "stone_blocks",
            roughness=0.0,
            chamfer=0.3,
            lods=FINE,
        )
    if request.snow_cover > 0.15:
        snow_top(assembly, WORLD, (-half, -thick / 2.0), (half, thick / 2.0), y=height + 0.11, cover=request.snow_cover)
    return thick / 2.0


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="wall",
        kinds={
            "dry_stone_wall": ("wall", "stone wall", "dry-stone wall", "dry stone wall", "field wall"),
            "town_wall": ("town wall", "city wall", "castle wall", "rampart", "battlement", "fortification"),
            "garden_wall": ("garden wall", "brick wall", "courtyard wall"),
        },
        build=_build,
        placement=Placement(max_slope_deg=25.0, water_distance_m=(1.0, float("inf")), sink_m=0.1),
        materials=("stone", "brick", "plaster"),
        num_variants=3,
    ),
)
