"""Surface samples of many views to Gaussian splats, within a budget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import sh_dc_from_colors
from worldgen.errors import InvalidInputError
from worldgen.geometry.fusion import SurfaceSamples
from worldgen.geometry.point_grid import run_starts, sort_keys
from worldgen.geometry.splat_cells import CellMoments, angle_for_budget, cell_keys, cell_moments, inner_cells
from worldgen.geometry.splat_shapes import filled_shares, kept_areas, seen_variances, shapes_from_covariances
from worldgen.geometry.splat_sky import build_sky
from worldgen.scene.gaussian_cloud import GaussianCloud


@dataclass(frozen=True, slots=True, kw_only=True)
class SplatSettings:
    """What shapes the splats."""

    sky_share: float = 0.1
    """Share of the budget that the sky gets where nothing hides it."""
    least_widening: float = 1.1
    """Standard deviation over that of the samples where these fill little of their cell: leaves and blades."""
    textured_widening: float = 1.2
    """The same where a surface fills the cell: more would blur its texture."""
    even_widening: float = 1.7
    """The same where that surface is of one colour."""
    inner_widening: float = 1.25
    """How much wider splats are where their surface goes on all around, so that it stays closed on screens whose
    pixels are much finer than cells; at silhouettes that would blur the outline."""
    max_stretch: float = 8.0
    """How far at most the patch of a pixel extends along a surface seen at a grazing angle, in pixels."""
    least_ratio: float = 0.05
    """Thickness of the flattest splats over their length."""
    opacity: float = 0.97
    """Opacity of splats that fill their cell."""
    reference_pixels: float = 0.9
    """Side of the pixel that pictures are expected to have, in cells: thin things are thinned out for these."""
    contract_beyond_m: float = 800.0
    """Land further off is drawn nearer, up to ``farthest_m``; from the spawn that changes nothing."""
    farthest_m: float = 1500.0
    most_of_distance: float = 0.12
    """Longest axis over the distance from the spawn: a cell far away at a grazing angle spans kilometres along the
    view, and a Gaussian as long would reach past the visitor like a veil."""


SPLAT_DEFAULTS = SplatSettings()
"""Settings that the pipelines use."""

_FILLS = (0.45, 0.85)
"""Shares of a cell that count as next to nothing and as all of it."""
_CONTRASTS = (0.03, 0.1)
"""Standard deviations of the colour in a cell that count as none and as texture."""
_SOLID_AREA = 0.62
"""Splats that keep this share of their area under the low-pass are as opaque as can be."""
_LEAST_OPACITY = 0.04


def build_splats(samples: SurfaceSamples, *, budget: int, settings: SplatSettings = SPLAT_DEFAULTS) -> GaussianCloud:
    """Build the splats of a world.

    Samples are grouped into cells that a visitor within a few metres of the spawn could just tell apart, and each group
    becomes the Gaussian with the same mean and covariance: a disc along a surface, a needle along a blade of grass.

    Args:
        samples: What all views hit.
        budget: Gaussians at most, the sky's included.
        settings: How splats are shaped.

    Raises:
        InvalidInputError: The budget is below 2.
    """
    if budget < 2:
        raise InvalidInputError("The splat budget must be at least 2.")
    sky_part = len(samples.sky_directions) / max(len(samples.sky_directions) + samples.num_samples, 1)
    sky_budget = max(1, int(budget * settings.sky_share * min(1.0, 0.3 + 2.0 * sky_part)))
    surface = _surface_splats(samples, budget - sky_budget, settings)
    offsets = samples.points - samples.eye.astype(np.float32)
    sky = build_sky(
        samples.sky_directions,
        samples.sky_colors,
        samples.sky_angles,
        eye=samples.eye,
        budget=budget - surface.num_gaussians if not samples.num_samples else sky_budget,
        ground_directions=offsets,
        ground_colors=samples.colors,
    )
    return merge_clouds(surface, sky)


def merge_clouds(*clouds: GaussianCloud) -> GaussianCloud:
    """All splats of some clouds of the same SH degree in one, in the order given."""
    return GaussianCloud(
        **{
            name: np.concatenate([getattr(cloud, name) for cloud in clouds])
            for name in ("means", "quats_wxyz", "scales", "opacities", "sh_dc", "sh_rest")
        }
    )


def _surface_splats(samples: SurfaceSamples, budget: int, settings: SplatSettings) -> GaussianCloud:
    """One Gaussian per cell of surface samples."""
    if not samples.num_samples:
        nothing = (np.zeros((0, 3)), np.zeros((0, 6)), np.zeros((0, 3)), np.zeros(0))
        return _cloud(nothing, np.zeros(0, dtype=bool), samples.eye, 0.01, settings)
    angle = angle_for_budget(samples.points, samples.eye, budget)
    sorted_keys, order = sort_keys(cell_keys(samples.points, samples.eye, angle))
    starts = run_starts(sorted_keys)
    arrays = (samples.points, samples.normals, samples.rays, samples.footprints, samples.colors)
    moments = cell_moments((starts, order), arrays, settings.max_stretch)
    # Only a tiny budget is exceeded by the largest cells; those that show most then stay.
    kept = np.sort(np.argsort(-np.diff(starts), kind="stable")[:budget])
    means, covariances, colors, variances = (values[kept] for values in moments)
    inner = inner_cells(sorted_keys[starts[:-1]], angle)[kept]
    return _cloud((means, covariances, colors, variances), inner, samples.eye, angle, settings)


def _cloud(
    moments: CellMoments,
    inner: NDArray[np.bool_],
    eye: NDArray[np.float64],
    angle: float,
    settings: SplatSettings,
) -> GaussianCloud:
    """Gaussians of given moments, brought nearer where they are very far."""
    means, covariances, colors, variances = moments
    seen = seen_variances(means, covariances, eye)
    fills = _smooth_step(filled_shares(seen, angle), *_FILLS)
    even = 1.0 - _smooth_step(np.sqrt(variances), *_CONTRASTS)
    closed = settings.even_widening * np.where(inner, settings.inner_widening, 1.0)
    closing = settings.textured_widening + (closed - settings.textured_widening) * even
    widenings = settings.least_widening + (closing - settings.least_widening) * fills
    quats, scales = shapes_from_covariances(covariances, widenings, settings.least_ratio)
    seen = seen * np.stack([widenings**4, widenings**2], axis=1)
    kept = kept_areas(seen, settings.reference_pixels * angle)
    opacities = settings.opacity * np.minimum(np.maximum(kept / _SOLID_AREA, fills), 1.0)
    offsets = means - eye
    distances = np.linalg.norm(offsets, axis=1)
    start, end = settings.contract_beyond_m, settings.farthest_m
    nearer = np.where(distances > start, end - (end - start) * start / np.maximum(distances, start), distances)
    factor = (nearer / np.maximum(distances, 1e-9))[:, None]
    scales = np.minimum(scales, np.maximum(settings.most_of_distance * distances, 1e-3)[:, None])
    return GaussianCloud(
        means=(eye + offsets * factor).astype(np.float32),
        quats_wxyz=quats,
        scales=(scales * factor).astype(np.float32),
        opacities=np.maximum(opacities, _LEAST_OPACITY).astype(np.float32),
        sh_dc=sh_dc_from_colors(colors.astype(np.float32)),
        sh_rest=np.zeros((len(means), 0, 3), dtype=np.float32),
    )


def _smooth_step(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """0 up to ``low``, 1 from ``high``, smooth between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
