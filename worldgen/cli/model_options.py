"""Options of ``generate`` and ``batch`` about neural models, gathered into what the stages take."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from worldgen.backends.model_options import (
    DEPTH_MEANINGS,
    DEVICES,
    OFFLOADS,
    PRECISIONS,
    DepthModelOptions,
    DiffusionOptions,
    Execution,
)

PERMISSIONS = ("allow_download", "trust_remote_code")
"""What lets the network or code in: said on the command line, never by a file."""

_OPTIONS = (
    click.option("--depth-model", help="Weights of a depth network: a folder, or a hub id (owner/model@revision)."),
    click.option(
        "--depth-kind",
        type=click.Choice(list(DEPTH_MEANINGS)),
        help="What its values are, where its configuration does not tell.",
    ),
    click.option("--depth-size", type=int, help="Side in pixels of the views that it is shown."),
    click.option("--panorama-model", help="Weights of a diffusion pipeline for --panorama-backend: folder or hub id."),
    click.option("--controlnet", help="Weights of a depth ControlNet beside it."),
    click.option("--lora", help="A LoRA for it: a .safetensors file, a folder or a hub id."),
    click.option(
        "--inpaint-backend", help="What fills the hidden background of pictures; 'worldgen backends' lists them."
    ),
    click.option("--inpaint-model", help="Weights of an inpainting pipeline for it: folder or hub id."),
    click.option("--steps", type=int, help="Denoising steps; the model's own number without it."),
    click.option("--guidance", type=float, help="How closely the prompt is followed."),
    click.option("--strength", type=float, help="How much may change where a rendering is painted over, up to 1."),
    click.option("--negative-prompt", help="What shall not be painted."),
    click.option("--paint-height", type=int, help="Rows that the model paints, a multiple of 32."),
    click.option("--device", type=click.Choice(list(DEVICES)), default="auto", show_default=True, help="For models."),
    click.option("--precision", type=click.Choice(list(PRECISIONS)), default="auto", show_default=True),
    click.option(
        "--offload",
        type=click.Choice(list(OFFLOADS)),
        default="none",
        show_default=True,
        help="Keep a model's parts in main memory until the GPU needs them.",
    ),
    click.option("--allow-download", is_flag=True, help="Fetch weights named by a hub id."),
    click.option("--trust-remote-code", is_flag=True, help="Run Python code that comes with the weights."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoices:
    """What was chosen about the models of each slot."""

    depth: DepthModelOptions
    panorama: DiffusionOptions
    inpaint: DiffusionOptions


def plain_model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command that takes them one by one."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given_options(context: click.Context, values: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Those values that the user gave, and as arguments those that allow something."""
    given = {
        name: value
        for name, value in values.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    permissions = tuple(f"--{name.replace('_', '-')}" for name in PERMISSIONS if given.pop(name, False))
    return given, permissions


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which receives them as ``models``."""

    @functools.wraps(command)
    def with_models(**values: Any) -> Any:
        execution = Execution(
            **{
                name: values.pop(name)
                for name in ("device", "precision", "offload", "allow_download", "trust_remote_code")
            }
        )
        depth = DepthModelOptions(
            weights=values.pop("depth_model"),
            meaning=values.pop("depth_kind"),
            view_px=values.pop("depth_size"),
            execution=execution,
        )
        shared = {name: values.pop(name) for name in ("steps", "guidance", "strength", "negative_prompt")}
        shared |= {"height": values.pop("paint_height"), "execution": execution}
        panorama = DiffusionOptions(
            weights=values.pop("panorama_model"),
            controlnet=values.pop("controlnet"),
            lora=values.pop("lora"),
            **shared,
        )
        inpaint = DiffusionOptions(weights=values.pop("inpaint_model"), **shared)
        return command(models=ModelChoices(depth=depth, panorama=panorama, inpaint=inpaint), **values)

    for option in reversed(_OPTIONS):
        with_models = option(with_models)
    return with_models
