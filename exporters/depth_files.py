"""Depth of a panorama from a file: OpenEXR, ``.npy`` or a 16-bit PNG."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError, UsageError
from worldgen.exporters.exr_decoding import decode_exr, exr_channels, exr_size
from worldgen.storage import open_for_reading, read_limited

MAX_PIXELS = 1 << 27
_MAX_FILE_BYTES = 1 << 31
_MAX_NPY_HEADER = 10_000
_EXR_CHANNELS = ("Z", "depth.Z", "R", "Y", "V")
_HINT = "It must be H x 2H metres along each ray, greater than 0, infinite for the sky."


def read_euclidean_depth(path: Path, *, metres_per_step: float | None = None) -> NDArray[np.float32]:
    """Read the euclidean depth of a panorama.

    OpenEXR: channel Z, or else R or Y. ``.npy``: H x 2H floating point, never objects. PNG: 16-bit grey; 0 and 65535
    stand for the sky.

    Args:
        path: The file.
        metres_per_step: Metres that one step of a PNG stands for; for other files a factor on their values, 1 if None.

    Returns:
        (H, 2H) float32 metres along the ray, infinite for the sky.

    Raises:
        UsageError: A PNG comes without its scale.
        InvalidInputError: The file is damaged, too large, not twice as wide as high, or holds NaN, zero or less.
        UnsupportedFormatError: It is of another kind.
    """
    if metres_per_step is not None and not (math.isfinite(metres_per_step) and metres_per_step > 0.0):
        raise UsageError("--depth-scale must be a positive number.")
    with open_for_reading(path) as (file, num_bytes):
        head = file.read(16)
    if num_bytes == 0:
        raise InvalidInputError("The depth file is empty.", path=path)
    try:
        if head.startswith(b"\x76\x2f\x31\x01"):
            depth = _from_exr(read_limited(path, _MAX_FILE_BYTES))
        elif head.startswith(b"\x93NUMPY"):
            depth = _from_npy(path)
        elif head.startswith(b"\x89PNG"):
            if metres_per_step is None:
                raise UsageError("A PNG depth needs --depth-scale: the metres that one step stands for.", path=path)
            depth = _from_png(path)
        else:
            raise UnsupportedFormatError("Depth is read from OpenEXR, .npy and 16-bit PNG files.")
    except InvalidInputError as error:
        error.path = path
        raise
    return _checked(depth, metres_per_step or 1.0, path)


def _checked(depth: NDArray[np.float32], scale: float, path: Path) -> NDArray[np.float32]:
    height, width = depth.shape
    if width != 2 * height or height < 8:
        raise InvalidInputError(f"The depth has {width}x{height} pixels.", hint=_HINT, path=path)
    if np.isnan(depth).any():
        raise InvalidInputError("The depth holds NaN.", hint=_HINT, path=path)
    if not (depth > 0.0).all():
        raise InvalidInputError("The depth holds zero or negative distances.", hint=_HINT, path=path)
    if not np.isfinite(depth).any():
        raise InvalidInputError("The depth is infinite everywhere.", hint=_HINT, path=path)
    return (depth * np.float32(scale)).astype(np.float32)


def _from_exr(data: bytes) -> NDArray[np.float32]:
    width, height = exr_size(data)
    _require_pixels(width, height)
    names = exr_channels(data)
    for name in _EXR_CHANNELS:
        if name in names:
            return decode_exr(data, (name,))[0]
    raise InvalidInputError("The OpenEXR file has no depth channel.", hint=f"It has {', '.join(names)}; Z is wanted.")


def _from_npy(path: Path) -> NDArray[np.float32]:
    with open_for_reading(path) as (file, num_bytes):
        try:
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, is_fortran, dtype = read_header(file, max_header_size=_MAX_NPY_HEADER)
        except (ValueError, KeyError, EOFError, SyntaxError, OverflowError) as error:
            raise InvalidInputError("The header of the .npy file is damaged.", hint=_HINT) from error
        if dtype.kind != "f" or dtype.itemsize > 8 or len(shape) != 2:
            raise InvalidInputError(f"The .npy file holds {dtype} of shape {shape}.", hint=_HINT)
        height, width = (int(side) for side in shape)
        _require_pixels(width, height)
        if width * height * dtype.itemsize != num_bytes - file.tell():
            raise InvalidInputError("The .npy file is longer or shorter than its header says.")
        values: NDArray[Any] = np.frombuffer(file.read(), dtype=dtype)
    with np.errstate(over="ignore"):
        return values.reshape((height, width), order="F" if is_fortran else "C").astype(np.float32)


def _from_png(path: Path) -> NDArray[np.float32]:
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=("PNG",)) as image:
                _require_pixels(image.width, image.height)
                if not image.mode.startswith("I"):
                    raise InvalidInputError("The PNG has no 16-bit grey pixels.", hint="8 bits are too coarse a depth.")
                steps = np.asarray(image).astype(np.float32)
    except InvalidInputError:
        raise
    except Exception as error:  # decoders meet damaged data in any way
        raise InvalidInputError(f"The PNG is damaged ({error}).") from error
    return np.where((steps == 0.0) | (steps >= 65535.0), np.float32(np.inf), steps)


def _require_pixels(width: int, height: int) -> None:
    if not (1 <= width and 1 <= height and width * height <= MAX_PIXELS):
        raise InvalidInputError(f"A depth of {width}x{height} pixels is not read; at most {MAX_PIXELS} pixels are.")
