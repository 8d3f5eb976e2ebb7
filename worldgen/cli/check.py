"""``worldgen check``."""

from __future__ import annotations

from pathlib import Path

import click

from worldgen.cli.output import print_result, shared_options


@click.command()
@click.argument("world", type=click.Path(path_type=Path))
@shared_options
def check(world: Path, as_json: bool) -> int:
    """Verify that every file of WORLD is there, unchanged and readable; exit 1 if something is wrong."""
    from worldgen.quality.check import check_world

    problems = check_world(world)
    document = {"path": str(world), "problems": [{"path": item.path, "message": item.message} for item in problems]}
    print_result(as_json, document, [f"{item.path}: {item.message}" for item in problems] or ["everything is in order"])
    return 1 if problems else 0
