"""Damaged files: whatever the bytes are, a reader gives a valid layer or a WorldgenError, and soon."""

from __future__ import annotations

import gzip
import itertools
import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exporters.clouds import gaussian_cloud
from tests.scenes import small_scene
from worldgen.errors import WorldgenError
from worldgen.registry import FORMATS, load_reader, load_writer
from worldgen.rendering.light_rig import build_light_rig
from worldgen.scene.point_cloud import PointCloud

MAX_MEMORY_BYTES = 64 << 20

PICTURE = np.linspace(0.1, 2.0, 8 * 16 * 3, dtype=np.float32).reshape(8, 16, 3)
LAYERS: dict[str, Callable[[], Any]] = {
    "splats": lambda: gaussian_cloud(1, 12, 1),
    "points": lambda: PointCloud(
        points=np.ones((9, 3), np.float32), colors=np.ones((9, 3), np.uint8), labels=np.ones(9, np.uint8)
    ),
    "panorama": lambda: PICTURE,
    "sky": lambda: PICTURE,
    "depth": lambda: PICTURE[:, :, 0].copy(),
    "light": lambda: build_light_rig(small_scene(), exposure=1.0),
}
READABLE = [entry.id for entry in FORMATS.values() if entry.reads and entry.id != "splat_usd"]
"""USD is read in a process of its own, which takes too long to do it hundreds of times; it has its own tests."""

damage = st.tuples(
    st.floats(0.0, 1.0),
    st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(0, 255)), max_size=6),
    st.binary(max_size=40),
)


def damaged(whole: bytes, keep: float, flips: list[tuple[float, int]], tail: bytes) -> bytes:
    data = bytearray(whole[: round(keep * len(whole))] if keep < 0.5 else whole)
    for where, value in flips:
        if data:
            # Squared: the header is where it hurts.
            data[int(where**2 * (len(data) - 1))] = value
    return bytes(data) + tail


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("originals")
    files = {}
    for format_id in READABLE:
        entry = FORMATS[format_id]
        load_writer(entry)(LAYERS[entry.layer](), folder / format_id)
        files[format_id] = (folder / format_id).read_bytes()
        load_reader(entry)(folder / format_id)
    return files


def read_or_refuse(format_id: str, path: Path, data: bytes) -> None:
    path.write_bytes(data)
    tracemalloc.start()
    refused: WorldgenError | None = None
    try:
        load_reader(FORMATS[format_id])(path)
    except WorldgenError as error:
        refused = error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MAX_MEMORY_BYTES
    assert refused is None or (refused.path == path and refused.message.endswith("."))


FUZZ_SECONDS = float(os.environ.get("WORLDGEN_FUZZ_SECONDS", "60"))
"""How long the slow fuzz test runs, over all formats together."""


@pytest.mark.slow
@pytest.mark.parametrize("format_id", READABLE)
def test_random_damage_for_a_while(tmp_path: Path, originals: dict[str, bytes], format_id: str) -> None:
    """Other examples every time than the quick test has, as many as there is time for."""
    end = time.monotonic() + FUZZ_SECONDS / len(READABLE)
    for seed in itertools.count():

        @hypothesis.seed(seed)
        @settings(max_examples=100, deadline=None, database=None)
        @given(damage=damage)
        def fuzz(damage: tuple[float, list[tuple[float, int]], bytes]) -> None:
            read_or_refuse(format_id, tmp_path / "a", damaged(originals[format_id], *damage))

        fuzz()
        if time.monotonic() > end:
            break


@pytest.mark.parametrize("format_id", READABLE)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=damage)
def test_random_damage(
    tmp_path: Path, originals: dict[str, bytes], format_id: str, damage: tuple[float, list[tuple[float, int]], bytes]
) -> None:
    read_or_refuse(format_id, tmp_path / "a", damaged(originals[format_id], *damage))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=damage)
def test_random_damage_below_the_gzip_of_spz(
    tmp_path: Path, originals: dict[str, bytes], damage: tuple[float, list[tuple[float, int]], bytes]
) -> None:
    raw = gzip.decompress(originals["spz"])
    read_or_refuse("spz", tmp_path / "a", gzip.compress(damaged(raw, *damage), compresslevel=1))


@pytest.mark.parametrize("format_id", READABLE)
@pytest.mark.parametrize("other", ["empty", "zeros", "ones", "text", "another format"])
def test_other_files(tmp_path: Path, originals: dict[str, bytes], format_id: str, other: str) -> None:
    another = originals[READABLE[(READABLE.index(format_id) + 1) % len(READABLE)]]
    data = {"empty": b"", "zeros": bytes(64), "ones": b"\xff" * 64, "text": b"ply\n" * 50, "another format": another}
    read_or_refuse(format_id, tmp_path / "a", data[other])


@pytest.mark.parametrize("format_id", READABLE)
def test_folders_and_missing_files(tmp_path: Path, format_id: str) -> None:
    reader = load_reader(FORMATS[format_id])
    for path in (tmp_path, tmp_path / "missing", tmp_path / "missing" / "below", tmp_path / ("x" * 300)):
        with pytest.raises(WorldgenError) as caught:
            reader(path)
        assert caught.value.path == path
