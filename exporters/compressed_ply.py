"""PlayCanvas's compressed PLY: a quarter of a Gaussian PLY, still one file that SuperSplat and PlayCanvas open.

The elements are ``chunk`` (256 splats each), ``vertex`` (four packed words a splat) and, with view-dependent colour,
``sh``. The axes are those of a Gaussian PLY. Splats stand along a space-filling curve, so that chunks are small.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen import activations
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters import compressed_ply_packing as packing
from worldgen.exporters.block_workers import block_slices, map_in_order
from worldgen.exporters.contract import ExportReport, file_frame, require_count
from worldgen.exporters.ply_header import PlyHeader, element_dtype, read_ply_header, read_rows
from worldgen.frames import Frame, axes_from
from worldgen.geometry.splat_transforms import morton_order, take_gaussians, transform_gaussians
from worldgen.scene.gaussian_cloud import SH_REST_COUNTS, GaussianCloud
from worldgen.storage import atomic_file, open_for_reading

_RANGES = ("x", "y", "z"), ("scale_x", "scale_y", "scale_z"), ("r", "g", "b")
_CHUNK_NAMES = tuple(f"{end}_{name}" for names in _RANGES for end in ("min", "max") for name in names)
_WORD_NAMES = ("packed_position", "packed_rotation", "packed_scale", "packed_color")
_WITHOUT_COLORS = 12
_MIN_LOG_SCALE = -80.0  # below, a scale would become 0 in float32


def write_compressed_ply(cloud: GaussianCloud, path: Path, *, frame: Frame = Frame.RDF) -> ExportReport:
    """Write splats as a compressed PLY.

    Raises:
        ExportError: The file cannot be written.
    """
    count, sh_count = cloud.num_gaussians, cloud.sh_rest.shape[1]
    frame_from_world = axes_from(frame, Frame.RUB)
    order = morton_order(cloud.means)
    chunks = np.zeros((-(-count // packing.CHUNK_SPLATS), packing.CHUNK_COLUMNS), dtype=np.float32)
    words = np.zeros((count, 4), dtype=np.uint32)
    sh = np.zeros((count, 3 * sh_count), dtype=np.uint8)

    def pack(rows: slice) -> None:
        block = transform_gaussians(take_gaussians(cloud, order[rows]), frame_from_world)
        log_scales = activations.log_scales_from_scales(block.scales)
        log_scales = np.clip(log_scales, -packing.MAX_LOG_SCALE, packing.MAX_LOG_SCALE)
        vectors = (block.means, log_scales, activations.colors_from_sh_dc(block.sh_dc))
        first = rows.start // packing.CHUNK_SPLATS
        ranges, words[rows] = packing.pack_splats(vectors, block.opacities, block.quats_wxyz)
        chunks[first : first + len(ranges)] = ranges
        if sh_count:
            sh[rows] = packing.pack_sh(block.sh_rest)

    for _ in map_in_order(pack, block_slices(count)):
        pass
    header = _header(count, len(chunks), sh_count, frame)
    with atomic_file(path, format_id="compressed_ply") as file:
        parts = (chunks.astype("<f4", copy=False), words.astype("<u4", copy=False), sh)
        num_bytes = file.write(header) + sum(file.write(part.data) for part in parts if part.size)
    return ExportReport(paths=(path,), num_bytes=num_bytes, dropped=_losses(cloud))


def read_compressed_ply(path: Path, *, frame: Frame | None = None) -> GaussianCloud:
    """Read a compressed PLY into the world frame.

    Args:
        path: The file.
        frame: The axes of the file; None believes our own comment in the header and takes RDF without one.

    Raises:
        InvalidInputError: The file is damaged.
        UnsupportedFormatError: It is another kind of PLY.
    """
    with open_for_reading(path) as (file, file_bytes):
        header = read_ply_header(file, path)
        count, num_chunks, sh_count = _require_compressed(header, path)
        parts: dict[str, NDArray[np.void]] = {}
        for element in header.elements:
            dtype, offset = element_dtype(header, element.name, file_bytes, path)
            file.seek(offset)
            parts[element.name] = read_rows(file, dtype, element.count, path)
    num_columns = len(parts["chunk"].dtype.names or ())
    chunks = parts["chunk"].view(f"{header.byte_order}f4").reshape(num_chunks, num_columns).astype(np.float32)
    words = parts["vertex"].view(f"{header.byte_order}u4").reshape(count, 4).astype(np.uint32)
    if not np.isfinite(chunks).all():
        raise InvalidInputError("The ranges of the file's chunks hold NaN or infinity.", path=path)
    means, log_scales, colors, opacities, quats = packing.unpack_splats(chunks, words)
    sh_rest = np.zeros((count, 0, 3), dtype=np.float32)
    if sh_count:
        sh_rest = packing.unpack_sh(parts["sh"].view(np.uint8).reshape(count, 3 * sh_count))
    cloud = GaussianCloud(
        means=means,
        quats_wxyz=quats,
        scales=activations.scales_from_log_scales(np.clip(log_scales, _MIN_LOG_SCALE, -_MIN_LOG_SCALE)),
        opacities=opacities,
        sh_dc=activations.sh_dc_from_colors(np.clip(colors, -1e30, 1e30)),
        sh_rest=sh_rest,
    )
    return transform_gaussians(cloud, axes_from(Frame.RUB, frame or file_frame(header.comments, path)))


def _header(count: int, num_chunks: int, sh_count: int, frame: Frame) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0", f"comment frame {frame.value}", f"element chunk {num_chunks}"]
    lines += [f"property float {name}" for name in _CHUNK_NAMES]
    lines += [f"element vertex {count}", *(f"property uint {name}" for name in _WORD_NAMES)]
    if sh_count:
        lines += [f"element sh {count}", *(f"property uchar f_rest_{index}" for index in range(3 * sh_count))]
    return ("\n".join([*lines, "end_header"]) + "\n").encode("ascii")


def _require_compressed(header: PlyHeader, path: Path) -> tuple[int, int, int]:
    """Counts of splats, chunks and coefficients of a channel, from a header that is what it must be."""
    elements = {element.name: element for element in header.elements}
    if len(elements) != len(header.elements) or set(elements) - {"sh"} != {"chunk", "vertex"}:
        raise UnsupportedFormatError(
            "This is not a compressed PLY: it needs the elements chunk, vertex and perhaps sh.",
            hint="For plain Gaussian splats, name the format gaussian_ply.",
            path=path,
        )
    chunk, vertex = elements["chunk"], elements["vertex"]
    names = tuple(chunk.types)
    if names not in (_CHUNK_NAMES, _CHUNK_NAMES[:_WITHOUT_COLORS]) or set(chunk.types.values()) != {"f4"}:
        raise UnsupportedFormatError("The chunks of this compressed PLY have other properties.", path=path)
    if tuple(vertex.types) != _WORD_NAMES or set(vertex.types.values()) != {"u4"}:
        raise UnsupportedFormatError("The splats of this compressed PLY have other properties.", path=path)
    require_count(vertex.count, path)
    if chunk.count != -(-vertex.count // packing.CHUNK_SPLATS):
        raise InvalidInputError(
            f"The file has {chunk.count} chunks for {vertex.count} splats, which does not fit.", path=path
        )
    if "sh" not in elements:
        return vertex.count, chunk.count, 0
    sh = elements["sh"]
    expected = tuple(f"f_rest_{index}" for index in range(len(sh.types)))
    if tuple(sh.types) != expected or set(sh.types.values()) != {"u1"} or sh.count != vertex.count:
        raise InvalidInputError("The spherical harmonics of this compressed PLY do not fit its splats.", path=path)
    if len(expected) not in [3 * number for number in SH_REST_COUNTS]:
        raise InvalidInputError(
            f"The file has {len(expected)} coefficients; degrees 1 to 3 have 9, 24 or 45.", path=path
        )
    return vertex.count, chunk.count, len(expected) // 3


def _losses(cloud: GaussianCloud) -> tuple[str, ...]:
    text = "precision: positions and sizes to 10 or 11 bits of their chunk's range, rotations to 0.2°"
    losses = [text + ", colours and opacities to 8 bits" + (", view-dependent colour to 1/64" * bool(cloud.sh_degree))]
    if cloud.sh_degree and (beyond := int((np.abs(cloud.sh_rest) > packing.SH_LIMIT).any(axis=(1, 2)).sum())):
        losses.append(f"{beyond} splats have view-dependent colour beyond {packing.SH_LIMIT:.0f}, which was clamped")
    return tuple(losses)
