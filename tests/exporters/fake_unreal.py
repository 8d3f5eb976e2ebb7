"""A stand-in for Unreal's Python module: the API that the import script may use, and a record of what it did.

A name that is not here raises, as it would in the editor.
"""

from __future__ import annotations

import json
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Vector:
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


@dataclass
class Rotator:
    roll: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0
    quat: tuple[float, ...] = (0.0, 0.0, 0.0, 1.0)


@dataclass
class Quat:
    x: float
    y: float
    z: float
    w: float

    def rotator(self) -> Rotator:
        return Rotator(quat=(self.x, self.y, self.z, self.w))


@dataclass
class Transform:
    location: Vector = field(default_factory=Vector)
    rotation: Rotator = field(default_factory=Rotator)
    scale: Vector = field(default_factory=Vector)


class Settable:
    """Something with editor properties."""

    def __init__(self, **given: Any) -> None:
        self.properties: dict[str, Any] = dict(given)

    def set_editor_property(self, name: str, value: Any) -> None:
        self.properties[name] = value

    def get_editor_property(self, name: str) -> Any:
        return self.properties.setdefault(name, Settable())


class Asset(Settable):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def get_name(self) -> str:
        return self.name


class StaticMesh(Asset):
    pass


class TextureCube(Asset):
    pass


class Component(Settable):
    """All methods that the components of the spawned actors have."""

    def set_box_extent(self, extent: Vector) -> None:
        self.properties["extent"] = extent

    def set_mobility(self, value: str) -> None:
        self.properties["mobility"] = value

    def set_intensity(self, value: float) -> None:
        self.properties["intensity"] = value

    def set_light_color(self, value: Any) -> None:
        self.properties["color"] = value

    def set_fog_density(self, value: float) -> None:
        self.properties["fog_density"] = value

    def set_fog_height_falloff(self, value: float) -> None:
        self.properties["falloff"] = value

    def set_static_mesh(self, mesh: StaticMesh) -> None:
        self.properties["mesh"] = mesh

    def add_instances(self, transforms: list[Transform], should_return_indices: bool, world_space: bool) -> None:
        assert world_space
        assert not should_return_indices
        self.properties["instances"] = transforms


class Actor(Settable):
    def __init__(self, thing: Any, location: Vector, rotation: Rotator) -> None:
        super().__init__()
        self.thing, self.location, self.rotation = thing, location, rotation
        self.label = self.folder = ""
        self.transform: Transform | None = None
        self.scale3d: Vector | None = None
        self.component = Component()
        self.collides, self.is_hidden = True, False

    def set_actor_label(self, label: str) -> None:
        self.label = label

    def set_folder_path(self, path: str) -> None:
        self.folder = path

    def set_actor_transform(self, transform: Transform, sweep: bool, teleport: bool) -> None:
        self.transform = transform

    def set_actor_scale3d(self, scale: Vector) -> None:
        self.scale3d = scale

    def set_actor_enable_collision(self, value: bool) -> None:
        self.collides = value

    def set_actor_hidden_in_game(self, value: bool) -> None:
        self.is_hidden = value

    def set_is_temporarily_hidden_in_editor(self, value: bool) -> None:
        assert value

    def get_component_by_class(self, kind: type) -> Component:
        return self.component


ACTOR_CLASSES = (
    "DirectionalLight ExponentialHeightFog SphereReflectionCapture PostProcessVolume SkyLight PlayerStart CameraActor "
    "NavMeshBoundsVolume TriggerBox BlockingVolume TargetPoint"
).split()
OTHER_CLASSES = (
    "DirectionalLightComponent ExponentialHeightFogComponent SkyLightComponent "
    "HierarchicalInstancedStaticMeshComponent BoxComponent"
).split()


def make_module() -> types.ModuleType:
    """A fresh module; ``actors``, ``imported`` and ``warnings`` tell what a script did."""
    module = types.ModuleType("unreal")
    module.actors, module.imported, module.warnings, module.assets = [], [], [], {}
    for kind in (Vector, Rotator, Quat, Transform, StaticMesh, TextureCube, Actor):
        setattr(module, kind.__name__, kind)
    for name in ACTOR_CLASSES + OTHER_CLASSES:
        setattr(module, name, type(name, (), {}))
    module.LinearColor = lambda r, g, b, a: (r, g, b, a)
    module.AssetImportTask = Settable
    module.AddNewSubobjectParams = Settable
    module.CollisionTraceFlag = types.SimpleNamespace(CTF_USE_COMPLEX_AS_SIMPLE="complex")
    module.ComponentMobility = types.SimpleNamespace(MOVABLE="movable")
    module.SkyLightSourceType = types.SimpleNamespace(SLS_SPECIFIED_CUBEMAP="cubemap")
    module.log = module.log_warning = module.warnings.append

    def import_asset_tasks(tasks: list[Settable]) -> None:
        for task in tasks:
            path, target = task.properties["filename"], task.properties["destination_path"]
            module.imported.append(path)
            paths = []
            if path.endswith(".glb"):
                data = Path(path).read_bytes()
                names = [
                    mesh["name"] for mesh in json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])["meshes"]
                ]
                made = [StaticMesh(name) for name in names if not name.startswith("UCX_")]
            else:
                made = [TextureCube(path.rsplit("/", 1)[-1].split(".")[0])]
            for asset in made:
                paths.append(f"{target}/{asset.name}")
                module.assets[paths[-1]] = asset
            task.properties["imported_object_paths"] = paths

    tools = types.SimpleNamespace(import_asset_tasks=import_asset_tasks)
    module.AssetToolsHelpers = types.SimpleNamespace(get_asset_tools=lambda: tools)
    module.EditorAssetLibrary = types.SimpleNamespace(
        list_assets=lambda folder, recursive: [path for path in module.assets if path.startswith(folder)],
        load_asset=lambda path: module.assets[path],
        save_directory=lambda folder: None,
    )

    def spawn(thing: Any, location: Vector, rotation: Rotator) -> Actor:
        module.actors.append(Actor(thing, location, rotation))
        return module.actors[-1]

    subsystem = types.SimpleNamespace(spawn_actor_from_object=spawn, spawn_actor_from_class=spawn)
    module.levels = {}

    def set_lod(mesh: StaticMesh, number: int, source: StaticMesh, source_number: int, reuse_slots: bool) -> None:
        module.levels.setdefault(mesh.name, []).append((number, source.name))

    def set_screen_sizes(mesh: StaticMesh, sizes: list[float]) -> None:
        assert len(sizes) == len(module.levels[mesh.name]) + 1
        assert sizes == sorted(sizes, reverse=True)

    meshes = types.SimpleNamespace(set_lod_from_static_mesh=set_lod, set_lod_screen_sizes=set_screen_sizes)
    module.StaticMeshEditorSubsystem, module.EditorActorSubsystem = "meshes", "actors"
    module.get_editor_subsystem = {"actors": subsystem, "meshes": meshes}.__getitem__

    def add_new_subobject(parameters: Settable) -> tuple[Component, str]:
        parameters.properties["parent_handle"].component = Component()
        return parameters.properties["parent_handle"].component, ""

    module.SubobjectDataSubsystem = "subobjects"
    subobjects = types.SimpleNamespace(
        k2_gather_subobject_data_for_instance=lambda actor: [actor], add_new_subobject=add_new_subobject
    )
    module.get_engine_subsystem = {"subobjects": subobjects}.__getitem__
    module.SubobjectDataBlueprintFunctionLibrary = types.SimpleNamespace(
        get_data=lambda handle: handle, get_object=lambda data: data
    )

    class ScopedEditorTransaction:
        def __init__(self, text: str) -> None:
            self.text = text

        def __enter__(self) -> None:
            return None

        def __exit__(self, *error: object) -> None:
            return None

    module.ScopedEditorTransaction = ScopedEditorTransaction
    return module
