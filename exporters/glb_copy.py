"""Meshes out of one GLB into another document: bytes are passed on as they are, shared parts are copied once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worldgen.exporters.glb_reader import GlbFile
from worldgen.exporters.glb_writer import GlbWriter, Json
from worldgen.storage import write_bytes

_VERTICES, _INDICES = 34962, 34963
_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg"}
_TEXTURE_SLOTS = ("normalTexture", "occlusionTexture", "emissiveTexture")
_PBR_SLOTS = ("baseColorTexture", "metallicRoughnessTexture")


@dataclass(slots=True)
class TextureFolder:
    """Pictures as files that several documents share; written once, named after the picture.

    ``uri_prefix`` leads from the documents to the folder.
    """

    folder: Path
    uri_prefix: str
    written: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, data: bytes, mime_type: str) -> str:
        """Write a picture if it is new; returns its URI."""
        file_name = f"{name}{_SUFFIXES[mime_type]}"
        number = 2
        while file_name in self.written and self.written[file_name] != data:
            file_name, number = f"{name}_{number}{_SUFFIXES[mime_type]}", number + 1
        if file_name not in self.written:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_bytes(self.folder / file_name, data, format_id="gltf")
            self.written[file_name] = data
        return self.uri_prefix + file_name


@dataclass(slots=True)
class MeshCopier:
    """Copies meshes with their materials and pictures from a file into a growing document."""

    writer: GlbWriter
    source: GlbFile
    textures: TextureFolder | None = None
    """Where pictures go as files; None puts them into the document."""
    picture: Callable[[int], tuple[bytes | memoryview, str]] | None = None
    """Gives the bytes and MIME type of the source's pictures; None takes them as they are."""
    _accessors: dict[int, int] = field(default_factory=dict)
    _materials: dict[tuple[int, int | None], int] = field(default_factory=dict)
    _textures: dict[int, int] = field(default_factory=dict)
    _meshes: dict[tuple[int, str, int | None], int] = field(default_factory=dict)

    def copy_mesh(
        self,
        index: int,
        name: str,
        *,
        with_material: bool = True,
        primitive: int | None = None,
        lightmap: bool = False,
    ) -> int:
        """Copy a mesh under a name, unless that was done before; returns its index.

        Args:
            index: The mesh in the source.
            name: Its new name.
            with_material: Whether colours, UVs and material come along; colliders need none.
            primitive: The only one to take; None takes all.
            lightmap: Whether the first set of UVs serves as the second one too.
        """
        key = (index, name, primitive)
        if key not in self._meshes:
            mesh = self.source.item("meshes", index)
            chosen = mesh.get("primitives", [])[slice(None) if primitive is None else slice(primitive, primitive + 1)]
            primitives = [self._copy_primitive(each, with_material) for each in chosen]
            for each in primitives if lightmap else ():
                uvs = each["attributes"].get("TEXCOORD_0")
                if uvs is not None:
                    each["attributes"].setdefault("TEXCOORD_1", uvs)
            if not primitives:
                raise self.source.damaged(f"mesh {index} has no primitives")
            self._meshes[key] = self.writer.add_mesh(name, primitives)
        return self._meshes[key]

    def _copy_primitive(self, primitive: Json, with_material: bool) -> Json:
        if primitive.get("mode", 4) != 4:
            raise self.source.damaged("a mesh does not consist of triangles")
        kept = {
            name: self._copy_accessor(index, _VERTICES)
            for name, index in primitive.get("attributes", {}).items()
            if with_material or name in ("POSITION", "NORMAL")
        }
        copied: Json = {"attributes": kept}
        if "indices" in primitive:
            copied["indices"] = self._copy_accessor(primitive["indices"], _INDICES)
        if with_material and "material" in primitive:
            copied["material"] = self.copy_material(primitive["material"])
        return copied

    def _copy_accessor(self, index: int, target: int) -> int:
        if index not in self._accessors:
            values = self.source.raw_array(index)
            accessor = {
                key: value
                for key, value in self.source.item("accessors", index).items()
                if key in ("componentType", "count", "type", "normalized", "min", "max")
            }
            data = values.reshape(-1).data.cast("B")
            self._accessors[index] = self.writer.add_encoded_accessor(accessor, data, target=target)
        return self._accessors[index]

    def copy_material(self, index: int, *, occlusion: int | None = None, suffix: str = "") -> int:
        """Copy a material with its pictures, unless that was done before; returns its index.

        Args:
            index: The material in the source.
            occlusion: A texture of the new document to add, read by the second set of UVs, unless the material has
                occlusion of its own.
            suffix: What to hang on to the material's name then.
        """
        if "occlusionTexture" in self.source.item("materials", index):
            occlusion = None
        if (index, occlusion) not in self._materials:
            material = copy.deepcopy(self.source.item("materials", index))
            pbr = material.get("pbrMetallicRoughness", {})
            for holder, slots in ((material, _TEXTURE_SLOTS), (pbr, _PBR_SLOTS)):
                for slot in slots:
                    if slot in holder:
                        holder[slot]["index"] = self._copy_texture(holder[slot]["index"])
            if occlusion is not None:
                material["name"] = f"{material.get('name', index)}{suffix}"
                material["occlusionTexture"] = {"index": occlusion, "texCoord": 1}
            self.writer.extensions_used.update(_extensions(material))
            self.writer.materials.append(material)
            self._materials[index, occlusion] = len(self.writer.materials) - 1
        return self._materials[index, occlusion]

    def _copy_texture(self, index: int) -> int:
        if index not in self._textures:
            source: Any = self.source.item("textures", index).get("source")
            data, mime_type = self.source.image_bytes(source) if self.picture is None else self.picture(source)
            name = str(self.source.item("images", source).get("name") or f"T_{source}")
            if mime_type not in _SUFFIXES:
                raise self.source.damaged(f"picture {source} is neither PNG nor JPEG")
            self._textures[index] = (
                self.writer.add_texture(name, data, mime_type)
                if self.textures is None
                else self.writer.add_texture_file(name, self.textures.add(name, bytes(data), mime_type))
            )
        return self._textures[index]


def _extensions(value: Any) -> set[str]:
    """Names of all extensions that are used anywhere in a part of a document."""
    found: set[str] = set()
    if isinstance(value, Mapping):
        found.update(value.get("extensions", {}))
        for inner in value.values():
            found |= _extensions(inner)
    elif isinstance(value, list):
        for inner in value:
            found |= _extensions(inner)
    return found
