"""Every example says how it is tested, and those that run do run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


def mode_of(path: Path) -> str | None:
    match = re.search(r"^# worldgen-test: (run|off)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return match.group(1) if match else None


def test_every_example_is_numbered_and_says_how_it_is_tested() -> None:
    assert EXAMPLES
    for number, path in enumerate(EXAMPLES, start=1):
        assert path.name.startswith(f"{number:02d}_")
        assert mode_of(path) is not None, path.name


@pytest.mark.parametrize("path", [path for path in EXAMPLES if mode_of(path) == "run"], ids=lambda path: path.stem)
def test_examples_run(path: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(path), str(tmp_path / "world")], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()
