"""Steps of a refinement on a GPU: gsplat's rasteriser and its way to densify, within the bounds of ``splat_optimizer``.

Everything stays on the device, all parameters in one table, so that a step is a few dozen kernels. They are those of
the CPU's kernels, so steps are as long and a saved state goes on anywhere; only places are offsets along the axes of
the splat's home, in its standard deviations there. Unlike on the CPU, sums of derivatives are rounded differently
every time, and splats are ordered along the camera's axis only, as gsplat knows no other order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import SH_C0
from worldgen.frames import matrices_from_quats
from worldgen.rendering.gsplat_rasterizer import (
    GPU,
    SplatTensors,
    TensorCamera,
    rasterize_tensors,
    tensor_camera,
    to_tensor,
)
from worldgen.rendering.picture_loss import TruePicture
from worldgen.rendering.splat_densification import DEAD_OPACITY, SplatTally, new_tally
from worldgen.rendering.splat_optimizer import (
    ADAM_BETAS,
    ADAM_EPSILON,
    DEFAULT_RATES,
    FIXED_PARAMETERS,
    MAX_COLOR,
    MAX_GROWTH,
    MAX_OPACITY,
    MAX_SHIFT,
    MAX_SHRINKAGE,
    MIN_OPACITY,
    Rates,
    SplatState,
    state_of,
)
from worldgen.rendering.tensor_picture_loss import TruthTensors, tensor_picture_loss, truth_tensors
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud

if TYPE_CHECKING:
    import torch

GROWTH = 1.05
"""At most so many times as many splats after densifying."""
JITTER = 0.5
"""Standard deviations that copies of a splat are moved by, so that they part."""

_OFFSET, _SCALE, _QUAT, _LOGIT, _COLOR = slice(0, 3), slice(3, 6), slice(6, 10), slice(10, 11), slice(11, 14)
_REST = slice(FIXED_PARAMETERS, None)
"""Columns of the table of parameters, as in ``SplatState.adam``: offsets, logarithms of the scales, quaternions,
logits, and spherical harmonics of degree 0 and beyond."""

_Tensors = dict[str, Any]


class GsplatTrainer:
    """Steps with gsplat's rasteriser."""

    def __init__(
        self,
        state: SplatState,
        pictures: Sequence[tuple[Camera, TruePicture]],
        *,
        rates: Rates = DEFAULT_RATES,
        device: str = GPU,
    ) -> None:
        """Start from a state, which is copied."""
        self._device = device
        self._pictures: list[tuple[TensorCamera, TruthTensors]] = [
            (tensor_camera(camera, device), truth_tensors(truth, device)) for camera, truth in pictures
        ]
        self._rows = _rows_of(state, device)
        harmonics = [rates.harmonics] * (self._values.shape[1] - FIXED_PARAMETERS)
        columns = [rates.mean] * 3 + [rates.scale] * 3 + [rates.rotation] * 4 + [rates.logit] + [rates.color] * 3
        self._rates = to_tensor(np.array(columns + harmonics), device)
        self._pull = rates.pull

    @property
    def _values(self) -> torch.Tensor:
        values: torch.Tensor = self._rows["values"]
        return values

    def take_step(self, index: int, pace: float) -> None:
        """Go towards one of the pictures."""
        import torch

        camera, truth = self._pictures[index]
        values = self._values.requires_grad_(True)
        images = rasterize_tensors(self._splats(), camera)
        tensor_picture_loss(images, truth).backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            if values.grad is not None:
                self._move(values.grad, images.seen[:, None], pace)
            values.grad = None

    def _move(self, gradient: torch.Tensor, seen: torch.Tensor, pace: float) -> None:
        """Take a step of Adam with all splats that were seen; moments of the others stand still."""
        rows, (beta1, beta2) = self._rows, ADAM_BETAS
        rows["first"].lerp_(gradient, (1.0 - beta1) * seen)
        rows["second"].lerp_(gradient * gradient, (1.0 - beta2) * seen)
        rows["steps"] += seen
        # Splats that were never seen have taken no step, and would divide by 0.
        taken = rows["steps"].clamp_min(1.0)
        scale = (rows["second"] / (1.0 - beta2**taken)).sqrt_() + ADAM_EPSILON
        self._values.sub_(self._rates * rows["first"] / scale * (pace * seen / (1.0 - beta1**taken)))
        self._keep_bounds(pace * self._pull * seen)

    def _keep_bounds(self, pull: torch.Tensor | float) -> None:
        """Draw shapes back to what they were, and keep all that no world may leave."""
        import torch

        values, home = self._values, self._rows["home"]
        values[:, _OFFSET].clamp_(-MAX_SHIFT, MAX_SHIFT)
        growth = values[:, _SCALE] - home[:, 3:6]
        growth = (growth - pull * growth).clamp_(-math.log(MAX_SHRINKAGE), math.log(MAX_GROWTH))
        values[:, _SCALE] = home[:, 3:6] + growth
        quats, home_quats = values[:, _QUAT], home[:, 6:10]
        sign = torch.sign((quats * home_quats).sum(dim=-1, keepdim=True) + 1e-12)
        quats = quats - pull * (quats - sign * home_quats)
        values[:, _QUAT] = quats / torch.linalg.vector_norm(quats, dim=-1, keepdim=True)
        values[:, _LOGIT].clamp_(_logit(MIN_OPACITY), _logit(MAX_OPACITY))
        limit = (MAX_COLOR - 0.5) / SH_C0
        values[:, _COLOR].clamp_(-limit, limit)

    def densify(self, budget: int) -> None:
        """Move splats that have turned transparent to where splats are solid, and add more of these.

        The two operations of gsplat's strategy after Kheradmand et al. 2024 ("3D Gaussian Splatting as Markov Chain
        Monte Carlo"): copies of a splat share its opacity so that the picture stays the same.
        """
        import torch
        from gsplat.strategy.ops import relocate, sample_add

        with torch.no_grad():
            values = self._values.detach()
            count = len(values)
            before = values[:, _SCALE].clone()
            dead = torch.sigmoid(values[:, 10]) < DEAD_OPACITY
            room = max(min(budget, int(GROWTH * count)) - count, 0)
            copies = [torch.arange(count, count + room, device=self._device)]
            tables = {**self._rows, "values": values, "scales": before.clone(), "opacities": values[:, 10].clone()}
            # Rows are copied whole, moments included, by calling all of them parameters that nobody optimises.
            params = {name: torch.nn.Parameter(rows, requires_grad=False) for name, rows in tables.items()}
            shared: dict[str, Any] = {"params": params, "optimizers": {}, "state": {}, "min_opacity": MIN_OPACITY}
            shared["binoms"] = _binomials(self._device)
            if dead.any() and not dead.all():
                copies.append(dead.nonzero(as_tuple=True)[0])
                relocate(mask=dead, **shared)
            if room:
                sample_add(n=room, **shared)
            self._rows = {name: params[name].data for name in self._rows}
            self._values[:, _SCALE], self._values[:, 10] = params["scales"], params["opacities"]
            moved = torch.cat(copies)
            self._values[moved, _OFFSET] += JITTER * torch.randn((len(moved), 3), device=self._device)
            is_new = torch.ones(len(self._values), dtype=torch.bool, device=self._device)
            is_new[:count] = (self._values[:count, _SCALE] != before).any(dim=-1)
            is_new[moved] = True
            for name in ("first", "second", "steps"):
                self._rows[name][is_new] = 0.0
            self._keep_bounds(0.0)

    def cloud(self) -> GaussianCloud:
        """The splats as they are now."""
        return self.saved()[0].cloud

    def saved(self) -> tuple[SplatState, SplatTally]:
        """A state as the CPU's kernels have it; what they count for their way to densify starts anew."""
        import torch

        with torch.no_grad():
            splats = self._splats()
            sh = _array(splats.sh)
            live = (
                _array(splats.means),
                _array(splats.quats_wxyz),
                _array(splats.scales),
                _array(splats.opacities),
                np.ascontiguousarray(sh[:, 0]),
                np.ascontiguousarray(sh[:, 1:]),
            )
            home = self._rows["home"]
            scales = torch.exp(home[:, 3:6])
            # The CPU's derivatives are by metres, ours by standard deviations.
            first, second = self._rows["first"].clone(), self._rows["second"].clone()
            first[:, _OFFSET] /= scales
            second[:, _OFFSET] /= scales**2
        state = state_of(
            live,
            home=(_array(home[:, :3]), _array(home[:, 6:10]), _array(scales)),
            adam=(_array(first), _array(second), _array(self._rows["steps"][:, 0]).astype(np.int32)),
        )
        return state, new_tally(len(sh))

    def _splats(self) -> SplatTensors:
        """What the parameters stand for."""
        import torch

        values, home = self._values, self._rows["home"]
        widths = [3, 3, 4, 1, values.shape[1] - 11]
        offsets, scales, quats, logits, sh = torch.split(values, widths, dim=1)
        axes = home[:, 10:].view(-1, 3, 3)
        return SplatTensors(
            means=home[:, :3] + (axes * offsets[:, None]).sum(dim=-1),
            quats_wxyz=quats,
            scales=torch.exp(scales),
            opacities=torch.sigmoid(logits[:, 0]),
            sh=sh.reshape(len(sh), -1, 3),
        )


def _rows_of(state: SplatState, device: str) -> _Tensors:
    """All that there is of each splat.

    values  (N, 14 + 3 K)  parameters, in the columns named above
    first, second          moments of Adam, of the same shape
    steps   (N, 1)         taken so far
    home    (N, 19)        place, logarithms of the scales and quaternion at the start, and the axes there (3, 3), as
                           long as the standard deviations
    """
    means, quats, scales, opacities, sh_dc, sh_rest = state.live
    home_means, home_quats, home_scales = state.home
    axes = matrices_from_quats(home_quats.astype(np.float64))
    shift = np.einsum("nki,nk->ni", axes, means.astype(np.float64) - home_means) / home_scales
    count = len(means)
    values = [shift, np.log(scales), quats, (np.log(opacities) - np.log1p(-opacities))[:, None], sh_dc]
    home = [home_means, np.log(home_scales), home_quats, (axes * home_scales[:, None]).reshape(count, 9)]
    first, second, steps = state.adam
    metres = np.ones(first.shape[1], dtype=np.float32)[None].repeat(count, axis=0)
    metres[:, _OFFSET] = home_scales
    return {
        "values": to_tensor(np.concatenate([*values, sh_rest.reshape(count, -1)], axis=1), device),
        "first": to_tensor(first * metres, device),
        "second": to_tensor(second * metres**2, device),
        "steps": to_tensor(steps[:, None], device),
        "home": to_tensor(np.concatenate(home, axis=1), device),
    }


def _binomials(device: str) -> torch.Tensor:
    """Binomial coefficients up to 50, which the sharing of an opacity among copies needs."""
    return to_tensor(np.array([[float(math.comb(n, k)) for k in range(51)] for n in range(51)]), device)


def _logit(opacity: float) -> float:
    return math.log(opacity / (1.0 - opacity))


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=np.float32)
