"""Stored and natural forms of splat values: the only file that knows ``SH_C0``.

In memory everything is in natural units (linear opacity, linear scale, SH coefficients); files of the
3DGS family store logits, logarithms and so on. See Kerbl et al. 2023, "3D Gaussian Splatting for Real-Time
Radiance Field Rendering".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SH_C0 = 0.28209479177387814
"""Value of the degree-0 real spherical harmonic, 1 / (2 sqrt(pi))."""

_OPACITY_LIMIT = 1e-6


def opacity_logits_from_opacities(opacities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits of linear opacities; opacities are first kept ``1e-6`` away from 0 and 1, so all are finite."""
    clipped = np.clip(opacities.astype(np.float64), _OPACITY_LIMIT, 1.0 - _OPACITY_LIMIT)
    return np.log(clipped / (1.0 - clipped)).astype(np.float32)


def opacities_from_logits(opacity_logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear opacities in [0, 1] from logits, without overflow for large arguments."""
    logits = opacity_logits.astype(np.float64)
    positive = logits >= 0
    exp_negative = np.exp(-np.abs(logits))
    return np.where(positive, 1.0 / (1.0 + exp_negative), exp_negative / (1.0 + exp_negative)).astype(np.float32)


def log_scales_from_scales(scales: NDArray[np.float32]) -> NDArray[np.float32]:
    """Natural logarithms of linear scales (metres, > 0)."""
    return np.log(scales.astype(np.float64)).astype(np.float32)


def scales_from_log_scales(log_scales: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear scales (metres) from natural logarithms."""
    return np.exp(log_scales.astype(np.float64)).astype(np.float32)


def sh_dc_from_colors(colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Degree-0 SH coefficients of display-referred colours in [0, 1]."""
    return ((colors.astype(np.float64) - 0.5) / SH_C0).astype(np.float32)


def colors_from_sh_dc(sh_dc: NDArray[np.float32]) -> NDArray[np.float32]:
    """Display-referred colours of degree-0 SH coefficients; not clipped."""
    return (0.5 + SH_C0 * sh_dc.astype(np.float64)).astype(np.float32)
