"""What every writer and reader of a format looks like, and what a writer reports back.

A writer is a function ``write_<format>(layer, path, **options) -> ExportReport`` and a reader a function
``read_<format>(path) -> layer``. The layer is, by the format's ``layer`` in ``worldgen.registry``:

==========  ===========================================================================
splats      :class:`~worldgen.scene.gaussian_cloud.GaussianCloud`
points      :class:`~worldgen.scene.point_cloud.PointCloud`
mesh        :class:`~worldgen.scene.scene.Scene`, or what the writer says
panorama    (H, W, 3) uint8 sRGB for 8-bit formats, float32 linear radiance for the others
depth       (H, W) float32 ``euclidean_depth`` in metres, infinite for the sky
normals     (H, W, 3) float32 in world, zero for the sky
labels      (H, W) uint8, index into ``worldgen.scene.labels.LABELS``
mask        (H, W) float32, 0 to 1
sky         (H, 2H, 3) float32 linear radiance, equirectangular
light       :class:`~worldgen.scene.light_rig.LightRig`
navigation  :class:`~worldgen.scene.navmesh.Navigation`
==========  ===========================================================================

Writers are atomic and deterministic: the same layer gives the same bytes, and a file is there whole or not at all.
Readers check a file's size against its own counts before they allocate anything, and raise
:class:`~worldgen.errors.InvalidInputError` for whatever a file may hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from worldgen.errors import InvalidInputError
from worldgen.frames import Frame
from worldgen.scene.gaussian_cloud import GaussianCloud

MAX_GAUSSIANS = 20_000_000
"""Splats at most that a reader accepts; a small compressed file could promise any number."""

_FRAME_COMMENT = re.compile(r"frame ([RLUDFB]{3})\b")


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
    """A function that writes Gaussian splats; ``frame`` names the axes of the file."""

    def __call__(self, cloud: GaussianCloud, path: Path, *, frame: Frame = ...) -> ExportReport:
        """Write ``cloud`` to ``path``; ExportError if that fails."""
        ...


class SplatReader(Protocol):
    """A function that reads Gaussian splats; ``frame`` names the file's axes where they are not the usual ones."""

    def __call__(self, path: Path, *, frame: Frame | None = None) -> GaussianCloud:
        """Read ``path``; InvalidInputError if it is not what it must be."""
        ...


def require_count(count: int, path: Path) -> int:
    """The number of splats that a file promises, if it is one that is read.

    Raises:
        InvalidInputError: It is not.
    """
    if not 0 <= count <= MAX_GAUSSIANS:
        raise InvalidInputError(f"The file promises {count} splats; at most {MAX_GAUSSIANS} are read.", path=path)
    return count


def file_frame(comments: tuple[str, ...], path: Path) -> Frame:
    """The axes that our own comment in a PLY header names; RDF, as trainers write, without one.

    Raises:
        InvalidInputError: The comment names axes that nobody knows.
    """
    for comment in comments:
        if match := _FRAME_COMMENT.match(comment):
            if match[1] not in Frame.__members__:
                raise InvalidInputError(f"The file's axes {match[1]} are not known.", path=path)
            return Frame[match[1]]
    return Frame.RDF
