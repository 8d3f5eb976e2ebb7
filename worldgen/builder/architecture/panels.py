"""Wall panels with real openings, by cutting a wall into vertical strips between the kinks of its outline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from worldgen.builder.architecture.assembly import ALL, WHITE, Assembly, Lods, surface_of
from worldgen.builder.architecture.frame import Frame, Points
from worldgen.scene.material import LinearColor

Arch = Literal["flat", "segmental", "round", "pointed"]
Line = tuple[tuple[float, float], ...]
"""A piecewise linear height over s: points with rising s; two points at one s make a jump."""

_NOTHING_M = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A hole in a wall, in the wall's frame: metres along it and above its origin."""

    left: float
    right: float
    bottom: float
    top: float
    """Height of its highest point."""
    arch: Arch = "flat"

    @property
    def width(self) -> float:
        """Metres from jamb to jamb."""
        return self.right - self.left

    @property
    def middle(self) -> float:
        """The s of its middle."""
        return (self.left + self.right) / 2.0

    @property
    def rise(self) -> float:
        """Height of the arch above its springing."""
        if self.arch == "flat":
            return 0.0
        if self.arch == "segmental":
            return min(0.16 * self.width, self.top - self.bottom)
        factor = 0.5 if self.arch == "round" else 0.866
        return min(factor * self.width, self.top - self.bottom)

    def head(self, steps: int = 8) -> Line:
        """The upper edge from left to right, an arch in ``steps`` (even) straight pieces."""
        springing = self.top - self.rise
        if self.arch == "flat":
            return ((self.left, self.top), (self.right, self.top))
        half = self.width / 2.0
        points = []
        for index in range(steps + 1):
            along = -math.cos(math.pi * index / steps)
            if self.arch == "pointed":
                # Two arcs of radius ``width`` about the opposite springing points.
                height = math.sqrt(max(0.0, 1.0 - ((1.0 + abs(along)) / 2.0) ** 2)) / 0.8660254
            else:
                height = math.sqrt(max(0.0, 1.0 - along * along))
            points.append((self.middle + along * half, springing + self.rise * height))
        return tuple(points)

    def grown(self, margin: float, *, bottom: float = 0.0) -> Opening:
        """The opening with its jambs and head moved outwards by ``margin`` and its bottom down by ``bottom``."""
        return Opening(
            left=self.left - margin,
            right=self.right + margin,
            bottom=self.bottom - bottom,
            top=self.top + margin * (1.3 if self.arch == "pointed" else 1.0),
            arch=self.arch,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bend:
    """Bends a panel into a cylinder or cone about its frame's up axis; s is the arc length at ``radius``.

    The frame's origin is then the centre of the arc, and s = 0 lies on its ``out`` axis.
    """

    radius: float
    """Radius of the outer face at y = 0."""
    sides: int
    """Straight pieces of a full turn."""
    batter: float = 0.0
    """How much the radius shrinks per metre of height."""
    smooth: bool = True
    """Whether shading hides the pieces."""

    @property
    def length(self) -> float:
        """Arc length of a full turn."""
        return 2.0 * math.pi * self.radius


def level(length: float, height: float) -> Line:
    """The outline of a straight wall about s = 0."""
    return ((-length / 2.0, height), (length / 2.0, height))


def _height(line: Line, s: float, *, before: bool) -> float:
    """Height at ``s``, from the left (``before``) or from the right where it jumps."""
    hits = []
    for (a, low), (b, high) in pairwise(line):
        if a <= s <= b and b - a > 0.0:
            hits.append(low + (high - low) * (s - a) / (b - a))
    if not hits:
        return line[0][1] if s <= line[0][0] else line[-1][1]
    return hits[0] if before else hits[-1]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A trapezoid of wall: between two s, its lower and upper heights at both."""

    left: float
    right: float
    low: tuple[float, float]
    high: tuple[float, float]
    open_above: bool
    """Whether an opening or the sky is above."""
    open_below: bool


def _strips(
    bottom: float, outline: Line, openings: Sequence[Opening], cuts: Sequence[float], arch: int
) -> list[list[_Piece]]:
    heads = [opening.head(arch) for opening in openings]
    start, end = outline[0][0], outline[-1][0]
    places = {point[0] for point in outline}
    places.update(s for head in heads for s, _ in head if start < s < end)
    places.update(s for s in cuts if start < s < end)
    ordered = sorted(places)
    stops = [ordered[0]]
    for s in ordered[1:]:
        if s - stops[-1] > _NOTHING_M:
            stops.append(s)
    strips = []
    for left, right in pairwise(stops):
        tops = (_height(outline, left, before=False), _height(outline, right, before=True))
        middle = (left + right) / 2.0
        holes = []
        for opening, head in zip(openings, heads, strict=True):
            if opening.left < middle < opening.right:
                upper = (_height(head, left, before=False), _height(head, right, before=True))
                holes.append((opening.bottom, upper))
        holes.sort()
        pieces, low = [], (bottom, bottom)
        below_is_open = False
        for sill, upper in holes:
            high = (min(sill, tops[0]), min(sill, tops[1]))
            pieces.append(_Piece(left, right, low, high, True, below_is_open))
            low = (min(max(upper[0], low[0]), tops[0]), min(max(upper[1], low[1]), tops[1]))
            below_is_open = True
        pieces.append(_Piece(left, right, low, tops, True, below_is_open))
        strips.append([piece for piece in pieces if max(_tall(piece)) > _NOTHING_M])
    return strips


def _tall(piece: _Piece) -> tuple[float, float]:
    return piece.high[0] - piece.low[0], piece.high[1] - piece.low[1]


def _uncovered(span: tuple[float, float], others: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The parts of an interval that no other interval covers."""
    left = [span]
    for low, high in others:
        cut = []
        for a, b in left:
            if high <= a or low >= b:
                cut.append((a, b))
            else:
                cut.extend([(a, low)] if low > a else [])
                cut.extend([(high, b)] if high < b else [])
        left = cut
    return [(a, b) for a, b in left if b - a > _NOTHING_M]


def panel(
    assembly: Assembly,
    frame: Frame,
    outline: Line,
    material: str,
    *,
    bottom: float = 0.0,
    thickness: float = 0.3,
    openings: Sequence[Opening] = (),
    bend: Bend | None = None,
    inside: str | None = None,
    reveal: str | None = None,
    top: bool = True,
    ends: bool = True,
    lods: Lods = ALL,
    arch_steps: int = 8,
    color: LinearColor = WHITE,
    uv_turned: bool = False,
    uv_shift: tuple[float, float] = (0.0, 0.0),
    collide: bool = False,
) -> None:
    """Add a wall whose outer face lies at d = 0 and whose inner face at d = -``thickness``.

    Args:
        assembly: Where to add it.
        frame: The wall's frame.
        outline: Its top edge.
        material: Material of the outer face.
        bottom: Height of its foot.
        thickness: Metres.
        openings: Holes; they must not overlap one another.
        bend: Bends it into a cylinder or cone.
        inside: Material of the inner face, None to leave it out (closed buildings).
        reveal: Material of the holes' sides, top edge and ends, None for ``material``.
        top: Whether to close the top edge.
        ends: Whether to close the two ends.
        lods: Levels of detail.
        arch_steps: Straight pieces of each arch.
        color: Linear, for untextured materials.
        uv_turned: Whether to turn the texture by a quarter.
        uv_shift: Moves the texture, metres.
        collide: Whether to add the wall's convex pieces as colliders.
    """
    cuts: list[float] = []
    if bend is not None:
        step = bend.length / bend.sides
        start, end = outline[0][0], outline[-1][0]
        first = math.ceil(start / step - 1e-9)
        cuts = [index * step for index in range(first, math.floor(end / step + 1e-9) + 1)]
    strips = _strips(bottom, outline, openings, cuts, arch_steps)
    sheet = _Sheet(assembly, frame, bend, lods, color, uv_turned, uv_shift)
    faces = [piece for strip in strips for piece in strip]
    edge = reveal or material
    sheet.add([_front(piece, 0.0) for piece in faces], material, (0, 1))
    if inside is not None:
        sheet.add([_front(piece, -thickness)[::-1] for piece in faces], inside, (0, 1), inward=True)
    flats = []
    for strip in strips:
        for index, piece in enumerate(strip):
            is_crown = index == len(strip) - 1
            if (top and is_crown) or not is_crown:
                a, b = (piece.left, piece.high[0]), (piece.right, piece.high[1])
                flats.append(((*a, 0.0), (*b, 0.0), (*b, -thickness), (*a, -thickness)))
            if piece.open_below:
                a, b = (piece.left, piece.low[0]), (piece.right, piece.low[1])
                flats.append(((*a, -thickness), (*b, -thickness), (*b, 0.0), (*a, 0.0)))
    sheet.add(flats, edge, (0, 2), flat=True)
    sheet.add(list(_jambs(strips, thickness, ends)), edge, (2, 1), flat=True)
    if collide:
        for group in _merged(strips):
            sheet.collide(group, thickness, material)


def _front(piece: _Piece, d: float) -> tuple[tuple[float, float, float], ...]:
    return (
        (piece.left, piece.low[0], d),
        (piece.right, piece.low[1], d),
        (piece.right, piece.high[1], d),
        (piece.left, piece.high[0], d),
    )


def _jambs(
    strips: Sequence[Sequence[_Piece]], thickness: float, ends: bool
) -> list[tuple[tuple[float, float, float], ...]]:
    quads: list[tuple[tuple[float, float, float], ...]] = []
    for index in range(len(strips) + 1):
        before = [(p.low[1], p.high[1]) for p in strips[index - 1]] if index > 0 else []
        after = [(p.low[0], p.high[0]) for p in strips[index]] if index < len(strips) else []
        if index in (0, len(strips)) and not ends:
            continue
        inner = strips[index - 1] if index > 0 else ()
        outer = strips[index] if index < len(strips) else ()
        s = inner[0].right if inner else outer[0].left if outer else 0.0
        for low, high in (part for span in before for part in _uncovered(span, after)):
            quads.append(((s, low, 0.0), (s, low, -thickness), (s, high, -thickness), (s, high, 0.0)))
        for low, high in (part for span in after for part in _uncovered(span, before)):
            quads.append(((s, low, -thickness), (s, low, 0.0), (s, high, 0.0), (s, high, -thickness)))
    return quads


def _merged(strips: Sequence[Sequence[_Piece]]) -> list[list[_Piece]]:
    """Groups of neighbouring pieces whose union is a rectangle, so that colliders stay few."""
    groups: list[list[_Piece]] = []
    for strip in strips:
        for piece in strip:
            for group in groups:
                last = group[-1]
                continues = abs(last.right - piece.left) < _NOTHING_M
                same = last.low == piece.low and last.high == piece.high
                straight = piece.low[0] == piece.low[1] and piece.high[0] == piece.high[1]
                if continues and same and straight:
                    group.append(piece)
                    break
            else:
                groups.append([piece])
    return groups


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Maps wall coordinates to the prototype's frame, straight or bent."""

    assembly: Assembly
    frame: Frame
    bend: Bend | None
    lods: Lods
    color: LinearColor
    uv_turned: bool
    uv_shift: tuple[float, float]

    def local(self, points: Points) -> Points:
        """Points (..., 3) of the frame from (s, y, d) of the unrolled wall."""
        if self.bend is None:
            return points
        angle = points[..., 0] / self.bend.radius
        radius = self.bend.radius - self.bend.batter * points[..., 1] + points[..., 2]
        return np.stack((np.sin(angle) * radius, points[..., 1], np.cos(angle) * radius), axis=-1)

    def add(
        self,
        quads: Sequence[Sequence[tuple[float, float, float]]],
        material: str,
        uv_axes: tuple[int, int],
        *,
        flat: bool = False,
        inward: bool = False,
    ) -> None:
        """Add quads given on the unrolled wall; ``uv_axes`` are the coordinates that u and v follow."""
        if not quads:
            return
        unrolled = np.array(quads, dtype=np.float64)
        uvs = unrolled[..., list(uv_axes)] + self.uv_shift
        if uv_axes[1] == 1:
            uvs[..., 1] += self.frame.origin[1]
        if self.uv_turned:
            uvs = uvs[..., ::-1]
        normals = None
        if self.bend is not None and self.bend.smooth and not flat:
            angle = unrolled[..., 0] / self.bend.radius
            rise = np.full(angle.shape, self.bend.batter)
            normals = np.stack((np.sin(angle), rise, np.cos(angle)), axis=-1) / math.hypot(1.0, self.bend.batter)
            normals = (-normals if inward else normals) @ self.frame.axes
        corners = self.frame.points(self.local(unrolled))
        self.assembly.quads(corners, uvs, material, lods=self.lods, color=self.color, normals=normals)

    def collide(self, group: Sequence[_Piece], thickness: float, material: str) -> None:
        """Add the pieces of a group as hulls; a bent group becomes one hull per straight piece."""
        runs = [[piece] for piece in group] if self.bend is not None else [list(group)]
        for run in runs:
            first, last = run[0], run[-1]
            corners = [
                (s, y, d)
                for s, ys in ((first.left, (first.low[0], first.high[0])), (last.right, (last.low[1], last.high[1])))
                for y in ys
                for d in (0.0, -thickness)
            ]
            self.assembly.hull(self.frame.points(self.local(np.array(corners))), surface_of(material))
