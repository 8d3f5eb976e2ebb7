"""How visible the border between a picture and what was added around it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class SeamScore:
    """Steps between neighbouring pixels across the border over those inside the given part.

    ``median_ratio`` compares the medians, ``mean_ratio`` the means, which single hard steps raise.
    """

    median_ratio: float
    mean_ratio: float


def score_seam(image: NDArray[np.float32], is_given: NDArray[np.bool_]) -> SeamScore:
    """Compare the steps across the border of the given part with those inside it.

    Args:
        image: (H, 2H, C) float32, equirectangular.
        is_given: (H, 2H).

    Raises:
        InvalidInputError: There is no border, or nothing inside it.
    """
    across: list[NDArray[np.float32]] = []
    inside: list[NDArray[np.float32]] = []
    for axis in (0, 1):
        step = np.abs(np.roll(image, -1, axis=axis) - image).mean(axis=2)
        beside = np.roll(is_given, -1, axis=axis)
        if axis == 0:
            step, beside, here = step[:-1], beside[:-1], is_given[:-1]
        else:
            here = is_given
        across.append(step[here != beside])
        inside.append(step[here & beside])
    at_border, within = np.concatenate(across), np.concatenate(inside)
    if not len(at_border) or not len(within):
        raise InvalidInputError("There is no border between a given and an added part.")
    return SeamScore(
        median_ratio=float(np.median(at_border) / max(float(np.median(within)), 1e-6)),
        mean_ratio=float(at_border.mean() / max(float(within.mean()), 1e-6)),
    )
