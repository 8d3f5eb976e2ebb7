"""A world folder → packages for engines, and single layers in other formats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from worldgen.budgets import PlatformBudget
from worldgen.errors import UsageError
from worldgen.events import Reporter, RunContext, ignore_events
from worldgen.manifest import load_manifest
from worldgen.pipelines.world import World
from worldgen.registry import find_format, load_writer
from worldgen.settings import TIERS
from worldgen.stages.write_engines import check_engines, write_engine_packages
from worldgen.stages.write_world import OWN_NAMES

_LAYER_NAMES = {"splats": "splats", "points": "points", "navigation": "navmesh"}
"""Layers that a world can be read back for, and what their files are called."""


def export_engines(
    folder: Path | str,
    engines: Sequence[str],
    *,
    budget: PlatformBudget | None = None,
    report: Reporter = ignore_events,
) -> World:
    """Write ``engines/<name>/`` for each engine into a world folder and list the files in its manifest.

    Args:
        folder: The world.
        engines: Any of "unity", "unreal", "godot", "blender" and what else ``worldgen export --help`` lists.
        budget: What the platform can take (see ``worldgen.budgets``); None keeps everything.
        report: Receives progress events.

    Returns:
        The world with its new manifest.

    Raises:
        WorldgenError: See the tree in ``worldgen.errors``; a package is there whole or not at all.
    """
    check_engines(engines)
    manifest = load_manifest(Path(folder))
    context = RunContext(seed=manifest.seed, tier=TIERS[manifest.quality], report=report)
    write_engine_packages(Path(folder), engines, context, budget=budget)
    return World.load(folder)


def export_formats(folder: Path | str, formats: Sequence[str], output: Path | str | None = None) -> list[Path]:
    """Write layers of a world in further formats.

    Args:
        folder: The world.
        formats: Format ids of the layers "splats", "points" and "navigation".
        output: The folder to write to; the world itself if left out, beside the files it has.

    Returns:
        The files that were written, ``splats.<suffix>``, ``points.<suffix>`` or ``navmesh.<suffix>``.

    Raises:
        UsageError: A format is of another layer, or its file would replace one of the world's own.
        WorldgenError: A layer cannot be read or a file not written.
    """
    world = World.load(folder)
    entries = [find_format(format_id) for format_id in formats]
    target = Path(output) if output is not None else world.path
    written = []
    for entry in entries:
        if entry.layer not in _LAYER_NAMES or not entry.writes:
            raise UsageError(
                f"A world cannot be exported to '{entry.id}' afterwards.",
                hint="Layers that can: splats, points and the navmesh (navmesh_obj, navmesh_detour)",
            )
        path = target / f"{_LAYER_NAMES[entry.layer]}{entry.suffixes[0]}"
        if output is None and path.name in OWN_NAMES:
            raise UsageError(f"The world holds its own {path.name}.", hint="Choose another folder with -o.", path=path)
        target.mkdir(parents=True, exist_ok=True)
        layer = getattr(world, entry.layer)
        load_writer(entry)(layer, path)
        written.append(path)
    return written
