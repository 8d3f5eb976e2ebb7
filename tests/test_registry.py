"""The tables of formats and backends: everything in them is there, and plugins can do no harm."""

from __future__ import annotations

import importlib
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from worldgen import registry
from worldgen.errors import BackendUnavailableError, UnsupportedFormatError
from worldgen.registry import (
    BACKENDS,
    FORMATS,
    SLOTS,
    BackendEntry,
    FormatEntry,
    all_backends,
    all_formats,
    find_backend,
    find_format,
    format_of_path,
    load_reader,
    load_writer,
    reader_candidates,
)

PLUGIN = FormatEntry(id="laz", layer="points", suffixes=(".laz",), description="packed points", reader="json:loads")
CLASH = FormatEntry(id="spz", layer="splats", suffixes=(".spz",), description="not ours", reader="json:loads")
DEPTH = BackendEntry(id="guess", slot="depth", description="guesses", target="json:loads")


@pytest.mark.parametrize("entry", list(FORMATS.values()), ids=list(FORMATS))
def test_every_entry_can_be_loaded(entry: FormatEntry) -> None:
    assert entry.writes or entry.reads
    if entry.writes:
        assert callable(load_writer(entry))
    if entry.reads:
        assert callable(load_reader(entry))
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in entry.suffixes)


def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from worldgen.registry import all_formats, all_backends; all_formats(); all_backends('depth');"
        "print([m for m in ('numpy', 'numba', 'scipy', 'PIL', 'worldgen.exporters') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_suffixes_are_believed_only_where_they_tell() -> None:
    assert format_of_path(Path("a.SPZ")).id == "spz"
    assert format_of_path(Path("a.ply"), layer="points").id == "points_ply"
    assert format_of_path(Path("a.exr"), layer="depth").id == "depth_exr"
    with pytest.raises(UnsupportedFormatError, match="more than one") as caught:
        format_of_path(Path("a.ply"))
    assert caught.value.hint == "Name one of gaussian_ply, points_ply."
    with pytest.raises(UnsupportedFormatError, match="No known format") as caught:
        format_of_path(Path("a.xyz"), layer="splats")
    assert caught.value.hint == "Known suffixes: .compressed.ply, .glb, .ply, .sog, .splat, .spz, .usd, .usda, .usdc."
    assert format_of_path(Path("a.compressed.PLY")).id == "compressed_ply"
    assert format_of_path(Path("a.glb"), layer="splats").id == "splat_glb"
    assert {entry.id for entry in reader_candidates(Path("a.ply"))} == {"gaussian_ply", "points_ply"}


def test_unknown_ids_are_answered_with_the_known_ones() -> None:
    with pytest.raises(UnsupportedFormatError) as caught:
        find_format("fbx")
    assert "gaussian_ply" in (caught.value.hint or "")
    with pytest.raises(BackendUnavailableError) as missing:
        find_backend("depth", "magic")
    assert missing.value.hint == "Installed: geometric, given, procedural, transformers."
    with pytest.raises(UnsupportedFormatError, match="only be written"):
        load_reader(FORMATS["glb"])


def test_every_slot_has_a_backend_that_needs_nothing() -> None:
    for slot in SLOTS:
        entry = find_backend(slot, "procedural")
        assert (entry.slot, entry.needs.startswith("nothing")) == (slot, True)
        importlib.import_module(entry.target.partition(":")[0])
    assert all(slot in SLOTS for slot, _ in BACKENDS)


def plug_in(monkeypatch: pytest.MonkeyPatch, group: str, *values: str) -> None:
    points = [
        importlib.metadata.EntryPoint(name=value.rpartition(":")[2], value=value, group=group) for value in values
    ]

    def entry_points(*, group: str) -> list[importlib.metadata.EntryPoint]:
        return [point for point in points if point.group == group]

    monkeypatch.setattr(registry.importlib.metadata, "entry_points", entry_points)


def test_plugins_are_added_and_broken_ones_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    module = __name__
    plug_in(
        monkeypatch, "worldgen.exporters", f"{module}:PLUGIN", f"{module}:CLASH", f"{module}:DEPTH", "no.such:THING"
    )
    monkeypatch.setitem(sys.modules, module, sys.modules[module])
    formats, warnings = all_formats()
    assert formats["laz"] is PLUGIN
    assert formats["spz"] is FORMATS["spz"]
    assert len(warnings) == 3
    assert any("'THING'" in warning and "cannot be loaded" in warning for warning in warnings)
    assert any("'DEPTH'" in warning and "is not a FormatEntry" in warning for warning in warnings)
    assert find_format("laz") is PLUGIN
    assert format_of_path(Path("a.laz")) is PLUGIN


def test_backends_of_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, "worldgen.backends.depth", f"{__name__}:DEPTH")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    backends, warnings = all_backends("depth")
    assert backends["guess"] is DEPTH
    assert warnings == ()
    assert "guess" not in all_backends("panorama")[0]


def test_a_target_that_is_not_there_is_an_error_in_words() -> None:
    broken = FormatEntry(id="x", layer="splats", suffixes=(".x",), description="", writer="worldgen.nowhere:write")
    with pytest.raises(UnsupportedFormatError, match="cannot be loaded"):
        load_writer(broken)
