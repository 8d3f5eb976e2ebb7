"""A prompt → a panorama that a model painted, ready to be reconstructed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from worldgen.backend_table import BackendEntry
from worldgen.backends.model_options import DiffusionOptions
from worldgen.backends.panorama import PaintedPanorama, TextBackend, TextRequest
from worldgen.color import linear_from_srgb
from worldgen.errors import InvalidInputError
from worldgen.events import RunContext
from worldgen.manifest import Layer
from worldgen.registry import find_backend, load_backend
from worldgen.stages.read_panorama import SeenPanorama


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintOptions:
    """Who paints a prompt's panorama: a backend of the panorama slot, and what it is told about its model."""

    backend: str | None = None
    """None, or ``procedural``, leaves the panorama as it is path traced."""
    model: DiffusionOptions = field(default_factory=DiffusionOptions)

    @property
    def is_chosen(self) -> bool:
        """Whether anybody shall paint."""
        return self.backend not in (None, "procedural")

    def entry(self) -> BackendEntry:
        """The backend's row in the table; BackendUnavailableError if there is none."""
        return find_backend("panorama", self.backend or "procedural")


def make_backend(entry: BackendEntry, model: DiffusionOptions) -> Any:
    """The backend itself, told about its model if it takes that."""
    return load_backend(entry)(options=model) if entry.takes_options else load_backend(entry)()


def paint_panorama(prompt: str, options: PaintOptions, context: RunContext) -> SeenPanorama:
    """Let a backend paint what a prompt says.

    Raises:
        BackendUnavailableError: There is no such backend, or it lacks something.
        InvalidInputError: What it painted has another size.
    """
    entry = options.entry()
    backend: TextBackend = make_backend(entry, options.model)
    height = context.tier.panorama_height
    with context.stage("paint panorama"):
        painted = backend(TextRequest(prompt=prompt, height=height), context)
    if len(painted.picture) != height:
        raise InvalidInputError(f"The panorama backend '{entry.id}' painted another size.")
    return SeenPanorama(
        picture=painted.picture,
        radiance=linear_from_srgb(painted.picture),
        exposure=1.0,
        known=np.ones(painted.picture.shape[:2], dtype=bool),
        file=None,
        layer=painted_layer(painted, entry.id),
        warnings=painted.warnings,
    )


def painted_layer(painted: PaintedPanorama, backend_id: str) -> Layer:
    """The manifest's entry for a painted panorama."""
    first = painted.models[0] if painted.models else None
    return Layer(
        name="panorama",
        provenance="neural",
        backend=backend_id,
        model=None if first is None else first.name,
        licence=None if first is None else first.licence,
        models=painted.models,
    )
