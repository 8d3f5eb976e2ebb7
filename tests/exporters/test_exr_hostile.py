"""Damaged and hostile OpenEXR files: a clear error, in bounded memory, whatever they hold."""

from __future__ import annotations

import dataclasses
import itertools
import random
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import OpenEXR
import pytest

from tests.exr_files import BY_LIBRARY, KINDS, TILE, USUAL, by_library, exr, ramp, rgb
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters import exr_decoding, exr_library
from worldgen.exporters.exr_decoding import decode_exr
from worldgen.exporters.exr_layout import Chunks, find_chunks, parse_header, plain_copy
from worldgen.exporters.openexr import read_radiance_exr


def original(folder: Path, kind: str, tile: int | None = None) -> tuple[bytes, Chunks]:
    data = exr(folder / "original.exr", rgb(ramp(), np.float16), kind, tile)
    return data, find_chunks(data, parse_header(data))


@pytest.mark.parametrize("tile", [None, TILE])
@pytest.mark.parametrize("kind", USUAL)
def test_files_that_are_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, tile: int | None) -> None:
    data, _ = original(tmp_path, kind, tile)
    monkeypatch.setattr(exr_decoding, "_unpack_by_library", lambda *_: pytest.fail("a process was started"))
    for length in [*range(0, len(data), 1024), *range(0, min(len(data), 600), 7), len(data) - 1]:
        with pytest.raises(InvalidInputError):
            decode_exr(data[:length], ["R"])


@pytest.mark.parametrize("tile", [None, TILE])
@pytest.mark.parametrize("kind", ["NO", "ZIP", "PIZ", "DWAB"])
def test_chunks_that_are_not_where_they_must_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, tile: int | None
) -> None:
    data, chunks = original(tmp_path, kind, tile)
    monkeypatch.setattr(exr_decoding, "_unpack_by_library", lambda *_: pytest.fail("a process was started"))
    table, head = chunks.header.num_bytes, 8 if tile is None else 20
    first = int(chunks.starts[0]) - head

    def refused(at: int, layout: str, *values: int) -> None:
        changed = bytearray(data)
        struct.pack_into(layout, changed, at, *values)
        assert bytes(changed) != data
        with pytest.raises(InvalidInputError, match="damaged") as caught:
            decode_exr(bytes(changed), ["R"])
        assert caught.value.hint

    for offset in (0, 8, table, len(data) - 4, len(data), 2**40, 2**63, 2**64 - 1):
        refused(table, "<Q", offset)
    if len(chunks.starts) > 1:
        refused(table, "<Q", int(chunks.starts[1]) - head)  # twice one, the other missing
    for wrong in (0, -1, -(2**31), 2**31 - 1, len(data)):
        refused(first + head - 4, "<i", wrong)
    refused(first, "<i", 1)
    refused(first, "<i", -(2**31))
    if tile is not None:
        for at, wrong in itertools.product((4, 8, 12), (1000, -1, 2**31 - 1, -(2**31))):
            refused(first + at, "<i", wrong)
        # Of a picture of one level there is no other.
        refused(first + 8, "<2i", 1, 1)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_sizes_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    data, _ = original(tmp_path, kind)
    monkeypatch.setattr(exr_decoding, "_unpack_by_library", lambda *_: pytest.fail("a process was started"))
    at = data.find(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    for window in (
        (0, 0, 2**31 - 2, 2**31 - 2),
        (-(2**31), -(2**31), 2**31 - 1, 2**31 - 1),
        (0, 0, 2**28, 0),
        (0, 0, 0, 2**28 - 1),
        (0, 0, 2**14 - 1, 2**14 - 1),
        (0, 0, -1, 10),
        (0, 0, 149, 2**20),
    ):
        changed = bytearray(data)
        struct.pack_into("<4i", changed, at, *window)
        tracemalloc.start()
        with pytest.raises(InvalidInputError, match=r"not fit|damaged"):
            decode_exr(bytes(changed), ["R", "G", "B"])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8 * len(data) + (8 << 20)


def test_tiles_that_cannot_be(tmp_path: Path) -> None:
    data, _ = original(tmp_path, "ZIP", TILE)
    at = data.find(b"tiles\0tiledesc\0") + len(b"tiles\0tiledesc\0") + 4
    for values in (
        (0, 32, 0),
        (32, 0, 0),
        (32, 32, 3),
        (32, 32, 32),
        (2**32 - 1, 2**32 - 1, 0),
        (1, 1, 2),
        (16, 32, 0),
    ):
        changed = bytearray(data)
        struct.pack_into("<IIB", changed, at, *values)
        with pytest.raises(InvalidInputError, match="damaged"):
            decode_exr(bytes(changed), ["R"])


def with_chunk(data: bytes, chunks: Chunks, index: int, packed: bytes) -> bytes:
    """The file with other bytes, of any number, in one chunk."""
    starts, sizes = chunks.starts.copy(), chunks.sizes.copy()
    starts[index], sizes[index] = len(data), len(packed)
    return b"".join(plain_copy(data + packed, dataclasses.replace(chunks, starts=starts, sizes=sizes)))


@pytest.mark.parametrize("kind", BY_LIBRARY)
def test_chunks_that_are_too_short_or_noise(tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str) -> None:
    data, chunks = original(tmp_path, kind)
    packed = data[int(chunks.starts[0]) :][: int(chunks.sizes[0])]
    damaged = [packed[: len(packed) // 2]]
    if kind not in ("B44", "B44A"):  # to which all bytes are pixels
        damaged.append(random.Random(3).randbytes(len(packed)))
    capfd.readouterr()
    for changed in damaged:
        with pytest.raises(InvalidInputError, match="pixels of the OpenEXR file are damaged") as caught:
            decode_exr(with_chunk(data, chunks, 0, changed), ["R", "G", "B"])
        assert caught.value.hint
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["PIZ", "DWAB", "B44A", "RLE"])
def test_flipped_bits(tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str, seed: int) -> None:
    data, chunks = original(tmp_path, kind, TILE if seed % 2 else None)
    chance = random.Random(seed)
    packed = bytearray(data[int(chunks.starts[-1]) :][: int(chunks.sizes[-1])])
    for _ in range(1 + seed):
        packed[int(chance.random() ** 2 * len(packed))] ^= 1 << chance.randrange(8)
    changed = with_chunk(data, chunks, len(chunks.starts) - 1, bytes(packed))
    capfd.readouterr()
    refusal = ""
    try:
        planes = decode_exr(changed, ["R", "G", "B"])
    except InvalidInputError as error:
        refusal = error.message
    assert capfd.readouterr() == ("", "")
    if refusal:
        assert refusal == "The pixels of the OpenEXR file are damaged."
    else:
        # No more can be told than of a bit in a file without compression; the other chunks are as they were.
        whole = by_library(tmp_path / "original.exr")
        last = list(chunks)[-1]
        for plane, name in zip(planes, "RGB", strict=True):
            is_other = np.ones(plane.shape, dtype=bool)
            is_other[last.y : last.y + last.height, last.x : last.x + last.width] = False
            np.testing.assert_array_equal(plane[is_other], whole[name][is_other].astype(np.float32))


@pytest.mark.parametrize("tile", [None, TILE])
def test_headers_with_any_byte_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tile: int | None) -> None:
    data, chunks = original(tmp_path, "DWAA", tile)
    monkeypatch.setattr(exr_decoding, "_run_library", lambda *_: exr_library.EXIT_DAMAGED)
    for at, value in itertools.product(range(chunks.header.num_bytes + 40), (0, 1, 0x7F, 0xFF)):
        changed = bytearray(data)
        changed[at] = value
        with suppress(InvalidInputError):
            (red,) = decode_exr(bytes(changed), ["R"])
            assert red.ndim == 2


def test_more_than_one_part_and_deep_pixels(tmp_path: Path) -> None:
    planes = rgb(ramp(), np.float16)
    parts = [OpenEXR.Part({"type": OpenEXR.scanlineimage}, planes, name) for name in ("a", "b")]
    with OpenEXR.File(parts) as file:
        file.write(str(tmp_path / "a.exr"))
    data, _ = original(tmp_path, "ZIP")
    (tmp_path / "b.exr").write_bytes(data[:4] + struct.pack("<I", 2 | 0x800) + data[8:])
    for name in ("a.exr", "b.exr"):
        with pytest.raises(UnsupportedFormatError, match="several parts or deep pixels") as caught:
            read_radiance_exr(tmp_path / name)
        assert caught.value.path == tmp_path / name
        assert caught.value.hint


def run_fake(result: int | Exception) -> Callable[..., int]:
    def fake(_path: Path, _header: Any, _names: Any, pixels: BinaryIO) -> int:
        if isinstance(result, Exception):
            raise result
        pixels.write(bytes(10))
        return result

    return fake


@pytest.mark.parametrize(
    ("result", "kind", "text"),
    [
        (-11, InvalidInputError, "are damaged"),
        (exr_library.EXIT_DAMAGED, InvalidInputError, "are damaged"),
        (exr_library.EXIT_UNKNOWN, UnsupportedFormatError, "does not know the compression PIZ"),
        (1, InvalidInputError, "cannot be unpacked"),
        (0, InvalidInputError, "are damaged"),  # too few bytes
        (OSError(28, "No space left on device"), InvalidInputError, "No space left on device"),
    ],
)
def test_ends_of_the_library_s_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result: int | Exception, kind: type[Exception], text: str
) -> None:
    data, _ = original(tmp_path, "PIZ")
    monkeypatch.setattr(exr_decoding, "_run_library", run_fake(result))
    with pytest.raises(kind, match=text) as caught:
        decode_exr(data, ["R"])
    assert getattr(caught.value, "hint", None)


def test_a_process_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, _ = original(tmp_path, "PIZ")
    monkeypatch.setattr(exr_decoding, "_TIMEOUT_S", 0.01)
    with pytest.raises(InvalidInputError, match="reasonable time"):
        decode_exr(data, ["R"])


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded by the system")
def test_the_library_s_process_is_bounded(tmp_path: Path) -> None:
    values = np.zeros((4096, 8192), dtype=np.float16)
    exr(tmp_path / "a.exr", {"Y": values}, "RLE")
    command = [sys.executable, "-m", "worldgen.exporters.exr_library", str(tmp_path / "a.exr"), "1"]
    codes = {}
    for megabytes in (2048, 160):
        done = subprocess.run([*command, str(megabytes << 20), "Y"], capture_output=True, check=False)
        codes[megabytes] = done.returncode
        assert done.stderr == b""
        assert len(done.stdout) == (values.nbytes if done.returncode == 0 else 0)
    assert codes[2048] == 0
    assert codes[160] != 0
    unknown = subprocess.run([*command[:-1], "77", str(1 << 31), "Y"], capture_output=True, check=False)
    assert unknown.returncode == exr_library.EXIT_UNKNOWN
