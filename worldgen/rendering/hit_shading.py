"""What surfaces look like where rays hit them: normals and albedo; compiled loops over independent rays."""

from __future__ import annotations

import math
from typing import Any

import numba

from worldgen.rendering.embree import NO_HIT
from worldgen.rendering.texture_pyramids import sample_pyramid

_MIN_NORMAL_AGREEMENT = 0.5
"""Cosine between vertex normal and triangle below which the triangle's own normal counts (bent leaf normals)."""

_WATER_F0 = 0.02
"""Fresnel reflectance of water at normal incidence (index of refraction 1.33)."""


@numba.njit(cache=True, inline="always")
def _world_normal(linear: Any, x: float, y: float, z: float) -> tuple[float, float, float]:
    # Transforms are rotations with a uniform scale, so normals turn like vectors.
    nx = linear[0, 0] * x + linear[0, 1] * y + linear[0, 2] * z
    ny = linear[1, 0] * x + linear[1, 1] * y + linear[1, 2] * z
    nz = linear[2, 0] * x + linear[2, 1] * y + linear[2, 2] * z
    scale = 1.0 / math.sqrt(max(nx * nx + ny * ny + nz * nz, 1e-30))
    return nx * scale, ny * scale, nz * scale


@numba.njit(parallel=True, cache=True)
def hit_normals(directions: Any, hits: Any, tables: Any, results: Any) -> None:
    """Geometric and shading normals of hits, both facing the rays; zero for misses.

    Args:
        directions: (N, 3) float32.
        hits: barycentrics, normals and ids of ``RayHits``.
        tables: triangles, normals, parts, objects and linear of ``SurfaceTables``.
        results: geometric (N, 3) and shading (N, 3) float32, filled.
    """
    barycentrics, facets, ids = hits
    triangles, normals, parts, objects, linear = tables
    geometric, shading = results
    for index in numba.prange(len(directions)):
        if ids[index, 0] == NO_HIT:
            continue
        item = ids[index, 0]
        part = objects[item, 0] + ids[index, 1]
        triangle = parts[part, 0] + ids[index, 2]
        first = parts[part, 1]
        a, b, c = first + triangles[triangle, 0], first + triangles[triangle, 1], first + triangles[triangle, 2]
        gx, gy, gz = _world_normal(linear[item], facets[index, 0], facets[index, 1], facets[index, 2])
        dx, dy, dz = directions[index, 0], directions[index, 1], directions[index, 2]
        if gx * dx + gy * dy + gz * dz > 0.0:
            gx, gy, gz = -gx, -gy, -gz
        wb, wc = barycentrics[index, 0], barycentrics[index, 1]
        wa = 1.0 - wb - wc
        sx, sy, sz = _world_normal(
            linear[item],
            wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0],
            wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1],
            wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2],
        )
        agreement = sx * gx + sy * gy + sz * gz
        if agreement < 0.0:
            sx, sy, sz, agreement = -sx, -sy, -sz, -agreement
        if agreement < _MIN_NORMAL_AGREEMENT or sx * dx + sy * dy + sz * dz >= 0.0:
            sx, sy, sz = gx, gy, gz
        geometric[index, 0], geometric[index, 1], geometric[index, 2] = gx, gy, gz
        shading[index, 0], shading[index, 1], shading[index, 2] = sx, sy, sz


@numba.njit(parallel=True, cache=True)
def hit_albedo(rays: Any, hits: Any, tables: Any, results: Any) -> None:
    """Base colour x texture x vertex colour at hits, filtered over each pixel's footprint; 1 for misses.

    Args:
        rays: directions (N, 3) float32 and pixel angles (N,) float32 in radians.
        hits: distances, barycentrics, normals and ids of ``RayHits``, and geometric normals (N, 3) in world.
        tables: triangles, uvs, colors, parts, objects, linear, base_colors, material_info,
            ``TexturePyramids.as_tuple()`` and ``LINEAR_FROM_BYTE``.
        results: albedo (N, 3) float32, filled; and the same where mirrors (water, glass) have the share of light that
            they reflect added, so that a denoiser sees how little of the body's colour shows at grazing angles,
            (N, 3) float32, or (0, 3) if nobody asks for it.
    """
    directions, angles = rays
    albedo, mirrored = results
    with_mirrors = len(mirrored) > 0
    distances, barycentrics, facets, ids, normals = hits
    triangles, uvs, colors, parts, objects, linear, base_colors, info, pyramids, lookup = tables
    for index in numba.prange(len(directions)):
        if ids[index, 0] == NO_HIT:
            albedo[index, 0] = albedo[index, 1] = albedo[index, 2] = 1.0
            if with_mirrors:
                mirrored[index, 0] = mirrored[index, 1] = mirrored[index, 2] = 1.0
            continue
        item = ids[index, 0]
        part = objects[item, 0] + ids[index, 1]
        triangle = parts[part, 0] + ids[index, 2]
        ta, tb, tc = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
        wb, wc = barycentrics[index, 0], barycentrics[index, 1]
        wa = 1.0 - wb - wc
        material = parts[part, 4]
        red, green, blue = base_colors[material, 0], base_colors[material, 1], base_colors[material, 2]
        if parts[part, 3] >= 0:
            a, b, c = parts[part, 3] + ta, parts[part, 3] + tb, parts[part, 3] + tc
            red *= wa * colors[a, 0] + wb * colors[b, 0] + wc * colors[c, 0]
            green *= wa * colors[a, 1] + wb * colors[b, 1] + wc * colors[c, 1]
            blue *= wa * colors[a, 2] + wb * colors[b, 2] + wc * colors[c, 2]
        cosine = -(
            directions[index, 0] * normals[index, 0]
            + directions[index, 1] * normals[index, 1]
            + directions[index, 2] * normals[index, 2]
        )
        if info[material, 0] >= 0:
            a, b, c = parts[part, 2] + ta, parts[part, 2] + tb, parts[part, 2] + tc
            u = wa * uvs[a, 0] + wb * uvs[b, 0] + wc * uvs[c, 0]
            v = wa * uvs[a, 1] + wb * uvs[b, 1] + wc * uvs[c, 1]
            uv_area = abs(
                (uvs[b, 0] - uvs[a, 0]) * (uvs[c, 1] - uvs[a, 1]) - (uvs[b, 1] - uvs[a, 1]) * (uvs[c, 0] - uvs[a, 0])
            )
            double_area = math.sqrt(
                facets[index, 0] * facets[index, 0]
                + facets[index, 1] * facets[index, 1]
                + facets[index, 2] * facets[index, 2]
            )
            scale = (
                linear[item, 0, 0] * linear[item, 0, 0]
                + linear[item, 1, 0] * linear[item, 1, 0]
                + linear[item, 2, 0] * linear[item, 2, 0]
            )
            tiles_per_metre = math.sqrt(uv_area / max(double_area * scale, 1e-20))
            # The geometric mean of the footprint's two axes: sharper than its long one, calmer than its short one.
            side = angles[index] * distances[index] / math.sqrt(max(cosine, 0.02)) * tiles_per_metre
            texel = sample_pyramid(pyramids, info[material, 0], (u, v), (side, lookup))
            red, green, blue = red * texel[0], green * texel[1], blue * texel[2]
        albedo[index, 0], albedo[index, 1], albedo[index, 2] = red, green, blue
        if with_mirrors:
            share = 0.0
            if info[material, 1] == 1:
                # Schlick's approximation of the Fresnel reflectance (1994).
                share = _WATER_F0 + (1.0 - _WATER_F0) * (1.0 - max(cosine, 0.0)) ** 5
            mirrored[index, 0] = red + (1.0 - red) * share
            mirrored[index, 1] = green + (1.0 - green) * share
            mirrored[index, 2] = blue + (1.0 - blue) * share
