"""Views from several stations fused into one set of surface samples, and those thinned to a point cloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.color import bytes_from_unit
from worldgen.errors import InvalidInputError
from worldgen.geometry.cameras import camera_position, pixel_angles, pixel_rays_in_world
from worldgen.geometry.point_grid import run_starts, sort_keys, voxel_keys
from worldgen.scene.arrays import freeze, require_array
from worldgen.scene.point_cloud import PointCloud
from worldgen.scene.view import View


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SurfaceSamples:
    """What all pixels of some views hit: N samples of surfaces and M of the sky.

    eye             (3,)   float64  position of the first view, around which detail is spent
    points          (N, 3) float32  metres, in world
    normals         (N, 3) float32  unit, facing the camera
    colors          (N, 3) float32  display-referred
    rays            (N, 3) float32  unit, from the camera to the point
    footprints      (N,)   float32  side of the pixel at the point, across the ray, metres
    labels          (N,)   uint8
    sky_directions  (M, 3) float32  unit
    sky_colors      (M, 3) float32  display-referred
    sky_angles      (M,)   float32  side of the pixel in radians
    """

    eye: NDArray[np.float64]
    points: NDArray[np.float32]
    normals: NDArray[np.float32]
    colors: NDArray[np.float32]
    rays: NDArray[np.float32]
    footprints: NDArray[np.float32]
    labels: NDArray[np.uint8]
    sky_directions: NDArray[np.float32]
    sky_colors: NDArray[np.float32]
    sky_angles: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check shapes and that all values are finite."""
        count, sky_count = len(self.points), len(self.sky_directions)
        shapes = {
            "eye": (3,),
            "points": (count, 3),
            "normals": (count, 3),
            "colors": (count, 3),
            "rays": (count, 3),
            "footprints": (count,),
            "labels": (count,),
            "sky_directions": (sky_count, 3),
            "sky_colors": (sky_count, 3),
            "sky_angles": (sky_count,),
        }
        types = {"eye": np.float64, "labels": np.uint8}
        checked = {
            name: require_array("SurfaceSamples", name, getattr(self, name), shape, types.get(name, np.float32))
            for name, shape in shapes.items()
        }
        freeze(self, **checked)

    @property
    def num_samples(self) -> int:
        """Number of surface samples."""
        return len(self.points)


def fuse_views(views: Sequence[View], colors: Sequence[NDArray[np.float32]]) -> SurfaceSamples:
    """Collect what all pixels of some views hit.

    Args:
        views: Cube faces or panoramas; the first one stands at the spawn.
        colors: For each view its display-referred picture, (H, W, 3) float32.

    Raises:
        InvalidInputError: There is no view, or pictures do not fit the views.
    """
    if not views or len(views) != len(colors):
        raise InvalidInputError(f"{len(views)} views need as many pictures, and at least one; got {len(colors)}.")
    surfaces: list[tuple[NDArray[Any], ...]] = []
    skies: list[tuple[NDArray[Any], ...]] = []
    for view, picture in zip(views, colors, strict=True):
        buffers, camera = view.buffers, view.camera
        require_array("fuse_views", "colors", picture, (camera.height, camera.width, 3), np.float32)
        rays = pixel_rays_in_world(camera)
        angles = pixel_angles(camera)
        solid = np.isfinite(buffers.euclidean_depth)
        depth = buffers.euclidean_depth[solid].astype(np.float64)
        seen = camera_position(camera) + rays[solid] * depth[:, None]
        surfaces.append(
            (
                seen.astype(np.float32),
                buffers.normals[solid],
                picture[solid],
                rays[solid].astype(np.float32),
                (depth * angles[solid]).astype(np.float32),
                buffers.labels[solid],
            )
        )
        skies.append((rays[~solid].astype(np.float32), picture[~solid], angles[~solid].astype(np.float32)))
    points, normals, sample_colors, sample_rays, footprints, labels = _joined(surfaces)
    sky_directions, sky_colors, sky_angles = _joined(skies)
    return SurfaceSamples(
        eye=camera_position(views[0].camera).copy(),
        points=points,
        normals=normals,
        colors=sample_colors,
        rays=sample_rays,
        footprints=footprints,
        labels=labels,
        sky_directions=sky_directions,
        sky_colors=sky_colors,
        sky_angles=sky_angles,
    )


def _joined(parts: list[tuple[NDArray[Any], ...]]) -> list[NDArray[Any]]:
    """Column by column, all arrays one after the other."""
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def fuse_points(samples: SurfaceSamples, *, max_points: int | None = None) -> PointCloud:
    """Thin surface samples to one per cell of about a spawn pixel, the one seen closest and most frontally.

    Args:
        samples: From :func:`fuse_views`.
        max_points: Points at most; cells grow until they fit.

    Returns:
        Points in a fixed order, with normals and labels.
    """
    if max_points is not None and max_points < 1:
        raise InvalidInputError("max_points must be at least 1.")
    if not samples.num_samples:
        empty = np.zeros((0, 3), dtype=np.float32)
        return PointCloud(
            points=empty, colors=empty.astype(np.uint8), normals=empty, labels=np.zeros(0, dtype=np.uint8)
        )
    coarseness = _patch_coarseness(samples)
    distances = np.linalg.norm(samples.points - samples.eye, axis=1)
    angle = float(np.median(samples.footprints / np.maximum(distances, 1e-3)))
    while True:
        sorted_keys, order = sort_keys(voxel_keys(samples.points, samples.eye, angle))
        starts = run_starts(sorted_keys)
        if max_points is None or len(starts) - 1 <= max_points:
            break
        angle *= 1.5
    chosen = _best_of_runs(starts, order, coarseness)
    return PointCloud(
        points=samples.points[chosen],
        colors=bytes_from_unit(samples.colors[chosen]),
        normals=samples.normals[chosen],
        labels=samples.labels[chosen],
    )


def _patch_coarseness(samples: SurfaceSamples) -> NDArray[np.float32]:
    """How much surface one pixel shows: its footprint over the cosine towards the camera."""
    cosines = -np.einsum("nc,nc->n", samples.normals, samples.rays)
    return samples.footprints / np.maximum(cosines, np.float32(0.05))


@nb.njit(cache=True)
def _best_of_runs(
    starts: NDArray[np.int32], order: NDArray[np.int32], coarseness: NDArray[np.float32]
) -> NDArray[np.int32]:
    """Of each run the member with the least coarseness, the first where they are equal."""
    chosen = np.zeros(len(starts) - 1, dtype=np.int32)
    for run in range(len(starts) - 1):
        best = order[starts[run]]
        for i in range(starts[run] + 1, starts[run + 1]):
            if coarseness[order[i]] < coarseness[best]:
                best = order[i]
        chosen[run] = best
    return chosen
