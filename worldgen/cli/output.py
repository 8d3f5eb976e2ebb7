"""What commands share: ``--json`` and ``--debug``, results on stdout, progress on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from worldgen.events import (
    ArtifactWritten,
    Event,
    Reporter,
    StageFinished,
    StageProgress,
    StageStarted,
    WarningRaised,
    ignore_events,
)

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_BAR_WIDTH = 24


def shared_options(command: CommandT) -> CommandT:
    """Add ``--json`` and ``--debug`` to a command."""
    command = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")(command)
    return click.option("--debug", is_flag=True, expose_value=False, help="Show a traceback on errors.")(command)


def print_result(as_json: bool, document: Mapping[str, Any], lines: list[str]) -> None:
    """Print a command's result: the document with ``--json``, the lines otherwise."""
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))
    else:
        for line in lines:
            click.echo(line)


def terminal_reporter(quiet: bool = False) -> Reporter:
    """A reporter that draws a live bar on a terminal and writes plain lines elsewhere, always on stderr."""
    if quiet:
        return ignore_events
    return _LiveBar() if sys.stderr.isatty() else _PlainLines()


class _PlainLines:
    def __call__(self, event: Event) -> None:
        if isinstance(event, StageFinished):
            click.echo(f"{event.stage}: {event.wall_s:.1f} s", err=True)
        elif isinstance(event, WarningRaised):
            click.echo(f"warning: {event.message}", err=True)


class _LiveBar:
    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, event: Event) -> None:
        if isinstance(event, StageStarted):
            self._draw(event.stage, 0.0, "")
        elif isinstance(event, StageProgress):
            self._draw(event.stage, event.fraction, event.message)
        elif isinstance(event, StageFinished):
            self._clear()
            click.secho(f"  {event.stage:<18} {event.wall_s:6.1f} s", err=True, fg="green")
        elif isinstance(event, WarningRaised):
            self._clear()
            click.secho(f"  warning: {event.message}", err=True, fg="yellow")
        elif isinstance(event, ArtifactWritten):
            return

    def _draw(self, stage: str, fraction: float, message: str) -> None:
        done = round(_BAR_WIDTH * min(max(fraction, 0.0), 1.0))
        bar = "█" * done + "·" * (_BAR_WIDTH - done)
        elapsed = time.monotonic() - self._started
        click.echo(f"\r\x1b[2K  {stage:<18} {bar} {elapsed:5.0f} s  {message}", err=True, nl=False)

    def _clear(self) -> None:
        click.echo("\r\x1b[2K", err=True, nl=False)
