"""Parts of castles and town gates: corner towers, curtain walls and the block around a gate's passage."""

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
)
from worldgen.builder.architecture.frame import Frame
from worldgen.builder.architecture.joinery import (
    tangent_frame,
    voussoirs,
)
from worldgen.builder.architecture.panels import Bend, Opening, level, panel
from worldgen.builder.architecture.roof_features import finial
from worldgen.builder.architecture.roof_styles import SLATE
from worldgen.builder.architecture.roofs import cone_roof
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.stonework import FOUNDATION_M, crenellated
from worldgen.builder.architecture.themes import roof
from worldgen.builder.family import AssetRequest

_FLOOR = 0.18


def corner_tower(
    assembly: Assembly,
    request: AssetRequest,
    frame: Frame,
    *,
    radius: float,
    height: float,
    material: str,
    roofed: bool,
) -> None:
    """Add a round tower with slits, a parapet and, if ``roofed``, a room under a cone."""
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


def curtain(
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
    assembly.solid_box(frame, low, high, material, grain=0, skip="D" if ends else "DLR")
    crown = walk + PARAPET_M
    parapet = frame
    for lods, line in ((NEAR, crenellated(length, crown, crown + 0.8)), (FAR, level(length, crown + 0.4))):
        panel(
            assembly,
            parapet,
            line,
            material,
            bottom=walk,
            thickness=0.42,
            inside=material,
            ends=ends,
            lods=lods,
        )
    assembly.hull_box(parapet, (-length / 2.0, walk, -0.42), (length / 2.0, crown, 0.0), "stone")
    foot_low, foot_high = (-length / 2.0, -FOUNDATION_M, 0.0), (length / 2.0, 0.6, 0.16)
    assembly.box(frame, foot_low, foot_high, material, grain=0, lods=NEAR, skip="DB" if ends else "DBLR")


def gate_block(assembly: Assembly, request: AssetRequest, frame: Frame, material: str, *, scale: float) -> float:
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
        corner_tower(assembly, request, place, radius=radius, height=height + 1.4, material=material, roofed=False)
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
