"""Drift between two worlds: in their files, their geometry and their pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.manifest import Manifest, WorldFile, load_manifest
from worldgen.registry import find_format, load_reader
from worldgen.storage import path_inside, sha256_of

_MANIFEST_FACTS = ("source", "seed", "quality", "frame", "bounds", "spawn", "stations", "exposure", "objects")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffRow:
    """One comparison: of a file's bytes, of geometry or of pixels."""

    kind: Literal["manifest", "file", "geometry", "pixels"]
    subject: str
    drifted: bool
    message: str
    value: float | None = None

    @property
    def line(self) -> str:
        """The row as text."""
        return f"{self.kind:<9} {self.subject}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldDiff:
    """All comparisons of two worlds."""

    rows: tuple[DiffRow, ...]

    @property
    def drifted(self) -> bool:
        """Whether any comparison found drift."""
        return any(row.drifted for row in self.rows)

    def document(self) -> dict[str, Any]:
        """The comparison as JSON."""
        rows = [
            {
                "kind": row.kind,
                "subject": row.subject,
                "drifted": row.drifted,
                "message": row.message,
                "value": row.value,
            }
            for row in self.rows
        ]
        return {"drifted": self.drifted, "rows": rows}


def compare_worlds(
    first: Path, second: Path, *, pixel_tolerance: float = 0.0, metre_tolerance: float = 0.0
) -> WorldDiff:
    """Compare two world folders.

    Without tolerances every byte counts. With one, files of that kind may differ as long as what they hold agrees
    within it.

    Args:
        first: A world folder.
        second: Another.
        pixel_tolerance: Mean absolute difference of panoramas that counts as equal, in 8-bit steps.
        metre_tolerance: Distance between splats, points and depths that counts as equal, in metres.

    Raises:
        InvalidInputError: A folder is no world, or a file in it is damaged.
    """
    one, two = load_manifest(first), load_manifest(second)
    rows = _manifest_rows(one, two)
    files = {file.path: file for file in two.files}
    for file in one.files:
        other = files.pop(file.path, None)
        if other is None:
            rows.append(_row("file", file.path, f"only in {first}"))
            continue
        rows.append(
            _compare_file(first, second, file, other, pixel_tolerance=pixel_tolerance, metre_tolerance=metre_tolerance)
        )
    rows += [_row("file", path, f"only in {second}") for path in files]
    return WorldDiff(rows=tuple(rows))


def _row(kind: Literal["manifest", "file", "geometry", "pixels"], subject: str, message: str) -> DiffRow:
    return DiffRow(kind=kind, subject=subject, drifted=True, message=message)


def _manifest_rows(one: Manifest, two: Manifest) -> list[DiffRow]:
    rows = []
    for fact in _MANIFEST_FACTS:
        if getattr(one, fact) != getattr(two, fact):
            rows.append(_row("manifest", fact, "differs"))
    return rows


def _compare_file(
    first: Path, second: Path, file: WorldFile, other: WorldFile, *, pixel_tolerance: float, metre_tolerance: float
) -> DiffRow:
    path_one, path_two = path_inside(first, file.path), path_inside(second, other.path)
    if sha256_of(path_one) == sha256_of(path_two):
        return DiffRow(kind="file", subject=file.path, drifted=False, message="identical", value=0.0)
    if file.role in ("panorama", "preview", "labels", "normals"):
        return _compare_pixels(file.path, path_one, path_two, pixel_tolerance)
    if file.role in ("splats", "points", "euclidean_depth"):
        return _compare_geometry(file, path_one, path_two, metre_tolerance)
    change = f"content differs ({file.num_bytes} and {other.num_bytes} bytes)"
    return DiffRow(kind="file", subject=file.path, drifted=True, message=change)


def _compare_pixels(name: str, one: Path, two: Path, tolerance: float) -> DiffRow:
    from PIL import Image

    with Image.open(one) as image_one, Image.open(two) as image_two:
        a = np.asarray(image_one.convert("RGB"), dtype=np.float32)
        b = np.asarray(image_two.convert("RGB"), dtype=np.float32)
    if a.shape != b.shape:
        return _row("pixels", name, f"sizes differ: {a.shape[1]}x{a.shape[0]} and {b.shape[1]}x{b.shape[0]}")
    error = np.abs(a - b)
    mean, largest = float(error.mean()), float(error.max())
    squared = float(np.mean((a - b) ** 2))
    psnr = "identical" if squared == 0.0 else f"PSNR {10.0 * np.log10(255.0**2 / squared):.1f} dB"
    message = f"mean difference {mean:.3f} of 255, largest {largest:.0f}, {psnr}"
    return DiffRow(
        kind="pixels", subject=name, drifted=not mean <= tolerance or tolerance == 0.0, message=message, value=mean
    )


def _compare_geometry(file: WorldFile, one: Path, two: Path, tolerance: float) -> DiffRow:
    reader = load_reader(find_format(file.format))
    a, b = _positions(reader(one)), _positions(reader(two))
    if a.shape != b.shape:
        return _row("geometry", file.path, f"counts differ: {len(a)} and {len(b)}")
    both = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return _row("geometry", file.path, "the sky covers other pixels")
    largest = float(np.abs(a[both] - b[both]).max()) if both.any() else 0.0
    message = f"largest shift {largest:.4f} m"
    return DiffRow(
        kind="geometry",
        subject=file.path,
        drifted=not largest <= tolerance or tolerance == 0.0,
        message=message,
        value=largest,
    )


def _positions(layer: Any) -> NDArray[np.float32]:
    for name in ("means", "points"):
        if hasattr(layer, name):
            positions: NDArray[np.float32] = getattr(layer, name)
            return positions
    if isinstance(layer, np.ndarray):
        return layer
    raise InvalidInputError("This layer has no geometry to compare.")
