"""What picture files say beside their pixels: Google's photo sphere XMP and EXIF's focal length.

Field names after "Photo Sphere XMP Metadata" (Google) and EXIF 2.32 (CIPA DC-008).
"""

from __future__ import annotations

import math
import re
from typing import Any

from worldgen.errors import InvalidInputError
from worldgen.scene.picture import PictureMetadata, SphereRegion

_MAX_XMP_BYTES = 4 << 20
_FIELD = re.compile(rb"(?<!/)GPano:(\w{1,64})(?:\s*=\s*[\"']|>)\s*([^\"'<]{1,64})")
_CROP_FIELDS = (
    "FullPanoWidthPixels",
    "FullPanoHeightPixels",
    "CroppedAreaLeftPixels",
    "CroppedAreaTopPixels",
    "CroppedAreaImageWidthPixels",
    "CroppedAreaImageHeightPixels",
)
_EXIF_BLOCK = 0x8769
_FOCAL_LENGTH_35MM = 0xA405
_FILM_WIDTH_MM = 36.0
_SANE_FOCAL_LENGTHS_MM = (4.0, 2000.0)


def metadata_of(image: Any, *, is_wide: bool) -> PictureMetadata:
    """Metadata of an open Pillow image.

    Args:
        image: Opened, not yet turned upright.
        is_wide: Whether the upright picture is wider than high: the longer side is that of the film.
    """
    xmp = image.info.get("xmp") or b""
    xmp = xmp.encode("utf-8", "ignore") if isinstance(xmp, str) else bytes(xmp)
    return PictureMetadata(region=region_from_xmp(xmp), horizontal_fov=_field_of_view(image, is_wide=is_wide))


def region_from_xmp(xmp: bytes) -> SphereRegion | None:
    """The part of the sphere that photo sphere metadata tell of; None where they tell none, or nonsense."""
    if len(xmp) > _MAX_XMP_BYTES:
        return None
    found = {name.decode("ascii", "ignore"): value.decode("ascii", "ignore") for name, value in _FIELD.findall(xmp)}
    if found.get("ProjectionType", "equirectangular").strip().lower() != "equirectangular":
        return None
    try:
        full_width, full_height, left, top, width, height = (float(found[name]) for name in _CROP_FIELDS)
        if not (full_width >= 1.0 and full_height >= 1.0 and 1.0 <= width and 1.0 <= height and left >= 0.0):
            return None
        return SphereRegion(
            left=left / full_width * 2.0 * math.pi,
            top=top / full_height * math.pi,
            horizontal=width / full_width * 2.0 * math.pi,
            vertical=height / full_height * math.pi,
        )
    except (KeyError, ValueError, OverflowError, InvalidInputError):
        return None


def _field_of_view(image: Any, *, is_wide: bool) -> float | None:
    """Horizontal field of view in radians from the focal length that 35 mm film would need for the same picture."""
    try:
        focal_mm = float(image.getexif().get_ifd(_EXIF_BLOCK).get(_FOCAL_LENGTH_35MM, 0.0))
    except Exception:  # metadata that cannot be parsed are as good as none
        return None
    low, high = _SANE_FOCAL_LENGTHS_MM
    if not low <= focal_mm <= high:
        return None
    film_mm = _FILM_WIDTH_MM if is_wide else _FILM_WIDTH_MM * 2.0 / 3.0
    return 2.0 * math.atan(0.5 * film_mm / focal_mm)
