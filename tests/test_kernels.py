"""Kernels are compiled ahead: the list is true, workers fill numba's cache, and a stamp ends it."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numba
import numpy as np
import pytest

from worldgen import kernels
from worldgen.errors import InvalidInputError
from worldgen.kernels import (
    USES,
    compile_ahead,
    describe_type,
    listed_kernels,
    load_beside,
    needs_compiling,
    type_described,
)

MODULE = "worldgen.exporters.radiance_hdr"
"""A small one."""

CALL = """
import json, sys
from worldgen.kernels import listed_kernels, type_described
import importlib
module = importlib.import_module(sys.argv[1])
hits = misses = 0
for name, calls in json.loads(sys.argv[2]).items():
    kernel = getattr(module, name)
    for call in calls:
        kernel.compile(tuple(type_described(argument) for argument in call))
    hits += sum(kernel.stats.cache_hits.values())
    misses += sum(kernel.stats.cache_misses.values())
print(json.dumps([hits, misses]))
"""


def small_list() -> dict[str, list]:
    return next(dict(listed_kernels()[use][MODULE]) for use in USES if MODULE in listed_kernels()[use])


def test_every_listed_kernel_exists_and_takes_such_types() -> None:
    assert set(listed_kernels()) == set(USES)
    num_calls = 0
    for signatures in listed_kernels().values():
        for module_name, names in signatures.items():
            module = importlib.import_module(module_name)
            for name, calls in names.items():
                kernel = getattr(module, name)
                num_arguments = kernel.py_func.__code__.co_argcount
                for call in calls:
                    assert len(call) == num_arguments, f"{module_name}.{name}: run tests/record_kernels.py"
                    assert [describe_type(type_described(argument)) for argument in call] == call
                    num_calls += 1
    assert num_calls > 100


def test_types_of_values_come_back() -> None:
    from worldgen.builder.terrain.cover import CoverPlan

    picture = np.zeros((2, 3, 3), np.float32)
    locked = np.zeros(4, np.uint8)
    locked.flags.writeable = False
    values = [1, 2.5, True, np.float32(1.0), picture, picture[:, ::2], picture.T, locked, (1, 2), (1, (2.0, picture))]
    values.append(CoverPlan(*range(len(CoverPlan._fields))))
    for value in values:
        numba_type = numba.typeof(value)
        assert type_described(json.loads(json.dumps(describe_type(numba_type)))) == numba_type


@pytest.mark.parametrize("wrong", ["int7", "os", "float32[", 5, None, {"tuple": 1}])
def test_what_describes_no_type_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidInputError):
        type_described(wrong)


def test_workers_fill_the_cache_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(kernels, "listed_kernels", lambda: {"prompt": {MODULE: {}}, "picture": {}})
    assert needs_compiling(["prompt"])
    steps: list[float] = []
    assert compile_ahead(["prompt"], lambda fraction, message: steps.append(fraction)) == 1
    assert steps == [1.0]
    assert not needs_compiling(["prompt"])
    assert needs_compiling(["prompt", "picture"]), "each use for itself"
    assert compile_ahead(["prompt"]) == 0, "once"
    monkeypatch.undo()
    called = small_list()
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(kernels.__file__).parents[1])}
    result = subprocess.run(
        [sys.executable, "-c", CALL, MODULE, json.dumps(called)], capture_output=True, text=True, env=environment
    )
    assert json.loads(result.stdout) == [sum(map(len, called.values())), 0], result.stderr


def test_an_interrupt_leaves_no_workers_and_no_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []
    start = kernels._start_worker

    def remembered() -> subprocess.Popen[str]:
        started.append(start())
        return started[-1]

    def interrupt(fraction: float, message: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(kernels, "_start_worker", remembered)
    monkeypatch.setattr(kernels, "listed_kernels", lambda: {"prompt": {"worldgen.color": {}, "worldgen.errors": {}}})
    with pytest.raises(KeyboardInterrupt):
        compile_ahead(["prompt"], interrupt)
    assert started
    assert all(worker.returncode is not None for worker in started)
    assert needs_compiling(["prompt"])


def test_a_module_that_cannot_be_compiled_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(kernels, "listed_kernels", lambda: {"prompt": {"worldgen.no_such_module": {}}})
    assert compile_ahead(["prompt"]) == 1
    assert not needs_compiling(["prompt"])


def fake_kernels(monkeypatch: pytest.MonkeyPatch, compile_kernel: Callable[[tuple], None], stamped: set[str]) -> None:
    """Two kernels in place of all, the first of which is called with two sorts of types."""
    kernel = SimpleNamespace(compile=compile_kernel)
    monkeypatch.setitem(sys.modules, "worldgen.fake_kernels", SimpleNamespace(first=kernel, second=kernel))
    listed = {"worldgen.no_such_module": {"a": [["int64"]]}}
    listed |= {"worldgen.fake_kernels": {"first": [["int64"], ["float32[2C]"]], "second": [["int64", "bool"]]}}
    monkeypatch.setattr(kernels, "listed_kernels", lambda: {"prompt": listed})
    monkeypatch.setattr(kernels, "_stamped", lambda: stamped)


def test_kernels_are_read_on_a_thread_beside_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple] = []
    names: set[str] = set()
    all_read = threading.Event()

    def compile_kernel(types: tuple) -> None:
        read.append(types)
        names.add(threading.current_thread().name)
        if len(read) == 3:
            all_read.set()
        if len(read) == 1:
            raise OSError("a damaged file of the cache")

    fake_kernels(monkeypatch, compile_kernel, {"prompt"})
    with load_beside(["prompt"]):
        assert all_read.wait(20.0), "neither a missing module nor a failing kernel stops it"
    assert read == [(numba.int64,), (numba.float32[:, ::1],), (numba.int64, numba.boolean)]
    assert names == {"kernels"}


def test_reading_ends_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple] = []
    begun, may_go_on = threading.Event(), threading.Event()

    def compile_kernel(types: tuple) -> None:
        read.append(types)
        begun.set()
        may_go_on.wait(20.0)

    fake_kernels(monkeypatch, compile_kernel, {"prompt"})

    def interrupted() -> None:
        with load_beside(["prompt"]):
            assert begun.wait(20.0)
            threading.Timer(0.2, may_go_on.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(read) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "kernels"]


def test_what_was_never_compiled_is_not_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple] = []
    fake_kernels(monkeypatch, read.append, set())
    with load_beside(["prompt"]):
        assert not [thread for thread in threading.enumerate() if thread.name == "kernels"]
    assert not read
