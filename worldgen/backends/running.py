"""Loading and running neural models: device and precision, silence, no network, and errors in words."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from worldgen.backends.model_options import Execution
from worldgen.backends.weights import INSTALL_HINT, LocalWeights
from worldgen.errors import BackendUnavailableError, InvalidInputError, OutOfMemoryError, UsageError, WorldgenError
from worldgen.events import RunContext
from worldgen.randomness import seed_for

_SILENT = 50
"""The level of log messages that the libraries may write: only what ends the run."""
_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a model runs on: ``device`` is "cpu" or "cuda", ``dtype`` a torch data type."""

    device: str
    dtype: Any


def choose_machine(execution: Execution) -> Machine:
    """Choose device and precision: a GPU in bfloat16 where there is one, otherwise the CPU in float32.

    Raises:
        BackendUnavailableError: A GPU was asked for and there is none, or torch is not there.
        UsageError: Offloading was asked for without a GPU.
    """
    torch = import_library("torch")
    has_gpu = torch.cuda.is_available()
    if execution.device == "cuda" and not has_gpu:
        raise BackendUnavailableError(
            "--device cuda was asked for, and there is no GPU that CUDA can use.", hint="worldgen doctor"
        )
    device = "cuda" if has_gpu and execution.device != "cpu" else "cpu"
    if execution.offload != "none" and device == "cpu":
        raise UsageError("--offload moves parts between a GPU and main memory; this runs on the CPU.")
    if execution.precision != "auto":
        dtype = getattr(torch, execution.precision)
    elif device == "cuda":
        dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    else:
        dtype = torch.float32
    return Machine(device=device, dtype=dtype)


def generator_for(context: RunContext, name: str) -> Any:
    """A torch generator for the stream ``name``: on the CPU, so that a GPU starts from the same noise."""
    import torch

    return torch.Generator("cpu").manual_seed(seed_for(context.seed, name) >> 1)


def import_library(name: str) -> Any:
    """Import a library of the extra ``neural``.

    Raises:
        BackendUnavailableError: It is not installed, or cannot be imported.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except Exception as error:  # a broken wheel fails in any way
        raise BackendUnavailableError(f"The library '{name}' cannot be imported: {error}", hint=INSTALL_HINT) from error


@contextmanager
def offline_and_quiet() -> Iterator[None]:
    """Keep the libraries that are loaded from the network and from writing to the terminal."""
    hub = import_library("huggingface_hub.constants")
    import_library("transformers.utils.logging")
    variables = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    before = {name: os.environ.get(name) for name in variables}
    was_offline = hub.HF_HUB_OFFLINE
    loggers = [
        (logger, logger.get_verbosity(), logger.is_progress_bar_enabled())
        for name in ("transformers", "diffusers")
        if (logger := sys.modules.get(f"{name}.utils.logging")) is not None
    ]
    os.environ |= variables
    hub.HF_HUB_OFFLINE = True
    for logger, _, _ in loggers:
        logger.set_verbosity(_SILENT)
        logger.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            # The libraries' own deprecations: nothing that a user of worldgen can act on.
            warnings.simplefilter("ignore")
            yield
    finally:
        hub.HF_HUB_OFFLINE = was_offline
        for logger, level, has_bar in loggers:
            logger.set_verbosity(level)
            if has_bar:
                logger.enable_progress_bar()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def loading(weights: LocalWeights) -> Iterator[None]:
    """Turn whatever a library raises while it loads weights into an error in words.

    Raises:
        BackendUnavailableError: A library is missing, or the weights bring code that is not trusted.
        OutOfMemoryError: The weights do not fit.
        InvalidInputError: They are not what they must be.
    """
    try:
        with offline_and_quiet(), memory_guarded(weights.name):
            yield
    except WorldgenError:
        raise
    except ImportError as error:
        raise BackendUnavailableError(
            f"The model '{weights.name}' needs a library: {error}", hint=INSTALL_HINT
        ) from error
    except Exception as error:  # libraries raise all kinds; the first line of their words tells most
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        if "trust_remote_code" in str(error):
            raise BackendUnavailableError(
                f"The model '{weights.name}' brings its own Python code.",
                hint="Read that code, and add --trust-remote-code if you trust it.",
                path=weights.folder,
            ) from error
        raise InvalidInputError(
            f"The model '{weights.name}' cannot be loaded: {first[:300]}", path=weights.folder
        ) from error


@contextmanager
def memory_guarded(name: str, *, size_option: str | None = None) -> Iterator[None]:
    """Tell what lowers the memory when there was not enough.

    Args:
        name: Of the model.
        size_option: The option that makes pictures smaller, if one does.

    Raises:
        OutOfMemoryError: There was not enough.
    """
    try:
        yield
    except MemoryError as error:
        raise _out_of_memory(name, size_option, on_gpu=False) from error
    except RuntimeError as error:  # torch.OutOfMemoryError is one, and so is the CPU allocator's
        text = str(error).lower()
        if type(error).__name__ != "OutOfMemoryError" and not any(words in text for words in _MEMORY_WORDS):
            raise
        raise _out_of_memory(name, size_option, on_gpu="cpu" not in text) from error


def _out_of_memory(name: str, size_option: str | None, *, on_gpu: bool) -> OutOfMemoryError:
    remedies = ["--offload model, or --offload layers"] if on_gpu else []
    remedies.append("--precision bfloat16")
    if size_option is not None:
        remedies.append(f"a smaller {size_option}")
    where = "The GPU" if on_gpu else "This machine"
    return OutOfMemoryError(
        f"{where} has not enough memory for the model '{name}'.",
        stage=name,
        hint=f"These lower it: {'; '.join(remedies)}.",
    )
