"""OpenEXR files of every sort for tests, as the library writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from worldgen.randomness import rng

KINDS = {
    name.removesuffix("_COMPRESSION"): value
    for name, value in OpenEXR.Compression.__members__.items()
    if not name.startswith("NUM_")
}
BY_LIBRARY = sorted(set(KINDS) - {"NO", "ZIP", "ZIPS"})
USUAL = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB")
TILE = 32


def ramp(height: int = 75, width: int = 150) -> NDArray[np.float32]:
    """(H, W, 3) with smooth and rough places, dark and far beyond 1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    noise = rng(7, "test/exr").random((height, width, 3), dtype=np.float32)
    base = (np.sin(x / 17.0) + 1.2) * (np.cos(y / 9.0) + 1.5)
    picture = base[:, :, None] * np.array([0.2, 1.0, 40.0], np.float32)
    picture[:, width // 2 :] += noise[:, width // 2 :]
    picture[10:14, 20:24] = 30000.0
    return picture


def exr(path: Path, planes: dict[str, NDArray[Any]], kind: str, tile: int | None = None, **header: Any) -> bytes:
    """Bytes of a file that the library writes."""
    header |= {"compression": KINDS[kind], "type": OpenEXR.scanlineimage}
    if tile is not None:
        tiles = OpenEXR.TileDescription()
        tiles.xSize = tiles.ySize = tile
        header |= {"type": OpenEXR.tiledimage, "tiles": tiles}
    with OpenEXR.File(header, planes) as file:
        file.write(str(path))
    return path.read_bytes()


def rgb(picture: NDArray[Any], dtype: type[np.generic]) -> dict[str, NDArray[Any]]:
    return {name: np.ascontiguousarray(picture[:, :, k]).astype(dtype) for k, name in enumerate("RGB")}


def by_library(path: Path) -> dict[str, NDArray[Any]]:
    with OpenEXR.File(str(path), separate_channels=True) as file:
        assert len(file.parts) == 1
        return {name: channel.pixels.copy() for name, channel in file.channels().items()}
