"""A built scene: named objects that share prototypes, materials, the land, the sky and the fog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.material import LinearColor, Material, SurfaceTag
from worldgen.scene.terrain import Terrain
from worldgen.scene.triangle_mesh import TriangleMesh


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Part:
    """A mesh with one material, in the prototype's frame."""

    mesh: TriangleMesh
    material: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ConvexHull:
    """The convex hull of some points, in the prototype's frame, as a collider.

    points  (N, 3) float32  metres
    """

    points: NDArray[np.float32]
    surface: SurfaceTag

    def __post_init__(self) -> None:
        """Check that there are enough points for a solid."""
        points = require_array("ConvexHull", "points", self.points, ("N", 3), np.float32)
        if len(points) < 4:
            raise InvalidInputError("ConvexHull.points must hold at least 4 points.")
        freeze(self, points=points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capsule:
    """An upright capsule as a collider: its axis runs from ``base`` (x, y, z) up by ``height`` metres."""

    base: tuple[float, float, float]
    height: float
    radius: float
    surface: SurfaceTag


Collider = ConvexHull | Capsule


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Prototype:
    """A thing that may stand in the world many times.

    Its frame has the origin on the ground under its middle, +Y up, metres; its front (a door) faces +Z.

    ``lods`` holds levels of detail, finest first; each is a tuple of parts. ``footprint_m`` is the radius
    of the circle on the ground that nothing else may stand in. ``colliders`` may be empty (grass).
    """

    name: str
    label: str
    lods: tuple[tuple[Part, ...], ...]
    footprint_m: float
    colliders: tuple[Collider, ...] = ()

    def __post_init__(self) -> None:
        """Check the label and that there is something to show."""
        if self.label not in LABEL_INDEX:
            raise InvalidInputError(f"Prototype.label '{self.label}' is not in the label table.")
        if not self.lods or any(not lod for lod in self.lods):
            raise InvalidInputError(f"Prototype '{self.name}' needs at least one part in every level of detail.")

    @property
    def num_triangles(self) -> tuple[int, ...]:
        """Triangles of each level of detail."""
        return tuple(sum(part.mesh.num_triangles for part in lod) for lod in self.lods)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SceneObject:
    """One thing in the world.

    ``object_id`` is stable and unique (``"forest/pine/17"``); ``spec_id`` names the entry of the spec that it
    came from; ``lod`` picks the prototype's level of detail, the same for every renderer and exporter.

    world_from_object  (4, 4) float64  rotation, uniform scale and translation
    """

    object_id: str
    spec_id: str
    prototype: str
    world_from_object: NDArray[np.float64]
    lod: int = 0

    def __post_init__(self) -> None:
        """Check the transform."""
        matrix = require_array("SceneObject", "world_from_object", self.world_from_object, (4, 4), np.float64)
        # By hand, because a world has tens of thousands of them and a library call costs more than the sum.
        (a, b, c, _), (d, e, f, _), (g, h, i, _), _ = matrix.tolist()
        if a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) <= 0.0:
            raise InvalidInputError("SceneObject.world_from_object must not mirror or flatten.")
        freeze(self, world_from_object=matrix)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sky:
    """Light from above.

    environment               (H, 2H, 3) float32  linear radiance, equirectangular in world, without the disc of
                                                  the key light, in units where a noon sun gives about 10
    key_direction_in_world    (3,) float64        unit, from the ground towards the sun (or, at night, the moon)
    key_irradiance            linear, on a surface that faces the key light; 0 when it is below the horizon
    key_angular_radius        half the angle of its disc, in radians, for soft shadows
    key_disc_in_environment   whether the environment shows the key light's disc after all (the moon's face, far
                              dimmer than the key light), so that renderers paint none
    """

    environment: NDArray[np.float32]
    key_direction_in_world: NDArray[np.float64]
    key_irradiance: LinearColor
    key_angular_radius: float
    key_disc_in_environment: bool = False

    def __post_init__(self) -> None:
        """Check the environment's shape and the direction's length."""
        environment = require_array("Sky", "environment", self.environment, ("H", "W", 3), np.float32)
        if environment.shape[1] != 2 * environment.shape[0]:
            raise InvalidInputError("Sky.environment must be twice as wide as high.")
        if environment.min() < 0.0:
            raise InvalidInputError("Sky.environment must not be negative.")
        direction = require_array("Sky", "key_direction_in_world", self.key_direction_in_world, (3,), np.float64)
        if abs(float(np.linalg.norm(direction)) - 1.0) > 1e-6:
            raise InvalidInputError("Sky.key_direction_in_world must have unit length.")
        freeze(self, environment=environment, key_direction_in_world=direction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fog:
    """Air that fades distant things: density falls off exponentially with height.

    ``extinction_per_m`` is per channel at y = ``base_height_m`` (Rayleigh-like air: more in blue);
    ``falloff_per_m`` is 1 / scale height. The in-scattered light comes from the sky near the horizon.
    """

    extinction_per_m: LinearColor
    falloff_per_m: float
    base_height_m: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scene:
    """Everything that a built world holds, in the world frame (RUB, metres, spawn at x = z = 0)."""

    prototypes: Mapping[str, Prototype]
    materials: Mapping[str, Material]
    objects: tuple[SceneObject, ...]
    terrain: Terrain
    sky: Sky
    fog: Fog
    eye_height_m: float = 1.7
    spawn_yaw: float = 0.0
    """Heading of the best view from the spawn, in radians, counter-clockwise seen from above; 0 looks along -Z."""

    def __post_init__(self) -> None:
        """Check that every reference resolves and ids are unique."""
        ids = {item.object_id for item in self.objects}
        if len(ids) != len(self.objects):
            raise InvalidInputError("Scene.objects must have unique object_ids.")
        for item in self.objects:
            prototype = self.prototypes.get(item.prototype)
            if prototype is None:
                raise InvalidInputError(f"Object '{item.object_id}' uses the unknown prototype '{item.prototype}'.")
            if not 0 <= item.lod < len(prototype.lods):
                raise InvalidInputError(f"Object '{item.object_id}' uses a level of detail that does not exist.")
        for prototype in self.prototypes.values():
            for lod in prototype.lods:
                for part in lod:
                    material = self.materials.get(part.material)
                    if material is None:
                        raise InvalidInputError(
                            f"Prototype '{prototype.name}' uses the unknown material '{part.material}'."
                        )
                    if part.mesh.colors is not None and material.base_color_texture is not None:
                        raise InvalidInputError(
                            f"Prototype '{prototype.name}' has vertex colours on the textured '{part.material}'."
                        )
                    textured = (material.base_color_texture, material.normal_texture, material.roughness_texture)
                    if part.mesh.uvs is None and any(texture is not None for texture in textured):
                        raise InvalidInputError(
                            f"Prototype '{prototype.name}' needs UVs for the textured '{part.material}'."
                        )
        object.__setattr__(self, "prototypes", MappingProxyType(dict(self.prototypes)))
        object.__setattr__(self, "materials", MappingProxyType(dict(self.materials)))

    def label_of(self, item: SceneObject) -> str:
        """Label of an object: its prototype's."""
        return self.prototypes[item.prototype].label
