"""``worldgen convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from worldgen.cli.output import print_result, shared_options
from worldgen.frames import Frame

_FRAMES = tuple(frame.value for frame in Frame)


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--from", "from_id", help="Format id of the source, if its suffix and header do not tell.")
@click.option("--to", "to_id", help="Format id of the target, if its suffix stands for several.")
@click.option("--crop-box", type=float, nargs=6, help="Keep splats in a box: X Y Z X Y Z, lowest corner first.")
@click.option("--crop-sphere", type=float, nargs=4, help="Keep splats in a sphere: X Y Z RADIUS.")
@click.option("--min-opacity", type=click.FloatRange(0.0, 1.0), default=0.0, help="Keep splats at least so opaque.")
@click.option("--budget", type=click.IntRange(min=1), help="Keep the N most important splats, grown to close the gaps.")
@click.option("--sh-degree", type=click.IntRange(0, 3), help="Highest degree of spherical harmonics to keep.")
@click.option(
    "--scale", type=click.FloatRange(min=0.0, min_open=True), default=1.0, help="Factor on positions and sizes."
)
@click.option("--rotate", "rotate_deg", type=float, nargs=3, default=(0.0, 0.0, 0.0), help="Degrees about x, y, z.")
@click.option("--translate", type=float, nargs=3, default=(0.0, 0.0, 0.0), help="Metres along x, y, z.")
@click.option("--frame-in", type=click.Choice(_FRAMES), help="Axes of the source, if not the format's usual ones.")
@click.option("--frame-out", type=click.Choice(_FRAMES), help="Axes of the target, if not the format's usual ones.")
@click.option("--spz-version", type=click.Choice(["2", "3", "4"]), help="Version of SPZ to write; 3 if left out.")
@shared_options
def convert(
    *,
    source: Path,
    target: Path,
    from_id: str | None,
    to_id: str | None,
    frame_in: str | None,
    frame_out: str | None,
    spz_version: str | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """Convert the splats in SOURCE to the format of TARGET and tell what that format cannot hold.

    Filters work in world (right, up, back; metres) and always in this order: crop, opacity, budget, degree, scale,
    rotation, translation.
    """
    from worldgen.exporters.convert import Storage
    from worldgen.exporters.convert import convert as convert_file
    from worldgen.exporters.filters import SplatFilters

    box, sphere = filters.pop("crop_box"), filters.pop("crop_sphere")
    report = convert_file(
        source,
        target,
        from_id=from_id,
        to_id=to_id,
        filters=SplatFilters(
            crop_box=box and (box[:3], box[3:]), crop_sphere=sphere and (sphere[:3], sphere[3]), **filters
        ),
        storage=Storage(
            frame_in=Frame[frame_in] if frame_in else None,
            frame_out=Frame[frame_out] if frame_out else None,
            spz_version=int(spz_version) if spz_version else None,  # type: ignore[arg-type]  # click checked it
        ),
    )
    for text in (*report.dropped, *report.warnings):
        click.echo(f"warning: {text}", err=True)
    document = {
        "paths": [str(path) for path in report.paths],
        "num_bytes": report.num_bytes,
        "dropped": report.dropped,
        "warnings": report.warnings,
    }
    print_result(as_json, document, [str(path) for path in report.paths])
