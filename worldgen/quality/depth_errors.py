"""How far one panorama's depth is from another's: the measures of the monocular depth literature, on the sphere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.equirectangular import row_solid_angles

_EDGE_RATIO = 1.25
_EDGE_REACH_PX = 2
_SURE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthErrors:
    """Errors of a depth; every pixel weighs its solid angle.

    ``relative``, ``within_quarter`` (ratio below 1.25) and ``sure_relative`` (where the estimate's confidence is at
    least 0.5) count pixels that are finite in both; ``sky_overlap`` is the intersection over union of the infinite
    ones, 1 where neither has any. ``edge_f1`` compares where neighbouring depths jump by a quarter, within two pixels.
    """

    relative: float
    within_quarter: float
    edge_f1: float
    sky_overlap: float
    sure_relative: float

    @property
    def row(self) -> str:
        """Cells of a table."""
        return " | ".join(f"{value:.3f}" for value in astuple(self))

    @staticmethod
    def mean(errors: Sequence[DepthErrors]) -> DepthErrors:
        """Means over several pictures."""
        values = np.array([astuple(item) for item in errors]).mean(axis=0)
        return DepthErrors(
            relative=float(values[0]),
            within_quarter=float(values[1]),
            edge_f1=float(values[2]),
            sky_overlap=float(values[3]),
            sure_relative=float(values[4]),
        )


def compare_depth(
    estimate: NDArray[np.float32], truth: NDArray[np.float32], confidence: NDArray[np.float32] | None = None
) -> DepthErrors:
    """Compare two depths of one panorama, both (H, 2H) metres, infinite for the sky.

    Raises:
        InvalidInputError: The sizes differ, or no pixel is finite in both.
    """
    if estimate.shape != truth.shape:
        raise InvalidInputError(f"Depths of {estimate.shape} and {truth.shape} cannot be compared.")
    weight = np.broadcast_to(row_solid_angles(len(truth))[:, None], truth.shape)
    solid, sky = np.isfinite(estimate) & np.isfinite(truth), np.isinf(estimate) | np.isinf(truth)
    if not solid.any():
        raise InvalidInputError("The depths have no finite pixel in common.")
    ours, exact, share = estimate[solid].astype(np.float64), truth[solid].astype(np.float64), weight[solid]
    relative = np.abs(ours / exact - 1.0)
    sure = np.ones(len(ours), dtype=bool) if confidence is None else confidence[solid] >= _SURE
    both = np.isinf(estimate) & np.isinf(truth)
    return DepthErrors(
        relative=float(np.average(relative, weights=share)),
        within_quarter=float(np.average(np.maximum(ours / exact, exact / ours) < 1.25, weights=share)),
        edge_f1=_edge_f1(estimate, truth),
        sky_overlap=float(weight[both].sum() / weight[sky].sum()) if sky.any() else 1.0,
        sure_relative=float(np.average(relative[sure], weights=share[sure])) if sure.any() else float("nan"),
    )


def _edge_f1(estimate: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Harmonic mean of how many of our edges are true ones and how many true ones we found."""
    from scipy.ndimage import binary_dilation

    ours, exact = _edges(estimate), _edges(truth)
    if not ours.any() or not exact.any():
        return 1.0 if ours.any() == exact.any() else 0.0
    precision = float((ours & binary_dilation(exact, iterations=_EDGE_REACH_PX)).sum() / ours.sum())
    recall = float((exact & binary_dilation(ours, iterations=_EDGE_REACH_PX)).sum() / exact.sum())
    return 2.0 * precision * recall / max(precision + recall, 1e-9)


def _edges(depth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels that are nearer than a neighbour by the ratio of a depth edge."""
    edge = np.zeros(depth.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        for shift, axis in ((1, 1), (-1, 1), (1, 0), (-1, 0)):
            beside = np.roll(depth, shift, axis=axis)
            jumps = beside > depth * _EDGE_RATIO
            if axis == 0:
                jumps[0 if shift == 1 else -1] = False
            edge |= jumps
    return edge
