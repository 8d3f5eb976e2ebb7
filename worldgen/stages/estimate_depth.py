"""A level panorama → its depth in metres, by a backend of the depth slot."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.depth import DepthBackend, DepthEstimate, DepthRequest
from worldgen.backends.model_options import DepthModelOptions
from worldgen.errors import InvalidInputError, UsageError
from worldgen.events import RunContext
from worldgen.exporters.depth_files import read_euclidean_depth
from worldgen.geometry.ground_field import estimate_camera_height
from worldgen.manifest import Estimate, Layer, SourceFile
from worldgen.registry import find_backend, load_backend
from worldgen.stages.read_panorama import SeenPanorama
from worldgen.storage import sha256_of

DEFAULT_CAMERA_HEIGHT = 1.6
_HEIGHTS = (0.05, 500.0)
_FARTHEST_M = 1e5


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthOptions:
    """What the user may say about the depth."""

    backend: str | None = None
    """Id of a backend of the depth slot; None takes ``given`` where there is a file, ``transformers`` where a model is
    named, and otherwise ``geometric``."""
    file: Path | None = None
    metres_per_step: float | None = None
    camera_height: float | None = None
    """Metres over the ground; None believes metric depth, and takes 1.6 for any other."""
    model: DepthModelOptions = field(default_factory=DepthModelOptions)
    """For backends that run a network."""

    def __post_init__(self) -> None:
        """Check the camera height."""
        height = self.camera_height
        if height is not None and not _HEIGHTS[0] <= height <= _HEIGHTS[1]:
            raise UsageError(f"--camera-height must lie in {_HEIGHTS[0]} to {_HEIGHTS[1]:.0f} metres.")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeenDepth:
    """Depth of a panorama in metres, with what is known about it.

    euclidean_depth  (H, 2H) float32  infinite for the sky
    confidence       (H, 2H) float32  0 to 1
    """

    euclidean_depth: NDArray[np.float32]
    confidence: NDArray[np.float32]
    camera_height: float
    layer: Layer
    estimates: tuple[Estimate, ...]
    file: SourceFile | None = None
    warnings: tuple[str, ...] = ()


def estimate_depth(
    panorama: SeenPanorama, options: DepthOptions, context: RunContext, backend: DepthBackend | None = None
) -> SeenDepth:
    """Run the depth backend and bring its result to metres.

    Args:
        panorama: Whole and level.
        options: What the user says about its depth.
        context: Events.
        backend: The backend, where :func:`make_depth_backend` has made it already.

    Raises:
        BackendUnavailableError: There is no such backend, or it lacks something.
        InvalidInputError: The depth shows nothing below the camera.
    """
    backend_id = _backend_id(options)
    backend = backend or make_depth_backend(options)
    with context.stage("depth"):
        request = DepthRequest(
            rgb=panorama.picture,
            known=panorama.known,
            camera_height=options.camera_height,
            camera_from_level=panorama.camera_from_level,
        )
        estimate = backend(request, context)
        if estimate.euclidean_depth.shape != panorama.known.shape:
            raise InvalidInputError(f"The depth backend '{backend_id}' gave a depth of another size.")
        return _in_metres(estimate, options, backend_id)


def _backend_id(options: DepthOptions) -> str:
    by_default = "given" if options.file else "transformers" if options.model.weights else "geometric"
    return options.backend or by_default


def make_depth_backend(options: DepthOptions) -> DepthBackend:
    """The backend that the options name; errors as in :func:`estimate_depth`."""
    backend_id = _backend_id(options)
    entry = find_backend("depth", backend_id)
    if backend_id == "given":
        depth = None
        if options.file is not None:
            depth = read_euclidean_depth(options.file, metres_per_step=options.metres_per_step)
        backend: DepthBackend = load_backend(entry)(euclidean_depth=depth)
    else:
        if options.file is not None:
            raise UsageError(f"--depth gives the depth, so --depth-backend {backend_id} has nothing to do.")
        backend = load_backend(entry)(options=options.model) if entry.takes_options else load_backend(entry)()
    return backend


def _in_metres(estimate: DepthEstimate, options: DepthOptions, backend_id: str) -> SeenDepth:
    seen_height = estimate_camera_height(estimate.euclidean_depth)
    wanted = options.camera_height
    if wanted is None and not estimate.is_metric:
        wanted = DEFAULT_CAMERA_HEIGHT
    scale = 1.0 if wanted is None else wanted / seen_height
    depth = estimate.euclidean_depth * np.float32(scale)
    # What is farther than any land can be is sky, and float32 stays exact.
    depth = np.where(depth > _FARTHEST_M, np.float32(np.inf), depth).astype(np.float32)
    origin: Literal["given", "estimated", "default"]
    origin = "given" if options.camera_height is not None else "estimated" if wanted is None else "default"
    height = Estimate(name="camera_height", value=round(wanted or seen_height, 4), unit="metre", origin=origin)
    facts = [
        Estimate(name=name, value=round(value, 4), unit="", origin="estimated")
        for name, value in estimate.facts.items()
    ]
    return SeenDepth(
        euclidean_depth=depth,
        confidence=estimate.confidence,
        camera_height=wanted or seen_height,
        layer=Layer(
            name="euclidean_depth",
            provenance=estimate.provenance,
            backend=backend_id,
            model=estimate.model,
            licence=estimate.licence,
            models=estimate.models,
        ),
        estimates=(height, *facts),
        file=None if options.file is None else _source_file(options.file, estimate.euclidean_depth),
        warnings=estimate.warnings,
    )


def _source_file(path: Path, depth: NDArray[np.float32]) -> SourceFile:
    return SourceFile(role="depth", name=path.name, sha256=sha256_of(path), width=depth.shape[1], height=depth.shape[0])
