"""Which backends can run here, and which weights lie in the hub's local cache: found without importing anything."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from worldgen.backend_table import BackendEntry

ModelKind = Literal["depth network", "inpainting pipeline", "diffusion pipeline", "ControlNet", "other model"]
State = Literal["ready", "needs weights", "needs libraries"]

_FITS: dict[str, tuple[ModelKind, ...]] = {
    "transformers": ("depth network",),
    "diffusers-panorama": ("diffusion pipeline",),
    "diffusers-depth": ("diffusion pipeline",),
    "diffusers-outpaint": ("inpainting pipeline", "diffusion pipeline"),
    "diffusers-inpaint": ("inpainting pipeline", "diffusion pipeline"),
}
"""Kinds of weights that built-in backends take."""
_MAX_CONFIG = 1 << 20
_MAX_MODELS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedModel:
    """A model in the hub's local cache; ``is_safe`` where all its weights are safetensors."""

    name: str
    kind: ModelKind
    num_bytes: int
    is_safe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendStatus:
    """Whether a backend can run, and the exact command or option that is missing."""

    entry: BackendEntry
    state: State
    remedies: tuple[str, ...] = ()


def backend_status(entry: BackendEntry, models: tuple[CachedModel, ...] = ()) -> BackendStatus:
    """Look whether a backend's libraries are there, and which weights in the cache fit it."""
    missing = [name for name in entry.modules if importlib.util.find_spec(name) is None]
    if missing:
        command = f'pip install "worldgen[{entry.extra}]" -c constraints.txt' if entry.extra else entry.needs
        return BackendStatus(
            entry=entry, state="needs libraries", remedies=(f"missing {', '.join(missing)}: {command}",)
        )
    if entry.option is None:
        return BackendStatus(entry=entry, state="ready")
    option = f"--{entry.slot}-backend {entry.id} {entry.option}"
    fitting = [model for model in models if model.is_safe and model.kind in _FITS.get(entry.id, ())]
    remedies = [f"{option} {model.name}" for model in fitting]
    remedies.append(f"{option} FOLDER (or OWNER/MODEL --allow-download)")
    return BackendStatus(entry=entry, state="needs weights", remedies=tuple(remedies))


def hub_cache() -> Path:
    """The folder that the hub's client keeps models in, by its own environment variables."""
    if "HF_HUB_CACHE" in os.environ:
        return Path(os.environ["HF_HUB_CACHE"])
    home = os.environ.get("HF_HOME")
    base = Path(home) if home else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "huggingface"
    return base / "hub"


def cached_models(cache: Path | None = None) -> tuple[CachedModel, ...]:
    """Models in the local cache by name; what cannot be read is left out."""
    folder = hub_cache() if cache is None else cache
    if not folder.is_dir():
        return ()
    found = []
    for path in sorted(folder.glob("models--*"))[:_MAX_MODELS]:
        try:
            snapshots = [item for item in sorted((path / "snapshots").iterdir()) if item.is_dir()]
            if snapshots:
                found.append(_described(path.name.removeprefix("models--").replace("--", "/"), snapshots[-1]))
        except (OSError, ValueError):
            continue
    return tuple(model for model in found if model.num_bytes)


def _described(name: str, snapshot: Path) -> CachedModel:
    weights = list(_weights(snapshot))
    safe = {path.parent for path in weights if path.suffix == ".safetensors"}
    return CachedModel(
        name=name,
        kind=_kind(snapshot),
        num_bytes=sum(path.stat().st_size for path in weights if path.suffix == ".safetensors"),
        is_safe=all(path.parent in safe for path in weights),
    )


def _weights(folder: Path) -> Iterator[Path]:
    for pattern in ("*", "*/*"):
        for path in sorted(folder.glob(pattern)):
            if path.suffix in (".safetensors", ".bin", ".pt", ".pth", ".ckpt") and path.is_file():
                yield path


def _kind(folder: Path) -> ModelKind:
    pipeline = str(_config(folder / "model_index.json").get("_class_name", ""))
    if pipeline:
        return "inpainting pipeline" if "Inpaint" in pipeline or "Fill" in pipeline else "diffusion pipeline"
    config = _config(folder / "config.json")
    if "ControlNet" in str(config.get("_class_name", "")):
        return "ControlNet"
    architectures = config.get("architectures")
    if isinstance(architectures, list) and any(str(item).endswith("ForDepthEstimation") for item in architectures):
        return "depth network"
    return "other model"


def _config(path: Path) -> dict[str, object]:
    if not path.is_file() or path.stat().st_size > _MAX_CONFIG:
        return {}
    document = json.loads(path.read_text(encoding="utf-8"))
    return document if isinstance(document, dict) else {}
