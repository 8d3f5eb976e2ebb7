"""OpenEXR pictures: radiance in half floats and depth in full ones."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import ExportError, InvalidInputError
from worldgen.exporters.contract import ExportReport
from worldgen.storage import atomic_path, open_for_reading

MAX_PIXELS = 1 << 28
MAX_HALF = 65504.0
"""The largest number that a half float holds."""

_MAGIC = b"\x76\x2f\x31\x01"
_HEADER_LIMIT = 1 << 16
_MAX_ZIP_RATIO = 1032


def write_radiance_exr(radiance: NDArray[np.float32], path: Path) -> ExportReport:
    """Write (H, W, 3) float32 linear Rec. 709 radiance as half floats, ZIP compressed.

    Raises:
        ExportError: The file cannot be written.
        InvalidInputError: The array is not such a picture.
    """
    if radiance.ndim != 3 or radiance.shape[2] != 3 or radiance.dtype != np.float32 or not np.isfinite(radiance).all():
        raise InvalidInputError(f"Radiance must be finite (H, W, 3) float32, not {radiance.shape} {radiance.dtype}.")
    dropped = ["precision: half floats keep 11 bits"]
    beyond = int((np.abs(radiance) > MAX_HALF).any(axis=-1).sum())
    if beyond:
        dropped.append(f"{beyond} pixels brighter than {MAX_HALF:.0f} were clamped")
    with np.errstate(under="ignore"):
        half = np.clip(radiance, -MAX_HALF, MAX_HALF).astype(np.float16)
    num_bytes = _write(path, {"RGB": half}, "radiance_exr")
    return ExportReport(paths=(path,), num_bytes=num_bytes, dropped=tuple(dropped))


def write_depth_exr(euclidean_depth: NDArray[np.float32], path: Path) -> ExportReport:
    """Write (H, W) float32 ``euclidean_depth`` in metres, infinite for the sky, as channel Z in full floats.

    Raises:
        ExportError: The file cannot be written.
        InvalidInputError: The array is not such a picture.
    """
    if euclidean_depth.ndim != 2 or euclidean_depth.dtype != np.float32 or np.isnan(euclidean_depth).any():
        raise InvalidInputError(
            f"Depth must be (H, W) float32 without NaN, not {euclidean_depth.shape} {euclidean_depth.dtype}."
        )
    num_bytes = _write(path, {"Z": euclidean_depth}, "depth_exr")
    return ExportReport(paths=(path,), num_bytes=num_bytes)


def read_radiance_exr(path: Path) -> NDArray[np.float32]:
    """Read the channels R, G and B of an OpenEXR file as (H, W, 3) float32.

    Raises:
        InvalidInputError: The file is damaged, too large, or has no such channels.
    """
    return np.stack(_read(path, ("R", "G", "B")), axis=-1)


def read_depth_exr(path: Path) -> NDArray[np.float32]:
    """Read the channel Z of an OpenEXR file as (H, W) float32.

    Raises:
        InvalidInputError: The file is damaged, too large, or has no such channel.
    """
    return _read(path, ("Z",))[0]


def _write(path: Path, channels: dict[str, NDArray[Any]], format_id: str) -> int:
    import OpenEXR

    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with atomic_path(path, format_id=format_id) as partial:
        try:
            with OpenEXR.File(header, {name: np.ascontiguousarray(data) for name, data in channels.items()}) as file:
                file.write(str(partial))
        except (RuntimeError, ValueError, TypeError) as error:
            raise ExportError(f"The picture cannot be written ({error}).", format_id=format_id, path=path) from error
    return path.stat().st_size


def _read(path: Path, names: tuple[str, ...]) -> list[NDArray[np.float32]]:
    """The named channels of the first part, each (H, W)."""
    import OpenEXR

    _check_size(path)
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = file.channels()
            missing = [name for name in names if name not in channels]
            if missing:
                raise InvalidInputError(f"The OpenEXR file has no channel {', '.join(missing)}.", path=path)
            planes = [np.asarray(channels[name].pixels).astype(np.float32) for name in names]
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError("The OpenEXR file is damaged.", hint=str(error)[:200] or None, path=path) from error
    if any(plane.shape != planes[0].shape or plane.ndim != 2 for plane in planes):
        raise InvalidInputError("The channels of the OpenEXR file differ in size.", path=path)
    return planes


def _check_size(path: Path) -> None:
    """Look at the header before the library does: how large is the picture, and can the file hold it?"""
    with open_for_reading(path) as (file, file_bytes):
        start = file.read(_HEADER_LIMIT)
    if not start.startswith(_MAGIC):
        raise InvalidInputError("This is not an OpenEXR file.", path=path)
    mark = b"dataWindow\0box2i\0" + struct.pack("<I", 16)
    at = start.find(mark)
    if at < 0 or at + len(mark) + 16 > len(start):
        raise InvalidInputError("The OpenEXR file does not tell its size.", path=path)
    left, top, right, bottom = struct.unpack_from("<iiii", start, at + len(mark))
    width, height = right - left + 1, bottom - top + 1
    if width < 1 or height < 1 or width * height > min(MAX_PIXELS, file_bytes * _MAX_ZIP_RATIO):
        raise InvalidInputError(
            f"An OpenEXR picture of {width}x{height} pixels does not fit into {file_bytes} bytes.",
            hint="The file is cut off or damaged: copy or export it again.",
            path=path,
        )
