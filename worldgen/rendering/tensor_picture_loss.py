"""The loss of ``picture_loss`` on torch's tensors, which find its derivatives themselves: for refinement on a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worldgen.rendering.gsplat_rasterizer import GPU, TensorImages, to_tensor
from worldgen.rendering.picture_loss import (
    DEPTH_SHARE,
    DEPTH_TOLERANCE,
    ROUNDING,
    SSIM_C1,
    SSIM_C2,
    SSIM_SHARE,
    TruePicture,
    smoothing_matrix,
)

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TruthTensors:
    """A ``TruePicture`` on a device, and the window over its rows (H, H) and columns (W, W)."""

    planes: torch.Tensor
    means: torch.Tensor
    squares: torch.Tensor
    nearness: torch.Tensor
    over_rows: torch.Tensor
    over_columns: torch.Tensor


def truth_tensors(truth: TruePicture, device: str = GPU) -> TruthTensors:
    """A true picture on a device."""
    height, width = truth.nearness.shape
    return TruthTensors(
        planes=to_tensor(truth.planes, device),
        means=to_tensor(truth.means, device),
        squares=to_tensor(truth.squares, device),
        nearness=to_tensor(truth.nearness, device),
        over_rows=to_tensor(smoothing_matrix(height), device),
        over_columns=to_tensor(smoothing_matrix(width), device),
    )


def tensor_picture_loss(images: TensorImages, truth: TruthTensors) -> torch.Tensor:
    """The loss, a scalar."""
    import torch

    planes = images.rgb.permute(2, 0, 1)
    # Matrices instead of a convolution, which on some GPUs rounds to 10 bits: differences of squares need them all.
    smoothed = truth.over_rows @ torch.cat([planes, planes * planes, planes * truth.planes]) @ truth.over_columns
    x, squares, products = smoothed[:3], smoothed[3:6], smoothed[6:]
    y = truth.means
    variances = squares - x * x + truth.squares - y * y
    covariance = products - x * y
    c1, c2 = float(SSIM_C1), float(SSIM_C2)
    similarity = (2.0 * x * y + c1) * (2.0 * covariance + c2) / ((x * x + y * y + c1) * (variances + c2))
    difference = torch.nn.functional.huber_loss(planes, truth.planes, delta=ROUNDING) / ROUNDING
    known = truth.nearness > 0.0
    # How solid a place is, is for the colours to say.
    relative = images.inverse_depth / truth.nearness.where(known, torch.ones_like(truth.nearness))
    error = (relative - (1.0 - images.transmittance.detach())).abs() - DEPTH_TOLERANCE
    depth = (error.clamp_min(0.0) * known).mean()
    return (1.0 - SSIM_SHARE) * difference + SSIM_SHARE * (1.0 - similarity.mean()) + DEPTH_SHARE * depth
