"""A GLB compressed for the web: ``EXT_meshopt_compression`` by meshoptimizer's codec (the package ``meshopt``).

Positions and UVs keep 16 bits of mantissa (2 mm at 128 m), normals and tangents 8 bits a component in octahedral form,
so ``KHR_mesh_quantization`` is needed too; colours, indices and marks are kept to the bit. Pictures pass as they are.
Values depend on a vertex alone: what met before still meets.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.exporters.glb_reader import GlbFile, open_glb
from worldgen.exporters.glb_writer import Json
from worldgen.storage import write_bytes

EXTENSION = "EXT_meshopt_compression"

_QUANTIZATION = "KHR_mesh_quantization"
_MANTISSA_BITS = 16
_DIRECTION_BITS = 8
_BYTE = 5120
_HEADER = struct.Struct("<4sII")
_CHUNK = struct.Struct("<I4s")


def can_compress() -> bool:
    """Whether the codec is installed (the extra ``web``)."""
    return importlib.util.find_spec("meshopt") is not None


@dataclass(slots=True)
class _Binary:
    """Two buffers: what is in the file, and what it unpacks to."""

    parts: list[bytes] = field(default_factory=list)
    num_bytes: int = 0
    unpacked_bytes: int = 0

    def add(self, data: bytes) -> int:
        """Append bytes, aligned to four; returns where they begin."""
        start = self.num_bytes
        self.parts.append(data + bytes(-len(data) % 4))
        self.num_bytes += len(self.parts[-1])
        return start

    def reserve(self, num_bytes: int) -> int:
        """Room in the unpacked buffer; returns where it begins."""
        start = self.unpacked_bytes
        self.unpacked_bytes += num_bytes + -num_bytes % 4
        return start


def compress_glb(source: Path, target: Path) -> int:
    """Compress a GLB whose accessors have buffer views of their own, as worldgen writes them; returns bytes written.

    Raises:
        WorldgenError: The source is damaged, or the target cannot be written.
    """
    file = open_glb(source)
    document = copy.deepcopy(file.document)
    binary = _Binary()
    roles = _roles(file)
    owners = {accessor["bufferView"]: index for index, accessor in enumerate(file.items("accessors"))}
    views = []
    for index, view in enumerate(file.items("bufferViews")):
        accessor = owners.get(index)
        if accessor in roles:
            views.append(_compressed(file, document["accessors"][accessor], accessor, roles[accessor], binary))
            if "target" in view:
                views[-1]["target"] = view["target"]
        else:
            data = bytes(file.view_bytes(index))
            views.append({**view, "buffer": 0, "byteOffset": binary.add(data)})
    document["bufferViews"] = views
    document["buffers"] = [
        {"byteLength": binary.num_bytes},
        {"byteLength": max(binary.unpacked_bytes, 1), "extensions": {EXTENSION: {"fallback": True}}},
    ]
    for name in ("extensionsUsed", "extensionsRequired"):
        document[name] = sorted({*document.get(name, []), EXTENSION, _QUANTIZATION})
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")
    text += b" " * (-len(text) % 4)
    size = _HEADER.size + 2 * _CHUNK.size + len(text) + binary.num_bytes
    head = [_HEADER.pack(b"glTF", 2, size), _CHUNK.pack(len(text), b"JSON"), text]
    return write_bytes(target, b"".join([*head, _CHUNK.pack(binary.num_bytes, b"BIN\0"), *binary.parts]))


def _roles(file: GlbFile) -> dict[int, str]:
    """What each accessor is used for: a vertex attribute's name without its number, or "indices"."""
    roles: dict[int, str] = {}
    for mesh in file.items("meshes"):
        for primitive in mesh.get("primitives", []):
            for name, index in primitive.get("attributes", {}).items():
                roles[index] = name.rstrip("0123456789").rstrip("_") or name
            if "indices" in primitive:
                roles[primitive["indices"]] = "indices"
    return roles


def _compressed(file: GlbFile, accessor: Json, index: int, role: str, binary: _Binary) -> Json:
    """Compress an accessor's values into the file; returns its buffer view and brings the accessor up to date."""
    import meshopt

    values = file.raw_array(index)
    accessor.pop("byteOffset", None)
    if role == "indices":
        data = meshopt.encode_gltf_buffer(values.ravel().astype(np.uint32), "TRIANGLES")
        return _view(binary, data, count=len(values), stride=values.itemsize, mode="TRIANGLES")
    rows, name = _rows(accessor, values, role)
    data = meshopt.encode_gltf_buffer(rows, "ATTRIBUTES")
    if role == "POSITION":
        unpacked = meshopt.decode_gltf_buffer(data, len(rows), rows.shape[1], "ATTRIBUTES", "EXPONENTIAL")
        places = np.ascontiguousarray(unpacked).view(np.float32)
        accessor["min"] = [float(value) for value in places.min(axis=0)]
        accessor["max"] = [float(value) for value in places.max(axis=0)]
    return _view(binary, data, count=len(rows), stride=rows.shape[1], mode="ATTRIBUTES", filter_name=name)


def _rows(accessor: Json, values: NDArray[Any], role: str) -> tuple[NDArray[np.uint8], str]:
    """(N, stride) bytes that the codec packs, and the filter that undoes what was done to them."""
    import meshopt

    if role in ("POSITION", "TEXCOORD") and values.dtype.kind == "f":
        return meshopt.encode_filter_exp(values, _MANTISSA_BITS, "Separate"), "EXPONENTIAL"
    if role in ("NORMAL", "TANGENT") and values.dtype.kind == "f":
        four = np.zeros((len(values), 4), dtype=np.float32)
        four[:, : values.shape[1]] = values
        accessor["componentType"], accessor["normalized"] = _BYTE, True
        return meshopt.encode_filter_oct(four, 4, _DIRECTION_BITS), "OCTAHEDRAL"
    rows = values.view(np.uint8).reshape(len(values), -1)
    padding = -rows.shape[1] % 4
    return np.pad(rows, ((0, 0), (0, padding))) if padding else rows, "NONE"


def _view(binary: _Binary, data: bytes, *, count: int, stride: int, mode: str, filter_name: str = "NONE") -> Json:
    packed: Json = {
        "buffer": 0,
        "byteOffset": binary.add(data),
        "byteLength": len(data),
        "byteStride": stride,
        "mode": mode,
        "count": count,
    }
    if filter_name != "NONE":
        packed["filter"] = filter_name
    view: Json = {"buffer": 1, "byteOffset": binary.reserve(count * stride), "byteLength": count * stride}
    if mode == "ATTRIBUTES":
        view["byteStride"] = stride
    return {**view, "extensions": {EXTENSION: packed}}
