"""Depth that the user brings along: exact, or by whatever made it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.depth import DepthEstimate, DepthRequest
from worldgen.errors import UsageError
from worldgen.events import RunContext
from worldgen.geometry.panorama_completion import resample_nearest, turn_nearest


class GivenDepth:
    """Depth that is aligned with the whole sphere of the picture, tilt included.

    Args:
        euclidean_depth: (H, 2H) float32 metres, infinite for the sky, of any size.
    """

    def __init__(self, *, euclidean_depth: NDArray[np.float32] | None = None) -> None:
        """Hold the depth."""
        if euclidean_depth is None:
            raise UsageError("The depth backend 'given' needs a file.", hint="Add --depth depth.exr.")
        self._euclidean_depth = euclidean_depth

    def __call__(self, request: DepthRequest, context: RunContext) -> DepthEstimate:
        """Bring the depth to the size and the level of the picture."""
        depth = resample_nearest(self._euclidean_depth, request.rgb.shape[0])
        if np.abs(request.camera_from_level - np.eye(3)).max() > 0.0:
            depth = turn_nearest(depth, request.camera_from_level)
        return DepthEstimate(
            euclidean_depth=np.ascontiguousarray(depth),
            confidence=np.ones(depth.shape, dtype=np.float32),
            is_metric=True,
            provenance="given",
        )
