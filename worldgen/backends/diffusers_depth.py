"""The hybrid: a built scene's panorama painted anew by a model that is held to the scene's exact depth.

Depth goes to the model as a picture, through a ControlNet or a pipeline that was trained on depth. It starts from the
rendering, so that light and places stay; ``strength`` says how much may change. What the model moved over the skyline
is put back, and detail finer than it paints comes from the rendering, so that labels and depth go on fitting.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.diffusion import enlarged, find_painter, load_painter, paint, paint_height, panorama_prompt
from worldgen.backends.model_options import DiffusionOptions
from worldgen.backends.panorama import PaintedPanorama, SceneRequest
from worldgen.color import bytes_from_unit
from worldgen.events import RunContext
from worldgen.geometry.painted_detail import depth_picture, keep_skyline, with_fine_detail
from worldgen.geometry.panorama_completion import resized
from worldgen.scene.labels import LABEL_INDEX

_STRENGTH = 0.7
_BLUR_ROWS = 256
"""A model may move a border by one row in so many."""


class DiffusersDepth:
    """The panorama backend ``diffusers-depth``."""

    def __init__(self, *, options: DiffusionOptions) -> None:
        """Find the weights, so that a wrong name is told before the work."""
        self._options = options
        self._weights = find_painter(options, option="--panorama-model")

    def __call__(self, request: SceneRequest, context: RunContext) -> PaintedPanorama:
        """Load the pipeline and paint over the scene."""
        strength = self._options.strength or _STRENGTH
        from_picture = strength < 1.0
        painter = load_painter(self._weights, self._options, "depth image" if from_picture else "depth text")
        wanted = len(request.picture)
        height = paint_height(painter, wanted)
        control = as_image(np.repeat(depth_picture(request.euclidean_depth)[..., None], 3, axis=-1), height)
        inputs: dict[str, Any] = {"prompt": panorama_prompt(request.prompt)}
        takes = inspect.signature(painter.pipeline.__call__).parameters
        if from_picture:
            inputs |= {"image": as_image(request.picture, height), "strength": strength, "control_image": control}
        else:
            inputs["control_image" if "control_image" in takes else "image"] = control
        painted = paint(
            painter, inputs, height=height, stage="paint panorama", stream="panorama/diffusers", context=context
        )
        is_sky = request.labels == LABEL_INDEX["sky"]
        large = enlarged(painted, wanted)
        # The sky has no such detail, but would take a halo around everything that stands before it.
        picture = np.where(is_sky[..., None], large, with_fine_detail(large, request.picture, height))
        reach_px = max(2, round(wanted / min(height, _BLUR_ROWS)))
        picture = keep_skyline(picture.astype(np.float32), request.picture, is_sky, reach_px=reach_px)
        return PaintedPanorama(picture=picture, models=painter.records)


def as_image(picture: NDArray[np.float32], height: int) -> Any:
    """A panorama of (height, 2 * height) pixels as pipelines take it."""
    from PIL import Image

    return Image.fromarray(bytes_from_unit(resized(picture, 2 * height, height, wraps=True)))
