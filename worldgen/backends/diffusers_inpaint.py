"""Parts of panoramas filled in by any inpainting pipeline of diffusers: hidden backgrounds, surroundings of photos."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.diffusers_depth import as_image
from worldgen.backends.diffusion import (
    Painter,
    enlarged,
    find_painter,
    load_painter,
    paint,
    paint_height,
    panorama_prompt,
)
from worldgen.backends.inpaint import Inpainting, InpaintRequest
from worldgen.backends.model_options import DiffusionOptions
from worldgen.backends.panorama import ClosedPanorama, PhotoRequest
from worldgen.events import RunContext
from worldgen.geometry.membranes import meet_border
from worldgen.geometry.panorama_completion import complete_panorama

_BACKGROUND_STRENGTH = 0.9
_AROUND_STRENGTH = 1.0
_NO_PROMPT = "a photo, consistent light, natural surroundings"


class DiffusersInpaint:
    """The inpaint backend ``diffusers-inpaint``."""

    def __init__(self, *, options: DiffusionOptions) -> None:
        """Find the weights, so that a wrong name is told before the work."""
        self._options = options
        self._weights = find_painter(options, option="--inpaint-model")
        self._painter: Painter | None = None

    def __call__(self, request: InpaintRequest, context: RunContext) -> Inpainting:
        """Load the pipeline, once for several calls, and fill."""
        painter = self._painter = self._painter or load_painter(self._weights, self._options, "inpaint")
        picture = filled_in(
            painter,
            request.picture,
            request.unknown,
            strength=self._options.strength or _BACKGROUND_STRENGTH,
            prompt=request.prompt,
            stage="fill hidden background",
            stream=request.stream,
            context=context,
        )
        return Inpainting(picture=picture, models=painter.records)


class DiffusersOutpaint:
    """The panorama backend ``diffusers-outpaint``: closes photos."""

    def __init__(self, *, options: DiffusionOptions) -> None:
        """Find the weights, so that a wrong name is told before the work."""
        self._options = options
        self._weights = find_painter(options, option="--panorama-model")

    def __call__(self, request: PhotoRequest, context: RunContext) -> ClosedPanorama:
        """Continue the photo smoothly all around, and let the pipeline paint over that."""
        painter = load_painter(self._weights, self._options, "inpaint")
        image = np.clip(request.image, 0.0, 1.0).astype(np.float32)
        prompt = _NO_PROMPT if request.spec is None else request.spec.prompt
        picture = filled_in(
            painter,
            complete_panorama(image, np.array(request.known)),
            ~request.known,
            strength=self._options.strength or _AROUND_STRENGTH,
            prompt=prompt,
            stage="extend photo",
            stream="panorama/outpaint",
            context=context,
        )
        first = painter.records[0]
        return ClosedPanorama(
            picture=np.where(request.known[..., None], request.image, picture).astype(np.float32),
            provenance="neural",
            model=first.name,
            licence=first.licence,
            models=painter.records,
        )


def filled_in(
    painter: Painter,
    picture: NDArray[np.float32],
    unknown: NDArray[np.bool_],
    *,
    strength: float,
    prompt: str,
    stage: str,
    stream: str,
    context: RunContext,
) -> NDArray[np.float32]:
    """Let a pipeline fill parts of a panorama, and join them to the rest without a step.

    Args:
        painter: Made for inpainting.
        picture: (H, 2H, 3) sRGB-encoded, with a first guess where unknown.
        unknown: (H, 2H) what to fill.
        strength: How much of the first guess may change.
        prompt: What the panorama shows.
        stage: For progress.
        stream: Random stream.
        context: Seed and events.

    Returns:
        (H, 2H, 3) float32, 0 to 1; equal to ``picture`` where that is known.
    """
    if not unknown.any():
        return picture
    wanted = len(picture)
    height = paint_height(painter, wanted)
    share = as_image(np.repeat(unknown[..., None], 3, axis=-1).astype(np.float32), height)
    inputs = {
        "prompt": panorama_prompt(prompt),
        "image": as_image(picture, height),
        # Whatever is unknown in part is filled as a whole.
        "mask_image": share.convert("L").point(lambda value: 255 if value > 2 else 0),
        "strength": strength,
    }
    painted = enlarged(paint(painter, inputs, height=height, stage=stage, stream=stream, context=context), wanted)
    joined = meet_border(painted, picture, ~unknown, border_px=2)
    return np.where(unknown[..., None], np.clip(joined, 0.0, 1.0), picture).astype(np.float32)
