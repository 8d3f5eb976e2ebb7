"""Panoramas that do not cover the whole sphere: placed on it, and the missing parts filled.

What lies above goes on as sky, what lies below as ground: colours by a membrane, and below the horizon the texture of
the ground around, taken over in the plane of the ground so that it keeps its scale.
"""

from __future__ import annotations

import math
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.equirectangular import equirectangular_rays, pixels_from_rays, sample_equirectangular
from worldgen.geometry.membranes import fill_smoothly, meet_border
from worldgen.scene.picture import SphereRegion

ScalarT = TypeVar("ScalarT", bound=np.generic)

_WRAP_PX = 16
_RIM_REACH = math.radians(5.0)
"""How far from the border the known part says what the missing part looks like."""
_DETAIL_REACH = math.radians(3.0)
"""What varies over more than this counts as colour, over less as texture."""
_GROUND_START = 0.08
"""Sine of the angle below the horizon from which texture is laid on the ground."""
_WIDEST_HOLE = 6.0
"""Radius of the hole in the ground, in camera heights, up to which the texture around fills it."""


def place_on_sphere(
    pixels: NDArray[np.float32],
    is_given: NDArray[np.bool_],
    region: SphereRegion,
    height: int,
    *,
    is_radiance: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Resample a picture that covers part of the sphere to an equirectangular image.

    Args:
        pixels: (h, w, 3) float32.
        is_given: (h, w), which of them count.
        region: What they cover.
        height: Rows wanted.
        is_radiance: Whether the pixels are linear, so that a lamp may be thousands of times brighter than what is near.

    Returns:
        (height, 2 * height, 3) float32, 0 where nothing is known, and (height, 2 * height) bool, where something is.
    """
    width = 2 * height
    columns = min(max(1, round(region.horizontal / (2.0 * math.pi) * width)), width)
    rows = min(max(1, round(region.vertical / math.pi * height)), height)
    wraps = columns == width
    small = resized(pixels, columns, rows, wraps=wraps, overshoots=not is_radiance)
    share = resized(is_given.astype(np.float32)[..., None], columns, rows, wraps=wraps)[..., 0]
    top = min(max(0, round(region.top / math.pi * height)), height - rows)
    left = round(region.left / (2.0 * math.pi) * width)
    image = np.zeros((height, width, 3), dtype=np.float32)
    known = np.zeros((height, width), dtype=bool)
    where = (np.arange(columns) + left) % width
    image[top : top + rows, where] = small
    known[top : top + rows, where] = share > 0.99
    image[~known] = 0.0
    if not known.any():
        raise InvalidInputError("The picture is transparent everywhere.")
    return image, known


def complete_panorama(image: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Fill the missing parts of a panorama plausibly.

    Args:
        image: (H, 2H, 3) float32, not negative; H is a power of two.
        known: (H, 2H).

    Returns:
        (H, 2H, 3) float32; what was known is unchanged.
    """
    if known.all():
        return image
    smooth = fill_smoothly(image, _rim(known).astype(np.float32))
    fill = smooth + _ground_detail(image, known)
    return np.maximum(meet_border(fill, image, known), np.float32(0.0))


def _rim(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Known pixels near missing ones: what is filled shall not know of the ground when it goes on as sky."""
    from scipy.ndimage import binary_dilation

    height = known.shape[0]
    reach = max(2, round(_RIM_REACH / math.pi * height))
    wrapped = np.pad(~known, ((0, 0), (reach, reach)), mode="wrap")
    return known & binary_dilation(wrapped, iterations=reach)[:, reach:-reach]


def _ground_detail(image: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Texture for the missing ground: copies of the ground around, moved in its plane by three shifts and mixed."""
    height = image.shape[0]
    rays = equirectangular_rays(height)
    below = -rays[..., 1]
    missing = ~known & (below > _GROUND_START)
    if not missing.any() or not (known & (below > _GROUND_START)).any():
        return np.zeros_like(image)
    plane = rays[..., [0, 2]][missing] / below[missing][:, None]
    radius = float(np.percentile(np.linalg.norm(plane, axis=1), 99.0))
    if radius > _WIDEST_HOLE:
        return np.zeros_like(image)
    detail = image - _blurred(image, known)
    source = np.concatenate([np.where(known[..., None], detail, 0.0), known[..., None]], axis=-1).astype(np.float32)
    angle = np.arctan2(plane[:, 1], plane[:, 0])
    near = np.clip(np.linalg.norm(plane, axis=1) / max(radius, 1e-6), 0.0, 1.0)
    total = np.zeros((len(plane), 3), dtype=np.float32)
    power = np.full(len(plane), 1e-6, dtype=np.float32)
    for turn in (0.0, 2.0 * math.pi / 3.0, 4.0 * math.pi / 3.0):
        shift = 2.05 * radius * np.array([math.cos(turn), math.sin(turn)])
        moved = plane + shift
        toward = np.stack([moved[:, 0], np.full(len(plane), -1.0), moved[:, 1]], axis=1)
        sample = sample_equirectangular(source, toward)
        # Each copy rules the side that it was taken from; in the middle all three mix.
        weight = (0.34 + near * (0.5 * np.cos(angle - turn) + 0.16)).clip(0.0, None) * sample[:, 3]
        total += sample[:, :3] * weight[:, None].astype(np.float32)
        power += (weight * weight).astype(np.float32)
    result = np.zeros_like(image)
    result[missing] = total / np.sqrt(power)[:, None]
    return result


def _blurred(image: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """A normalised Gaussian of about ``_DETAIL_REACH``, wrapping around."""
    from scipy.ndimage import gaussian_filter

    sigma = _DETAIL_REACH / math.pi * image.shape[0]
    weight = known.astype(np.float32)
    modes: tuple[Literal["nearest"], Literal["wrap"]] = ("nearest", "wrap")
    share = gaussian_filter(weight, sigma, mode=modes)
    sums = np.stack(
        [gaussian_filter(image[..., channel] * weight, sigma, mode=modes) for channel in range(image.shape[2])], axis=-1
    )
    return np.asarray(sums / np.maximum(share, 1e-6)[..., None], dtype=np.float32)


def resized(
    values: NDArray[np.float32], columns: int, rows: int, *, wraps: bool, overshoots: bool = True
) -> NDArray[np.float32]:
    """Antialiased resampling; a picture that goes all around is continued beyond its seam first.

    Enlarging is cubic, which sharpens edges by what it goes beyond them. Around a sun that is a black ring, so radiance
    wants ``overshoots=False``: then no pixel leaves the range of the four around its place.
    """
    from PIL import Image

    height, width = values.shape[:2]
    if (height, width) == (rows, columns):
        return values
    pad = min(_WRAP_PX, width) if wraps else 0
    box = (float(pad), 0.0, float(pad + width), float(height))
    wide = np.pad(values, ((0, 0), (pad, pad), (0, 0)), mode="wrap") if pad else values
    # Bilinear with support scaled to the reduction: no overshoot, which radiance would not bear.
    planes = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(wide[..., channel])).resize(
                (columns, rows), Image.Resampling.BILINEAR if rows <= height else Image.Resampling.BICUBIC, box=box
            )
        )
        for channel in range(values.shape[2])
    ]
    image = np.stack(planes, axis=-1)
    if overshoots or rows <= height:
        return np.clip(image, float(values.min()), float(values.max())).astype(np.float32)
    above, below = _places_around(rows, height, wraps=False)
    left, right = _places_around(columns, width, wraps=wraps)
    least, most = np.minimum(values[above], values[below]), np.maximum(values[above], values[below])
    least, most = np.minimum(least[:, left], least[:, right]), np.maximum(most[:, left], most[:, right])
    return np.clip(image, least, most).astype(np.float32)


def _places_around(count: int, size: int, *, wraps: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each of ``count`` pixels, the two of ``size`` between which its centre lies."""
    before = np.floor((np.arange(count) + 0.5) * size / count - 0.5).astype(np.int64)
    after = before + 1
    return (before % size, after % size) if wraps else (np.maximum(before, 0), np.minimum(after, size - 1))


def resample_nearest(values: NDArray[ScalarT], height: int) -> NDArray[ScalarT]:
    """(height, 2 * height, ...) nearest samples of an equirectangular map, such as depth, that must not be mixed."""
    if values.shape[0] == height:
        return values
    rows = ((np.arange(height) + 0.5) / height * values.shape[0]).astype(np.int64)
    columns = ((np.arange(2 * height) + 0.5) / height * values.shape[0]).astype(np.int64)
    return values[rows[:, None], columns[None, :]]


def turn_panorama(image: NDArray[np.float32], source_from_target: NDArray[np.float64]) -> NDArray[np.float32]:
    """An equirectangular image (H, 2H, C) seen from a turned camera, bilinear.

    Args:
        image: In the source camera.
        source_from_target: (3, 3) rotation that takes rays of the new camera to the old one.
    """
    return sample_equirectangular(image, equirectangular_rays(image.shape[0]) @ source_from_target.T)


def turn_nearest(values: NDArray[ScalarT], source_from_target: NDArray[np.float64]) -> NDArray[ScalarT]:
    """As :func:`turn_panorama` for a (H, 2H) map whose values must not be mixed."""
    height = values.shape[0]
    columns, rows = pixels_from_rays(equirectangular_rays(height) @ source_from_target.T, height)
    return values[np.minimum(rows.astype(np.int64), height - 1), np.minimum(columns.astype(np.int64), 2 * height - 1)]
