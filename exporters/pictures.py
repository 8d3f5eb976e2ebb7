"""Photos and panoramas of any usual format, read for what they show.

JPEG, PNG, WebP, TIFF and GIF through Pillow, OpenEXR and Radiance through our own readers. The kind is told by the
file's first bytes, never by its name. Sizes are checked before a pixel is decoded.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.color import LUMINANCE_WEIGHTS
from worldgen.errors import InvalidInputError, UnsupportedFormatError, WorldgenError
from worldgen.exporters.deep_pictures import decode_low_bytes, join_bytes
from worldgen.exporters.exr_decoding import exr_size
from worldgen.exporters.openexr import MAX_HALF, read_radiance_exr
from worldgen.exporters.picture_metadata import metadata_of
from worldgen.exporters.radiance_hdr import read_radiance_hdr
from worldgen.scene.picture import Picture, PictureMetadata
from worldgen.storage import open_for_reading, read_limited

MAX_WIDTH = 16_384
MAX_PIXELS = MAX_WIDTH * MAX_WIDTH // 2
MAX_FILE_BYTES = 1 << 30

_PILLOW_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF")
_FORMATS_HINT = "worldgen reads JPEG, PNG, WebP, TIFF, GIF, OpenEXR and Radiance HDR."
_SMALLER_HINT = "Make it smaller first; a world of the highest tier uses 4096x2048."
_MAX_PROFILE_BYTES = 4 << 20
_OPAQUE = 128
_MOST_RINGS, _RING_REACH_PX = 0.05, 4
"""Share of a radiance picture that may have negative luminance to be mended, and how wide rings are."""
_MOST_INFINITE = 0.01
"""Share of a radiance picture that may be infinitely bright."""
_NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def read_picture(path: Path, *, max_width: int = MAX_WIDTH) -> Picture:
    """Read a photo or panorama, upright, in sRGB or linear radiance.

    Args:
        path: The file. Of an animation the first frame is taken.
        max_width: A picture at least twice as wide is averaged down by a whole factor, to keep memory small.

    Raises:
        InvalidInputError: The file is missing, empty, damaged, too large, or holds NaN or much that is infinite.
        UnsupportedFormatError: It is of another kind.
    """
    with open_for_reading(path) as (file, num_bytes):
        if num_bytes == 0:
            raise InvalidInputError("The picture is empty: the file has no bytes.", path=path)
        if num_bytes > MAX_FILE_BYTES:
            raise InvalidInputError(f"The picture has {num_bytes} bytes; at most {MAX_FILE_BYTES} are read.", path=path)
        head = file.read(16)
    if head.startswith(b"\x76\x2f\x31\x01"):
        try:
            width, height = exr_size(read_limited(path, MAX_FILE_BYTES))
        except InvalidInputError as error:
            error.path = path
            raise
        _require_size(width, height, path)
        return _radiance_picture(read_radiance_exr(path), path, max_width)
    if head.startswith(b"#?"):
        return _radiance_picture(read_radiance_hdr(path), path, max_width)
    return _pillow_picture(path, max_width)


def _radiance_picture(radiance: NDArray[np.float32], path: Path, max_width: int) -> Picture:
    height, width = radiance.shape[:2]
    _require_size(width, height, path)
    radiance, notes = _with_finite_suns(radiance, path)
    small = _averaged(radiance, max(1, width // max_width))
    return Picture(
        pixels=np.maximum(_without_rings(small), np.float32(0.0)),
        is_given=np.ones(small.shape[:2], dtype=bool),
        is_radiance=True,
        file_width=width,
        file_height=height,
        metadata=PictureMetadata(),
        warnings=notes,
    )


def _with_finite_suns(radiance: NDArray[np.float32], path: Path) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Radiance without infinities, and what is to be told of them: a sun that was too bright for half floats."""
    infinite = np.isposinf(radiance)
    if not np.isfinite(radiance[~infinite]).all():
        raise InvalidInputError("The picture holds pixels that are NaN or infinite.", path=path)
    count = int(infinite.any(axis=2).sum())
    if not count:
        return radiance, ()
    if count > _MOST_INFINITE * radiance.shape[0] * radiance.shape[1]:
        raise InvalidInputError(f"The picture holds {count} pixels that are infinite: too many for a sun.", path=path)
    note = f"The picture has {count} infinitely bright pixels; they count as {MAX_HALF:.0f}, the most of a half."
    return np.where(infinite, np.maximum(radiance[~infinite].max(), np.float32(MAX_HALF)), radiance), (note,)


def _without_rings(radiance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Radiance (H, W, 3) with pixels of less than no light like the darkest of their neighbours that have any.

    Programs that make pictures smaller with a sharp filter leave such rings around lamps; cut off at 0 they are black.
    A colour beyond the gamut has a negative channel, too, but light.
    """
    luminance = np.pad(radiance @ LUMINANCE_WEIGHTS, 1, constant_values=np.inf)
    rows, columns = np.nonzero(luminance < 0.0)
    if not 0 < len(rows) <= _MOST_RINGS * luminance.size:
        return radiance
    mended = radiance.copy()
    luminance[rows, columns] = np.inf
    for _ in range(_RING_REACH_PX):
        around = np.stack([luminance[rows + y, columns + x] for y, x in _NEIGHBOURS])
        darkest, least = around.argmin(axis=0), around.min(axis=0)
        found = np.isfinite(least)
        steps = np.array(_NEIGHBOURS)[darkest[found]]
        y, x = rows[found] - 1, columns[found] - 1
        mended[y, x] = mended[y + steps[:, 0], x + steps[:, 1]]
        luminance[y + 1, x + 1] = least[found]
        rows, columns = rows[~found], columns[~found]
    return mended


def _averaged(values: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Means of squares of ``factor`` pixels; what does not fill a square at the right and the bottom is left out."""
    if factor == 1:
        return values
    height, width = values.shape[0] // factor, values.shape[1] // factor
    squares = values[: height * factor, : width * factor].reshape(height, factor, width, factor, -1)
    return squares.mean(axis=(1, 3), dtype=np.float32)


def _pillow_picture(path: Path, max_width: int) -> Picture:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of pictures that are large for it, not for us
            with Image.open(path, formats=_PILLOW_FORMATS) as image:
                return _decoded(image, path, max_width)
    except WorldgenError:
        raise
    except UnidentifiedImageError as error:
        raise UnsupportedFormatError("This is not a picture.", hint=_FORMATS_HINT, path=path) from error
    except Image.DecompressionBombError as error:
        raise InvalidInputError(
            f"The picture has far more pixels than the {MAX_WIDTH}x{MAX_WIDTH // 2} that are read.",
            hint=_SMALLER_HINT,
            path=path,
        ) from error
    except MemoryError as error:
        raise InvalidInputError("There is not enough memory for this picture.", path=path) from error
    except Exception as error:  # decoders meet damaged data in any way
        raise InvalidInputError(
            f"The picture is damaged ({_one_line(error)}).", hint="Copy or export it again.", path=path
        ) from error


def _decoded(image: Any, path: Path, max_width: int) -> Picture:
    from PIL import ImageOps

    _require_size(image.width, image.height, path)
    notes = []
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        notes.append("The picture is animated or has several pages; the first one was taken.")
    low = decode_low_bytes(image, path)  # first, as asking a PNG for its orientation loads it
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    width, height = (image.height, image.width) if turned else image.size
    metadata = metadata_of(image, is_wide=width >= height)
    image.load()
    factor = max(1, width // max_width)
    if low is None:
        pixels, is_given, is_radiance = _pixels_of(ImageOps.exif_transpose(image), factor)
    else:
        is_radiance = False
        pixels, is_given = _deep_pixels_of(ImageOps.exif_transpose(image), low, factor)
    if not np.isfinite(pixels).all():
        raise InvalidInputError("The picture holds pixels that are infinite or no numbers.", path=path)
    return Picture(
        pixels=pixels,
        is_given=is_given,
        is_radiance=is_radiance,
        file_width=width,
        file_height=height,
        metadata=metadata,
        warnings=tuple(notes),
    )


def _pixels_of(image: Any, factor: int) -> tuple[NDArray[np.float32], NDArray[np.bool_], bool]:
    """Pixels, which of them are opaque, and whether they are linear; made smaller by ``factor``."""
    if image.mode == "F" or image.mode.startswith("I"):
        grey = np.asarray(image).astype(np.float32)
        is_radiance = image.mode == "F"
        grey = np.maximum(grey, np.float32(0.0)) if is_radiance else np.clip(grey / np.float32(65535.0), 0.0, 1.0)
        small = _averaged(np.ascontiguousarray(grey)[:, :, None], factor)
        return np.repeat(small, 3, axis=2), np.ones(small.shape[:2], dtype=bool), is_radiance
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("RGB", "L", "CMYK"):
        image = image.convert("RGB")
    if factor > 1:
        height, width = image.height // factor, image.width // factor
        image = image.crop((0, 0, width * factor, height * factor)).reduce(factor)
    is_given = np.ones((image.height, image.width), dtype=bool)
    if image.mode == "RGBA":
        is_given = np.asarray(image.getchannel("A")) >= _OPAQUE
    rgb = np.asarray(_in_srgb(image), dtype=np.float32) / np.float32(255.0)
    return rgb, is_given, False


def _deep_pixels_of(image: Any, low: Any, factor: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Pixels of 16 bits, and which of them are opaque, from the upper and the lower bytes; smaller by ``factor``."""
    high = np.asarray(image.convert("RGB"))
    shown = np.asarray(_in_srgb(image)) if image.info.get("icc_profile") else high
    pixels = join_bytes(high, np.asarray(low)[..., :3], shown, factor)
    is_given = np.ones(pixels.shape[:2], dtype=bool)
    if image.mode == "RGBA":
        alpha = image.getchannel("A")
        if factor > 1:
            alpha = alpha.crop((0, 0, pixels.shape[1] * factor, pixels.shape[0] * factor)).reduce(factor)
        is_given = np.asarray(alpha) >= _OPAQUE
    return pixels, is_given


def _in_srgb(image: Any) -> Any:
    """The image in sRGB, through its colour profile if it brings one that works."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if image.mode == "RGBA":
        image = image.convert("RGB")
    if profile and len(profile) <= _MAX_PROFILE_BYTES:
        try:
            source = ImageCms.getOpenProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(source).lower():
                return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return image.convert("RGB")


def _require_size(width: int, height: int, path: Path) -> None:
    if width < 1 or height < 1 or width > MAX_WIDTH or height > MAX_WIDTH or width * height > MAX_PIXELS:
        raise InvalidInputError(
            f"The picture has {width}x{height} pixels; at most {MAX_WIDTH}x{MAX_WIDTH // 2} are read.",
            hint=_SMALLER_HINT,
            path=path,
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
