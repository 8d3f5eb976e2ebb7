"""Files: atomic writes, bounded reads, hashes and paths that stay inside their folder.

A file appears under its name only when it is complete. Until then it is a hidden sibling ``.<name>.partial``, which
an error removes and which the next write of the same file replaces, so a killed run leaves nothing that lasts.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from worldgen.errors import ExportError, InvalidInputError

PARTIAL_SUFFIX = ".partial"
"""What the name of a file ends with while it is being written; the name also starts with a dot."""

_HASH_BLOCK = 1 << 20
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")
_WINDOWS_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)

_WRITE_ERRORS = {
    errno.ENOSPC: ("There is no space left on the disk.", "Free some space, or write to another disk."),
    errno.EDQUOT: ("The disk quota is used up.", "Free some space, or write to another disk."),
    errno.EFBIG: ("The file is too large for this file system.", "Write to another disk or lower the quality tier."),
    errno.EACCES: ("The file cannot be written: permission denied.", "Choose a folder that you may write to."),
    errno.EPERM: ("The file cannot be written: permission denied.", "Choose a folder that you may write to."),
    errno.EROFS: ("The file system is read-only.", "Choose a folder that you may write to."),
    errno.ENOTDIR: ("A part of the path is a file, not a folder.", "Choose another output folder."),
    errno.EISDIR: ("There is a folder of this name.", "Choose another name, or remove the folder."),
    errno.ENAMETOOLONG: ("The file name is too long.", "Choose a shorter name."),
}


@contextmanager
def atomic_path(path: Path, *, format_id: str = "") -> Iterator[Path]:
    """Give a path to write to that becomes ``path`` when the block ends without an error.

    For libraries that open files by name; see :func:`atomic_file` for everything else.

    Args:
        path: The file to make; its folder is made too.
        format_id: For the error.

    Raises:
        ExportError: The disk is full, the folder cannot be written to, or another process writes the same file.
    """
    with atomic_file(path, format_id=format_id):
        yield _partial_path(path)


@contextmanager
def atomic_file(path: Path, *, format_id: str = "") -> Iterator[BinaryIO]:
    """Open a file that appears as ``path`` when the block ends without an error, and not at all otherwise.

    Args:
        path: The file to make; its folder is made too. A file of this name is replaced.
        format_id: For the error.

    Raises:
        ExportError: The disk is full, the folder cannot be written to, or another process writes the same file.
    """
    partial = _partial_path(path)
    with _export_errors(path, format_id):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _open_exclusive(partial, path, format_id)
    complete = False
    try:
        with _export_errors(path, format_id):
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(partial, path)
            complete = True
            _sync_folder(path.parent)
    finally:
        if not complete:
            # Before closing: closing ends the lock, and then the name may already be another writer's.
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        with suppress(OSError):
            file.close()


def write_bytes(path: Path, data: bytes, *, format_id: str = "") -> int:
    """Write a whole file atomically; returns its size in bytes.

    Raises:
        ExportError: As :func:`atomic_file`.
    """
    with atomic_file(path, format_id=format_id) as file:
        file.write(data)
    return len(data)


def remove_partial_files(folder: Path) -> int:
    """Remove what killed runs left behind in a folder and the folders below it; returns how many files."""
    removed = 0
    for partial in sorted(folder.rglob(f".*{PARTIAL_SUFFIX}")):
        if partial.is_file() and not partial.is_symlink():
            partial.unlink(missing_ok=True)
            removed += 1
    return removed


@contextmanager
def open_for_reading(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a regular file for reading; yields the file and its size in bytes.

    Raises:
        InvalidInputError: There is no such file, it is not a regular file, or it cannot be read.
    """
    try:
        if path.is_dir():
            raise InvalidInputError("This is a folder, not a file.", path=path)
        if not path.exists():
            raise InvalidInputError("There is no such file.", hint="Check the path for typing errors.", path=path)
        if not path.is_file():
            raise InvalidInputError("This is not a regular file.", path=path)
        file = path.open("rb")
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"The file cannot be opened ({_reason(error)}).", path=path) from error
    with file:
        try:
            yield file, os.fstat(file.fileno()).st_size
        except OSError as error:
            raise InvalidInputError(f"The file cannot be read ({_reason(error)}).", path=path) from error


def read_limited(path: Path, max_bytes: int) -> bytes:
    """Read a whole file that must not be larger than ``max_bytes``; checked before anything is read.

    Raises:
        InvalidInputError: The file is missing, unreadable or too large.
    """
    with open_for_reading(path) as (file, num_bytes):
        if num_bytes > max_bytes:
            raise InvalidInputError(
                f"The file has {num_bytes} bytes; at most {max_bytes} are read.",
                hint="Is this the right file?",
                path=path,
            )
        # Not up to max_bytes: a buffer of that size would be set aside at once.
        return file.read(num_bytes)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content as 64 hexadecimal digits.

    Raises:
        InvalidInputError: The file is missing or unreadable.
    """
    digest = hashlib.sha256()
    with open_for_reading(path) as (file, _):
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def path_inside(folder: Path, relative: str) -> Path:
    """A path below ``folder`` from a name that came from outside (a job list, a manifest).

    The name is made of parts with ``/`` between them. Each part begins with a letter, digit or underscore and goes on
    with those, dots and hyphens, so no name can leave the folder, hide, or be a device on any system. Links that lead
    out of the folder are refused too.

    Raises:
        InvalidInputError: The name is empty, absolute, leads out of the folder or holds other characters.
    """
    parts = relative.split("/")
    for part in parts:
        if not _SAFE_NAME.fullmatch(part) or part.endswith(".") or part.split(".")[0].lower() in _WINDOWS_DEVICES:
            raise InvalidInputError(
                f"{relative!r} is not a safe file name.",
                hint="Use letters, digits, '_', '-' and '.', with '/' between folders.",
            )
    path = folder.joinpath(*parts)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InvalidInputError(f"{relative!r} leads out of its folder through a link.", path=path)
    return path


def _partial_path(path: Path) -> Path:
    return path.with_name(f".{path.name}{PARTIAL_SUFFIX}")


def _open_exclusive(partial: Path, path: Path, format_id: str) -> BinaryIO:
    """Open the partial file empty and locked; the lock ends with the process, so a killed one blocks nobody."""
    while True:
        file = os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666), "w+b")
        if not _try_lock(file):
            file.close()
            raise ExportError(
                "Another process is writing this file.",
                format_id=format_id,
                hint="Wait for it, or choose another output folder.",
                path=path,
            )
        # Between opening and locking, the writer before us may have renamed the very file that we opened.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(partial, follow_symlinks=False)):
                file.truncate(0)
                return file
        file.close()


def _try_lock(file: BinaryIO) -> bool:
    """Whether the file is now ours alone; always so on Windows, which lets nobody replace a file that is open."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _export_errors(path: Path, format_id: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message, hint = _WRITE_ERRORS.get(
            error.errno or 0, (f"The file cannot be written ({_reason(error)}).", "Choose another output folder.")
        )
        raise ExportError(message, format_id=format_id, hint=hint, path=path) from error


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
