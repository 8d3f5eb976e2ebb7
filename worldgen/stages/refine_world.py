"""Splats of a built world → better splats: path trace what visitors see, and bring the splats closer to it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from worldgen.events import RunContext
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.splat_refinement import pixel_for
from worldgen.rendering.splat_training import RefinementView, refine_splats, seconds_per_step
from worldgen.rendering.tone_mapping import tone_map
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.settings import RefinementLimit
from worldgen.stages.refinement_views import (
    STATION_PIXELS,
    picture_width,
    render_refinement_views,
    station_refinement_views,
    walking_cameras,
    walking_places,
)
from worldgen.stages.world_layers import RenderedWorld

MAX_VIEWS = 200
"""Pictures at most, beside those of the stations; each costs about as much as six steps."""
LEAST_VIEWS = 18
STEPS_PER_VIEW = 4
"""A picture is worth rendering for so many steps: splats fit few pictures better than what they have not seen. Where
seconds are given, pictures are rendered until the rest suffices for so many steps with each. At the lake of the
benchmark 133, 166 and 200 pictures in about the same time as their 5.6, 3.6 and 2.3 steps end at 24.83, 24.89 and 24.80
dB; among birches, where pictures take longer, 99 with nine steps each at 28.69 and 126 with 3.4 at 28.81 dB."""
TIMED_STEPS = 6
"""So many steps tell how long one takes."""
VALIDATION_EVERY = 6
"""One picture in so many is kept apart to judge by, as long as those are few."""
MOST_VALIDATION = 12
"""So many pictures judge well enough: more are worth more to learn from, and looking at them takes time."""


def refine_world(
    renderer: SceneRenderer,
    rendered: RenderedWorld,
    cloud: GaussianCloud,
    *,
    limit: RefinementLimit,
    context: RunContext,
    state_path: Path | None = None,
) -> tuple[GaussianCloud, dict[str, float]]:
    """Refine the splats of a built world.

    Args:
        renderer: Of its scene.
        rendered: What its stations saw, and the exposure of all pictures.
        cloud: The splats so far.
        limit: How long; seconds count rendering too.
        context: Seed, tier and where events go.
        state_path: Where a refinement in steps keeps itself while it runs, so that it can go on after a kill. One in
            seconds sees other pictures every time, so it starts anew.

    Returns:
        The splats, never worse than before on pictures that were not trained on, and the metrics of the manifest.
    """
    start = time.perf_counter()
    stations = seen_by_stations(rendered, cloud)
    step_seconds = 0.0
    if limit.seconds is not None:
        # One in so many, so that all faces of a cube are among them.
        step_seconds = seconds_per_step(cloud, stations[:: max(len(stations) // TIMED_STEPS, 1)])
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
            return time.perf_counter() - start + STEPS_PER_VIEW * done * step_seconds > limit.seconds

        views = render_refinement_views(renderer, cameras, rendered.exposure, is_over=is_over)
    with context.stage("refine splats") as progress:
        training, validation = learn_and_judge(views, stations)
        if limit.seconds is not None:
            limit = RefinementLimit(seconds=max(limit.seconds - (time.perf_counter() - start), 1.0))
        result = refine_splats(
            cloud,
            training,
            validation,
            limit=limit,
            budget=context.tier.splat_budget,
            seed=context.seed,
            state_path=None if limit.steps is None else state_path,
            progress=progress,
        )
    metrics = {
        "refinement_psnr_before_db": float(np.round(result.psnr_before_db, 3)),
        "refinement_psnr_after_db": float(np.round(result.psnr_after_db, 3)),
        "refinement_steps": float(result.steps),
    }
    return result.cloud, metrics


def seen_by_stations(rendered: RenderedWorld, cloud: GaussianCloud) -> list[RefinementView]:
    """What the stations saw, in pixels that suit the splats."""
    colors = [tone_map(view.radiance, rendered.exposure) for view in rendered.views]
    return list(station_refinement_views(rendered.views, colors, STATION_PIXELS * pixel_for(cloud)))


def learn_and_judge(
    views: Sequence[RefinementView], stations: Sequence[RefinementView]
) -> tuple[list[RefinementView], list[RefinementView]]:
    """Split pictures into those to learn from, which the stations' join, and those that are kept apart."""
    every = max(VALIDATION_EVERY, math.ceil(len(views) / MOST_VALIDATION))
    kept = every // 2
    training = [view for index, view in enumerate(views) if index % every != kept]
    return [*training, *stations], list(views[kept::every])
