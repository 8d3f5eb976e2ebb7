"""Cards: a plant as two crossed pictures of itself, for where it is a few pixels high.

The plant is drawn from the front and from the side without light, by parallel projection with a depth buffer, each
pixel from 4 × 4 samples. Each picture hangs on a quad through the trunk, once for either side. Normals point up and
outwards, so that both sides of a card are lit like the crown they stand for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.color import bytes_from_unit, srgb_from_linear
from worldgen.errors import InvalidInputError
from worldgen.scene.arrays import freeze, require_array
from worldgen.scene.triangle_mesh import TriangleMesh

_SAMPLES = 4
_MAX_COLUMNS, _MIN_ROWS, _MAX_ROWS = 256, 32, 512
_FILL_STEPS = 24
_UP_SHARE = 0.75
_APART_SHARE = 0.002


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PaintedMesh:
    """A mesh with a colour for every triangle.

    colors  (T, 3) float32  linear, 0 to 1
    """

    mesh: TriangleMesh
    colors: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check that there is a colour for every triangle."""
        shape = (self.mesh.num_triangles, 3)
        freeze(self, colors=require_array("PaintedMesh", "colors", self.colors, shape, np.float32))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Cards:
    """Crossed quads and their picture.

    picture  (H, W, 4) uint8  sRGB and coverage; sides are powers of two, the left half from +Z, the right from +X
    """

    mesh: TriangleMesh
    picture: NDArray[np.uint8]


def make_cards(parts: Sequence[PaintedMesh], *, height_px: int = 256) -> Cards:
    """Draw a plant from two sides.

    Args:
        parts: The plant, +Y up, its trunk at x = z = 0.
        height_px: Rows of the picture, a power of two from 32 to 512.

    Raises:
        InvalidInputError: There is nothing to draw, or the height is none of those.
    """
    if height_px & (height_px - 1) or not _MIN_ROWS <= height_px <= _MAX_ROWS:
        raise InvalidInputError(f"A card is {_MIN_ROWS} to {_MAX_ROWS} pixels high, a power of two.")
    parts = [part for part in parts if part.mesh.num_triangles]
    if not parts:
        raise InvalidInputError("There is nothing to draw a card of.")
    corners = np.concatenate([part.mesh.vertices[part.mesh.triangles] for part in parts]).astype(np.float64)
    colors = np.concatenate([part.colors for part in parts])
    low, high = corners.reshape(-1, 3).min(axis=0), corners.reshape(-1, 3).max(axis=0)
    tall = max(float(high[1] - low[1]), 1e-3)
    reach = max(float(np.abs([low[0], high[0], low[2], high[2]]).max()), 1e-3)
    columns = _power_of_two(height_px * 2.0 * reach / tall)
    size = (height_px, columns)
    # Seen from +Z, +X is to the right; seen from +X, -Z is.
    views = ((0, 1.0, 2, 1.0), (2, -1.0, 0, 1.0))
    pictures = [_drawn(corners, colors, view, (reach, float(low[1]), tall), size) for view in views]
    quads = [_quad(view, reach, float(low[1]), float(high[1]), half) for half, view in enumerate(views)]
    return Cards(mesh=_joined(quads), picture=np.concatenate(pictures, axis=1))


def _power_of_two(wanted: float) -> int:
    return int(2 ** np.clip(np.ceil(np.log2(max(wanted, 1.0)) - 0.25), 4, np.log2(_MAX_COLUMNS)))


def _drawn(
    corners: NDArray[np.float64],
    colors: NDArray[np.float32],
    view: tuple[int, float, int, float],
    bounds: tuple[float, float, float],
    size: tuple[int, int],
) -> NDArray[np.uint8]:
    """(H, W, 4) picture of triangles seen along an axis."""
    across, sign, along, towards = view
    reach, bottom, tall = bounds
    rows, columns = size[0] * _SAMPLES, size[1] * _SAMPLES
    x = (sign * corners[:, :, across] + reach) / (2.0 * reach) * columns
    y = (1.0 - (corners[:, :, 1] - bottom) / tall) * rows
    points = np.stack([x, y, towards * corners[:, :, along]], axis=-1)
    nearest = _nearest_triangles(points, rows, columns)
    is_hit = nearest >= 0
    linear = np.where(is_hit[..., None], colors[np.maximum(nearest, 0)], 0.0).astype(np.float64)
    shape = (size[0], _SAMPLES, size[1], _SAMPLES)
    coverage = is_hit.reshape(shape).mean(axis=(1, 3))
    summed = linear.reshape(*shape, 3).mean(axis=(1, 3))
    return np.concatenate(
        [bytes_from_unit(srgb_from_linear(_filled(summed, coverage))), bytes_from_unit(coverage)[..., None]], axis=-1
    )


def _filled(summed: NDArray[np.float64], coverage: NDArray[np.float64]) -> NDArray[np.float32]:
    """Colours of covered pixels spread into empty ones, so that no filter mixes in black at the rim."""
    color = summed / np.maximum(coverage, 1e-9)[..., None]
    known = coverage > 0.0
    mean = summed[known].sum(axis=0) / max(float(coverage[known].sum()), 1e-9)
    for _ in range(_FILL_STEPS):
        if known.all():
            break
        total, count = np.zeros_like(color), np.zeros(known.shape)
        for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            neighbour = np.roll(known, (down, right), axis=(0, 1))
            total += np.roll(color, (down, right), axis=(0, 1)) * neighbour[..., None]
            count += neighbour
        grown = ~known & (count > 0)
        color[grown] = total[grown] / count[grown, None]
        known |= grown
    color[~known] = mean
    return np.clip(color, 0.0, 1.0).astype(np.float32)


@njit(cache=True)
def _nearest_triangles(points: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.int32]:
    """(rows, columns) index of the triangle nearest to the viewer at each sample, -1 where there is none.

    points  (T, 3, 3)  column, row and nearness of each corner
    """
    nearest = np.full((rows, columns), np.int32(-1))
    depth = np.full((rows, columns), -np.inf)
    for index in range(points.shape[0]):
        x0, y0, z0 = points[index, 0]
        x1, y1, z1 = points[index, 1]
        x2, y2, z2 = points[index, 2]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-12:
            continue
        first_row = max(0, int(np.ceil(min(y0, y1, y2) - 0.5)))
        last_row = min(rows - 1, int(np.floor(max(y0, y1, y2) - 0.5)))
        first_column = max(0, int(np.ceil(min(x0, x1, x2) - 0.5)))
        last_column = min(columns - 1, int(np.floor(max(x0, x1, x2) - 0.5)))
        for row in range(first_row, last_row + 1):
            for column in range(first_column, last_column + 1):
                x, y = column + 0.5, row + 0.5
                one = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area
                two = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area
                if one < 0.0 or two < 0.0 or one + two > 1.0:
                    continue
                z = z0 + one * (z1 - z0) + two * (z2 - z0)
                if z > depth[row, column]:
                    depth[row, column] = z
                    nearest[row, column] = index
    return nearest


def _quad(view: tuple[int, float, int, float], reach: float, bottom: float, top: float, half: int) -> TriangleMesh:
    """A quad with a front and a back; its picture is one half of the whole."""
    across, sign, along, _ = view
    sides = np.array([[-1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [-1.0, 1.0]])
    corners = np.zeros((4, 3))
    corners[:, across] = sign * reach * sides[:, 0]
    corners[:, 1] = bottom + sides[:, 1] * (top - bottom)
    uvs = np.stack([0.5 * half + 0.25 * (sides[:, 0] + 1.0), sides[:, 1]], axis=1)
    normals = np.zeros((4, 3))
    normals[:, 1] = _UP_SHARE
    normals[:, across] = sign * 0.5 * sides[:, 0]
    out = np.zeros(3)
    out[along] = 0.5
    both = np.concatenate([normals + out, normals - out])
    # Front and back stand a little apart: path tracers would find each in the shadow of the other.
    apart = np.zeros(3)
    apart[along] = _APART_SHARE * reach
    return TriangleMesh(
        vertices=np.concatenate([corners + apart, corners - apart]).astype(np.float32),
        triangles=np.array([[0, 1, 2], [0, 2, 3], [6, 5, 4], [7, 6, 4]], dtype=np.int32),
        normals=(both / np.linalg.norm(both, axis=1, keepdims=True)).astype(np.float32),
        uvs=np.concatenate([uvs, uvs]).astype(np.float32),
    )


def _joined(quads: Sequence[TriangleMesh]) -> TriangleMesh:
    starts = np.cumsum([0, *(quad.num_vertices for quad in quads[:-1])])
    return TriangleMesh(
        vertices=np.concatenate([quad.vertices for quad in quads]),
        triangles=np.concatenate([quad.triangles + start for quad, start in zip(quads, starts, strict=True)]).astype(
            np.int32
        ),
        normals=np.concatenate([quad.normals for quad in quads]),
        uvs=np.concatenate([quad.uvs for quad in quads if quad.uvs is not None]),
    )
