"""Gaussian splats in glTF, by the extension ``KHR_gaussian_splatting`` (release candidate of 2026).

Every property is a float accessor of one point primitive; coefficients of spherical harmonics stand one accessor each,
in the same basis as everywhere here. ``COLOR_0`` is for viewers without the extension, which draw points: it is linear,
as glTF wants it, while the splats' own colours are display-referred. The axes are RUB.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen import activations
from worldgen.color import linear_from_srgb
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.contract import ExportReport, require_count
from worldgen.exporters.glb_reader import GlbFile, open_glb
from worldgen.exporters.glb_writer import GlbWriter
from worldgen.exporters.splat_placement import place_gaussians
from worldgen.frames import Frame, axes_from
from worldgen.geometry.splat_transforms import concatenate_gaussians, transform_gaussians
from worldgen.scene.gaussian_cloud import SH_REST_COUNTS, GaussianCloud

EXTENSION = "KHR_gaussian_splatting"
_ROTATION, _SCALE, _OPACITY = (f"{EXTENSION}:{name}" for name in ("ROTATION", "SCALE", "OPACITY"))
_POINTS = 0
_BYTE, _UNSIGNED_BYTE, _SHORT, _UNSIGNED_SHORT, _FLOAT = 5120, 5121, 5122, 5123, 5126
_COLOR_SPACE = "srgb_rec709_display"
_MAX_PRIMITIVES = 10_000
_LEAST_BYTES = 32  # of a splat in its most compact form
_MAX_JSON_BYTES = 16 << 20
_MAX_REUSE = 16  # how often nodes may place the same data


def write_splat_glb(cloud: GaussianCloud, path: Path, *, frame: Frame = Frame.RUB) -> ExportReport:
    """Write splats as a GLB with ``KHR_gaussian_splatting``.

    Args:
        cloud: In the world frame, at least one splat.
        path: The file.
        frame: The axes of the file; glTF means RUB.

    Raises:
        ExportError: The file cannot be written or would be larger than GLB allows.
        InvalidInputError: There is no splat: glTF has no empty accessors.
    """
    if not cloud.num_gaussians:
        raise InvalidInputError("glTF cannot hold a cloud without splats.", path=path)
    turned = transform_gaussians(cloud, axes_from(frame, Frame.RUB))
    writer = GlbWriter(extensions_used={EXTENSION})
    add = writer.add_attribute
    attributes = {
        "POSITION": add(turned.means, bounds=True),
        "COLOR_0": add(_fallback_colors(turned), normalized=True),
        _ROTATION: add(_unit_xyzw(turned.quats_wxyz)),
        _SCALE: add(turned.scales),
        _OPACITY: add(turned.opacities),
        _coefficient(0): add(turned.sh_dc),
    }
    for index in range(turned.sh_rest.shape[1]):
        attributes[_coefficient(index + 1)] = add(np.ascontiguousarray(turned.sh_rest[:, index]))
    properties = {
        "kernel": "ellipse",
        "colorSpace": _COLOR_SPACE,
        "projection": "perspective",
        "sortingMethod": "cameraDistance",
    }
    primitive = {"attributes": attributes, "mode": _POINTS, "extensions": {EXTENSION: properties}}
    writer.add_node("splats", {"mesh": writer.add_mesh("splats", [primitive])})
    return ExportReport(paths=(path,), num_bytes=writer.write(path, format_id="splat_glb"))


def read_splat_glb(path: Path, *, frame: Frame | None = None) -> GaussianCloud:
    """Read all splats of a GLB with ``KHR_gaussian_splatting`` into the world frame, where its nodes place them.

    Args:
        path: The file.
        frame: The axes of the file, if they are not glTF's RUB.

    Raises:
        InvalidInputError: The file is damaged, or breaks the extension's rules.
        UnsupportedFormatError: It has no splats, or in a form that is not read (compressed, linear colours).
    """
    file = open_glb(path, max_json_bytes=_MAX_JSON_BYTES)
    required = file.document.get("extensionsRequired", [])
    if not isinstance(required, list) or set(map(str, required)) - {EXTENSION}:
        raise UnsupportedFormatError(
            f"The file requires extensions that are not read: {', '.join(sorted(map(str, required)))[:120]}.", path=path
        )
    parts, total = [], 0
    for node, world_from_node in file.mesh_nodes():
        primitives = file.item("meshes", node["mesh"]).get("primitives", [])
        if not isinstance(primitives, list) or len(primitives) > _MAX_PRIMITIVES:
            raise InvalidInputError("A glTF mesh has primitives that are none.", path=path)
        for primitive in primitives:
            if (cloud := _read_primitive(file, primitive)) is not None:
                total = require_count(total + cloud.num_gaussians, path)
                if total > _MAX_REUSE * len(file.binary) // _LEAST_BYTES:
                    raise InvalidInputError("The GLB file places the same splats too often.", path=path)
                parts.append(place_gaussians(cloud, world_from_node, path))
    if not parts:
        raise UnsupportedFormatError(
            "This GLB holds no Gaussian splats.", hint=f"Splats are read from {EXTENSION} only.", path=path
        )
    return transform_gaussians(concatenate_gaussians(parts), axes_from(Frame.RUB, frame or Frame.RUB))


def _read_primitive(file: GlbFile, primitive: Any) -> GaussianCloud | None:
    """The splats of a primitive in its node's axes; None if it is an ordinary one."""
    path = file.path
    extensions = primitive.get("extensions", {}) if isinstance(primitive, dict) else {}
    properties = extensions.get(EXTENSION) if isinstance(extensions, dict) else None
    if properties is None:
        return None
    attributes = primitive.get("attributes")
    if not isinstance(properties, dict) or not isinstance(attributes, dict) or primitive.get("mode") != _POINTS:
        raise InvalidInputError(f"A primitive breaks the rules of {EXTENSION}: splats are points.", path=path)
    if (
        properties.get("kernel") != "ellipse"
        or properties.get("colorSpace") != _COLOR_SPACE
        or "extensions" in properties
    ):
        raise UnsupportedFormatError(
            "The splats are stored in a way that is not read.",
            hint=f"Read are plain splats with the kernel 'ellipse' and colours in '{_COLOR_SPACE}'.",
            path=path,
        )
    means = file.floats(attributes.get("POSITION"), kind="VEC3", components=(_FLOAT,))
    count = require_count(len(means), path)
    quats_xyzw = file.floats(attributes.get(_ROTATION), kind="VEC4", components=(_FLOAT, _BYTE, _SHORT), count=count)
    scales = file.floats(
        attributes.get(_SCALE), kind="VEC3", components=(_FLOAT, _UNSIGNED_BYTE, _UNSIGNED_SHORT), count=count
    )
    opacities = file.floats(
        attributes.get(_OPACITY), kind="SCALAR", components=(_FLOAT, _UNSIGNED_BYTE, _UNSIGNED_SHORT), count=count
    )
    sh_count = _sh_count(attributes, path)
    sh_dc = file.floats(attributes.get(_coefficient(0)), kind="VEC3", components=(_FLOAT,), count=count)
    sh_rest = np.zeros((count, sh_count, 3), dtype=np.float32)
    for index in range(sh_count):
        sh_rest[:, index] = file.floats(
            attributes[_coefficient(index + 1)], kind="VEC3", components=(_FLOAT,), count=count
        )
    finite = all(np.isfinite(values).all() for values in (means, quats_xyzw, scales, opacities, sh_dc, sh_rest))
    lengths = np.sqrt((quats_xyzw.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
    if not finite or lengths.min(initial=1.0) < 1e-6:
        raise InvalidInputError("The splats hold NaN, infinity or a rotation of length zero.", path=path)
    if scales.min(initial=0.0) < 0.0 or opacities.min(initial=0.0) < 0.0 or opacities.max(initial=0.0) > 1.0:
        raise InvalidInputError("The splats have negative scales, or opacities outside 0 to 1.", path=path)
    return GaussianCloud(
        means=means,
        quats_wxyz=(quats_xyzw / lengths)[:, [3, 0, 1, 2]].astype(np.float32),
        scales=np.maximum(scales, np.finfo(np.float32).tiny),
        opacities=opacities,
        sh_dc=sh_dc,
        sh_rest=sh_rest,
    )


def _sh_count(attributes: dict[str, Any], path: Path) -> int:
    """Coefficients beyond degree 0 that are there; degrees are there wholly or not at all."""
    prefix = f"{EXTENSION}:SH_DEGREE_"
    present = {name for name in attributes if name.startswith(prefix)}
    for count in reversed(SH_REST_COUNTS):
        wanted = {_coefficient(index) for index in range(count + 1)}
        if present == wanted:
            return count
    raise InvalidInputError("The splats' spherical harmonics are not whole degrees from 0 to 3.", path=path)


def _coefficient(index: int) -> str:
    """The attribute of a coefficient counted from degree 0."""
    degree = math.isqrt(index)
    return f"{EXTENSION}:SH_DEGREE_{degree}_COEF_{index - degree * degree}"


def _unit_xyzw(quats_wxyz: NDArray[np.float32]) -> NDArray[np.float32]:
    quats = quats_wxyz[:, [1, 2, 3, 0]].astype(np.float64)
    return (quats / np.sqrt((quats**2).sum(axis=1, keepdims=True))).astype(np.float32)


def _fallback_colors(cloud: GaussianCloud) -> NDArray[np.uint16]:
    """(N, 4) linear colours with opacity in 16 bits; 8 would show bands in the dark."""
    colors = linear_from_srgb(np.clip(activations.colors_from_sh_dc(cloud.sh_dc), 0.0, 1.0))
    shorts = np.concatenate([colors, cloud.opacities[:, None]], axis=1)
    return (shorts * np.float32(65535.0) + np.float32(0.5)).astype(np.uint16)
