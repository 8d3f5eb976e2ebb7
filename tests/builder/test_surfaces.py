"""The ground's surface tags follow the cover that its textures are baked by."""

from __future__ import annotations

import numpy as np

from tests.worlds import tiny_scene
from worldgen.builder.terrain.cover import COVER_LAYERS
from worldgen.builder.terrain.fields import ground_cover
from worldgen.builder.terrain.surfaces import ground_surfaces
from worldgen.pipelines.generate import parse
from worldgen.randomness import rng
from worldgen.scene.material import SURFACE_TAGS

PROMPT = "a log cabin by a mountain lake, pine forest"


def test_tags_are_what_covers_most() -> None:
    spec, scene = parse(PROMPT), tiny_scene(PROMPT, 0).scene
    cover = ground_cover(scene.terrain, spec, 0, np.zeros((len(COVER_LAYERS), 3), dtype=np.float32))
    half = scene.terrain.levels[scene.terrain.play_level].half_size_m
    x, z = rng(5, "test/spots").uniform(-half, half, (2, 2000))
    weights = cover.weights(x, z)
    groups = {
        "grass": ("grass", "moss"),
        "soil": ("dirt", "forest_floor", "mud", "path"),
        "sand": ("sand",),
        "stone": ("gravel", "rock", "red_rock", "scree"),
        "snow": ("snow",),
    }
    shares = np.stack([sum(weights[:, COVER_LAYERS.index(name)] for name in names) for names in groups.values()])
    clear = np.sort(shares, axis=0)[-2] < shares.max(axis=0) - 1e-4
    tags = ground_surfaces(cover, "dirt")(x, z)
    expected = np.array([SURFACE_TAGS.index(name) for name in groups])[shares.argmax(axis=0)]
    np.testing.assert_array_equal(tags[clear], expected[clear])
    assert len(set(tags.tolist())) >= 2
    np.testing.assert_array_equal(tiny_scene(PROMPT, 0).surfaces(x, z), tags)
    cobbled = ground_surfaces(cover, "cobble")(x, z)
    on_path = weights[:, COVER_LAYERS.index("path")] > 0.6
    assert (cobbled[on_path] == SURFACE_TAGS.index("stone")).all()
