"""Derivatives of the rasteriser against finite differences of a plain float64 renderer."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.splat_clouds import random_cloud
from worldgen.frames import Frame, axes_from, inverse_rigid, look_at, matrices_from_quats
from worldgen.geometry.cameras import pinhole_camera
from worldgen.randomness import rng
from worldgen.rendering.gaussian_rasterizer import bin_cloud
from worldgen.rendering.splat_gradients import splat_gradients
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Frozen:
    """What does not follow a small change of the splats: their order, which pixels each reaches, its depth's slopes."""

    order: NDArray[np.int64]
    kept: NDArray[np.bool_]
    limited: NDArray[np.bool_]
    slopes: Floats


def render_smoothly(
    parameters: dict[str, Floats], camera: Camera, frozen: Frozen | None
) -> tuple[tuple[Floats, Floats, Floats], Frozen]:
    """Colours, transmittance and inverse depth of splats in float64, and what was held fixed in them."""
    camera_from_world = axes_from(Frame.RDF, Frame.RUB) @ inverse_rigid(camera.world_from_camera)[:3]
    k = camera.intrinsics_px
    in_camera = parameters["means"] @ camera_from_world[:, :3].T + camera_from_world[:, 3]
    distances = np.linalg.norm(in_camera, axis=1)
    quats = parameters["quats"] / np.linalg.norm(parameters["quats"], axis=1, keepdims=True)
    spread = camera_from_world[:, :3] @ matrices_from_quats(quats) * np.exp(parameters["log_scales"])[:, None]
    covariances = spread @ spread.transpose(0, 2, 1)
    opacities = 1.0 / (1.0 + np.exp(-parameters["logits"]))
    colors = np.maximum(0.5 + 0.28209479177387814 * parameters["sh_dc"], 0.0)
    columns, rows = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    pixels = np.stack([columns, rows], axis=-1)
    size = (camera.height, camera.width)
    rgb, clear, near = np.zeros((*size, 3)), np.ones(size), np.zeros(size)
    count = len(distances)
    order = np.argsort(in_camera[:, 2], kind="stable") if frozen is None else frozen.order
    kept, limited, slopes = np.zeros((count, *size), bool), np.zeros((count, *size), bool), np.zeros((count, 2))
    for i in order:
        x, y, z = in_camera[i]
        if z < 0.05:
            continue
        margin_x, margin_y = 0.15 * camera.width / k[0, 0], 0.15 * camera.height / k[1, 1]
        u = np.clip(x / z, -k[0, 2] / k[0, 0] - margin_x, (camera.width - k[0, 2]) / k[0, 0] + margin_x)
        v = np.clip(y / z, -k[1, 2] / k[1, 1] - margin_y, (camera.height - k[1, 2]) / k[1, 1] + margin_y)
        jacobian = np.array(
            [[k[0, 0] / z, k[0, 1] / z, -(k[0, 0] * u + k[0, 1] * v) / z], [0.0, k[1, 1] / z, -k[1, 1] * v / z]]
        )
        projected = jacobian @ covariances[i] @ jacobian.T + 0.3 * np.eye(2)
        offset = pixels - (k @ np.array([x / z, y / z, 1.0]))[:2]
        inverse = np.linalg.inv(projected)
        alpha = opacities[i] * np.exp(-0.5 * np.einsum("hwi,ij,hwj->hw", offset, inverse, offset))
        if frozen is None:
            kept[i] = (alpha >= 1.0 / 255.0) & (clear >= 1e-4)
            limited[i] = alpha >= 0.999
            with_depth = jacobian @ covariances[i] @ in_camera[i] / distances[i]
            slopes[i] = -(inverse @ with_depth) / distances[i] ** 2
        else:
            kept[i], limited[i], slopes[i] = frozen.kept[i], frozen.limited[i], frozen.slopes[i]
        alpha = np.where(kept[i], np.where(limited[i], 0.999, alpha), 0.0)
        rgb += (alpha * clear)[..., None] * colors[i]
        near += alpha * clear * np.maximum(1.0 / distances[i] + offset @ slopes[i], 0.2 / distances[i])
        clear = clear * (1.0 - alpha)
    return (rgb, clear, near), Frozen(order=order, kept=kept, limited=limited, slopes=slopes)


def parameters_of(cloud: GaussianCloud) -> dict[str, Floats]:
    opacities = cloud.opacities.astype(np.float64)
    return {
        "means": cloud.means.astype(np.float64),
        "log_scales": np.log(cloud.scales.astype(np.float64)),
        "quats": cloud.quats_wxyz.astype(np.float64),
        "logits": np.log(opacities / (1.0 - opacities)),
        "sh_dc": cloud.sh_dc.astype(np.float64),
    }


def tilted_camera() -> Camera:
    pose = look_at(np.array([0.3, -0.2, 0.4]), np.array([1.0, 0.5, -2.0]))
    return pinhole_camera(pose, height=37, width=53, horizontal_fov=1.5)


def skewed_camera() -> Camera:
    intrinsics_px = np.array([[35.0, 3.0, 20.0], [0.0, 28.0, 20.0], [0.0, 0.0, 1.0]])
    return Camera(intrinsics_px=intrinsics_px, world_from_camera=np.eye(4), height=37, width=45)


@pytest.mark.parametrize("camera", [tilted_camera(), skewed_camera()], ids=["tilted", "skewed"])
@pytest.mark.parametrize("part", ["means", "log_scales", "quats", "logits", "sh_dc"])
def test_derivatives_are_those_of_finite_differences(camera: Camera, part: str) -> None:
    cloud = random_cloud(120, seed=3)
    random = rng(1, "image gradients")
    size = (camera.height, camera.width)
    weights = [random.normal(size=shape).astype(np.float32) for shape in ((*size, 3), size, size)]
    bins = bin_cloud(cloud, camera)
    ours = splat_gradients(cloud, camera, bins, lambda *_: (weights[0], weights[1], weights[2]))
    analytic = np.zeros_like(parameters_of(cloud)[part])
    analytic[bins.order] = getattr(ours, part)

    parameters = parameters_of(cloud)
    _, frozen = render_smoothly(parameters, camera, None)

    def loss(changed: Floats) -> float:
        images, _ = render_smoothly({**parameters, part: changed}, camera, frozen)
        return float(sum((weight * image).sum() for weight, image in zip(weights, images, strict=True)))

    # One random direction tells as much as all coordinates, a few of them catch what one might miss by chance.
    for _ in range(3):
        direction = random.normal(size=analytic.shape) * (random.random(len(analytic)) < 0.3).reshape(
            -1, *[1] * (analytic.ndim - 1)
        )
        step = 1e-5
        numeric = (loss(parameters[part] + step * direction) - loss(parameters[part] - step * direction)) / (2.0 * step)
        scale = np.abs(analytic * direction).sum()
        assert scale > 0.1
        assert abs(numeric - (analytic * direction).sum()) < 2e-3 * scale


def test_weights_say_how_much_of_the_image_a_splat_makes_up() -> None:
    cloud, camera = random_cloud(300, seed=4), tilted_camera()
    bins = bin_cloud(cloud, camera)
    shapes = ((camera.height, camera.width, 3), (camera.height, camera.width), (camera.height, camera.width))
    zeros = [np.zeros(shape, dtype=np.float32) for shape in shapes]
    kept = []

    def no_loss(rgb, transmittance, inverse_depth):  # type: ignore[no-untyped-def]
        kept.append(transmittance)
        return tuple(zeros)

    gradients = splat_gradients(cloud, camera, bins, no_loss)
    assert gradients.weights.sum() == pytest.approx((1.0 - kept[0]).sum(), rel=1e-4)
    assert not gradients.means.any()
    assert not gradients.sh_dc.any()


def test_same_bytes_with_one_thread_and_with_two() -> None:
    cloud, camera = random_cloud(3000, seed=5), tilted_camera()

    def loss(rgb, transmittance, inverse_depth):  # type: ignore[no-untyped-def]
        return rgb - 0.5, transmittance, inverse_depth

    results = []
    threads = numba.get_num_threads()
    try:
        for count in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(count)
            results.append(splat_gradients(cloud, camera, bin_cloud(cloud, camera), loss))
    finally:
        numba.set_num_threads(threads)
    for name in ("means", "log_scales", "quats", "logits", "sh_dc", "sh_rest", "screen", "weights"):
        assert getattr(results[0], name).tobytes() == getattr(results[1], name).tobytes(), name
