"""The nested grids: their sizes, how a finer one grows out of a coarser one, and how they are made to agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.builder.terrain.noise import gradient_noise, smoothstep
from worldgen.settings import QualityTier


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A square grid centred on the spawn, like `TerrainLevel`."""

    spacing_m: float
    half_size_m: float

    @property
    def num_samples(self) -> int:
        """Samples along one side; always odd, so that one lies on the spawn."""
        return 2 * round(self.half_size_m / self.spacing_m) + 1

    def coordinates(self) -> NDArray[np.float64]:
        """Positions of the columns along x and, equally, of the rows along z, in metres."""
        return (np.arange(self.num_samples, dtype=np.float64) - (self.num_samples - 1) / 2) * self.spacing_m


def plan_grids(play_size_m: float, tier: QualityTier) -> tuple[Grid, ...]:
    """Grids of a world, finest first: near, play, surroundings and horizon.

    Every half size is a multiple of the next grid's spacing, so that borders lie on grid lines.
    """
    draft, high = tier.name == "draft", tier.name == "high"
    middle = 8.0 if draft else 4.0
    play_half = max(128.0, math.ceil(play_size_m / 2.0 / middle) * middle)
    play_spacing = 0.5 if high and play_half <= 256.0 else 1.0
    return (
        Grid(spacing_m=0.5 if draft else 0.25, half_size_m=32.0),
        Grid(spacing_m=play_spacing, half_size_m=play_half),
        Grid(spacing_m=middle, half_size_m=1024.0),
        Grid(spacing_m=64.0 if draft else 32.0, half_size_m=8192.0),
    )


@njit(cache=True, parallel=True)
def refine(
    coarse: NDArray[np.float32], coarse_spacing: float, coordinates: NDArray[np.float64], warp_m: float, seed: int
) -> NDArray[np.float32]:
    """A finer grid of a coarser one by Catmull-Rom interpolation.

    Args:
        coarse: (M, M) values.
        coarse_spacing: Its spacing in metres.
        coordinates: (N,) positions of the finer grid in metres, within the coarser one.
        warp_m: How far, in metres, noise shifts the place that is looked up; it hides the coarse grid.
        seed: Seed of that noise.

    Returns:
        (N, N) values.
    """
    size, coarse_size = coordinates.shape[0], coarse.shape[0]
    middle = 0.5 * (coarse_size - 1)
    fine = np.zeros((size, size), dtype=np.float32)
    wavelength = 3.1 * max(coarse_spacing, 1e-3)
    for row in prange(size):
        for column in range(size):
            x, z = coordinates[column], coordinates[row]
            if warp_m > 0.0:
                warp_x = gradient_noise(x / wavelength, z / wavelength, seed)
                warp_z = gradient_noise(x / wavelength, z / wavelength, seed + 1)
                x += warp_m * (warp_x + 0.5 * gradient_noise(2.7 * x / wavelength, 2.7 * z / wavelength, seed + 2))
                z += warp_m * (warp_z + 0.5 * gradient_noise(2.7 * x / wavelength, 2.7 * z / wavelength, seed + 3))
            u = min(coarse_size - 1.001, max(0.0, x / coarse_spacing + middle))
            v = min(coarse_size - 1.001, max(0.0, z / coarse_spacing + middle))
            i, j = int(u), int(v)
            fu, fv = u - i, v - j
            total = 0.0
            for dj in range(-1, 3):
                r = min(coarse_size - 1, max(0, j + dj))
                line = 0.0
                for di in range(-1, 3):
                    line += _catmull_rom(di, fu) * coarse[r, min(coarse_size - 1, max(0, i + di))]
                total += _catmull_rom(dj, fv) * line
            fine[row, column] = total
    return fine


@njit(cache=True)
def _catmull_rom(offset: int, t: float) -> float:
    if offset == -1:
        return 0.5 * t * (t * (2.0 - t) - 1.0)
    if offset == 0:
        return 0.5 * (t * t * (3.0 * t - 5.0) + 2.0)
    if offset == 1:
        return 0.5 * t * (t * (4.0 - 3.0 * t) + 1.0)
    return 0.5 * t * t * (t - 1.0)


@njit(cache=True, parallel=True)
def blend_border(fine: NDArray[np.float32], coarse: NDArray[np.float32], ratio: int, band: int) -> NDArray[np.float32]:
    """A finer grid that fades into a coarser one over ``band`` samples and equals it linearly on the border."""
    size, coarse_size = fine.shape[0], coarse.shape[0]
    first = (coarse_size - 1) // 2 - (size - 1) // 2 // ratio
    result = fine.copy()
    for row in prange(size):
        for column in range(size):
            edge = min(min(row, column), min(size - 1 - row, size - 1 - column))
            if edge >= band:
                continue
            weight = 1.0 - smoothstep(0.0, 1.0, edge / band)
            i, j = min(column // ratio, (size - 1) // ratio - 1), min(row // ratio, (size - 1) // ratio - 1)
            fu, fv = (column - i * ratio) / ratio, (row - j * ratio) / ratio
            r, c = first + j, first + i
            top = coarse[r, c] + fu * (coarse[r, c + 1] - coarse[r, c])
            bottom = coarse[r + 1, c] + fu * (coarse[r + 1, c + 1] - coarse[r + 1, c])
            target = top + fv * (bottom - top)
            result[row, column] = target if edge == 0 else fine[row, column] + weight * (target - fine[row, column])
    return result


def border_band(ratio: int, num_samples: int) -> int:
    """Samples over which a finer grid fades into the coarser one."""
    return max(3 * ratio, int(0.16 * num_samples))


def make_agree(
    grids: Sequence[Grid], heights: Sequence[NDArray[np.float32]], *, fade: int | None = None
) -> list[NDArray[np.float32]]:
    """Heights of nested grids that meet without a crack.

    A finer grid fades into the coarser one towards its border and lies on the coarser one's straight edges there;
    a coarser grid takes the finer one's heights wherever samples coincide.

    Args:
        grids: Finest first.
        heights: (N, N) per grid.
        fade: Samples over which a finer grid fades; 1 changes only the border itself. None takes a broad band, which
            heights need that have not been made to agree before.

    Returns:
        New heights per grid.
    """
    agreed = [array.copy() for array in heights]
    for k in range(len(grids) - 2, -1, -1):
        ratio = round(grids[k + 1].spacing_m / grids[k].spacing_m)
        band = border_band(ratio, grids[k].num_samples)
        agreed[k] = blend_border(agreed[k], agreed[k + 1], ratio, band if fade is None else fade)
    for k in range(len(grids) - 1):
        copy_coincident(agreed[k], agreed[k + 1], round(grids[k + 1].spacing_m / grids[k].spacing_m))
    return agreed


def copy_coincident(fine: NDArray[np.float32], coarse: NDArray[np.float32], ratio: int) -> None:
    """Write a finer grid's values into the coarser one's samples at the same places."""
    count = (len(fine) - 1) // ratio + 1
    first = (len(coarse) - 1) // 2 - (count - 1) // 2
    coarse[first : first + count, first : first + count] = fine[::ratio, ::ratio]
