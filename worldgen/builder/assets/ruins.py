"""Ruins: a roofless house of broken walls, temple columns and lonely arches, with fallen blocks around them."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, MIDDLE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import surround, voussoirs
from worldgen.builder.architecture.panels import Line, Opening, panel
from worldgen.builder.architecture.solids import cylinder, hull_cylinder, lathe, rough_blocks
from worldgen.builder.architecture.stonework import FOUNDATION_M, jagged, rubble
from worldgen.builder.architecture.themes import ARID, between, stone
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    kind = request.kind
    if kind == "ruined_house" and request.biome in ARID and rng.random() < 0.5:
        kind = "temple_ruins"
    {"ruined_house": _house, "temple_ruins": _temple, "arch_ruins": _arches}[kind](assembly, request)
    return assembly.finish(request.name, "ruins")


def _stone(request: AssetRequest, rng: np.random.Generator) -> str:
    return stone(
        request, "rock_sandstone" if request.biome in ARID else "stone_mossy" if rng.random() < 0.6 else "stone_wall"
    )


def _broken_wall(
    assembly: Assembly,
    frame: Frame,
    line: Line,
    openings: list[Opening],
    material: str,
    *,
    thickness: float,
) -> None:
    """A free-standing wall with a jagged top, its openings cut where the break meets them, and its colliders."""
    for lods, steps in ((NEAR, 8), (FAR, 2)):
        panel(
            assembly,
            frame,
            line,
            material,
            bottom=-FOUNDATION_M,
            thickness=thickness,
            openings=openings,
            inside=material,
            lods=lods,
            arch_steps=steps,
        )
    coarse = line[::2] if len(line) < 16 else line[:: len(line) // 8]
    coarse = (line[0], *coarse[1:], line[-1]) if coarse[-1][0] < line[-1][0] else coarse
    panel(
        assembly,
        frame,
        coarse,
        material,
        bottom=-FOUNDATION_M,
        thickness=thickness,
        openings=openings,
        lods=(),
        collide=True,
        arch_steps=2,
    )
    frames, sizes = [], []
    for (a, y0), (b, y1) in pairwise(line):
        if (
            b - a > 0.25
            and assembly.rng.random() < 0.55
            and not any(o.left < (a + b) / 2 < o.right and y0 < o.top + 0.1 for o in openings)
        ):
            frames.append(
                frame.moved((a + b) / 2.0, (y0 + y1) / 2.0 + 0.06, -thickness / 2.0).yawed(
                    float(assembly.rng.uniform(-0.25, 0.25))
                )
            )
            sizes.append(
                (
                    (b - a) * 0.85,
                    float(assembly.rng.uniform(0.2, 0.36)),
                    thickness * float(assembly.rng.uniform(0.7, 0.95)),
                )
            )
    rough_blocks(assembly, frames, sizes, material, lods=FINE)


def _fallen(assembly: Assembly, count: int, reach: tuple[float, float], material: str, *, inner: float = 0.4) -> None:
    """Blocks strewn around and inside a rectangle of half sizes ``reach``, clear of a doorway at the front."""
    rng = assembly.rng
    spots = rng.uniform(-1.0, 1.0, (count, 2)) * (np.array(reach) + 1.8)
    inside = (np.abs(spots[:, 0]) < reach[0] + 0.3) & (np.abs(spots[:, 1]) < reach[1] + 0.3)
    keep = ~inside | (rng.random(count) < inner)
    keep &= ~((np.abs(spots[:, 0]) < 0.9) & (spots[:, 1] > 0.0))
    sizes = rng.uniform(0.22, 0.62, (count, 1)) * np.array([[1.25, 0.75, 1.0]]) * rng.uniform(0.8, 1.2, (count, 3))
    rubble(assembly, spots[keep], sizes[keep], material)


def _house(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    material = _stone(request, rng)
    length, width = between(rng, 7.0, 10.0) * scale, between(rng, 5.5, 7.0) * scale
    thick = 0.6
    tallest = between(rng, 3.6, 5.2) * math.sqrt(scale)
    for side in range(4):
        along = side % 2 == 0
        frame = WORLD.yawed(side * math.pi / 2.0).moved(d=(width if along else length) / 2.0)
        run = length if along else width - 2.0 * thick
        high = tallest * float(rng.uniform(0.7, 1.0)) if side != 1 else tallest * 1.25
        low = 0.4 if side in (0, 2) else 1.2
        line = jagged(rng, run, low, high, step=0.5)
        holes = []
        if side == 0:
            holes.append(Opening(left=-0.6, right=0.6, bottom=-FOUNDATION_M, top=2.25, arch="round"))
            line = tuple((s, max(y, 2.9) if abs(s) < 1.1 else y) for s, y in line)
        spots = [-run * 0.3, run * 0.3] if run > 5.0 else [0.0]
        for s in spots:
            holes.append(Opening(left=s - 0.45, right=s + 0.45, bottom=1.0, top=2.3, arch="segmental"))
        _broken_wall(assembly, frame, line, holes, material, thickness=thick)
        for hole in holes:
            edge = min(y for s, y in line if hole.left - 0.6 < s < hole.right + 0.6)
            if edge > hole.top + 0.35 and hole.arch == "round":
                voussoirs(assembly, frame, hole, "stone_blocks", width=0.3)
            elif edge > hole.top + 0.3:
                surround(assembly, frame, hole, "stone_blocks", width=0.16)
    half = (length / 2.0 - thick, width / 2.0 - thick)
    assembly.box(
        WORLD, (-half[0] - 0.1, -0.2, -half[1] - 0.1), (half[0] + 0.1, 0.04, half[1] + 0.1), "cobble", skip="DFBLR"
    )
    _fallen(assembly, 34, (length / 2.0, width / 2.0), material)
    for index in range(2):
        start = (float(rng.uniform(-0.3, 0.3)) * length, 0.05, -half[1] + 0.2 + 0.7 * index)
        end = (start[0] + float(rng.uniform(-1.5, 1.5)), float(rng.uniform(1.4, 2.4)), half[1] - 0.2)
        cylinder(assembly, start, end, 0.1, "wood_beam", sides=6, lods=NEAR)


def _column(assembly: Assembly, frame: Frame, radius: float, height: float, material: str, *, broken: bool) -> None:
    """A column of drums on a moulded base, whole with a capital or broken off at an angle."""
    low, high = (-radius * 1.5, -FOUNDATION_M, -radius * 1.5), (radius * 1.5, radius * 0.5, radius * 1.5)
    assembly.box(frame, low, high, material, skip="D")
    foot = radius * 0.5
    base = [
        (radius * 1.4, foot),
        (radius * 1.45, foot + radius * 0.15),
        (radius * 1.3, foot + radius * 0.3),
        (radius * 1.05, foot + radius * 0.4),
    ]
    lathe(assembly, frame, base, material, sides=16, lods=FINE)
    start = foot + radius * 0.4
    drums = max(1, round((height - start) / (radius * 2.6)))
    for index in range(drums):
        y0, y1 = (start + (height - start) * k / drums for k in (index, index + 1))
        r0, r1 = (radius * (1.0 - 0.16 * ((y - start) / max(height, 1e-6)) ** 1.5) for y in (y0, y1))
        turn = frame.yawed(float(assembly.rng.uniform(0.0, 1.0)))
        groove = [(r0 * 0.97, y0), (r0, y0 + 0.03), (r1, y1 - 0.03), (r1 * 0.97, y1)]
        lathe(assembly, turn, groove, material, sides=16, lods=FINE)
    lathe(assembly, frame, [(radius, foot), (radius * 0.86, height)], material, sides=8, lods=MIDDLE)
    lathe(assembly, frame, [(radius, foot), (radius * 0.86, height)], material, sides=6, lods=FAR)
    hull_cylinder(assembly, frame.point(0.0, -FOUNDATION_M, 0.0), frame.point(0.0, height, 0.0), radius, material)
    if broken:
        tilted = frame.moved(y=height - 0.02).yawed(float(assembly.rng.uniform(0.0, 6.0))).pitched(0.12)
        rough_blocks(
            assembly,
            [tilted],
            [(radius * 1.5, radius * 0.7, radius * 1.5)],
            material,
            roughness=0.25,
            chamfer=0.25,
            lods=NEAR,
        )
        lathe(
            assembly,
            frame,
            [(radius * 0.86, height), (0.0, height + 0.01)],
            material,
            sides=8,
            lods=ALL,
            smooth_around=False,
        )
    else:
        top = radius * 0.86
        lathe(
            assembly,
            frame,
            [(top, height), (top * 1.1, height + radius * 0.2), (top * 1.5, height + radius * 0.55)],
            material,
            sides=16,
            lods=NEAR,
            smooth_along=True,
        )
        reach = radius * 1.4
        assembly.box(frame, (-reach, height + radius * 0.55, -reach), (reach, height + radius * 0.85, reach), material)


def _temple(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    material = stone(request, "rock_sandstone" if request.biome in ARID else "rock_limestone")
    columns, rows = int(rng.integers(4, 6)), int(rng.integers(3, 5))
    gap, radius = 2.6 * math.sqrt(scale), 0.42 * math.sqrt(scale)
    height = between(rng, 4.6, 5.8) * math.sqrt(scale)
    half = ((columns - 1) * gap / 2.0, (rows - 1) * gap / 2.0)
    for step, (top, out) in enumerate(((0.17, 1.5), (0.34, 1.15), (0.5, 0.8))):
        low = (-half[0] - out, -FOUNDATION_M if step == 0 else top - 0.2, -half[1] - out)
        high = (half[0] + out, top, half[1] + out)
        assembly.solid_box(
            WORLD, low, high, "stone_blocks" if material != "rock_sandstone" else material, grain=0, skip="D"
        )
    deck = WORLD.moved(y=0.5)
    standing: dict[tuple[int, int], bool] = {}
    for i in range(columns):
        for j in range(rows):
            if 0 < i < columns - 1 and 0 < j < rows - 1:
                continue
            fate = float(rng.random())
            whole = fate < 0.5 or (j == 0 and i < 2)
            standing[i, j] = whole
            place = deck.moved(-half[0] + i * gap, 0.0, -half[1] + j * gap)
            if whole:
                _column(assembly, place, radius, height, material, broken=False)
            elif fate < 0.85:
                _column(assembly, place, radius, height * float(rng.uniform(0.15, 0.7)), material, broken=True)
    top = height + radius * 0.85
    for (i, j), whole in standing.items():
        for di, dj in ((1, 0), (0, 1)):
            edge = j in (0, rows - 1) if di else i in (0, columns - 1)
            if whole and standing.get((i + di, j + dj)) and edge:
                a = deck.point(-half[0] + i * gap, top, -half[1] + j * gap)
                low = (
                    -radius * 0.9 if di else -radius * 0.85,
                    0.0 if di else 0.012,
                    -radius * 0.9 if not di else -radius * 0.85,
                )
                high = (gap + radius * 0.9 if di else radius * 0.85, 0.6, radius * 0.85 if di else gap + radius * 0.9)
                tall = 0.6 if di else 0.588
                assembly.box(
                    Frame(a, np.eye(3)),
                    (low[0] + radius * (0.9 if di else 0.0), low[1], low[2] + (0.0 if di else radius * 0.9)),
                    (high[0] - (radius * 0.9 if di else 0.0), tall, high[2] - (0.0 if di else radius * 0.9)),
                    material,
                    grain=0 if di else 2,
                )
    for _ in range(4):
        turn = float(rng.uniform(0.0, math.pi))
        spot = np.array(
            [
                float(rng.uniform(-1.0, 1.0)) * (half[0] + 2.0),
                radius * 0.8,
                (half[1] + 2.4) * float(rng.choice([-1.0, 1.0])),
            ]
        )
        if abs(spot[0]) < 1.2 and spot[2] > 0.0:
            spot[0] += 2.4
        along = np.array([math.cos(turn), 0.05, math.sin(turn)]) * radius * float(rng.uniform(2.2, 4.5))
        cylinder(assembly, spot - along / 2.0, spot + along / 2.0, radius * 0.95, material, sides=14, lods=NEAR)
        hull_cylinder(assembly, spot - along / 2.0, spot + along / 2.0, radius * 0.95, material)
    _fallen(assembly, 22, (half[0] + 1.6, half[1] + 1.6), material, inner=0.0)


def _arches(assembly: Assembly, request: AssetRequest) -> None:
    """A row of pointed arches of a fallen abbey."""
    rng, scale = assembly.rng, request.size
    material = _stone(request, rng)
    count = int(rng.integers(2, 4))
    wide, pier = between(rng, 2.3, 2.9) * scale, 0.95
    height = between(rng, 5.2, 6.6) * scale
    run = count * wide + (count + 1) * pier
    holes = []
    for index in range(count):
        left = -run / 2.0 + pier + index * (wide + pier)
        holes.append(Opening(left=left, right=left + wide, bottom=-FOUNDATION_M, top=height * 0.72, arch="pointed"))
        above = left + wide / 2.0
        if height * 0.72 + 1.5 < height * 1.1:
            holes.append(
                Opening(
                    left=above - 0.35,
                    right=above + 0.35,
                    bottom=height * 0.72 + 0.5,
                    top=height * 0.72 + 1.4,
                    arch="pointed",
                )
            )
    line = jagged(rng, run, height * 0.78, height * 1.25, step=0.5)
    if rng.random() < 0.6:
        # The last arch has lost its crown: half of it still reaches out from its pier.
        last = max((hole for hole in holes if hole.bottom < 0.0), key=lambda hole: hole.middle)
        holes = [hole for hole in holes if hole is last or hole.middle < last.left]
        cut, stump = last.left + 0.36 * last.width, float(rng.uniform(1.0, 2.2))
        reach = [(s, y) for s, y in line if s < cut - 0.1]
        pier_top = [
            (last.right, stump),
            (last.right + 0.5, stump + 0.3),
            (last.right + 0.5, stump),
            (line[-1][0], stump - 0.4),
        ]
        line = (*reach, (cut, reach[-1][1] - 0.4), (cut, -0.5), (last.right, -0.5), *pier_top)
    frame = WORLD.moved(d=0.45)
    _broken_wall(assembly, frame, line, holes, material, thickness=0.9)
    for hole in holes:
        edge = min((y for s, y in line if hole.left - 0.4 < s < hole.right + 0.4), default=0.0)
        if edge > hole.top + 0.2:
            for side in (frame, WORLD.yawed(math.pi).moved(d=0.45)):
                mirrored = (
                    hole
                    if side is frame
                    else Opening(left=-hole.right, right=-hole.left, bottom=hole.bottom, top=hole.top, arch=hole.arch)
                )
                voussoirs(assembly, side, mirrored, "stone_blocks", width=0.3 if hole.width > 1.0 else 0.16, proud=0.05)
    _fallen(assembly, 26, (run / 2.0, 0.8), material, inner=0.0)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="ruins",
        kinds={
            "ruined_house": ("ruin", "ruins", "ruined house", "broken wall", "crumbling wall", "abandoned house"),
            "temple_ruins": (
                "temple",
                "ruined temple",
                "temple ruins",
                "ancient ruins",
                "column",
                "colonnade",
                "pillar",
            ),
            "arch_ruins": ("ruined arch", "ruined abbey", "ruined church", "broken arch"),
        },
        build=_build,
        placement=Placement(max_slope_deg=16.0, water_distance_m=(2.0, 400.0), levels_ground=True, faces_path=True),
        materials=("stone", "brick", "sandstone"),
        num_variants=3,
    ),
)
