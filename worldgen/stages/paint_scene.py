"""A rendered world → the same world in painted colours: geometry, labels and light rig stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.panorama import SceneBackend, SceneRequest
from worldgen.errors import InvalidInputError
from worldgen.events import RunContext
from worldgen.geometry.cameras import camera_position, pixel_rays_in_world, unproject
from worldgen.geometry.equirectangular import pixels_from_rays, sample_equirectangular
from worldgen.manifest import Layer
from worldgen.rendering.tone_mapping import radiance_from_display, tone_map
from worldgen.scene.labels import LABELS
from worldgen.scene.view import View
from worldgen.stages.paint_panorama import PaintOptions, make_backend, painted_layer
from worldgen.stages.world_layers import RenderedWorld

_SAME_SURFACE = 0.03
"""Relative difference of depth up to which two stations see the same surface."""
_GAINS = (0.25, 4.0)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PaintedWorld:
    """A rendered world in painted colours, and what the manifest says about the painting."""

    rendered: RenderedWorld
    layer: Layer
    warnings: tuple[str, ...]


def paint_scene(
    rendered: RenderedWorld,
    prompt: str,
    options: PaintOptions,
    context: RunContext,
    backend: SceneBackend | None = None,
) -> PaintedWorld:
    """Let a backend paint the spawn's panorama, and carry its colours to all stations' views.

    What the spawn sees takes the painted colours. What only other stations see keeps its own, shifted label by label as
    the painting shifted those labels' colours.

    Args:
        rendered: What the stations saw.
        prompt: What the painting shall show.
        options: Who paints.
        context: Seed and events.
        backend: The painter, where it has been made already.

    Raises:
        BackendUnavailableError: There is no such backend, or it lacks something.
        InvalidInputError: What it painted has another size.
    """
    entry = options.entry()
    backend = backend or make_backend(entry, options.model)
    assert backend is not None
    view = rendered.panorama
    picture = tone_map(view.radiance, rendered.exposure)
    with context.stage("paint panorama"):
        request = SceneRequest(
            prompt=prompt,
            picture=picture,
            euclidean_depth=view.buffers.euclidean_depth,
            labels=view.buffers.labels,
        )
        painted = backend(request, context)
        if painted.picture.shape != picture.shape:
            raise InvalidInputError(f"The panorama backend '{entry.id}' painted another size.")
    with context.stage("carry colours"):
        gains = label_gains(picture, painted.picture, view.buffers.labels)
        stations = tuple(
            replace(
                station,
                views=tuple(
                    _in_display(one, recolored(one, rendered, painted.picture, gains), rendered.exposure)
                    for one in station.views
                ),
            )
            for station in rendered.stations
        )
    return PaintedWorld(
        rendered=RenderedWorld(
            stations=stations,
            panorama=_in_display(view, painted.picture, rendered.exposure),
            exposure=rendered.exposure,
        ),
        layer=painted_layer(painted, entry.id),
        warnings=painted.warnings,
    )


def label_gains(
    before: NDArray[np.float32], after: NDArray[np.float32], labels: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """(L, 3) factors from the mean colour of each label before to that after; labels out of sight take that of all."""
    count = len(LABELS)
    flat = labels.reshape(-1)
    sums = [
        np.stack([np.bincount(flat, item.reshape(-1, 3)[:, c], minlength=count) for c in range(3)], axis=1)
        for item in (before, after)
    ]
    overall = sums[1].sum(axis=0) / np.maximum(sums[0].sum(axis=0), 1e-6)
    gains = np.where(sums[0] > 1e-3, sums[1] / np.maximum(sums[0], 1e-6), overall)
    return np.clip(gains, *_GAINS).astype(np.float32)


def recolored(
    view: View, rendered: RenderedWorld, painted: NDArray[np.float32], gains: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(h, w, 3) display colours of a view, painted where the spawn sees the same surface."""
    camera = rendered.panorama.camera
    spawn = camera_position(camera)
    depth = rendered.panorama.buffers.euclidean_depth
    is_sky = ~np.isfinite(view.buffers.euclidean_depth)
    rays = pixel_rays_in_world(view.camera)
    if np.abs(camera_position(view.camera) - spawn).max() < 1e-6:
        return sample_equirectangular(painted, rays)
    own = tone_map(view.radiance, rendered.exposure) * gains[view.buffers.labels]
    points = unproject(view.camera, view.buffers.euclidean_depth).astype(np.float64)
    toward = np.where(is_sky[..., None], rays, points - spawn)
    distance = np.where(is_sky, np.inf, np.linalg.norm(toward, axis=-1))
    columns, rows = pixels_from_rays(toward, len(depth))
    row = np.clip(np.floor(rows).astype(np.int64), 0, len(depth) - 1)
    there = depth[row, np.floor(columns).astype(np.int64) % depth.shape[1]]
    with np.errstate(invalid="ignore"):
        same = np.where(is_sky, np.isinf(there), np.abs(there / distance - 1.0) < _SAME_SURFACE)
    colors = np.where(same[..., None], sample_equirectangular(painted, toward), own)
    return np.clip(colors, 0.0, 1.0).astype(np.float32)


def _in_display(view: View, colors: NDArray[np.float32], exposure: float) -> View:
    """A view whose radiance gives these colours once it is tone mapped."""
    return replace(view, radiance=radiance_from_display(colors, exposure))
