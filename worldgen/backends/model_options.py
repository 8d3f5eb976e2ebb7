"""What a user chooses about a neural model: which weights, and how to run them. Nothing heavy is imported here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from worldgen.errors import UsageError

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Offload = Literal["none", "model", "layers"]
DepthMeaning = Literal["disparity", "relative", "metric"]

DEVICES: tuple[Device, ...] = ("auto", "cpu", "cuda")
PRECISIONS: tuple[Precision, ...] = ("auto", "float32", "bfloat16", "float16")
OFFLOADS: tuple[Offload, ...] = ("none", "model", "layers")
DEPTH_MEANINGS: tuple[DepthMeaning, ...] = ("disparity", "relative", "metric")

_MAX_STEPS = 1000
_HEIGHTS = (64, 4096)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How models are found and run.

    ``offload`` keeps a pipeline's parts ("model") or even single layers ("layers") in main memory until a GPU needs
    them.
    """

    device: Device = "auto"
    precision: Precision = "auto"
    offload: Offload = "none"
    allow_download: bool = False
    """Whether weights named by a hub id may be fetched; nothing else ever uses the network."""
    trust_remote_code: bool = False
    """Whether Python code that comes with the weights may run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthModelOptions:
    """A depth network: its weights (a folder or a hub id), what it tells, and the side of the views it is shown."""

    weights: str | None = None
    meaning: DepthMeaning | None = None
    """None believes the model's configuration."""
    view_px: int | None = None
    """None takes the size that the model was trained with."""
    execution: Execution = field(default_factory=Execution)

    def __post_init__(self) -> None:
        """Check the view's size."""
        if self.view_px is not None and not _HEIGHTS[0] <= self.view_px <= _HEIGHTS[1]:
            raise UsageError(f"--depth-size must lie in {_HEIGHTS[0]} to {_HEIGHTS[1]} pixels.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffusionOptions:
    """A diffusion pipeline: its weights (folders or hub ids) and how it shall paint; None leaves it to the model."""

    weights: str | None = None
    controlnet: str | None = None
    """Weights of a depth ControlNet, for pipelines that need one beside them."""
    lora: str | None = None
    """A ``.safetensors`` file, or a folder or hub id that holds one."""
    steps: int | None = None
    guidance: float | None = None
    strength: float | None = None
    """How much of a picture that is painted over may change, above 0 to 1."""
    height: int | None = None
    """Rows of the panorama that the model paints; it is enlarged to the tier's size."""
    negative_prompt: str | None = None
    execution: Execution = field(default_factory=Execution)

    def __post_init__(self) -> None:
        """Check numbers."""
        if self.steps is not None and not 1 <= self.steps <= _MAX_STEPS:
            raise UsageError(f"--steps must lie in 1 to {_MAX_STEPS}.")
        if self.guidance is not None and not 0.0 <= self.guidance <= 100.0:
            raise UsageError("--guidance must lie in 0 to 100.")
        if self.strength is not None and not 0.0 < self.strength <= 1.0:
            raise UsageError("--strength must lie above 0 and at most at 1.")
        if self.height is not None and (not _HEIGHTS[0] <= self.height <= _HEIGHTS[1] or self.height % 32):
            raise UsageError(f"--paint-height must be a multiple of 32 from {_HEIGHTS[0]} to {_HEIGHTS[1]}.")
