"""Clouds of many splats for timing, made from nothing."""

from __future__ import annotations

import numpy as np

from worldgen.randomness import rng
from worldgen.scene.gaussian_cloud import GaussianCloud


def splats_in_view(count: int, *, side: float) -> GaussianCloud:
    """Splats before the origin, at 2 to 200 m, all of about ``side`` radians, none with view-dependent colour."""
    random = rng(0, "splats")
    directions = random.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    # All of them in view: the hard case.
    directions[:, 2] = -np.abs(directions[:, 2]) - 1.0
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distances = np.exp(random.uniform(np.log(2.0), np.log(200.0), count))
    quats = random.normal(size=(count, 4))
    shapes = np.array([1.0, 1.0, 0.1]) * random.uniform(0.5, 1.5, (count, 1))
    return GaussianCloud(
        means=(directions * distances[:, None]).astype(np.float32),
        quats_wxyz=(quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32),
        scales=(side * distances[:, None] * shapes).astype(np.float32),
        opacities=np.full(count, 0.9, dtype=np.float32),
        sh_dc=random.normal(size=(count, 3)).astype(np.float32),
        sh_rest=np.zeros((count, 0, 3), dtype=np.float32),
    )
