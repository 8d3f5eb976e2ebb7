"""Files are written in the background, in order, and never half when something goes wrong."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from worldgen.errors import ExportError
from worldgen.events import ArtifactWritten, Event, RunContext
from worldgen.stages.layer_writer import LayerWriter
from worldgen.stages.world_layers import LayerFile
from worldgen.storage import sha256_of


def labels_file(name: str, value: object) -> LayerFile:
    return LayerFile(name=name, role="labels", format_id="labels_png", value=value, counts={"width": 4})


def picture(level: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.full((2, 4), level, dtype=np.uint8)


def test_files_come_in_the_order_in_which_they_were_started(tmp_path: Path) -> None:
    events: list[Event] = []
    with LayerWriter(tmp_path) as writer:
        writer.start([labels_file("b.png", picture(1))])
        writer.start([labels_file("a.png", picture(2)), labels_file("c.png", picture(3))])
        files, warnings = writer.finish(RunContext(report=events.append))
    assert [file.path for file in files] == ["b.png", "a.png", "c.png"]
    assert [file.sha256 for file in files] == [sha256_of(tmp_path / file.path) for file in files]
    assert files[0].counts == {"width": 4}
    assert warnings == []
    written = [event.path.name for event in events if isinstance(event, ArtifactWritten)]
    assert written == ["b.png", "a.png", "c.png"]


def test_events_are_reported_by_the_thread_that_asks(tmp_path: Path) -> None:
    threads = set()
    with LayerWriter(tmp_path) as writer:
        writer.start([labels_file("a.png", picture(1))])
        writer.finish(RunContext(report=lambda event: threads.add(threading.get_ident())))
    assert threads == {threading.get_ident()}


def test_a_failure_is_raised_when_the_files_are_asked_for(tmp_path: Path) -> None:
    blocked = tmp_path / "no folder"
    blocked.write_bytes(b"")
    with LayerWriter(blocked) as writer:
        writer.start([labels_file("a.png", picture(1))])
        with pytest.raises(ExportError):
            writer.finish(RunContext())


def test_leaving_early_gives_up_what_was_not_begun(tmp_path: Path) -> None:
    many = [labels_file(f"{index}.png", picture(index)) for index in range(200)]

    def stop_early() -> None:
        with LayerWriter(tmp_path) as writer:
            writer.start(many)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stop_early()
    assert {path.name for path in tmp_path.iterdir()} <= {layer.name for layer in many}, "no temporary files"
    assert not any("layer-writer" in thread.name for thread in threading.enumerate())
