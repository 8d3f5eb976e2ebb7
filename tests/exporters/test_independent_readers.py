"""Our files as other programs read them: splat-transform, with the official SPZ code, and the Khronos validator."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from tests.exporters.clouds import covariances, gaussian_cloud
from tests.exporters.node_tools import assert_valid, splat_transform
from tests.exporters.textured_scene import textured_scene
from tests.scenes import small_scene
from worldgen.exporters.compressed_ply import read_compressed_ply, write_compressed_ply
from worldgen.exporters.gaussian_ply import read_gaussian_ply, write_gaussian_ply
from worldgen.exporters.glb import write_collision_glb, write_parts_glb, write_scene_glb
from worldgen.exporters.glb_materials import GlbProfile
from worldgen.exporters.sog import read_sog, write_sog
from worldgen.exporters.splat_file import read_splat_file, write_splat_file
from worldgen.exporters.splat_glb import read_splat_glb
from worldgen.exporters.spz import read_spz, write_spz
from worldgen.frames import Frame
from worldgen.scene.gaussian_cloud import GaussianCloud


def assert_equal_splats(ours: GaussianCloud, theirs: GaussianCloud, *, shape_tolerance: float = 1e-4) -> None:
    """The same splats but for roundoff: whatever was quantised was so before."""
    np.testing.assert_allclose(theirs.means, ours.means, atol=1e-4)
    np.testing.assert_allclose(theirs.sh_dc, ours.sh_dc, atol=1e-5)
    np.testing.assert_allclose(theirs.opacities, ours.opacities, atol=1e-5)
    np.testing.assert_allclose(theirs.sh_rest, ours.sh_rest, atol=1e-5)
    expected = covariances(ours)
    size = np.abs(expected).max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(covariances(theirs) / size, expected / size, atol=shape_tolerance)


@pytest.mark.parametrize("version", [2, 3, 4])
def test_spz_decoded_by_the_official_code(tmp_path: Path, version: Literal[2, 3, 4]) -> None:
    if version == 4:
        pytest.importorskip("zstandard", reason="SPZ version 4 needs zstandard")
    write_spz(gaussian_cloud(1, 500, 3), tmp_path / "a.spz", version=version)
    splat_transform(tmp_path / "a.spz", tmp_path / "b.ply")
    # It writes PLY in the usual RDF axes, half a turn about x from SPZ's RUB.
    assert_equal_splats(read_spz(tmp_path / "a.spz"), read_gaussian_ply(tmp_path / "b.ply"))


def test_spz_encoded_by_the_official_code(tmp_path: Path) -> None:
    write_gaussian_ply(gaussian_cloud(2, 500, 3), tmp_path / "a.ply")
    splat_transform(tmp_path / "a.ply", tmp_path / "b.spz", "--spz-version", "3")
    write_spz(read_gaussian_ply(tmp_path / "a.ply"), tmp_path / "c.spz")
    assert_equal_splats(read_spz(tmp_path / "b.spz"), read_spz(tmp_path / "c.spz"))
    theirs, ours = (gzip.decompress((tmp_path / name).read_bytes()) for name in ("b.spz", "c.spz"))
    # Half turns about a splat's own axes are free, so rotations may differ; all other streams may not.
    rotations = slice(16 + 500 * 16, 16 + 500 * 20)
    assert theirs[: rotations.start] == ours[: rotations.start]
    assert theirs[rotations.stop :] == ours[rotations.stop :]


def test_ply_read_and_written_by_splat_transform(tmp_path: Path) -> None:
    cloud = gaussian_cloud(3, 500, 3)
    write_gaussian_ply(cloud, tmp_path / "a.ply")
    splat_transform(tmp_path / "a.ply", tmp_path / "b.ply")
    assert_equal_splats(read_gaussian_ply(tmp_path / "a.ply"), read_gaussian_ply(tmp_path / "b.ply", frame=Frame.RDF))


def test_compressed_ply_decoded_by_splat_transform(tmp_path: Path) -> None:
    write_compressed_ply(gaussian_cloud(5, 700, 3), tmp_path / "a.compressed.ply")
    splat_transform(tmp_path / "a.compressed.ply", tmp_path / "b.ply")
    assert_equal_splats(read_compressed_ply(tmp_path / "a.compressed.ply"), read_gaussian_ply(tmp_path / "b.ply"))


def test_compressed_ply_encoded_by_splat_transform(tmp_path: Path) -> None:
    cloud = gaussian_cloud(6, 700, 3)
    write_gaussian_ply(cloud, tmp_path / "a.ply")
    splat_transform(tmp_path / "a.ply", tmp_path / "b.compressed.ply")
    splat_transform(tmp_path / "b.compressed.ply", tmp_path / "c.ply")
    assert_equal_splats(read_compressed_ply(tmp_path / "b.compressed.ply"), read_gaussian_ply(tmp_path / "c.ply"))


def test_sog_decoded_by_splat_transform(tmp_path: Path) -> None:
    write_sog(gaussian_cloud(8, 1500, 3), tmp_path / "a.sog")
    splat_transform(tmp_path / "a.sog", tmp_path / "b.ply")
    assert_equal_splats(read_sog(tmp_path / "a.sog"), read_gaussian_ply(tmp_path / "b.ply"), shape_tolerance=1e-3)


def test_sog_encoded_by_splat_transform(tmp_path: Path) -> None:
    write_gaussian_ply(gaussian_cloud(9, 600, 2), tmp_path / "a.ply")
    splat_transform(tmp_path / "a.ply", tmp_path / "b.sog", "--iterations", "1", "--gpu", "cpu")
    splat_transform(tmp_path / "b.sog", tmp_path / "c.ply")
    theirs, again = read_sog(tmp_path / "b.sog"), read_gaussian_ply(tmp_path / "c.ply")
    assert_equal_splats(theirs, again, shape_tolerance=1e-3)


def test_splat_glb_encoded_by_splat_transform(tmp_path: Path) -> None:
    cloud = gaussian_cloud(7, 300, 3)
    write_gaussian_ply(cloud, tmp_path / "a.ply")
    splat_transform(tmp_path / "a.ply", tmp_path / "b.glb")
    # It turns the RDF of a PLY half a turn about z into the glTF, where SPZ and we turn about x: half a turn of yaw.
    theirs = read_splat_glb(tmp_path / "b.glb", frame=Frame.LUF)
    assert_equal_splats(read_gaussian_ply(tmp_path / "a.ply"), theirs)


def test_splat_file_read_by_splat_transform(tmp_path: Path) -> None:
    write_splat_file(gaussian_cloud(4, 500, 0), tmp_path / "a.splat")
    splat_transform(tmp_path / "a.splat", tmp_path / "b.ply")
    # Readers disagree whether byte 128 of a rotation is 0 or half a step more, which is up to 0.8 degrees.
    theirs = read_gaussian_ply(tmp_path / "b.ply")
    assert_equal_splats(read_splat_file(tmp_path / "a.splat"), theirs, shape_tolerance=0.04)


def test_the_khronos_validator_has_nothing_to_say(tmp_path: Path) -> None:
    scene, rich = small_scene(), textured_scene()
    write_scene_glb(scene, tmp_path / "small.glb")
    write_scene_glb(rich, tmp_path / "rich.glb")
    write_scene_glb(rich, tmp_path / "merged.glb", profile=GlbProfile(max_nodes=30))
    write_scene_glb(rich, tmp_path / "plain.glb", profile=GlbProfile(lights=False, emissive_strength=False))
    write_scene_glb(rich, tmp_path / "png.glb", profile=GlbProfile(color_textures="png"))
    write_collision_glb(scene, tmp_path / "collision.glb")
    meshes = {f"part {k}": part.mesh for k, part in enumerate(scene.prototypes["ball"].lods[0])}
    write_parts_glb(meshes, tmp_path / "parts.glb", colors={"part 0": (0.5, 0.2, 0.1)})
    assert_valid(*sorted(tmp_path.glob("*.glb")))
