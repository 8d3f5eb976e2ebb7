"""Take a world's splats as numpy arrays, cut out the part near the spawn and write it for a web viewer.

# worldgen-test: run
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import worldgen
from worldgen.exporters.spz import write_spz
from worldgen.scene.gaussian_cloud import GaussianCloud


def main(output: Path) -> None:
    world = worldgen.generate("a flowery meadow with a fence", output=output, quality="draft", seed=5)
    splats = world.splats
    near = np.linalg.norm(splats.means, axis=1) < 20.0
    cut = GaussianCloud(
        means=splats.means[near],
        quats_wxyz=splats.quats_wxyz[near],
        scales=splats.scales[near],
        opacities=splats.opacities[near],
        sh_dc=splats.sh_dc[near],
        sh_rest=splats.sh_rest[near],
    )
    report = write_spz(cut, output.parent / "meadow_near.spz")
    print(f"{cut.num_gaussians} of {splats.num_gaussians} splats in {report.num_bytes} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "worlds/example_03"))
