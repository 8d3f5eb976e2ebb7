"""A panorama of level ground with a round tower under an even sky with a sun, worked out pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.equirectangular import equirectangular_rays
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.view import Buffers, View

EYE_M = 1.6
TOWER_RADIUS_M, TOWER_HEIGHT_M = 1.5, 8.0
_FAR_M = 80.0


def tower_view(
    *, tower: tuple[float, float] | None, height: int = 128, sun: NDArray[np.float64] | None = None, ground: float = 0.3
) -> View:
    """Ground up to 80 m, a tower around (x, z), an even sky with a sun in a direction, by its glow alone."""
    rays = equirectangular_rays(height).astype(np.float64)
    depth = np.where(rays[..., 1] < 0.0, EYE_M / np.maximum(-rays[..., 1], 1e-9), np.inf)
    depth[depth > _FAR_M] = np.inf
    labels = np.where(np.isfinite(depth), LABEL_INDEX["ground"], LABEL_INDEX["sky"]).astype(np.uint8)
    if tower is not None:
        flat = rays[..., [0, 2]]
        square = np.maximum((flat**2).sum(axis=-1), 1e-12)
        along = flat @ np.array(tower) / square
        gap = along**2 - (tower[0] ** 2 + tower[1] ** 2 - TOWER_RADIUS_M**2) / square
        hit = along - np.sqrt(np.maximum(gap, 0.0))
        top = EYE_M + hit * rays[..., 1]
        is_tower = (gap > 0.0) & (hit > 0.0) & (hit < depth) & (top < TOWER_HEIGHT_M) & (top > 0.0)
        depth[is_tower] = hit[is_tower]
        labels[is_tower] = LABEL_INDEX["thing"]
    radiance = np.full((*depth.shape, 3), ground, dtype=np.float32)
    is_sky = labels == LABEL_INDEX["sky"]
    radiance[is_sky] = (0.2, 0.3, 0.5)
    if sun is not None:
        glow = np.exp(-(np.arccos(np.clip(rays @ sun, -1.0, 1.0)) ** 2) / (2.0 * math.radians(6.0) ** 2))
        light = (0.2, 0.3, 0.5) + 1.5 * glow[..., None] * np.array([1.0, 0.8, 0.5])
        radiance[is_sky] = np.minimum(light, 1.0)[is_sky].astype(np.float32)
    buffers = Buffers(
        euclidean_depth=depth.astype(np.float32),
        normals=np.zeros((*depth.shape, 3), dtype=np.float32),
        albedo=radiance,
        labels=labels,
        object_ids=np.zeros(depth.shape, dtype=np.int32),
    )
    return View(camera=panorama_camera(np.array([0.0, EYE_M, 0.0]), height=height), radiance=radiance, buffers=buffers)
