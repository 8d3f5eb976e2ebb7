"""What a pipeline hands from stage to stage: the layers of a world before they are files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.collision import Collision
from worldgen.manifest import Estimate, SplatLevel
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.light_rig import LightRig
from worldgen.scene.navmesh import Navigation
from worldgen.scene.point_cloud import PointCloud
from worldgen.scene.scene import Scene
from worldgen.scene.textured_mesh import TexturedMesh
from worldgen.scene.view import View
from worldgen.scene.walk_range import WalkRange


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

    @property
    def views(self) -> tuple[View, ...]:
        """The cube faces of all stations, the spawn's first."""
        return tuple(view for station in self.stations for view in station.views)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LayerFile:
    """A layer on its way to a file of the world folder: a value that the format's writer takes."""

    name: str
    role: str
    format_id: str
    value: Any
    counts: Mapping[str, int] = field(default_factory=dict)
    levels: tuple[SplatLevel, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeenLayers:
    """Everything that is written to the folder of a world that was made from a picture.

    picture     (H, 2H, 3) float32  display-referred colours of the panorama
    is_seen     (H, 2H)    float32  1 where the picture shows it, 0 where it was invented
    confidence  (H, 2H)    float32  how sure the depth is, 0 to 1
    sky         (h, 2h, 3) float32  linear radiance

    Of the splats, the first ``num_seen_splats`` stand for what the picture shows; the others are invented.
    """

    panorama: View
    picture: NDArray[np.float32]
    exposure: float
    is_seen: NDArray[np.float32]
    confidence: NDArray[np.float32]
    sky: NDArray[np.float32]
    points: PointCloud
    splats: GaussianCloud
    num_seen_splats: int
    sheets: tuple[TexturedMesh, ...]
    collision: Collision
    walk_range: WalkRange
    navigation: Navigation
    light: LightRig
    camera_height: float
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WorldLayers:
    """Everything that is written to the folder of a built world."""

    scene: Scene
    rendered: RenderedWorld
    points: PointCloud
    splats: GaussianCloud
    navigation: Navigation
