"""Pictures: panoramas, previews, normals and labels as PNG and JPEG."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.color import bytes_from_unit
from worldgen.errors import InvalidInputError
from worldgen.exporters.contract import ExportReport
from worldgen.exporters.png import encode_png
from worldgen.scene.labels import LABELS
from worldgen.storage import write_bytes

JPEG_QUALITY = 92


def write_color_png(pixels: NDArray[np.uint8], path: Path) -> ExportReport:
    """Write an (H, W, 3) uint8 sRGB picture as PNG.

    Raises:
        ExportError: The file cannot be written.
        InvalidInputError: The array is not such a picture.
    """
    return _report(path, write_bytes(path, encode_png(_require_color(pixels)), format_id="panorama_png"))


def write_color_jpeg(pixels: NDArray[np.uint8], path: Path, *, quality: int = JPEG_QUALITY) -> ExportReport:
    """Write an (H, W, 3) uint8 sRGB picture as JPEG, without subsampled colour.

    Raises:
        ExportError: The file cannot be written.
        InvalidInputError: The array is not such a picture.
    """
    return _report(path, write_bytes(path, encode_jpeg(pixels, quality=quality), format_id="panorama_jpeg"))


def write_normals_png(normals: NDArray[np.float32], path: Path) -> ExportReport:
    """Write (H, W, 3) float32 unit normals as PNG: red, green and blue are x, y and z, 128 is zero (also for the sky).

    Raises:
        ExportError: The file cannot be written.
        InvalidInputError: The array is not such a picture.
    """
    if normals.ndim != 3 or normals.shape[2] != 3 or normals.dtype != np.float32 or not np.isfinite(normals).all():
        raise InvalidInputError(f"Normals must be finite (H, W, 3) float32, not {normals.shape} {normals.dtype}.")
    pixels = np.clip(np.rint(normals * np.float32(127.0) + np.float32(128.0)), 0.0, 255.0).astype(np.uint8)
    return _report(path, write_bytes(path, encode_png(pixels, is_srgb=False), format_id="normals_png"))


def write_labels_png(labels: NDArray[np.uint8], path: Path) -> ExportReport:
    """Write (H, W) uint8 labels as a palette PNG: a pixel's index is its label, its colour the label table's.

    Raises:
        ExportError: The file cannot be written.
        InvalidInputError: The array is not such a picture, or a label is not in the table.
    """
    palette = [label.color for label in LABELS]
    return _report(path, write_bytes(path, encode_png(labels, palette=palette), format_id="labels_png"))


def write_mask_png(mask: NDArray[np.float32], path: Path) -> ExportReport:
    """Write an (H, W) float32 map of shares from 0 to 1 as a grey 8-bit PNG.

    Raises:
        ExportError: The file cannot be written.
        InvalidInputError: The array is not such a map.
    """
    if mask.ndim != 2 or mask.dtype != np.float32 or not np.isfinite(mask).all():
        raise InvalidInputError(f"A mask must be finite (H, W) float32, not {mask.shape} {mask.dtype}.")
    pixels = bytes_from_unit(mask)
    return _report(path, write_bytes(path, encode_png(pixels, is_srgb=False), format_id="mask_png"))


def encode_jpeg(pixels: NDArray[np.uint8], *, quality: int = JPEG_QUALITY) -> bytes:
    """Bytes of a JPEG of an (H, W, 3) uint8 sRGB picture; the same on every run.

    Raises:
        InvalidInputError: The array is not such a picture.
    """
    from PIL import Image

    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(_require_color(pixels)))
    image.save(buffer, format="JPEG", quality=quality, subsampling=0, optimize=True)
    return buffer.getvalue()


def _require_color(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise InvalidInputError(f"A picture must be (H, W, 3) uint8, not {pixels.shape} {pixels.dtype}.")
    return pixels


def _report(path: Path, num_bytes: int) -> ExportReport:
    return ExportReport(paths=(path,), num_bytes=num_bytes)
