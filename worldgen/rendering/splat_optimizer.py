"""Splats that move: Adam on what is seen, within bounds that keep a world from falling apart.

Moments and step counts belong to single splats and stand still while a splat is out of sight, so a step costs what is
seen, not what there is (as in gsplat's selective variant of Kingma and Ba 2015). Positions move in units of the splat's
own size. No splat leaves the neighbourhood in which it was made, and shapes are drawn back to what they were: surfaces
of built worlds are known, so what helps one view only by floating or by turning to a needle is not wanted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.activations import SH_C0
from worldgen.rendering.gaussian_projection_gradients import fill_rotation
from worldgen.rendering.splat_gradients import SplatGradients
from worldgen.scene.gaussian_cloud import GaussianCloud

FIXED_PARAMETERS = 14
"""Position 3, logarithms of the scales 3, quaternion 4, logit 1, colour 3; harmonics beyond degree 0 follow."""

MAX_SHIFT = 2.0
"""Standard deviations that a splat may leave its place by."""
MAX_GROWTH = 2.0
MAX_SHRINKAGE = 4.0
MIN_OPACITY, MAX_OPACITY = 0.002, 0.9995
_MAX_COLOR = 1.08

_BETA1, _BETA2, _EPSILON = 0.9, 0.99, 1e-15
_BLOCK = 1024
_MEAN, _SCALE, _ROTATION, _LOGIT, _COLOR, _HARMONICS, _PULL = range(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Lengths of steps."""

    mean: float = 0.08
    """Of positions, in standard deviations of the splat along each of its axes."""
    scale: float = 0.04
    """Of the logarithms of the scales."""
    rotation: float = 0.04
    logit: float = 0.12
    color: float = 0.04
    """Of the spherical harmonics of degree 0."""
    harmonics: float = 0.006
    pull: float = 0.02
    """How far shapes are drawn back to what they were, as a part of the way."""


LiveArrays = tuple[
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
]
HomeArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
AdamArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]
MomentArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]
"""First and second moments, and factors (2,) that free those of the splat at hand from their bias."""
StateArrays = tuple[Any, ...]
"""``LiveArrays``, ``HomeArrays`` and ``AdamArrays`` in a row: parallel loops take no tuples of tuples."""
GradientArrays = tuple[
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
]


DEFAULT_RATES = Rates()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SplatState:
    """Splats on their way: what they are now, where they come from, and Adam's memory.

    live     means (N, 3), quaternions (N, 4), scales (N, 3), opacities (N,), sh_dc (N, 3), sh_rest (N, K, 3); written
    home     means (N, 3), quaternions (N, 4), scales (N, 3) that each started from
    adam     first and second moments (N, 14 + 3 K) and how many steps each has taken (N,)
    cloud    a read-only view of ``live``: it changes with every step
    """

    live: LiveArrays
    home: HomeArrays
    adam: AdamArrays
    cloud: GaussianCloud


def start_state(cloud: GaussianCloud) -> SplatState:
    """Splats before their first step."""
    count = cloud.num_gaussians
    opacities = np.clip(cloud.opacities, np.float32(MIN_OPACITY), np.float32(MAX_OPACITY))
    live = (
        cloud.means.copy(),
        cloud.quats_wxyz.copy(),
        cloud.scales.copy(),
        opacities,
        cloud.sh_dc.copy(),
        cloud.sh_rest.copy(),
    )
    parameters = FIXED_PARAMETERS + 3 * cloud.sh_rest.shape[1]
    moments = np.zeros((count, parameters), dtype=np.float32)
    return state_of(
        live,
        home=(cloud.means.copy(), cloud.quats_wxyz.copy(), cloud.scales.copy()),
        adam=(moments, np.zeros_like(moments), np.zeros(count, dtype=np.int32)),
    )


def state_of(live: LiveArrays, *, home: HomeArrays, adam: AdamArrays) -> SplatState:
    """A state of given arrays, which it does not copy."""
    means, quats_wxyz, scales, opacities, sh_dc, sh_rest = live
    cloud = GaussianCloud(
        means=means, quats_wxyz=quats_wxyz, scales=scales, opacities=opacities, sh_dc=sh_dc, sh_rest=sh_rest
    )
    return SplatState(live=live, home=home, adam=adam, cloud=cloud)


def copy_of(cloud: GaussianCloud) -> GaussianCloud:
    """The same splats in memory of their own."""
    return GaussianCloud(
        means=cloud.means.copy(),
        quats_wxyz=cloud.quats_wxyz.copy(),
        scales=cloud.scales.copy(),
        opacities=cloud.opacities.copy(),
        sh_dc=cloud.sh_dc.copy(),
        sh_rest=cloud.sh_rest.copy(),
    )


def take_step(
    state: SplatState, order: NDArray[np.int32], gradients: SplatGradients, *, pace: float, rates: Rates = DEFAULT_RATES
) -> None:
    """Move the splats that were seen.

    Args:
        state: Is written to.
        order: (M,) which splats the derivatives are of.
        gradients: Of the loss.
        pace: Factor on all rates.
        rates: Lengths of steps.
    """
    parts = (
        gradients.means,
        gradients.quats,
        gradients.log_scales,
        gradients.logits,
        gradients.sh_dc,
        gradients.sh_rest,
    )
    lengths = (rates.mean, rates.scale, rates.rotation, rates.logit, rates.color, rates.harmonics, rates.pull)
    _step((*state.live, *state.home, *state.adam), order, parts, pace * np.array(lengths))


@nb.njit(cache=True, inline="always")
def _direction(adam: MomentArrays, i: int, k: int, gradient: float) -> float:
    """Adam's direction for parameter k of splat i, of about unit size; updates the moments."""
    first = np.float32(_BETA1 * adam[0][i, k] + (1.0 - _BETA1) * gradient)
    second = np.float32(_BETA2 * adam[1][i, k] + (1.0 - _BETA2) * gradient * gradient)
    adam[0][i, k], adam[1][i, k] = first, second
    # The bias of young moments is taken out (Kingma and Ba 2015); it is the same for all parameters of a splat.
    return (first * adam[2][0]) / (math.sqrt(second * adam[2][1]) + _EPSILON)


@nb.njit(parallel=True, cache=True)
def _step(arrays: StateArrays, order: NDArray[np.int32], parts: GradientArrays, rates: NDArray[np.float64]) -> None:
    """Take one step of Adam with every splat in ``order``, which holds none twice."""
    for block in nb.prange((len(order) + _BLOCK - 1) // _BLOCK):
        _step_block(arrays, order, parts, block, rates)


@nb.njit(cache=True)
def _step_block(
    arrays: StateArrays,
    order: NDArray[np.int32],
    parts: GradientArrays,
    block: int,
    rates: NDArray[np.float64],
) -> None:
    # A function of its own, because numba 0.68 loses stores to vectors that a parallel loop unpacks from tuples.
    live, home = arrays[:6], arrays[6:9]
    steps, unbias = arrays[11], np.zeros(2)
    adam = (arrays[9], arrays[10], unbias)
    turn, local = np.zeros((3, 3)), np.zeros(3)
    limit = (_MAX_COLOR - 0.5) / SH_C0
    for rank in range(block * _BLOCK, min((block + 1) * _BLOCK, len(order))):
        i = order[rank]
        steps[i] += 1
        unbias[0], unbias[1] = 1.0 / (1.0 - _BETA1 ** steps[i]), 1.0 / (1.0 - _BETA2 ** steps[i])
        _move(live, home, (adam, turn, local), i, (parts[0][rank], rates))
        _reshape(live, home, adam, i, (parts[1][rank], parts[2][rank], rates))
        opacity = np.float64(live[3][i])
        odds = opacity / (1.0 - opacity)
        odds *= math.exp(-rates[_LOGIT] * _direction(adam, i, 10, parts[3][rank]))
        live[3][i] = min(max(odds / (1.0 + odds), MIN_OPACITY), MAX_OPACITY)
        for k in range(3):
            color = live[4][i, k] - rates[_COLOR] * _direction(adam, i, 11 + k, parts[4][rank, k])
            live[4][i, k] = min(max(color, -limit), limit)
        for k in range(parts[5].shape[1]):
            for channel in range(3):
                gradient = parts[5][rank, k, channel]
                direction = _direction(adam, i, FIXED_PARAMETERS + 3 * k + channel, gradient)
                live[5][i, k, channel] -= rates[_HARMONICS] * direction


@nb.njit(cache=True, inline="always")
def _move(
    live: LiveArrays,
    home: HomeArrays,
    work: tuple[MomentArrays, NDArray[np.float64], NDArray[np.float64]],
    i: int,
    towards: tuple[NDArray[np.float32], NDArray[np.float64]],
) -> None:
    """Shift a splat along its own axes, each by a part of its size there, and keep it near its home."""
    adam, turn, local = work
    gradient, rates = towards
    fill_rotation(live[1][i], turn)
    for axis in range(3):
        along = turn[0, axis] * gradient[0] + turn[1, axis] * gradient[1] + turn[2, axis] * gradient[2]
        local[axis] = -rates[_MEAN] * live[2][i, axis] * _direction(adam, i, axis, along)
    for k in range(3):
        live[0][i, k] += turn[k, 0] * local[0] + turn[k, 1] * local[1] + turn[k, 2] * local[2]
    fill_rotation(home[1][i], turn)
    for axis in range(3):
        shift = 0.0
        for k in range(3):
            shift += turn[k, axis] * (live[0][i, k] - home[0][i, k])
        most = MAX_SHIFT * home[2][i, axis]
        local[axis] = min(max(shift, -most), most)
    for k in range(3):
        live[0][i, k] = home[0][i, k] + turn[k, 0] * local[0] + turn[k, 1] * local[1] + turn[k, 2] * local[2]


@nb.njit(cache=True, inline="always")
def _reshape(
    live: LiveArrays,
    home: HomeArrays,
    adam: MomentArrays,
    i: int,
    towards: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]],
) -> None:
    """Stretch and turn a splat, and draw it back to its first shape."""
    by_quat, by_log_scale, rates = towards
    for axis in range(3):
        growth = -rates[_SCALE] * _direction(adam, i, 3 + axis, by_log_scale[axis])
        first = np.float64(home[2][i, axis])
        grown = np.float64(live[2][i, axis]) / first
        grown *= math.exp(growth - rates[_PULL] * math.log(grown))
        live[2][i, axis] = first * min(max(grown, 1.0 / MAX_SHRINKAGE), MAX_GROWTH)
    same = 0.0
    for k in range(4):
        same += live[1][i, k] * home[1][i, k]
    sign = 1.0 if same >= 0.0 else -1.0
    square = 0.0
    for k in range(4):
        turned = live[1][i, k] - rates[_ROTATION] * _direction(adam, i, 6 + k, by_quat[k])
        turned -= rates[_PULL] * (turned - sign * home[1][i, k])
        live[1][i, k] = turned
        square += turned * turned
    for k in range(4):
        live[1][i, k] /= math.sqrt(square)
