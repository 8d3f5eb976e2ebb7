"""Data types refuse what they must not hold, convert nothing and cannot be written through."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest

from tests.scenes import ball_mesh, quad_mesh, small_scene
from worldgen.errors import InvalidInputError
from worldgen.frames import rigid, yaw_rotation
from worldgen.scene.camera import Camera, PanoramaCamera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.labels import LABEL_INDEX, LABELS
from worldgen.scene.material import Material
from worldgen.scene.point_cloud import PointCloud
from worldgen.scene.scene import SceneObject
from worldgen.scene.view import Buffers


def cloud_fields(count: int = 3) -> dict[str, Any]:
    return {
        "means": np.zeros((count, 3), dtype=np.float32),
        "quats_wxyz": np.tile(np.array([[1, 0, 0, 0]], dtype=np.float32), (count, 1)),
        "scales": np.ones((count, 3), dtype=np.float32),
        "opacities": np.full(count, 0.5, dtype=np.float32),
        "sh_dc": np.zeros((count, 3), dtype=np.float32),
        "sh_rest": np.zeros((count, 0, 3), dtype=np.float32),
    }


def test_a_cloud_tells_its_size_and_degree() -> None:
    for degree, count in enumerate((0, 3, 8, 15)):
        cloud = GaussianCloud(**{**cloud_fields(), "sh_rest": np.zeros((3, count, 3), dtype=np.float32)})
        assert (cloud.num_gaussians, cloud.sh_degree) == (3, degree)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("means", np.zeros((3, 3), dtype=np.float64)),
        ("means", np.zeros((3, 2), dtype=np.float32)),
        ("means", [[0, 0, 0]] * 3),
        ("means", np.full((3, 3), np.nan, dtype=np.float32)),
        ("quats_wxyz", np.full((3, 4), 0.9, dtype=np.float32)),
        ("scales", np.full((3, 3), -2.0, dtype=np.float32)),
        ("scales", np.zeros((3, 3), dtype=np.float32)),
        ("opacities", np.full(3, 2.2, dtype=np.float32)),
        ("opacities", np.full((3, 1), 0.5, dtype=np.float32)),
        ("sh_rest", np.zeros((3, 45), dtype=np.float32)),
        ("sh_rest", np.zeros((3, 3, 15), dtype=np.float32)),
        ("sh_rest", np.zeros((3, 5, 3), dtype=np.float32)),
    ],
)
def test_a_cloud_refuses_wrong_fields(field: str, value: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"GaussianCloud.{field}"):
        GaussianCloud(**{**cloud_fields(), field: value})


def test_arrays_are_read_only_views_and_the_callers_stay_writable() -> None:
    fields = cloud_fields()
    cloud = GaussianCloud(**fields)
    with pytest.raises(ValueError, match="read-only"):
        cloud.means[0, 0] = 1.0
    fields["means"][0, 0] = 2.0
    assert cloud.means[0, 0] == 2.0, "no copy was made"
    with pytest.raises(FrozenInstanceError):
        cloud.means = fields["means"]  # type: ignore[misc]


def test_empty_clouds_are_fine() -> None:
    assert GaussianCloud(**cloud_fields(0)).num_gaussians == 0
    empty = PointCloud(points=np.zeros((0, 3), dtype=np.float32), colors=np.zeros((0, 3), dtype=np.uint8))
    assert empty.num_points == 0


def test_meshes_refuse_bad_indices_normals_and_colours() -> None:
    mesh = quad_mesh(1.0, 0.0)
    with pytest.raises(InvalidInputError, match="index 0 to 3"):
        replace(mesh, triangles=np.array([[0, 1, 4]], dtype=np.int32))
    with pytest.raises(InvalidInputError, match="index 0 to 3"):
        replace(mesh, triangles=np.array([[0, 1, -1]], dtype=np.int32))
    with pytest.raises(InvalidInputError, match="unit length"):
        replace(mesh, normals=mesh.normals * np.float32(0.5))
    with pytest.raises(InvalidInputError, match="0 to 1"):
        replace(mesh, colors=np.full((4, 3), 1.5, dtype=np.float32))


@pytest.mark.parametrize(
    "matrix",
    [np.diag([1.0, 1.0, -1.0, 1.0]), np.diag([2.0, 2.0, 2.0, 1.0]), np.diag([1.0, 1.0, 1.0, 2.0])],
)
def test_cameras_refuse_poses_that_are_not_rigid(matrix: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="world_from_camera"):
        PanoramaCamera(world_from_camera=matrix, height=4)
    with pytest.raises(InvalidInputError, match="world_from_camera"):
        Camera(intrinsics_px=np.eye(3), world_from_camera=matrix, height=4, width=4)


def test_objects_refuse_mirrors() -> None:
    with pytest.raises(InvalidInputError, match="mirror"):
        SceneObject(object_id="a", spec_id="a", prototype="p", world_from_object=np.diag([-1.0, 1.0, 1.0, 1.0]))
    turned = rigid(yaw_rotation(1.0), np.array([1.0, 2.0, 3.0]))
    assert SceneObject(object_id="a", spec_id="a", prototype="p", world_from_object=turned).lod == 0


def test_depth_must_be_positive_and_never_nan() -> None:
    size = (2, 4)
    fields: dict[str, Any] = {
        "normals": np.zeros((*size, 3), dtype=np.float32),
        "albedo": np.ones((*size, 3), dtype=np.float32),
        "labels": np.zeros(size, dtype=np.uint8),
        "object_ids": np.full(size, -1, dtype=np.int32),
    }
    Buffers(euclidean_depth=np.full(size, np.inf, dtype=np.float32), **fields)
    for bad in (0.0, -1.0, np.nan):
        with pytest.raises(InvalidInputError, match="positive"):
            Buffers(euclidean_depth=np.full(size, bad, dtype=np.float32), **fields)


def test_a_scene_resolves_every_reference() -> None:
    scene = small_scene()
    with pytest.raises(InvalidInputError, match="unknown prototype"):
        replace(scene, prototypes={})
    with pytest.raises(InvalidInputError, match="unknown material"):
        replace(scene, materials={})
    with pytest.raises(InvalidInputError, match="unique"):
        replace(scene, objects=(*scene.objects, scene.objects[0]))
    with pytest.raises(InvalidInputError, match="level of detail"):
        replace(scene, objects=(replace(scene.objects[0], lod=7),))


def test_vertex_colours_and_a_base_colour_texture_do_not_meet() -> None:
    scene = small_scene()
    ball = scene.prototypes["ball"]
    part = replace(ball.lods[0][0], material="checker")
    textured = replace(ball, lods=((part,),))
    with pytest.raises(InvalidInputError, match="vertex colours"):
        replace(
            scene,
            prototypes={**scene.prototypes, "ball": textured},
            objects=tuple(item for item in scene.objects if item.prototype != "ball"),
        )


def test_materials_check_ranges() -> None:
    for field, value in (("roughness", 1.5), ("metallic", -0.1), ("translucency", 2.0), ("tile_m", 0.0)):
        with pytest.raises(InvalidInputError, match=field):
            Material(name="m", surface="stone", **{field: value})
    with pytest.raises(InvalidInputError, match="base_color_texture"):
        Material(name="m", surface="stone", base_color_texture=np.zeros((4, 4, 4), dtype=np.uint8))


def test_the_label_table_is_unique_and_small() -> None:
    assert len(LABEL_INDEX) == len(LABELS) <= 255
    assert LABELS[0].name == "sky"
    assert len({label.color for label in LABELS}) == len(LABELS)


def test_the_hand_made_ball_is_round() -> None:
    mesh = ball_mesh(3)
    center = np.array([0.0, 1.5, 0.0])
    assert np.abs(np.linalg.norm(mesh.vertices - center, axis=1) - 1.5).max() < 1e-5
