"""Simple solids for physics: the ground of the playable area and the objects' colliders, within a triangle budget.

The ground is a grid that is finest around the spawn. Hulls and capsules are few-sided solids inside the true ones;
instances share their prototype's. Where all of it would be too much, the solids get fewer sides first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.water_volumes import box_mesh, water_boxes
from worldgen.scene.arrays import freeze, require_array
from worldgen.scene.material import SURFACE_TAGS, SurfaceTag
from worldgen.scene.scene import Capsule, Collider, Scene
from worldgen.scene.terrain import Terrain, TerrainLevel
from worldgen.scene.triangle_mesh import TriangleMesh

MAX_TRIANGLES = 200_000
"""Triangles of a scene's collision, all instances counted."""

_GROUND_SHARE = 0.65
_FINEST_SPACING_M = 1.0
_FINE_RADIUS_M = 64.0
_DETAIL_STEPS = ((32, 8), (16, 6), (12, 6), (8, 4), (6, 3))
"""Points of a hull at most and sides of a capsule, from fine to coarse."""
_MIN_THICKNESS_M = 0.02

GroundSurfaces = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.uint8]]
"""Positions (N,), (N,) in metres → (N,) indices into ``SURFACE_TAGS``."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CollisionPart:
    """A solid (or the ground) that stands in the world once or more often.

    ``kind`` tells how physics may take it: "ground" as it is, "hull" and "capsule" as convex, "trigger" as a convex
    volume that lets everything through and tells who is inside, "blocking" as a convex, invisible wall, "mesh" as a
    closed solid of any shape. ``capsule`` is the exact shape of a "capsule", in the
    part's frame. ``surface`` is what all of it is, or most of it where triangles differ.

    triangle_surfaces  (T,) uint8  index of each triangle's surface in ``SURFACE_TAGS``, or None
    """

    name: str
    kind: str
    mesh: TriangleMesh
    surface: SurfaceTag
    capsule: Capsule | None = None
    triangle_surfaces: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        """Check the triangles' surfaces."""
        surfaces = self.triangle_surfaces
        if surfaces is not None:
            count = self.mesh.num_triangles
            surfaces = require_array("CollisionPart", "triangle_surfaces", surfaces, (count,), np.uint8)
            if surfaces.size and surfaces.max() >= len(SURFACE_TAGS):
                raise InvalidInputError(f"CollisionPart.triangle_surfaces must index 0 to {len(SURFACE_TAGS) - 1}.")
        freeze(self, triangle_surfaces=surfaces)

    def by_surface(self) -> tuple[tuple[SurfaceTag, TriangleMesh], ...]:
        """The mesh in pieces of one surface each, in the order of ``SURFACE_TAGS``."""
        if self.triangle_surfaces is None:
            return ((self.surface, self.mesh),)
        pieces = []
        for index in np.unique(self.triangle_surfaces):
            triangles = self.mesh.triangles[self.triangle_surfaces == index]
            used, renumbered = np.unique(triangles, return_inverse=True)
            piece = TriangleMesh(
                vertices=self.mesh.vertices[used],
                triangles=renumbered.reshape(-1, 3).astype(np.int32),
                normals=self.mesh.normals[used],
            )
            pieces.append((SURFACE_TAGS[index], piece))
        return tuple(pieces)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CollisionNode:
    """A part in its place; ``object_id``, ``spec_id`` and ``label`` are those of the object that it belongs to.

    world_from_part  (4, 4) float64  rotation, uniform scale and translation
    """

    name: str
    part: int
    world_from_part: NDArray[np.float64]
    object_id: str
    spec_id: str
    label: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Collision:
    """Everything that physics needs of a scene; nodes refer to parts by index."""

    parts: tuple[CollisionPart, ...]
    nodes: tuple[CollisionNode, ...]
    warnings: tuple[str, ...] = ()

    @property
    def num_triangles(self) -> int:
        """Triangles with every instance counted."""
        return sum(self.parts[node.part].mesh.num_triangles for node in self.nodes)


def build_collision(
    scene: Scene, *, max_triangles: int = MAX_TRIANGLES, surfaces: GroundSurfaces | None = None
) -> Collision:
    """The ground, the colliders of all objects, and volumes of water.

    Args:
        scene: Objects whose prototypes have no colliders (grass) are left out.
        max_triangles: At most, all instances counted; at least 1000. If even the coarsest solids are too many, the
            objects farthest from the spawn go without, with a warning.
        surfaces: What the ground is made of where; None takes all of it for soil.
    """
    if max_triangles < 1000:
        raise InvalidInputError("A collision needs at least 1000 triangles.")
    ground = build_ground_mesh(scene.terrain, max_triangles=int(max_triangles * _GROUND_SHARE))
    waters = [box_mesh(box) for box in water_boxes(scene.terrain)]
    budget = max_triangles - ground.num_triangles - sum(mesh.num_triangles for mesh in waters)
    solid = [item for item in scene.objects if scene.prototypes[item.prototype].colliders]
    solid_names = sorted({item.prototype for item in solid})
    for hull_points, sides in _DETAIL_STEPS:
        meshes = {
            name: [
                _collider_mesh(collider, hull_points=hull_points, sides=sides)
                for collider in scene.prototypes[name].colliders
            ]
            for name in solid_names
        }
        costs = [sum(mesh.num_triangles for mesh in meshes[item.prototype]) for item in solid]
        if sum(costs) <= budget:
            break
    near_first = sorted(range(len(solid)), key=lambda index: (_distance(solid[index].world_from_object), index))
    kept = set(
        np.array(near_first, dtype=np.int64)[np.cumsum([costs[index] for index in near_first]) <= budget].tolist()
    )
    parts = [_ground_part(ground, surfaces)]
    nodes = [
        CollisionNode(
            name="COL_ground", part=0, world_from_part=np.eye(4), object_id="", spec_id="land", label="ground"
        )
    ]
    first_part: dict[str, int] = {}
    for index, item in enumerate(solid):
        if index not in kept:
            continue
        prototype = scene.prototypes[item.prototype]
        if prototype.name not in first_part:
            first_part[prototype.name] = len(parts)
            for number, (collider, mesh) in enumerate(zip(prototype.colliders, meshes[prototype.name], strict=True)):
                kind = "capsule" if isinstance(collider, Capsule) else "hull"
                name = f"COL_{prototype.name}_{number}"
                capsule = collider if isinstance(collider, Capsule) else None
                parts.append(CollisionPart(name=name, kind=kind, mesh=mesh, surface=collider.surface, capsule=capsule))
        for number in range(len(prototype.colliders)):
            nodes.append(
                CollisionNode(
                    name=f"COL_{prototype.label}_{item.object_id}_{number}",
                    part=first_part[prototype.name] + number,
                    world_from_part=item.world_from_object,
                    object_id=item.object_id,
                    spec_id=item.spec_id,
                    label=prototype.label,
                )
            )
    for number, mesh in enumerate(waters):
        name = f"COL_water_{number:03d}"
        nodes.append(
            CollisionNode(
                name=name, part=len(parts), world_from_part=np.eye(4), object_id="", spec_id="land", label="water"
            )
        )
        parts.append(CollisionPart(name=name, kind="trigger", mesh=mesh, surface="water"))
    lost = len(solid) - len(kept)
    warnings = (f"{lost} objects far from the spawn have no collider: too many for {max_triangles} triangles",)
    return Collision(parts=tuple(parts), nodes=tuple(nodes), warnings=warnings if lost else ())


def _ground_part(mesh: TriangleMesh, surfaces: GroundSurfaces | None) -> CollisionPart:
    """The ground with the surface at the middle of each of its triangles."""
    if surfaces is None:
        return CollisionPart(name="COL_ground", kind="ground", mesh=mesh, surface="soil")
    middles = mesh.vertices[mesh.triangles].mean(axis=1, dtype=np.float64)
    tags = surfaces(middles[:, 0], middles[:, 2])
    most = SURFACE_TAGS[int(np.bincount(tags, minlength=len(SURFACE_TAGS)).argmax())]
    return CollisionPart(name="COL_ground", kind="ground", mesh=mesh, surface=most, triangle_surfaces=tags)


def build_ground_mesh(terrain: Terrain, *, max_triangles: int) -> TriangleMesh:
    """The ground of the playable area as a grid without cracks, finest around the spawn.

    Grid lines stand 1 m apart near the spawn and ever farther outwards, all lines run through the whole area; the
    spacing grows as a whole until the budget holds. Fronts are up.

    Args:
        terrain: The land; the playable area is ``levels[play_level]``.
        max_triangles: At most.
    """
    half_size_m = terrain.levels[terrain.play_level].half_size_m
    spacing_m = max(_FINEST_SPACING_M, terrain.levels[0].spacing_m)
    while True:
        lines = _grid_lines(half_size_m, spacing_m)
        if 2 * (len(lines) - 1) ** 2 <= max_triangles or len(lines) <= 3:
            break
        spacing_m *= 1.1
    x, z = np.meshgrid(lines, lines)
    y = ground_heights(terrain, x.ravel(), z.ravel()).reshape(x.shape)
    vertices = np.stack([x, y, z], axis=-1)
    normals = _grid_normals(vertices)
    count = len(lines)
    corner = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).ravel()
    left, right = np.stack([corner, corner + count], axis=1), np.stack([corner + 1, corner + count + 1], axis=1)
    triangles = np.concatenate(
        [
            np.stack([left[:, 0], left[:, 1], right[:, 0]], axis=1),
            np.stack([right[:, 0], left[:, 1], right[:, 1]], axis=1),
        ]
    )
    return TriangleMesh(
        vertices=vertices.reshape(-1, 3).astype(np.float32),
        triangles=triangles.astype(np.int32),
        normals=normals.reshape(-1, 3).astype(np.float32),
    )


def ground_heights(terrain: Terrain, x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) heights of the ground at (x, z) in metres, from the finest level there; clamped at the land's border."""
    heights = np.zeros(len(x))
    missing = np.ones(len(x), dtype=bool)
    for number, level in enumerate(terrain.levels):
        inside = missing & (np.maximum(np.abs(x), np.abs(z)) <= level.half_size_m + 1e-9)
        if number == len(terrain.levels) - 1:
            inside = missing
        heights[inside] = _bilinear(level, x[inside], z[inside])
        missing &= ~inside
    return heights


def _bilinear(level: TerrainLevel, x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    last = level.num_samples - 1
    column = np.clip(x / level.spacing_m + 0.5 * last, 0.0, last)
    row = np.clip(z / level.spacing_m + 0.5 * last, 0.0, last)
    left, top = np.minimum(column.astype(np.int64), last - 1), np.minimum(row.astype(np.int64), last - 1)
    across, down = column - left, row - top
    grid = level.heights.astype(np.float64)
    upper = grid[top, left] * (1.0 - across) + grid[top, left + 1] * across
    lower = grid[top + 1, left] * (1.0 - across) + grid[top + 1, left + 1] * across
    return upper * (1.0 - down) + lower * down


def _grid_lines(half_size_m: float, spacing_m: float) -> NDArray[np.float64]:
    """Positions of grid lines, symmetric about 0: even near it, then twice and four times as far apart."""
    lines = [0.0]
    while lines[-1] < half_size_m:
        step = spacing_m * (1.0 if lines[-1] < _FINE_RADIUS_M else 2.0 if lines[-1] < 2.0 * _FINE_RADIUS_M else 4.0)
        lines.append(min(lines[-1] + step, half_size_m))
    # No sliver at the border.
    if len(lines) > 2 and lines[-1] - lines[-2] < 0.25 * spacing_m:
        del lines[-2]
    positive = np.array(lines)
    return np.concatenate([-positive[:0:-1], positive])


def _grid_normals(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows, columns, 3) unit normals of a height grid from its slopes."""
    along_x = np.gradient(vertices[:, :, 1], vertices[0, :, 0], axis=1)
    along_z = np.gradient(vertices[:, :, 1], vertices[:, 0, 2], axis=0)
    normals = np.stack([-along_x, np.ones_like(along_x), -along_z], axis=-1)
    return np.asarray(normals / np.linalg.norm(normals, axis=-1, keepdims=True))


def _collider_mesh(collider: Collider, *, hull_points: int, sides: int) -> TriangleMesh:
    points = _capsule_points(collider, sides) if isinstance(collider, Capsule) else collider.points.astype(np.float64)
    return convex_hull_mesh(points, max_points=max(hull_points, 4) if not isinstance(collider, Capsule) else None)


def convex_hull_mesh(points: NDArray[np.float64], *, max_points: int | None = None) -> TriangleMesh:
    """The convex hull of points as a closed mesh with outward fronts; flat sets are given some thickness.

    Args:
        points: (N, 3), N at least 4.
        max_points: Corners at most; those farthest out in evenly spread directions are kept.
    """
    from scipy.spatial import ConvexHull, QhullError

    try:
        hull = ConvexHull(points)
        if max_points is not None and len(hull.vertices) > max_points:
            points = points[_extreme_points(points, max_points)]
            hull = ConvexHull(points)
    except QhullError:
        points = _thickened_box(points)
        hull = ConvexHull(points)
    used = np.sort(hull.vertices)
    renumber = np.zeros(len(points), dtype=np.int64)
    renumber[used] = np.arange(len(used))
    triangles = hull.simplices.astype(np.int64)
    corners = points[triangles]
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    is_turned = (outward * hull.equations[:, :3]).sum(axis=1) < 0.0
    triangles = np.where(is_turned[:, None], triangles[:, ::-1], triangles)
    # Qhull's order of facets is its own business; ours is sorted.
    triangles = renumber[triangles]
    first = np.argmin(triangles, axis=1)
    triangles = np.stack([np.take_along_axis(triangles, ((first + k) % 3)[:, None], 1)[:, 0] for k in range(3)], axis=1)
    triangles = triangles[np.lexsort(triangles.T[::-1])]
    vertices = points[used]
    away = vertices - vertices.mean(axis=0)
    lengths = np.linalg.norm(away, axis=1, keepdims=True)
    return TriangleMesh(
        vertices=vertices.astype(np.float32),
        triangles=triangles.astype(np.int32),
        normals=(away / lengths).astype(np.float32),
    )


def _extreme_points(points: NDArray[np.float64], max_points: int) -> NDArray[np.int64]:
    """Indices of the points that lie farthest out along directions spread over the sphere (Fibonacci lattice)."""
    index = np.arange(max_points) + 0.5
    height = 1.0 - 2.0 * index / max_points
    azimuth = math.pi * (1.0 + math.sqrt(5.0)) * index
    radius = np.sqrt(1.0 - height * height)
    directions = np.stack([radius * np.cos(azimuth), height, radius * np.sin(azimuth)], axis=1)
    return np.unique(np.argmax(points @ directions.T, axis=0))


def _thickened_box(points: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = points.min(axis=0), points.max(axis=0)
    thin = high - low < _MIN_THICKNESS_M
    low, high = low - 0.5 * _MIN_THICKNESS_M * thin, high + 0.5 * _MIN_THICKNESS_M * thin
    choice = np.array([[(corner >> axis) & 1 for axis in range(3)] for corner in range(8)], dtype=bool)
    return np.where(choice, high, low)


def _capsule_points(capsule: Capsule, sides: int) -> NDArray[np.float64]:
    """Corners of a few-sided capsule: a ring at each end of the axis and a tip beyond each."""
    angle = np.arange(sides) / sides * 2.0 * math.pi
    ring = np.stack([np.cos(angle), np.zeros(sides), np.sin(angle)], axis=1) * capsule.radius
    top = np.array([0.0, max(capsule.height, _MIN_THICKNESS_M), 0.0])
    tip = np.array([[0.0, capsule.radius, 0.0]])
    return np.concatenate([ring, ring + top, -tip, tip + top]) + np.array(capsule.base)


def _distance(world_from_object: NDArray[np.float64]) -> float:
    return math.hypot(world_from_object[0, 3], world_from_object[2, 3])
