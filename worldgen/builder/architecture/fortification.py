"""Towers and battlements: square and round shafts, slits, parapets on corbels, broken tops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, MIDDLE, NEAR, Assembly, Lods, surface_of
from worldgen.builder.architecture.frame import Frame
from worldgen.builder.architecture.panels import Bend, Line, Opening, level, panel
from worldgen.builder.architecture.snow import snow_slope, snow_top
from worldgen.builder.architecture.solids import disc, hull_cylinder, lathe
from worldgen.builder.architecture.stonework import FOUNDATION_M, corbels, crenellated
from worldgen.scene.material import LinearColor

PARAPET_M = 1.1
"""Height of the solid part of a parapet, below its merlons."""


def slit(middle: float, bottom: float, *, height: float = 1.1, width: float = 0.2) -> Opening:
    """An arrow slit."""
    return Opening(left=middle - width / 2.0, right=middle + width / 2.0, bottom=bottom, top=bottom + height)


def dark_back(assembly: Assembly, frame: Frame, opening: Opening, depth: float) -> None:
    """Close a slit with darkness at the back of its reveal; the coarsest level shows it on the wall's face."""
    for lods, d in ((NEAR, -depth), (FAR, 0.02)):
        corners = [
            (opening.left - 0.02, opening.bottom, d),
            (opening.right + 0.02, opening.bottom, d),
            (opening.right + 0.02, opening.top, d),
            (opening.left - 0.02, opening.top, d),
        ]
        assembly.quads(frame.points(np.array([corners])), None, "paint", lods=lods, color=(0.012, 0.011, 0.011))


def round_shaft(
    assembly: Assembly,
    frame: Frame,
    bend: Bend,
    span: tuple[float, float],
    material: str,
    *,
    openings: Sequence[Opening] = (),
    thickness: float = 0.6,
    color: LinearColor = (1.0, 1.0, 1.0),
    collide: bool = True,
) -> None:
    """Add the outside of a round tower between two heights, coarser level by level; it is a solid collider."""
    length = bend.length
    for lods, share, holes in ((FINE, 1, openings), (MIDDLE, 2, openings), (FAR, 3, ())):
        rough = Bend(radius=bend.radius, sides=max(8, bend.sides // share), batter=bend.batter, smooth=bend.smooth)
        panel(
            assembly,
            frame,
            level(length, span[1]),
            material,
            bottom=span[0],
            openings=holes,
            thickness=thickness,
            bend=rough,
            top=False,
            ends=False,
            lods=lods,
            arch_steps=8 // share,
            color=color,
        )
    if collide:
        sides = 10
        angles = np.arange(sides) * (2.0 * math.pi / sides)
        rings = []
        for y in span:
            radius = bend.radius - bend.batter * y
            rings.append(np.stack((np.sin(angles) * radius, np.full(sides, y), np.cos(angles) * radius), axis=1))
        assembly.hull(frame.points(np.concatenate(rings)), surface_of(material))


def square_shaft(
    assembly: Assembly,
    frame: Frame,
    width: float,
    span: tuple[float, float],
    material: str,
    *,
    openings: Sequence[Sequence[Opening]] = ((), (), (), ()),
    thickness: float = 0.6,
) -> list[Frame]:
    """Add the outside of a square tower between two heights; returns the frames of its four sides."""
    sides = [frame.yawed(side * math.pi / 2.0).moved(d=width / 2.0) for side in range(4)]
    for side, holes in zip(sides, openings, strict=True):
        for lods, chosen in ((NEAR, holes), (FAR, ())):
            panel(
                assembly,
                side,
                level(width, span[1]),
                material,
                bottom=span[0],
                openings=chosen,
                thickness=thickness,
                top=False,
                ends=False,
                lods=lods,
            )
    half = width / 2.0
    assembly.hull_box(frame, (-half, span[0], -half), (half, span[1], half), surface_of(material))
    return sides


def square_parapet(
    assembly: Assembly,
    frame: Frame,
    width: float,
    deck: float,
    material: str,
    *,
    reach: float = 0.3,
    thickness: float = 0.42,
    merlon: float = 1.0,
    outlines: Sequence[Line] | None = None,
    snow: float = 0.0,
) -> None:
    """Add battlements around the top of a square tower, on corbels, with the deck inside them.

    ``outlines`` replaces the four crenellated tops, for ruins.
    """
    outer = width + 2.0 * reach
    foot = deck - 0.35
    for side in range(4):
        wall = frame.yawed(side * math.pi / 2.0).moved(d=width / 2.0 + reach)
        # Two sides run through and two stand between them, so that no faces coincide at the corners.
        length = outer if side % 2 == 0 else outer - 2.0 * thickness
        outline = crenellated(length, deck + PARAPET_M, deck + PARAPET_M + 0.85, merlon=merlon)
        if outlines is not None:
            outline = outlines[side]
        panel(
            assembly,
            wall,
            outline,
            material,
            bottom=foot,
            thickness=thickness,
            inside=material,
            ends=side % 2 == 0,
            lods=NEAR,
        )
        panel(
            assembly,
            wall,
            level(length, deck + PARAPET_M + 0.4),
            material,
            bottom=foot,
            thickness=thickness,
            inside=material,
            lods=FAR,
            ends=side % 2 == 0,
        )
        low, high = (-length / 2.0, foot, -thickness), (length / 2.0, deck + PARAPET_M, 0.0)
        assembly.hull_box(wall, low, high, surface_of(material))
        if reach > 0.1:
            corbels(assembly, wall.moved(d=-reach), width, foot + 0.02, material, reach=reach)
            edge = frame.yawed(side * math.pi / 2.0).moved(d=width / 2.0)
            under = [
                (-outer / 2.0, foot, reach),
                (-width / 2.0, foot, 0.0),
                (width / 2.0, foot, 0.0),
                (outer / 2.0, foot, reach),
            ]
            local = np.array([under])
            assembly.quads(edge.points(local), local[..., [0, 2]], material, lods=ALL)
        if outlines is None and snow <= 0.15:
            _caps(assembly, wall, outline, thickness, deck + PARAPET_M + 0.85, lift=0.006 * (side % 2))
    half = outer / 2.0 - 0.05
    assembly.box(frame, (-half, deck - 0.3, -half), (half, deck, half), "stone_blocks", skip="DFBLR")
    assembly.hull_box(frame, (-half, deck - 0.3, -half), (half, deck, half), surface_of(material))
    if snow > 0.15:
        inner = outer / 2.0 - thickness
        snow_top(assembly, frame, (-inner, -inner), (inner, inner), y=deck, cover=snow)


def _caps(assembly: Assembly, wall: Frame, outline: Line, thickness: float, top: float, *, lift: float = 0.0) -> None:
    """Sloped stones on the merlons."""
    for (a, y0), (b, y1) in pairwise(outline):
        if y0 == y1 == top and b - a > 0.2:
            out = 0.05 + lift
            low, high = (a - out, top, -thickness - out), (b + out, top + 0.1 + lift, out)
            assembly.box(wall, low, high, "stone_blocks", lods=FINE)


def round_parapet(
    assembly: Assembly,
    frame: Frame,
    radius: float,
    deck: float,
    material: str,
    *,
    reach: float = 0.3,
    thickness: float = 0.42,
    sides: int = 32,
    merlon: float = 1.0,
    snow: float = 0.0,
) -> None:
    """Add battlements around the top of a round tower of this radius, on corbels, with the deck inside them."""
    foot = deck - 0.35
    bend = Bend(radius=radius + reach, sides=sides)
    top = deck + PARAPET_M
    outline = crenellated(bend.length, top, top + 0.85, merlon=merlon)
    panel(
        assembly,
        frame,
        outline,
        material,
        bottom=foot,
        thickness=thickness,
        bend=bend,
        inside=material,
        ends=False,
        lods=FINE,
    )
    panel(
        assembly,
        frame,
        outline,
        material,
        bottom=foot,
        thickness=thickness,
        inside=material,
        ends=False,
        lods=MIDDLE,
        bend=Bend(radius=radius + reach, sides=12),
    )
    panel(
        assembly,
        frame,
        level(bend.length, top + 0.4),
        material,
        bottom=foot,
        thickness=thickness,
        inside=material,
        ends=False,
        lods=FAR,
        bend=Bend(radius=radius + reach, sides=8),
    )
    if reach > 0.1:
        lathe(
            assembly,
            frame,
            [(radius - 0.05, foot), (radius + reach, foot)],
            material,
            sides=sides,
            lods=NEAR,
            smooth_around=False,
        )
        corbels(
            assembly,
            frame,
            2.0 * math.pi * radius,
            foot + 0.02,
            material,
            reach=reach,
            bend=Bend(radius=radius, sides=sides),
        )
    ring(assembly, frame, radius + reach - 0.05, deck, "stone_blocks", lods=ALL)
    hull_cylinder(
        assembly, frame.point(0.0, deck - 0.3, 0.0), frame.point(0.0, deck, 0.0), radius + reach - 0.05, material
    )
    step = 2.0 * math.pi / 8.0
    for index in range(8):
        corners = [
            (math.sin(angle) * (radius + reach + d), y, math.cos(angle) * (radius + reach + d))
            for angle in (index * step, (index + 1) * step)
            for d in (0.0, -thickness)
            for y in (foot, top)
        ]
        assembly.hull(frame.points(corners), surface_of(material))
    if snow > 0.15:
        inner = (radius + reach - thickness) * 0.7
        quad = [(-inner, deck, inner), (inner, deck, inner), (inner, deck, -inner), (-inner, deck, -inner)]
        snow_slope(assembly, frame.points(quad), snow, lods=NEAR, taper_top=True)


def ring(
    assembly: Assembly, frame: Frame, radius: float, y: float, material: str, *, lods: Lods = NEAR, sides: int = 16
) -> None:
    """Add a level disc that faces up."""
    angles = np.arange(sides) * (2.0 * math.pi / sides)
    rim = np.stack((np.sin(angles) * radius, np.full(sides, y), np.cos(angles) * radius), axis=1)
    disc(assembly, frame.points(rim), material, lods=lods)


def round_foundation(
    assembly: Assembly, frame: Frame, radius: float, top: float, material: str, *, batter: float = 0.25
) -> None:
    """Add the battered foot of a round tower, from below the ground up to ``top``."""
    profile = [
        (radius + batter + 0.05, -FOUNDATION_M),
        (radius + batter, 0.0),
        (radius + 0.06, top),
        (radius - 0.2, top + 0.02),
    ]
    for lods, sides in ((FINE, 32), (MIDDLE, 16), (FAR, 8)):
        outline = profile if lods is not FAR else [profile[0], profile[2]]
        lathe(assembly, frame, outline, material, sides=sides, lods=lods)
    hull_cylinder(
        assembly,
        frame.point(0.0, -FOUNDATION_M, 0.0),
        frame.point(0.0, top, 0.0),
        radius + batter * 0.6,
        material,
        sides=10,
    )
