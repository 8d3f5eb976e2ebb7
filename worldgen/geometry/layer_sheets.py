"""The layers of a panorama as meshes: sheets cut at depth edges and what they hide, with the panorama on them.

Vertices are corners of pixels and triangles are made only of whole pixels of one surface, so nothing bridges a depth
edge and the first sheet shows, from the camera's place, all that the panorama shows. Every hidden sheet begins on the
surface that it continues: it takes over the vertices there and laps under it by a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.geometry.depth_edges import VISIT_REACH_M, DepthCuts, find_depth_cuts, inverse_depth
from worldgen.geometry.equirectangular import pixels_from_rays, rays_from_pixels
from worldgen.geometry.layer_backstop import backstop_layer
from worldgen.geometry.panorama_layers import LayeredPanorama, PanoramaLayer
from worldgen.geometry.sheet_corners import SheetCorners, find_corners
from worldgen.geometry.sheet_triangulation import count_triangles, split_errors, triangulate
from worldgen.scene.arrays import freeze, require_array
from worldgen.scene.triangle_mesh import TriangleMesh

_LEAST_TOLERANCE_PX = 0.35
_MOST_TOLERANCE_PX = 1.5
_TOLERANCE_STEP = 1.4
_FEWEST_ROWS = 64
_INVENTED_TOLERANCE = 2.0
"""Invented surfaces may be so much coarser."""
_SAME_SURFACE = 1.05
_BACKSTOP_ROWS = 128
_HANGING_PX = 3.0
"""What shows more parallax than this, from the reach, beside all that is seen around there is no part of it."""
_PICTURE_MARGIN_PX = 12
"""Pictures go on around hidden surfaces, so that their smaller copies, which engines make, stay clean."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LayerSheet:
    """The mesh of one layer.

    mesh     in world, with UVs of the panorama, fronts towards the camera
    is_seen  (V,) float32  1 where the panorama shows the vertex, 0 where it was invented
    layer    index of the layer in the layered panorama; its colours are the mesh's picture
    """

    mesh: TriangleMesh
    is_seen: NDArray[np.float32]
    layer: int

    def __post_init__(self) -> None:
        """Check that every vertex is marked."""
        marks = require_array("LayerSheet", "is_seen", self.is_seen, (self.mesh.num_vertices,), np.float32)
        freeze(self, is_seen=marks)


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """A layer ready to be triangulated."""

    corners: SheetCorners
    errors: NDArray[np.float32]
    inside: NDArray[np.bool_]
    own: NDArray[np.bool_]
    step: int
    """Every so many pixels of rows and columns are used."""


def sheets_from_layers(
    layered: LayeredPanorama,
    known: NDArray[np.bool_],
    eye: NDArray[np.float64],
    *,
    budget: int,
    reach_m: float = VISIT_REACH_M,
) -> tuple[LayerSheet, ...]:
    """Triangulate the layers of a panorama.

    Args:
        layered: From :func:`worldgen.geometry.layered_reconstruction.take_apart`.
        known: (H, 2H) what of the panorama was really seen, where parts of it were continued.
        eye: (3,) where the panorama's camera stands, in world.
        budget: Triangles at most, of all layers; rows and columns are halved where its edges alone would take more.
        reach_m: How far from the camera the world shall be looked at from.

    Returns:
        One sheet per layer that has any surface.

    Raises:
        InvalidInputError: The budget is below 1000.
    """
    if budget < 1000:
        raise InvalidInputError("The budget of a panorama's mesh must be at least 1000 triangles.")
    plans, tolerance = _plans_within(layered, budget, reach_m)
    sheets = []
    for index, plan in enumerate(plans):
        triangles = triangulate(plan.errors, plan.corners, plan.inside, _allowed(index, tolerance))
        if index == 0:
            triangles = triangles[~_hanging(triangles, plan, layered.layers[0], reach_m)]
        own = plan.own & known[plan.step // 2 :: plan.step, plan.step // 2 :: plan.step] if index == 0 else plan.own
        mesh, vertices = _mesh(triangles, plan.corners, eye)
        if mesh.num_triangles:
            sheets.append(LayerSheet(mesh=mesh, is_seen=_marks(vertices, own, index == 0), layer=index))
    return tuple(sheets)


def _plans_within(layered: LayeredPanorama, budget: int, reach_m: float) -> tuple[list[_Plan], float]:
    """The finest plans that keep the budget, and their tolerance; hidden layers are coarsened first."""
    steps = (1, 1)
    while True:
        plans = _plans(layered, steps, reach_m)
        tolerance = _LEAST_TOLERANCE_PX
        while _total(plans, tolerance) > budget and tolerance < _MOST_TOLERANCE_PX:
            tolerance *= _TOLERANCE_STEP
        coarser = (steps[0], 2 * steps[1]) if steps[1] < 4 * steps[0] else (2 * steps[0], 2 * steps[0])
        rows = layered.height // coarser[1]
        if _total(plans, tolerance) <= budget or layered.height % coarser[1] or rows < _FEWEST_ROWS:
            return plans, tolerance
        steps = coarser


def _allowed(index: int, tolerance_px: float) -> float:
    return tolerance_px if index == 0 else _INVENTED_TOLERANCE * tolerance_px


def _total(plans: list[_Plan], tolerance_px: float) -> int:
    return sum(
        count_triangles(plan.errors, plan.inside, _allowed(index, tolerance_px)) for index, plan in enumerate(plans)
    )


def _plans(layered: LayeredPanorama, steps: tuple[int, int], reach_m: float) -> list[_Plan]:
    """Corners and costs of the seen and the hidden layers, each with every so many pixels of rows and columns."""
    plans: list[_Plan] = []
    front, finer = np.zeros((0, 0), dtype=np.float32), 1
    for index, layer in enumerate(layered.layers):
        step = steps[min(index, 1)]
        thin = _thinned(layer, step)
        own = thin.mask
        depth, inside, previous = thin.euclidean_depth, own, None
        if plans:
            ratio = step // finer
            front = front[ratio // 2 :: ratio, ratio // 2 :: ratio]
            depth = np.where(own, depth, front).astype(np.float32)
            previous = plans[-1].corners.inverse[::ratio, ::ratio]
        # A coarse pixel sees more parallax before it is a pixel's; what hangs together is no other thing for that.
        cuts = find_depth_cuts(depth, reach_m=reach_m * step)
        if plans:
            inside = _lapped(own, cuts) & np.isfinite(depth)
            if step > 1:
                # A coarse pixel may stand before finer ones that see farther; there it would hide what is seen.
                inside &= inverse_depth(depth) <= _SAME_SURFACE * _farthest_in(layered.layers[0], step)
        corners = find_corners(inverse_depth(depth), cuts, front=previous, inside=own)
        errors = split_errors(corners, _contrast(thin.colors), inside, (cuts.right, cuts.down), reach_m=reach_m)
        plans.append(_Plan(corners, errors, inside, own, step))
        front, finer = depth, step
    return plans


def _farthest_in(layer: PanoramaLayer, step: int) -> NDArray[np.float32]:
    """Least inverse depth in each square of so many pixels."""
    inverse = inverse_depth(layer.euclidean_depth)
    rows = len(inverse) // step
    least: NDArray[np.float32] = inverse.reshape(rows, step, 2 * rows, step).min(axis=(1, 3))
    return least


def _thinned(layer: PanoramaLayer, step: int) -> PanoramaLayer:
    if step == 1:
        return layer
    half = step // 2
    return PanoramaLayer(
        euclidean_depth=np.ascontiguousarray(layer.euclidean_depth[half::step, half::step]),
        colors=np.ascontiguousarray(layer.colors[half::step, half::step]),
        is_seen=layer.is_seen,
    )


def _lapped(own: NDArray[np.bool_], cuts: DepthCuts) -> NDArray[np.bool_]:
    """Pixels of a hidden sheet and those beside it on the same surface."""
    wide = own.copy()
    wide |= np.roll(own & ~cuts.right, 1, axis=1) | (np.roll(own, -1, axis=1) & ~cuts.right)
    wide[1:] |= (own & ~cuts.down)[:-1]
    wide[:-1] |= own[1:] & ~cuts.down[:-1]
    return wide


def _contrast(colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, 2H) how much it shows if the picture is drawn out of place: from 0.15 on even surfaces to 1."""
    from scipy.ndimage import maximum_filter

    grey = colors.mean(axis=-1)
    steps = np.maximum(np.abs(grey - np.roll(grey, 1, axis=1)), np.abs(grey - np.roll(grey, 1, axis=0)))
    wide = maximum_filter(steps, size=5, mode="wrap")
    return np.clip(0.15 + 10.0 * wide, 0.15, 1.0).astype(np.float32)


def _mesh(
    triangles: NDArray[np.int64], corners: SheetCorners, eye: NDArray[np.float64]
) -> tuple[TriangleMesh, NDArray[np.int64]]:
    """The mesh, and the row and column of each of its vertices (V, 2)."""
    height = len(corners.inverse) - 1
    used, index = np.unique(triangles, return_inverse=True)
    row, column = used // 4 // (2 * height + 1), used // 4 % (2 * height + 1)
    wrapped = column % (2 * height)
    shifts = corners.shifts[row, wrapped].astype(np.float64)
    x, y = column + shifts[:, 0], row + shifts[:, 1]
    rays = rays_from_pixels(x, y, height)
    rays[np.abs(rays[:, 1]) == 1.0] *= (0.0, 1.0, 0.0)  # a pole is one point, not many that differ by rounding
    inverse = corners.inverse[row, wrapped, used % 4].astype(np.float64)
    points = rays / inverse[:, None]
    flat = index.reshape(-1, 3)
    a, b, c = (points[flat[:, side]] for side in range(3))
    normal = np.cross(b - a, c - a)
    # At the poles, where a row is one point, and nowhere else triangles have no area.
    size = np.linalg.norm(normal, axis=1)
    widest = np.maximum(((b - a) ** 2).sum(axis=1), np.maximum(((c - b) ** 2).sum(axis=1), ((a - c) ** 2).sum(axis=1)))
    whole = size > 1e-7 * widest
    kept, compact = np.unique(flat[whole], return_inverse=True)
    normals = _vertex_normals(flat[whole], normal[whole], len(used))[kept]
    uvs = np.stack([x / (2.0 * height), 1.0 - y / height], axis=1)[kept]
    mesh = TriangleMesh(
        vertices=(eye + points[kept]).astype(np.float32),
        triangles=compact.reshape(-1, 3).astype(np.int32),
        normals=_facing(normals, rays[kept]),
        uvs=uvs.astype(np.float32),
    )
    return mesh, np.stack([row, column], axis=1)[kept]


def _hanging(triangles: NDArray[np.int64], plan: _Plan, layer: PanoramaLayer, reach_m: float) -> NDArray[np.bool_]:
    """(T,) triangles that lie between surfaces: near none that is seen around there, behind one and before another."""
    height, rows = len(layer.euclidean_depth), len(plan.corners.inverse) - 1
    row, column = triangles // 4 // (2 * rows + 1), triangles // 4 % (2 * rows + 1)
    inverse = plan.corners.inverse[row, column % (2 * rows), triangles % 4]
    limit = _HANGING_PX * math.pi / height / reach_m
    hangs = np.ptp(inverse, axis=1) > limit
    places = np.flatnonzero(hangs)
    shifts = plan.corners.shifts[row[places], column[places] % (2 * rows)].astype(np.float64)
    rays = rays_from_pixels(column[places] + shifts[..., 0], row[places] + shifts[..., 1], rows)
    middle = (rays / inverse[places, :, None].astype(np.float64)).mean(axis=1)
    own = 1.0 / np.linalg.norm(middle, axis=1)
    columns, lines = pixels_from_rays(middle, height)
    seen = inverse_depth(layer.euclidean_depth)
    before, behind = np.zeros(len(places), dtype=bool), np.zeros(len(places), dtype=bool)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            there = seen[
                np.clip(lines.astype(np.int64) + down, 0, height - 1),
                (columns.astype(np.int64) + right) % (2 * height),
            ]
            hangs[places] &= np.abs(there - own) > limit
            before |= there > own
            behind |= there < own
    hangs[places] &= before & behind
    return hangs


def _vertex_normals(triangles: NDArray[np.int64], normals: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Sums of the triangles' normals, each as long as the triangle is large, at the vertices."""
    total = np.zeros((count, 3))
    for axis in range(3):
        for side in range(3):
            total[:, axis] += np.bincount(triangles[:, side], normals[:, axis], minlength=count)
    return total


def _facing(normals: NDArray[np.float64], rays: NDArray[np.float64]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(lengths > 1e-12, normals / np.maximum(lengths, 1e-12), -rays).astype(np.float32)


def _marks(vertices: NDArray[np.int64], own: NDArray[np.bool_], is_seen: bool) -> NDArray[np.float32]:
    """1 for vertices with a seen pixel beside them; a hidden layer's are seen where no pixel beside them is its own."""
    height, width = own.shape
    touches = np.zeros(len(vertices), dtype=bool)
    for down in (-1, 0):
        for right in (-1, 0):
            row = np.clip(vertices[:, 0] + down, 0, height - 1)
            touches |= own[row, (vertices[:, 1] + right) % width]
    return (touches if is_seen else ~touches).astype(np.float32)


def backstop(
    layered: LayeredPanorama, eye: NDArray[np.float64], *, budget: int
) -> tuple[TriangleMesh, NDArray[np.float32]] | None:
    """A coarse sheet closely behind everything, for the gaps that no layer fills, and its picture (h, 2h, 3).

    Above the horizon it stands inside silhouettes only; the picture is that of the last layer, smooth.

    Args:
        layered: The layers that it shall stand behind.
        eye: (3,) where the panorama's camera stands, in world.
        budget: Triangles at most.

    Returns:
        The mesh in world with UVs, and its picture; None where there is nothing to stand behind.
    """
    layer = backstop_layer(layered, most_rows=min(_BACKSTOP_ROWS, int(math.sqrt(budget) / 2.0)))
    if layer is None:
        return None
    inverse, rows = inverse_depth(layer.euclidean_depth), len(layer.euclidean_depth)
    uncut = np.zeros(inverse.shape, dtype=bool)
    rim = DepthCuts(
        right=(inverse == 0.0) != (np.roll(inverse, -1, axis=1) == 0.0),
        down=np.concatenate([(inverse[1:] == 0.0) != (inverse[:-1] == 0.0), uncut[:1]]),
    )
    corners = find_corners(inverse, rim)
    # Every corner stays: this sheet is coarse already.
    errors = np.full((rows + 1, 2 * rows), np.inf, dtype=np.float32)
    mesh, _ = _mesh(triangulate(errors, corners, inverse > 0.0, 1.0), corners, eye)
    return (mesh, layer.colors) if mesh.num_triangles else None


def dome_radius(layered: LayeredPanorama, least_m: float) -> float:
    """A radius that leaves everything seen inside a dome."""
    farthest = max(float(layer.euclidean_depth[layer.mask].max(initial=0.0)) for layer in layered.layers)
    return max(least_m, math.ceil(1.05 * farthest))


def sheet_picture(layer: PanoramaLayer) -> NDArray[np.float32]:
    """(H, 2H, 3) what a layer's sheet carries: its colours where it is and some pixels around, their mean elsewhere."""
    from scipy.ndimage import maximum_filter

    if layer.is_seen:
        return layer.colors
    used = maximum_filter(layer.mask, size=2 * _PICTURE_MARGIN_PX + 1, mode="wrap")
    mean = layer.colors[layer.mask].mean(axis=0) if layer.mask.any() else np.full(3, 0.5)
    return np.where(used[..., None], layer.colors, mean.astype(np.float32))
