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
from worldgen.exporters.block_workers import block_slices, map_in_order
from worldgen.exporters.contract import ExportReport, file_frame, require_count
from worldgen.exporters.ply_header import PlyHeader, element_dtype, read_ply_header, read_rows
from worldgen.frames import Frame, axes_from
from worldgen.geometry.splat_transforms import take_gaussians, transform_gaussians
from worldgen.scene.gaussian_cloud import SH_REST_COUNTS, GaussianCloud
from worldgen.storage import atomic_file, open_for_reading

PADDED_SH_COUNT = SH_REST_COUNTS[-1]
_SH_COUNTS_IN_FILES = (*SH_REST_COUNTS, 24)
MAX_LOG_SCALE = 20.0
_MIN_LOG_SCALE = -80.0  # below, a scale would become 0 in float32

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

        def encode(rows: slice) -> NDArray[np.float32]:
            return _encode_rows(transform_gaussians(take_gaussians(cloud, rows), frame_from_world), sh_count)

        for encoded in map_in_order(encode, block_slices(cloud.num_gaussians)):
            num_bytes += file.write(encoded.data)
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
        dtype, offset = element_dtype(header, "vertex", file_bytes, path)
        count = next(element.count for element in header.elements if element.name == "vertex")
        wanted = _wanted_names(dtype.names or (), path)
        sh_count = (len(wanted) - len(_REQUIRED)) // 3
        require_count(count, path)
        file.seek(offset)
        columns = {
            "means": np.zeros((count, 3), np.float32),
            "quats_wxyz": np.zeros((count, 4), np.float32),
            "scales": np.zeros((count, 3), np.float32),
            "opacities": np.zeros(count, np.float32),
            "sh_dc": np.zeros((count, 3), np.float32),
            "sh_rest": np.zeros((count, sh_count, 3), np.float32),
        }
        world_from_frame = axes_from(Frame.RUB, frame or file_frame(header.comments, path))

        def decode(rows: NDArray[np.void]) -> GaussianCloud:
            return transform_gaussians(_decode_rows(rows, wanted, path), world_from_frame)

        blocks = (read_rows(file, dtype, rows.stop - rows.start, path) for rows in block_slices(count))
        for rows, block in zip(block_slices(count), map_in_order(decode, blocks), strict=True):
            for name, column in columns.items():
                column[rows] = getattr(block, name)
    return GaussianCloud(**columns)


def _encode_rows(cloud: GaussianCloud, sh_count: int) -> NDArray[np.float32]:
    """(N, properties) float32 in the reference order."""
    count, rest = cloud.num_gaussians, 3 * sh_count
    rows = np.zeros((count, len(property_names(sh_count))), dtype="<f4")
    rows[:, :3] = cloud.means
    rows[:, 6:9] = cloud.sh_dc
    # Files hold all of red, then all of green, then all of blue.
    by_channel = rows[:, 9 : 9 + rest].reshape(count, 3, sh_count)  # a view
    by_channel[:, :, : cloud.sh_rest.shape[1]] = cloud.sh_rest.transpose(0, 2, 1)
    rows[:, 9 + rest] = activations.opacity_logits_from_opacities(cloud.opacities)
    log_scales = activations.log_scales_from_scales(cloud.scales)
    rows[:, 10 + rest : 13 + rest] = np.clip(log_scales, -MAX_LOG_SCALE, MAX_LOG_SCALE)
    rows[:, 13 + rest :] = cloud.quats_wxyz / _lengths(cloud.quats_wxyz)
    return rows


def _decode_rows(rows: NDArray[np.void], wanted: tuple[str, ...], path: Path) -> GaussianCloud:
    """Splats of file rows, still in the file's axes, from the properties in ``wanted``."""
    names = rows.dtype.names or ()
    with np.errstate(invalid="ignore", over="ignore"):  # what must be finite is checked below
        if rows.dtype == np.dtype([(name, "<f4") for name in names]):
            matrix = rows.view("<f4").reshape(len(rows), len(names))
            places = [names.index(name) for name in wanted]
        else:
            matrix = np.stack([rows[name].astype(np.float32) for name in wanted], axis=1)
            places = list(range(len(wanted)))
        means, sh_dc = _columns(matrix, places[:3]), _columns(matrix, places[3:6])
        opacity_logits = _columns(matrix, places[6:7])[:, 0]
        log_scales, quats = _columns(matrix, places[7:10]), _columns(matrix, places[10:14])
        sh_rest = _columns(matrix, places[14:]).reshape(len(rows), 3, -1 if len(places) > 14 else 0).transpose(0, 2, 1)
    for name, values in (("positions", means), ("colours", sh_dc), ("colours", sh_rest), ("rotations", quats)):
        if not np.isfinite(values).all():
            raise InvalidInputError(f"The splats' {name} hold NaN or infinity.", path=path)
    # An infinite logit is an opacity of 0 or 1, and a logarithm of minus infinity a flat splat.
    if np.isnan(opacity_logits).any() or not (log_scales < np.inf).all():
        raise InvalidInputError("The splats' opacities or scales hold NaN or infinity.", path=path)
    lengths = _lengths(quats)
    if lengths.size and lengths.min() < 1e-12:
        raise InvalidInputError("The splats' rotations hold a quaternion of length zero.", path=path)
    return GaussianCloud(
        means=means,
        quats_wxyz=(quats / lengths).astype(np.float32),
        scales=activations.scales_from_log_scales(np.clip(log_scales, _MIN_LOG_SCALE, -_MIN_LOG_SCALE)),
        opacities=activations.opacities_from_logits(np.clip(opacity_logits, -700.0, 700.0)),
        sh_dc=sh_dc,
        sh_rest=np.ascontiguousarray(sh_rest),
    )


def _columns(matrix: NDArray[np.float32], places: list[int]) -> NDArray[np.float32]:
    """Columns as an array of their own; those that stand together are copied together."""
    if places and places == list(range(places[0], places[0] + len(places))):
        return np.ascontiguousarray(matrix[:, places[0] : places[-1] + 1], dtype=np.float32)
    return np.ascontiguousarray(matrix[:, places], dtype=np.float32)


def _lengths(quats: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, 1) lengths."""
    return np.sqrt((quats.astype(np.float64) ** 2).sum(axis=1, keepdims=True))


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
            f"The file has {len(present)} properties f_rest_*; degrees 0 to 4 have 0, 9, 24, 45 or 72 from f_rest_0.",
            path=path,
        )
    in_file = len(present) // 3
    kept = min(in_file, PADDED_SH_COUNT)
    rest = (f"f_rest_{channel * in_file + index}" for channel in range(3) for index in range(kept))
    return (*_REQUIRED, *rest)
