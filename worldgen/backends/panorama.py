"""The panorama slot: what its backends are given and give back.

A backend starts from one of three things: a photo that it closes, a text alone, or the rendering of a built scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.events import RunContext
from worldgen.manifest import ModelRecord
from worldgen.scene.arrays import freeze, require_array
from worldgen.spec.model import WorldSpec


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PhotoRequest:
    """A photo on the sphere whose surroundings are wanted.

    image     (H, 2H, 3) float32  sRGB-encoded; the photo, and its mirror image a little beyond
    known     (H, 2H)    bool     within the photo
    nearness  (H, 2H)    float32  1 within the photo, falling to 0 where the mirror image ends

    ``spec`` is what a prompt said about the photo, or None.
    """

    image: NDArray[np.float32]
    known: NDArray[np.bool_]
    nearness: NDArray[np.float32]
    spec: WorldSpec | None

    def __post_init__(self) -> None:
        """Check shapes."""
        image = require_array("PhotoRequest", "image", self.image, ("H", "W", 3), np.float32)
        freeze(
            self,
            image=image,
            known=require_array("PhotoRequest", "known", self.known, image.shape[:2], np.bool_),
            nearness=require_array("PhotoRequest", "nearness", self.nearness, image.shape[:2], np.float32),
        )
        if not self.known.any():
            raise InvalidInputError("PhotoRequest.known must not be empty.")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClosedPanorama:
    """A panorama around a photo.

    picture          (H, 2H, 3) float32          sRGB-encoded; equal to the request's image where that is known
    euclidean_depth  (H, 2H)    float32 or None  of what was added, in metres for an eye ``eye_height`` over the ground

    ``spec`` is what the surroundings were made from, where there is such a thing.
    """

    picture: NDArray[np.float32]
    euclidean_depth: NDArray[np.float32] | None = None
    eye_height: float | None = None
    spec: WorldSpec | None = None
    provenance: Literal["procedural", "neural"]
    model: str | None = None
    licence: str | None = None
    models: tuple[ModelRecord, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check shapes."""
        picture = require_array("ClosedPanorama", "picture", self.picture, ("H", "W", 3), np.float32)
        freeze(self, picture=picture)
        if self.euclidean_depth is not None:
            if self.eye_height is None:
                raise InvalidInputError("ClosedPanorama.eye_height must be there where the depth is.")
            size = picture.shape[:2]
            depth = require_array(
                "ClosedPanorama", "euclidean_depth", self.euclidean_depth, size, np.float32, finite=False
            )
            freeze(self, euclidean_depth=depth)


class PhotoBackend(Protocol):
    """Something that closes a photo to a panorama."""

    def __call__(self, request: PhotoRequest, context: RunContext) -> ClosedPanorama:
        """Invent what lies around the photo; a WorldgenError if that fails."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRequest:
    """A panorama that is wanted of what a prompt says, (height, 2 * height) pixels."""

    prompt: str
    height: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SceneRequest:
    """A built scene's panorama that shall be painted anew; its geometry stays.

    picture          (H, 2H, 3) float32  the rendering, sRGB-encoded
    euclidean_depth  (H, 2H)    float32  exact, infinite for the sky
    labels           (H, 2H)    uint8    what each pixel shows (``scene.labels``)
    """

    prompt: str
    picture: NDArray[np.float32]
    euclidean_depth: NDArray[np.float32]
    labels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        """Check shapes."""
        picture = require_array("SceneRequest", "picture", self.picture, ("H", "W", 3), np.float32)
        size = picture.shape[:2]
        freeze(
            self,
            picture=picture,
            euclidean_depth=require_array(
                "SceneRequest", "euclidean_depth", self.euclidean_depth, size, np.float32, finite=False
            ),
            labels=require_array("SceneRequest", "labels", self.labels, size, np.uint8),
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PaintedPanorama:
    """What a model painted, and which.

    picture  (H, 2H, 3) float32  sRGB-encoded, 0 to 1, of the size that was asked for
    """

    picture: NDArray[np.float32]
    models: tuple[ModelRecord, ...]
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the shape and range."""
        picture = require_array("PaintedPanorama", "picture", self.picture, ("H", "W", 3), np.float32)
        if picture.shape[1] != 2 * picture.shape[0] or picture.min() < 0.0 or picture.max() > 1.0:
            raise InvalidInputError("PaintedPanorama.picture must be twice as wide as high, with colours in 0 to 1.")
        freeze(self, picture=picture)


class TextBackend(Protocol):
    """Something that paints a panorama of what a prompt says."""

    def __call__(self, request: TextRequest, context: RunContext) -> PaintedPanorama:
        """Paint; a WorldgenError if that fails."""
        ...


class SceneBackend(Protocol):
    """Something that paints a built scene's panorama anew."""

    def __call__(self, request: SceneRequest, context: RunContext) -> PaintedPanorama:
        """Paint over the scene's exact geometry; a WorldgenError if that fails."""
        ...
