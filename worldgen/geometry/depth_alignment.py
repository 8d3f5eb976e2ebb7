"""Scales and shifts that make the depths of overlapping views agree.

Networks see one perspective view at a time and give its depth, or its inverse, up to a scale and often a shift. All
views' scales and shifts are found at once: the ones under which views differ least where they overlap, measured against
how much the depth varies over the whole sphere, so that a world squeezed flat is no solution. Weights are found anew in
every round (iteratively reweighted least squares with Cauchy's function), for every sample and for every view, so views
that tell of another world are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.frames import look_at
from worldgen.geometry.cameras import pinhole_camera, project_points
from worldgen.geometry.equirectangular import equirectangular_rays, row_solid_angles
from worldgen.scene.arrays import freeze, require_array
from worldgen.scene.camera import Camera

DepthKind = Literal["metric", "relative", "disparity"]
"""Metres; depth up to scale and shift; inverse depth up to scale and shift. All along the optical axis."""

_ROUNDS = 12
_GRID_HEIGHT = 64
_LEAST_OVERLAP = 24
_OUTLIER_FACTOR = 3.0
_LEAST_OUTLIER = 0.08
_LEAST_LEVEL = 0.01
"""Errors of values below this part of the middle one count as those of this part do."""
_LEAST_COMPARED = 0.02
"""The same where two views are compared, which noise and shifts put off by more."""
_RINGS = ((0.0, 8), (math.radians(48.0), 5), (math.radians(-48.0), 5), (0.5 * math.pi, 1), (-0.5 * math.pi, 1))


NO_AGREEMENT = "No view tells a depth that the others agree with."


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ViewDepth:
    """What a depth network says about one view.

    camera      at the origin, which is the middle of the sphere
    values      (H, W) float32  of the kind given; not finite where the network says nothing
    confidence  (H, W) float32  0 to 1
    """

    camera: Camera
    values: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check sizes and the camera's place."""
        size = (self.camera.height, self.camera.width)
        values = require_array("ViewDepth", "values", self.values, size, np.float32, finite=False)
        confidence = require_array("ViewDepth", "confidence", self.confidence, size, np.float32)
        if np.abs(self.camera.world_from_camera[:3, 3]).max() > 1e-9:
            raise InvalidInputError("ViewDepth.camera must stand at the origin.")
        freeze(self, values=values, confidence=confidence)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Alignment:
    """What turns the values of N views into one depth: ``scales * values + shifts``, inverted for disparity.

    scales   (N,) float64
    shifts   (N,) float64
    weights  (N,) float64  how much each view is trusted, 0 (left out) to 1
    """

    scales: NDArray[np.float64]
    shifts: NDArray[np.float64]
    weights: NDArray[np.float64]


def overlapping_cameras(*, size_px: int, field_of_view: float = math.radians(95.0)) -> tuple[Camera, ...]:
    """Twenty square views around the origin that overlap by more than half: three rings and the two poles.

    The seam of panoramas lies between two views of each ring, where both are averaged.

    Args:
        size_px: Side of each view.
        field_of_view: Of each view in radians; 80 to 110 degrees cover the sphere well.
    """
    cameras = []
    for elevation, count in _RINGS:
        for index in range(count):
            turn = 2.0 * math.pi * (index + (0.0 if elevation else 0.5)) / count
            level = math.cos(elevation) if count > 1 else 1e-9
            target = np.array([level * math.sin(turn), math.sin(elevation), -level * math.cos(turn)])
            up = np.array([0.0, 1.0, 0.0]) if count > 1 else np.array([0.0, 0.0, 1.0])
            pose = _looking(target, up)
            cameras.append(pinhole_camera(pose, height=size_px, width=size_px, horizontal_fov=field_of_view))
    return tuple(cameras)


def _looking(target: NDArray[np.float64], up: NDArray[np.float64]) -> NDArray[np.float64]:
    if up[1]:
        return look_at(np.zeros(3), target)
    back = -target / np.linalg.norm(target)
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(back, right), back], axis=1)
    return pose


def sample_view(
    view: ViewDepth, rays: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values (N,), weights (N,) and cosines to the optical axis (N,) of a view along rays (N, 3).

    The weight is the confidence, fading to 0 at the view's border and beyond it.
    """
    from scipy.ndimage import map_coordinates

    columns, rows, depth = project_points(view.camera, rays)
    height, width = view.values.shape
    with np.errstate(invalid="ignore"):
        inside = np.isfinite(depth) & (columns > 0.5) & (rows > 0.5) & (columns < width - 0.5) & (rows < height - 0.5)
    values, weights, cosines = np.zeros(len(rays)), np.zeros(len(rays)), np.ones(len(rays))
    places = np.stack([rows[inside] - 0.5, columns[inside] - 0.5])
    finite = np.isfinite(view.values)
    known = map_coordinates(finite.astype(np.float32), places, order=1, mode="nearest") > 0.999
    values[inside] = map_coordinates(np.where(finite, view.values, 0.0), places, order=1, mode="nearest")
    confidence = map_coordinates(view.confidence, places, order=1, mode="nearest")
    across = np.abs(columns[inside] / width * 2.0 - 1.0)
    down = np.abs(rows[inside] / height * 2.0 - 1.0)
    fade = np.clip((1.0 - across) / 0.3, 0.0, 1.0) * np.clip((1.0 - down) / 0.3, 0.0, 1.0)
    weights[inside] = known * confidence * (fade * fade * (3.0 - 2.0 * fade) + 1e-4)
    forward = -view.camera.world_from_camera[:3, 2]
    cosines[inside] = (rays @ forward)[inside]
    return values, weights, cosines


def _averaged(view: ViewDepth) -> ViewDepth:
    """A view whose pixels are means over as much of it as a sample of the grid stands for.

    Means change with scale and shift as values do, have less noise, and agree between views where leaves do not.
    """
    from scipy.ndimage import uniform_filter

    focal_px = 0.5 * (view.camera.intrinsics_px[0, 0] + view.camera.intrinsics_px[1, 1])
    size = max(round(focal_px * math.pi / _GRID_HEIGHT), 1)
    if size == 1:
        return view
    finite = np.isfinite(view.values)
    share = uniform_filter(finite.astype(np.float64), size, mode="nearest")
    total = uniform_filter(np.where(finite, view.values, 0.0).astype(np.float64), size, mode="nearest")
    values = np.where(share > 0.5, total / np.maximum(share, 0.5), np.nan).astype(np.float32)
    return ViewDepth(camera=view.camera, values=values, confidence=np.array(view.confidence))


def align_views(views: Sequence[ViewDepth], kind: DepthKind) -> Alignment:
    """Find every view's scale and shift.

    Args:
        views: Two or more that overlap.
        kind: What their values are; metric ones get a scale only, whose median is 1.

    Raises:
        InvalidInputError: There are fewer than two views, they do not overlap, or they agree on nothing.
    """
    if len(views) < 2:
        raise InvalidInputError("Aligning needs at least two views.")
    rays = equirectangular_rays(_GRID_HEIGHT).reshape(-1, 3)
    areas = np.repeat(row_solid_angles(_GRID_HEIGHT), 2 * _GRID_HEIGHT)
    sampled = [sample_view(_averaged(view), rays) for view in views]
    count = len(views)
    values = np.stack([item[0] for item in sampled])
    weights = np.stack([item[1] for item in sampled]) * areas
    # Along the ray instead of along the axis: depth grows by 1 / cosine, its inverse by the cosine.
    factors = np.stack([item[2] for item in sampled]) ** (1.0 if kind == "disparity" else -1.0)
    middle = np.array([np.median(v[w > 0.0]) if (w > 0.0).any() else 1.0 for v, w in zip(values, weights, strict=True)])
    spread = np.array([np.std(v[w > 0.0]) if (w > 0.0).any() else 1.0 for v, w in zip(values, weights, strict=True)])
    spread = np.maximum(spread, 1e-9 * np.maximum(np.abs(middle), 1e-9))
    if kind == "relative":
        spread = np.maximum(np.array([_middle_spread(v[w > 0.0]) for v, w in zip(values, weights, strict=True)]), 1e-9)
    if kind == "metric":
        middle, spread = np.zeros(count), np.maximum(middle, 1e-9)
    unit = (values - middle[:, None]) / spread[:, None]
    pairs = [
        (a, b) for a in range(count) for b in range(a) if ((weights[a] > 0) & (weights[b] > 0)).sum() >= _LEAST_OVERLAP
    ]
    if not pairs:
        raise InvalidInputError("The views do not overlap.")
    solution, trust = _solve(unit, weights, factors, pairs, with_shift=kind != "metric")
    slopes, offsets = solution[:count], solution[count:]
    scales = slopes / spread
    shifts = offsets - scales * middle
    gauge = (
        float(np.median(scales[trust > 0.0]))
        if kind == "metric"
        else _typical(values, weights, factors, (scales, shifts, trust))
    )
    if gauge == 0.0:
        raise InvalidInputError(NO_AGREEMENT)
    return Alignment(scales=scales / gauge, shifts=shifts / gauge, weights=trust)


def _middle_spread(values: NDArray[np.float64]) -> float:
    """Half of the distance between the quartiles, which hills far away do not change."""
    if not len(values):
        return 1.0
    low, high = np.percentile(values, (25.0, 75.0))
    return 0.5 * float(high - low)


def _typical(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    factors: NDArray[np.float64],
    found: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> float:
    """The middle of all aligned values: what becomes 1."""
    scales, shifts, trust = found
    aligned = (scales[:, None] * values + shifts[:, None]) * factors
    return float(np.median(aligned[(weights > 0.0) & (trust[:, None] > 0.0)]))


def _solve(
    unit: NDArray[np.float64],
    weights: NDArray[np.float64],
    factors: NDArray[np.float64],
    pairs: list[tuple[int, int]],
    *,
    with_shift: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slopes and offsets (2N,) and trust (N,) by reweighted generalised eigenproblems."""
    from scipy.linalg import eigh

    count = len(unit)
    # Columns of the design: for each view its slope and its offset.
    designs = [np.stack([unit[k] * factors[k], factors[k]], axis=1) for k in range(count)]
    levels = np.sqrt(1.0 + unit * unit)
    sample_weights = {(a, b): _shared_weight(weights, levels, a, b) for a, b in pairs}
    trust = _trust_of(_disagreements(designs, weights, levels, pairs, with_shift=with_shift))
    solution = np.zeros(2 * count)
    for round_number in range(_ROUNDS):
        residual_form, variance_form = np.zeros((2 * count, 2 * count)), np.zeros((2 * count, 2 * count))
        for (a, b), weight in sample_weights.items():
            index = [a, count + a, b, count + b]
            rows = np.concatenate([designs[a], -designs[b]], axis=1)
            share = weight * trust[a] * trust[b]
            residual_form[np.ix_(index, index)] += (rows * share[:, None]).T @ rows
        total, mean = 0.0, np.zeros(2 * count)
        for k in range(count):
            index = [k, count + k]
            share = weights[k] / levels[k] ** 2 * trust[k]
            variance_form[np.ix_(index, index)] += (designs[k] * share[:, None]).T @ designs[k]
            mean[index] += share @ designs[k]
            total += share.sum()
        if with_shift:
            variance_form -= np.outer(mean, mean) / max(total, 1e-12)
        kept = np.flatnonzero(trust > 0.0)
        free = np.concatenate([kept, count + kept]) if with_shift else kept
        block = np.ix_(free, free)
        ridge = 1e-9 * np.trace(variance_form[block]) / len(free) + 1e-15
        _, vectors = eigh(
            residual_form[block] + 1e-3 * ridge * np.eye(len(free)), variance_form[block] + ridge * np.eye(len(free))
        )
        solution = np.zeros(2 * count)
        solution[free] = vectors[:, 0]
        if solution[:count] @ trust < 0.0:
            solution = -solution
        aligned = np.stack([designs[k] @ solution[[k, count + k]] for k in range(count)])
        sample_weights, levels, trust = _reweighted(aligned, weights, pairs, final=round_number > _ROUNDS // 2)
    return solution, trust


def _reweighted(
    aligned: NDArray[np.float64], weights: NDArray[np.float64], pairs: list[tuple[int, int]], *, final: bool
) -> tuple[dict[tuple[int, int], NDArray[np.float64]], NDArray[np.float64], NDArray[np.float64]]:
    """Weights of all samples by their relative residuals, their levels, and trust in each view by its middle residual.

    What is relative to the level counts in residuals and in the variance: hills far away (or, as disparity, what is
    near) must not outweigh the rest in one of them only.
    """
    size = float(np.median(np.abs(aligned[weights > 0.0])))
    residuals, middles = {}, {}
    for a, b in pairs:
        shared = (weights[a] > 0.0) & (weights[b] > 0.0)
        level = np.maximum(0.5 * (np.abs(aligned[a]) + np.abs(aligned[b])), _LEAST_COMPARED * size)
        residuals[a, b] = np.where(shared, np.abs(aligned[a] - aligned[b]) / level, np.inf)
        middles[a, b] = float(np.median(residuals[a, b][shared]))
    of_view = _by_view(middles, len(aligned))
    trust = _trust_of(of_view)
    if final:
        usual = float(np.median(of_view[np.isfinite(of_view)]))
        trust = np.where(of_view > max(_OUTLIER_FACTOR * usual, _LEAST_OUTLIER), 0.0, 1.0)
    spread = max(1.5 * float(np.median(list(middles.values()))), 1e-4)
    levels = np.maximum(np.abs(aligned) / size, _LEAST_LEVEL)
    result = {}
    for a, b in pairs:
        cauchy = 1.0 / (1.0 + np.minimum(residuals[a, b] / (2.0 * spread), 1e6) ** 2)
        result[a, b] = cauchy * _shared_weight(weights, levels, a, b)
    return result, levels, trust


def _by_view(of_pairs: dict[tuple[int, int], float], count: int) -> NDArray[np.float64]:
    """How far each view is from its neighbours; infinite for one without any, such as one of nothing but sky."""
    of_view = np.full(count, np.inf)
    for k in range(count):
        of_neighbours = [value for pair, value in of_pairs.items() if k in pair]
        if of_neighbours:
            # A view is judged by the better half of its neighbours, so that it does not pay for theirs.
            of_view[k] = np.percentile(of_neighbours, 35.0)
    return of_view


def _trust_of(of_view: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trust in views by how far they are from their neighbours, measured by what is usual."""
    usual = float(np.median(of_view[np.isfinite(of_view)]))
    return np.asarray(1.0 / (1.0 + (of_view / max(usual, 1e-6)) ** 2 / 8.0) ** 2)


def _disagreements(
    designs: list[NDArray[np.float64]],
    weights: NDArray[np.float64],
    levels: NDArray[np.float64],
    pairs: list[tuple[int, int]],
    *,
    with_shift: bool,
) -> NDArray[np.float64]:
    """How far each view is from its neighbours at best, whatever the scales and shifts of two at a time."""
    from scipy.linalg import eigh

    of_pairs = {}
    columns = [0, 1, 2, 3] if with_shift else [0, 2]
    for a, b in pairs:
        share = _shared_weight(weights, levels, a, b)
        share = share / share.sum()
        first, second = np.zeros((len(share), 4)), np.zeros((len(share), 4))
        first[:, :2], second[:, 2:] = designs[a], designs[b]
        residual, sums = first - second, first + second
        residual_form = (residual * share[:, None]).T @ residual
        # The variance of the two views' mean.
        variance_form = 0.25 * (sums * share[:, None]).T @ sums
        if with_shift:
            mean = 0.5 * (share @ sums)
            variance_form -= np.outer(mean, mean)
        block = np.ix_(columns, columns)
        ridge = 1e-6 * np.trace(variance_form[block]) * np.eye(len(columns)) + 1e-15 * np.eye(len(columns))
        of_pairs[a, b] = math.sqrt(max(float(eigh(residual_form[block], variance_form[block] + ridge)[0][0]), 0.0))
    return _by_view(of_pairs, len(designs))


def _shared_weight(weights: NDArray[np.float64], levels: NDArray[np.float64], a: int, b: int) -> NDArray[np.float64]:
    """Weights of the residuals of two views, relative to the lower of their levels."""
    return np.asarray(np.sqrt(weights[a] * weights[b]) / np.minimum(levels[a], levels[b]) ** 2)
