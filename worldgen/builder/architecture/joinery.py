"""What fills the openings of a wall: windows, doors, shutters, surrounds and the steps before a door."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from worldgen.builder.architecture.assembly import FAR, FINE, NEAR, WHITE, Assembly, Lods
from worldgen.builder.architecture.frame import Frame, frame_between
from worldgen.builder.architecture.palette import GLASS, PAINT_WHITE, STAINED_COLORS
from worldgen.builder.architecture.panels import Bend, Opening, panel
from worldgen.builder.architecture.solids import disc, lathe, prism
from worldgen.scene.material import LinearColor

GRID_BARS_M = 0.035


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStyle:
    """How a building's windows are made."""

    columns: int = 2
    rows: int = 2
    frame_material: str = "paint"
    frame_color: LinearColor = PAINT_WHITE
    recess: float = 0.12
    """Metres from the wall's face back to the glass."""
    glass: str = "window_glass"
    sill: str | None = "stone_blocks"
    """Material of the sill, None for no sill."""
    lintel: str | None = None
    surround: str | None = None
    """Material of blocks around the opening (voussoirs over an arch)."""
    shutters: LinearColor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorStyle:
    """How a building's doors are made."""

    frame_material: str = "wood_beam"
    leaf: str = "door_wood"
    leaves: int = 1
    recess: float = 0.12
    surround: str | None = None
    lintel: str | None = None
    steps: str = "stone_blocks"
    """Material of the steps."""
    ironwork: bool = True
    stairs: bool = True
    """Whether steps lead up to it (not where a porch does)."""


def tangent_frame(frame: Frame, bend: Bend, s: float, y: float = 0.0) -> Frame:
    """The frame of the outer face of a bent wall at arc length ``s``, with its origin at the frame's height 0."""
    turned = frame.yawed(s / bend.radius)
    return turned.moved(d=bend.radius - bend.batter * y)


def outline_points(opening: Opening, steps: int) -> list[tuple[float, float]]:
    """An opening's outline, counter-clockwise from its lower left corner."""
    head = opening.head(steps)
    return [(opening.left, opening.bottom), (opening.right, opening.bottom), *head[::-1]]


def pane(
    assembly: Assembly,
    frame: Frame,
    opening: Opening,
    material: str,
    *,
    d: float,
    lods: Lods,
    color: LinearColor = WHITE,
    steps: int = 8,
) -> None:
    """Fill an opening with a flat sheet at distance ``d`` in front of the wall's face."""
    points = outline_points(opening, steps)
    flat = np.array([(s, y, d) for s, y in points])
    kept = [flat[0]]
    for point in flat[1:]:
        if np.abs(point - kept[-1]).max() > 1e-6:
            kept.append(point)
    disc(assembly, frame.points(np.array(kept)), material, lods=lods, color=color)


def window(assembly: Assembly, frame: Frame, opening: Opening, style: WindowStyle) -> None:
    """Add a window in an opening that the wall already has; the coarsest level shows it as a sheet on the wall."""
    back = -style.recess
    if style.glass == "stained_glass":
        _stained(assembly, frame, opening, back)
    else:
        pane(assembly, frame, opening.grown(0.01, bottom=0.01), style.glass, d=back - 0.02, lods=NEAR, color=GLASS)
    pane(assembly, frame, opening, style.glass, d=0.02, lods=FAR, color=_far_glass(style), steps=2)
    material, color = style.frame_material, style.frame_color
    inner = opening.grown(-0.055, bottom=-0.055)
    panel(
        assembly,
        frame.moved(d=back + 0.03),
        opening.grown(0.015).head(6),
        material,
        bottom=opening.bottom - 0.01,
        thickness=0.05,
        openings=(inner,),
        ends=False,
        top=False,
        color=color,
        lods=FINE,
        arch_steps=6,
    )
    _bars(assembly, frame, inner, style, back)
    if style.sill:
        high = opening.bottom + 0.012
        low, far = (opening.left - 0.07, high - 0.09, back - 0.02), (opening.right + 0.07, high, 0.07)
        assembly.box(frame, low, far, style.sill, grain=0, lods=NEAR, color=color, skip="B")
    if style.lintel and opening.arch == "flat":
        low, far = (opening.left - 0.16, opening.top - 0.012, -0.16), (opening.right + 0.16, opening.top + 0.18, 0.025)
        assembly.box(frame, low, far, style.lintel, grain=0, lods=NEAR, skip="B")
    if style.surround:
        surround(assembly, frame, opening, style.surround)
    if style.shutters is not None and opening.arch == "flat":
        shutters(assembly, frame, opening, style.shutters)


def _far_glass(style: WindowStyle) -> LinearColor:
    return (0.12, 0.08, 0.10) if style.glass == "stained_glass" else GLASS


def _bars(assembly: Assembly, frame: Frame, inner: Opening, style: WindowStyle, back: float) -> None:
    """Mullions and glazing bars, each as long as the arch leaves it."""
    head = np.array(inner.head())
    for column in range(1, style.columns):
        s = inner.left + inner.width * column / style.columns
        top = float(np.interp(s, head[:, 0], head[:, 1]))
        half = GRID_BARS_M * (0.8 if style.columns == 2 else 0.5)
        low, high = (s - half, inner.bottom, back - 0.015), (s + half, top, back + 0.025)
        assembly.box(frame, low, high, style.frame_material, lods=FINE, color=style.frame_color, skip="BUD")
    springing = inner.top - inner.rise
    for row in range(1, style.rows):
        y = inner.bottom + (springing - inner.bottom) * row / style.rows
        low, high = (inner.left, y - 0.014, back - 0.015), (inner.right, y + 0.014, back + 0.018)
        assembly.box(frame, low, high, style.frame_material, lods=FINE, color=style.frame_color, skip="BLR")


def _stained(assembly: Assembly, frame: Frame, opening: Opening, back: float) -> None:
    """Panes of coloured glass in rows, under an arch of one more."""
    columns = max(2, round(opening.width / 0.3))
    springing = opening.top - opening.rise
    rows = max(2, round((springing - opening.bottom) / 0.35))
    start = int(assembly.rng.integers(len(STAINED_COLORS)))
    corners, colors = [], []
    for row in range(rows):
        for column in range(columns):
            left = opening.left + opening.width * column / columns
            right = opening.left + opening.width * (column + 1) / columns
            low = opening.bottom + (springing - opening.bottom) * row / rows
            high = opening.bottom + (springing - opening.bottom) * (row + 1) / rows
            corners.append([(left, low), (right, low), (right, high), (left, high)])
            edge = row in (0, rows - 1) or column in (0, columns - 1)
            colors.append(STAINED_COLORS[(start + (0 if edge else 1 + (row + column) % 3)) % len(STAINED_COLORS)])
    quads = np.concatenate((np.array(corners), np.full((len(corners), 4, 1), back - 0.02)), axis=-1)
    assembly.quads(frame.points(quads), None, "stained_glass", lods=NEAR, color=np.array(colors)[:, None])
    if opening.rise > 0.0:
        head = np.array([(s, y, back - 0.02) for s, y in opening.head()])
        middle = np.broadcast_to(np.array([opening.middle, springing, back - 0.02]), head[1:].shape)
        fan = np.stack((middle, head[1:], head[:-1], head[:-1]), axis=1)
        shades = np.array([STAINED_COLORS[(start + 1 + index % 3) % len(STAINED_COLORS)] for index in range(len(fan))])
        assembly.quads(frame.points(fan), None, "stained_glass", lods=NEAR, color=shades[:, None])


def shutters(assembly: Assembly, frame: Frame, opening: Opening, color: LinearColor) -> None:
    """Two board shutters folded open against the wall."""
    darker = (color[0] * 0.7, color[1] * 0.7, color[2] * 0.7)
    width = opening.width / 2.0
    for left in (opening.left - width - 0.02, opening.right + 0.02):
        low, high = (left, opening.bottom - 0.02, 0.012), (left + width, opening.top + 0.02, 0.04)
        assembly.box(frame, low, high, "paint", lods=NEAR, color=color, skip="B")
        for share in (0.16, 0.84):
            y = opening.bottom + (opening.top - opening.bottom) * share
            low, high = (left + 0.02, y - 0.045, 0.04), (left + width - 0.02, y + 0.045, 0.055)
            assembly.box(frame, low, high, "paint", lods=FINE, color=darker, skip="B")


def surround(
    assembly: Assembly, frame: Frame, opening: Opening, material: str, *, width: float = 0.2, proud: float = 0.03
) -> None:
    """Dressed stones around an opening: alternating jambs, and a lintel or the voussoirs of an arch."""
    springing = opening.top - opening.rise
    count = max(2, round((springing - opening.bottom) / 0.36))
    height = (springing - opening.bottom) / count
    for index in range(count):
        y = opening.bottom + height * index
        reach = width * (1.0 if index % 2 else 1.45)
        for near, far in ((opening.left - reach, opening.left + 0.012), (opening.right - 0.012, opening.right + reach)):
            lower, upper = (near, y + 0.006, -0.15), (far, y + height - 0.006, proud)
            assembly.box(frame, lower, upper, material, lods=FINE, skip="BUD")
    if opening.arch == "flat":
        reach = width * 1.6
        low = (opening.left - reach, opening.top - 0.012, -0.15)
        high = (opening.right + reach, opening.top + 0.24, proud + 0.01)
        assembly.box(frame, low, high, material, lods=NEAR, skip="B")
    else:
        voussoirs(assembly, frame, opening, material, width=width * 1.25, proud=proud)


def voussoirs(
    assembly: Assembly,
    frame: Frame,
    opening: Opening,
    material: str,
    *,
    width: float = 0.28,
    proud: float = 0.03,
    depth: float = 0.16,
    lods: Lods = FINE,
) -> None:
    """Wedge stones over an arch, standing ``proud`` of the wall; ``depth`` is how far they reach into it."""
    steps = max(4, 2 * round(opening.width * 1.57 / 0.5 / 2.0))
    # A little inside the opening, so that the stones' undersides do not coincide with the wall's.
    inner = opening.grown(-0.012).head(steps)
    springing = opening.top - opening.rise
    outer_opening = Opening(
        left=opening.left - width,
        right=opening.right + width,
        bottom=springing,
        top=opening.top + width * (1.5 if opening.arch == "pointed" else 1.0),
        arch=opening.arch,
    )
    outer = [(s, max(y, springing)) for s, y in outer_opening.head(steps)]
    if opening.arch == "segmental":
        outer = [(s, y + width) for s, y in inner]
    for index, ((a, b), (c, e)) in enumerate(zip(pairwise(inner), pairwise(outer), strict=True)):
        key = steps // 2 in (index, index + 1) and opening.arch != "pointed"
        out = proud + (0.015 if key else 0.004 * (index % 2))
        prism(assembly, frame, (a, b, e, c), (-depth, out), material, lods=lods, caps="F")


def door(assembly: Assembly, frame: Frame, opening: Opening, style: DoorStyle) -> None:
    """Add a closed door in an opening that the wall already has, with its threshold."""
    back = -style.recess
    jamb = 0.09
    outer = opening.grown(0.02)
    inner = opening.grown(-jamb, bottom=0.2)
    panel(
        assembly,
        frame.moved(d=back + 0.06),
        outer.head(),
        style.frame_material,
        bottom=opening.bottom,
        thickness=0.14,
        openings=(inner,),
        top=False,
        ends=False,
        lods=NEAR,
    )
    leaf = Opening(
        left=inner.left - 0.01,
        right=inner.right + 0.01,
        bottom=opening.bottom + 0.01,
        top=inner.top + 0.01,
        arch=opening.arch,
    )
    pane(assembly, frame, leaf, style.leaf, d=back, lods=NEAR)
    pane(assembly, frame, opening, style.leaf, d=0.02, lods=FAR, steps=2)
    if style.leaves == 2:
        low, high = (leaf.middle - 0.03, leaf.bottom, back), (leaf.middle + 0.03, leaf.top - 0.02, back + 0.045)
        assembly.box(frame, low, high, style.frame_material, lods=FINE, skip="B")
    if style.ironwork:
        _ironwork(assembly, frame, leaf, style, back)
    low = (opening.left - 0.05, opening.bottom - 0.12, back - 0.05)
    assembly.box(frame, low, (opening.right + 0.05, opening.bottom + 0.015, 0.03), style.steps, lods=NEAR, skip="B")
    if style.lintel and opening.arch == "flat":
        low, far = (opening.left - 0.2, opening.top - 0.012, -0.16), (opening.right + 0.2, opening.top + 0.2, 0.03)
        assembly.box(frame, low, far, style.lintel, grain=0, lods=NEAR, skip="B")
    if style.surround:
        surround(assembly, frame, opening, style.surround, width=0.24)


def _ironwork(assembly: Assembly, frame: Frame, leaf: Opening, style: DoorStyle, d: float) -> None:
    handle = leaf.middle + 0.1 if style.leaves == 2 else leaf.right - 0.11
    y = leaf.bottom + 1.02
    assembly.box(
        frame, (handle - 0.03, y - 0.1, d - 0.03), (handle + 0.03, y + 0.1, d + 0.008), "iron", lods=FINE, skip="B"
    )
    knob = frame.moved(handle, y, d + 0.008).pitched(np.pi / 2.0)
    lathe(
        assembly,
        knob,
        ((0.012, 0.0), (0.012, 0.03), (0.028, 0.045), (0.028, 0.06), (0.0, 0.07)),
        "iron",
        sides=8,
        lods=FINE,
    )


def steps_before(
    assembly: Assembly, frame: Frame, opening: Opening, material: str, *, tread: float = 0.32, margin: float = 0.25
) -> None:
    """Add steps of at most 0.2 m from the ground up to a door's sill, each a collider."""
    rise = opening.bottom
    count = int(np.ceil(rise / 0.2 - 1e-9))
    for index in range(count):
        top = rise * (count - index) / count - 0.015
        reach = tread * (index + 1) + 0.1
        side = margin + 0.12 * index
        low = (opening.left - side, -0.4, reach - tread - 0.1 if index else -0.04)
        high = (opening.right + side, top, reach)
        assembly.box(frame, low, high, material, lods=NEAR, skip="DB")
        assembly.hull_box(frame, (low[0], -0.4, -0.04), high, "stone")


def boards_between(
    assembly: Assembly,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    size: tuple[float, float],
    material: str,
    *,
    lods: Lods = NEAR,
    color: LinearColor = WHITE,
) -> None:
    """Add a straight bar of rectangular section ``size`` (height, depth) whose middle line joins two points."""
    frame = frame_between(start, end)
    length = float(np.linalg.norm(np.asarray(end) - np.asarray(start)))
    height, depth = size
    low, high = (0.0, -height / 2.0, -depth / 2.0), (length, height / 2.0, depth / 2.0)
    assembly.box(frame, low, high, material, grain=0, lods=lods, color=color)
