"""A panorama taken apart: what it sees, what stands hidden behind that, and the sky behind everything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PanoramaLayer:
    """Surfaces that one ray each meets, as an equirectangular image around the panorama's camera.

    euclidean_depth  (H, 2H)    float32  metres along the ray, +inf where the layer has nothing
    colors           (H, 2H, 3) float32  display-referred; also where the layer has nothing, so that it can be sampled
    is_seen          whether the panorama shows these surfaces; what it does not show is invented
    """

    euclidean_depth: NDArray[np.float32]
    colors: NDArray[np.float32]
    is_seen: bool

    def __post_init__(self) -> None:
        """Check sizes and that depths are positive."""
        depth = require_array(
            "PanoramaLayer", "euclidean_depth", self.euclidean_depth, ("H", "W"), np.float32, finite=False
        )
        if depth.shape[1] != 2 * depth.shape[0]:
            raise InvalidInputError("PanoramaLayer.euclidean_depth must be twice as wide as high.")
        if depth.size and not (depth > 0.0).all():
            raise InvalidInputError("PanoramaLayer.euclidean_depth must be positive, with +inf where there is nothing.")
        colors = require_array("PanoramaLayer", "colors", self.colors, (*depth.shape, 3), np.float32)
        freeze(self, euclidean_depth=depth, colors=colors)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(H, 2H) where the layer has a surface."""
        return np.isfinite(self.euclidean_depth)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LayeredPanorama:
    """Layers from front to back; the first one is what the panorama sees, each further one lies behind those before.

    layers      at least one, all of one size
    sky         (H, 2H, 3) float32  display-referred colour of the sky, also behind everything else
    is_open     whether the panorama sees any sky
    """

    layers: tuple[PanoramaLayer, ...]
    sky: NDArray[np.float32]
    is_open: bool

    def __post_init__(self) -> None:
        """Check that the layers belong together."""
        if not self.layers or not self.layers[0].is_seen:
            raise InvalidInputError("LayeredPanorama.layers must begin with what the panorama sees.")
        size = self.layers[0].euclidean_depth.shape
        if any(layer.euclidean_depth.shape != size for layer in self.layers):
            raise InvalidInputError("LayeredPanorama.layers must be of one size.")
        freeze(self, sky=require_array("LayeredPanorama", "sky", self.sky, (*size, 3), np.float32))

    @property
    def height(self) -> int:
        """Rows of all layers."""
        return self.layers[0].euclidean_depth.shape[0]
