"""Every error that worldgen raises on purpose, in one tree.

::

    WorldgenError                     .hint, .path, .exit_code
    ├── UsageError                    2   the command line or a call was put together wrongly
    ├── InvalidInputError             3   bad prompt, file, option or array
    │   └── UnsupportedFormatError        a file format nobody here reads or writes
    ├── BackendUnavailableError       4   extra, weights or GPU missing; the hint is the exact remedy
    ├── StageError                    5   a stage failed; carries the stage's name
    │   └── OutOfMemoryError              the hint is the option that lowers memory
    ├── ExportError                   6   a file could not be written; carries the format id
    └── CancelledError              130   the user stopped the run

An error is one sentence, then a hint, then the path. It is raised once and shown once, by the command line.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class WorldgenError(Exception):
    """Base of all errors that worldgen raises on purpose.

    Args:
        message: One sentence that says what is wrong.
        hint: What the user can do about it, or ``None``.
        path: The file or folder concerned, or ``None``; shown last.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None, path: Path | str | None = None) -> None:
        """Store the sentence, the hint and the path."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = None if path is None else Path(path)

    def __str__(self) -> str:
        """The sentence, the hint and the path, one after the other."""
        parts = [self.message]
        if self.hint:
            parts.append(f"hint: {self.hint}")
        if self.path is not None:
            parts.append(str(self.path))
        return "\n".join(parts)


class UsageError(WorldgenError):
    """The call or the command line was put together wrongly."""

    exit_code = 2


class InvalidInputError(WorldgenError, ValueError):
    """A prompt, file, option or array is not what it must be."""

    exit_code = 3


class UnsupportedFormatError(InvalidInputError):
    """A file is of a format that worldgen does not read or write."""


class BackendUnavailableError(WorldgenError):
    """A backend's package, weights or device is missing."""

    exit_code = 4


class StageError(WorldgenError):
    """A stage of a pipeline failed.

    Args:
        stage: Name of the stage.
    """

    exit_code = 5

    def __init__(
        self, message: str, *, stage: str = "", hint: str | None = None, path: Path | str | None = None
    ) -> None:
        """Store the stage beside what every error has."""
        super().__init__(message, hint=hint, path=path)
        self.stage = stage


class OutOfMemoryError(StageError):
    """A stage ran out of memory; the hint names the option that lowers it."""


class ExportError(WorldgenError):
    """A file could not be written.

    Args:
        format_id: Id of the format in the exporters' table.
    """

    exit_code = 6

    def __init__(
        self, message: str, *, format_id: str = "", hint: str | None = None, path: Path | str | None = None
    ) -> None:
        """Store the format beside what every error has."""
        super().__init__(message, hint=hint, path=path)
        self.format_id = format_id


class CancelledError(WorldgenError):
    """The user stopped the run."""

    exit_code = 130
