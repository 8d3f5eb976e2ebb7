"""Barns: timber barns with a broken roof and crossed doors, stone barns and stables."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.dwellings import Block, Facades, Fitting, Side, WallStyle, bay_middles, build_block
from worldgen.builder.architecture.frame import WORLD, Frame, frame_between
from worldgen.builder.architecture.joinery import DoorStyle, WindowStyle, pane
from worldgen.builder.architecture.palette import PAINT_WHITE
from worldgen.builder.architecture.panels import Opening
from worldgen.builder.architecture.roof_features import finial
from worldgen.builder.architecture.roof_styles import PLANKS, SHINGLES, SLATE, TILES
from worldgen.builder.architecture.roofs import hip_roof, slope
from worldgen.builder.architecture.themes import between, glass, roof, stone, wall
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.material import LinearColor
from worldgen.scene.scene import Prototype

_FLOOR = 0.12


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    kind = "stone_barn" if request.material in ("stone", "brick") and request.kind == "barn" else request.kind
    {"barn": _timber_barn, "stone_barn": _stone_barn, "stable": _stable}[kind](assembly, request)
    return assembly.finish(request.name, "barn")


def _timber_barn(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    gambrel = rng.random() < 0.7
    block = Block(
        frame=WORLD.yawed(-math.pi / 2.0),
        length=between(rng, 11.0, 15.0) * scale,
        width=between(rng, 8.0, 10.0) * scale,
        floor=_FLOOR,
        storeys=(between(rng, 3.6, 4.2) * math.sqrt(scale),),
        pitch=math.radians(between(rng, 44.0, 50.0) if gambrel else between(rng, 38.0, 45.0)),
        roof="gambrel" if gambrel else "gable",
        overhang=0.4,
        verge=0.45,
    )
    boards = "wood_planks_painted_red" if rng.random() < 0.75 else "wood_weathered"
    material = wall(request, boards)
    if request.material == "wood":
        material = "wood_weathered"
    trim: LinearColor | None = PAINT_WHITE if material == "wood_planks_painted_red" else None
    roofing = roof(request, rng, SHINGLES, SLATE, PLANKS)
    leaf = Opening(left=-1.7, right=1.7, bottom=_FLOOR, top=_FLOOR + 3.1)
    loft = Opening(left=-0.75, right=0.75, bottom=block.eave_y + 0.7, top=block.eave_y + 2.3)
    facades = _side_windows(block)
    facades["right"] = [Fitting(opening=leaf, filling="open"), Fitting(opening=loft, filling="open")]
    walls = WallStyle(material=material, plinth=stone(request), boards_upright=True)
    glazing = WindowStyle(glass=glass(request), frame_color=trim or (0.1, 0.06, 0.03), recess=0.07, sill="wood_beam")
    ridge = build_block(
        assembly,
        block,
        facades,
        walls=walls,
        roof=roofing,
        glazing=glazing,
        entrance=DoorStyle(),
        snow=request.snow_cover,
    )
    front, _ = block.wall("right")
    _barn_door(assembly, front, leaf, material, trim=trim, leaves=2)
    _barn_door(assembly, front, loft, material, trim=trim, leaves=2)
    _trim(assembly, block, trim)
    # A hoist beam above the loft door, with its hook.
    beam_y = loft.top + 0.75
    assembly.box(front, (-0.1, beam_y, -0.3), (0.1, beam_y + 0.22, 1.1), "wood_beam", grain=2, lods=NEAR)
    assembly.box(front, (-0.012, beam_y - 0.55, 0.85), (0.012, beam_y, 0.874), "rope", lods=FINE)
    if rng.random() < 0.6:
        _cupola(assembly, block.frame, ridge, request, material)


def _side_windows(block: Block) -> Facades:
    facades: Facades = {side: [] for side in block.open_sides}
    for middle in bay_middles(block.length, module=3.2):
        opening = Opening(left=middle - 0.45, right=middle + 0.45, bottom=1.5, top=2.4)
        facades["front"].append(Fitting(opening=opening))
        facades["back"].append(Fitting(opening=opening))
    return facades


def _barn_door(
    assembly: Assembly, frame: Frame, opening: Opening, material: str, *, trim: LinearColor | None, leaves: int
) -> None:
    """Board leaves with a border and a cross, standing a little back in their opening."""
    pane(assembly, frame, opening.grown(0.02), material, d=-0.07, lods=NEAR)
    pane(assembly, frame, opening, "wood_weathered" if trim else "door_wood", d=0.02, lods=FAR)
    bar, color = ("paint", trim) if trim else ("wood_beam", (1.0, 1.0, 1.0))
    width = opening.width / leaves
    thick = 0.14 if opening.width > 2.0 else 0.1
    for index in range(leaves):
        left, right = opening.left + width * index + 0.015, opening.left + width * (index + 1) - 0.015
        bottom, top = opening.bottom + 0.02, opening.top - 0.01
        for low, high in (
            (bottom, bottom + thick),
            (top - thick, top),
            ((bottom + top - thick) / 2, (bottom + top + thick) / 2),
        ):
            assembly.box(
                frame, (left, low, -0.08), (right, high, -0.02), bar, grain=0, color=color, lods=NEAR, skip="B"
            )
        for low, high in ((left, left + thick), (right - thick, right)):
            assembly.box(
                frame, (low, bottom, -0.08), (high, top, -0.03), bar, grain=1, color=color, lods=NEAR, skip="B"
            )
        middle = (bottom + top) / 2.0
        for (a, y0), (b, y1), out in (
            ((left + thick, bottom + thick), (right - thick, middle - thick / 2), -0.036),
            ((left + thick, middle - thick / 2), (right - thick, bottom + thick), -0.042),
            ((left + thick, middle + thick / 2), (right - thick, top - thick), -0.036),
            ((left + thick, top - thick), (right - thick, middle + thick / 2), -0.042),
        ):
            start, end = frame.point(a, y0, 0.0), frame.point(b, y1, 0.0)
            own = frame_between(start, end, frame.axes[1])
            run = float(np.linalg.norm(end - start))
            half = thick * 0.42
            assembly.box(
                own, (-0.03, -half, -0.08), (run + 0.03, half, out), bar, grain=0, color=color, lods=FINE, skip="BLR"
            )


def _trim(assembly: Assembly, block: Block, trim: LinearColor | None) -> None:
    """Boards at the corners and along the eaves of the front."""
    bar, color = ("paint", trim) if trim else ("wood_beam", (1.0, 1.0, 1.0))
    for i in (-1.0, 1.0):
        for j in (-1.0, 1.0):
            corner = block.frame.moved(i * block.length / 2.0, 0.0, j * block.width / 2.0)
            low = (-0.17 if i > 0 else -0.035, block.floor, -0.17 if j > 0 else -0.035)
            high = (0.035 if i > 0 else 0.17, block.eave_y - 0.02, 0.035 if j > 0 else 0.17)
            assembly.box(corner, low, high, bar, grain=1, color=color, lods=NEAR, skip="DU")
    gables: tuple[Side, ...] = ("right", "left")
    for side in gables:
        frame, length = block.wall(side)
        low, high = (-length / 2.0, block.eave_y - 0.09, -0.02), (length / 2.0, block.eave_y + 0.09, 0.045)
        assembly.box(frame, low, high, bar, grain=0, color=color, lods=NEAR, skip="B")
    eaves: tuple[Side, ...] = ("front", "back")
    for side in eaves:
        frame, length = block.wall(side)
        for middle in bay_middles(block.length, module=3.2):
            for low_s, high_s in ((middle - 0.55, middle - 0.45), (middle + 0.45, middle + 0.55)):
                assembly.box(
                    frame, (low_s, 1.42, -0.03), (high_s, 2.4, 0.022), bar, grain=1, color=color, lods=FINE, skip="BUD"
                )
            assembly.box(
                frame,
                (middle - 0.58, 2.4, -0.03),
                (middle + 0.58, 2.51, 0.03),
                bar,
                grain=0,
                color=color,
                lods=FINE,
                skip="B",
            )


def _cupola(assembly: Assembly, frame: Frame, ridge: float, request: AssetRequest, material: str) -> None:
    """A louvred turret on the ridge with a weathercock."""
    half, base, top = 0.62, ridge - 0.75, ridge + 0.95
    assembly.box(frame, (-half, base, -half), (half, top, half), material, grain=0, lods=ALL, skip="UD")
    for side in range(4):
        turned = frame.yawed(side * math.pi / 2.0).moved(d=half)
        for index in range(5):
            y = ridge + 0.2 + 0.13 * index
            slat = turned.moved(y=y).pitched(0.7)
            assembly.box(
                slat, (-half + 0.1, 0.0, -0.03), (half - 0.1, 0.11, 0.0), "paint", color=PAINT_WHITE, grain=0, lods=FINE
            )
    peak = hip_roof(
        assembly,
        frame,
        half,
        half,
        top - 0.02,
        pitch=math.radians(48.0),
        overhang=0.22,
        style=SHINGLES,
        snow=request.snow_cover,
    )
    finial(assembly, frame.moved(y=peak - 0.05), height=0.9, vane="cock")


def _stone_barn(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    block = Block(
        frame=WORLD,
        length=between(rng, 12.0, 16.0) * scale,
        width=between(rng, 7.0, 8.5) * scale,
        floor=_FLOOR,
        storeys=(between(rng, 4.0, 4.6) * math.sqrt(scale),),
        pitch=math.radians(between(rng, 38.0, 46.0)),
        overhang=0.4,
        verge=0.25,
    )
    material = wall(request, stone(request))
    portal = Opening(left=-1.6, right=1.6, bottom=_FLOOR, top=_FLOOR + 3.4, arch="segmental")
    facades: Facades = {side: [] for side in block.open_sides}
    facades["front"].append(Fitting(opening=portal, filling="door"))
    for side in block.open_sides:
        _, length = block.wall(side)
        for middle in bay_middles(length, module=3.0):
            if side == "front" and abs(middle) < 2.6:
                continue
            slit = Opening(left=middle - 0.16, right=middle + 0.16, bottom=1.6, top=2.7)
            facades[side].append(Fitting(opening=slit))
    walls = WallStyle(material=material, plinth=stone(request), corners="stone_blocks", thickness=0.55)
    build_block(
        assembly,
        block,
        facades,
        walls=walls,
        roof=roof(request, rng, SLATE, TILES, SHINGLES),
        glazing=WindowStyle(
            glass=glass(request),
            columns=1,
            rows=1,
            recess=0.3,
            frame_material="wood_beam",
            surround="stone_blocks",
            sill=None,
        ),
        entrance=DoorStyle(leaves=2, surround="stone_blocks", recess=0.3),
        snow=request.snow_cover,
    )


def _stable(assembly: Assembly, request: AssetRequest) -> None:
    """A long low building with split doors under a deep eave."""
    rng, scale = assembly.rng, request.size
    stalls = max(2, round(3 * scale))
    block = Block(
        frame=WORLD.moved(d=-0.7),
        length=3.0 * stalls + 0.6,
        width=between(rng, 4.2, 5.0),
        floor=_FLOOR,
        storeys=(2.6,),
        pitch=math.radians(between(rng, 28.0, 36.0)),
        overhang=0.45,
        verge=0.35,
    )
    material = wall(request, "wood_weathered" if rng.random() < 0.5 else "wood_planks")
    front, length = block.wall("front")
    facades: Facades = {side: [] for side in block.open_sides}
    doors = []
    for index in range(stalls):
        middle = -length / 2.0 + (index + 0.5) * length / stalls
        doors.append(Opening(left=middle - 0.55, right=middle + 0.55, bottom=_FLOOR, top=_FLOOR + 2.05))
        facades["front"].append(Fitting(opening=doors[-1], filling="open"))
    walls = WallStyle(material=material, plinth=stone(request), boards_upright=material.startswith("wood"))
    roofing = roof(request, rng, SHINGLES, PLANKS, TILES)
    build_block(
        assembly,
        block,
        facades,
        walls=walls,
        roof=roofing,
        glazing=WindowStyle(glass=glass(request)),
        entrance=DoorStyle(),
        snow=request.snow_cover,
    )
    for opening in doors:
        half = opening.bottom + 1.15
        lower = Opening(left=opening.left, right=opening.right, bottom=opening.bottom, top=half)
        pane(assembly, front, lower, "door_wood", d=-0.04, lods=NEAR)
        upper = Opening(left=opening.left, right=opening.right, bottom=half, top=opening.top)
        pane(assembly, front, upper.grown(0.02), "paint", d=-0.34, lods=NEAR, color=(0.012, 0.01, 0.009))
        pane(assembly, front, opening, "door_wood", d=0.02, lods=FAR)
        assembly.box(
            front,
            (opening.left, half - 0.03, -0.3),
            (opening.right, half + 0.03, 0.01),
            "wood_beam",
            grain=0,
            lods=NEAR,
        )
        for low, high in ((opening.left - 0.1, opening.left), (opening.right, opening.right + 0.1)):
            assembly.box(
                front,
                (low, opening.bottom, -0.04),
                (high, opening.top, 0.03),
                "wood_beam",
                grain=1,
                lods=NEAR,
                skip="BUD",
            )
        assembly.box(
            front,
            (opening.left - 0.12, opening.top, -0.04),
            (opening.right + 0.12, opening.top + 0.13, 0.04),
            "wood_beam",
            grain=0,
            lods=NEAR,
            skip="B",
        )
        swung = front.moved(s=opening.right + 0.02, d=0.05)
        assembly.box(swung, (0.0, half + 0.02, 0.0), (1.05, opening.top, 0.04), "door_wood", grain=1, lods=NEAR)
    posts = [-length / 2.0 + 0.2 + (length - 0.4) * index / stalls for index in range(stalls + 1)]
    reach, post_y = 1.5, 2.2
    for s in posts:
        assembly.solid_box(
            front, (s - 0.07, -0.6, reach - 0.07), (s + 0.07, post_y, reach + 0.07), "wood_beam", grain=1, skip="DU"
        )
    assembly.box(
        front,
        (-length / 2.0 - 0.1, post_y - 0.02, reach - 0.08),
        (length / 2.0 + 0.1, post_y + 0.13, reach + 0.08),
        "wood_beam",
        grain=0,
    )
    eave = block.eave_y
    quad = [
        (-length / 2.0 - 0.35, post_y + 0.24, reach + 0.3),
        (length / 2.0 + 0.35, post_y + 0.24, reach + 0.3),
        (length / 2.0 + 0.35, eave + 0.02, -0.05),
        (-length / 2.0 - 0.35, eave + 0.02, -0.05),
    ]
    slope(assembly, front.points(quad), roofing, snow=request.snow_cover)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="barn",
        kinds={
            "barn": ("barn", "red barn", "hay barn", "wooden barn", "farm building"),
            "stone_barn": ("stone barn", "tithe barn", "granary", "storehouse", "warehouse"),
            "stable": ("stable", "horse stable", "cowshed", "byre"),
        },
        build=_build,
        placement=Placement(max_slope_deg=14.0, water_distance_m=(5.0, 400.0), levels_ground=True, faces_path=True),
        materials=("wood", "stone", "brick"),
        num_variants=2,
    ),
)
