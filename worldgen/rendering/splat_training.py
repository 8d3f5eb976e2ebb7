"""All of a cloud refined against true pictures: colour, opacity, size, rotation and place of every splat.

Stochastic gradient descent through the rasteriser, one picture a step. Pictures that are kept apart decide what is
best, and what the splats were before stays in the running, so refining never makes a world worse by their measure.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.events import Progress, ignore_progress
from worldgen.randomness import rng
from worldgen.rendering.gsplat_kernels import has_gsplat
from worldgen.rendering.picture_loss import TruePicture, make_true_picture
from worldgen.rendering.splat_densification import SplatTally
from worldgen.rendering.splat_optimizer import DEFAULT_RATES, Rates, SplatState, start_state
from worldgen.rendering.splat_refinement import refine_colors
from worldgen.rendering.splat_trainers import CpuTrainer, SplatTrainer
from worldgen.rendering.splat_training_state import (
    SavedRefinement,
    fingerprint_of,
    load_refinement,
    save_refinement,
)
from worldgen.rendering.splats import rasterize_splats
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.settings import RefinementLimit

EVALUATIONS = 8
"""How often the pictures that are kept apart are looked at, the end included."""
PATIENCE = 6
"""After so many looks without gain it is over; most gain comes late, when steps are short."""
DENSIFY_FROM, DENSIFY_TO = 0.1, 0.66
"""Part of the time in which splats are split; new ones need time to settle."""
DENSIFY_ROUNDS = 6
"""So many times all pictures are gone to before splats are split, and again before the next time. Judged by less than
one round, splits in 400 steps made two worlds 0.06 and 0.23 dB worse than none."""
COLOR_STEPS = 0.6
"""Solving for the colours at the end takes about as long as so many steps for each picture."""
LEAST_SHARE = 0.5
"""At least this part of the seconds is for steps."""
LAST_PACE = 0.3
"""What is left of the first step length at the end; with 0.1, 400 steps end 0.06 and 0.17 dB lower in two worlds."""


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

    scores  steps taken and PSNR over the validation views in decibels, at every look; the first is from before, the
            last from after solving for the colours once more
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
    rates: Rates = DEFAULT_RATES,
    state_path: Path | None = None,
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
        rates: Lengths of steps.
        state_path: Where to keep what is needed to go on after a kill; the file goes when all is done.
        progress: Is told the fraction done and the PSNR so far.

    Raises:
        InvalidInputError: There are no pictures of one kind, or no splats.
        ExportError: The state cannot be written.
    """
    if not training or not validation or not cloud.num_gaussians:
        raise InvalidInputError("Refinement takes splats, pictures to come close to, and others to judge by.")
    pictures = [(view.camera, make_true_picture(view.rgb, view.euclidean_depth)) for view in training]
    budget = cloud.num_gaussians if budget is None else budget
    fingerprint = fingerprint_of(cloud, [*training, *validation], limit, budget, seed) if state_path else ""
    saved = load_refinement(state_path, fingerprint) if state_path is not None else None
    if saved is None:
        trainer = _trainer(start_state(cloud), None, pictures, rates)
        run = _Run(best=cloud, scores=[(0, views_psnr(cloud, validation))], clock=_Clock(limit, len(training)))
    else:
        trainer = _trainer(saved.state, saved.tally, pictures, rates)
        run = _Run(best=saved.best, scores=list(saved.scores), clock=_Clock(limit, len(training), saved.seconds))
    while run.clock.fraction(run.step) < 1.0 and not run.is_stalled:
        fraction = run.clock.fraction(run.step)
        trainer.take_step(_view_of_step(run.step, len(training), seed), LAST_PACE**fraction)
        run.step += 1
        done = run.clock.fraction(run.step)
        progress(min(done, 1.0), f"{run.best_psnr:.2f} dB after {run.step} steps")
        if math.floor(EVALUATIONS * done) > math.floor(EVALUATIONS * fraction):
            now = trainer.cloud()
            run.look(now, views_psnr(now, validation))
            if DENSIFY_FROM <= done <= DENSIFY_TO and run.has_finished_rounds(DENSIFY_ROUNDS * len(training)):
                trainer.densify(budget)
            if state_path is not None:
                save_refinement(state_path, fingerprint, run.saved(trainer))
    # Shapes have moved on since colours were solved for.
    colored = refine_colors(run.best, [(view.camera, view.rgb) for view in training], iterations=1)
    run.look(colored, views_psnr(colored, validation))
    if state_path is not None:
        state_path.unlink(missing_ok=True)
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
        rgb = np.clip(rasterize_splats(cloud, view.camera)[0], 0.0, 1.0)
        squared += float(np.mean((rgb.astype(np.float64) - view.rgb) ** 2)) / len(views)
    return -10.0 * math.log10(max(squared, 1e-12))


def seconds_per_step(cloud: GaussianCloud, views: Sequence[RefinementView]) -> float:
    """How long a step takes on this machine, in the mean over some pictures; nothing changes.

    Args:
        cloud: What would be refined.
        views: True pictures, as many as steps are taken and timed, and as many before, which load all that is needed.
    """
    pictures = [(view.camera, make_true_picture(view.rgb, view.euclidean_depth)) for view in views]
    trainer = _trainer(start_state(cloud), None, pictures, DEFAULT_RATES)
    for index in range(len(pictures)):
        trainer.take_step(index, 1.0)
    # A GPU hands out the splats once its steps are done.
    trainer.cloud()
    start = time.perf_counter()
    for index in range(len(pictures)):
        trainer.take_step(index, 1.0)
    trainer.cloud()
    return (time.perf_counter() - start) / len(pictures)


class _Clock:
    """Tells how much of the limit is used up; of seconds, those are spared that colours of ``pictures`` will take."""

    def __init__(self, limit: RefinementLimit, pictures: int, seconds_before: float = 0.0) -> None:
        self._limit = limit
        self._pictures = pictures
        self._start = time.perf_counter() - seconds_before

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start

    def fraction(self, step: int) -> float:
        if self._limit.steps is not None:
            return step / self._limit.steps
        allowed = self._limit.seconds or 1.0
        spared = COLOR_STEPS * self._pictures * self.seconds / step if step else 0.0
        return self.seconds / max(allowed - spared, LEAST_SHARE * allowed)


@dataclass(slots=True)
class _Run:
    """What changes while refining."""

    best: GaussianCloud
    scores: list[tuple[int, float]]
    clock: _Clock
    step: int = 0

    def __post_init__(self) -> None:
        """Go on after the last look."""
        self.step = self.scores[-1][0]

    @property
    def best_psnr(self) -> float:
        return max(psnr for _, psnr in self.scores)

    @property
    def is_stalled(self) -> bool:
        """Whether the last looks brought no gain."""
        psnrs = [psnr for _, psnr in self.scores]
        return len(psnrs) > PATIENCE and max(psnrs[-PATIENCE:]) <= max(psnrs[:-PATIENCE])

    def has_finished_rounds(self, steps: int) -> bool:
        """Whether a multiple of so many steps lies between the last look and the one before."""
        (before, _), (now, _) = self.scores[-2:]
        return now // steps > before // steps

    def look(self, cloud: GaussianCloud, psnr_db: float) -> None:
        """Keep the splats if they are the best so far."""
        if psnr_db > self.best_psnr:
            self.best = cloud
        self.scores.append((self.step, psnr_db))

    def saved(self, trainer: SplatTrainer) -> SavedRefinement:
        """All that is needed to go on from here."""
        state, tally = trainer.saved()
        return SavedRefinement(
            state=state, tally=tally, best=self.best, scores=tuple(self.scores), seconds=self.clock.seconds
        )


def _trainer(
    state: SplatState, tally: SplatTally | None, pictures: Sequence[tuple[Camera, TruePicture]], rates: Rates
) -> SplatTrainer:
    """What takes the steps on this machine."""
    if has_gsplat():
        from worldgen.rendering.gsplat_trainer import GsplatTrainer

        return GsplatTrainer(state, pictures, rates=rates)
    return CpuTrainer(state, pictures, tally=tally, rates=rates)


def _view_of_step(step: int, count: int, seed: int) -> int:
    """Every picture once a round, in another order each."""
    return int(rng(seed, f"refine/round {step // count}").permutation(count)[step % count])
