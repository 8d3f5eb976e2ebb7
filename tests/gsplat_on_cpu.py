"""gsplat's kernels, slow and plain, so that what is built on them is tested where there is no GPU.

They do what gsplat 1.5 documents: splats in the order of their depth along the axis, a low-pass that makes none paler,
and copies of a splat that share its opacity (Kheradmand et al. 2024, equation 9).
"""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from worldgen.spherical_harmonics import sh_basis

FRUSTUM_MARGIN = 0.3


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let gsplat's functions be these."""
    import gsplat
    import gsplat.strategy.ops

    # Tiny tensors: beside other tests, several threads only wait for one another.
    torch.set_num_threads(1)
    monkeypatch.setattr(gsplat, "rasterization", rasterization)
    monkeypatch.setattr(gsplat, "spherical_harmonics", spherical_harmonics)
    monkeypatch.setattr(gsplat.strategy.ops, "compute_relocation", compute_relocation)


def spherical_harmonics(degree: int, directions: torch.Tensor, coefficients: torch.Tensor) -> torch.Tensor:
    basis = torch.from_numpy(sh_basis(directions.double().numpy(), degree)).float()
    return torch.einsum("nk,nkc->nc", basis, coefficients)


def rasterization(  # noqa: PLR0917  (as gsplat has it)
    means: torch.Tensor,
    quats: torch.Tensor,
    scales: torch.Tensor,
    opacities: torch.Tensor,
    colors: torch.Tensor,
    viewmats: torch.Tensor,
    Ks: torch.Tensor,
    width: int,
    height: int,
    *,
    near_plane: float,
    eps2d: float,
    packed: bool,
) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
    assert not packed
    view, matrix = viewmats[0], Ks[0]
    in_camera = means @ view[:3, :3].T + view[:3, 3]
    centers, covariances = _projected(in_camera, view[:3, :3] @ _axes(quats) * scales[:, None], matrix, (width, height))
    covariances = covariances + eps2d * torch.eye(2)
    columns, rows = torch.meshgrid(torch.arange(width) + 0.5, torch.arange(height) + 0.5, indexing="xy")
    offsets = torch.stack([columns, rows], dim=-1).reshape(1, -1, 2) - centers[:, None]
    squared = torch.einsum("npi,nij,npj->np", offsets, torch.linalg.inv(covariances), offsets)
    alphas = (opacities[:, None] * torch.exp(-0.5 * squared)).clamp_max(0.999)
    alphas = alphas * ((alphas >= 1.0 / 255.0) & (in_camera[:, 2:] >= near_plane))
    order = torch.argsort(in_camera[:, 2])
    image, clear = torch.zeros(height * width, colors.shape[1]), torch.ones(height * width)
    for i in order:
        alpha = alphas[i] * (clear > 1e-4)
        image = image + (alpha * clear)[:, None] * colors[i]
        clear = clear * (1.0 - alpha)
    seen = (alphas > 0.0).any(dim=1)
    radii = seen[:, None].expand(-1, 2).int()[None]
    shape = (1, height, width, -1)
    return image.reshape(shape), (1.0 - clear).reshape(shape), {"radii": radii}


def _axes(quats: torch.Tensor) -> torch.Tensor:
    w, x, y, z = torch.nn.functional.normalize(quats, dim=-1).unbind(-1)
    columns = (
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)], dim=-1),
        torch.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], dim=-1),
        torch.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], dim=-1),
    )
    return torch.stack(columns, dim=-1)


def _projected(
    points: torch.Tensor, spread: torch.Tensor, matrix: torch.Tensor, size: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Centres (N, 2) and covariances (N, 2, 2) in pixels; ``spread`` (N, 3, 3) is a root of the covariance."""
    z = points[:, 2].clamp_min(1e-6)
    slopes = points[:, :2] / z[:, None]
    centers = slopes * torch.stack([matrix[0, 0], matrix[1, 1]]) + matrix[:2, 2]
    rows = []
    for axis, extent in enumerate(size):
        focal, middle = matrix[axis, axis], matrix[axis, 2]
        margin = FRUSTUM_MARGIN * 0.5 * extent / focal
        slope = slopes[:, axis].clamp(-middle / focal - margin, (extent - middle) / focal + margin)
        row = torch.zeros(len(points), 3)
        rows.append(torch.index_add(row, 1, torch.tensor([axis, 2]), torch.stack([focal / z, -focal * slope / z], -1)))
    flat = torch.stack(rows, dim=1) @ spread
    return centers, flat @ flat.transpose(-1, -2)


def compute_relocation(
    opacities: torch.Tensor, scales: torch.Tensor, ratios: torch.Tensor, binoms: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    new_opacities, new_scales = torch.zeros_like(opacities), torch.zeros_like(scales)
    for i, count in enumerate(ratios.clamp(1, len(binoms) - 1).tolist()):
        opacity = 1.0 - (1.0 - float(opacities[i])) ** (1.0 / count)
        total = sum(
            float(binoms[n - 1, k]) * (-1.0) ** k * opacity ** (k + 1) / math.sqrt(k + 1.0)
            for n in range(1, count + 1)
            for k in range(n)
        )
        new_opacities[i], new_scales[i] = opacity, float(opacities[i]) / total * scales[i]
    return new_opacities, new_scales
