"""Churches: a nave with buttresses and arched windows, a tower with a steeple, an apse, and small chapels."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, NEAR, Assembly
from worldgen.builder.architecture.dwellings import Block, Facades, Fitting, Side, WallStyle, build_block, roof_profile
from worldgen.builder.architecture.fortification import round_shaft, square_shaft
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import DoorStyle, WindowStyle, door, steps_before, window
from worldgen.builder.architecture.panels import Bend, Opening
from worldgen.builder.architecture.roof_features import finial
from worldgen.builder.architecture.roof_styles import SHINGLES, SLATE, STONE_SLABS, TILES, RoofStyle
from worldgen.builder.architecture.roofs import cone_roof, hip_roof
from worldgen.builder.architecture.solids import lathe
from worldgen.builder.architecture.stonework import band_ring, buttress, plinth, quoins
from worldgen.builder.architecture.themes import ARID, between, roof, stone, wall
from worldgen.builder.assets.tower_landmarks import bell, build_belfry
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_FLOOR = 0.18


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    {"church": _church, "chapel": _chapel, "cathedral": _cathedral}[request.kind](assembly, request)
    return assembly.finish(request.name, "church")


def _material(request: AssetRequest, rng: np.random.Generator) -> str:
    if request.biome in ARID and request.material is None:
        return "plaster_white"
    default = ("stone_wall", "stone_blocks", "plaster_white")[int(rng.integers(3))]
    return wall(request, default)


def _nave(
    assembly: Assembly,
    request: AssetRequest,
    *,
    size: tuple[float, float, float],
    shift: float,
    material: str,
    roofing: RoofStyle,
    pitch: float,
    front: bool,
    piers: bool,
    dressed: bool = True,
) -> tuple[Block, float]:
    """Add the nave with its front gable towards +Z; returns its block and the height of its ridge."""
    length, width, height = size
    block = Block(
        frame=WORLD.moved(d=shift).yawed(-math.pi / 2.0),
        length=length,
        width=width,
        floor=_FLOOR,
        storeys=(height,),
        pitch=pitch,
        overhang=0.35,
        verge=0.22,
    )
    bays = max(2, round(length / 3.4))
    tall = height * 0.56
    glazing_size = (min(1.15, length / bays * 0.36), tall)
    facades: Facades = {side: [] for side in block.open_sides}
    sides: tuple[Side, ...] = ("front", "back")
    for side in sides:
        for bay in range(bays):
            middle = -length / 2.0 + (bay + 0.5) * length / bays
            opening = Opening(
                left=middle - glazing_size[0] / 2.0,
                right=middle + glazing_size[0] / 2.0,
                bottom=_FLOOR + height * 0.24,
                top=_FLOOR + height * 0.24 + glazing_size[1],
                arch="pointed",
            )
            facades[side].append(Fitting(opening=opening))
    if front:
        facades["right"] = _west_front(width, height, pitch)
    walls = WallStyle(material=material, plinth=stone(request), corners="stone_blocks", thickness=0.6)
    glazing = WindowStyle(
        glass="stained_glass", frame_material="stone_blocks", recess=0.28, surround="stone_blocks", columns=2, rows=1
    )
    entrance = DoorStyle(surround="stone_blocks", leaves=2, recess=0.35)
    ridge = build_block(
        assembly, block, facades, walls=walls, roof=roofing, glazing=glazing, entrance=entrance, snow=request.snow_cover
    )
    if piers:
        for turn in (0.0, math.pi):
            side_frame = block.frame.yawed(turn).moved(d=width / 2.0)
            for bay in range(bays + 1):
                s = -length / 2.0 + bay * length / bays
                s = float(np.clip(s, -length / 2.0 + 0.35, length / 2.0 - 0.35))
                buttress(assembly, side_frame, s, height * 0.86, material, width=0.6, reach=0.85)
    return block, ridge


def _west_front(width: float, height: float, pitch: float) -> list[Fitting]:
    rise = width / 2.0 * math.tan(pitch)
    half = min(0.85, width * 0.13)
    portal = Opening(left=-half, right=half, bottom=_FLOOR, top=_FLOOR + 2.9, arch="pointed")
    rose = width * 0.13
    bottom = min(_FLOOR + height * 0.72, _FLOOR + height + rise * 0.3)
    bottom = max(bottom, _FLOOR + 3.7)
    window_above = Opening(left=-rose, right=rose, bottom=bottom, top=bottom + rose * 2.6, arch="pointed")
    return [Fitting(opening=portal, filling="door"), Fitting(opening=window_above)]


def _church(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    material = _material(request, rng)
    roofing = roof(request, rng, SLATE, TILES, SHINGLES, STONE_SLABS)
    length, width, height = (
        between(rng, 12.0, 16.0) * scale,
        between(rng, 7.0, 8.4) * scale,
        between(rng, 4.8, 6.0) * math.sqrt(scale),
    )
    tower = between(rng, 4.2, 5.0) * math.sqrt(scale)
    pitch = math.radians(between(rng, 46.0, 54.0))
    block, ridge = _nave(
        assembly,
        request,
        size=(length, width, height),
        shift=-tower / 2.0 + 0.3,
        material=material,
        roofing=roofing,
        pitch=pitch,
        front=False,
        piers=True,
    )
    front_z = float(block.wall("right")[0].origin[2])
    _steeple(
        assembly, request, WORLD.moved(d=front_z + tower / 2.0 - 0.6), tower, ridge, material=material, roofing=roofing
    )
    _apse(assembly, request, block, width * 0.36, height * 0.82, material=material, roofing=roofing)


def _steeple(
    assembly: Assembly,
    request: AssetRequest,
    frame: Frame,
    width: float,
    ridge: float,
    *,
    material: str,
    roofing: RoofStyle,
) -> None:
    """Add a square tower with a portal, a belfry and a pointed spire, with its front towards +Z."""
    rng = assembly.rng
    shaft = ridge + between(rng, 0.6, 1.8)
    plinth(assembly, frame, (width, width), _FLOOR, stone(request), proud=0.15)
    half = min(0.75, width * 0.18)
    portal = Opening(left=-half, right=half, bottom=_FLOOR, top=_FLOOR + 2.8, arch="pointed")
    light = Opening(left=-0.38, right=0.38, bottom=4.4, top=6.2, arch="pointed")
    slits = Opening(left=-0.22, right=0.22, bottom=shaft - 2.4, top=shaft - 1.0, arch="pointed")
    openings = [[portal, light, slits], [light, slits], [], [light, slits]]
    if shaft < 9.2:
        openings = [[portal, light], [light], [], [light]]
    sides = square_shaft(assembly, frame, width, (_FLOOR, shaft), material, openings=openings)
    stained = WindowStyle(
        glass="stained_glass", frame_material="stone_blocks", recess=0.28, surround="stone_blocks", columns=2, rows=1
    )
    for side, holes in zip(sides, openings, strict=True):
        for hole in holes:
            if hole is not portal:
                window(assembly, side, hole, stained)
    door(assembly, sides[0], portal, DoorStyle(surround="stone_blocks", leaves=2, recess=0.35))
    steps_before(assembly, sides[0], portal, "stone_blocks", margin=0.5)
    quoins(assembly, frame, (width, width), (_FLOOR, shaft), "stone_blocks")
    for y in (3.5, shaft):
        band_ring(assembly, sides, width, (y, y + 0.2), "stone_blocks", proud=0.1)
    belfry = 3.2
    build_belfry(assembly, frame, width - 0.12, (shaft + 0.18, shaft + belfry), material)
    band_ring(assembly, sides, width, (shaft + belfry, shaft + belfry + 0.22), "stone_blocks", proud=0.12)
    top = shaft + belfry + 0.2
    half_w = width / 2.0
    assembly.box(frame, (-half_w, top - 0.2, -half_w), (half_w, top, half_w), "stone_blocks", skip="DFBLR")
    peak = hip_roof(
        assembly,
        frame,
        half_w,
        half_w,
        top,
        pitch=math.radians(between(rng, 66.0, 73.0)),
        overhang=0.1,
        style=roofing,
        snow=request.snow_cover,
    )
    finial(assembly, frame.moved(y=peak - 0.1), height=1.0, vane="cross")


def _apse(
    assembly: Assembly,
    request: AssetRequest,
    block: Block,
    radius: float,
    height: float,
    *,
    material: str,
    roofing: RoofStyle,
) -> None:
    """Add a round choir at the back of the nave, under half a cone."""
    back = block.frame.moved(s=-block.length / 2.0).yawed(-math.pi / 2.0)
    bend = Bend(radius=radius, sides=20)
    holes = [
        Opening(
            left=angle * radius - 0.35,
            right=angle * radius + 0.35,
            bottom=height * 0.3,
            top=height * 0.78,
            arch="pointed",
        )
        for angle in (-0.9, 0.0, 0.9)
    ]
    for lods, sides in ((NEAR, 20), (FAR, 8)):
        lathe(
            assembly,
            back,
            [(radius + 0.1, -1.0), (radius + 0.1, _FLOOR), (radius - 0.1, _FLOOR + 0.02)],
            stone(request),
            sides=sides,
            lods=lods,
        )
    round_shaft(assembly, back, bend, (_FLOOR, height), material, openings=holes)
    stained = WindowStyle(
        glass="stained_glass", frame_material="stone_blocks", recess=0.25, surround="stone_blocks", columns=1, rows=1
    )
    for hole in holes:
        half = hole.width / 2.0
        local = Opening(left=-half, right=half, bottom=hole.bottom, top=hole.top, arch=hole.arch)
        window(assembly, back.yawed(hole.middle / radius).moved(d=radius), local, stained)
    _, ridge = roof_profile(block, roofing)
    tall = min(radius * 1.2, ridge - height - 0.4)
    cone_roof(
        assembly,
        back.moved(y=height - 0.05),
        radius + 0.35,
        tall,
        roofing,
        sides=20,
        flare=0.05,
        snow=request.snow_cover,
    )


def _chapel(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    material = _material(request, rng)
    roofing = roof(request, rng, SLATE, TILES, SHINGLES, STONE_SLABS)
    size = (between(rng, 7.0, 9.0) * scale, between(rng, 4.8, 5.8) * scale, between(rng, 3.8, 4.4) * math.sqrt(scale))
    block, ridge = _nave(
        assembly,
        request,
        size=size,
        shift=0.0,
        material=material,
        roofing=roofing,
        pitch=math.radians(between(rng, 46.0, 54.0)),
        front=True,
        piers=False,
    )
    place = WORLD.moved(y=0.0, d=size[0] / 2.0 - 0.95)
    turret = 1.25
    base = ridge - 0.9
    for index, (low, high) in enumerate(((base, ridge + 0.5), (ridge + 0.5, ridge + 1.9))):
        half = turret / 2.0 - 0.04 * index
        if index == 0:
            assembly.box(place, (-half, low, -half), (half, high, half), "wood_planks", grain=0, lods=ALL, skip="D")
        else:
            for i in (-1.0, 1.0):
                for j in (-1.0, 1.0):
                    x, z = i * (half - 0.07), j * (half - 0.07)
                    assembly.box(
                        place,
                        (x - 0.07, low, z - 0.07),
                        (x + 0.07, high, z + 0.07),
                        "wood_beam",
                        grain=1,
                        lods=ALL,
                        skip="UD",
                    )
    bell(assembly, place.moved(y=ridge + 0.85), 0.36)
    peak = hip_roof(
        assembly,
        place,
        turret / 2.0 - 0.05,
        turret / 2.0 - 0.05,
        ridge + 1.88,
        pitch=math.radians(62.0),
        overhang=0.25,
        style=roofing,
        snow=request.snow_cover,
    )
    finial(assembly, place.moved(y=peak - 0.05), height=0.7, vane="cross")
    if rng.random() < 0.6:
        _apse(assembly, request, block, size[1] * 0.34, size[2] * 0.8, material=material, roofing=roofing)


def _cathedral(assembly: Assembly, request: AssetRequest) -> None:
    """A long high nave between two steeples, crossed by a transept."""
    rng, scale = assembly.rng, request.size
    material = wall(request, "stone_blocks")
    roofing = roof(request, rng, SLATE)
    length, width, height = 24.0 * scale, between(rng, 9.5, 11.0) * scale, between(rng, 9.0, 10.5) * math.sqrt(scale)
    pitch = math.radians(54.0)
    block, ridge = _nave(
        assembly,
        request,
        size=(length, width, height),
        shift=-1.5,
        material=material,
        roofing=roofing,
        pitch=pitch,
        front=True,
        piers=True,
        dressed=False,
    )
    arm = Block(
        frame=block.frame.moved(s=-length * 0.22).yawed(math.pi / 2.0),
        length=width + 7.0 * scale,
        width=width * 0.72,
        floor=_FLOOR,
        storeys=(height,),
        pitch=pitch,
        overhang=0.3,
        verge=0.22,
    )
    facades: Facades = {}
    ends: tuple[Side, ...] = ("left", "right")
    for side in ends:
        tall = Opening(left=-1.0, right=1.0, bottom=2.4, top=height * 0.95, arch="pointed")
        facades[side] = [Fitting(opening=tall)]
    walls = WallStyle(material=material, plinth=stone(request), corners="stone_blocks", thickness=0.6)
    glazing = WindowStyle(
        glass="stained_glass", frame_material="stone_blocks", recess=0.3, surround="stone_blocks", columns=3, rows=1
    )
    build_block(
        assembly,
        arm,
        facades,
        walls=walls,
        roof=roofing,
        glazing=glazing,
        entrance=DoorStyle(),
        snow=request.snow_cover,
    )
    front_z = float(block.wall("right")[0].origin[2])
    tower = width * 0.42
    for side_x in (-1.0, 1.0):
        place = WORLD.moved(s=side_x * (width / 2.0 + tower * 0.22), d=front_z - tower * 0.35)
        _steeple(assembly, request, place, tower, ridge - 0.5, material=material, roofing=roofing)
    crossing = block.frame.moved(s=-length * 0.22)
    cone_roof(assembly, crossing.moved(y=ridge - 0.9), 1.3, 7.0 * math.sqrt(scale), roofing, sides=8, flare=0.1)
    finial(assembly, crossing.moved(y=ridge - 0.95 + 7.0 * math.sqrt(scale)), height=1.0, vane="cross")
    _apse(assembly, request, block, width * 0.36, height * 0.8, material=material, roofing=roofing)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="church",
        kinds={
            "church": ("church", "parish church", "steeple", "monastery", "abbey"),
            "chapel": ("chapel", "oratory", "wayside chapel"),
            "cathedral": ("cathedral", "basilica", "minster"),
        },
        build=_build,
        placement=Placement(max_slope_deg=15.0, water_distance_m=(5.0, 300.0), levels_ground=True, faces_path=True),
        materials=("stone", "brick", "wood", "plaster"),
        num_variants=2,
    ),
)
