"""Timber: half-timbered framing over plaster, walls of stacked round logs, posts and railings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from worldgen.builder.architecture.assembly import FAR, FINE, MIDDLE, NEAR, Assembly, Lods
from worldgen.builder.architecture.frame import Frame, frame_between
from worldgen.builder.architecture.palette import CUT_WOOD
from worldgen.builder.architecture.panels import Line, Opening, panel
from worldgen.builder.architecture.solids import disc

LOG_COURSE_M = 0.3
"""Height of one log in the texture of log walls."""


def _top_at(outline: Line, s: float) -> float:
    table = np.array(outline)
    return float(np.interp(s, table[:, 0], table[:, 1]))


def timber_frame(
    assembly: Assembly,
    frame: Frame,
    outline: Line,
    openings: Sequence[Opening],
    *,
    bottom: float,
    plate: float,
    beam: float = 0.18,
    material: str = "wood_beam",
    lods: Lods = NEAR,
) -> None:
    """Add the beams of a half-timbered wall whose plaster the caller has added.

    Args:
        assembly: Where to add it.
        frame: The wall's frame.
        outline: Top edge of the wall.
        openings: Its windows and doors, which posts and rails frame.
        bottom: Height of the sill beam's foot.
        plate: Height of the top of the wall plate; a gable goes on above it.
        beam: Width of the beams.
        material: Of the beams.
        lods: Levels of detail.
    """
    half = outline[-1][0]

    def bar(low: tuple[float, float], high: tuple[float, float], proud: float, *, grain: int, skip: str = "B") -> None:
        assembly.box(frame, (*low, -0.06), (*high, proud), material, grain=grain, lods=lods, skip=skip)

    corner = 0.028
    bar((-half - corner, bottom), (half + corner, bottom + beam), 0.042, grain=0)
    bar((-half - corner, plate - beam), (half + corner, plate), 0.038, grain=0)
    posts = {-half + beam / 2.0, half - beam / 2.0}
    for opening in openings:
        # Posts reach a little into the opening, so that their sides do not coincide with its own.
        posts.update((opening.left - beam / 2.0 + 0.012, opening.right + beam / 2.0 - 0.012))
    ordered = sorted(posts)
    for left, right in pairwise(ordered):
        spans_opening = any(left < opening.middle < right for opening in openings)
        count = math.ceil((right - left) / 1.35)
        if not spans_opening and count > 1:
            posts.update(left + (right - left) * index / count for index in range(1, count))
    ordered = sorted(posts)
    for s in ordered:
        extra = corner if abs(abs(s) - half + beam / 2.0) < 1e-6 else 0.0
        left, right = s - beam / 2.0 - (extra if s < 0 else 0.0), s + beam / 2.0 + (extra if s > 0 else 0.0)
        bar((left, bottom), (right, plate), 0.032, grain=1, skip="BUD")
    middle = (bottom + plate) / 2.0
    spaces = list(pairwise(ordered))
    for index, (left, right) in enumerate(spaces):
        holes = [opening for opening in openings if left < opening.middle < right]
        inner = (left + beam / 2.0, right - beam / 2.0)
        if inner[1] - inner[0] < 0.15:
            continue
        for opening in holes:
            if opening.bottom - bottom > 0.5:
                bar(
                    (inner[0], opening.bottom - beam * 0.8),
                    (inner[1], opening.bottom + 0.006),
                    0.026,
                    grain=0,
                    skip="BLR",
                )
            if plate - opening.top > beam * 1.4:
                bar((inner[0], opening.top - 0.012), (inner[1], opening.top + beam * 0.8), 0.026, grain=0, skip="BLR")
        if not holes:
            outermost = index in (0, len(spaces) - 1)
            if outermost or (index % 3 == 1 and len(spaces) > 4):
                rising = index < len(spaces) / 2
                a = (inner[0] - 0.04, bottom + beam * 0.6) if rising else (inner[1] + 0.04, bottom + beam * 0.6)
                b = (inner[1] + 0.04, plate - beam * 0.6) if rising else (inner[0] - 0.04, plate - beam * 0.6)
                _brace(assembly, frame, a, b, width=beam * 0.8, material=material, lods=lods)
            else:
                bar((inner[0], middle - beam * 0.4), (inner[1], middle + beam * 0.4), 0.026, grain=0, skip="BLR")
    if max(y for _, y in outline) - plate > 0.6:
        _gable_frame(assembly, frame, outline, openings, plate=plate, beam=beam, material=material, lods=lods)


def _brace(
    assembly: Assembly,
    frame: Frame,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    width: float,
    material: str,
    lods: Lods,
) -> None:
    """A slanting beam in the wall's plane between two points (s, y)."""
    first, last = sorted((start, end))
    a, b = frame.point(*first, 0.0), frame.point(*last, 0.0)
    slanted = frame_between(a, b, frame.axes[1])
    length = float(np.linalg.norm(b - a))
    low, high = (0.0, -width / 2.0, -0.06), (length, width / 2.0, 0.02)
    assembly.box(slanted, low, high, material, grain=0, lods=lods, skip="BLR")


def _gable_frame(
    assembly: Assembly,
    frame: Frame,
    outline: Line,
    openings: Sequence[Opening],
    *,
    plate: float,
    beam: float,
    material: str,
    lods: Lods,
) -> None:
    """Rafters along the slopes, a collar beam, a king post and struts."""
    apex = max(outline, key=lambda point: point[1])
    half = outline[-1][0]
    drop = beam * 0.5
    for side in (-1.0, 1.0):
        kinks = [point for point in outline if point[0] * side >= 0.0 and point[1] >= plate - 0.5]
        kinks.sort(key=lambda point: abs(point[0]), reverse=True)
        for a, b in pairwise(kinks):
            _brace(assembly, frame, (a[0], a[1] - drop), (b[0], b[1] - drop), width=beam, material=material, lods=lods)
    rise = apex[1] - plate
    collar = plate + rise * 0.52
    reach = half * (apex[1] - collar) / max(rise, 1e-6) - beam * 0.4
    holes = [opening for opening in openings if opening.top > plate]
    blocked = [opening for opening in holes if abs(opening.middle) < 0.3]
    free = not any(opening.bottom < collar < opening.top for opening in blocked)
    if free:
        low, high = (-reach, collar - beam * 0.4, -0.06), (reach, collar + beam * 0.4, 0.028)
        assembly.box(frame, low, high, material, grain=0, lods=lods, skip="BLR")
    stud_tops = [
        (s, min(_top_at(outline, s) - beam, collar)) for s in (-half * 0.55, -half * 0.2, half * 0.2, half * 0.55)
    ]
    if not blocked:
        stud_tops.append((0.0, apex[1] - beam))
    for s, top in stud_tops:
        inside = any(opening.left - beam < s < opening.right + beam for opening in holes)
        if top - plate > 0.3 and not inside:
            low, high = (s - beam * 0.4, plate - 0.02, -0.06), (s + beam * 0.4, top, 0.024)
            assembly.box(frame, low, high, material, grain=1, lods=lods, skip="BUD")
    for opening in holes:
        for s in (opening.left - beam * 0.4 + 0.012, opening.right + beam * 0.4 - 0.012):
            top = _top_at(outline, s) - beam * 0.8
            low, high = (s - beam * 0.4, plate - 0.02, -0.06), (s + beam * 0.4, top, 0.03)
            assembly.box(frame, low, high, material, grain=1, lods=lods, skip="BUD")
        for y in (opening.bottom - beam * 0.6 + 0.006, opening.top - 0.012):
            low, high = (opening.left - 0.02, y, -0.06), (opening.right + 0.02, y + beam * 0.6, 0.022)
            if y - plate > 0.1 and y + beam < _top_at(outline, opening.left):
                assembly.box(frame, low, high, material, grain=0, lods=lods, skip="BLR")


def round_log(
    assembly: Assembly,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    radius: float,
    *,
    frame: Frame,
    sides: int = 10,
    caps: str = "SE",
    lods: Lods = NEAR,
) -> None:
    """Add a peeled log between two points (s, y, d) of a frame; each half shows one log of the log texture."""
    a, b = frame.point(*start), frame.point(*end)
    own = frame_between(a, b)
    length = float(np.linalg.norm(b - a))
    angles = np.linspace(0.0, 2.0 * math.pi, sides + 1)
    ring = np.stack((np.zeros(sides + 1), np.cos(angles), np.sin(angles)), axis=1)
    ring[-1] = ring[0]
    shift = float(assembly.rng.random() * 7.0)
    row = float(assembly.rng.integers(4)) * LOG_COURSE_M + LOG_COURSE_M / 2.0
    v = row + np.cos(angles) * LOG_COURSE_M * 0.3
    low, high = ring * radius, ring * radius + np.array([length, 0.0, 0.0])
    corners = np.stack((low[:-1], low[1:], high[1:], high[:-1]), axis=1)
    normals = np.stack((ring[:-1], ring[1:], ring[1:], ring[:-1]), axis=1)
    u = np.broadcast_to(np.array([0.0, 0.0, length, length]) + shift, (sides, 4))
    uvs = np.stack((u, np.stack((v[:-1], v[1:], v[1:], v[:-1]), axis=1)), axis=-1)
    assembly.quads(own.points(corners), uvs, "wood_logs", lods=lods, normals=normals @ own.axes)
    shade = float(assembly.rng.uniform(0.7, 1.1))
    color = (CUT_WOOD[0] * shade, CUT_WOOD[1] * shade, CUT_WOOD[2] * shade)
    if "S" in caps:
        disc(assembly, own.points(low[:-1][::-1]), "wood_cut", lods=lods, color=color)
    if "E" in caps:
        disc(assembly, own.points(high[:-1]), "wood_cut", lods=lods, color=color)


def log_wall(
    assembly: Assembly,
    frame: Frame,
    outline: Line,
    openings: Sequence[Opening],
    *,
    bottom: float,
    radius: float,
    is_raised: bool,
    overhang: float = 0.28,
) -> None:
    """Add a wall of stacked logs with crossed, sawn ends, chinked with clay.

    Args:
        assembly: Where to add it.
        frame: The wall's frame; logs touch d = 0 from inside.
        outline: Top edge of the wall.
        openings: Holes that the logs stop at.
        bottom: Height of the foot.
        radius: Of the logs.
        is_raised: Whether the courses lie half a log higher, as those of the crossing walls do.
        overhang: How far the ends reach beyond the corners.
    """
    half = outline[-1][0]
    eaves = min(outline[0][1], outline[-1][1])
    panel(
        assembly,
        frame.moved(d=-radius),
        outline,
        "plaster_ochre",
        bottom=bottom,
        openings=openings,
        top=False,
        ends=False,
        lods=NEAR,
        thickness=radius,
    )
    panel(assembly, frame, outline, "wood_logs", bottom=bottom, top=False, ends=False, lods=FAR)
    step = radius * 1.86
    y = bottom + radius * (1.93 if is_raised else 1.0) - 0.02
    top = max(height for _, height in outline)
    while y < top:
        is_gable = y > eaves - radius * 0.5
        if is_gable:
            inside = [s for s in np.linspace(-half, half, 81) if _top_at(outline, float(s)) > y + radius * 0.5]
            if not inside or inside[-1] - inside[0] < 0.4:
                break
            ends = (float(inside[0]), float(inside[-1]))
        else:
            ends = (
                -half - overhang * float(assembly.rng.uniform(0.8, 1.15)),
                half + overhang * float(assembly.rng.uniform(0.8, 1.15)),
            )
        spans = [ends]
        for opening in openings:
            if opening.bottom < y + radius * 0.5 and y - radius * 0.5 < opening.top:
                spans = [
                    piece
                    for a, b in spans
                    for piece in ((a, min(b, opening.left)), (max(a, opening.right), b))
                    if piece[1] - piece[0] > 0.02
                ]
        thick = radius * float(assembly.rng.uniform(0.95, 1.05))
        for a, b in spans:
            caps = ("S" if a == ends[0] else "") + ("E" if b == ends[1] else "")
            for lods, sides in ((FINE, 10), (MIDDLE, 5)):
                state = assembly.rng.bit_generator.state
                round_log(
                    assembly, (a, y, -radius), (b, y, -radius), thick, frame=frame, sides=sides, caps=caps, lods=lods
                )
                if lods is FINE:
                    assembly.rng.bit_generator.state = state
        y += step


def casing(
    assembly: Assembly,
    frame: Frame,
    opening: Opening,
    material: str,
    *,
    width: float = 0.12,
    depth: float = 0.26,
    proud: float = 0.025,
) -> None:
    """Add boards that line and frame a hole through a thick wall."""
    left, right = opening.left, opening.right
    for low, high in ((left - width, left + 0.01), (right - 0.01, right + width)):
        assembly.box(
            frame, (low, opening.bottom, -depth), (high, opening.top, proud), material, grain=1, lods=NEAR, skip="BUD"
        )
    for low, high in ((opening.top - 0.01, opening.top + width), (opening.bottom - width * 0.7, opening.bottom + 0.01)):
        assembly.box(
            frame,
            (left - width - 0.03, low, -depth),
            (right + width + 0.03, high, proud + 0.012),
            material,
            grain=0,
            lods=NEAR,
            skip="B",
        )


def railing(
    assembly: Assembly,
    frame: Frame,
    length: float,
    floor: float,
    *,
    height: float = 1.0,
    material: str = "wood_weathered",
    spacing: float = 0.16,
    crossed: bool = False,
    collide: bool = True,
) -> None:
    """Add a handrail about s = 0 with balusters, or with crossed boards."""
    half = length / 2.0
    for low, high in ((floor + height - 0.08, floor + height), (floor + 0.1, floor + 0.17)):
        assembly.box(frame, (-half, low, -0.045), (half, high, 0.045), material, grain=0, lods=NEAR)
    if crossed:
        count = max(1, round(length / 1.2))
        for index in range(count):
            a, b = -half + length * index / count, -half + length * (index + 1) / count
            _rail_cross(assembly, frame, (a, b), (floor + 0.15, floor + height - 0.06), material)
    else:
        count = max(2, round(length / spacing))
        for index in range(count):
            s = -half + length * (index + 0.5) / count
            low_corner, high_corner = (s - 0.02, floor + 0.15, -0.02), (s + 0.02, floor + height - 0.07, 0.02)
            assembly.box(frame, low_corner, high_corner, material, lods=FINE, skip="UD")
    if collide:
        assembly.hull_box(frame, (-half, floor, -0.05), (half, floor + height, 0.05), "wood")


def _rail_cross(
    assembly: Assembly, frame: Frame, span: tuple[float, float], heights: tuple[float, float], material: str
) -> None:
    for order, d in ((heights, 0.015), (heights[::-1], -0.015)):
        a, b = frame.point(span[0], order[0], d), frame.point(span[1], order[1], d)
        own = frame_between(a, b, frame.axes[1])
        length = float(np.linalg.norm(b - a))
        assembly.box(own, (0.0, -0.03, -0.014), (length, 0.03, 0.014), material, grain=0, lods=FINE, skip="LR")
