"""Stones: solids cut by planes, worn and cracked by noise, unwrapped for stone textures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from worldgen.builder.modelling.branches import Doubles, random_directions, unit
from worldgen.builder.modelling.mesh_builder import Floats, Indices, MeshBuilder, smooth_normals, triangle_crosses
from worldgen.builder.modelling.noise import Noise3
from worldgen.builder.modelling.plant_colors import smoothstep

StoneSurface = Callable[[Doubles], Doubles]
"""Points (N, 3) of a stone's surface, metres, for unit directions (N, 3) from its middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoneShape:
    """How a stone is cut and worn."""

    size_m: tuple[float, float, float]
    """Width, height and depth."""
    num_planes: int = 22
    plane_range: tuple[float, float] = (0.64, 1.0)
    """Distances of the cutting planes, as shares of the half size."""
    sharpness: float = 40.0
    """Large values keep edges crisp, small ones wear them round."""
    roughness: float = 0.07
    cracks: float = 0.05
    strata: float = 0.0
    """Depth of horizontal layers, as a share of the width."""
    strata_m: float = 0.35
    boxiness: float = 0.0
    """1 cuts upright joints like those of a rock wall."""
    blocks: float = 0.0
    """How far the blocks of a jointed wall stand out or back, metres."""
    block_m: float = 1.6
    narrowing: float = 0.0
    """How much thinner the top is than the foot."""


@lru_cache(maxsize=6)
def icosphere(level: int) -> tuple[Doubles, Indices]:
    """Unit directions and triangles of an icosahedron split ``level`` times (20 * 4^level triangles)."""
    golden = (1.0 + 5.0**0.5) / 2.0
    corners = [(-1, golden, 0), (1, golden, 0), (-1, -golden, 0), (1, -golden, 0)]
    corners += [(0, x, y) for x, y in ((-1, golden), (1, golden), (-1, -golden), (1, -golden))]
    corners += [(golden, 0, -1), (golden, 0, 1), (-golden, 0, -1), (-golden, 0, 1)]
    faces = [(0, 11, 5), (0, 5, 1), (0, 1, 7), (0, 7, 10), (0, 10, 11), (1, 5, 9), (5, 11, 4), (11, 10, 2), (10, 7, 6)]
    faces += [(7, 1, 8), (3, 9, 4), (3, 4, 2), (3, 2, 6), (3, 6, 8), (3, 8, 9), (4, 9, 5), (2, 4, 11), (6, 2, 10)]
    faces += [(8, 6, 7), (9, 8, 1)]
    points = unit(np.array(corners, dtype=np.float64))
    triangles = np.array(faces, dtype=np.int64)
    for _ in range(level):
        edges = np.sort(np.concatenate((triangles[:, (0, 1)], triangles[:, (1, 2)], triangles[:, (2, 0)])), axis=1)
        unique, index = np.unique(edges, axis=0, return_inverse=True)
        middle = len(points) + index.reshape(3, -1)
        a, b, c = triangles.T
        ab, bc, ca = middle
        points = np.concatenate((points, unit(points[unique].mean(axis=1))))
        triangles = np.concatenate(
            [np.stack(corner, axis=1) for corner in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
        )
    indices = triangles.astype(np.int32)
    points.flags.writeable = indices.flags.writeable = False
    return points, indices


def stone_surface(shape: StoneShape, generator: np.random.Generator) -> StoneSurface:
    """A stone's surface as a function of direction, so that every level of detail samples the same stone."""
    planes = random_directions(shape.num_planes, generator)
    if shape.boxiness > 0.0:
        upright = planes * (1.0, 1.0 - shape.boxiness, 1.0)
        planes = unit(np.where(np.abs(planes[:, 1:2]) < 0.75, upright, planes))
    distances = generator.uniform(*shape.plane_range, shape.num_planes)
    noise = Noise3(generator)
    half = 0.5 * np.asarray(shape.size_m)
    turn = generator.uniform(0.0, 2.0 * np.pi)
    spin = np.array([[np.cos(turn), 0.0, np.sin(turn)], [0.0, 1.0, 0.0], [-np.sin(turn), 0.0, np.cos(turn)]])
    num_layers = max(int(shape.size_m[1] / shape.strata_m) + 2, 3)
    layer_tops = np.cumsum(generator.uniform(0.4, 1.6, num_layers))
    layer_tops = (layer_tops / layer_tops[-1] * 2.6 - 1.3) * half[1]
    layer_depths = generator.uniform(-1.0, 1.0, num_layers)
    mean = float(half.mean())
    block_seeds = _block_seeds(shape, generator) if shape.blocks > 0.0 else None

    def surface(directions: Doubles) -> Doubles:
        facing = directions @ planes.T
        hits = distances / np.maximum(facing, 0.06)
        # A smooth minimum over the planes bevels their edges.
        nearest = hits.min(axis=1, keepdims=True)
        radii = nearest[:, 0] - np.log(np.exp(-shape.sharpness * (hits - nearest)).sum(axis=1)) / shape.sharpness
        radii = np.clip(radii, 0.35, 1.15)
        base = directions * radii[:, None]
        if shape.boxiness == 0.0:
            base = base @ spin.T
        points = base * half
        warp = noise.fractal(base * 1.7, 5, gain=0.55)
        creases = smoothstep(0.72, 0.98, noise.ridged(base * 1.5 + 31.0, 2))
        points = points * (1.0 + shape.roughness * warp - shape.cracks * creases)[:, None]
        points += directions * (mean * 0.35 * shape.roughness * noise.sample(base * 9.0 + 3.0))[:, None]
        if shape.narrowing > 0.0:
            share = np.clip(points[:, 1] / half[1] * 0.5 + 0.5, 0.0, 1.0)
            points[:, 0::2] *= (1.0 - shape.narrowing * share**1.3)[:, None]
        if block_seeds is not None:
            points = points + unit(points * (1.0, 0.25, 1.0)) * _block_offsets(shape, points, *block_seeds)[:, None]
        if shape.strata > 0.0:
            level = points[:, 1] + 0.12 * shape.strata_m * noise.sample(points * 0.4)
            layer = np.clip(np.searchsorted(layer_tops, level), 0, num_layers - 1)
            below = np.where(layer > 0, layer_tops[np.maximum(layer - 1, 0)], layer_tops[0] - 1.0)
            inside = np.clip((level - below) / np.maximum(layer_tops[layer] - below, 1e-3), 0.0, 1.0)
            ledge = layer_depths[layer] + 0.5 * np.sqrt(np.clip(4.0 * inside * (1.0 - inside), 0.0, 1.0))
            points[:, 0::2] *= (1.0 + shape.strata * ledge)[:, None]
        return points

    return surface


def _block_seeds(shape: StoneShape, generator: np.random.Generator) -> tuple[Doubles, Doubles]:
    """Middles of blocks (K, 3) in units of a block, and how far each stands out (K,)."""
    extent = np.asarray(shape.size_m) / (shape.block_m * np.array([1.0, 1.35, 1.0]))
    count = int(np.clip(1.2 * extent.prod(), 12, 220))
    return generator.uniform(-0.55, 0.55, (count, 3)) * extent, generator.uniform(-1.0, 1.0, count)


def _block_offsets(shape: StoneShape, points: Doubles, seeds: Doubles, stands: Doubles) -> Doubles:
    """Offsets (N,) of a surface broken into cells, with grooves along the joints."""
    scaled = points / (shape.block_m * np.array([1.0, 1.35, 1.0]))
    squared = (scaled**2).sum(axis=1)[:, None] + (seeds**2).sum(axis=1)[None] - 2.0 * scaled @ seeds.T
    nearest = np.argpartition(squared, 1, axis=1)[:, :2]
    distances = np.sqrt(np.maximum(np.take_along_axis(squared, nearest, axis=1), 0.0))
    order = np.argsort(distances, axis=1, kind="stable")
    nearest, distances = np.take_along_axis(nearest, order, axis=1), np.take_along_axis(distances, order, axis=1)
    inside = smoothstep(0.0, 0.3, distances[:, 1] - distances[:, 0])
    own, other = stands[nearest[:, 0]], stands[nearest[:, 1]]
    offsets: Doubles = shape.blocks * (own + (other - own) * 0.5 * (1.0 - inside) - 0.45 * (1.0 - inside))
    return offsets


def add_stone(
    builder: MeshBuilder,
    surface: StoneSurface,
    *,
    level: int,
    center: Doubles,
    tile_m: float,
    turn: float = 0.0,
) -> tuple[Floats, Indices, Floats]:
    """Add a stone at one level of detail.

    Args:
        builder: Where it goes.
        surface: Its surface.
        level: Splits of the icosahedron.
        center: (3,) where its middle lies.
        tile_m: Metres per texture tile.
        turn: Turn about the vertical, radians.

    Returns:
        Its closed surface: vertices, triangles and normals, before the unwrapping splits vertices.
    """
    directions, triangles = icosphere(level)
    rotation = np.array([[np.cos(turn), 0.0, np.sin(turn)], [0.0, 1.0, 0.0], [-np.sin(turn), 0.0, np.cos(turn)]])
    vertices = (surface(directions) @ rotation.T + center).astype(np.float32)
    normals = smooth_normals(vertices, triangles)
    add_box_unwrapped(builder, vertices, triangles, normals, tile_m=tile_m)
    return vertices, triangles, normals


def add_box_unwrapped(
    builder: MeshBuilder, vertices: Floats, triangles: Indices, normals: Floats, *, tile_m: float
) -> None:
    """Add a surface with UVs projected along the axis that each triangle faces most; seams split vertices."""
    # Mean vertex normals vary less than the triangles' own, so seams run straighter.
    flat = unit(triangle_crosses(vertices, triangles).astype(np.float64))
    facing_way = normals[triangles].sum(axis=1) + 0.15 * flat
    axis = np.abs(facing_way).argmax(axis=1)
    sign = np.sign(np.take_along_axis(facing_way, axis[:, None], axis=1)[:, 0])
    side = (axis * 2 + (sign < 0.0)).astype(np.int64)
    # Corners at sharp edges leave the smooth normal for the triangle's own, and with it the shared vertex.
    sharpness = smoothstep(0.1, 0.28, 1.0 - np.einsum("tci,ti->tc", normals[triangles].astype(np.float64), flat))
    own_corner = np.where(sharpness > 0.0, np.arange(1, len(triangles) + 1)[:, None], 0)
    keys = (triangles.astype(np.int64) * 6 + side[:, None]) * (len(triangles) + 1) + own_corner
    _, first, corners = np.unique(keys, return_index=True, return_inverse=True)
    source, facing = triangles.ravel()[first], np.repeat(side, 3)[first]
    points = vertices[source]
    x, y, z = points.T
    flip = np.where(facing % 2 == 1, -1.0, 1.0)
    u = np.choose(facing // 2, (-z * flip, x, x * flip))
    v = np.choose(facing // 2, (y, -z * flip, y))
    uvs = np.stack((u, v), axis=1) / tile_m
    share = 0.75 * sharpness.ravel()[first][:, None]
    shading = normals[source] * (1.0 - share) + np.repeat(flat, 3, axis=0)[first] * share
    builder.add_indexed(points, corners.reshape(-1, 3), normals=shading, uvs=uvs)
