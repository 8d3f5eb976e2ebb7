"""Splats of a built world → better splats: path trace what visitors see, and bring the splats closer to it."""

from __future__ import annotations

import time

import numpy as np

from worldgen.events import RunContext
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.splat_training import refine_splats
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.settings import RefinementLimit
from worldgen.stages.refinement_views import (
    picture_width,
    render_refinement_views,
    walking_cameras,
    walking_places,
)

MAX_VIEWS = 132
"""Pictures at most; each costs about as much as five to ten steps."""
LEAST_VIEWS = 24
STEPS_PER_VIEW = 12
"""A picture is worth rendering for so many steps."""
RENDERING_SHARE = 0.3
"""Part of the seconds after which no more pictures are rendered."""
VALIDATION_EVERY = 12
"""One picture in so many is kept apart to judge by."""


def refine_world(
    renderer: SceneRenderer, exposure: float, cloud: GaussianCloud, limit: RefinementLimit, context: RunContext
) -> tuple[GaussianCloud, dict[str, float]]:
    """Refine the splats of a built world.

    Args:
        renderer: Of its scene.
        exposure: Of its pictures.
        cloud: The splats so far.
        limit: How long; seconds count rendering too.
        context: Seed, tier and where events go.

    Returns:
        The splats, never worse than before on pictures that were not trained on, and the metrics of the manifest.
    """
    start = time.perf_counter()
    random = context.rng("refine/views")
    with context.stage("render views") as progress:
        count = MAX_VIEWS
        if limit.steps is not None:
            count = min(max(limit.steps // STEPS_PER_VIEW, LEAST_VIEWS), MAX_VIEWS)
        places = walking_places(renderer.tracer, renderer.scene, count, random)
        cameras = walking_cameras(places, count, picture_width(context.tier.splat_budget), random)

        def is_over(done: int) -> bool:
            progress(done / count, f"view {done + 1} of {count}")
            if limit.seconds is None or done < LEAST_VIEWS:
                return False
            return time.perf_counter() - start > RENDERING_SHARE * limit.seconds

        views = render_refinement_views(renderer, cameras, exposure, is_over=is_over)
    with context.stage("refine splats") as progress:
        validation = views[VALIDATION_EVERY // 2 :: VALIDATION_EVERY]
        training = [view for index, view in enumerate(views) if index % VALIDATION_EVERY != VALIDATION_EVERY // 2]
        if limit.seconds is not None:
            limit = RefinementLimit(seconds=max(limit.seconds - (time.perf_counter() - start), 1.0))
        result = refine_splats(
            cloud,
            training,
            validation,
            limit=limit,
            budget=context.tier.splat_budget,
            seed=context.seed,
            progress=progress,
        )
    metrics = {
        "refinement_psnr_before_db": float(np.round(result.psnr_before_db, 3)),
        "refinement_psnr_after_db": float(np.round(result.psnr_after_db, 3)),
        "refinement_steps": float(result.steps),
    }
    return result.cloud, metrics
