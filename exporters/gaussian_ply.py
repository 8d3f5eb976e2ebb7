"""Gaussian splats as PLY, the way the 3DGS reference implementation writes them (Kerbl et al. 2023).

The writer keeps to what the strictest importers of game engines take: one element, only ``float`` properties in the
reference order with zero normals, 0 or 45 ``f_rest``, finite values, unit quaternions. The axes are RDF unless told
otherwise, as in files that trainers write.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen import activations
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.contract import MAX_GAUSSIANS, ExportReport
from worldgen.exporters.ply_header import PlyHeader, read_ply_header, read_rows, vertex_dtype
from worldgen.frames import Frame, axes_from
from worldgen.geometry.splat_transforms import take_gaussians, transform_gaussians
from worldgen.scene.gaussian_cloud import SH_REST_COUNTS, GaussianCloud
from worldgen.storage import atomic_file, open_for_reading

PADDED_SH_COUNT = SH_REST_COUNTS[-1]
_SH_COUNTS_IN_FILES = (*SH_REST_COUNTS, 24)
MAX_LOG_SCALE = 20.0
_MIN_LOG_SCALE = -80.0  # below, a scale would become 0 in float32

_BLOCK = 1 << 16
_FRAME_COMMENT = re.compile(r"frame ([RLUDFB]{3})\b")
_REQUIRED = (
    *("x", "y", "z"),
    *(f"f_dc_{channel}" for channel in range(3)),
    "opacity",
    *(f"scale_{axis}" for axis in range(3)),
    *(f"rot_{component}" for component in range(4)),
)


def property_names(sh_count: int) -> tuple[str, ...]:
    """Property names in the reference order, for a number of SH coefficients beyond degree 0 (0 or 15)."""
    rest = tuple(f"f_rest_{index}" for index in range(3 * sh_count))
    return (*_REQUIRED[:3], "nx", "ny", "nz", *_REQUIRED[3:6], *rest, *_REQUIRED[6:])


def write_gaussian_ply(cloud: GaussianCloud, path: Path, *, frame: Frame = Frame.RDF) -> ExportReport:
    """Write splats as a Gaussian PLY, a block at a time.

    Args:
        cloud: In the world frame. Degrees 1 and 2 are filled up to 3 with zeros, since some importers scramble them.
        path: The file.
        frame: The axes of the file.

    Raises:
        ExportError: The file cannot be written.
    """
    sh_count = PADDED_SH_COUNT if cloud.sh_degree else 0
    names = property_names(sh_count)
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"comment frame {frame.value}",
        f"element vertex {cloud.num_gaussians}",
        *(f"property float {name}" for name in names),
        "end_header",
    ]
    frame_from_world = axes_from(frame, Frame.RUB)
    with atomic_file(path, format_id="gaussian_ply") as file:
        num_bytes = file.write(("\n".join(header) + "\n").encode("ascii"))
        for start in range(0, cloud.num_gaussians, _BLOCK):
            block = transform_gaussians(take_gaussians(cloud, slice(start, start + _BLOCK)), frame_from_world)
            num_bytes += file.write(_encode_rows(block, sh_count).data)
    within = (cloud.scales >= math.exp(-MAX_LOG_SCALE)) & (cloud.scales <= math.exp(MAX_LOG_SCALE))
    clamped = int((~within).any(axis=1).sum())
    dropped = (f"{clamped} splats are thinner or larger than the format's usual range and were clamped",)
    return ExportReport(paths=(path,), num_bytes=num_bytes, dropped=dropped if clamped else ())


def read_gaussian_ply(path: Path, *, frame: Frame | None = None) -> GaussianCloud:
    """Read a Gaussian PLY of any property order, byte order and SH degree into the world frame; degree 4 is cut off.

    Args:
        path: The file.
        frame: The axes of the file; None believes our own comment in the header and takes RDF without one.

    Raises:
        InvalidInputError: The file is damaged or not a Gaussian PLY.
        UnsupportedFormatError: It is another kind of PLY.
    """
    with open_for_reading(path) as (file, file_bytes):
        header = read_ply_header(file, path)
        _require_gaussians(header, path)
        dtype, offset = vertex_dtype(header, file_bytes, path)
        count = next(element.count for element in header.elements if element.name == "vertex")
        wanted = _wanted_names(dtype.names or (), path)
        sh_count = (len(wanted) - len(_REQUIRED)) // 3
        if count > MAX_GAUSSIANS:
            raise InvalidInputError(f"The file holds {count} splats; at most {MAX_GAUSSIANS} are read.", path=path)
        file.seek(offset)
        columns = {
            "means": np.zeros((count, 3), np.float32),
            "quats_wxyz": np.zeros((count, 4), np.float32),
            "scales": np.zeros((count, 3), np.float32),
            "opacities": np.zeros(count, np.float32),
            "sh_dc": np.zeros((count, 3), np.float32),
            "sh_rest": np.zeros((count, sh_count, 3), np.float32),
        }
        world_from_frame = axes_from(Frame.RUB, frame or _frame_of(header, path))
        for start in range(0, count, _BLOCK):
            rows = read_rows(file, dtype, min(_BLOCK, count - start), path)
            block = transform_gaussians(_decode_rows(rows, wanted, path), world_from_frame)
            for name, column in columns.items():
                column[start : start + len(rows)] = getattr(block, name)
    return GaussianCloud(**columns)


def _encode_rows(cloud: GaussianCloud, sh_count: int) -> NDArray[np.float32]:
    """(N, properties) float32 in the reference order."""
    from worldgen.exporters.gaussian_rows import put_together

    log_scales = np.clip(activations.log_scales_from_scales(cloud.scales), -MAX_LOG_SCALE, MAX_LOG_SCALE)
    vectors = (cloud.means, cloud.sh_dc, log_scales, cloud.quats_wxyz)
    logits = activations.opacity_logits_from_opacities(cloud.opacities)
    return put_together(vectors, logits, np.ascontiguousarray(cloud.sh_rest), sh_count).astype("<f4", copy=False)


def _decode_rows(rows: NDArray[np.void], wanted: tuple[str, ...], path: Path) -> GaussianCloud:
    """Splats of file rows, still in the file's axes, from the properties in ``wanted``."""
    from worldgen.exporters import gaussian_rows as kernels

    names = rows.dtype.names or ()
    if rows.dtype == np.dtype([(name, "<f4") for name in names]):
        matrix = rows.view("<f4").reshape(len(rows), len(names)).astype(np.float32, copy=False)
        columns = np.array([names.index(name) for name in wanted])
    else:
        with np.errstate(invalid="ignore", over="ignore"):  # what must be finite is checked below
            matrix = np.stack([rows[name].astype(np.float32) for name in wanted], axis=1)
        columns = np.arange(len(wanted))
    count = len(rows)
    means, sh_dc, log_scales = (np.zeros((count, 3), np.float32) for _ in range(3))
    quats, opacity_logits = np.zeros((count, 4), np.float32), np.zeros(count, np.float32)
    sh_rest = np.zeros((count, (len(wanted) - len(_REQUIRED)) // 3, 3), np.float32)
    wrong = kernels.take_apart(matrix, columns, (means, sh_dc, log_scales, quats), opacity_logits, sh_rest)
    for bit, sentence in (
        (kernels.BAD_POSITION, "The splats' positions hold NaN or infinity."),
        (kernels.BAD_COLOR, "The splats' colours hold NaN or infinity."),
        (kernels.BAD_ROTATION, "The splats' rotations hold NaN or infinity."),
        (kernels.ZERO_ROTATION, "The splats' rotations hold a quaternion of length zero."),
        (kernels.BAD_SIZE, "The splats' opacities or scales hold NaN or infinity."),
    ):
        if wrong & bit:
            raise InvalidInputError(sentence, path=path)
    return GaussianCloud(
        means=means,
        quats_wxyz=quats,
        scales=activations.scales_from_log_scales(np.clip(log_scales, _MIN_LOG_SCALE, -_MIN_LOG_SCALE)),
        opacities=activations.opacities_from_logits(np.clip(opacity_logits, -700.0, 700.0)),
        sh_dc=sh_dc,
        sh_rest=sh_rest,
    )


def _require_gaussians(header: PlyHeader, path: Path) -> None:
    vertex = next((element for element in header.elements if element.name == "vertex"), None)
    names = () if vertex is None else tuple(vertex.types)
    if "packed_position" in names:
        raise UnsupportedFormatError(
            "This is a compressed PLY of PlayCanvas, not a plain one.",
            hint="Name the format compressed_ply.",
            path=path,
        )
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise UnsupportedFormatError(
            f"This PLY holds no Gaussian splats: it lacks {', '.join(missing[:4])}.",
            hint="For plain coloured points, name the format points_ply.",
            path=path,
        )


def _wanted_names(names: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """The properties to read; those of degree 4 are left out, and the numbering must be whole."""
    present = sorted(int(name[7:]) for name in names if re.fullmatch(r"f_rest_\d{1,4}", name))
    if present != list(range(len(present))) or len(present) not in [3 * count for count in _SH_COUNTS_IN_FILES]:
        raise InvalidInputError(
            f"The file has {len(present)} properties f_rest_*; degrees 0 to 4 have 0, 9, 24, 45 or 72, numbered from 0.",
            path=path,
        )
    in_file = len(present) // 3
    kept = min(in_file, PADDED_SH_COUNT)
    rest = (f"f_rest_{channel * in_file + index}" for channel in range(3) for index in range(kept))
    return (*_REQUIRED, *rest)


def _frame_of(header: PlyHeader, path: Path) -> Frame:
    for comment in header.comments:
        if match := _FRAME_COMMENT.match(comment):
            if match[1] not in Frame.__members__:
                raise InvalidInputError(f"The file's axes {match[1]} are not known.", path=path)
            return Frame[match[1]]
    return Frame.RDF
