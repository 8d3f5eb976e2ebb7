"""The contact sheet: panorama, splats, mesh, depth, labels and map on one page a designer can judge at a glance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from worldgen.color import bytes_from_unit, srgb_from_linear
from worldgen.geometry.cameras import pinhole_camera_at
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.splats import render_splats
from worldgen.rendering.tone_mapping import tone_map
from worldgen.scene.camera import Camera
from worldgen.scene.labels import LABELS
from worldgen.scene.scene import Scene
from worldgen.settings import QualityTier
from worldgen.stages.contact_sheet import MARGIN, PAGE_WIDTH, Picture, captioned, page_of, resized, row_of
from worldgen.stages.world_layers import RenderedWorld, WorldLayers

_TEXT = (224, 226, 230)

_COLUMN = (PAGE_WIDTH - 4 * MARGIN) // 3
_PICTURE_SIZE = (_COLUMN * 9 // 16, _COLUMN)
"""Height and width of a picture in a row of three."""

_SPLAT_FOV = math.radians(80.0)
_WIDEST_TURN = math.radians(100.0)
_CLEARLY_MORE = 1.25
"""Factor by which a view to the side must tell more than the one straight ahead."""


def start_preview(renderer: SceneRenderer, tier: QualityTier) -> None:
    """Let the path tracer begin with the view from above, which needs nothing but the scene."""
    renderer.start_view(*_view_from_above(renderer, tier.panorama_height))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ScenePictures:
    """What the contact sheet shows besides splats; (H, W, 3) uint8 sRGB each, as wide as its place."""

    panorama: Picture
    from_above: Picture
    distance: Picture
    labels: Picture
    map: Picture


def draw_scene(rendered: RenderedWorld, renderer: SceneRenderer) -> ScenePictures:
    """Draw what needs no splats; it may run beside the making of splats, but not beside other uses of the renderer.

    Args:
        rendered: What the renderer saw so far.
        renderer: For the view from above and the map.
    """
    panorama = bytes_from_unit(tone_map(rendered.panorama.radiance, rendered.exposure))
    strip = panorama[panorama.shape[0] // 6 : panorama.shape[0] * 5 // 6]
    view = renderer.render_view(*_view_from_above(renderer, rendered.panorama.camera.height))
    return ScenePictures(
        panorama=resized(strip, PAGE_WIDTH - 2 * MARGIN),
        from_above=resized(bytes_from_unit(tone_map(view.radiance, rendered.exposure)), _COLUMN),
        distance=resized(depth_picture(rendered.panorama.buffers.euclidean_depth), _COLUMN),
        labels=resized(label_picture(rendered.panorama.buffers.labels), _COLUMN),
        map=_map_strip(rendered, renderer, _COLUMN),
    )


def make_preview(layers: WorldLayers, pictures: ScenePictures, *, title: str) -> Picture:
    """Lay out the contact sheet of a world.

    Args:
        layers: The world.
        pictures: What :func:`draw_scene` drew of it.
        title: The prompt, or what else names the world.

    Returns:
        (H, 1920, 3) uint8 sRGB.
    """
    eye = np.array([0.0, layers.scene.eye_height_m, 0.0])
    heading = best_heading(layers.rendered.panorama.buffers.labels)
    ahead = eye + _turned(np.array([0.0, -0.12, -1.0]), heading)
    rows = [
        row_of([captioned(pictures.panorama, "panorama at the spawn, 360° by 120°")]),
        row_of(
            [
                captioned(_splat_picture(layers, eye, ahead, _PICTURE_SIZE), "splats, from the spawn"),
                captioned(
                    _splat_picture(layers, *_stepped_aside(eye, heading), _PICTURE_SIZE),
                    "splats, two metres to the side",
                ),
                captioned(pictures.from_above, "scene from above"),
            ]
        ),
        row_of(
            [
                captioned(pictures.distance, "distance"),
                captioned(pictures.labels, "labels"),
                captioned(pictures.map, "map, spawn in the middle, 128 m across"),
            ]
        ),
    ]
    return page_of(rows, title, _facts(layers))


def depth_picture(euclidean_depth: NDArray[np.float32]) -> Picture:
    """Distances as colours on a logarithmic scale from 1 m (warm) to 2 km (cold); sky dark. (H, W, 3) uint8."""
    finite = np.where(np.isfinite(euclidean_depth), euclidean_depth, 1.0)
    share = np.clip(np.log(np.maximum(finite, 1.0)) / math.log(2000.0), 0.0, 1.0)[..., None]
    stops = np.array([[255, 244, 200], [246, 170, 80], [200, 70, 90], [90, 40, 120], [24, 22, 66]], dtype=np.float64)
    position = share[..., 0] * (len(stops) - 1)
    low = np.minimum(position.astype(int), len(stops) - 2)
    blend = (position - low)[..., None]
    colors = stops[low] * (1.0 - blend) + stops[low + 1] * blend
    colors[~np.isfinite(euclidean_depth)] = (10, 10, 16)
    return colors.astype(np.uint8)


def label_picture(labels: NDArray[np.uint8]) -> Picture:
    """Labels in their table's colours; (H, W, 3) uint8."""
    table = np.array([label.color for label in LABELS], dtype=np.uint8)
    return table[labels]


def map_picture(renderer: SceneRenderer, *, size_m: float, size_px: int) -> Picture:
    """The land from straight above with a little relief shading, north (-Z) up; (size_px, size_px, 3) uint8."""
    axis = ((np.arange(size_px) + 0.5) / size_px - 0.5) * size_m
    z, x = np.meshgrid(axis, axis, indexing="ij")
    origins = np.stack([x.ravel(), np.full(x.size, 2000.0), z.ravel()], axis=1).astype(np.float32)
    directions = np.tile(np.array([[0.0, -1.0, 0.0]], dtype=np.float32), (len(origins), 1))
    hits = renderer.tracer.trace(origins, directions)
    light = np.array([-0.5, 0.7, -0.5])
    shade = 0.35 + 0.75 * np.clip(hits.normals @ (light / np.linalg.norm(light)), 0.0, 1.0)
    color = srgb_from_linear((hits.albedo * shade[:, None] * 1.6).astype(np.float32))
    return bytes_from_unit(color).reshape(size_px, size_px, 3)


def _splat_picture(
    layers: WorldLayers, eye: NDArray[np.float64], target: NDArray[np.float64], size: tuple[int, int]
) -> Picture:
    camera = pinhole_camera_at(eye, target, height=size[0], width=size[1], horizontal_fov=_SPLAT_FOV)
    return bytes_from_unit(render_splats(layers.splats, camera).rgb)


def _view_from_above(renderer: SceneRenderer, panorama_height: int) -> tuple[Camera, int]:
    """The camera behind the spawn that looks down on it, and its samples per pixel."""
    # A small world gets a small picture of it, drawn larger: its path samples are better spent on the panorama.
    shrink, samples = (2, 1) if panorama_height < 1024 else (1, 2)
    height, width = (side // shrink for side in _PICTURE_SIZE)
    target = np.array([0.0, 0.0, -16.0])
    camera = pinhole_camera_at(
        _overlook(renderer.scene), target, height=height, width=width, horizontal_fov=math.radians(58.0)
    )
    return camera, samples


def _overlook(scene: Scene) -> NDArray[np.float64]:
    """A point behind the spawn that looks down on it over everything that stands in between."""
    play = scene.terrain.levels[scene.terrain.play_level]
    middle = (play.num_samples - 1) / 2.0
    near = slice(int(middle - 70.0 / play.spacing_m), int(middle + 70.0 / play.spacing_m) + 1)
    return np.array([34.0, max(58.0, float(play.heights[near, near].max()) + 40.0), 62.0])


def best_heading(labels: NDArray[np.uint8]) -> float:
    """Where the spawn's most telling view lies, in radians to the right of -Z.

    Things that people name (buildings, props, water) count by how much of them is seen; every further pixel of one
    kind counts less, so that a boat does not drown in its lake. Straight ahead wins unless another shows much more.

    Args:
        labels: (H, 2H) of the spawn's panorama.
    """
    height, width = labels.shape
    weights = np.sin((np.arange(height) + 0.5) / height * math.pi)
    telling = np.zeros(width)
    for index, label in enumerate(LABELS):
        if label.group in ("structure", "prop", "water"):
            columns = weights @ (labels == index)
            if columns.any():
                telling += columns / math.sqrt(float(columns.sum()))
    headings = (np.arange(width) + 0.5) / width * 2.0 * math.pi - math.pi
    away = np.abs(np.arange(width) - width // 2) / width * 2.0 * math.pi
    # What stands in the middle of the picture counts most.
    window = np.where(away < 0.5 * _SPLAT_FOV, np.cos(away / _SPLAT_FOV * 0.9 * math.pi), 0.0)
    score = np.fft.irfft(np.fft.rfft(telling) * np.conj(np.fft.rfft(window)), n=width)
    score = np.roll(score, width // 2)
    allowed = np.abs(headings) < _WIDEST_TURN
    best = int(np.argmax(np.where(allowed, score, -np.inf)))
    return float(headings[best]) if score[best] > _CLEARLY_MORE * score[width // 2] else 0.0


def _turned(direction: NDArray[np.float64], heading: float) -> NDArray[np.float64]:
    """A direction turned to the right about the vertical."""
    cos, sin = math.cos(heading), math.sin(heading)
    x, y, z = direction
    return np.array([cos * x - sin * z, y, sin * x + cos * z])


def _stepped_aside(eye: NDArray[np.float64], heading: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    aside = eye + _turned(np.array([1.6, 0.0, -1.2]), heading)
    return aside, aside + _turned(np.array([-0.55, -0.12, -1.0]), heading)


def _map_strip(rendered: RenderedWorld, renderer: SceneRenderer, width: int) -> Picture:
    picture = map_picture(renderer, size_m=128.0, size_px=width)
    height = width // 2
    top = (width - height) // 2
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    per_metre = width / 128.0
    for station in rendered.stations:
        x, z = station.position[0] * per_metre + width / 2, station.position[2] * per_metre + width / 2
        draw.ellipse((x - 2.5, z - 2.5, x + 2.5, z + 2.5), fill=(255, 235, 120))
    middle = width / 2
    draw.polygon([(middle, middle - 9), (middle - 5, middle + 6), (middle + 5, middle + 6)], fill=(255, 60, 60))
    bar = 20.0 * per_metre
    base = top + height - 14
    draw.line((14, base, 14 + bar, base), fill=_TEXT, width=3)
    draw.text((18 + bar, base - 8), "20 m", fill=_TEXT, font=ImageFont.load_default(14))
    return np.asarray(image)[top : top + height]


def _facts(layers: WorldLayers) -> str:
    labels = {layers.scene.label_of(item) for item in layers.scene.objects}
    triangles = sum(layers.scene.prototypes[item.prototype].num_triangles[item.lod] for item in layers.scene.objects)
    return (
        f"{len(layers.scene.objects):,} objects of {len(labels)} kinds · {triangles:,} triangles · "
        f"{layers.splats.num_gaussians:,} splats · {len(layers.rendered.stations)} stations"
    )
