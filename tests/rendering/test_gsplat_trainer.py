"""Refinement on a GPU does what it does on the CPU: pictures, the loss, steps, bounds, saved states.

Everything is run with a slow stand-in for gsplat's kernels, and with gsplat itself where there is a GPU.
"""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests import gsplat_on_cpu
from tests.splat_clouds import FIELDS, random_cloud
from worldgen.geometry.cameras import pinhole_camera_at
from worldgen.randomness import rng
from worldgen.rendering import splat_training
from worldgen.rendering.gaussian_rasterizer import bin_cloud, rasterize
from worldgen.rendering.gsplat_kernels import has_gsplat
from worldgen.rendering.gsplat_rasterizer import (
    SplatTensors,
    TensorImages,
    rasterize_tensors,
    splat_tensors,
    tensor_camera,
    to_tensor,
)
from worldgen.rendering.gsplat_trainer import GsplatTrainer
from worldgen.rendering.picture_loss import TruePicture, make_true_picture, picture_gradients, picture_loss
from worldgen.rendering.splat_gradients import splat_gradients
from worldgen.rendering.splat_optimizer import (
    MAX_GROWTH,
    MAX_SHIFT,
    MAX_SHRINKAGE,
    Rates,
    start_state,
)
from worldgen.rendering.splat_trainers import CpuTrainer
from worldgen.rendering.splat_training import RefinementView, refine_splats
from worldgen.rendering.tensor_picture_loss import tensor_picture_loss, truth_tensors
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.settings import RefinementLimit

Picture = tuple[Camera, TruePicture]


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "cpu":
        gsplat_on_cpu.install(monkeypatch)
    elif not has_gsplat():
        pytest.skip("no CUDA device with gsplat's kernels")
    return str(request.param)


def small_splats(count: int = 200, *, seed: int = 3, sh_rest: int = 3) -> GaussianCloud:
    """Splats of a few pixels each."""
    cloud = random_cloud(count, seed=seed, sh_rest=sh_rest)
    scales, opacities = np.clip(cloud.scales, 0.01, 0.08), np.maximum(cloud.opacities, 0.1)
    return dataclasses.replace(cloud, scales=scales.astype(np.float32), opacities=opacities.astype(np.float32))


def looking_at_them(height: int = 30, width: int = 40) -> Camera:
    return pinhole_camera_at(
        np.array([0.1, 0.05, 0.3]), np.array([0.0, 0.1, -3.0]), height=height, width=width, horizontal_fov=1.5
    )


def pictures_of(cloud: GaussianCloud, count: int = 4) -> list[Picture]:
    pictures = []
    for index in range(count):
        angle = 0.5 * index
        target = np.array([np.sin(angle), 0.1, -np.cos(angle)])
        camera = pinhole_camera_at(np.zeros(3), target, height=30, width=40, horizontal_fov=1.5)
        rgb, transmittance, inverse_depth = rasterize(cloud, camera)
        depth = (1.0 - transmittance + 1e-6) / np.maximum(inverse_depth, 1e-3)
        pictures.append((camera, make_true_picture(np.clip(rgb, 0.0, 1.0), depth.astype(np.float32))))
    return pictures


def away_from(cloud: GaussianCloud) -> GaussianCloud:
    """The same splats, somewhat wrong in everything."""
    random = rng(1, "away")
    quats = cloud.quats_wxyz + random.normal(scale=0.1, size=cloud.quats_wxyz.shape)
    return dataclasses.replace(
        cloud,
        means=(cloud.means + cloud.scales * random.normal(scale=0.4, size=cloud.means.shape)).astype(np.float32),
        quats_wxyz=(quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32),
        scales=(cloud.scales * np.exp(random.normal(scale=0.2, size=cloud.scales.shape))).astype(np.float32),
        opacities=np.clip(cloud.opacities, 0.2, 0.9),
        sh_dc=(cloud.sh_dc + random.normal(scale=0.3, size=cloud.sh_dc.shape)).astype(np.float32),
    )


def test_loss_and_its_derivatives_are_those_of_the_cpu() -> None:
    random = rng(5, "pictures")
    height, width = 21, 30
    truth = random.random((height, width, 3)).astype(np.float32)
    depth = np.exp(random.normal(size=(height, width))).astype(np.float32)
    depth[:4] = np.inf
    rgb = np.clip(truth + random.normal(scale=0.3, size=truth.shape), 0.0, 1.2).astype(np.float32)
    transmittance = (0.3 * random.random((height, width))).astype(np.float32)
    inverse_depth = ((1.0 + random.normal(scale=0.05, size=depth.shape)) * (1.0 - transmittance) / depth).astype(
        np.float32
    )
    for known in (None, depth):
        true_picture = make_true_picture(truth, known)
        leaves = [to_tensor(array, "cpu").requires_grad_(True) for array in (rgb, transmittance, inverse_depth)]
        images = TensorImages(
            rgb=leaves[0], transmittance=leaves[1], inverse_depth=leaves[2], seen=torch.ones(0, dtype=torch.bool)
        )
        loss = tensor_picture_loss(images, truth_tensors(true_picture, "cpu"))
        loss.backward()  # type: ignore[no-untyped-call]
        assert loss.item() == pytest.approx(
            picture_loss(rgb, transmittance, inverse_depth, truth=true_picture), rel=1e-5
        )
        ours = picture_gradients(rgb, transmittance, inverse_depth, truth=true_picture)
        for leaf, wanted in zip(leaves, ours, strict=True):
            gradient = np.zeros_like(wanted) if leaf.grad is None else leaf.grad.numpy()
            assert np.abs(gradient - wanted).max() <= 1e-4 * max(np.abs(wanted).max(), 1e-9)


def test_pictures_are_those_of_the_cpu(device: str) -> None:
    cloud, camera = small_splats(), looking_at_them()
    images = rasterize_tensors(splat_tensors(cloud, device), tensor_camera(camera, device))
    theirs = (images.rgb, images.transmittance, images.inverse_depth)
    for image, ours in zip(theirs, rasterize(cloud, camera), strict=True):
        assert np.abs(image.cpu().numpy() - ours).mean() < 0.2 / 255.0
    seen = np.zeros(cloud.num_gaussians, dtype=bool)
    seen[bin_cloud(cloud, camera).order] = True
    assert (images.seen.cpu().numpy() == seen).mean() > 0.95


def test_derivatives_are_those_of_the_cpu(device: str) -> None:
    cloud, camera = small_splats(), looking_at_them()
    wanted = np.full((camera.height, camera.width, 3), 0.5, dtype=np.float32)

    def loss(
        rgb: NDArray[np.float32], transmittance: NDArray[np.float32], inverse_depth: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        return rgb - wanted, 0.1 * transmittance, np.zeros_like(inverse_depth)

    bins = bin_cloud(cloud, camera)
    ours = splat_gradients(cloud, camera, bins, loss)
    splats = splat_tensors(cloud, device)
    names = ("means", "quats_wxyz", "scales", "opacities", "sh")
    leaves = {name: getattr(splats, name).requires_grad_(True) for name in names}
    images = rasterize_tensors(SplatTensors(**leaves), tensor_camera(camera, device))
    value = 0.5 * ((images.rgb - to_tensor(wanted, device)) ** 2).sum() + 0.05 * (images.transmittance**2).sum()
    value.backward()  # type: ignore[no-untyped-call]
    theirs = {name: leaf.grad.cpu().numpy()[bins.order] for name, leaf in leaves.items()}
    opacities = cloud.opacities[bins.order]
    quats = cloud.quats_wxyz[bins.order]
    pairs = {
        "means": (theirs["means"], ours.means),
        "scales": (theirs["scales"] * cloud.scales[bins.order], ours.log_scales),
        "opacities": (theirs["opacities"] * opacities * (1.0 - opacities), ours.logits),
        "sh": (theirs["sh"], np.concatenate([ours.sh_dc[:, None], ours.sh_rest], axis=1)),
        "quats": (theirs["quats_wxyz"], ours.quats - (ours.quats * quats).sum(axis=1, keepdims=True) * quats),
    }
    for name, (there, here) in pairs.items():
        assert np.abs(here).sum() > 0.0, name
        assert np.abs(here - there).sum() < 0.05 * np.abs(here).sum(), name


def shown(cloud: GaussianCloud, pictures: list[Picture]) -> NDArray[np.bool_]:
    """Splats that make up a pixel or more: where derivatives nearly vanish, Adam steps to either side."""
    weights = np.zeros(cloud.num_gaussians)
    for camera, truth in pictures:
        bins = bin_cloud(cloud, camera)
        weights[bins.order] += splat_gradients(cloud, camera, bins, partial(picture_gradients, truth=truth)).weights
    return weights > 1.0


def test_steps_are_those_of_the_cpu(device: str) -> None:
    truth = small_splats()
    cloud, pictures = away_from(truth), pictures_of(truth)
    ours = CpuTrainer(start_state(cloud), pictures)
    theirs = GsplatTrainer(start_state(cloud), pictures, device=device)
    for step in range(6):
        ours.take_step(step % len(pictures), 1.0)
        theirs.take_step(step % len(pictures), 1.0)
    index = shown(cloud, pictures)
    assert index.sum() > 30
    for name in FIELDS:
        start, here, there = (getattr(it, name)[index] for it in (cloud, ours.cloud(), theirs.cloud()))
        moved = np.abs(here - start).mean()
        assert moved > 0.0
        assert np.abs(here - there).mean() < 0.15 * moved, name


def test_steps_go_on_from_a_saved_state_of_either_kind(device: str) -> None:
    truth = small_splats()
    cloud, pictures = away_from(truth), pictures_of(truth)
    make = partial(GsplatTrainer, pictures=pictures, device=device)
    whole = make(start_state(cloud))
    for step in range(4):
        whole.take_step(step % len(pictures), 1.0)
    state, tally = whole.saved()
    assert len(tally.looks) == cloud.num_gaussians
    on_gpu, on_cpu = make(state), CpuTrainer(state, pictures, tally=tally)
    for name in FIELDS:
        assert np.allclose(getattr(on_gpu.cloud(), name), getattr(whole.cloud(), name), rtol=1e-4, atol=1e-6), name
    before, index = whole.cloud(), shown(cloud, pictures)
    whole.take_step(0, 1.0)
    # The CPU keeps the moments of places along axes that have turned since, so it steps a little elsewhere.
    for trainer, part in ((on_gpu, 0.01), (on_cpu, 0.35)):
        trainer.take_step(0, 1.0)
        for name in FIELDS:
            start, here, there = (getattr(it, name)[index] for it in (before, whole.cloud(), trainer.cloud()))
            assert np.abs(here - there).mean() < part * np.abs(here - start).mean() + 1e-7, name


def test_no_splat_leaves_its_bounds(device: str) -> None:
    truth = small_splats()
    cloud, pictures = away_from(truth), pictures_of(truth)
    wild = Rates(mean=1.0, scale=1.0, rotation=1.0, logit=3.0, color=1.0, harmonics=0.1, pull=0.0)
    trainer = GsplatTrainer(start_state(cloud), pictures, rates=wild, device=device)
    for step in range(8):
        trainer.take_step(step % len(pictures), 1.0)
    after = trainer.cloud()
    shift = np.linalg.norm(after.means - cloud.means, axis=1)
    assert (shift <= 1.001 * MAX_SHIFT * np.linalg.norm(cloud.scales, axis=1) + 1e-5).all()
    growth = after.scales / cloud.scales
    assert growth.max() <= 1.001 * MAX_GROWTH
    assert growth.min() >= 0.999 / MAX_SHRINKAGE
    assert growth.max() > 1.5
    assert np.isfinite(after.sh_rest).all()


def test_densifying_keeps_the_picture_and_the_budget(device: str) -> None:
    cloud, camera = small_splats(), looking_at_them()
    opacities = cloud.opacities.copy()
    opacities[::5] = 0.003
    cloud = dataclasses.replace(cloud, opacities=opacities)
    trainer = GsplatTrainer(start_state(cloud), pictures_of(cloud), device=device)
    trainer.take_step(0, 1e-6)
    trainer.densify(210)
    after = trainer.cloud()
    assert after.num_gaussians == 210
    assert (after.opacities > 0.01).mean() > 0.98
    moved = np.abs(after.means[:200] - cloud.means).max(axis=1) > 1e-5
    assert moved[::5].all()
    assert not np.delete(moved, np.arange(0, 200, 5)).any()
    before, now = (rasterize(each, camera)[0] for each in (cloud, after))
    blank = np.abs(before).mean()
    assert np.abs(now - before).mean() < 0.15 * blank
    trainer.take_step(1, 1.0)
    trainer.densify(210)
    assert trainer.cloud().num_gaussians == 210
    state, _ = trainer.saved()
    assert (state.adam[2][200:] <= 1).all()


def test_refinement_brings_unseen_pictures_closer(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splat_training, "has_gsplat", lambda: True)
    real = GsplatTrainer
    monkeypatch.setattr("worldgen.rendering.gsplat_trainer.GsplatTrainer", partial(real, device=device))
    truth = small_splats()
    views = []
    for camera, picture in pictures_of(truth, 9):
        views.append(RefinementView(camera=camera, rgb=np.ascontiguousarray(picture.planes.transpose(1, 2, 0))))
    training, validation = views[::2], views[1::2]
    result = refine_splats(away_from(truth), training, validation, limit=RefinementLimit(steps=40), budget=205)
    assert result.psnr_after_db > result.psnr_before_db + 3.0
    assert result.cloud.num_gaussians <= 205
