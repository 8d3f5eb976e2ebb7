"""``worldgen schema``."""

from __future__ import annotations

import importlib
import json

import click

from worldgen.cli.output import shared_options

_SCHEMAS = {
    "world": ("worldgen.manifest", "manifest_schema"),
    "spec": ("worldgen.spec.files", "spec_schema"),
    "jobs": ("worldgen.jobs", "jobs_schema"),
}


@click.command()
@click.argument("name", type=click.Choice(list(_SCHEMAS)))
@shared_options
def schema(name: str, as_json: bool) -> None:
    """Print the JSON schema of world.json, spec.yaml or a batch's job list."""
    module, function = _SCHEMAS[name]
    document = getattr(importlib.import_module(module), function)()
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
