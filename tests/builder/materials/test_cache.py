"""The texture cache: right or absent, never in the way."""

import os
from pathlib import Path

import numpy as np
import pytest

from worldgen.builder.materials import cache, library
from worldgen.builder.materials.cache import cache_folder, generator_version, load_textures, store_textures
from worldgen.builder.materials.painting import TextureSet, paint


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORLDGEN_CACHE_DIR", str(tmp_path / "cache"))
    library._make_material.cache_clear()
    return tmp_path / "cache"


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def same(first: TextureSet, second: TextureSet) -> bool:
    return all(
        np.array_equal(getattr(first, field), getattr(second, field)) for field in ("base_color", "normal", "roughness")
    )


def test_round_trip(folder: Path) -> None:
    assert load_textures("rope", 32) is None
    painted = paint("rope", 32, 0.2)
    store_textures("rope", 32, painted)
    stored = load_textures("rope", 32)
    assert stored is not None
    assert same(stored, painted)
    assert load_textures("rope", 64) is None
    assert load_textures("brick", 32) is None
    assert [path.name for path in entries(folder)] == ["rope-32.bin"]


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "grow"])
def test_damaged_entries_are_painted_anew(folder: Path, damage: str) -> None:
    fresh = library.make_material("rope", texture_px=32)
    (entry,) = entries(folder)
    content = entry.read_bytes()
    broken = {
        "truncate": content[:-100],
        "flip": content[:500] + bytes([content[500] ^ 1]) + content[501:],
        "empty": b"",
        "grow": content + b"x",
    }[damage]
    entry.write_bytes(broken)
    library._make_material.cache_clear()
    again = library.make_material("rope", texture_px=32)
    np.testing.assert_array_equal(again.base_color_texture, fresh.base_color_texture)
    assert entry.read_bytes() == content


def test_an_unwritable_folder_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    monkeypatch.setenv("WORLDGEN_CACHE_DIR", str(blocked))
    library._make_material.cache_clear()
    assert library.make_material("rope", texture_px=32).base_color_texture is not None


def test_a_full_disk_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    store_textures("rope", 32, paint("rope", 32, 0.2))
    assert entries(folder) == []


def test_old_generations_are_forgotten(folder: Path) -> None:
    for age in range(6):
        old = folder / "materials" / f"generation{age}"
        old.mkdir(parents=True)
        (old / "rope-32.bin").write_bytes(b"old")
        os.utime(old, (1_000_000 + age, 1_000_000 + age))
    store_textures("rope", 32, paint("rope", 32, 0.2))
    left = {path.name for path in (folder / "materials").iterdir()}
    assert left == {generator_version(), "generation5", "generation4"}


def test_the_version_is_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = generator_version()
    assert before == generator_version()
    for source in Path(cache.__file__).parent.glob("*.py"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
    generator_version.cache_clear()
    assert generator_version() == before
    (tmp_path / "grounds.py").write_text("# changed", encoding="utf-8")
    generator_version.cache_clear()
    assert generator_version() != before
    generator_version.cache_clear()


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORLDGEN_CACHE_DIR", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("WORLDGEN_CACHE_DIR")
    assert cache_folder().name == "worldgen"
