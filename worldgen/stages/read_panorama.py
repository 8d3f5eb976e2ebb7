"""A panorama file → a whole, level panorama at the tier's size."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.color import linear_from_srgb
from worldgen.errors import InvalidInputError
from worldgen.events import RunContext
from worldgen.exporters.pictures import read_picture
from worldgen.geometry.panorama_completion import complete_panorama, place_on_sphere, turn_nearest, turn_panorama
from worldgen.geometry.tilt import TiltEstimate, estimate_tilt
from worldgen.manifest import Estimate, Layer, SourceFile
from worldgen.rendering.tone_mapping import auto_exposure, tone_map
from worldgen.scene.picture import Picture, SphereRegion
from worldgen.storage import sha256_of

PICTURE_FILE = Layer(name="panorama", provenance="given", backend="file")
_ASPECT_SLACK = 0.02
_MIN_SIDE_PX = 16
_TILT_HEIGHT = 512
_LEAST_TILT = math.radians(0.4)
_MOST_TILT = math.radians(10.0)
_SURE_ENOUGH = 0.55
"""Confidence of the tilt from which the panorama is turned level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanoramaOptions:
    """What the user may say about a panorama file; angles in degrees."""

    horizontal_fov_deg: float | None = None
    """How far around it goes; 360 if None and neither the file nor its shape says otherwise."""
    vertical_fov_deg: float | None = None
    """How far from top to bottom, centred on the horizon."""
    level: bool = True
    """Whether a tilt that was found with enough confidence is undone."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeenPanorama:
    """A whole, level panorama.

    picture            (H, 2H, 3) float32  sRGB-encoded colours
    radiance           (H, 2H, 3) float32  linear
    known              (H, 2H)    bool     what the file shows; the rest was continued
    camera_from_level  (3, 3)     float64  the tilt that was undone
    """

    picture: NDArray[np.float32]
    radiance: NDArray[np.float32]
    exposure: float
    known: NDArray[np.bool_]
    camera_from_level: NDArray[np.float64] = field(default_factory=lambda: np.eye(3))
    file: SourceFile | None
    """None where a model painted it."""
    layer: Layer = PICTURE_FILE
    """What made the picture."""
    estimates: tuple[Estimate, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """Rows; there are twice as many columns."""
        return len(self.picture)


def read_panorama(path: Path, options: PanoramaOptions, context: RunContext) -> SeenPanorama:
    """Read a panorama, complete it and turn it level.

    Args:
        path: Any picture that covers the sphere or an upright part of it in equirectangular projection.
        options: What the user says about it.
        context: Its tier sets the size.

    Raises:
        InvalidInputError: The file cannot be used; see also :func:`worldgen.exporters.pictures.read_picture`.
    """
    height = context.tier.panorama_height
    with context.stage("read panorama"):
        picture = read_picture(path, max_width=2 * height)
        if min(picture.file_width, picture.file_height) < _MIN_SIDE_PX:
            raise InvalidInputError(
                f"The picture has {picture.file_width}x{picture.file_height} pixels: too few for a panorama.", path=path
            )
        region = region_of(picture, options, path)
        image, known = place_on_sphere(
            picture.pixels, picture.is_given, region, height, is_radiance=picture.is_radiance
        )
    warnings = list(picture.warnings)
    if not known.all():
        with context.stage("complete panorama"):
            image = complete_panorama(image, known)
        warnings.append(f"{1.0 - _sphere_share(known):.0%} of the sphere is not in the picture and was continued.")
    seen = _with_colors(image, known, picture, path)
    seen = replace(seen, warnings=tuple(warnings))
    if options.level:
        with context.stage("level panorama"):
            seen = _levelled(seen)
    return seen


def region_of(picture: Picture, options: PanoramaOptions, path: Path) -> SphereRegion:
    """The part of the sphere that a picture covers, from the options, its metadata or its shape.

    Raises:
        InvalidInputError: Nothing says which, or what is said does not fit.
    """
    width, height = picture.file_width, picture.file_height
    horizontal, vertical = options.horizontal_fov_deg, options.vertical_fov_deg
    for name, value, most in (("--horizontal-fov", horizontal, 360.0), ("--vertical-fov", vertical, 180.0)):
        if value is not None and not 1.0 <= value <= most:
            raise InvalidInputError(f"{name} must lie in 1 to {most:.0f} degrees.")
    if horizontal is None and vertical is None:
        if picture.metadata.region is not None:
            return picture.metadata.region
        if abs(width / height / 2.0 - 1.0) <= _ASPECT_SLACK:
            return SphereRegion(left=0.0, top=0.0, horizontal=2.0 * math.pi, vertical=math.pi)
        raise InvalidInputError(
            f"The picture has {width}x{height} pixels; a whole panorama is twice as wide as high.",
            hint="Say what it covers with --horizontal-fov and --vertical-fov, or use --image for a photo.",
            path=path,
        )
    # Equirectangular pixels are square in angle, so that one angle gives the other.
    if horizontal is None:
        horizontal = min(360.0, (vertical or 180.0) * width / height)
    if vertical is None:
        vertical = min(180.0, horizontal * height / width)
    return SphereRegion(
        left=math.pi - math.radians(horizontal) / 2.0,
        top=math.pi / 2.0 - math.radians(vertical) / 2.0,
        horizontal=math.radians(horizontal),
        vertical=math.radians(vertical),
    )


def _with_colors(image: NDArray[np.float32], known: NDArray[np.bool_], picture: Picture, path: Path) -> SeenPanorama:
    """Radiance and display colours, whichever of the two the file holds."""
    if picture.is_radiance:
        exposure = auto_exposure(image)
        colors, radiance = tone_map(image, exposure), image
    else:
        exposure = 1.0
        colors = np.clip(image, 0.0, 1.0).astype(np.float32)
        radiance = linear_from_srgb(colors)
    file = SourceFile(
        role="panorama",
        name=path.name,
        sha256=sha256_of(path),
        width=picture.file_width,
        height=picture.file_height,
    )
    return SeenPanorama(picture=colors, radiance=radiance, exposure=exposure, known=known, file=file)


def _levelled(seen: SeenPanorama) -> SeenPanorama:
    step = max(1, seen.height // _TILT_HEIGHT)
    tilt = estimate_tilt(seen.picture[::step, ::step], seen.known[::step, ::step])
    turn = tilt.confidence >= _SURE_ENOUGH and _LEAST_TILT <= tilt.angle <= _MOST_TILT
    estimate = Estimate(
        name="tilt_undone" if turn else "tilt_left",
        value=round(math.degrees(tilt.angle), 3),
        unit="degree",
        origin="estimated",
        confidence=round(tilt.confidence, 3),
    )
    seen = replace(seen, estimates=(*seen.estimates, estimate))
    return _turned(seen, tilt) if turn else seen


def _turned(seen: SeenPanorama, tilt: TiltEstimate) -> SeenPanorama:
    rotation = tilt.camera_from_level
    note = (
        f"The panorama was tilted by {math.degrees(tilt.angle):.1f}° (confidence {tilt.confidence:.2f}) and turned "
        "level."
    )
    return replace(
        seen,
        picture=turn_panorama(seen.picture, rotation),
        radiance=turn_panorama(seen.radiance, rotation),
        known=turn_nearest(seen.known, rotation),
        camera_from_level=rotation,
        warnings=(*seen.warnings, note),
    )


def _sphere_share(known: NDArray[np.bool_]) -> float:
    weight = np.sin((np.arange(len(known)) + 0.5) / len(known) * math.pi)
    return float((known.mean(axis=1) * weight).sum() / weight.sum())
