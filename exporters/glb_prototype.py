"""A GLB file from a studio → a prototype of the scene with materials and colliders. Nothing in it is trusted."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, WorldgenError
from worldgen.exporters.glb_materials import LIGHT_SCALE
from worldgen.exporters.glb_reader import GlbFile, open_glb
from worldgen.exporters.glb_writer import Json
from worldgen.frames import Frame, axes_from, yaw_rotation
from worldgen.scene.material import Material, SurfaceTag
from worldgen.scene.scene import Capsule, Collider, ConvexHull, Part, Prototype
from worldgen.scene.triangle_mesh import TriangleMesh
from worldgen.spec.kit import KitVariant

MAX_FILE_BYTES = 512 << 20
MAX_VERTICES = 3_000_000
MAX_TEXTURE_PX = 8192
_MAX_HULL_POINTS = 256
_COLLIDER_PREFIXES = ("UCX_", "UBX_", "UCP_", "USP_", "COL_")
_COLLIDER_SUFFIXES = ("-colonly", "-convcolonly")
_MIN_EXTENT_M = 1e-4
_TRUNK_SHARE = 0.05


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LoadedModel:
    """A model in a prototype's frame and in the file's own size; ``minimum`` and ``maximum`` are its bounds."""

    prototype: Prototype
    materials: tuple[Material, ...]
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Pieces:
    """Arrays of one material, piece by piece."""

    vertices: list[NDArray[np.float64]] = field(default_factory=list)
    triangles: list[NDArray[np.int64]] = field(default_factory=list)
    normals: list[NDArray[np.float64]] = field(default_factory=list)
    uvs: list[NDArray[np.float32] | None] = field(default_factory=list)
    colors: list[NDArray[np.float32] | None] = field(default_factory=list)
    count: int = 0


def load_model(path: Path, variant: KitVariant, *, name: str, label: str, footprint_m: float) -> LoadedModel:
    """Read a model of a kit.

    Args:
        path: The GLB file.
        variant: How to take it.
        name: Name for the prototype; its materials' names begin with it.
        label: The label that it stands for.
        footprint_m: The radius on the ground that the layout keeps free for it.

    Raises:
        InvalidInputError: The file is damaged, too large, or shows nothing.
    """
    try:
        return _load(open_glb(path, max_bytes=MAX_FILE_BYTES), variant, name, label, footprint_m=footprint_m)
    except WorldgenError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError) as error:
        raise InvalidInputError("The GLB file is damaged: its parts do not fit each other.", path=path) from error


def _load(file: GlbFile, variant: KitVariant, name: str, label: str, *, footprint_m: float) -> LoadedModel:
    turn = yaw_rotation(math.radians(variant.yaw_deg))
    if variant.up == "z":
        turn = turn @ axes_from(Frame.RUB, Frame.RFU)
    pieces: dict[int, _Pieces] = {}
    solids: list[NDArray[np.float64]] = []
    total = 0
    for node, matrix in file.mesh_nodes():
        linear, shift = turn @ matrix[:3, :3], turn @ matrix[:3, 3]
        is_collider = _is_collider(str(node.get("name", "")))
        for primitive in file.item("meshes", node["mesh"]).get("primitives", []):
            if primitive.get("mode", 4) != 4:
                continue
            total += int(file.item("accessors", primitive["attributes"]["POSITION"]).get("count", 0))
            if total > MAX_VERTICES:
                raise InvalidInputError(f"The model has more than {MAX_VERTICES} vertices.", path=file.path)
            if is_collider:
                points = file.array(primitive["attributes"]["POSITION"]).astype(np.float64)
                solids.append(points @ linear.T + shift)
            else:
                key = primitive.get("material", -1)
                _add_piece(file, primitive, pieces.setdefault(key, _Pieces()), linear, shift)
    if not pieces:
        raise InvalidInputError("The model shows nothing.", path=file.path)
    every = np.concatenate([part for each in pieces.values() for part in each.vertices])
    low, high = every.min(axis=0), every.max(axis=0)
    if not np.isfinite(every).all() or (high - low).max() < _MIN_EXTENT_M:
        raise InvalidInputError("The model has no size, or points at infinity.", path=file.path)
    offset = np.zeros(3)
    if variant.pivot == "ground":
        offset = -np.array([0.5 * (low[0] + high[0]), low[1], 0.5 * (low[2] + high[2])])
    notes: list[str] = []
    parts, materials = [], []
    for key in sorted(pieces):
        material = _material(file, key, f"{name}_{max(key, 0)}", variant.surface, notes)
        mesh, material = _mesh(pieces[key], offset, material, notes)
        parts.append(Part(mesh=mesh, material=material.name))
        materials.append(material)
    low, high = low + offset, high + offset
    solids = [points + offset for points in solids]
    prototype = Prototype(
        name=name,
        label=label,
        lods=(tuple(parts),),
        footprint_m=footprint_m,
        colliders=_colliders(variant, solids, every + offset, low, high),
    )
    return LoadedModel(
        prototype=prototype, materials=tuple(materials), minimum=low, maximum=high, notes=tuple(dict.fromkeys(notes))
    )


def _is_collider(name: str) -> bool:
    return name.startswith(_COLLIDER_PREFIXES) or name.endswith(_COLLIDER_SUFFIXES)


def _add_piece(
    file: GlbFile, primitive: Json, pieces: _Pieces, linear: NDArray[np.float64], shift: NDArray[np.float64]
) -> None:
    attributes = primitive["attributes"]
    vertices = file.array(attributes["POSITION"]).astype(np.float64)
    indices = (
        file.raw_array(primitive["indices"]).astype(np.int64).ravel()
        if "indices" in primitive
        else np.arange(len(vertices))
    )
    triangles = indices[: len(indices) // 3 * 3].reshape(-1, 3)
    if triangles.size == 0:
        return
    if triangles.max() >= len(vertices):
        raise file.damaged("a triangle has a corner that does not exist")
    if np.linalg.det(linear) < 0.0:
        triangles = triangles[:, ::-1]
    placed = vertices @ linear.T + shift
    if "NORMAL" in attributes:
        normals = file.array(attributes["NORMAL"]).astype(np.float64) @ np.linalg.pinv(linear)
        if normals.shape != placed.shape:
            raise file.damaged("there are more or fewer normals than points")
    else:
        normals = _smooth_normals(placed, triangles)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.where(lengths > 1e-12, normals / np.maximum(lengths, 1e-12), [0.0, 1.0, 0.0])
    uvs = file.array(attributes["TEXCOORD_0"]).astype(np.float32) if "TEXCOORD_0" in attributes else None
    colors = file.array(attributes["COLOR_0"])[:, :3].astype(np.float32) if "COLOR_0" in attributes else None
    for values in (uvs, colors):
        if values is not None and len(values) != len(placed):
            raise file.damaged("a vertex attribute has another length than the points")
    pieces.vertices.append(placed)
    pieces.triangles.append(triangles + pieces.count)
    pieces.normals.append(normals)
    pieces.uvs.append(uvs)
    pieces.colors.append(colors)
    pieces.count += len(placed)


def _smooth_normals(points: NDArray[np.float64], triangles: NDArray[np.int64]) -> NDArray[np.float64]:
    corners = points[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], across)
    return normals


def _mesh(
    pieces: _Pieces, offset: NDArray[np.float64], material: Material, notes: list[str]
) -> tuple[TriangleMesh, Material]:
    has_uvs = all(uvs is not None and np.isfinite(uvs).all() for uvs in pieces.uvs)
    if not has_uvs and material.base_color_texture is not None:
        notes.append("a textured part without texture coordinates became plain")
    if not has_uvs:
        material = Material(
            name=material.name,
            surface=material.surface,
            base_color=material.base_color,
            roughness=material.roughness,
            metallic=material.metallic,
            emission=material.emission,
            double_sided=material.double_sided,
        )
    colors = None
    if material.base_color_texture is None and all(values is not None for values in pieces.colors):
        joined = np.concatenate([values for values in pieces.colors if values is not None])
        colors = np.clip(np.nan_to_num(joined), 0.0, 1.0).astype(np.float32)
    uvs = np.concatenate([uvs for uvs in pieces.uvs if uvs is not None]) if has_uvs else None
    if uvs is not None:
        uvs = np.ascontiguousarray(np.stack([uvs[:, 0], np.float32(1.0) - uvs[:, 1]], axis=1), dtype=np.float32)
    return (
        TriangleMesh(
            vertices=(np.concatenate(pieces.vertices) + offset).astype(np.float32),
            triangles=np.concatenate(pieces.triangles).astype(np.int32),
            normals=np.concatenate(pieces.normals).astype(np.float32),
            uvs=uvs,
            colors=colors,
        ),
        material,
    )


def _material(file: GlbFile, index: int, name: str, surface: SurfaceTag, notes: list[str]) -> Material:
    if index < 0:
        return Material(name=name, surface=surface, base_color=(0.8, 0.8, 0.8))
    document = file.item("materials", index)
    pbr = document.get("pbrMetallicRoughness", {})
    color = _factors(pbr.get("baseColorFactor"), (1.0, 1.0, 1.0))
    glow = _factors(document.get("emissiveFactor"), (0.0, 0.0, 0.0))
    strength = document.get("extensions", {}).get("KHR_materials_emissive_strength", {}).get("emissiveStrength", 1.0)
    if document.get("alphaMode", "OPAQUE") != "OPAQUE":
        notes.append("transparent parts became opaque")
    for slot in ("emissiveTexture", "occlusionTexture"):
        if slot in document:
            notes.append(f"the {slot} was left out")
    orm = _picture(file, pbr.get("metallicRoughnessTexture"))
    return Material(
        name=name,
        surface=surface,
        base_color=color,
        base_color_texture=_picture(file, pbr.get("baseColorTexture")),
        normal_texture=_picture(file, document.get("normalTexture")),
        roughness=_share(pbr.get("roughnessFactor", 1.0)),
        roughness_texture=None if orm is None else np.ascontiguousarray(orm[:, :, 1]),
        # A texture of metal cannot be kept; most of it is zero where the factor is one.
        metallic=0.0 if orm is not None else _share(pbr.get("metallicFactor", 1.0)),
        emission=(
            glow[0] * float(strength) / LIGHT_SCALE,
            glow[1] * float(strength) / LIGHT_SCALE,
            glow[2] * float(strength) / LIGHT_SCALE,
        ),
        double_sided=bool(document.get("doubleSided", False)),
    )


def _picture(file: GlbFile, slot: Any) -> NDArray[np.uint8] | None:
    if slot is None:
        return None
    from PIL import Image

    texture = file.item("textures", slot["index"])
    data, _ = file.image_bytes(texture.get("source"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(bytes(data)), formats=("PNG", "JPEG")) as image:
                if max(image.size) > MAX_TEXTURE_PX:
                    raise InvalidInputError(f"A texture is larger than {MAX_TEXTURE_PX} pixels.", path=file.path)
                return np.ascontiguousarray(np.asarray(image.convert("RGB"), dtype=np.uint8))
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise file.damaged("a texture cannot be decoded") from error


def _factors(values: Any, otherwise: tuple[float, float, float]) -> tuple[float, float, float]:
    if values is None:
        return otherwise
    return _share(values[0]), _share(values[1]), _share(values[2])


def _share(value: Any) -> float:
    number = float(value)
    return min(max(number, 0.0), 1.0) if math.isfinite(number) else 1.0


def _colliders(
    variant: KitVariant,
    solids: list[NDArray[np.float64]],
    points: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> tuple[Collider, ...]:
    if variant.collider == "none":
        return ()
    if variant.collider == "capsule":
        height = float(high[1] - low[1])
        radius = max(_TRUNK_SHARE * height, 1e-3)
        return (Capsule(base=(0.0, float(low[1]), 0.0), height=height, radius=radius, surface=variant.surface),)
    groups = solids if solids and variant.collider == "own" else [points]
    return tuple(ConvexHull(points=_outline(group), surface=variant.surface) for group in groups if len(group) >= 4)


def _outline(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """The points that lie farthest out along evenly spread directions: enough for a hull of few corners."""
    index = np.arange(_MAX_HULL_POINTS) + 0.5
    height = 1.0 - 2.0 * index / _MAX_HULL_POINTS
    azimuth = math.pi * (1.0 + math.sqrt(5.0)) * index
    radius = np.sqrt(1.0 - height * height)
    directions = np.stack([radius * np.cos(azimuth), height, radius * np.sin(azimuth)], axis=1)
    corners = np.array([[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
    far = np.unique(np.argmax(points @ np.concatenate([directions, corners, np.eye(3), -np.eye(3)]).T, axis=0))
    return points[far if len(far) >= 4 else slice(None)].astype(np.float32)
