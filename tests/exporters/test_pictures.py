"""Pictures from outside: every kind is read for what it shows, and nothing else gets in."""

from __future__ import annotations

import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from worldgen.errors import InvalidInputError, WorldgenError
from worldgen.exporters.openexr import write_radiance_exr
from worldgen.exporters.picture_metadata import region_from_xmp
from worldgen.exporters.pictures import MAX_WIDTH, read_picture
from worldgen.exporters.radiance_hdr import write_radiance_hdr
from worldgen.randomness import rng

QUADRANTS = np.array([[[230, 30, 30], [30, 220, 40]], [[40, 50, 210], [240, 230, 60]]], dtype=np.uint8)


def quarters(height: int = 64) -> NDArray[np.uint8]:
    """Red, green, blue and yellow quarters, (height, 2 * height, 3)."""
    return np.repeat(np.repeat(QUADRANTS, height // 2, axis=0), height, axis=1)


def corners(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = pixels.shape[:2]
    return pixels[[height // 4, height // 4, 3 * height // 4, 3 * height // 4]][
        [0, 1, 2, 3], [width // 4, 3 * width // 4, width // 4, 3 * width // 4]
    ]


EXPECTED = QUADRANTS.reshape(4, 3) / 255.0


@pytest.mark.parametrize(
    ("name", "mode", "options", "tolerance"),
    [
        ("a.jpg", "RGB", {"quality": 95}, 0.02),
        ("a.png", "RGB", {}, 1e-6),
        ("a.webp", "RGB", {"lossless": True}, 1e-6),
        ("a.tiff", "RGB", {"compression": "tiff_lzw"}, 1e-6),
        ("palette.png", "P", {}, 0.02),
        ("palette.gif", "P", {}, 0.02),
        ("cmyk.jpg", "CMYK", {"quality": 95}, 0.03),
        ("cmyk.tiff", "CMYK", {}, 0.02),
        ("wrong_suffix.txt", "RGB", {"format": "PNG"}, 1e-6),
    ],
)
def test_every_kind_shows_the_same(
    tmp_path: Path, name: str, mode: str, options: dict[str, object], tolerance: float
) -> None:
    image = Image.fromarray(quarters())
    image = image.quantize(16) if mode == "P" else image.convert(mode)
    image.save(tmp_path / name, **options)  # type: ignore[arg-type]
    picture = read_picture(tmp_path / name)
    assert (picture.file_width, picture.file_height, picture.is_radiance) == (128, 64, False)
    assert picture.is_given.all()
    assert np.abs(corners(picture.pixels) - EXPECTED).max() <= tolerance


def test_sixteen_bits_and_grey_are_read(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64 * 32).reshape(32, 64).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "grey.png")
    picture = read_picture(tmp_path / "grey.png")
    assert np.abs(picture.pixels[..., 1] - ramp / 65535.0).max() < 1e-6
    Image.fromarray(quarters()).convert("L").save(tmp_path / "l.jpg")
    assert np.ptp(read_picture(tmp_path / "l.jpg").pixels, axis=2).max() == 0.0


def deep_png(values: NDArray[np.uint16], *, interlaced: bool = False) -> bytes:
    """A PNG of 16 bits per channel, written by hand, in plain rows or in Adam7's seven passes."""
    height, width, channels = values.shape
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b""
    for top, left, down, across in passes:
        for row in values[top::down, left::across].astype(">u2"):
            rows += b"\0" + row.tobytes()
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, int(interlaced))
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def deep_tiff(
    values: NDArray[np.uint16], order: str, compression: int, orientation: int = 1, profile: bytes = b""
) -> bytes:
    """A TIFF of 16 bits per channel in one strip, written by hand: plain (1) or deflated with differences (8)."""
    height, width, channels = values.shape
    stored = values if compression == 1 else np.diff(values, axis=1, prepend=np.zeros_like(values[:, :1]))
    strip = stored.astype(f"{order}u2").tobytes()
    strip = strip if compression == 1 else zlib.compress(strip)
    strip += b"\0" * (len(strip) % 2)
    bits = struct.pack(f"{order}{channels}H", *(channels * [16]))
    after = 8 + len(strip)
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, channels, after),
        (259, 3, 1, compression),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
        (274, 3, 1, orientation),
        (277, 3, 1, channels),
        (278, 4, 1, height),
        (279, 4, 1, len(strip)),
        (317, 3, 1, 1 if compression == 1 else 2),
    ]
    if channels == 4:
        entries.append((338, 3, 1, 2))
    if profile:
        entries.append((34675, 7, len(profile), after + len(bits)))
    directory = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in sorted(entries):
        packed = struct.pack(f"{order}HH", value, 0) if kind == 3 and count == 1 else struct.pack(f"{order}I", value)
        directory += struct.pack(f"{order}HHI", tag, kind, count) + packed
    first = after + len(bits) + len(profile)
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, first)
    return head + strip + bits + profile + directory + struct.pack(f"{order}I", 0)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", ["png", "interlaced png", "<tiff 1", ">tiff 1", "<tiff 8", ">tiff 8"])
def test_sixteen_bits_of_colour_are_read_whole(tmp_path: Path, kind: str, channels: int) -> None:
    values = rng(0, "test bytes").integers(0, 65536, (24, 41, channels)).astype(np.uint16)
    if "png" in kind:
        data = deep_png(values, interlaced=kind.startswith("inter"))
    else:
        data = deep_tiff(values, kind[0], int(kind[-1]))
    path = tmp_path / "deep"
    path.write_bytes(data)
    picture = read_picture(path)
    assert np.abs(picture.pixels - values[..., :3] / 65535.0).max() < 1e-6
    assert (picture.is_given == ((values[..., 3] >> 8) >= 128 if channels == 4 else True)).all()
    small = read_picture(path, max_width=20)
    expected = (values[..., :3] / 65535.0)[:, :40].reshape(12, 2, 20, 2, 3).mean(axis=(1, 3))
    assert np.abs(small.pixels - expected).max() < 1e-6
    for size in range(0, len(data) - 1, max(1, len(data) // 15)):
        path.write_bytes(data[:size])
        try:
            cut = read_picture(path)
        except WorldgenError:
            continue
        assert cut.pixels.shape == picture.pixels.shape


@pytest.mark.parametrize("interlaced", [False, True])
def test_sixteen_bits_of_grey_with_alpha_are_read_whole(tmp_path: Path, interlaced: bool) -> None:
    values = rng(2, "test bytes").integers(0, 65536, (24, 41, 2)).astype(np.uint16)
    (tmp_path / "a.png").write_bytes(deep_png(values, interlaced=interlaced))
    picture = read_picture(tmp_path / "a.png")
    assert np.abs(picture.pixels - values[..., :1] / 65535.0).max() < 1e-6
    assert (picture.is_given == ((values[..., 1] >> 8) >= 128)).all()
    exif = Image.Exif()
    exif[0x0112] = 6
    data = exif.tobytes()[6:]
    chunk = struct.pack(">I", len(data)) + b"eXIf" + data + struct.pack(">I", zlib.crc32(b"eXIf" + data))
    png = deep_png(values, interlaced=interlaced)
    (tmp_path / "b.png").write_bytes(png[:33] + chunk + png[33:])
    turned = read_picture(tmp_path / "b.png")
    assert np.abs(turned.pixels - np.rot90(values[..., :1], -1) / 65535.0).max() < 1e-6


def test_sixteen_bits_are_turned_upright_and_keep_fine_steps_through_a_profile(tmp_path: Path) -> None:
    values = rng(1, "test bytes").integers(0, 65536, (6, 9, 3)).astype(np.uint16)
    (tmp_path / "a.tiff").write_bytes(deep_tiff(values, "<", 8, orientation=6))
    turned = read_picture(tmp_path / "a.tiff")
    assert np.abs(turned.pixels - np.rot90(values, -1) / 65535.0).max() < 1e-6

    # A dark ramp of 256 values spans one step of 8 bits.
    ramp = np.repeat((30_000 + np.arange(256, dtype=np.uint16)).reshape(1, 256, 1), 3, axis=2)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    (tmp_path / "b.tiff").write_bytes(deep_tiff(ramp, ">", 1, profile=profile))
    seen = read_picture(tmp_path / "b.tiff").pixels[0, :, 1]
    assert len(np.unique(seen)) > 200
    eight = Image.fromarray((ramp >> 8).astype(np.uint8))
    eight.save(tmp_path / "b8.tiff", icc_profile=profile)
    assert np.abs(seen - read_picture(tmp_path / "b8.tiff").pixels[0, :, 1]).max() < 0.005


def test_radiance_files_stay_linear(tmp_path: Path) -> None:
    radiance = np.linspace(0.01, 30.0, 16 * 32 * 3, dtype=np.float32).reshape(16, 32, 3)
    write_radiance_exr(radiance, tmp_path / "a.exr")
    write_radiance_hdr(radiance, tmp_path / "a.hdr")
    for name, tolerance in (("a.exr", 1e-3), ("a.hdr", 2e-2)):
        picture = read_picture(tmp_path / name)
        assert picture.is_radiance
        assert np.abs(picture.pixels / radiance - 1.0).max() < tolerance
    assert read_picture(tmp_path / "a.exr", max_width=16).pixels.shape == (8, 16, 3)


def test_rings_around_lamps_become_what_is_around_them(tmp_path: Path) -> None:
    """A sharp filter leaves less than no light around a lamp; a colour beyond the gamut is something else."""
    radiance = np.full((32, 64, 3), 0.5, dtype=np.float32)
    radiance[:, :, 2] = 0.25
    wall = radiance.copy()
    radiance[10:15, 20:25] = -7.0
    radiance[11:14, 21:24] = 400.0
    radiance[0, 0] = radiance[31, 63] = -1.0
    radiance[20, 40] = (-0.2, 0.9, -0.1)
    wall[11:14, 21:24] = 400.0
    wall[20, 40] = (0.0, 0.9, 0.0)
    write_radiance_exr(radiance, tmp_path / "a.exr")
    np.testing.assert_allclose(read_picture(tmp_path / "a.exr").pixels, wall, rtol=1e-3)
    # A picture that is negative at large is none with rings.
    write_radiance_exr(-radiance, tmp_path / "b.exr")
    np.testing.assert_allclose(read_picture(tmp_path / "b.exr").pixels, np.maximum(-radiance, 0.0), rtol=1e-3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_undone(tmp_path: Path, orientation: int) -> None:
    """What a camera stores turned or mirrored comes out as the quarters stand."""
    upright = Image.fromarray(quarters())
    stored_from_upright = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(stored_from_upright[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    picture = read_picture(tmp_path / "a.png")
    assert (picture.file_width, picture.file_height) == (128, 64)
    assert np.abs(corners(picture.pixels) - EXPECTED).max() < 1e-6


def test_focal_length_gives_the_field_of_view(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 24
    for turned, film_mm in ((False, 36.0), (True, 24.0)):
        pixels = quarters().swapaxes(0, 1) if turned else quarters()
        Image.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / "a.jpg", exif=exif)
        fov = read_picture(tmp_path / "a.jpg").metadata.horizontal_fov
        assert fov == pytest.approx(2.0 * math.atan(film_mm / 48.0))


def test_photo_sphere_metadata_tell_the_crop(tmp_path: Path) -> None:
    fields = {
        "FullPanoWidthPixels": 4000,
        "FullPanoHeightPixels": 2000,
        "CroppedAreaLeftPixels": 1000,
        "CroppedAreaTopPixels": 500,
        "CroppedAreaImageWidthPixels": 2000,
        "CroppedAreaImageHeightPixels": 900,
    }
    for text in (
        " ".join(f'GPano:{name}="{value}"' for name, value in fields.items()),
        "".join(f"<GPano:{name}>{value}</GPano:{name}>" for name, value in fields.items()),
    ):
        xmp = f"<x:xmpmeta><rdf:Description {text} GPano:ProjectionType='equirectangular'/></x:xmpmeta>".encode()
        Image.fromarray(quarters()).save(tmp_path / "a.jpg", xmp=xmp)
        region = read_picture(tmp_path / "a.jpg").metadata.region
        assert region is not None
        assert (region.left, region.top) == pytest.approx((math.pi / 2, math.pi / 4))
        assert (region.horizontal, region.vertical) == pytest.approx((math.pi, 0.45 * math.pi))
    assert region_from_xmp(xmp.replace(b"900", b"1900")) is None  # beyond the pole
    assert region_from_xmp(xmp.replace(b"900", b"nan")) is None
    assert region_from_xmp(xmp.replace(b"equirectangular", b"cylindrical")) is None
    assert region_from_xmp(b"GPano" * 3_000_000) is None


def test_transparency_is_missing_and_profiles_are_followed(tmp_path: Path) -> None:
    rgba = np.dstack([quarters(), np.full((64, 128), 255, dtype=np.uint8)])
    rgba[:16, :, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    assert not picture.is_given[:16].any()
    assert picture.is_given[16:].all()
    # A profile whose red and green are exchanged.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace("sRGB".encode("utf-16-be"), "qRGB".encode("utf-16-be"))
    profile = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    Image.fromarray(quarters()).save(tmp_path / "other.png", icc_profile=profile)
    exchanged = corners(read_picture(tmp_path / "other.png").pixels)
    assert np.abs(exchanged - EXPECTED[:, [1, 0, 2]]).max() < 0.02
    Image.fromarray(quarters()).save(tmp_path / "bad.png", icc_profile=b"no profile at all")
    assert np.abs(corners(read_picture(tmp_path / "bad.png").pixels) - EXPECTED).max() < 1e-6


def test_animations_give_their_first_frame_and_say_so(tmp_path: Path) -> None:
    frames = [Image.fromarray(quarters()), Image.fromarray(quarters()[::-1].copy())]
    for name in ("a.webp", "a.png", "a.gif"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        picture = read_picture(tmp_path / name)
        assert "animated" in picture.warnings[0]
        assert np.abs(corners(picture.pixels) - EXPECTED).max() < 0.05


def test_large_pictures_are_averaged_down(tmp_path: Path) -> None:
    stripes = np.zeros((64, 128, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    Image.fromarray(stripes).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png", max_width=64)
    assert picture.pixels.shape == (32, 64, 3)
    assert np.allclose(picture.pixels, 100 / 255, atol=1e-6)


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture at all",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"#?RADIANCE\n",
        b"\x76\x2f\x31\x01",
        b"II*\0\xff\xff\xff\xff",
        b"GIF89a",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        png_of_size(30_000, 15_000),
        png_of_size(30_000, 2),
        png_of_size(16_000, 16_000),
        png_of_size(2_000_000_000, 2_000_000_000),
        png_of_size(1024, 512),
    ],
)
def test_what_is_no_picture_is_told_in_one_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    with pytest.raises(InvalidInputError) as caught:
        read_picture(path)
    assert caught.value.path == path
    assert "\n" not in caught.value.message


def half_float_exr(path: Path, pixels: NDArray[np.float16]) -> None:
    import OpenEXR

    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, {"RGB": pixels}) as file:
        file.write(str(path))


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_what_is_no_radiance_is_refused(tmp_path: Path, value: float) -> None:
    pixels = np.ones((8, 16, 3), dtype=np.float16)
    pixels[3, 4, 1] = value
    half_float_exr(tmp_path / "a.exr", pixels)
    with pytest.raises(InvalidInputError, match=r"NaN"):
        read_picture(tmp_path / "a.exr")


def test_a_sun_beyond_half_floats_is_taken_for_their_brightest(tmp_path: Path) -> None:
    pixels = np.full((16, 32, 3), 0.25, dtype=np.float16)
    pixels[3, 4] = np.inf
    pixels[3, 5, 0] = np.inf
    half_float_exr(tmp_path / "a.exr", pixels)
    picture = read_picture(tmp_path / "a.exr")
    assert "2 infinitely bright pixels" in picture.warnings[0]
    expected = np.where(np.isinf(pixels), 65504.0, pixels).astype(np.float32)
    assert np.array_equal(picture.pixels, expected)


def test_a_picture_of_infinity_is_refused(tmp_path: Path) -> None:
    pixels = np.full((16, 32, 3), np.inf, dtype=np.float16)
    half_float_exr(tmp_path / "a.exr", pixels)
    with pytest.raises(InvalidInputError, match="too many for a sun"):
        read_picture(tmp_path / "a.exr")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tiff", "a.gif", "a.exr", "a.hdr"])
def test_cut_and_damaged_files_never_crash(tmp_path: Path, name: str) -> None:
    """Any prefix and any flipped byte gives a picture of sane values or an error of ours."""
    rng = np.random.Generator(np.random.PCG64(5))
    if name.endswith((".exr", ".hdr")):
        radiance = rng.random((16, 32, 3)).astype(np.float32)
        {"a.exr": write_radiance_exr, "a.hdr": write_radiance_hdr}[name](radiance, tmp_path / name)
    else:
        Image.fromarray(quarters()).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    refused = 0
    for trial in range(24):
        data = bytearray(whole)
        if trial % 2:
            data = data[: int(rng.integers(1, len(whole)))]
        else:
            for place in rng.integers(0, len(whole), 4):
                data[place] ^= int(rng.integers(1, 256))
        (tmp_path / name).write_bytes(bytes(data))
        try:
            picture = read_picture(tmp_path / name)
            assert np.isfinite(picture.pixels).all()
            assert picture.file_width <= MAX_WIDTH
        except WorldgenError:
            refused += 1
    assert refused >= 6


def test_reading_a_buffer_of_the_full_width_works(tmp_path: Path) -> None:
    """16384 columns are the most that is read, and they are read."""
    buffer = io.BytesIO()
    Image.new("RGB", (MAX_WIDTH, 64), (10, 20, 30)).save(buffer, "PNG")
    (tmp_path / "wide.png").write_bytes(buffer.getvalue())
    assert read_picture(tmp_path / "wide.png", max_width=1024).pixels.shape == (4, 1024, 3)
