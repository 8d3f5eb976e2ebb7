"""Sixteen bits per channel out of a decoder that keeps eight.

Pillow has no colour images of 16 bits: of each value it keeps the byte that the file's byte order puts first. Told the
other byte order, it keeps the other byte, whatever the compression, the filter or the interlacing. So a file is decoded
twice, and the bytes belong together again. Grey with alpha has one byte order only, but as many bytes as a colour with
alpha of 8 bits, and is decoded as that.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ORDERS = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
_LAYOUTS = ("RGB", "RGBA", "RGBX")
_GREY_WITH_ALPHA, _ITS_BYTES = "LA;16B", "RGBA"
_ROWS = 256


def decode_low_bytes(image: Any, path: Path) -> Any | None:
    """The lower bytes of a picture of 16 bits per colour channel, as an image like the one Pillow makes of the upper.

    Args:
        image: Opened by Pillow at its first frame, and not loaded yet.
        path: Its file, which is opened again.

    Returns:
        An upright image of the same mode; None where the file does not hold such a picture.
    """
    from PIL import Image, ImageOps

    tiles: list[Any] = [_other_order(tile) for tile in image.tile]
    if not tiles or any(tile is None for tile in tiles):
        return None
    with Image.open(path, formats=(image.format,)) as second:
        if (second.mode, second.size) != (image.mode, image.size):
            return None
        second.tile = tiles
        second.load()
        if tiles[0].args != _ITS_BYTES:
            return ImageOps.exif_transpose(second)
        _, grey, _, alpha = second.split()
        low = Image.merge("RGBA", (grey, grey, grey, alpha))
        low.getexif().update(second.getexif())
        return ImageOps.exif_transpose(low)


def join_bytes(
    high: NDArray[np.uint8], low: NDArray[np.uint8], shown: NDArray[np.uint8], factor: int
) -> NDArray[np.float32]:
    """Values 0 to 1 of a picture of 16 bits, averaged over squares of ``factor`` pixels.

    Args:
        high: (H, W, 3) upper bytes.
        low: (H, W, 3) lower bytes.
        shown: (H, W, 3) the upper bytes in sRGB; what the lower ones add to ``high`` is added to them, so that a
            picture with a colour profile, which is applied at 8 bits, keeps its fine steps.
        factor: Side of the squares; what does not fill one at the right and the bottom is left out.

    Returns:
        (H // factor, W // factor, 3) float32.
    """
    height, width = high.shape[0] // factor, high.shape[1] // factor
    result = np.zeros((height, width, 3), dtype=np.float32)
    step = max(1, _ROWS // factor)
    for first in range(0, height, step):
        last = min(first + step, height)
        rows = (slice(first * factor, last * factor), slice(0, width * factor))
        value = (high[rows].astype(np.float32) * 256.0 + low[rows]) / np.float32(65535.0)
        if shown is not high:
            value = np.clip(value + (shown[rows].astype(np.float32) - high[rows]) / np.float32(255.0), 0.0, 1.0)
        result[first:last] = value.reshape(last - first, factor, width, factor, 3).mean(axis=(1, 3))
    return result


def _other_order(tile: Any) -> Any | None:
    """A decoder's task with the file's byte order reversed; None if it is not about 16 bits of colour."""
    is_plain = isinstance(tile.args, str)
    mode = tile.args if is_plain else tile.args[0] if isinstance(tile.args, tuple) and tile.args else None
    if not isinstance(mode, str):
        return None
    if is_plain and mode == _GREY_WITH_ALPHA:
        return tile._replace(args=_ITS_BYTES)
    layout, _, depth = mode.partition(";")
    if layout not in _LAYOUTS or len(depth) != 3 or depth[:2] != "16" or depth[2] not in _ORDERS:
        return None
    other = f"{layout};16{_ORDERS[depth[2]]}"
    return tile._replace(args=other if is_plain else (other, *tile.args[1:]))
