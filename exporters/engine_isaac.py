"""Isaac Sim and Omniverse: a USD stage with instances, colliders, semantics, lights and splats. Needs extra ``usd``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import BackendUnavailableError
from worldgen.exporters.engine_axes import ISAAC, engine_points, engine_transforms, looking_quat_xyzw
from worldgen.exporters.engine_files import copy_file, write_readme
from worldgen.exporters.engine_layout import PackageFiles, SplatFile, write_layout
from worldgen.exporters.engine_package import ColliderShape, WorldPackage
from worldgen.exporters.engine_places import marked_places
from worldgen.exporters.glb_copy import TextureFolder
from worldgen.exporters.glb_reader import GlbFile, open_glb
from worldgen.exporters.glb_writer import NameTable
from worldgen.exporters.usd_meshes import MeshStage, matrix_of
from worldgen.exporters.usd_splats import write_splat_usd
from worldgen.frames import Frame, axes_from, matrices_from_quats, rigid, yaw_rotation

NITS_PER_UNIT = 1000.0
"""What a sky pixel of 1 shines with: Omniverse's cameras expect a dome of about 1000."""

_UP = np.array([0.0, 1.0, 0.0])


def write_isaac_package(package: WorldPackage, folder: Path) -> None:
    """Write the package into an empty folder.

    Raises:
        BackendUnavailableError: The extra ``usd`` is not installed.
        WorldgenError: A file of the world is damaged, or one cannot be written.
    """
    name = package.name
    sky = copy_file(package.sky, folder, f"sky/{name}_sky.hdr")
    splats = ""
    if package.splats is not None:
        splats = f"splats/{name}_splats.usdc"
        (folder / "splats").mkdir(exist_ok=True)
        write_splat_usd(package.splats, folder / splats, frame=Frame.RFU)
    _write_stage(package, folder, sky=sky, splats=splats)
    stage = f"{name}.usdc"
    usd = SplatFile(
        file=splats,
        format="splat_usd",
        frame="RFU",
        importer="OpenUSD 26.03 or newer, Isaac Sim 6",
        settings=f"referenced by {stage} as /World/Splats",
    )
    files = PackageFiles(
        land=stage,
        props=stage,
        colliders=stage if package.colliders else "",
        navmesh=stage if package.navmesh is not None else "",
        sky=sky,
        splats=(usd,) if splats else (),
        textures="textures",
    )
    write_layout(package, ISAAC, "isaac", files, folder)
    write_readme(package, "README_Isaac.md", folder / "README_Isaac.md", {})


def _write_stage(package: WorldPackage, folder: Path, *, sky: str, splats: str) -> None:
    try:
        from pxr import Usd, UsdGeom, UsdPhysics
    except ImportError as error:
        raise BackendUnavailableError("USD stages need OpenUSD.", hint='pip install "worldgen[usd]"') from error
    path = folder / f"{package.name}.usdc"
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    world = UsdGeom.Xform.Define(stage, "/World").GetPrim()
    stage.SetDefaultPrim(world)
    Usd.ModelAPI(world).SetKind("assembly")
    UsdPhysics.Scene.Define(stage, "/World/PhysicsScene")
    meshes = MeshStage(stage, TextureFolder(folder / "textures", "./textures/"))
    _add_assets(package, meshes)
    _add_instances(package, meshes)
    _add_colliders(package, meshes)
    if package.navmesh is not None:
        navmesh = open_glb(package.navmesh)
        for number, (node, matrix) in enumerate(navmesh.mesh_nodes()):
            prim = meshes.add_collider(
                navmesh, node["mesh"], f"/World/Nav/Navmesh_{number}", approximation="none", is_solid=False
            )
            meshes.place(prim, _turned(matrix[None])[0])
    if splats:
        holder = stage.DefinePrim("/World/Splats")
        holder.GetReferences().AddReference(f"./{splats}", "/World/Splats")
    _add_lights(package, stage, sky)
    _add_spawn(package, stage)
    _add_places(package, stage)
    stage.GetRootLayer().Save()


def _turned(world_from_things: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 4, 4) transforms of the world in the stage's axes."""
    split = engine_transforms(ISAAC, world_from_things)
    matrices = np.tile(np.eye(4), (len(world_from_things), 1, 1))
    matrices[:, :3, :3] = matrices_from_quats(np.roll(split.quats_xyzw, 1, axis=1)) * split.scales[:, None, None]
    matrices[:, :3, 3] = split.positions
    return matrices


def _add_assets(package: WorldPackage, meshes: MeshStage) -> None:
    """A class for every asset at every level that stands somewhere; classes are not drawn themselves."""
    used = {(item.asset, item.level) for item in package.placements}
    by_name = {asset.name: asset for asset in package.assets}
    for name, level in sorted(used):
        asset = by_name[name]
        root = f"/_{asset.levels[level].name}"
        meshes.define_class(root, asset.label)
        meshes.add_visible(package.scene, asset.levels[level].mesh, f"{root}/Mesh")
        if package.collision is None:
            continue
        for number, collider in enumerate(asset.colliders):
            place = f"{root}/Colliders/Collider_{number:02d}"
            prim = _add_collider(meshes, package.collision, collider.shape, place)
            meshes.place(prim, _turned(collider.asset_from_collider[None])[0])


def _add_instances(package: WorldPackage, meshes: MeshStage) -> None:
    matrices = _turned(np.stack([item.world_from_asset for item in package.placements]))
    assets = {asset.name: asset for asset in package.assets}
    for item, matrix in zip(package.placements, matrices, strict=True):
        group = "".join(letter if letter.isalnum() else "_" for letter in item.spec_id or "things")
        path = f"/World/Objects/g_{group}/{_prim_name(item.name)}"
        asset = assets[item.asset]
        meshes.add_instance(path, f"/_{asset.levels[item.level].name}", matrix, asset.label)


def _add_colliders(package: WorldPackage, meshes: MeshStage) -> None:
    if package.collision is None:
        return
    for collider in package.colliders:
        if collider.asset:
            continue
        path = f"/World/Colliders/{_prim_name(collider.name)}"
        prim = _add_collider(meshes, package.collision, collider.shape, path)
        meshes.place(prim, _turned(collider.world_from_collider[None])[0])


def _add_collider(meshes: MeshStage, collision: GlbFile, shape: ColliderShape, path: str) -> Any:
    """A guide that collides: a true capsule where it is one, else its mesh as it is or as a hull."""
    if shape.capsule:
        x, y, z, height, radius = shape.capsule
        center = engine_points(ISAAC, np.array([[x, y + 0.5 * height, z]]))[0]
        prim = meshes.add_capsule(path, center, height, radius)
    else:
        approximation = "convexHull" if shape.is_convex else "none"
        prim = meshes.add_collider(
            collision,
            shape.mesh,
            path,
            approximation=approximation,
            is_solid=shape.is_solid,
            primitive=shape.primitive,
        )
    meshes.tag(prim, "worldgen:surface", shape.surface)
    meshes.tag(prim, "worldgen:kind", shape.kind)
    return prim


def _add_lights(package: WorldPackage, stage: Any, sky: str) -> None:
    from pxr import Gf, Sdf, UsdGeom, UsdLux

    if sky:
        dome = UsdLux.DomeLight.Define(stage, "/World/Sky")
        dome.CreateIntensityAttr(NITS_PER_UNIT)
        dome.CreateTextureFileAttr(Sdf.AssetPath(f"./{sky}"))
        dome.CreateTextureFormatAttr(UsdLux.Tokens.latlong)
        # A dome's picture has its middle at +Z and its top at +Y; ours has -Z in the middle, and the stage has Z up.
        turn = axes_from(Frame.RFU, Frame.RUB) @ yaw_rotation(np.pi)
        UsdGeom.Xformable(dome).AddTransformOp().Set(matrix_of(rigid(turn, np.zeros(3))))
    # The dome lights the sheets of a picture, which has the sun's light in it already.
    if package.light is None or package.holds_pictures:
        return
    key = package.light.key
    light = UsdLux.DistantLight.Define(stage, "/World/KeyLight")
    # Normalised, a distant light's intensity is the illuminance on a surface that faces it.
    light.CreateNormalizeAttr(True)
    light.CreateIntensityAttr(NITS_PER_UNIT * key.illuminance_lux / package.light.sky.nits_per_unit)
    light.CreateColorAttr(Gf.Vec3f(*key.color))
    light.CreateAngleAttr(float(np.degrees(key.angular_diameter)))
    direction = key.direction_in_world
    up = _UP if abs(float(direction[1])) < 0.999 else np.array([0.0, 0.0, -1.0])
    _turn_to(light, looking_quat_xyzw(ISAAC, -direction, up), np.zeros(3))


def _add_spawn(package: WorldPackage, stage: Any) -> None:
    from pxr import Gf, UsdGeom

    spawn = package.spawn
    feet = np.array(spawn.position)
    turn = looking_quat_xyzw(ISAAC, yaw_rotation(spawn.yaw) @ np.array([0.0, 0.0, -1.0]), _UP)
    _turn_to(UsdGeom.Xform.Define(stage, "/World/PlayerStart"), turn, engine_points(ISAAC, feet[None])[0])
    camera = UsdGeom.Camera.Define(stage, "/World/SpawnCamera")
    camera.CreateClippingRangeAttr(Gf.Vec2f(0.05, 30_000.0))
    _turn_to(camera, turn, engine_points(ISAAC, (feet + spawn.eye_height_m * _UP)[None])[0])


def _add_places(package: WorldPackage, stage: Any) -> None:
    """Where one may start and what is worth walking to; as cameras do, they look along their -Z."""
    from pxr import Sdf, UsdGeom

    names = NameTable()
    for group, places in marked_places(package).items():
        for place in places:
            shape = UsdGeom.Xform.Define(stage, f"/World/{group}/{_prim_name(names.unique(place.name))}")
            turn = looking_quat_xyzw(ISAAC, yaw_rotation(place.yaw) @ np.array([0.0, 0.0, -1.0]), _UP)
            _turn_to(shape, turn, engine_points(ISAAC, np.array([place.position]))[0])
            shape.GetPrim().CreateAttribute("worldgen:about", Sdf.ValueTypeNames.String, custom=True).Set(place.about)


def _turn_to(thing: Any, quat_xyzw: NDArray[np.float64], position: NDArray[np.float64]) -> None:
    from pxr import UsdGeom

    turn = matrices_from_quats(np.roll(quat_xyzw, 1)[None])[0]
    UsdGeom.Xformable(thing).AddTransformOp().Set(matrix_of(rigid(turn, position)))


def _prim_name(name: str) -> str:
    return name if name[:1].isalpha() else f"n_{name}"
