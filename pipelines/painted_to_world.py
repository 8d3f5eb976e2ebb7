"""A prompt becomes a world folder by way of a painted panorama: a model paints it, its depth is found."""

from __future__ import annotations

from pathlib import Path

from worldgen.events import RunContext
from worldgen.manifest import Manifest
from worldgen.pipelines.panorama_to_world import write_seen_world
from worldgen.stages.compile_kernels import compile_kernels
from worldgen.stages.estimate_depth import DepthOptions, estimate_depth, make_depth_backend
from worldgen.stages.fill_background import BackgroundFiller
from worldgen.stages.paint_panorama import PaintOptions, paint_panorama
from worldgen.stages.write_world import OWN_NAMES
from worldgen.staging import staged_folder


def painted_to_world(
    prompt: str,
    output: Path,
    *,
    paint_options: PaintOptions,
    depth_options: DepthOptions,
    filler: BackgroundFiller | None = None,
    context: RunContext,
) -> Manifest:
    """Let a model paint a panorama, find its depth, and write the world that it shows.

    Args:
        prompt: What the panorama shall show; it goes to the model as it is.
        output: The world folder; an older world there is replaced once the new one is complete.
        paint_options: Who paints.
        depth_options: Where the depth comes from.
        filler: A model's hand in the hidden background, if it shall have one.
        context: Seed, tier and where events go.

    Returns:
        The manifest that was written.

    Raises:
        WorldgenError: Any of the tree in ``worldgen.errors``; nothing half-written stays.
    """
    # Made first, so that missing weights are told before the painting.
    backend = make_depth_backend(depth_options)
    with staged_folder(output, own_names=OWN_NAMES) as folder:
        panorama = paint_panorama(prompt, paint_options, context)
        compile_kernels(("picture",), context)
        depth = estimate_depth(panorama, depth_options, context, backend)
        return write_seen_world(
            panorama, depth, folder, kind="prompt", spec=None, prompt=prompt, filler=filler, context=context
        )
