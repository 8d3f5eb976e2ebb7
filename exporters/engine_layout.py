"""``layout.json``: what stands where, in the world's frame and ready for one engine.

Positions are metres and rotations xyzw in the world frame (RUB); the fields that start with ``engine_`` hold the same
in the engine's axes and units, so an import script only copies numbers. There are no nested arrays and no nulls, which
Unity's JSON reader cannot take.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.exporters.engine_axes import (
    EngineAxes,
    EngineTransforms,
    engine_points,
    engine_transforms,
    looking_quat_xyzw,
    split_transforms,
)
from worldgen.exporters.engine_package import Asset, ColliderShape, WorldPackage
from worldgen.exporters.glb_writer import Json
from worldgen.exporters.light_json import light_document
from worldgen.frames import yaw_rotation
from worldgen.storage import write_bytes

LAYOUT_NAME = "layout.json"
LAYOUT_VERSION = 1

_SCREEN_HEIGHTS = (0.4, 0.15, 0.06, 0.03)
_SMALLEST_ON_SCREEN = 0.004
_FIELD_OF_VIEW = math.radians(60.0)
"""Of the picture's height, for engines that switch levels by distance."""

_UP = np.array([0.0, 1.0, 0.0])
_NORTH = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class SplatFile:
    """A splat file of a package; ``importer`` is what it was made for and ``settings`` what to choose there."""

    file: str
    format: str
    frame: str
    importer: str
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFiles:
    """Names of a package's files, relative to it, "" where there is none."""

    land: str
    props: str
    colliders: str = ""
    navmesh: str = ""
    sky: str = ""
    terrain: str = ""
    splats: tuple[SplatFile, ...] = ()
    textures: str = ""
    more: dict[str, str] = field(default_factory=dict)


def write_layout(package: WorldPackage, axes: EngineAxes, engine: str, files: PackageFiles, folder: Path) -> int:
    """Write ``layout.json``; returns its size in bytes."""
    document = layout_document(package, axes, engine, files)
    return write_bytes(folder / LAYOUT_NAME, _encode(document), format_id="layout_json")


def layout_document(package: WorldPackage, axes: EngineAxes, engine: str, files: PackageFiles) -> Json:
    """The layout as plain JSON values."""
    return {
        "layout_version": LAYOUT_VERSION,
        "world": package.name,
        "prompt": package.prompt,
        "frame": "RUB",
        "units": "metres",
        "engine": engine,
        "engine_frame": axes.frame.value,
        "engine_units_per_metre": axes.units_per_metre,
        "engine_from_world": [float(value) for value in axes.engine_from_world.ravel()],
        "files": {
            "land": files.land,
            "props": files.props,
            "colliders": files.colliders,
            "navmesh": files.navmesh,
            "sky": files.sky,
            "terrain": files.terrain,
            "textures": files.textures,
            **files.more,
        },
        "splats": [
            {
                "file": splat.file,
                "format": splat.format,
                "frame": splat.frame,
                "importer": splat.importer,
                "settings": splat.settings,
            }
            for splat in files.splats
        ],
        "spawn": _spawn(package, axes),
        "spawn_points": _spawn_points(package, axes),
        "points_of_interest": _points_of_interest(package, axes),
        "has_walk_range": package.walk_range is not None,
        "walk_range": _walk_range(package),
        "has_light": package.light is not None,
        "light": _light(package, axes),
        "assets": [
            {
                "name": asset.name,
                "label": asset.label,
                "file": files.land if asset.is_static else files.props,
                "is_static": asset.is_static,
                "triangles": asset.num_triangles,
                "lods": [
                    {
                        "name": level.name,
                        "triangles": level.num_triangles,
                        "kind": level.kind,
                        "screen_height": _screen_height(number, len(asset.levels)),
                        "distance_m": round(_view_distance(asset, _screen_height(number, len(asset.levels))), 3),
                    }
                    for number, level in enumerate(asset.levels)
                ],
                "minimum": _shorts(asset.minimum),
                "maximum": _shorts(asset.maximum),
                "colliders": [
                    {"name": collider_name(asset.name, number), **_shape(collider.shape, axes)}
                    for number, collider in enumerate(asset.colliders)
                ],
            }
            for asset in package.assets
        ],
        "instances": _instances(package, axes),
        "colliders": _colliders(package, axes),
    }


def _screen_height(level: int, count: int) -> float:
    """Share of the picture's height down to which a level of detail is drawn; the last one until the thing vanishes."""
    return _SMALLEST_ON_SCREEN if level == count - 1 else _SCREEN_HEIGHTS[min(level, len(_SCREEN_HEIGHTS) - 1)]


def _view_distance(asset: Asset, screen_height: float) -> float:
    """Metres at which an asset of scale 1 takes a share of the height of a picture of the usual field of view."""
    size = max(high - low for low, high in zip(asset.minimum, asset.maximum, strict=True))
    return size / (2.0 * math.tan(0.5 * _FIELD_OF_VIEW) * screen_height)


def collider_name(asset: str, number: int) -> str:
    """Name of an asset's collider, which Unreal takes for a convex one of the mesh of that name."""
    return f"UCX_{asset}_{number:02d}"


def _spawn(package: WorldPackage, axes: EngineAxes) -> Json:
    spawn = package.spawn
    eye = np.array(spawn.position) + spawn.eye_height_m * _UP
    return {
        **_stand(spawn.position, spawn.yaw, axes),
        "eye_height_m": spawn.eye_height_m,
        "engine_eye": _shorts(engine_points(axes, eye[None])[0]),
        "engine_forward": _shorts(axes.engine_from_world @ yaw_rotation(spawn.yaw) @ _NORTH),
    }


def _spawn_points(package: WorldPackage, axes: EngineAxes) -> list[Json]:
    """Where else one may start, the world's own spawn first."""
    rows = []
    for spawn in () if package.navigation is None else package.navigation.spawn_points:
        rows.append(
            {
                "name": spawn.name,
                "facing": spawn.facing,
                "reachable_share": spawn.reachable_share,
                **_stand(spawn.position, spawn.yaw, axes),
            }
        )
    return rows


def _points_of_interest(package: WorldPackage, axes: EngineAxes) -> list[Json]:
    """What is worth walking to, and the place and heading from which it is seen; without a place, its own."""
    rows = []
    for point in () if package.navigation is None else package.navigation.points_of_interest:
        rows.append(
            {
                "name": point.name,
                "kind": point.kind,
                "label": point.label,
                "is_reachable": point.is_reachable,
                "has_approach": point.approach is not None,
                "target": _shorts(point.position),
                "engine_target": _shorts(engine_points(axes, np.array([point.position]))[0]),
                **_stand(point.approach or point.position, point.yaw or 0.0, axes),
            }
        )
    return rows


def _stand(feet: tuple[float, float, float], yaw: float, axes: EngineAxes) -> Json:
    """Where somebody stands and looks to, level."""
    return {
        "position": _shorts(feet),
        "yaw": _short(yaw),
        "engine_position": _shorts(engine_points(axes, np.array([feet]))[0]),
        "engine_rotation_xyzw": _shorts(looking_quat_xyzw(axes, yaw_rotation(yaw) @ _NORTH, _UP)),
    }


def _walk_range(package: WorldPackage) -> Json:
    """How far a seen world may be walked; the colliders of kind "blocking" stand there."""
    found = package.walk_range
    if found is None:
        return {}
    return {
        "radii_m": list(found.radii_m),
        "tolerance": found.tolerance,
        "ring_distances_m": [ring.distance_m for ring in found.rings],
        "ring_untrue_shares": [ring.untrue_share for ring in found.rings],
    }


def _light(package: WorldPackage, axes: EngineAxes) -> Json:
    rig = package.light
    if rig is None:
        return {}
    document = light_document(rig)
    direction = rig.key.direction_in_world
    up = _UP if abs(float(direction[1])) < 0.999 else _NORTH
    document["key_light"]["engine_direction"] = _shorts(axes.engine_from_world @ direction)
    document["key_light"]["engine_rotation_xyzw"] = _shorts(looking_quat_xyzw(axes, -direction, up))
    document["fog"]["half_distance_m"] = min(document["fog"]["half_distance_m"], 1e9)
    for probe, row in zip(rig.probes, document["reflection_probes"], strict=True):
        row["engine_position"] = _shorts(engine_points(axes, np.array([probe.position]))[0])
        row["engine_half_size"] = _shorts(np.abs(engine_points(axes, np.array([probe.half_size_m]))[0]))
    return document


def _instances(package: WorldPackage, axes: EngineAxes) -> list[Json]:
    matrices = np.stack([item.world_from_asset for item in package.placements])
    world, engine = split_transforms(matrices), engine_transforms(axes, matrices)
    places = zip(package.placements, _rows(world, ""), _rows(engine, "engine_"), strict=True)
    return [
        {
            "name": item.name,
            "object_id": item.object_id,
            "spec_id": item.spec_id,
            "asset": item.asset,
            "lod": item.level,
            **one,
            **two,
        }
        for item, one, two in places
    ]


def _colliders(package: WorldPackage, axes: EngineAxes) -> list[Json]:
    if not package.colliders:
        return []
    matrices = np.stack([item.world_from_collider for item in package.colliders])
    places = zip(package.colliders, _rows(engine_transforms(axes, matrices), "engine_"), strict=True)
    return [
        {
            "name": item.name,
            "asset": item.asset,
            **_shape(item.shape, axes),
            **place,
        }
        for item, place in places
    ]


def _shape(shape: ColliderShape, axes: EngineAxes) -> Json:
    """What a collider is; its box and capsule lie in its own frame as the engine's importer turns it.

    Lengths of the capsule are 0 where there is none; its height counts both caps, and it stands upright.
    """
    low, high = np.array(shape.minimum), np.array(shape.maximum)
    center, height, radius = 0.5 * (low + high), 0.0, 0.0
    if shape.capsule:
        x, y, z, length, radius = shape.capsule
        center, height = np.array([x, y + 0.5 * length, z]), length + 2.0 * radius
    return {
        "kind": shape.kind,
        "surface": shape.surface,
        "is_convex": shape.is_convex,
        "engine_center": _shorts(engine_points(axes, center[None])[0]),
        "engine_size": _shorts(np.abs(engine_points(axes, (high - low)[None])[0])),
        "engine_capsule_height": _short(height * axes.units_per_metre),
        "engine_capsule_radius": _short(radius * axes.units_per_metre),
    }


def _rows(transforms: EngineTransforms, prefix: str) -> list[Json]:
    positions = np.round(transforms.positions, 5).tolist()
    rotations = np.round(transforms.quats_xyzw, 7).tolist()
    scales = np.round(transforms.scales, 6).tolist()
    return [
        {f"{prefix}position": position, f"{prefix}rotation_xyzw": rotation, f"{prefix}scale": scale}
        for position, rotation, scale in zip(positions, rotations, scales, strict=True)
    ]


def _encode(document: Json) -> bytes:
    """JSON with one row per entry of the long lists, so that it reads and compares well."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join("  " + _dump(row) for row in value)
            parts.append(f'"{key}": [\n{rows}\n]')
        else:
            parts.append(f'"{key}": {_dump(value)}')
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode("ascii")


def _dump(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(", ", ": "))


def _short(value: float) -> float:
    rounded = round(float(value), 7)
    return 0.0 if rounded == 0.0 or not math.isfinite(rounded) else rounded


def _shorts(values: NDArray[np.float64] | tuple[float, float, float]) -> list[float]:
    return [_short(value) for value in np.asarray(values, dtype=np.float64)]
