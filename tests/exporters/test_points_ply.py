"""The points PLY, and what trimesh and Open3D make of it."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import trimesh

from tests.exporters.clouds import gaussian_cloud
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.gaussian_ply import write_gaussian_ply
from worldgen.exporters.points_ply import read_points_ply, write_points_ply
from worldgen.randomness import rng
from worldgen.scene.point_cloud import PointCloud


def points(seed: int, count: int, *, with_normals: bool = True, with_labels: bool = True) -> PointCloud:
    generator = rng(seed, "test/points")
    normals = generator.normal(size=(count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return PointCloud(
        points=generator.uniform(-100.0, 100.0, (count, 3)).astype(np.float32),
        colors=generator.integers(0, 256, (count, 3), dtype=np.uint8),
        normals=normals.astype(np.float32) if with_normals else None,
        labels=generator.integers(0, 5, count, dtype=np.uint8) if with_labels else None,
    )


@pytest.mark.parametrize("count", [0, 1, 1000, 300_000])
@pytest.mark.parametrize(("with_normals", "with_labels"), [(True, True), (False, False)])
def test_round_trip(tmp_path: Path, count: int, with_normals: bool, with_labels: bool) -> None:
    cloud = points(1, count, with_normals=with_normals, with_labels=with_labels)
    report = write_points_ply(cloud, tmp_path / "a.ply")
    assert report.num_bytes == (tmp_path / "a.ply").stat().st_size
    again = read_points_ply(tmp_path / "a.ply")
    np.testing.assert_array_equal(again.points, cloud.points)
    np.testing.assert_array_equal(again.colors, cloud.colors)
    assert (again.normals is None) == (not with_normals or cloud.normals is None)
    if cloud.normals is not None and again.normals is not None:
        np.testing.assert_allclose(again.normals, cloud.normals, atol=1e-6)
    if cloud.labels is not None and again.labels is not None:
        np.testing.assert_array_equal(again.labels, cloud.labels)


def test_trimesh_reads_the_same(tmp_path: Path) -> None:
    cloud = points(2, 500)
    write_points_ply(cloud, tmp_path / "a.ply")
    loaded = trimesh.load(tmp_path / "a.ply")
    assert isinstance(loaded, trimesh.PointCloud)
    np.testing.assert_array_equal(loaded.vertices, cloud.points)
    np.testing.assert_array_equal(np.asarray(loaded.colors)[:, :3], cloud.colors)


def test_open3d_reads_the_same(tmp_path: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells that it found no GPU
            import open3d
    except (ImportError, OSError) as error:
        pytest.skip(f"Open3D cannot be imported here: {error}")
    cloud = points(3, 500)
    write_points_ply(cloud, tmp_path / "a.ply")
    loaded = open3d.io.read_point_cloud(str(tmp_path / "a.ply"))
    np.testing.assert_array_equal(np.asarray(loaded.points), cloud.points)
    np.testing.assert_allclose(np.asarray(loaded.normals), cloud.normals, atol=1e-6)
    np.testing.assert_array_equal(np.rint(np.asarray(loaded.colors) * 255.0), cloud.colors)


def test_points_that_trimesh_wrote_are_read(tmp_path: Path) -> None:
    cloud = points(4, 50)
    trimesh.PointCloud(cloud.points, colors=cloud.colors).export(tmp_path / "a.ply")
    again = read_points_ply(tmp_path / "a.ply")
    np.testing.assert_array_equal(again.points, cloud.points)
    np.testing.assert_array_equal(again.colors, cloud.colors)


def test_splats_are_no_points(tmp_path: Path) -> None:
    write_gaussian_ply(gaussian_cloud(1, 5, 0), tmp_path / "a.ply")
    with pytest.raises(UnsupportedFormatError, match="Gaussian splats") as caught:
        read_points_ply(tmp_path / "a.ply")
    assert "gaussian_ply" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "lines",
    [
        ["element vertex 1", "property float x", "property float y"],
        ["element vertex 4", "property float x", "property float y", "property float z"],
        ["element face 2", "property list uchar int vertex_indices", "element vertex 0", "property float x"],
        ["element face 0"],
        ["element vertex 99999999999999999999", "property float x"],
        ["element vertex 1", "property quaternion x"],
    ],
)
def test_other_files_are_refused(tmp_path: Path, lines: list[str]) -> None:
    header = "\n".join(["ply", "format binary_little_endian 1.0", *lines, "end_header\n"])
    (tmp_path / "a.ply").write_bytes(header.encode() + bytes(8))
    with pytest.raises(InvalidInputError) as caught:
        read_points_ply(tmp_path / "a.ply")
    assert caught.value.path == tmp_path / "a.ply"
