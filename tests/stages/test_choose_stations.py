"""Stations stand in the open and see what the spawn does not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.scenes import small_scene
from worldgen.frames import rigid
from worldgen.rendering.tracer import SceneTracer
from worldgen.scene.scene import Scene, SceneObject
from worldgen.stages.choose_stations import CLEARANCE_M, choose_stations


def scene_with(*objects: SceneObject) -> Scene:
    scene = small_scene()
    return dataclasses.replace(scene, objects=(scene.objects[0], *objects))


def box_at(name: str, x: float, z: float, scale: float = 1.0) -> SceneObject:
    return SceneObject(
        object_id=name,
        spec_id="box",
        prototype="box",
        world_from_object=rigid(np.eye(3), np.array([x, 0.0, z])) @ np.diag([scale, scale, scale, 1.0]),
    )


def distance_to_box(position: np.ndarray, x: float, z: float, scale: float = 1.0) -> float:
    low = np.array([x - scale, 0.0, z - scale])
    high = np.array([x + scale, 2.0 * scale, z + scale])
    return float(np.linalg.norm(np.maximum(np.maximum(low - position, position - high), 0.0)))


def test_the_spawn_comes_first_and_the_number_is_limited() -> None:
    scene = small_scene()
    tracer = SceneTracer(scene)
    positions = choose_stations(tracer, scene, max_stations=5)
    assert np.array_equal(positions[0], [0.0, scene.eye_height_m, 0.0])
    assert 2 <= len(positions) <= 5
    assert len({position.tobytes() for position in positions}) == len(positions)
    assert len(choose_stations(tracer, scene, max_stations=1)) == 1
    longer = choose_stations(tracer, scene, max_stations=6)
    for one, two in zip(positions, longer, strict=False):
        assert np.array_equal(one, two), "greedy choices do not depend on how many follow"


def test_stations_keep_clear_of_everything() -> None:
    scene = scene_with(box_at("a", 2.2, 0.0), box_at("b", -2.4, -1.5), box_at("c", 0.0, 3.2))
    for position in choose_stations(SceneTracer(scene), scene, max_stations=8)[1:]:
        for x, z in ((2.2, 0.0), (-2.4, -1.5), (0.0, 3.2)):
            assert distance_to_box(position, x, z) > CLEARANCE_M * 0.9
        assert position[1] > CLEARANCE_M


def test_stations_never_stand_inside_of_a_hollow_thing() -> None:
    scene = scene_with(box_at("room", 0.0, -5.5, scale=3.0))
    for position in choose_stations(SceneTracer(scene), scene, max_stations=8):
        assert distance_to_box(position, 0.0, -5.5, 3.0) > 0.0


def test_the_second_station_sees_behind_what_hides_most() -> None:
    scene = scene_with(box_at("wall", 0.0, -3.0, scale=1.2))
    tracer = SceneTracer(scene)
    spawn, second = choose_stations(tracer, scene, max_stations=2)
    behind = np.array([[x, 0.1, -6.0] for x in np.linspace(-1.5, 1.5, 13)])

    def seen(eye: np.ndarray) -> int:
        offsets = behind - eye
        depth = tracer.trace(eye[None], offsets).euclidean_depth
        return int((depth > 0.98 * np.linalg.norm(offsets, axis=1)).sum())

    assert seen(spawn) == 0
    assert seen(second) >= 3


def test_the_choice_is_the_same_every_time() -> None:
    scene = small_scene()
    one = choose_stations(SceneTracer(scene), scene, max_stations=6)
    two = choose_stations(SceneTracer(scene), scene, max_stations=6)
    assert [position.tobytes() for position in one] == [position.tobytes() for position in two]


@pytest.mark.parametrize("max_stations", [2, 7])
def test_stations_stay_near_the_spawn_at_eye_height(max_stations: int) -> None:
    scene = small_scene()
    for position in choose_stations(SceneTracer(scene), scene, max_stations=max_stations):
        assert np.hypot(position[0], position[2]) <= 6.0 + 1e-9
        assert scene.eye_height_m <= position[1] <= scene.eye_height_m + 1.5
