"""How pieces are laid: planks, bricks, shingles and ashlar in courses, each piece with its own number."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.builder.materials.noise import FloatGrid, IntGrid


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Courses:
    """Horizontal courses of pieces that fill a tile.

    row_edges    (R + 1,)    float32  from 0 to 1 upwards
    piece_edges  (R, P + 1)  float32  per row, from some start to start + 1; a row may repeat its last edge
    """

    row_edges: NDArray[np.float32]
    piece_edges: NDArray[np.float32]

    @property
    def num_pieces(self) -> int:
        """Number of ids, used or not."""
        rows, edges = self.piece_edges.shape
        return rows * (edges - 1)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Laid:
    """Where each pixel lies in its piece; all (H, W).

    ids                     int32    number of the piece
    rows                    int32    number of the course
    local_u, local_v        float32  0 to 1 within the piece
    edge_u, edge_v          float32  distance to the nearest vertical and horizontal joint, in tiles
    """

    ids: IntGrid
    rows: IntGrid
    local_u: FloatGrid
    local_v: FloatGrid
    edge_u: FloatGrid
    edge_v: FloatGrid


def make_courses(
    generator: np.random.Generator,
    num_rows: int,
    num_pieces: int,
    *,
    row_jitter: float = 0.0,
    piece_jitter: float = 0.0,
    bond: float | None = None,
) -> Courses:
    """Courses of roughly even pieces.

    Args:
        generator: Source of the irregularities.
        num_rows: Courses per tile.
        num_pieces: Pieces per course.
        row_jitter: How far a horizontal joint strays, as a share of a course's height (below 0.5).
        piece_jitter: The same for vertical joints and a piece's length.
        bond: Offset of each course against the one below, in pieces (0.5 is a running bond); None is random.
    """
    rows = np.arange(num_rows + 1, dtype=np.float64)
    rows[1:-1] += row_jitter * (2.0 * generator.random(max(num_rows - 1, 0)) - 1.0)
    edges = np.zeros((num_rows, num_pieces + 1))
    for row in range(num_rows):
        start = generator.random() if bond is None else (row * bond) % 1.0
        edges[row] = np.arange(num_pieces + 1) + start
        strays = piece_jitter * (2.0 * generator.random(num_pieces) - 1.0)
        edges[row, :-1] += strays
        edges[row, -1] = edges[row, 0] + num_pieces
    return Courses(row_edges=(rows / num_rows).astype(np.float32), piece_edges=(edges / num_pieces).astype(np.float32))


def lay(courses: Courses, u: FloatGrid, v: FloatGrid) -> Laid:
    """Find the piece of every pixel; ``u`` and ``v`` (H, W) are in tiles and wrap."""
    ids, rows, local_u, local_v, edge_u, edge_v = _lay(courses.row_edges, courses.piece_edges, u, v)
    return Laid(ids=ids, rows=rows, local_u=local_u, local_v=local_v, edge_u=edge_u, edge_v=edge_v)


@njit(cache=True, nogil=True)
def _lay(
    row_edges: FloatGrid, piece_edges: FloatGrid, u: FloatGrid, v: FloatGrid
) -> tuple[IntGrid, IntGrid, FloatGrid, FloatGrid, FloatGrid, FloatGrid]:
    height, width = u.shape
    num_rows, num_pieces = piece_edges.shape[0], piece_edges.shape[1] - 1
    ids = np.zeros((height, width), np.int32)
    rows = np.zeros((height, width), np.int32)
    local_u = np.zeros((height, width), np.float32)
    local_v = np.zeros((height, width), np.float32)
    edge_u = np.zeros((height, width), np.float32)
    edge_v = np.zeros((height, width), np.float32)
    for i in range(height):
        for j in range(width):
            y = v[i, j] - np.float32(math.floor(v[i, j]))
            row = 0
            while row < num_rows - 1 and y >= row_edges[row + 1]:
                row += 1
            start = piece_edges[row, 0]
            x = u[i, j] - start
            x = start + (x - np.float32(math.floor(x)))
            piece = 0
            while piece < num_pieces - 1 and x >= piece_edges[row, piece + 1]:
                piece += 1
            left, right = piece_edges[row, piece], piece_edges[row, piece + 1]
            bottom, top = row_edges[row], row_edges[row + 1]
            ids[i, j] = row * num_pieces + piece
            rows[i, j] = row
            local_u[i, j] = (x - left) / max(right - left, np.float32(1e-6))
            local_v[i, j] = (y - bottom) / max(top - bottom, np.float32(1e-6))
            edge_u[i, j] = min(x - left, right - x)
            edge_v[i, j] = min(y - bottom, top - y)
    return ids, rows, local_u, local_v, edge_u, edge_v
