"""Make a world from a prompt and look at what came out.

# worldgen-test: run
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import worldgen


def main(output: Path) -> None:
    world = worldgen.generate("a stone tower on a hill above a lake at sunset", output=output, quality="draft", seed=3)
    print("in view:", ", ".join(world.manifest.labels_in_view))
    print("splats:", world.splats.num_gaussians)
    nearest = float(np.min(world.euclidean_depth))
    print(f"nearest surface: {nearest:.2f} m")
    print("open", world.path / "preview.jpg")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "worlds/example_01"))
