"""What is installed equals what is in the tree, and the two top-level folders have one import path each."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import worldgen

ROOT = Path(__file__).parents[2]


def settings() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def package_folders() -> set[str]:
    found = set()
    for prefix, folder in (
        ("worldgen", "worldgen"),
        ("worldgen.pipelines", "pipelines"),
        ("worldgen.exporters", "exporters"),
    ):
        for path in (ROOT / folder).rglob("__init__.py"):
            relative = path.parent.relative_to(ROOT / folder)
            if folder == "worldgen" and relative.parts[:1] in (("pipelines",), ("exporters",)):
                continue
            found.add(".".join([prefix, *relative.parts]))
    return found


def test_the_package_list_equals_the_tree() -> None:
    assert set(settings()["tool"]["setuptools"]["packages"]) == package_folders()


@pytest.mark.parametrize("name", ["pipelines", "exporters"])
def test_the_top_level_folders_are_links_inside_the_package(name: str) -> None:
    link = ROOT / "worldgen" / name
    assert link.is_symlink()
    assert link.resolve() == (ROOT / name).resolve()


@pytest.mark.parametrize("name", ["pipelines", "exporters"])
def test_a_second_import_path_is_refused(name: str) -> None:
    result = subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 1
    assert f"import worldgen.{name}" in result.stderr


def test_the_wheel_holds_every_module_and_nothing_else_at_the_top(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(tmp_path),
            str(ROOT),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"worldgen-{worldgen.__version__}-py3")
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {"worldgen/py.typed", "worldgen/kernels.json"}
    for folder, target in (
        ("worldgen", "worldgen"),
        ("pipelines", "worldgen/pipelines"),
        ("exporters", "worldgen/exporters"),
    ):
        for path in (ROOT / folder).rglob("*.py"):
            relative = path.relative_to(ROOT / folder)
            if folder == "worldgen" and relative.parts[0] in ("pipelines", "exporters"):
                continue
            expected.add(f"{target}/{relative.as_posix()}")
    assert expected <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"worldgen"}
    entry_points = next(name for name in names if name.endswith("entry_points.txt"))
    assert "worldgen = worldgen.cli:main" in zipfile.ZipFile(wheel).read(entry_points).decode()


def test_every_requirement_has_a_tested_version() -> None:
    project = settings()["project"]
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {item.split(">")[0].split("=")[0].split("[")[0].lower().replace("_", "-") for item in wanted}
    assert names - {"worldgen"} <= pinned
    assert "plyfile" not in pinned, "its licence is GPL-3"


def test_the_customers_packages_are_required() -> None:
    names = {item.split(">")[0] for item in settings()["project"]["dependencies"]}
    assert {"torch", "trimesh", "open3d", "gsplat", "pygltflib", "numpy", "click"} <= names
