"""Path tracing on a thread of its own, ahead of whoever needs the pictures."""

from __future__ import annotations

import time
import weakref
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from worldgen.rendering.mitsuba_engine import mitsuba
from worldgen.rendering.mitsuba_scene import MitsubaScene
from worldgen.scene.camera import Camera
from worldgen.scene.scene import Scene
from worldgen.settings import QualityTier

Picture = NDArray[np.float32]


class PathQueue:
    """Path traces one picture after the other in the background.

    The path tracer leaves the interpreter's lock to others while it works, so what is done with one picture, or
    with none, fills the gaps that it leaves on the processor. A picture depends on its camera and seed alone.
    """

    def __init__(self, scene: Scene, tier: QualityTier, *, variant: str | None) -> None:
        """Begin to hand the scene to the path tracer.

        Raises:
            BackendUnavailableError: Mitsuba is missing or lacks the variant.
        """
        chosen = str(mitsuba(variant).variant())
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="path-tracer")
        self._scene = self._executor.submit(MitsubaScene, scene, tier, variant=chosen)
        self._ahead: dict[tuple[int, int], Future[Picture]] = {}
        self._num_samples = 0
        self._seconds = 0.0
        weakref.finalize(self, self._executor.shutdown, wait=False, cancel_futures=True)

    @property
    def samples_per_second(self) -> float:
        """Path samples per second of wall time in the path tracer alone, over all pictures so far."""
        return self._num_samples / self._seconds if self._seconds > 0.0 else 0.0

    def start(self, camera: Camera, samples: int, seed: int) -> None:
        """Ask for a picture that :meth:`take` will want; one that is asked for already is not made twice."""
        key = (seed, samples)
        if key not in self._ahead:
            self._ahead[key] = self._executor.submit(self._render, camera, samples, seed)

    def take(self, camera: Camera, samples: int, seed: int) -> Picture:
        """A picture, (H, W, 3) float32 linear radiance; waits for it.

        Args:
            camera: With square pixels and no skew.
            samples: Paths per pixel.
            seed: Seed of the sampler, which differs between cameras.

        Raises:
            InvalidInputError: The camera's pixels are not square, or there are no samples.
        """
        self.start(camera, samples, seed)
        return self._ahead.pop((seed, samples)).result()

    def close(self) -> None:
        """Give up what nobody has taken, and wait for the picture that is being made."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _render(self, camera: Camera, samples: int, seed: int) -> Picture:
        scene = self._scene.result()
        start = time.perf_counter()
        picture = scene.render(camera, samples, seed)
        self._seconds += time.perf_counter() - start
        self._num_samples += samples * camera.height * camera.width
        return picture
