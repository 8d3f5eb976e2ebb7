"""What a pipeline hands from stage to stage: the layers of a world before they are files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.point_cloud import PointCloud
from worldgen.scene.scene import Scene
from worldgen.scene.view import View


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StationViews:
    """The six cube faces seen from one station.

    position  (3,) float64  the eye, in world, metres
    """

    position: NDArray[np.float64]
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RenderedWorld:
    """All radiance of a world: the stations' cube faces, the spawn's panorama and one exposure for all."""

    stations: tuple[StationViews, ...]
    panorama: View
    exposure: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WorldLayers:
    """Everything that is written to a world folder."""

    scene: Scene
    rendered: RenderedWorld
    points: PointCloud
    splats: GaussianCloud
