"""Splats go where they are missing: what nobody sees is given up, what must show too much at once is split.

Where the loss pulls a splat hard over the image (the criterion of Kerbl et al. 2023), one Gaussian stands for more than
it can show, and is split along its longest axis. Room comes from splats that have turned transparent and from what the
budget leaves, so a cloud never outgrows it. Splats that no picture shows stay: someone may look behind that tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.frames import matrices_from_quats
from worldgen.rendering.splat_gradients import SplatGradients
from worldgen.rendering.splat_optimizer import SplatState, state_of

DEAD_OPACITY = 0.02
"""Splats more transparent than this are given up."""
LEAST_LOOKS = 3
"""How often a splat must have been in a picture before it is split."""
SPLIT_SHARE = 0.03
"""At most this part of the splats is split at a time."""

_OFFSET = 0.6
_SHRINK = 0.65


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SplatTally:
    """What is known of each splat since the last change of their number.

    pull     (N,) float64  sums of the derivatives with respect to the place on the image
    looks    (N,) int32    in how many pictures it was
    """

    pull: NDArray[np.float64]
    looks: NDArray[np.int32]

    def add(self, order: NDArray[np.int32], gradients: SplatGradients) -> None:
        """Count one picture; ``order`` holds no splat twice."""
        self.pull[order] += gradients.screen
        self.looks[order] += 1


def new_tally(count: int) -> SplatTally:
    """Nothing is known yet."""
    return SplatTally(pull=np.zeros(count), looks=np.zeros(count, dtype=np.int32))


def densify(state: SplatState, tally: SplatTally, *, budget: int) -> SplatState:
    """Split splats that are pulled most, in the room of those that are transparent and of the budget.

    Args:
        state: Splats so far; is not written to.
        tally: Of these splats.
        budget: Splats at most.

    Returns:
        The new state. Splats keep their places in the order; halves take those of splats that went, or the end.
    """
    count = len(tally.looks)
    opacities = state.live[3]
    dead = opacities < DEAD_OPACITY
    splittable = (tally.looks >= LEAST_LOOKS) & ~dead & (tally.pull > 0.0)
    room = int(dead.sum()) + max(budget - count, 0)
    number = min(room, int(SPLIT_SHARE * count), int(splittable.sum()))
    score = np.where(splittable, tally.pull, -1.0)
    chosen = np.sort(np.argsort(-score, kind="stable")[:number])
    slots = np.concatenate([np.flatnonzero(dead), np.arange(count, max(budget, count))])[:number]
    return _split(state, chosen, slots, dead)


def _split(
    state: SplatState, chosen: NDArray[np.int64], slots: NDArray[np.int64], dead: NDArray[np.bool_]
) -> SplatState:
    """Replace each chosen splat by two halves, the second in a slot of its own."""
    size = max(len(dead), int(slots.max(initial=-1)) + 1)
    means, quats, scales, opacities, sh_dc, sh_rest = (_grown(array, size) for array in state.live)
    home_means, home_quats, home_scales = (_grown(array, size) for array in state.home)
    first, second, steps = (_grown(array, size) for array in state.adam)
    axes = matrices_from_quats(quats[chosen].astype(np.float64))
    longest = scales[chosen].argmax(axis=1)
    rows = np.arange(len(chosen))
    along = axes[rows, :, longest] * (_OFFSET * scales[chosen, longest])[:, None]
    middle = means[chosen].astype(np.float64)
    scales[chosen, longest] *= np.float32(_SHRINK)
    for targets, sign in ((slots, -1.0), (chosen, 1.0)):
        for array in (quats, scales, opacities, sh_dc, sh_rest):
            array[targets] = array[chosen]
        means[targets] = (middle + sign * along).astype(np.float32)
        home_means[targets], home_quats[targets] = means[targets], quats[targets]
        home_scales[targets] = scales[targets]
        first[targets], second[targets], steps[targets] = 0.0, 0.0, 0
    return state_of(
        (means, quats, scales, opacities, sh_dc, sh_rest),
        home=(home_means, home_quats, home_scales),
        adam=(first, second, steps),
    )


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    """A copy with zeros at the end."""
    grown = np.zeros((size, *array.shape[1:]), dtype=array.dtype)
    grown[: len(array)] = array
    return grown
