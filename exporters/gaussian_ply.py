"""Gaussian splats as PLY, the way the 3DGS reference implementation writes them (Kerbl et al. 2023).

The writer keeps to what the strictest importers of game engines take: one element, only ``float`` properties in the
reference order with zero normals, 0 or 45 ``f_rest``, finite values, unit quaternions. The axes are RDF unless told
otherwise, as in files that trainers write.
"""

from __future__ import annotations

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
    clamped = int((np.abs(np.log(cloud.scales.astype(np.float64))) > MAX_LOG_SCALE).any(axis=1).sum())
    dropped = (f"{clamped} splats are thinner or larger than the format's usual range and were clamped",)
    return ExportReport(paths=(path,), num_bytes=num_bytes, dropped=dropped if clamped else ())


def read_gaussian_ply(path: Path, *, frame: Frame | None = None) -> GaussianCloud:
    """Read a Gaussian PLY of any property order, byte order and SH degree 0 to 3 into the world frame.

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
        sh_count = _sh_count(dtype.names or (), path)
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
            block = transform_gaussians(_decode_rows(rows, sh_count, path), world_from_frame)
            for name, column in columns.items():
                column[start : start + len(rows)] = getattr(block, name)
    return GaussianCloud(**columns)


def _encode_rows(cloud: GaussianCloud, sh_count: int) -> NDArray[np.float32]:
    """(N, properties) float32 in the reference order."""
    count = cloud.num_gaussians
    rest = np.zeros((count, 3, sh_count), dtype=np.float32)
    # Files hold all of red, then all of green, then all of blue.
    rest[:, :, : cloud.sh_rest.shape[1]] = cloud.sh_rest.transpose(0, 2, 1)
    quats = cloud.quats_wxyz.astype(np.float64)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    log_scales = np.clip(activations.log_scales_from_scales(cloud.scales), -MAX_LOG_SCALE, MAX_LOG_SCALE)
    rows = np.concatenate(
        [
            cloud.means,
            np.zeros((count, 3), dtype=np.float32),
            cloud.sh_dc,
            rest.reshape(count, 3 * sh_count),
            activations.opacity_logits_from_opacities(cloud.opacities)[:, None],
            log_scales,
            quats.astype(np.float32),
        ],
        axis=1,
    )
    return np.ascontiguousarray(rows, dtype="<f4")


def _decode_rows(rows: NDArray[np.void], sh_count: int, path: Path) -> GaussianCloud:
    """Splats of file rows, still in the file's axes."""

    def columns(*names: str) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):  # NaN of any kind; what must be finite is checked below
            return np.stack([rows[name].astype(np.float64) for name in names], axis=1)

    means, sh_dc = columns(*_REQUIRED[:3]), columns(*_REQUIRED[3:6])
    opacity_logits = columns("opacity")[:, 0]
    log_scales, quats = columns(*_REQUIRED[7:10]), columns(*_REQUIRED[10:])
    if sh_count:
        sh_rest = columns(*(f"f_rest_{index}" for index in range(3 * sh_count)))
        sh_rest = sh_rest.reshape(-1, 3, sh_count).transpose(0, 2, 1)
    else:
        sh_rest = np.zeros((len(rows), 0, 3))
    limit = float(np.finfo(np.float32).max)
    for name, values in (("positions", means), ("colours", sh_dc), ("colours", sh_rest), ("rotations", quats)):
        if not (np.abs(values) <= limit).all():
            raise InvalidInputError(f"The splats' {name} hold NaN or infinity.", path=path)
    # An infinite logit is an opacity of 0 or 1, and a logarithm of minus infinity a flat splat.
    if np.isnan(opacity_logits).any() or not (log_scales <= limit).all():
        raise InvalidInputError("The splats' opacities or scales hold NaN or infinity.", path=path)
    lengths = np.linalg.norm(quats, axis=1, keepdims=True)
    if lengths.size and lengths.min() < 1e-12:
        raise InvalidInputError("The splats' rotations hold a quaternion of length zero.", path=path)
    log_scales = np.clip(log_scales, _MIN_LOG_SCALE, -_MIN_LOG_SCALE)
    return GaussianCloud(
        means=means.astype(np.float32),
        quats_wxyz=(quats / lengths).astype(np.float32),
        scales=np.exp(log_scales).astype(np.float32),
        opacities=activations.opacities_from_logits(np.clip(opacity_logits, -700.0, 700.0).astype(np.float32)),
        sh_dc=sh_dc.astype(np.float32),
        sh_rest=np.ascontiguousarray(sh_rest, dtype=np.float32),
    )


def _require_gaussians(header: PlyHeader, path: Path) -> None:
    vertex = next((element for element in header.elements if element.name == "vertex"), None)
    names = () if vertex is None else tuple(vertex.types)
    if "packed_position" in names:
        raise UnsupportedFormatError(
            "This is a compressed PLY of PlayCanvas, which is not read.",
            hint="Turn it into a plain one: splat-transform in.compressed.ply out.ply",
            path=path,
        )
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise UnsupportedFormatError(
            f"This PLY holds no Gaussian splats: it lacks {', '.join(missing[:4])}.",
            hint="For plain coloured points, name the format points_ply.",
            path=path,
        )


def _sh_count(names: tuple[str, ...], path: Path) -> int:
    """Coefficients per channel; the numbering must be whole, or channels would run into each other."""
    present = sorted(int(name[7:]) for name in names if re.fullmatch(r"f_rest_\d{1,4}", name))
    if present != list(range(len(present))) or len(present) not in [3 * count for count in SH_REST_COUNTS]:
        raise InvalidInputError(
            f"The file has {len(present)} properties f_rest_*; degrees 0 to 3 have 0, 9, 24 or 45, numbered from 0.",
            path=path,
        )
    return len(present) // 3


def _frame_of(header: PlyHeader, path: Path) -> Frame:
    for comment in header.comments:
        if match := _FRAME_COMMENT.match(comment):
            if match[1] not in Frame.__members__:
                raise InvalidInputError(f"The file's axes {match[1]} are not known.", path=path)
            return Frame[match[1]]
    return Frame.RDF
