"""Whole folders that appear at once: built beside their place and swapped in when they are complete.

A world is written to ``.<name>.partial`` beside its folder. When it is complete the old folder, if there is one,
steps aside to ``.<name>.old``, the new one takes its name and the old one goes. A killed run therefore leaves either
the old world or the new one; :func:`recover` tidies up whatever the kill left beside it.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from worldgen.errors import ExportError, InvalidInputError, UsageError
from worldgen.storage import PARTIAL_SUFFIX

MANIFEST_NAME = "world.json"
"""The file that makes a folder a world; it is also what tells ours from a user's own folder."""

CACHE_NAME = ".cache"

_OLD_SUFFIX = ".old"

fcntl = importlib.import_module("fcntl") if sys.platform != "win32" else None


def recover(target: Path, *, marker: str = MANIFEST_NAME) -> None:
    """Undo what a killed run left beside ``target``: finish or roll back a swap, remove half-built folders."""
    partial, old = _partial(target), _old(target)
    if old.is_dir():
        if (target / marker).is_file():
            shutil.rmtree(old)
        else:
            with suppress(OSError):
                target.rmdir()
            os.replace(old, target)
    if partial.is_dir() and not partial.is_symlink():
        shutil.rmtree(partial)


def require_free_place(target: Path, *, marker: str = MANIFEST_NAME) -> None:
    """Refuse a target that is a file, or a folder with something in it that is no world.

    Raises:
        UsageError: Writing there could destroy what is not ours.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError("The output must be a folder.", hint="Choose another folder with -o.", path=target)
    if target.is_dir() and any(target.iterdir()) and not (target / marker).is_file():
        raise UsageError(
            "The output folder holds files but no world, so nothing was written.",
            hint="Choose an empty or new folder with -o.",
            path=target,
        )


@contextmanager
def staged_folder(target: Path, *, own_names: frozenset[str], marker: str = MANIFEST_NAME) -> Iterator[Path]:
    """Yield a folder to build in; it becomes ``target`` when the block ends without an error.

    Files of an old world whose names are not in ``own_names`` are the user's and move into the new folder.

    Args:
        target: The world folder to make or replace.
        own_names: Top-level names that a world may hold.
        marker: The file that makes a folder there ours.

    Raises:
        UsageError: ``target`` holds something that is no world.
        ExportError: The disk is full or the place cannot be written to.
    """
    target = target.absolute()
    partial = _partial(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock(target)
    except OSError as error:
        raise _cannot_make(target, error) from error
    try:
        try:
            recover(target, marker=marker)
            require_free_place(target, marker=marker)
            partial.mkdir()
        except OSError as error:
            raise _cannot_make(target, error) from error
        yield partial
        _swap(partial, target, own_names)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        _unlock(target, lock)


def _cannot_make(target: Path, error: OSError) -> ExportError:
    return ExportError(
        f"The output folder cannot be made ({(error.strerror or str(error)).lower()}).",
        hint="Choose a folder that you may write to, on a disk with space left.",
        path=target,
    )


def _lock(target: Path) -> int | None:
    """Take the lock that keeps two runs from building one world at once; it ends with the process.

    Returns:
        An open file descriptor, or None on systems without such locks.

    Raises:
        ExportError: Another run holds it.
    """
    if fcntl is None:
        return None
    path = _lock_path(target)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The holder before us may have removed the very file that we opened.
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise ExportError(
                "Another run is building this world.", hint="Wait for it, or choose another folder.", path=target
            ) from None
        except FileNotFoundError:
            pass
        os.close(descriptor)


def _unlock(target: Path, descriptor: int | None) -> None:
    if descriptor is not None:
        _lock_path(target).unlink(missing_ok=True)
        os.close(descriptor)


def _lock_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.lock")


def _swap(partial: Path, target: Path, own_names: frozenset[str]) -> None:
    old = _old(target)
    try:
        if target.is_dir():
            foreign = sorted(path for path in target.iterdir() if path.name not in own_names)
            for path in foreign:
                if (partial / path.name).exists():
                    raise InvalidInputError("A file of yours has a name that the world needs.", path=path)
            os.replace(target, old)
            for path in foreign:
                os.replace(old / path.name, partial / path.name)
            os.replace(partial, target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(partial, target)
    except OSError as error:
        if old.is_dir() and not target.exists():
            os.replace(old, target)
        raise ExportError(
            f"The finished world could not be put in its place ({(error.strerror or str(error)).lower()}).",
            hint="Close programs that hold the folder open and run again.",
            path=target,
        ) from error


def _partial(target: Path) -> Path:
    return target.with_name(f".{target.name}{PARTIAL_SUFFIX}")


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}{_OLD_SUFFIX}")
