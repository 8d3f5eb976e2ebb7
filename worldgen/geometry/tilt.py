"""How a panorama's camera was tilted, from the vertical lines in it.

An edge on the sphere lies on a great circle, whose normal is the direction of the image gradient there. The circles
of vertical lines all pass through the zenith, so the zenith is the direction that is perpendicular to most of those
normals: all tilts on a grid are tried and voted on, then the best is refined by reweighted least squares with a
shrinking scale (Geman and McClure's function).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.color import LUMINANCE_WEIGHTS
from worldgen.geometry.equirectangular import equirectangular_rays

_WINDOW = math.radians(14.0)
"""Edges that deviate more from upright take no part: a camera is rarely tilted further."""
_BAND = math.radians(50.0)
"""How far above and below the horizon edges count."""
_STEP = math.radians(0.75)
_SCALES = tuple(math.radians(degrees) for degrees in (1.2, 0.8, 0.6, 0.6))
_MAX_EDGES = 24_000
_TENSOR_PX = 3.0
_HELD = 0.15
"""Least share of the lines' hold on the tilt that the worse held direction must have."""
_CHANCE, _SURE = 3.0, 10.0
"""Prominence of the winning tilt that chance alone reaches, and one that leaves no doubt."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TiltEstimate:
    """Where up is in a panorama.

    up_in_camera  (3,) float64  unit

    ``confidence`` is 0 where no tilt gets more votes than others do by chance, near 1 where one stands far out.
    """

    up_in_camera: NDArray[np.float64]
    angle: float
    confidence: float

    @property
    def camera_from_level(self) -> NDArray[np.float64]:
        """The smallest rotation that takes level directions into the camera: (3, 3), +Y to ``up_in_camera``."""
        up = np.array([0.0, 1.0, 0.0])
        axis = np.cross(up, self.up_in_camera)
        sine, cosine = float(np.linalg.norm(axis)), float(self.up_in_camera[1])
        if sine < 1e-12:
            return np.eye(3)
        x, y, z = axis / sine
        cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        rotation: NDArray[np.float64] = np.eye(3) + sine * cross + (1.0 - cosine) * cross @ cross
        return rotation


def estimate_tilt(rgb: NDArray[np.float32], known: NDArray[np.bool_]) -> TiltEstimate:
    """Find the tilt of a panorama.

    Args:
        rgb: (H, 2H, 3) float32, sRGB-encoded.
        known: (H, 2H), which pixels are from the picture.
    """
    normals, weights = _edge_normals(rgb, known)
    up = np.array([0.0, 1.0, 0.0])
    if len(normals) < 50:
        return TiltEstimate(up_in_camera=up, angle=0.0, confidence=0.0)
    votes, tilts = _votes(normals, weights)
    best = int(votes.argmax())
    up = np.array([tilts[best, 0], 1.0, tilts[best, 1]])
    up /= np.linalg.norm(up)
    for scale in _SCALES:
        miss = normals @ up
        robust = weights * (scale**2 / (scale**2 + miss**2)) ** 2
        # The zenith moves in the plane across it: two unknowns.
        design = normals[:, [0, 2]]
        step = -np.linalg.solve(design.T @ (robust[:, None] * design) + 1e-9 * np.eye(2), design.T @ (robust * miss))
        up = up + np.array([step[0], 0.0, step[1]])
        up /= np.linalg.norm(up)
    # How far the winner stands above the votes' own scatter, in its units.
    middle = float(np.median(votes))
    scatter = 1.4826 * float(np.median(np.abs(votes - middle)))
    prominence = (float(votes[best]) - middle) / max(scatter, 1e-12)
    confidence = float(np.clip((prominence - _CHANCE) / (_SURE - _CHANCE), 0.0, 1.0))
    # Lines of one direction alone leave the tilt towards them open: both directions must be held.
    agreeing = normals[np.abs(normals @ up) < 2.0 * _STEP][:, [0, 2]]
    weakest, strongest = np.linalg.eigvalsh(agreeing.T @ agreeing + 1e-9 * np.eye(2))
    confidence *= float(np.clip(weakest / strongest / _HELD, 0.0, 1.0))
    return TiltEstimate(up_in_camera=up, angle=float(math.acos(min(1.0, up[1]))), confidence=confidence)


def _votes(
    normals: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Votes of edges for each tilt of a grid, and the tilts: (T,) and (T, 2), the zenith's x and z over its y."""
    steps = np.arange(-round(_WINDOW / _STEP) + 2, round(_WINDOW / _STEP) - 1) * _STEP
    x, z = np.meshgrid(steps, steps)
    tilts = np.stack([x.ravel(), z.ravel()], axis=1)
    tilts = tilts[np.hypot(tilts[:, 0], tilts[:, 1]) < _WINDOW - _STEP]
    stride = max(1, len(normals) // _MAX_EDGES)
    some, weight = normals[::stride].astype(np.float32), weights[::stride].astype(np.float32)
    votes = np.zeros(len(tilts))
    for index, (tilt_x, tilt_z) in enumerate(tilts.astype(np.float32)):
        miss = some[:, 0] * tilt_x + some[:, 1] + some[:, 2] * tilt_z
        votes[index] = float(np.maximum(1.0 - (miss / np.float32(_STEP)) ** 2, 0.0) @ weight)
    return votes, tilts


def _edge_normals(
    rgb: NDArray[np.float32], known: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit normals of the great circles of strong, nearly upright edges, and their weights."""
    from scipy.ndimage import binary_erosion, gaussian_filter

    height = rgb.shape[0]
    grey = gaussian_filter(rgb @ LUMINANCE_WEIGHTS, 1.0, mode=("nearest", "wrap")).astype(np.float64)
    polar = (np.arange(height) + 0.5) / height * math.pi
    along = (np.roll(grey, -1, axis=1) - np.roll(grey, 1, axis=1)) / np.sin(polar)[:, None]
    down = np.gradient(grey, axis=0) * 2.0
    # The structure tensor tells straight edges (walls, trunks), whose gradients agree, from foliage.
    along_along, down_down, along_down = (
        gaussian_filter(product, _TENSOR_PX, mode=("nearest", "wrap"))
        for product in (along * along, down * down, along * down)
    )
    anisotropy = np.hypot(along_along - down_down, 2.0 * along_down)
    coherence = anisotropy / np.maximum(along_along + down_down, 1e-12)
    orientation = 0.5 * np.arctan2(2.0 * along_down, along_along - down_down)
    strength = np.sqrt(along_along + down_down) * coherence**4
    rays = equirectangular_rays(height)
    band = np.abs(polar - 0.5 * math.pi) < _BAND
    counts = binary_erosion(known, iterations=3) & band[:, None] & (strength > 1e-6)
    counts &= strength > np.percentile(strength[counts], 80.0) if counts.any() else counts
    azimuth = ((np.arange(2 * height) + 0.5) / height - 1.0) * math.pi
    east = np.stack([np.cos(azimuth), np.zeros_like(azimuth), np.sin(azimuth)], axis=-1)
    chosen_rays = rays[counts]
    chosen_east = np.broadcast_to(east, rays.shape)[counts]
    south = np.cross(chosen_rays, chosen_east)
    south *= -np.sign(south[:, 1:2])  # downwards
    angle = orientation[counts][:, None]
    normal = np.cos(angle) * chosen_east + np.sin(angle) * south
    weight = np.sqrt(strength[counts]) * np.sqrt(1.0 - chosen_rays[:, 1] ** 2)
    upright = np.abs(normal[:, 1]) < math.sin(1.5 * _WINDOW)
    return normal[upright], weight[upright]
