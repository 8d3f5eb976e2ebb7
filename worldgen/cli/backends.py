"""``worldgen backends``."""

from __future__ import annotations

import click

from worldgen.cli.output import print_result, shared_options
from worldgen.registry import SLOTS, all_backends


@click.command()
@shared_options
def backends(as_json: bool) -> None:
    """List what can fill each slot of the pipeline, built in or installed."""
    rows, lines = [], []
    for slot in SLOTS:
        entries, warnings = all_backends(slot)
        lines.append(f"{slot}")
        for entry in entries.values():
            rows.append({"slot": slot, "id": entry.id, "description": entry.description, "needs": entry.needs})
            lines.append(f"  {entry.id:<16} {entry.description} (needs {entry.needs or 'nothing'})")
        for warning in warnings:
            click.echo(f"warning: {warning}", err=True)
    print_result(as_json, {"backends": rows}, lines)
