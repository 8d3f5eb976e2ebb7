"""Where everything lies in an OpenEXR file: its header and its chunks, checked before anything is unpacked.

One part, scanlines or tiles. Of several levels the finest is the picture; of the others chunks may never have been
written, as some programs leave it. Layout after the OpenEXR file format's description (Academy Software Foundation).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError

MAX_PIXELS = 1 << 28
MAX_UNPACKED_BYTES = 1 << 32
DAMAGED_HINT = "The file is cut off or damaged: copy or export it again."

_MAGIC = b"\x76\x2f\x31\x01"
_VERSION = 2
_TILED_FLAG, _LONG_NAMES_FLAG, _DEEP_FLAG, _PARTS_FLAG = 0x200, 0x400, 0x800, 0x1000
_MAX_ATTRIBUTES = 256
_MAX_CHANNELS = 64
_MAX_NAME = 255
_SHORT_NAME = 31
_PIXEL_TYPES = {0: "<u4", 1: "<f2", 2: "<f4"}
_ONE_LEVEL, _MIP_MAP, _RIP_MAP = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Compression:
    """A way to pack pixels."""

    name: str
    num_lines: int
    """Lines per chunk."""
    max_ratio: int
    """Bytes that one byte of a chunk can become; for codes without a bound, what a picture of one colour needs."""


_DEFLATE_RATIO = 1032
_WIDE_RATIO = 1 << 18
COMPRESSIONS: Mapping[int, Compression] = {
    0: Compression("none", 1, 1),
    1: Compression("RLE", 1, 64),
    2: Compression("ZIPS", 1, _DEFLATE_RATIO),
    3: Compression("ZIP", 16, _DEFLATE_RATIO),
    4: Compression("PIZ", 32, 1024),
    5: Compression("PXR24", 16, 2 * _DEFLATE_RATIO),
    6: Compression("B44", 32, 16),
    7: Compression("B44A", 32, 16),
    8: Compression("DWAA", 32, _WIDE_RATIO),
    9: Compression("DWAB", 256, _WIDE_RATIO),
    10: Compression("HTJ2K256", 256, _WIDE_RATIO),
    11: Compression("HTJ2K32", 32, _WIDE_RATIO),
    12: Compression("LJ2K", 256, _WIDE_RATIO),
    13: Compression("ZSTD", 1, _WIDE_RATIO),
}


@dataclass(frozen=True, slots=True)
class Channel:
    """What the header tells of a channel."""

    dtype: np.dtype[np.generic]
    is_linear: bool
    """Whether lossy codes may treat it as perceptually linear."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """How the picture is cut into tiles."""

    width: int
    height: int
    mode: int
    rounds_up: bool


@dataclass(frozen=True, slots=True)
class Header:
    """What the decoders need of a file's header."""

    channels: Mapping[str, Channel]
    """In file order, which is alphabetical."""
    width: int
    height: int
    top: int
    compression: int
    tiles: Tiles | None
    """None for scanlines."""
    num_bytes: int

    @property
    def pixel_bytes(self) -> int:
        """Bytes of a pixel with all its channels."""
        return sum(channel.dtype.itemsize for channel in self.channels.values())

    @property
    def block_size(self) -> tuple[int, int]:
        """Width and height of a whole chunk's pixels; at the right and the bottom they end with the picture."""
        if self.tiles is None:
            return self.width, COMPRESSIONS[self.compression].num_lines
        return min(self.tiles.width, self.width), min(self.tiles.height, self.height)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The pixels ``[y : y + height, x : x + width]``, packed in ``data[start:end]``."""

    x: int
    y: int
    width: int
    height: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Chunks:
    """The chunks of a picture from top to bottom and left to right, each exactly once."""

    header: Header
    starts: NDArray[np.int64]
    """(N,) where the packed bytes begin in the file."""
    sizes: NDArray[np.int64]
    """(N,) how many there are."""

    def __iter__(self) -> Iterator[Chunk]:
        """One at a time: there may be as many as pixels."""
        header, (block_width, block_height) = self.header, self.header.block_size
        columns = -(-header.width // block_width)
        for index, (start, size) in enumerate(zip(self.starts, self.sizes, strict=True)):
            row, column = divmod(index, columns)
            x, y = column * block_width, row * block_height
            width, height = min(block_width, header.width - x), min(block_height, header.height - y)
            yield Chunk(x, y, width, height, int(start), int(start + size))


def parse_header(data: bytes) -> Header:
    """Read and check a file's header.

    Raises:
        InvalidInputError: It is damaged, or tells of more pixels than can be in a file of this size.
        UnsupportedFormatError: The file is of a kind that is not read.
    """
    if not data.startswith(_MAGIC):
        raise InvalidInputError("This is not an OpenEXR file.")
    try:
        (version,) = struct.unpack_from("<I", data, 4)
        if version & (_DEEP_FLAG | _PARTS_FLAG):
            raise UnsupportedFormatError(
                "OpenEXR files with several parts or deep pixels are not read.",
                hint="Save it as a picture of one part, without depth samples.",
            )
        if version & ~(_LONG_NAMES_FLAG | _TILED_FLAG) != _VERSION:
            raise UnsupportedFormatError("This version of OpenEXR files is not read.", hint="Save it as OpenEXR 2.")
        attributes, at = _attributes(data)
        (compression,) = attributes["compression"]
        if compression not in COMPRESSIONS:
            raise UnsupportedFormatError("This OpenEXR compression is not read.", hint="Save it with ZIP compression.")
        left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
        channels = _channels(attributes["channels"])
        tiles = _tiles(attributes["tiles"]) if version & _TILED_FLAG else None
    except (struct.error, KeyError, IndexError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError("The header of the OpenEXR file is damaged.", hint=DAMAGED_HINT) from error
    header = Header(channels, right - left + 1, bottom - top + 1, top, compression, tiles, at)
    width, height = header.width, header.height
    if width >= 1 and height >= 1 and width * height <= MAX_PIXELS:
        num_bytes = width * height * header.pixel_bytes
        if num_bytes <= min(MAX_UNPACKED_BYTES, COMPRESSIONS[compression].max_ratio * len(data)):
            return header
    raise InvalidInputError(
        f"An OpenEXR picture of {width}x{height} pixels does not fit into {len(data)} bytes.", hint=DAMAGED_HINT
    )


def find_chunks(data: bytes, header: Header) -> Chunks:
    """Find the chunks of the picture's finest level.

    Raises:
        InvalidInputError: Chunks are missing, twice there, beyond the file's end or not where they must be.
    """
    damaged = InvalidInputError("The pixels of the OpenEXR file are damaged.", hint=DAMAGED_HINT)
    levels = _levels(header)
    num_chunks = sum(map(math.prod, levels.values()))
    first, head_bytes = header.num_bytes + 8 * num_chunks, 8 if header.tiles is None else 20
    if first > len(data):
        raise damaged
    offsets = np.frombuffer(data, dtype="<u8", count=num_chunks, offset=header.num_bytes)
    offsets = offsets[offsets != 0]
    if not len(offsets) or int(offsets.min()) < first or int(offsets.max()) > len(data) - head_bytes:
        raise damaged
    starts = offsets.astype(np.int64)
    heads = sliding_window_view(np.frombuffer(data, dtype=np.uint8), head_bytes)[starts].view("<i4")
    order = _order_of(header, levels, heads[:, :-1])
    if order is None:
        raise damaged
    starts, sizes = starts[order] + head_bytes, heads[order, -1].astype(np.int64)
    is_inside = (sizes > 0) & (starts + sizes <= len(data))
    # Chunks that share bytes could make much of a small file.
    if not is_inside.all() or int(sizes.sum()) > len(data) - first - len(sizes) * head_bytes:
        raise damaged
    num_finest = math.prod(levels[0, 0])
    chunks = Chunks(header, starts[:num_finest], sizes[:num_finest])
    most = COMPRESSIONS[header.compression].max_ratio
    if any(chunk.width * chunk.height * header.pixel_bytes > most * (chunk.end - chunk.start) for chunk in chunks):
        raise damaged
    return chunks


def plain_copy(data: bytes, chunks: Chunks) -> Iterator[bytes]:
    """The picture as a file with nothing but it, part after part: one level, in order, at the origin."""
    header, (block_width, block_height) = chunks.header, chunks.header.block_size
    names = [name.encode("latin-1") for name in header.channels]
    channels = b"".join(
        name
        + b"\0"
        + struct.pack("<IB3xII", list(_PIXEL_TYPES.values()).index(channel.dtype.str), channel.is_linear, 1, 1)
        for name, channel in zip(names, header.channels.values(), strict=True)
    )
    window = struct.pack("<4i", 0, 0, header.width - 1, header.height - 1)
    attributes = [
        (b"channels", b"chlist", channels + b"\0"),
        (b"compression", b"compression", bytes([header.compression])),
        (b"dataWindow", b"box2i", window),
        (b"displayWindow", b"box2i", window),
        (b"lineOrder", b"lineOrder", b"\0"),
        (b"pixelAspectRatio", b"float", struct.pack("<f", 1.0)),
        (b"screenWindowCenter", b"v2f", struct.pack("<2f", 0.0, 0.0)),
        (b"screenWindowWidth", b"float", struct.pack("<f", 1.0)),
    ]
    flags = _LONG_NAMES_FLAG if max(map(len, names)) > _SHORT_NAME else 0
    if header.tiles is not None:
        flags |= _TILED_FLAG
        attributes.append((b"tiles", b"tiledesc", struct.pack("<IIB", block_width, block_height, _ONE_LEVEL)))
    parts = [_MAGIC, struct.pack("<I", _VERSION | flags)]
    parts += [name + b"\0" + kind + b"\0" + struct.pack("<I", len(value)) + value for name, kind, value in attributes]
    yield b"".join([*parts, b"\0"])
    head = struct.Struct("<iI" if header.tiles is None else "<5i")
    sizes = chunks.sizes + head.size
    first = sum(map(len, parts)) + 1 + 8 * len(sizes)
    yield (first + np.cumsum(sizes) - sizes).astype("<u8").tobytes()
    for chunk in chunks:
        size = chunk.end - chunk.start
        if header.tiles is None:
            yield head.pack(chunk.y, size)
        else:
            yield head.pack(chunk.x // block_width, chunk.y // block_height, 0, 0, size)
        yield data[chunk.start : chunk.end]


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


def _channels(data: bytes) -> dict[str, Channel]:
    channels: dict[str, Channel] = {}
    at = 0
    while data[at] != 0:
        name, at = _text(data, at)
        kind, is_linear, x_sampling, y_sampling = struct.unpack_from("<IB3xII", data, at)
        at += 16
        if (x_sampling, y_sampling) != (1, 1):
            raise UnsupportedFormatError(
                "OpenEXR files with subsampled channels are not read.", hint="Save it with channels R, G and B."
            )
        if name in channels or len(channels) >= _MAX_CHANNELS:
            raise ValueError("channel")
        channels[name] = Channel(np.dtype(_PIXEL_TYPES[kind]), bool(is_linear))
    if not channels:
        raise ValueError("no channels")
    return channels


def _tiles(data: bytes) -> Tiles:
    width, height, mode = struct.unpack("<IIB", data)
    if width < 1 or height < 1 or mode & 0xF > _RIP_MAP or mode >> 4 > 1:
        raise ValueError("tiles")
    return Tiles(width, height, mode & 0xF, mode >> 4 == 1)


def _levels(header: Header) -> dict[tuple[int, int], tuple[int, int]]:
    """Columns and rows of chunks of each level, by its number across and down."""
    block_width, block_height = header.block_size
    numbers = [(0, 0)]
    rounds_up = False
    if header.tiles is not None and header.tiles.mode != _ONE_LEVEL:
        rounds_up = header.tiles.rounds_up
        across, down = (
            range(((side - 1).bit_length() if rounds_up else side.bit_length() - 1) + 1)
            for side in (header.width, header.height)
        )
        if header.tiles.mode == _MIP_MAP:
            numbers = [(level, level) for level in max(across, down, key=len)]
        else:
            numbers = [(x, y) for y in down for x in across]

    def count(side: int, level: int, block: int) -> int:
        return -(-max(1, -(-side >> level) if rounds_up else side >> level) // block)

    return {(x, y): (count(header.width, x, block_width), count(header.height, y, block_height)) for x, y in numbers}


def _order_of(
    header: Header, levels: Mapping[tuple[int, int], tuple[int, int]], heads: NDArray[np.int32]
) -> NDArray[np.int64] | None:
    """What sorts the chunks by level, row and column; None if one is there twice, or is missing of the finest level."""
    if header.tiles is None:
        places, beside = np.divmod(heads[:, 0].astype(np.int64) - header.top, header.block_size[1])
        if beside.any():
            return None
    else:
        numbers = np.array(list(levels), dtype=np.int64)
        columns, rows = np.array(list(levels.values()), dtype=np.int64).T
        firsts = np.cumsum(columns * rows) - columns * rows
        slots = np.full(numbers.max(axis=0) + 1, -1, dtype=np.int64)
        slots[tuple(numbers.T)] = np.arange(len(levels))
        if (heads < 0).any() or (heads[:, 2:] >= slots.shape).any():
            return None
        levels_of = slots[heads[:, 2], heads[:, 3]]
        x, y = heads[:, 0], heads[:, 1]
        if ((levels_of < 0) | (x >= columns[levels_of]) | (y >= rows[levels_of])).any():
            return None
        places = firsts[levels_of] + y * columns[levels_of] + x
    order = np.argsort(places, kind="stable")
    places = places[order]
    num_finest = math.prod(levels[0, 0])
    is_whole = np.array_equal(places[:num_finest], np.arange(num_finest))
    num_chunks = sum(map(math.prod, levels.values()))
    return order if is_whole and places[-1] < num_chunks and (np.diff(places) > 0).all() else None
