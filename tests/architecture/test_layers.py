"""Imports run one way, heavy packages load late, randomness has one source: held by reading the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "worldgen": ROOT / "worldgen",
    "worldgen.pipelines": ROOT / "pipelines",
    "worldgen.exporters": ROOT / "exporters",
}

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "activations", "color", "randomness", "settings", "backend_table"}),
    frozenset({"frames", "spherical_harmonics", "events", "storage", "kernels", "uncounted_arrays"}),
    frozenset({"scene", "registry", "engines", "budgets", "staging"}),
    frozenset({"geometry"}),
    frozenset({"navigation"}),
    frozenset({"spec"}),
    frozenset({"manifest"}),
    frozenset({"builder", "rendering"}),
    frozenset({"backends", "exporters", "quality"}),
    frozenset({"stages"}),
    frozenset({"pipelines"}),
    frozenset({"jobs"}),
    frozenset({"batch", "viewer"}),
    frozenset({"cli"}),
)
"""Bottom to top. A part imports from layers below its own; siblings in one layer do not know each other."""

SIBLINGS_MAY_MEET = LAYERS[0] | LAYERS[1]
"""The foundation files are small and few; they may use each other."""

VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "misc", "types", "io", "random", "logging", "core"}

FORBIDDEN_CALLS = {
    r"\bnp\.random\.(?!Generator\b|PCG64\b)\w+": "randomness comes from worldgen.randomness",
    r"^\s*import random\b|^\s*from random\b": "randomness comes from worldgen.randomness",
    r"\buuid\b": "ids are derived, never drawn",
    r"\btime\.time\(|\bdatetime\.now\(": "clock times would make runs differ",
    r"\bpickle\b": "pickle runs code from files",
    r"(?<![\w.])eval\(|(?<![\w.])exec\(": "no code from data",
    r"yaml\.(load|unsafe_load)\(": "YAML is read by safe_load",
}


def modules() -> Iterator[tuple[str, Path]]:
    for prefix, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            relative = path.relative_to(folder)
            if prefix == "worldgen" and relative.parts[0] in ("pipelines", "exporters"):
                continue
            parts = [prefix, *relative.with_suffix("").parts]
            yield ".".join(part for part in parts if part != "__init__"), path


def part_of(module: str) -> str:
    pieces = module.split(".")
    return pieces[1] if len(pieces) > 1 else ""


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield from ((f"{base}.{alias.name}" if base == "worldgen" else base, node.lineno) for alias in node.names)


def rank(part: str) -> int:
    for index, layer in enumerate(LAYERS):
        if part in layer:
            return index
    raise AssertionError(f"'{part}' has no place in the layer table")


def test_imports_run_one_way() -> None:
    wrong = []
    for module, path in modules():
        own = part_of(module)
        if own in ("", "__main__"):
            continue
        for name, line in imports_of(path):
            if not name.startswith("worldgen.") or (target := part_of(name)) in (own, "__version__"):
                continue
            below = rank(target) < rank(own)
            siblings = {own, target} <= SIBLINGS_MAY_MEET and rank(target) == rank(own)
            if not (below or siblings):
                wrong.append(f"{path.relative_to(ROOT)}:{line} {own} imports {target}")
    assert wrong == []


def test_the_guard_sees_a_wrong_import(tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text("from worldgen.cli import main\nimport worldgen.batch\n", encoding="utf-8")
    assert [part_of(name) for name, _ in imports_of(path)] == ["cli", "batch"]
    assert rank("cli") > rank("exporters")


def test_no_file_has_a_vague_name_or_shadows_the_standard_library() -> None:
    stems = {path.stem for _, path in modules()} - {"__init__", "__main__"}
    assert stems & VAGUE_NAMES == set()
    top_level = {path.stem for path in (ROOT / "worldgen").glob("*.py")} - {"__init__", "__main__"}
    assert top_level & set(sys.stdlib_module_names) == set()


def test_files_are_readable_in_one_sitting() -> None:
    too_long = {
        str(path.relative_to(ROOT)): n
        for _, path in modules()
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > 450
    }
    assert too_long == {}


@pytest.mark.parametrize("pattern", FORBIDDEN_CALLS)
def test_sources_are_free_of(pattern: str) -> None:
    found = []
    for module, path in modules():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            code = line.split("#")[0]
            if re.search(pattern, code) and module != "worldgen.randomness" and not code.lstrip().startswith('"'):
                found.append(f"{path.relative_to(ROOT)}:{number} {code.strip()}")
    assert found == [], FORBIDDEN_CALLS[pattern]


def run_python(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return result.stdout


HEAVY = (
    "torch",
    "open3d",
    "trimesh",
    "numba",
    "mitsuba",
    "scipy",
    "gsplat",
    "pygltflib",
    "numpy",
    "pydantic",
    "embreex",
    "transformers",
    "diffusers",
    "huggingface_hub",
)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, worldgen; print([name for name in {HEAVY} if name in sys.modules])"
    assert run_python(code).strip() == "[]"


def test_the_help_text_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom worldgen.cli import run\ncode = run(['--help'])\n"
        f"print([name for name in {HEAVY} if name in sys.modules], code)"
    )
    assert run_python(code).splitlines()[-1] == "[] 0"


def test_converting_splats_loads_no_compiler() -> None:
    code = (
        "import importlib, sys\n"
        "for name in ('convert', 'filters', 'gaussian_ply', 'spz', 'compressed_ply', 'splat_file'):\n"
        "    importlib.import_module('worldgen.exporters.' + name)\n"
        "print([name for name in ('numba', 'scipy', 'torch', 'open3d') if name in sys.modules])"
    )
    assert run_python(code).strip() == "[]"


def test_data_types_need_numpy_only() -> None:
    heavy = tuple(name for name in HEAVY if name != "numpy")
    code = (
        "import sys, importlib, pkgutil, worldgen.scene\n"
        "for m in pkgutil.iter_modules(worldgen.scene.__path__): importlib.import_module('worldgen.scene.' + m.name)\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    assert run_python(code).strip() == "[]"


def test_the_public_names_are_the_documented_ones() -> None:
    code = "import worldgen; print(sorted(worldgen.__all__), all(hasattr(worldgen, n) for n in worldgen.__all__))"
    assert (
        run_python(code).strip() == "['World', 'WorldSpec', 'WorldgenError', '__version__', 'generate', 'parse'] True"
    )
