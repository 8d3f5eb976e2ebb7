"""The inpaint slot: what a backend that fills in parts of a panorama is given and gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from worldgen.events import RunContext
from worldgen.manifest import ModelRecord
from worldgen.scene.arrays import freeze, require_array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class InpaintRequest:
    """A panorama with parts to fill in.

    picture  (H, 2H, 3) float32  sRGB-encoded; in the parts to fill, a first guess to start from
    unknown  (H, 2H)    bool     the parts to fill

    ``prompt`` says what the filled panorama shall show; ``stream`` names the random stream.
    """

    picture: NDArray[np.float32]
    unknown: NDArray[np.bool_]
    prompt: str
    stream: str

    def __post_init__(self) -> None:
        """Check shapes."""
        picture = require_array("InpaintRequest", "picture", self.picture, ("H", "W", 3), np.float32)
        unknown = require_array("InpaintRequest", "unknown", self.unknown, picture.shape[:2], np.bool_)
        freeze(self, picture=picture, unknown=unknown)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Inpainting:
    """A filled panorama, and which models filled it.

    picture  (H, 2H, 3) float32  sRGB-encoded, 0 to 1; as in the request where that is known
    """

    picture: NDArray[np.float32]
    models: tuple[ModelRecord, ...]

    def __post_init__(self) -> None:
        """Check the shape."""
        freeze(self, picture=require_array("Inpainting", "picture", self.picture, ("H", "W", 3), np.float32))


class InpaintBackend(Protocol):
    """Something that fills in parts of a panorama."""

    def __call__(self, request: InpaintRequest, context: RunContext) -> Inpainting:
        """Fill; a WorldgenError if that fails."""
        ...
