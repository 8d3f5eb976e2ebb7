"""Levels of detail: which one each object shows, within the tier's triangle budget."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from worldgen.scene.labels import LABEL_INDEX, LABELS
from worldgen.scene.scene import Prototype, SceneObject

_TRIANGLES_PER_PIXEL = 0.45
"""What one pixel of the spawn panorama deserves; coarser levels would show their facets."""
_LANDMARK_WEIGHT = 8.0
"""Buildings and props are few and are walked up to, so they keep their detail much farther out."""
_NEAREST_M = 2.0
"""Visitors walk a few metres, so nothing is treated as nearer or much farther than they may come."""


_COARSE_SHARE = 0.7
"""Share of the budget that the coarsest levels of everything may take: what stands near gets the rest, and where there
is more than that, what shows least for its triangles goes rather than the leaves of the first trees."""


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    triangles: NDArray[np.int64]
    height: float
    width: float
    weight: float


def choose_levels(
    objects: Sequence[SceneObject],
    prototypes: Mapping[str, Prototype],
    *,
    budget: int,
    panorama_height: int,
) -> tuple[list[SceneObject], int]:
    """Give every object its level of detail; drop plants and stones that show least if even the coarsest do not fit.

    Args:
        objects: All placed objects, land and water not included.
        prototypes: Prototypes by name.
        budget: Triangles that all objects together may have.
        panorama_height: Rows of the spawn panorama, which sets how large things appear.

    Returns:
        The objects with their levels, in the same order, and how many were dropped.
    """
    if not objects:
        return [], 0
    shapes = {name: _shape(prototype) for name, prototype in prototypes.items()}
    matrices = np.stack([item.world_from_object for item in objects])
    scale = np.cbrt(np.linalg.det(matrices[:, :3, :3]))
    distance = np.maximum(np.hypot(matrices[:, 0, 3], matrices[:, 2, 3]), _NEAREST_M)
    kinds = [shapes[item.prototype] for item in objects]
    area = np.array([shape.height * shape.width for shape in kinds]) * scale**2
    pixels_per_radian = panorama_height / math.pi
    pixels = area * (pixels_per_radian / distance) ** 2
    pixels *= np.array([shape.weight for shape in kinds])
    table, kind_of = _triangle_table(objects, shapes)
    keep = np.ones(len(objects), dtype=bool)
    coarsest = np.array([int(shape.triangles[-1]) for shape in kinds])
    least = int(coarsest.sum())
    for index in np.argsort(pixels / np.maximum(coarsest, 1), kind="stable"):
        if least <= _COARSE_SHARE * budget:
            break
        if kinds[index].weight > 1.0:
            continue
        keep[index] = False
        least -= int(coarsest[index])
    factor = _TRIANGLES_PER_PIXEL
    while True:
        levels = _levels(table, kind_of, pixels * factor)
        if factor == 0.0 or int(table[kind_of, levels][keep].sum()) <= budget:
            break
        factor = 0.8 * factor if factor > 1e-3 else 0.0
    chosen = [replace(item, lod=int(level)) for item, level, kept in zip(objects, levels, keep, strict=True) if kept]
    return chosen, int((~keep).sum())


def _triangle_table(
    objects: Sequence[SceneObject], shapes: Mapping[str, _Shape]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(K, L) triangles of each prototype's levels, -1 where it has none, and (N,) the row of each object."""
    row_of = {name: row for row, name in enumerate(shapes)}
    most = max(len(shape.triangles) for shape in shapes.values())
    table = np.full((len(shapes), most), -1, dtype=np.int64)
    for row, shape in enumerate(shapes.values()):
        table[row, : len(shape.triangles)] = shape.triangles
    return table, np.array([row_of[item.prototype] for item in objects])


def _levels(table: NDArray[np.int64], kind_of: NDArray[np.int64], wanted: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each object the coarsest level with at least the wanted number of triangles, else the finest."""
    fits = (table[kind_of] >= wanted[:, None])[:, ::-1]
    levels: NDArray[np.int64] = np.where(fits.any(axis=1), table.shape[1] - 1 - fits.argmax(axis=1), 0)
    return levels


def _shape(prototype: Prototype) -> _Shape:
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for part in prototype.lods[0]:
        low = np.minimum(low, part.mesh.vertices.min(axis=0))
        high = np.maximum(high, part.mesh.vertices.max(axis=0))
    size = np.maximum(high - low, 0.01)
    is_landmark = LABELS[LABEL_INDEX[prototype.label]].group in ("structure", "prop")
    return _Shape(
        triangles=np.array(prototype.num_triangles),
        height=float(size[1]),
        width=float(max(size[0], size[2])),
        weight=_LANDMARK_WEIGHT if is_landmark else 1.0,
    )
