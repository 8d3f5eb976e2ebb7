"""Radiance pictures (``.hdr``, RGBE): three 8-bit mantissas share an exponent (Ward 1991, "Real Pixels").

Every engine reads this for skies. Written with run-length coded scanlines, read with and without.
"""

from __future__ import annotations

import re
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.contract import ExportReport
from worldgen.storage import read_limited, write_bytes

MAX_BYTES = 1 << 30
MAX_PIXELS = 1 << 28

_MIN_RUN = 4
_CODED_WIDTHS = range(8, 32768)
_SIZE_LINE = re.compile(rb"-Y (\d{1,6}) \+X (\d{1,6})")
_MAX_HEADER = 8192


def write_radiance_hdr(radiance: NDArray[np.float32], path: Path) -> ExportReport:
    """Write (H, W, 3) float32 linear radiance; values keep about 1 % of the pixel's brightest channel.

    Raises:
        ExportError: The file cannot be written.
        InvalidInputError: The array is not such a picture.
    """
    data = encode_radiance_hdr(radiance)
    num_bytes = write_bytes(path, data, format_id="radiance_hdr")
    return ExportReport(
        paths=(path,), num_bytes=num_bytes, dropped=("precision: 8 bits below each pixel's brightest channel",)
    )


def read_radiance_hdr(path: Path) -> NDArray[np.float32]:
    """Read a ``.hdr`` file as (H, W, 3) float32 linear radiance.

    Raises:
        InvalidInputError: The file is damaged or too large.
        UnsupportedFormatError: Its rows or columns run another way, or its colours are XYZ.
    """
    try:
        return decode_radiance_hdr(read_limited(path, MAX_BYTES))
    except InvalidInputError as error:
        error.path = path
        raise


def encode_radiance_hdr(radiance: NDArray[np.float32]) -> bytes:
    """Bytes of a ``.hdr`` file.

    Raises:
        InvalidInputError: The array is not finite, not negative (H, W, 3) float32.
    """
    if radiance.ndim != 3 or radiance.shape[2] != 3 or radiance.dtype != np.float32 or not radiance.size:
        raise InvalidInputError(f"Radiance must be (H, W, 3) float32, not {radiance.shape} {radiance.dtype}.")
    if not np.isfinite(radiance).all() or radiance.min() < 0.0:
        raise InvalidInputError("Radiance must be finite and not negative.")
    height, width = radiance.shape[:2]
    rgbe = rgbe_from_linear(radiance)
    header = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n" + f"-Y {height} +X {width}\n".encode("ascii")
    if width not in _CODED_WIDTHS:
        return header + rgbe.tobytes()
    return header + _encode_rows(rgbe).tobytes()


def decode_radiance_hdr(data: bytes) -> NDArray[np.float32]:
    """(H, W, 3) float32 linear radiance of the bytes of a ``.hdr`` file.

    Raises:
        InvalidInputError: The data are damaged or too large.
        UnsupportedFormatError: Rows or columns run another way, or the colours are XYZ.
    """
    if not data.startswith(b"#?"):
        raise InvalidInputError("This is not a Radiance picture.")
    head, blank, rest = data[:_MAX_HEADER].partition(b"\n\n")
    size_line = rest.split(b"\n", 1)[0]
    match = _SIZE_LINE.fullmatch(size_line)
    if not blank or b"FORMAT=32-bit_rle_xyze" in head or (match is None and b"X" in size_line):
        raise UnsupportedFormatError(
            "This kind of Radiance picture is not read.", hint="Save it as RGBE, top row first."
        )
    if match is None:
        raise InvalidInputError("The Radiance picture has no size.")
    height, width = int(match[1]), int(match[2])
    start = len(head) + 2 + len(size_line) + 1
    # A coded row has at least two bytes for every 127 pixels of each channel, and four at its start.
    least = height * (4 + 4 * 2 * -(-width // 127)) if width in _CODED_WIDTHS else height * width * 4
    if not height or not width or height * width > MAX_PIXELS or least > len(data) - start:
        raise InvalidInputError(
            f"A Radiance picture of {width}x{height} pixels does not fit into {len(data)} bytes.",
            hint="The file is cut off or damaged: copy or export it again.",
        )
    body = np.frombuffer(data, dtype=np.uint8, offset=start)
    rgbe = np.zeros((height, width, 4), dtype=np.uint8)
    if width in _CODED_WIDTHS and body[0] == 2 and body[1] == 2 and body[2] < 128:
        if not _decode_rows(body, rgbe):
            raise InvalidInputError("The rows of the Radiance picture are damaged.")
    elif len(body) < rgbe.size:
        raise InvalidInputError("The Radiance picture ends before its last row.")
    else:
        rgbe = body[: rgbe.size].reshape(rgbe.shape)
    return linear_from_rgbe(rgbe)


def rgbe_from_linear(radiance: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(..., 4) uint8 of (..., 3) linear values that are finite and not negative; too bright ones are clamped."""
    bright = radiance.max(axis=-1)
    mantissa, exponent = np.frexp(bright)
    # Rounding to the nearest may carry the brightest channel from 255.5 to 256, which is 128 with the next exponent.
    exponent = np.where(mantissa >= 255.5 / 256.0, exponent + 1, exponent)
    visible = (bright > 0.0) & (exponent > -128)
    exponent = np.clip(exponent, -127, 127)
    steps = np.ldexp(radiance.astype(np.float64), (8 - exponent)[..., None])
    rgbe = np.zeros((*radiance.shape[:-1], 4), dtype=np.uint8)
    rgbe[..., :3] = np.where(visible[..., None], np.minimum(np.rint(steps), 255.0), 0.0)
    rgbe[..., 3] = np.where(visible, exponent + 128, 0)
    return rgbe


def linear_from_rgbe(rgbe: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(..., 3) linear values of (..., 4) uint8.

    Mantissas are taken as they stand, as game engines do; Ward's own reader adds half a step.
    """
    exponent = rgbe[..., 3:].astype(np.int32)
    values = np.ldexp(rgbe[..., :3].astype(np.float32), exponent - (128 + 8))
    return np.where(exponent > 0, values, np.float32(0.0)).astype(np.float32)


@numba.njit(cache=True)
def _encode_rows(rgbe: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Run-length coded scanlines: each channel apart, runs of 4 and more as (128 + length, value)."""
    height, width = rgbe.shape[:2]
    coded = np.zeros(height * (4 + 4 * (width + width // 128 + 2)), dtype=np.uint8)
    end = 0
    for row in range(height):
        coded[end], coded[end + 1], coded[end + 2], coded[end + 3] = 2, 2, width >> 8, width & 255
        end += 4
        for channel in range(4):
            column = 0
            while column < width:
                # Find the next run, and with it the literal stretch before it.
                run_start, run = column, 0
                while run_start < width:
                    run = 1
                    value = rgbe[row, run_start, channel]
                    while run < 127 and run_start + run < width and rgbe[row, run_start + run, channel] == value:
                        run += 1
                    if run >= _MIN_RUN:
                        break
                    run_start += run
                    run = 0
                while column < run_start:
                    count = min(128, run_start - column)
                    coded[end] = count
                    coded[end + 1 : end + 1 + count] = rgbe[row, column : column + count, channel]
                    end += 1 + count
                    column += count
                if run >= _MIN_RUN:
                    coded[end], coded[end + 1] = 128 + run, rgbe[row, column, channel]
                    end += 2
                    column += run
    return coded[:end]


@numba.njit(cache=True)
def _decode_rows(body: NDArray[np.uint8], rgbe: NDArray[np.uint8]) -> bool:
    """Fill ``rgbe`` from coded scanlines; False where they do not fit it."""
    height, width = rgbe.shape[:2]
    size = len(body)
    at = 0
    for row in range(height):
        if at + 4 > size or body[at] != 2 or body[at + 1] != 2:
            return False
        if (int(body[at + 2]) << 8) + int(body[at + 3]) != width:
            return False
        at += 4
        for channel in range(4):
            column = 0
            while column < width:
                if at + 2 > size:
                    return False
                count = int(body[at])
                if count > 128:
                    count -= 128
                    if column + count > width:
                        return False
                    rgbe[row, column : column + count, channel] = body[at + 1]
                    at += 2
                else:
                    if count == 0 or column + count > width or at + 1 + count > size:
                        return False
                    rgbe[row, column : column + count, channel] = body[at + 1 : at + 1 + count]
                    at += 1 + count
                column += count
    return True
