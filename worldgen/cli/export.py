"""``worldgen export``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from worldgen.budgets import BUDGET_HELP, parse_budget
from worldgen.cli.output import print_result, shared_options, terminal_reporter
from worldgen.engines import ENGINES
from worldgen.errors import UsageError


@click.command()
@click.argument("world", type=click.Path(path_type=Path))
@click.option("--engine", "engines", type=click.Choice(list(ENGINES)), multiple=True, help="Write engines/<name>/.")
@click.option("--budget", metavar="BUDGET", help=BUDGET_HELP)
@click.option("--to", "formats", multiple=True, metavar="FORMAT", help="Write splats or points in this format.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for --to; the world if left out.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@shared_options
def export(
    *,
    world: Path,
    engines: tuple[str, ...],
    budget: str | None,
    formats: tuple[str, ...],
    output: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make packages of WORLD for game engines, or write its splats and points in other formats.

    Example: worldgen export worlds/cabin --engine unity --engine blender
    """
    from worldgen.pipelines.export_world import export_engines, export_formats
    from worldgen.stages.write_engines import package_bytes

    if not engines and not formats:
        raise UsageError("Say what to export.", hint="worldgen export DIR --engine unity")
    paths = [str(path) for path in export_formats(world, formats, output)] if formats else []
    sizes: dict[str, int] = {}
    reports: list[dict[str, Any]] = []
    if engines:
        limits = None if budget is None else parse_budget(budget)
        manifest = export_engines(world, engines, budget=limits, report=terminal_reporter(quiet)).manifest
        sizes = {engine: package_bytes(manifest)[engine] for engine in dict.fromkeys(engines)}
        paths += [str(world / "engines" / engine) for engine in sizes]
        reports = [report.model_dump(mode="json") for report in manifest.packages if report.engine in sizes]
    print_result(as_json, {"paths": paths, "package_bytes": sizes, "packages": reports}, paths)
