"""A small world folder for engine packages, with splats that lie exactly on its surfaces, made without a renderer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.exporters.textured_scene import textured_scene
from worldgen import __version__
from worldgen.exporters.engine_package import TerrainSource, WorldPackage, load_world_package
from worldgen.exporters.gaussian_ply import write_gaussian_ply
from worldgen.exporters.glb import write_collision_glb, write_scene_glb
from worldgen.exporters.light_json import write_light_json
from worldgen.exporters.navmesh_files import write_navmesh_glb
from worldgen.exporters.radiance_hdr import write_radiance_hdr
from worldgen.exporters.spz import write_spz
from worldgen.geometry.collision import Collision, CollisionNode, CollisionPart, build_collision
from worldgen.geometry.ground_field import GroundField
from worldgen.geometry.terrain_sampling import sample_terrain
from worldgen.geometry.walk_walls import add_walls
from worldgen.geometry.water_volumes import WaterBox, box_mesh
from worldgen.manifest import (
    Bounds,
    Manifest,
    Source,
    Spawn,
    WalkRangeSummary,
    WalkRing,
    encode_manifest,
    load_manifest,
)
from worldgen.navigation.navmesh import Area, build_navmesh
from worldgen.navigation.solids import solids_of
from worldgen.randomness import rng
from worldgen.rendering.light_rig import build_light_rig
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.material import SURFACE_TAGS
from worldgen.scene.navmesh import Agent, Navigation, PointOfInterest, SpawnPoint
from worldgen.scene.scene import Scene
from worldgen.scene.walk_range import WalkRange
from worldgen.stages.layer_writer import describe_file
from worldgen.stages.summarise_navigation import summarise_navigation
from worldgen.storage import write_bytes

NUM_POINTS = 1000
EXPOSURE = 0.8
WALK_RANGE = WalkRange(
    radii_m=np.array([30.0, 40.0, 33.0, 35.0, 45.0]),
    distances_m=np.array([20.0, 40.0]),
    untrue_shares=np.array([0.1, 0.4]),
    tolerance=0.25,
)
POND = WaterBox(minimum=(-7.0, -1.0, -13.0), maximum=(-1.0, 0.05, -8.0))


@dataclass(frozen=True)
class SurfacePoints:
    """Points on the scene's surfaces: object, triangle corner and weights tell where each lies."""

    object_ids: list[str]
    points_in_object: NDArray[np.float64]
    points_in_world: NDArray[np.float64]


def surface_points(scene: Scene, count: int = NUM_POINTS) -> SurfacePoints:
    """Random points on all objects near the spawn."""
    random = rng(3, "test/surface_points")
    items = [item for item in scene.objects if abs(item.world_from_object[:3, 3]).max() < 60.0]
    ids, local, world = [], [], []
    for number in range(count):
        item = items[number % len(items)]
        mesh = scene.prototypes[item.prototype].lods[item.lod][0].mesh
        corners = mesh.vertices[mesh.triangles[random.integers(mesh.num_triangles)]].astype(np.float64)
        weights = random.dirichlet((1.0, 1.0, 1.0))
        point = weights @ corners
        ids.append(item.object_id)
        local.append(point)
        world.append(item.world_from_object[:3, :3] @ point + item.world_from_object[:3, 3])
    return SurfacePoints(ids, np.array(local), np.array(world))


def splats_on(points: NDArray[np.float64]) -> GaussianCloud:
    """Splats of all shapes, turned all ways, with strong view-dependent colours, at given points."""
    random = rng(4, "test/splats_on")
    count = len(points)
    quats = random.normal(size=(count, 4))
    return GaussianCloud(
        means=points.astype(np.float32),
        quats_wxyz=(quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32),
        scales=np.exp(random.uniform(-4.0, 0.0, (count, 3))).astype(np.float32),
        opacities=random.uniform(0.1, 0.95, count).astype(np.float32),
        sh_dc=random.normal(scale=0.5, size=(count, 3)).astype(np.float32),
        sh_rest=random.uniform(-0.4, 0.4, size=(count, 15, 3)).astype(np.float32),
    )


def collision_of(scene: Scene) -> Collision:
    """The scene's colliders, ground that is grass in the east and sand in the west, a box of water, and walls."""
    surfaces = (SURFACE_TAGS.index("sand"), SURFACE_TAGS.index("grass"))
    made = build_collision(scene, surfaces=lambda x, z: np.where(x < 0.0, *surfaces).astype(np.uint8))
    pond = CollisionPart(name="COL_water_000", kind="trigger", mesh=box_mesh(POND), surface="water")
    node = CollisionNode(
        name=pond.name, part=len(made.parts), world_from_part=np.eye(4), object_id="", spec_id="land", label="water"
    )
    made = dataclasses.replace(made, parts=(*made.parts, pond), nodes=(*made.nodes, node))
    level = GroundField(radii=np.array([0.5, 100.0]), heights=np.zeros((2, 8)))
    return add_walls(made, WALK_RANGE, level)


def navigation_of(scene: Scene) -> Navigation:
    """A real navmesh of the scene's middle: 40 m wide, with holes around the things that stand there."""
    solids = solids_of(build_collision(scene))
    navmesh = build_navmesh(solids, Area(x=(-20.0, 20.0), z=(-20.0, 20.0)), Agent())
    spawn = SpawnPoint(
        name="spawn_0", position=(2.0, 0.0, 3.0), yaw=0.7, island=0, reachable_share=1.0, facing="the store"
    )
    store = PointOfInterest(
        name="store/0",
        kind="structure",
        label="barn",
        position=(5.0, 1.0, 9.0),
        radius_m=2.0,
        approach=(4.0, 0.0, 6.0),
        is_reachable=True,
        yaw=-2.8,
    )
    return Navigation(navmesh=navmesh, spawn_points=(spawn,), points_of_interest=(store,))


def make_world(folder: Path, *, with_navmesh: bool = True, scene: Scene | None = None) -> Scene:
    """Write the folder; returns the scene that it shows."""
    folder.mkdir(parents=True)
    scene = scene or textured_scene()
    points = surface_points(scene)
    cloud = splats_on(points.points_in_world)
    write_scene_glb(scene, folder / "scene.glb")
    write_collision_glb(collision_of(scene), folder / "collision.glb")
    write_gaussian_ply(cloud, folder / "splats.ply")
    write_spz(cloud, folder / "splats.spz")
    write_radiance_hdr(scene.sky.environment, folder / "sky.hdr")
    write_light_json(build_light_rig(scene, exposure=EXPOSURE, probe_positions=[]), folder / "light.json")
    files = [
        ("scene.glb", "scene", "glb"),
        ("collision.glb", "collision", "collision_glb"),
        ("splats.ply", "splats", "gaussian_ply"),
        ("splats.spz", "splats", "spz"),
        ("sky.hdr", "sky", "radiance_hdr"),
        ("light.json", "light", "light_json"),
    ]
    navigation = navigation_of(scene) if with_navmesh else None
    if navigation is not None:
        write_navmesh_glb(navigation, folder / "navmesh.glb")
        files.append(("navmesh.glb", "navmesh", "navmesh_glb"))
    manifest = Manifest(
        worldgen_version=__version__,
        source=Source(kind="panorama", prompt="a crate store by a pond"),
        seed=1,
        quality="draft",
        bounds=Bounds(minimum=(-100.0, 0.0, -100.0), maximum=(100.0, 5.0, 100.0)),
        spawn=Spawn(position=(0.0, 0.0, 0.0), eye_height_m=1.7, yaw=scene.spawn_yaw),
        stations=((0.0, 1.7, 0.0),),
        exposure=EXPOSURE,
        understood=(),
        ignored=(),
        warnings=(),
        labels_in_view=(),
        objects=(),
        layers=(),
        files=tuple(describe_file(folder, name, role, format_id, {}) for name, role, format_id in files),
        metrics={},
        navigation=None if navigation is None else summarise_navigation(navigation),
        walk_range=WalkRangeSummary(
            radii_m=tuple(WALK_RANGE.radii_m.tolist()),
            tolerance=WALK_RANGE.tolerance,
            rings=(WalkRing(distance_m=20.0, untrue_share=0.1), WalkRing(distance_m=40.0, untrue_share=0.4)),
        ),
    )
    write_bytes(folder / "world.json", encode_manifest(manifest))
    return scene


def package_of(folder: Path, scene: Scene) -> WorldPackage:
    """What engine packages of the world are written from, its flat land included."""
    terrain = TerrainSource(
        half_size_m=100.0,
        spacing_m=100.0,
        sample=lambda size: sample_terrain(scene.terrain, num_samples=size),
    )
    return load_world_package(folder, load_manifest(folder), terrain=terrain)
