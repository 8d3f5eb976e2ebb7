"""A scene as a glTF document: a node for every object, a mesh for every prototype, the textures that were rendered.

Objects of one spec entry hang below a node of its name. Instances share their prototype's mesh, of the level of detail
that was rendered; the other levels are meshes without a node, named ``_LOD0``, ``_LOD1`` and so on. The view from the
spawn is a camera, the sun or moon a light.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from worldgen.exporters.glb_materials import LIGHT_SCALE, GlbProfile, add_material
from worldgen.exporters.glb_merge import merge_small_plants
from worldgen.exporters.glb_writer import GlbWriter, Json, list_transform_properties, transform_properties
from worldgen.exporters.tangents import vertex_tangents
from worldgen.frames import look_at, quats_from_matrices, rigid, yaw_rotation
from worldgen.scene.material import Material
from worldgen.scene.scene import Part, Scene, SceneObject, Sky

_SPAWN_FIELD_OF_VIEW = math.radians(60.0)
_MIN_IRRADIANCE = 1e-6
_LAST_NUMBER = re.compile(r"[0-9]+$")


def add_scene(writer: GlbWriter, scene: Scene, profile: GlbProfile) -> tuple[list[str], list[str]]:
    """Put a scene into an empty document.

    Returns:
        What glTF cannot hold, and what the user should know, in words.
    """
    warnings: list[str] = []
    objects, tiles = merge_small_plants(scene, profile.max_nodes)
    if tiles:
        merged = sum(tile.num_objects for tile in tiles)
        warnings.append(f"{merged} small plants were merged into {len(tiles)} tiles to keep the number of nodes down")
    meshes: dict[str, list[int | None]] = {}
    materials = _MaterialTable(writer, scene.materials, profile)
    groups: dict[str, int] = {}
    places = list_transform_properties([item.world_from_object for item in objects])
    for item, place in zip(objects, places, strict=True):
        if item.prototype not in meshes:
            meshes[item.prototype] = _add_prototype(writer, scene, item, materials)
        mesh = meshes[item.prototype][item.lod]
        if mesh is None:
            warnings.append(f"'{item.object_id}' has no triangles and was left out")
            continue
        label = scene.label_of(item)
        extras = {"label": label, "object_id": item.object_id, "spec_id": item.spec_id}
        parent = _group(writer, groups, item.spec_id)
        writer.add_node(thing_name(label, item.object_id), {"mesh": mesh, **place, "extras": extras}, parent=parent)
    for tile in tiles:
        primitives = _add_parts(writer, tile.parts, materials)
        about = {"label": tile.label, "spec_id": tile.spec_id, "num_objects": tile.num_objects}
        node = {"mesh": writer.add_mesh(tile.name, primitives), "translation": list(tile.origin), "extras": about}
        writer.add_node(tile.name, node, parent=_group(writer, groups, tile.spec_id))
    _add_spawn(writer, scene)
    if profile.lights:
        _add_key_light(writer, scene.sky)
    writer.extras |= {"frame": "RUB", "unit": "metre", "spawn_yaw": scene.spawn_yaw, "eye_height_m": scene.eye_height_m}
    return _losses(scene, objects), warnings


class _MaterialTable:
    """Materials by name, added to the document when first used."""

    def __init__(self, writer: GlbWriter, materials: Mapping[str, Material], profile: GlbProfile) -> None:
        self._writer, self._materials, self._profile = writer, materials, profile
        self._indices: dict[str, int] = {}

    def index(self, name: str) -> int:
        if name not in self._indices:
            self._indices[name] = add_material(self._writer, self._materials[name], self._profile)
        return self._indices[name]

    def needs_tangents(self, name: str) -> bool:
        return self._materials[name].normal_texture is not None


def _add_prototype(writer: GlbWriter, scene: Scene, item: SceneObject, materials: _MaterialTable) -> list[int | None]:
    """Add all levels of detail, finest first; those that no node shows are there for engines to choose from."""
    prototype = scene.prototypes[item.prototype]
    name = thing_name(prototype.label, prototype.name)
    added: list[int | None] = []
    for number, parts in enumerate(prototype.lods):
        primitives = _add_parts(writer, parts, materials)
        full = f"{name}_LOD{number}" if len(prototype.lods) > 1 else name
        added.append(writer.add_mesh(full, primitives) if primitives else None)
    return added


def _add_parts(writer: GlbWriter, parts: Sequence[Part], materials: _MaterialTable) -> list[Json]:
    return [
        writer.add_primitive(
            part.mesh,
            material=materials.index(part.material),
            tangents=vertex_tangents(part.mesh) if materials.needs_tangents(part.material) else None,
        )
        for part in parts
        if part.mesh.num_triangles
    ]


def thing_name(label: str, name: str) -> str:
    """What engines call a thing or a mesh: ``SM_Conifer_pine_forest_0_039`` for the "conifer" ``pine_forest/0_39``.

    A name that begins with the label does not repeat it: ``cabin/3`` becomes ``SM_Cabin_003``.
    """
    title = "".join(word.capitalize() for word in label.split("_"))
    tail = name.removeprefix(label).lstrip("/_")
    tail = _LAST_NUMBER.sub(lambda match: match[0].zfill(3), tail)
    return f"SM_{title}_{tail}" if tail else f"SM_{title}"


def _group(writer: GlbWriter, groups: dict[str, int], spec_id: str) -> int:
    if spec_id not in groups:
        groups[spec_id] = writer.add_node(spec_id, {"extras": {"spec_id": spec_id}})
    return groups[spec_id]


def _add_spawn(writer: GlbWriter, scene: Scene) -> None:
    writer.cameras.append(
        {"name": "spawn_view", "type": "perspective", "perspective": {"yfov": _SPAWN_FIELD_OF_VIEW, "znear": 0.05}}
    )
    pose = rigid(yaw_rotation(scene.spawn_yaw), np.array([0.0, scene.eye_height_m, 0.0]))
    writer.add_node("spawn_view", {"camera": len(writer.cameras) - 1, **transform_properties(pose)})


def _add_key_light(writer: GlbWriter, sky: Sky) -> None:
    brightest = max(sky.key_irradiance)
    if brightest < _MIN_IRRADIANCE:
        return
    writer.extensions_used.add("KHR_lights_punctual")
    writer.lights.append(
        {
            "name": "key_light",
            "type": "directional",
            "color": [round(channel / brightest, 6) for channel in sky.key_irradiance],
            "intensity": round(brightest * LIGHT_SCALE, 6),
        }
    )
    # A light shines along its own -Z, so its +Z points to where the light comes from.
    rotation = look_at(sky.key_direction_in_world, np.zeros(3))[:3, :3]
    w, x, y, z = (round(float(value), 8) for value in quats_from_matrices(rotation[None])[0])
    extras = {"irradiance": list(sky.key_irradiance), "angular_radius": sky.key_angular_radius}
    light = {"KHR_lights_punctual": {"light": 0}}
    writer.add_node("key_light", {"rotation": [x, y, z, w], "extensions": light, "extras": extras})


def _losses(scene: Scene, objects: Sequence[SceneObject]) -> list[str]:
    losses = ["the sky and the fog"]
    used = {part.material for item in objects for part in scene.prototypes[item.prototype].lods[item.lod]}
    kinds = Counter(scene.materials[name].kind for name in used)
    if any(scene.materials[name].translucency > 0.0 for name in used):
        losses.append("light that shines through leaves")
    if kinds["water"] or kinds["glass"]:
        losses.append("transparency of water and glass (they are smooth and opaque)")
    return losses
