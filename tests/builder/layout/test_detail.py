"""Levels of detail follow apparent size and never exceed the budget."""

from __future__ import annotations

import numpy as np
import pytest

from tests.scenes import ball_mesh
from worldgen.builder.layout.detail import choose_levels
from worldgen.frames import rigid
from worldgen.scene.scene import Part, Prototype, SceneObject

BALL = Prototype(
    name="ball",
    label="rock",
    lods=tuple((Part(mesh=ball_mesh(level), material="m"),) for level in (4, 3, 2, 1)),
    footprint_m=1.5,
)


def balls(distances: list[float]) -> list[SceneObject]:
    return [
        SceneObject(
            object_id=f"ball/{index}",
            spec_id="ball",
            prototype="ball",
            world_from_object=rigid(np.eye(3), np.array([0.0, 0.0, -distance])),
        )
        for index, distance in enumerate(distances)
    ]


def triangles(objects: list[SceneObject]) -> int:
    return sum(BALL.num_triangles[item.lod] for item in objects)


def test_near_things_are_finer_than_far_ones() -> None:
    objects, dropped = choose_levels(
        balls([1.0, 5.0, 20.0, 80.0, 320.0]), {"ball": BALL}, budget=10**9, panorama_height=512
    )
    levels = [item.lod for item in objects]
    assert dropped == 0
    assert levels == sorted(levels)
    assert levels[0] == 0
    assert levels[-1] == len(BALL.lods) - 1


@pytest.mark.parametrize("budget", [200_000, 40_000, 9_000, 500, 0])
def test_the_budget_holds_and_the_farthest_go_first(budget: int) -> None:
    objects, dropped = choose_levels(
        balls([float(d) for d in range(2, 102)]), {"ball": BALL}, budget=budget, panorama_height=1024
    )
    assert triangles(objects) <= budget
    assert len(objects) + dropped == 100
    kept = [item.object_id for item in objects]
    assert kept == [f"ball/{index}" for index in range(len(kept))], "the nearest stay, in order"


def test_only_the_level_changes() -> None:
    before = balls([3.0, 30.0])
    after, _ = choose_levels(before, {"ball": BALL}, budget=10**9, panorama_height=512)
    for one, two in zip(before, after, strict=True):
        assert one.object_id == two.object_id
        assert np.array_equal(one.world_from_object, two.world_from_object)
