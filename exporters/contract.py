"""What every writer and reader of a format looks like, and what a writer reports back.

A writer is a function ``write_<format>(layer, path, **options) -> ExportReport`` and a reader a function
``read_<format>(path) -> layer``. The layer is, by the format's ``layer`` in ``worldgen.registry``:

========  =============================================================================
splats    :class:`~worldgen.scene.gaussian_cloud.GaussianCloud`
points    :class:`~worldgen.scene.point_cloud.PointCloud`
mesh      :class:`~worldgen.scene.scene.Scene`, or what the writer says
panorama  (H, W, 3) uint8 sRGB for 8-bit formats, float32 linear radiance for the others
depth     (H, W) float32 ``euclidean_depth`` in metres, infinite for the sky
normals   (H, W, 3) float32 in world, zero for the sky
labels    (H, W) uint8, index into ``worldgen.scene.labels.LABELS``
mask      (H, W) float32, 0 to 1
sky       (H, 2H, 3) float32 linear radiance, equirectangular
light     :class:`~worldgen.scene.light_rig.LightRig`
========  =============================================================================

Writers are atomic and deterministic: the same layer gives the same bytes, and a file is there whole or not at all.
Readers check a file's size against its own counts before they allocate anything, and raise
:class:`~worldgen.errors.InvalidInputError` for whatever a file may hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from worldgen.scene.gaussian_cloud import GaussianCloud

MAX_GAUSSIANS = 20_000_000
"""Splats at most that a reader accepts; a small compressed file could promise any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What a writer wrote, and what got lost on the way."""

    paths: tuple[Path, ...]
    num_bytes: int
    dropped: tuple[str, ...] = ()
    """What the format cannot hold, in words, one loss each."""
    warnings: tuple[str, ...] = ()
    """What the user should know although nothing is lost."""


class SplatWriter(Protocol):
    """A function that writes Gaussian splats."""

    def __call__(self, cloud: GaussianCloud, path: Path) -> ExportReport:
        """Write ``cloud`` to ``path``; ExportError if that fails."""
        ...


class SplatReader(Protocol):
    """A function that reads Gaussian splats."""

    def __call__(self, path: Path) -> GaussianCloud:
        """Read ``path``; InvalidInputError if it is not what it must be."""
        ...
