"""Castles, keeps and gates: ranges of battlements and towers around a yard, gatehouses and free-standing arches."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.fortification import (
    PARAPET_M,
    dark_back,
    round_foundation,
    round_parapet,
    round_shaft,
    slit,
    square_parapet,
    square_shaft,
)
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import (
    DoorStyle,
    WindowStyle,
    door,
    steps_before,
    tangent_frame,
    voussoirs,
    window,
)
from worldgen.builder.architecture.panels import Bend, Opening, level, panel
from worldgen.builder.architecture.roof_features import finial
from worldgen.builder.architecture.roofs import SLATE, cone_roof
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.stonework import FOUNDATION_M, band, crenellated, plinth, quoins
from worldgen.builder.architecture.themes import between, glass, roof, stone
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_FLOOR = 0.18


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {"castle": _castle, "keep": _keep, "gatehouse": _gatehouse, "archway": _archway}
    builders[request.kind](assembly, request)
    return assembly.finish(request.name, "castle" if request.kind in ("castle", "keep") else "gate")


def _corner_tower(
    assembly: Assembly,
    request: AssetRequest,
    frame: Frame,
    *,
    radius: float,
    height: float,
    material: str,
    roofed: bool,
) -> None:
    bend = Bend(radius=radius, sides=20)
    round_foundation(assembly, frame, radius, _FLOOR, material, batter=0.25)
    holes = [
        slit(angle * radius, y, height=1.0)
        for angle, y in ((0.3, height * 0.3), (-0.5, height * 0.55), (0.9, height * 0.6), (-1.4, height * 0.4))
    ]
    round_shaft(assembly, frame, bend, (_FLOOR, height), material, openings=holes)
    for hole in holes:
        half = hole.width / 2.0
        local = Opening(left=-half, right=half, bottom=hole.bottom, top=hole.top)
        dark_back(assembly, tangent_frame(frame, bend, hole.middle), local, 0.35)
    deck = height + 0.35
    round_parapet(
        assembly, frame, radius, deck, material, reach=0.28, sides=20, snow=0.0 if roofed else request.snow_cover
    )
    if roofed:
        inner = radius - 0.3
        round_shaft(assembly, frame, Bend(radius=inner, sides=16), (deck - 0.02, deck + 2.1), material, collide=False)
        style = roof(request, assembly.rng, SLATE)
        cone_roof(
            assembly, frame.moved(y=deck + 2.05), inner + 0.45, radius * 1.8, style, sides=20, snow=request.snow_cover
        )
        finial(assembly, frame.moved(y=deck + 2.0 + radius * 1.8), height=0.9)


def _curtain(
    assembly: Assembly,
    frame: Frame,
    length: float,
    walk: float,
    material: str,
    *,
    thick: float = 1.4,
    ends: bool = False,
) -> None:
    """A wall with battlements about s = 0 whose outer face lies at d = 0."""
    low, high = (-length / 2.0, -FOUNDATION_M, -thick), (length / 2.0, walk, 0.0)
    assembly.solid_box(frame, low, high, material, grain=0, skip="DLR")
    crown = walk + PARAPET_M
    parapet = frame.moved(d=0.06)
    for lods, line in ((NEAR, crenellated(length, crown, crown + 0.8)), (FAR, level(length, crown + 0.4))):
        panel(
            assembly,
            parapet,
            line,
            material,
            bottom=walk - 0.25,
            thickness=0.42,
            inside=material,
            ends=ends,
            lods=lods,
        )
    assembly.hull_box(parapet, (-length / 2.0, walk - 0.25, -0.42), (length / 2.0, crown, 0.0), "stone")
    foot_low, foot_high = (-length / 2.0, -FOUNDATION_M, -0.2), (length / 2.0, 0.6, 0.16)
    assembly.box(frame, foot_low, foot_high, material, grain=0, lods=NEAR, skip="DBLR")


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
            _corner_tower(assembly, request, place, radius=radius, height=8.2 * scale, material=material, roofed=roofed)
    for side in range(1, 4):
        frame = WORLD.yawed(side * math.pi / 2.0).moved(d=half + 0.7)
        _curtain(assembly, frame, 2.0 * half - 2.0 * radius + 0.8, walk, material)
    gate = WORLD.moved(d=half - 0.3)
    width = _gate_block(assembly, request, gate, material, scale=scale)
    run = half - radius + 0.4 - width / 2.0
    for i in (-1.0, 1.0):
        frame = WORLD.moved(s=i * (width / 2.0 - 0.15 + run / 2.0), d=half + 0.7)
        _curtain(assembly, frame, run + 0.3, walk, material)
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
            _corner_tower(
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
        band(assembly, side_frame, width, (3.3, 3.5), "stone_blocks", proud=0.09)
    door(assembly, sides[0], doorway, DoorStyle(surround="stone_blocks", leaves=2, recess=0.35))
    steps_before(assembly, sides[0], doorway, "stone_blocks", margin=0.5)
    quoins(assembly, frame, (width, width), (_FLOOR, height - 0.5), "stone_blocks")
    square_parapet(assembly, frame, width, height + 0.35, material, reach=0.35, snow=request.snow_cover)


def _gate_block(assembly: Assembly, request: AssetRequest, frame: Frame, material: str, *, scale: float) -> float:
    """A gatehouse whose passage runs along d between two round towers; returns its width."""
    deep, wide, height = 5.0 * scale, 4.6 * scale, 6.6 * scale
    passage = Opening(left=-1.5 * scale, right=1.5 * scale, bottom=-FOUNDATION_M, top=3.7 * scale, arch="round")
    front = frame.moved(d=deep / 2.0)
    lamps = [
        Opening(left=s - 0.25, right=s + 0.25, bottom=4.5 * scale, top=4.5 * scale + 1.0, arch="round")
        for s in (-0.9 * scale, 0.9 * scale)
    ]
    panel(
        assembly,
        front,
        level(wide, height),
        material,
        bottom=-FOUNDATION_M,
        openings=(passage,),
        thickness=deep,
        inside=material,
        top=False,
        lods=(1, 2),
        arch_steps=4,
    )
    panel(
        assembly,
        front,
        level(wide, height),
        material,
        bottom=-FOUNDATION_M,
        openings=(passage,),
        thickness=deep,
        inside=material,
        top=False,
        lods=FINE,
    )
    panel(
        assembly,
        front,
        level(wide, height),
        material,
        bottom=-FOUNDATION_M,
        openings=(passage,),
        thickness=deep,
        lods=(),
        collide=True,
        arch_steps=4,
    )
    for hole in lamps:
        glow = "window_lit" if request.lit else "paint"
        corners = np.array(
            [
                [
                    (hole.left, hole.bottom, 0.012),
                    (hole.right, hole.bottom, 0.012),
                    (hole.right, hole.top, 0.012),
                    (hole.left, hole.top, 0.012),
                ]
            ]
        )
        assembly.quads(
            front.points(corners),
            None,
            glow,
            lods=NEAR,
            color=(0.012, 0.011, 0.011) if glow == "paint" else (1.0, 1.0, 1.0),
        )
        for low, high in ((hole.left - 0.14, hole.left), (hole.right, hole.right + 0.14)):
            assembly.box(
                front,
                (low, hole.bottom - 0.1, -0.05),
                (high, hole.top + 0.1, 0.07),
                "stone_blocks",
                lods=FINE,
                skip="B",
            )
    back = frame.yawed(math.pi).moved(d=deep / 2.0)
    for side in (front, back):
        voussoirs(assembly, side, passage, "stone_blocks", width=0.42)
    _portcullis(assembly, front.moved(d=-0.9), passage)
    # The battlements are those of a tower as wide as the passage block is deep, drawn out along s.
    deck = height
    for turn, length, away in ((0.0, wide, deep / 2.0), (math.pi, wide, deep / 2.0)):
        wall = frame.yawed(turn).moved(d=away + 0.12)
        for lods, line in (
            (NEAR, crenellated(length, deck + PARAPET_M, deck + PARAPET_M + 0.8)),
            (FAR, level(length, deck + PARAPET_M + 0.4)),
        ):
            panel(
                assembly,
                wall,
                line,
                material,
                bottom=deck - 0.4,
                thickness=0.42,
                inside=material,
                lods=lods,
            )
        assembly.box(
            wall,
            (-length / 2.0, deck - 0.4, -0.2),
            (length / 2.0, deck - 0.38, 0.0),
            "stone_blocks",
            lods=NEAR,
            skip="UBLR",
        )
    half = wide / 2.0
    assembly.box(frame, (-half, deck - 0.2, -deep / 2.0), (half, deck, deep / 2.0), "stone_blocks", skip="DFBLR")
    if request.snow_cover > 0.15:
        snow_top(
            assembly, frame, (-half, -deep / 2.0 + 0.3), (half, deep / 2.0 - 0.3), y=deck, cover=request.snow_cover
        )
    radius = 1.75 * scale
    for i in (-1.0, 1.0):
        place = frame.moved(s=i * (half + radius * 0.55), d=deep * 0.16).yawed(i * 0.5)
        _corner_tower(assembly, request, place, radius=radius, height=height + 1.4, material=material, roofed=False)
        inner, outer = i * half + i * 0.02, i * (half + radius)
        fill_low = (min(inner, outer), -FOUNDATION_M, -deep / 2.0)
        fill_high = (max(inner, outer), deck + 0.4, 0.0)
        assembly.solid_box(frame, fill_low, fill_high, material, grain=0, skip="D")
    return wide + radius * 2.6


def _portcullis(assembly: Assembly, frame: Frame, passage: Opening) -> None:
    """A raised grate of iron-bound oak whose spikes show under the arch."""
    bottom = passage.top - 0.95
    head = np.array(passage.head(12))
    for s in np.arange(passage.left + 0.2, passage.right - 0.05, 0.3):
        top = float(np.interp(s, head[:, 0], head[:, 1])) + 0.05
        if top > bottom + 0.1:
            assembly.box(
                frame, (float(s) - 0.04, bottom, -0.04), (float(s) + 0.04, top, 0.04), "wood_beam", grain=1, lods=NEAR
            )
    for y in (bottom + 0.2, bottom + 0.55):
        reach = min(
            passage.width / 2.0 - 0.04,
            float(np.interp(y, head[: len(head) // 2 + 1, 1], -head[: len(head) // 2 + 1, 0])),
        )
        assembly.box(frame, (-reach, y - 0.035, -0.05), (reach, y + 0.035, 0.05), "iron", grain=0, lods=NEAR)


def _gatehouse(assembly: Assembly, request: AssetRequest) -> None:
    material = stone(request, "stone_blocks" if assembly.rng.random() < 0.5 else "stone_wall")
    width = _gate_block(assembly, request, WORLD, material, scale=math.sqrt(request.size))
    for i in (-1.0, 1.0):
        _curtain(
            assembly,
            WORLD.moved(s=i * (width / 2.0 + 1.0), d=0.7),
            2.6,
            4.6 * math.sqrt(request.size),
            material,
            ends=True,
        )
        end = WORLD.moved(s=i * (width / 2.0 + 2.3)).yawed(i * math.pi / 2.0)
        low, high = (-0.7, -FOUNDATION_M, -0.1), (0.7, 4.6 * math.sqrt(request.size), 0.004)
        assembly.box(end, low, high, material, grain=1, skip="DB")


def _archway(assembly: Assembly, request: AssetRequest) -> None:
    """A free-standing arch with piers, mouldings and an attic."""
    rng, scale = assembly.rng, request.size
    material = stone(request, "stone_blocks" if rng.random() < 0.6 else "rock_limestone")
    wide, deep, height = between(rng, 6.4, 8.0) * scale, between(rng, 1.8, 2.6) * scale, between(rng, 7.0, 8.6) * scale
    half = wide * between(rng, 0.24, 0.29)
    opening = Opening(left=-half, right=half, bottom=-FOUNDATION_M, top=height * 0.68, arch="round")
    front = WORLD.moved(d=deep / 2.0)
    for lods, steps in ((FINE, 16), ((1,), 8), (FAR, 4)):
        panel(
            assembly,
            front,
            level(wide, height),
            material,
            bottom=-FOUNDATION_M,
            openings=(opening,),
            thickness=deep,
            inside=material,
            lods=lods,
            arch_steps=steps,
        )
    panel(
        assembly,
        front,
        level(wide, height),
        material,
        bottom=-FOUNDATION_M,
        openings=(opening,),
        thickness=deep,
        lods=(),
        collide=True,
        arch_steps=6,
    )
    springing = opening.top - opening.rise
    for turn in (0.0, math.pi):
        side = WORLD.yawed(turn).moved(d=deep / 2.0)
        voussoirs(assembly, side, opening, "stone_blocks", width=0.5 * scale, proud=0.07, lods=NEAR)
        for i in (-1.0, 1.0):
            middle = i * (wide / 2.0 + half) / 2.0
            pier = (wide / 2.0 - half) * 0.3
            place = side.moved(s=middle)
            assembly.box(
                place, (-pier, 0.7, -0.1), (pier, height * 0.74, 0.16), "stone_blocks", grain=1, lods=NEAR, skip="BDU"
            )
    reaches = (
        (0.0, 0.7, 0.2),
        (springing - 0.15, springing + 0.12, 0.1),
        (height * 0.74, height * 0.79, 0.26),
        (height - 0.05, height + 0.3, 0.22),
    )
    for low_y, high_y, proud in reaches:
        through = low_y >= height * 0.7
        spans = [(-wide / 2.0, wide / 2.0)] if through else [(-wide / 2.0, -half), (half, wide / 2.0)]
        for a, b in spans:
            inner = 0.0 if through else 0.05
            low = (
                a - proud if a < -half - 0.01 or through else a - inner,
                low_y if low_y > 0.0 else -0.5,
                -deep / 2.0 - proud,
            )
            high = (b + proud if b > half + 0.01 or through else b + inner, high_y, deep / 2.0 + proud)
            assembly.box(WORLD, low, high, "stone_blocks", grain=0, lods=NEAR, skip="D" if low_y == 0.0 else "")
    if request.snow_cover > 0.15:
        snow_top(
            assembly,
            WORLD,
            (-wide / 2.0, -deep / 2.0),
            (wide / 2.0, deep / 2.0),
            y=height + 0.3,
            cover=request.snow_cover,
        )


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
    AssetFamily(
        name="gate",
        kinds={
            "archway": ("arch", "archway", "stone arch", "triumphal arch", "portal"),
            "gatehouse": ("gate", "gatehouse", "city gate", "town gate", "castle gate"),
        },
        build=_build,
        placement=Placement(max_slope_deg=15.0, water_distance_m=(3.0, 400.0), levels_ground=True, faces_path=True),
        materials=("stone", "brick"),
        num_variants=1,
    ),
)
