"""What a prompt names is well in sight of the spawn, and not only as a few pixels behind the grass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.worlds import TINY
from worldgen.builder.build_scene import build_scene
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.equirectangular import row_solid_angles
from worldgen.pipelines.generate import parse
from worldgen.rendering.tracer import SceneTracer
from worldgen.scene.labels import LABEL_INDEX

# Nothing is path traced here, so the textures need not be more than a colour.
TIER = replace(TINY, ground_texture_px=64, material_texture_px=16, triangle_budget=1_200_000)

SHARES = (
    ("a deep canyon with a river and a rope bridge", {"river": 3.0, "bridge": 0.5}),
    ("a boat on a lake", {"lake": 6.0, "boat": 0.3}),
    ("ruins on a hill", {"ruins": 0.15}),
    ("a lighthouse on a rocky coast", {"tower": 3.0, "sea": 6.0}),
    ("three towers by a river", {"tower": 6.0, "river": 2.0}),
)
"""Prompts, and the least share in thousandths of the sphere that each label must take up in the spawn's panorama."""


@pytest.mark.parametrize(("prompt", "wanted"), SHARES, ids=[prompt for prompt, _ in SHARES])
def test_what_is_named_is_well_seen(prompt: str, wanted: dict[str, float]) -> None:
    scene = build_scene(parse(prompt), tier=TIER, seed=3).scene
    camera = panorama_camera(np.array([0.0, scene.eye_height_m, 0.0]), height=256)
    buffers = SceneTracer(scene).buffers(camera)
    solid_angles = np.broadcast_to(row_solid_angles(256)[:, None], buffers.labels.shape) / (4.0 * np.pi)
    seen = {name: 1e3 * float(solid_angles[buffers.labels == LABEL_INDEX[name]].sum()) for name in wanted}
    assert {name: share for name, share in seen.items() if share < wanted[name]} == {}, seen
