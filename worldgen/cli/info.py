"""``worldgen info``."""

from __future__ import annotations

from pathlib import Path

import click

from worldgen.cli.output import print_result, shared_options


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@shared_options
def info(path: Path, as_json: bool) -> None:
    """Tell what a world folder or a single file holds."""
    from worldgen.quality.summary import summarize

    summary = summarize(path)
    width = max((len(key) for key in summary), default=0)
    print_result(as_json, summary, [f"{key:<{width}}  {_text(value)}" for key, value in summary.items()])


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "-"
    return str(value)
