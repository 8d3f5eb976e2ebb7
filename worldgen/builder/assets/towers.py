"""Towers: watchtowers, castle towers, wooden lookouts, bell towers, lighthouses, wizards' towers and broken ones."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.cloth import cloth
from worldgen.builder.architecture.fortification import (
    dark_back,
    ring,
    round_foundation,
    round_parapet,
    round_shaft,
    slit,
    square_parapet,
    square_shaft,
)
from worldgen.builder.architecture.frame import WORLD, Frame, frame_between
from worldgen.builder.architecture.joinery import (
    tangent_frame,
    voussoirs,
)
from worldgen.builder.architecture.palette import PAINT_BLUE, PAINT_RED, PAINT_WHITE, pick
from worldgen.builder.architecture.panels import Bend, Opening, panel
from worldgen.builder.architecture.roof_features import finial
from worldgen.builder.architecture.roof_styles import SHINGLES, SLATE, TILES
from worldgen.builder.architecture.roofs import cone_roof, hip_roof
from worldgen.builder.architecture.solids import hull_cylinder, lathe
from worldgen.builder.architecture.stonework import band_ring, jagged, plinth, quoins, rubble
from worldgen.builder.architecture.themes import between, roof, stone
from worldgen.builder.architecture.timber import railing, round_log
from worldgen.builder.assets.tower_entrances import TOWER_FLOOR_M, doorway_of, entrance, local_hole
from worldgen.builder.assets.tower_landmarks import build_bell_tower, build_lighthouse, build_wizard_tower
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {
        "watchtower": _watchtower,
        "round_tower": _round_tower,
        "lookout": _lookout,
        "bell_tower": build_bell_tower,
        "lighthouse": build_lighthouse,
        "wizard_tower": build_wizard_tower,
        "ruined_tower": _ruined_tower,
    }
    kind = "lookout" if request.kind == "watchtower" and request.material == "wood" else request.kind
    builders[kind](assembly, request)
    return assembly.finish(request.name, "tower")


def _watchtower(assembly: Assembly, request: AssetRequest) -> None:
    rng = assembly.rng
    width = between(rng, 4.6, 5.6) * math.sqrt(request.size)
    height = between(rng, 10.5, 14.0) * request.size
    material = stone(request, "stone_wall" if rng.random() < 0.5 else "stone_blocks")
    plinth(assembly, WORLD, (width, width), TOWER_FLOOR_M, material, proud=0.2)
    doorway = doorway_of()
    openings: list[list[Opening]] = [[doorway], [], [], []]
    for index in range(4):
        for y in np.arange(3.6, height - 2.0, 3.0):
            if rng.random() < 0.75:
                openings[index].append(slit(float(rng.uniform(-0.12, 0.12)) * width, float(y)))
    sides = square_shaft(assembly, WORLD, width, (TOWER_FLOOR_M, height), material, openings=openings)
    for side, holes in zip(sides, openings, strict=True):
        for hole in holes:
            if hole is not doorway:
                dark_back(assembly, side, hole, 0.35)
    entrance(assembly, sides[0], doorway)
    quoins(assembly, WORLD, (width, width), (TOWER_FLOOR_M, height - 0.4), "stone_blocks", proud=0.03)
    for y in np.arange(3.1, height - 2.5, 4.2):
        band_ring(assembly, sides, width, (float(y), float(y) + 0.16), "stone_blocks", proud=0.07, lods=FINE)
    roofed = rng.random() < 0.35
    square_parapet(
        assembly, WORLD, width, height + 0.35, material, reach=0.34, snow=0.0 if roofed else request.snow_cover
    )
    if roofed:
        inner = width / 2.0 - 0.35
        deck = height + 0.35
        for i in (-1.0, 1.0):
            for j in (-1.0, 1.0):
                x, z = i * inner, j * inner
                assembly.box(WORLD, (x - 0.1, deck, z - 0.1), (x + 0.1, deck + 2.3, z + 0.1), "wood_beam", grain=1)
        style = roof(request, rng, SHINGLES, SLATE, TILES)
        top = hip_roof(
            assembly,
            WORLD,
            inner,
            inner,
            deck + 2.25,
            pitch=math.radians(42.0),
            overhang=0.75,
            style=style,
            snow=request.snow_cover,
        )
        finial(assembly, WORLD.moved(y=top), vane="cock")
    else:
        _flag(assembly, WORLD.moved(-width * 0.3, height + 0.35, -width * 0.3), request)


def _flag(assembly: Assembly, frame: Frame, request: AssetRequest) -> None:
    """A pole with a waving flag."""
    height = 3.6
    round_log(assembly, (0.0, 0.0, 0.0), (0.0, height, 0.0), 0.05, frame=frame, sides=6, lods=NEAR)
    color = pick(assembly.rng, (PAINT_RED, PAINT_BLUE, PAINT_WHITE))
    turned = frame.yawed(float(assembly.rng.uniform(0.2, 1.2)))
    count = 8
    s = np.linspace(0.05, 1.5, count + 1)
    d = 0.12 * np.sin(np.linspace(0.0, 5.0, count + 1)) * np.linspace(0.2, 1.0, count + 1)
    low, high = height - 1.05 - 0.05 * s, height - 0.12 - 0.09 * s
    bottom, top = np.stack((s, low, d), axis=1), np.stack((s, high, d), axis=1)
    cloth(assembly, turned.points(np.stack((bottom, top))), "paint", lods=NEAR, color=color)


def _round_tower(assembly: Assembly, request: AssetRequest) -> None:
    rng = assembly.rng
    radius = between(rng, 2.7, 3.5) * math.sqrt(request.size)
    height = between(rng, 10.0, 14.0) * request.size
    material = stone(request, "stone_blocks" if rng.random() < 0.5 else "stone_wall")
    bend = Bend(radius=radius, sides=32)
    round_foundation(assembly, WORLD, radius, TOWER_FLOOR_M, material, batter=0.3)
    doorway = doorway_of()
    openings = [doorway]
    for index, y in enumerate(np.arange(3.8, height - 1.8, 2.1)):
        angle = index * 2.4 + float(rng.uniform(-0.3, 0.3))
        angle = (angle + math.pi) % (2.0 * math.pi) - math.pi
        if abs(abs(angle) - math.pi) > 0.25:
            openings.append(slit(angle * radius, float(y)))
    round_shaft(assembly, WORLD, bend, (TOWER_FLOOR_M, height), material, openings=openings)
    for hole in openings[1:]:
        dark_back(assembly, *local_hole(bend, hole), 0.35)
    entrance(assembly, tangent_frame(WORLD, bend, 0.0), doorway)
    deck = height + 0.35
    roofed = rng.random() < 0.5
    round_parapet(assembly, WORLD, radius, deck, material, reach=0.36, snow=0.0 if roofed else request.snow_cover)
    for y in (height * 0.42, height - 0.75):
        lathe(
            assembly,
            WORLD.moved(y=y),
            [(radius - 0.05, 0.0), (radius + 0.09, 0.02), (radius + 0.09, 0.16), (radius - 0.05, 0.2)],
            "stone_blocks",
            sides=32,
            lods=FINE,
        )
    if roofed:
        inner = radius - 0.25
        round_shaft(assembly, WORLD, Bend(radius=inner, sides=24), (deck - 0.02, deck + 2.3), material, collide=False)
        style = roof(request, rng, SLATE, TILES, SHINGLES)
        tall = radius * between(rng, 1.5, 2.0)
        cone_roof(assembly, WORLD.moved(y=deck + 2.25), inner + 0.5, tall, style, snow=request.snow_cover)
        finial(assembly, WORLD.moved(y=deck + 2.25 + tall))
    else:
        _flag(assembly, WORLD.moved(0.0, deck, -radius * 0.4), request)


def _lookout(assembly: Assembly, request: AssetRequest) -> None:
    """A wooden tower on four braced legs with a roofed platform."""
    rng = assembly.rng
    height = between(rng, 6.5, 9.0) * request.size
    foot, top = between(rng, 2.1, 2.5) * math.sqrt(request.size), 1.5 * math.sqrt(request.size)
    leg = 0.14
    corners = [(i, j) for i in (-1.0, 1.0) for j in (-1.0, 1.0)]
    rise = height + 2.35
    for i, j in corners:
        low, high = (i * foot, -1.0, j * foot), (i * top, height, j * top)
        round_log(assembly, low, high, leg, frame=WORLD, sides=8, caps="", lods=ALL)
        hull_cylinder(assembly, low, high, leg, "wood_logs", sides=6)
        round_log(
            assembly,
            (i * top, height, j * top),
            (i * top, rise, j * top),
            0.09,
            frame=WORLD,
            sides=8,
            caps="",
            lods=ALL,
        )
    stages = 3
    for side in range(4):
        frame = WORLD.yawed(side * math.pi / 2.0)
        for stage in range(stages):
            y0, y1 = 0.35 + (height - 0.5) * stage / stages, 0.35 + (height - 0.5) * (stage + 1) / stages
            w0, w1 = (foot + (top - foot) * (y + 1.0) / (height + 1.0) for y in (y0, y1))
            out = 0.02 * (1 + side % 2)
            round_log(assembly, (-w0, y0 + 0.05, w0 + out), (w1, y1, w1 + out), 0.065, frame=frame, sides=6)
            round_log(assembly, (w0, y0 + 0.05, w0 - 0.1 - out), (-w1, y1, w1 - 0.1 - out), 0.065, frame=frame, sides=6)
            round_log(assembly, (-w1 - 0.2, y1, w1 + 0.1), (w1 + 0.2, y1, w1 + 0.1), 0.08, frame=frame, sides=6)
    reach = top + 0.55
    assembly.solid_box(WORLD, (-reach, height, -reach), (reach, height + 0.08, reach), "wood_planks", grain=0)
    for s in np.linspace(-reach + 0.12, reach - 0.12, 5):
        assembly.box(
            WORLD,
            (float(s) - 0.07, height - 0.16, -reach + 0.05),
            (float(s) + 0.07, height, reach - 0.05),
            "wood_beam",
            grain=2,
            lods=FINE,
        )
    for side in range(4):
        wall_frame = WORLD.yawed(side * math.pi / 2.0).moved(d=reach - 0.06 - 0.004 * (side % 2))
        railing(assembly, wall_frame, 2.0 * reach - 0.1 * (side % 2) - 0.02, height + 0.08, crossed=True)
        half = reach - 0.1
        board_low, board_high = (-half, height + 0.2, -0.07), (half, height + 0.62, -0.045)
        assembly.box(wall_frame, board_low, board_high, "wood_weathered", grain=0, lods=NEAR)
    style = roof(request, rng, SHINGLES)
    peak = hip_roof(
        assembly,
        WORLD,
        top,
        top,
        rise - 0.02,
        pitch=math.radians(36.0),
        overhang=0.75,
        style=style,
        snow=request.snow_cover,
    )
    finial(assembly, WORLD.moved(y=peak), height=0.6)
    _ladder(assembly, height, foot, top)


def _ladder(assembly: Assembly, height: float, foot: float, top: float) -> None:
    start, end = WORLD.point(0.0, -0.2, foot + 0.75), WORLD.point(0.0, height + 0.9, top + 0.62)
    frame = frame_between(start, end, (0.0, 0.0, 1.0))
    length = float(np.linalg.norm(end - start))
    for d in (-0.24, 0.24):
        round_log(assembly, (0.0, 0.0, d), (length, 0.0, d), 0.045, frame=frame, sides=6)
    for s in np.arange(0.35, length - 0.6, 0.3):
        round_log(assembly, (float(s), 0.0, -0.26), (float(s), 0.0, 0.26), 0.03, frame=frame, sides=6, lods=FINE)


def _ruined_tower(assembly: Assembly, request: AssetRequest) -> None:
    rng = assembly.rng
    radius = between(rng, 2.8, 3.6) * math.sqrt(request.size)
    height = between(rng, 6.0, 9.0) * request.size
    material = stone(request, "stone_mossy" if rng.random() < 0.5 else "stone_wall")
    bend = Bend(radius=radius, sides=32)
    thick = 0.75
    doorway = Opening(left=-0.6, right=0.6, bottom=0.0, top=2.35, arch="round")
    openings = [doorway]
    for index, y in enumerate(np.arange(3.4, height - 2.5, 2.2)):
        angle = (index * 2.2 + 1.0 + math.pi) % (2.0 * math.pi) - math.pi
        openings.append(slit(angle * radius, float(y), height=1.2, width=0.35))
    fallen = float(rng.uniform(0.6, 1.4)) * (1.0 if rng.random() < 0.5 else -1.0)
    outline = tuple(
        (s, max(3.1, y + height * (0.66 - 0.34 * math.cos(s / radius - fallen))))
        for s, y in jagged(rng, bend.length, -1.4, 1.6, step=0.6, course=0.4)
    )
    for lods, sides, holes in ((FINE, 32, openings), ((1,), 16, openings), (FAR, 8, [doorway])):
        chosen = Bend(radius=radius, sides=sides)
        line = outline if lods is not FAR else outline[:: len(outline) // 9]
        if lods is FAR:
            line = (outline[0], *line[1:], outline[-1])
        panel(
            assembly,
            WORLD,
            line,
            material,
            openings=holes,
            thickness=thick,
            bend=chosen,
            inside=material,
            lods=lods,
            arch_steps=6 if lods is FINE else 4,
        )
    rough = Bend(radius=radius, sides=10)
    coarse = outline[:: max(1, len(outline) // 12)]
    panel(
        assembly,
        WORLD,
        (*coarse, outline[-1]),
        material,
        openings=[doorway],
        thickness=thick,
        bend=rough,
        lods=(),
        collide=True,
        arch_steps=2,
    )
    profile = [(radius + 0.4, -1.0), (radius + 0.35, 0.0), (radius + 0.02, 0.1), (radius - thick + 0.05, 0.1)]
    for lods, sides in ((NEAR, 24), (FAR, 8)):
        lathe(assembly, WORLD, profile, material, sides=sides, lods=lods)
    ring(assembly, WORLD, radius - thick + 0.06, 0.06, "cobble", lods=ALL)
    hull_cylinder(assembly, (0.0, -1.0, 0.0), (0.0, 0.1, 0.0), radius, material)
    voussoirs(assembly, tangent_frame(WORLD, bend, 0.0), doorway, "stone_blocks", width=0.35)
    count = 26
    turns = rng.uniform(0.0, 2.0 * math.pi, count)
    distance = radius + rng.uniform(0.5, 2.6, count)
    inside = rng.random(count) < 0.25
    distance = np.where(inside, (radius - thick) * np.sqrt(rng.random(count)) * 0.8, distance)
    blocked = np.abs((turns + math.pi) % (2.0 * math.pi) - math.pi) < 0.35
    spots = np.stack((np.sin(turns) * distance, np.cos(turns) * distance), axis=1)[~blocked]
    sizes = rng.uniform(0.25, 0.75, (count, 1))[~blocked] * np.array([[1.3, 0.75, 1.0]])
    rubble(assembly, spots, sizes, material)
    for index in range(4):
        beam_angle = 2.2 + index * 0.5
        start = WORLD.point(math.sin(beam_angle) * (radius - 0.3), 3.0, math.cos(beam_angle) * (radius - 0.3))
        inward = frame_between(start, (0.0, 2.95, 0.0))
        stump = float(rng.uniform(0.8, 2.0))
        assembly.box(inward, (0.0, -0.1, -0.09), (stump, 0.1, 0.09), "wood_beam", grain=0, lods=NEAR)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="tower",
        kinds={
            "watchtower": ("tower", "watchtower", "watch tower", "guard tower", "stone tower", "square tower"),
            "round_tower": ("round tower", "castle tower", "turret", "rapunzel tower"),
            "lookout": ("lookout", "lookout tower", "wooden tower", "fire tower", "hunting stand"),
            "bell_tower": ("bell tower", "belfry", "campanile", "clock tower"),
            "lighthouse": ("lighthouse", "beacon", "light house"),
            "wizard_tower": (
                "wizard tower",
                "wizard's tower",
                "mage tower",
                "sorcerer's tower",
                "magic tower",
            ),
            "ruined_tower": ("ruined tower", "broken tower", "collapsed tower", "crumbling tower"),
        },
        build=_build,
        placement=Placement(max_slope_deg=20.0, water_distance_m=(2.0, 400.0), levels_ground=True, faces_path=True),
        materials=("stone", "brick", "wood"),
        adjectives={
            "ruined": "ruined_tower",
            "broken": "ruined_tower",
            "crumbling": "ruined_tower",
            "collapsed": "ruined_tower",
            "abandoned": "ruined_tower",
            "round": "round_tower",
        },
        num_variants=2,
    ),
)
