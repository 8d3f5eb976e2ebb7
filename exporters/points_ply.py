"""Coloured points as binary PLY, as Blender, CloudCompare, MeshLab and Open3D read them; axes are the world's (RUB)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.contract import ExportReport
from worldgen.exporters.ply_header import element_dtype, read_ply_header, read_rows
from worldgen.scene.labels import LABELS
from worldgen.scene.point_cloud import PointCloud
from worldgen.storage import atomic_file, open_for_reading

MAX_POINTS = 200_000_000

_BLOCK = 1 << 18
_COLORS = ("red", "green", "blue")
_NORMALS = ("nx", "ny", "nz")


def write_points_ply(cloud: PointCloud, path: Path) -> ExportReport:
    """Write points with colours, and normals and labels where there are any.

    Labels become the property ``label``; the header's comments tell which name each number has.

    Raises:
        ExportError: The file cannot be written.
    """
    fields = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
    if cloud.normals is not None:
        fields += [(name, "<f4") for name in _NORMALS]
    fields += [(name, "u1") for name in _COLORS]
    comments = ["comment frame RUB, metres"]
    if cloud.labels is not None:
        fields.append(("label", "u1"))
        present = np.unique(cloud.labels).tolist()
        comments += [f"comment label {index} {LABELS[index].name}" for index in present if index < len(LABELS)]
    header = [
        "ply",
        "format binary_little_endian 1.0",
        *comments,
        f"element vertex {cloud.num_points}",
        *(f"property {'float' if code == '<f4' else 'uchar'} {name}" for name, code in fields),
        "end_header",
    ]
    dtype = np.dtype(fields)
    with atomic_file(path, format_id="points_ply") as file:
        num_bytes = file.write(("\n".join(header) + "\n").encode("ascii"))
        for start in range(0, cloud.num_points, _BLOCK):
            block = slice(start, min(start + _BLOCK, cloud.num_points))
            rows = np.zeros(block.stop - block.start, dtype=dtype)
            _fill(rows, ("x", "y", "z"), cloud.points[block])
            if cloud.normals is not None:
                _fill(rows, _NORMALS, cloud.normals[block])
            _fill(rows, _COLORS, cloud.colors[block])
            if cloud.labels is not None:
                rows["label"] = cloud.labels[block]
            num_bytes += file.write(rows.tobytes())
    return ExportReport(paths=(path,), num_bytes=num_bytes)


def read_points_ply(path: Path) -> PointCloud:
    """Read the vertices of a binary PLY as points; without colours they are white.

    Raises:
        InvalidInputError: The file is damaged or holds no points.
        UnsupportedFormatError: It holds Gaussian splats, or its colours are not bytes.
    """
    with open_for_reading(path) as (file, file_bytes):
        header = read_ply_header(file, path)
        dtype, offset = element_dtype(header, "vertex", file_bytes, path)
        names = dtype.names or ()
        if "f_dc_0" in names:
            raise UnsupportedFormatError(
                "This PLY holds Gaussian splats, not plain points.", hint="Name the format gaussian_ply.", path=path
            )
        if not {"x", "y", "z"} <= set(names):
            raise InvalidInputError("The PLY file has no positions x, y, z.", path=path)
        has_colors, has_normals = set(_COLORS) <= set(names), set(_NORMALS) <= set(names)
        if has_colors and any(dtype[name] != np.dtype(np.uint8) for name in _COLORS):
            raise UnsupportedFormatError("The colours of the PLY file are not of the type uchar.", path=path)
        count = next(element.count for element in header.elements if element.name == "vertex")
        if count > MAX_POINTS:
            raise InvalidInputError(f"The file holds {count} points; at most {MAX_POINTS} are read.", path=path)
        has_labels = "label" in names and dtype["label"] == np.dtype(np.uint8)
        file.seek(offset)
        points = np.zeros((count, 3), np.float32)
        colors = np.full((count, 3), 255, np.uint8)
        normals = np.zeros((count, 3), np.float32) if has_normals else None
        labels = np.zeros(count, np.uint8) if has_labels else None
        for start in range(0, count, _BLOCK):
            rows = read_rows(file, dtype, min(_BLOCK, count - start), path)
            block = slice(start, start + len(rows))
            points[block] = _floats(rows, ("x", "y", "z"), path)
            if has_colors:
                colors[block] = np.stack([rows[name] for name in _COLORS], axis=1)
            if normals is not None:
                normals[block] = _unit(_floats(rows, _NORMALS, path))
            if labels is not None:
                labels[block] = rows["label"]
    if normals is not None and count and not normals.any(axis=1).all():
        normals = None  # a direction of length zero tells nothing, and a cloud has normals for all points or none
    return PointCloud(points=points, colors=colors, normals=normals, labels=labels)


def _fill(rows: NDArray[np.void], names: tuple[str, ...], values: NDArray[np.generic]) -> None:
    for column, name in enumerate(names):
        rows[name] = values[:, column]


def _floats(rows: NDArray[np.void], names: tuple[str, ...], path: Path) -> NDArray[np.float32]:
    with np.errstate(all="ignore"):
        values = np.stack([rows[name] for name in names], axis=1).astype(np.float32)
    if not np.isfinite(values).all():
        raise InvalidInputError("The points' positions or normals hold NaN or infinity.", path=path)
    return values


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.where(lengths > 0.0, wide / np.where(lengths > 0.0, lengths, 1.0), 0.0).astype(np.float32)
