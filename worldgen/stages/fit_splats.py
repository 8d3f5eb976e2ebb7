"""Splats of a built world → splats that look like what the stations saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldgen.events import RunContext
from worldgen.rendering.splat_fitting import fit_splats
from worldgen.rendering.splat_refinement import pixel_for
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.stages.refinement_views import STATION_PIXELS, station_refinement_views
from worldgen.stages.world_layers import RenderedWorld


def fit_to_stations(
    cloud: GaussianCloud, rendered: RenderedWorld, colors: Sequence[NDArray[np.float32]], context: RunContext
) -> GaussianCloud:
    """Fit the splats of a built world to the views that they were made from.

    Args:
        cloud: As ``build_splats`` made them.
        rendered: What the stations saw, and the exposure.
        colors: (H, W, 3) display-referred pictures of all their views, station by station.
        context: Seed, tier and where events go.
    """
    steps = context.tier.fit_steps
    with context.stage("fit splats") as progress:
        views = rendered.views
        pictures = [
            (view.camera, color) for view, color in zip(views, colors, strict=True) if isinstance(view.camera, Camera)
        ]
        reduced = station_refinement_views(views, colors, STATION_PIXELS * pixel_for(cloud)) if steps else ()
        return fit_splats(cloud, pictures, reduced, steps=steps, seed=context.seed, progress=progress)
