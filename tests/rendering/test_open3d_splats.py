"""Our pictures of splats against those of Open3D 0.20, which shares no line of code with us and reads what we write.

It draws on the CPU too, through Mesa's software Vulkan. Where the project's environment holds an older Open3D,
``pip install --no-deps --target FOLDER open3d==0.20.0`` and ``WORLDGEN_OPEN3D=FOLDER`` give this test one of its own.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.splat_clouds import random_cloud, take
from worldgen.exporters.gaussian_ply import write_gaussian_ply
from worldgen.exporters.spz import write_spz
from worldgen.geometry.cameras import pinhole_camera
from worldgen.rendering.gaussian_rasterizer import rasterize
from worldgen.scene.gaussian_cloud import GaussianCloud

HEIGHT, WIDTH, FIELD_OF_VIEW = 180, 240, 1.2
SCRIPT = """
import sys
import numpy as np
import open3d as o3d
path, output, height, width, degree = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
intrinsics = np.array(sys.argv[6:15], dtype=float).reshape(3, 3)
pose = np.array(sys.argv[15:31], dtype=float).reshape(4, 4)
cloud = o3d.t.io.read_point_cloud(path)
material = o3d.visualization.rendering.MaterialRecord()
material.shader = "gaussianSplat"
material.gaussian_splat_sh_degree = degree
renderer = o3d.visualization.rendering.OffscreenRenderer(width, height)
renderer.scene.set_background([0.0, 0.0, 0.0, 1.0])
renderer.scene.add_geometry("splats", cloud, material)
renderer.setup_camera(intrinsics, pose, width, height)
np.save(output, np.asarray(renderer.render_to_image())[..., :3])
"""


def drawn_by_open3d(path: Path, degree: int, pose: np.ndarray) -> np.ndarray:
    """What Open3D draws of a file, 0 to 1; skips where it cannot."""
    environment = dict(os.environ)
    folder = environment.get("WORLDGEN_OPEN3D", "")
    if folder:
        environment["PYTHONPATH"] = folder
    else:
        try:
            version = importlib.metadata.version("open3d")
        except importlib.metadata.PackageNotFoundError:
            pytest.skip("Open3D is not installed.")
        if tuple(int(part) for part in version.split(".")[:2]) < (0, 20):
            pytest.skip(f"Open3D {version} draws no splats; 0.20 does (see WORLDGEN_OPEN3D above).")
    drivers = sorted(Path("/usr/share/vulkan/icd.d").glob("lvp_icd*.json"))
    if "VK_DRIVER_FILES" not in environment:
        if not drivers:
            pytest.skip("There is no software Vulkan (Debian: libvulkan1 and mesa-vulkan-drivers).")
        environment["VK_DRIVER_FILES"] = str(drivers[0])
    output = path.with_suffix(".npy")
    camera = pinhole_camera(np.eye(4), height=HEIGHT, width=WIDTH, horizontal_fov=FIELD_OF_VIEW)
    numbers = [*camera.intrinsics_px.reshape(-1), *pose.reshape(-1)]
    command = [sys.executable, "-c", SCRIPT, str(path), str(output), str(HEIGHT), str(WIDTH), str(degree)]
    run = subprocess.run(
        [*command, *map(str, numbers)], capture_output=True, text=True, env=environment, timeout=240, check=False
    )
    if "ImportError" in run.stderr:
        pytest.skip(f"Open3D cannot be loaded here: {run.stderr.strip().splitlines()[-1][:200]}")
    assert run.returncode == 0, run.stderr[-2000:]
    return np.load(output).astype(np.float64) / 255.0


def cloud_in_view(sh_rest: int) -> GaussianCloud:
    """Splats whose middles lie in the picture: Open3D takes those beside it for larger than they are."""
    cloud = random_cloud(2500, sh_rest=sh_rest)
    x, y, z = cloud.means.T
    inside = take(cloud, (z < -0.8) & (np.abs(x) < -0.6 * z) & (np.abs(y) < -0.45 * z))
    # Open3D cuts colours off at 1 before it blends, viewers of the 3DGS family do not: none here is that bright.
    return dataclasses.replace(
        inside, scales=inside.scales * np.float32(0.4), sh_dc=0.5 * inside.sh_dc, sh_rest=0.5 * inside.sh_rest
    )


@pytest.mark.parametrize(("kind", "sh_rest"), [("ply", 0), ("ply", 3), ("ply", 8), ("spz", 0)])
def test_open3d_draws_the_same(kind: str, sh_rest: int, tmp_path: Path) -> None:
    cloud = cloud_in_view(sh_rest)
    path = tmp_path / f"cloud.{kind}"
    # A Gaussian PLY is in the axes of a camera that looks along +z already, SPZ has y and z turned round.
    if kind == "ply":
        write_gaussian_ply(cloud, path)
    else:
        write_spz(cloud, path)
    pose = np.eye(4) if kind == "ply" else np.diag([1.0, -1.0, -1.0, 1.0])
    theirs = drawn_by_open3d(path, {0: 0, 3: 1, 8: 2}[sh_rest], pose)
    camera = pinhole_camera(np.eye(4), height=HEIGHT, width=WIDTH, horizontal_fov=FIELD_OF_VIEW)
    ours = np.clip(rasterize(cloud, camera)[0], 0.0, 1.0)
    assert ours.mean() > 0.03
    assert np.abs(ours - theirs).mean() < 1.0 / 255.0
    assert np.quantile(np.abs(ours - theirs), 0.95) < 3.0 / 255.0
