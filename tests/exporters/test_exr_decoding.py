"""OpenEXR pictures of every compression: what the library wrote comes back, and what is not whole is refused."""

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
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters import exr_decoding, exr_library
from worldgen.exporters.exr_decoding import decode_exr, exr_size
from worldgen.exporters.exr_layout import COMPRESSIONS, Chunks, find_chunks, parse_header, plain_copy
from worldgen.exporters.openexr import read_depth_exr, read_radiance_exr
from worldgen.exporters.pictures import read_picture
from worldgen.randomness import rng

KINDS = {
    name.removesuffix("_COMPRESSION"): value
    for name, value in OpenEXR.Compression.__members__.items()
    if not name.startswith("NUM_")
}
BY_LIBRARY = sorted(set(KINDS) - {"NO", "ZIP", "ZIPS"})
USUAL = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB")
TILE = 32


def ramp(height: int = 75, width: int = 150) -> NDArray[np.float32]:
    """(H, W, 3) with smooth and rough places, dark and far beyond 1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    noise = rng(7, "test/exr").random((height, width, 3), dtype=np.float32)
    base = (np.sin(x / 17.0) + 1.2) * (np.cos(y / 9.0) + 1.5)
    picture = base[:, :, None] * np.array([0.2, 1.0, 40.0], np.float32)
    picture[:, width // 2 :] += noise[:, width // 2 :]
    picture[10:14, 20:24] = 30000.0
    return picture


def exr(path: Path, planes: dict[str, NDArray[Any]], kind: str, tile: int | None = None, **header: Any) -> bytes:
    """Bytes of a file that the library writes."""
    header |= {"compression": KINDS[kind], "type": OpenEXR.scanlineimage}
    if tile is not None:
        tiles = OpenEXR.TileDescription()
        tiles.xSize = tiles.ySize = tile
        header |= {"type": OpenEXR.tiledimage, "tiles": tiles}
    with OpenEXR.File(header, planes) as file:
        file.write(str(path))
    return path.read_bytes()


def rgb(picture: NDArray[Any], dtype: type[np.generic]) -> dict[str, NDArray[Any]]:
    return {name: np.ascontiguousarray(picture[:, :, k]).astype(dtype) for k, name in enumerate("RGB")}


def by_library(path: Path) -> dict[str, NDArray[Any]]:
    with OpenEXR.File(str(path), separate_channels=True) as file:
        assert len(file.parts) == 1
        return {name: channel.pixels.copy() for name, channel in file.channels().items()}


def steps(values: NDArray[np.float16]) -> NDArray[np.int64]:
    """Half floats as numbers of steps, in order."""
    bits = values.view(np.uint16).astype(np.int64)
    return np.where(bits & 0x8000, -(bits & 0x7FFF), bits)


def perceptual(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scale on which DWA rounds: a power of 1/2.2 up to 1, a logarithm beyond."""
    return np.where(values <= 1.0, np.maximum(values, 0.0) ** (1 / 2.2), 1.0 + np.log(np.maximum(values, 1.0)) / 2.2)


def check_pixels(kind: str, dtype: type[np.generic], given: NDArray[Any], read: NDArray[np.float32]) -> None:
    """Whether ``read`` is what the compression may make of ``given``, both (H, W, 3)."""
    if kind in ("B44", "B44A") and dtype is np.float16:
        # A 4x4 block keeps its largest value and differences of 6 bits, in steps of 2**s with the least s for which
        # they fit: 2**(s - 1) was too fine, so the block's range is at least 31 * 2**(s - 1), and that is the error.
        old, new = steps(given), steps(read.astype(np.float16))
        for y, x in itertools.product(range(0, given.shape[0], 4), range(0, given.shape[1], 4)):
            block, back = old[y : y + 4, x : x + 4], new[y : y + 4, x : x + 4]
            spread = np.ptp(block, axis=(0, 1))
            assert (np.abs(back - block) <= spread / 31 + 1).all()
    elif kind == "PXR24" and dtype is np.float32:
        # Eight of 24 bits of the mantissa are rounded away.
        assert (np.abs(read - given) <= np.abs(given) * 2.0**-16).all()
    elif kind in ("DWAA", "DWAB") and dtype is not np.uint32:
        # Each coefficient is off by at most 45e-5 times its step of the JPEG tables, whose sums are 368 (luma) and 512
        # (chroma) times the first; a coefficient moves a pixel by a quarter at most, chroma blue by 1.8556.
        error = np.abs(perceptual(read.astype(np.float64)) - perceptual(given.astype(np.float64)))
        assert error.max() < 45e-5 / 4 * (368 + 1.8556 * 512)
        assert np.sqrt((error**2).mean()) < 5e-3
    elif kind == "LJ2K" and dtype is not np.uint32:
        error = np.abs(perceptual(read.astype(np.float64)) - perceptual(given.astype(np.float64)))
        assert np.sqrt((error**2).mean()) < 5e-2
    else:
        np.testing.assert_array_equal(read, given.astype(np.float32))


CASES = [
    *itertools.product(sorted(KINDS), (None, TILE), (np.float16, np.float32)),
    *((kind, None, np.uint32) for kind in USUAL),
]


@pytest.mark.parametrize(("kind", "tile", "dtype"), CASES)
def test_what_the_library_wrote(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str, tile: int | None, dtype: type[np.generic]
) -> None:
    planes = rgb(ramp(), dtype)
    # With an alpha of another type, which is skipped.
    exr(tmp_path / "a.exr", planes | {"A": np.ones((75, 150), np.float32)}, kind, tile)
    capfd.readouterr()
    read = read_radiance_exr(tmp_path / "a.exr")
    assert capfd.readouterr() == ("", "")
    check_pixels(kind, dtype, np.stack([planes[name] for name in "RGB"], axis=-1), read)
    theirs = by_library(tmp_path / "a.exr")
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(read, np.stack([theirs[name].astype(np.float32) for name in "RGB"], axis=-1))


def test_every_usual_compression_is_known() -> None:
    assert set(USUAL) <= set(KINDS)
    assert {int(value) for value in KINDS.values()} <= set(COMPRESSIONS)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (300, 1), (1, 300), (33, 65)])
@pytest.mark.parametrize(("kind", "tile"), [("ZIP", 16), ("PIZ", None), ("PIZ", 16), ("DWAB", 64), ("NO", 1000)])
def test_pictures_of_any_size(tmp_path: Path, kind: str, tile: int | None, size: tuple[int, int]) -> None:
    values = np.linspace(0.5, 8.0, size[0] * size[1], dtype=np.float32).reshape(size)
    data = exr(tmp_path / "a.exr", {"Z": values}, kind, tile)
    assert exr_size(data) == size[::-1]
    (read,) = decode_exr(data, ["Z"])
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, by_library(tmp_path / "a.exr")["Z"])
    if kind != "DWAB":
        np.testing.assert_array_equal(read, values)


@pytest.mark.parametrize("tile", [None, TILE])
@pytest.mark.parametrize("kind", ["NO", "ZIP", "PIZ"])
def test_windows_and_orders_of_lines(tmp_path: Path, kind: str, tile: int | None) -> None:
    planes = rgb(ramp(), np.float16)
    wanted = np.stack([planes[name] for name in "RGB"], axis=-1)
    for header in (
        {"dataWindow": ((-50, -70), (99, 4)), "displayWindow": ((0, 0), (99, 99))},
        {"lineOrder": OpenEXR.DECREASING_Y},
    ):
        exr(tmp_path / "a.exr", planes, kind, tile, **header)
        np.testing.assert_array_equal(read_radiance_exr(tmp_path / "a.exr"), wanted)


@pytest.mark.parametrize("kind", ["ZIP", "DWAA"])
def test_grey_is_read_and_luminance_without_its_chroma_is_not(tmp_path: Path, kind: str) -> None:
    grey = ramp()[:, :, 1].astype(np.float16)
    exr(tmp_path / "a.exr", {"Y": grey, "A": np.ones_like(grey)}, kind)
    picture = read_picture(tmp_path / "a.exr")
    assert picture.is_radiance
    assert picture.is_given.all()
    np.testing.assert_array_equal(
        picture.pixels, np.repeat(by_library(tmp_path / "a.exr")["Y"][:, :, None].astype(np.float32), 3, axis=2)
    )
    exr(tmp_path / "b.exr", {"Y": grey, "RY": grey, "BY": grey}, kind)
    with pytest.raises(InvalidInputError, match="no channel R"):
        read_radiance_exr(tmp_path / "b.exr")


def test_depth_of_other_kinds(tmp_path: Path) -> None:
    depth = ramp()[:, :, 2] + np.float32(0.1)
    depth[:10] = np.inf
    for kind, tile in (("PIZ", None), ("ZIPS", TILE), ("RLE", TILE)):
        exr(tmp_path / "a.exr", {"Z": depth}, kind, tile)
        np.testing.assert_array_equal(read_depth_exr(tmp_path / "a.exr"), depth)


def pyramid(mode: int, rounds_up: bool, width: int = 45, height: int = 21) -> tuple[bytes, NDArray[np.float32]]:
    """A file of uncompressed 8x4 tiles with all levels, written here, and its finest level."""
    finest = np.arange(width * height, dtype="<f4").reshape(height, width)

    def sides(side: int) -> list[int]:
        found = [side]
        while found[-1] > 1:
            found.append(-(-side // 2 ** len(found)) if rounds_up else side // 2 ** len(found))
        return found

    across, down = sides(width), sides(height)
    if mode == 1:
        count = max(len(across), len(down))
        levels = [(k, k, (across + [1] * count)[k], (down + [1] * count)[k]) for k in range(count)]
    else:
        levels = [(kx, ky, w, h) for ky, h in enumerate(down) for kx, w in enumerate(across)]
    tiles = []
    for level_x, level_y, level_width, level_height in levels:
        level = finest if (level_x, level_y) == (0, 0) else np.full((level_height, level_width), 7.0, "<f4")
        for row, column in itertools.product(range(-(-level_height // 4)), range(-(-level_width // 8))):
            pixels = level[row * 4 : row * 4 + 4, column * 8 : column * 8 + 8].tobytes()
            tiles.append(struct.pack("<5i", column, row, level_x, level_y, len(pixels)) + pixels)
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    head = b"\x76\x2f\x31\x01" + struct.pack("<I", 2 | 0x200)
    for name, text, value in (
        ("channels", "chlist", b"Z\0" + struct.pack("<4I", 2, 0, 1, 1) + b"\0"),
        ("compression", "compression", b"\0"),
        ("dataWindow", "box2i", window),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", b"\0"),
        ("pixelAspectRatio", "float", struct.pack("<f", 1.0)),
        ("screenWindowCenter", "v2f", bytes(8)),
        ("screenWindowWidth", "float", struct.pack("<f", 1.0)),
        ("tiles", "tiledesc", struct.pack("<IIB", 8, 4, mode | rounds_up << 4)),
    ):
        head += name.encode() + b"\0" + text.encode() + b"\0" + struct.pack("<I", len(value)) + value
    head += b"\0"
    ends = list(itertools.accumulate(map(len, tiles), initial=len(head) + 8 * len(tiles)))
    return head + struct.pack(f"<{len(tiles)}Q", *ends[:-1]) + b"".join(tiles), finest


@pytest.mark.parametrize("rounds_up", [False, True])
@pytest.mark.parametrize("mode", [1, 2])
def test_the_finest_of_several_levels(tmp_path: Path, mode: int, rounds_up: bool) -> None:
    data, finest = pyramid(mode, rounds_up)
    (tmp_path / "a.exr").write_bytes(data)
    np.testing.assert_array_equal(by_library(tmp_path / "a.exr")["Z"], finest)
    np.testing.assert_array_equal(decode_exr(data, ["Z"])[0], finest)
    header = parse_header(data)
    num_finest = 6 * 6
    last = header.num_bytes + 8 * num_finest
    # Coarser levels may be left out, as the library's own writer does; they may not lie elsewhere.
    absent = data[:last] + bytes(8) + data[last + 8 :]
    np.testing.assert_array_equal(decode_exr(absent, ["Z"])[0], finest)
    for changed in (
        data[:-1],
        data[: last - 8] + bytes(8) + data[last:],
        data[:last] + struct.pack("<Q", len(data)) + data[last + 8 :],
        data[:last] + data[last - 8 : last] + data[last + 8 :],
    ):
        with pytest.raises(InvalidInputError, match="damaged"):
            decode_exr(changed, ["Z"])


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
