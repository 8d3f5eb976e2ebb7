"""Clouds for tests of splats, and a slow but plain float64 renderer to compare with."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import sh_dc_from_colors
from worldgen.frames import matrices_from_quats
from worldgen.geometry.cameras import pixel_rays_in_camera
from worldgen.randomness import rng
from worldgen.scene.camera import AnyCamera, Camera, PanoramaCamera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.spherical_harmonics import sh_basis


def random_cloud(count: int, *, seed: int = 0, sh_rest: int = 0, spread: float = 4.0) -> GaussianCloud:
    """Splats of all shapes around the origin, none nearer than half a metre to it."""
    random = rng(seed, "cloud")
    directions = random.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distances = 0.5 + spread * random.random(count)
    quats = random.normal(size=(count, 4))
    return GaussianCloud(
        means=(directions * distances[:, None]).astype(np.float32),
        quats_wxyz=(quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32),
        scales=(distances[:, None] * np.exp(random.uniform(-5.5, -1.8, (count, 3)))).astype(np.float32),
        opacities=random.uniform(0.0, 1.0, count).astype(np.float32),
        sh_dc=sh_dc_from_colors(random.uniform(-0.1, 1.1, (count, 3)).astype(np.float32)),
        sh_rest=random.normal(scale=0.15, size=(count, sh_rest, 3)).astype(np.float32),
    )


def one_splat(
    mean: tuple[float, float, float],
    *,
    scales: tuple[float, float, float] = (0.1, 0.1, 0.1),
    quat_wxyz: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0),
    opacity: float = 0.9,
    color: tuple[float, float, float] = (1.0, 0.5, 0.25),
) -> GaussianCloud:
    return GaussianCloud(
        means=np.array([mean], dtype=np.float32),
        quats_wxyz=np.array([quat_wxyz], dtype=np.float32),
        scales=np.array([scales], dtype=np.float32),
        opacities=np.array([opacity], dtype=np.float32),
        sh_dc=sh_dc_from_colors(np.array([color], dtype=np.float32)),
        sh_rest=np.zeros((1, 0, 3), dtype=np.float32),
    )


FIELDS = ("means", "quats_wxyz", "scales", "opacities", "sh_dc", "sh_rest")


def take(cloud: GaussianCloud, index: NDArray[np.int64] | NDArray[np.bool_]) -> GaussianCloud:
    return GaussianCloud(**{name: np.ascontiguousarray(getattr(cloud, name)[index]) for name in FIELDS})


def join(*clouds: GaussianCloud) -> GaussianCloud:
    return GaussianCloud(**{name: np.concatenate([getattr(cloud, name) for cloud in clouds]) for name in FIELDS})


def reference_render(
    cloud: GaussianCloud, camera: AnyCamera
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Colour (H, W, 3) over black, transmittance and weighted inverse depth (H, W): every splat at every pixel."""
    pose = camera.world_from_camera
    in_camera = (cloud.means.astype(np.float64) - pose[:3, 3]) @ pose[:3, :3]
    distances = np.linalg.norm(in_camera, axis=1)
    axes = pose[:3, :3].T @ matrices_from_quats(cloud.quats_wxyz.astype(np.float64))
    axes = axes / np.linalg.norm(axes, axis=1, keepdims=True)
    covariances = np.einsum("nij,nj,nkj->nik", axes, cloud.scales.astype(np.float64) ** 2, axes)
    offsets = cloud.means.astype(np.float64) - pose[:3, 3]
    basis = sh_basis(offsets / distances[:, None], cloud.sh_degree)
    coefficients = np.concatenate([cloud.sh_dc[:, None], cloud.sh_rest], axis=1).astype(np.float64)
    colors = np.maximum(0.5 + np.einsum("nk,nkc->nc", basis, coefficients), 0.0)
    color = np.zeros((camera.height, camera.width, 3))
    clear = np.ones((camera.height, camera.width))
    depth = np.zeros((camera.height, camera.width))
    rays = pixel_rays_in_camera(camera)
    depths = distances if isinstance(camera, PanoramaCamera) else -in_camera[:, 2]
    for i in np.argsort(depths.astype(np.float32), kind="stable"):
        if isinstance(camera, PanoramaCamera):
            if distances[i] < 0.05:
                continue
            squared, slope = _panorama_distance(in_camera[i], covariances[i], rays, math.pi / camera.height)
        else:
            if -in_camera[i, 2] < 0.05:
                continue
            squared, slope = _pinhole_distance(in_camera[i], covariances[i], camera)
        alpha = np.minimum(float(cloud.opacities[i]) * np.exp(-0.5 * squared), 0.999)
        alpha = np.where((alpha >= 1.0 / 255.0) & (clear >= 1e-4), alpha, 0.0)
        color += (alpha * clear)[..., None] * colors[i]
        depth += alpha * clear * np.maximum(1.0 / distances[i] - slope / distances[i] ** 2, 0.2 / distances[i])
        clear = clear * (1.0 - alpha)
    return color, clear, depth


def _pinhole_distance(
    center: NDArray[np.float64], covariance: NDArray[np.float64], camera: Camera
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squared Mahalanobis distance of all pixels, and the expected depth there less that of the centre.

    The classic affine approximation, in axes right, down, forward.
    """
    flip = np.diag([1.0, -1.0, -1.0])
    x, y, z = flip @ center
    k = camera.intrinsics_px
    limits = []
    for size, focal, middle in ((camera.width, k[0, 0], k[0, 2]), (camera.height, k[1, 1], k[1, 2])):
        margin = 0.3 * 0.5 * size / focal
        limits.append((-middle / focal - margin, (size - middle) / focal + margin))
    u, v = np.clip(x / z, *limits[0]), np.clip(y / z, *limits[1])
    jacobian = np.array(
        [[k[0, 0] / z, k[0, 1] / z, -(k[0, 0] * u + k[0, 1] * v) / z], [0.0, k[1, 1] / z, -k[1, 1] * v / z]]
    )
    projected = jacobian @ flip @ covariance @ flip.T @ jacobian.T + 0.3 * np.eye(2)
    mean = (k @ np.array([x / z, y / z, 1.0]))[:2]
    columns, rows = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    offset = np.stack([columns, rows], axis=-1) - mean
    with_depth = jacobian @ flip @ covariance @ center / np.linalg.norm(center)
    return _mahalanobis(offset, projected), offset @ np.linalg.solve(projected, with_depth)


def _panorama_distance(
    center: NDArray[np.float64], covariance: NDArray[np.float64], rays: NDArray[np.float64], pixel: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same for all rays, on the plane that touches the unit sphere at the splat's centre."""
    distance = np.linalg.norm(center)
    direction = center / distance
    tangents = np.linalg.svd(direction[None])[2][1:]
    projected = tangents @ covariance @ tangents.T / distance**2 + 0.3 * pixel**2 * np.eye(2)
    along = rays @ direction
    offset = rays @ tangents.T / np.where(along > 1e-3, along, 1e-3)[..., None]
    with_depth = tangents @ covariance @ direction / distance
    return _mahalanobis(offset, projected), offset @ np.linalg.solve(projected, with_depth)


def _mahalanobis(offset: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.einsum("hwi,ij,hwj->hw", offset, np.linalg.inv(covariance), offset)
