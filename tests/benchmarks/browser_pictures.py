"""Web packages as Chromium draws them without a window, beside our own pictures from the same camera."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.exporters.node_tools import node_folder
from worldgen.frames import rigid, yaw_rotation
from worldgen.geometry.cameras import pinhole_camera, pixel_rays_in_world
from worldgen.geometry.equirectangular import sample_equirectangular
from worldgen.pipelines.world import World
from worldgen.rendering.splats import render_splats
from worldgen.scene.camera import Camera

WIDTH, HEIGHT = 640, 360
_PROGRAM = Path(__file__).parent.parent / "node" / "browser" / "look.mjs"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_TIMEOUT_S = 2700

Picture = NDArray[np.float32]


@dataclass(frozen=True)
class Agreement:
    """Two pictures compared: decibels as they are and with one mirrored, and how far one must be moved to fit best."""

    psnr: float
    mirrored: float
    shift_px: tuple[int, int]
    color_error: float


def browser_path() -> str:
    """Chromium, from ``WORLDGEN_CHROMIUM`` or where systems have it; skips the test where there is none."""
    found = os.environ.get("WORLDGEN_CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if not found:
        pytest.skip("no Chromium is installed (Debian: chromium), and WORLDGEN_CHROMIUM names none")
    return found


def look(package: Path, pages: Sequence[tuple[str, Path]]) -> list[str]:
    """Open pages of a served package, each with the file for its picture; returns what each page tells of itself."""
    jobs = [
        {"page": page, "picture": str(picture), "width": WIDTH, "height": HEIGHT, "timeout_s": 480}
        for page, picture in pages
    ]
    file = pages[0][1].parent / "jobs.json"
    file.write_text(json.dumps(jobs), encoding="utf-8")
    command = ["node", str(_PROGRAM), str(node_folder("browser")), browser_path(), str(package), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    told = []
    for (page, picture), result in zip(pages, json.loads(done.stdout), strict=True):
        assert result["state"] == "ready", f"{page}: {result}"
        assert not result["problems"], f"{page}: {result['problems']}"
        assert picture.is_file()
        told.append(result["told"])
    return told


def spawn_camera(world: World) -> Camera:
    """The camera that the viewer starts with: eye height over the spawn, 60 degrees high."""
    spawn = world.manifest.spawn
    eye = np.array(spawn.position) + np.array([0.0, spawn.eye_height_m, 0.0])
    across = 2.0 * math.atan(math.tan(math.radians(30.0)) * WIDTH / HEIGHT)
    return pinhole_camera(rigid(yaw_rotation(spawn.yaw), eye), height=HEIGHT, width=WIDTH, horizontal_fov=across)


def panorama_picture(world: World) -> Picture:
    """What the spawn's panorama, path traced or given, shows of the camera's view."""
    panorama = world.panorama.astype(np.float32) / np.float32(255.0)
    return sample_equirectangular(panorama, pixel_rays_in_world(spawn_camera(world)))


def splat_picture(world: World) -> Picture:
    """Our own rasteriser's picture of the world's splats."""
    return render_splats(world.splats, spawn_camera(world)).rgb


def load_picture(path: Path) -> Picture:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255.0)


def compare(found: Picture, expected: Picture) -> Agreement:
    shifts = [(down, across) for down in range(-6, 7) for across in range(-6, 7)]
    edges_found, edges_expected = _edges(found), _edges(expected)
    inner = np.s_[8:-8, 8:-8]
    costs = [
        float(((np.roll(edges_found, shift, axis=(0, 1)) - edges_expected)[inner] ** 2).mean()) for shift in shifts
    ]
    return Agreement(
        psnr=_psnr(found, expected),
        mirrored=_psnr(found[:, ::-1], expected),
        shift_px=shifts[int(np.argmin(costs))],
        color_error=float(np.abs(found.mean(axis=(0, 1)) - expected.mean(axis=(0, 1))).max()),
    )


def _psnr(one: Picture, two: Picture) -> float:
    return -10.0 * math.log10(max(float(((one - two) ** 2).mean()), 1e-12))


def _edges(picture: Picture) -> NDArray[np.float64]:
    """Steps of brightness, blurred by 5 pixels: where things are, whatever their colour."""
    from scipy.ndimage import gaussian_gradient_magnitude

    return gaussian_gradient_magnitude(picture.mean(axis=2).astype(np.float64), 2.0)
