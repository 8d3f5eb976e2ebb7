"""Scene → rendered world: choose stations, path trace their views, set the exposure."""

from __future__ import annotations

import numpy as np

from worldgen.events import RunContext
from worldgen.geometry.cameras import panorama_camera
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.tone_mapping import auto_exposure
from worldgen.stages.choose_stations import choose_stations
from worldgen.stages.world_layers import RenderedWorld, StationViews


def render_world(renderer: SceneRenderer, context: RunContext) -> RenderedWorld:
    """Path trace everything that the layers are made from.

    The spawn is seen at full resolution; further stations, which show what it hides, at a lower one.
    """
    tier = context.tier
    scene = renderer.scene
    spawn = np.array([0.0, scene.eye_height_m, 0.0])
    with context.stage("choose stations"):
        positions = choose_stations(renderer.tracer, scene, max_stations=tier.max_stations)
    with context.stage("render") as progress:
        stations = []
        for index, position in enumerate(positions):
            progress(index / len(positions), f"station {index + 1} of {len(positions)}")
            face_px, samples = (
                (renderer.face_px_for(tier.panorama_height), tier.spawn_samples)
                if index == 0
                else (tier.station_face_px, tier.station_samples)
            )
            views = renderer.render_cube(position, face_px=face_px, samples=samples)
            stations.append(StationViews(position=position, views=views))
    with context.stage("panorama"):
        panorama = renderer.panorama_from_cube(stations[0].views, panorama_camera(spawn, height=tier.panorama_height))
        exposure = auto_exposure(panorama.radiance)
    return RenderedWorld(stations=tuple(stations), panorama=panorama, exposure=exposure)
