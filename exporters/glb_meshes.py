"""Meshes of a GLB file as the scene's own types, with the colours that their materials give them."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from worldgen.color import linear_from_srgb
from worldgen.exporters.glb_reader import GlbFile
from worldgen.scene.triangle_mesh import TriangleMesh

_THUMBNAIL_PX = 64


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MeshPart:
    """A primitive: its mesh, its material's index in the file (None without one) and whether that has a normal map."""

    mesh: TriangleMesh
    material: int | None
    has_normal_map: bool


def read_parts(file: GlbFile, mesh: int) -> list[MeshPart]:
    """The primitives of a mesh that have triangles.

    Raises:
        InvalidInputError: They are no triangles with normals, or the file is damaged.
    """
    parts = []
    for primitive in file.item("meshes", mesh).get("primitives", []):
        attributes = primitive.get("attributes", {})
        if primitive.get("mode", 4) != 4 or not {"POSITION", "NORMAL"} <= set(attributes) or "indices" not in primitive:
            raise file.damaged(f"mesh {mesh} does not consist of indexed triangles with normals")
        triangles = file.raw_array(primitive["indices"]).astype(np.int32)
        if len(triangles) < 3:
            continue
        uvs = None
        if "TEXCOORD_0" in attributes:
            uvs = file.array(attributes["TEXCOORD_0"]).astype(np.float32)
            uvs = np.stack([uvs[:, 0], np.float32(1.0) - uvs[:, 1]], axis=1)
        colors = None
        if "COLOR_0" in attributes:
            colors = np.ascontiguousarray(file.array(attributes["COLOR_0"])[:, :3].astype(np.float32))
        material = primitive.get("material")
        parts.append(
            MeshPart(
                mesh=TriangleMesh(
                    vertices=file.array(attributes["POSITION"]),
                    triangles=triangles[: len(triangles) // 3 * 3].reshape(-1, 3),
                    normals=file.array(attributes["NORMAL"]),
                    uvs=uvs,
                    colors=colors,
                ),
                material=material,
                has_normal_map=material is not None and "normalTexture" in file.item("materials", material),
            )
        )
    return parts


@dataclass(slots=True)
class ColorReader:
    """Tells what colour triangles have without light; pictures are decoded once and kept small."""

    file: GlbFile
    _thumbnails: dict[int, NDArray[np.float32]] = field(default_factory=dict)

    def triangle_colors(self, part: MeshPart) -> NDArray[np.float32]:
        """(T, 3) linear base colours at the middles of a part's triangles."""
        mesh = part.mesh
        colors = np.ones((mesh.num_triangles, 3), dtype=np.float32)
        if part.material is not None:
            pbr = self.file.item("materials", part.material).get("pbrMetallicRoughness", {})
            colors *= np.array(pbr.get("baseColorFactor", (1.0, 1.0, 1.0, 1.0)), dtype=np.float32)[:3]
            if "baseColorTexture" in pbr and mesh.uvs is not None:
                picture = self._thumbnail(pbr["baseColorTexture"]["index"])
                middles = mesh.uvs[mesh.triangles].mean(axis=1)
                rows = np.floor((1.0 - middles[:, 1]) % 1.0 * len(picture)).astype(np.int64) % len(picture)
                columns = np.floor(middles[:, 0] % 1.0 * picture.shape[1]).astype(np.int64) % picture.shape[1]
                colors *= picture[rows, columns]
        if mesh.colors is not None:
            colors *= mesh.colors[mesh.triangles].mean(axis=1)
        return np.clip(colors, 0.0, 1.0)

    def _thumbnail(self, texture: int) -> NDArray[np.float32]:
        if texture not in self._thumbnails:
            from PIL import Image

            data, _ = self.file.image_bytes(self.file.item("textures", texture).get("source"))
            try:
                with Image.open(io.BytesIO(bytes(data)), formats=("PNG", "JPEG")) as image:
                    small = image.convert("RGB").resize((_THUMBNAIL_PX, _THUMBNAIL_PX), Image.Resampling.BOX)
            except (OSError, SyntaxError, Image.DecompressionBombError) as error:
                raise self.file.damaged("a texture cannot be decoded") from error
            self._thumbnails[texture] = linear_from_srgb(np.asarray(small, dtype=np.float32) / np.float32(255.0))
        return self._thumbnails[texture]
