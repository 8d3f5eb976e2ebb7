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
MAX_COLOR = 1.08

ADAM_BETAS = 0.9, 0.99
ADAM_EPSILON = 1e-15

_BETA1, _BETA2 = ADAM_BETAS
_BLOCK = 1024
_MEAN, _SCALE, _ROTATION, _LOGIT, _COLOR, _HARMONICS, _PULL = range(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Lengths of steps.

    They are long for what the moments of a cell tell badly, which is how large and how opaque a splat is, and short for
    what they tell well (how it is turned) or what is solved for afterwards (its colour).
    """

    mean: float = 0.08
    """Of positions, in standard deviations of the splat along each of its axes."""
    scale: float = 0.11
    """Of the logarithms of the scales."""
    rotation: float = 0.015
    logit: float = 0.5
    color: float = 0.01
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
SeenArrays = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]
"""Which splats derivatives are of, in which order they take their step, and what takes the bias out of moments of
every age (steps, 2)."""
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
    # Splats stand in memory as they were made, from near to far they are scattered over it: this halves the time.
    ranks = np.full(state.cloud.num_gaussians, -1, dtype=np.int32)
    ranks[order] = np.arange(len(order), dtype=np.int32)
    ranks = ranks[ranks >= 0]
    most_steps = int(state.adam[2].max(initial=0)) + 1
    seen = (order, ranks, _unbiased(most_steps))
    _step((*state.live, *state.home, *state.adam), seen, parts, (pace * np.array(lengths)).astype(np.float32))


def _unbiased(most_steps: int) -> NDArray[np.float32]:
    """By what young first and second moments are too small after so many steps, (``most_steps`` + 1, 2)."""
    steps = np.maximum(np.arange(most_steps + 1), 1)
    return np.stack([1.0 / (1.0 - beta**steps) for beta in ADAM_BETAS], axis=1).astype(np.float32)


@nb.njit(cache=True, fastmath={"contract"})
def _directions(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    unbias: NDArray[np.float32],
    gradient: NDArray[np.float32],
    direction: NDArray[np.float32],
) -> None:
    """Adam's direction of about unit size for all parameters of a splat; updates its moments."""
    # In 32 bits, and for all parameters at once, so that it is done in vectors.
    for k in range(len(gradient)):
        slope = gradient[k]
        first[k] = np.float32(_BETA1) * first[k] + np.float32(1.0 - _BETA1) * slope
        second[k] = np.float32(_BETA2) * second[k] + np.float32(1.0 - _BETA2) * slope * slope
        # The bias of young moments is taken out (Kingma and Ba 2015); it is the same for all parameters of a splat.
        direction[k] = first[k] * unbias[0] / (np.sqrt(second[k] * unbias[1]) + np.float32(ADAM_EPSILON))


@nb.njit(parallel=True, cache=True)
def _step(arrays: StateArrays, seen: SeenArrays, parts: GradientArrays, rates: NDArray[np.float32]) -> None:
    """Take one step of Adam with every splat in ``seen``, which holds none twice."""
    for block in nb.prange((len(seen[0]) + _BLOCK - 1) // _BLOCK):
        _step_block(arrays, seen, parts, block, rates)


@nb.njit(cache=True)
def _step_block(
    arrays: StateArrays,
    seen: SeenArrays,
    parts: GradientArrays,
    block: int,
    rates: NDArray[np.float32],
) -> None:
    # A function of its own, because numba 0.68 loses stores to vectors that a parallel loop unpacks from tuples.
    live, home = arrays[:6], arrays[6:9]
    steps = arrays[11]
    turn, local = np.zeros((3, 3)), np.zeros(3)
    gradient = np.zeros(arrays[9].shape[1], dtype=np.float32)
    direction = np.zeros_like(gradient)
    limit = (MAX_COLOR - 0.5) / SH_C0
    order, ranks, unbiased = seen
    one = np.float32(1.0)
    for place in range(block * _BLOCK, min((block + 1) * _BLOCK, len(order))):
        rank = ranks[place]
        i = order[rank]
        steps[i] += 1
        fill_rotation(live[1][i], turn)
        _gather(parts, rank, turn, gradient)
        _directions(arrays[9][i], arrays[10][i], unbiased[steps[i]], gradient, direction)
        _move(live, home, (direction, turn, local), i, rates)
        _reshape(live, home, direction, i, rates)
        # In 32 bits: the exponential of 64 takes several times as long.
        shrunk = math.exp(rates[_LOGIT] * direction[10]) * (one - live[3][i])
        opacity = live[3][i] / (live[3][i] + shrunk)
        live[3][i] = min(max(opacity, np.float32(MIN_OPACITY)), np.float32(MAX_OPACITY))
        for k in range(3):
            color = live[4][i, k] - rates[_COLOR] * direction[11 + k]
            live[4][i, k] = min(max(color, -limit), limit)
        for k in range(parts[5].shape[1]):
            for channel in range(3):
                live[5][i, k, channel] -= rates[_HARMONICS] * direction[FIXED_PARAMETERS + 3 * k + channel]


@nb.njit(cache=True, inline="always")
def _gather(parts: GradientArrays, rank: int, turn: NDArray[np.float64], gradient: NDArray[np.float32]) -> None:
    """All derivatives of one splat in a row, those of its place along its own axes."""
    for axis in range(3):
        along = 0.0
        for k in range(3):
            along += turn[k, axis] * parts[0][rank, k]
        gradient[axis] = along
        gradient[3 + axis] = parts[2][rank, axis]
        gradient[11 + axis] = parts[4][rank, axis]
    for k in range(4):
        gradient[6 + k] = parts[1][rank, k]
    gradient[10] = parts[3][rank]
    for k in range(parts[5].shape[1]):
        for channel in range(3):
            gradient[FIXED_PARAMETERS + 3 * k + channel] = parts[5][rank, k, channel]


@nb.njit(cache=True, inline="always")
def _move(
    live: LiveArrays,
    home: HomeArrays,
    work: tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]],
    i: int,
    rates: NDArray[np.float32],
) -> None:
    """Shift a splat along its own axes, each by a part of its size there, and keep it near its home."""
    direction, turn, local = work
    for axis in range(3):
        local[axis] = -rates[_MEAN] * live[2][i, axis] * direction[axis]
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
    direction: NDArray[np.float32],
    i: int,
    rates: NDArray[np.float32],
) -> None:
    """Stretch and turn a splat, and draw it back to its first shape."""
    for axis in range(3):
        first = home[2][i, axis]
        grown = live[2][i, axis] / first
        grown *= math.exp(-rates[_SCALE] * direction[3 + axis] - rates[_PULL] * math.log(grown))
        grown = min(max(grown, np.float32(1.0 / MAX_SHRINKAGE)), np.float32(MAX_GROWTH))
        live[2][i, axis] = first * grown
    same = 0.0
    for k in range(4):
        same += live[1][i, k] * home[1][i, k]
    sign = 1.0 if same >= 0.0 else -1.0
    square = 0.0
    for k in range(4):
        turned = live[1][i, k] - rates[_ROTATION] * direction[6 + k]
        turned -= rates[_PULL] * (turned - sign * home[1][i, k])
        live[1][i, k] = turned
        square += turned * turned
    for k in range(4):
        live[1][i, k] /= math.sqrt(square)
