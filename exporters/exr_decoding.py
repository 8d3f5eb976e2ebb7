"""A small, strict decoder of OpenEXR scanline pictures, for files that come from outside.

The library reads more kinds, but it goes on with what it has when a file is damaged, and prints. This one takes the
kinds that renderers and picture tools write by default: one part, scanlines, uncompressed or ZIP, and refuses every
file that is not whole. Layout after the OpenEXR file format's description (Academy Software Foundation).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError

MAX_PIXELS = 1 << 28

_MAGIC = b"\x76\x2f\x31\x01"
_VERSION = 2
_LONG_NAMES_FLAG = 0x400
_MAX_ATTRIBUTES = 256
_MAX_CHANNELS = 64
_MAX_NAME = 255
_PIXEL_TYPES = {0: "<u4", 1: "<f2", 2: "<f4"}
_LINES_PER_CHUNK = {0: 1, 2: 1, 3: 16}  # none, ZIPS, ZIP
_MAX_DEFLATE_RATIO = 1032
_DAMAGED_HINT = "The file is cut off or damaged: copy or export it again."


@dataclass(frozen=True, slots=True)
class _Header:
    channels: Mapping[str, np.dtype[np.generic]]
    """In file order, which is alphabetical."""
    width: int
    height: int
    top: int
    lines_per_chunk: int
    num_bytes: int

    @property
    def line_bytes(self) -> int:
        return self.width * sum(dtype.itemsize for dtype in self.channels.values())


def decode_exr(data: bytes, names: Sequence[str]) -> list[NDArray[np.float32]]:
    """The named channels of a picture.

    Args:
        data: A whole file.
        names: Channels wanted, such as ``("R", "G", "B")``.

    Returns:
        (H, W) float32 each, in the order of ``names``.

    Raises:
        InvalidInputError: The data are damaged, or lack a channel.
        UnsupportedFormatError: They are of a kind that is not read: tiles, several parts, another compression.
    """
    header = _parse_header(data)
    missing = [name for name in names if name not in header.channels]
    if missing:
        raise InvalidInputError(
            f"The OpenEXR file has no channel {', '.join(missing)}.", hint=f"It has {', '.join(header.channels)}."
        )
    lines = np.zeros((header.height, header.line_bytes), dtype=np.uint8)
    _fill_lines(data, header, lines)
    planes: dict[str, NDArray[np.float32]] = {}
    start = 0
    for name, dtype in header.channels.items():
        end = start + header.width * dtype.itemsize
        if name in names:
            with np.errstate(invalid="ignore"):
                planes[name] = np.ascontiguousarray(lines[:, start:end]).view(dtype).astype(np.float32)
        start = end
    return [planes[name] for name in names]


def exr_size(data: bytes) -> tuple[int, int]:
    """Width and height of a picture, from its header alone; errors as :func:`decode_exr`."""
    header = _parse_header(data)
    return header.width, header.height


def exr_channels(data: bytes) -> tuple[str, ...]:
    """Names of a picture's channels; errors as :func:`decode_exr`."""
    return tuple(_parse_header(data).channels)


def _parse_header(data: bytes) -> _Header:
    if not data.startswith(_MAGIC):
        raise InvalidInputError("This is not an OpenEXR file.")
    try:
        (version,) = struct.unpack_from("<I", data, 4)
        if version & ~_LONG_NAMES_FLAG != _VERSION:
            raise UnsupportedFormatError(
                "OpenEXR files with tiles, several parts or deep pixels are not read.",
                hint="Save it as a plain scanline picture.",
            )
        attributes, at = _attributes(data)
        if attributes["compression"] not in [bytes([kind]) for kind in _LINES_PER_CHUNK]:
            raise UnsupportedFormatError("This OpenEXR compression is not read.", hint="Save it with ZIP compression.")
        left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
        channels = _channels(attributes["channels"])
    except (struct.error, KeyError, IndexError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError("The header of the OpenEXR file is damaged.", hint=_DAMAGED_HINT) from error
    width, height = right - left + 1, bottom - top + 1
    header = _Header(channels, width, height, top, _LINES_PER_CHUNK[attributes["compression"][0]], at)
    ratio = 1 if attributes["compression"] == b"\0" else _MAX_DEFLATE_RATIO
    if width < 1 or height < 1 or width * height > MAX_PIXELS or header.line_bytes * height > ratio * len(data):
        raise InvalidInputError(
            f"An OpenEXR picture of {width}x{height} pixels does not fit into {len(data)} bytes.", hint=_DAMAGED_HINT
        )
    return header


def _attributes(data: bytes) -> tuple[dict[str, bytes], int]:
    """Attributes by name, and where they end."""
    attributes: dict[str, bytes] = {}
    at = 8
    while data[at] != 0:
        name, at = _text(data, at)
        _kind, at = _text(data, at)
        (size,) = struct.unpack_from("<I", data, at)
        at += 4
        if name in attributes or len(attributes) >= _MAX_ATTRIBUTES or at + size >= len(data):
            raise ValueError("attribute")
        attributes[name] = data[at : at + size]
        at += size
    return attributes, at + 1


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(b"\0", at, at + _MAX_NAME + 1)
    return data[at:end].decode("latin-1"), end + 1


def _channels(data: bytes) -> dict[str, np.dtype[np.generic]]:
    channels: dict[str, np.dtype[np.generic]] = {}
    at = 0
    while data[at] != 0:
        name, at = _text(data, at)
        kind, _linear, x_sampling, y_sampling = struct.unpack_from("<IIII", data, at)
        at += 16
        if (x_sampling, y_sampling) != (1, 1):
            raise UnsupportedFormatError("OpenEXR files with subsampled channels are not read.")
        if name in channels or len(channels) >= _MAX_CHANNELS:
            raise ValueError("channel")
        channels[name] = np.dtype(_PIXEL_TYPES[kind])
    if not channels:
        raise ValueError("no channels")
    return channels


def _fill_lines(data: bytes, header: _Header, lines: NDArray[np.uint8]) -> None:
    """Unpack all chunks into ``lines``, each exactly once."""
    damaged = InvalidInputError("The pixels of the OpenEXR file are damaged.", hint=_DAMAGED_HINT)
    num_chunks = -(-header.height // header.lines_per_chunk)
    if header.num_bytes + num_chunks * 16 > len(data):
        raise damaged
    offsets = struct.unpack_from(f"<{num_chunks}Q", data, header.num_bytes)
    filled = np.zeros(num_chunks, dtype=bool)
    for offset in offsets:
        if offset + 8 > len(data):
            raise damaged
        line, packed_bytes = struct.unpack_from("<iI", data, offset)
        chunk, beside = divmod(line - header.top, header.lines_per_chunk)
        packed = data[offset + 8 : offset + 8 + packed_bytes]
        if beside or not 0 <= chunk < num_chunks or filled[chunk] or len(packed) != packed_bytes:
            raise damaged
        filled[chunk] = True
        block = lines[chunk * header.lines_per_chunk : (chunk + 1) * header.lines_per_chunk]
        unpacked = _unpack(packed, block.size)
        if unpacked is None:
            raise damaged
        block[:] = unpacked.reshape(block.shape)


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
