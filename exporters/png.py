"""PNG files (ISO/IEC 15948), compressed on all cores; no time, no text, no colour profile beyond the sRGB mark."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import cast

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.exporters.deflate import deflate

MAX_SIDE = 65_535

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_PALETTE_TYPE = 3
_RENDERING_INTENT_PERCEPTUAL = b"\x00"
_ROWS_PER_CHUNK = 256


def encode_png(
    pixels: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    palette: Sequence[tuple[int, int, int]] | None = None,
    is_srgb: bool = True,
) -> bytes:
    """Encode a picture of 8 bits per channel, or of 16 bits of grey.

    Args:
        pixels: (H, W) grey or palette indices, or (H, W, 2 to 4): grey with alpha, RGB, RGBA; row 0 is the top.
            Of type uint16 it must be (H, W).
        palette: Up to 256 sRGB colours; the pixels are then indices into it.
        is_srgb: Whether to mark the values as sRGB; normals and the like are numbers, not colours.

    Raises:
        InvalidInputError: The picture has no pixels, is too large, of another type, or an index has no colour.
    """
    is_wide = pixels.dtype == np.uint16 and pixels.ndim == 2 and palette is None
    depth, rows = (16, _big_endian(pixels)) if is_wide else (8, cast("NDArray[np.uint8]", pixels))
    rows = rows[:, :, None] if rows.ndim == 2 else rows
    if rows.dtype != np.uint8 or rows.ndim != 3 or rows.shape[2] not in _COLOR_TYPES:
        raise InvalidInputError(f"A PNG needs (H, W) or (H, W, 1 to 4) uint8, not {pixels.shape} {pixels.dtype}.")
    height, width, channels = rows.shape
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise InvalidInputError(f"A picture of {width}x{height} pixels cannot be written.")
    if palette is not None and (channels != 1 or int(rows.max()) >= len(palette) or len(palette) > 256):
        raise InvalidInputError("The palette lacks colours for some of the picture's indices.")
    color_type = _PALETTE_TYPE if palette is not None else 0 if depth == 16 else _COLOR_TYPES[channels]
    chunks = [_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0))]
    if is_srgb:
        chunks.append(_chunk(b"sRGB", _RENDERING_INTENT_PERCEPTUAL))
    if palette is not None:
        chunks.append(_chunk(b"PLTE", bytes(channel for color in palette for channel in color)))
    # Neighbouring indices are no neighbouring values: prediction gains a palette picture nothing. What prediction
    # leaves of a texture is noise, where zlib's search for repeated strings takes ten times as long to find nothing.
    filtered = _filtered_rows(np.ascontiguousarray(rows).reshape(height, -1), channels, predict=palette is None)
    strategy = zlib.Z_RLE if palette is None else zlib.Z_DEFAULT_STRATEGY
    chunks.append(_chunk(b"IDAT", b"".join(deflate(filtered, container="zlib", strategy=strategy))))
    return b"".join([_SIGNATURE, *chunks, _chunk(b"IEND", b"")])


def _big_endian(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    """(H, W) uint16 as (H, W, 2) bytes."""
    return np.ascontiguousarray(pixels.astype(">u2")).view(np.uint8).reshape(*pixels.shape, 2)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _filtered_rows(rows: NDArray[np.uint8], step: int, *, predict: bool) -> Iterator[bytes]:
    above = np.zeros(rows.shape[1], dtype=np.uint8)
    for start in range(0, len(rows), _ROWS_PER_CHUNK):
        block = rows[start : start + _ROWS_PER_CHUNK]
        if predict:
            yield _filter_block(block, above, step).tobytes()
        else:
            yield np.concatenate([np.zeros((len(block), 1), np.uint8), block], axis=1).tobytes()
        above = block[-1]


@numba.njit(cache=True)
def _filter_block(rows: NDArray[np.uint8], above: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Each row by the filter whose differences are smallest in sum, the heuristic that the PNG standard suggests."""
    height, width = rows.shape
    filtered = np.zeros((height, width + 1), dtype=np.uint8)
    candidates = np.zeros((5, width), dtype=np.uint8)
    for row in range(height):
        best, best_cost = 0, np.int64(1) << 62
        for kind in range(5):
            cost = np.int64(0)
            for column in range(width):
                left = np.int32(rows[row, column - step]) if column >= step else np.int32(0)
                up = np.int32(rows[row - 1, column]) if row > 0 else np.int32(above[column])
                if kind == 0:
                    guess = np.int32(0)
                elif kind == 1:
                    guess = left
                elif kind == 2:
                    guess = up
                elif kind == 3:
                    guess = (left + up) // np.int32(2)
                else:
                    corner = np.int32(0)
                    if column >= step:
                        corner = np.int32(rows[row - 1, column - step]) if row > 0 else np.int32(above[column - step])
                    guess = _paeth(left, up, corner)
                value = np.uint8((np.int32(rows[row, column]) - guess) & 0xFF)
                candidates[kind, column] = value
                cost += value if value < 128 else 256 - value
            if cost < best_cost:
                best, best_cost = kind, cost
        filtered[row, 0] = best
        filtered[row, 1:] = candidates[best]
    return filtered


@numba.njit(cache=True)
def _paeth(left: np.int32, up: np.int32, corner: np.int32) -> np.int32:
    guess = left + up - corner
    to_left, to_up, to_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner
