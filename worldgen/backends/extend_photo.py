"""A photo closed to a panorama without weights: a scene is built that matches it, path traced, and blended around it.

The photo says what light, weather, season and ground it shows; with a prompt, the prompt says the rest. The scene's
picture takes the photo's colours, sky and land apart, crosses over to the photo's mirror image near its borders band by
band, and what difference is left at the border is spread as a membrane. The photo itself is not touched.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.panorama import ClosedPanorama, PhotoRequest
from worldgen.backends.photo_light import SunInPhoto, find_sun
from worldgen.backends.photo_surroundings import (
    FramedPhoto,
    best_turn,
    columns_between,
    match_colors,
    without_floating,
)
from worldgen.backends.photo_traits import PhotoTraits, read_traits, with_traits
from worldgen.builder.build_scene import build_scene
from worldgen.builder.catalogue import lexicon
from worldgen.events import RunContext
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.membranes import meet_border
from worldgen.geometry.sky_mask import find_sky
from worldgen.geometry.spherical_blending import blend_bands
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.tone_mapping import auto_exposure, tone_map
from worldgen.scene.view import View
from worldgen.settings import TIERS
from worldgen.spec.model import WorldSpec
from worldgen.spec.parser import parse_prompt

_PURE_FROM = 0.6
"""Nearness from which the mirror image shows through the blend."""


class ExtendPhoto:
    """The embedded backend for photos."""

    def __call__(self, request: PhotoRequest, context: RunContext) -> ClosedPanorama:
        """Build, render and blend the surroundings of a photo."""
        is_sky = photo_sky(request.image, request.known)
        traits = read_traits(request.image, request.known, is_sky)
        spec = _spec(request.spec, traits)
        view, eye_height, key = _surroundings(spec, len(request.image), context)
        rendered, depth = tone_map(view.radiance, auto_exposure(view.radiance)), view.buffers.euclidean_depth
        notes = [f"Around the photo a scene was invented: {spec.prompt}."]
        # What a prompt asks for has its place, and keeps it.
        sun = None if request.spec is not None else find_sun(request.image, request.known, is_sky)
        photo = FramedPhoto(
            image=request.image,
            known=request.known,
            nearness=request.nearness,
            is_sky=photo_sky(request.image, request.nearness > 0.0),
        )
        matched = match_colors(rendered, ~np.isfinite(depth), request.image, request.known, is_sky)
        if sun is not None:
            columns = columns_between(math.atan2(key[0], -key[2]), sun.azimuth, 2 * len(request.image))
            notes.append(f"The scene was turned so that its sun stands where the photo's does ({_words(sun)}).")
        else:
            columns = best_turn(matched, ~np.isfinite(depth), photo) if request.spec is None else 0
        matched, depth = np.roll(matched, columns, axis=1), np.roll(depth, columns, axis=1)
        matched, depth = without_floating(matched, depth, photo)
        picture = close_around(request.image, request.known, request.nearness, matched)
        return ClosedPanorama(
            picture=picture,
            euclidean_depth=np.ascontiguousarray(depth),
            eye_height=eye_height,
            spec=spec,
            provenance="procedural",
            warnings=tuple(notes),
        )


def _words(sun: SunInPhoto) -> str:
    side = "right" if sun.azimuth > 0.0 else "left"
    return f"{abs(math.degrees(sun.azimuth)):.0f}° to the {side}, confidence {sun.confidence:.2f}"


def photo_sky(image: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pixels of a photo on the sphere are sky."""
    return find_sky(np.clip(image, 0.0, 1.0).astype(np.float32), known).is_sky


def close_around(
    image: NDArray[np.float32],
    known: NDArray[np.bool_],
    nearness: NDArray[np.float32],
    surroundings: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Blend surroundings to a photo and its mirror image; the photo's own pixels stay as they are."""
    mirrored = np.where(nearness[..., None] > 0.0, image, surroundings)
    blended = blend_bands(mirrored.astype(np.float32), surroundings, nearness)
    joined = meet_border(blended, image, known, border_px=1)
    # Right beside the border the mirror image rules alone: it goes on without the smallest step.
    t = np.clip((nearness - _PURE_FROM) / (1.0 - _PURE_FROM), 0.0, 1.0)
    pure = (t * t * (3.0 - 2.0 * t))[..., None]
    result = np.where(known[..., None], image, joined * (1.0 - pure) + mirrored * pure)
    return np.clip(result, 0.0, 1.0).astype(np.float32)


def _spec(spec: WorldSpec | None, traits: PhotoTraits) -> WorldSpec:
    if spec is None:
        spec = parse_prompt(traits.sentence, lexicon())
    return with_traits(spec, traits)


def _surroundings(spec: WorldSpec, height: int, context: RunContext) -> tuple[View, float, NDArray[np.float64]]:
    """The panorama from the spawn of the spec's scene, the eye's height over the ground, and where its sun stands."""
    # Beside a photo the scene need not be finer than a draft's; its picture has the tier's size all the same.
    tier = replace(TIERS["draft"], panorama_height=height, spawn_samples=context.tier.spawn_samples)
    scene = build_scene(spec, tier=tier, seed=context.seed).scene
    renderer = SceneRenderer(scene, tier=tier, seed=context.seed)
    eye = np.array([0.0, scene.eye_height_m, 0.0])
    faces = renderer.render_cube(eye, face_px=renderer.face_px_for(height), samples=tier.spawn_samples)
    view = renderer.panorama_from_cube(faces, panorama_camera(eye, height=height))
    return view, scene.eye_height_m, scene.sky.key_direction_in_world
