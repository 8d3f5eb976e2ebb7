"""Scene → rendered world: choose stations, path trace their views, set the exposure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.events import RunContext
from worldgen.geometry.cameras import panorama_camera
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.tone_mapping import auto_exposure
from worldgen.stages.choose_stations import choose_stations
from worldgen.stages.world_layers import RenderedWorld, StationViews


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Station:
    """A place that is going to be looked around from.

    position     (3,) float64  the eye, in world, metres
    face_px      side of the cube's faces, in pixels
    vertical_px  the same of those that look up and down
    samples      paths per pixel
    """

    position: NDArray[np.float64]
    face_px: int
    vertical_px: int
    samples: int


def plan_stations(renderer: SceneRenderer, context: RunContext) -> tuple[Station, ...]:
    """Choose the stations, the spawn first, and let the path tracer begin with them.

    The spawn is seen at full resolution; further stations, which show what it hides, at a lower one.
    """
    tier = context.tier
    with context.stage("choose stations"):
        positions = choose_stations(renderer.tracer, renderer.scene, max_stations=tier.max_stations)
        spawn_px = renderer.face_px_for(tier.panorama_height)
        sizes = [(spawn_px, spawn_px, tier.spawn_samples)]
        sizes += [(tier.station_face_px, tier.station_vertical_px, tier.station_samples)] * (len(positions) - 1)
        stations = tuple(
            Station(position=position, face_px=face_px, vertical_px=vertical_px, samples=samples)
            for position, (face_px, vertical_px, samples) in zip(positions, sizes, strict=True)
        )
        for station in stations:
            renderer.start_cube(station.position, station.face_px, station.samples, vertical_px=station.vertical_px)
    return stations


def render_world(renderer: SceneRenderer, stations: Sequence[Station], context: RunContext) -> RenderedWorld:
    """Render everything that the layers are made from; the panorama is put together while stations are traced."""
    spawn = np.array([0.0, renderer.scene.eye_height_m, 0.0])
    with context.stage("render spawn"):
        rendered = [_look_around(renderer, stations[0])]
    with context.stage("panorama"):
        camera = panorama_camera(spawn, height=context.tier.panorama_height)
        panorama = renderer.panorama_from_cube(rendered[0].views, camera)
        is_land = panorama.buffers.labels != 0
        land_albedo = float(panorama.buffers.albedo[is_land].mean(dtype=np.float64)) if is_land.any() else 0.0
        exposure = auto_exposure(panorama.radiance, land_albedo=land_albedo)
    with context.stage("render stations") as progress:
        for index, station in enumerate(stations[1:]):
            progress(index / (len(stations) - 1), f"station {index + 2} of {len(stations)}")
            rendered.append(_look_around(renderer, station))
    return RenderedWorld(stations=tuple(rendered), panorama=panorama, exposure=exposure)


def _look_around(renderer: SceneRenderer, station: Station) -> StationViews:
    views = renderer.render_cube(
        station.position, face_px=station.face_px, samples=station.samples, vertical_px=station.vertical_px
    )
    return StationViews(position=station.position, views=views)
