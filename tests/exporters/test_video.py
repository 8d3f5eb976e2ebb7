"""Films: as many pictures as went in, nearly as they were, the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from worldgen.errors import InvalidInputError
from worldgen.exporters.video import write_mp4

av = pytest.importorskip("av", reason="films need the package av")


def pictures(count: int) -> list[np.ndarray]:
    rows, columns = np.mgrid[0:48, 0:64]
    return [
        np.stack([columns * 3 + k, rows * 4, 200 - columns - rows], axis=-1).clip(0, 255).astype(np.uint8)
        for k in range(count)
    ]


def test_pictures_come_back(tmp_path: Path) -> None:
    frames = pictures(10)
    report = write_mp4(iter(frames), tmp_path / "a.mp4", fps=25)
    assert report.num_bytes == (tmp_path / "a.mp4").stat().st_size
    with av.open(str(tmp_path / "a.mp4")) as film:
        stream = film.streams.video[0]
        assert (stream.width, stream.height, float(stream.average_rate)) == (64, 48, 25.0)
        decoded = [
            frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray() for frame in film.decode(stream)
        ]
    assert len(decoded) == 10
    for before, after in zip(frames, decoded, strict=True):
        assert np.abs(before.astype(int) - after).mean() < 4.0
    write_mp4(frames, tmp_path / "b.mp4", fps=25)
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "a.mp4").read_bytes()


def test_what_is_no_film_leaves_nothing_behind(tmp_path: Path) -> None:
    for frames, message in (
        ([], "at least one"),
        ([np.zeros((5, 8, 3), np.uint8)], "even"),
        ([*pictures(1), np.zeros((8, 8, 3), np.uint8)], "one size"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            write_mp4(frames, tmp_path / "a.mp4", fps=24)
    assert list(tmp_path.iterdir()) == []
