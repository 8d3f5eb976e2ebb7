"""SOG version 2 of PlayCanvas: splats as lossless WebP pictures in one zip file, the smallest format for the web.

``meta.json`` tells ranges and codebooks; ``means_l`` and ``means_u`` hold 16-bit logarithmic positions, ``quats``
rotations, ``scales`` and ``sh0`` places in codebooks of 256 numbers, and ``shN_labels`` places in ``shN_centroids``, a
palette of whole sets of coefficients. Values are those of a Gaussian PLY, in its axes. Splats stand along a
space-filling curve, so that neighbouring texels are alike.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

import numpy as np
from numpy.typing import NDArray

from worldgen import __version__, activations
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters import sog_textures as textures
from worldgen.exporters.contract import ExportReport, require_count
from worldgen.exporters.scalar_codebook import NUM_LEVELS, nearest_levels, scalar_codebook
from worldgen.frames import Frame, axes_from
from worldgen.geometry.splat_transforms import morton_order, take_turned, transform_gaussians
from worldgen.scene.gaussian_cloud import SH_REST_COUNTS, GaussianCloud
from worldgen.storage import atomic_file, open_for_reading, read_limited

MAX_PALETTE = 65536
MAX_LOG_SCALE = 20.0

_PALETTE_STEP = 1024
_MAX_META_BYTES = 1 << 20
_MAX_LOG = 88.0  # larger, a position would be infinite in float32
_SPLATS_PER_BYTE = 16
_FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)
_MEMBER_MODE = 0o644 << 16


def write_sog(cloud: GaussianCloud, path: Path, *, frame: Frame = Frame.RDF) -> ExportReport:
    """Write splats as a bundled SOG file.

    Args:
        cloud: In the world frame, at least one splat.
        path: The file.
        frame: The axes of the file.

    Raises:
        ExportError: The file cannot be written.
        InvalidInputError: There is no splat.
    """
    if not cloud.num_gaussians:
        raise InvalidInputError("SOG cannot hold a cloud without splats.", path=path)
    meta, pictures = _encode(take_turned(cloud, morton_order(cloud.means), axes_from(frame, Frame.RUB)))
    with atomic_file(path, format_id="sog") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as bundle:
            for name, data in (*pictures.items(), ("meta.json", json.dumps(meta, allow_nan=False).encode())):
                member = zipfile.ZipInfo(name, _FIRST_MOMENT)
                member.external_attr = _MEMBER_MODE
                member.create_system = 3
                bundle.writestr(member, data)
        num_bytes = file.tell()
    text = "precision: positions to 16 bits of a logarithm, rotations to 1°, opacities to 8 bits, sizes and colours to "
    losses = [text + "256 levels" + ", view-dependent colour to a palette" * bool(cloud.sh_degree)]
    return ExportReport(paths=(path,), num_bytes=num_bytes, dropped=tuple(losses))


def read_sog(path: Path, *, frame: Frame | None = None) -> GaussianCloud:
    """Read a SOG file of version 2, or the ``meta.json`` of an unbundled one, into the world frame.

    Args:
        path: The file.
        frame: The axes of the file, if they are not RDF.

    Raises:
        InvalidInputError: The file is damaged.
        UnsupportedFormatError: It is of another version.
    """
    if path.name == "meta.json":
        from worldgen.storage import path_inside

        folder = path.parent
        total = sum(entry.stat().st_size for entry in folder.glob("*.webp"))
        meta = _parse_meta(read_limited(path, _MAX_META_BYTES), total, path)
        cloud = _decode(meta, lambda name: read_limited(path_inside(folder, name), total), path)
    else:
        with open_for_reading(path) as (file, file_bytes):
            cloud = _read_bundle(file, file_bytes, path)
    return transform_gaussians(cloud, axes_from(Frame.RUB, frame or Frame.RDF))


def _read_bundle(file: BinaryIO, file_bytes: int, path: Path) -> GaussianCloud:
    def load(name: str) -> bytes:
        member = members.get(name)
        # Pictures are packed already: whatever says that it unpacks to more than the file is a trap.
        if member is None or member.file_size > file_bytes or member.compress_type != zipfile.ZIP_STORED:
            raise InvalidInputError(f"The SOG file has no readable member '{name[:40]}'.", path=path)
        with bundle.open(member) as source:
            return source.read(member.file_size)

    try:
        with zipfile.ZipFile(file) as bundle:
            members = {member.filename: member for member in bundle.infolist()}
            return _decode(_parse_meta(load("meta.json"), file_bytes, path), load, path)
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError, OverflowError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"The SOG file is no whole zip file ({str(error)[:80]}).", path=path) from error


def _encode(cloud: GaussianCloud) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The document and the pictures of a cloud that is in file order and axes."""
    width, height = textures.texture_size(cloud.num_gaussians)
    meta: dict[str, Any] = {"version": 2, "asset": {"generator": f"worldgen {__version__}"}}
    meta["count"] = cloud.num_gaussians
    with ThreadPoolExecutor(2) as pool:
        jobs: dict[str, Future[bytes]] = {}

        def draw(name: str, texels: NDArray[np.uint8], size: tuple[int, int] = (width, height)) -> str:
            jobs[f"{name}.webp"] = pool.submit(textures.encode_texture, texels, *size)
            return f"{name}.webp"

        low, high, mins, maxs = textures.encode_means(cloud.means)
        meta["means"] = {"mins": mins, "maxs": maxs, "files": [draw("means_l", low), draw("means_u", high)]}
        meta["quats"] = {"files": [draw("quats", textures.encode_rotations(cloud.quats_wxyz))]}
        log_scales = activations.log_scales_from_scales(cloud.scales)
        log_scales = np.clip(log_scales, -MAX_LOG_SCALE, MAX_LOG_SCALE)
        levels = scalar_codebook(log_scales)
        meta["scales"] = {"codebook": _floats(levels), "files": [draw("scales", nearest_levels(log_scales, levels))]}
        levels = scalar_codebook(cloud.sh_dc)
        opacities = np.floor(cloud.opacities.astype(np.float64) * 255.0 + 0.5).astype(np.uint8)
        texels = np.concatenate([nearest_levels(cloud.sh_dc, levels), opacities[:, None]], axis=1)
        meta["sh0"] = {"codebook": _floats(levels), "files": [draw("sh0", texels)]}
        if cloud.sh_degree:
            degree, sh_rest = cloud.sh_degree, cloud.sh_rest
            # Of millions of splats the rest takes hundreds of megabytes, which the palette can use.
            del cloud, log_scales, opacities, texels, low, high
            meta["shN"] = _encode_palette(sh_rest, degree, draw)
        return meta, {name: job.result() for name, job in jobs.items()}


def _encode_palette(sh_rest: NDArray[np.float32], degree: int, draw: Callable[..., str]) -> dict[str, Any]:
    from worldgen.exporters.vector_codebook import vector_codebook

    count, coefficients = sh_rest.shape[:2]
    size = min(MAX_PALETTE, _PALETTE_STEP * 2 ** max(0, int(math.log2(max(count, 1) / _PALETTE_STEP))))
    entries, labels = vector_codebook(sh_rest.reshape(count, 3 * coefficients), size)
    levels = scalar_codebook(entries)
    places = np.stack([labels & 255, labels >> 8, np.zeros_like(labels)], axis=1).astype(np.uint8)
    texels = nearest_levels(entries, levels).reshape(-1, 3)
    rows = -(-len(entries) // textures.PALETTE_COLUMNS)
    return {
        "count": len(entries),
        "bands": degree,
        "codebook": _floats(levels),
        "files": [
            draw("shN_centroids", texels, (textures.PALETTE_COLUMNS * coefficients, rows)),
            draw("shN_labels", places),
        ],
    }


def _parse_meta(text: bytes, file_bytes: int, path: Path) -> dict[str, Any]:
    """The document, with a version and a count that can be."""
    try:
        meta = json.loads(text[:_MAX_META_BYTES].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The SOG file's meta.json is no JSON.", path=path) from error
    if not isinstance(meta, dict):
        raise InvalidInputError("The SOG file's meta.json is no document.", path=path)
    if meta.get("version") != 2:
        raise UnsupportedFormatError(
            f"SOG version {str(meta.get('version', 1))[:20]} is not known; only 2 is read.",
            hint="Export the file again with a current tool.",
            path=path,
        )
    count = meta.get("count")
    if not _is_count(count) or count > 65536 + _SPLATS_PER_BYTE * file_bytes:
        raise InvalidInputError(f"The SOG file promises {str(count)[:20]} splats, which it cannot hold.", path=path)
    require_count(count, path)
    return meta


def _decode(meta: dict[str, Any], load: Callable[[str], bytes], path: Path) -> GaussianCloud:
    """Splats in file order and axes."""
    count: int = meta["count"]
    width, height = textures.texture_size(count)

    def texels(part: str, index: int = 0) -> NDArray[np.uint8]:
        picture = textures.decode_texture(load(_file_name(meta, part, index, path)), 2 * width * height + 4096, path)
        flat = picture.reshape(-1, 4)
        if len(flat) < count:
            raise InvalidInputError(f"The picture for '{part}' is too small for its splats.", path=path)
        return flat[:count]

    mins, maxs = (_numbers(meta.get("means"), key, 3, path) for key in ("mins", "maxs"))
    if max(np.abs(mins).max(), np.abs(maxs).max()) > _MAX_LOG:
        raise InvalidInputError("The SOG file's positions are out of range.", path=path)
    means = textures.decode_means(texels("means")[:, :3], texels("means", 1)[:, :3], mins, maxs)
    log_scales = _codebook(meta, "scales", path)[texels("scales")[:, :3]]
    colors = texels("sh0")
    sh_rest = np.zeros((count, 0, 3), dtype=np.float32)
    if meta.get("shN") is not None:
        sh_rest = _decode_palette(meta, load, texels, path)
    return GaussianCloud(
        means=means,
        quats_wxyz=textures.decode_rotations(texels("quats")),
        scales=activations.scales_from_log_scales(np.clip(log_scales, -4.0 * MAX_LOG_SCALE, 4.0 * MAX_LOG_SCALE)),
        opacities=(colors[:, 3] / np.float32(255.0)).astype(np.float32),
        sh_dc=_codebook(meta, "sh0", path)[colors[:, :3]],
        sh_rest=sh_rest,
    )


def _decode_palette(
    meta: dict[str, Any], load: Callable[[str], bytes], texels: Callable[[str, int], NDArray[np.uint8]], path: Path
) -> NDArray[np.float32]:
    """(N, K, 3) coefficients."""
    palette = meta["shN"] if isinstance(meta["shN"], dict) else {}
    size, degree = palette.get("count"), palette.get("bands")
    if not _is_count(size) or not _is_count(degree) or not (0 < size <= MAX_PALETTE and 1 <= degree <= 3):
        raise InvalidInputError("The SOG file's palette has a size or degree that cannot be.", path=path)
    coefficients = SH_REST_COUNTS[degree]
    width, rows = textures.PALETTE_COLUMNS * coefficients, -(-size // textures.PALETTE_COLUMNS)
    data = load(_file_name(meta, "shN", 0, path))
    picture = textures.decode_texture(data, width * (rows + 4096 // width + 1), path)
    if picture.shape[1] != width or picture.shape[0] < rows:
        raise InvalidInputError("The SOG file's palette does not have the size that it should.", path=path)
    entries = _codebook(meta, "shN", path)[picture[:rows, :, :3].reshape(-1, coefficients, 3)]
    places = texels("shN", 1)
    labels = places[:, 0].astype(np.int64) | (places[:, 1].astype(np.int64) << 8)
    if labels.max(initial=0) >= size:
        raise InvalidInputError("A splat's view-dependent colour is not in the palette.", path=path)
    return entries[labels]


def _codebook(meta: dict[str, Any], part: str, path: Path) -> NDArray[np.float32]:
    """(256,) float32; short codebooks are filled up with their last value."""
    holder = meta.get(part)
    values = holder.get("codebook") if isinstance(holder, dict) else None
    count = len(values) if isinstance(values, list) else 0
    if not 1 <= count <= NUM_LEVELS:
        raise InvalidInputError(f"The SOG file has no codebook for '{part}'.", path=path)
    levels = _numbers(holder, "codebook", count, path)
    return np.pad(levels, (0, NUM_LEVELS - count), mode="edge").astype(np.float32)


def _numbers(holder: object, key: str, count: int, path: Path) -> NDArray[np.float64]:
    values = holder.get(key) if isinstance(holder, dict) else None
    if isinstance(values, list) and len(values) == count:
        if all(isinstance(value, int | float) and abs(value) < 1e30 for value in values):
            return np.array(values, dtype=np.float64)
    raise InvalidInputError(f"The SOG file's '{key}' are not {count} numbers.", path=path)


def _file_name(meta: dict[str, Any], part: str, index: int, path: Path) -> str:
    holder = meta.get(part)
    files = holder.get("files") if isinstance(holder, dict) else None
    if isinstance(files, list) and index < len(files) and isinstance(files[index], str):
        return files[index]
    raise InvalidInputError(f"The SOG file does not name its pictures for '{part}'.", path=path)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _floats(values: NDArray[np.float32]) -> list[float]:
    """Float32 values with as many digits as they have."""
    return [float(str(value)) for value in values]
