"""Cameras of pictures that were rendered, as JSON and as a COLMAP model in text, and camera paths read from JSON.

The JSON is in world (RUB, metres; cameras look along their -Z). The COLMAP model is in RDF, the axes of a Gaussian PLY,
so that it goes together with ``splats.ply`` in every trainer and viewer that takes both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.exporters.contract import ExportReport
from worldgen.frames import Frame, axes_from, quats_from_matrices
from worldgen.scene.camera import Camera
from worldgen.scene.point_cloud import PointCloud
from worldgen.storage import read_limited, write_bytes

MAX_CAMERAS = 20_000
_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CameraPath:
    """A path read from a file: whole poses, or keyframes to go smoothly between.

    poses    (N, 4, 4) float64  world_from_camera, or None
    eyes     (K, 3)    float64  metres, or None
    targets  (K, 3)    float64  metres, or None
    times    (K,)      float64  seconds, or None where they are not told
    """

    poses: NDArray[np.float64] | None = None
    eyes: NDArray[np.float64] | None = None
    targets: NDArray[np.float64] | None = None
    times: NDArray[np.float64] | None = None


def write_cameras_json(cameras: Sequence[Camera], names: Sequence[str], path: Path, *, fps: float) -> ExportReport:
    """Write cameras of equal size with the names of their pictures.

    Raises:
        ExportError: The file cannot be written.
    """
    first = cameras[0]
    document = {
        "frame": Frame.RUB.value,
        "units": "metres",
        "fps": fps,
        "width": first.width,
        "height": first.height,
        "intrinsics_px": first.intrinsics_px.tolist(),
        "cameras": [
            {"name": name, "world_from_camera": camera.world_from_camera.tolist()}
            for name, camera in zip(names, cameras, strict=True)
        ],
    }
    data = (json.dumps(document, indent=1, allow_nan=False) + "\n").encode("utf-8")
    return ExportReport(paths=(path,), num_bytes=write_bytes(path, data, format_id="cameras_json"))


def read_camera_path(path: Path) -> CameraPath:
    """Read ``cameras`` as :func:`write_cameras_json` writes them, or ``keyframes`` with ``eye``, ``look_at``, ``time``.

    Raises:
        InvalidInputError: The file is neither.
    """
    try:
        document = json.loads(read_limited(path, _MAX_BYTES).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError("The camera path is no JSON.", path=path) from error
    if isinstance(document, dict) and document.get("frame", "RUB") == "RUB":
        if cameras := _entries(document.get("cameras")):
            return CameraPath(poses=_numbers(cameras, "world_from_camera", (4, 4), path))
        keyframes = _entries(document.get("keyframes"))
        if len(keyframes) >= 2:
            timed = all("time" in keyframe for keyframe in keyframes)
            return CameraPath(
                eyes=_numbers(keyframes, "eye", (3,), path),
                targets=_numbers(keyframes, "look_at", (3,), path),
                times=_numbers(keyframes, "time", (), path) if timed else None,
            )
    raise InvalidInputError(
        "This is no camera path.",
        hint='It needs "keyframes", each with "eye" and "look_at" in metres, or "cameras" with "world_from_camera".',
        path=path,
    )


def write_colmap(
    cameras: Sequence[Camera], names: Sequence[str], folder: Path, *, points: PointCloud | None = None
) -> ExportReport:
    """Write ``cameras.txt``, ``images.txt`` and ``points3D.txt`` (https://colmap.github.io/format.html).

    Args:
        cameras: Of equal size.
        names: Of their pictures.
        folder: Where to write.
        points: What to write as points, in world; None writes none.

    Raises:
        ExportError: A file cannot be written.
    """
    first = cameras[0]
    k = first.intrinsics_px
    size = f"{first.width} {first.height} {k[0, 0]:.9g} {k[1, 1]:.9g} {k[0, 2]:.9g} {k[1, 2]:.9g}"
    axes = axes_from(Frame.RDF, Frame.RUB)
    lines = []
    for number, (name, camera) in enumerate(zip(names, cameras, strict=True), start=1):
        # Camera and world are turned alike: both from right, up, back to right, down, forward.
        rotation = axes @ camera.world_from_camera[:3, :3].T @ axes.T
        translation = -rotation @ (axes @ camera.world_from_camera[:3, 3])
        quat = quats_from_matrices(rotation[None])[0]
        pose = " ".join(f"{value:.12g}" for value in (*quat, *translation))
        lines += [f"{number} {pose} 1 {name}", ""]
    rows = []
    if points is not None:
        places = points.points.astype(np.float64) @ axes.T
        rows = [
            f"{number} {x:.6g} {y:.6g} {z:.6g} {r} {g} {b} 0"
            for number, ((x, y, z), (r, g, b)) in enumerate(zip(places, points.colors, strict=True), start=1)
        ]
    files = {
        "cameras.txt": ["# CAMERA_ID MODEL WIDTH HEIGHT FX FY CX CY", f"1 PINHOLE {size}"],
        "images.txt": ["# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME, then a line of points", *lines],
        "points3D.txt": ["# POINT3D_ID X Y Z R G B ERROR TRACK", *rows],
    }
    num_bytes = 0
    for name, content in files.items():
        num_bytes += write_bytes(folder / name, ("\n".join(content) + "\n").encode("utf-8"), format_id="colmap")
    return ExportReport(paths=tuple(folder / name for name in files), num_bytes=num_bytes)


def _entries(value: object) -> list[dict[str, Any]]:
    if isinstance(value, list) and len(value) <= MAX_CAMERAS and all(isinstance(entry, dict) for entry in value):
        return value
    return []


def _numbers(entries: list[dict[str, Any]], key: str, shape: tuple[int, ...], path: Path) -> NDArray[np.float64]:
    try:
        values = np.array([entry[key] for entry in entries], dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InvalidInputError(f"The camera path has an entry without a proper '{key}'.", path=path) from error
    if values.shape != (len(entries), *shape) or not (np.abs(values) <= 1e9).all():
        raise InvalidInputError(f"The camera path has an entry without a proper '{key}'.", path=path)
    return values
