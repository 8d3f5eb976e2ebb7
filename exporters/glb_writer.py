"""A glTF 2.0 binary file (``.glb``), put together piece by piece and streamed to disk without a second copy.

The document grows as meshes, images and nodes are added; the arrays stay where they are and are written, block by
block and converted on the way, when the file is. Everything is aligned to four bytes, and min and max of positions are
those of the very float32 values in the file.
"""

from __future__ import annotations

import json
import re
import struct
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen import __version__
from worldgen.errors import ExportError
from worldgen.frames import quats_from_matrices
from worldgen.scene.triangle_mesh import TriangleMesh
from worldgen.storage import atomic_file, write_bytes

MAX_FILE_BYTES = (1 << 32) - 1

Json = dict[str, Any]

_UNSIGNED_BYTE, _UNSIGNED_SHORT, _UNSIGNED_INT, _FLOAT = 5121, 5123, 5125, 5126
_VERTICES, _INDICES = 34962, 34963
_MAX_SHORT_VERTICES = 65535
_BLOCK_ROWS = 1 << 18
_HEADER = struct.Struct("<4sII")
_CHUNK = struct.Struct("<I4s")
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class _Section:
    """Bytes of the binary chunk that are made when they are written."""

    num_bytes: int
    produce: Callable[[], Iterator[Any]]


@dataclass(slots=True)
class NameTable:
    """Hands out names that every engine takes: ASCII letters, digits and underscores, each only once."""

    taken: set[str] = field(default_factory=set)

    def unique(self, wanted: str) -> str:
        """``wanted`` with other characters made underscores, and a number added where the name is taken."""
        plain = unicodedata.normalize("NFKD", wanted).encode("ascii", "ignore").decode("ascii")
        base = _UNSAFE.sub("_", plain).strip("_") or "unnamed"
        name, number = base, 2
        while name.lower() in self.taken:
            name, number = f"{base}_{number}", number + 1
        self.taken.add(name.lower())
        return name


@dataclass(slots=True)
class GlbWriter:
    """A growing glTF document with its binary chunk."""

    extras: Json = field(default_factory=dict)
    """What to say about the scene as a whole."""
    nodes: list[Json] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    meshes: list[Json] = field(default_factory=list)
    materials: list[Json] = field(default_factory=list)
    textures: list[Json] = field(default_factory=list)
    images: list[Json] = field(default_factory=list)
    cameras: list[Json] = field(default_factory=list)
    lights: list[Json] = field(default_factory=list)
    extensions_used: set[str] = field(default_factory=set)
    node_names: NameTable = field(default_factory=NameTable)
    mesh_names: NameTable = field(default_factory=NameTable)
    _accessors: list[Json] = field(default_factory=list)
    _views: list[Json] = field(default_factory=list)
    _sections: list[_Section] = field(default_factory=list)
    _num_bytes: int = 0

    def add_primitive(
        self,
        mesh: TriangleMesh,
        *,
        material: int | None = None,
        tangents: NDArray[np.float32] | None = None,
        marks: Mapping[str, NDArray[np.float32]] | None = None,
        lightmap_uvs: NDArray[np.float32] | None = None,
    ) -> Json:
        """Add a mesh's arrays; returns the glTF primitive that refers to them.

        Args:
            mesh: With at least one triangle. Colours become linear 16-bit ``COLOR_0``; v is turned to count downwards.
            material: Index of its material.
            tangents: (V, 4) float32, or None.
            marks: (V,) float32 attributes of our own, by names that begin with an underscore.
            lightmap_uvs: (V, 2) float32, a second set of UVs without overlaps, or None.
        """
        attributes = {
            "POSITION": self._add_accessor(mesh.vertices, "VEC3", _FLOAT, bounds=True),
            "NORMAL": self._add_accessor(mesh.normals, "VEC3", _FLOAT),
        }
        if tangents is not None:
            attributes["TANGENT"] = self._add_accessor(tangents, "VEC4", _FLOAT)
        if mesh.uvs is not None:
            attributes["TEXCOORD_0"] = self._add_accessor(mesh.uvs, "VEC2", _FLOAT, convert=_downward_uvs)
        if lightmap_uvs is not None:
            accessor = self._add_accessor(lightmap_uvs, "VEC2", _FLOAT)
            # glTF allows no second set without a first, and some readers want the first to come first.
            attributes.setdefault("TEXCOORD_0", accessor)
            attributes["TEXCOORD_1"] = accessor
        if mesh.colors is not None:
            attributes["COLOR_0"] = self._add_accessor(
                mesh.colors, "VEC4", _UNSIGNED_SHORT, row_bytes=8, convert=_short_colors, normalized=True
            )
        for name, values in (marks or {}).items():
            attributes[name] = self._add_accessor(values, "SCALAR", _FLOAT)
        is_short = mesh.num_vertices <= _MAX_SHORT_VERTICES
        indices = self._add_accessor(
            mesh.triangles.reshape(-1),
            "SCALAR",
            _UNSIGNED_SHORT if is_short else _UNSIGNED_INT,
            row_bytes=2 if is_short else 4,
            convert=_to_short if is_short else _to_int,
            target=_INDICES,
        )
        primitive: Json = {"attributes": attributes, "indices": indices}
        if material is not None:
            primitive["material"] = material
        return primitive

    def add_attribute(self, values: NDArray[Any], *, bounds: bool = False, normalized: bool = False) -> int:
        """Add an array of points' values as it is; returns its accessor.

        Args:
            values: (N,) or (N, 2 to 4) float32, uint16 or uint8, N at least 1; rows must fill four bytes.
            bounds: Whether to tell the least and greatest values, as positions need.
            normalized: Whether integers stand for fractions.
        """
        kind = "SCALAR" if values.ndim == 1 else f"VEC{values.shape[1]}"
        component = {"f4": _FLOAT, "u2": _UNSIGNED_SHORT, "u1": _UNSIGNED_BYTE}[values.dtype.str[1:]]
        return self._add_accessor(values, kind, component, bounds=bounds, normalized=normalized)

    def add_mesh(self, name: str, primitives: list[Json]) -> int:
        """Add a mesh of some primitives; returns its index."""
        self.meshes.append({"name": self.mesh_names.unique(name), "primitives": primitives})
        return len(self.meshes) - 1

    def add_node(self, name: str, properties: Mapping[str, Any], *, parent: int | None = None) -> int:
        """Add a node with glTF properties below ``parent``, or as a root; returns its index."""
        index = len(self.nodes)
        self.nodes.append({"name": self.node_names.unique(name), **properties})
        if parent is None:
            self.roots.append(index)
        else:
            self.nodes[parent].setdefault("children", []).append(index)
        return index

    def add_encoded_accessor(self, accessor: Json, data: memoryview, *, target: int | None) -> int:
        """Add an accessor of another file with the bytes of its values, tightly packed; returns its index."""
        view = self._add_view(_Section(len(data), lambda: iter((data,))), target)
        self._accessors.append({**accessor, "bufferView": view})
        return len(self._accessors) - 1

    def add_texture_file(self, name: str, uri: str) -> int:
        """Add a repeating texture whose picture lies in a file beside the document; returns the texture's index."""
        self.images.append({"name": name, "uri": uri})
        self.textures.append({"name": name, "sampler": 0, "source": len(self.images) - 1})
        return len(self.textures) - 1

    def add_texture(self, name: str, data: bytes | memoryview, mime_type: str) -> int:
        """Add an encoded picture as a repeating texture; returns the texture's index."""
        view = self._add_view(_Section(len(data), lambda: iter((data,))), None)
        self.images.append({"name": name, "bufferView": view, "mimeType": mime_type})
        self.textures.append({"name": name, "sampler": 0, "source": len(self.images) - 1})
        return len(self.textures) - 1

    def write(self, path: Path, *, format_id: str = "glb") -> int:
        """Write the file; returns its size in bytes.

        Raises:
            ExportError: The file cannot be written or would be larger than GLB allows.
        """
        text = json.dumps(self._document(), separators=(",", ":"), allow_nan=False).encode("ascii")
        text += b" " * (-len(text) % 4)
        num_bytes = _HEADER.size + _CHUNK.size + len(text)
        if self._num_bytes:
            num_bytes += _CHUNK.size + self._num_bytes
        if num_bytes > MAX_FILE_BYTES:
            raise ExportError(
                f"The scene needs {num_bytes / 2**30:.1f} GiB; a GLB file holds at most 4 GiB.",
                format_id=format_id,
                hint="Choose a lower quality tier.",
                path=path,
            )
        with atomic_file(path, format_id=format_id) as file:
            file.write(_HEADER.pack(b"glTF", 2, num_bytes))
            file.write(_CHUNK.pack(len(text), b"JSON") + text)
            if self._num_bytes:
                file.write(_CHUNK.pack(self._num_bytes, b"BIN\0"))
            for section in self._sections:
                for block in section.produce():
                    file.write(block)
                file.write(bytes(-section.num_bytes % 4))
        return num_bytes

    def write_gltf(self, path: Path, *, format_id: str = "gltf") -> int:
        """Write ``<stem>.gltf`` with ``<stem>.bin`` beside it; returns the size of both in bytes.

        Raises:
            ExportError: A file cannot be written.
        """
        document = self._document()
        binary_path = path.with_suffix(".bin")
        if self._num_bytes:
            document["buffers"] = [{"byteLength": self._num_bytes, "uri": binary_path.name}]
            with atomic_file(binary_path, format_id=format_id) as file:
                for section in self._sections:
                    for block in section.produce():
                        file.write(block)
                    file.write(bytes(-section.num_bytes % 4))
        text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")
        return self._num_bytes + write_bytes(path, text, format_id=format_id)

    def _document(self) -> Json:
        scene: Json = {"nodes": self.roots} if self.roots else {}
        if self.extras:
            scene["extras"] = self.extras
        document: Json = {"asset": {"version": "2.0", "generator": f"worldgen {__version__}"}}
        if self.extensions_used:
            document["extensionsUsed"] = sorted(self.extensions_used)
        if self.lights:
            document["extensions"] = {"KHR_lights_punctual": {"lights": self.lights}}
        document |= {"scene": 0, "scenes": [scene]}
        document |= {
            name: values
            for name, values in (
                ("nodes", self.nodes),
                ("cameras", self.cameras),
                ("meshes", self.meshes),
                ("materials", self.materials),
                ("textures", self.textures),
                ("samplers", [{"wrapS": 10497, "wrapT": 10497, "magFilter": 9729, "minFilter": 9987}]),
                ("images", self.images),
                ("accessors", self._accessors),
                ("bufferViews", self._views),
                ("buffers", [{"byteLength": self._num_bytes}] if self._num_bytes else []),
            )
            if values and (name != "samplers" or self.textures)
        }
        return document

    def _add_accessor(
        self,
        values: NDArray[Any],
        kind: str,
        component: int,
        *,
        row_bytes: int | None = None,
        convert: Callable[[NDArray[Any]], NDArray[Any]] | None = None,
        bounds: bool = False,
        normalized: bool = False,
        target: int = _VERTICES,
    ) -> int:
        """Refer to an array; ``convert`` turns blocks of it into what the file holds, ``row_bytes`` each row."""
        row_bytes = row_bytes or values.itemsize * values[:1].size
        section = _Section(len(values) * row_bytes, lambda: _blocks(values, convert))
        accessor: Json = {
            "bufferView": self._add_view(section, target),
            "componentType": component,
            "count": len(values),
            "type": kind,
        }
        if normalized:
            accessor["normalized"] = True
        if bounds:
            accessor["min"] = [float(value) for value in values.min(axis=0)]
            accessor["max"] = [float(value) for value in values.max(axis=0)]
        self._accessors.append(accessor)
        return len(self._accessors) - 1

    def _add_view(self, section: _Section, target: int | None) -> int:
        view: Json = {"buffer": 0, "byteOffset": self._num_bytes, "byteLength": section.num_bytes}
        if target is not None:
            view["target"] = target
        self._views.append(view)
        self._sections.append(section)
        self._num_bytes += section.num_bytes + -section.num_bytes % 4
        return len(self._views) - 1


def transform_properties(world_from_object: NDArray[np.float64]) -> Mapping[str, list[float]]:
    """Translation, rotation (xyzw) and scale of a glTF node; what is neutral is left out.

    Args:
        world_from_object: (4, 4) of a rotation, a uniform scale and a translation.
    """
    return list_transform_properties([world_from_object])[0]


def list_transform_properties(transforms: Sequence[NDArray[np.float64]]) -> list[Mapping[str, list[float]]]:
    """:func:`transform_properties` of many transforms at a time."""
    if not len(transforms):
        return []
    matrices = np.stack(transforms)
    linear, translations = matrices[:, :3, :3], np.round(matrices[:, :3, 3], 6)
    scales = np.cbrt(np.linalg.det(linear))
    quats_xyzw = np.round(np.roll(quats_from_matrices(linear / scales[:, None, None]), -1, axis=1), 8)
    nodes: list[Mapping[str, list[float]]] = []
    for translation, rotation, scale in zip(translations.tolist(), quats_xyzw.tolist(), scales.tolist(), strict=True):
        properties = {}
        if any(translation):
            properties["translation"] = translation
        if rotation[3] != 1.0:
            properties["rotation"] = rotation
        if abs(scale - 1.0) > 1e-7:
            properties["scale"] = [round(scale, 7)] * 3
        nodes.append(properties)
    return nodes


def _blocks(values: NDArray[Any], convert: Callable[[NDArray[Any]], NDArray[Any]] | None) -> Iterator[memoryview]:
    for start in range(0, len(values), _BLOCK_ROWS):
        block = values[start : start + _BLOCK_ROWS]
        yield np.ascontiguousarray(convert(block) if convert else block).data.cast("B")


def _downward_uvs(uvs: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([uvs[:, 0], np.float32(1.0) - uvs[:, 1]], axis=1)


def _short_colors(colors: NDArray[np.float32]) -> NDArray[np.uint16]:
    """RGBA with full alpha: three shorts would break the alignment to four bytes."""
    shorts = np.full((len(colors), 4), 65535, dtype=np.uint16)
    shorts[:, :3] = np.clip(colors, 0.0, 1.0) * np.float32(65535.0) + np.float32(0.5)
    return shorts


def _to_short(indices: NDArray[np.int32]) -> NDArray[np.uint16]:
    return indices.astype(np.uint16)


def _to_int(indices: NDArray[np.int32]) -> NDArray[np.uint32]:
    return indices.astype(np.uint32)
