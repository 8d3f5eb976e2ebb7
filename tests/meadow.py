"""A hard little outdoor scene for splats, ray traced with Embree: hills, grass blades, trees of leaves, a hut, clouds.

Surfaces carry fine procedural colour and hard sun shadows; blades and leaves are thinner than a pixel a few metres
away. The pixels of its views are means of several rays, their buffers come from one ray through the pixel centre, as in
a real world.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import trimesh
from embreex.mesh_construction import TriangleMesh as EmbreeMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from worldgen.color import srgb_from_linear
from worldgen.geometry.cameras import camera_position, pixel_rays_in_camera
from worldgen.randomness import rng
from worldgen.scene.camera import AnyCamera, Camera, PanoramaCamera
from worldgen.scene.view import Buffers

SUN = np.array([0.45, 0.62, 0.35]) / np.linalg.norm([0.45, 0.62, 0.35])
GROUND, GRASS, TRUNK, LEAF, HUT = 1, 18, 9, 10, 20
_TINT = {
    GROUND: (0.20, 0.16, 0.09),
    GRASS: (0.20, 0.32, 0.06),
    TRUNK: (0.16, 0.11, 0.07),
    LEAF: (0.11, 0.26, 0.05),
    HUT: (0.42, 0.30, 0.20),
}


def ground_height(x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height of the land: level near the origin, hills further off."""
    far = np.clip(np.hypot(x, z) / 40.0, 0.0, 1.0) ** 2
    hills = 6.0 * np.sin(0.03 * x + 1.0) * np.cos(0.025 * z) + 9.0 * np.sin(0.011 * x - 0.5) * np.sin(0.013 * z + 2.0)
    return far * hills + 0.15 * np.sin(0.6 * x) * np.sin(0.5 * z + 1.0) + 0.1


@dataclass(frozen=True)
class Meadow:
    """The scene's triangles (T, 3, 3), the label of each, and what casts rays at them."""

    triangles: NDArray[np.float64]
    labels: NDArray[np.uint8]
    scene: EmbreeScene
    seed: int

    def cast(self, origins: NDArray[np.float64], rays: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Distances (N,), +inf for the sky, and triangle indices (N,), -1 for the sky."""
        hit = self.scene.run(
            np.ascontiguousarray(origins, dtype=np.float32), np.ascontiguousarray(rays, dtype=np.float32), output=True
        )
        index = hit["primID"].astype(np.int64)
        return np.where(index >= 0, hit["tfar"].astype(np.float64), np.inf), index

    def is_free(self, position: NDArray[np.float64], radius: float) -> bool:
        """Whether nothing but the ground lies within a radius of a point."""
        solid = self.triangles[(self.labels != GRASS)].mean(axis=1)
        return bool(np.linalg.norm(solid - position, axis=1).min() > radius)


def _blades(count: int, radius: float, seed: int) -> NDArray[np.float64]:
    random = rng(seed, "blades")
    distance = radius * np.sqrt(random.random(count))
    angle = random.uniform(0.0, 2.0 * math.pi, count)
    x, z = distance * np.cos(angle), distance * np.sin(angle)
    tuft = 0.5 + 0.5 * np.sin(1.3 * x + 2.0) * np.sin(1.7 * z)
    chosen = random.random(count) < 0.25 + tuft
    x, z = x[chosen], z[chosen]
    keep = len(x)
    base = np.stack([x, ground_height(x, z) - 0.01, z], axis=1)
    height = random.uniform(0.12, 0.42, keep)[:, None]
    facing, lean = random.uniform(0.0, 2.0 * math.pi, keep), random.uniform(0.0, 2.0 * math.pi, keep)
    side = 0.006 * np.stack([np.cos(facing), np.zeros(keep), np.sin(facing)], axis=1)
    bend = np.stack([np.cos(lean), np.zeros(keep), np.sin(lean)], axis=1) * height * 0.35
    up = np.array([0.0, 1.0, 0.0])
    middle = base + 0.6 * height * up + 0.35 * bend
    tip = base + height * up * 0.92 + bend
    parts = [
        np.stack([base - side, base + side, middle + side], axis=1),
        np.stack([base - side, middle + side, middle - side], axis=1),
        np.stack([middle - side, middle + side, tip], axis=1),
    ]
    return np.stack(parts, axis=1).reshape(-1, 3, 3)


def _tree(x: float, z: float, leaves: int, seed: int) -> list[tuple[NDArray[np.float64], int]]:
    random = rng(seed, f"tree/{x}/{z}")
    ground = float(ground_height(np.array([x]), np.array([z]))[0])
    height = random.uniform(5.0, 9.0)
    trunk = trimesh.creation.cylinder(radius=0.18, height=height, sections=10)
    points = trunk.triangles[..., [0, 2, 1]][:, ::-1] + np.array([x, ground + 0.5 * height - 0.2, z])
    direction = random.normal(size=(leaves, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    center = direction * (random.random((leaves, 1)) ** 0.4) * [2.3, 2.6, 2.3] + [x, ground + height, z]
    first = random.normal(size=(leaves, 3))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(first, random.normal(size=(leaves, 3)))
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    a, b = 0.11 * first, 0.06 * second
    quads = [np.stack([center - a, center - b, center + a], axis=1), np.stack([center - a, center + a, center + b], 1)]
    return [(points, TRUNK), (np.concatenate(quads), LEAF)]


def meadow(*, blades: int = 20_000, trees: int = 8, leaves: int = 1500, seed: int = 1) -> Meadow:
    """Build the scene; more blades and leaves make it harder."""
    steps = np.concatenate([-np.geomspace(400.0, 1.0, 60), np.linspace(-0.9, 0.9, 7), np.geomspace(1.0, 400.0, 60)])
    x, z = np.meshgrid(steps, steps)
    grid = np.stack([x, ground_height(x, z), z], axis=-1)
    a, b, c, d = grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]
    land = np.concatenate(
        [np.stack([a, b, c], axis=2).reshape(-1, 3, 3), np.stack([a, c, d], axis=2).reshape(-1, 3, 3)]
    )
    parts = [(land, GROUND)]
    if blades:
        parts.append((_blades(blades, 18.0, seed), GRASS))
    random = rng(seed, "trees")
    for _ in range(trees):
        distance, angle = random.uniform(4.5, 30.0), random.uniform(0.0, 2.0 * math.pi)
        parts += _tree(distance * math.cos(angle), distance * math.sin(angle), leaves, seed)
    hut = trimesh.creation.box(extents=(3.0, 2.6, 4.0)).triangles + np.array([-5.0, 1.3, -6.0])
    parts.append((hut, HUT))
    triangles = np.concatenate([part for part, _ in parts])
    labels = np.concatenate([np.full(len(part), label, dtype=np.uint8) for part, label in parts])
    scene = EmbreeScene()
    EmbreeMesh(scene, triangles.astype(np.float32))
    return Meadow(triangles=triangles, labels=labels, scene=scene, seed=seed)


def _hash_noise(cells: NDArray[np.int64], salt: int) -> NDArray[np.float64]:
    """A number in 0 to 1 for every integer cell (N, 3)."""
    mixed = (cells * np.array([73856093, 19349663, 83492791])).sum(axis=1) ^ (salt * 2654435761)
    mixed = (mixed ^ (mixed >> 13)) * 1274126177 & 0x7FFFFFFF
    return ((mixed ^ (mixed >> 16)) & 0xFFFF) / 65535.0


def sky_color(rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear radiance of the sky: a gradient, clouds and a bright sun."""
    up = np.clip(rays[:, 1], 0.0, 1.0)[:, None]
    color = np.array([0.75, 0.80, 0.85]) * (1.0 - up) ** 2 + np.array([0.16, 0.30, 0.62]) * (1.0 - (1.0 - up) ** 2)
    plane = rays[:, [0, 2]] / np.maximum(rays[:, 1:2] + 0.15, 0.05)
    cloud = np.zeros(len(rays))
    for octave in range(5):
        scale = 1.7 * 2.0**octave
        wave = np.sin(scale * plane[:, 0] + 1.7 * octave + np.sin(scale * 0.7 * plane[:, 1] + octave))
        cloud += wave * np.sin(scale * plane[:, 1] * 1.1 + 2.3 * octave) / 1.7**octave
    cover = np.clip(cloud * 0.9, 0.0, 1.0)[:, None] * (rays[:, 1:2] > 0.0)
    color = color * (1.0 - cover) + cover * 0.95
    glow = np.clip(rays @ SUN, 0.0, 1.0)[:, None]
    return color + 4.0 * (glow > math.cos(0.01)) + 0.3 * glow**200


def radiance(world: Meadow, origins: NDArray[np.float64], rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 3) linear radiance along rays."""
    distance, index = world.cast(origins, rays)
    color = sky_color(rays)
    hit = np.flatnonzero(index >= 0)
    if not len(hit):
        return color
    label = world.labels[index[hit]]
    corners = world.triangles[index[hit]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    normal *= -np.sign((normal * rays[hit]).sum(axis=1, keepdims=True))
    point = origins[hit] + rays[hit] * distance[hit, None]
    base = np.array([_TINT.get(i, (0.0, 0.0, 0.0)) for i in range(32)])[label]
    detail = np.zeros(len(hit))
    for scale, weight in ((2.0, 0.25), (11.0, 0.25), (53.0, 0.3)):
        detail += weight * (_hash_noise(np.floor(point * scale).astype(np.int64), int(scale)) - 0.5)
    own = _hash_noise(np.stack([index[hit] // 3, label, label], axis=1).astype(np.int64), 7) - 0.5
    thin = (label == GRASS) | (label == LEAF)
    base = base * (1.0 + detail + np.where(thin, 0.7 * own, 0.0))[:, None]
    facing = (normal * SUN).sum(axis=1)
    lit = np.where(thin, 0.35 + 0.65 * np.abs(facing), np.clip(facing, 0.0, None))
    start = point + normal * 1e-3 * np.maximum(distance[hit, None], 1.0)
    _, blocked = world.cast(start, np.broadcast_to(SUN, point.shape))
    light = np.where(blocked >= 0, 0.0, lit)[:, None] * np.array([3.0, 2.8, 2.4])
    light = light + (0.55 + 0.45 * normal[:, 1:2]) * np.array([0.5, 0.6, 0.75])
    surface = base * light
    haze = 1.0 - np.exp(-distance[hit, None] / 900.0)
    color[hit] = surface * (1.0 - haze) + haze * np.array([0.65, 0.72, 0.8])
    return color


def render(world: Meadow, camera: AnyCamera, *, samples: int = 4) -> NDArray[np.float32]:
    """(H, W, 3) display-referred picture, ``samples`` rays per pixel on a regular grid with jitter."""
    side = max(1, round(math.sqrt(samples)))
    random = rng(world.seed, "render")
    total = np.zeros((camera.height, camera.width, 3))
    position = camera_position(camera)
    rotation = camera.world_from_camera[:3, :3]
    for row in range(side):
        for column in range(side):
            rays = _rays(camera, (column + random.random()) / side - 0.5, (row + random.random()) / side - 0.5)
            flat = rays.reshape(-1, 3) @ rotation.T
            color = radiance(world, np.broadcast_to(position, flat.shape), flat)
            total += color.reshape(total.shape)
    return srgb_from_linear((total / side**2).astype(np.float32))


def _rays(camera: AnyCamera, across: float, down: float) -> NDArray[np.float64]:
    """Rays through positions that lie off the pixel centres by a part of a pixel."""
    if isinstance(camera, PanoramaCamera):
        from worldgen.geometry.equirectangular import rays_from_pixels

        columns, rows = np.arange(camera.width) + 0.5 + across, np.arange(camera.height) + 0.5 + down
        return rays_from_pixels(columns[None, :], rows[:, None], camera.height)
    intrinsics_px = camera.intrinsics_px.copy()
    intrinsics_px[0, 2] -= across
    intrinsics_px[1, 2] -= down
    moved = Camera(
        intrinsics_px=intrinsics_px,
        world_from_camera=camera.world_from_camera,
        height=camera.height,
        width=camera.width,
    )
    return pixel_rays_in_camera(moved)


def buffers(world: Meadow, camera: AnyCamera) -> Buffers:
    """Exact buffers, one ray through each pixel centre; the albedo is plain grey."""
    size = (camera.height, camera.width)
    rays = pixel_rays_in_camera(camera).reshape(-1, 3) @ camera.world_from_camera[:3, :3].T
    distance, index = world.cast(np.broadcast_to(camera_position(camera), rays.shape), rays)
    corners = world.triangles[np.maximum(index, 0)]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    normal *= -np.sign((normal * rays).sum(axis=1, keepdims=True))
    sky = index < 0
    normal[sky] = 0.0
    return Buffers(
        euclidean_depth=distance.reshape(size).astype(np.float32),
        normals=normal.reshape(*size, 3).astype(np.float32),
        albedo=np.full((*size, 3), 0.5, dtype=np.float32),
        labels=np.where(sky, 0, world.labels[np.maximum(index, 0)]).reshape(size).astype(np.uint8),
        object_ids=np.where(sky, -1, 0).reshape(size).astype(np.int32),
    )
