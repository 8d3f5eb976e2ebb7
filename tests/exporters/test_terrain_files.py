"""Terrain files decoded without our code, and compared with the land through the engines' own formulas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from worldgen.errors import InvalidInputError
from worldgen.exporters.terrain_files import (
    UNITY_SIZES,
    UNREAL_SIZES,
    fitting_size,
    write_unity_terrain,
    write_unreal_landscape,
)
from worldgen.geometry.terrain_sampling import byte_shares, sample_terrain
from worldgen.scene.terrain import Terrain, TerrainLevel
from worldgen.scene.terrain_maps import TerrainMaps

HALF = 32.0
LAYERS = ("grass", "rock", "sand", "snow", "forest_floor", "nowhere")


def height(x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """A bilinear land, so that samples between grid points are exact: it has no symmetry."""
    return 3.0 + 0.5 * x - 0.25 * z + 0.004 * x * z


def land() -> Terrain:
    axis = np.linspace(-HALF, HALF, 17)
    z, x = np.meshgrid(axis, axis, indexing="ij")
    zero = np.zeros((17, 17), dtype=np.float32)
    level = TerrainLevel(
        spacing_m=4.0, heights=height(x, z).astype(np.float32), water_depth=zero, moisture=zero, path_weight=zero
    )
    return Terrain(levels=(level,), play_level=0)


def cover(x: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float32]:
    east, south = 0.5 + x / (2 * HALF), 0.5 + z / (2 * HALF)
    parts = [
        east * south,
        east * (1 - south),
        (1 - east) * south * 0.5,
        (1 - east) * south * 0.5,
        (1 - east) * (1 - south),
    ]
    return np.stack([*parts, 0 * x], axis=1).astype(np.float32)


def maps(size: int, *, hole: bool = False) -> TerrainMaps:
    made = sample_terrain(land(), num_samples=size, layers=LAYERS, weights=cover)
    if not hole:
        return made
    holes = np.zeros((size, size), dtype=bool)
    holes[2:5, 7:9] = True
    return TerrainMaps(
        half_size_m=made.half_size_m, heights=made.heights, layers=made.layers, weights=made.weights, holes=holes
    )


def document(folder: Path, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return loaded


def test_unity_finds_the_land_where_gltfast_puts_the_mesh(tmp_path: Path) -> None:
    size = 65
    report = write_unity_terrain(maps(size, hole=True), tmp_path, name="Land")
    about = document(tmp_path, "Land_terrain.json")
    assert report.num_bytes == sum(path.stat().st_size for path in report.paths)
    raw = np.fromfile(tmp_path / about["heightmap"]["file"], dtype="<u2").reshape(size, size)
    # Unity: sample (row, column) of the heightmap stands at Z = row, X = column steps from the terrain's position.
    row, column = np.indices((size, size))
    step = about["terrain_size"][0] / (size - 1)
    unity_x, unity_z = about["terrain_position"][0] + column * step, about["terrain_position"][2] + row * step
    unity_y = about["terrain_position"][1] + raw / 65535.0 * about["terrain_size"][1]
    truth = height(-unity_x, unity_z)  # glTFast: x is negated
    assert np.abs(unity_y - truth).max() <= 0.5 * about["height_step_m"] + 1e-5
    assert (raw.min(), raw.max()) == (0, 65535)
    total = np.zeros((size, size), dtype=int)
    seen = {}
    for entry in about["layers"]:
        picture = np.asarray(Image.open(tmp_path / entry["file"]))
        assert picture.shape == (size, size, 4)
        total += picture.sum(axis=2, dtype=int)
        for channel, layer in enumerate(entry["channels"]):
            seen[layer] = picture[::-1, :, channel]  # textures count rows from below
    assert (total == 255).all()
    assert sorted(seen) == sorted(LAYERS[:-1])
    expected = cover(-unity_x.ravel(), unity_z.ravel()).reshape(size, size, -1)
    for index, layer in enumerate(LAYERS[:-1]):
        assert np.abs(seen[layer] / 255.0 - expected[:, :, index]).max() <= 1.0 / 255.0
    holes = np.asarray(Image.open(tmp_path / about["holes"]))[::-1]
    assert sorted(set(zip(*np.nonzero(holes), strict=True))) == [
        (r, c) for r in range(2, 5) for c in sorted(size - 1 - o for o in (7, 8))
    ]


@pytest.mark.parametrize("size", [127, 253])
def test_unreal_finds_the_land_where_interchange_puts_the_mesh(tmp_path: Path, size: int) -> None:
    write_unreal_landscape(maps(size), tmp_path, name="Land")
    about = document(tmp_path, "landscape.json")
    steps = np.asarray(Image.open(tmp_path / about["heightmap"]["file"])).astype(np.int64)
    raw = np.fromfile(tmp_path / about["heightmap"]["raw"], dtype="<u2").reshape(size, size)
    assert np.array_equal(steps, raw)
    row, column = np.indices((size, size))
    sx, sy, sz = about["scale"]
    lx, ly, lz = about["location_cm"]
    # Unreal: cm, and 128 steps of height are a metre at 100 %.
    x_cm, y_cm, z_cm = lx + column * sx, ly + row * sy, lz + (steps - 32768) / 128.0 * sz
    truth = height(x_cm / 100.0, y_cm / 100.0)  # Interchange: X is our x, Y our z
    assert np.abs(z_cm / 100.0 - truth).max() <= 0.5 * about["height_step_m"] + 1e-5
    assert about["holes"] is None
    total = sum(np.asarray(Image.open(tmp_path / entry["file"])).astype(int) for entry in about["layers"])
    assert (np.asarray(total) == 255).all()
    assert "ForestFloor" in {entry["layer"] for entry in about["layers"]}


def test_level_land_and_wrong_sizes(tmp_path: Path) -> None:
    flat = TerrainMaps(
        half_size_m=8.0,
        heights=np.full((33, 33), 2.5, dtype=np.float32),
        layers=("grass",),
        weights=np.full((33, 33, 1), 255, dtype=np.uint8),
        holes=np.zeros((33, 33), dtype=bool),
    )
    write_unity_terrain(flat, tmp_path, name="Flat")
    about = document(tmp_path, "Flat_terrain.json")
    raw = np.fromfile(tmp_path / "Flat_33.raw", dtype="<u2")
    assert np.abs(about["terrain_position"][1] + raw / 65535.0 * about["terrain_size"][1] - 2.5).max() < 1e-4
    with pytest.raises(InvalidInputError, match="Unreal takes no terrain of 33"):
        write_unreal_landscape(flat, tmp_path, name="Flat")
    with pytest.raises(InvalidInputError):
        sample_terrain(land(), num_samples=100_000)


def test_the_size_follows_the_spacing() -> None:
    assert fitting_size(UNITY_SIZES, extent_m=512.0, spacing_m=1.0) == 513
    assert fitting_size(UNREAL_SIZES, extent_m=512.0, spacing_m=1.0) == 1009
    assert fitting_size(UNREAL_SIZES, extent_m=512.0, spacing_m=1e-3) == 8129


def test_shares_are_complete_and_near() -> None:
    generator = np.random.Generator(np.random.PCG64(3))
    weights = generator.random((500, 7)).astype(np.float32) ** 4 + 1e-6
    shares = byte_shares(weights)
    assert (shares.sum(axis=1, dtype=int) == 255).all()
    exact = weights / weights.sum(axis=1, keepdims=True) * 255.0
    assert np.abs(shares - exact).max() < 1.0
    for bad in (np.zeros((1, 2), np.float32), np.array([[np.nan, 1.0]], np.float32), np.array([[-1, 2]], np.float32)):
        with pytest.raises(InvalidInputError):
            byte_shares(bad)
