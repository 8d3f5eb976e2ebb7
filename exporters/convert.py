"""From one splat format to another, and from splats to points, with a report of what got lost."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from worldgen import activations
from worldgen.color import bytes_from_unit
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.contract import ExportReport
from worldgen.exporters.filters import SplatFilters, apply_filters
from worldgen.exporters.ply_header import read_ply_header
from worldgen.frames import Frame
from worldgen.registry import (
    FormatEntry,
    all_formats,
    find_format,
    format_of_path,
    load_reader,
    load_writer,
    reader_candidates,
)
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.point_cloud import PointCloud
from worldgen.storage import open_for_reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How files are read and written, where that is not told by their format."""

    frame_in: Frame | None = None
    """The axes of the source; None takes the format's usual ones."""
    frame_out: Frame | None = None
    """The axes of the target; None takes the format's usual ones."""
    spz_version: Literal[2, 3, 4] | None = None


def convert(
    source: Path,
    target: Path,
    *,
    from_id: str | None = None,
    to_id: str | None = None,
    filters: SplatFilters | None = None,
    storage: Storage | None = None,
) -> ExportReport:
    """Read splats from one file and write them, or their centres as points, to another.

    Args:
        source: A file of a format that is read.
        target: The file to make.
        from_id: Format of ``source``; None tells it from its suffix and, where that is not enough, its header.
        to_id: Format of ``target``; None tells it from its suffix. ``.ply`` then holds splats if ``source`` does.
        filters: What to do to the splats in between.
        storage: Axes and versions other than the usual ones.

    Raises:
        InvalidInputError: The source is damaged, both are the same file, or the filters leave nothing.
        UnsupportedFormatError: A format is not known, the source's layer cannot become the target's, or a format
            has no such axes or version.
        ExportError: The target cannot be written.
    """
    if target.exists() and source.exists() and target.samefile(source):
        raise InvalidInputError("Source and target are the same file.", hint="Choose another target.", path=target)
    reads = find_format(from_id) if from_id else detect_format(source)
    writes = find_format(to_id) if to_id else _format_of_target(target, reads)
    if reads.layer not in ("splats", "points") or writes.layer not in ("splats", "points"):
        raise UnsupportedFormatError(
            f"'{reads.id}' cannot be turned into '{writes.id}': only splats and points are converted.", path=source
        )
    reader, writer = load_reader(reads), load_writer(writes)
    if reads.layer == "points" and writes.layer == "splats":
        raise UnsupportedFormatError(
            "Points have no sizes and cannot be turned into splats.",
            hint="Generate the world again to get its splats.",
            path=source,
        )
    storage = storage or Storage()
    if reads.layer == "points" and filters is not None and filters != SplatFilters():
        raise UnsupportedFormatError("Filters work on splats; this file holds points.", path=source)
    in_options = _options(reader, reads, {"frame": storage.frame_in})
    out_options = _options(writer, writes, {"frame": storage.frame_out, "version": storage.spz_version})
    layer = reader(source, **in_options)
    dropped: tuple[str, ...] = ()
    if reads.layer == "splats" and filters is not None:
        layer, dropped = apply_filters(layer, filters)
    if reads.layer == "splats" and writes.layer == "points":
        lost = ("sizes, rotations and opacities of the splats", "view-dependent colour")[: 1 + bool(layer.sh_degree)]
        dropped += lost
        layer = points_of_gaussians(layer)
    report: ExportReport = writer(layer, target, **out_options)
    return dataclasses.replace(report, dropped=dropped + report.dropped)


def _options(function: Callable[..., Any], entry: FormatEntry, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, if the format's function takes it."""
    given = {name: value for name, value in wanted.items() if value is not None}
    takes = inspect.signature(function).parameters
    for name in given:
        if name not in takes:
            raise UnsupportedFormatError(f"The format '{entry.id}' has no choice of {name}.")
    return given


def detect_format(path: Path) -> FormatEntry:
    """The format of an existing file, from its suffix and, for PLY, from its header.

    Raises:
        InvalidInputError: There is no such file, or its header is damaged.
        UnsupportedFormatError: No format that is read has the suffix.
    """
    candidates = reader_candidates(path)
    if path.suffix.lower() == ".ply":
        with open_for_reading(path) as (file, _):
            header = read_ply_header(file, path)
        names = {name for element in header.elements for name in element.types}
        if "packed_position" in names:
            return find_format("compressed_ply")
        return find_format("gaussian_ply" if "f_dc_0" in names else "points_ply")
    if len(candidates) == 1:
        return candidates[0]
    known = sorted({suffix for entry in all_formats()[0].values() if entry.reads for suffix in entry.suffixes})
    hint = f"Name the format, or use one of {', '.join(known)}."
    raise UnsupportedFormatError(f"The suffix '{path.suffix}' does not tell the format.", hint=hint, path=path)


def points_of_gaussians(cloud: GaussianCloud) -> PointCloud:
    """The splats' centres with their colour seen from nowhere in particular."""
    return PointCloud(points=cloud.means, colors=bytes_from_unit(activations.colors_from_sh_dc(cloud.sh_dc)))


def _format_of_target(target: Path, reads: FormatEntry) -> FormatEntry:
    """The format of a file to make: of the source's layer if its suffix stands for several layers."""
    try:
        return format_of_path(target, layer=reads.layer)
    except UnsupportedFormatError:
        return format_of_path(target)
