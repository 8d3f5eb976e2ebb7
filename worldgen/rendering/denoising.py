"""Removal of path tracing noise by Intel Open Image Denoise (through ``pyoidn``)."""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Literal

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.color import LUMINANCE_WEIGHTS
from worldgen.errors import BackendUnavailableError, StageError

FIREFLY_FACTOR = 4.0
"""How much brighter than its neighbourhood a single pixel may be, ..."""

HARMLESS_FACTOR = 10.0
"""... and how much brighter than the whole picture in any case: what is cut off is missing in the denoised picture."""

DenoiserQuality = Literal["fast", "balanced", "high"]
"""Size of the network. With clean guides all three are within 0.3 dB of each other; "high" takes 4.6 times as long as
"fast" and is the better one from about 10 samples per pixel."""


def denoise(
    radiance: NDArray[np.float32],
    albedo: NDArray[np.float32],
    normals: NDArray[np.float32],
    *,
    quality: DenoiserQuality = "high",
) -> NDArray[np.float32]:
    """Denoise an image with the help of what is exactly known about it.

    The same input gives the same bytes, whatever the number of threads.

    Args:
        radiance: (H, W, 3) linear, HDR, noisy.
        albedo: (H, W, 3) linear, 0 to 1, noise-free.
        normals: (H, W, 3) in world, noise-free, zero for the sky.
        quality: How large a network does it.

    Returns:
        (H, W, 3) float32 linear, not negative.

    Raises:
        BackendUnavailableError: pyoidn is missing or cannot start.
        StageError: The denoiser failed.
    """
    oidn = _pyoidn()
    try:
        clean = oidn.denoise(
            np.ascontiguousarray(radiance, dtype=np.float32),
            np.clip(albedo, 0.0, 1.0).astype(np.float32),
            np.clip(normals, -1.0, 1.0).astype(np.float32),
            hdr=True,
            clean_aux=True,
            quality=quality,
        )
    except RuntimeError as error:
        raise StageError("The denoiser failed.", stage="render", hint=str(error)) from error
    return np.maximum(clean, np.float32(0.0))


@functools.cache
def _pyoidn() -> ModuleType:
    hint = "pip install 'pyoidn>=2.5.1'"
    # pyoidn loads torch if it can, only to accept its tensors; that would cost a second and 250 MB for nothing.
    hide_torch = "torch" not in sys.modules
    if hide_torch:
        sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        import pyoidn
    except (ImportError, OSError) as error:
        raise BackendUnavailableError("Denoising needs the package pyoidn.", hint=hint) from error
    finally:
        if hide_torch:
            del sys.modules["torch"]
    return pyoidn


def dim_fireflies(radiance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Dim single pixels that blaze among dark neighbours, which a denoiser would smear into blotches.

    A pixel's luminance is limited to ``FIREFLY_FACTOR`` times the second brightest of its eight neighbours, its hue
    kept, but never to less than ``HARMLESS_FACTOR`` times the picture's mean: with one path for each pixel of a dense
    wood most find no light, and the few that do carry all of it. Anything that covers three pixels or more, such as a
    lamp or a sunlit edge, stays as it is.

    Args:
        radiance: (H, W, 3) float32, linear.

    Returns:
        (H, W, 3) float32.
    """
    mean = radiance.reshape(-1, 3).mean(axis=0, dtype=np.float64)
    return _dimmed(np.ascontiguousarray(radiance), HARMLESS_FACTOR * float(mean @ LUMINANCE_WEIGHTS.astype(np.float64)))


@numba.njit(parallel=True, cache=True)
def _dimmed(radiance: NDArray[np.float32], harmless: float) -> NDArray[np.float32]:
    """The picture with single pixels limited by their neighbours, or to a luminance that does no harm."""
    height, width = radiance.shape[0], radiance.shape[1]
    red, green, blue = LUMINANCE_WEIGHTS[0], LUMINANCE_WEIGHTS[1], LUMINANCE_WEIGHTS[2]
    luminance = red * radiance[..., 0] + green * radiance[..., 1] + blue * radiance[..., 2]
    result = radiance.copy()
    for row in numba.prange(height):
        for column in range(width):
            first, second = np.float32(0.0), np.float32(0.0)
            for i in range(max(row - 1, 0), min(row + 2, height)):
                for j in range(max(column - 1, 0), min(column + 2, width)):
                    if i == row and j == column:
                        continue
                    value = luminance[i, j]
                    if value > first:
                        first, second = value, first
                    elif value > second:
                        second = value
            own = luminance[row, column]
            limit = max(FIREFLY_FACTOR * second, harmless)
            if own > limit:
                for channel in range(3):
                    result[row, column, channel] = radiance[row, column, channel] * (limit / own)
    return result
