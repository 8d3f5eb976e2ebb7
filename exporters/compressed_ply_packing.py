"""How PlayCanvas's compressed PLY stores numbers: chunks of 256 splats with their own ranges, four words a splat.

After the format's description (https://blog.playcanvas.com/compressing-gaussian-splats). Positions and logarithms of
scales take 11, 10 and 11 bits of their chunk's range, colours 8 bits of theirs, opacities 8 bits, rotations the
smallest three components in 10 bits each, spherical harmonics 8 bits from -4 to 4.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.exporters.smallest_three import quats_from_smallest_three, smallest_three

CHUNK_SPLATS = 256
CHUNK_COLUMNS = 18
"""Floats of a chunk: low and high x y z, low and high scales, low and high colours."""
MAX_LOG_SCALE = 20.0
SH_LIMIT = 4.0
"""Coefficients of spherical harmonics are kept within plus and minus this."""

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Words = NDArray[np.uint32]

_VECTOR_BITS = (11, 10, 11)
_COLOR_BITS = (8, 8, 8)
_ROOT_HALF = math.sqrt(0.5)


def pack_vectors(values: Floats, bits: tuple[int, int, int]) -> tuple[Floats, Words]:
    """Pack rows of three numbers in fractions of the range of their chunk.

    Args:
        values: (N, 3); chunks are counted from the first row, and the last one may be short.
        bits: Of each component, the first in the highest bits.

    Returns:
        (C, 6) lowest and highest values of each chunk, and (N,) words.
    """
    count = len(values)
    padded = values[np.minimum(np.arange(-(-count // CHUNK_SPLATS) * CHUNK_SPLATS), count - 1)]
    chunked = padded.reshape(-1, CHUNK_SPLATS, 3)
    low, high = chunked.min(axis=1), chunked.max(axis=1)
    extent = high.astype(np.float64) - low
    fractions = (chunked - low[:, None].astype(np.float64)) / np.where(extent > 0.0, extent, 1.0)[:, None]
    words = np.zeros(len(padded), dtype=np.uint32)
    for axis in range(3):
        words = (words << np.uint32(bits[axis])) | _steps(fractions[..., axis].reshape(-1), bits[axis])
    return np.concatenate([low, high], axis=1), words[:count]


def unpack_vectors(ranges: Floats, words: Words, bits: tuple[int, int, int]) -> Floats:
    """The inverse of :func:`pack_vectors`."""
    values = np.zeros((len(words), 3), dtype=np.float32)
    of_splat = np.arange(len(words)) // CHUNK_SPLATS
    shift = 0
    for axis in (2, 1, 0):
        most = (1 << bits[axis]) - 1
        fraction = ((words >> np.uint32(shift)) & np.uint32(most)) / most
        values[:, axis] = ranges[of_splat, axis] * (1.0 - fraction) + ranges[of_splat, 3 + axis] * fraction
        shift += bits[axis]
    return values


def pack_splats(
    vectors: tuple[Floats, Floats, Floats], opacities: Floats, quats_wxyz: Floats
) -> tuple[Floats, NDArray[np.uint32]]:
    """(C, 18) ranges and (N, 4) words: position, rotation, scale, colour with opacity.

    Args:
        vectors: (N, 3) means, log_scales and colours.
        opacities: (N,) linear.
        quats_wxyz: (N, 4) unit.
    """
    packed = [
        pack_vectors(values, bits)
        for values, bits in zip(vectors, (_VECTOR_BITS, _VECTOR_BITS, _COLOR_BITS), strict=True)
    ]
    color = (packed[2][1] << np.uint32(8)) | _steps(opacities.astype(np.float64), 8)
    words = np.stack([packed[0][1], pack_rotations(quats_wxyz), packed[1][1], color], axis=1)
    return np.concatenate([ranges for ranges, _ in packed], axis=1), words


def unpack_splats(ranges: Floats, words: NDArray[np.uint32]) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Means, log_scales, colours, opacities and quats_wxyz; ranges of 12 columns have colours from 0 to 1."""
    if ranges.shape[1] < CHUNK_COLUMNS:
        unit = np.repeat(np.array([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]], dtype=np.float32), len(ranges), axis=0)
        ranges = np.concatenate([ranges, unit], axis=1)
    return (
        unpack_vectors(ranges[:, :6], words[:, 0], _VECTOR_BITS),
        unpack_vectors(ranges[:, 6:12], words[:, 2], _VECTOR_BITS),
        unpack_vectors(ranges[:, 12:], words[:, 3] >> np.uint32(8), _COLOR_BITS),
        ((words[:, 3] & np.uint32(255)) / 255.0).astype(np.float32),
        unpack_rotations(words[:, 1]),
    )


def pack_rotations(quats_wxyz: Floats) -> Words:
    """(N,) words: two bits for the largest component of w x y z, then the other three from -1/√2 to 1/√2."""
    others, largest = smallest_three(quats_wxyz)
    words = largest.astype(np.uint32)
    for k in range(3):
        words = (words << np.uint32(10)) | _steps(others[:, k] * _ROOT_HALF + 0.5, 10)
    return words


def unpack_rotations(words: Words) -> Floats:
    """(N, 4) unit quaternions."""
    others = [((words >> np.uint32(shift)) & np.uint32(1023)) / 1023.0 for shift in (20, 10, 0)]
    return quats_from_smallest_three(
        (np.stack(others, axis=1) - 0.5) / _ROOT_HALF, (words >> np.uint32(30)).astype(int)
    )


def pack_sh(sh_rest: Floats) -> NDArray[np.uint8]:
    """(N, 3K) channel-major bytes of (N, K, 3) coefficients."""
    by_channel = sh_rest.transpose(0, 2, 1).reshape(len(sh_rest), 3 * sh_rest.shape[1])
    steps = by_channel * np.float32(128.0 / SH_LIMIT) + np.float32(128.0)
    return np.clip(steps, 0.0, 255.0).astype(np.uint8)


def unpack_sh(data: NDArray[np.uint8]) -> Floats:
    """The inverse of :func:`pack_sh`: the middle of each step, and the very limits at both ends."""
    table = ((np.arange(256) + 0.5) / 256.0 - 0.5) * 2.0 * SH_LIMIT
    table[0], table[255] = -SH_LIMIT, SH_LIMIT
    values = table.astype(np.float32)[data].reshape(len(data), 3, data.shape[1] // 3)
    return np.ascontiguousarray(values.transpose(0, 2, 1))


def _steps(fractions: Doubles, bits: int) -> Words:
    """Numbers from 0 to 1 in that many bits, rounded."""
    most = (1 << bits) - 1
    return np.clip(fractions * most + 0.5, 0.0, most).astype(np.uint32)
