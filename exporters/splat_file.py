"""The ``.splat`` format of antimatter15: 32 bytes for each splat, no header, no view-dependent colour.

Position and linear scale are floats, colour and opacity bytes, the rotation (scalar first) bytes around 128. The axes
are those of a Gaussian PLY, and splats stand in order of volume times opacity, so that a viewer can stop early.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from worldgen import activations
from worldgen.color import bytes_from_unit
from worldgen.errors import InvalidInputError
from worldgen.exporters.contract import ExportReport, require_count
from worldgen.frames import Frame, axes_from
from worldgen.geometry.splat_transforms import importance_order, take_gaussians, transform_gaussians
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.storage import atomic_file, open_for_reading

ROW = np.dtype([("position", "<f4", 3), ("scale", "<f4", 3), ("color", "u1", 4), ("rotation", "u1", 4)])
"""One splat."""

_BLOCK = 1 << 16


def write_splat_file(cloud: GaussianCloud, path: Path, *, frame: Frame = Frame.RDF) -> ExportReport:
    """Write splats as ``.splat``, largest and most opaque first.

    Raises:
        ExportError: The file cannot be written.
    """
    frame_from_world = axes_from(frame, Frame.RUB)
    order = importance_order(cloud)
    num_bytes = 0
    with atomic_file(path, format_id="splat") as file:
        for start in range(0, cloud.num_gaussians, _BLOCK):
            block = transform_gaussians(take_gaussians(cloud, order[start : start + _BLOCK]), frame_from_world)
            rows = np.zeros(block.num_gaussians, dtype=ROW)
            rows["position"], rows["scale"] = block.means, block.scales
            rows["color"][:, :3] = bytes_from_unit(activations.colors_from_sh_dc(block.sh_dc))
            rows["color"][:, 3] = bytes_from_unit(block.opacities)
            rows["rotation"] = np.clip(np.floor(block.quats_wxyz * 128.0 + 128.5), 0.0, 255.0)
            num_bytes += file.write(rows.tobytes())
    dropped = ["precision: colours, opacities and rotations to 8 bits"]
    if cloud.sh_degree:
        dropped.append(f"view-dependent colour (spherical harmonics of degree 1 to {cloud.sh_degree})")
    colors = activations.colors_from_sh_dc(cloud.sh_dc)
    beyond = int(((colors < 0.0) | (colors > 1.0)).any(axis=1).sum())
    if beyond:
        dropped.append(f"{beyond} splats have colours outside 0 to 1, which were clamped")
    return ExportReport(paths=(path,), num_bytes=num_bytes, dropped=tuple(dropped))


def read_splat_file(path: Path, *, frame: Frame | None = None) -> GaussianCloud:
    """Read a ``.splat`` file into the world frame.

    Raises:
        InvalidInputError: The file is damaged or not of this format.
    """
    with open_for_reading(path) as (file, file_bytes):
        count, surplus = divmod(file_bytes, ROW.itemsize)
        if surplus:
            raise InvalidInputError(
                "The size of a .splat file must be a multiple of 32 bytes.",
                hint="The file is cut off, or of another format.",
                path=path,
            )
        require_count(count, path)
        rows = np.frombuffer(file.read(file_bytes), dtype=ROW)
    means, scales = rows["position"], rows["scale"]
    if not (np.isfinite(means).all() and np.isfinite(scales).all()):
        raise InvalidInputError("The splats' positions or scales hold NaN or infinity.", path=path)
    if scales.size and scales.min() < 0.0:
        raise InvalidInputError("The splats' scales are negative.", hint="Is this a .splat file?", path=path)
    quats = (rows["rotation"].astype(np.float64) - 128.0) / 128.0
    lengths = np.linalg.norm(quats, axis=1, keepdims=True)
    if lengths.size and lengths.min() == 0.0:
        raise InvalidInputError("The splats' rotations hold a quaternion of length zero.", path=path)
    cloud = GaussianCloud(
        means=means.astype(np.float32),
        quats_wxyz=(quats / lengths).astype(np.float32),
        scales=np.maximum(scales, np.finfo(np.float32).tiny).astype(np.float32),
        opacities=(rows["color"][:, 3] / np.float32(255.0)).astype(np.float32),
        sh_dc=activations.sh_dc_from_colors((rows["color"][:, :3] / np.float32(255.0)).astype(np.float32)),
        sh_rest=np.zeros((len(rows), 0, 3), dtype=np.float32),
    )
    return transform_gaussians(cloud, axes_from(Frame.RUB, frame or Frame.RDF))
