"""``worldgen batch``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from worldgen.cli.model_options import given_options, plain_model_options
from worldgen.cli.output import shared_options


@click.command()
@click.argument("jobs", type=click.Path(path_type=Path))
@click.option("-o", "--output", "output", type=click.Path(path_type=Path), required=True, help="Folder of the worlds.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Worlds made side by side.")
@click.option("--panorama-backend", help="What paints panoramas or closes photos; 'worldgen backends' lists them.")
@click.option("--depth-backend", help="What estimates the depth of pictures.")
@click.option("--camera-height", type=float, help="Metres of the pictures' cameras over the ground.")
@plain_model_options
@shared_options
@click.pass_context
def batch(context: click.Context, /, *, jobs: Path, output: Path, workers: int, as_json: bool, **options: Any) -> int:
    """Make a world for every job of JOBS (YAML, JSON lines or CSV); one JSON line per job on stdout.

    A job names a prompt, a spec, a panorama or an image, and may have fields like generate's options, with
    underscores ('worldgen schema jobs' lists them). Options about models given here hold for all jobs that do not say
    otherwise.

    Worlds that are already there and whole are kept, so the same command resumes a batch that was cut off. One
    failed job never stops the others; the exit code is then 1.
    """
    from worldgen.batch import run_batch
    from worldgen.jobs import load_jobs

    defaults, permissions = given_options(context, options)
    results = []
    for result in run_batch(load_jobs(jobs, defaults), output, workers=workers, permissions=permissions):
        results.append(result)
        if not as_json:
            click.echo(json.dumps(result.document(), ensure_ascii=False))
    if as_json:
        click.echo(json.dumps({"jobs": [result.document() for result in results]}, ensure_ascii=False, indent=2))
    failed = sum(not result.ok for result in results)
    click.echo(f"{len(results) - failed} of {len(results)} worlds are there, {failed} failed", err=True)
    return 1 if failed else 0
