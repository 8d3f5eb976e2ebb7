"""Tileable normal maps of wind ripples, made from a random spectrum of waves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.randomness import rng


def ripple_normals(texture_px: int, slope: float, spread: float, seed: int) -> NDArray[np.uint8]:
    """A tileable normal map of waves.

    Args:
        texture_px: Side in pixels.
        slope: Root mean square slope of the surface.
        spread: 0 lets all waves run along x, 1 in all directions.
        seed: Seed of the waves.

    Returns:
        (P, P, 3) tangent space normals, +Y up.
    """
    random = rng(seed, "water/ripples")
    size = texture_px
    wave = np.fft.fftfreq(size, 1.0 / size)
    wave_x, wave_y = np.meshgrid(wave, wave)
    length = np.hypot(wave_x, wave_y)
    length[0, 0] = 1.0
    along = np.abs(wave_x) / length
    # Short waves are many but low: an amplitude of k^-2.2 gives slopes that look like a breeze on a lake.
    amplitude = length**-2.2 * (spread + (1.0 - spread) * along**2) * (length >= 2.0) * (length <= size / 6)
    phases = random.uniform(0.0, 2.0 * np.pi, (size, size))
    spectrum = amplitude * random.rayleigh(1.0, (size, size)) * np.exp(1j * phases)
    slope_x = np.fft.ifft2(1j * wave_x * spectrum).real
    slope_y = np.fft.ifft2(1j * wave_y * spectrum).real
    scale = slope / np.sqrt(np.mean(slope_x**2 + slope_y**2))
    # Rows of the image grow downwards, +Y of the normal upwards.
    normal = np.stack([-scale * slope_x, scale * slope_y, np.ones_like(slope_x)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return (normal * 127.5 + 128.0).clip(0.0, 255.0).astype(np.uint8)
