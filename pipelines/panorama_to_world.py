"""A panorama becomes a world folder: read from top to bottom."""

from __future__ import annotations

from pathlib import Path

from worldgen.events import RunContext, WarningRaised
from worldgen.manifest import Layer, Manifest, ModelRecord, Source
from worldgen.spec.model import WorldSpec
from worldgen.stages.compile_kernels import compile_kernels
from worldgen.stages.estimate_depth import DepthOptions, SeenDepth, estimate_depth
from worldgen.stages.fill_background import BackgroundFiller
from worldgen.stages.preview_seen import preview_seen
from worldgen.stages.read_panorama import PanoramaOptions, SeenPanorama, read_panorama
from worldgen.stages.reconstruct_seen import reconstruct_seen
from worldgen.stages.write_seen_world import write_seen_layers, write_seen_manifest
from worldgen.stages.write_world import OWN_NAMES, write_preview, write_spec, write_timings
from worldgen.staging import staged_folder


def panorama_to_world(
    path: Path,
    output: Path,
    *,
    panorama_options: PanoramaOptions,
    depth_options: DepthOptions,
    spec: WorldSpec | None,
    filler: BackgroundFiller | None = None,
    context: RunContext,
) -> Manifest:
    """Read a panorama, find its depth, and write the world that it shows.

    Args:
        path: The panorama's file.
        output: The world folder; an older world there is replaced once the new one is complete.
        panorama_options: What the file covers.
        depth_options: Where the depth comes from.
        spec: What a prompt said about the picture, or None.
        filler: A model's hand in the hidden background, if it shall have one.
        context: Seed, tier and where events go.

    Returns:
        The manifest that was written.

    Raises:
        WorldgenError: Any of the tree in ``worldgen.errors``; nothing half-written stays.
    """
    with staged_folder(output, own_names=OWN_NAMES) as folder:
        panorama = read_panorama(path, panorama_options, context)
        compile_kernels(("picture",), context)
        depth = estimate_depth(panorama, depth_options, context)
        return write_seen_world(panorama, depth, folder, kind="panorama", spec=spec, filler=filler, context=context)


def write_seen_world(
    panorama: SeenPanorama,
    depth: SeenDepth,
    folder: Path,
    *,
    kind: str,
    spec: WorldSpec | None,
    prompt: str | None = None,
    filler: BackgroundFiller | None = None,
    context: RunContext,
) -> Manifest:
    """Reconstruct a panorama with depth and write everything that belongs to its world."""
    layers = reconstruct_seen(panorama, depth, context, filler)
    prompt = prompt or ("" if spec is None else spec.prompt)
    source = Source.model_validate(
        {
            "kind": kind,
            "prompt": prompt,
            "files": tuple(file for file in (panorama.file, depth.file) if file is not None),
        }
    )
    with context.stage("draw preview"):
        preview = preview_seen(layers, title=prompt or (panorama.file.name if panorama.file else "untitled world"))
    files, remarks = write_seen_layers(layers, folder, context)
    files = [write_preview(preview, folder), *files]
    if spec is not None:
        files.append(write_spec(spec, folder))
    warnings = [*panorama.warnings, *depth.warnings, *layers.navigation.warnings, *remarks]
    for warning in warnings:
        context.report(WarningRaised(warning))
    manifest = write_seen_manifest(
        folder,
        source=source,
        spec=spec,
        layers=layers,
        provenance=_provenance(panorama, depth, () if filler is None else filler.models),
        files=files,
        warnings=warnings,
        context=context,
    )
    write_timings(folder, context)
    return manifest


def _provenance(panorama: SeenPanorama, depth: SeenDepth, fill_models: tuple[ModelRecord, ...]) -> tuple[Layer, ...]:
    """Who made each layer: what rests on an estimated depth is an estimate, what a model filled is neural."""
    derived = "estimated" if depth.layer.provenance == "given" else depth.layer.provenance
    rest = {
        "provenance": derived,
        "backend": "reconstruction",
        "model": depth.layer.model,
        "licence": depth.layer.licence,
        "models": depth.layer.models,
    }
    filled: dict[str, object] = {}
    if fill_models:
        filled = {"provenance": "neural", "models": (*depth.layer.models, *fill_models)}
    return (
        panorama.layer,
        depth.layer,
        *(
            Layer.model_validate({"name": name, **rest, **(filled if name in ("splats", "scene") else {})})
            for name in ("points", "splats", "scene", "collision", "navmesh", "sky", "light", "labels", "normals")
        ),
    )
