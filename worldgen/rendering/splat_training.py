"""All of a cloud refined against true pictures: colour, opacity, size, rotation and place of every splat.

Stochastic gradient descent through the rasteriser, one picture a step. Pictures that are kept apart decide what is
best, and what the splats were before stays in the running, so refining never makes a world worse by their measure.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.events import Progress, ignore_progress
from worldgen.randomness import rng
from worldgen.rendering.gaussian_rasterizer import bin_cloud, rasterize
from worldgen.rendering.picture_loss import make_true_picture, picture_gradients
from worldgen.rendering.splat_densification import densify, new_tally
from worldgen.rendering.splat_gradients import splat_gradients
from worldgen.rendering.splat_optimizer import SplatState, copy_of, start_state, take_step
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.settings import RefinementLimit

EVALUATIONS = 8
"""How often the pictures that are kept apart are looked at, the end included."""
PATIENCE = 3
"""After so many looks without gain it is over."""
DENSIFY_FROM, DENSIFY_TO = 0.1, 0.66
"""Part of the time in which splats are split; new ones need time to settle."""
LAST_PACE = 0.1
"""What is left of the first step length at the end."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RefinementView:
    """A true picture.

    rgb              (H, W, 3) float32  display-referred
    euclidean_depth  (H, W)    float32  metres along the ray, +inf for the sky; None where it is not known
    """

    camera: Camera
    rgb: NDArray[np.float32]
    euclidean_depth: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        """Check that the picture fits its camera."""
        size = (self.camera.height, self.camera.width)
        if self.rgb.shape != (*size, 3) or self.rgb.dtype != np.float32 or not np.isfinite(self.rgb).all():
            raise InvalidInputError(f"RefinementView.rgb must be finite float32 of shape {(*size, 3)}.")
        depth = self.euclidean_depth
        if depth is not None and (depth.shape != size or not (depth > 0.0).all()):
            raise InvalidInputError(f"RefinementView.euclidean_depth must be positive and of shape {size}.")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RefinementResult:
    """The best splats, and how they came about.

    scores  steps taken and PSNR over the validation views in decibels, at every look; the first is from before
    """

    cloud: GaussianCloud
    psnr_before_db: float
    psnr_after_db: float
    steps: int
    scores: tuple[tuple[int, float], ...]


def refine_splats(
    cloud: GaussianCloud,
    training: Sequence[RefinementView],
    validation: Sequence[RefinementView],
    *,
    limit: RefinementLimit,
    budget: int | None = None,
    seed: int = 0,
    progress: Progress = ignore_progress,
) -> RefinementResult:
    """Bring renders of splats closer to true pictures.

    Args:
        cloud: What to start from.
        training: Pictures to come close to, a few dozen or more.
        validation: Other pictures, which decide what is best.
        limit: When to end (seconds count from here); it ends sooner when the validation views stop getting better.
        budget: Splats at most; as many as there are without it.
        seed: Of the order of the pictures.
        progress: Is told the fraction done and the PSNR so far.

    Raises:
        InvalidInputError: There are no pictures of one kind, or no splats.
    """
    if not training or not validation or not cloud.num_gaussians:
        raise InvalidInputError("Refinement takes splats, pictures to come close to, and others to judge by.")
    truths = [make_true_picture(view.rgb, view.euclidean_depth) for view in training]
    budget = cloud.num_gaussians if budget is None else budget
    state, tally = start_state(cloud), new_tally(cloud.num_gaussians)
    run = _Run(best=cloud, scores=[(0, views_psnr(cloud, validation))], clock=_Clock(limit))
    while run.clock.fraction(run.step) < 1.0 and not run.is_stalled:
        index = _view_of_step(run.step, len(training), seed)
        fraction = run.clock.fraction(run.step)
        view = training[index]
        bins = bin_cloud(state.cloud, view.camera)
        if len(bins.order):
            loss = partial(picture_gradients, truth=truths[index])
            gradients = splat_gradients(state.cloud, view.camera, bins, loss)
            take_step(state, bins.order, gradients, pace=LAST_PACE**fraction)
            tally.add(bins.order, gradients)
        run.step += 1
        done = run.clock.fraction(run.step)
        progress(min(done, 1.0), f"{run.best_psnr:.2f} dB after {run.step} steps")
        if math.floor(EVALUATIONS * done) > math.floor(EVALUATIONS * fraction):
            run.look(state, views_psnr(state.cloud, validation))
            if DENSIFY_FROM <= done <= DENSIFY_TO:
                state = densify(state, tally, budget=budget)
                tally = new_tally(state.cloud.num_gaussians)
    return RefinementResult(
        cloud=run.best,
        psnr_before_db=run.scores[0][1],
        psnr_after_db=run.best_psnr,
        steps=run.step,
        scores=tuple(run.scores),
    )


def views_psnr(cloud: GaussianCloud, views: Sequence[RefinementView]) -> float:
    """PSNR of renders over all pictures together, in decibels."""
    squared = 0.0
    for view in views:
        rgb = np.clip(rasterize(cloud, view.camera)[0], 0.0, 1.0)
        squared += float(np.mean((rgb.astype(np.float64) - view.rgb) ** 2)) / len(views)
    return -10.0 * math.log10(max(squared, 1e-12))


class _Clock:
    """Tells how much of the limit is used up."""

    def __init__(self, limit: RefinementLimit) -> None:
        self._limit = limit
        self._start = time.perf_counter()

    def fraction(self, step: int) -> float:
        if self._limit.steps is not None:
            return step / self._limit.steps
        return (time.perf_counter() - self._start) / (self._limit.seconds or 1.0)


@dataclass(slots=True)
class _Run:
    """What changes while refining, but for the splats themselves."""

    best: GaussianCloud
    scores: list[tuple[int, float]]
    clock: _Clock
    step: int = 0
    looks_without_gain: int = 0
    best_psnr: float = field(init=False)

    def __post_init__(self) -> None:
        self.best_psnr = self.scores[0][1]

    @property
    def is_stalled(self) -> bool:
        return self.looks_without_gain >= PATIENCE

    def look(self, state: SplatState, psnr_db: float) -> None:
        """Keep the splats if they are the best so far."""
        self.scores.append((self.step, psnr_db))
        if psnr_db > self.best_psnr:
            self.best, self.best_psnr, self.looks_without_gain = copy_of(state.cloud), psnr_db, 0
        else:
            self.looks_without_gain += 1


def _view_of_step(step: int, count: int, seed: int) -> int:
    """Every picture once a round, in another order each."""
    return int(rng(seed, f"refine/round {step // count}").permutation(count)[step % count])
