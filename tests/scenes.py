"""A small hand-made scene with exact geometry: a plane, a textured box, a coloured ball and a pond."""

from __future__ import annotations

import math

import numpy as np
import trimesh
from numpy.typing import NDArray

from worldgen.frames import rigid
from worldgen.scene.material import Material
from worldgen.scene.scene import Capsule, ConvexHull, Fog, Part, Prototype, Scene, SceneObject, Sky
from worldgen.scene.terrain import Terrain, TerrainLevel
from worldgen.scene.triangle_mesh import TriangleMesh

BOX_MIN = (-1.0, 0.0, -7.0)
BOX_MAX = (1.0, 2.0, -5.0)
BALL_CENTER = (4.0, 1.5, -6.0)
BALL_RADIUS = 1.5


def quad_mesh(
    half_size: float, y: float, *, tiles: float = 1.0, color: tuple[float, float, float] | None = None
) -> TriangleMesh:
    """A level square around the origin, facing up."""
    corners = np.array([[-1, 0, -1], [-1, 0, 1], [1, 0, 1], [1, 0, -1]], dtype=np.float32) * np.float32(half_size)
    corners[:, 1] = y
    return TriangleMesh(
        vertices=corners,
        triangles=np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32),
        normals=np.tile(np.array([[0, 1, 0]], dtype=np.float32), (4, 1)),
        uvs=(np.array([[0, 1], [0, 0], [1, 0], [1, 1]], dtype=np.float32) * np.float32(tiles)),
        colors=None if color is None else np.tile(np.array([color], dtype=np.float32), (4, 1)),
    )


def box_mesh() -> TriangleMesh:
    """A 2 m cube standing on the origin, with flat normals and one texture tile on every side."""
    box = trimesh.creation.box(extents=(2.0, 2.0, 2.0))
    vertices = box.triangles.reshape(-1, 3).astype(np.float32)
    normals = np.repeat(box.face_normals, 3, axis=0).astype(np.float32)
    axis = np.argmax(np.abs(normals), axis=1)
    u = np.where(axis == 0, vertices[:, 2], vertices[:, 0])
    v = np.where(axis == 1, vertices[:, 2], vertices[:, 1])
    vertices[:, 1] += 1.0
    return TriangleMesh(
        vertices=vertices,
        triangles=np.arange(len(vertices), dtype=np.int32).reshape(-1, 3),
        normals=normals,
        uvs=np.stack([u, v], axis=1).astype(np.float32) * np.float32(0.5) + np.float32(0.5),
    )


def ball_mesh(subdivisions: int) -> TriangleMesh:
    """A ball whose bottom touches the origin, with a colour gradient."""
    ball = trimesh.creation.icosphere(subdivisions=subdivisions, radius=BALL_RADIUS)
    vertices = ball.vertices.astype(np.float32)
    normals = (vertices / np.linalg.norm(vertices, axis=1, keepdims=True)).astype(np.float32)
    shade = (normals[:, 1:2] * 0.5 + 0.5).astype(np.float32)
    colors = np.concatenate([0.1 + 0.7 * shade, 0.3 * np.ones_like(shade), 0.8 - 0.7 * shade], axis=1)
    vertices[:, 1] += BALL_RADIUS
    return TriangleMesh(
        vertices=vertices,
        triangles=ball.faces.astype(np.int32),
        normals=normals,
        colors=colors.astype(np.float32),
    )


def checker_texture(size: int = 64) -> NDArray[np.uint8]:
    """A checkerboard of 8 by 8 fields in red and cream."""
    row, column = np.indices((size, size)) * 8 // size
    pattern = ((row + column) % 2)[..., None]
    return np.where(pattern, np.array([200, 60, 40]), np.array([235, 225, 200])).astype(np.uint8)


def flat_terrain(half_size: float = 100.0) -> Terrain:
    """Level dry ground at y = 0."""
    zero = np.zeros((3, 3), dtype=np.float32)
    level = TerrainLevel(spacing_m=half_size, heights=zero, water_depth=zero, moisture=zero, path_weight=zero)
    return Terrain(levels=(level,), play_level=0)


def gradient_sky(height: int = 64) -> Sky:
    """A sky that fades from blue at the zenith to white at the horizon, with a sun to the upper right."""
    elevation = (0.5 - (np.arange(height) + 0.5) / height)[:, None] * math.pi
    blend = np.clip(np.sin(elevation), 0.0, 1.0) ** 0.5
    zenith, horizon, ground = np.array([0.3, 0.55, 1.2]), np.array([1.2, 1.2, 1.2]), np.array([0.35, 0.3, 0.25])
    row = np.where(elevation > 0.0, horizon * (1.0 - blend) + zenith * blend, ground)
    direction = np.array([0.5, 0.7, -0.2])
    return Sky(
        environment=np.repeat(row[:, None, :], 2 * height, axis=1).astype(np.float32),
        key_direction_in_world=direction / np.linalg.norm(direction),
        key_irradiance=(8.0, 7.5, 6.8),
        key_angular_radius=0.005,
    )


def small_scene() -> Scene:
    """Plane, box, two instances of a ball at different levels of detail, and a pond."""
    materials = [
        Material(name="ground", surface="soil", base_color=(0.35, 0.3, 0.2)),
        Material(name="checker", surface="wood", base_color_texture=checker_texture(), roughness=0.7),
        Material(name="paint", surface="metal", roughness=0.4),
        Material(name="water", surface="water", roughness=0.05, kind="water"),
    ]
    prototypes = [
        Prototype(
            name="ground",
            label="ground",
            lods=((Part(mesh=quad_mesh(100.0, 0.0), material="ground"),),),
            footprint_m=0.0,
        ),
        Prototype(
            name="box",
            label="cabin",
            lods=((Part(mesh=box_mesh(), material="checker"),),),
            footprint_m=1.5,
            colliders=(ConvexHull(points=box_mesh().vertices, surface="wood"),),
        ),
        Prototype(
            name="ball",
            label="rock",
            lods=tuple((Part(mesh=ball_mesh(level), material="paint"),) for level in (4, 2)),
            footprint_m=1.5,
            colliders=(Capsule(base=(0.0, 1.5, 0.0), height=0.1, radius=1.4, surface="metal"),),
        ),
        Prototype(
            name="pond",
            label="lake",
            lods=((Part(mesh=quad_mesh(3.0, 0.05, color=(0.02, 0.12, 0.15)), material="water"),),),
            footprint_m=0.0,
        ),
    ]
    objects = [
        SceneObject(object_id="land/ground", spec_id="land", prototype="ground", world_from_object=np.eye(4)),
        SceneObject(object_id="box/0", spec_id="box", prototype="box", world_from_object=_at(0.0, 0.0, -6.0)),
        SceneObject(object_id="ball/0", spec_id="ball", prototype="ball", world_from_object=_at(4.0, 0.0, -6.0)),
        SceneObject(
            object_id="ball/1", spec_id="ball", prototype="ball", world_from_object=_at(-7.0, 0.0, -3.0), lod=1
        ),
        SceneObject(object_id="pond/0", spec_id="pond", prototype="pond", world_from_object=_at(-4.0, 0.0, -10.0)),
    ]
    return Scene(
        prototypes={prototype.name: prototype for prototype in prototypes},
        materials={material.name: material for material in materials},
        objects=tuple(objects),
        terrain=flat_terrain(),
        sky=gradient_sky(),
        fog=Fog(extinction_per_m=(0.0005, 0.0007, 0.001), falloff_per_m=0.01, base_height_m=0.0),
    )


def _at(x: float, y: float, z: float) -> NDArray[np.float64]:
    return rigid(np.eye(3), np.array([x, y, z]))
