"""Compressed and tiled OpenEXR files: what the library wrote comes back."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray

from tests.exr_files import KINDS, TILE, USUAL, by_library, exr, ramp, rgb
from worldgen.errors import InvalidInputError
from worldgen.exporters.exr_decoding import decode_exr, exr_size
from worldgen.exporters.exr_layout import COMPRESSIONS, parse_header
from worldgen.exporters.openexr import read_depth_exr, read_radiance_exr
from worldgen.exporters.pictures import read_picture


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
