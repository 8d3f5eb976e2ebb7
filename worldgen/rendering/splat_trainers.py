"""What takes the steps of a refinement: our own kernels on the CPU, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from worldgen.rendering.gaussian_rasterizer import bin_cloud, fitting_order
from worldgen.rendering.picture_loss import TruePicture, picture_gradients
from worldgen.rendering.splat_densification import SplatTally, densify, new_tally
from worldgen.rendering.splat_gradients import splat_gradients
from worldgen.rendering.splat_optimizer import DEFAULT_RATES, Rates, SplatState, copy_of, take_step
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud


class SplatTrainer(Protocol):
    """Splats on their way to true pictures."""

    def take_step(self, index: int, pace: float) -> None:
        """Go towards one of the pictures, in steps of so many times the usual length."""

    def densify(self, budget: int) -> None:
        """Put more splats where they are missing, up to ``budget`` in all."""

    def cloud(self) -> GaussianCloud:
        """The splats as they are now, in memory of their own."""

    def saved(self) -> tuple[SplatState, SplatTally]:
        """All that is needed to go on from here, valid until the next step."""


class CpuTrainer:
    """Steps with our own rasteriser and its analytic derivatives."""

    def __init__(
        self,
        state: SplatState,
        pictures: Sequence[tuple[Camera, TruePicture]],
        *,
        tally: SplatTally | None = None,
        rates: Rates = DEFAULT_RATES,
    ) -> None:
        """Start from a state, which is written to."""
        self._state = state
        self._pictures = pictures
        self._tally = new_tally(state.cloud.num_gaussians) if tally is None else tally
        self._rates = rates

    def take_step(self, index: int, pace: float) -> None:
        """Go towards one of the pictures."""
        camera, truth = self._pictures[index]
        bins = bin_cloud(self._state.cloud, camera, fitting_order(index))
        gradients = splat_gradients(self._state.cloud, camera, bins, partial(picture_gradients, truth=truth))
        if len(bins.order):
            take_step(self._state, bins.order, gradients, pace=pace, rates=self._rates)
            self._tally.add(bins.order, gradients)

    def densify(self, budget: int) -> None:
        """Split what is pulled most."""
        self._state = densify(self._state, self._tally, budget=budget)
        self._tally = new_tally(self._state.cloud.num_gaussians)

    def cloud(self) -> GaussianCloud:
        """The splats as they are now."""
        return copy_of(self._state.cloud)

    def saved(self) -> tuple[SplatState, SplatTally]:
        """The state itself."""
        return self._state, self._tally
