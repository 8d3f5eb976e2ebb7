"""Mesh, colliders, navmesh and splats of every package lie on each other in the engine, and splats keep their colours.

What each engine's importers do to coordinates is written here once more, as plain matrices: glTFast negates x;
Interchange makes 100 (x, z, y); Blender makes (x, -z, y); gsplat-unity with LUF negates x; NanoGS makes
100 (z, x, -y) of a PLY; GDGS turns a node by half a turn about Z; the others take what the file says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tests.exporters.engine_world import POND, WALK_RANGE, make_world, package_of, splats_on, surface_points
from worldgen.exporters.engine_axes import BLENDER, GODOT, ISAAC, UNITY, UNREAL, looking_quat_xyzw
from worldgen.exporters.engine_blender import write_blender_package
from worldgen.exporters.engine_godot import write_godot_package
from worldgen.exporters.engine_unity import write_unity_package
from worldgen.exporters.engine_unreal import write_unreal_package
from worldgen.exporters.engine_web import write_web_package
from worldgen.exporters.sog import read_sog
from worldgen.exporters.spz import read_spz
from worldgen.geometry.splat_transforms import transform_gaussians
from worldgen.randomness import rng
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.scene import Scene
from worldgen.spherical_harmonics import sh_basis

Matrix = NDArray[np.float64]

NEGATE_X = np.diag([-1.0, 1.0, 1.0])
INTERCHANGE = 100.0 * np.array([[1.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0]])
BLENDER_GLTF = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
NANOGS = 100.0 * np.array([[0, 0, 1.0], [1.0, 0, 0], [0, -1.0, 0]])
HALF_TURN_X = np.diag([1.0, -1.0, -1.0])
HALF_TURN_Z = np.diag([-1.0, -1.0, 1.0])
RAW = np.eye(3)

ENGINES = {
    "unity": (write_unity_package, NEGATE_X, {".spz": NEGATE_X, ".ply": RAW}),
    "unreal": (write_unreal_package, INTERCHANGE, {".ply": NANOGS}),
    "godot": (write_godot_package, RAW, {".ply": HALF_TURN_Z}),
    "blender": (write_blender_package, BLENDER_GLTF, {".ply": RAW}),
    "web": (write_web_package, RAW, {".spz": RAW, ".sog": HALF_TURN_X}),
}
MAX_MEAN_M = 0.02


@dataclass(frozen=True)
class Package:
    """A package that was written and what its layout says."""

    engine: str
    folder: Path
    layout: dict
    mesh_importer: Matrix
    splat_importers: dict[str, Matrix]

    @property
    def scale(self) -> float:
        return self.layout["engine_units_per_metre"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scene]:
    folder = tmp_path_factory.mktemp("algebra") / "world"
    return folder, make_world(folder)


@pytest.fixture(scope="module", params=list(ENGINES))
def package(request: pytest.FixtureRequest, world: tuple[Path, Scene], tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp(request.param)
    write, mesh_importer, splat_importers = ENGINES[request.param]
    write(package_of(*world), folder)
    layout = json.loads((folder / "layout.json").read_text())
    return Package(request.param, folder, layout, mesh_importer, splat_importers)


def engine_matrix(row: dict) -> Matrix:
    """What a script of the engine makes of a row of the layout: a rotation, a scale and a translation."""
    x, y, z, w = row["engine_rotation_xyzw"]
    matrix = trimesh.transformations.quaternion_matrix([w, x, y, z])
    matrix[:3, :3] *= row["engine_scale"]
    matrix[:3, 3] = row["engine_position"]
    return matrix


def apply(matrix: Matrix, points: Matrix) -> Matrix:
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def read_file_splats(path: Path) -> dict[str, Matrix]:
    """Columns of a Gaussian PLY by name: floats only, one element, as the strictest readers take it."""
    data = path.read_bytes()
    end = data.index(b"end_header\n") + len(b"end_header\n")
    lines = data[:end].decode().split("\n")
    assert [line for line in lines if line.startswith("element")] == [f"element vertex {lines[3].split()[2]}"]
    names = [line.split()[2] for line in lines if line.startswith("property float ")]
    assert len(names) == sum(line.startswith("property") for line in lines) == 62
    table = np.frombuffer(data[end:], dtype="<f4").reshape(-1, 62).astype(np.float64)
    return {
        "means": table[:, :3],
        "sh": np.concatenate([table[:, 6:9, None], table[:, 9:54].reshape(-1, 3, 15)], axis=2).transpose(0, 2, 1),
        "scales": np.exp(table[:, 55:58]),
        "quats": table[:, 58:62],
    }


def file_splats(path: Path) -> dict[str, Matrix]:
    if path.suffix == ".ply":
        return read_file_splats(path)
    if path.suffix == ".sog":
        # Our reader turns into the world; undone here, so that the importer's own turn is what is tested.
        cloud = transform_gaussians(read_sog(path), HALF_TURN_X)
    else:
        cloud = read_spz(path)
    return {
        "means": cloud.means.astype(np.float64),
        "sh": np.concatenate([cloud.sh_dc[:, None], cloud.sh_rest], axis=1).astype(np.float64),
        "scales": cloud.scales.astype(np.float64),
        "quats": cloud.quats_wxyz.astype(np.float64),
    }


def covariances(quats: Matrix, scales: Matrix) -> Matrix:
    turns = np.stack([trimesh.transformations.quaternion_matrix(quat)[:3, :3] for quat in quats])
    axes = turns * scales[:, None, :]
    return axes @ axes.transpose(0, 2, 1)


def mesh_points(package: Package, scene: Scene) -> Matrix:
    """The sampled surface points where the engine's mesh importer and the layout put them."""
    samples = surface_points(scene)
    rows = {row["object_id"]: row for row in package.layout["instances"]}
    return np.stack(
        [
            apply(engine_matrix(rows[object_id]), package.mesh_importer @ point)
            for object_id, point in zip(samples.object_ids, samples.points_in_object, strict=True)
        ]
    )


def test_splats_lie_on_the_mesh(package: Package, world: tuple[Path, Scene]) -> None:
    expected = mesh_points(package, world[1])
    assert len(expected) == 1000
    assert {Path(splat["file"]).suffix for splat in package.layout["splats"]} == set(package.splat_importers)
    for splat in package.layout["splats"]:
        importer = package.splat_importers[Path(splat["file"]).suffix]
        points = file_splats(package.folder / splat["file"])["means"] @ importer.T
        apart = np.linalg.norm(points - expected, axis=1) / package.scale
        if splat["format"] == "sog":  # which sorts its splats
            apart = cKDTree(expected).query(points)[0]
        assert apart.mean() < MAX_MEAN_M
        assert apart.max() < 0.05


def test_splats_keep_their_shape_and_colours(package: Package, world: tuple[Path, Scene]) -> None:
    cloud: GaussianCloud = splats_on(surface_points(world[1]).points_in_world)
    true_sh = np.concatenate([cloud.sh_dc[:, None], cloud.sh_rest], axis=1).astype(np.float64)
    true_covariances = covariances(cloud.quats_wxyz.astype(np.float64), cloud.scales.astype(np.float64))
    world_map = package.mesh_importer / package.scale
    directions = rng(5, "test/directions").normal(size=(60, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    true_colors = np.einsum("dk,nkc->ndc", sh_basis(directions), true_sh)
    for splat in package.layout["splats"]:
        if splat["format"] == "sog":
            continue  # sorted, and its palette of harmonics is coarse: its own tests measure it
        suffix = Path(splat["file"]).suffix
        importer = package.splat_importers[suffix] / package.scale
        columns = file_splats(package.folder / splat["file"])
        # The engine looks along A d; its importer knows the file's harmonics in the file's own axes.
        in_file = (directions @ world_map.T) @ importer
        colors = np.einsum("dk,nkc->ndc", sh_basis(in_file), columns["sh"])
        coarse = suffix == ".spz"
        np.testing.assert_allclose(colors, true_colors, atol=0.35 if coarse else 2e-5)
        assert np.abs(colors - true_colors).mean() < (0.06 if coarse else 1e-5)
        found = importer @ covariances(columns["quats"], columns["scales"]) @ importer.T
        true = world_map @ true_covariances @ world_map.T
        error = np.linalg.norm(found - true, axis=(1, 2)) / np.linalg.norm(true, axis=(1, 2))
        assert error.max() < (0.12 if coarse else 1e-4)


def placed_meshes(path: Path, importer: Matrix) -> dict[str, Matrix]:
    """Vertices of each node of a GLB in the engine: the importer turns vertices and node transforms alike."""
    scene = trimesh.load(path, process=False)
    found = {}
    for node in scene.graph.nodes_geometry:
        transform, geometry = scene.graph[node]
        found[node] = apply(transform, np.asarray(scene.geometry[geometry].vertices)) @ importer.T
    return found


def test_colliders_lie_on_the_mesh(package: Package, world: tuple[Path, Scene]) -> None:
    """The box of the scene is its own collider; in prefab engines it moves with the instance, elsewhere it stands."""
    row = next(row for row in package.layout["instances"] if row["object_id"] == "box/0")
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (0, 2) for z in (-1, 1)], dtype=np.float64)
    expected = apply(engine_matrix(row), corners @ package.mesh_importer.T)
    true = (corners + np.array([0.0, 0.0, -6.0])) @ package.mesh_importer.T
    np.testing.assert_allclose(expected, true, atol=1e-4 * package.scale)
    nodes = placed_meshes(package.folder / package.layout["files"]["colliders"], package.mesh_importer)
    own = next(asset for asset in package.layout["assets"] if asset["name"] == row["asset"])["colliders"]
    assert [collider["kind"] for collider in own] == ["hull"]
    if package.engine in ("unity", "unreal"):
        found = apply(engine_matrix(row), nodes[own[0]["name"]])
    else:
        found = next(points for name, points in nodes.items() if "box_0" in name)
    distances = np.linalg.norm(found[:, None] - expected[None], axis=2).min(axis=1)
    assert len(found) >= 8
    assert distances.max() / package.scale < 1e-3


def test_capsules_and_triggers_lie_where_their_meshes_do(package: Package, world: tuple[Path, Scene]) -> None:
    """The numbers that scripts make exact shapes of, against the scene's own capsule and box of water."""
    layout, scale = package.layout, package.scale
    row = next(row for row in layout["instances"] if row["object_id"] == "ball/1")
    (shape,) = next(asset for asset in layout["assets"] if asset["name"] == row["asset"])["colliders"]
    capsule = world[1].prototypes["ball"].colliders[0]
    middle = np.array(capsule.base) + np.array([0.0, 0.5 * capsule.height, 0.0])
    item = next(item for item in world[1].objects if item.object_id == "ball/1")
    true = package.mesh_importer @ apply(item.world_from_object, middle)
    np.testing.assert_allclose(apply(engine_matrix(row), np.array(shape["engine_center"])), true, atol=1e-4 * scale)
    assert shape["engine_capsule_radius"] == pytest.approx(capsule.radius * scale)
    assert shape["engine_capsule_height"] == pytest.approx((capsule.height + 2.0 * capsule.radius) * scale)
    (pond,) = (row for row in layout["colliders"] if row["kind"] == "trigger")
    half = 0.5 * np.array(pond["engine_size"])
    corners = np.array(pond["engine_center"]) + np.array([-half, half])
    found = np.sort(corners + np.array(pond["engine_position"]), axis=0)
    wanted = np.sort(np.array([POND.minimum, POND.maximum]) @ package.mesh_importer.T, axis=0)
    np.testing.assert_allclose(found, wanted, atol=1e-4 * scale)
    assert [row["surface"] for row in layout["colliders"] if row["kind"] == "ground"] == ["grass", "sand"]


def test_walls_stand_at_the_end_of_the_walk_range(package: Package) -> None:
    """Boxes that scripts make of the layout's numbers: inside just beyond each side of the range, never before it."""
    layout = package.layout
    walls = [row for row in layout["colliders"] if row["kind"] == "blocking"]
    assert layout["has_walk_range"]
    assert layout["walk_range"]["radii_m"] == WALK_RANGE.radii_m.tolist()
    turn = rng(6, "test/walls").uniform(0.0, 2.0 * np.pi, 400)
    limit = WALK_RANGE.limit(np.sin(turn), -np.cos(turn))
    for reach, is_blocked in ((limit + 0.1, True), (limit - 0.1, False)):
        points = np.stack([reach * np.sin(turn), np.full(400, 1.0), -reach * np.cos(turn)], axis=1)
        inside = np.zeros(len(points), dtype=bool)
        for row in walls:
            local = apply(np.linalg.inv(engine_matrix(row)), points @ package.mesh_importer.T)
            gap = np.abs(local - np.array(row["engine_center"])) - 0.5 * np.array(row["engine_size"])
            inside |= (gap <= 0.0).all(axis=1)
        assert inside.mean() == is_blocked or (not is_blocked and inside.mean() < 0.01)
    nodes = placed_meshes(package.folder / layout["files"]["colliders"], package.mesh_importer)
    meshes = [points for name, points in nodes.items() if "range" in name]
    assert len(meshes) == len(walls) == 5
    for row in walls:
        half = 0.5 * np.array(row["engine_size"])
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        wanted = apply(engine_matrix(row), half * signs)
        distance = min(cKDTree(points).query(wanted)[0].max() for points in meshes)
        assert distance / package.scale < 1e-3


def test_ground_collider_and_navmesh_lie_on_the_ground(package: Package) -> None:
    up = package.mesh_importer @ np.array([0.0, 1.0, 0.0]) / package.scale
    files = package.layout["files"]
    ground = next(
        points
        for name, points in placed_meshes(package.folder / files["colliders"], package.mesh_importer).items()
        if "ground" in name
    )
    islands = placed_meshes(package.folder / files["navmesh"], package.mesh_importer)
    navmesh = np.concatenate(list(islands.values()))
    # An agent's middle keeps its radius away from the border of the sampled square.
    for points, half_size in ((ground, 100.0), (navmesh, 19.6)):
        assert np.abs(points @ up).max() / package.scale < 1e-4
        assert np.ptp(points, axis=0).max() / package.scale == pytest.approx(2.0 * half_size, rel=0.02)
    np.testing.assert_allclose(package.layout["spawn"]["engine_position"], 0.0, atol=1e-9)


@pytest.mark.parametrize("axes", [UNITY, UNREAL, GODOT, BLENDER, ISAAC])
def test_lights_and_cameras_look_where_they_should(axes) -> None:
    for forward in ([0.0, 0.0, -1.0], [0.6, -0.64, 0.48], [-1.0, 0.0, 0.0]):
        x, y, z, w = looking_quat_xyzw(axes, np.array(forward), np.array([0.0, 1.0, 0.0]))
        turn = trimesh.transformations.quaternion_matrix([w, x, y, z])[:3, :3]
        np.testing.assert_allclose(turn @ axes.forward, axes.engine_from_world @ forward, atol=1e-9)
        assert (turn @ axes.up) @ (axes.engine_from_world @ [0.0, 1.0, 0.0]) > 0.7


def test_the_layouts_own_matrix_is_the_importers(package: Package) -> None:
    stated = np.array(package.layout["engine_from_world"]).reshape(3, 3) * package.scale
    np.testing.assert_array_equal(stated, package.mesh_importer)


def test_key_light_shines_from_the_sun(package: Package, world: tuple[Path, Scene]) -> None:
    forward = {"unity": [0, 0, 1.0], "unreal": [1.0, 0, 0]}.get(package.engine, [0, 0, -1.0])
    x, y, z, w = package.layout["light"]["key_light"]["engine_rotation_xyzw"]
    shine = trimesh.transformations.quaternion_matrix([w, x, y, z])[:3, :3] @ forward
    to_sun = package.mesh_importer @ world[1].sky.key_direction_in_world / package.scale
    np.testing.assert_allclose(shine, -to_sun, atol=1e-6)


def test_the_navmesh_keeps_clear_of_what_stands_there(package: Package, world: tuple[Path, Scene]) -> None:
    """Seen in the engine, no corner of the navmesh lies nearer to the box than an agent's radius."""
    row = next(row for row in package.layout["instances"] if row["object_id"] == "box/0")
    engine_from_box = engine_matrix(row)
    corners = [[x, 0.0, z] for x in (-1.0, 1.0) for z in (-1.0, 1.0)]
    base = (
        apply(engine_from_box, np.array(corners) @ package.mesh_importer.T) @ package.mesh_importer / package.scale**2
    )
    low, high = base.min(axis=0), base.max(axis=0)
    islands = placed_meshes(package.folder / package.layout["files"]["navmesh"], package.mesh_importer)
    points = np.concatenate(list(islands.values())) @ package.mesh_importer / package.scale**2
    gaps = np.maximum(np.maximum(low - points, points - high), 0.0)[:, [0, 2]]
    assert 0.3 < np.linalg.norm(gaps, axis=1).min() < 0.6
