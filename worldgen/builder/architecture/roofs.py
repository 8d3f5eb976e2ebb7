"""Roof slopes with courses, edges and ridges: gabled, gambrel, hipped, pyramid and conical roofs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldgen.builder.architecture.assembly import ALL, COARSE, FAR, FINE, MIDDLE, NEAR, Assembly, Lods, surface_of
from worldgen.builder.architecture.frame import Frame, Points, frame_between
from worldgen.builder.architecture.panels import Line
from worldgen.builder.architecture.roof_styles import RoofStyle
from worldgen.builder.architecture.snow import snow_slope
from worldgen.builder.architecture.solids import lathe, prism

Profile = Sequence[tuple[float, float]]
"""The roof's top surface across the ridge: (d, y) from the back eave over the ridge to the front eave."""


def slope(
    assembly: Assembly,
    corners: ArrayLike,
    style: RoofStyle,
    *,
    lods: Lods = ALL,
    snow: float = 0.0,
    sides: str = "LR",
    meets_ridge: bool = True,
) -> None:
    """Add a slab of roof whose top surface has four corners; it is also a collider.

    Args:
        assembly: Where to add it.
        corners: (4, 3): left and right end of the eave, right and left end of the ridge, seen from outside.
        style: What it is made of.
        lods: Levels of detail.
        snow: 0 to 1, how much snow lies on it.
        sides: L and R for the edges that are open to the air.
        meets_ridge: Whether the snow runs on over the upper edge.
    """
    quad = np.asarray(corners, dtype=np.float64)
    along = quad[1] - quad[0]
    along /= np.linalg.norm(along)
    normal = np.cross(quad[1] - quad[0], (quad[2] + quad[3]) - (quad[0] + quad[1]))
    normal /= np.linalg.norm(normal)
    upslope = np.cross(normal, along)
    plumb = np.array([0.0, style.thickness / max(normal[1], 0.2), 0.0])
    length = float((quad[2] - quad[1]) @ upslope)
    count = max(1, round(length / style.course_m)) if style.course_m > 0.0 else 1

    def sheet(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(((points - quad[0]) @ along, (points - quad[0]) @ upslope), axis=-1)

    edge = style.edge or style.material
    for rows, levels in ((count, FINE), (1, COARSE)):
        levels = tuple(level for level in levels if level in lods)
        if not levels:
            continue
        share = np.linspace(0.0, 1.0, rows + 1)[:, None]
        left, right = quad[0] + (quad[3] - quad[0]) * share, quad[1] + (quad[2] - quad[1]) * share
        lift = np.zeros(rows) if rows == 1 else style.lip * assembly.rng.uniform(0.75, 1.25, rows)
        raised = lift[:, None] * normal
        low_left, low_right = left[:-1] + raised, right[:-1] + raised
        tops = np.stack((low_left, low_right, right[1:], left[1:]), axis=1)
        assembly.quads(tops, sheet(tops), style.material, lods=levels)
        lips = np.stack((left[:-1], right[:-1], low_right, low_left), axis=1)
        lips[0, :2] -= plumb
        assembly.quads(lips, sheet(lips) + _fall(lips, quad[0]), edge, lods=levels)
        if "R" in sides:
            ends = np.stack((right[:-1] - plumb, right[1:] - plumb, right[1:], low_right), axis=1)
            assembly.quads(ends, _gable_uvs(ends), edge, lods=levels)
        if "L" in sides:
            ends = np.stack((left[1:] - plumb, left[:-1] - plumb, low_left, left[1:]), axis=1)
            assembly.quads(ends, _gable_uvs(ends), edge, lods=levels)
    under = (quad - plumb)[[1, 0, 3, 2]][None]
    assembly.quads(
        under, sheet(under)[..., ::-1], style.underside, lods=tuple(level for level in NEAR if level in lods)
    )
    assembly.hull(np.concatenate((quad, quad - plumb)), surface_of(style.material))
    if snow > 0.15:
        rise = style.lip / max(normal[1], 0.2) if style.course_m > 0.0 else 0.0
        snow_slope(assembly, quad + np.array([0.0, rise, 0.0]), snow, lods=lods, taper_top=not meets_ridge)


def _fall(points: Points, origin: Points) -> Points:
    """Texture shift of upright edges, so that they do not repeat one texel."""
    fall = np.zeros((*points.shape[:-1], 2))
    fall[..., 1] = points[..., 1] - origin[1]
    return fall


def _gable_uvs(points: Points) -> Points:
    return np.stack((np.hypot(points[..., 0], points[..., 2]), points[..., 1]), axis=-1)


def ridge_caps(
    assembly: Assembly,
    start: ArrayLike,
    end: ArrayLike,
    style: RoofStyle,
    *,
    droop: float = 0.75,
    lods: Lods = NEAR,
) -> None:
    """Add half-round caps along a ridge or hip from ``start`` to ``end`` (on the roof's top surface)."""
    if style.ridge is None:
        return
    frame = frame_between(start, end)
    length = float(np.linalg.norm(np.asarray(end, dtype=np.float64) - np.asarray(start, dtype=np.float64)))
    angles = np.linspace(-0.5 * math.pi, 0.5 * math.pi, 6)
    section = np.stack((np.cos(angles) - droop, -np.sin(angles)), axis=1)
    for levels, sizes in ((FINE, style.ridge_piece_m), (MIDDLE, length)):
        chosen = tuple(level for level in levels if level in lods)
        if not chosen:
            continue
        count = min(max(1, round(length / sizes)), 24)
        stops = np.linspace(0.0, length, count + 1)
        grid = np.zeros((count, 2, 6, 3))
        grid[:, 0, :, 0], grid[:, 1, :, 0] = stops[:-1, None] - (0.03 if count > 1 else 0.0), stops[1:, None]
        for side, radius in ((0, style.ridge_radius), (1, style.ridge_radius * (0.86 if count > 1 else 1.0))):
            grid[:, side, :, 1:] = section * radius
        corners = np.stack((grid[:, 0, :-1], grid[:, 0, 1:], grid[:, 1, 1:], grid[:, 1, :-1]), axis=2)[:, :, ::-1]
        arc = np.arange(6) * style.ridge_radius * 0.63
        u = np.broadcast_to(grid[..., 0], grid.shape[:3])
        v = np.broadcast_to(arc, grid.shape[:3])
        uv = np.stack((u, v), axis=-1)
        uvs = np.stack((uv[:, 0, :-1], uv[:, 0, 1:], uv[:, 1, 1:], uv[:, 1, :-1]), axis=2)[:, :, ::-1]
        assembly.quads(frame.points(corners.reshape(-1, 4, 3)), uvs.reshape(-1, 4, 2), style.ridge, lods=chosen)
        faces = np.stack([grid[:, 0, [0, 5 - k, 4 - k, 4 - k]] for k in range(4)], axis=1).reshape(-1, 4, 3)
        ends = np.stack([grid[:, 1, [0, 1 + k, 2 + k, 2 + k]] for k in range(4)], axis=1).reshape(-1, 4, 3)
        for fan in (faces[:, ::-1], ends[-4:, ::-1]):
            assembly.quads(frame.points(fan), fan[..., [2, 1]], style.ridge, lods=chosen)


def ridge_roof(
    assembly: Assembly,
    frame: Frame,
    profile: Profile,
    half_length: float,
    style: RoofStyle,
    *,
    snow: float = 0.0,
    open_ends: str = "LR",
    back_length: float | None = None,
) -> None:
    """Add a roof with a straight ridge along the frame's s axis; its profile may have any number of slopes.

    Args:
        assembly: Where to add it.
        frame: Origin under the ridge's middle, s along the ridge.
        profile: Top surface across the ridge, rising to the ridge and falling after it.
        half_length: Half the ridge's length, overhangs included.
        style: What it is made of.
        snow: 0 to 1.
        open_ends: L and R for the ends of the ridge (at -s and +s) that are gables.
        back_length: How far the roof reaches to -s, None for ``half_length``.
    """
    low = -(half_length if back_length is None else back_length)
    high = half_length
    top = max(y for _, y in profile)
    for (d0, y0), (d1, y1) in pairwise(profile):
        if y1 > y0:
            quad = [(high, y0, d0), (low, y0, d0), (low, y1, d1), (high, y1, d1)]
            sides = "".join({"L": "R", "R": "L"}[letter] for letter in open_ends)
        else:
            quad = [(low, y1, d1), (high, y1, d1), (high, y0, d0), (low, y0, d0)]
            sides = open_ends
        slope(assembly, frame.points(quad), style, snow=snow, sides=sides, meets_ridge=top in (y0, y1))
        if style.barge:
            _bargeboards(assembly, frame, ((d0, y0), (d1, y1)), span=(low, high), style=style, open_ends=open_ends)
    if style.rafters:
        _rafter_tails(assembly, frame, profile, (low, high), style)
    middle = [d for d, y in profile if y == top]
    start, end = frame.point(low, top + 0.005, middle[0]), frame.point(high, top + 0.005, middle[0])
    if snow <= 0.15:
        ridge_caps(assembly, start, end, style)


def _bargeboards(
    assembly: Assembly,
    frame: Frame,
    segment: tuple[tuple[float, float], tuple[float, float]],
    *,
    span: tuple[float, float],
    style: RoofStyle,
    open_ends: str,
) -> None:
    (d0, y0), (d1, y1) = segment
    drop = style.thickness + 0.11
    up = style.lip * 0.6 + 0.01
    for letter, s, sign in (("L", span[0], -1.0), ("R", span[1], 1.0)):
        if letter not in open_ends:
            continue
        side = frame.moved(s=s).yawed(sign * math.pi / 2.0)
        # In the turned frame s runs along -d for the right end and along +d for the left one.
        a, b = (-sign * d0, y0), (-sign * d1, y1)
        (s0, h0), (s1, h1) = sorted((a, b))
        outline = [(s0, h0 - drop), (s1, h1 - drop), (s1, h1 + up), (s0, h0 + up)]
        prism(assembly, side, outline, (-0.02, 0.035), style.barge or "wood_beam", lods=NEAR)


def _rafter_tails(
    assembly: Assembly, frame: Frame, profile: Profile, span: tuple[float, float], style: RoofStyle
) -> None:
    """Short beams under both eaves, cut where the wall begins or soon after."""
    for (d0, y0), (d1, y1) in (profile[:2], profile[::-1][:2]):
        run = math.hypot(d1 - d0, y1 - y0)
        reach = min(0.75, run * 0.5)
        share = reach / run
        inner = (d0 + (d1 - d0) * share, y0 + (y1 - y0) * share)
        pitch = math.atan2(y1 - y0, abs(d1 - d0))
        drop = style.thickness / max(math.cos(pitch), 0.2) + 0.05 / max(math.cos(pitch), 0.2)
        count = max(3, round((span[1] - span[0]) / 0.8))
        for index in range(count):
            s = span[0] + 0.15 + (span[1] - span[0] - 0.3) * index / (count - 1)
            start = frame.point(s, y0 - drop + 0.03 * math.tan(pitch), d0 + math.copysign(0.03, d1 - d0))
            end = frame.point(s, inner[1] - drop, inner[0])
            beam = frame_between(start, end)
            assembly.box(beam, (0.0, -0.06, -0.045), (reach, 0.055, 0.045), "wood_beam", grain=0, lods=FINE, skip="RU")


def gable_profile(
    half_width: float, eave_y: float, pitch: float, overhang: float, style: RoofStyle
) -> tuple[list[tuple[float, float]], float]:
    """The top profile of a gable roof over walls whose tops (outer edge) are at ``eave_y``, and the ridge's height."""
    rise = math.tan(pitch)
    lift = style.thickness / math.cos(pitch)
    ridge = eave_y + half_width * rise + lift
    low = eave_y - overhang * rise + lift
    return [(-half_width - overhang, low), (0.0, ridge), (half_width + overhang, low)], ridge


def gambrel_profile(
    half_width: float, eave_y: float, rise: float, overhang: float, style: RoofStyle
) -> tuple[list[tuple[float, float]], float]:
    """The top profile of a barn's broken roof that rises ``rise`` above the wall tops, and the ridge's height."""
    lift = style.thickness * 1.4
    knee_d, knee_y = half_width * 0.62, eave_y + rise * 0.64 + lift
    ridge = eave_y + rise + lift
    slope_low = (knee_y - eave_y - lift) / (half_width - knee_d)
    low = eave_y + lift - overhang * slope_low
    profile = [(half_width + overhang, low), (knee_d, knee_y), (0.0, ridge)]
    return [(-d, y) for d, y in profile] + profile[:-1][::-1], ridge


def under_line(profile: Profile, half_width: float, style: RoofStyle, *, bite: float = 0.03) -> Line:
    """The top edge of a gable wall that ends ``bite`` metres inside the roof's slab."""
    table = np.array(profile)
    stops = sorted({-half_width, half_width, *(d for d, _ in profile if abs(d) < half_width)})
    line = []
    for d in stops:
        index = int(np.clip(np.searchsorted(table[:, 0], d, side="right") - 1, 0, len(table) - 2))
        pitch = math.atan2(abs(table[index + 1, 1] - table[index, 1]), table[index + 1, 0] - table[index, 0])
        drop = style.thickness / max(math.cos(pitch), 0.2)
        line.append((d, float(np.interp(d, table[:, 0], table[:, 1])) - drop + bite))
    return tuple(line)


def hip_roof(
    assembly: Assembly,
    frame: Frame,
    half_length: float,
    half_width: float,
    eave_y: float,
    *,
    pitch: float,
    overhang: float,
    style: RoofStyle,
    snow: float = 0.0,
) -> float:
    """Add a hipped roof (a pyramid over a square) with its ridge along s; returns the ridge's height."""
    rise, lift = math.tan(pitch), style.thickness / math.cos(pitch)
    long, wide = half_length + overhang, half_width + overhang
    low = eave_y - overhang * rise + lift
    top = low + wide * rise
    ridge = max(long - wide, 0.0)
    eave = {(i, j): frame.point(i * long, low, j * wide) for i in (-1, 1) for j in (-1, 1)}
    left, right = frame.point(-ridge, top, 0.0), frame.point(ridge, top, 0.0)
    for quad in (
        (eave[-1, 1], eave[1, 1], right, left),
        (eave[1, 1], eave[1, -1], right, right),
        (eave[1, -1], eave[-1, -1], left, right),
        (eave[-1, -1], eave[-1, 1], left, left),
    ):
        slope(assembly, np.array(quad), style, snow=snow, sides="")
    if snow <= 0.15 and ridge > 0.05:
        ridge_caps(assembly, left, right, style)
    for i in (-1, 1):
        for j in (-1, 1):
            ridge_caps(assembly, eave[i, j], right if i > 0 else left, style, droop=0.85)
    return top


def cone_roof(
    assembly: Assembly,
    frame: Frame,
    radius: float,
    height: float,
    style: RoofStyle,
    *,
    sides: int = 24,
    flare: float = 0.12,
    snow: float = 0.0,
) -> None:
    """Add a conical roof whose eave (at ``radius``) lies at y = 0; ``flare`` bends the eave outwards."""

    def width(share: float) -> float:
        return radius * ((1.0 - share) * (1.0 - flare) + flare * (1.0 - share) ** 3)

    count = max(3, round(math.hypot(radius, height) / style.course_m)) if style.course_m > 0.0 else 6
    stops = [index / count for index in range(count + 1)]
    for low, high in pairwise(stops):
        lip = style.lip if style.course_m > 0.0 else 0.0
        profile = [
            (width(low), low * height),
            (width(low) + lip, low * height + lip * 0.4),
            (max(width(high), 0.02), high * height),
        ]
        if lip == 0.0:
            profile = profile[1:]
        lathe(assembly, frame, profile, style.material, sides=sides, lods=FINE)
    for levels, rough, around in ((MIDDLE, (0.0, 0.3, 1.0), sides // 2), (FAR, (0.0, 0.35, 1.0), 8)):
        lathe(
            assembly,
            frame,
            [(max(width(t), 0.02), t * height) for t in rough],
            style.material,
            sides=around,
            lods=levels,
        )
    wall = radius * 0.7
    lathe(
        assembly, frame, [(wall, 0.0), (radius, 0.0)], style.underside, sides=sides // 2, lods=NEAR, smooth_around=False
    )
    rim = np.linspace(0.0, 2.0 * math.pi, 9)[:-1]
    base = np.stack((np.sin(rim) * radius, np.zeros(8), np.cos(rim) * radius), axis=1)
    assembly.hull(frame.points(np.concatenate((base, [[0.0, height, 0.0]]))), surface_of(style.material))
    if snow > 0.15:
        reach = [share for share in (0.02, 0.06, 0.3, 0.6, 0.9, 0.985)]
        deep = 0.06 + 0.14 * snow
        shell = [(width(t) + style.lip + deep * (0.0 if t == 0.02 else 1.0), t * height + deep * 0.6) for t in reach]
        lathe(
            assembly,
            frame,
            [*shell, (0.0, height + deep)],
            "snow_cap",
            sides=sides,
            color=(0.86, 0.89, 0.93),
            smooth_along=True,
            lods=NEAR,
        )
