"""What an engine package is made from: everything of a world folder in one typed description, in the world's frame.

Assets are meshes of ``scene.glb`` that stand in the world once (land, water, merged plants) or often; colliders are
meshes of ``collision.glb`` that belong to an asset or to the world. Each engine's writer turns this description into
its own frame by ``worldgen.exporters.engine_axes`` and ``worldgen.frames``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.exporters.gaussian_ply import read_gaussian_ply
from worldgen.exporters.glb_reader import GlbFile, open_glb
from worldgen.exporters.glb_writer import Json, NameTable
from worldgen.exporters.light_json import read_light_json
from worldgen.manifest import Manifest, NavigationSummary, Spawn, WalkRangeSummary
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.labels import LABEL_INDEX, LABELS
from worldgen.scene.light_rig import LightRig
from worldgen.scene.terrain_maps import TerrainMaps
from worldgen.storage import path_inside

FloatArray = NDArray[np.float64]

_STATIC_GROUPS = ("land", "water")
_TITLE_WORDS = 3
_TITLE_LETTERS = 28
_WORD = re.compile(r"[A-Za-z0-9]+")
_ARTICLES = frozenset({"a", "an", "the", "some", "of", "and", "with", "in", "on", "by", "at", "near"})
_LEVEL = re.compile(r"(.+)_(?:LOD|lod)([0-9]{1,2})")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ColliderShape:
    """A primitive of the collision file: all of one surface.

    ``capsule`` is (base x, y, z, height of the axis, radius) of a "capsule", and ``minimum`` and ``maximum`` are the
    bounds; all in its own frame, metres.
    """

    mesh: int
    primitive: int
    kind: str
    surface: str
    minimum: tuple[float, float, float]
    maximum: tuple[float, float, float]
    capsule: tuple[float, ...] = ()

    @property
    def is_convex(self) -> bool:
        """Whether physics may take it as the convex hull of its points."""
        return self.kind in ("hull", "capsule", "trigger", "blocking")

    @property
    def is_solid(self) -> bool:
        """Whether things bump into it; a trigger only tells what is inside."""
        return self.kind != "trigger"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AssetCollider:
    """A collider in its place on an asset; ``asset_from_collider`` is (4, 4)."""

    shape: ColliderShape
    asset_from_collider: FloatArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AssetLevel:
    """A level of detail: a mesh of the scene file. ``kind`` tells how it was made: "built", "decimated", "cards"."""

    name: str
    mesh: int
    num_triangles: int
    kind: str = "built"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Asset:
    """A thing that may stand in the world; ``is_static`` ones stand once, with their place in their vertices or node.

    ``levels`` are its levels of detail, finest first, named after it; ``minimum`` and ``maximum`` are the bounds of the
    finest in its own frame, metres.
    """

    name: str
    label: str
    levels: tuple[AssetLevel, ...]
    is_static: bool
    minimum: tuple[float, float, float]
    maximum: tuple[float, float, float]
    colliders: tuple[AssetCollider, ...] = ()

    @property
    def mesh(self) -> int:
        """The finest level's mesh."""
        return self.levels[0].mesh

    @property
    def num_triangles(self) -> int:
        """The finest level's triangles."""
        return self.levels[0].num_triangles

    @property
    def group(self) -> str:
        """Group of its label, such as "vegetation"; "land" for labels that the table lacks."""
        return LABELS[LABEL_INDEX[self.label]].group if self.label in LABEL_INDEX else "land"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Placement:
    """An asset in its place; ``world_from_asset`` is (4, 4): rotation, uniform scale, translation.

    ``level`` is the level of detail that the world was rendered with: right where an engine knows only one.
    """

    name: str
    object_id: str
    spec_id: str
    asset: str
    world_from_asset: FloatArray
    level: int = 0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlacedCollider:
    """A collider in its place in the world; ``asset`` is "" where it belongs to no asset."""

    name: str
    shape: ColliderShape
    asset: str
    world_from_collider: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TerrainSource:
    """The land of a built world: half the side of its playable square, its spacing, and maps at any size."""

    half_size_m: float
    spacing_m: float
    sample: Callable[[int], TerrainMaps]


@dataclass(frozen=True, eq=False, kw_only=True)
class WorldPackage:
    """All that an engine package is written from, in the world frame (RUB, metres)."""

    name: str
    """Short ASCII name of the world for files and assets."""
    folder: Path
    scene: GlbFile
    collision: GlbFile | None
    navmesh: Path | None
    sky: Path | None
    spz: Path | None
    ply: Path | None
    assets: tuple[Asset, ...]
    placements: tuple[Placement, ...]
    colliders: tuple[PlacedCollider, ...]
    spawn: Spawn
    walk_range: WalkRangeSummary | None
    light: LightRig | None
    navigation: NavigationSummary | None
    terrain: TerrainSource | None
    prompt: str

    @property
    def holds_pictures(self) -> bool:
        """Whether its meshes carry pictures with their light, ready to be looked at as they are."""
        return self.light is None or not self.light.has_delit_base_colors

    @cached_property
    def splats(self) -> GaussianCloud | None:
        """The world's splats, read once for all engines."""
        return None if self.ply is None else read_gaussian_ply(self.ply)


def load_world_package(folder: Path, manifest: Manifest, *, terrain: TerrainSource | None = None) -> WorldPackage:
    """Read what a world folder holds for engines.

    Args:
        folder: The world.
        manifest: Its manifest.
        terrain: The land, where the world was built.

    Raises:
        InvalidInputError: The world has no mesh, or a file is missing or damaged.
    """

    def path_of(role: str, format_id: str | None = None) -> Path | None:
        for file in manifest.files:
            if file.role == role and format_id in (None, file.format) and not file.path.startswith("engines/"):
                path = path_inside(folder, file.path)
                if not path.is_file():
                    raise InvalidInputError(f"The world's {role} is missing.", path=path)
                return path
        return None

    scene_path, collision_path, light_path = path_of("scene"), path_of("collision"), path_of("light")
    if scene_path is None:
        raise InvalidInputError("This world has no scene.glb, which engine packages are made from.", path=folder)
    scene = open_glb(scene_path)
    collision = None if collision_path is None else open_glb(collision_path)
    assets, placements = _read_scene(scene)
    colliders = [] if collision is None else _read_colliders(collision, placements)
    return WorldPackage(
        name=title_of(manifest.source.prompt),
        folder=folder,
        scene=scene,
        collision=collision,
        navmesh=path_of("navmesh", "glb") or path_of("navmesh"),
        sky=path_of("sky"),
        spz=path_of("splats", "spz"),
        ply=path_of("splats", "gaussian_ply"),
        assets=tuple(_with_colliders(assets, placements, colliders)),
        placements=tuple(placements),
        colliders=tuple(colliders),
        spawn=manifest.spawn,
        walk_range=manifest.walk_range,
        light=None if light_path is None else read_light_json(light_path),
        navigation=manifest.navigation,
        terrain=terrain,
        prompt=manifest.source.prompt,
    )


def title_of(prompt: str) -> str:
    """A short name for a world: the first words of its prompt that mean something, joined; "World" without any."""
    words = [word.capitalize() for word in _WORD.findall(prompt) if word.lower() not in _ARTICLES]
    title = ""
    for word in words[:_TITLE_WORDS]:
        if len(title) + len(word) > _TITLE_LETTERS:
            break
        title += word
    return title if title[:1].isalpha() else f"World{title}"


def _read_scene(scene: GlbFile) -> tuple[list[Asset], list[Placement]]:
    names = NameTable()
    placed = NameTable()
    families = _families(scene)
    assets: dict[str, Asset] = {}
    placements = []
    for node, world_from_node in scene.mesh_nodes():
        extras = _extras(node)
        label, object_id = str(extras.get("label", "")), str(extras.get("object_id", ""))
        family, level = families[node["mesh"]]
        if family.name not in assets:
            group = LABELS[LABEL_INDEX[label]].group if label in LABEL_INDEX else "land"
            is_static = not object_id or group in _STATIC_GROUPS
            assets[family.name] = _asset(scene, family, label, is_static=is_static, names=names)
        asset = assets[family.name]
        placements.append(
            Placement(
                # Engines name a thing that stands alone after its mesh or after its node: let both be the same.
                name=placed.unique(asset.name if asset.is_static else str(node.get("name", "object"))),
                object_id=object_id,
                spec_id=str(extras.get("spec_id", "")),
                asset=asset.name,
                world_from_asset=_uniform(scene, world_from_node),
                level=level,
            )
        )
    if not placements:
        raise scene.damaged("it shows nothing")
    return list(assets.values()), placements


@dataclass(frozen=True, slots=True)
class _Family:
    """Meshes that show one thing, finest first."""

    name: str
    meshes: tuple[int, ...]


def _families(scene: GlbFile) -> dict[int, tuple[_Family, int]]:
    """The family and the level of every mesh; levels are told by names that end on ``_LOD0``, ``_LOD1`` and so on."""
    levels: dict[str, dict[int, int]] = {}
    for index, mesh in enumerate(scene.items("meshes")):
        name = str(mesh.get("name", f"mesh_{index}"))
        match = _LEVEL.fullmatch(name)
        levels.setdefault(match[1] if match else name, {})[int(match[2]) if match else 0] = index
    found = {}
    for name, numbered in levels.items():
        family = _Family(name, tuple(numbered[number] for number in sorted(numbered)))
        found.update({mesh: (family, level) for level, mesh in enumerate(family.meshes)})
    return found


def _asset(scene: GlbFile, family: _Family, label: str, *, is_static: bool, names: NameTable) -> Asset:
    name = names.unique(family.name if family.name.startswith("SM_") else f"SM_{family.name}")
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    levels = []
    for number, index in enumerate(family.meshes):
        triangles = 0
        for primitive in scene.item("meshes", index).get("primitives", []):
            position = scene.item("accessors", primitive.get("attributes", {}).get("POSITION"))
            counted = scene.item("accessors", primitive["indices"]) if "indices" in primitive else position
            triangles += counted.get("count", 0) // 3
            if number == 0:
                low = np.minimum(low, position.get("min", np.zeros(3)))
                high = np.maximum(high, position.get("max", np.zeros(3)))
        levels.append(AssetLevel(name=level_name(name, number), mesh=index, num_triangles=triangles))
    return Asset(
        name=name, label=label, levels=tuple(levels), is_static=is_static, minimum=_triple(low), maximum=_triple(high)
    )


def level_name(asset: str, number: int) -> str:
    """Name of a level's mesh: the finest is called like the asset, so that colliders' names fit it."""
    return f"{asset}_LOD{number}" if number else asset


def _read_colliders(collision: GlbFile, placements: list[Placement]) -> list[PlacedCollider]:
    asset_of = {item.object_id: item.asset for item in placements if item.object_id}
    names = NameTable()
    found = []
    shapes: dict[tuple[int, str], list[ColliderShape]] = {}
    for node, world_from_node in collision.mesh_nodes():
        extras = _extras(node)
        key = (node["mesh"], str(extras.get("kind", "ground")))
        if key not in shapes:
            shapes[key] = _shapes(collision, *key, extras)
        wanted = str(node.get("name", "COL"))
        for shape in shapes[key]:
            found.append(
                PlacedCollider(
                    name=names.unique(wanted if len(shapes[key]) == 1 else f"{wanted}_{shape.surface}"),
                    shape=shape,
                    asset=asset_of.get(str(extras.get("object_id", "")), ""),
                    world_from_collider=_uniform(collision, world_from_node),
                )
            )
    return found


def _shapes(collision: GlbFile, mesh: int, kind: str, extras: Json) -> list[ColliderShape]:
    """The primitives of a mesh: engines know one surface for each collider, so each becomes one."""
    shapes = []
    for number, primitive in enumerate(collision.item("meshes", mesh).get("primitives", [])):
        surface = str(extras.get("surface", ""))
        if "material" in primitive:
            told = _extras(collision.item("materials", primitive["material"]))
            surface = str(told.get("surface", surface))
        position = collision.item("accessors", primitive.get("attributes", {}).get("POSITION"))
        shapes.append(
            ColliderShape(
                mesh=mesh,
                primitive=number,
                kind=kind,
                surface=surface,
                minimum=_triple(np.array(position.get("min", np.zeros(3)), dtype=np.float64)),
                maximum=_triple(np.array(position.get("max", np.zeros(3)), dtype=np.float64)),
                capsule=_capsule(collision, extras) if kind == "capsule" else (),
            )
        )
    return shapes


def _capsule(collision: GlbFile, extras: Json) -> tuple[float, ...]:
    told = extras.get("capsule")
    if told is None:
        return ()
    try:
        values = (*map(float, told["base"]), float(told["height"]), float(told["radius"]))
    except (TypeError, ValueError, KeyError) as error:
        raise collision.damaged("a capsule has no shape") from error
    if len(values) != 5 or not np.isfinite(values).all() or values[3] < 0.0 or values[4] <= 0.0:
        raise collision.damaged("a capsule has no shape")
    return values


def _with_colliders(assets: list[Asset], placements: list[Placement], colliders: list[PlacedCollider]) -> list[Asset]:
    """Give each asset the colliders of the first of its instances that has any: all instances share them."""
    by_place: dict[tuple[str, bytes], list[PlacedCollider]] = {}
    for collider in colliders:
        key = (collider.asset, np.round(collider.world_from_collider[:3, 3], 4).tobytes())
        by_place.setdefault(key, []).append(collider)
    shared: dict[str, tuple[AssetCollider, ...]] = {}
    for item in placements:
        key = (item.asset, np.round(item.world_from_asset[:3, 3], 4).tobytes())
        if item.asset in shared or key not in by_place:
            continue
        asset_from_world = np.linalg.inv(item.world_from_asset)
        shared[item.asset] = tuple(
            AssetCollider(
                shape=collider.shape,
                asset_from_collider=_near_identity(asset_from_world @ collider.world_from_collider),
            )
            for collider in by_place[key]
        )
    return [replace(asset, colliders=shared.get(asset.name, ())) for asset in assets]


def _near_identity(matrix: FloatArray) -> FloatArray:
    """A transform that is the identity but for rounding in the file becomes it."""
    return np.eye(4) if np.abs(matrix - np.eye(4)).max() < 1e-4 else matrix


def _uniform(file: GlbFile, matrix: FloatArray) -> FloatArray:
    """The transform with an exact rotation; anything but rotation, uniform scale and translation is refused."""
    gram = matrix[:3, :3].T @ matrix[:3, :3]
    square = float(np.trace(gram)) / 3.0
    if np.linalg.det(matrix[:3, :3]) <= 0.0 or np.abs(gram - square * np.eye(3)).max() > 1e-3 * square:
        raise file.damaged("a node is mirrored, flattened or scaled unevenly")
    return matrix


def _extras(node: Json) -> Json:
    extras = node.get("extras", {})
    return extras if isinstance(extras, dict) else {}


def _triple(values: FloatArray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
