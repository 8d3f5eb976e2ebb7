"""Files appear whole or not at all; paths stay inside; reads are bounded."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worldgen import storage
from worldgen.errors import ExportError, InvalidInputError
from worldgen.storage import (
    atomic_file,
    atomic_path,
    open_for_reading,
    path_inside,
    read_limited,
    remove_partial_files,
    sha256_of,
    write_bytes,
)

WRITE_THEN_HANG = """
import sys, time
from pathlib import Path
from worldgen.storage import atomic_file
with atomic_file(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    time.sleep(60)
"""


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "a.bin"
    with atomic_file(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_bytes(path, b"old and longer")
    for failure in (ValueError("no"), KeyboardInterrupt()):
        with pytest.raises(type(failure)), atomic_file(path) as file:  # noqa: PT012
            file.write(b"new")
            raise failure
        assert path.read_bytes() == b"old and longer"
        assert list(tmp_path.iterdir()) == [path]
    assert write_bytes(path, b"new") == 3
    assert path.read_bytes() == b"new"


def test_libraries_may_write_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with atomic_path(path) as partial:
        assert partial.parent == path.parent
        partial.unlink()
        partial.write_text("by name", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "by name"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_run_leaves_nothing_that_the_next_one_minds(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    command = [sys.executable, "-c", WRITE_THEN_HANG, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        with pytest.raises(ExportError, match="Another process"):
            write_bytes(path, b"meanwhile")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not path.exists()
    assert len(list(tmp_path.iterdir())) == 1
    write_bytes(path, b"next")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"next"


def test_partial_files_are_swept(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for left in (tmp_path / ".a.ply.partial", tmp_path / "sub" / ".b.glb.partial"):
        left.write_bytes(b"left")
    (tmp_path / "keep.partial").write_bytes(b"a user's own")
    assert remove_partial_files(tmp_path) == 2
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["keep.partial", "sub"]


def test_one_of_two_writers_at_a_time_wins_and_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    outcomes: list[str] = []

    def write(content: bytes) -> None:
        for _ in range(20):
            try:
                write_bytes(path, content)
                outcomes.append("written")
            except ExportError:
                outcomes.append("refused")

    threads = [threading.Thread(target=write, args=(bytes([number]) * 5000,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 80
    assert "written" in outcomes
    assert len(set(path.read_bytes())) == 1
    assert path.stat().st_size == 5000
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "no space left"), (errno.EROFS, "read-only"), (errno.EACCES, "permission"), (errno.EIO, "error")],
)
def test_a_full_disk_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str) -> None:
    def fail(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(storage.os, "fsync", fail)
    with pytest.raises(ExportError, match=words) as caught:
        write_bytes(tmp_path / "a.spz", b"x", format_id="spz")
    assert caught.value.format_id == "spz"
    assert caught.value.path == tmp_path / "a.spz"
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_really_full_device(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no space left"), atomic_file(tmp_path / "a") as file:  # noqa: PT012
        os.dup2(os.open("/dev/full", os.O_WRONLY), file.fileno())
        file.write(b"x")


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "a", tmp_path / "folder", tmp_path / ("x" * 300)):
        with pytest.raises(ExportError) as caught:
            write_bytes(path, b"x")
        assert caught.value.path == path
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_hash(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    write_bytes(tmp_path / "a", data)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_reads_are_bounded(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"12345")
    assert read_limited(tmp_path / "a", 5) == b"12345"
    with pytest.raises(InvalidInputError, match="5 bytes"):
        read_limited(tmp_path / "a", 4)
    with open_for_reading(tmp_path / "a") as (file, num_bytes):
        assert (file.read(), num_bytes) == (b"12345", 5)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path, "folder"),
        (tmp_path / "missing", "no such file"),
        (tmp_path / "pipe", "regular"),
        (tmp_path / "nul\0byte", "no such file|cannot be opened"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            read_limited(path, 10)


@pytest.mark.parametrize("name", ["a", "a.b", "splats.ply", "engines/unity/SM_a-1.glb", "_x", "0"])
def test_names_that_stay_inside(tmp_path: Path, name: str) -> None:
    assert path_inside(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "a/../../b",
        "/etc/passwd",
        "a//b",
        "a/",
        ".hidden",
        "a b",
        "c:\\x",
        "a\\b",
        "NUL",
        "con.txt",
        "a.",
        "é",
        "a\n",
        "-rf",
    ],
)
def test_names_that_do_not(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="safe file name"):
        path_inside(tmp_path, name)


@given(st.text(max_size=30))
def test_no_name_leaves_its_folder(name: str) -> None:
    folder = Path("/nonexistent/folder")
    try:
        path = path_inside(folder, name)
    except InvalidInputError:
        return
    assert folder in path.resolve().parents


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "out").symlink_to(tmp_path)
    with pytest.raises(InvalidInputError, match="through a link"):
        path_inside(tmp_path / "inside", "out/a")
