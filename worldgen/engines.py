"""The table of engines that packages are written for: strings only, so listing them imports nothing."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from worldgen.errors import UnsupportedFormatError


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEntry:
    """An engine; ``writer`` is ``"module:function"``, a function of a ``WorldPackage`` and an empty folder."""

    id: str
    description: str
    writer: str


_EXPORTERS = "worldgen.exporters"

_ENGINES: tuple[EngineEntry, ...] = (
    EngineEntry(
        id="unity",
        description="Unity 2022.3 or newer: glTF for glTFast, colliders, terrain, editor script",
        writer=f"{_EXPORTERS}.engine_unity:write_unity_package",
    ),
    EngineEntry(
        id="unreal",
        description="Unreal 5.3 or newer: GLB with UCX colliders, landscape, Python script",
        writer=f"{_EXPORTERS}.engine_unreal:write_unreal_package",
    ),
    EngineEntry(
        id="godot",
        description="Godot 4.4 or newer: GLB, scene file, editor script",
        writer=f"{_EXPORTERS}.engine_godot:write_godot_package",
    ),
    EngineEntry(
        id="blender",
        description="Blender 4.2 or newer: GLB, colliders, Python script",
        writer=f"{_EXPORTERS}.engine_blender:write_blender_package",
    ),
    EngineEntry(
        id="isaac",
        description="Isaac Sim 6 and Omniverse: USD stage with UsdPhysics, semantics and splats; needs the extra usd",
        writer=f"{_EXPORTERS}.engine_isaac:write_isaac_package",
    ),
    EngineEntry(
        id="web",
        description="browsers: GLB, SPZ and SOG with a viewer for three.js and Spark",
        writer=f"{_EXPORTERS}.engine_web:write_web_package",
    ),
)

ENGINES: Mapping[str, EngineEntry] = MappingProxyType({entry.id: entry for entry in _ENGINES})
"""The engines by id."""


def load_engine_writer(engine_id: str) -> Callable[..., None]:
    """Import the writer of an engine's packages.

    Raises:
        UnsupportedFormatError: There is no such engine.
    """
    entry = ENGINES.get(engine_id)
    if entry is None:
        raise UnsupportedFormatError(f"There is no engine '{engine_id}'.", hint=f"Engines: {', '.join(ENGINES)}.")
    module, _, name = entry.writer.partition(":")
    writer: Callable[..., None] = getattr(importlib.import_module(module), name)
    return writer
