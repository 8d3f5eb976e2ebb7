"""Make a world from a 360° picture: a painted plain with a tower, whose depth is estimated.

With a file of your own: worldgen generate --panorama pano.jpg -o worlds/pano

# worldgen-test: run
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import worldgen
from worldgen.exporters.images import write_color_png
from worldgen.geometry.equirectangular import equirectangular_rays


def painted_panorama(height: int) -> NDArray[np.uint8]:
    """A blue sky over a green plain; a brown tower stands eight camera heights ahead."""
    rays = equirectangular_rays(height)
    up = rays[..., 1:2]
    sky = (1.0 - up) * np.array([0.8, 0.88, 0.95]) + up * np.array([0.3, 0.5, 0.85])
    picture = np.where(up > 0.0, sky, np.array([0.33, 0.43, 0.2]))
    slope = rays[..., 1] / np.hypot(rays[..., 0], rays[..., 2])
    tower = (np.abs(rays[..., 0]) < -0.25 * rays[..., 2]) & (slope > -1.0 / 8.0) & (slope < 0.6)
    picture[tower] = (0.45, 0.3, 0.2)
    return (picture.clip(0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def main(output: Path) -> None:
    source = output.parent / "painted.png"
    write_color_png(painted_panorama(512), source)
    world = worldgen.generate(panorama=source, output=output, quality="draft")
    ahead = world.euclidean_depth[world.euclidean_depth.shape[0] // 2 - 8, world.euclidean_depth.shape[1] // 2]
    print(f"the tower is {ahead:.1f} m away")
    for estimate in world.manifest.estimates:
        print(f"{estimate.name}: {estimate.value} {estimate.unit} ({estimate.origin})")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "worlds/example_04"))
