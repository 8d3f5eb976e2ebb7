"""``worldgen diff``."""

from __future__ import annotations

from pathlib import Path

import click

from worldgen.cli.output import print_result, shared_options


@click.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option(
    "--pixel-tolerance",
    type=click.FloatRange(0.0, 255.0),
    default=0.0,
    show_default=True,
    help="Mean difference of the panoramas that still counts as equal, in 8-bit steps.",
)
@click.option(
    "--metre-tolerance",
    type=click.FloatRange(0.0),
    default=0.0,
    show_default=True,
    help="Distance in geometry that still counts as equal.",
)
@shared_options
def diff(first: Path, second: Path, pixel_tolerance: float, metre_tolerance: float, as_json: bool) -> int:
    """Compare the files, the geometry and the pixels of two worlds; exit 1 on drift."""
    from worldgen.quality.diff import compare_worlds

    comparison = compare_worlds(first, second, pixel_tolerance=pixel_tolerance, metre_tolerance=metre_tolerance)
    lines = [row.line for row in comparison.rows if row.drifted] or ["the worlds are the same"]
    print_result(as_json, comparison.document(), lines)
    return 1 if comparison.drifted else 0
