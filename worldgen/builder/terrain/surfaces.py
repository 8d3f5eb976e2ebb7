"""What the ground is to a foot or a wheel: the cover's layers as surface tags."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.terrain.cover import COVER_LAYERS
from worldgen.builder.terrain.fields import GroundCover
from worldgen.geometry.collision import GroundSurfaces
from worldgen.scene.material import SURFACE_TAGS, SurfaceTag

_TAGS: Mapping[str, SurfaceTag] = MappingProxyType(
    {
        "grass": "grass",
        "dirt": "soil",
        "forest_floor": "soil",
        "sand": "sand",
        "gravel": "stone",
        "rock": "stone",
        "red_rock": "stone",
        "snow": "snow",
        "mud": "soil",
        "moss": "grass",
        "scree": "stone",
        "path": "soil",
    }
)
_PATH_TAGS: Mapping[str, SurfaceTag] = MappingProxyType({"gravel": "stone", "cobble": "stone"})


def ground_surfaces(cover: GroundCover, path_material: str) -> GroundSurfaces:
    """The tag with the greatest share at any position, by the rules that the ground's textures are baked by.

    Args:
        cover: The ground's cover.
        path_material: What paths are made of, as the spec says it.
    """
    shares = np.zeros((len(COVER_LAYERS), len(SURFACE_TAGS)), dtype=np.float32)
    for index, layer in enumerate(COVER_LAYERS):
        tag = _PATH_TAGS.get(path_material, _TAGS[layer]) if layer == "path" else _TAGS[layer]
        shares[index, SURFACE_TAGS.index(tag)] = 1.0

    def surfaces(x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.uint8]:
        return np.argmax(cover.weights(x, z) @ shares, axis=1).astype(np.uint8)

    return surfaces
