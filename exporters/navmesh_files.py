"""The navmesh as GLB for engines and eyes, and as OBJ for Detour's and other tools."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from worldgen.exporters.contract import ExportReport
from worldgen.exporters.glb_materials import add_plain_material
from worldgen.exporters.glb_writer import GlbWriter
from worldgen.scene.navmesh import Agent, Navigation, NavMesh
from worldgen.scene.triangle_mesh import TriangleMesh
from worldgen.storage import atomic_file

_COLORS = ((0.1, 0.45, 0.8), (0.8, 0.35, 0.15), (0.55, 0.2, 0.7), (0.2, 0.6, 0.3))
_LINES_PER_BLOCK = 4096


def write_navmesh_glb(navigation: Navigation, path: Path) -> ExportReport:
    """Write a node ``NAV_island_<k>`` per island, and empty nodes for spawn points and points of interest.

    A spawn point's node looks along its -Z, as cameras do; the extras hold what the types hold.

    Raises:
        ExportError: The file cannot be written.
    """
    navmesh = navigation.navmesh
    writer = GlbWriter(
        extras={
            "frame": "RUB",
            "unit": "metre",
            "agent": agent_document(navmesh.agent),
            "cell_m": navmesh.cell_m,
            "edge_error_m": navmesh.edge_error_m,
            "height_error_m": navmesh.height_error_m,
            "area_m2": round(navmesh.area_m2, 3),
        }
    )
    for index, island in enumerate(navmesh.islands):
        color = _COLORS[min(index, len(_COLORS) - 1)]
        material = add_plain_material(writer, f"navmesh_{index}", color, {})
        primitive = writer.add_primitive(island_mesh(navmesh, index), material=material)
        extras = {"kind": "navmesh", "island": index, "area_m2": island.area_m2}
        mesh = writer.add_mesh(f"NAV_island_{index}", [primitive])
        writer.add_node(f"NAV_island_{index}", {"mesh": mesh, "extras": extras})
    for spawn in navigation.spawn_points:
        extras = {
            "kind": "spawn_point",
            "yaw": spawn.yaw,
            "island": spawn.island,
            "reachable_share": spawn.reachable_share,
            "facing": spawn.facing,
        }
        turn = [0.0, round(math.sin(0.5 * spawn.yaw), 8), 0.0, round(math.cos(0.5 * spawn.yaw), 8)]
        writer.add_node(spawn.name, {"translation": list(spawn.position), "rotation": turn, "extras": extras})
    for point in navigation.points_of_interest:
        extras = {
            "kind": "point_of_interest",
            "what": point.kind,
            "label": point.label,
            "radius_m": point.radius_m,
            "approach": None if point.approach is None else list(point.approach),
            "is_reachable": point.is_reachable,
            "yaw": point.yaw,
        }
        writer.add_node(f"POI_{point.name}", {"translation": list(point.position), "extras": extras})
    num_bytes = writer.write(path, format_id="navmesh_glb")
    return ExportReport(paths=(path,), num_bytes=num_bytes, warnings=navigation.warnings)


def write_navmesh_obj(navigation: Navigation, path: Path) -> ExportReport:
    """Write the navmesh as Wavefront OBJ, an object per island: what Detour's ``duDebug`` tools and others read.

    Raises:
        ExportError: The file cannot be written.
    """
    with atomic_file(path, format_id="navmesh_obj") as file:
        num_bytes = 0
        for block in _obj_blocks(navigation.navmesh):
            num_bytes += file.write(block.encode("ascii"))
    dropped = ("spawn points and points of interest",) if navigation.spawn_points else ()
    return ExportReport(paths=(path,), num_bytes=num_bytes, dropped=dropped)


def island_mesh(navmesh: NavMesh, island: int) -> TriangleMesh:
    """One island as a plain mesh with the normals of its corners."""
    triangles = navmesh.triangles[navmesh.island_ids == island]
    used = np.unique(triangles)
    vertices = navmesh.vertices[used]
    triangles = np.searchsorted(used, triangles).astype(np.int32)
    corners = vertices[triangles].astype(np.float64)
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros((len(vertices), 3))
    for k in range(3):
        np.add.at(normals, triangles[:, k], faces)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    return TriangleMesh(vertices=vertices, triangles=triangles, normals=normals.astype(np.float32))


def agent_document(agent: Agent) -> dict[str, Any]:
    """An agent as plain JSON values."""
    return {
        "radius_m": agent.radius_m,
        "height_m": agent.height_m,
        "max_slope_deg": agent.max_slope_deg,
        "max_step_m": agent.max_step_m,
        "max_wade_m": agent.max_wade_m,
    }


def _obj_blocks(navmesh: NavMesh) -> Iterator[str]:
    yield "# navmesh, metres, +Y up, fronts up\n"
    for start in range(0, len(navmesh.vertices), _LINES_PER_BLOCK):
        rows = navmesh.vertices[start : start + _LINES_PER_BLOCK].tolist()
        yield "".join(f"v {x:.4f} {y:.4f} {z:.4f}\n" for x, y, z in rows)
    for island in range(len(navmesh.islands)):
        yield f"o island_{island}\n"
        faces = (navmesh.triangles[navmesh.island_ids == island] + 1).tolist()
        for start in range(0, len(faces), _LINES_PER_BLOCK):
            yield "".join(f"f {a} {b} {c}\n" for a, b, c in faces[start : start + _LINES_PER_BLOCK])
