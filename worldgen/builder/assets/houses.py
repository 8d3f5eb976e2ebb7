"""Houses: half-timbered and plank houses; cottages, farmhouses, villas and mud-brick houses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from worldgen.builder.architecture.assembly import FINE, NEAR, Assembly
from worldgen.builder.architecture.dwellings import (
    Block,
    WallStyle,
    lay_facades,
)
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import DoorStyle, WindowStyle
from worldgen.builder.architecture.palette import (
    PAINT_BROWN,
    PAINT_CREAM,
    PAINT_GREEN,
    PAINT_TEAL,
    PAINT_WHITE,
    SHUTTER_COLORS,
    pick,
)
from worldgen.builder.architecture.panels import Opening
from worldgen.builder.architecture.roof_styles import SHINGLES, SLATE, STONE_SLABS, THATCH, TILES
from worldgen.builder.architecture.themes import ARID, between, glass, roof, stone, wall
from worldgen.builder.assets.adobe import build_adobe
from worldgen.builder.assets.house_bodies import raise_house
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_FLOOR = 0.18


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builder = {
        "half_timbered": _half_timbered,
        "plank_house": _plank_house,
        "stone_cottage": _cottage,
        "farmhouse": _farmhouse,
        "villa": _villa,
        "adobe": build_adobe,
    }[request.kind]
    if request.biome in ARID and request.kind in ("farmhouse", "stone_cottage") and request.material is None:
        builder = build_adobe
    builder(assembly, request)
    label = "timber_house" if request.kind in ("half_timbered", "plank_house") else "stone_house"
    return assembly.finish(request.name, label)


def _half_timbered(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    storeys = (2.7, 2.6) if rng.random() < 0.8 else (2.7, 2.6, 2.5)
    block = Block(
        frame=WORLD,
        length=between(rng, 8.2, 10.8) * scale,
        width=between(rng, 6.2, 7.4) * scale,
        floor=_FLOOR,
        storeys=storeys,
        pitch=math.radians(between(rng, 46.0, 54.0)),
        overhang=0.35,
        verge=0.3,
    )
    plaster = "plaster_white" if rng.random() < 0.65 else "plaster_ochre"
    ground = stone(request) if rng.random() < 0.45 else plaster
    if request.material in ("stone", "brick"):
        ground, plaster = stone(request), plaster if request.material == "stone" else "brick"
    walls = WallStyle(
        material=ground,
        upper=plaster,
        framed="upper" if ground != plaster else "all",
        plinth=stone(request),
        jetty=0.28 if len(storeys) == 2 else 0.0,
    )
    glazing = WindowStyle(
        glass=glass(request),
        frame_color=PAINT_WHITE if rng.random() < 0.5 else PAINT_BROWN,
        rows=3,
        sill="wood_beam",
        recess=0.08,
        shutters=pick(rng, SHUTTER_COLORS) if rng.random() < 0.4 and ground != plaster else None,
    )
    raise_house(
        assembly,
        request,
        block,
        walls=walls,
        roofing=roof(request, rng, TILES, SHINGLES, SLATE),
        glazing=glazing,
        entrance=DoorStyle(recess=0.1, lintel="wood_beam" if ground != plaster else None),
        wing=between(rng, 2.6, 3.6) if rng.random() < 0.35 else 0.0,
        dormers=int(rng.integers(0, 4)),
        chimney_material="brick" if rng.random() < 0.6 else None,
    )


def _plank_house(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    two = rng.random() < 0.6
    block = Block(
        frame=WORLD,
        length=between(rng, 8.0, 10.5) * scale,
        width=between(rng, 6.0, 7.2) * scale,
        floor=_FLOOR,
        storeys=(2.75, 2.6) if two else (2.75,),
        pitch=math.radians(between(rng, 36.0, 45.0)),
        overhang=0.4,
        verge=0.35,
    )
    planks = "wood_planks_painted_red" if rng.random() < 0.5 else "wood_planks"
    material = wall(request, planks)
    walls = WallStyle(material=material, plinth=stone(request), corners=None)
    facades = lay_facades(block, rng, door_side="front", door_bay=1, window_size=(0.95, 1.35), sill=0.8)
    trim = PAINT_WHITE if material != "wood_planks" or rng.random() < 0.6 else PAINT_GREEN
    glazing = WindowStyle(glass=glass(request), frame_color=trim, rows=3, sill="paint", recess=0.07)
    raise_house(
        assembly,
        request,
        block,
        walls=walls,
        roofing=roof(request, rng, SHINGLES, SLATE, TILES),
        glazing=glazing,
        entrance=DoorStyle(recess=0.08, frame_material="wood_beam"),
        dormers=0 if two else 2,
        chimney_material="brick",
        facades=facades,
    )
    for side in block.open_sides:
        frame, length = block.wall(side)
        for end in (-1.0, 1.0):
            reach = 0.026 if side in ("front", "back") else 0.022
            inner, outer = end * (length / 2.0 - 0.16), end * (length / 2.0 + reach)
            low, high = (
                (min(inner, outer), block.floor, -0.02),
                (max(inner, outer), block.eave_y, 0.03 if reach == 0.026 else 0.024),
            )
            assembly.box(frame, low, high, "paint", color=trim, lods=NEAR, skip="BUD")
        for item in facades[side]:
            _trim_boards(assembly, frame, item.opening, trim)


def _trim_boards(assembly: Assembly, frame: Frame, opening: Opening, color: tuple[float, float, float]) -> None:
    """Painted boards around an opening of a plank wall."""
    for low, high in ((opening.left - 0.11, opening.left), (opening.right, opening.right + 0.11)):
        assembly.box(
            frame, (low, opening.bottom, -0.03), (high, opening.top, 0.022), "paint", color=color, lods=FINE, skip="BUD"
        )
    low_head, high_head = (opening.left - 0.15, opening.top, -0.03), (opening.right + 0.15, opening.top + 0.13, 0.034)
    assembly.box(frame, low_head, high_head, "paint", color=color, lods=NEAR, skip="B")


def _cottage(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    block = Block(
        frame=WORLD,
        length=between(rng, 7.2, 9.2) * scale,
        width=between(rng, 5.2, 6.2) * scale,
        floor=_FLOOR,
        storeys=(between(rng, 2.45, 2.6),),
        pitch=math.radians(between(rng, 46.0, 53.0)),
        overhang=0.45,
        verge=0.35,
    )
    thatched = rng.random() < 0.7 or request.biome == "tropical"
    roofing = THATCH if thatched else roof(request, rng, SLATE, STONE_SLABS, TILES)
    material = wall(request, stone(request) if rng.random() < 0.6 else "plaster_white")
    corners = "stone_blocks" if material != "plaster_white" else None
    walls = WallStyle(material=material, plinth=stone(request), corners=corners, thickness=0.5)
    glazing = WindowStyle(
        glass=glass(request),
        recess=0.16,
        lintel="wood_beam",
        frame_color=pick(rng, (PAINT_WHITE, PAINT_WHITE, PAINT_TEAL, PAINT_GREEN)),
        shutters=pick(rng, SHUTTER_COLORS) if rng.random() < 0.35 else None,
    )
    facades = lay_facades(block, rng, door_side="front", window_size=(0.9, 1.0), sill=0.95, module=2.4)
    raise_house(
        assembly,
        request,
        block,
        walls=walls,
        roofing=roofing,
        glazing=glazing,
        entrance=DoorStyle(lintel="wood_beam", recess=0.18),
        dormers=int(rng.integers(1, 3)),
        chimneys=int(rng.integers(1, 3)),
        facades=facades,
    )


def _farmhouse(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    block = Block(
        frame=WORLD,
        length=between(rng, 9.5, 12.5) * scale,
        width=between(rng, 6.4, 7.4) * scale,
        floor=_FLOOR,
        storeys=(2.8, 2.6),
        pitch=math.radians(between(rng, 34.0, 42.0)),
        overhang=0.3,
        verge=0.22,
        roof="hip" if rng.random() < 0.2 else "gable",
    )
    material = stone(request)
    walls = WallStyle(material=material, plinth=material, corners="stone_blocks", thickness=0.5)
    glazing = WindowStyle(
        glass=glass(request),
        recess=0.16,
        rows=3,
        surround="stone_blocks" if rng.random() < 0.5 else None,
        lintel="stone_blocks",
        frame_color=pick(rng, (PAINT_WHITE, PAINT_CREAM)),
        shutters=pick(rng, SHUTTER_COLORS) if rng.random() < 0.6 else None,
    )
    if glazing.surround:
        glazing = replace(glazing, shutters=None, lintel=None)
    raise_house(
        assembly,
        request,
        block,
        walls=walls,
        roofing=roof(request, rng, SLATE, STONE_SLABS, TILES),
        glazing=glazing,
        entrance=DoorStyle(surround="stone_blocks", recess=0.2),
        wing=between(rng, 2.8, 4.2) if rng.random() < 0.55 and block.roof == "gable" else 0.0,
        dormers=0,
        chimneys=2,
        chimney_material="brick" if rng.random() < 0.3 else None,
    )


def _villa(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    block = Block(
        frame=WORLD,
        length=between(rng, 10.0, 13.0) * scale,
        width=between(rng, 7.5, 9.0) * scale,
        floor=_FLOOR,
        storeys=(3.0, 2.8),
        pitch=math.radians(between(rng, 18.0, 23.0)),
        overhang=0.6,
        roof="hip",
    )
    material = wall(request, "plaster_ochre" if rng.random() < 0.6 else "plaster_white")
    walls = WallStyle(material=material, plinth="stone_blocks", corners="stone_blocks", thickness=0.45)
    arched = rng.random() < 0.5
    facades = lay_facades(
        block,
        rng,
        door_side="front",
        door_bay=round(block.length / 2.7) // 2,
        door_size=(1.1, 2.4 if arched else 2.1),
        window_size=(1.0, 1.5),
        sill=0.75,
        arch="segmental" if arched else "flat",
        door_arch="round" if arched else "flat",
    )
    glazing = WindowStyle(
        glass=glass(request),
        recess=0.16,
        rows=3,
        shutters=None if arched else pick(rng, SHUTTER_COLORS),
        surround=None,
        lintel="stone_blocks",
    )
    raise_house(
        assembly,
        request,
        block,
        walls=walls,
        roofing=TILES,
        glazing=glazing,
        entrance=DoorStyle(surround="stone_blocks", recess=0.2),
        chimneys=1,
        chimney_material=material,
        facades=facades,
    )


_PLACEMENT = Placement(max_slope_deg=16.0, water_distance_m=(4.0, 200.0), levels_ground=True, faces_path=True)

FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="timber_house",
        kinds={
            "half_timbered": (
                "timber house",
                "half-timbered house",
                "half timbered house",
                "tudor house",
                "timber-framed house",
                "inn",
                "tavern",
            ),
            "plank_house": ("wooden house", "plank house", "clapboard house", "red house", "schoolhouse"),
        },
        build=_build,
        placement=_PLACEMENT,
        materials=("wood", "stone", "brick", "plaster"),
        num_variants=3,
    ),
    AssetFamily(
        name="stone_house",
        kinds={
            "farmhouse": ("house", "stone house", "farmhouse", "farm house", "home", "manor", "farmstead"),
            "stone_cottage": ("cottage", "stone cottage", "thatched cottage", "croft"),
            "villa": ("villa", "country house", "mansion", "hacienda"),
            "adobe": ("adobe", "adobe house", "pueblo", "mud house", "desert house", "mud-brick house"),
        },
        build=_build,
        placement=_PLACEMENT,
        materials=("stone", "wood", "brick", "plaster"),
        adjectives={"thatched": "stone_cottage"},
        num_variants=3,
    ),
)
