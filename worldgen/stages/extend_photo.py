"""A photo file → a panorama around it, by a backend of the panorama slot, and its depth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.model_options import DiffusionOptions
from worldgen.backends.panorama import ClosedPanorama, PhotoBackend, PhotoRequest
from worldgen.color import linear_from_srgb
from worldgen.errors import InvalidInputError, UsageError
from worldgen.events import RunContext
from worldgen.exporters.pictures import read_picture
from worldgen.geometry.panorama_completion import complete_panorama
from worldgen.geometry.photo_placement import photo_camera, photo_on_sphere
from worldgen.geometry.photo_pose import PhotoPose, estimate_pose
from worldgen.manifest import Estimate, Layer, SourceFile
from worldgen.registry import find_backend
from worldgen.rendering.tone_mapping import auto_exposure, tone_map
from worldgen.scene.picture import Picture
from worldgen.spec.model import WorldSpec
from worldgen.stages.compile_kernels import compile_kernels
from worldgen.stages.estimate_depth import SeenDepth
from worldgen.stages.paint_panorama import make_backend
from worldgen.stages.read_panorama import SeenPanorama
from worldgen.storage import sha256_of

DEFAULT_FOV_DEG = 65.0
_FOVS_DEG = (10.0, 130.0)
_MIN_SIDE_PX = 32
_INVENTED_CONFIDENCE = 0.9
"""The invented part's depth is exact, but is it what was there?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoOptions:
    """What the user may say about a photo."""

    fov_deg: float | None = None
    """Horizontal field of view in degrees; None asks the file's metadata, and takes 65 if they are silent."""
    backend: str | None = None
    """Id of a backend of the panorama slot that closes photos; None takes ``extend``."""
    model: DiffusionOptions = field(default_factory=DiffusionOptions)
    """For backends that run a model."""

    def __post_init__(self) -> None:
        """Check the field of view."""
        if self.fov_deg is not None and not _FOVS_DEG[0] <= self.fov_deg <= _FOVS_DEG[1]:
            raise UsageError(f"--fov must lie in {_FOVS_DEG[0]:.0f} to {_FOVS_DEG[1]:.0f} degrees.")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ExtendedPhoto:
    """The panorama around a photo, what it was made from, and how near each pixel is to the photo."""

    panorama: SeenPanorama
    closed: ClosedPanorama
    nearness: NDArray[np.float32]


def extend_photo(path: Path, options: PhotoOptions, spec: WorldSpec | None, context: RunContext) -> ExtendedPhoto:
    """Read a photo, place it on the sphere and close it to a panorama.

    Args:
        path: The photo.
        options: What the user says about it.
        spec: What a prompt said about it, or None.
        context: Tier, seed and events.

    Raises:
        InvalidInputError: The file cannot be used.
        BackendUnavailableError: There is no such backend, or it lacks something.
    """
    entry = find_backend("panorama", options.backend or "extend")
    if entry.starts_from not in ("photo", None):
        raise UsageError(f"The panorama backend '{entry.id}' closes no photos.", hint="Leave --image out.")
    backend: PhotoBackend = make_backend(entry, options.model)
    height = context.tier.panorama_height
    with context.stage("read photo"):
        picture = read_picture(path, max_width=4 * height)
        if min(picture.file_width, picture.file_height) < _MIN_SIDE_PX:
            size = f"{picture.file_width}x{picture.file_height}"
            raise InvalidInputError(f"The picture has {size} pixels: too few for a photo.", path=path)
        colors = _display_colors(picture)
        fov, fov_estimate = _field_of_view(picture, options)
        pose = estimate_pose(colors, fov)
        rows, columns = colors.shape[:2]
        camera = photo_camera(height=rows, width=columns, horizontal_fov=fov, pitch=pose.pitch, roll=pose.roll)
        image, known, nearness = photo_on_sphere(colors, camera, height)
        if not known.any():
            raise InvalidInputError("The photo is smaller than a pixel of the panorama.", path=path)
    compile_kernels(("prompt", "picture"), context)
    with context.stage("extend photo"):
        closed = backend(PhotoRequest(image=image, known=known, nearness=nearness, spec=spec), context)
    file = SourceFile(
        role="photo",
        name=path.name,
        sha256=sha256_of(path),
        width=picture.file_width,
        height=picture.file_height,
    )
    panorama = SeenPanorama(
        picture=closed.picture,
        radiance=linear_from_srgb(closed.picture),
        exposure=1.0,
        known=known,
        file=file,
        layer=Layer(
            name="panorama",
            provenance=closed.provenance,
            backend=options.backend or "extend",
            model=closed.model,
            licence=closed.licence,
            models=closed.models,
        ),
        estimates=(fov_estimate, *_pose_estimates(pose)),
        warnings=(*picture.warnings, *closed.warnings),
    )
    return ExtendedPhoto(panorama=panorama, closed=closed, nearness=nearness)


def join_depth(depth: SeenDepth, extended: ExtendedPhoto) -> SeenDepth:
    """Take the invented part's own depth where there is one, crossing over to the photo's near its borders."""
    exact, eye_height = extended.closed.euclidean_depth, extended.closed.eye_height
    if exact is None or eye_height is None:
        return depth
    exact = exact * np.float32(depth.camera_height / eye_height)
    share = extended.nearness
    ours, theirs = np.isfinite(depth.euclidean_depth), np.isfinite(exact)
    both = ours & theirs
    mixed = np.where(share >= 0.5, depth.euclidean_depth, exact)
    with np.errstate(divide="ignore", invalid="ignore"):
        blend = np.exp(np.log(depth.euclidean_depth) * share + np.log(exact) * (1.0 - share))
    mixed = np.where(both, blend, mixed).astype(np.float32)
    confidence = depth.confidence * share + np.float32(_INVENTED_CONFIDENCE) * (1.0 - share)
    return replace(depth, euclidean_depth=mixed, confidence=confidence.astype(np.float32))


def _display_colors(picture: Picture) -> NDArray[np.float32]:
    """sRGB-encoded colours; transparent parts are filled so that nothing is missing within the photo."""
    colors = picture.pixels
    if picture.is_radiance:
        colors = tone_map(colors, auto_exposure(colors))
    if picture.is_given.all():
        return colors
    if not picture.is_given.any():
        raise InvalidInputError("The picture is transparent everywhere.")
    rows, columns = colors.shape[:2]
    side = 1 << max(max(rows, -(-columns // 2)) - 1, 1).bit_length()
    canvas = np.zeros((side, 2 * side, 3), dtype=np.float32)
    known = np.zeros((side, 2 * side), dtype=bool)
    canvas[:rows, :columns], known[:rows, :columns] = colors, picture.is_given
    filled: NDArray[np.float32] = complete_panorama(canvas, known)[:rows, :columns]
    return filled


def _field_of_view(picture: Picture, options: PhotoOptions) -> tuple[float, Estimate]:
    if options.fov_deg is not None:
        degrees, origin = options.fov_deg, "given"
    elif picture.metadata.horizontal_fov is not None:
        degrees, origin = math.degrees(picture.metadata.horizontal_fov), "metadata"
        degrees = min(max(degrees, _FOVS_DEG[0]), _FOVS_DEG[1])
    else:
        degrees, origin = DEFAULT_FOV_DEG, "default"
    row = {"name": "horizontal_fov", "value": round(degrees, 3), "unit": "degree", "origin": origin}
    return math.radians(degrees), Estimate.model_validate(row)


def _pose_estimates(pose: PhotoPose) -> tuple[Estimate, Estimate]:
    origin = "default" if pose.origin == "default" else "estimated"
    confidence = None if pose.origin == "default" else round(pose.confidence, 3)

    def row(name: str, angle: float) -> Estimate:
        values = {"name": name, "value": round(math.degrees(angle), 3), "unit": "degree", "origin": origin}
        return Estimate.model_validate(values | {"confidence": confidence})

    return row("pitch", pose.pitch), row("roll", pose.roll)
