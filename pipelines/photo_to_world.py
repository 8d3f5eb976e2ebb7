"""A photo becomes a world folder: a panorama is closed around it, and that becomes the world."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from worldgen.events import RunContext
from worldgen.manifest import Manifest
from worldgen.pipelines.panorama_to_world import write_seen_world
from worldgen.spec.model import WorldSpec
from worldgen.stages.estimate_depth import DepthOptions, estimate_depth
from worldgen.stages.extend_photo import PhotoOptions, extend_photo, join_depth
from worldgen.stages.fill_background import BackgroundFiller
from worldgen.stages.write_world import OWN_NAMES
from worldgen.staging import staged_folder


def photo_to_world(
    path: Path,
    output: Path,
    *,
    photo_options: PhotoOptions,
    depth_options: DepthOptions,
    spec: WorldSpec | None,
    filler: BackgroundFiller | None = None,
    context: RunContext,
) -> Manifest:
    """Close a photo to a panorama, find its depth, and write the world.

    Args:
        path: The photo's file.
        output: The world folder; an older world there is replaced once the new one is complete.
        photo_options: Field of view, and who invents the rest.
        depth_options: Where the depth comes from; a file would have to fit a panorama that is not there yet.
        spec: What a prompt said about the photo, or None.
        filler: A model's hand in the hidden background, if it shall have one.
        context: Seed, tier and where events go.

    Returns:
        The manifest that was written.

    Raises:
        WorldgenError: Any of the tree in ``worldgen.errors``; nothing half-written stays.
    """
    with staged_folder(output, own_names=OWN_NAMES) as folder:
        extended = extend_photo(path, photo_options, spec, context)
        if depth_options.camera_height is None and extended.closed.eye_height is not None:
            # The invented part is in metres already: the photo joins it at the same height of the eye.
            depth_options = replace(depth_options, camera_height=extended.closed.eye_height)
        depth = join_depth(estimate_depth(extended.panorama, depth_options, context), extended)
        return write_seen_world(
            extended.panorama,
            depth,
            folder,
            kind="photo",
            spec=extended.closed.spec or spec,
            filler=filler,
            context=context,
        )
