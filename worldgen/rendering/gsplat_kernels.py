"""Whether gsplat's kernels are at hand, and how to get them.

gsplat comes as source and builds its kernels when they are first asked for: minutes in which nothing seems to happen,
and only with CUDA's compiler. So they are used where they are built, and built where somebody asks for it.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from contextlib import redirect_stdout
from pathlib import Path

from worldgen.rendering.cuda_devices import has_cuda_device

_EXTENSION = "gsplat_cuda"
"""What gsplat calls the kernels that it builds itself; packages that bring them have a module ``gsplat.csrc``."""


@functools.cache
def has_gsplat() -> bool:
    """Whether there is a CUDA device, and gsplat's kernels are built and load.

    Torch, which takes seconds to load, is only asked where the driver counts a device.
    """
    return torch_sees_gpu() and gsplat_is_built() and build_gsplat()


def torch_sees_gpu() -> bool:
    """Whether torch, which may be built without CUDA, can use a GPU of NVIDIA's."""
    if not has_cuda_device():
        return False
    import torch

    return bool(torch.cuda.is_available())


def gsplat_is_built() -> bool:
    """Whether gsplat's kernels are there, so that importing them does not build them."""
    if importlib.util.find_spec("gsplat") is None:
        return False
    if importlib.util.find_spec("gsplat.csrc") is not None:
        return True
    # Where gsplat 1.5 looks itself.
    from torch.utils.cpp_extension import _get_build_directory

    folder = Path(_get_build_directory(_EXTENSION, verbose=False))
    return any((folder / f"{_EXTENSION}{suffix}").is_file() for suffix in (".so", ".pyd", ".lib"))


def build_gsplat() -> bool:
    """Build gsplat's kernels if they are not there yet, and load them; returns whether that worked."""
    try:
        # gsplat tells of its building on the standard output, where a document may have to stand alone.
        with redirect_stdout(sys.stderr):
            from gsplat.cuda._backend import _C as kernels
    except (ImportError, OSError, RuntimeError):
        return False
    return kernels is not None
