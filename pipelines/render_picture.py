"""A picture of a world from any point: its splats, its scene rebuilt and path traced, or the meshes of a picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.color import bytes_from_unit
from worldgen.errors import UsageError
from worldgen.events import Reporter, RunContext, WarningRaised, ignore_events
from worldgen.geometry.cameras import panorama_camera, pinhole_camera_at
from worldgen.pipelines.world import World
from worldgen.registry import format_of_path, load_writer
from worldgen.scene.camera import AnyCamera, PanoramaCamera
from worldgen.settings import TIERS

_SAMPLES = 16

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRequest:
    """What to draw and from where; points are in world, metres."""

    layer: Literal["splats", "mesh"] = "splats"
    eye: Point | None = None
    """None stands at the spawn, at eye height."""
    look_at: Point | None = None
    """None looks along the spawn's heading."""
    is_panorama: bool = False
    width: int = 1280
    height: int = 720
    fov_deg: float = 75.0
    """Horizontal field of view in degrees."""
    kit: Path | None = None
    """The kit that a world with a studio's models was made with, for its mesh."""


def render_picture(
    folder: Path | str, output: Path | str, request: PictureRequest, *, report: Reporter = ignore_events
) -> Path:
    """Draw a world and write a PNG or JPEG.

    Raises:
        UsageError: Eye and target are the same point.
        WorldgenError: The world or the output cannot be read or written.
    """
    world = World.load(folder)
    output = Path(output)
    writer = load_writer(format_of_path(output, layer="panorama"))
    camera = _camera(world, request)
    writer(bytes_from_unit(camera_renderer(world, request.layer, report, kit=request.kit)(camera)), output)
    return output


def camera_renderer(
    world: World, layer: Literal["splats", "mesh"], report: Reporter, *, kit: Path | None = None
) -> Callable[[AnyCamera], NDArray[np.float32]]:
    """A function that draws what a camera sees: (H, W, 3) display-referred, 0 to 1.

    The mesh of a built world is built anew from the spec and path traced, so a world with a kit's models needs the
    ``kit`` again. That of a world made from a picture is read from its file, and shows the picture's own light.

    Raises:
        WorldgenError: The world's splats, spec or meshes cannot be read.
    """
    if layer == "splats":
        from worldgen.rendering.splats import render_splats

        cloud = world.splats
        return lambda camera: render_splats(cloud, camera).rgb
    if any(file.format == "sheets_glb" for file in world.manifest.files):
        from worldgen.rendering.textured_meshes import TexturedMeshes

        meshes = TexturedMeshes(world.sheets)
        return lambda camera: meshes.render(camera).rgb
    return _path_tracer(world, report, kit)


def _camera(world: World, request: PictureRequest) -> AnyCamera:
    spawn = world.manifest.spawn
    eye = np.array(request.eye or (0.0, spawn.position[1] + spawn.eye_height_m, 0.0), dtype=np.float64)
    if request.is_panorama:
        return panorama_camera(eye, height=request.height)
    ahead = np.array([-math.sin(spawn.yaw), 0.0, -math.cos(spawn.yaw)])
    target = eye + ahead if request.look_at is None else np.array(request.look_at, dtype=np.float64)
    if np.linalg.norm(target - eye) < 1e-6:
        raise UsageError("--eye and --look-at must be different points.")
    return pinhole_camera_at(
        eye, target, height=request.height, width=request.width, horizontal_fov=math.radians(request.fov_deg)
    )


def _path_tracer(world: World, report: Reporter, kit: Path | None) -> Callable[[AnyCamera], NDArray[np.float32]]:
    from worldgen.builder.build_scene import build_scene
    from worldgen.rendering.scene_renderer import SceneRenderer
    from worldgen.rendering.tone_mapping import tone_map
    from worldgen.stages.apply_kit import apply_kit

    manifest = world.manifest
    context = RunContext(seed=manifest.seed, tier=TIERS[manifest.quality], report=report)
    with context.stage("build scene") as progress:
        built = build_scene(world.spec, tier=context.tier, seed=context.seed, progress=progress)
    scene = built.scene
    if kit is not None:
        with context.stage("apply kit"):
            scene = apply_kit(scene, kit, seed=context.seed, triangle_budget=context.tier.triangle_budget).scene
    elif any(layer.model and layer.model.startswith("kit:") for layer in manifest.layers):
        report(
            WarningRaised("This world was made with a kit: give --kit to see its models and not what they replaced.")
        )
    renderer = SceneRenderer(scene, tier=context.tier, seed=context.seed)

    def trace(camera: AnyCamera) -> NDArray[np.float32]:
        with context.stage("render"):
            if isinstance(camera, PanoramaCamera):
                position = camera.world_from_camera[:3, 3]
                faces = renderer.render_cube(position, face_px=renderer.face_px_for(camera.height), samples=_SAMPLES)
                view = renderer.panorama_from_cube(faces, camera)
            else:
                view = renderer.render_view(camera, samples=_SAMPLES)
        return tone_map(view.radiance, manifest.exposure)

    return trace
