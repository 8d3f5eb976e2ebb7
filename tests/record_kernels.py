"""Write ``worldgen/kernels.json``: what kernels the product calls, with which types.

    python tests/record_kernels.py           # all uses, a few minutes once all kernels are compiled
    python tests/record_kernels.py --run OUT.json generate "a cabin" -o world

The second form runs one command and writes what it called; tests compare that with the list.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from worldgen.errors import InvalidInputError
from worldgen.kernels import LIST_PATH, USES, describe_type

Called = dict[str, dict[str, list[list[Any]]]]

PROMPTS = (
    "a log cabin by a mountain lake, pine forest, a boat",
    "a village street with a church, lamp posts and a well at night under stars",
    "a deep canyon with a river and a rope bridge",
    "a tropical beach with palms, sea, storm clouds",
    "a castle on a snowy hill in fog",
)


def called_kernels() -> Called:
    """Module → kernel → argument types of what this process has called so far.

    Kernels that others call are left out where everything came from the cache.
    """
    from numba.core.dispatcher import Dispatcher

    called: Called = defaultdict(dict)
    for module_name, module in sorted(sys.modules.items()):
        if not module_name.startswith("worldgen"):
            continue
        for name, value in sorted(vars(module).items()):
            if isinstance(value, Dispatcher) and value.py_func.__module__ == module_name and value.overloads:
                called[module_name][name] = sorted(_describable(value.overloads), key=json.dumps)
    return called


def _describable(signatures: Iterable[tuple[Any, ...]]) -> Iterator[list[Any]]:
    """Without those that only other kernels call, with numbers that the compiler knows."""
    for signature in signatures:
        with suppress(InvalidInputError):
            yield [describe_type(argument) for argument in signature]


def commands(folder: Path) -> dict[str, list[list[str]]]:
    """What each use does, as command lines; later ones find the worlds of earlier ones."""
    world = str(folder / "world0")
    prompts = [
        ["generate", prompt, "--quality", quality, "-o", str(folder / f"world{index}")]
        for index, (prompt, quality) in enumerate(zip(PROMPTS, ["standard", *["draft"] * 4], strict=True))
    ]
    panorama = f"{world}/panorama.png"
    pictures = [
        ["generate", "--panorama", panorama, "--quality", "draft", "-o", str(folder / "seen")],
        ["generate", "--panorama", panorama, "--depth", f"{world}/depth.exr", "-o", str(folder / "given")],
        ["generate", "--image", f"{world}/preview.jpg", "--quality", "draft", "-o", str(folder / "photo")],
    ]
    formats = ("ply", "spz", "sog", "splat", "compressed.ply", "glb")
    return {
        "prompt": prompts,
        "picture": pictures,
        "rest": [
            *(["export", world, "--engine", name] for name in ("unity", "godot", "isaac", "web")),
            *(["export", str(folder / "seen"), "--engine", name] for name in ("unity", "web")),
            *(["convert", f"{world}/splats.ply", str(folder / f"splats.{ending}")] for ending in formats),
            *(["convert", str(folder / f"splats.{ending}"), str(folder / "back.ply")] for ending in formats),
            ["render", world, "-o", str(folder / "still.png")],
            ["render", world, "-o", str(folder / "round.png"), "--panorama"],
            ["render", world, "-o", str(folder / "mesh.png"), "--layer", "mesh"],
            ["diff", world, str(folder / "world1")],
            ["generate", PROMPTS[1], "--quality", "draft", "--refine", "20steps", "-o", str(folder / "refined")],
        ],
    }


def record(command: list[str]) -> Called:
    """Run a command in a process of its own until it compiles nothing any more; returns what it called."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            output = Path(folder) / "called.json"
            subprocess.run([sys.executable, __file__, "--run", str(output), *command, "--json"], check=False)
            document = json.loads(output.read_text(encoding="utf-8"))
            if not document["num_compiled"]:
                break
    if document["exit_code"]:
        sys.stderr.write(f"exit code {document['exit_code']}: {' '.join(command)}\n")
    called: Called = document["called"]
    return called


def run_one(output: Path, arguments: list[str]) -> int:
    """Run the command line here and write what it called."""
    from numba.core import event

    import worldgen.pipelines.text_to_world as main_job
    from worldgen.cli import run

    # What is read ahead from the list is not thereby called.
    main_job.load_beside = lambda uses: nullcontext()  # type: ignore[assignment]
    compiled = event.RecordingListener()
    event.register("numba:compile", compiled)
    exit_code = run(arguments)
    document = {"called": called_kernels(), "num_compiled": len(compiled.buffer), "exit_code": exit_code}
    output.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return exit_code


def main() -> None:
    """Record all uses, each without what an earlier one lists."""
    listed: dict[str, Called] = {}
    known: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        for use, lines in commands(Path(folder)).items():
            merged: Called = defaultdict(lambda: defaultdict(list))
            for line in lines:
                for module, kernels in record(line).items():
                    for name, calls in kernels.items():
                        for call in calls:
                            key = json.dumps([module, name, call])
                            if key not in known:
                                known.add(key)
                                merged[module][name].append(call)
            listed[use] = merged
    LIST_PATH.write_text(_as_text(listed), encoding="utf-8")


def _as_text(listed: Mapping[str, Mapping[str, Any]]) -> str:
    """JSON with a line for each module."""
    uses = []
    for use in USES:
        rows = [f"  {json.dumps(module)}: {json.dumps(kernels)}" for module, kernels in sorted(listed[use].items())]
        uses.append(f" {json.dumps(use)}: {{\n" + ",\n".join(rows) + "\n }")
    return "{\n" + ",\n".join(uses) + "\n}\n"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        sys.exit(run_one(Path(sys.argv[2]), sys.argv[3:]))
    main()
