"""Steps of a refinement on a GPU: gsplat's rasteriser and its way to densify, within the bounds of ``splat_optimizer``.

Everything stays on the device. The parameters are those of the CPU's kernels, so that steps are as long and a saved
state goes on anywhere: places are offsets along the axes of the splat's home, in its standard deviations there.
Unlike on the CPU, sums of derivatives are rounded differently every time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import SH_C0
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

_MOMENTS = {"offsets": (0, 3), "scales": (3, 6), "quats": (6, 10), "opacities": (10, 11), "sh_dc": (11, 14)}
"""Which columns of ``SplatState.adam`` belong to which parameter; ``sh_rest`` has those that follow."""


class GsplatTrainer:
    """Steps with gsplat's rasteriser.

    Parameters are kept as gsplat's strategies know them: ``scales`` as logarithms, ``opacities`` as logits.
    """

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
        self._parameters = _parameters_of(state, device)
        self._optimizers = _optimizers_of(self._parameters, state, device)
        self._rates = {
            "offsets": rates.mean,
            "scales": rates.scale,
            "quats": rates.rotation,
            "opacities": rates.logit,
            "sh_dc": rates.color,
            "sh_rest": rates.harmonics,
        }
        self._pull = rates.pull

    def take_step(self, index: int, pace: float) -> None:
        """Go towards one of the pictures."""
        import torch

        camera, truth = self._pictures[index]
        images = rasterize_tensors(self._splats(), camera)
        tensor_picture_loss(images, truth).backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for name, optimizer in self._optimizers.items():
                optimizer.move(images.seen, pace * self._rates[name])
            self._keep_bounds(images.seen, pace * self._pull)

    def densify(self, budget: int) -> None:
        """Move splats that have turned transparent to where splats are solid, and add more of these.

        The two operations of gsplat's strategy after Kheradmand et al. 2024 ("3D Gaussian Splatting as Markov Chain
        Monte Carlo"): copies of a splat share its opacity so that the picture stays the same.
        """
        import torch
        from gsplat.strategy.ops import relocate, sample_add

        count = len(self._parameters["opacities"])
        dead = torch.sigmoid(self._parameters["opacities"].detach()) < DEAD_OPACITY
        room = max(min(budget, int(GROWTH * count)) - count, 0)
        arguments: dict[str, Any] = {
            "params": self._parameters,
            "optimizers": self._optimizers,
            "state": {},
            "binoms": _binomials(self._device),
            "min_opacity": MIN_OPACITY,
        }
        copies = [torch.arange(count, count + room, device=self._device)]
        if dead.any() and not dead.all():
            copies.append(dead.nonzero(as_tuple=True)[0])
            relocate(mask=dead, **arguments)
        if room:
            sample_add(n=room, **arguments)
        with torch.no_grad():
            moved = torch.cat(copies)
            noise = torch.randn((len(moved), 3), device=self._device)
            self._parameters["offsets"][moved] += JITTER * noise
            for optimizer in self._optimizers.values():
                optimizer.forget(moved)
            everything = torch.ones(len(self._parameters["opacities"]), dtype=torch.bool, device=self._device)
            self._keep_bounds(everything, 0.0)

    def cloud(self) -> GaussianCloud:
        """The splats as they are now."""
        return self.saved()[0].cloud

    def saved(self) -> tuple[SplatState, SplatTally]:
        """A state as the CPU's kernels have it; what they count for their way to densify starts anew."""
        import torch

        with torch.no_grad():
            splats = self._splats()
            quats = _array(splats.quats_wxyz).astype(np.float64)
            quats /= np.linalg.norm(quats, axis=1, keepdims=True)
            sh = _array(splats.sh)
            scales, opacities = _array(splats.scales), _array(splats.opacities)
        home = tuple(_array(self._parameters[f"home_{name}"]) for name in ("means", "quats", "scales"))
        moments = [optimizer.moments for optimizer in self._optimizers.values()]
        first, second = (
            np.concatenate([_array(values[key]).reshape(len(sh), -1) for values in moments], axis=1)
            for key in ("first", "second")
        )
        first[:, :3] /= home[2]
        second[:, :3] /= home[2] ** 2
        steps = _array(moments[0]["steps"]).astype(np.int32)
        state = state_of(
            (
                _array(splats.means),
                quats.astype(np.float32),
                scales,
                opacities,
                np.ascontiguousarray(sh[:, 0]),
                np.ascontiguousarray(sh[:, 1:]),
            ),
            home=(home[0], home[1], home[2]),
            adam=(first, second, steps),
        )
        return state, new_tally(len(sh))

    def _splats(self) -> SplatTensors:
        """What the parameters stand for."""
        import torch

        all_of = self._parameters
        local = all_of["home_scales"] * all_of["offsets"]
        shift = (_rotations(all_of["home_quats"]) @ local[..., None])[..., 0]
        return SplatTensors(
            means=all_of["home_means"] + shift,
            quats_wxyz=all_of["quats"],
            scales=torch.exp(all_of["scales"]),
            opacities=torch.sigmoid(all_of["opacities"]),
            sh=torch.cat([all_of["sh_dc"][:, None], all_of["sh_rest"]], dim=1),
        )

    def _keep_bounds(self, seen: torch.Tensor, pull: float) -> None:
        """Draw shapes of splats that were seen back to what they were, and keep all that no world may leave."""
        import torch

        all_of = self._parameters
        all_of["offsets"].clamp_(-MAX_SHIFT, MAX_SHIFT)
        home = torch.log(all_of["home_scales"])
        pulls = pull * seen[:, None]
        scales = all_of["scales"]
        scales -= pulls * (scales - home)
        scales.copy_(scales.clamp(home - math.log(MAX_SHRINKAGE), home + math.log(MAX_GROWTH)))
        quats, home_quats = all_of["quats"], all_of["home_quats"]
        same_side = torch.where((quats * home_quats).sum(dim=-1, keepdim=True) < 0.0, -home_quats, home_quats)
        quats -= pulls * (quats - same_side)
        quats /= torch.linalg.vector_norm(quats, dim=-1, keepdim=True)
        all_of["opacities"].clamp_(_logit(MIN_OPACITY), _logit(MAX_OPACITY))
        limit = (MAX_COLOR - 0.5) / SH_C0
        all_of["sh_dc"].clamp_(-limit, limit)


class _SeenAdam:
    """Adam for one parameter, of splats that were seen; as gsplat's strategies see optimisers.

    ``state`` holds, for the one parameter, moments of its shape and the steps that each splat has taken.
    """

    def __init__(self, parameter: torch.Tensor, moments: dict[str, torch.Tensor]) -> None:
        self.param_groups: list[dict[str, Any]] = [{"params": [parameter]}]
        self.state: dict[torch.Tensor, dict[str, torch.Tensor]] = {parameter: moments}

    @property
    def moments(self) -> dict[str, torch.Tensor]:
        """``first`` and ``second`` of the parameter's shape, ``steps`` (N,)."""
        return self.state[self.param_groups[0]["params"][0]]

    def move(self, seen: torch.Tensor, rate: float) -> None:
        """Take one step, and forget the derivative."""
        parameter, moments = self.param_groups[0]["params"][0], self.moments
        gradient = parameter.grad
        if gradient is None or not parameter.numel():
            return
        (beta1, beta2), column = ADAM_BETAS, (-1, *(1,) * (parameter.dim() - 1))
        mask = seen.view(column).to(gradient.dtype)
        first, second, steps = moments["first"], moments["second"], moments["steps"]
        steps += seen
        first += mask * (1.0 - beta1) * (gradient - first)
        second += mask * (1.0 - beta2) * (gradient * gradient - second)
        # Splats that were never seen have taken no step, and would divide by 0.
        taken = steps.clamp_min(1.0).view(column)
        direction = first / (1.0 - beta1**taken) / ((second / (1.0 - beta2**taken)).sqrt() + ADAM_EPSILON)
        parameter -= rate * mask * direction
        parameter.grad = None

    def forget(self, rows: torch.Tensor) -> None:
        """Splats are new."""
        for values in self.moments.values():
            values[rows] = 0.0


def _parameters_of(state: SplatState, device: str) -> dict[str, torch.Tensor]:
    """What is learned, and under ``home_`` where it started from."""
    import torch

    means, quats, scales, opacities, sh_dc, sh_rest = state.live
    home = {f"home_{name}": to_tensor(array, device) for name, array in zip(_HOME, state.home, strict=True)}
    shift = to_tensor(means, device) - home["home_means"]
    local = (_rotations(home["home_quats"]).transpose(-1, -2) @ shift[..., None])[..., 0]
    learned = {
        "offsets": local / home["home_scales"],
        "scales": torch.log(to_tensor(scales, device)),
        "quats": to_tensor(quats, device),
        "opacities": torch.logit(to_tensor(opacities, device)),
        "sh_dc": to_tensor(sh_dc, device),
        "sh_rest": to_tensor(sh_rest, device),
    }
    return {name: torch.nn.Parameter(values) for name, values in learned.items()} | home


def _optimizers_of(parameters: dict[str, torch.Tensor], state: SplatState, device: str) -> dict[str, _SeenAdam]:
    first, second, steps = (to_tensor(array, device) for array in state.adam)
    # The CPU's derivatives are by metres, ours by standard deviations.
    first[:, :3] *= parameters["home_scales"]
    second[:, :3] *= parameters["home_scales"] ** 2
    optimizers = {}
    for name, (start, end) in {**_MOMENTS, "sh_rest": (FIXED_PARAMETERS, first.shape[1])}.items():
        shape = parameters[name].shape
        moments = {"first": first[:, start:end].reshape(shape), "second": second[:, start:end].reshape(shape)}
        copies = {key: values.clone() for key, values in moments.items()}
        optimizers[name] = _SeenAdam(parameters[name], copies | {"steps": steps.clone()})
    return optimizers


_HOME = ("means", "quats", "scales")


def _rotations(quats_wxyz: torch.Tensor) -> torch.Tensor:
    """Matrices (N, 3, 3) of unit quaternions (N, 4)."""
    import torch

    w, x, y, z = quats_wxyz.unbind(dim=-1)
    rows = (
        (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)),
        (2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)),
        (2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)),
    )
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def _binomials(device: str) -> torch.Tensor:
    """Binomial coefficients up to 50, which the sharing of an opacity among copies needs."""
    return to_tensor(np.array([[float(math.comb(n, k)) for k in range(51)] for n in range(51)]), device)


def _logit(opacity: float) -> float:
    return math.log(opacity / (1.0 - opacity))


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=np.float32)
