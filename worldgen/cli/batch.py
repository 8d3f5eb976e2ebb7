"""``worldgen batch``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from worldgen.cli.output import shared_options


@click.command()
@click.argument("jobs", type=click.Path(path_type=Path))
@click.option("-o", "--output", "output", type=click.Path(path_type=Path), required=True, help="Folder of the worlds.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Worlds made side by side.")
@shared_options
def batch(jobs: Path, output: Path, workers: int, as_json: bool) -> int:
    """Make a world for every job of JOBS (YAML, JSON lines or CSV); one JSON line per job on stdout.

    Worlds that are already there and whole are kept, so the same command resumes a batch that was cut off. One
    failed job never stops the others; the exit code is then 1.
    """
    from worldgen.batch import load_jobs, run_batch

    results = []
    for result in run_batch(load_jobs(jobs), output, workers=workers):
        results.append(result)
        if not as_json:
            click.echo(json.dumps(result.document(), ensure_ascii=False))
    if as_json:
        click.echo(json.dumps({"jobs": [result.document() for result in results]}, ensure_ascii=False, indent=2))
    failed = sum(not result.ok for result in results)
    click.echo(f"{len(results) - failed} of {len(results)} worlds are there, {failed} failed", err=True)
    return 1 if failed else 0
