"""The meshes of a world made from a picture, back from its GLB. Nothing in the file is trusted."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, WorldgenError
from worldgen.exporters.glb_meshes import read_parts
from worldgen.exporters.glb_reader import GlbFile, open_glb
from worldgen.scene.textured_mesh import TexturedMesh

MAX_SHEETS = 64
MAX_TEXTURE_PX = 16_384


def read_sheets_glb(path: Path) -> tuple[TexturedMesh, ...]:
    """Read textured meshes as :func:`worldgen.exporters.sheets_glb.write_sheets_glb` writes them.

    Raises:
        InvalidInputError: The file is damaged, or holds meshes without a picture.
        UnsupportedFormatError: It is no GLB that is read.
    """
    file = open_glb(path)
    try:
        nodes = file.mesh_nodes()
        if len(nodes) > MAX_SHEETS:
            raise file.damaged(f"it holds {len(nodes)} meshes; a world from a picture has {MAX_SHEETS} at most")
        textures: dict[int, NDArray[np.uint8]] = {}
        return tuple(
            _sheet(file, node["mesh"], str(node.get("name", "")), node.get("extras", {}), textures) for node, _ in nodes
        )
    except WorldgenError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError) as error:
        raise InvalidInputError("The GLB file is damaged: its parts do not fit each other.", path=path) from error


def _sheet(
    file: GlbFile, mesh: int, name: str, extras: dict[str, object], textures: dict[int, NDArray[np.uint8]]
) -> TexturedMesh:
    parts = read_parts(file, mesh)
    if len(parts) != 1 or parts[0].material is None or parts[0].mesh.uvs is None:
        raise file.damaged(f"the mesh '{name}' has no single picture")
    part = parts[0]
    assert part.material is not None  # checked above
    pbr = file.item("materials", part.material)["pbrMetallicRoughness"]
    texture = pbr["baseColorTexture"]["index"]
    if texture not in textures:
        textures[texture] = _picture(file, texture)
    attributes = file.item("meshes", mesh)["primitives"][0]["attributes"]
    seen = np.ones(part.mesh.num_vertices, dtype=np.float32)
    if "_SEEN" in attributes:
        seen = np.ascontiguousarray(file.array(attributes["_SEEN"])[:, 0].astype(np.float32))
    return TexturedMesh(
        name=name, label=str(extras.get("label", "surface")), mesh=part.mesh, texture=textures[texture], is_seen=seen
    )


def _picture(file: GlbFile, texture: int) -> NDArray[np.uint8]:
    from PIL import Image

    data, _ = file.image_bytes(file.item("textures", texture).get("source"))
    try:
        with Image.open(io.BytesIO(bytes(data)), formats=("PNG", "JPEG")) as image:
            if max(image.size) > MAX_TEXTURE_PX:
                raise file.damaged(f"a texture has {image.width}x{image.height} pixels")
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise file.damaged("a texture cannot be decoded") from error
