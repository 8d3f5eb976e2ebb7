"""Rows of a Gaussian PLY taken apart and put together: compiled, since millions of rows with 62 columns pass here."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BAD_POSITION, BAD_COLOR, BAD_ROTATION, ZERO_ROTATION, BAD_SIZE = 1, 2, 4, 8, 16
"""What can be wrong with a row, as bits."""

_LIMIT = np.float32(np.finfo(np.float32).max)


@nb.njit(cache=True, parallel=True)
def take_apart(
    rows: Floats,
    columns: NDArray[np.int64],
    vectors: tuple[Floats, Floats, Floats, Floats],
    opacity_logits: Floats,
    sh_rest: Floats,
) -> int:
    """Sort the columns of file rows into arrays, normalise the rotations and look for values that cannot be.

    Args:
        rows: (N, P) as in the file.
        columns: (14 + 3K,) which columns hold x y z, f_dc_*, opacity, scale_*, rot_* and f_rest_*.
        vectors: Where to put (N, 3) means, (N, 3) sh_dc, (N, 3) log_scales and (N, 4) unit quats_wxyz.
        opacity_logits: (N,) where to put the opacities.
        sh_rest: (N, K, 3) where to put the coefficients, which stand channel-major in the file.

    Returns:
        Bits that tell what is wrong with some row; 0 if nothing is.
    """
    means, sh_dc, log_scales, quats = vectors
    count, sh_count = sh_rest.shape[0], sh_rest.shape[1]
    wrong = np.zeros(count, dtype=np.uint8)
    for i in nb.prange(count):
        row = rows[i]
        bits = 0
        for k in range(3):
            means[i, k] = row[columns[k]]
            if not abs(means[i, k]) <= _LIMIT:
                bits |= BAD_POSITION
            sh_dc[i, k] = row[columns[3 + k]]
            if not abs(sh_dc[i, k]) <= _LIMIT:
                bits |= BAD_COLOR
            log_scales[i, k] = row[columns[7 + k]]
            # A logarithm of minus infinity is a flat splat, an infinite logit an opacity of 0 or 1.
            if not log_scales[i, k] <= _LIMIT:
                bits |= BAD_SIZE
        opacity_logits[i] = row[columns[6]]
        if np.isnan(opacity_logits[i]):
            bits |= BAD_SIZE
        length = 0.0
        for k in range(4):
            length += np.float64(row[columns[10 + k]]) ** 2
        length = np.sqrt(length)
        if not np.isfinite(length):
            bits |= BAD_ROTATION
        elif length < 1e-12:
            bits |= ZERO_ROTATION
        else:
            for k in range(4):
                quats[i, k] = np.float64(row[columns[10 + k]]) / length
        for channel in range(3):
            for k in range(sh_count):
                value = row[columns[14 + channel * sh_count + k]]
                sh_rest[i, k, channel] = value
                if not abs(value) <= _LIMIT:
                    bits |= BAD_COLOR
        wrong[i] = bits
    total = 0
    for i in range(count):
        total |= wrong[i]
    return total


@nb.njit(cache=True, parallel=True)
def put_together(
    vectors: tuple[Floats, Floats, Floats, Floats], opacity_logits: Floats, sh_rest: Floats, sh_count: int
) -> Floats:
    """(N, 17 + 3 sh_count) rows in the reference order with zero normals.

    Args:
        vectors: (N, 3) means, (N, 3) sh_dc, (N, 3) log_scales and (N, 4) quats_wxyz, which are normalised.
        opacity_logits: (N,).
        sh_rest: (N, K, 3) with K at most ``sh_count``; the rest is zero.
        sh_count: Coefficients of each channel in the file.
    """
    means, sh_dc, log_scales, quats = vectors
    rest = 3 * sh_count
    rows = np.zeros((len(means), 17 + rest), dtype=np.float32)
    for i in nb.prange(len(means)):
        row = rows[i]
        for k in range(3):
            row[k] = means[i, k]
            row[6 + k] = sh_dc[i, k]
            row[10 + rest + k] = log_scales[i, k]
        row[9 + rest] = opacity_logits[i]
        length = 0.0
        for k in range(4):
            length += np.float64(quats[i, k]) ** 2
        length = np.sqrt(length)
        for k in range(4):
            row[13 + rest + k] = np.float64(quats[i, k]) / length
        for channel in range(3):
            for k in range(sh_rest.shape[1]):
                row[9 + channel * sh_count + k] = sh_rest[i, k, channel]
    return rows
