"""Compiles the package's kernels ahead of their first use, on all cores, once per machine.

Numba compiles a kernel when it is first called, and one at a time, since its compiler holds a lock: a first world
would wait for minutes while all but one core rest. Processes do not share that lock. ``kernels.json`` lists by use
what is called with which types; worker processes (``python -m worldgen.kernels``) compile the listed modules side by
side into numba's own cache, and a stamp beside it says that they did. Reading kernels from there takes some time, too,
so a run does that on a thread beside its first steps. Nothing depends on either: what is not listed, or failed, is
compiled or read when it is called. ``tests/record_kernels.py`` writes the list.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import os
import platform
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from worldgen.errors import InvalidInputError
from worldgen.events import Progress, ignore_progress

if TYPE_CHECKING:
    from numba.core.types import Type

LIST_PATH: Final = Path(__file__).with_name("kernels.json")

USES: Final = ("prompt", "picture", "rest")
"""What kernels are listed for: worlds from text, worlds from pictures, and what can be done with a world afterwards."""

_MAX_PROCESSES: Final = 8
_SCALARS: Final = frozenset(
    f"{kind}{bits}" for kind, widths in (("int", (8, 16, 32, 64)), ("uint", (8, 16, 32, 64)), ("float", (32, 64)))
    for bits in widths
) | {"bool", "none"}  # fmt: skip

Signatures = Mapping[str, Mapping[str, list[list[Any]]]]
"""Module → kernel → the argument types of each call, in the notation of ``describe_type``."""


@functools.cache
def listed_kernels() -> Mapping[str, Signatures]:
    """Use → what is called then."""
    listed: Mapping[str, Signatures] = json.loads(LIST_PATH.read_text(encoding="utf-8"))
    return listed


def compile_ahead(uses: Iterable[str], progress: Progress = ignore_progress) -> int:
    """Compile what some uses need and this machine has not compiled yet.

    Args:
        uses: Some of ``USES``.
        progress: Called as modules are done.

    Returns:
        How many modules were handed to workers; 0 if everything was there.
    """
    done = _stamped()
    wanted = [use for use in uses if use not in done]
    modules = _modules(wanted)
    if not modules:
        return 0
    if _compile_side_by_side(modules, progress):
        _stamp(done | set(wanted))
    return len(modules)


def needs_compiling(uses: Iterable[str]) -> bool:
    """Whether some of these uses were not compiled for yet on this machine."""
    return not set(uses) <= _stamped()


@contextmanager
def load_beside(uses: Iterable[str]) -> Iterator[None]:
    """Read what some uses need from numba's cache on a thread of its own, as long as the block lasts.

    Most of that time is spent linking, which leaves the interpreter to others. What this machine has not compiled yet
    is left to its first call.
    """
    if needs_compiling(uses):
        yield
        return
    is_over = threading.Event()
    thread = threading.Thread(target=_load, args=(tuple(uses), is_over), name="kernels")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _load(uses: tuple[str, ...], is_over: threading.Event) -> None:
    listed = (
        (module_name, name, call)
        for use in uses
        for module_name, kernels in listed_kernels().get(use, {}).items()
        for name, calls in kernels.items()
        for call in calls
    )
    for module_name, name, call in listed:
        if is_over.is_set():
            return
        with suppress(Exception):  # it fails aloud, if at all, when it is called
            kernel = getattr(importlib.import_module(module_name), name)
            kernel.compile(tuple(type_described(argument) for argument in call))


def describe_type(numba_type: Type) -> Any:
    """A numba type as JSON: ``"int64"``, ``"float32[2C]"``, ``"readonly uint8[3A]"``, a list for a tuple.

    A named tuple is ``{"tuple": "module:Name", "fields": [...]}``.

    Raises:
        InvalidInputError: It is of a kind that the list cannot hold.
    """
    from numba.core import types

    match numba_type:
        case types.Array():
            word = "" if numba_type.mutable else "readonly "
            return f"{word}{numba_type.dtype}[{numba_type.ndim}{numba_type.layout}]"
        case types.NamedTuple() | types.NamedUniTuple():
            named = numba_type.instance_class
            fields = [describe_type(field) for field in numba_type]
            return {"tuple": f"{named.__module__}:{named.__qualname__}", "fields": fields}
        case types.BaseTuple():
            return [describe_type(field) for field in numba_type]
    if str(numba_type) not in _SCALARS:
        raise InvalidInputError(f"A kernel's argument of type {numba_type} cannot be listed.")
    return str(numba_type)


def type_described(description: Any) -> Type:
    """The numba type that ``describe_type`` wrote.

    Raises:
        InvalidInputError: It is none.
    """
    from numba.core import types

    match description:
        case str() if description in _SCALARS:
            return types.boolean if description == "bool" else getattr(types, description)
        case str() if description.endswith("]"):
            words, _, shape = description[:-1].partition("[")
            kind = type_described(words.removeprefix("readonly "))
            return types.Array(kind, int(shape[:-1]), shape[-1], readonly=words.startswith("readonly "))
        case list():
            return types.BaseTuple.from_types([type_described(field) for field in description])
        case {"tuple": str() as place, "fields": list() as fields}:
            module, _, name = place.partition(":")
            named = getattr(importlib.import_module(module), name)
            return types.BaseTuple.from_types([type_described(field) for field in fields], named)
    raise InvalidInputError(f"{description!r} describes no type of a kernel's argument.")


def compile_module(module_name: str) -> None:
    """Compile all that is listed of one module, into numba's cache."""
    module = importlib.import_module(module_name)
    for signatures in listed_kernels().values():
        for name, calls in signatures.get(module_name, {}).items():
            for call in calls:
                getattr(module, name).compile(tuple(type_described(argument) for argument in call))


def _modules(uses: Iterable[str]) -> list[str]:
    """What to compile, the modules with most source first so that no worker is left with a long one at the end."""
    names = {name for use in uses for name in listed_kernels().get(use, {})}
    folder = Path(__file__).parent.parent

    def source_bytes(name: str) -> int:
        path = folder.joinpath(*name.split(".")).with_suffix(".py")
        return path.stat().st_size if path.exists() else 0

    return sorted(names, key=lambda name: (-source_bytes(name), name))


def _compile_side_by_side(modules: list[str], progress: Progress) -> bool:
    """Hand modules to worker processes; returns whether all of them lived to the end."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in modules:
        waiting.put(name)
    replies: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    workers = [_start_worker() for _ in range(min(_num_cores(), _MAX_PROCESSES, len(modules)))]
    feeders = [threading.Thread(target=_feed, args=(worker, waiting, replies), daemon=True) for worker in workers]
    try:
        for feeder in feeders:
            feeder.start()
        alive, num_done = len(workers), 0
        while alive:
            if replies.get() is None:
                alive -= 1
                continue
            num_done += 1
            progress(num_done / len(modules), f"{num_done} of {len(modules)}, once on this machine")
    finally:
        for worker in workers:
            worker.kill()
        for worker, feeder in zip(workers, feeders, strict=True):
            worker.communicate()  # its pipes are closed
            if feeder.ident is not None:
                feeder.join()
    return num_done == len(modules)


def _num_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _start_worker() -> subprocess.Popen[str]:
    paths = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-m", "worldgen.kernels"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )


def _feed(
    worker: subprocess.Popen[str], waiting: queue.SimpleQueue[str], replies: queue.SimpleQueue[str | None]
) -> None:
    """Give one worker a module after another; what it answers, and at last None, goes to ``replies``."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        while True:
            name = waiting.get_nowait()
            worker.stdin.write(f"{name}\n")
            worker.stdin.flush()
            if not worker.stdout.readline():
                break
            replies.put(name)
    except (queue.Empty, OSError, ValueError):
        pass  # all is handed out, or the worker was killed
    finally:
        replies.put(None)


def _stamp_paths() -> list[Path]:
    """Where the stamp may lie: in numba's cache, which is the user's where the package is read-only."""
    from llvmlite.binding import get_host_cpu_name
    from numba import __version__ as numba_version
    from numba.misc.appdirs import AppDirs

    state = f"{platform.python_version()} {numba_version} {get_host_cpu_name()}".encode() + LIST_PATH.read_bytes()
    name = f"kernels-{hashlib.sha256(state).hexdigest()[:12]}.txt"
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return [Path(chosen) / name]
    user_wide = AppDirs(appname="numba", appauthor=False).user_cache_dir
    return [Path(__file__).parent / "__pycache__" / name, Path(user_wide) / name]


def _stamped() -> set[str]:
    for path in _stamp_paths():
        with suppress(OSError):
            return set(path.read_text(encoding="utf-8").split())
    return set()


def _stamp(uses: Iterable[str]) -> None:
    """Note what was compiled; where nothing can be written, numba keeps no cache either."""
    for path in _stamp_paths():
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(" ".join(sorted(uses)), encoding="utf-8")
            return


def _work() -> None:
    """Compile the modules named on standard input, answering each with a line."""
    for line in sys.stdin:
        name = line.strip()
        try:
            compile_module(name)
        except Exception as error:  # what cannot be compiled now is compiled, or fails aloud, when it is called
            name = f"{name}: {type(error).__name__}: {error}".replace("\n", " ")
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _work()
