"""Round and irregular solids: cylinders, lathes, prisms, tubes and rough blocks of stone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldgen.builder.architecture.assembly import ALL, GRAIN_ALONG_V, WHITE, WOOD, Assembly, Lods, surface_of
from worldgen.builder.architecture.frame import Frame, Points, frame_between
from worldgen.scene.material import LinearColor


def _along(u: Points, v: Points, material: str) -> Points:
    """UVs whose grain follows ``u``."""
    if material in GRAIN_ALONG_V:
        return np.stack((v, u), axis=-1)
    return np.stack((u, v), axis=-1)


def cylinder(
    assembly: Assembly,
    start: ArrayLike,
    end: ArrayLike,
    radius: float,
    material: str,
    *,
    end_radius: float | None = None,
    sides: int = 10,
    caps: str = "SE",
    cap_material: str | None = None,
    cap_color: LinearColor = WHITE,
    lods: Lods = ALL,
    color: LinearColor = WHITE,
    up_hint: ArrayLike = (0.0, 1.0, 0.0),
) -> None:
    """Add a cylinder or a cone's frustum from ``start`` to ``end``, smooth around, with wood grain along it.

    ``caps`` holds S for a cap at the start and E for one at the end.
    """
    frame = frame_between(start, end, up_hint)
    length = float(np.linalg.norm(np.asarray(end, dtype=np.float64) - frame.origin))
    radii = (radius, radius if end_radius is None else end_radius)
    angles = np.linspace(0.0, 2.0 * math.pi, sides + 1)
    ring = np.stack((np.zeros(sides + 1), np.cos(angles), np.sin(angles)), axis=1)
    ring[-1] = ring[0]
    slope = (radii[0] - radii[1]) / max(length, 1e-9)
    outward = (ring + np.array([slope, 0.0, 0.0])) / math.hypot(1.0, slope)
    low, high = ring * radii[0], ring * radii[1] + np.array([length, 0.0, 0.0])
    corners = np.stack((low[:-1], high[:-1], high[1:], low[1:]), axis=1)[:, ::-1]
    normals = np.stack((outward[:-1], outward[:-1], outward[1:], outward[1:]), axis=1)[:, ::-1]
    around = angles * max(radii)
    shift = float(assembly.rng.random() * 5.0) if material in WOOD else 0.0
    u = np.broadcast_to(np.array([0.0, length, length, 0.0]) + shift, (sides, 4))[:, ::-1]
    v = np.stack((around[:-1], around[:-1], around[1:], around[1:]), axis=1)[:, ::-1]
    uvs = _along(u, v, material) if material in WOOD else np.stack((v, u), axis=-1)
    assembly.quads(frame.points(corners), uvs, material, lods=lods, color=color, normals=normals @ frame.axes)
    for letter, rim, turn in (("S", low, 1), ("E", high, -1)):
        if letter in caps and abs(float(np.abs(rim[0, 1:]).max())) > 1e-6:
            disc(
                assembly,
                frame.points(rim[:-1][::-turn]),
                cap_material or material,
                lods=lods,
                color=color if cap_material is None else cap_color,
            )


def disc(
    assembly: Assembly, rim: NDArray[np.float64], material: str, *, lods: Lods = ALL, color: ArrayLike = WHITE
) -> None:
    """Add a flat convex polygon (N, 3), counter-clockwise, cut into quads that fan out from its first corner."""
    first, right = rim[0], rim[1] - rim[0]
    right = right / max(float(np.linalg.norm(right)), 1e-12)
    normal = np.cross(rim[1] - first, rim[2] - first)
    up = np.cross(normal / max(float(np.linalg.norm(normal)), 1e-12), right)
    uv = np.stack(((rim - first) @ right, (rim - first) @ up), axis=-1)
    index = [(0, i, i + 1, min(i + 2, len(rim) - 1)) for i in range(1, len(rim) - 1, 2)]
    picks = np.array(index)
    assembly.quads(rim[picks], uv[picks], material, lods=lods, color=color)


def lathe(
    assembly: Assembly,
    frame: Frame,
    profile: Sequence[tuple[float, float]],
    material: str,
    *,
    sides: int = 16,
    lods: Lods = ALL,
    color: LinearColor = WHITE,
    smooth_around: bool = True,
    smooth_along: bool = False,
    start_angle: float = 0.0,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> None:
    """Turn a profile of (radius, y), from bottom to top along its outside, about the frame's up axis.

    ``stretch`` scales the s and d axes, for oval shapes; a hole's inside is a profile that runs downwards.
    """
    points = np.asarray(profile, dtype=np.float64)
    angles = start_angle + np.linspace(0.0, 2.0 * math.pi, sides + 1)
    circle = np.stack((np.sin(angles), np.cos(angles)), axis=1)
    circle[-1] = circle[0]
    steps = np.diff(points, axis=0)
    lengths = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-9)
    across = np.stack((steps[:, 1], -steps[:, 0]), axis=1) / lengths[:, None]
    low_across, high_across = across, across
    if smooth_along:
        mean = np.concatenate((across[:1], across[:-1] + across[1:], across[-1:]))
        mean /= np.maximum(np.hypot(mean[:, 0], mean[:, 1]), 1e-9)[:, None]
        low_across, high_across = mean[:-1], mean[1:]
    grid = np.zeros((len(points), sides + 1, 3))
    grid[..., 0] = points[:, None, 0] * circle[None, :, 0] * stretch[0]
    grid[..., 1] = points[:, None, 1]
    grid[..., 2] = points[:, None, 0] * circle[None, :, 1] * stretch[1]
    corners = np.stack((grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]), axis=2)
    normals = None
    if smooth_around:
        sets = []
        for pick, column in ((low_across, slice(None, -1)), (low_across, slice(1, None))):
            sets.append(_lathe_normals(pick, circle[column], stretch))
        for pick, column in ((high_across, slice(1, None)), (high_across, slice(None, -1))):
            sets.append(_lathe_normals(pick, circle[column], stretch))
        normals = np.stack(sets, axis=2).reshape(-1, 4, 3) @ frame.axes
    widest = float(points[:, 0].max())
    run = np.concatenate(((0.0,), np.cumsum(lengths))) + points[0, 1]
    u = np.broadcast_to(angles * widest, (len(points), sides + 1))
    v = np.broadcast_to(run[:, None], (len(points), sides + 1))
    uv = np.stack((u, v), axis=-1)
    uvs = np.stack((uv[:-1, :-1], uv[:-1, 1:], uv[1:, 1:], uv[1:, :-1]), axis=2)
    assembly.quads(
        frame.points(corners.reshape(-1, 4, 3)),
        uvs.reshape(-1, 4, 2),
        material,
        lods=lods,
        color=color,
        normals=normals,
    )


def _lathe_normals(across: Points, circle: Points, stretch: tuple[float, float]) -> Points:
    normals = np.zeros((len(across), len(circle), 3))
    normals[..., 0] = across[:, None, 0] * circle[None, :, 0] / stretch[0]
    normals[..., 1] = across[:, None, 1]
    normals[..., 2] = across[:, None, 0] * circle[None, :, 1] / stretch[1]
    return normals


def prism(
    assembly: Assembly,
    frame: Frame,
    outline: Sequence[tuple[float, float]],
    depth: tuple[float, float],
    material: str,
    *,
    lods: Lods = ALL,
    color: LinearColor = WHITE,
    caps: str = "FB",
) -> None:
    """Extrude a convex outline of (s, y), counter-clockwise from outside, between the two d of ``depth``."""
    back, front = depth
    flat = np.asarray(outline, dtype=np.float64)
    count = len(flat)
    near = np.concatenate((flat, np.full((count, 1), front)), axis=1)
    far = np.concatenate((flat, np.full((count, 1), back)), axis=1)
    following = np.roll(np.arange(count), -1)
    corners = np.stack((far, far[following], near[following], near), axis=1)
    edges = np.hypot(*(flat[following] - flat).T)
    run = np.concatenate(((0.0,), np.cumsum(edges)))
    u = np.stack((run[:-1], run[1:], run[1:], run[:-1]), axis=1)
    v = np.broadcast_to(np.array([0.0, 0.0, front - back, front - back]), (count, 4))
    assembly.quads(frame.points(corners), np.stack((u, v), axis=-1), material, lods=lods, color=color)
    if "F" in caps:
        disc(assembly, frame.points(near), material, lods=lods, color=color)
    if "B" in caps:
        disc(assembly, frame.points(far[::-1]), material, lods=lods, color=color)


def tube(
    assembly: Assembly,
    path: ArrayLike,
    radius: float | Sequence[float],
    material: str,
    *,
    sides: int = 6,
    lods: Lods = ALL,
    color: LinearColor = WHITE,
) -> None:
    """Sweep a circle along a path (N, 3), closed at both ends: ropes, chains, bent iron."""
    centers = np.asarray(path, dtype=np.float64)
    radii = np.broadcast_to(np.asarray(radius, dtype=np.float64), len(centers))
    tangents = np.gradient(centers, axis=0)
    tangents /= np.maximum(np.linalg.norm(tangents, axis=1), 1e-12)[:, None]
    side = np.cross(tangents[0], (0.0, 1.0, 0.0))
    if np.linalg.norm(side) < 1e-3:
        side = np.array([1.0, 0.0, 0.0])
    sides_of: list[Points] = []
    for tangent in tangents:
        side = side - tangent * float(side @ tangent)
        side = side / np.linalg.norm(side)
        sides_of.append(side)
    rights = np.array(sides_of)
    ups = np.cross(tangents, rights)
    angles = np.linspace(0.0, 2.0 * math.pi, sides + 1)
    wheel = np.cos(angles)[None, :, None] * rights[:, None] + np.sin(angles)[None, :, None] * ups[:, None]
    wheel[:, -1] = wheel[:, 0]
    grid = centers[:, None] + wheel * radii[:, None, None]
    run = np.concatenate(((0.0,), np.cumsum(np.linalg.norm(np.diff(centers, axis=0), axis=1))))
    u, v = np.broadcast_to(run[:, None], grid.shape[:2]), np.broadcast_to(angles * float(radii.max()), grid.shape[:2])
    uv = _along(u, v, material)

    assembly.quads(cells_of(grid), cells_of(uv), material, lods=lods, color=color, normals=cells_of(wheel))
    for rim, radius_m in ((grid[0, :-1][::-1], float(radii[0])), (grid[-1, :-1], float(radii[-1]))):
        if radius_m > 0.01:
            disc(assembly, rim, material, lods=lods, color=color)


def cells_of(grid: Points) -> Points:
    """The quads (N, 4, K) of a grid (R, C, K) of corners, facing where rows run up and columns run right."""
    corners = np.stack((grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]), axis=2)
    return corners.reshape(-1, 4, grid.shape[-1])


def _rough_template() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Quads of a chamfered box: vertex 3·corner + axis is the corner's point on the face along ``axis``."""
    quads: list[tuple[int, ...]] = []
    for axis in range(3):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        for high in (0, 1):
            loop = [(0, 0), (1, 0), (1, 1), (0, 1)] if high else [(0, 0), (0, 1), (1, 1), (1, 0)]
            corners = [(high << axis) | (i << a) | (j << b) for i, j in loop]
            quads.append(tuple(3 * corner + axis for corner in corners))
        for i in (0, 1):
            for j in (0, 1):
                low, top = (i << a) | (j << b), (i << a) | (j << b) | (1 << axis)
                loop_edge = (3 * low + a, 3 * top + a, 3 * top + b, 3 * low + b)
                quads.append(loop_edge if i != j else loop_edge[::-1])
    for corner in range(8):
        odd = (corner & 1) ^ ((corner >> 1) & 1) ^ ((corner >> 2) & 1)
        order = (0, 1, 2) if odd else (2, 1, 0)
        loop_corner = tuple(3 * corner + axis for axis in order)
        quads.append((*loop_corner, loop_corner[-1]))
    index = np.array(quads)
    corner_bits = np.array([[(corner >> axis) & 1 for axis in range(3)] for corner in range(8)])
    return index, corner_bits


_ROUGH_QUADS, _CORNER_BITS = _rough_template()


def rough_blocks(
    assembly: Assembly,
    frames: Sequence[Frame],
    sizes: ArrayLike,
    material: str,
    *,
    roughness: float = 0.12,
    chamfer: float = 0.1,
    lods: Lods = ALL,
    color: LinearColor = WHITE,
) -> None:
    """Add hewn blocks: boxes (N, 3) centred in their frames, with worn edges and uneven corners.

    ``roughness`` moves corners and ``chamfer`` cuts edges, both as shares of the block's sides.
    """
    extents = np.asarray(sizes, dtype=np.float64).reshape(-1, 3)
    count = len(extents)
    if not count:
        return
    jitter = assembly.rng.uniform(-roughness, roughness, (count, 8, 3)) * 0.5
    base = (_CORNER_BITS - 0.5)[None] + jitter
    points = np.repeat(base[:, :, None], 3, axis=2)
    shrink = (extents.min(axis=1)[:, None] / extents * chamfer)[:, None, :]
    for axis in range(3):
        for other in range(3):
            if other != axis:
                points[:, :, axis, other] -= np.sign(_CORNER_BITS - 0.5)[None, :, other] * shrink[:, :, other]
    local = (points * extents[:, None, None]).reshape(count, 24, 3)
    axes, origins = np.stack([frame.axes for frame in frames]), np.stack([frame.origin for frame in frames])
    corners = local[:, _ROUGH_QUADS]
    edge = np.cross(corners[..., 1, :] - corners[..., 0, :], corners[..., 2, :] - corners[..., 0, :])
    dominant = np.abs(edge).argmax(axis=-1)
    u_axis, v_axis = np.array([2, 0, 0])[dominant], np.array([1, 2, 1])[dominant]
    u = np.take_along_axis(corners, u_axis[..., None, None], axis=-1)[..., 0]
    v = np.take_along_axis(corners, v_axis[..., None, None], axis=-1)[..., 0]
    shift = assembly.rng.uniform(0.0, 4.0, (count, 1, 1, 2))
    uvs = (np.stack((u, v), axis=-1) + shift).reshape(-1, 4, 2)
    world = np.einsum("nqki,nij->nqkj", corners, axes) + origins[:, None, None]
    assembly.quads(world.reshape(-1, 4, 3), uvs, material, lods=lods, color=color)


def hull_cylinder(
    assembly: Assembly, start: ArrayLike, end: ArrayLike, radius: float, material_surface: str, *, sides: int = 8
) -> None:
    """Add the hull of a cylinder as a collider; ``material_surface`` is the material whose surface it has."""
    frame = frame_between(start, end)
    length = float(np.linalg.norm(np.asarray(end, dtype=np.float64) - frame.origin))
    angles = np.arange(sides) * (2.0 * math.pi / sides)
    rim = np.stack((np.zeros(sides), np.cos(angles) * radius, np.sin(angles) * radius), axis=1)
    assembly.hull(frame.points(np.concatenate((rim, rim + np.array([length, 0.0, 0.0])))), surface_of(material_surface))
