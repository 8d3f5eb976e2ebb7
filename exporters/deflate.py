"""Deflate on all cores with the same bytes for any number of them, for gzip and zlib containers.

The data are cut into blocks of a fixed size; each block is compressed with the end of the one before it as dictionary
and ends on a byte boundary, so the pieces put together are one ordinary deflate stream (the method of pigz, by
Mark Adler). No container holds a time or a name.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal

DEFAULT_LEVEL = 6
BLOCK_BYTES = 1 << 20
_WINDOW = 1 << 15
_RAW_DEFLATE = -15
_GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
_ZLIB_HEADER = bytes([0x78, 0x9C])

Container = Literal["gzip", "zlib"]


def deflate(
    chunks: Iterable[bytes],
    *,
    container: Container,
    level: int = DEFAULT_LEVEL,
    strategy: int = zlib.Z_DEFAULT_STRATEGY,
) -> Iterator[bytes]:
    """Compress a stream of chunks of any size; yields the pieces of the compressed stream, header and trailer included.

    At most a few blocks are in memory at a time.

    Args:
        chunks: The data.
        container: What is put around the compressed data.
        level: 1 is fast, 9 is small.
        strategy: One of zlib's ``Z_...`` strategies.
    """
    yield _GZIP_HEADER if container == "gzip" else _ZLIB_HEADER
    checksum, num_bytes = (0, 0) if container == "gzip" else (1, 0)
    update = zlib.crc32 if container == "gzip" else zlib.adler32
    workers = min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[bytes]] = deque()
        previous = b""
        for block, is_last in _mark_last(_blocks(chunks)):
            checksum = update(block, checksum)
            num_bytes += len(block)
            if is_last and not waiting:
                yield _deflate_block(block, previous[-_WINDOW:], (level, strategy), is_last)
                continue
            waiting.append(pool.submit(_deflate_block, block, previous[-_WINDOW:], (level, strategy), is_last))
            previous = block
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        for piece in waiting:
            yield piece.result()
    yield struct.pack("<II", checksum, num_bytes & 0xFFFFFFFF) if container == "gzip" else struct.pack(">I", checksum)


def _deflate_block(block: bytes, dictionary: bytes, effort: tuple[int, int], is_last: bool) -> bytes:
    settings = (effort[0], zlib.DEFLATED, _RAW_DEFLATE, zlib.DEF_MEM_LEVEL, effort[1])
    compressor = zlib.compressobj(*settings, dictionary) if dictionary else zlib.compressobj(*settings)
    return compressor.compress(block) + compressor.flush(zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH)


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of ``BLOCK_BYTES``; at least one block, which may be empty."""
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        while len(pending) > BLOCK_BYTES:
            yield bytes(pending[:BLOCK_BYTES])
            del pending[:BLOCK_BYTES]
    yield bytes(pending)


def _mark_last(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    held = next(blocks)
    for block in blocks:
        yield held, False
        held = block
    yield held, True
