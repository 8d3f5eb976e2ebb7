"""The depth slot: what a depth backend is given and what it gives back.

A backend is a class whose instances are called: ``target`` in the registry names the class, whose constructor takes
what the user chose for it by keyword (a file, a folder of weights, a device).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.events import RunContext
from worldgen.manifest import ModelRecord
from worldgen.scene.arrays import freeze, require_array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DepthRequest:
    """A level panorama whose depth is wanted.

    rgb    (H, 2H, 3) float32  sRGB-encoded, 0 to 1
    known  (H, 2H)    bool     False where the picture was continued by guesswork

    ``camera_height`` is in metres over the ground beneath; None where the user did not say. ``camera_from_level`` is
    the rotation that was undone, for depth that is aligned with the tilted picture.
    """

    rgb: NDArray[np.float32]
    known: NDArray[np.bool_]
    camera_height: float | None
    camera_from_level: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check shapes."""
        rgb = require_array("DepthRequest", "rgb", self.rgb, ("H", "W", 3), np.float32)
        if rgb.shape[1] != 2 * rgb.shape[0]:
            raise InvalidInputError("DepthRequest.rgb must be twice as wide as high.")
        freeze(self, rgb=rgb, known=require_array("DepthRequest", "known", self.known, rgb.shape[:2], np.bool_))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DepthEstimate:
    """What a backend says about the depth of a panorama.

    euclidean_depth  (H, 2H) float32  along each ray, infinite for the sky
    confidence       (H, 2H) float32  0 to 1, by the backend's own honest judgement

    Where ``is_metric`` is false the unit is unknown, and the pipeline scales the depth by the camera's height.
    ``facts`` are names and values for the manifest; ``model``, ``licence`` and ``models`` tell of neural ones.
    """

    euclidean_depth: NDArray[np.float32]
    confidence: NDArray[np.float32]
    is_metric: bool
    provenance: Literal["estimated", "neural", "given"]
    model: str | None = None
    licence: str | None = None
    models: tuple[ModelRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check shapes and ranges."""
        depth = require_array(
            "DepthEstimate", "euclidean_depth", self.euclidean_depth, ("H", "W"), np.float32, finite=False
        )
        if not (depth > 0.0).all():
            raise InvalidInputError("DepthEstimate.euclidean_depth must be positive, with +inf for the sky.")
        confidence = require_array("DepthEstimate", "confidence", self.confidence, depth.shape, np.float32)
        if confidence.min() < 0.0 or confidence.max() > 1.0:
            raise InvalidInputError("DepthEstimate.confidence must lie in 0 to 1.")
        freeze(self, euclidean_depth=depth, confidence=confidence)


class DepthBackend(Protocol):
    """Something that tells the depth of a panorama."""

    def __call__(self, request: DepthRequest, context: RunContext) -> DepthEstimate:
        """Estimate the depth at the size of the request's picture; a WorldgenError if that fails."""
        ...
