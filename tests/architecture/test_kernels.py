"""Kernels keep what they store.

numba takes ``array[i] = value`` inside ``for i in prange(...)`` for dead code if ``array`` has one axis and was
unpacked from an argument (``first, array = arrays``), and leaves it out without a word. An array that is an argument of
its own, that the kernel made, or that is indexed by anything but the loop's own number is safe.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path for folder in ("worldgen", "exporters", "pipelines") for path in (ROOT / folder).rglob("*.py"))

LOSING = """
@numba.njit(parallel=True)
def fill(arrays):
    first, second = arrays
    for index in numba.prange(len(first)):
        second[index] = 1.0
"""


def lost_stores(source: str) -> Iterator[str]:
    """Stores of parallel kernels that would be left out."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef) and any("parallel" in ast.unparse(d) for d in function.decorator_list):
            unpacked = {name for statement in ast.walk(function) for name in _unpacked_names(statement)}
            for loop in ast.walk(function):
                if isinstance(loop, ast.For) and "prange" in ast.unparse(loop.iter):
                    yield from (
                        f"{function.name}: {ast.unparse(target)}"
                        for target in _targets(loop)
                        if ast.unparse(target.slice) == ast.unparse(loop.target)
                        and ast.unparse(target.value) in unpacked
                    )


def _unpacked_names(statement: ast.AST) -> Iterator[str]:
    # What is unpacked from several arrays of the kernel's own (``a, b = np.zeros(3), np.zeros(4)``) is safe.
    if isinstance(statement, ast.Assign) and not any(isinstance(part, ast.Call) for part in ast.walk(statement.value)):
        for target in statement.targets:
            yield from _names_in(target) if isinstance(target, ast.Tuple) else ()


def _names_in(target: ast.AST) -> Iterator[str]:
    for part in target.elts if isinstance(target, ast.Tuple) else [target]:
        if isinstance(part, ast.Tuple):
            yield from _names_in(part)
        elif isinstance(part, ast.Name):
            yield part.id


def _targets(loop: ast.For) -> Iterator[ast.Subscript]:
    for statement in ast.walk(loop):
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        for target in targets:
            yield from (part for part in ast.walk(target or ast.Pass()) if isinstance(part, ast.Subscript))


def test_no_kernel_stores_into_what_it_unpacked() -> None:
    found = {loss for path in FILES for loss in lost_stores(path.read_text(encoding="utf-8"))}
    # Rows of arrays with more axes are kept.
    assert found <= {"_cut_knots: right[index]", "_cut_knots: down[index]"}


def test_the_pattern_is_the_one_that_loses() -> None:
    assert list(lost_stores(LOSING)) == ["fill: second[index]"]
    assert list(lost_stores(LOSING.replace("first, second = arrays", "first = arrays[0]; second = arrays[1]"))) == []
