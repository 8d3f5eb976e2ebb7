"""A panorama of what a prompt says, by any local text-to-image pipeline of diffusers."""

from __future__ import annotations

from worldgen.backends.diffusion import (
    enlarged,
    find_painter,
    load_painter,
    paint,
    paint_height,
    panorama_prompt,
)
from worldgen.backends.model_options import DiffusionOptions
from worldgen.backends.panorama import PaintedPanorama, TextRequest
from worldgen.events import RunContext


class DiffusersPanorama:
    """The panorama backend ``diffusers-panorama``."""

    def __init__(self, *, options: DiffusionOptions) -> None:
        """Find the weights, so that a wrong name is told before the work."""
        self._options = options
        self._weights = find_painter(options, option="--panorama-model")

    def __call__(self, request: TextRequest, context: RunContext) -> PaintedPanorama:
        """Load the pipeline and paint."""
        painter = load_painter(self._weights, self._options, "text")
        picture = paint(
            painter,
            {"prompt": panorama_prompt(request.prompt)},
            height=paint_height(painter, request.height),
            stage="paint panorama",
            stream="panorama/diffusers",
            context=context,
        )
        return PaintedPanorama(picture=enlarged(picture, request.height), models=painter.records)
