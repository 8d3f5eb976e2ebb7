"""GLB files from anywhere: a checked document, its binary chunk as a map of the file, and arrays of its accessors.

Nothing is trusted: sizes are compared with the file before anything is allocated, every index with its list, and
buffers that lie in other files are refused.
"""

from __future__ import annotations

import json
import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.glb_writer import Json
from worldgen.frames import matrices_from_quats
from worldgen.storage import open_for_reading

MAX_JSON_BYTES = 256 << 20
MAX_NODES = 200_000

_LEAST_TURN = 1e-6
_LARGEST_NUMBER = 1e30
_HEADER = struct.Struct("<4sII")
_CHUNK = struct.Struct("<I4s")
_DTYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_UNSUPPORTED = frozenset(
    {"KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_compression", "KHR_texture_basisu"}
)


@dataclass(frozen=True, slots=True, eq=False)
class GlbFile:
    """An open GLB: ``document`` is its JSON, ``binary`` the bytes of its binary chunk, mapped and not copied."""

    path: Path
    document: Json
    binary: memoryview

    def items(self, name: str) -> list[Json]:
        """One of the document's lists; empty where the file has none."""
        values = self.document.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self.damaged(f"'{name}' is no list of objects")
        return values

    def item(self, name: str, index: Any) -> Json:
        """An entry of one of the document's lists; looks at no other, so that long lists are not gone through again."""
        values = self.document.get(name, [])
        if isinstance(values, list) and _is_count(index) and index < len(values) and isinstance(values[index], dict):
            entry: Json = values[index]
            return entry
        raise self.damaged(f"there is no entry {index!r} in '{name}'")

    def damaged(self, reason: str) -> InvalidInputError:
        """The error to raise for a file that is not what it must be."""
        return InvalidInputError(f"The GLB file is damaged: {reason}.", path=self.path)

    def view_bytes(self, index: Any) -> memoryview:
        """The bytes of a buffer view."""
        view = self.item("bufferViews", index)
        start, length = view.get("byteOffset", 0), view.get("byteLength", 0)
        if view.get("buffer", 0) != 0 or not _is_count(start) or not _is_count(length):
            raise self.damaged(f"buffer view {index} is none")
        if start + length > len(self.binary):
            raise self.damaged(f"buffer view {index} promises more data than the file has")
        return self.binary[start : start + length]

    def array(self, index: Any) -> NDArray[Any]:
        """(N, width) values of an accessor, scaled to floats where they are normalised integers."""
        raw = self.raw_array(index)
        if not self.item("accessors", index).get("normalized") or raw.dtype.kind == "f":
            return raw
        return (raw.astype(np.float32) / np.float32(np.iinfo(raw.dtype).max)).clip(-1.0, 1.0)

    def floats(
        self, index: Any, *, kind: str, components: tuple[int, ...], count: int | None = None
    ) -> NDArray[np.float32]:
        """Values of an accessor that must be of a given form.

        Args:
            index: Of the accessor.
            kind: ``SCALAR``, ``VEC3`` and so on.
            components: The component types that may be there.
            count: How many there must be; None takes any number.

        Returns:
            (N, width) float32, or (N,) for scalars; normalised integers became fractions.

        Raises:
            InvalidInputError: It is of another form, or lies outside the file.
        """
        accessor = self.item("accessors", index)
        if accessor.get("type") != kind or accessor.get("componentType") not in components:
            raise self.damaged(f"accessor {index} is of a type that may not be there")
        if count is not None and accessor.get("count") != count:
            raise self.damaged(f"accessor {index} has a count that does not fit")
        values: NDArray[np.float32] = self.array(index).astype(np.float32)
        return values[:, 0] if kind == "SCALAR" else values

    def raw_array(self, index: Any) -> NDArray[Any]:
        """(N, width) values of an accessor as they are stored; a copy only where they are interleaved."""
        accessor = self.item("accessors", index)
        kind, component = accessor.get("type"), accessor.get("componentType")
        count = accessor.get("count")
        if kind not in _WIDTHS or component not in _DTYPES or not _is_count(count):
            raise self.damaged(f"accessor {index} has no valid type or count")
        if "sparse" in accessor or "bufferView" not in accessor:
            raise UnsupportedFormatError("The GLB file uses sparse accessors, which are not read.", path=self.path)
        dtype, width = np.dtype(_DTYPES[component]), _WIDTHS[kind]
        row_bytes = dtype.itemsize * width
        data = self.view_bytes(accessor["bufferView"])
        offset = accessor.get("byteOffset", 0)
        stride = self.item("bufferViews", accessor["bufferView"]).get("byteStride", row_bytes)
        if not _is_count(offset) or not _is_count(stride) or stride < row_bytes:
            raise self.damaged(f"accessor {index} has no valid offset or stride")
        if count == 0 or offset + stride * (count - 1) + row_bytes > len(data):
            raise self.damaged(f"accessor {index} is empty, or promises more data than its buffer view has")
        flat = np.frombuffer(data, dtype=np.uint8)
        rows = np.lib.stride_tricks.as_strided(flat[offset:], shape=(count, row_bytes), strides=(stride, 1))
        return np.ascontiguousarray(rows).view(dtype).reshape(count, width)

    def image_bytes(self, index: Any) -> tuple[memoryview, str]:
        """The encoded bytes and the MIME type of an image."""
        image = self.item("images", index)
        if "bufferView" not in image:
            raise UnsupportedFormatError("The GLB file refers to pictures outside of it.", path=self.path)
        return self.view_bytes(image["bufferView"]), str(image.get("mimeType", ""))

    def mesh_nodes(self) -> list[tuple[Json, NDArray[np.float64]]]:
        """Every node of the scene that has a mesh, with its (4, 4) ``world_from_node``, in document order.

        Raises:
            InvalidInputError: The nodes are too many or no tree, or one has no valid transform.
        """
        found: list[tuple[Json, NDArray[np.float64]]] = []
        waiting = [(root, np.eye(4)) for root in reversed(self._roots())]
        visited: set[int] = set()
        while waiting:
            index, world_from_parent = waiting.pop()
            node = self.item("nodes", index)
            if index in visited:
                raise self.damaged("its nodes are not a tree")
            visited.add(index)
            with np.errstate(over="ignore", invalid="ignore"):
                world_from_node = world_from_parent @ self._local_matrix(node)
            if not np.isfinite(world_from_node).all():
                raise self.damaged("a node has no valid transform")
            if "mesh" in node:
                found.append((node, world_from_node))
            waiting += [(child, world_from_node) for child in reversed(self._indices(node.get("children", [])))]
        return found

    def _roots(self) -> list[Any]:
        """Indices of the nodes that hang below none: of the scene, or of the file where it has no scene."""
        nodes = self.items("nodes")
        if len(nodes) > MAX_NODES:
            raise self.damaged(f"it has {len(nodes)} nodes, more than {MAX_NODES}")
        if self.items("scenes"):
            return self._indices(self.item("scenes", self.document.get("scene", 0)).get("nodes", []))
        children = {child for node in nodes for child in self._indices(node.get("children", []))}
        return [index for index in range(len(nodes)) if index not in children]

    def _indices(self, values: Any) -> list[int]:
        if not isinstance(values, list) or len(values) > MAX_NODES or not all(map(_is_count, values)):
            raise self.damaged("it holds something else where a list of nodes must be")
        return values

    def _local_matrix(self, node: Json) -> NDArray[np.float64]:
        """(4, 4) parent from node."""
        if "matrix" in node:
            return self._numbers(node["matrix"], 16).reshape(4, 4).T
        x, y, z, w = self._numbers(node.get("rotation", [0.0, 0.0, 0.0, 1.0]), 4)
        length = math.sqrt(x * x + y * y + z * z + w * w)
        if not _LEAST_TURN < length < 1.0 / _LEAST_TURN:
            raise self.damaged("a node has a rotation of length zero")
        matrix = np.eye(4)
        matrix[:3, :3] = matrices_from_quats(np.array([[w, x, y, z]]) / length)[0]
        matrix[:3, :3] *= self._numbers(node.get("scale", [1.0, 1.0, 1.0]), 3)
        matrix[:3, 3] = self._numbers(node.get("translation", [0.0, 0.0, 0.0]), 3)
        return matrix

    def _numbers(self, values: Any, count: int) -> NDArray[np.float64]:
        if isinstance(values, list) and len(values) == count:
            if all(isinstance(value, int | float) and abs(value) <= _LARGEST_NUMBER for value in values):
                return np.array(values, dtype=np.float64)
        raise self.damaged("a node has no valid transform")


def open_glb(path: Path, *, max_bytes: int = (1 << 32) - 1, max_json_bytes: int = MAX_JSON_BYTES) -> GlbFile:
    """Open a GLB file and check its frame.

    Args:
        path: The file.
        max_bytes: Larger files are refused.
        max_json_bytes: Documents that are larger are refused.

    Raises:
        InvalidInputError: It is damaged or too large.
        UnsupportedFormatError: It is no GLB of version 2, or needs an extension that is not read.
    """
    with open_for_reading(path) as (file, file_bytes):
        if file_bytes > max_bytes:
            raise InvalidInputError(f"The GLB file is larger than {max_bytes >> 20} MB.", path=path)
        if file_bytes < _HEADER.size + _CHUNK.size:
            raise InvalidInputError("The GLB file is damaged: it is too short.", path=path)
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    magic, version, length = _HEADER.unpack_from(data)
    if magic != b"glTF":
        raise UnsupportedFormatError("This is no GLB file.", path=path)
    if version != 2:
        raise UnsupportedFormatError(f"GLB version {version} is not known; only 2 is read.", path=path)
    if length > file_bytes:
        raise InvalidInputError("The GLB file is damaged: it was cut off.", path=path)
    size, kind = _CHUNK.unpack_from(data, _HEADER.size)
    start = _HEADER.size + _CHUNK.size
    if kind != b"JSON" or size > max_json_bytes or start + size > length:
        raise InvalidInputError("The GLB file is damaged: its JSON chunk does not fit.", path=path)
    try:
        document = json.loads(bytes(data[start : start + size]))
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The GLB file is damaged: its JSON cannot be read.", path=path) from error
    if not isinstance(document, dict):
        raise InvalidInputError("The GLB file is damaged: its JSON is no object.", path=path)
    binary = data[0:0]
    if start + size + _CHUNK.size <= length:
        binary_size, kind = _CHUNK.unpack_from(data, start + size)
        first = start + size + _CHUNK.size
        if kind != b"BIN\0" or first + binary_size > length:
            raise InvalidInputError("The GLB file is damaged: its binary chunk does not fit.", path=path)
        binary = data[first : first + binary_size]
    required = document.get("extensionsRequired", [])
    unread = sorted(_UNSUPPORTED.intersection(required if isinstance(required, list) else []))
    if unread:
        raise UnsupportedFormatError(
            f"The GLB file needs {unread[0]}, which is not read.", hint="Export it without compression.", path=path
        )
    return GlbFile(path=path, document=document, binary=binary)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
