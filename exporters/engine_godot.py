"""Godot: GLB whose node names make colliders and navigation, a scene file, import hints, an editor script."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np

from worldgen.exporters.engine_axes import GODOT, looking_quat_xyzw
from worldgen.exporters.engine_files import copy_file, write_readme, write_script, write_splats
from worldgen.exporters.engine_layout import PackageFiles, SplatFile, write_layout
from worldgen.exporters.engine_meshes import write_navmesh, write_props, write_whole_scene, write_world_colliders
from worldgen.exporters.engine_package import PlacedCollider, WorldPackage
from worldgen.exporters.engine_places import marked_places
from worldgen.exporters.glb_writer import NameTable
from worldgen.exporters.terrain_files import UNITY_SIZES, fitting_size
from worldgen.frames import Frame, matrices_from_quats, yaw_rotation
from worldgen.scene.light_rig import LightRig
from worldgen.storage import write_bytes

_MAX_TERRAIN = 2049
_MIN_INSTANCES = 6
"""As in ``import_world.gd``."""
_STEPS = 65535
_UP = np.array([0.0, 1.0, 0.0])
_FAR_M = 20_000.0
_LINEAR, _ACES = 0, 3
_MATERIAL_SCRIPT = "import_materials.gd"


def write_godot_package(package: WorldPackage, folder: Path) -> None:
    """Write the package into an empty folder.

    Raises:
        WorldgenError: A file of the world is damaged, or one cannot be written.
    """
    name = package.name
    scene, colliders, navmesh = f"{name}.glb", f"{name}_collision.glb", f"{name}_nav.glb"
    levels = f"{name}_levels.glb"
    write_whole_scene(package, folder / scene)
    has_colliders = write_world_colliders(package, folder / colliders, suffix=_suffix, with_triggers=False)
    has_navmesh = write_navmesh(package, folder / navmesh, suffix="-navmesh")
    ply = write_splats(package, folder, f"splats/{name}_gdgs.ply", Frame.LDB)
    splats = SplatFile(
        file=ply,
        format="gaussian_ply",
        frame="LDB",
        importer="GDGS 2 (godot-gaussian-splatting)",
        settings="node at the origin with the rotation of 180 degrees about Z that GDGS gives to a new node",
    )
    files = PackageFiles(
        land=scene,
        props=scene,
        colliders=colliders if has_colliders else "",
        navmesh=navmesh if has_navmesh else "",
        sky=copy_file(package.sky, folder, f"sky/{name}_sky.hdr"),
        terrain=_write_terrain(package, folder),
        splats=(splats,) if ply else (),
        more={
            "scene": "scene.tscn",
            "levels": levels if write_props(package, folder / levels, only=_with_levels(package)) else "",
        },
    )
    write_layout(package, GODOT, "godot", files, folder)
    write_bytes(folder / "scene.tscn", _scene_text(package, files).encode())
    for file in (files.land, files.colliders, files.navmesh, files.more["levels"]):
        if file:
            is_visible = file in (files.land, files.more["levels"])
            script = f"res://{name}/{_MATERIAL_SCRIPT}" if is_visible else ""
            write_bytes(folder / f"{file}.import", _model_hints(file == files.land, script).encode())
    if files.sky:
        write_bytes(folder / f"{files.sky}.import", _SKY_HINTS.encode())
    for script in ("import_world.gd", _MATERIAL_SCRIPT):
        write_script(script, folder / script)
    write_readme(package, "README_Godot.md", folder / "README_Godot.md", {})


def _with_levels(package: WorldPackage) -> frozenset[str]:
    """Assets that the editor script draws by distance: those that stand often and have several levels of detail."""
    often = Counter(item.asset for item in package.placements)
    return frozenset(
        asset.name
        for asset in package.assets
        if not asset.is_static and len(asset.levels) > 1 and often[asset.name] >= _MIN_INSTANCES
    )


def _suffix(collider: PlacedCollider) -> str:
    """Godot's importer makes bodies of nodes by the end of their names; convex shapes are cheap, meshes exact."""
    return "-convcolonly" if collider.shape.is_convex else "-colonly"


def _write_terrain(package: WorldPackage, folder: Path) -> str:
    source = package.terrain
    if source is None:
        return ""
    sizes = tuple(size for size in UNITY_SIZES if size <= _MAX_TERRAIN)
    size = fitting_size(sizes, extent_m=2.0 * source.half_size_m, spacing_m=source.spacing_m)
    maps = source.sample(size)
    lowest = float(maps.heights.min())
    height_range = max(float(maps.heights.max()) - lowest, 1.0)
    steps = np.rint((maps.heights.astype(np.float64) - lowest) / height_range * _STEPS).astype("<u2")
    (folder / "terrain").mkdir(exist_ok=True)
    write_bytes(folder / "terrain" / "height.r16", steps.tobytes())
    document = {
        "file": "height.r16",
        "format": "uint16 little-endian, rows along +Z, columns along +X",
        "samples": size,
        "spacing_m": maps.spacing_m,
        "position": [-maps.half_size_m, lowest, -maps.half_size_m],
        "height_min_m": lowest,
        "height_max_m": lowest + height_range,
    }
    write_bytes(folder / "terrain" / "terrain.json", (json.dumps(document, indent=2) + "\n").encode())
    return "terrain/terrain.json"


def _scene_text(package: WorldPackage, files: PackageFiles) -> str:
    """``scene.tscn``, text format 3 of Godot 4."""
    base = f"res://{package.name}/"
    models = [("World", files.land), ("Colliders", files.colliders), ("Navigation", files.navmesh)]
    models = [(title, file) for title, file in models if file]
    resources = [
        f'[ext_resource type="PackedScene" path="{base}{file}" id="{number}"]'
        for number, (_, file) in enumerate(models, start=1)
    ]
    parts = []
    if files.sky:
        resources.append(f'[ext_resource type="Texture2D" path="{base}{files.sky}" id="sky"]')
        parts.append('[sub_resource type="PanoramaSkyMaterial" id="sky_material"]\npanorama = ExtResource("sky")')
        parts.append('[sub_resource type="Sky" id="sky"]\nsky_material = SubResource("sky_material")')
    parts.append(_environment(package, has_sky=bool(files.sky)))
    nodes = [f'[node name="{package.name}" type="Node3D"]\nmetadata/worldgen_layout = "{base}layout.json"']
    nodes += [
        f'[node name="{title}" parent="." instance=ExtResource("{number}")]'
        for number, (title, _) in enumerate(models, start=1)
    ]
    nodes.append(
        '[node name="Environment" type="WorldEnvironment" parent="."]\nenvironment = SubResource("environment")'
    )
    if package.light is not None:
        nodes.append(_key_light(package.light))
    triggers = [collider for collider in package.colliders if not collider.shape.is_solid]
    parts += [_trigger_shape(number, trigger) for number, trigger in enumerate(triggers)]
    if triggers:
        nodes.append('[node name="Water" type="Node3D" parent="."]')
        nodes += [_trigger(number, trigger) for number, trigger in enumerate(triggers)]
    spawn = package.spawn
    forward = yaw_rotation(spawn.yaw) @ np.array([0.0, 0.0, -1.0])
    turn = looking_quat_xyzw(GODOT, forward, _UP)
    feet = np.array(spawn.position)
    nodes.append(f'[node name="PlayerStart" type="Marker3D" parent="."]\ntransform = {_transform(turn, feet)}')
    eye = feet + spawn.eye_height_m * _UP
    nodes.append(
        f'[node name="SpawnCamera" type="Camera3D" parent="."]\ntransform = {_transform(turn, eye)}\n'
        f"current = true\nfov = 60.0\nnear = 0.05\nfar = {_FAR_M}"
    )
    nodes += _places(package)
    header = f"[gd_scene load_steps={len(resources) + len(parts) + 1} format=3]"
    return "\n\n".join([header, "\n".join(resources), *parts, *nodes]) + "\n"


def _places(package: WorldPackage) -> list[str]:
    """Markers for where one may start and for what is worth walking to; they look along their -Z."""
    nodes = []
    for group, places in marked_places(package).items():
        nodes.append(f'[node name="{group}" type="Node3D" parent="."]')
        names = NameTable()
        for place in places:
            turn = looking_quat_xyzw(GODOT, yaw_rotation(place.yaw) @ np.array([0.0, 0.0, -1.0]), _UP)
            nodes.append(
                f'[node name="{names.unique(place.name)}" type="Marker3D" parent="{group}"]\n'
                f"transform = {_transform(turn, np.array(place.position))}\n"
                f"metadata/{place.tells} = {json.dumps(place.about)}"
            )
    return nodes


def _trigger_shape(number: int, trigger: PlacedCollider) -> str:
    x, y, z = np.subtract(trigger.shape.maximum, trigger.shape.minimum)
    return f'[sub_resource type="BoxShape3D" id="trigger_{number}"]\nsize = Vector3({x:.6g}, {y:.6g}, {z:.6g})'


def _trigger(number: int, trigger: PlacedCollider) -> str:
    """An area that tells who is in the water."""
    matrix = trigger.world_from_collider
    middle = matrix[:3, :3] @ (0.5 * np.add(trigger.shape.minimum, trigger.shape.maximum)) + matrix[:3, 3]
    place = _transform(np.array([0.0, 0.0, 0.0, 1.0]), middle)
    return (
        f'[node name="{trigger.name}" type="Area3D" parent="Water"]\ntransform = {place}\n'
        f'metadata/surface = "{trigger.shape.surface}"\n\n'
        f'[node name="Shape" type="CollisionShape3D" parent="Water/{trigger.name}"]\n'
        f'shape = SubResource("trigger_{number}")'
    )


def _environment(package: WorldPackage, *, has_sky: bool) -> str:
    lines = ['[sub_resource type="Environment" id="environment"]']
    if has_sky:
        # Godot's panorama starts at -Z; in our pictures that direction is in the middle.
        lines += ["background_mode = 2", 'sky = SubResource("sky")', f"sky_rotation = Vector3(0, {math.pi:.6f}, 0)"]
        lines += ["ambient_light_source = 3", "reflected_light_source = 2"]
    rig = package.light
    lines.append(f"tonemap_mode = {_LINEAR if package.holds_pictures else _ACES}")
    if rig is not None and not package.holds_pictures:
        lines.append(f"tonemap_exposure = {rig.exposure:.6g}")
        top = max(*rig.fog.color, 1.0)
        red, green, blue = (channel / top for channel in rig.fog.color)
        lines += [
            "fog_enabled = true",
            f"fog_light_color = Color({red:.5g}, {green:.5g}, {blue:.5g}, 1)",
            f"fog_light_energy = {top:.5g}",
            f"fog_density = {rig.fog.extinction_per_m[1]:.6g}",
            "fog_sky_affect = 0.0",
        ]
    return "\n".join(lines)


def _key_light(rig: LightRig) -> str:
    direction = rig.key.direction_in_world
    up = _UP if abs(float(direction[1])) < 0.999 else np.array([0.0, 0.0, -1.0])
    turn = looking_quat_xyzw(GODOT, -direction, up)
    # A light of energy 1 makes white paper that faces it as bright as a sky pixel of 1.
    energy = rig.key.illuminance_lux / rig.sky.nits_per_unit / math.pi
    red, green, blue = rig.key.color
    return (
        f'[node name="KeyLight" type="DirectionalLight3D" parent="."]\n'
        f"transform = {_transform(turn, np.array([0.0, 20.0, 0.0]))}\n"
        f"light_color = Color({red:.5g}, {green:.5g}, {blue:.5g}, 1)\nlight_energy = {energy:.6g}\n"
        f"light_angular_distance = {math.degrees(rig.key.angular_diameter):.5g}\nshadow_enabled = true\n"
        "directional_shadow_max_distance = 300.0"
    )


def _transform(xyzw: np.ndarray, position: np.ndarray) -> str:
    rows = matrices_from_quats(np.roll(xyzw, 1)[None])[0].ravel()
    values = ", ".join(f"{0.0 if abs(value) < 1e-9 else value:.7g}" for value in (*rows, *position))
    return f"Transform3D({values})"


def _model_hints(makes_levels: bool, script: str) -> str:
    lod = "true" if makes_levels else "false"
    return (
        '[remap]\n\nimporter="scene"\nimporter_version=1\ntype="PackedScene"\n\n[params]\n\n'
        'nodes/root_type=""\nnodes/root_scale=1.0\nnodes/apply_root_scale=true\nnodes/import_as_skeleton_bones=false\n'
        f"meshes/ensure_tangents=true\nmeshes/generate_lods={lod}\nmeshes/create_shadow_meshes={lod}\n"
        "meshes/light_baking=1\nanimation/import=false\ngltf/embedded_image_handling=1\n"
        f'import_script/path="{script}"\n'
    )


_SKY_HINTS = (
    '[remap]\n\nimporter="texture"\ntype="CompressedTexture2D"\n\n[params]\n\n'
    "compress/mode=0\nmipmaps/generate=true\nprocess/hdr_as_srgb=false\nprocess/hdr_clamp_exposure=false\n"
)
