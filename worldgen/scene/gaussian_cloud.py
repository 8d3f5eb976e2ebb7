"""Gaussian splats in natural units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array

SH_REST_COUNTS = (0, 3, 8, 15)
"""Number of SH coefficients beyond degree 0, per degree 0 to 3."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GaussianCloud:
    """N anisotropic 3D Gaussians in natural units, in the world frame.

    means       (N, 3)    float32  metres
    quats_wxyz  (N, 4)    float32  unit, world-from-local rotation
    scales      (N, 3)    float32  metres, linear standard deviations (not log)
    opacities   (N,)      float32  linear, 0 to 1 (not logit)
    sh_dc       (N, 3)    float32  degree-0 SH coefficient per channel, of display-referred sRGB colour
    sh_rest     (N, K, 3) float32  coefficient-major; K is 0, 3, 8 or 15
    """

    means: NDArray[np.float32]
    quats_wxyz: NDArray[np.float32]
    scales: NDArray[np.float32]
    opacities: NDArray[np.float32]
    sh_dc: NDArray[np.float32]
    sh_rest: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check shapes, ranges and unit quaternions."""
        means = require_array("GaussianCloud", "means", self.means, ("N", 3), np.float32)
        count = len(means)
        quats_wxyz = require_array("GaussianCloud", "quats_wxyz", self.quats_wxyz, (count, 4), np.float32)
        scales = require_array("GaussianCloud", "scales", self.scales, (count, 3), np.float32)
        opacities = require_array("GaussianCloud", "opacities", self.opacities, (count,), np.float32)
        sh_dc = require_array("GaussianCloud", "sh_dc", self.sh_dc, (count, 3), np.float32)
        sh_rest = require_array("GaussianCloud", "sh_rest", self.sh_rest, (count, "K", 3), np.float32)
        if sh_rest.shape[1] not in SH_REST_COUNTS:
            raise InvalidInputError(
                f"GaussianCloud.sh_rest must hold 0, 3, 8 or 15 coefficients, not {sh_rest.shape[1]}."
            )
        if count:
            if opacities.min() < 0.0 or opacities.max() > 1.0:
                raise InvalidInputError("GaussianCloud.opacities must be linear and lie in 0 to 1.")
            if scales.min() <= 0.0:
                raise InvalidInputError("GaussianCloud.scales must be linear and positive.")
            if np.abs(np.linalg.norm(quats_wxyz, axis=1) - 1.0).max() > 1e-3:
                raise InvalidInputError("GaussianCloud.quats_wxyz must have unit length.")
        freeze(
            self,
            means=means,
            quats_wxyz=quats_wxyz,
            scales=scales,
            opacities=opacities,
            sh_dc=sh_dc,
            sh_rest=sh_rest,
        )

    @property
    def num_gaussians(self) -> int:
        """Number of Gaussians."""
        return len(self.means)

    @property
    def sh_degree(self) -> int:
        """Degree of the spherical harmonics, 0 to 3."""
        return SH_REST_COUNTS.index(self.sh_rest.shape[1])
