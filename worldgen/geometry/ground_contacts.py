"""Where what stands around a level panorama meets the ground: one contact per column, all columns at once.

Above the contact a column shows upright things, below it ground. How well a contact fits says a comparison of each
pixel between it and the horizon with the colours of the near ground and with those of the things above the horizon, the
strength of the edge at the contact itself, and how far things usually are. The contacts of all columns are chosen
together by dynamic programming around the circle, where neighbours may differ cheaply only at edges of the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.scene.arrays import freeze, require_array

_NEAREST_ANGLE = math.radians(48.0)
"""Nothing stands closer than where one looks down this steeply."""
_GROUND_BAND = (math.radians(18.0), math.radians(62.0))
"""Angles below the horizon whose pixels show what the ground looks like."""
_THING_BAND = math.radians(14.0)
"""Angle above the horizon whose pixels show what the things look like."""
_GROUND_SECTOR, _THING_SECTOR = math.radians(30.0), math.radians(3.0)
_USUAL_DISTANCE = 9.0
"""In camera heights; and how many factors of e most things deviate from it."""
_USUAL_SPREAD = 1.1
_PRIOR, _EDGE, _JUMP, _MOST_JUMP, _MOST_RATIO = 0.35, 2.2, 3.0, 2.4, 2.5
_OPEN_SHARE = 0.25
"""Share of the band above the horizon that must not be sky for a column to show a thing."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GroundContacts:
    """Contacts of the columns of a panorama.

    distances   (W,) float64  horizontal, in camera heights; infinite where nothing stands
    confidence  (W,) float64  0 to 1
    """

    distances: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check shapes."""
        distances = require_array("GroundContacts", "distances", self.distances, ("W",), np.float64, finite=False)
        confidence = require_array("GroundContacts", "confidence", self.confidence, distances.shape, np.float64)
        freeze(self, distances=distances, confidence=confidence)


def find_ground_contacts(rgb: NDArray[np.float32], is_sky: NDArray[np.bool_]) -> GroundContacts:
    """Find where things stand.

    Args:
        rgb: (H, 2H, 3) float32 sRGB-encoded, level.
        is_sky: (H, 2H).
    """
    height = len(rgb)
    middle = height // 2
    features = _features(rgb)
    num_rows = int(_NEAREST_ANGLE / math.pi * height)
    angles = (np.arange(num_rows) + 1.0) / height * math.pi
    band = max(2, round(_THING_BAND / math.pi * height))
    things = ~is_sky[middle - band : middle]
    # What counts is whether something rises over the horizon, not how high.
    rises = things[-max(2, band // 5) :].mean(axis=0) > _OPEN_SHARE
    costs = _contact_costs(features, things, num_rows, middle)
    distances = 1.0 / np.tan(angles)
    prior = _PRIOR * (np.log(distances / _USUAL_DISTANCE) / _USUAL_SPREAD) ** 2
    costs += prior[None, :]
    columns_differ = np.abs(np.roll(features, -1, axis=1) - features)[middle - band : middle + band // 2].mean(
        axis=(0, 2)
    )
    rigidity = _JUMP * np.exp(-columns_differ / max(float(np.median(columns_differ)), 1e-6))
    chosen = _circular_path(costs, np.log(distances), rigidity)
    picked = distances[chosen]
    confidence = _confidence(costs, chosen)
    return GroundContacts(distances=np.where(rises, picked, np.inf), confidence=np.where(rises, confidence, 0.6))


def _features(rgb: NDArray[np.float32]) -> NDArray[np.float64]:
    """Brightness, warmth, greenness and roughness of each pixel, each of about unit spread; (H, 2H, 4)."""
    from scipy.ndimage import gaussian_filter

    modes: tuple[Literal["nearest"], Literal["wrap"]] = ("nearest", "wrap")
    smooth = np.stack([gaussian_filter(rgb[..., c].astype(np.float64), 1.2, mode=modes) for c in range(3)], axis=-1)
    red, green, blue = smooth[..., 0], smooth[..., 1], smooth[..., 2]
    grey = rgb.mean(axis=2).astype(np.float64)
    rough = gaussian_filter(np.abs(grey - gaussian_filter(grey, 2.0, mode=modes)), 2.0, mode=modes)
    return np.stack(
        [
            smooth.mean(axis=2) / 0.18,
            (red - blue) / 0.10,
            (green - 0.5 * (red + blue)) / 0.06,
            np.log(rough + 0.01) / 0.6,
        ],
        axis=-1,
    )


def _contact_costs(
    features: NDArray[np.float64], things: NDArray[np.bool_], num_rows: int, middle: int
) -> NDArray[np.float64]:
    """(W, R) cost of a contact at each row below the horizon."""
    height = len(features)
    first, last = (round(angle / math.pi * height) for angle in _GROUND_BAND)
    ground = features[middle + first : middle + last]
    ground_mean, ground_spread = _sector_moments(ground, np.ones(ground.shape[:2]), _GROUND_SECTOR)
    band = len(things)
    thing_mean, thing_spread = _sector_moments(
        features[middle - band : middle], things.astype(np.float64), _THING_SECTOR
    )
    below = features[middle : middle + num_rows]
    unlike_ground = _misfit(below, ground_mean, ground_spread)
    unlike_thing = _misfit(below, thing_mean, thing_spread)
    # Positive where a pixel looks like ground; a few pixels near the horizon weigh as much as many below.
    looks = np.clip(unlike_thing - unlike_ground, -2.5, 2.5)
    angle = (np.arange(num_rows) + 1.0) / height * math.pi
    weight = (1.0 / angle) / (1.0 / angle).sum() * 14.0
    as_thing = np.cumsum(looks * weight[:, None], axis=0)
    step = np.abs(np.roll(below, -1, axis=0) - np.roll(below, 1, axis=0)).mean(axis=2)
    step[0], step[-1] = step[1], step[-2]
    edge = step / (step.mean(axis=0, keepdims=True) + 0.15)
    return np.ascontiguousarray((as_thing - _EDGE * 0.25 * np.minimum(edge, 4.0)).T)


def _sector_moments(
    values: NDArray[np.float64], weights: NDArray[np.float64], sector: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of the features around each column; (W, F) each."""
    width = values.shape[1]
    reach = max(1, round(sector / (2.0 * math.pi) * width))
    total = _around(weights.sum(axis=0), reach) + 1e-6
    mean = _around((values * weights[..., None]).sum(axis=0), reach) / total[:, None]
    square = _around((values**2 * weights[..., None]).sum(axis=0), reach) / total[:, None]
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0)) + 0.35


def _around(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Sums over ``reach`` columns on either side, around the circle."""
    padded = np.concatenate([values[-reach - 1 :], values, values[:reach]])
    sums = np.cumsum(padded, axis=0)
    return np.asarray(sums[2 * reach + 1 :] - sums[: -2 * reach - 1])


def _misfit(
    features: NDArray[np.float64], mean: NDArray[np.float64], spread: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(R, W) mean squared deviation in units of the spread, with its logarithm, as in a Gaussian's likelihood."""
    return np.asarray((0.5 * ((features - mean) / spread) ** 2 + np.log(spread)).mean(axis=2))


@numba.njit(cache=True)
def _circular_path(
    costs: NDArray[np.float64], positions: NDArray[np.float64], rigidity: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The cheapest choice of one row per column around the circle.

    A step between columns costs rigidity times the difference of the positions, at most ``_MOST_JUMP`` times it. The
    circle is run through twice, and of the second round's choices the first is met by the last.
    """
    width, rows = costs.shape
    best = costs[0].copy()
    came_from = np.zeros((2 * width, rows), dtype=np.int64)
    for turn in range(1, 2 * width):
        column = turn % width
        stiff = rigidity[(turn - 1) % width]
        cheapest = best.argmin()
        fresh = np.zeros(rows)
        for row in range(rows):
            value, source = best[cheapest] + stiff * _MOST_JUMP, cheapest
            for other in range(rows):
                difference = abs(positions[row] - positions[other])
                if difference < _MOST_JUMP:
                    candidate = best[other] + stiff * difference
                    if candidate < value:
                        value, source = candidate, other
            fresh[row] = value + costs[column, row]
            came_from[turn, row] = source
        best = fresh - fresh.min()
    chosen = np.zeros(2 * width, dtype=np.int64)
    chosen[-1] = best.argmin()
    for turn in range(2 * width - 1, 0, -1):
        chosen[turn - 1] = came_from[turn, chosen[turn]]
    half = width // 2
    result = np.zeros(width, dtype=np.int64)
    for turn in range(half, half + width):
        result[turn % width] = chosen[turn]
    return result


def _confidence(costs: NDArray[np.float64], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much worse the best contact elsewhere is, as a share from 0 to 1."""
    rows = np.arange(costs.shape[1])
    columns = np.arange(len(costs))
    ratio = np.maximum(rows[None, :] + 1.0, chosen[:, None] + 1.0) / np.minimum(
        rows[None, :] + 1.0, chosen[:, None] + 1.0
    )
    elsewhere = np.where(ratio > 1.6, costs, np.inf).min(axis=1)
    margin = elsewhere - costs[columns, chosen]
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(margin, -6.0, 6.0) * 0.8)))
