"""World folders appear whole or not at all, and what is not ours survives."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from worldgen.errors import ExportError, UsageError
from worldgen.staging import recover, staged_folder

OWN = frozenset({"world.json", "data.bin"})


def make(target: Path, content: str) -> None:
    with staged_folder(target, own_names=OWN) as folder:
        (folder / "world.json").write_text(content, encoding="utf-8")
        (folder / "data.bin").write_text(content * 10, encoding="utf-8")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_new_world_appears_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    make(tmp_path / "deep" / "world", "one")
    assert names(tmp_path / "deep") == {"world"}
    assert (tmp_path / "deep" / "world" / "world.json").read_text(encoding="utf-8") == "one"


def fail_halfway(target: Path) -> None:
    with staged_folder(target, own_names=OWN) as folder:
        (folder / "world.json").write_text("two", encoding="utf-8")
        raise RuntimeError("stop")


def test_an_error_keeps_the_old_world(tmp_path: Path) -> None:
    make(tmp_path / "world", "one")
    with pytest.raises(RuntimeError, match="stop"):
        fail_halfway(tmp_path / "world")
    assert names(tmp_path) == {"world"}
    assert (tmp_path / "world" / "world.json").read_text(encoding="utf-8") == "one"


def test_replacing_keeps_the_users_own_files_and_drops_stale_ones(tmp_path: Path) -> None:
    make(tmp_path / "world", "one")
    (tmp_path / "world" / "notes.txt").write_text("mine", encoding="utf-8")
    with staged_folder(tmp_path / "world", own_names=OWN) as folder:
        (folder / "world.json").write_text("two", encoding="utf-8")
    assert names(tmp_path / "world") == {"world.json", "notes.txt"}
    assert (tmp_path / "world" / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_is_no_world_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError, match="holds files but no world"):
        make(tmp_path / "photos", "one")
    assert names(tmp_path) == {"photos"}
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="must be a folder"):
        make(tmp_path / "file", "one")
    (tmp_path / "empty").mkdir()
    make(tmp_path / "empty", "one")


@pytest.mark.parametrize("has_new", [False, True])
def test_recover_finishes_or_rolls_back_a_killed_swap(tmp_path: Path, has_new: bool) -> None:
    make(tmp_path / "world", "one")
    os.replace(tmp_path / "world", tmp_path / ".world.old")
    (tmp_path / ".world.partial").mkdir()
    (tmp_path / ".world.partial" / "world.json").write_text("two", encoding="utf-8")
    if has_new:
        os.replace(tmp_path / ".world.partial", tmp_path / "world")
    recover(tmp_path / "world")
    assert names(tmp_path) == {"world"}
    expected = "two" if has_new else "one"
    assert (tmp_path / "world" / "world.json").read_text(encoding="utf-8") == expected


def test_two_runs_cannot_build_the_same_world_at_once(tmp_path: Path) -> None:
    with staged_folder(tmp_path / "world", own_names=OWN) as folder:
        (folder / "world.json").write_text("one", encoding="utf-8")
        with pytest.raises(ExportError, match="Another run"):
            make(tmp_path / "world", "two")
    assert (tmp_path / "world" / "world.json").read_text(encoding="utf-8") == "one"
    assert names(tmp_path) == {"world"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_place_is_an_export_error(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(ExportError, match="cannot be made"):
            make(tmp_path / "world", "one")
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_place_below_a_file_is_an_export_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises((ExportError, UsageError)) as caught:
        make(tmp_path / "file" / "world", "one")
    assert caught.value.exit_code in (2, 6)
