"""``navmesh.glb`` read back: the mesh with its neighbours, spawn points and points of interest. Nothing is trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.exporters.glb_reader import GlbFile, open_glb
from worldgen.exporters.glb_writer import Json
from worldgen.scene.navmesh import Agent, Island, Navigation, NavMesh, PointOfInterest, SpawnPoint

_MAX_BYTES = 512 << 20


def read_navmesh_glb(path: Path) -> Navigation:
    """Read what :func:`worldgen.exporters.navmesh_files.write_navmesh_glb` wrote.

    Raises:
        InvalidInputError: The file is damaged or no navmesh of worldgen.
    """
    file = open_glb(path, max_bytes=_MAX_BYTES)
    try:
        return _read(file)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise file.damaged("it is no navmesh") from error


def _read(file: GlbFile) -> Navigation:
    about = file.item("scenes", 0)["extras"]
    vertices: list[NDArray[np.float32]] = []
    triangles: list[NDArray[np.int32]] = []
    islands: list[Island] = []
    count = 0
    for node, _ in file.mesh_nodes():
        (primitive,) = file.item("meshes", node["mesh"])["primitives"]
        points = file.array(primitive["attributes"]["POSITION"]).astype(np.float32)
        corners = file.raw_array(primitive["indices"]).astype(np.int64).reshape(-1, 3)
        if corners.size == 0 or corners.max() >= len(points) or not np.isfinite(points).all():
            raise file.damaged("an island has corners that do not exist")
        vertices.append(points)
        triangles.append((corners + count).astype(np.int32))
        count += len(points)
        middle = points[corners].mean(axis=1)
        center = middle[np.argmin(((middle - middle.mean(axis=0)) ** 2).sum(axis=1))]
        area = float(node["extras"]["area_m2"])
        islands.append(Island(area_m2=area, num_triangles=len(corners), center=_triple(center)))
    joined = np.concatenate(triangles) if triangles else np.zeros((0, 3), dtype=np.int32)
    ids = np.repeat(np.arange(len(triangles)), [len(each) for each in triangles]).astype(np.int32)
    extras = [node["extras"] | {"node": node} for node in file.items("nodes") if isinstance(node.get("extras"), dict)]
    navmesh = NavMesh(
        vertices=np.concatenate(vertices) if vertices else np.zeros((0, 3), dtype=np.float32),
        triangles=joined,
        neighbours=triangle_neighbours(joined),
        island_ids=ids,
        islands=tuple(islands),
        agent=Agent(**{name: float(value) for name, value in about["agent"].items()}),
        cell_m=float(about["cell_m"]),
        edge_error_m=float(about["edge_error_m"]),
        height_error_m=float(about["height_error_m"]),
    )
    return Navigation(
        navmesh=navmesh,
        spawn_points=tuple(_spawn(each) for each in extras if each.get("kind") == "spawn_point"),
        points_of_interest=tuple(_interest(each) for each in extras if each.get("kind") == "point_of_interest"),
    )


def triangle_neighbours(triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """(T, 3) the triangle across the edge from corner k to k + 1, -1 at the rim.

    Raises:
        InvalidInputError: More than two triangles share an edge.
    """
    count = len(triangles)
    starts, ends = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    keys = np.minimum(starts, ends).astype(np.int64) << 32 | np.maximum(starts, ends)
    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    if (same[1:] & same[:-1]).any():
        raise InvalidInputError("More than two triangles of the navmesh share an edge.")
    neighbours = np.full(3 * count, -1, dtype=np.int32)
    one, two = order[:-1][same], order[1:][same]
    neighbours[one], neighbours[two] = two // 3, one // 3
    return neighbours.reshape(count, 3)


def _spawn(extras: Json) -> SpawnPoint:
    return SpawnPoint(
        name=str(extras["node"]["name"]),
        position=_triple(extras["node"].get("translation", (0.0, 0.0, 0.0))),
        yaw=float(extras["yaw"]),
        island=int(extras["island"]),
        reachable_share=float(extras["reachable_share"]),
        facing=str(extras["facing"]),
    )


def _interest(extras: Json) -> PointOfInterest:
    approach = extras["approach"]
    if extras["what"] not in ("structure", "thing", "water", "viewpoint"):
        raise ValueError("unknown kind of place")
    return PointOfInterest(
        name=str(extras["node"]["name"]).removeprefix("POI_"),
        kind=extras["what"],
        label=str(extras["label"]),
        position=_triple(extras["node"].get("translation", (0.0, 0.0, 0.0))),
        radius_m=float(extras["radius_m"]),
        approach=None if approach is None else _triple(approach),
        is_reachable=bool(extras["is_reachable"]),
        yaw=None if extras.get("yaw") is None else float(extras["yaw"]),
    )


def _triple(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
