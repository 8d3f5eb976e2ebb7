"""How well a photo is closed to a panorama: path traced panoramas cut down to a photo of 70 degrees, and extended.

Run with ``pytest tests/benchmarks/test_photo_extension.py -m slow --benchmark-disable -s``.
``WORLDGEN_BENCHMARK_PROMPTS=3`` measures the first three only; ``WORLDGEN_BENCHMARK_PICTURES=DIR`` keeps the panoramas.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.benchmarks.truth_panoramas import HEIGHT, chosen_prompts, truth_panorama
from worldgen.color import bytes_from_unit
from worldgen.events import RunContext
from worldgen.geometry.cameras import pixel_rays_in_world
from worldgen.geometry.equirectangular import sample_equirectangular
from worldgen.geometry.photo_placement import photo_camera, photo_on_sphere
from worldgen.quality.seams import score_seam
from worldgen.settings import TIERS
from worldgen.stages.extend_photo import PhotoOptions, extend_photo

PHOTO = (600, 800)
FOV_DEG = 70.0


def photo_of(panorama: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a level camera of 70 degrees sees along -Z."""
    camera = photo_camera(height=PHOTO[0], width=PHOTO[1], horizontal_fov=math.radians(FOV_DEG), pitch=0.0, roll=0.0)
    return sample_equirectangular(panorama, pixel_rays_in_world(camera))


def psnr(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Decibels between 8-bit pictures."""
    error = float(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2))
    return 99.0 if error == 0.0 else 10.0 * math.log10(255.0**2 / error)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_photos_are_closed_without_a_seam(tmp_path: Path) -> None:
    context = RunContext(tier=TIERS["draft"])
    pictures = os.environ.get("WORLDGEN_BENCHMARK_PICTURES")
    worst_median, worst_psnr = 0.0, 99.0
    for prompt in chosen_prompts():
        photo = photo_of(truth_panorama(prompt).picture)
        path = tmp_path / "photo.png"
        Image.fromarray(bytes_from_unit(photo)).save(path)
        extended = extend_photo(path, PhotoOptions(fov_deg=FOV_DEG), None, context)
        panorama = extended.panorama
        seam = score_seam(panorama.picture, panorama.known)
        estimates = {item.name: item.value for item in panorama.estimates}
        # The photo as it is seen in the finished panorama, beside the photo as it is placed on the empty sphere.
        camera = photo_camera(
            height=PHOTO[0],
            width=PHOTO[1],
            horizontal_fov=math.radians(FOV_DEG),
            pitch=math.radians(estimates["pitch"]),
            roll=math.radians(estimates["roll"]),
        )
        placed, known, _ = photo_on_sphere(bytes_from_unit(photo).astype(np.float32) / 255.0, camera, HEIGHT)
        inner = known & panorama.known
        kept = psnr(bytes_from_unit(panorama.picture)[inner], bytes_from_unit(placed)[inner])
        worst_median, worst_psnr = max(worst_median, seam.median_ratio), min(worst_psnr, kept)
        sys.stdout.write(
            f"\n| {prompt} | {seam.median_ratio:.2f} | {seam.mean_ratio:.2f} | {kept:.1f} | "
            f"{estimates['pitch']:.1f} | {extended.closed.spec.prompt if extended.closed.spec else ''} |"
        )
        sys.stdout.flush()
        if pictures:
            Path(pictures).mkdir(parents=True, exist_ok=True)
            name = "_".join(prompt.split()[:4])
            Image.fromarray(bytes_from_unit(panorama.picture)).save(Path(pictures) / f"{name}.png")
    sys.stdout.write("\n")
    assert worst_median <= 1.5
    assert worst_psnr >= 40.0
