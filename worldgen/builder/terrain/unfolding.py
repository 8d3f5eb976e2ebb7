"""Where a level's texture lies on its ground: steep ground gets as many texels per metre of surface as level ground.

Seen from above a wall is a thin line, so a texture laid on from above is drawn out along it. Here the plane of the
texture is deformed like a cartogram, until area in the texture follows area of surface: walls grow, level ground
gives a little. The flow is that of Gastner, Seguy and More, "Fast flow-based algorithm for creating density-equalizing
map projections" (PNAS 2018): the density of surface fades linearly to its mean, which needs one Poisson equation, and
points drift along. The map is one to one, so the texture has neither seams nor gaps, and is filtered like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.builder.strips import in_strips

FloatArray = NDArray[np.float32]

_STEEP = 1.45
"""Surface per area from which ground counts as a wall: about 46 degrees."""
_LEAST_SHARE = 0.004
"""Share of walls from which it is worth while."""
_DENSEST = 5.5
"""Surface per area that is made room for at most."""
_SOFTENING = 1.2
"""Blur of the density in samples, without which the flow would be rougher than its grid."""
_STEPS = 10
_RELAXED = 0.8
"""Factor on the deformation after each attempt that folds the map."""
_LEAST_AREA = 0.08
"""Area of a cell in the texture, relative to its own, below which the map counts as folded."""


@dataclass(frozen=True, slots=True, eq=False)
class Unfolding:
    """The map between the samples of a level and the plane of its texture.

    samples  (N, N, 2) float32  where each sample lies in the texture: column and row as shares from 0 to 1
    places   (Q, Q, 2) float32  which sample is seen at the points of an even grid over the texture: column and row as
                                shares from 0 to 1
    """

    samples: FloatArray
    places: FloatArray
    is_even: bool
    """Whether nothing is deformed."""


def unfold(heights: FloatArray, spacing_m: float, texture_px: int, *, is_wanted: bool = True) -> Unfolding:
    """The map of a level.

    Args:
        heights: (N, N) metres.
        spacing_m: Distance between samples.
        texture_px: Side of the texture; the even grid has every other texel of it.
        is_wanted: Whether to deform anything at all.
    """
    count = texture_px // 2 + 1
    # Every other texel; beyond the last one lies the rest of an even number of them.
    across = 2.0 * np.arange(count) / (texture_px - 1)
    even = np.stack(np.meshgrid(across, across), axis=-1).astype(np.float32)
    size = heights.shape[0]
    axis = np.arange(size) / (size - 1)
    samples = np.stack(np.meshgrid(axis, axis), axis=-1)
    along_z, along_x = np.gradient(heights.astype(np.float64), spacing_m)
    density = np.sqrt(1.0 + along_x**2 + along_z**2)
    if not is_wanted or float((density > _STEEP).mean()) < _LEAST_SHARE:
        return Unfolding(samples.astype(np.float32), even, is_even=True)
    drifted = _drift(np.minimum(density, _DENSEST))
    share = 1.0
    while not _is_one_to_one(samples + share * (drifted - samples)):
        share *= _RELAXED
        if share < 0.05:
            return Unfolding(samples.astype(np.float32), even, is_even=True)
    deformed = np.ascontiguousarray((samples + share * (drifted - samples)).astype(np.float32))
    places = np.full((count, count, 2), np.nan, dtype=np.float32)
    in_strips(lambda first, last: _look_up(deformed, 2.0 / (texture_px - 1), places, (first, last)), count)
    _fill(places)
    return Unfolding(deformed, places, is_even=False)


def _drift(density: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the points of an even grid end up once a density (N, N) has spread evenly; shares from 0 to 1."""
    size = density.shape[0]
    last = size - 1
    # Mirrored at all sides the density has a spectrum of cosines, whose slopes are zero there.
    mirrored = np.pad(density, ((0, last - 1), (0, last - 1)), mode="reflect")
    spectrum = np.fft.rfft2(mirrored)
    mean = float(spectrum[0, 0].real) / mirrored.size
    rows, columns = np.pi * 2.0 * last * np.fft.fftfreq(2 * last), np.pi * np.arange(last + 1)
    squares = rows[:, None] ** 2 + columns[None, :] ** 2
    spectrum *= np.exp(-0.5 * (_SOFTENING / last) ** 2 * squares)
    density = np.fft.irfft2(spectrum, s=mirrored.shape)[:size, :size]
    squares[0, 0] = 1.0
    spectrum[0, 0] = 0.0
    potential = np.fft.irfft2(-spectrum / squares, s=mirrored.shape)[:size, :size]
    step = 1.0 / last
    flux_v, flux_u = (np.array(flux) for flux in np.gradient(potential, step))
    flux_u[:, [0, -1]] = 0.0
    flux_v[[0, -1], :] = 0.0
    field = np.ascontiguousarray(np.stack([flux_u, flux_v, density], axis=-1))
    result = np.zeros((size, size, 2))
    in_strips(lambda first, last: _carry(field, mean, result, (first, last)), size)
    return result


@njit(cache=True)
def _velocity(field: NDArray[np.float64], at: tuple[float, float], mean: float, time: float) -> tuple[float, float]:
    size = field.shape[0]
    x = min(max(at[0], 0.0), 1.0) * (size - 1)
    y = min(max(at[1], 0.0), 1.0) * (size - 1)
    i, j = min(int(x), size - 2), min(int(y), size - 2)
    fx, fy = x - i, y - j
    a, b, c, d = (1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy
    u = a * field[j, i, 0] + b * field[j, i + 1, 0] + c * field[j + 1, i, 0] + d * field[j + 1, i + 1, 0]
    v = a * field[j, i, 1] + b * field[j, i + 1, 1] + c * field[j + 1, i, 1] + d * field[j + 1, i + 1, 1]
    dense = a * field[j, i, 2] + b * field[j, i + 1, 2] + c * field[j + 1, i, 2] + d * field[j + 1, i + 1, 2]
    dense += time * (mean - dense)
    return u / dense, v / dense


@njit(cache=True, nogil=True)
def _carry(field: NDArray[np.float64], mean: float, result: NDArray[np.float64], rows: tuple[int, int]) -> None:
    """Follow the flow from every point of a grid, by the classical Runge-Kutta method."""
    size = field.shape[0]
    step = 1.0 / _STEPS
    for row in range(rows[0], rows[1]):
        for column in range(size):
            x, y = column / (size - 1), row / (size - 1)
            for number in range(_STEPS):
                time = number * step
                ax, ay = _velocity(field, (x, y), mean, time)
                bx, by = _velocity(field, (x + 0.5 * step * ax, y + 0.5 * step * ay), mean, time + 0.5 * step)
                cx, cy = _velocity(field, (x + 0.5 * step * bx, y + 0.5 * step * by), mean, time + 0.5 * step)
                dx, dy = _velocity(field, (x + step * cx, y + step * cy), mean, time + step)
                x = min(max(x + step / 6.0 * (ax + 2.0 * bx + 2.0 * cx + dx), 0.0), 1.0)
                y = min(max(y + step / 6.0 * (ay + 2.0 * by + 2.0 * cy + dy), 0.0), 1.0)
            result[row, column, 0], result[row, column, 1] = x, y


def _is_one_to_one(samples: NDArray[np.float64]) -> bool:
    """Whether both triangles of every cell keep their turn and some of their area."""
    right, down = np.diff(samples, axis=1), np.diff(samples, axis=0)
    upper = right[:-1, :, 0] * down[:, :-1, 1] - right[:-1, :, 1] * down[:, :-1, 0]
    lower = right[1:, :, 0] * down[:, 1:, 1] - right[1:, :, 1] * down[:, 1:, 0]
    even = 1.0 / (samples.shape[0] - 1) ** 2
    return bool(min(upper.min(), lower.min()) > _LEAST_AREA * even)


@njit(cache=True, nogil=True)
def _look_up(samples: FloatArray, step: float, places: FloatArray, rows: tuple[int, int]) -> None:
    """Find the cell that is seen at each point of an even grid, by drawing the mesh's triangles over it."""
    size = samples.shape[0]
    corners = np.zeros((3, 4))
    for j in range(size - 1):
        top = min(samples[j, :, 1].min(), samples[j + 1, :, 1].min())
        bottom = max(samples[j, :, 1].max(), samples[j + 1, :, 1].max())
        if bottom < (rows[0] - 1) * step or top > rows[1] * step:
            continue
        for i in range(size - 1):
            for half in range(2):
                # As the mesh has it: (a, c, b) above the diagonal from b to c, (b, c, d) below.
                for k in range(3):
                    column = i + (k == 1) if half == 0 else i + (k != 1)
                    row = j + (k == 2) if half == 0 else j + (k != 0)
                    corners[k, 0], corners[k, 1] = samples[row, column, 0], samples[row, column, 1]
                    corners[k, 2], corners[k, 3] = column / (size - 1), row / (size - 1)
                _draw(corners, step, places, rows)


@njit(cache=True)
def _draw(corners: NDArray[np.float64], step: float, places: FloatArray, rows: tuple[int, int]) -> None:
    count = places.shape[0]
    ax, ay = corners[0, 0], corners[0, 1]
    bx, by = corners[1, 0] - ax, corners[1, 1] - ay
    cx, cy = corners[2, 0] - ax, corners[2, 1] - ay
    area = bx * cy - by * cx
    first = max(rows[0], int(np.ceil(corners[:, 1].min() / step - 1e-6)))
    last = min(rows[1] - 1, int(np.floor(corners[:, 1].max() / step + 1e-6)) + (corners[:, 1].max() >= 1.0))
    left = max(0, int(np.ceil(corners[:, 0].min() / step - 1e-6)))
    right = min(count - 1, int(np.floor(corners[:, 0].max() / step + 1e-6)) + (corners[:, 0].max() >= 1.0))
    for row in range(first, last + 1):
        for column in range(left, right + 1):
            # The last point of an even number of texels lies beyond the border.
            px, py = min(column * step, 1.0) - ax, min(row * step, 1.0) - ay
            wb = (px * cy - py * cx) / area
            wc = (bx * py - by * px) / area
            if wb >= -1e-5 and wc >= -1e-5 and wb + wc <= 1.00001:
                for k in range(2):
                    value = corners[0, 2 + k] + wb * (corners[1, 2 + k] - corners[0, 2 + k])
                    places[row, column, k] = value + wc * (corners[2, 2 + k] - corners[0, 2 + k])


@njit(cache=True)
def _fill(places: FloatArray) -> None:
    """Give points that rounding has lost between two triangles their neighbour's place."""
    count = places.shape[0]
    for row in range(count):
        for column in range(count):
            if np.isnan(places[row, column, 0]):
                left, above = max(column - 1, 0), max(row - 1, 0)
                source = (row, left) if not np.isnan(places[row, left, 0]) else (above, column)
                places[row, column, 0], places[row, column, 1] = (
                    places[source[0], source[1], 0],
                    places[source[0], source[1], 1],
                )
