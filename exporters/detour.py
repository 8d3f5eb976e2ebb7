"""The navmesh as Detour loads it: a tile of ``dtNavMesh`` in the container that RecastDemo and its kin write.

Layout after Detour's ``DetourNavMesh.h`` (version 7 of tiles, 32-bit references; Mikko Mononen, zlib licence) and the
``MSET`` container of version 1. All of it is one tile: every triangle a polygon with its neighbours, a tree of bounds
for queries, and a detail mesh of the same triangles, so heights are exact. Detour makes the links when it loads.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import ExportError
from worldgen.exporters.contract import ExportReport
from worldgen.scene.navmesh import Navigation, NavMesh
from worldgen.storage import write_bytes

FORMAT_ID = "navmesh_detour"
MAX_VERTICES = 0xFFFE

_SET_MAGIC, _SET_VERSION = 0x4D534554, 1
_TILE_MAGIC, _TILE_VERSION = 0x444E4156, 7
_SET_HEADER = struct.Struct("<3i3f2f2i")
_TILE_ENTRY = struct.Struct("<Ii")
_TILE_HEADER = struct.Struct("<5iI9i3f3f3ff")
_POLYGON = np.dtype(
    [
        ("first_link", "<u4"),
        ("vertices", "<u2", 6),
        ("neighbours", "<u2", 6),
        ("flags", "<u2"),
        ("num_vertices", "u1"),
        ("area_and_type", "u1"),
    ]
)
_DETAIL = np.dtype(
    [("vertex_base", "<u4"), ("triangle_base", "<u4"), ("num_vertices", "u1"), ("num_triangles", "u1"), ("pad", "<u2")]
)
_NODE = np.dtype([("low", "<u2", 3), ("high", "<u2", 3), ("index", "<i4")])
_LINK_BYTES = 12
_WALKABLE_FLAG = 1
_BOUNDARY_EDGES = 0x15
"""Bits of a detail triangle: each of its edges is an edge of the polygon."""


def write_navmesh_detour(navigation: Navigation, path: Path) -> ExportReport:
    """Write the navmesh for ``dtNavMesh``: ``navmesh.bin`` of RecastDemo, ``importNavMesh`` of recast-navigation-js.

    Area 0 and flag 1 everywhere; islands are those of the mesh.

    Raises:
        ExportError: The file cannot be written, there is nothing to walk on, or the mesh has more corners than a tile
            can number.
    """
    data = encode_detour(navigation.navmesh, path)
    write_bytes(path, data, format_id=FORMAT_ID)
    dropped = ("spawn points and points of interest",) if navigation.spawn_points else ()
    return ExportReport(paths=(path,), num_bytes=len(data), dropped=dropped)


def encode_detour(navmesh: NavMesh, path: Path | None = None) -> bytes:
    """The bytes of the file; ``path`` is for errors."""
    if not navmesh.num_triangles:
        raise ExportError("Nothing in this world can be walked on.", format_id=FORMAT_ID, path=path)
    if len(navmesh.vertices) > MAX_VERTICES:
        raise ExportError(
            f"The navmesh has {len(navmesh.vertices)} corners; a tile of Detour holds {MAX_VERTICES}.",
            format_id=FORMAT_ID,
            hint="Build it from the OBJ file with tiles.",
            path=path,
        )
    tile = _tile(navmesh)
    low, high = _bounds(navmesh)
    count = navmesh.num_triangles
    header = _SET_HEADER.pack(
        _SET_MAGIC, _SET_VERSION, 1, *low, float(high[0] - low[0]), float(high[2] - low[2]), 1, count
    )
    # The only tile's reference: salt 1 above the bits that number polygons; one tile needs no bits.
    polygon_bits = max(count - 1, 0).bit_length()
    return header + _TILE_ENTRY.pack(1 << polygon_bits, len(tile)) + tile


def _tile(navmesh: NavMesh) -> bytes:
    count = navmesh.num_triangles
    polygons = np.zeros(count, dtype=_POLYGON)
    polygons["vertices"][:, :3] = navmesh.triangles
    polygons["neighbours"][:, :3] = np.where(navmesh.neighbours >= 0, navmesh.neighbours + 1, 0)
    polygons["flags"], polygons["num_vertices"] = _WALKABLE_FLAG, 3
    details = np.zeros(count, dtype=_DETAIL)
    details["triangle_base"], details["num_triangles"] = np.arange(count), 1
    detail_triangles = np.tile(np.array([0, 1, 2, _BOUNDARY_EDGES], dtype=np.uint8), (count, 1))
    low, high = _bounds(navmesh)
    factor = 1.0 / navmesh.cell_m
    nodes = _bounds_tree(navmesh, low, factor)
    num_links = 3 * count
    agent = navmesh.agent
    header = _TILE_HEADER.pack(
        _TILE_MAGIC,
        _TILE_VERSION,
        0,
        0,
        0,
        0,
        count,
        len(navmesh.vertices),
        num_links,
        count,
        0,
        count,
        len(nodes),
        0,
        count,
        agent.height_m,
        agent.radius_m,
        agent.max_step_m,
        *low,
        *high,
        factor,
    )
    return b"".join(
        [
            header,
            navmesh.vertices.astype("<f4").tobytes(),
            polygons.tobytes(),
            bytes(_LINK_BYTES * num_links),
            details.tobytes(),
            detail_triangles.tobytes(),
            nodes.tobytes(),
        ]
    )


def _bounds(navmesh: NavMesh) -> tuple[list[float], list[float]]:
    used = navmesh.vertices[np.unique(navmesh.triangles)]
    return [float(value) for value in used.min(axis=0)], [float(value) for value in used.max(axis=0)]


def _bounds_tree(navmesh: NavMesh, low: list[float], factor: float) -> NDArray[np.void]:
    """Boxes of triangles in steps of ``1 / factor``, depth first; a leaf names its polygon, others how far to skip."""
    corners = navmesh.vertices[navmesh.triangles].astype(np.float64)
    steps_low = np.floor((corners.min(axis=1) - low) * factor)
    steps_high = np.ceil((corners.max(axis=1) - low) * factor)
    lows = np.clip(steps_low, 0, 0xFFFF).astype(np.int64)
    highs = np.clip(steps_high, 0, 0xFFFF).astype(np.int64)
    nodes = np.zeros(2 * len(corners) - 1, dtype=_NODE)
    # A stack instead of recursion: a node is written before its halves, and its skip once both are done.
    waiting = [np.arange(len(corners))]
    at = 0
    while waiting:
        members = waiting.pop()
        nodes[at]["low"], nodes[at]["high"] = lows[members].min(axis=0), highs[members].max(axis=0)
        if len(members) == 1:
            nodes[at]["index"] = members[0]
        else:
            # A tree over n leaves has 2 n - 1 nodes: that far lies what follows it.
            nodes[at]["index"] = -(2 * len(members) - 1)
            axis = int(np.argmax(highs[members].max(axis=0) - lows[members].min(axis=0)))
            order = members[np.lexsort((members, lows[members, axis]))]
            waiting += [order[len(order) // 2 :], order[: len(order) // 2]]
        at += 1
    return nodes
