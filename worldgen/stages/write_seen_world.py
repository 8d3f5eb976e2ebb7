"""The layers of a seen world → files of a world folder, and their manifest."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen import __version__
from worldgen.color import bytes_from_unit
from worldgen.events import RunContext
from worldgen.geometry.splat_levels import importance_order
from worldgen.geometry.splat_transforms import take_gaussians
from worldgen.manifest import (
    Bounds,
    Layer,
    Manifest,
    Source,
    Spawn,
    Triple,
    WalkRangeSummary,
    WalkRing,
    WorldFile,
    encode_manifest,
)
from worldgen.scene.walk_range import WalkRange
from worldgen.spec.model import WorldSpec
from worldgen.stages.layer_writer import LayerWriter
from worldgen.stages.summarise_navigation import summarise_navigation
from worldgen.stages.world_layers import LayerFile, SeenLayers
from worldgen.stages.write_world import labels_in_view, navigation_files, splat_levels
from worldgen.staging import MANIFEST_NAME
from worldgen.storage import write_bytes

SPLAT_MASK_WIDTH = 1024
"""Columns of ``seen_splats.png``, which has a pixel for each splat, row by row in the order of the splat files."""

_BOUNDS_PERCENTILES = (0.5, 99.5)


def write_seen_layers(layers: SeenLayers, folder: Path, context: RunContext) -> tuple[list[WorldFile], list[str]]:
    """Write every layer file of a seen world; returned and raised is what ``LayerWriter.finish`` tells."""
    buffers = layers.panorama.buffers
    size = {"width": layers.panorama.camera.width, "height": layers.panorama.camera.height}
    triangles = sum(sheet.mesh.num_triangles for sheet in layers.sheets)
    count = layers.splats.num_gaussians
    gaussians = {"gaussians": count, "seen_gaussians": layers.num_seen_splats}
    order = importance_order(layers.splats, (0.0, layers.camera_height, 0.0))
    splats, is_seen = take_gaussians(layers.splats, order), order < layers.num_seen_splats

    def row(name: str, role: str, format_id: str, value: object, counts: dict[str, int] | None = None) -> LayerFile:
        return LayerFile(name=name, role=role, format_id=format_id, value=value, counts=counts or {})

    files = [
        row("panorama.png", "panorama", "panorama_png", bytes_from_unit(layers.picture), size),
        row("radiance.exr", "radiance", "radiance_exr", layers.panorama.radiance, size),
        row("depth.exr", "euclidean_depth", "depth_exr", buffers.euclidean_depth, size),
        row("normals.png", "normals", "normals_png", buffers.normals, size),
        row("labels.png", "labels", "labels_png", buffers.labels, size),
        row("seen.png", "seen", "mask_png", layers.is_seen, size),
        row("confidence.png", "confidence", "mask_png", layers.confidence, size),
        row("sky.hdr", "sky", "radiance_hdr", layers.sky),
        row("light.json", "light", "light_json", layers.light),
        row("points.ply", "points", "points_ply", layers.points, {"points": layers.points.num_points}),
        dataclasses.replace(row("splats.ply", "splats", "gaussian_ply", splats, gaussians), levels=splat_levels(count)),
        dataclasses.replace(row("splats.spz", "splats", "spz", splats, gaussians), levels=splat_levels(count)),
        row("seen_splats.png", "seen_splats", "mask_png", _splat_mask(is_seen), {"gaussians": count}),
        row("scene.glb", "scene", "sheets_glb", layers.sheets, {"objects": len(layers.sheets), "triangles": triangles}),
        row("collision.glb", "collision", "collision_glb", layers.collision),
        *navigation_files(layers.navigation),
    ]
    with LayerWriter(folder) as writer:
        writer.start(files)
        return writer.finish(context)


def _splat_mask(is_seen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """A mark for each splat as rows of pixels, from the upper left on; what is left of the last row is 0."""
    rows = -(-len(is_seen) // SPLAT_MASK_WIDTH)
    mask = np.zeros(max(rows, 1) * SPLAT_MASK_WIDTH, dtype=np.float32)
    mask[: len(is_seen)] = is_seen
    return mask.reshape(-1, SPLAT_MASK_WIDTH)


def write_seen_manifest(
    folder: Path,
    *,
    source: Source,
    spec: WorldSpec | None,
    layers: SeenLayers,
    provenance: tuple[Layer, ...],
    files: list[WorldFile],
    warnings: list[str],
    context: RunContext,
) -> Manifest:
    """Write ``world.json``, last of all files that a reader needs."""
    manifest = Manifest(
        worldgen_version=__version__,
        source=source,
        seed=context.seed,
        quality=context.tier.name,
        bounds=_bounds(layers),
        spawn=Spawn(position=(0.0, 0.0, 0.0), eye_height_m=round(layers.camera_height, 4), yaw=0.0),
        stations=((0.0, round(layers.camera_height, 4), 0.0),),
        exposure=layers.exposure,
        understood=() if spec is None else spec.understood,
        ignored=() if spec is None else spec.ignored,
        warnings=tuple(warnings),
        labels_in_view=labels_in_view(layers.panorama.buffers.labels),
        objects=(),
        layers=provenance,
        estimates=layers.estimates,
        files=tuple(files),
        metrics=_metrics(layers),
        navigation=summarise_navigation(layers.navigation),
        walk_range=_summary(layers.walk_range),
    )
    write_bytes(folder / MANIFEST_NAME, encode_manifest(manifest))
    return manifest


def _summary(walk_range: WalkRange) -> WalkRangeSummary:
    return WalkRangeSummary(
        radii_m=tuple(walk_range.radii_m.tolist()),
        tolerance=walk_range.tolerance,
        rings=tuple(
            WalkRing(distance_m=distance, untrue_share=share)
            for distance, share in zip(walk_range.distances_m.tolist(), walk_range.untrue_shares.tolist(), strict=True)
        ),
    )


def _bounds(layers: SeenLayers) -> Bounds:
    """Where nearly all points lie; a few at the horizon would say nothing about the world."""
    points = layers.points.points
    if not len(points):
        return Bounds(minimum=(0.0, 0.0, 0.0), maximum=(0.0, 0.0, 0.0))
    low, high = np.percentile(points, _BOUNDS_PERCENTILES, axis=0)
    return Bounds(minimum=_triple(low), maximum=_triple(high))


def _metrics(layers: SeenLayers) -> dict[str, float]:
    height = layers.panorama.camera.height
    weight = np.sin((np.arange(height) + 0.5) / height * np.pi)[:, None] * np.ones((1, 2 * height))
    solid = np.isfinite(layers.panorama.buffers.euclidean_depth)
    solid_weight = float((weight * solid).sum())
    return {
        "seen_share": round(float((layers.is_seen * weight).sum() / weight.sum()), 4),
        "sky_share": round(1.0 - solid_weight / float(weight.sum()), 4),
        "mean_depth_confidence": round(float((layers.confidence * weight * solid).sum() / max(solid_weight, 1e-9)), 4),
    }


def _triple(values: NDArray[np.floating]) -> Triple:
    x, y, z = (round(float(value), 3) for value in values)
    return x, y, z
