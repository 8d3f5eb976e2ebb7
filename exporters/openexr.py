"""OpenEXR pictures: radiance in half floats and depth in full ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import ExportError, InvalidInputError
from worldgen.exporters.contract import ExportReport
from worldgen.exporters.exr_decoding import decode_exr, exr_channels
from worldgen.storage import atomic_path, read_limited

MAX_FILE_BYTES = 1 << 32
MAX_HALF = 65504.0
"""The largest number that a half float holds."""


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
    """Read the channels R, G and B of an OpenEXR file, or Y of a grey one, as (H, W, 3) float32.

    Raises:
        InvalidInputError: The file is damaged, too large, or has no such channels.
        UnsupportedFormatError: It is of a kind that is not read; see ``exr_decoding``.
    """
    planes = _read(path, _radiance_channels)
    return np.stack(planes if len(planes) == 3 else planes * 3, axis=-1)


def read_depth_exr(path: Path) -> NDArray[np.float32]:
    """Read the channel Z of an OpenEXR file as (H, W) float32.

    Raises:
        InvalidInputError: The file is damaged, too large, or has no such channel.
        UnsupportedFormatError: It is of a kind that is not read; see ``exr_decoding``.
    """
    return _read(path, lambda _names: ("Z",))[0]


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


def _radiance_channels(names: Sequence[str]) -> tuple[str, ...]:
    """The channels that tell radiance; luminance beside chroma would be only a part of it."""
    is_grey = "Y" in names and not {"R", "G", "B", "RY", "BY"} & set(names)
    return ("Y",) if is_grey else ("R", "G", "B")


def _read(path: Path, choose: Callable[[Sequence[str]], tuple[str, ...]]) -> list[NDArray[np.float32]]:
    data = read_limited(path, MAX_FILE_BYTES)
    try:
        planes = decode_exr(data, choose(exr_channels(data)))
    except InvalidInputError as error:
        error.path = path
        raise
    if any(np.isnan(plane).any() for plane in planes):
        raise InvalidInputError("The pixels of the OpenEXR file hold NaN.", path=path)
    return planes
