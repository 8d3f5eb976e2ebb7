"""Cabins: log cabins with a porch, plank huts and mountain huts with a balcony."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from worldgen.builder.architecture.assembly import FINE, NEAR, Assembly
from worldgen.builder.architecture.dwellings import Block, WallStyle, build_block, lay_facades, roof_profile
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import DoorStyle, WindowStyle
from worldgen.builder.architecture.palette import PAINT_BROWN, PAINT_GREEN, PAINT_RED, PAINT_WHITE, SHUTTER_COLORS, pick
from worldgen.builder.architecture.panels import Opening
from worldgen.builder.architecture.roof_features import chimney
from worldgen.builder.architecture.roof_styles import PLANKS, SHINGLES, STONE_SLABS, THATCH
from worldgen.builder.architecture.solids import lathe, prism
from worldgen.builder.architecture.themes import between, glass, roof, stone, wall
from worldgen.builder.architecture.timber import railing, round_log
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_FLOOR = 0.2


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    {"log_cabin": _log_cabin, "hut": _hut, "mountain_hut": _mountain_hut}[request.kind](assembly, request)
    return assembly.finish(request.name, "cabin")


def _gable_front(shift: float = 0.0) -> Frame:
    """A frame whose right gable is the front (+Z); ``shift`` moves the block back to make room for a porch."""
    return WORLD.moved(d=-shift).yawed(-math.pi / 2.0)


def _log_cabin(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    porch = between(rng, 1.6, 2.1)
    log = between(rng, 0.12, 0.145)
    block = Block(
        frame=_gable_front(porch / 2.0),
        length=between(rng, 5.6, 7.2) * scale,
        width=between(rng, 4.8, 6.0) * scale,
        floor=_FLOOR,
        storeys=(between(rng, 2.5, 2.75),),
        pitch=math.radians(between(rng, 34.0, 44.0)),
        overhang=between(rng, 0.55, 0.8),
        verge=0.55,
        verge_right=porch + 0.35,
    )
    roofing = roof(request, rng, SHINGLES, PLANKS)
    trim = pick(rng, (PAINT_GREEN, PAINT_RED, PAINT_WHITE, PAINT_BROWN))
    facades = lay_facades(block, rng, door_side="right", window_size=(0.95, 1.05), sill=0.95)
    walls = WallStyle(logs=log, plinth=stone(request))
    if request.material in ("stone", "brick", "wood"):
        walls = WallStyle(material=wall(request, "stone_wall"), plinth=stone(request), gable="wood_planks")
    glazing = WindowStyle(
        frame_color=trim,
        glass=glass(request),
        sill=None if walls.logs else "stone_blocks",
        lintel=None if walls.logs else "wood_beam",
        recess=0.1,
    )
    entrance = DoorStyle(stairs=False, recess=0.1, steps="wood_beam")
    ridge = build_block(
        assembly, block, facades, walls=walls, roof=roofing, glazing=glazing, entrance=entrance, snow=request.snow_cover
    )
    door = next(item.opening for item in facades["right"] if item.filling == "door")
    _porch(assembly, block, door, depth=porch, log=log)
    for d in (-block.width / 2.0 + log, 0.0, block.width / 2.0 - log):
        # Purlins show at the back gable and carry the porch roof in front.
        profile, _ = roof_profile(block, roofing)
        top = float(np.interp(d, [p[0] for p in profile], [p[1] for p in profile]))
        y = top - roofing.thickness / math.cos(block.pitch) - log * (1.05 if d == 0.0 else 1.3)
        start = (-block.length / 2.0 - 0.35, y, d)
        round_log(assembly, start, (block.length / 2.0 + porch + 0.2, y, d), log, frame=block.frame, sides=8)
    side = 1.0 if rng.random() < 0.5 else -1.0
    place = block.frame.moved(s=-block.length * 0.2, d=side * block.width * 0.22)
    chimney(assembly, place, (1.8, ridge + 0.55), stone(request), size=(0.8, 0.7), snow=request.snow_cover)


def _porch(assembly: Assembly, block: Block, door: Opening, *, depth: float, log: float) -> None:
    """A deck before the right gable, its posts and its railing."""
    front, width = block.wall("right")
    half = width / 2.0
    top = _FLOOR - 0.02
    assembly.box(front, (-half, top - 0.06, 0.06), (half, top, depth), "wood_planks", grain=0, lods=NEAR, skip="B")
    assembly.hull_box(front, (-half, -0.4, 0.0), (half, top, depth), "wood")
    for s in (-half + 0.1, 0.0, half - 0.1):
        assembly.box(
            front,
            (s - 0.12, -1.0, 0.1),
            (s + 0.12, top - 0.06, depth - 0.04),
            "wood_beam",
            grain=2,
            lods=NEAR,
            skip="DU",
        )
    beam_y = block.eave_y - 0.16
    round_log(
        assembly, (-half - 0.2, beam_y, depth - 0.15), (half + 0.2, beam_y, depth - 0.15), log, frame=front, sides=8
    )
    posts = [-half + log, half - log]
    if width > 4.2:
        posts += [door.left - 0.55 if door.left - 0.55 > -half + 0.9 else -half * 0.5, door.right + 0.55]
        posts = [s for s in posts if abs(s) <= half - log + 0.01]
    posts.sort()
    for s in posts:
        base, cap = (s, top - 0.01, depth - 0.15), (s, beam_y - log * 0.6, depth - 0.15)
        round_log(assembly, base, cap, log * 0.8, frame=front, sides=8, caps="")
        foot = front.point(*base)
        assembly.hull_box(Frame(foot, front.axes), (-log, 0.0, -log), (log, cap[1] - top, log), "wood")
    for a, b in pairwise(posts):
        if a < door.middle < b or b - a < 0.6:
            continue
        railing(assembly, front.moved((a + b) / 2.0, 0.0, depth - 0.15), b - a - log, top, height=0.95, spacing=0.2)
    for s in (-half + log, half - log):
        side = front.moved(s, 0.0, depth / 2.0 - 0.05).yawed(math.pi / 2.0)
        railing(assembly, side, depth - 0.35, top, height=0.95, spacing=0.2)
    assembly.box(
        front,
        (-half - 0.1, beam_y + log * 0.8, -0.05),
        (-half + 0.08, beam_y + log * 0.8 + 0.12, depth),
        "wood_beam",
        lods=FINE,
    )
    assembly.box(
        front,
        (half - 0.08, beam_y + log * 0.8, -0.05),
        (half + 0.1, beam_y + log * 0.8 + 0.12, depth),
        "wood_beam",
        lods=FINE,
    )


def _hut(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    tropical = request.biome == "tropical"
    block = Block(
        frame=WORLD,
        length=between(rng, 3.6, 5.0) * scale,
        width=between(rng, 3.0, 3.9) * scale,
        floor=0.16,
        storeys=(between(rng, 2.3, 2.5),),
        pitch=math.radians(between(rng, 40.0, 48.0) if tropical else between(rng, 26.0, 42.0)),
        overhang=0.7 if tropical else 0.35,
        verge=0.5 if tropical else 0.3,
    )
    roofing = roof(request, rng, THATCH) if tropical else roof(request, rng, PLANKS, SHINGLES)
    material = wall(request, "wood_planks" if tropical else "wood_weathered")
    walls = WallStyle(
        material=material,
        plinth=stone(request),
        boards_upright=material.startswith("wood"),
        corners=None if material.startswith("wood") else "stone_blocks",
    )
    facades = lay_facades(
        block, rng, door_side="front", door_size=(0.9, 2.0), window_size=(0.7, 0.8), sill=1.0, attic=False, module=2.0
    )
    glazing = WindowStyle(
        frame_material="wood_beam",
        glass=glass(request),
        sill="wood_beam",
        lintel="wood_beam",
        recess=0.08,
        shutters=pick(rng, SHUTTER_COLORS) if rng.random() < 0.5 else None,
    )
    build_block(
        assembly,
        block,
        facades,
        walls=walls,
        roof=roofing,
        glazing=glazing,
        entrance=DoorStyle(recess=0.08, lintel="wood_beam"),
        snow=request.snow_cover,
    )
    if material.startswith("wood"):
        _corner_boards(assembly, block)
        _battens(assembly, block, facades_openings=[item.opening for item in facades["front"]])
    if rng.random() < 0.6 and not tropical:
        pipe = WORLD.moved(block.length * 0.25, 0.0, -block.width * 0.2)
        _stove_pipe(assembly, pipe, block.eave_y + block.width * 0.5 * math.tan(block.pitch) + 0.35, block.eave_y)
    _woodpile(assembly, block)


def _corner_boards(assembly: Assembly, block: Block) -> None:
    for i in (-1.0, 1.0):
        for j in (-1.0, 1.0):
            corner = block.frame.moved(i * block.length / 2.0, 0.0, j * block.width / 2.0)
            low = (-0.1 if i > 0 else -0.03, block.floor, -0.1 if j > 0 else -0.03)
            high = (0.03 if i > 0 else 0.1, block.eave_y, 0.03 if j > 0 else 0.1)
            assembly.box(corner, low, high, "wood_beam", grain=1, lods=NEAR, skip="DU")


def _battens(assembly: Assembly, block: Block, *, facades_openings: list[Opening]) -> None:
    """Thin upright strips over the joints of the boards of the front."""
    front, length = block.wall("front")
    count = round(length / 0.45)
    for index in range(1, count):
        s = -length / 2.0 + length * index / count
        if any(opening.left - 0.25 < s < opening.right + 0.25 for opening in facades_openings):
            continue
        assembly.box(
            front,
            (s - 0.025, block.floor, -0.01),
            (s + 0.025, block.eave_y, 0.02),
            "wood_weathered",
            grain=1,
            lods=FINE,
            skip="BUD",
        )


def _stove_pipe(assembly: Assembly, frame: Frame, top: float, bottom: float) -> None:
    profile = [(0.09, bottom - 0.3), (0.09, top - 0.2), (0.0, top - 0.19)]
    lathe(assembly, frame, profile, "iron", sides=10, lods=NEAR)
    lathe(
        assembly,
        frame,
        [(0.0, top - 0.1), (0.2, top - 0.11), (0.2, top - 0.09), (0.0, top + 0.05)],
        "iron",
        sides=10,
        lods=FINE,
    )
    for s in (-0.085, 0.085):
        assembly.box(frame, (s - 0.01, top - 0.3, -0.012), (s + 0.01, top - 0.09, 0.012), "iron", lods=FINE)


def _woodpile(assembly: Assembly, block: Block) -> None:
    """Split firewood stacked against the left wall."""
    side, length = block.wall("left")
    rows, columns = 5, min(12, int(length * 0.6 / 0.17))
    for row in range(rows):
        for column in range(columns - row // 2):
            s = -length * 0.3 + 0.17 * column + 0.085 * (row % 2)
            y = 0.1 + 0.15 * row
            reach = 0.12 + 0.42 + float(assembly.rng.uniform(-0.04, 0.04))
            round_log(assembly, (s, y, 0.12), (s, y, reach), 0.08, frame=side, sides=6, caps="E", lods=FINE)
    low, high = (-length * 0.3 - 0.08, -0.2, 0.05), (-length * 0.3 + 0.17 * columns, 0.85, 0.5)
    assembly.box(side, low, high, "wood_logs", lods=(1,), skip="BD")
    assembly.hull_box(side, low, high, "wood")


def _mountain_hut(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    block = Block(
        frame=_gable_front(0.3),
        length=between(rng, 8.0, 10.0) * scale,
        width=between(rng, 7.4, 9.0) * scale,
        floor=_FLOOR,
        storeys=(2.7, 2.6),
        pitch=math.radians(between(rng, 23.0, 30.0)),
        overhang=between(rng, 0.9, 1.2),
        verge=0.8,
        verge_right=1.5,
    )
    roofing = roof(request, rng, STONE_SLABS, SHINGLES)
    shutter = pick(rng, (PAINT_RED, PAINT_GREEN, PAINT_BROWN))
    facades = lay_facades(block, rng, door_side="right", window_size=(0.9, 1.15), door_bay=1)
    walls = WallStyle(
        material=stone(request),
        upper=wall(request, "wood_planks") if request.material != "stone" else stone(request),
        plinth=stone(request),
        corners="stone_blocks",
        jetty=0.06,
    )
    glazing = WindowStyle(glass=glass(request), shutters=shutter, sill="wood_beam", recess=0.1)
    ridge = build_block(
        assembly,
        block,
        facades,
        walls=walls,
        roof=roofing,
        glazing=glazing,
        entrance=DoorStyle(surround="stone_blocks"),
        snow=request.snow_cover,
    )
    _balcony(assembly, block, depth=1.1, floor=block.floor + block.storeys[0])
    place = block.frame.moved(s=-block.length * 0.15, d=block.width * 0.18)
    chimney(assembly, place, (3.0, ridge + 0.5), stone(request), size=(0.9, 0.75), pots=2, snow=request.snow_cover)


def _balcony(assembly: Assembly, block: Block, *, depth: float, floor: float) -> None:
    """A balcony along the right gable on carved brackets."""
    front, width = block.wall("right", 0.06)
    half = width / 2.0
    assembly.box(front, (-half, floor - 0.06, 0.0), (half, floor + 0.04, depth), "wood_planks", grain=0, lods=NEAR)
    assembly.hull_box(front, (-half, floor - 0.06, 0.0), (half, floor + 0.04, depth), "wood")
    count = max(3, round(width / 1.6))
    for index in range(count):
        s = -half + 0.15 + (width - 0.3) * index / (count - 1)
        bracket = front.moved(s=s).yawed(-math.pi / 2.0)
        outline = [
            (-0.08, floor - 0.8),
            (0.12, floor - 0.74),
            (depth - 0.12, floor - 0.2),
            (depth - 0.02, floor - 0.06),
            (-0.08, floor - 0.06),
        ]
        prism(assembly, bracket, outline, (-0.075, 0.075), "wood_beam", lods=FINE)
    railing(
        assembly, front.moved(d=depth - 0.08), width - 0.1, floor + 0.02, height=1.0, spacing=0.22, material="wood_beam"
    )
    for s in (-half + 0.08, half - 0.08):
        side = front.moved(s, 0.0, depth / 2.0 - 0.06).yawed(math.pi / 2.0)
        railing(assembly, side, depth - 0.2, floor + 0.02, height=1.0, spacing=0.22, material="wood_beam")


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="cabin",
        kinds={
            "log_cabin": ("cabin", "log cabin", "log house", "blockhouse", "wooden cabin", "homestead"),
            "hut": ("hut", "shack", "shed", "hovel", "bothy", "fishing hut", "beach hut"),
            "mountain_hut": ("mountain hut", "chalet", "lodge", "alpine hut", "mountain lodge", "ski lodge", "refuge"),
        },
        build=_build,
        placement=Placement(max_slope_deg=18.0, water_distance_m=(3.0, 120.0), levels_ground=True, faces_path=True),
        materials=("wood", "stone", "brick"),
        num_variants=3,
    ),
)
