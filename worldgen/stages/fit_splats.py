"""Splats of a built world → splats that look like what the stations saw."""

from __future__ import annotations

from worldgen.events import RunContext
from worldgen.rendering.splat_fitting import fit_splats
from worldgen.rendering.splat_refinement import pixel_for
from worldgen.rendering.tone_mapping import tone_map
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.stages.refinement_views import STATION_PIXELS, station_refinement_views
from worldgen.stages.world_layers import RenderedWorld


def fit_to_stations(cloud: GaussianCloud, rendered: RenderedWorld, context: RunContext) -> GaussianCloud:
    """Fit the splats of a built world to the views that they were made from.

    Args:
        cloud: As ``build_splats`` made them.
        rendered: What the stations saw, and the exposure.
        context: Seed, tier and where events go.
    """
    steps = context.tier.fit_steps
    with context.stage("fit splats") as progress:
        views = [view for station in rendered.stations for view in station.views]
        pictures = [
            (view.camera, tone_map(view.radiance, rendered.exposure))
            for view in views
            if isinstance(view.camera, Camera)
        ]
        reduced = station_refinement_views(rendered, STATION_PIXELS * pixel_for(cloud)) if steps else ()
        return fit_splats(cloud, pictures, reduced, steps=steps, seed=context.seed, progress=progress)
