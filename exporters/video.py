"""Films: pictures as H.264 in MP4, through FFmpeg's libraries (package ``av``, extra ``video``)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import BackendUnavailableError, ExportError, InvalidInputError
from worldgen.exporters.contract import ExportReport
from worldgen.storage import atomic_path

_ENCODERS = ("libx264", "libopenh264", "mpeg4")
"""The first that the installed libraries have is taken."""
# One thread: making the pictures takes longer than coding them, and nothing is left to the order of threads.
_OPTIONS = {"libx264": {"crf": "17", "preset": "medium", "threads": "1"}, "mpeg4": {"qscale": "2", "threads": "1"}}
_BITS_PER_PIXEL = 0.2  # of encoders that want a rate instead of a quality


def write_mp4(frames: Iterable[NDArray[np.uint8]], path: Path, *, fps: int) -> ExportReport:
    """Write pictures of one size as a film; they are taken one at a time.

    Args:
        frames: (H, W, 3) uint8 sRGB, at least one; height and width even.
        path: The file.
        fps: Pictures in a second.

    Raises:
        BackendUnavailableError: The package ``av`` is missing.
        ExportError: The file cannot be written.
        InvalidInputError: There is no picture, or one of another size.
    """
    av = _import_av()
    with atomic_path(path, format_id="mp4") as partial:
        try:
            _encode(av, frames, (partial, path), fps)
        except av.error.FFmpegError as error:
            raise ExportError(f"The film cannot be encoded ({error}).", format_id="mp4", path=path) from error
    return ExportReport(paths=(path,), num_bytes=path.stat().st_size)


def require_video() -> None:
    """Check that films can be written, before pictures are made for one.

    Raises:
        BackendUnavailableError: The package ``av`` is missing.
    """
    _import_av()


def _encode(av: Any, frames: Iterable[NDArray[np.uint8]], target: tuple[Path, Path], fps: int) -> None:
    partial, path = target
    stream, size = None, (0, 0)
    # Bit-exact: neither library versions nor times in the file.
    container = av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"})
    with container:
        for picture in frames:
            if stream is None:
                size = picture.shape[:2]
                if size[0] % 2 or size[1] % 2:
                    raise InvalidInputError("A film needs an even width and height.", path=path)
                stream = _open_stream(av, container, size, fps)
            if picture.shape != (*size, 3):
                raise InvalidInputError("The pictures of a film must have one size.", path=path)
            for packet in stream.encode(_coded_frame(av, picture)):
                container.mux(packet)
        if stream is None:
            raise InvalidInputError("A film needs at least one picture.", path=path)
        for packet in stream.encode():
            container.mux(packet)


def _coded_frame(av: Any, picture: NDArray[np.uint8]) -> Any:
    """The picture in the colours of video, converted by the same arithmetic wherever its rows lie in memory."""
    way = av.video.reformatter.Interpolation
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return frame.reformat(
        format="yuv420p",
        dst_colorspace="ITU709",
        dst_color_range="MPEG",
        interpolation=way.BILINEAR | way.ACCURATE_RND | way.BITEXACT,
        threads=1,
    )


def _open_stream(av: Any, container: Any, size: tuple[int, int], fps: int) -> Any:
    name = next((name for name in _ENCODERS if name in av.codecs_available), _ENCODERS[-1])
    stream = container.add_stream(name, rate=Fraction(fps), options=_OPTIONS.get(name, {}))
    stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
    stream.codec_context.flags |= av.codec.context.Flags.bitexact
    # 1 is BT.709, for all three; players would guess otherwise.
    for attribute in ("color_primaries", "color_trc", "colorspace"):
        setattr(stream.codec_context, attribute, 1)
    if name not in _OPTIONS:
        stream.bit_rate = int(_BITS_PER_PIXEL * size[0] * size[1] * fps)
    return stream


def _import_av() -> Any:
    try:
        import av
    except ImportError as error:
        raise BackendUnavailableError("Films need the package av.", hint='pip install "worldgen[video]"') from error
    return av
