"""The command line: click commands, one file per command, no logic.

Commands are a table of strings, so ``worldgen --help`` imports none of them.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import traceback
from typing import Any

import click

from worldgen import __version__
from worldgen.cli.interrupts import install_interrupts
from worldgen.errors import CancelledError, WorldgenError

COMMANDS: dict[str, tuple[str, str]] = {
    "generate": ("worldgen.cli.generate:generate", "Make a world from a prompt or a spec."),
    "export": ("worldgen.cli.export:export", "Make packages of a world for game engines."),
    "render": ("worldgen.cli.render:render", "Draw a picture of a world from any point."),
    "convert": ("worldgen.cli.convert:convert", "Convert between splat formats."),
    "info": ("worldgen.cli.info:info", "Tell what a world folder or a file holds."),
    "diff": ("worldgen.cli.diff:diff", "Compare two worlds; exit 1 if they differ."),
    "check": ("worldgen.cli.check:check", "Verify a world's files; exit 1 if something is wrong."),
    "batch": ("worldgen.cli.batch:batch", "Make many worlds from a list, with resume."),
    "backends": ("worldgen.cli.backends:backends", "List what can fill each slot of the pipeline."),
    "doctor": ("worldgen.cli.doctor:doctor", "Check this machine and the installation."),
    "schema": ("worldgen.cli.schema:schema", "Print a JSON schema."),
}
"""Name → where the command lives and its one-line help."""


_OBJECTS_PER_COLLECTION = 100_000
"""Python's 700 would have it look for cycles for half a second of a draft, and find only those of imported modules."""


class LazyGroup(click.Group):
    """A group that imports a command when it is run, not when it is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="worldgen")
def cli() -> None:
    """Turn a text prompt into a 3D world for game engines."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with the contract's code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    install_interrupts()
    # Pydantic would look through everything that is installed for plugins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.set_threshold(_OBJECTS_PER_COLLECTION, 20, 20)
    exit_code = run(arguments)
    # Python would look through all that is left for cycles, which after a world takes longer than giving it back.
    gc.freeze()
    sys.exit(exit_code)


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit code.

    An error becomes one sentence, a hint and the path on stderr, and with ``--json`` a document on stdout.
    """
    try:
        result = cli.main(args=arguments, prog_name="worldgen", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        return _exit_code_of(error, arguments)
    return result if isinstance(result, int) else 0


def _exit_code_of(error: BaseException, arguments: list[str]) -> int:
    """Tell the user what ended a command; returns the exit code, or raises what nobody foresaw."""
    if _was_interrupted(error):
        return _fail(CancelledError("Cancelled; nothing half-written is left."), arguments)
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            _show(error.format_message(), None, None, _usage_hint(error), arguments)
            return 2
        case WorldgenError():
            return _fail(error, arguments)
        case MemoryError():
            hint = "Use a lower --quality, or close other programs."
            return _fail(WorldgenError("There is not enough memory.", hint=hint), arguments, code=5)
        case BrokenPipeError():
            sys.stderr.close()
            return 1
    raise error


def _was_interrupted(error: BaseException) -> bool:
    """Whether an interrupt is the error or stands in its chain of causes.

    One that arrives inside a compiled kernel, or while an extension module loads, comes out as an error it caused.
    """
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, KeyboardInterrupt | click.Abort):
            return True
        link = link.__cause__ or link.__context__
    return False


def _fail(error: WorldgenError, arguments: list[str], code: int | None = None) -> int:
    if "--debug" in arguments:
        traceback.print_exc()
    exit_code = error.exit_code if code is None else code
    path = None if error.path is None else str(error.path)
    _show(error.message, path, type(error).__name__, error.hint, arguments, exit_code=exit_code)
    return exit_code


def _show(
    message: str, path: str | None, kind: str | None, hint: str | None, arguments: list[str], *, exit_code: int = 2
) -> None:
    click.echo(f"error: {message}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)
    if path is not None:
        click.echo(path, err=True)
    if "--json" in arguments:
        document: dict[str, Any] = {
            "error": {"type": kind or "UsageError", "message": message, "hint": hint, "path": path},
            "exit_code": exit_code,
        }
        click.echo(json.dumps(document, ensure_ascii=False))


def _usage_hint(error: click.ClickException) -> str | None:
    context = getattr(error, "ctx", None)
    return None if context is None else f"{context.command_path} --help"
