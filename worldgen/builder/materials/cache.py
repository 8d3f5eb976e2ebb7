"""Finished textures on disk, so that only the first world pays for painting them.

Reading a set of 512 x 512 textures takes about 3 ms, painting it 30 to 150 ms. An entry is one file: the SHA-256
of the pixels, then the pixels. Entries live in a folder named after everything that could change the pixels, so a
stale one is never found. Nothing here raises: a folder that cannot be written only costs time.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numba
import numpy as np

from worldgen.builder import blurring
from worldgen.builder.materials.painting import TextureSet

_CHANNELS = 7
_KEPT_GENERATIONS = 3


def cache_folder() -> Path:
    """``WORLDGEN_CACHE_DIR``, or worldgen's folder in the user's cache folder."""
    chosen = os.environ.get("WORLDGEN_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.path.expanduser(base)) / "worldgen"


@functools.cache
def generator_version() -> str:
    """A hash of the painters' sources and of the packages that they compute with."""
    digest = hashlib.sha256(f"{np.__version__} {numba.__version__} {sys.byteorder}".encode())
    for source in (*sorted(Path(__file__).parent.glob("*.py")), Path(blurring.__file__)):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def load_textures(name: str, px: int) -> TextureSet | None:
    """The stored textures of a material, or None if there are none or they are damaged."""
    num_bytes = _CHANNELS * px * px
    try:
        path = _entry_path(name, px)
        if path.stat().st_size != 32 + num_bytes:
            return None
        content = path.read_bytes()
    except (OSError, RuntimeError):
        return None
    pixels = memoryview(content)[32:]
    if len(pixels) != num_bytes or hashlib.sha256(pixels).digest() != content[:32]:
        return None
    flat = np.frombuffer(pixels, np.uint8)
    area = px * px
    return TextureSet(
        base_color=flat[: 3 * area].reshape(px, px, 3),
        normal=flat[3 * area : 6 * area].reshape(px, px, 3),
        roughness=flat[6 * area :].reshape(px, px),
    )


def store_textures(name: str, px: int, textures: TextureSet) -> None:
    """Keep a material's textures; does nothing where the folder cannot be written."""
    pixels = textures.base_color.tobytes() + textures.normal.tobytes() + textures.roughness.tobytes()
    temporary: str | None = None
    try:
        path = _entry_path(name, px)
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            _forget_old_generations(path.parent.parent)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(pixels).digest())
            file.write(pixels)
        os.replace(temporary, path)
    except (OSError, RuntimeError):
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _entry_path(name: str, px: int) -> Path:
    return cache_folder() / "materials" / generator_version() / f"{name}-{px}.bin"


def _forget_old_generations(folder: Path) -> None:
    generations = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for stale in generations[_KEPT_GENERATIONS:]:
        shutil.rmtree(stale, ignore_errors=True)
