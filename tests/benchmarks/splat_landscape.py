"""A cloud like a captured landscape, made of formulas: what conversions are measured on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.frames import quats_from_matrices
from worldgen.randomness import rng
from worldgen.scene.gaussian_cloud import SH_REST_COUNTS, GaussianCloud

_LATENT = 6
_REACH_M = 120.0


def landscape_cloud(count: int, sh_degree: int, *, seed: int = 0) -> GaussianCloud:
    """Flat splats on hills and on walls, denser near the middle, with smooth colours and a little noise.

    View-dependent colour comes from a few smooth quantities over the land, as it does from a few lights and materials,
    plus the noise that training leaves.
    """
    generator = rng(seed, "benchmark/landscape")
    radius = _REACH_M * generator.random(count) ** 0.8
    azimuth = generator.uniform(0.0, 2.0 * np.pi, count)
    x, z = radius * np.cos(azimuth), radius * np.sin(azimuth)
    height, slope = _hills(x, z)
    is_wall = generator.random(count) < 0.25
    normals = np.stack([-slope[0], np.ones(count), -slope[1]], axis=1)
    side = np.round(azimuth * 8.0) * np.pi / 8.0
    normals[is_wall] = np.stack([np.cos(side), np.zeros(count), np.sin(side)], axis=1)[is_wall]
    height = height + np.where(is_wall, generator.uniform(0.0, 6.0, count), 0.0)
    spacing = 0.8 * (radius + 4.0) / np.sqrt(count) * 3.0
    stretch = np.exp(generator.normal(0.0, [0.45, 0.45, 0.2], (count, 3)))
    scales = spacing[:, None] * stretch * np.array([1.0, 1.0, 0.08])
    waves = _smooth_fields(x, height, z, 3 + _LATENT)
    colors = 0.2 + 1.2 * waves[:, :3] + generator.normal(0.0, 0.06, (count, 3))
    opacities = 1.0 / (1.0 + np.exp(-generator.normal(2.5, 1.5, count)))
    sh_count = SH_REST_COUNTS[sh_degree]
    mixing = generator.normal(size=(_LATENT, sh_count, 3)) * 0.12
    sh_rest = np.tensordot(waves[:, 3:], mixing, axes=1) + generator.normal(0.0, 0.012, (count, sh_count, 3))
    return GaussianCloud(
        means=np.stack([x, height, z], axis=1).astype(np.float32),
        quats_wxyz=_facing(normals, generator.uniform(0.0, np.pi, count)),
        scales=scales.astype(np.float32),
        opacities=opacities.astype(np.float32),
        sh_dc=colors.astype(np.float32),
        sh_rest=sh_rest.astype(np.float32),
    )


def _hills(x: NDArray[np.float64], z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Height and its two slopes."""
    height, slopes = np.zeros_like(x), np.zeros((2, len(x)))
    for amplitude, a, b in ((6.0, 0.021, 0.013), (2.0, -0.05, 0.061), (0.4, 0.31, 0.22)):
        height += amplitude * np.sin(a * x + b * z)
        slopes += amplitude * np.cos(a * x + b * z) * np.array([[a], [b]])
    return height, slopes


def _smooth_fields(
    x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """(N, count) sums of waves, each about 0.3 in size."""
    fields = np.zeros((len(x), count))
    for k in range(count):
        for octave in range(4):
            frequency = 0.05 * 2.1**octave
            phase = frequency * (x * np.cos(k + octave) + z * np.sin(k + octave) + 0.7 * y) + 1.7 * k
            fields[:, k] += 0.3 / 1.6**octave * np.sin(phase)
    return fields


def _facing(normals: NDArray[np.float64], spin: NDArray[np.float64]) -> NDArray[np.float32]:
    """(N, 4) orientations whose third axis is the normal, turned about it."""
    third = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    helper = np.where(np.abs(third[:, :1]) > 0.9, np.array([[0.0, 1.0, 0.0]]), np.array([[1.0, 0.0, 0.0]]))
    first = np.cross(helper, third)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(third, first)
    turned = first * np.cos(spin)[:, None] + second * np.sin(spin)[:, None]
    matrices = np.stack([turned, np.cross(third, turned), third], axis=2)
    return quats_from_matrices(matrices).astype(np.float32)
