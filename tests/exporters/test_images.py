"""PNG, JPEG, OpenEXR and Radiance pictures, read back by Pillow and the OpenEXR library."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from worldgen.errors import ExportError, InvalidInputError, UnsupportedFormatError
from worldgen.exporters.images import write_color_jpeg, write_color_png, write_labels_png, write_normals_png
from worldgen.exporters.openexr import (
    read_depth_exr,
    read_radiance_exr,
    write_depth_exr,
    write_radiance_exr,
)
from worldgen.exporters.png import encode_png
from worldgen.exporters.radiance_hdr import (
    decode_radiance_hdr,
    encode_radiance_hdr,
    linear_from_rgbe,
    read_radiance_hdr,
    rgbe_from_linear,
    write_radiance_hdr,
)
from worldgen.randomness import rng
from worldgen.scene.labels import LABELS


def smooth_picture(height: int, width: int, channels: int) -> NDArray[np.uint8]:
    row, column = np.indices((height, width))
    planes = [(row * (k + 1) + column * (3 - k)) // 2 % 256 for k in range(channels)]
    return np.stack(planes, axis=-1).astype(np.uint8)


def radiance(height: int, width: int, *, brightest: float = 1e4) -> NDArray[np.float32]:
    values = rng(1, "test/radiance").uniform(np.log(1e-4), np.log(brightest), (height, width, 3))
    picture = np.exp(values).astype(np.float32)
    picture[0] = 0.0
    picture[height // 2, 5 : 5 + width // 2] = (1.0, 0.5, 0.25)
    return picture


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 300),
    width=st.integers(1, 40),
    channels=st.integers(1, 4),
    is_noise=st.booleans(),
)
def test_png_is_lossless(height: int, width: int, channels: int, is_noise: bool) -> None:
    pixels = smooth_picture(height, width, channels)
    if is_noise:
        pixels = rng(height, "test/noise").integers(0, 256, pixels.shape, dtype=np.uint8)
    if channels == 1:
        pixels = pixels[:, :, 0]
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_png(pixels)))), pixels)


def chunks_of(data: bytes) -> list[bytes]:
    names, at = [], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        body = data[at + 4 : at + 8 + length]
        assert zlib.crc32(body) == struct.unpack_from(">I", data, at + 8 + length)[0]
        names.append(body[:4])
        at += 12 + length
    return names


def test_png_holds_no_time_and_no_text() -> None:
    assert chunks_of(encode_png(smooth_picture(9, 9, 3))) == [b"IHDR", b"sRGB", b"IDAT", b"IEND"]
    assert chunks_of(encode_png(smooth_picture(9, 9, 3), is_srgb=False)) == [b"IHDR", b"IDAT", b"IEND"]


def test_png_is_no_larger_than_pillow_s() -> None:
    pixels = smooth_picture(256, 512, 3) + rng(1, "test/grain").integers(0, 4, (256, 512, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    assert len(encode_png(pixels)) < 1.1 * len(buffer.getvalue())


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 0, 3), (4, 4, 5), (4,)])
def test_png_refuses_what_is_no_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError):
        encode_png(np.zeros(shape, dtype=np.uint8))


def test_color_files(tmp_path: Path) -> None:
    pixels = smooth_picture(64, 128, 3) // 2
    write_color_png(pixels, tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), pixels)
    for name in ("a.jpg", "b.jpg"):
        report = write_color_jpeg(pixels, tmp_path / name)
        assert report.num_bytes == (tmp_path / name).stat().st_size
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.size == (128, 64)
        assert np.abs(np.asarray(image).astype(int) - pixels).mean() < 3.0
    with pytest.raises(InvalidInputError):
        write_color_png(pixels.astype(np.float32), tmp_path / "c.png")  # type: ignore[arg-type]
    assert not (tmp_path / "c.png").exists()


def test_normals(tmp_path: Path) -> None:
    normals = rng(2, "test/normals").normal(size=(20, 30, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    normals[3] = 0.0
    write_normals_png(normals, tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png")).astype(np.float32)
    assert (pixels[3] == 128).all()
    np.testing.assert_allclose((pixels - 128.0) / 127.0, normals, atol=0.5 / 127.0 + 1e-6)


def test_labels_keep_their_numbers_and_wear_their_colours(tmp_path: Path) -> None:
    labels = (np.arange(40 * 60) % len(LABELS)).reshape(40, 60).astype(np.uint8)
    write_labels_png(labels, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), labels)
        colors = np.array([label.color for label in LABELS])
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), colors[labels])
    with pytest.raises(InvalidInputError, match="palette"):
        write_labels_png(labels + np.uint8(len(LABELS)), tmp_path / "b.png")


def test_radiance_exr(tmp_path: Path) -> None:
    picture = radiance(40, 80)
    for name in ("a.exr", "b.exr"):
        report = write_radiance_exr(picture, tmp_path / name)
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()
    assert len(report.dropped) == 1
    np.testing.assert_allclose(read_radiance_exr(tmp_path / "a.exr"), picture, rtol=1 / 2048, atol=1e-7)


def test_radiance_beyond_half_floats_is_clamped_and_told(tmp_path: Path) -> None:
    picture = radiance(40, 80)
    picture[7, 7] = 1e6
    assert "1 pixels brighter" in write_radiance_exr(picture, tmp_path / "a.exr").dropped[1]
    assert (read_radiance_exr(tmp_path / "a.exr")[7, 7] == 65504.0).all()


def test_depth_exr_is_exact(tmp_path: Path) -> None:
    depth = radiance(40, 80)[:, :, 0] + np.float32(0.1)
    depth[:10] = np.inf
    write_depth_exr(depth, tmp_path / "a.exr")
    np.testing.assert_array_equal(read_depth_exr(tmp_path / "a.exr"), depth)
    with pytest.raises(InvalidInputError, match="no channel R"):
        read_radiance_exr(tmp_path / "a.exr")
    depth[0, 0] = np.nan
    with pytest.raises(InvalidInputError, match="NaN"):
        write_depth_exr(depth, tmp_path / "b.exr")


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.uint32])
@pytest.mark.parametrize("compression", ["NO_COMPRESSION", "ZIPS_COMPRESSION", "ZIP_COMPRESSION"])
def test_exr_that_the_library_wrote(tmp_path: Path, kind: type[np.generic], compression: str) -> None:
    planes = {name: (radiance(37, 21)[:, :, k] * 3.0).astype(kind) for k, name in enumerate("RGB")}
    header = {"compression": getattr(OpenEXR, compression), "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, {**planes, "A": np.ones((37, 21), np.float32)}) as file:
        file.write(str(tmp_path / "a.exr"))
    expected = np.stack([planes[name].astype(np.float32) for name in "RGB"], axis=-1)
    np.testing.assert_array_equal(read_radiance_exr(tmp_path / "a.exr"), expected)


def test_exr_that_the_library_reads(tmp_path: Path) -> None:
    picture = radiance(40, 80)
    write_radiance_exr(picture, tmp_path / "a.exr")
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        pixels = file.channels()["RGB"].pixels
    assert pixels.dtype == np.float16
    np.testing.assert_array_equal(pixels.astype(np.float32), read_radiance_exr(tmp_path / "a.exr"))


def test_exr_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.exr").write_bytes(b"no picture")
    with pytest.raises(InvalidInputError, match="not an OpenEXR"):
        read_depth_exr(tmp_path / "a.exr")
    write_depth_exr(np.ones((8, 16), dtype=np.float32), tmp_path / "b.exr")
    whole = (tmp_path / "b.exr").read_bytes()
    data = bytearray(whole)
    at = data.find(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    struct.pack_into("<iiii", data, at, 0, 0, 2**31 - 2, 2**31 - 2)
    (tmp_path / "b.exr").write_bytes(bytes(data))
    with pytest.raises(InvalidInputError, match="does not fit"):
        read_depth_exr(tmp_path / "b.exr")
    for length in range(0, len(whole), 5):
        (tmp_path / "b.exr").write_bytes(whole[:length])
        with pytest.raises(InvalidInputError):
            read_depth_exr(tmp_path / "b.exr")


def test_exr_into_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ExportError) as caught:
        write_depth_exr(np.ones((8, 16), dtype=np.float32), tmp_path / "file" / "a.exr")
    assert caught.value.format_id == "depth_exr"


@pytest.mark.parametrize(("height", "width"), [(64, 128), (3, 7), (5, 8), (4, 600)])
def test_radiance_hdr(tmp_path: Path, height: int, width: int) -> None:
    picture = radiance(height, width)
    report = write_radiance_hdr(picture, tmp_path / "a.hdr")
    assert report.num_bytes == (tmp_path / "a.hdr").stat().st_size
    again = read_radiance_hdr(tmp_path / "a.hdr")
    # Half a step of the mantissa, whose largest is at least 128 steps.
    assert (np.abs(again - picture) <= picture.max(axis=-1, keepdims=True) / 256.0 * 1.001).all()
    np.testing.assert_array_equal(decode_radiance_hdr(encode_radiance_hdr(again)), again)


def test_radiance_hdr_runs_are_short(tmp_path: Path) -> None:
    flat = np.full((64, 1024, 3), 0.7, dtype=np.float32)
    assert len(encode_radiance_hdr(flat)) < 64 * 100
    noise = radiance(64, 1024)
    assert len(encode_radiance_hdr(noise)) < 64 * 1024 * 4 * 1.02 + 100


@given(st.lists(st.floats(-125.0, 127.9), min_size=3, max_size=3))
def test_rgbe_of_any_number(exponents: list[float]) -> None:
    value = np.exp2(np.array(exponents)).astype(np.float32)
    with np.errstate(over="raise", invalid="raise"):
        again = linear_from_rgbe(rgbe_from_linear(value))
    bound = max(value.max() / 256.0 * 1.001, 2.0**-127)
    if value.max() < 2.0**126:
        assert (np.abs(again.astype(np.float64) - value) <= bound).all()


def test_radiance_hdr_with_old_and_foreign_rows() -> None:
    rgbe = np.arange(1, 2 * 20 * 4 + 1, dtype=np.uint8).reshape(2, 20, 4)
    flat = b"#?RGBE\nSOFTWARE=x\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 20\n" + rgbe.tobytes()
    np.testing.assert_array_equal(decode_radiance_hdr(flat), linear_from_rgbe(rgbe))
    for size in (b"+Y 2 +X 20", b"-Y 2 -X 20", b"+X 2 -Y 20"):
        with pytest.raises(UnsupportedFormatError):
            decode_radiance_hdr(flat.replace(b"-Y 2 +X 20", size))


@pytest.mark.parametrize("size", [b"-Y 999999 +X 999999", b"-Y 100000 +X 30000", b"-Y 0 +X 20", b"-Y 3 +X 20"])
def test_radiance_hdr_sizes_that_the_file_does_not_bear_out(size: bytes) -> None:
    data = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n" + size + b"\n" + bytes(161)
    with pytest.raises(InvalidInputError):
        decode_radiance_hdr(data)


def test_radiance_must_be_a_picture(tmp_path: Path) -> None:
    for bad in (np.full((4, 4, 3), np.nan, np.float32), np.full((4, 4, 3), -1.0, np.float32), np.ones((4, 4, 3))):
        with pytest.raises(InvalidInputError):
            write_radiance_hdr(bad, tmp_path / "a.hdr")
