"""Worlds made from pictures as GLB: each sheet a node with its picture, unlit, since the light is in the picture.

``KHR_materials_unlit`` is used, not required: readers without it shade the picture. The vertex attribute ``_SEEN`` is 1
where the source picture shows the surface and 0 where it was invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from worldgen.exporters.contract import ExportReport
from worldgen.exporters.glb_writer import GlbWriter
from worldgen.exporters.images import encode_jpeg
from worldgen.scene.textured_mesh import TexturedMesh

_JPEG_QUALITY = 95


def write_sheets_glb(sheets: Sequence[TexturedMesh], path: Path) -> ExportReport:
    """Write textured meshes in world, in the order given; sheets that share a texture array share its picture.

    Raises:
        ExportError: The file cannot be written, or would be larger than 4 GiB.
    """
    writer = GlbWriter(extras={"frame": "RUB", "unit": "metre"})
    writer.extensions_used.add("KHR_materials_unlit")
    materials: dict[int, int] = {}
    warnings = []
    for sheet in sheets:
        if not sheet.mesh.num_triangles:
            warnings.append(f"'{sheet.name}' has no triangles and was left out")
            continue
        # Frozen arrays are views; what they look at is the same where the texture is.
        address = sheet.texture.__array_interface__["data"][0]
        if address not in materials:
            materials[address] = _add_unlit(writer, sheet)
        primitive = writer.add_primitive(sheet.mesh, material=materials[address], marks={"_SEEN": sheet.is_seen})
        about = {"label": sheet.label, "seen_share": round(float(sheet.is_seen.mean()), 4)}
        writer.add_node(sheet.name, {"mesh": writer.add_mesh(sheet.name, [primitive]), "extras": about})
    num_bytes = writer.write(path, format_id="sheets_glb")
    return ExportReport(paths=(path,), num_bytes=num_bytes, warnings=tuple(warnings))


def _add_unlit(writer: GlbWriter, sheet: TexturedMesh) -> int:
    data = encode_jpeg(sheet.texture, quality=_JPEG_QUALITY)
    texture = writer.add_texture(f"T_{sheet.name}", data, "image/jpeg")
    writer.materials.append(
        {
            "name": f"M_{sheet.name}",
            # Whoever walks around a thing finds its back, not a hole: nothing else stands for it.
            "doubleSided": True,
            "pbrMetallicRoughness": {
                "baseColorTexture": {"index": texture},
                "metallicFactor": 0.0,
                "roughnessFactor": 1.0,
            },
            "extensions": {"KHR_materials_unlit": {}},
        }
    )
    return len(writer.materials) - 1
