"""The meshes of an engine package: land, props, colliders and navmesh as GLB, or as glTF with textures beside it.

Everything is in the world's frame; engines' importers turn it (see ``worldgen.exporters.engine_axes``). Bytes of
``scene.glb`` are passed on, never encoded anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from worldgen.exporters.engine_layout import collider_name
from worldgen.exporters.engine_package import Asset, ColliderShape, PlacedCollider, Placement, WorldPackage
from worldgen.exporters.glb_copy import MeshCopier, TextureFolder
from worldgen.exporters.glb_reader import GlbFile, open_glb
from worldgen.exporters.glb_writer import GlbWriter, Json, list_transform_properties

_EXTRAS: Json = {"frame": "RUB", "unit": "metre"}


def write_land(package: WorldPackage, path: Path, *, textures: TextureFolder | None = None) -> int:
    """Write what stands in the world once: ground, mountains, water, merged plants. Returns bytes written."""
    static = {asset.name for asset in package.assets if asset.is_static}
    return _write_placed(package, [item for item in package.placements if item.asset in static], path, textures)


def write_whole_scene(package: WorldPackage, path: Path) -> int:
    """Write everything that is seen, each thing as a node; instances share meshes. Returns bytes written."""
    return _write_placed(package, package.placements, path, None)


def write_props(
    package: WorldPackage,
    path: Path,
    *,
    textures: TextureFolder | None = None,
    with_colliders: bool = False,
    only: frozenset[str] | None = None,
) -> int:
    """Write every asset that may stand more than once, as a root node of its name at the origin.

    Its further levels of detail are root nodes beside it, ``<asset>_LOD1`` and so on.

    Args:
        package: The world.
        path: A ``.glb``, or a ``.gltf`` with ``textures``.
        textures: Where pictures go as files.
        with_colliders: Whether an asset's colliders come as sibling nodes ``UCX_<asset>_NN``, as Unreal wants them.
        only: Names of the assets to write; None writes all.

    Returns:
        Bytes written; 0, and no file, where the world has no such asset.
    """
    props = [asset for asset in package.assets if not asset.is_static and (only is None or asset.name in only)]
    if not props:
        return 0
    writer = GlbWriter(extras=dict(_EXTRAS))
    copier = MeshCopier(writer, package.scene, textures)
    for asset in props:
        for number, level in enumerate(asset.levels):
            extras = {"label": asset.label, "asset": asset.name, "lod": number}
            writer.add_node(level.name, {"mesh": copier.copy_mesh(level.mesh, level.name), "extras": extras})
    if with_colliders and package.collision is not None:
        _add_asset_colliders(writer, package.collision, props)
    return _write(writer, path)


def write_asset_colliders(package: WorldPackage, path: Path) -> int:
    """Write colliders for prefabs: those of each asset at the origin, those of the world in their place.

    Returns:
        Bytes written; 0, and no file, where the world has no collider.
    """
    if package.collision is None:
        return 0
    writer = GlbWriter(extras=dict(_EXTRAS))
    _add_asset_colliders(writer, package.collision, package.assets)
    alone = [collider for collider in package.colliders if not collider.asset]
    _add_placed_colliders(writer, package.collision, alone, lambda collider: "")
    return _write(writer, path) if writer.nodes else 0


def write_world_colliders(
    package: WorldPackage, path: Path, *, suffix: Callable[[PlacedCollider], str], with_triggers: bool = True
) -> int:
    """Write every collider in its place in the world, each of one surface.

    Args:
        package: The world.
        path: The ``.glb``.
        suffix: What to hang on to a collider's node name, such as Godot's "-colonly".
        with_triggers: Whether volumes that only tell who is inside come along.

    Returns:
        Bytes written; 0, and no file, where the world has no collider.
    """
    if package.collision is None or not package.colliders:
        return 0
    writer = GlbWriter(extras=dict(_EXTRAS))
    kept = [collider for collider in package.colliders if with_triggers or collider.shape.is_solid]
    _add_placed_colliders(writer, package.collision, kept, suffix)
    return _write(writer, path) if writer.nodes else 0


def write_navmesh(package: WorldPackage, path: Path, *, suffix: str = "") -> int:
    """Write the navmesh with ``suffix`` on its nodes' names; 0, and no file, where the world has none."""
    if package.navmesh is None:
        return 0
    source = open_glb(package.navmesh)
    writer = GlbWriter(extras=dict(_EXTRAS))
    copier = MeshCopier(writer, source)
    nodes = source.mesh_nodes()
    places = list_transform_properties([matrix for _, matrix in nodes])
    for (node, _), place in zip(nodes, places, strict=True):
        name = str(node.get("name", "navmesh"))
        mesh = copier.copy_mesh(node["mesh"], name)
        extras = {"extras": node["extras"]} if "extras" in node else {}
        _rename(writer, writer.add_node(name, {"mesh": mesh, **place, **extras}), suffix)
    return _write(writer, path)


def _write_placed(
    package: WorldPackage, placements: Sequence[Placement], path: Path, textures: TextureFolder | None
) -> int:
    writer = GlbWriter(extras=dict(_EXTRAS))
    copier = MeshCopier(writer, package.scene, textures)
    assets = {asset.name: asset for asset in package.assets}
    places = list_transform_properties([item.world_from_asset for item in placements])
    for item, place in zip(placements, places, strict=True):
        asset = assets[item.asset]
        extras = {"label": asset.label, "object_id": item.object_id, "spec_id": item.spec_id}
        level = asset.levels[item.level]
        mesh = copier.copy_mesh(level.mesh, level.name)
        writer.add_node(item.name, {"mesh": mesh, **place, "extras": extras})
    return _write(writer, path)


def _add_asset_colliders(writer: GlbWriter, collision: GlbFile, assets: Sequence[Asset]) -> None:
    copier = MeshCopier(writer, collision)
    for asset in assets:
        places = list_transform_properties([collider.asset_from_collider for collider in asset.colliders])
        for number, (collider, place) in enumerate(zip(asset.colliders, places, strict=True)):
            name = collider_name(asset.name, number)
            extras = {"asset": asset.name, **_told(collider.shape)}
            mesh = copier.copy_mesh(collider.shape.mesh, name, with_material=False, primitive=collider.shape.primitive)
            writer.add_node(name, {"mesh": mesh, **place, "extras": extras})


def _add_placed_colliders(
    writer: GlbWriter,
    collision: GlbFile,
    colliders: Sequence[PlacedCollider],
    suffix: Callable[[PlacedCollider], str],
) -> None:
    copier = MeshCopier(writer, collision)
    places = list_transform_properties([collider.world_from_collider for collider in colliders])
    for collider, place in zip(colliders, places, strict=True):
        shape = collider.shape
        document = collision.item("meshes", shape.mesh)
        name = str(document.get("name", f"COL_{shape.mesh}"))
        if len(document["primitives"]) > 1:
            name = f"{name}_{shape.surface}"
        mesh = copier.copy_mesh(shape.mesh, name, with_material=False, primitive=shape.primitive)
        node = writer.add_node(collider.name, {"mesh": mesh, **place, "extras": _told(shape)})
        _rename(writer, node, suffix(collider))


def _told(shape: ColliderShape) -> Json:
    extras: Json = {"kind": shape.kind, "surface": shape.surface}
    if shape.capsule:
        extras["capsule"] = {"base": shape.capsule[:3], "height": shape.capsule[3], "radius": shape.capsule[4]}
    return extras


def _rename(writer: GlbWriter, node: int, suffix: str) -> None:
    writer.nodes[node]["name"] += suffix


def _write(writer: GlbWriter, path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return writer.write_gltf(path) if path.suffix == ".gltf" else writer.write(path)
