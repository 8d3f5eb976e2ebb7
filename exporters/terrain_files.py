"""Terrains for engines: Unity's RAW heightmaps and alpha maps, Unreal's landscapes, with all sizes in a JSON beside.

Unity's importers negate x (RUB becomes LUB), so its columns run against ours; Unreal's landscape keeps both directions
(its X is our X, its Y our Z). Heights use the whole range of 16 bits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.exporters.contract import ExportReport
from worldgen.exporters.png import encode_png
from worldgen.scene.terrain_maps import TerrainMaps
from worldgen.storage import write_bytes

UNITY_SIZES = (33, 65, 129, 257, 513, 1025, 2049, 4097)
UNREAL_SIZES = (127, 253, 505, 1009, 2017, 4033, 8129)
"""Samples along a side that the engines take without resampling."""

_STEPS = 65535
_UNREAL_MIDDLE = 32768
_UNREAL_STEPS_PER_M = 128.0
"""Height steps per metre at a Z scale of 100 %."""
_MIN_RANGE_M = 1.0
_CHANNELS = 4


def fitting_size(sizes: tuple[int, ...], *, extent_m: float, spacing_m: float) -> int:
    """The smallest size whose samples stand no farther apart than ``spacing_m``; the largest if none does."""
    return next((size for size in sizes if extent_m / (size - 1) <= spacing_m * (1.0 + 1e-6)), sizes[-1])


def write_unity_terrain(maps: TerrainMaps, folder: Path, *, name: str) -> ExportReport:
    """Write ``<name>_<N>.raw``, one RGBA picture per four layers, a hole mask if there are holes, and the JSON.

    In the RAW file row 0 is the least z and column 0 the greatest x of ours, which is Unity's (0, 0). In pictures the
    last row is, since Unity counts their rows from below.

    Raises:
        InvalidInputError: Unity takes no terrain of this size.
        ExportError: A file cannot be written.
    """
    _require_size(maps, UNITY_SIZES, "Unity")
    lowest, height_range = _range(maps)
    steps = _quantised(maps, lowest, height_range)
    files = {f"{name}_{maps.num_samples}.raw": np.ascontiguousarray(steps[:, ::-1]).astype("<u2").tobytes()}
    pictures = []
    for first in range(0, len(maps.layers), _CHANNELS):
        group = maps.layers[first : first + _CHANNELS]
        picture = np.zeros((*maps.heights.shape, _CHANNELS), dtype=np.uint8)
        picture[:, :, : len(group)] = maps.weights[:, :, first : first + len(group)]
        file = f"{name}_w{first // _CHANNELS}.png"
        files[file] = encode_png(np.ascontiguousarray(picture[::-1, ::-1]), is_srgb=False)
        pictures.append({"file": file, "channels": list(group)})
    document = _document(maps, lowest, height_range) | {
        "engine": "unity",
        "heightmap": {"file": f"{name}_{maps.num_samples}.raw", "format": "uint16 little-endian", "flip": False},
        "terrain_size": [2.0 * maps.half_size_m, height_range, 2.0 * maps.half_size_m],
        "terrain_position": [-maps.half_size_m, lowest, -maps.half_size_m],
        "layers": pictures,
        "holes": _add_holes(files, maps, f"{name}_holes.png", slice(None, None, -1), slice(None, None, -1)),
    }
    return _write(files, document, folder, f"{name}_terrain.json", "unity_terrain")


def write_unreal_landscape(maps: TerrainMaps, folder: Path, *, name: str) -> ExportReport:
    """Write ``HM_<name>.png`` and ``.r16``, ``LM_<Layer>.png``, a visibility mask if there are holes, and the JSON.

    Row 0 is the least z (Unreal's least Y), column 0 the least x. The Z scale and the location make the lowest sample
    0 and the highest 65535.

    Raises:
        InvalidInputError: Unreal takes no landscape of this size.
        ExportError: A file cannot be written.
    """
    _require_size(maps, UNREAL_SIZES, "Unreal")
    lowest, height_range = _range(maps)
    steps = _quantised(maps, lowest, height_range)
    files = {f"HM_{name}.png": encode_png(steps, is_srgb=False), f"HM_{name}.r16": steps.astype("<u2").tobytes()}
    layers = []
    for index, layer in enumerate(maps.layers):
        title = "".join(word.capitalize() for word in layer.split("_"))
        files[f"LM_{title}.png"] = encode_png(np.ascontiguousarray(maps.weights[:, :, index]), is_srgb=False)
        layers.append({"file": f"LM_{title}.png", "layer": title})
    z_scale = 100.0 * height_range * _UNREAL_STEPS_PER_M / _STEPS
    corner_cm = -100.0 * maps.half_size_m
    document = _document(maps, lowest, height_range) | {
        "engine": "unreal",
        "heightmap": {"file": f"HM_{name}.png", "raw": f"HM_{name}.r16", "format": "uint16"},
        "scale": [100.0 * maps.spacing_m, 100.0 * maps.spacing_m, z_scale],
        "location_cm": [corner_cm, corner_cm, 100.0 * lowest + _UNREAL_MIDDLE / _UNREAL_STEPS_PER_M * z_scale],
        "layers": layers,
        "holes": _add_holes(files, maps, "LM_Visibility.png", slice(None), slice(None)),
    }
    return _write(files, document, folder, "landscape.json", "unreal_landscape")


def _require_size(maps: TerrainMaps, sizes: tuple[int, ...], engine: str) -> None:
    if maps.num_samples not in sizes:
        raise InvalidInputError(
            f"{engine} takes no terrain of {maps.num_samples} samples a side.",
            hint=f"Choose one of {', '.join(map(str, sizes))}.",
        )


def _range(maps: TerrainMaps) -> tuple[float, float]:
    lowest = float(maps.heights.min())
    return lowest, max(float(maps.heights.max()) - lowest, _MIN_RANGE_M)


def _quantised(maps: TerrainMaps, lowest: float, height_range: float) -> NDArray[np.uint16]:
    share = (maps.heights.astype(np.float64) - lowest) / height_range
    return np.asarray(np.rint(np.clip(share, 0.0, 1.0) * _STEPS), dtype=np.uint16)


def _document(maps: TerrainMaps, lowest: float, height_range: float) -> dict[str, Any]:
    return {
        "samples": maps.num_samples,
        "spacing_m": maps.spacing_m,
        "extent_m": 2.0 * maps.half_size_m,
        "origin": [-maps.half_size_m, lowest, -maps.half_size_m],
        "frame": "RUB",
        "height_min_m": lowest,
        "height_max_m": float(maps.heights.max()),
        "height_range_m": height_range,
        "height_step_m": height_range / _STEPS,
    }


def _add_holes(files: dict[str, bytes], maps: TerrainMaps, name: str, rows: slice, columns: slice) -> str | None:
    """Add the hole mask, 255 where the ground is cut out; its name, or None where there is no hole."""
    if not maps.holes.any():
        return None
    mask = np.where(maps.holes, 255, 0).astype(np.uint8)
    files[name] = encode_png(np.ascontiguousarray(mask[rows, columns]), is_srgb=False)
    return name


def _write(
    files: Mapping[str, bytes], document: dict[str, Any], folder: Path, json_name: str, format_id: str
) -> ExportReport:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    everything = {**files, json_name: text.encode()}
    num_bytes = sum(write_bytes(folder / name, data, format_id=format_id) for name, data in everything.items())
    return ExportReport(paths=tuple(folder / name for name in everything), num_bytes=num_bytes)
