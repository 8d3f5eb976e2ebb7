"""``worldgen backends``."""

from __future__ import annotations

import click

from worldgen.cli.output import print_result, shared_options
from worldgen.registry import SLOTS, all_backends


@click.command()
@shared_options
def backends(as_json: bool) -> None:
    """List what can fill each slot of the pipeline, what it lacks, and the command or option that would add it."""
    from worldgen.quality.installed_models import backend_status, cached_models

    models = cached_models()
    rows, lines = [], []
    for slot in SLOTS:
        entries, warnings = all_backends(slot)
        lines.append(f"{slot}")
        for entry in entries.values():
            status = backend_status(entry, models)
            rows.append(
                {
                    "slot": slot,
                    "id": entry.id,
                    "description": entry.description,
                    "needs": entry.needs,
                    "state": status.state,
                    "remedies": list(status.remedies),
                }
            )
            lines.append(f"  {entry.id:<19} {status.state:<15}  {entry.description}")
            lines += [f"{'':<39}{remedy}" for remedy in status.remedies]
        for warning in warnings:
            click.echo(f"warning: {warning}", err=True)
    print_result(as_json, {"backends": rows}, lines)
