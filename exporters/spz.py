"""SPZ: compressed Gaussian splats, versions 1 to 4 read, 2 to 4 written.

Version 3 is the default because it is the newest that the common viewers read. Versions up to 3 are one gzip stream;
version 4 has a plain header, a table of contents and one zstd stream per property, which needs the package
``zstandard``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters import spz_layout as layout
from worldgen.exporters.contract import ExportReport, require_count
from worldgen.exporters.deflate import deflate
from worldgen.frames import Frame, axes_from
from worldgen.geometry.splat_transforms import transform_gaussians
from worldgen.scene.gaussian_cloud import SH_REST_COUNTS, GaussianCloud
from worldgen.storage import atomic_file, open_for_reading

SpzVersion = Literal[2, 3, 4]
DEFAULT_VERSION: SpzVersion = 3
HALF_RANGE_M = layout.MAX_POSITION_STEPS / (1 << layout.FRACTIONAL_BITS)
"""Positions reach this far from the origin along each axis."""

_MAGIC = 0x5053474E
_HEADER = struct.Struct("<IIIBBBB")
_TOC_OFFSET = struct.Struct("<I12x")
_TOC_ENTRY = struct.Struct("<QQ")
_MAX_SH_DEGREE_IN_FILE = 4
_SH_COUNTS_IN_FILE = (*SH_REST_COUNTS, 24)
_GZIP_MAGIC = b"\x1f\x8b"
_MAX_DEFLATE_RATIO = 1032
_BLOCK = 1 << 16
_ZSTD_LEVEL = 12
_GZIP_LEVEL = 5
# Quantised numbers repeat by chance only: filtered, level 5 packs them tighter than level 6 does and in half the time.
_PRECISION = (
    "precision: positions to 0.12 mm, sizes to 3 %, rotations to {rotation}, colours and opacities to 8 bits{sh}"
)


@dataclass(frozen=True, slots=True)
class _Header:
    version: int
    count: int
    sh_degree: int
    fractional_bits: int
    num_streams: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Bytes of one splat in each stream."""
        position = layout.HALF_POSITION_BYTES if self.version == 1 else layout.POSITION_BYTES
        return position, 1, 3, 3, layout.ROTATION_BYTES[self.version], 3 * _SH_COUNTS_IN_FILE[self.sh_degree]


def write_spz(
    cloud: GaussianCloud, path: Path, *, version: SpzVersion = DEFAULT_VERSION, frame: Frame = Frame.RUB
) -> ExportReport:
    """Write splats as SPZ.

    Splats beyond the format's ±2048 m are pulled towards the origin and made smaller by the same factor, so they look
    the same from the spawn.

    Args:
        cloud: In the world frame.
        path: The file.
        version: 3; 2 for readers that know no other (its rotations are off by up to 13°); 4 for the newest.
        frame: The axes of the file; the format means RUB, other axes are for importers that turn them.

    Raises:
        ExportError: The file cannot be written.
        UnsupportedFormatError: Version 4 without the package ``zstandard``.
    """
    fitted, losses = _fit_range(transform_gaussians(cloud, axes_from(frame, Frame.RUB)))
    header = _HEADER.pack(_MAGIC, version, cloud.num_gaussians, cloud.sh_degree, layout.FRACTIONAL_BITS, 0, 0)
    with atomic_file(path, format_id="spz") as file:
        if version == 4:
            num_bytes = sum(file.write(piece) for piece in _zstd_pieces(fitted, header))
        else:
            chunks = _chain(header, *_streams(fitted, version))
            num_bytes = sum(
                file.write(piece)
                for piece in deflate(chunks, container="gzip", level=_GZIP_LEVEL, strategy=zlib.Z_FILTERED)
            )
    precision = _PRECISION.format(
        rotation="13°" if version == 2 else "0.3°",
        sh=", view-dependent colour to 4 or 5 bits" if cloud.sh_degree else "",
    )
    return ExportReport(paths=(path,), num_bytes=num_bytes, dropped=(precision, *losses))


def read_spz(path: Path, *, frame: Frame | None = None) -> GaussianCloud:
    """Read an SPZ file of version 1 to 4 into the world frame; coefficients of degree 4 are cut off.

    Args:
        path: The file.
        frame: The axes of the file, if they are not the RUB that the format means.

    Raises:
        InvalidInputError: The file is damaged.
        UnsupportedFormatError: It is of another version, or of version 4 without the package ``zstandard``.
    """
    with open_for_reading(path) as (file, file_bytes):
        start = file.read(_HEADER.size)
        file.seek(0)
        if start.startswith(_GZIP_MAGIC):
            header, streams = _read_gzip(file.read, file_bytes, path)
        else:
            header, streams = _read_zstd(file.read(file_bytes), path)
    positions, opacities, colors, scales, rotations, sh = streams
    sh_count = min(_SH_COUNTS_IN_FILE[header.sh_degree], SH_REST_COUNTS[-1])
    means = (
        layout.decode_half_positions(positions)
        if header.version == 1
        else layout.decode_positions(positions, header.fractional_bits)
    )
    if not np.isfinite(means).all():
        raise InvalidInputError("The splats' positions hold NaN or infinity.", path=path)
    cloud = GaussianCloud(
        means=means,
        quats_wxyz=layout.decode_rotations(rotations, header.version),
        scales=layout.decode_scales(scales),
        opacities=layout.decode_opacities(opacities),
        sh_dc=layout.decode_colors(colors),
        sh_rest=layout.decode_sh(np.ascontiguousarray(sh[:, : 3 * sh_count])),
    )
    return transform_gaussians(cloud, axes_from(Frame.RUB, frame or Frame.RUB))


def _fit_range(cloud: GaussianCloud) -> tuple[GaussianCloud, list[str]]:
    """The cloud pulled into the format's range, and what that changed, in words."""
    losses = []
    reach = np.abs(cloud.means).max(axis=1, initial=0.0)
    far = reach > HALF_RANGE_M
    if far.any():
        factor = np.where(far, HALF_RANGE_M / np.where(far, reach, 1.0), 1.0)[:, None]
        cloud = GaussianCloud(
            means=(cloud.means * factor).astype(np.float32),
            quats_wxyz=cloud.quats_wxyz,
            scales=(cloud.scales * factor).astype(np.float32),
            opacities=cloud.opacities,
            sh_dc=cloud.sh_dc,
            sh_rest=cloud.sh_rest,
        )
        losses.append(f"{int(far.sum())} splats beyond {HALF_RANGE_M:.0f} m were pulled in along their direction")
    log_scales = np.log(cloud.scales.astype(np.float64))
    outside = (log_scales < layout.MIN_LOG_SCALE) | (log_scales > layout.MAX_LOG_SCALE)
    for mask, what in (
        (outside.any(axis=1), "splats have sizes outside 0.05 mm to 380 m"),
        ((np.abs(cloud.sh_dc) > layout.MAX_SH_DC).any(axis=1), "splats have colours too bright or dark"),
        ((np.abs(cloud.sh_rest) > 1.0).any(axis=(1, 2)), "splats have view-dependent colour beyond 1"),
    ):
        if mask.any():
            losses.append(f"{int(mask.sum())} {what}, which were clamped")
    return cloud, losses


def _streams(cloud: GaussianCloud, version: int) -> tuple[Iterator[bytes], ...]:
    """The six streams in file order, each in blocks."""

    def blocks(column: NDArray[np.float32], encode: Callable[..., NDArray[np.uint8]], *args: int) -> Iterator[bytes]:
        for start in range(0, len(column), _BLOCK):
            yield encode(column[start : start + _BLOCK], *args).tobytes()

    return (
        blocks(cloud.means, layout.encode_positions),
        blocks(cloud.opacities, layout.encode_opacities),
        blocks(cloud.sh_dc, layout.encode_colors),
        blocks(cloud.scales, layout.encode_scales),
        blocks(cloud.quats_wxyz, layout.encode_rotations, version),
        blocks(cloud.sh_rest, layout.encode_sh),
    )


def _chain(header: bytes, *streams: Iterator[bytes]) -> Iterator[bytes]:
    yield header
    for stream in streams:
        yield from stream


def _zstd_pieces(cloud: GaussianCloud, header: bytes) -> Iterator[bytes]:
    compressor = _zstandard(None).ZstdCompressor(level=_ZSTD_LEVEL)
    raw = [b"".join(stream) for stream in _streams(cloud, 4)]
    if not cloud.sh_degree:
        raw.pop()
    packed = [compressor.compress(stream) for stream in raw]
    yield header[:-1] + bytes([len(raw)]) + _TOC_OFFSET.pack(_HEADER.size + _TOC_OFFSET.size)
    yield from (_TOC_ENTRY.pack(len(small), len(large)) for small, large in zip(packed, raw, strict=True))
    yield from packed


def _parse_header(data: bytes, path: Path) -> _Header:
    if len(data) < _HEADER.size:
        raise InvalidInputError("The SPZ file ends within its header.", path=path)
    magic, version, count, sh_degree, fractional_bits, _flags, num_streams = _HEADER.unpack(data[: _HEADER.size])
    if magic != _MAGIC:
        raise InvalidInputError("This is not an SPZ file.", path=path)
    if version not in layout.ROTATION_BYTES:
        raise UnsupportedFormatError(
            f"SPZ version {version} is not known.",
            hint="Versions 1 to 4 are read: save the file as version 3.",
            path=path,
        )
    if sh_degree > _MAX_SH_DEGREE_IN_FILE or fractional_bits > 24:
        raise InvalidInputError("The SPZ header holds values that no SPZ file has.", path=path)
    require_count(count, path)
    return _Header(version, count, sh_degree, fractional_bits, num_streams)


def _read_gzip(read: Callable[[int], bytes], file_bytes: int, path: Path) -> tuple[_Header, list[NDArray[np.uint8]]]:
    """Unpack a gzip file no further than its own header says."""
    unpacker = _GzipReader(read, path)
    header = _parse_header(bytes(unpacker.take(_HEADER.size)), path)
    if header.version == 4:
        raise InvalidInputError("This SPZ file of version 4 is packed the way of older versions.", path=path)
    total = header.count * sum(header.widths)
    if total > file_bytes * _MAX_DEFLATE_RATIO:
        raise InvalidInputError(
            f"The file promises {header.count} splats, more than its {file_bytes} bytes can hold.",
            hint="The file is cut off or damaged: copy or export it again.",
            path=path,
        )
    streams = [_as_rows(unpacker.take(header.count * width), header.count, width) for width in header.widths]
    unpacker.finish()
    return header, streams


class _GzipReader:
    """Takes exact numbers of bytes out of a gzip stream."""

    def __init__(self, read: Callable[[int], bytes], path: Path) -> None:
        self._read = read
        self._path = path
        self._unpacker = zlib.decompressobj(31)
        self._packed = b""

    def take(self, num_bytes: int) -> bytearray:
        data = bytearray()
        while len(data) < num_bytes:
            piece = self._unpack(num_bytes - len(data))
            if not piece and (self._unpacker.eof or not self._packed):
                raise InvalidInputError(
                    "The SPZ file ends before its last splat.",
                    hint="The file is cut off or damaged: copy or export it again.",
                    path=self._path,
                )
            data += piece
        return data

    def finish(self) -> None:
        """Check that the stream ends here, and its checksum."""
        while not self._unpacker.eof:
            if self._unpack(1):
                raise InvalidInputError("The SPZ file holds more than its header says.", path=self._path)
            if not self._packed and not self._unpacker.eof:
                raise InvalidInputError("The SPZ file ends before its checksum.", path=self._path)

    def _unpack(self, most: int) -> bytes:
        self._packed = self._unpacker.unconsumed_tail or self._read(1 << 18)
        try:
            return self._unpacker.decompress(self._packed, most)
        except zlib.error as error:
            raise InvalidInputError(f"The SPZ file is damaged ({error}).", path=self._path) from error


def _read_zstd(data: bytes, path: Path) -> tuple[_Header, list[NDArray[np.uint8]]]:
    header = _parse_header(data, path)
    if header.version != 4:
        raise InvalidInputError("This SPZ file is not compressed, which only version 4 may be.", path=path)
    widths = header.widths if header.sh_degree else header.widths[:-1]
    fixed = _HEADER.size + _TOC_OFFSET.size
    if header.num_streams not in (len(widths), len(header.widths)) or len(data) < fixed:
        raise InvalidInputError("The SPZ header holds values that no SPZ file has.", path=path)
    (toc_offset,) = _TOC_OFFSET.unpack_from(data, _HEADER.size)
    position = toc_offset + header.num_streams * _TOC_ENTRY.size
    if toc_offset < fixed or position > len(data):
        raise InvalidInputError("The SPZ table of contents lies outside the file.", path=path)
    unpacker = _zstandard(path)
    streams = []
    for index, width in enumerate(header.widths[: header.num_streams]):
        packed_bytes, raw_bytes = _TOC_ENTRY.unpack_from(data, toc_offset + index * _TOC_ENTRY.size)
        packed = data[position : position + packed_bytes]
        if raw_bytes != header.count * width or len(packed) != packed_bytes:
            raise InvalidInputError("The SPZ table of contents does not fit the splats.", path=path)
        position += packed_bytes
        streams.append(_as_rows(_unpack_zstd(unpacker, packed, raw_bytes, path), header.count, width))
    streams += [np.zeros((header.count, 0), np.uint8)] * (len(header.widths) - len(streams))
    return header, streams


def _unpack_zstd(zstandard: Any, packed: bytes, raw_bytes: int, path: Path) -> bytes:
    """Unpack one stream, never more than it should hold."""
    try:
        if zstandard.get_frame_parameters(packed).window_size > 1 << 27:
            raise InvalidInputError("The SPZ file asks for too much memory.", path=path)
        reader = zstandard.ZstdDecompressor().stream_reader(packed)
        data: bytes = reader.read(raw_bytes)
        surplus = reader.read(1)
    except zstandard.ZstdError as error:
        raise InvalidInputError(f"The SPZ file is damaged ({error}).", path=path) from error
    if len(data) != raw_bytes or surplus:
        raise InvalidInputError("The SPZ file holds more or fewer splats than its header says.", path=path)
    return data


def _as_rows(data: bytes | bytearray, count: int, width: int) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8).reshape(count, width)


def _zstandard(path: Path | None) -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise UnsupportedFormatError(
            "SPZ version 4 needs the package zstandard.", hint="pip install zstandard", path=path
        ) from error
    return zstandard
