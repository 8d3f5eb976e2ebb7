"""A built scene in Mitsuba 3: geometry, lights and cameras handed over as arrays, path traced to linear radiance."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.color import LUMINANCE_WEIGHTS
from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import pixel_rays_in_camera
from worldgen.geometry.equirectangular import row_solid_angles
from worldgen.rendering.mitsuba_engine import mitsuba
from worldgen.rendering.mitsuba_materials import make_bsdf
from worldgen.rendering.mitsuba_meshes import VERTEX_COLOR, make_mesh
from worldgen.scene.camera import Camera
from worldgen.scene.material import Material
from worldgen.scene.scene import Part, Scene, Sky
from worldgen.settings import QualityTier

_NEAR_CLIP_M = 0.01

_KEY_LIGHTS = 16
"""Hard directional lights that stand for the key light's disc.

They cast soft shadows at the noise of one light. A far emissive disc would be as soft, but slower, visible to the
camera at a million times the brightness of things, and too far away for the precision of everything else.
"""

_GLOW_SHARE_DAY, _GLOW_SHARE_NIGHT = 0.1, 0.4
"""Share of the light samples that go to all glowing surfaces together, where there are any."""

_NIGHT_RADIANCE = 0.05
"""Mean luminance of the sky below which lamps matter."""


class MitsubaScene:
    """A scene in Mitsuba's memory; built once per world, rendered from many cameras.

    All places of a part become one mesh in world coordinates. Instances would save a sixth of a world's memory, but in
    grass and woods, where their boxes overlap everywhere, paths take a quarter to a half longer through them.
    """

    def __init__(self, scene: Scene, tier: QualityTier, *, variant: str | None = None) -> None:
        """Hand the scene over.

        Args:
            scene: What to render.
            tier: Its ``max_bounces`` is the longest path.
            variant: Mitsuba variant; None picks the best that works here.

        Raises:
            BackendUnavailableError: Mitsuba is missing.
        """
        self._mi = mitsuba(variant)
        self._variant = str(self._mi.variant())
        self._bsdfs: dict[tuple[str, bool], Any] = {}
        self._materials = scene.materials
        key_share = _key_share(scene.sky)
        self._glow_weight = _glow_weight(scene)
        places: dict[tuple[str, int], list[NDArray[np.float64]]] = {}
        for item in scene.objects:
            places.setdefault((item.prototype, item.lod), []).append(item.world_from_object)
        shapes: list[Any] = []
        for (prototype, lod), transforms in places.items():
            for part in scene.prototypes[prototype].lods[lod]:
                if part.mesh.num_triangles:
                    shapes += self._shapes(part, np.stack(transforms))
        contents = {f"shape_{index}": shape for index, shape in enumerate(shapes)}
        self._scene = self._mi.load_dict({"type": "scene", **contents, **_sky_lights(self._mi, scene.sky, key_share)})
        self._integrator = self._mi.load_dict({"type": "path", "max_depth": tier.max_bounces})

    def render(self, camera: Camera, samples: int, seed: int) -> NDArray[np.float32]:
        """Path trace what a camera sees, the sky included, without the disc of the key light.

        Args:
            camera: With square pixels and no skew.
            samples: Paths per pixel.
            seed: Seed of the sampler.

        Returns:
            (H, W, 3) float32 linear radiance, finite and not negative. The same
            bytes for any number of threads.

        Raises:
            InvalidInputError: The camera's pixels are not square, or there are no samples.
        """
        if samples < 1:
            raise InvalidInputError("Rendering needs at least one sample per pixel.")
        mi = mitsuba(self._variant)
        sensor = mi.load_dict(_sensor(mi, camera))
        image = mi.render(self._scene, sensor=sensor, integrator=self._integrator, spp=samples, seed=seed & 0xFFFFFFFF)
        radiance = np.array(image, dtype=np.float32).reshape(camera.height, camera.width, 3)
        return np.maximum(np.nan_to_num(radiance, nan=0.0, posinf=0.0, neginf=0.0), np.float32(0.0))

    def trace_depth(self, camera: Camera) -> NDArray[np.float32]:
        """Euclidean depth (H, W) in metres through the pixel centres, +inf for the sky, as the path tracer sees it.

        It shows that path tracer and ``SceneTracer`` agree; buffers come from the latter.
        """
        mi = mitsuba(self._variant)
        settings = _sensor(mi, camera)
        settings["sampler"] = {"type": "stratified", "jitter": False}
        depth_integrator = mi.load_dict({"type": "depth"})
        image = np.array(mi.render(self._scene, sensor=mi.load_dict(settings), integrator=depth_integrator, spp=1))
        depth = image.reshape(camera.height, camera.width, -1)[..., 0].astype(np.float64)
        # Mitsuba measures from the near plane.
        along = np.abs(pixel_rays_in_camera(camera)[..., 2])
        return np.where(depth > 0.0, depth + _NEAR_CLIP_M / along, np.inf).astype(np.float32)

    def _glows(self, part: Part) -> bool:
        return max(self._materials[part.material].emission) > 0.0

    def _shapes(self, part: Part, world_from_object: NDArray[np.float64]) -> list[Any]:
        """A part at (N, 4, 4) places: one mesh for all of them, but one each where it glows and so is a light."""
        mi, material = self._mi, self._materials[part.material]
        has_colors = part.mesh.colors is not None
        bsdf = self._bsdf(material, {"type": "mesh_attribute", "name": VERTEX_COLOR} if has_colors else None)
        shapes = []
        for places in np.split(world_from_object, len(world_from_object)) if self._glows(part) else [world_from_object]:
            properties = mi.Properties()
            properties["bsdf"] = bsdf
            if self._glows(part):
                emission = {"type": "rgb", "value": list(material.emission)}
                properties["emitter"] = mi.load_dict(
                    {"type": "area", "radiance": emission, "sampling_weight": self._glow_weight}
                )
            shapes.append(make_mesh(mi, part.mesh, properties, places, tint=material.base_color))
        return shapes

    def _bsdf(self, material: Material, mesh_color: dict[str, Any] | None = None) -> Any:
        key = (material.name, mesh_color is not None)
        if key not in self._bsdfs:
            self._bsdfs[key] = make_bsdf(self._mi, material, mesh_color=mesh_color)
        return self._bsdfs[key]


def _glow_weight(scene: Scene) -> float:
    """Sampling weight of each glowing surface; sky and key light share a weight of 1."""
    glowing = {name for name, material in scene.materials.items() if max(material.emission) > 0.0}
    count = sum(
        part.material in glowing and part.mesh.num_triangles > 0
        for item in scene.objects
        for part in scene.prototypes[item.prototype].lods[item.lod]
    )
    is_night = float(scene.sky.environment.mean(dtype=np.float64)) < _NIGHT_RADIANCE
    share = _GLOW_SHARE_NIGHT if is_night else _GLOW_SHARE_DAY
    return share / (1.0 - share) / max(count, 1)


def _sky_lights(mi: ModuleType, sky: Sky, key_share: float) -> dict[str, Any]:
    # Mitsuba's first row lies on the zenith and its last on the nadir, ours have their centres half a row from them;
    # and where our columns begin behind the viewer, Mitsuba's begin in front.
    rows = sky.environment
    edges = np.concatenate([rows[:1], (rows[:-1] + rows[1:]) * np.float32(0.5), rows[-1:]])
    half_turn = np.diag([-1.0, 1.0, -1.0, 1.0])
    lights: dict[str, Any] = {
        "sky": {
            "type": "envmap",
            "bitmap": mi.Bitmap(edges),
            "to_world": mi.ScalarTransform4f(half_turn),
            "sampling_weight": 1.0 - key_share,
        }
    }
    if max(sky.key_irradiance) > 0.0:
        for index, direction in enumerate(_key_directions(sky)):
            lights[f"key_{index}"] = {
                "type": "directional",
                "direction": (-direction).tolist(),
                "irradiance": {"type": "rgb", "value": [channel / _KEY_LIGHTS for channel in sky.key_irradiance]},
                "sampling_weight": key_share / _KEY_LIGHTS,
            }
    return lights


def _key_share(sky: Sky) -> float:
    """Share of the light samples that go to the key light: what it adds to level ground, within limits."""
    key = float(np.dot(sky.key_irradiance, LUMINANCE_WEIGHTS)) * max(float(sky.key_direction_in_world[1]), 0.1)
    if key <= 0.0:
        return 0.0
    height = len(sky.environment)
    upward = np.maximum(np.cos((np.arange(height) + 0.5) / height * math.pi), 0.0) * row_solid_angles(height)
    diffuse = float(np.einsum("r,rcx,x->", upward, sky.environment, LUMINANCE_WEIGHTS, dtype=np.float64))
    return min(max(key / (key + diffuse), 0.2), 0.65)


def _key_directions(sky: Sky) -> NDArray[np.float64]:
    """(_KEY_LIGHTS, 3) unit directions spread evenly over the key light's disc, on a sunflower's spiral."""
    towards = sky.key_direction_in_world
    across = np.cross(towards, np.eye(3)[np.argmin(np.abs(towards))])
    across /= np.linalg.norm(across)
    index = np.arange(_KEY_LIGHTS)
    radius = np.sqrt((index + 0.5) / _KEY_LIGHTS) * sky.key_angular_radius
    angle = index * math.pi * (3.0 - math.sqrt(5.0))
    offset = np.outer(np.cos(angle) * radius, across) + np.outer(np.sin(angle) * radius, np.cross(towards, across))
    directions = towards + offset
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def _sensor(mi: ModuleType, camera: Camera) -> dict[str, Any]:
    k = camera.intrinsics_px
    if abs(k[0, 0] - k[1, 1]) > 1e-6 * k[0, 0] or k[0, 1] != 0.0:
        raise InvalidInputError("Rendering needs a camera with square pixels and no skew.")
    # Mitsuba's cameras look along +Z with +X to the left.
    world_from_mitsuba = camera.world_from_camera @ np.diag([-1.0, 1.0, -1.0, 1.0])
    return {
        "type": "perspective",
        "to_world": mi.ScalarTransform4f(world_from_mitsuba),
        "fov": math.degrees(2.0 * math.atan(0.5 * camera.width / k[0, 0])),
        "fov_axis": "x",
        "principal_point_offset_x": float(0.5 - k[0, 2] / camera.width),
        "principal_point_offset_y": float(0.5 - k[1, 2] / camera.height),
        "near_clip": _NEAR_CLIP_M,
        "far_clip": 1e6,
        "film": {
            "type": "hdrfilm",
            "width": camera.width,
            "height": camera.height,
            "rfilter": {"type": "box"},
            "pixel_format": "rgb",
            "component_format": "float32",
        },
        "sampler": {"type": "multijitter"},
    }
