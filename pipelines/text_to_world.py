"""A spec becomes a world folder: the whole main job, read from top to bottom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from worldgen.builder.build_scene import build_scene
from worldgen.events import RunContext, WarningRaised
from worldgen.geometry.collision import build_collision
from worldgen.geometry.fusion import fuse_points, fuse_views
from worldgen.geometry.splat_construction import build_splats
from worldgen.kernels import load_beside
from worldgen.manifest import Manifest, Source
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.tone_mapping import tone_map
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.point_cloud import PointCloud
from worldgen.settings import RefinementLimit
from worldgen.spec.model import WorldSpec
from worldgen.stages.apply_kit import apply_kit
from worldgen.stages.compile_kernels import compile_kernels
from worldgen.stages.fit_splats import fit_to_stations
from worldgen.stages.layer_writer import LayerWriter
from worldgen.stages.make_navigation import make_navigation
from worldgen.stages.make_preview import draw_scene, make_preview, start_preview
from worldgen.stages.paint_panorama import PaintOptions, make_backend
from worldgen.stages.paint_scene import paint_scene
from worldgen.stages.refine_world import refine_world
from worldgen.stages.render_world import plan_stations, render_world
from worldgen.stages.world_layers import RenderedWorld, WorldLayers
from worldgen.stages.write_world import (
    OWN_NAMES,
    navigation_files,
    point_files,
    rendered_files,
    scene_files,
    splat_files,
    write_fused_mesh,
    write_manifest,
    write_preview,
    write_spec,
    write_timings,
)
from worldgen.staging import staged_folder


def text_to_world(
    spec: WorldSpec,
    output: Path,
    *,
    source: Source,
    context: RunContext,
    with_fused_mesh: bool = False,
    refine: RefinementLimit | None = None,
    kit: Path | None = None,
    paint: PaintOptions | None = None,
) -> Manifest:
    """Build, render and write the world of a spec.

    Args:
        spec: What to build.
        output: The world folder; an older world there is replaced once the new one is complete.
        source: What the spec came from, for the manifest.
        context: Seed, tier and where events go.
        with_fused_mesh: Also write ``fused.glb``.
        refine: How long to refine the splats, if at all.
        kit: A ``kit.yaml`` whose models stand in for built assets.
        paint: Who paints over the rendering, if anybody shall.

    Returns:
        The manifest that was written.

    Raises:
        WorldgenError: Any of the tree in ``worldgen.errors``; nothing half-written stays.
    """
    warnings = _warn_ignored(spec, context)
    # Made first, so that missing weights are told before the work.
    painter = None if paint is None else make_backend(paint.entry(), paint.model)
    with ExitStack() as resources:
        folder = resources.enter_context(staged_folder(output, own_names=OWN_NAMES))
        writer = resources.enter_context(LayerWriter(folder))
        compile_kernels(("prompt",), context)
        resources.enter_context(load_beside(("prompt",)))
        with context.stage("build scene") as progress:
            built = build_scene(spec, tier=context.tier, seed=context.seed, progress=progress)
        scene, kit_remarks, kit_labels = built.scene, tuple[str, ...](), tuple[str, ...]()
        if kit is not None:
            with context.stage("apply kit"):
                furnished = apply_kit(scene, kit, seed=context.seed, triangle_budget=context.tier.triangle_budget)
            scene, kit_remarks, kit_labels = furnished.scene, furnished.warnings, furnished.labels
        with context.stage("load renderer"):
            renderer = resources.enter_context(SceneRenderer(scene, tier=context.tier, seed=context.seed))
        stations = plan_stations(renderer, context)
        start_preview(renderer, context.tier)
        # From here the path tracer works in the background; what needs no picture is made first.
        with context.stage("make colliders"):
            collision = build_collision(scene, surfaces=built.surfaces)
        writer.start(scene_files(scene, collision))
        navigation = make_navigation(scene, collision, renderer.tracer, context)
        writer.start(navigation_files(navigation))
        rendered = render_world(renderer, stations, context)
        painted = None
        if paint is not None:
            painted = paint_scene(rendered, source.prompt or spec.prompt, paint, context, painter)
            rendered = painted.rendered
        writer.start(rendered_files(rendered, scene))
        drawing = resources.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix="preview"))
        pictures = drawing.submit(draw_scene, rendered, renderer)
        points, splats = _fused(rendered, writer, context)
        metrics: dict[str, float] = {}
        if refine is not None:
            # The refinement has views rendered itself.
            pictures.result()
            state_path = output.parent / f".{output.name}.refinement.npz"
            splats, metrics = refine_world(
                renderer, rendered, splats, limit=refine, context=context, state_path=state_path
            )
        writer.start(splat_files(splats))
        layers = WorldLayers(scene=scene, rendered=rendered, points=points, splats=splats, navigation=navigation)
        with context.stage("draw preview"):
            preview = make_preview(layers, pictures.result(), title=source.prompt or spec.prompt or "untitled world")
        files, remarks = writer.finish(context)
        files = [write_preview(preview, folder), write_spec(spec, folder), *files]
        if with_fused_mesh:
            files.append(write_fused_mesh(layers, folder))
        told = [*built.warnings, *kit_remarks, *(painted.warnings if painted else ()), *remarks]
        warnings += told
        for warning in told:
            context.report(WarningRaised(warning))
        manifest = write_manifest(
            folder,
            source=source,
            spec=spec,
            layers=layers,
            files=files,
            warnings=warnings,
            metrics=metrics,
            context=context,
            kit_labels=kit_labels,
            painted=None if painted is None else painted.layer,
        )
        write_timings(folder, context)
    return manifest


def _warn_ignored(spec: WorldSpec, context: RunContext) -> list[str]:
    """One warning for all words that were not understood."""
    if not spec.ignored:
        return []
    shown = ", ".join(spec.ignored[:12]) + (", …" if len(spec.ignored) > 12 else "")
    warning = f"Not understood and left out: {shown}."
    context.report(WarningRaised(warning))
    return [warning]


def _fused(rendered: RenderedWorld, writer: LayerWriter, context: RunContext) -> tuple[PointCloud, GaussianCloud]:
    """Fuse the stations' views into points and splats, and fit these to them."""
    views = rendered.views
    colors = [tone_map(view.radiance, rendered.exposure) for view in views]
    with context.stage("make splats"):
        samples = fuse_views(views, colors)
        points = fuse_points(samples)
        writer.start(point_files(points))
        splats = build_splats(samples, budget=context.tier.splat_budget)
    return points, fit_to_stations(splats, rendered, colors, context)
