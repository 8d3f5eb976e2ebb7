"""Depth files of three kinds say the same, and wrong ones are refused before anything is allocated."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from worldgen.errors import InvalidInputError, UnsupportedFormatError, UsageError
from worldgen.exporters.depth_files import read_euclidean_depth
from worldgen.exporters.openexr import write_depth_exr, write_radiance_exr

DEPTH = np.linspace(0.5, 60.0, 16 * 32).reshape(16, 32).astype(np.float32)
DEPTH[:3] = np.inf


def test_three_kinds_agree(tmp_path: Path) -> None:
    write_depth_exr(DEPTH, tmp_path / "a.exr")
    np.save(tmp_path / "a.npy", DEPTH)
    np.save(tmp_path / "double.npy", np.asfortranarray(DEPTH.astype(np.float64)))
    steps = np.where(np.isfinite(DEPTH), np.rint(np.where(np.isfinite(DEPTH), DEPTH, 0.0) / 0.001), 0).astype(np.uint16)
    Image.fromarray(steps).save(tmp_path / "a.png")
    assert np.array_equal(read_euclidean_depth(tmp_path / "a.exr"), DEPTH)
    assert np.array_equal(read_euclidean_depth(tmp_path / "a.npy"), DEPTH)
    assert np.array_equal(read_euclidean_depth(tmp_path / "double.npy"), DEPTH)
    assert np.array_equal(read_euclidean_depth(tmp_path / "a.npy", metres_per_step=2.0), DEPTH * 2)
    coarse = read_euclidean_depth(tmp_path / "a.png", metres_per_step=0.001)
    assert np.array_equal(np.isinf(coarse), np.isinf(DEPTH))
    assert np.abs(coarse[3:] - DEPTH[3:]).max() <= 0.00051


def test_other_channels_hold_depth_too(tmp_path: Path) -> None:
    finite = np.where(np.isinf(DEPTH), np.float32(100.0), DEPTH)
    write_radiance_exr(np.repeat(finite[..., None], 3, axis=2), tmp_path / "rgb.exr")
    assert np.abs(read_euclidean_depth(tmp_path / "rgb.exr") / finite - 1.0).max() < 1e-3


def test_a_png_needs_its_scale_and_sixteen_bits(tmp_path: Path) -> None:
    Image.fromarray(np.full((16, 32), 900, dtype=np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match="--depth-scale"):
        read_euclidean_depth(tmp_path / "a.png")
    for scale in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="positive"):
            read_euclidean_depth(tmp_path / "a.png", metres_per_step=scale)
    Image.fromarray(np.full((16, 32), 90, dtype=np.uint8)).save(tmp_path / "b.png")
    with pytest.raises(InvalidInputError, match="16-bit"):
        read_euclidean_depth(tmp_path / "b.png", metres_per_step=0.01)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((16, 30), 2.0, dtype=np.float32), "30x16"),
        (np.full((16, 32), np.nan, dtype=np.float32), "NaN"),
        (np.zeros((16, 32), dtype=np.float32), "zero"),
        (np.full((16, 32), -1.0, dtype=np.float32), "zero or negative"),
        (np.full((16, 32), np.inf, dtype=np.float32), "infinite everywhere"),
        (np.full((16, 32, 1), 2.0, dtype=np.float32), "shape"),
        (np.full((16, 32), 2, dtype=np.int32), "int32"),
        (np.full((2, 4), 2.0, dtype=np.float32), "4x2"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path: Path, values: np.ndarray, message: str) -> None:  # type: ignore[type-arg]
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(InvalidInputError, match=message) as caught:
        read_euclidean_depth(tmp_path / "a.npy")
    assert caught.value.path == tmp_path / "a.npy"


def test_objects_in_a_file_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[{"a": 1}, None]], dtype=object), allow_pickle=True)
    with pytest.raises(InvalidInputError, match="object"):
        read_euclidean_depth(tmp_path / "a.npy")


def test_headers_that_promise_too_much_cost_nothing(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (1 << 20, 1 << 21)}
    np.lib.format.write_array_header_1_0(buffer, header)
    (tmp_path / "a.npy").write_bytes(buffer.getvalue() + bytes(100))
    with pytest.raises(InvalidInputError, match="at most"):
        read_euclidean_depth(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", DEPTH)
    whole = (tmp_path / "b.npy").read_bytes()
    for end in (3, 9, 40, len(whole) - 5):
        (tmp_path / "b.npy").write_bytes(whole[:end])
        with pytest.raises(InvalidInputError):
            read_euclidean_depth(tmp_path / "b.npy")


def test_other_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"depth")
    with pytest.raises(UnsupportedFormatError, match="OpenEXR"):
        read_euclidean_depth(tmp_path / "a.txt")
    (tmp_path / "b.exr").write_bytes(b"")
    with pytest.raises(InvalidInputError, match="empty"):
        read_euclidean_depth(tmp_path / "b.exr")
