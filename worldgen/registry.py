"""The tables of formats and backends: strings only, so listing them imports nothing.

A format's key is its id, not its file suffix: ``.ply`` alone is two formats. Third parties add formats through the
entry-point group ``worldgen.exporters``, each entry point leading to a :class:`FormatEntry`, and backends through
``worldgen.backends.<slot>``, leading to a :class:`BackendEntry`. Built-ins win where an id is taken, and a plugin
that cannot be loaded is a warning, never an error.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from worldgen.backend_table import BUILT_IN_BACKENDS, SLOTS, BackendEntry, Slot
from worldgen.errors import BackendUnavailableError, UnsupportedFormatError

Layer = Literal[
    "splats", "points", "mesh", "panorama", "depth", "normals", "labels", "mask", "sky", "light", "navigation"
]

__all__ = [
    "BACKENDS",
    "BACKEND_GROUP",
    "FORMATS",
    "FORMAT_GROUP",
    "SLOTS",
    "BackendEntry",
    "FormatEntry",
    "Layer",
    "Slot",
    "all_backends",
    "all_formats",
    "find_backend",
    "find_format",
    "format_of_path",
    "load_backend",
    "load_reader",
    "load_writer",
    "reader_candidates",
]

FORMAT_GROUP = "worldgen.exporters"
BACKEND_GROUP = "worldgen.backends"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatEntry:
    """A file format that a layer of a world can be written to or read from.

    ``writer`` and ``reader`` are ``"module:function"``, or None where there is none. What the functions take is told
    in ``worldgen.exporters.contract``.
    """

    id: str
    layer: Layer
    suffixes: tuple[str, ...]
    description: str
    writer: str | None = None
    reader: str | None = None

    @property
    def reads(self) -> bool:
        """Whether files of this format can be read."""
        return self.reader is not None

    @property
    def writes(self) -> bool:
        """Whether files of this format can be written."""
        return self.writer is not None


_EXPORTERS = "worldgen.exporters"

_FORMATS: tuple[FormatEntry, ...] = (
    FormatEntry(
        id="gaussian_ply",
        layer="splats",
        suffixes=(".ply",),
        description="Gaussian splats as every 3DGS tool reads them (float PLY, RDF axes)",
        writer=f"{_EXPORTERS}.gaussian_ply:write_gaussian_ply",
        reader=f"{_EXPORTERS}.gaussian_ply:read_gaussian_ply",
    ),
    FormatEntry(
        id="compressed_ply",
        layer="splats",
        suffixes=(".compressed.ply",),
        description="Gaussian splats in four words each and a byte per coefficient (PlayCanvas, SuperSplat)",
        writer=f"{_EXPORTERS}.compressed_ply:write_compressed_ply",
        reader=f"{_EXPORTERS}.compressed_ply:read_compressed_ply",
    ),
    FormatEntry(
        id="spz",
        layer="splats",
        suffixes=(".spz",),
        description="compressed Gaussian splats (SPZ, version 3 unless told otherwise)",
        writer=f"{_EXPORTERS}.spz:write_spz",
        reader=f"{_EXPORTERS}.spz:read_spz",
    ),
    FormatEntry(
        id="splat",
        layer="splats",
        suffixes=(".splat",),
        description="Gaussian splats in 32 bytes each, without view-dependent colour (antimatter15)",
        writer=f"{_EXPORTERS}.splat_file:write_splat_file",
        reader=f"{_EXPORTERS}.splat_file:read_splat_file",
    ),
    FormatEntry(
        id="splat_glb",
        layer="splats",
        suffixes=(".glb",),
        description="Gaussian splats in glTF (KHR_gaussian_splatting, release candidate)",
        writer=f"{_EXPORTERS}.splat_glb:write_splat_glb",
        reader=f"{_EXPORTERS}.splat_glb:read_splat_glb",
    ),
    FormatEntry(
        id="sog",
        layer="splats",
        suffixes=(".sog",),
        description="Gaussian splats as pictures in a zip file, the smallest for the web (SOG version 2, PlayCanvas)",
        writer=f"{_EXPORTERS}.sog:write_sog",
        reader=f"{_EXPORTERS}.sog:read_sog",
    ),
    FormatEntry(
        id="splat_usd",
        layer="splats",
        suffixes=(".usdc", ".usda", ".usd"),
        description="Gaussian splats in OpenUSD (ParticleField3DGaussianSplat; needs the extra usd)",
        writer=f"{_EXPORTERS}.usd_splats:write_splat_usd",
        reader=f"{_EXPORTERS}.usd_splats:read_splat_usd",
    ),
    FormatEntry(
        id="points_ply",
        layer="points",
        suffixes=(".ply",),
        description="coloured points with normals (binary PLY)",
        writer=f"{_EXPORTERS}.points_ply:write_points_ply",
        reader=f"{_EXPORTERS}.points_ply:read_points_ply",
    ),
    FormatEntry(
        id="glb",
        layer="mesh",
        suffixes=(".glb",),
        description="the scene as named objects with textures (glTF 2.0, no required extensions)",
        writer=f"{_EXPORTERS}.glb:write_scene_glb",
    ),
    FormatEntry(
        id="collision_glb",
        layer="mesh",
        suffixes=(".glb",),
        description="the scene's ground and colliders (glTF 2.0)",
        writer=f"{_EXPORTERS}.glb:write_collision_glb",
    ),
    FormatEntry(
        id="panorama_png",
        layer="panorama",
        suffixes=(".png",),
        description="8-bit sRGB picture",
        writer=f"{_EXPORTERS}.images:write_color_png",
    ),
    FormatEntry(
        id="panorama_jpeg",
        layer="panorama",
        suffixes=(".jpg", ".jpeg"),
        description="8-bit sRGB picture for previews",
        writer=f"{_EXPORTERS}.images:write_color_jpeg",
    ),
    FormatEntry(
        id="radiance_exr",
        layer="panorama",
        suffixes=(".exr",),
        description="linear radiance in half floats (OpenEXR)",
        writer=f"{_EXPORTERS}.openexr:write_radiance_exr",
        reader=f"{_EXPORTERS}.openexr:read_radiance_exr",
    ),
    FormatEntry(
        id="depth_exr",
        layer="depth",
        suffixes=(".exr",),
        description="distance along each pixel's ray in metres, infinite for the sky (OpenEXR, channel Z)",
        writer=f"{_EXPORTERS}.openexr:write_depth_exr",
        reader=f"{_EXPORTERS}.openexr:read_depth_exr",
    ),
    FormatEntry(
        id="normals_png",
        layer="normals",
        suffixes=(".png",),
        description="surface normals in world, 128 is zero",
        writer=f"{_EXPORTERS}.images:write_normals_png",
    ),
    FormatEntry(
        id="labels_png",
        layer="labels",
        suffixes=(".png",),
        description="label of each pixel as a palette picture",
        writer=f"{_EXPORTERS}.images:write_labels_png",
    ),
    FormatEntry(
        id="mask_png",
        layer="mask",
        suffixes=(".png",),
        description="share of each pixel from 0 to 1 as a grey picture: what was seen, how sure a depth is",
        writer=f"{_EXPORTERS}.images:write_mask_png",
    ),
    FormatEntry(
        id="sheets_glb",
        layer="mesh",
        suffixes=(".glb",),
        description="what a picture shows as meshes that carry it, unlit (glTF 2.0)",
        writer=f"{_EXPORTERS}.sheets_glb:write_sheets_glb",
    ),
    FormatEntry(
        id="radiance_hdr",
        layer="sky",
        suffixes=(".hdr",),
        description="linear radiance with a shared exponent (Radiance RGBE)",
        writer=f"{_EXPORTERS}.radiance_hdr:write_radiance_hdr",
        reader=f"{_EXPORTERS}.radiance_hdr:read_radiance_hdr",
    ),
    FormatEntry(
        id="navmesh_glb",
        layer="navigation",
        suffixes=(".glb",),
        description="walkable ground, spawn points and points of interest (glTF 2.0)",
        writer=f"{_EXPORTERS}.navmesh_files:write_navmesh_glb",
    ),
    FormatEntry(
        id="navmesh_obj",
        layer="navigation",
        suffixes=(".obj",),
        description="walkable ground, an object per island (Wavefront OBJ)",
        writer=f"{_EXPORTERS}.navmesh_files:write_navmesh_obj",
    ),
    FormatEntry(
        id="navmesh_detour",
        layer="navigation",
        suffixes=(".bin",),
        description="walkable ground as Detour loads it (dtNavMesh in an MSET file)",
        writer=f"{_EXPORTERS}.detour:write_navmesh_detour",
    ),
    FormatEntry(
        id="light_json",
        layer="light",
        suffixes=(".json",),
        description="the light rig: key light in lux, sky, exposure, fog, reflection probes (JSON)",
        writer=f"{_EXPORTERS}.light_json:write_light_json",
        reader=f"{_EXPORTERS}.light_json:read_light_json",
    ),
)

FORMATS: Mapping[str, FormatEntry] = MappingProxyType({entry.id: entry for entry in _FORMATS})
"""The built-in formats by id."""

BACKENDS: Mapping[tuple[Slot, str], BackendEntry] = MappingProxyType(
    {(entry.slot, entry.id): entry for entry in BUILT_IN_BACKENDS}
)
"""The built-in backends by slot and id."""

EntryT = TypeVar("EntryT", FormatEntry, BackendEntry)


def all_formats() -> tuple[Mapping[str, FormatEntry], tuple[str, ...]]:
    """Built-in and installed formats by id, and a warning for every plugin that was left out."""
    plugins, warnings = _load_plugins(FORMAT_GROUP, FormatEntry)
    formats = dict(FORMATS)
    for entry in plugins:
        if entry.id in formats:
            warnings.append(f"The plugin format '{entry.id}' is left out: the id is taken.")
        else:
            formats[entry.id] = entry
    return MappingProxyType(formats), tuple(warnings)


def all_backends(slot: Slot) -> tuple[Mapping[str, BackendEntry], tuple[str, ...]]:
    """Built-in and installed backends of a slot by id, and a warning for every plugin that was left out."""
    plugins, warnings = _load_plugins(f"{BACKEND_GROUP}.{slot}", BackendEntry)
    backends = {entry.id: entry for entry in BUILT_IN_BACKENDS if entry.slot == slot}
    for entry in plugins:
        if entry.id in backends or entry.slot != slot:
            warnings.append(f"The plugin backend '{entry.id}' is left out: its id is taken or its slot is another.")
        else:
            backends[entry.id] = entry
    return MappingProxyType(backends), tuple(warnings)


def find_format(format_id: str) -> FormatEntry:
    """The format of an id.

    Raises:
        UnsupportedFormatError: There is none.
    """
    entry = FORMATS.get(format_id) or all_formats()[0].get(format_id)
    if entry is None:
        raise UnsupportedFormatError(
            f"There is no format '{format_id}'.", hint=f"Known formats: {', '.join(sorted(all_formats()[0]))}."
        )
    return entry


def find_backend(slot: Slot, backend_id: str) -> BackendEntry:
    """The backend of an id.

    Raises:
        BackendUnavailableError: There is none.
    """
    backends, _ = all_backends(slot)
    if backend_id not in backends:
        raise BackendUnavailableError(
            f"There is no {slot} backend '{backend_id}'.", hint=f"Installed: {', '.join(sorted(backends))}."
        )
    return backends[backend_id]


def format_of_path(path: Path, *, layer: Layer | None = None) -> FormatEntry:
    """The one format that a file's suffix means, among those of a layer.

    Raises:
        UnsupportedFormatError: No format has the suffix, or more than one has.
    """
    matches = _with_longest_suffix(path, (entry for entry in all_formats()[0].values() if layer in (None, entry.layer)))
    if len(matches) == 1:
        return matches[0]
    if not matches:
        known = sorted(
            {suffix for entry in FORMATS.values() if layer in (None, entry.layer) for suffix in entry.suffixes}
        )
        raise UnsupportedFormatError(
            f"No known format has the suffix '{path.suffix}'.", hint=f"Known suffixes: {', '.join(known)}.", path=path
        )
    ids = ", ".join(entry.id for entry in matches)
    raise UnsupportedFormatError(
        f"The suffix '{path.suffix}' stands for more than one format.", hint=f"Name one of {ids}.", path=path
    )


def load_writer(entry: FormatEntry) -> Callable[..., Any]:
    """Import a format's writer.

    Raises:
        UnsupportedFormatError: The format is only read, or its module cannot be imported.
    """
    if entry.writer is None:
        raise UnsupportedFormatError(f"The format '{entry.id}' can only be read.")
    return _import_target(entry.id, entry.writer)


def load_reader(entry: FormatEntry) -> Callable[..., Any]:
    """Import a format's reader.

    Raises:
        UnsupportedFormatError: The format is only written, or its module cannot be imported.
    """
    if entry.reader is None:
        raise UnsupportedFormatError(f"The format '{entry.id}' can only be written.")
    return _import_target(entry.id, entry.reader)


def load_backend(entry: BackendEntry) -> Callable[..., Any]:
    """Import what fills a slot: a class that is made with the user's choices by keyword.

    Raises:
        BackendUnavailableError: It cannot be imported; the hint tells what it needs.
    """
    module_name, _, name = entry.target.partition(":")
    try:
        target: Callable[..., Any] = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        needs = f'pip install "worldgen[{entry.extra}]"' if entry.extra else entry.needs
        raise BackendUnavailableError(
            f"The {entry.slot} backend '{entry.id}' cannot be loaded: {error}.", hint=f"It needs {needs}."
        ) from error
    return target


def _import_target(entry_id: str, target: str) -> Callable[..., Any]:
    module_name, _, name = target.partition(":")
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        raise UnsupportedFormatError(f"The format '{entry_id}' cannot be loaded: {error}.", hint=target) from error
    return function


def _load_plugins(group: str, kind: type[EntryT]) -> tuple[list[EntryT], list[str]]:
    entries: list[EntryT] = []
    warnings: list[str] = []
    for point in sorted(importlib.metadata.entry_points(group=group), key=lambda point: (point.name, point.value)):
        try:
            entry = point.load()
        except Exception as error:  # a plugin's import may fail in any way, and must not take us down
            warnings.append(f"The plugin '{point.name}' ({point.value}) cannot be loaded: {error}")
            continue
        if isinstance(entry, kind):
            entries.append(entry)
        else:
            warnings.append(f"The plugin '{point.name}' ({point.value}) is not a {kind.__name__}.")
    return entries, warnings


def reader_candidates(path: Path) -> tuple[FormatEntry, ...]:
    """Formats that can be read and have the file's suffix; a reader's own check of the header decides between them."""
    return tuple(_with_longest_suffix(path, (entry for entry in all_formats()[0].values() if entry.reads)))


def _with_longest_suffix(path: Path, entries: Iterable[FormatEntry]) -> list[FormatEntry]:
    """Formats that the file's name ends with; ``.compressed.ply`` is one of its own and no ``.ply``."""
    name = path.name.lower()
    ends = [(entry, len(suffix)) for entry in entries for suffix in entry.suffixes if name.endswith(suffix)]
    longest = max((length for _, length in ends), default=0)
    return [entry for entry, length in ends if length == longest]
