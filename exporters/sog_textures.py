"""The pictures inside a SOG file: splat values as texels of lossless WebP."""

from __future__ import annotations

import io
import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.exporters.smallest_three import quats_from_smallest_three, smallest_three

LARGEST_PLACE = 252
"""Alpha of a rotation whose largest component is w; 253 to 255 are x, y and z."""
PALETTE_COLUMNS = 64

_QUALITY = 70
_METHOD = 4
_ROOT_TWO = math.sqrt(2.0)

Texels = NDArray[np.uint8]


def texture_size(count: int) -> tuple[int, int]:
    """Width and height of the pictures for a number of splats, both multiples of 4."""
    width = max(4, math.ceil(math.sqrt(count) / 4.0) * 4)
    return width, max(4, math.ceil(count / width / 4.0) * 4)


def encode_texture(texels: Texels, width: int, height: int) -> bytes:
    """A lossless WebP of (N, 3 or 4) texels, row after row; the rest is filled with zeros."""
    from PIL import Image

    channels = texels.shape[1]
    full = np.zeros((height * width, channels), dtype=np.uint8)
    full[: len(texels)] = texels
    if channels == 4:
        full[len(texels) :, 3] = 255
    picture = Image.fromarray(full.reshape(height, width, channels))
    file = io.BytesIO()
    # Exact: colours under an alpha of zero are data here.
    picture.save(file, "WEBP", lossless=True, exact=True, quality=_QUALITY, method=_METHOD)
    return file.getvalue()


def decode_texture(data: bytes, max_texels: int, path: Path) -> Texels:
    """(H, W, 4) texels of a lossless WebP.

    Raises:
        InvalidInputError: It is damaged, or larger than ``max_texels``, which is looked at before it is unpacked.
    """
    from PIL import Image

    width, height = _size_in_header(data, path)
    if width * height > max_texels:
        raise InvalidInputError(f"A picture in the file is {width}x{height}, larger than its splats need.", path=path)
    try:
        with Image.open(io.BytesIO(data), formats=["WEBP"]) as picture:
            if picture.size != (width, height):
                raise InvalidInputError("A picture in the file is damaged.", path=path)
            return np.asarray(picture.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, MemoryError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"A picture in the file is damaged ({str(error)[:80]}).", path=path) from error


def encode_means(means: NDArray[np.float32]) -> tuple[Texels, Texels, list[float], list[float]]:
    """Low and high bytes of positions in a logarithmic scale, and the least and largest logarithms per axis."""
    logs = np.sign(means) * np.log1p(np.abs(means.astype(np.float64)))
    low, high = logs.min(axis=0), logs.max(axis=0)
    extent = np.where(high > low, high - low, 1.0)
    steps = np.clip((logs - low) / extent * 65535.0 + 0.5, 0.0, 65535.0).astype(np.uint16)
    return (steps & 255).astype(np.uint8), (steps >> 8).astype(np.uint8), low.tolist(), high.tolist()


def decode_means(
    low_bytes: Texels, high_bytes: Texels, mins: NDArray[np.float64], maxs: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(N, 3) positions in metres."""
    steps = low_bytes.astype(np.float64) + 256.0 * high_bytes
    logs = mins + (maxs - mins) * (steps / 65535.0)
    return (np.sign(logs) * np.expm1(np.abs(logs))).astype(np.float32)


def encode_rotations(quats_wxyz: NDArray[np.float32]) -> Texels:
    """(N, 4): the three smaller components, and which the largest is."""
    others, largest = smallest_three(quats_wxyz)
    texels = np.zeros((len(others), 4), dtype=np.uint8)
    texels[:, :3] = np.clip((others * _ROOT_TWO * 0.5 + 0.5) * 255.0 + 0.5, 0.0, 255.0)
    texels[:, 3] = LARGEST_PLACE + largest
    return texels


def decode_rotations(texels: Texels) -> NDArray[np.float32]:
    """(N, 4) unit quaternions, scalar first; texels that name no largest component are no rotation."""
    largest = texels[:, 3].astype(np.intp) - LARGEST_PLACE
    others = (texels[:, :3] / 255.0 - 0.5) * 2.0 / _ROOT_TWO
    quats = quats_from_smallest_three(others, np.maximum(largest, 0))
    quats[largest < 0] = (1.0, 0.0, 0.0, 0.0)
    return quats


def _size_in_header(data: bytes, path: Path) -> tuple[int, int]:
    """Width and height from the header of a lossless WebP file, plain or extended."""
    if len(data) >= 30 and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        if data[12:16] == b"VP8L" and data[20] == 0x2F:
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
        if data[12:16] == b"VP8X":
            width, height = (int.from_bytes(data[place : place + 3], "little") + 1 for place in (24, 27))
            return width, height
    raise InvalidInputError("A picture in the file is no lossless WebP.", path=path)
