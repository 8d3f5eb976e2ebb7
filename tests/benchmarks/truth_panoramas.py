"""Panoramas with exact depth, path traced from our own built worlds, as truth for what is estimated from pictures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.build_scene import build_scene
from worldgen.geometry.cameras import panorama_camera
from worldgen.pipelines.generate import parse
from worldgen.rendering.scene_renderer import SceneRenderer
from worldgen.rendering.tone_mapping import auto_exposure, tone_map
from worldgen.settings import TIERS

PROMPTS = (
    "a village street with timber houses, a church and a market, noon",
    "a desert with cacti and a ruined wall, clear sky",
    "a castle on a hill above a river at sunset",
    "a dense pine forest with a path, overcast",
    "a lighthouse tower on a rocky coast, sea, stormy",
    "a snowy mountain valley with a cabin",
    "a stone tower on a meadow with flowers, birch trees, morning",
    "a shrine in a broadleaf forest, mist",
    "a barn with fences and haystacks, windmill, golden hour",
    "a tropical beach with palms, boats and a dock",
    "a graveyard with a church at dusk",
    "a well, carts and market stalls between stone houses",
)
HEIGHT = 512
_SAMPLES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthPanorama:
    """picture (H, 2H, 3) float32 sRGB-encoded; euclidean_depth (H, 2H) float32 metres, infinite for the sky."""

    prompt: str
    picture: NDArray[np.float32]
    euclidean_depth: NDArray[np.float32]
    eye_height_m: float


def chosen_prompts() -> tuple[str, ...]:
    """All prompts, or the first few where ``WORLDGEN_BENCHMARK_PROMPTS`` says how many."""
    return PROMPTS[: int(os.environ.get("WORLDGEN_BENCHMARK_PROMPTS", len(PROMPTS)))]


def truth_panorama(prompt: str, seed: int = 1) -> TruthPanorama:
    """The spawn panorama of a prompt's world; kept below ``WORLDGEN_BENCHMARK_CACHE`` if that is set."""
    cache = os.environ.get("WORLDGEN_BENCHMARK_CACHE")
    path = Path(cache) / f"{'_'.join(prompt.split()[:4])}_{seed}.npz" if cache else None
    if path is not None and path.is_file():
        with np.load(path) as stored:
            return TruthPanorama(
                prompt=prompt,
                picture=stored["picture"],
                euclidean_depth=stored["depth"],
                eye_height_m=float(stored["eye"]),
            )
    tier = TIERS["draft"]
    scene = build_scene(parse(prompt), tier=tier, seed=seed).scene
    renderer = SceneRenderer(scene, tier=tier, seed=seed)
    eye = np.array([0.0, scene.eye_height_m, 0.0])
    faces = renderer.render_cube(eye, face_px=renderer.face_px_for(HEIGHT), samples=_SAMPLES)
    view = renderer.panorama_from_cube(faces, panorama_camera(eye, height=HEIGHT))
    truth = TruthPanorama(
        prompt=prompt,
        picture=tone_map(view.radiance, auto_exposure(view.radiance)),
        euclidean_depth=view.buffers.euclidean_depth,
        eye_height_m=scene.eye_height_m,
    )
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, picture=truth.picture, depth=truth.euclidean_depth, eye=truth.eye_height_m)
    return truth
