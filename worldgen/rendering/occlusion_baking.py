"""Ambient occlusion of one thing, baked into a map over its lightmap UVs by Embree.

A texel tells the share of a cloudy sky's light that reaches it: rays are drawn by the cosine law around the surface's
normal, and those count that meet nothing of the thing itself. The thing stands on a level ground, which shades what is
close to it: in the open the ground is as bright as the sky below the horizon that engines light things with, but not at
a wall's foot, where the thing keeps the light from it. Lengths are metres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.rendering.embree import NO_HIT, InstancedScene
from worldgen.scene.triangle_mesh import TriangleMesh

_REACH_PX = 1.4143
"""Texels whose middles lie this far outside a triangle are still looked at by its bilinear filter."""
_RAYS_AT_A_TIME = 1 << 19
_OFFSET = 2e-4
"""How far above the surface rays begin, as a share of the thing's size."""
_INWARDS = 1e-3
"""How far a texel's point is drawn from the rim of its triangle to the middle."""
_MAX_BACKS = 0.5
"""A texel that sees more backs than this share of its rays lies inside another solid and shows nowhere."""
_GOLDEN = 0.618033988749895


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BakedPart:
    """A part of a thing: its mesh, its (V, 2) float32 UVs without overlaps, and whether its backs are seen as well."""

    mesh: TriangleMesh
    uvs: NDArray[np.float32]
    is_double_sided: bool = False


def bake_occlusion(
    parts: Sequence[BakedPart], size_px: int, *, num_rays: int, ground_reach_m: float = 0.0
) -> NDArray[np.uint8]:
    """Bake the light that reaches a thing's surface; 255 is all of it.

    Args:
        parts: All that belongs to the thing, in its own frame: +y is up, the ground at y = 0.
        size_px: Side of the map.
        num_rays: From each texel.
        ground_reach_m: How far up from the ground its shade is felt; 0 leaves the ground away.

    Returns:
        (size_px, size_px), row 0 at v = 0. Gutters hold what is nearest to them.
    """
    corners = np.concatenate([part.mesh.vertices[part.mesh.triangles] for part in parts]).astype(np.float32)
    normals = np.concatenate([part.mesh.normals[part.mesh.triangles] for part in parts]).astype(np.float32)
    uvs = np.concatenate([part.uvs[part.mesh.triangles] for part in parts]).astype(np.float32)
    has_backs = np.concatenate([np.full(part.mesh.num_triangles, part.is_double_sided) for part in parts])
    owners, weights = _rasterize(uvs, size_px)
    texels = np.flatnonzero(owners >= 0)
    if not len(texels):
        return np.full((size_px, size_px), 255, dtype=np.uint8)
    facets = _facets(corners, normals)
    surface = _surface_at(corners, normals, facets, owners[texels], weights[texels])
    solid = _Solid(corners, facets, has_backs, ground_reach_m)
    light, is_seen = _light_at(surface, solid, texels, num_rays)
    picture = np.full(size_px * size_px, 255, dtype=np.uint8)
    picture[texels] = np.rint(light * 255.0).astype(np.uint8)
    known = np.zeros(size_px * size_px, dtype=np.bool_)
    known[texels if not is_seen.any() else texels[is_seen]] = True
    return _filled(picture.reshape(size_px, size_px), known.reshape(size_px, size_px))


@dataclass(frozen=True, slots=True, eq=False)
class _Surface:
    """What texels show: (N, 3) float32 places, normals as they are shaded, and normals of the flat triangles."""

    points: NDArray[np.float32]
    shading: NDArray[np.float32]
    facets: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Solid:
    """What rays meet: (T, 3, 3) corners of triangles, their flat normals, whether both sides are seen; the ground."""

    corners: NDArray[np.float32]
    facets: NDArray[np.float32]
    has_backs: NDArray[np.bool_]
    ground_reach_m: float


def _facets(corners: NDArray[np.float32], normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, 3) flat normals, to the side that the shading normals are on; those where a triangle has no area."""
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    shading = normals.sum(axis=1)
    flat *= np.where(np.einsum("ij,ij->i", flat, shading) < 0.0, np.float32(-1.0), np.float32(1.0))[:, None]
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return _unit(np.where(length > 1e-12, flat, shading))


def _surface_at(
    corners: NDArray[np.float32],
    normals: NDArray[np.float32],
    facets: NDArray[np.float32],
    triangles: NDArray[np.int32],
    weights: NDArray[np.float32],
) -> _Surface:
    inner = weights * np.float32(1.0 - _INWARDS) + np.float32(_INWARDS / 3.0)
    return _Surface(
        points=np.einsum("nk,nkc->nc", inner, corners[triangles]),
        shading=_unit(np.einsum("nk,nkc->nc", weights, normals[triangles])),
        facets=facets[triangles],
    )


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    fallback = np.array([0.0, 1.0, 0.0], dtype=np.float32)
    return np.where(length > 1e-20, vectors / np.maximum(length, 1e-20), fallback).astype(np.float32)


def _light_at(
    surface: _Surface, solid: _Solid, texels: NDArray[np.int64], num_rays: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The light of each texel, and whether it can be seen at all."""
    offset = np.float32(_OFFSET * float(np.ptp(solid.corners.reshape(-1, 3), axis=0).max()))
    # Embree reads 16 bytes at a time: one vertex more than is used.
    vertices = np.concatenate([solid.corners.reshape(-1, 3), np.zeros((1, 3), dtype=np.float32)])
    scene = InstancedScene()
    scene.add_instance(
        scene.add_group([(vertices, np.arange(3 * len(solid.corners), dtype=np.int32).reshape(-1, 3))]), np.eye(4)
    )
    scene.commit()
    light = np.zeros(len(texels), dtype=np.float32)
    is_seen = np.zeros(len(texels), dtype=np.bool_)
    step = max(_RAYS_AT_A_TIME // num_rays, 1)
    for start in range(0, len(texels), step):
        part = slice(start, start + step)
        origins = surface.points[part] + surface.facets[part] * offset
        directions = _draw_directions(surface.shading[part], surface.facets[part], texels[part], num_rays)
        hits = scene.intersect(np.repeat(origins, num_rays, axis=0), directions)
        _gather(
            (hits.distances, hits.ids, directions),
            origins[:, 1],
            (solid.facets, solid.has_backs),
            solid.ground_reach_m,
            (light[part], is_seen[part]),
        )
    scene.close()
    return light, is_seen


def _filled(picture: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture with the nearest known value wherever there is none."""
    from scipy.ndimage import distance_transform_edt

    rows, columns = distance_transform_edt(~known, return_distances=False, return_indices=True)
    return np.ascontiguousarray(picture[rows, columns])


@numba.njit(cache=True)
def _rasterize(uvs: NDArray[np.float32], size: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """For each of size² texels the nearest triangle within reach, -1 without one, and its nearest point's weights."""
    owners = np.full(size * size, -1, dtype=np.int32)
    weights = np.zeros((size * size, 3), dtype=np.float32)
    nearest = np.full(size * size, np.inf)
    found = np.zeros(3)
    for triangle in range(len(uvs)):
        xs = uvs[triangle, :, 0] * np.float64(size) - 0.5
        ys = uvs[triangle, :, 1] * np.float64(size) - 0.5
        for row in range(max(math.ceil(ys.min() - _REACH_PX), 0), min(math.floor(ys.max() + _REACH_PX), size - 1) + 1):
            left, right = math.ceil(xs.min() - _REACH_PX), math.floor(xs.max() + _REACH_PX)
            for column in range(max(left, 0), min(right, size - 1) + 1):
                texel = row * size + column
                distance = _nearest_weights(xs - column, ys - row, found)
                if distance < min(nearest[texel], _REACH_PX):
                    nearest[texel], owners[texel] = distance, triangle
                    for corner in range(3):
                        weights[texel, corner] = found[corner]
    return owners, weights


@numba.njit(cache=True)
def _nearest_weights(xs: NDArray[np.float64], ys: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Weights of the point of a triangle that is nearest to the origin; returns its distance."""
    area = (xs[1] - xs[0]) * (ys[2] - ys[0]) - (ys[1] - ys[0]) * (xs[2] - xs[0])
    if area != 0.0:
        inside = True
        for corner in range(3):
            one, two = (corner + 1) % 3, (corner + 2) % 3
            weights[corner] = (xs[one] * ys[two] - ys[one] * xs[two]) / area
            inside = inside and weights[corner] >= 0.0
        if inside:
            return 0.0
    best = np.inf
    start, share = 0, 0.0
    for corner in range(3):
        other = (corner + 1) % 3
        x, y = xs[other] - xs[corner], ys[other] - ys[corner]
        square = x * x + y * y
        along = min(max(-(xs[corner] * x + ys[corner] * y) / square, 0.0), 1.0) if square > 0.0 else 0.0
        distance = math.hypot(xs[corner] + along * x, ys[corner] + along * y)
        if distance < best:
            best, start, share = distance, corner, along
    weights[:] = 0.0
    weights[start] = 1.0 - share
    weights[(start + 1) % 3] = share
    return best


@numba.njit(cache=True)
def _draw_directions(
    shading: NDArray[np.float32], facets: NDArray[np.float32], texels: NDArray[np.int64], num_rays: int
) -> NDArray[np.float32]:
    """(N · num_rays, 3) unit directions by the cosine law; those below the flat triangle are mirrored above it."""
    directions = np.zeros((len(texels) * num_rays, 3), dtype=np.float32)
    for index in range(len(texels)):
        x, y, z = float(shading[index, 0]), float(shading[index, 1]), float(shading[index, 2])
        # Any vector across the normal: the axis that is least along it, made perpendicular.
        if abs(x) <= abs(y) and abs(x) <= abs(z):
            ux, uy, uz = 0.0, -z, y
        elif abs(y) <= abs(z):
            ux, uy, uz = z, 0.0, -x
        else:
            ux, uy, uz = -y, x, 0.0
        length = math.sqrt(ux * ux + uy * uy + uz * uz)
        ux, uy, uz = ux / length, uy / length, uz / length
        vx, vy, vz = y * uz - z * uy, z * ux - x * uz, x * uy - y * ux
        one, two = _shift(texels[index], 1), _shift(texels[index], 2)
        for ray in range(num_rays):
            square = ((ray + 0.5) / num_rays + one) % 1.0
            angle = 2.0 * math.pi * ((ray * _GOLDEN + two) % 1.0)
            radius, up = math.sqrt(square), math.sqrt(1.0 - square)
            right, ahead = radius * math.cos(angle), radius * math.sin(angle)
            dx = right * ux + ahead * vx + up * x
            dy = right * uy + ahead * vy + up * y
            dz = right * uz + ahead * vz + up * z
            below = min(dx * facets[index, 0] + dy * facets[index, 1] + dz * facets[index, 2], 0.0)
            row = index * num_rays + ray
            directions[row, 0] = dx - 2.0 * below * facets[index, 0]
            directions[row, 1] = dy - 2.0 * below * facets[index, 1]
            directions[row, 2] = dz - 2.0 * below * facets[index, 2]
    return directions


@numba.njit(cache=True)
def _shift(texel: int, stream: int) -> float:
    """A number in 0 to 1 that looks random and is the same for the same texel."""
    value = (np.uint64(texel) * np.uint64(2) + np.uint64(stream)) * np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.float64((value >> np.uint64(32)) & np.uint64(0xFFFFFF)) / 16777216.0


@numba.njit(cache=True)
def _gather(hits: Any, heights: NDArray[np.float32], sides: Any, ground_reach: float, results: Any) -> None:
    """The mean of what rays find, by texel, and whether a texel sees not mostly the backs of solids."""
    distances, ids, directions = hits
    facets, has_backs = sides
    light, is_seen = results
    num_rays = len(directions) // len(light)
    for index in range(len(light)):
        total, backs = 0.0, 0
        for row in range(index * num_rays, (index + 1) * num_rays):
            shade = 0.0
            to_ground = np.inf
            if ground_reach > 0.0 and directions[row, 1] < 0.0:
                to_ground = max(heights[index], 0.0) / -directions[row, 1]
            if to_ground <= distances[row]:
                if to_ground < ground_reach:
                    shade = (1.0 - to_ground / ground_reach) ** 2
            elif ids[row, 2] != NO_HIT:
                shade = 1.0
                triangle = ids[row, 2]
                facing = (
                    directions[row, 0] * facets[triangle, 0]
                    + directions[row, 1] * facets[triangle, 1]
                    + directions[row, 2] * facets[triangle, 2]
                )
                backs += facing > 0.0 and not has_backs[triangle]
            total += 1.0 - shade
        light[index] = total / num_rays
        is_seen[index] = backs <= _MAX_BACKS * num_rays
