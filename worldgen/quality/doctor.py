"""Is everything here that the main job needs, and what would make it better?"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from worldgen.kernels import USES, needs_compiling
from worldgen.quality.installed_models import cached_models, hub_cache

_MAIN_JOB = ("numpy", "scipy", "numba", "mitsuba", "embreex", "pyoidn", "pydantic", "PIL", "OpenEXR", "click", "yaml")
"""Import names without which no world can be made."""

_NEURAL = ("transformers", "diffusers", "accelerate", "safetensors", "huggingface_hub", "peft")
"""Import names of the extra ``neural``."""

_DISTRIBUTIONS = {"PIL": "pillow", "yaml": "pyyaml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: "ok", a "note" (works, with a limit) or "missing" (the main job fails)."""

    state: Literal["ok", "note", "missing"]
    subject: str
    message: str
    hint: str | None = None


def examine() -> list[Finding]:
    """Look at Python, packages, memory, disk, caches, GPU, Open3D, neural libraries and weights; never raises."""
    checks: tuple[Callable[[], list[Finding]], ...] = (
        _python,
        _packages,
        _memory,
        _disk,
        _caches,
        _gpu,
        _open3d,
        _neural,
        _weights,
    )
    findings = []
    for check in checks:
        try:
            findings += check()
        except Exception as error:  # a doctor that dies of what it finds is of no use
            findings.append(
                Finding(state="note", subject=check.__name__.strip("_"), message=f"cannot be told: {error}")
            )
    return findings


def _python() -> list[Finding]:
    message = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return [Finding(state="ok", subject="python", message=message)]


def _packages() -> list[Finding]:
    findings = []
    for name in _MAIN_JOB:
        distribution = _DISTRIBUTIONS.get(name, name)
        try:
            importlib.import_module(name)
            version = importlib.metadata.version(distribution)
            findings.append(Finding(state="ok", subject=distribution, message=version))
        except Exception as error:  # an import can fail in any way: a missing library, a broken wheel
            findings.append(
                Finding(
                    state="missing",
                    subject=distribution,
                    message=f"cannot be imported: {error}",
                    hint=f"python -m pip install {distribution} -c constraints.txt",
                )
            )
    return findings


def _memory() -> list[Finding]:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return [Finding(state="note", subject="memory", message="this system does not tell")]
    gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    tiers = "all tiers" if gib >= 14 else "draft and standard" if gib >= 6 else "draft"
    return [Finding(state="ok" if gib >= 3 else "note", subject="memory", message=f"{gib:.1f} GiB: enough for {tiers}")]


def _disk() -> list[Finding]:
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    if free < 1.0:
        return [
            Finding(
                state="note", subject="disk", message=f"{free:.1f} GiB free here", hint="A world takes up to 1 GiB."
            )
        ]
    return [Finding(state="ok", subject="disk", message=f"{free:.0f} GiB free here")]


def _caches() -> list[Finding]:
    """Compiled kernels are kept beside the code, or in the user's cache folder where that is read-only."""
    package = Path(__file__).parent.parent
    try:
        with tempfile.TemporaryFile(dir=package):
            if _lacks_kernels():
                hint = "worldgen doctor --compile does it now; the first run does what it needs."
                return [Finding(state="note", subject="kernels", message="not all are compiled yet", hint=hint)]
            return [Finding(state="ok", subject="kernels", message="compiled, and kept between runs")]
    except OSError:
        return [
            Finding(
                state="note",
                subject="kernels",
                message="the package folder is read-only; kernels go to the user's cache folder",
                hint="Set NUMBA_CACHE_DIR to a writable folder if every run compiles anew.",
            )
        ]


def _lacks_kernels() -> bool:
    try:
        return needs_compiling(USES)
    except ImportError:  # told among the packages
        return False


def _gpu() -> list[Finding]:
    torch = importlib.import_module("torch")
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name(0)
        free, total = (amount / 2**30 for amount in torch.cuda.mem_get_info(0))
        message = f"{name}, {free:.1f} of {total:.1f} GiB free: used for path tracing, splats and neural models"
        return [Finding(state="ok", subject="gpu", message=message), _gsplat()]
    return [Finding(state="note", subject="gpu", message="none that CUDA can use; everything runs on the CPU")]


def _gsplat() -> Finding:
    from worldgen.rendering.gsplat_kernels import has_gsplat

    if has_gsplat():
        return Finding(state="ok", subject="gsplat", message="its kernels render and refine splats")
    return Finding(
        state="note",
        subject="gsplat",
        message="its kernels are not built: splats are rendered and refined on the CPU",
        hint="worldgen doctor --compile builds them, with CUDA's compiler (nvcc)",
    )


def _open3d() -> list[Finding]:
    try:
        importlib.import_module("open3d")
    except Exception as error:  # open3d fails with OSError, ImportError and more where system libraries lack
        return [
            Finding(
                state="note",
                subject="open3d",
                message=f"cannot be imported ({str(error).splitlines()[0]}); the main job does without",
                hint="On Debian and Ubuntu: apt-get install libgl1 libx11-6 libgomp1",
            )
        ]
    return [Finding(state="ok", subject="open3d", message=importlib.metadata.version("open3d"))]


def _neural() -> list[Finding]:
    """The extra for models as backends; found without importing, which takes seconds."""
    missing = [name for name in _NEURAL if importlib.util.find_spec(name) is None]
    if missing:
        message = f"{', '.join(missing)} not installed: no neural models; everything else works"
        hint = 'pip install "worldgen[neural]" -c constraints.txt'
        return [Finding(state="note", subject="neural", message=message, hint=hint)]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("transformers", "diffusers"))
    return [Finding(state="ok", subject="neural", message=versions)]


def _weights() -> list[Finding]:
    """Weights in the hub's local cache that can be loaded, with their sizes."""
    models = [model for model in cached_models() if model.is_safe]
    if not models:
        message = "none in the local cache; models take a folder, too"
        return [Finding(state="note", subject="weights", message=message, hint=f"The cache is {hub_cache()}.")]
    shown = [f"{model.name} ({model.kind}, {model.num_bytes / 2**30:.1f} GiB)" for model in models]
    return [Finding(state="ok", subject="weights", message=", ".join(shown))]
