"""Diffusion pipelines of diffusers: loaded from checked folders, run with progress, and made to close around."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.model_options import DiffusionOptions
from worldgen.backends.running import (
    choose_machine,
    generator_for,
    import_library,
    loading,
    memory_guarded,
    offline_and_quiet,
)
from worldgen.backends.seamless import closed_around
from worldgen.backends.weights import LocalWeights, find_lora, find_weights
from worldgen.errors import BackendUnavailableError, InvalidInputError, StageError, UsageError, WorldgenError
from worldgen.events import RunContext, StageProgress
from worldgen.geometry.panorama_completion import resized
from worldgen.geometry.panorama_seam import clean_poles, close_seam
from worldgen.manifest import ModelRecord

Task = Literal["text", "image", "inpaint", "depth text", "depth image"]
"""What a pipeline starts from: a text, a picture to paint over or one with parts to fill in; with or without depth."""

_TASK_WORDS: Mapping[Task, str] = {
    "text": "text to image",
    "image": "image to image",
    "inpaint": "inpainting",
    "depth text": "depth to image",
    "depth image": "painting over a picture with depth",
}
_STEP_PX = 32
_LEAST_HEIGHT = 64
_NATIVE_HEIGHT = 1024
_WORDS = ("panorama", "equirectangular", "360")
SIZE_OPTION = "--paint-height"


@dataclass(frozen=True, slots=True, kw_only=True)
class Painter:
    """A pipeline ready to paint, and what the manifest says about its weights."""

    pipeline: Any
    name: str
    records: tuple[ModelRecord, ...]
    options: DiffusionOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class PainterWeights:
    """Checked weights of a pipeline and of what goes beside it."""

    base: LocalWeights
    controlnet: LocalWeights | None
    lora: LocalWeights | None


def find_painter(options: DiffusionOptions, *, option: str) -> PainterWeights:
    """Find and check all weights that the options name; errors as in ``backends.weights``."""
    execution = options.execution
    base = find_weights(options.weights, execution, option=option)
    if not (base.folder / "model_index.json").is_file():
        raise InvalidInputError(
            "The folder is no diffusers pipeline: it holds no model_index.json.",
            hint="A single-file checkpoint becomes one with from_single_file(FILE).save_pretrained(FOLDER).",
            path=base.folder,
        )
    controlnet = options.controlnet
    return PainterWeights(
        base=base,
        controlnet=None if controlnet is None else find_weights(controlnet, execution, option="--controlnet"),
        lora=None if options.lora is None else find_lora(options.lora, execution),
    )


def load_painter(weights: PainterWeights, options: DiffusionOptions, task: Task) -> Painter:
    """Load a pipeline for a task.

    Raises:
        BackendUnavailableError: A library is missing, or the weights bring code that is not trusted.
        InvalidInputError: The weights are damaged, or no pipeline for this task.
        OutOfMemoryError: They do not fit.
    """
    machine = choose_machine(options.execution)
    base = weights.base
    diffusers = import_library("diffusers")
    with loading(base):
        chosen: dict[str, Any] = {"dtype": machine.dtype, "use_safetensors": True, "local_files_only": True}
        trusted = chosen | {"trust_remote_code": options.execution.trust_remote_code}
        pipeline = diffusers.DiffusionPipeline.from_pretrained(base.folder, variant=_variant(base), **trusted)
        beside = {}
        if weights.controlnet is not None:
            beside["controlnet"] = _load_controlnet(weights.controlnet, chosen)
        pipeline = _for_task(pipeline, task, beside, base)
        if weights.lora is not None:
            if not hasattr(pipeline, "load_lora_weights"):
                raise UsageError(f"The pipeline {type(pipeline).__name__} takes no LoRA.")
            pipeline.load_lora_weights(
                weights.lora.folder, weight_name=weights.lora.file, local_files_only=True, use_safetensors=True
            )
        _place(pipeline, options, machine.device)
        pipeline.set_progress_bar_config(disable=True)
    records = [base.record()]
    if weights.controlnet is not None:
        records.append(weights.controlnet.record("controlnet"))
    if weights.lora is not None:
        records.append(weights.lora.record("lora"))
    return Painter(pipeline=pipeline, name=base.name, records=tuple(records), options=options)


def _load_controlnet(weights: LocalWeights, chosen: Mapping[str, Any]) -> Any:
    """A ControlNet of whichever class its configuration names."""
    diffusers = import_library("diffusers")
    with loading(weights):
        config = json.loads((weights.folder / "config.json").read_text(encoding="utf-8"))
        name = str(config.get("_class_name", ""))
        kind = getattr(diffusers, name, None)
        if "ControlNet" not in name or kind is None:
            raise InvalidInputError(f"The weights of --controlnet are a {name or 'model'}.", path=weights.folder)
        return kind.from_pretrained(weights.folder, **chosen)


def _for_task(pipeline: Any, task: Task, beside: Mapping[str, Any], weights: LocalWeights) -> Any:
    """The same components in a pipeline that starts from what the task has."""
    diffusers = import_library("diffusers")
    kinds = {"text": "Text2Image", "image": "Image2Image", "inpaint": "Inpainting"}
    start = task.removeprefix("depth ")
    needed = {"text": set(), "image": {"image"}, "inpaint": {"image", "mask_image"}}[start]
    takes = set(inspect.signature(pipeline.__call__).parameters)
    if task != start or beside or not needed <= takes or (start == "text" and "image" in takes):
        try:
            pipeline = getattr(diffusers, f"AutoPipelineFor{kinds[start]}").from_pipe(pipeline, **beside)
        except ValueError as error:
            raise BackendUnavailableError(
                f"The model '{weights.name}' ({type(pipeline).__name__}) has no pipeline for {_TASK_WORDS[task]}.",
                path=weights.folder,
            ) from error
    if task != start and "Control" not in type(pipeline).__name__:
        raise UsageError(
            f"The model '{weights.name}' ({type(pipeline).__name__}) takes no depth.",
            hint="Add the weights of a depth ControlNet with --controlnet FOLDER.",
        )
    return pipeline


def _variant(weights: LocalWeights) -> str | None:
    """The precision that all files are marked with, as in ``model.fp16.safetensors``; None where plain ones exist."""
    marks = set()
    for path in weights.folder.glob("*/*.safetensors"):
        parts = path.name.removesuffix(".safetensors").split("-0")[0].split(".")
        marks.add(parts[1] if len(parts) > 1 else None)
    return marks.pop() if len(marks) == 1 else None


def _place(pipeline: Any, options: DiffusionOptions, device: str) -> None:
    offload = options.execution.offload
    if offload == "model":
        pipeline.enable_model_cpu_offload()
    elif offload == "layers":
        pipeline.enable_sequential_cpu_offload()
    else:
        pipeline.to(device)


def paint_height(painter: Painter, wanted: int) -> int:
    """Rows that the model shall paint: what the user says, or else its own size, but no more than wanted.

    The result is a multiple of 32, so that networks can halve the picture as often as they do.
    """
    height = painter.options.height or min(_native_height(painter.pipeline), wanted)
    return max(height // _STEP_PX * _STEP_PX, _LEAST_HEIGHT)


def _native_height(pipeline: Any) -> int:
    size = getattr(pipeline, "default_sample_size", None)
    if size is None:
        unet = getattr(pipeline, "unet", None)
        size = getattr(unet.config, "sample_size", None) if unet is not None else None
    if not isinstance(size, int):
        return _NATIVE_HEIGHT
    return size * int(getattr(pipeline, "vae_scale_factor", 8))


def panorama_prompt(prompt: str) -> str:
    """A prompt that says that a panorama is wanted, where it does not say so itself."""
    if any(word in prompt.lower() for word in _WORDS):
        return prompt
    return f"360 degree equirectangular panorama, {prompt}"


def paint(
    painter: Painter,
    inputs: Mapping[str, Any],
    *,
    height: int,
    stage: str,
    stream: str,
    context: RunContext,
) -> NDArray[np.float32]:
    """Run a pipeline on a panorama of (height, 2 * height) pixels.

    Args:
        painter: The pipeline.
        inputs: Arguments beside size, steps and randomness; those that the pipeline does not know are left out.
        height: Rows, a multiple of 32.
        stage: Name of the stage for progress.
        stream: Name of the random stream.
        context: Seed and events.

    Returns:
        (height, 2 * height, 3) float32 sRGB-encoded, 0 to 1; its seam closes and its poles are clean.

    Raises:
        OutOfMemoryError: It does not fit.
        StageError: The model painted no numbers.
    """
    pipeline, options = painter.pipeline, painter.options
    takes = inspect.signature(pipeline.__call__).parameters

    def told(_: Any, step: int, __: Any, values: dict[str, Any]) -> dict[str, Any]:
        total = max(int(getattr(pipeline, "num_timesteps", 0) or options.steps or step + 1), step + 1)
        context.report(StageProgress(stage, (step + 1) / total, f"step {step + 1} of {total}"))
        return values

    arguments: dict[str, Any] = {
        "num_inference_steps": options.steps,
        "guidance_scale": options.guidance,
        "negative_prompt": options.negative_prompt,
        "height": height,
        "width": 2 * height,
        "generator": generator_for(context, stream),
        "output_type": "np",
        "callback_on_step_end": told,
    }
    arguments = {name: value for name, value in (arguments | dict(inputs)).items() if value is not None}
    arguments = {name: value for name, value in arguments.items() if name in takes}
    try:
        with (
            memory_guarded(painter.name, size_option=SIZE_OPTION),
            offline_and_quiet(),
            closed_around(pipeline, height=height),
        ):
            pictures = pipeline(**arguments).images
    except WorldgenError:
        raise
    except Exception as error:  # whatever a pipeline does not like about its own weights
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise StageError(f"The model '{painter.name}' failed: {first[:300]}", stage=stage) from error
    picture = np.asarray(pictures[0], dtype=np.float32)
    if not np.isfinite(picture).all():
        raise StageError(
            f"The model '{painter.name}' painted no numbers.", stage=stage, hint="Try --precision float32."
        )
    if picture.shape != (height, 2 * height, 3):
        picture = resized(picture[..., :3], 2 * height, height, wraps=True)
    return np.clip(clean_poles(close_seam(picture)), 0.0, 1.0).astype(np.float32)


def enlarged(picture: NDArray[np.float32], height: int) -> NDArray[np.float32]:
    """A painted panorama at another size."""
    return np.clip(resized(picture, 2 * height, height, wraps=True), 0.0, 1.0).astype(np.float32)
