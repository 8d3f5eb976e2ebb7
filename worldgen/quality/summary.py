"""What a world folder or a single file holds, in a few lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.manifest import load_manifest
from worldgen.registry import load_reader, reader_candidates
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.point_cloud import PointCloud


def summarize(path: Path) -> dict[str, Any]:
    """Facts about a world folder, or about a splat, point or image file.

    Raises:
        InvalidInputError: There is nothing there, or it is damaged.
        UnsupportedFormatError: The file is of no format that worldgen reads.
    """
    return _world(path) if path.is_dir() else _file(path)


def _world(folder: Path) -> dict[str, Any]:
    manifest = load_manifest(folder)
    extent = [high - low for low, high in zip(manifest.bounds.minimum, manifest.bounds.maximum, strict=True)]
    return {
        "prompt": manifest.source.prompt,
        "seed": manifest.seed,
        "quality": manifest.quality,
        "version": manifest.worldgen_version,
        "frame": f"{manifest.frame}, {manifest.units}",
        "extent_m": [round(size, 1) for size in extent],
        "objects": sum(item.count for item in manifest.objects),
        "labels_in_view": list(manifest.labels_in_view),
        "stations": len(manifest.stations),
        "ignored": list(manifest.ignored),
        "warnings": list(manifest.warnings),
        "made_by": {layer.name: layer.provenance for layer in manifest.layers},
        "files": {file.path: file.num_bytes for file in manifest.files},
    }


def _file(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise InvalidInputError("There is no such file or folder.", path=path)
    candidates = reader_candidates(path)
    if not candidates:
        raise UnsupportedFormatError(
            f"worldgen does not read files with the suffix '{path.suffix}'.",
            hint="It reads world folders, PLY, SPZ, .splat, EXR and HDR files.",
            path=path,
        )
    first_error: InvalidInputError | None = None
    for entry in candidates:
        try:
            return {"format": entry.id, "num_bytes": path.stat().st_size, **_layer(load_reader(entry)(path))}
        except InvalidInputError as error:
            first_error = first_error or error
    assert first_error is not None
    raise first_error


def _layer(layer: object) -> dict[str, Any]:
    if isinstance(layer, GaussianCloud):
        facts = {"gaussians": layer.num_gaussians, "sh_degree": layer.sh_degree, **_extent(layer.means)}
        if layer.num_gaussians:
            facts["median_scale_m"] = round(float(np.median(layer.scales)), 5)
            facts["mean_opacity"] = round(float(layer.opacities.mean()), 4)
        return facts
    if isinstance(layer, PointCloud):
        return {"points": layer.num_points, "has_normals": layer.normals is not None, **_extent(layer.points)}
    if isinstance(layer, np.ndarray):
        finite = layer[np.isfinite(layer)]
        facts = {"width": layer.shape[1], "height": layer.shape[0]}
        if finite.size:
            facts["smallest"] = round(float(finite.min()), 5)
            facts["largest"] = round(float(finite.max()), 5)
        return facts
    return {}


def _extent(points: NDArray[np.float32]) -> dict[str, Any]:
    if not len(points):
        return {}
    low, high = points.min(axis=0), points.max(axis=0)
    return {
        "minimum_m": [round(float(value), 3) for value in low],
        "maximum_m": [round(float(value), 3) for value in high],
    }
