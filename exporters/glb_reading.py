"""The chunks and accessors of a GLB file, read with limits: nothing in the document is believed unchecked."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.storage import open_for_reading

MAX_DOCUMENT_BYTES = 16 << 20
MAX_NODES = 100_000

Json = dict[str, Any]

_HEADER = struct.Struct("<4sII")
_CHUNK = struct.Struct("<I4s")
_COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


@dataclass(frozen=True, slots=True)
class GlbDocument:
    """A glTF document and where in the file its binary chunk lies."""

    path: Path
    json: Json
    data_start: int
    data_bytes: int

    def entry(self, kind: str, index: object) -> Json:
        """An object of one of the document's arrays.

        Raises:
            InvalidInputError: There is none of that index.
        """
        entries = self.json.get(kind)
        if isinstance(entries, list) and isinstance(index, int) and not isinstance(index, bool):
            if 0 <= index < len(entries) and isinstance(entries[index], dict):
                entry: Json = entries[index]
                return entry
        raise InvalidInputError(f"The glTF document has no entry {index!r} in '{kind}'.", path=self.path)

    def read_accessor(self, index: object, *, kind: str, components: tuple[int, ...], count: int | None = None) -> Any:
        """An accessor's values as float32; normalised integers become fractions.

        Args:
            index: Of the accessor.
            kind: ``SCALAR``, ``VEC3`` or ``VEC4``.
            components: The component types that may be.
            count: How many it must have; None takes any number.

        Returns:
            (N, width) float32, or (N,) for scalars.

        Raises:
            InvalidInputError: It is not what it must be, or lies outside the file.
        """
        accessor = self.entry("accessors", index)
        component, has = accessor.get("componentType"), accessor.get("count")
        if accessor.get("type") != kind or component not in components or "sparse" in accessor:
            raise InvalidInputError(f"The glTF accessor {index!r} is of a type that may not be there.", path=self.path)
        if not _is_size(has) or (count is not None and has != count):
            raise InvalidInputError(f"The glTF accessor {index!r} has a count that does not fit.", path=self.path)
        rows, width, dtype = has, _WIDTHS[kind], np.dtype(_COMPONENTS[component])
        stride, start = self._place(accessor, rows, width * dtype.itemsize)
        with open_for_reading(self.path) as (file, _):
            file.seek(start)
            raw = np.frombuffer(
                file.read(max(0, (rows - 1) * stride + width * dtype.itemsize if rows else 0)), np.uint8
            )
        view = np.lib.stride_tricks.as_strided(raw, (rows, width * dtype.itemsize), (stride, 1), writeable=False)
        values = np.ascontiguousarray(view).view(dtype).reshape(rows, width).astype(np.float32)
        if accessor.get("normalized") is True and component != 5126:
            values = np.maximum(values / np.float32(np.iinfo(dtype).max), np.float32(-1.0))
        return values[:, 0] if kind == "SCALAR" else values

    def _place(self, accessor: Json, rows: int, row_bytes: int) -> tuple[int, int]:
        """Bytes from row to row, and where in the file the first begins."""
        view = self.entry("bufferViews", accessor.get("bufferView"))
        offset, length = view.get("byteOffset", 0), view.get("byteLength")
        inner, stride = accessor.get("byteOffset", 0), view.get("byteStride", row_bytes)
        if not (_is_size(offset) and _is_size(length) and _is_size(inner) and _is_size(stride)) or view.get("buffer"):
            raise InvalidInputError("The glTF document has a buffer view that is not one.", path=self.path)
        end = inner + (rows - 1) * stride + row_bytes if rows else 0
        if stride < row_bytes or end > length or offset + length > self.data_bytes:
            raise InvalidInputError(
                "The glTF document promises more data than the file has.",
                hint="The file is cut off or damaged: copy or export it again.",
                path=self.path,
            )
        return stride, self.data_start + offset + inner

    def placed_meshes(self) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Mesh indices of the scene's nodes with their (4, 4) ``world_from_node``.

        Raises:
            InvalidInputError: Nodes stand in a circle, or there are too many.
        """
        scenes = self.json.get("scenes")
        if isinstance(scenes, list) and scenes:
            roots = self.entry("scenes", self.json.get("scene", 0)).get("nodes", [])
        else:
            roots = list(range(len(self.json.get("nodes", []))))
        waiting = [(index, np.eye(4)) for index in _list(roots, self.path)][::-1]
        visited = 0
        while waiting:
            index, world_from_parent = waiting.pop()
            visited += 1
            node = self.entry("nodes", index)
            if visited > min(MAX_NODES, len(self.json["nodes"])):
                raise InvalidInputError("The glTF nodes are not a tree.", path=self.path)
            world_from_node = world_from_parent @ _node_matrix(node, self.path)
            if "mesh" in node:
                yield node["mesh"], world_from_node
            waiting += [(child, world_from_node) for child in _list(node.get("children", []), self.path)][::-1]


def read_glb(path: Path) -> GlbDocument:
    """Read the header and the document of a GLB file.

    Raises:
        InvalidInputError: The file is damaged or no GLB.
        UnsupportedFormatError: It is of another version.
    """
    with open_for_reading(path) as (file, file_bytes):
        start = file.read(_HEADER.size + _CHUNK.size)
        if len(start) < _HEADER.size + _CHUNK.size or start[:4] != b"glTF":
            raise InvalidInputError("This is not a GLB file.", path=path)
        _, version, total = _HEADER.unpack(start[: _HEADER.size])
        if version != 2:
            raise UnsupportedFormatError(f"GLB version {version} is not known; only 2 is read.", path=path)
        json_bytes, kind = _CHUNK.unpack(start[_HEADER.size :])
        if kind != b"JSON" or total > file_bytes or json_bytes > min(MAX_DOCUMENT_BYTES, file_bytes):
            raise InvalidInputError("The GLB header promises more than the file holds.", path=path)
        text = file.read(json_bytes)
        chunk = file.read(_CHUNK.size)
    data_start = len(start) + json_bytes + _CHUNK.size
    data_bytes = 0
    if len(chunk) == _CHUNK.size:
        data_bytes, kind = _CHUNK.unpack(chunk)
        if kind != b"BIN\0" or data_start + data_bytes > file_bytes:
            raise InvalidInputError("The GLB file's binary part is cut off.", path=path)
    try:
        document = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The glTF document inside the GLB is no JSON.", path=path) from error
    if not isinstance(document, dict) or not isinstance(document.get("nodes", []), list):
        raise InvalidInputError("The glTF document inside the GLB is none.", path=path)
    return GlbDocument(path, document, data_start, data_bytes)


def _is_size(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40


def _list(value: object, path: Path) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInputError("The glTF document holds something else where a list must be.", path=path)
    return value


def _node_matrix(node: Json, path: Path) -> NDArray[np.float64]:
    """(4, 4) parent from node."""
    from worldgen.frames import matrices_from_quats

    matrix = np.eye(4)
    if "matrix" in node:
        return _numbers(node["matrix"], 16, path).reshape(4, 4).T
    x, y, z, w = _numbers(node.get("rotation", [0.0, 0.0, 0.0, 1.0]), 4, path)
    length = float(np.sqrt(x * x + y * y + z * z + w * w))
    if not 1e-6 < length < 1e6:
        raise InvalidInputError("A glTF node has a rotation of length zero.", path=path)
    matrix[:3, :3] = matrices_from_quats(np.array([[w, x, y, z]]) / length)[0]
    matrix[:3, :3] *= _numbers(node.get("scale", [1.0, 1.0, 1.0]), 3, path)
    matrix[:3, 3] = _numbers(node.get("translation", [0.0, 0.0, 0.0]), 3, path)
    return matrix


def _numbers(values: object, count: int, path: Path) -> NDArray[np.float64]:
    if isinstance(values, list) and len(values) == count:
        if all(isinstance(value, int | float) and abs(value) <= 1e30 for value in values):
            return np.array(values, dtype=np.float64)
    raise InvalidInputError("A glTF node has a transform that is none.", path=path)
