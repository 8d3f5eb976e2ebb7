"""Forty prompts: what each asks for can be seen from the spawn, and what it rules out cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.prompts import PROMPTS, PromptCase, labels_of
from tests.worlds import TINY
from worldgen.builder.build_scene import build_scene
from worldgen.geometry.cameras import panorama_camera
from worldgen.pipelines.generate import parse
from worldgen.rendering.tracer import SceneTracer
from worldgen.scene.labels import LABEL_INDEX

# Nothing is path traced here, so the textures need not be more than a colour.
TIER = replace(TINY, ground_texture_px=64, material_texture_px=16, triangle_budget=1_200_000)


@pytest.mark.parametrize("case", PROMPTS, ids=lambda case: case.name)
def test_what_was_asked_for_is_in_view(case: PromptCase) -> None:
    spec = parse(case.prompt)
    built = build_scene(spec, tier=TIER, seed=1)
    tracer = SceneTracer(built.scene)
    eye = np.array([0.0, built.scene.eye_height_m, 0.0])
    labels = tracer.buffers(panorama_camera(eye, height=320)).labels
    counts = np.bincount(labels.ravel(), minlength=len(LABEL_INDEX))
    seen = {name for name, index in LABEL_INDEX.items() if counts[index] >= 4}
    hidden = [name for name in case.visible if not labels_of(name) & seen]
    assert hidden == [], f"not in view; {built.warnings}"
    present = {built.scene.label_of(item) for item in built.scene.objects}
    assert [name for name in case.absent if labels_of(name) & present] == []
    assert set(case.ignored) <= set(spec.ignored)
