"""Leaves, needles and blades as real polygons."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from worldgen.builder.modelling.branches import Doubles, cross, unit


def upright(along: Doubles, normals: Doubles) -> tuple[Doubles, Doubles]:
    """The part of ``normals`` square to ``along``, as unit vectors, and the vectors to the right of both."""
    square = normals - along * np.einsum("ij,ij->i", normals, along)[:, None]
    square = unit(square + 1e-6 * cross(along, np.roll(along, 1, axis=1)))
    return square, cross(along, square)


def kites(
    centers: Doubles, along: Doubles, normals: Doubles, lengths: ArrayLike, widths: ArrayLike, *, fold: float = 0.12
) -> Doubles:
    """Folded leaves, (N, 4, 3): base, right, tip, left; the first diagonal is the midrib.

    Args:
        centers: (N, 3) middles of the leaves.
        along: (N, 3) unit, from base to tip.
        normals: (N, 3) roughly the upper side.
        lengths: (N,) or one, metres.
        widths: (N,) or one, metres.
        fold: How far the edges rise above the midrib, as a share of the width.
    """
    normals, right = upright(along, normals)
    half = 0.5 * np.broadcast_to(np.asarray(lengths, dtype=np.float64), (len(centers),))[:, None]
    width = np.broadcast_to(np.asarray(widths, dtype=np.float64), (len(centers),))[:, None]
    middle = centers - along * half * 0.2 + normals * width * fold
    return np.stack(
        (
            centers - along * half,
            middle + right * width * 0.5,
            centers + along * half - normals * half * 0.15,
            middle - right * width * 0.5,
        ),
        axis=1,
    )


def needles(bases: Doubles, along: Doubles, normals: Doubles, lengths: ArrayLike, widths: ArrayLike) -> Doubles:
    """Slim triangles, (N, 3, 3): left and right of the base, then the tip."""
    _, right = upright(along, normals)
    count = len(bases)
    length = np.broadcast_to(np.asarray(lengths, dtype=np.float64), (count,))[:, None]
    half = 0.5 * np.broadcast_to(np.asarray(widths, dtype=np.float64), (count,))[:, None]
    return np.stack((bases - right * half, bases + right * half, bases + along * length), axis=1)


def bent_blades(
    bases: Doubles, headings: Doubles, lengths: Doubles, widths: Doubles, bends: Doubles, *, segments: int
) -> tuple[Doubles, Doubles]:
    """Blades that start upright and bend over towards their headings.

    Args:
        bases: (N, 3) metres.
        headings: (N, 3) horizontal unit vectors, the way they lean.
        lengths: (N,) metres.
        widths: (N,) metres, at the base.
        bends: (N,) radians, lean at the tip; the base leans a quarter of it.
        segments: Segments of each blade; the last one is a triangle.

    Returns:
        (N, 2 * segments + 1, 3) outline: left and right of each level, then the tip; and (levels,) the
        fraction along the blade of each level, tip included.
    """
    levels = np.linspace(0.0, 1.0, segments + 1)
    side = np.stack((headings[:, 2], np.zeros(len(headings)), -headings[:, 0]), axis=1)
    center = bases.copy()
    outline = []
    for level, fraction in enumerate(levels):
        if level:
            middle = (fraction + levels[level - 1]) * 0.5
            lean = bends * (0.25 + 0.75 * middle)
            way = headings * np.sin(lean)[:, None]
            way[:, 1] += np.cos(lean)
            center = center + way * (lengths * (fraction - levels[level - 1]))[:, None]
        if level < segments:
            half = (0.5 * widths * (1.0 - 0.45 * fraction**1.5))[:, None]
            outline += [center - side * half, center + side * half]
        else:
            outline.append(center)
    return np.stack(outline, axis=1), levels


def blade_triangles(count: int, segments: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Triangles for the outlines of `bent_blades`."""
    pattern: list[tuple[int, int, int]] = []
    for level in range(segments - 1):
        a = 2 * level
        pattern += [(a, a + 1, a + 3), (a, a + 3, a + 2)]
    last = 2 * (segments - 1)
    pattern.append((last, last + 1, last + 2))
    offsets = np.arange(count, dtype=np.int32)[:, None, None] * np.int32(2 * segments + 1)
    return (offsets + np.array(pattern, dtype=np.int32)[None]).reshape(-1, 3).astype(np.int32)


def facing_normals(corners: Doubles, outward: Doubles, *, softness: float) -> Doubles:
    """Shading normals for leaf polygons, (N, 1, 3): their own, bent towards ``outward``.

    Leaves shaded by their own normals alone look noisy, and like one smooth ball by the crown's alone.
    """
    own = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    if corners.shape[1] == 4:
        own = own + cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 0])
    own = unit(own)
    same_side = np.sign(np.einsum("ij,ij->i", own, outward))[:, None]
    bent = unit(own + softness * outward * np.where(same_side == 0.0, 1.0, same_side))
    return bent[:, None]
