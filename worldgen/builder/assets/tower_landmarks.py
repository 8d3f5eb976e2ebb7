"""Towers that are landmarks: bell towers, lighthouses and wizards' towers."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.fortification import (
    round_foundation,
    round_shaft,
    square_shaft,
)
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import (
    WindowStyle,
    tangent_frame,
    voussoirs,
    window,
)
from worldgen.builder.architecture.palette import PAINT_BLACK, PAINT_RED, PAINT_WHITE
from worldgen.builder.architecture.panels import Bend, Opening, level, panel
from worldgen.builder.architecture.roof_features import finial
from worldgen.builder.architecture.roof_styles import SHINGLES, SLATE, TILES
from worldgen.builder.architecture.roofs import cone_roof, hip_roof
from worldgen.builder.architecture.solids import hull_cylinder, lathe
from worldgen.builder.architecture.stonework import band_ring, plinth, quoins
from worldgen.builder.architecture.themes import between, glass, roof, stone, wall
from worldgen.builder.assets.tower_entrances import TOWER_FLOOR_M, doorway_of, entrance, local_hole
from worldgen.builder.family import AssetRequest


def build_bell_tower(assembly: Assembly, request: AssetRequest) -> None:
    """Add a slender square tower with an open belfry under a pointed roof."""
    rng = assembly.rng
    width = between(rng, 3.6, 4.4) * math.sqrt(request.size)
    height = between(rng, 9.0, 12.0) * request.size
    material = wall(
        request, "brick" if rng.random() < 0.4 else "stone_blocks" if rng.random() < 0.5 else "plaster_ochre"
    )
    belfry = 3.4
    plinth(assembly, WORLD, (width, width), TOWER_FLOOR_M, "stone_blocks", proud=0.15)
    doorway = doorway_of()
    openings: list[list[Opening]] = [[doorway], [], [], []]
    for index in range(4):
        for y in np.arange(4.2, height - 1.6, 2.8):
            openings[index].append(Opening(left=-0.28, right=0.28, bottom=float(y), top=float(y) + 1.1, arch="round"))
    sides = square_shaft(assembly, WORLD, width, (TOWER_FLOOR_M, height), material, openings=openings)
    glazing = WindowStyle(glass=glass(request), recess=0.25, sill="stone_blocks", columns=1, rows=2)
    for side, holes in zip(sides, openings, strict=True):
        for hole in holes:
            if hole is not doorway:
                window(assembly, side, hole, glazing)
    entrance(assembly, sides[0], doorway)
    quoins(assembly, WORLD, (width, width), (TOWER_FLOOR_M, height), "stone_blocks")
    band_ring(assembly, sides, width, (height, height + 0.22), "stone_blocks", proud=0.14)
    build_belfry(assembly, WORLD, width - 0.1, (height + 0.2, height + belfry), material)
    band_ring(assembly, sides, width, (height + belfry, height + belfry + 0.25), "stone_blocks", proud=0.16)
    style = roof(request, rng, TILES, SLATE)
    top = height + belfry + 0.25
    assembly.box(
        WORLD, (-width / 2.0, top - 0.2, -width / 2.0), (width / 2.0, top, width / 2.0), "stone_blocks", skip="DFBLR"
    )
    peak = hip_roof(
        assembly,
        WORLD,
        width / 2.0,
        width / 2.0,
        top,
        pitch=math.radians(between(rng, 30.0, 55.0)),
        overhang=0.2,
        style=style,
        snow=request.snow_cover,
    )
    finial(assembly, WORLD.moved(y=peak), vane="cross")


def build_belfry(assembly: Assembly, frame: Frame, width: float, span: tuple[float, float], material: str) -> None:
    """An open storey with arches on all sides and a bell inside."""
    bottom, top = span
    thick = 0.45
    for side in range(4):
        wall_frame = frame.yawed(side * math.pi / 2.0).moved(d=width / 2.0)
        length = width if side % 2 == 0 else width - 2.0 * thick
        half = width * 0.27
        opening = Opening(left=-half, right=half, bottom=bottom + 0.7, top=top - 0.5, arch="round")
        panel(
            assembly,
            wall_frame,
            level(length, top),
            material,
            bottom=bottom,
            openings=(opening,),
            thickness=thick,
            inside=material,
            top=False,
            ends=side % 2 == 0,
            lods=NEAR,
        )
        panel(assembly, wall_frame, level(length, top), material, bottom=bottom, top=False, ends=False, lods=FAR)
        voussoirs(assembly, wall_frame, opening, "stone_blocks", width=0.24)
        low, high = (
            (opening.left - 0.1, opening.bottom - 0.12, -thick - 0.05),
            (opening.right + 0.1, opening.bottom + 0.02, 0.1),
        )
        assembly.box(wall_frame, low, high, "stone_blocks", grain=0, lods=FINE)
    assembly.box(
        frame,
        (-width / 2 + 0.2, bottom, -width / 2 + 0.2),
        (width / 2 - 0.2, bottom + 0.02, width / 2 - 0.2),
        "stone_blocks",
        lods=NEAR,
        skip="DFBLR",
    )
    half = width / 2.0
    assembly.hull_box(frame, (-half, bottom, -half), (half, top, half), "stone")
    bell(assembly, frame.moved(y=bottom + 1.05), 0.62)
    assembly.box(
        frame, (-half + 0.2, bottom + 2.0, -0.12), (half - 0.2, bottom + 2.24, 0.12), "wood_beam", grain=0, lods=NEAR
    )


def bell(assembly: Assembly, frame: Frame, radius: float) -> None:
    """A bronze-green bell whose mouth is at the frame's origin."""
    shape = [(1.0, 0.0), (0.9, 0.12), (0.72, 0.4), (0.6, 0.85), (0.52, 1.15), (0.3, 1.32), (0.12, 1.36), (0.1, 1.6)]
    outer = [(radius * r, radius * y) for r, y in shape]
    lathe(assembly, frame, outer, "copper_roof", sides=14, lods=NEAR, smooth_along=True)
    lathe(assembly, frame, [(r * 0.9, y) for r, y in outer[:6]][::-1], "iron", sides=14, lods=FINE, smooth_along=True)
    lathe(assembly, frame, [(radius * 0.9, 0.0), (radius, 0.0)], "copper_roof", sides=14, lods=FINE)


def build_lighthouse(assembly: Assembly, request: AssetRequest) -> None:
    """Add a banded, tapering tower with gallery, lantern room and dome."""
    rng = assembly.rng
    radius = between(rng, 2.7, 3.3) * math.sqrt(request.size)
    height = between(rng, 14.0, 19.0) * request.size
    batter = (radius * 0.42) / height
    bend = Bend(radius=radius, sides=32, batter=batter)
    round_foundation(assembly, WORLD, radius + 0.25, 0.16, "stone_blocks", batter=0.3)
    band_color = PAINT_RED if rng.random() < 0.75 else PAINT_BLACK
    # The door must fit into the lowest band.
    most = max(1, int(height / 2.75))
    count = int(rng.integers(min(5, most), most + 1))
    stops = [TOWER_FLOOR_M - 0.02 + (height - TOWER_FLOOR_M + 0.02) * index / count for index in range(count + 1)]
    doorway = doorway_of(height=2.2)
    holes = [doorway]
    if request.material in ("stone", "brick"):
        stops = [stops[0], stops[-1]]
    for index in range(1, len(stops) - 1):
        # Windows lie in the middle of a band, so that no joint of the wall crosses them.
        middle, y = (-1) ** index * 0.35 * radius, (stops[index] + stops[index + 1]) / 2.0 - 0.5
        holes.append(Opening(left=middle - 0.3, right=middle + 0.3, bottom=y, top=y + 1.0, arch="round"))
    for index in range(len(stops) - 1):
        low, high = stops[index], stops[index + 1]
        own = [hole for hole in holes if low <= hole.bottom < high]
        material = wall(request, "plaster_white" if index % 2 == 0 else "paint")
        round_shaft(assembly, WORLD, bend, (low, high), material, openings=own, color=band_color)
    glazing = WindowStyle(glass=glass(request), recess=0.2, sill="stone_blocks", columns=2, rows=2)
    for hole in holes[1:]:
        window(assembly, *local_hole(bend, hole), glazing)
    entrance(assembly, tangent_frame(WORLD, bend, 0.0), doorway)
    _lantern(assembly, WORLD.moved(y=height), radius - batter * height, lit=request.lit, color=band_color)


def _lantern(assembly: Assembly, frame: Frame, radius: float, *, lit: bool, color: tuple[float, float, float]) -> None:
    """Gallery, glazed lantern room and dome of a lighthouse."""
    gallery = radius + 0.75
    profile = [(radius, -0.5), (gallery - 0.2, 0.0), (gallery, 0.0), (gallery, 0.18), (radius * 0.6, 0.18)]
    lathe(assembly, frame, profile, "plaster_white", sides=24, lods=NEAR)
    lathe(assembly, frame, profile, "plaster_white", sides=8, lods=FAR)
    for index in range(16):
        post = frame.yawed(index * math.pi / 8.0).moved(d=gallery - 0.08)
        assembly.box(post, (-0.025, 0.18, -0.025), (0.025, 1.15, 0.025), "iron", lods=FINE)
    for y in (0.55, 0.85, 1.15):
        tube = [
            (gallery - 0.05, y - 0.02),
            (gallery - 0.05, y + 0.02),
            (gallery - 0.1, y + 0.02),
            (gallery - 0.1, y - 0.02),
            (gallery - 0.05, y - 0.02),
        ]
        lathe(assembly, frame, tube, "iron", sides=16, lods=NEAR if y > 1.0 else FINE)
    room = radius * 0.72
    base = 0.9
    lathe(
        assembly,
        frame,
        [(room + 0.06, 0.18), (room + 0.06, base), (room - 0.1, base + 0.02)],
        "plaster_white",
        sides=16,
        lods=ALL,
    )
    shade = "window_lit" if lit else "window_glass"
    lathe(
        assembly,
        frame,
        [(room - 0.02, base), (room - 0.02, base + 1.7)],
        shade,
        sides=12,
        lods=ALL,
        smooth_around=False,
    )
    for index in range(12):
        post = frame.yawed(index * math.pi / 6.0).moved(d=room)
        assembly.box(post, (-0.035, base, -0.06), (0.035, base + 1.7, 0.03), "paint", color=PAINT_WHITE, lods=FINE)
    if lit:
        lathe(
            assembly,
            frame.moved(y=base + 0.5),
            [(0.0, 0.0), (room + 0.01, 0.25), (room + 0.01, 0.55), (0.0, 0.8)],
            "lamp_glow",
            sides=12,
            lods=NEAR,
        )
    dome = [
        (room + 0.22, base + 1.68),
        (room + 0.26, base + 1.78),
        (room * 0.92, base + 2.2),
        (room * 0.55, base + 2.65),
        (0.14, base + 2.9),
        (0.12, base + 3.05),
    ]
    lathe(assembly, frame, dome, "paint", sides=16, lods=NEAR, smooth_along=True, color=color)
    lathe(assembly, frame, [dome[0], dome[2], (0.0, base + 3.0)], "paint", sides=8, lods=FAR, color=color)
    lathe(
        assembly,
        frame,
        [(room * 0.5, base + 1.69), (room + 0.22, base + 1.68)],
        "paint",
        sides=16,
        lods=NEAR,
        color=PAINT_WHITE,
        smooth_around=False,
    )
    finial(assembly, frame.moved(y=base + 3.05), height=0.9)
    hull_cylinder(assembly, frame.point(0.0, -0.4, 0.0), frame.point(0.0, 0.18, 0.0), gallery, "stone_blocks")
    hull_cylinder(assembly, frame.point(0.0, 0.18, 0.0), frame.point(0.0, base + 2.4, 0.0), room + 0.05, "iron")


def build_wizard_tower(assembly: Assembly, request: AssetRequest) -> None:
    """Add a tall round tower whose top room stands out under a pointed roof, with a turret on its flank."""
    rng = assembly.rng
    radius = between(rng, 2.2, 2.7) * math.sqrt(request.size)
    height = between(rng, 13.0, 17.0) * request.size
    material = stone(request, "stone_mossy" if rng.random() < 0.5 else "stone_wall")
    batter = radius * 0.22 / height
    bend = Bend(radius=radius, sides=28, batter=batter)
    round_foundation(assembly, WORLD, radius, TOWER_FLOOR_M, material, batter=0.45)
    doorway = doorway_of(width=1.1, height=2.4)
    glazing = WindowStyle(glass=glass(request), recess=0.2, surround="stone_blocks", columns=2, rows=3)
    holes = [doorway]
    for index, y in enumerate(np.arange(3.6, height - 2.0, 2.3)):
        middle = math.sin(index * 2.1) * 0.9 * radius
        holes.append(
            Opening(left=middle - 0.32, right=middle + 0.32, bottom=float(y), top=float(y) + 1.25, arch="pointed")
        )
    round_shaft(assembly, WORLD, bend, (TOWER_FLOOR_M, height), material, openings=holes)
    for hole in holes[1:]:
        window(assembly, *local_hole(bend, hole), glazing)
    entrance(assembly, tangent_frame(WORLD, bend, 0.0), doorway)
    top_radius = radius - batter * height
    study = top_radius + 0.95
    flare = [(top_radius - 0.02, height - 1.6), (top_radius + 0.25, height - 0.9), (study, height)]
    lathe(assembly, WORLD, flare, material, sides=28, lods=NEAR, smooth_along=True)
    lathe(assembly, WORLD, [flare[0], flare[-1]], material, sides=8, lods=FAR)
    room = Bend(radius=study, sides=28)
    tall = 2.9
    views = []
    for index in range(7):
        middle = ((index + 0.5) / 7.0 - 0.5) * room.length
        views.append(
            Opening(left=middle - 0.42, right=middle + 0.42, bottom=height + 0.75, top=height + 2.3, arch="pointed")
        )
    round_shaft(assembly, WORLD, room, (height, height + tall), material, openings=views)
    for hole in views:
        window(assembly, *local_hole(room, hole), glazing)
    style = roof(request, rng, SLATE, SHINGLES, TILES)
    peak = height + tall
    cone = between(rng, 5.5, 7.5)
    cone_roof(
        assembly, WORLD.moved(y=peak - 0.05), study + 0.6, cone, style, sides=28, flare=0.3, snow=request.snow_cover
    )
    finial(assembly, WORLD.moved(y=peak + cone - 0.1), height=1.4)
    _turret(
        assembly,
        request,
        material,
        side=1.0 if rng.random() < 0.5 else -1.0,
        reach=radius - batter * height * 0.55,
        y=height * between(rng, 0.45, 0.6),
    )


def _turret(assembly: Assembly, request: AssetRequest, material: str, *, side: float, reach: float, y: float) -> None:
    """A small round room that hangs on the tower's flank."""
    radius = 1.05
    frame = WORLD.moved(s=side * (reach + radius * 0.45), d=0.3)
    lathe(
        assembly,
        frame,
        [(0.05, y - 1.7), (radius * 0.5, y - 1.0), (radius, y)],
        material,
        sides=16,
        lods=NEAR,
        smooth_along=True,
    )
    lathe(assembly, frame, [(0.05, y - 1.7), (radius, y)], material, sides=8, lods=FAR)
    bend = Bend(radius=radius, sides=16)
    holes = [
        Opening(left=angle * radius - 0.2, right=angle * radius + 0.2, bottom=y + 0.8, top=y + 1.7, arch="pointed")
        for angle in (0.15, 0.15 + side * 1.3)
    ]
    round_shaft(assembly, frame, bend, (y, y + 2.3), material, openings=holes)
    for hole in holes:
        half = hole.width / 2.0
        local = Opening(left=-half, right=half, bottom=hole.bottom, top=hole.top, arch=hole.arch)
        window(
            assembly,
            tangent_frame(frame, bend, hole.middle),
            local,
            WindowStyle(glass=glass(request), recess=0.15, columns=1, rows=2),
        )
    cone_roof(
        assembly,
        frame.moved(y=y + 2.26),
        radius + 0.3,
        2.9,
        SLATE if request.biome != "tropical" else TILES,
        sides=16,
        flare=0.25,
        snow=request.snow_cover,
    )
    finial(assembly, frame.moved(y=y + 5.1), height=0.7)
