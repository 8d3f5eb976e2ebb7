"""The Khronos validator and splat-transform: independent readers that run on Node.js, installed once into a cache."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_SOURCE = Path(__file__).parent.parent / "node"
_INSTALL_TIMEOUT_S = 180


@functools.cache
def node_folder(name: str = "") -> Path:
    """The folder with the installed tools of a folder below ``tests/node``; skips the test where they cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed")
    package = (_SOURCE / name / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "worldgen-tests"
    folder = cache / f"{name or 'node'}-{hashlib.sha256(package).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    # Parallel test runs may install at the same time: each into a folder of its own, and the first one wins.
    building = cache / f"{folder.name}.{os.getpid()}"
    building.mkdir(parents=True)
    try:
        (building / "package.json").write_bytes(package)
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"]
        command.append("--legacy-peer-deps")
        done = subprocess.run(command, cwd=building, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S)
        if done.returncode:
            pytest.skip(f"npm cannot install the tools: {done.stderr.strip()[-300:]}")
        try:
            building.rename(folder)
        except OSError:
            assert folder.is_dir()
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install the tools within {_INSTALL_TIMEOUT_S} s")
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def validate_glbs(*paths: Path) -> list[dict[str, Any]]:
    """The Khronos validator's reports, in order."""
    command = ["node", str(_SOURCE / "validate_gltf.mjs"), str(node_folder()), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    reports: list[dict[str, Any]] = json.loads(done.stdout)
    return reports


def assert_valid(*paths: Path) -> None:
    """No errors and no warnings from the Khronos validator."""
    for path, report in zip(paths, validate_glbs(*paths), strict=True):
        issues = report["issues"]
        severe = [message for message in issues["messages"] if message["severity"] <= 1]
        assert (issues["numErrors"], issues["numWarnings"], severe) == (0, 0, []), f"{path.name}: {severe[:5]}"
        assert not issues["truncated"]


def splat_transform(source: Path, target: Path, *options: str) -> None:
    """Convert splats with PlayCanvas's splat-transform."""
    program = node_folder() / "node_modules" / "@playcanvas" / "splat-transform" / "bin" / "cli.mjs"
    command = ["node", str(program), "--quiet", "--overwrite", *options, str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-500:] or done.stdout[-500:]
