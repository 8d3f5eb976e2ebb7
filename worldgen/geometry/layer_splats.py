"""Layers of a panorama to Gaussian splats: surfels as large as the even patches of surface that they stand for.

Pixels of each layer are merged into blocks of 2 x 2, 4 x 4 and so on where the surface in them is whole and nearly
flat. Which blocks stay merged follows from the error of colour that they make against the number of splats that they
save, so even walls take few splats and texture and silhouettes take many. Each block becomes one Gaussian that lies in
its surface, stretched as the pixels' footprints are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import sh_dc_from_colors
from worldgen.errors import InvalidInputError
from worldgen.geometry.equirectangular import equirectangular_rays, pixels_from_rays, row_solid_angles
from worldgen.geometry.layer_backstop import backstop_layer
from worldgen.geometry.layer_blocks import block_pyramid, porous_error
from worldgen.geometry.panorama_layers import LayeredPanorama
from worldgen.geometry.splat_construction import merge_clouds
from worldgen.geometry.splat_shapes import shapes_from_covariances
from worldgen.geometry.splat_sky import build_sky
from worldgen.geometry.splat_transforms import take_gaussians
from worldgen.scene.gaussian_cloud import GaussianCloud

_SKY_SHARE = 0.1
_CLOSED_SHARE = 0.02
"""Share of the shell behind everything where no sky is seen: it shows only through gaps."""
_WIDTHS = (0.52, 0.62, 0.7, 0.75, 0.75, 0.75)
"""Standard deviation over the side of a block, by level: where four merged blocks meet nothing may shine through, and
their colours are even enough to run into each other."""
_BACKSTOP_SHARE = 0.07
_BACKSTOP_WIDTH = 0.75
_OPACITY = 0.985
_LEAST_RATIO = 0.04
_GEOMETRY_PRICE = 2e-4
"""Error that a merged block makes by itself, per solid angle and level: its rim is blurred."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LayerSplats:
    """Splats of a layered panorama: first those that stand for what the panorama shows, then the invented ones.

    cloud             the splats
    num_seen_surfels  how many stand for surfaces that are seen; they come first
    num_seen          how many are seen, with the sky's; what stands behind the sky and beneath surfaces is invented
    """

    cloud: GaussianCloud
    num_seen_surfels: int
    num_seen: int

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0 <= self.num_seen_surfels <= self.num_seen <= self.cloud.num_gaussians:
            raise InvalidInputError(f"LayerSplats.num_seen must lie in 0 to {self.cloud.num_gaussians}.")

    @property
    def is_seen(self) -> NDArray[np.bool_]:
        """(N,) whether the panorama shows what a splat stands for."""
        return np.arange(self.cloud.num_gaussians) < self.num_seen


def splats_from_layers(
    layered: LayeredPanorama,
    eye: NDArray[np.float64],
    *,
    budget: int,
    known: NDArray[np.bool_] | None = None,
) -> LayerSplats:
    """Build the splats of a panorama's layers and its sky.

    Args:
        layered: From :func:`worldgen.geometry.layered_reconstruction.take_apart`.
        eye: (3,) where the panorama's camera stands, in world.
        budget: Gaussians at most.
        known: (H, 2H) what of the panorama was really seen; all of it if None.

    Raises:
        InvalidInputError: The budget is below 100.
    """
    if budget < 100:
        raise InvalidInputError("The budget of a layered panorama must be at least 100 splats.")
    sky_budget = max(1, int(budget * (_SKY_SHARE if layered.is_open else _CLOSED_SHARE)))
    behind = _backstop(layered, eye, int(budget * _BACKSTOP_SHARE))
    pyramids, front = [], layered.layers[0].euclidean_depth
    for layer in layered.layers:
        front = np.where(layer.mask, layer.euclidean_depth, front).astype(np.float32)
        pyramids.append(block_pyramid(layer, front))
    chosen = _cut(pyramids, budget - sky_budget - (0 if behind is None else behind.num_gaussians))
    clouds, marks = [], []
    for layer, levels, masks in zip(layered.layers, pyramids, chosen, strict=True):
        for level, (sums, mask) in enumerate(zip(levels, masks, strict=True)):
            if mask.any():
                clouds.append(_surfels(sums[mask], level, layer.euclidean_depth.shape[0], eye))
                shown = layer.mask if layer.is_seen else np.zeros_like(layer.mask)
                marks.append(_marks(clouds[-1], eye, shown if known is None else shown & known))
    if behind is not None:
        clouds.append(behind)
        marks.append(np.zeros(behind.num_gaussians, dtype=bool))
    clouds.append(_sky(layered, eye, sky_budget))
    sky = ~layered.layers[0].mask
    marks.append(_marks(clouds[-1], eye, sky if known is None else sky & known))
    is_seen = np.concatenate(marks)
    order = np.argsort(~is_seen, kind="stable")
    cloud = take_gaussians(merge_clouds(*clouds), order)
    seen_sky = int(marks[-1].sum())
    return LayerSplats(cloud=cloud, num_seen_surfels=int(is_seen.sum()) - seen_sky, num_seen=int(is_seen.sum()))


def _backstop(layered: LayeredPanorama, eye: NDArray[np.float64], budget: int) -> GaussianCloud | None:
    """Wide splats closely behind everything.

    What little passes between splats then has its surroundings' colour, and is not much farther away.
    """
    layer = backstop_layer(layered, most_rows=int(math.sqrt(0.5 * budget)))
    if layer is None:
        return None
    sums = block_pyramid(layer, layer.euclidean_depth)[0]
    return _surfels(sums[layer.mask], 0, len(sums), eye, width=_BACKSTOP_WIDTH)


def _marks(cloud: GaussianCloud, eye: NDArray[np.float64], shown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which splats lie in directions that show them."""
    columns, rows = pixels_from_rays(cloud.means - eye, len(shown))
    row = np.minimum(rows.astype(np.int64), len(shown) - 1)
    return shown[row, columns.astype(np.int64) % shown.shape[1]]


def _cut(pyramids: list[list[NDArray[np.float64]]], budget: int) -> list[list[NDArray[np.bool_]]]:
    """Which blocks of every layer become splats: the least error for a price per splat; the price is bisected."""
    errors = []
    pixel = math.pi / len(pyramids[0][0])
    for levels in pyramids:
        row = []
        for level, sums in enumerate(levels):
            count = np.maximum(sums[..., 15], 1.0)
            color = sums[..., 10:13]
            squares = sums[..., 13] if level == 0 else sums[..., 13] / count
            error = np.maximum(squares - (color * color).sum(axis=-1), 0.0) if level else np.zeros(count.shape)
            error = sums[..., 0] * (error + _GEOMETRY_PRICE * (2.0**level - 1.0) + porous_error(sums, level, pixel))
            row.append(np.where(sums[..., 15] > 0.0, error, np.inf))
        errors.append(row)
    low, high = 1e-13, 1e2
    chosen = [_kept(levels, row, high) for levels, row in zip(pyramids, errors, strict=True)]
    for _ in range(40):
        middle = math.sqrt(low * high)
        masks = [_kept(levels, row, middle) for levels, row in zip(pyramids, errors, strict=True)]
        total = _count(masks)
        if total <= budget:
            chosen, high = masks, middle
            if total >= 0.98 * budget or high < 2e-13:
                break
        else:
            low = middle
    return _thinned(chosen, budget)


def _kept(
    levels: list[NDArray[np.float64]], errors: list[NDArray[np.float64]], price: float
) -> list[NDArray[np.bool_]]:
    """Bottom-up choice between a block and its parts, as in cost-complexity pruning (Breiman et al. 1984)."""
    exists = levels[0][..., 15] > 0.0
    cost = np.where(exists, price, 0.0)
    whole = [exists]
    for error in errors[1:]:
        parts = cost[0::2, 0::2] + cost[0::2, 1::2] + cost[1::2, 0::2] + cost[1::2, 1::2]
        whole.append(error + price < parts)
        cost = np.minimum(error + price, parts)
    kept: list[NDArray[np.bool_]] = [np.zeros((0, 0), dtype=bool)] * len(levels)
    reached = np.ones(whole[-1].shape, dtype=bool)
    for level in range(len(levels) - 1, -1, -1):
        kept[level] = reached & whole[level]
        if level:
            reached = np.repeat(np.repeat(reached & ~whole[level], 2, axis=0), 2, axis=1)
    return kept


def _count(chosen: list[list[NDArray[np.bool_]]]) -> int:
    return sum(int(mask.sum()) for row in chosen for mask in row)


def _thinned(chosen: list[list[NDArray[np.bool_]]], budget: int) -> list[list[NDArray[np.bool_]]]:
    """Drop blocks evenly where a picture of edges alone does not fit the budget, the finest first."""
    excess = _count(chosen) - budget
    for level in range(max(len(row) for row in chosen)):
        for row in reversed(chosen):
            if excess <= 0:
                return chosen
            if level < len(row) and row[level].any():
                places = np.flatnonzero(row[level])
                dropped = places[np.linspace(0, len(places) - 1, min(excess, len(places))).astype(np.int64)]
                row[level].reshape(-1)[dropped] = False
                excess -= len(np.unique(dropped))
    return chosen


def _surfels(
    sums: NDArray[np.float64], level: int, height: int, eye: NDArray[np.float64], width: float | None = None
) -> GaussianCloud:
    """One Gaussian per block, as wide as the block across and along; ``width`` is its deviation over a block's side."""
    width = _WIDTHS[level] if width is None else width
    # Where rows of the poles narrow, neighbours overlap more; elsewhere blocks meet side by side.
    across, along = sums[:, 4:7], sums[:, 7:10]
    products = np.stack([a * b for a, b in _pairs(across)], axis=1) + np.stack(
        [a * b for a, b in _pairs(along)], axis=1
    )
    distance = np.linalg.norm(sums[:, 1:4], axis=1)
    # No axis is thinner than a part of a row, so that no splat vanishes at the poles.
    thin = (0.15 * distance * math.pi / height) ** 2
    products[:, [0, 3, 5]] += thin[:, None]
    quats, scales = shapes_from_covariances(products * width**2, np.ones(len(sums)), _LEAST_RATIO)
    return GaussianCloud(
        means=(eye + sums[:, 1:4]).astype(np.float32),
        quats_wxyz=quats,
        scales=scales,
        opacities=(_OPACITY * np.minimum(sums[:, 15] / 4.0**level, 1.0)).astype(np.float32),
        sh_dc=sh_dc_from_colors(sums[:, 10:13].astype(np.float32)),
        sh_rest=np.zeros((len(sums), 0, 3), dtype=np.float32),
    )


def _pairs(vectors: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    x, y, z = vectors[:, 0], vectors[:, 1], vectors[:, 2]
    return [(x, x), (x, y), (x, z), (y, y), (y, z), (z, z)]


def _sky(layered: LayeredPanorama, eye: NDArray[np.float64], budget: int) -> GaussianCloud:
    """The whole sphere of the sky, and the closed shell behind it."""
    height = layered.height
    rays = equirectangular_rays(height)
    ground = layered.layers[0].mask
    shown = np.broadcast_to(layered.is_open, ground.shape) & (rays[..., 1] > -0.1)
    angles = np.broadcast_to(np.sqrt(row_solid_angles(height))[:, None], ground.shape)
    return build_sky(
        rays[shown].astype(np.float32),
        layered.sky[shown],
        angles[shown].astype(np.float32),
        eye=eye,
        budget=budget,
        ground_directions=rays[ground].astype(np.float32),
        ground_colors=layered.layers[0].colors[ground],
    )
