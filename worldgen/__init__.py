"""worldgen turns a text prompt, a photo or a 360° panorama into a 3D world for game engines.

::

    import worldgen

    world = worldgen.generate("a stone tower on a hill above a lake at sunset", output="worlds/tower")
    print(world.splats.num_gaussians, world.manifest.labels_in_view)

Importing the package is cheap: everything below loads on first use.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from worldgen.errors import WorldgenError as WorldgenError
    from worldgen.pipelines.generate import generate as generate
    from worldgen.pipelines.generate import parse as parse
    from worldgen.pipelines.world import World as World
    from worldgen.spec.model import WorldSpec as WorldSpec

__version__ = "0.1.0"

# Threads without work shall sleep: by default OpenMP's spin, which doubles the CPU time of a run on a busy machine, and
# OpenBLAS' spin for some 20 ms after each product of matrices (the number is the logarithm of so many clock cycles).
# OpenMP reads this when numba loads it, OpenBLAS when numpy does, so it must be set before.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

__all__ = ["World", "WorldSpec", "WorldgenError", "__version__", "generate", "parse"]

_PUBLIC = {
    "World": "worldgen.pipelines.world",
    "WorldSpec": "worldgen.spec.model",
    "WorldgenError": "worldgen.errors",
    "generate": "worldgen.pipelines.generate",
    "parse": "worldgen.pipelines.generate",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'worldgen' has no attribute '{name}'")


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
