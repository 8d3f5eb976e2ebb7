"""``worldgen convert``."""

from __future__ import annotations

from pathlib import Path

import click

from worldgen.cli.output import print_result, shared_options


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--from", "from_id", help="Format id of the source, if its suffix and header do not tell.")
@click.option("--to", "to_id", help="Format id of the target, if its suffix stands for several.")
@shared_options
def convert(source: Path, target: Path, from_id: str | None, to_id: str | None, as_json: bool) -> None:
    """Convert the splats in SOURCE to the format of TARGET and tell what that format cannot hold."""
    from worldgen.exporters.convert import convert as convert_file

    report = convert_file(source, target, from_id=from_id, to_id=to_id)
    for text in (*report.dropped, *report.warnings):
        click.echo(f"warning: {text}", err=True)
    document = {
        "paths": [str(path) for path in report.paths],
        "num_bytes": report.num_bytes,
        "dropped": report.dropped,
        "warnings": report.warnings,
    }
    print_result(as_json, document, [str(path) for path in report.paths])
