"""World layers → files of a world folder, with their hashes for the manifest."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen import __version__
from worldgen.color import bytes_from_unit
from worldgen.events import RunContext
from worldgen.geometry.collision import Collision
from worldgen.geometry.splat_levels import LEVEL_SIZES, importance_order, prefix_widening
from worldgen.geometry.splat_transforms import take_gaussians
from worldgen.manifest import (
    Bounds,
    Layer,
    Manifest,
    ObjectCount,
    Source,
    Spawn,
    SplatLevel,
    Triple,
    WorldFile,
    encode_manifest,
)
from worldgen.registry import find_format, load_writer
from worldgen.rendering.light_rig import build_light_rig
from worldgen.rendering.tone_mapping import tone_map
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.labels import LABELS
from worldgen.scene.navmesh import Navigation
from worldgen.scene.point_cloud import PointCloud
from worldgen.scene.scene import Scene
from worldgen.spec.files import encode_spec
from worldgen.spec.model import WorldSpec
from worldgen.stages.contact_sheet import Picture
from worldgen.stages.layer_writer import describe_file
from worldgen.stages.summarise_navigation import summarise_navigation
from worldgen.stages.world_layers import LayerFile, RenderedWorld, WorldLayers
from worldgen.staging import CACHE_NAME, MANIFEST_NAME
from worldgen.storage import write_bytes

SPEC_NAME = "spec.yaml"
TIMINGS_NAME = "timings.json"
PREVIEW_NAME = "preview.jpg"
FUSED_NAME = "fused.glb"

LAYER_FILES: Mapping[str, tuple[str, str]] = {
    "panorama.png": ("panorama", "panorama_png"),
    "radiance.exr": ("radiance", "radiance_exr"),
    "depth.exr": ("euclidean_depth", "depth_exr"),
    "normals.png": ("normals", "normals_png"),
    "labels.png": ("labels", "labels_png"),
    "sky.hdr": ("sky", "radiance_hdr"),
    "light.json": ("light", "light_json"),
    "points.ply": ("points", "points_ply"),
    "splats.ply": ("splats", "gaussian_ply"),
    "splats.spz": ("splats", "spz"),
    "scene.glb": ("scene", "glb"),
    "collision.glb": ("collision", "collision_glb"),
    "navmesh.glb": ("navmesh", "navmesh_glb"),
}
"""File name → role and format id of every layer file of a built world."""

OWN_NAMES = frozenset(
    {
        *LAYER_FILES,
        "seen.png",
        "seen_splats.png",
        "confidence.png",
        PREVIEW_NAME,
        SPEC_NAME,
        MANIFEST_NAME,
        TIMINGS_NAME,
        CACHE_NAME,
        FUSED_NAME,
        "engines",
    }
)
"""Top-level names of a world folder; everything else in it is the user's."""

_IN_VIEW_SHARE = 1e-4
_PAINTED = frozenset({"panorama", "points", "splats"})
"""Layers that take a painting's colours."""


def scene_files(scene: Scene, collision: Collision) -> list[LayerFile]:
    """What can be written as soon as the scene is built."""
    triangles = sum(scene.prototypes[item.prototype].num_triangles[item.lod] for item in scene.objects)
    counts = {"objects": len(scene.objects), "triangles": triangles, "materials": len(scene.materials)}
    return [
        _layer_file("scene.glb", scene, counts),
        _layer_file("collision.glb", collision, {"triangles": collision.num_triangles}),
        _layer_file("sky.hdr", scene.sky.environment),
    ]


def rendered_files(rendered: RenderedWorld, scene: Scene) -> list[LayerFile]:
    """What can be written as soon as the panorama is there."""
    panorama = rendered.panorama
    buffers = panorama.buffers
    size = {"width": panorama.camera.width, "height": panorama.camera.height}
    light = build_light_rig(
        scene, exposure=rendered.exposure, probe_positions=[station.position for station in rendered.stations]
    )
    return [
        _layer_file("panorama.png", bytes_from_unit(tone_map(panorama.radiance, rendered.exposure)), size),
        _layer_file("radiance.exr", panorama.radiance, size),
        _layer_file("depth.exr", buffers.euclidean_depth, size),
        _layer_file("normals.png", buffers.normals, size),
        _layer_file("labels.png", buffers.labels, size),
        _layer_file("light.json", light),
    ]


def point_files(points: PointCloud) -> list[LayerFile]:
    """The point cloud's file."""
    return [_layer_file("points.ply", points, {"points": points.num_points})]


def splat_files(splats: GaussianCloud) -> list[LayerFile]:
    """The splats' files, the most important splats first."""
    count = splats.num_gaussians
    splats = take_gaussians(splats, importance_order(splats))
    levels = splat_levels(count)
    files = [_layer_file(name, splats, {"gaussians": count}) for name in ("splats.ply", "splats.spz")]
    return [dataclasses.replace(file, levels=levels) for file in files]


def splat_levels(count: int) -> tuple[SplatLevel, ...]:
    """Beginnings of ``count`` splats, the most important first, that stand for the whole."""
    return tuple(
        SplatLevel(num_gaussians=size, widening=round(prefix_widening(size, count), 3))
        for size in LEVEL_SIZES
        if size < count
    )


def navigation_files(navigation: Navigation) -> list[LayerFile]:
    """The navmesh's file."""
    navmesh = navigation.navmesh
    counts = {"triangles": navmesh.num_triangles, "islands": len(navmesh.islands)}
    return [_layer_file("navmesh.glb", navigation, counts)]


def write_fused_mesh(layers: WorldLayers, folder: Path) -> WorldFile:
    """Write ``fused.glb``: the spawn panorama's depth as one sheet, cut at depth edges."""
    from worldgen.exporters.glb import write_parts_glb
    from worldgen.geometry.depth_mesh import mesh_from_view

    rendered = layers.rendered
    mesh = mesh_from_view(rendered.panorama, tone_map(rendered.panorama.radiance, rendered.exposure))
    write_parts_glb({"fused": mesh}, folder / FUSED_NAME)
    return describe_file(folder, FUSED_NAME, "fused", "glb", {"triangles": mesh.num_triangles})


def write_preview(picture: Picture, folder: Path) -> WorldFile:
    """Write ``preview.jpg``."""
    load_writer(find_format("panorama_jpeg"))(picture, folder / PREVIEW_NAME)
    return describe_file(folder, PREVIEW_NAME, "preview", "panorama_jpeg", {})


def write_spec(spec: WorldSpec, folder: Path) -> WorldFile:
    """Write ``spec.yaml``."""
    write_bytes(folder / SPEC_NAME, encode_spec(spec))
    return describe_file(folder, SPEC_NAME, "spec", "yaml", {})


def write_manifest(
    folder: Path,
    *,
    source: Source,
    spec: WorldSpec,
    layers: WorldLayers,
    files: list[WorldFile],
    warnings: list[str],
    metrics: dict[str, float],
    context: RunContext,
    kit_labels: tuple[str, ...] = (),
    painted: Layer | None = None,
) -> Manifest:
    """Write ``world.json``, last of all files that a reader needs."""
    kit = f"kit: {', '.join(kit_labels)}" if kit_labels else None
    manifest = Manifest(
        worldgen_version=__version__,
        source=source,
        seed=context.seed,
        quality=context.tier.name,
        bounds=_bounds(layers.scene),
        spawn=Spawn(position=(0.0, 0.0, 0.0), eye_height_m=layers.scene.eye_height_m, yaw=layers.scene.spawn_yaw),
        stations=tuple(_triple(station.position) for station in layers.rendered.stations),
        exposure=layers.rendered.exposure,
        understood=spec.understood,
        ignored=spec.ignored,
        warnings=tuple(warnings),
        labels_in_view=labels_in_view(layers.rendered.panorama.buffers.labels),
        objects=_object_counts(layers.scene),
        layers=tuple(
            painted.model_copy(update={"name": name})
            if painted is not None and name in _PAINTED
            else Layer(name=name, provenance="procedural", backend="procedural", model=kit if name == "scene" else None)
            for name in ("panorama", "euclidean_depth", "points", "splats", "scene", "collision", "navmesh", "sky")
        ),
        files=tuple(files),
        metrics=metrics,
        navigation=summarise_navigation(layers.navigation),
    )
    write_bytes(folder / MANIFEST_NAME, encode_manifest(manifest))
    return manifest


def labels_in_view(labels: NDArray[np.uint8]) -> tuple[str, ...]:
    """Names of the labels that cover enough of a panorama to be told in the manifest."""
    counts = np.bincount(labels.ravel(), minlength=len(LABELS))
    share = counts / counts.sum()
    return tuple(label.name for label, part in zip(LABELS, share, strict=True) if part >= _IN_VIEW_SHARE)


def write_timings(folder: Path, context: RunContext) -> None:
    """Write ``timings.json``, the only file that differs between runs."""
    rows = [
        {
            "stage": stage.stage,
            "wall_s": round(stage.wall_s, 4),
            "cpu_s": round(stage.cpu_s, 4),
            "peak_memory_mb": round(stage.peak_memory_mb, 1),
        }
        for stage in context.finished
    ]
    total = {"wall_s": round(sum(stage.wall_s for stage in context.finished), 4)}
    text = json.dumps({"stages": rows, "total": total}, indent=2) + "\n"
    write_bytes(folder / TIMINGS_NAME, text.encode())


def _layer_file(name: str, value: Any, counts: Mapping[str, int] | None = None) -> LayerFile:
    role, format_id = LAYER_FILES[name]
    return LayerFile(name=name, role=role, format_id=format_id, value=value, counts=counts or {})


def _object_counts(scene: Scene) -> tuple[ObjectCount, ...]:
    counts = Counter((item.spec_id, scene.label_of(item)) for item in scene.objects)
    return tuple(
        ObjectCount(spec_id=spec_id, label=label, count=count) for (spec_id, label), count in sorted(counts.items())
    )


def _bounds(scene: Scene) -> Bounds:
    level = scene.terrain.levels[scene.terrain.play_level]
    reach = level.half_size_m
    top = float(level.heights.max())
    for item in scene.objects:
        x, y, z = item.world_from_object[:3, 3]
        if max(abs(x), abs(z)) <= reach:
            height = max(
                float(part.mesh.vertices[:, 1].max()) for part in scene.prototypes[item.prototype].lods[item.lod]
            )
            top = max(top, float(y) + height * float(np.cbrt(np.linalg.det(item.world_from_object[:3, :3]))))
    return Bounds(minimum=(-reach, round(float(level.heights.min()), 3), -reach), maximum=(reach, round(top, 3), reach))


def _triple(values: np.ndarray[Any, Any]) -> Triple:
    x, y, z = (round(float(value), 4) for value in values)
    return x, y, z
