"""A strict decoder of OpenEXR pictures, for files that come from outside.

The library goes on with what it has when a file is damaged, and prints. So all that can be known before pixels are
unpacked is checked first (``exr_layout``). Chunks without compression or in ZIP, which most renderers and picture tools
write by default, are unpacked here; the other codes by the library, in a process of its own (``exr_library``), which
sees nothing of the file but its chunks.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.exr_layout import (
    COMPRESSIONS,
    DAMAGED_HINT,
    Chunks,
    Header,
    find_chunks,
    parse_header,
    plain_copy,
)
from worldgen.exporters.exr_library import EXIT_DAMAGED, EXIT_UNKNOWN

_UNPACKED_HERE = ("none", "ZIPS", "ZIP")
_ROOM_HINT = "There may be too little memory, or room for temporary files."
_LIBRARY_BYTES = 2 << 30
"""Memory of the library's process beyond the pixels and their copies."""
_TIMEOUT_S, _BYTES_PER_S = 60, 4 << 20


def decode_exr(data: bytes, names: Sequence[str]) -> list[NDArray[np.float32]]:
    """The named channels of a picture.

    Args:
        data: A whole file.
        names: Channels wanted, such as ``("R", "G", "B")``.

    Returns:
        (H, W) float32 each, in the order of ``names``.

    Raises:
        InvalidInputError: The data are damaged, or lack a channel.
        UnsupportedFormatError: They are of a kind that is not read: several parts, deep or subsampled pixels.
    """
    header = parse_header(data)
    missing = [name for name in names if name not in header.channels]
    if missing:
        raise InvalidInputError(
            f"The OpenEXR file has no channel {', '.join(missing)}.", hint=f"It has {', '.join(header.channels)}."
        )
    chunks = find_chunks(data, header)
    with np.errstate(invalid="ignore"):
        if COMPRESSIONS[header.compression].name in _UNPACKED_HERE:
            return _unpack_here(data, chunks, names)
        return _unpack_by_library(data, chunks, names)


def exr_size(data: bytes) -> tuple[int, int]:
    """Width and height of a picture, from its header alone; errors as :func:`decode_exr`."""
    header = parse_header(data)
    return header.width, header.height


def exr_channels(data: bytes) -> tuple[str, ...]:
    """Names of a picture's channels; errors as :func:`decode_exr`."""
    return tuple(parse_header(data).channels)


def _damaged() -> InvalidInputError:
    return InvalidInputError("The pixels of the OpenEXR file are damaged.", hint=DAMAGED_HINT)


def _unpack_here(data: bytes, chunks: Chunks, names: Sequence[str]) -> list[NDArray[np.float32]]:
    header = chunks.header
    planes = {name: np.zeros((header.height, header.width), dtype=np.float32) for name in names}
    for chunk in chunks:
        line_bytes = chunk.width * header.pixel_bytes
        unpacked = _unpack(data[chunk.start : chunk.end], chunk.height * line_bytes)
        if unpacked is None:
            raise _damaged()
        # Of each line, all of the first channel comes before all of the second.
        lines = unpacked.reshape(chunk.height, line_bytes)
        start = 0
        for name, channel in header.channels.items():
            end = start + chunk.width * channel.dtype.itemsize
            if name in planes:
                target = planes[name][chunk.y : chunk.y + chunk.height, chunk.x : chunk.x + chunk.width]
                target[:] = lines[:, start:end].view(channel.dtype)
            start = end
    return [planes[name] for name in names]


def _unpack(packed: bytes, num_bytes: int) -> NDArray[np.uint8] | None:
    """Bytes of a chunk, or None if there are more or fewer; chunks that would not shrink are stored as they are."""
    if len(packed) == num_bytes:
        return np.frombuffer(packed, dtype=np.uint8)
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(packed, num_bytes + 1)
    except zlib.error:
        return None
    if len(raw) != num_bytes or not unpacker.eof:
        return None
    # Each byte is the difference from the one before, plus 128; then all even bytes come before all odd ones.
    deltas = np.frombuffer(raw, dtype=np.uint8).astype(np.uint64)
    deltas[1:] += 128
    values = np.cumsum(deltas).astype(np.uint8)
    unpacked = np.zeros(num_bytes, dtype=np.uint8)
    half = (num_bytes + 1) // 2
    unpacked[0::2], unpacked[1::2] = values[:half], values[half:]
    return unpacked


def _unpack_by_library(data: bytes, chunks: Chunks, names: Sequence[str]) -> list[NDArray[np.float32]]:
    header = chunks.header
    compression = COMPRESSIONS[header.compression].name
    try:
        with tempfile.TemporaryDirectory(prefix="worldgen-") as folder:
            path = Path(folder) / "plain.exr"
            with path.open("wb") as file:
                file.writelines(plain_copy(data, chunks))
            with (Path(folder) / "pixels").open("w+b") as pixels:
                exit_code = _run_library(path, header, names, pixels)
                if exit_code == EXIT_UNKNOWN:
                    raise UnsupportedFormatError(
                        f"The OpenEXR library that is installed does not know the compression {compression}.",
                        hint="pip install -U OpenEXR, or save the picture with ZIP compression.",
                    )
                if exit_code == EXIT_DAMAGED or exit_code < 0:
                    raise _damaged()
                if exit_code:
                    raise InvalidInputError("The OpenEXR file cannot be unpacked.", hint=_ROOM_HINT)
                return _read_planes(pixels, header, names)
    except OSError as error:
        raise InvalidInputError(
            f"The OpenEXR file cannot be unpacked ({error.strerror or error}).", hint=_ROOM_HINT
        ) from error


def _run_library(path: Path, header: Header, names: Sequence[str], pixels: BinaryIO) -> int:
    """Let a process of its own write the channels' pixels; returns its exit code."""
    num_bytes = header.width * header.height * header.pixel_bytes
    memory = _LIBRARY_BYTES + 2 * (num_bytes + path.stat().st_size)
    command = [sys.executable, "-m", "worldgen.exporters.exr_library", str(path), str(header.compression), str(memory)]
    # A thread of OpenBLAS on each of many processors would take more address space than the picture.
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "OPENBLAS_NUM_THREADS": "1",
    }
    try:
        done = subprocess.run(
            [*command, *names],
            stdin=subprocess.DEVNULL,
            stdout=pixels,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=_TIMEOUT_S + num_bytes // _BYTES_PER_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InvalidInputError("The OpenEXR file cannot be read in reasonable time.", hint=DAMAGED_HINT) from error
    return done.returncode


def _read_planes(pixels: BinaryIO, header: Header, names: Sequence[str]) -> list[NDArray[np.float32]]:
    num_pixels = header.width * header.height
    dtypes = [header.channels[name].dtype for name in names]
    if pixels.seek(0, os.SEEK_END) != num_pixels * sum(dtype.itemsize for dtype in dtypes):
        raise _damaged()
    pixels.seek(0)
    planes = (np.fromfile(pixels, dtype=dtype, count=num_pixels) for dtype in dtypes)
    return [plane.astype(np.float32, copy=False).reshape(header.height, header.width) for plane in planes]
