"""GLB files: the scene for engines, its colliders, and plain meshes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from worldgen.exporters.contract import ExportReport
from worldgen.exporters.glb_materials import ENGINE_PROFILE, GlbProfile, add_plain_material
from worldgen.exporters.glb_scene import add_scene
from worldgen.exporters.glb_writer import GlbWriter, Json, list_transform_properties
from worldgen.geometry.collision import Collision, build_collision
from worldgen.scene.material import SURFACE_TAGS, LinearColor, SurfaceTag
from worldgen.scene.scene import Scene
from worldgen.scene.triangle_mesh import TriangleMesh

_SURFACE_COLORS: dict[SurfaceTag, LinearColor] = {
    "grass": (0.2, 0.5, 0.1),
    "soil": (0.35, 0.22, 0.12),
    "stone": (0.4, 0.4, 0.42),
    "wood": (0.5, 0.3, 0.12),
    "foliage": (0.1, 0.45, 0.15),
    "water": (0.1, 0.3, 0.7),
    "sand": (0.75, 0.62, 0.35),
    "snow": (0.85, 0.88, 0.95),
    "metal": (0.55, 0.6, 0.65),
    "glass": (0.5, 0.8, 0.8),
    "cloth": (0.7, 0.3, 0.3),
}


def write_scene_glb(scene: Scene, path: Path, *, profile: GlbProfile = ENGINE_PROFILE) -> ExportReport:
    """Write a scene as named objects with shared meshes and textures.

    Raises:
        ExportError: The file cannot be written, or would be larger than 4 GiB.
    """
    writer = GlbWriter()
    dropped, warnings = add_scene(writer, scene, profile)
    num_bytes = writer.write(path, format_id="glb")
    return ExportReport(paths=(path,), num_bytes=num_bytes, dropped=tuple(dropped), warnings=tuple(warnings))


def write_collision_glb(scene: Scene | Collision, path: Path) -> ExportReport:
    """Write the ground and the colliders of a scene, or solids that are there already.

    See :func:`worldgen.geometry.collision.build_collision`.

    Materials are named after the surface (``stone``), so an engine can map them to its physical materials. Where the
    triangles of a part differ, each surface is a primitive of its own. The vertex attribute ``_SURFACE`` is the number
    of the surface in the extras' list ``surfaces``; no vertex is shared by two. Extras of a node tell kind, surface
    and, for capsules, the exact shape; "trigger" volumes hold water.

    Raises:
        ExportError: The file cannot be written.
    """
    collision = build_collision(scene) if isinstance(scene, Scene) else scene
    writer = GlbWriter(extras={"frame": "RUB", "unit": "metre", "surfaces": list(SURFACE_TAGS)})
    _add_collision(writer, collision)
    num_bytes = writer.write(path, format_id="collision_glb")
    return ExportReport(paths=(path,), num_bytes=num_bytes, warnings=collision.warnings)


def write_parts_glb(
    parts: Mapping[str, TriangleMesh], path: Path, *, colors: Mapping[str, LinearColor] | None = None
) -> ExportReport:
    """Write plain meshes in world, each as a node of its name, with vertex colours but without textures.

    Args:
        parts: Meshes by name.
        path: The file.
        colors: Linear colour of parts by name; white for the others.

    Raises:
        ExportError: The file cannot be written.
    """
    writer = GlbWriter(extras={"frame": "RUB", "unit": "metre"})
    materials: dict[LinearColor, int] = {}
    warnings = []
    for name, mesh in parts.items():
        if not mesh.num_triangles:
            warnings.append(f"'{name}' has no triangles and was left out")
            continue
        color = (colors or {}).get(name, (1.0, 1.0, 1.0))
        if color not in materials:
            materials[color] = add_plain_material(writer, f"plain_{len(materials)}", color, {})
        primitive = writer.add_primitive(mesh, material=materials[color])
        writer.add_node(name, {"mesh": writer.add_mesh(name, [primitive])})
    num_bytes = writer.write(path, format_id="glb")
    return ExportReport(paths=(path,), num_bytes=num_bytes, warnings=tuple(warnings))


def _add_collision(writer: GlbWriter, collision: Collision) -> None:
    materials: dict[SurfaceTag, int] = {}
    meshes = []
    for part in collision.parts:
        primitives = []
        for surface, mesh in part.by_surface():
            if surface not in materials:
                materials[surface] = add_plain_material(writer, surface, _SURFACE_COLORS[surface], {"surface": surface})
            numbers = np.full(mesh.num_vertices, SURFACE_TAGS.index(surface), dtype=np.float32)
            primitives.append(writer.add_primitive(mesh, material=materials[surface], marks={"_SURFACE": numbers}))
        meshes.append(writer.add_mesh(part.name, primitives))
    places = list_transform_properties([node.world_from_part for node in collision.nodes])
    for node, place in zip(collision.nodes, places, strict=True):
        part = collision.parts[node.part]
        extras: Json = {
            "object_id": node.object_id,
            "spec_id": node.spec_id,
            "label": node.label,
            "surface": part.surface,
            "kind": part.kind,
        }
        if part.triangle_surfaces is not None:
            extras["surfaces"] = [surface for surface, _ in part.by_surface()]
        if part.capsule is not None:
            extras["capsule"] = {
                "base": [round(value, 5) for value in part.capsule.base],
                "height": round(part.capsule.height, 5),
                "radius": round(part.capsule.radius, 5),
            }
        writer.add_node(node.name, {"mesh": meshes[node.part], **place, "extras": extras})
