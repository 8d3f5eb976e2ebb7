"""Twelve scenes seen exactly from anywhere: built worlds and furnished rooms, lit by formula without noise.

Light is diffuse only, from the sky by the surface's normal and from one sun or lamp with shadows, so that a surface has
one colour from wherever it is seen and a difference to the truth is the reconstruction's alone.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

from tests.scenes import flat_terrain, gradient_sky
from worldgen.color import srgb_from_linear
from worldgen.geometry.cameras import camera_position, panorama_camera, pixel_rays_in_world
from worldgen.randomness import rng
from worldgen.rendering.tracer import SceneTracer
from worldgen.scene.camera import AnyCamera
from worldgen.scene.material import Material
from worldgen.scene.scene import Fog, Part, Prototype, Scene, SceneObject
from worldgen.scene.triangle_mesh import TriangleMesh
from worldgen.settings import TIERS

PROMPTS = {
    "cabin": "a log cabin by a mountain lake at golden hour, pine forest, a boat",
    "village": "a village street with timber houses, a well, market stalls and a church",
    "stone street": "a narrow street with stone houses, lamp posts, carts and a tower",
    "birch forest": "a dense birch forest with ferns",
    "conifers": "a spruce forest with rocks and a wooden bridge over a river",
    "desert": "a desert with cacti, red rocks and a tent at noon",
    "beach": "a tropical beach with palms and a boat",
    "ruins": "ruins on a green hill with stone walls and a statue",
}
RAYS_PER_PIXEL = ((0.375, 0.125), (0.875, 0.375), (0.125, 0.625), (0.625, 0.875))
"""Rows and columns in a pixel that rays go through."""
ROOMS = ("living room", "storeroom", "hall", "attic")
OFFSETS_M: dict[float, tuple[tuple[float, float, float], ...]] = {
    reach: tuple((reach * math.sin(turn), 0.0, -reach * math.cos(turn)) for turn in (0.6, 0.6 + math.pi))
    for reach in (0.5, 1.0, 2.0)
}


@dataclass(frozen=True, eq=False)
class Truth:
    """A camera's true picture: display-referred (H, W, 3), and euclidean depth (H, W)."""

    rgb: NDArray[np.float32]
    euclidean_depth: NDArray[np.float32]


class LitScene:
    """A scene, its tracer and its light."""

    def __init__(self, scene: Scene, lamp: NDArray[np.float64] | None) -> None:
        self.scene = scene
        self.tracer = SceneTracer(scene)
        self.lamp = lamp
        self.eye = np.array([0.0, scene.eye_height_m if lamp is None else 1.6, 0.0])

    def render(self, camera: AnyCamera) -> Truth:
        """The true picture, four rays per pixel, and the depth through the pixel centres."""
        rays = pixel_rays_in_world(camera)
        origin = camera_position(camera)
        depth = self.tracer.trace(origin[None], rays.reshape(-1, 3)).euclidean_depth
        total = np.zeros((*rays.shape[:2], 3), dtype=np.float32)
        for down, across in RAYS_PER_PIXEL:
            total += self._shade(origin, shifted_rays(camera, down - 0.5, across - 0.5))
        return Truth(rgb=total / len(RAYS_PER_PIXEL), euclidean_depth=depth.reshape(rays.shape[:2]).copy())

    def _shade(self, origin: NDArray[np.float64], rays: NDArray[np.float64]) -> NDArray[np.float32]:
        flat = rays.reshape(-1, 3)
        hits = self.tracer.trace(origin[None], flat, pixel_angle=math.pi / 512)
        solid = np.isfinite(hits.euclidean_depth)
        color = np.zeros((len(flat), 3), dtype=np.float32)
        points = origin + flat[solid] * hits.euclidean_depth[solid, None].astype(np.float64)
        normals = hits.normals[solid].astype(np.float64)
        points += 1e-3 * np.maximum(hits.euclidean_depth[solid, None], 1.0) * hits.geometric_normals[solid]
        if self.lamp is None:
            toward = np.broadcast_to(self.scene.sky.key_direction_in_world, points.shape)
            strength, reach = 1.5, np.full(len(points), np.inf)
        else:
            toward = self.lamp - points
            reach = np.linalg.norm(toward, axis=1)
            toward = toward / reach[:, None]
            strength = 4.0 / (1.0 + reach**2)
        lit = self.tracer.trace(points, np.ascontiguousarray(toward)).euclidean_depth > reach - 0.01
        cosine = np.clip(np.einsum("ij,ij->i", normals, toward), 0.0, 1.0)
        ambient = 0.45 + 0.2 * normals[:, 1] + 0.08 * normals[:, 0]
        light = (ambient + strength * cosine * lit)[:, None]
        color[solid] = srgb_from_linear((hits.albedo[solid] * light).astype(np.float32))
        up = np.clip(flat[~solid, 1:2], 0.0, 1.0) ** 0.5
        sky = np.array([0.86, 0.9, 0.95]) * (1.0 - up) + np.array([0.35, 0.55, 0.85]) * up
        color[~solid] = sky + 0.04 * np.sin(7.0 * flat[~solid, 0:1] + 5.0 * flat[~solid, 2:3])
        return color.reshape(rays.shape)


def shifted_rays(camera: AnyCamera, down: float, across: float) -> NDArray[np.float64]:
    """Rays a part of a pixel off the centres, by shifting between neighbouring rays."""
    rays = pixel_rays_in_world(camera)
    from worldgen.geometry.equirectangular import rays_from_pixels
    from worldgen.scene.camera import Camera

    rows = np.arange(camera.height)[:, None] + 0.5 + down
    columns = np.arange(camera.width)[None] + 0.5 + across
    if isinstance(camera, Camera):
        k = camera.intrinsics_px
        x, y = (columns - k[0, 2]) / k[0, 0], (rows - k[1, 2]) / k[1, 1]
        shape = rays.shape[:2]
        local = np.stack([np.broadcast_to(x, shape), np.broadcast_to(-y, shape), np.full(shape, -1.0)], axis=-1)
        local /= np.linalg.norm(local, axis=-1, keepdims=True)
    else:
        local = rays_from_pixels(columns, rows, camera.height)
    return local @ camera.world_from_camera[:3, :3].T


def scene_names() -> tuple[str, ...]:
    return (*PROMPTS, *ROOMS)


def load_scene(name: str) -> LitScene:
    """Build a scene."""
    if name in PROMPTS:
        from worldgen.builder.build_scene import build_scene
        from worldgen.pipelines.generate import parse

        return LitScene(build_scene(parse(PROMPTS[name]), tier=TIERS["draft"], seed=0).scene, None)
    return LitScene(_room(name), np.array([0.4, 2.4, -0.5]))


def cached_truth(name: str, key: str, make: Callable[[], Truth]) -> Truth:
    """A truth from the folder that WORLDGEN_TRUTH_CACHE names, made and kept there where it is missing."""
    folder = os.environ.get("WORLDGEN_TRUTH_CACHE")
    if folder is None:
        return make()
    path = Path(folder) / f"{name.replace(' ', '_')}_{key}.npz"
    if path.exists():
        with np.load(path) as kept:
            return Truth(rgb=kept["rgb"].astype(np.float32), euclidean_depth=kept["depth"])
    truth = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, rgb=truth.rgb.astype(np.float16), depth=truth.euclidean_depth)
    return truth


class TruthOf:
    """The pictures of one scene; the scene is built only where a picture is not kept yet."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._scene: LitScene | None = None

    @property
    def scene(self) -> LitScene:
        if self._scene is None:
            self._scene = load_scene(self.name)
        return self._scene

    def panorama(self, offset: tuple[float, float, float], height: int) -> Truth:
        """The panorama at an offset from the spawn."""
        key = f"{height}_" + "_".join(f"{value:.2f}" for value in offset)

        def make() -> Truth:
            return self.scene.render(panorama_camera(self.scene.eye + np.array(offset), height=height))

        return cached_truth(self.name, key, make)


def _room(name: str) -> Scene:
    """A closed room with boxes, shelves, columns and balls of its own kind."""
    random = rng(0, f"room/{name}")
    width, depth, height = {
        "living room": (7.0, 6.0, 2.7),
        "storeroom": (6.0, 9.0, 3.2),
        "hall": (12.0, 14.0, 5.0),
        "attic": (6.5, 8.0, 3.0),
    }[name]
    pieces: list[tuple[TriangleMesh, str]] = []
    for axis, (low, high) in enumerate(((-0.5 * width, 0.5 * width), (0.0, height), (-0.5 * depth, 0.5 * depth))):
        for side, at in enumerate((low, high)):
            minimum, maximum = [-0.5 * width, 0.0, -0.5 * depth], [0.5 * width, height, 0.5 * depth]
            minimum[axis], maximum[axis] = (at - 0.2, at) if side == 0 else (at, at + 0.2)
            material = "floor" if axis == 1 and side == 0 else "ceiling" if axis == 1 else f"wall{axis}"
            pieces.append((_box(minimum, maximum), material))
    for index in range(16 if name != "hall" else 24):
        while True:
            x = random.uniform(-0.45 * width, 0.45 * width)
            z = random.uniform(-0.45 * depth, 0.45 * depth)
            if math.hypot(x, z) > (1.3 if index % 4 else 2.6) and all(
                math.hypot(x - offset[0], z - offset[2]) > 0.75 for places in OFFSETS_M.values() for offset in places
            ):
                break
        half = random.uniform(0.12, 0.45, 2)
        tall = (0.45, 0.8, 1.3, 2.0)[index % 4] * random.uniform(0.8, 1.2)
        if index % 5 == 4:
            half, tall = np.array([0.1, 0.1]), height
        pieces.append((_box([x - half[0], 0.0, z - half[1]], [x + half[0], tall, z + half[1]]), f"thing{index % 5}"))
        if index % 3 == 0 and tall < 1.5:
            ball = trimesh.creation.icosphere(subdivisions=4, radius=0.22)
            center = np.array([x, tall + 0.22, z])
            normals = np.asarray(ball.vertices) / 0.22
            uvs = np.stack([np.arctan2(normals[:, 0], normals[:, 2]), normals[:, 1]], axis=1)
            pieces.append(
                (
                    TriangleMesh(
                        vertices=(np.asarray(ball.vertices) + center).astype(np.float32),
                        triangles=np.asarray(ball.faces).astype(np.int32),
                        normals=normals.astype(np.float32),
                        uvs=uvs.astype(np.float32),
                    ),
                    f"thing{(index + 2) % 5}",
                )
            )
    names = ["floor", "ceiling", "wall0", "wall2", *(f"thing{index}" for index in range(5))]
    materials = {
        key: Material(name=key, surface="wood", base_color_texture=_texture(rng(0, f"room/{name}/{key}"), index))
        for index, key in enumerate(names)
    }
    part = tuple(Part(mesh=mesh, material=material) for mesh, material in pieces)
    prototype = Prototype(name="room", label="cabin", lods=(part,), footprint_m=1.0)
    return Scene(
        prototypes={"room": prototype},
        materials=materials,
        objects=(SceneObject(object_id="room/0", spec_id="room", prototype="room", world_from_object=np.eye(4)),),
        terrain=flat_terrain(),
        sky=gradient_sky(),
        fog=Fog(extinction_per_m=(0.0, 0.0, 0.0), falloff_per_m=0.01, base_height_m=0.0),
    )


def _box(minimum: list[float], maximum: list[float]) -> TriangleMesh:
    low, high = np.array(minimum), np.array(maximum)
    box = trimesh.creation.box(extents=high - low)
    corners = box.triangles + 0.5 * (low + high)
    vertices = corners.reshape(-1, 3).astype(np.float32)
    normals = np.repeat(box.face_normals, 3, axis=0).astype(np.float32)
    axis = np.argmax(np.abs(normals), axis=1)
    uvs = np.stack(
        [np.where(axis == 0, vertices[:, 2], vertices[:, 0]), np.where(axis == 1, vertices[:, 2], vertices[:, 1])],
        axis=1,
    )
    triangles = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
    return TriangleMesh(vertices=vertices, triangles=triangles, normals=normals, uvs=(0.5 * uvs).astype(np.float32))


def _texture(random: np.random.Generator, index: int, size: int = 256) -> NDArray[np.uint8]:
    """A tileable texture: boards, tiles or speckles in a colour of its own."""
    base = random.uniform(0.3, 0.85, 3)
    noise = np.zeros((size, size))
    for octave in range(2, 6):
        coarse = random.normal(size=(2**octave, 2**octave))
        spectrum = np.zeros((size, size), dtype=complex)
        half = 2 ** (octave - 1)
        small = np.fft.fftshift(np.fft.fft2(coarse)) * (size / 2**octave) ** 2
        spectrum[size // 2 - half : size // 2 + half, size // 2 - half : size // 2 + half] = small
        noise += np.fft.ifft2(np.fft.ifftshift(spectrum)).real / 2 ** (octave - 1)
    row, column = np.indices((size, size)) / size
    if index % 3 == 0:
        board = np.floor(column * 8.0)
        noise += 0.5 * np.sin(board * 37.0) - 1.5 * (np.abs(column * 8.0 - board) < 0.06)
    elif index % 3 == 1:
        noise -= 1.2 * ((np.abs(row * 6.0 - np.floor(row * 6.0)) < 0.07) | (np.abs(column * 6.0 % 1.0) < 0.07))
    texture = base[None, None] * (1.0 + 0.12 * noise[..., None]) * 255.0
    return np.clip(texture, 8.0, 247.0).astype(np.uint8)
