"""Refining all of a cloud: closer to pictures that were kept apart, never worse, the same every time."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numba
import numpy as np
import pytest

from tests.analytic_views import analytic_stations, analytic_view
from tests.splat_clouds import FIELDS, random_cloud
from worldgen.errors import InvalidInputError, UsageError
from worldgen.geometry.cameras import pinhole_camera_at
from worldgen.geometry.fusion import fuse_views
from worldgen.geometry.splat_construction import build_splats
from worldgen.randomness import rng
from worldgen.rendering import splat_trainers, splat_training
from worldgen.rendering.gaussian_rasterizer import bin_cloud
from worldgen.rendering.picture_loss import make_true_picture, picture_gradients
from worldgen.rendering.splat_densification import SplatTally, densify, new_tally
from worldgen.rendering.splat_gradients import splat_gradients
from worldgen.rendering.splat_optimizer import (
    MAX_GROWTH,
    MAX_SHIFT,
    MAX_SHRINKAGE,
    SplatState,
    start_state,
    take_step,
)
from worldgen.rendering.splat_refinement import refine_colors
from worldgen.rendering.splat_training import DENSIFY_ROUNDS, RefinementView, refine_splats, views_psnr
from worldgen.rendering.splat_training_state import fingerprint_of, load_refinement
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.settings import RefinementLimit, parse_refinement

STEPS = 60
World = tuple[GaussianCloud, list[RefinementView], list[RefinementView]]


def views(count: int, name: str) -> list[RefinementView]:
    random = rng(2, name)
    made = []
    for _ in range(count):
        eye = np.array([random.uniform(-1.5, 1.5), 1.7, random.uniform(-1.0, 1.0)])
        target = eye + np.array([random.uniform(-1.0, 1.0), -0.2, -1.0])
        camera = pinhole_camera_at(eye, target, height=60, width=80, horizontal_fov=1.4)
        view = analytic_view(camera)
        depth = view.buffers.euclidean_depth
        made.append(RefinementView(camera=camera, rgb=view.radiance, euclidean_depth=depth))
    return made


@pytest.fixture(scope="module")
def world() -> World:
    stations, colors = analytic_stations((0.0, 1.7, 0.0), face_px=64)
    cloud = build_splats(fuse_views(stations, colors), budget=5000)
    pictures = [
        (view.camera, color) for view, color in zip(stations, colors, strict=True) if isinstance(view.camera, Camera)
    ]
    return refine_colors(cloud, pictures), views(12, "training"), views(4, "validation")


def test_unseen_pictures_get_closer(world: World) -> None:
    cloud, training, validation = world
    result = refine_splats(cloud, training, validation, limit=RefinementLimit(steps=STEPS))
    others = views(4, "neither")
    assert result.psnr_after_db > result.psnr_before_db + 1.0
    assert views_psnr(result.cloud, others) > views_psnr(cloud, others) + 0.7
    assert result.psnr_after_db == pytest.approx(views_psnr(result.cloud, validation), abs=1e-9)
    assert result.cloud.num_gaussians <= cloud.num_gaussians
    assert result.steps == STEPS


def test_same_bytes_whatever_the_number_of_threads(world: World) -> None:
    cloud, training, validation = world
    threads = numba.get_num_threads()
    results = []
    try:
        for count in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(count)
            limit = RefinementLimit(steps=32)
            results.append(refine_splats(cloud, training[:2], validation, limit=limit, budget=5200).cloud)
    finally:
        numba.set_num_threads(threads)
    for name in FIELDS:
        assert getattr(results[0], name).tobytes() == getattr(results[1], name).tobytes(), name


def test_goes_on_where_it_was_killed(world: World, tmp_path: Path) -> None:
    cloud, training, validation = world
    training = training[:2]
    limit, path = RefinementLimit(steps=32), tmp_path / "state.npz"
    whole = refine_splats(cloud, training, validation, limit=limit)

    def kill(fraction: float, message: str) -> None:
        if fraction > 0.7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        refine_splats(cloud, training, validation, limit=limit, state_path=path, progress=kill)
    assert path.is_file()
    seen: list[float] = []
    resumed = refine_splats(
        cloud, training, validation, limit=limit, state_path=path, progress=lambda fraction, _: seen.append(fraction)
    )
    assert min(seen) > 0.5
    assert not path.exists()
    assert resumed.scores == whole.scores
    for name in FIELDS:
        assert getattr(resumed.cloud, name).tobytes() == getattr(whole.cloud, name).tobytes(), name


@pytest.mark.parametrize(("pictures", "grows"), [(2, True), (6, False)])
def test_splats_are_split_once_all_pictures_have_judged_them_often(world: World, pictures: int, grows: bool) -> None:
    """32 steps are 16 rounds over two pictures, of which splits take six, and five over six pictures."""
    cloud, training, validation = world
    counts: list[int] = []

    def look(state: SplatState, tally: SplatTally, *, budget: int) -> SplatState:
        counts.append(int(tally.looks.max()))
        return densify(state, tally, budget=budget)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splat_trainers, "densify", look)
        limit = RefinementLimit(steps=32)
        refine_splats(cloud, training[:pictures], validation, limit=limit, budget=cloud.num_gaussians + 100)
    assert bool(counts) == grows
    assert all(looks >= DENSIFY_ROUNDS for looks in counts)


def test_damaged_and_foreign_states_are_not_used(world: World, tmp_path: Path) -> None:
    cloud, training, validation = world
    path = tmp_path / "state.npz"

    def kill(fraction: float, message: str) -> None:
        if fraction > 0.6:
            raise KeyboardInterrupt

    limit = RefinementLimit(steps=8)
    with pytest.raises(KeyboardInterrupt):
        refine_splats(cloud, training, validation, limit=limit, seed=1, state_path=path, progress=kill)
    fingerprint = fingerprint_of(cloud, [*training, *validation], limit, cloud.num_gaussians, 1)
    assert load_refinement(path, fingerprint) is not None
    assert load_refinement(path, "another") is None
    data = path.read_bytes()
    for damaged in (b"", data[:100], data[: len(data) // 2], b"PK\x03\x04" + bytes(200)):
        path.write_bytes(damaged)
        assert load_refinement(path, fingerprint) is None


def test_what_gets_no_better_stays_as_it_was(world: World) -> None:
    cloud, training, _ = world
    negative = [
        RefinementView(camera=view.camera, rgb=(1.0 - view.rgb).astype(np.float32)) for view in views(2, "negative")
    ]
    result = refine_splats(cloud, training, negative, limit=RefinementLimit(steps=24))
    if result.psnr_after_db == result.psnr_before_db:
        assert result.cloud is cloud
    assert result.psnr_after_db >= result.psnr_before_db


def test_stops_early_when_nothing_is_gained(world: World) -> None:
    cloud, training, _ = world
    own = [
        RefinementView(camera=view.camera, rgb=np.clip(render(cloud, view.camera), 0.0, 1.0))
        for view in views(2, "own")
    ]
    result = refine_splats(cloud, training, own, limit=RefinementLimit(steps=80))
    assert result.steps < 80
    assert result.cloud is cloud


def render(cloud: GaussianCloud, camera: Camera) -> np.ndarray:
    from worldgen.rendering.gaussian_rasterizer import rasterize

    return rasterize(cloud, camera)[0]


def test_splats_stay_near_home(world: World) -> None:
    cloud, training, _ = world
    state = start_state(cloud)
    for step in range(40):
        view = training[step % 3]
        bins = bin_cloud(state.cloud, view.camera)
        truth = make_true_picture(1.0 - view.rgb, view.euclidean_depth)
        gradients = splat_gradients(
            state.cloud, view.camera, bins, lambda *images, truth=truth: picture_gradients(*images, truth=truth)
        )
        take_step(state, bins.order, gradients, pace=3.0)
    moved = state.cloud
    assert np.isfinite(moved.means).all()
    growth = moved.scales / cloud.scales
    assert growth.max() <= MAX_GROWTH * 1.001
    assert growth.min() >= 0.999 / MAX_SHRINKAGE
    assert growth.max() > 1.05, "they must have wanted to"
    reach = MAX_SHIFT * np.linalg.norm(cloud.scales, axis=1)
    assert (np.linalg.norm(moved.means - cloud.means, axis=1) <= 1.001 * reach + 1e-6).all()
    assert np.abs(np.linalg.norm(moved.quats_wxyz, axis=1) - 1.0).max() < 1e-5


def test_splitting_fills_the_room_of_the_dead_and_of_the_budget() -> None:
    cloud = random_cloud(100, seed=9)
    opacities = np.clip(cloud.opacities, 0.1, 0.9)
    opacities[[3, 50, 70]] = 0.004
    state = start_state(dataclasses.replace(cloud, opacities=opacities.astype(np.float32)))
    tally = new_tally(100)
    tally.looks[:] = 10
    tally.pull[[10, 20, 30]] = (3.0, 1.0, 2.0)
    after = densify(state, tally, budget=100)
    assert after.cloud.num_gaussians == 100
    changed = np.flatnonzero((after.cloud.means != state.cloud.means).any(axis=1))
    assert changed.tolist() == [3, 10, 20, 30, 50, 70]
    # The halves of one splat keep its middle, its thin axes and its colour.
    halves = [slot for slot in (3, 50, 70) if np.array_equal(after.cloud.sh_dc[slot], cloud.sh_dc[10])]
    middle = 0.5 * (after.cloud.means[halves[0]] + after.cloud.means[10])
    assert np.abs(middle - cloud.means[10]).max() < 1e-5
    assert np.sort(after.cloud.scales[10])[:2] == pytest.approx(np.sort(cloud.scales[10])[:2])
    grown = densify(state, tally, budget=104)
    assert grown.cloud.num_gaussians <= 104
    assert densify(state, new_tally(100), budget=100).cloud.num_gaussians == 100


def test_lengths_are_read() -> None:
    assert parse_refinement("120") == RefinementLimit(seconds=120.0)
    assert parse_refinement(" 2.5s ") == RefinementLimit(seconds=2.5)
    assert parse_refinement("2000steps") == RefinementLimit(steps=2000)
    for text in ("", "steps", "-3", "0steps", "1.5steps", "nan", "1e9", "99999999999999steps", "٣"):
        with pytest.raises(UsageError):
            parse_refinement(text)


def test_nonsense_is_refused(world: World) -> None:
    cloud, training, validation = world
    limit = RefinementLimit(steps=1)
    for arguments in ((cloud, [], validation), (cloud, training, []), (random_cloud(0), training, validation)):
        with pytest.raises(InvalidInputError):
            refine_splats(*arguments, limit=limit)
    camera = training[0].camera
    with pytest.raises(InvalidInputError):
        RefinementView(camera=camera, rgb=np.zeros((3, 4, 3), dtype=np.float32))
    with pytest.raises(InvalidInputError):
        RefinementView(camera=camera, rgb=np.full((60, 80, 3), np.nan, dtype=np.float32))
    with pytest.raises(UsageError):
        RefinementLimit(steps=1, seconds=1.0)


@pytest.mark.parametrize(("pictures", "steps_end"), [(100, 94.0), (400, 76.0), (2000, 50.0)])
def test_seconds_are_left_for_colours(monkeypatch: pytest.MonkeyPatch, pictures: int, steps_end: float) -> None:
    """Of 100 s with steps of 0.1 s, colours of 100 pictures take the last 6; half of the time is for steps anyway."""
    now = 1000.0
    monkeypatch.setattr(splat_training.time, "perf_counter", lambda: now)
    clock = splat_training._Clock(RefinementLimit(seconds=100.0), pictures)
    step, fractions = 0, [clock.fraction(0)]
    while clock.fraction(step) < 1.0:
        step, now = step + 1, now + 0.1
        fractions.append(clock.fraction(step))
    assert now - 1000.0 == pytest.approx(steps_end, abs=0.3)
    assert fractions == sorted(fractions)


def test_timing_steps_changes_nothing(world: World) -> None:
    cloud, training, _ = world
    before = [getattr(cloud, name).tobytes() for name in FIELDS]
    start = time.perf_counter()
    assert 0.0 < splat_training.seconds_per_step(cloud, training[:3]) < (time.perf_counter() - start) / 3
    assert [getattr(cloud, name).tobytes() for name in FIELDS] == before
