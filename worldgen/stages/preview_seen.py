"""The contact sheet of a world that was made from a picture."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.color import bytes_from_unit
from worldgen.geometry.cameras import pinhole_camera_at
from worldgen.rendering.splats import render_splats
from worldgen.stages.contact_sheet import MARGIN, PAGE_WIDTH, Picture, captioned, page_of, resized, row_of
from worldgen.stages.make_preview import depth_picture, label_picture
from worldgen.stages.world_layers import SeenLayers

_STEP_ASIDE_M = 1.0
_UNSURE = (200, 60, 160)
_INVENTED = (235, 120, 30)


def preview_seen(layers: SeenLayers, *, title: str) -> Picture:
    """Draw the contact sheet of a seen world; (H, 1920, 3) uint8 sRGB."""
    picture = bytes_from_unit(layers.picture)
    height = picture.shape[0]
    strip = picture[height // 6 : height * 5 // 6]
    column = (PAGE_WIDTH - 4 * MARGIN) // 3
    size = (column * 9 // 16, column)
    eye = np.array([0.0, layers.camera_height, 0.0])
    ahead = eye + np.array([0.0, -0.12, -1.0])
    aside = np.array([_STEP_ASIDE_M, 0.0, -0.5 * _STEP_ASIDE_M])
    overlook = eye + np.array([5.0, 7.0, 9.0])
    beyond = eye + np.array([0.0, -1.0, -6.0])
    buffers = layers.panorama.buffers
    rows = [
        row_of([captioned(resized(strip, PAGE_WIDTH - 2 * MARGIN), "panorama, 360° by 120°")]),
        row_of(
            [
                captioned(_splats(layers, eye, ahead, size), "splats, from the camera's place"),
                captioned(_splats(layers, eye + aside, ahead + aside, size), "splats, a metre to the side"),
                captioned(_splats(layers, overlook, beyond, size), "splats, from above and behind"),
            ]
        ),
        row_of(
            [
                captioned(resized(depth_picture(buffers.euclidean_depth), column), "distance"),
                captioned(resized(label_picture(buffers.labels), column), "labels: sky, ground, things"),
                captioned(resized(_trust_picture(layers), column), "pink: depth unsure, orange: not in the picture"),
            ]
        ),
    ]
    return page_of(rows, title, _facts(layers))


def _splats(
    layers: SeenLayers, eye: NDArray[np.float64], target: NDArray[np.float64], size: tuple[int, int]
) -> Picture:
    camera = pinhole_camera_at(eye, target, height=size[0], width=size[1], horizontal_fov=math.radians(80.0))
    return bytes_from_unit(render_splats(layers.splats, camera).rgb)


def _trust_picture(layers: SeenLayers) -> Picture:
    """The panorama in grey, tinted where its depth is unsure and where it was invented."""
    grey = bytes_from_unit(layers.picture).mean(axis=-1, keepdims=True)
    doubt = (1.0 - layers.confidence)[..., None] * 0.75
    colors = grey * (1.0 - doubt) + np.array(_UNSURE) * doubt
    invented = layers.is_seen < 0.5
    colors[invented] = 0.5 * grey[invented] + 0.5 * np.array(_INVENTED)
    return np.asarray(colors, dtype=np.uint8)


def _facts(layers: SeenLayers) -> str:
    triangles = sum(sheet.mesh.num_triangles for sheet in layers.sheets)
    return (
        f"{layers.splats.num_gaussians:,} splats · {triangles:,} triangles · camera {layers.camera_height:.2f} m over "
        "the ground"
    )
