"""The one place that loads Mitsuba 3 and picks its variant and number of threads."""

from __future__ import annotations

import functools
from types import ModuleType

import numpy as np

from worldgen.errors import BackendUnavailableError
from worldgen.rendering.cuda_devices import has_cuda_device

CPU_VARIANT = "scalar_rgb"
"""Runs everywhere and gives the same bits with any number of threads."""

GPU_VARIANT = "cuda_ad_rgb"
"""Runs on NVIDIA GPUs with OptiX; its images differ from the CPU's within noise."""


def mitsuba(variant: str | None = None) -> ModuleType:
    """Mitsuba with a variant selected, quiet.

    Args:
        variant: Name of the variant; None takes the GPU where one works, and else the CPU.

    Raises:
        BackendUnavailableError: Mitsuba is missing or lacks the variant.
    """
    try:
        import mitsuba as mi
    except ImportError as error:
        raise BackendUnavailableError(
            "Rendering needs the package mitsuba.", hint="pip install 'mitsuba>=3.9'"
        ) from error
    wanted = best_variant() if variant is None else variant
    if mi.variant() != wanted:
        try:
            mi.set_variant(wanted)
        except (ImportError, AttributeError, RuntimeError) as error:
            raise BackendUnavailableError(f"Mitsuba cannot load its variant '{wanted}'.") from error
        mi.set_log_level(mi.LogLevel.Error)
    return mi


@functools.cache
def best_variant() -> str:
    """The GPU's variant where a small test image can be rendered with it, else the CPU's."""
    if not has_cuda_device():
        return CPU_VARIANT
    try:
        mi = mitsuba(GPU_VARIANT)
        contents = {"integrator": {"type": "path"}, "light": {"type": "constant"}, "ball": {"type": "sphere"}}
        scene = mi.load_dict({"type": "scene", **contents})
        sensor = mi.load_dict({"type": "perspective", "film": {"type": "hdrfilm", "width": 4, "height": 4}})
        image = np.array(mi.render(scene, sensor=sensor, spp=1))
    except Exception:  # whatever a driver throws, the CPU still works
        return CPU_VARIANT
    return GPU_VARIANT if np.isfinite(image).all() else CPU_VARIANT


def set_num_threads(count: int) -> None:
    """Limit Mitsuba to ``count`` threads; images do not depend on it."""
    import drjit

    drjit.set_thread_count(count)
