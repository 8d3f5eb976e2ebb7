"""Who fills the hidden background of seen worlds: exemplars alone, or a model of the inpaint slot after them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.inpaint import InpaintBackend, InpaintRequest
from worldgen.backends.model_options import DiffusionOptions
from worldgen.events import RunContext
from worldgen.manifest import ModelRecord
from worldgen.registry import find_backend
from worldgen.stages.paint_panorama import make_backend

_PROMPT = "empty background scenery"
_NEARER = 0.87
"""What is nearer than this part of the background's distance beside it stands in front of it."""
_FRONT_SHARE = 0.08
"""Part of the panorama's height up to which surfaces in front are kept from the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InpaintOptions:
    """What the user may say about the filling of hidden background."""

    backend: str | None = None
    """Id of a backend of the inpaint slot; None takes ``diffusers-inpaint`` where a model is named, else exemplars."""
    model: DiffusionOptions = field(default_factory=DiffusionOptions)


class BackgroundFiller:
    """Lets a backend of the inpaint slot paint hidden layers, and remembers which models it used."""

    def __init__(self, backend: InpaintBackend, prompt: str | None, context: RunContext) -> None:
        """Hold the backend."""
        self._backend = backend
        self._prompt = f"{_PROMPT}, {prompt}" if prompt else _PROMPT
        self._context = context
        self._calls = 0
        self.models: tuple[ModelRecord, ...] = ()

    def __call__(
        self, filled: NDArray[np.float32], hidden_depth: NDArray[np.float32], front_depth: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Paint a hidden layer anew; arguments and result as ``take_apart`` says."""
        self._calls += 1
        targets = np.isfinite(hidden_depth)
        request = InpaintRequest(
            picture=filled,
            unknown=targets | in_front(hidden_depth, front_depth),
            prompt=self._prompt,
            stream=f"background/{self._calls}",
        )
        done = self._backend(request, self._context)
        self.models = done.models
        return np.where(targets[..., None], done.picture, filled).astype(np.float32)


def make_background_filler(
    options: InpaintOptions | None, prompt: str | None, context: RunContext
) -> BackgroundFiller | None:
    """The filler that the options name; None leaves hidden background to the exemplars.

    Raises:
        BackendUnavailableError: There is no such backend, or it lacks something.
    """
    if options is None:
        return None
    backend_id = options.backend or ("diffusers-inpaint" if options.model.weights else "procedural")
    entry = find_backend("inpaint", backend_id)
    if backend_id == "procedural":
        return None
    return BackgroundFiller(make_backend(entry, options.model), prompt, context)


def in_front(hidden_depth: NDArray[np.float32], front_depth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(H, 2H) which pixels beside hidden background show something nearer: a model must not continue that.

    Args:
        hidden_depth: (H, 2H) metres, infinite where nothing is hidden.
        front_depth: (H, 2H) what stands before it.
    """
    from scipy.ndimage import distance_transform_edt

    targets = np.isfinite(hidden_depth)
    height = len(targets)
    margin = max(1, int(_FRONT_SHARE * height))
    wide = np.pad(targets, ((0, 0), (margin, margin)), mode="wrap")
    distance, (rows, columns) = distance_transform_edt(~wide, return_indices=True)
    inner = slice(margin, -margin)
    behind = hidden_depth[rows[:, inner], (columns[:, inner] - margin) % (2 * height)]
    return (distance[:, inner] <= margin) & (front_depth < _NEARER * behind)
