"""Pictures traced ahead: the same as at once, in any order, and given up when nobody takes them."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from tests.scenes import small_scene
from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import cube_cameras
from worldgen.rendering.mitsuba_engine import CPU_VARIANT
from worldgen.rendering.mitsuba_scene import MitsubaScene
from worldgen.rendering.path_queue import PathQueue
from worldgen.settings import TIERS

CAMERAS = cube_cameras(np.array([0.0, 1.7, 0.0]), face_px=24)
DRAFT = TIERS["draft"]


def make_queue() -> PathQueue:
    return PathQueue(small_scene(), DRAFT, variant=CPU_VARIANT)


def test_what_is_asked_for_ahead_is_what_would_be_made_at_once() -> None:
    queue = make_queue()
    for seed, camera in enumerate(CAMERAS):
        queue.start(camera, 2, seed)
    queue.start(CAMERAS[0], 2, 0)
    taken = {seed: queue.take(CAMERAS[seed], 2, seed) for seed in (4, 1, 5, 0, 3, 2)}
    assert queue.samples_per_second > 0.0
    scene = MitsubaScene(small_scene(), DRAFT, variant=CPU_VARIANT)
    for seed, camera in enumerate(CAMERAS):
        assert taken[seed].tobytes() == scene.render(camera, 2, seed).tobytes()


def test_a_picture_that_was_taken_can_be_asked_for_again() -> None:
    queue = make_queue()
    first = queue.take(CAMERAS[0], 1, 7)
    assert queue.take(CAMERAS[0], 1, 7).tobytes() == first.tobytes()


def test_an_error_reaches_who_takes_the_picture_and_nobody_else() -> None:
    queue = make_queue()
    queue.start(CAMERAS[0], 0, 1)
    queue.start(CAMERAS[1], 1, 2)
    assert np.isfinite(queue.take(CAMERAS[1], 1, 2)).all()
    with pytest.raises(InvalidInputError, match="at least one sample"):
        queue.take(CAMERAS[0], 0, 1)


def test_closing_gives_up_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    begun = threading.Event()

    def slow(scene: MitsubaScene, camera: object, samples: int, seed: int) -> np.ndarray:
        made.append(seed)
        begun.set()
        time.sleep(0.2)
        return np.zeros((1, 1, 3), dtype=np.float32)

    monkeypatch.setattr(MitsubaScene, "render", slow)
    queue = make_queue()
    for seed in range(20):
        queue.start(CAMERAS[0], 1, seed)
    assert begun.wait(timeout=60.0)
    queue.close()
    # Only what had begun is finished; whether the next one had begun as well is a matter of luck.
    assert len(made) <= 2
