"""Gaussian clouds for the exporters' tests, and what to compare them by."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from worldgen.frames import matrices_from_quats
from worldgen.randomness import rng
from worldgen.scene.gaussian_cloud import SH_REST_COUNTS, GaussianCloud
from worldgen.spherical_harmonics import sh_basis


def gaussian_cloud(seed: int, count: int, sh_degree: int, *, reach_m: float = 50.0) -> GaussianCloud:
    """Splats of every size, colour and direction; every eighth opacity is 0 or 1, every ninth rotation an axis."""
    generator = rng(seed, "test/cloud")
    quats = generator.normal(size=(count, 4))
    quats[::9] = np.eye(4)[np.arange(len(quats[::9])) % 4]
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    opacities = generator.random(count)
    opacities[::8] = np.arange(len(opacities[::8])) % 2
    sh_rest = np.clip(generator.normal(size=(count, SH_REST_COUNTS[sh_degree], 3)) * 0.3, -1.0, 0.99)
    return GaussianCloud(
        means=generator.uniform(-reach_m, reach_m, (count, 3)).astype(np.float32),
        quats_wxyz=quats.astype(np.float32),
        scales=np.exp(generator.uniform(-9.0, 5.0, (count, 3))).astype(np.float32),
        opacities=opacities.astype(np.float32),
        sh_dc=generator.uniform(-3.3, 3.3, (count, 3)).astype(np.float32),
        sh_rest=sh_rest.astype(np.float32),
    )


def clouds(max_count: int = 40) -> st.SearchStrategy[GaussianCloud]:
    """Clouds of any degree, empty ones included."""
    return st.builds(
        gaussian_cloud,
        st.integers(0, 2**32),
        st.integers(0, max_count),
        st.integers(0, 3),
        reach_m=st.sampled_from([0.01, 50.0, 2000.0]),
    )


def rotation_error_deg(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N,) angles between orientations, where half turns about a splat's own axes do not count."""
    turn = np.swapaxes(matrices_from_quats(left), 1, 2) @ matrices_from_quats(right)
    trace = np.abs(np.einsum("nii->ni", turn)).sum(axis=1)
    return np.degrees(np.arccos(np.clip(0.5 * (trace - 1.0), -1.0, 1.0)))


def covariances(cloud: GaussianCloud) -> NDArray[np.float64]:
    """(N, 3, 3) covariance matrices."""
    axes = matrices_from_quats(cloud.quats_wxyz) * cloud.scales.astype(np.float64)[:, None, :]
    return axes @ np.swapaxes(axes, 1, 2)


def colors_seen(
    sh_dc: NDArray[np.floating], sh_rest: NDArray[np.floating], direction: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N, 3) colours along a unit direction from coefficients (N, K, 3), K counted without degree 0."""
    coefficients = np.concatenate([sh_dc[:, None, :], sh_rest], axis=1).astype(np.float64)
    degree = round(np.sqrt(coefficients.shape[1])) - 1
    return 0.5 + np.einsum("k,nkc->nc", sh_basis(direction[None], degree)[0], coefficients)
