"""Things stand where their rules say, and editing the spec moves nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import tiny_scene, tiny_scene_of
from worldgen.builder.catalogue import families
from worldgen.builder.layout.sites import half_extents
from worldgen.builder.terrain.queries import ground_height, water_depth_at
from worldgen.pipelines.generate import parse
from worldgen.scene.labels import LABEL_INDEX, LABELS
from worldgen.scene.scene import Scene, SceneObject
from worldgen.spec.model import Item, Place

PROMPT = "a cabin and a church by a lake, pine forest, a path, wildflowers"


def transforms(scene: Scene) -> dict[str, np.ndarray]:
    return {item.object_id: item.world_from_object for item in scene.objects}


def group_of(scene: Scene, item: SceneObject) -> str:
    return LABELS[LABEL_INDEX[scene.label_of(item)]].group


@pytest.mark.parametrize("relation", ["near_spawn", "by"])
def test_adding_a_tower_moves_nothing_else(relation: str) -> None:
    spec = parse(PROMPT)
    target = "lake" if relation == "by" else None
    tower = Item(id="extra_tower", family="tower", place=Place(relation=relation, target=target))  # type: ignore[arg-type]
    before = transforms(tiny_scene_of(spec).scene)
    after = transforms(tiny_scene_of(spec.model_copy(update={"items": (*spec.items, tower)})).scene)
    assert "extra_tower/0" in after
    shared = before.keys() & after.keys()
    moved = [name for name in shared if not np.array_equal(before[name], after[name])]
    assert moved == []
    assert len(shared) > 0.8 * len(before), "only what stood in the tower's way is gone"


def test_raising_a_count_keeps_the_first_ones_in_place() -> None:
    spec = parse("three towers in a meadow")
    (item,) = [item for item in spec.items if item.family == "tower"]
    more = item.model_copy(update={"count": item.count + 1})
    before = transforms(tiny_scene_of(spec).scene)
    after = transforms(tiny_scene_of(spec.model_copy(update={"items": (more,)})).scene)
    for index in range(item.count):
        assert np.array_equal(before[f"{item.id}/{index}"], after[f"{item.id}/{index}"])
    assert f"{item.id}/{item.count}" in after


def test_seeds_differ() -> None:
    one, two = transforms(tiny_scene(PROMPT, 0).scene), transforms(tiny_scene(PROMPT, 1).scene)
    assert not np.array_equal(one["cabin/0"], two["cabin/0"])


def test_everything_asked_for_is_there_and_traces_back_to_the_spec() -> None:
    scene, spec = tiny_scene(PROMPT).scene, parse(PROMPT)
    entries = {item.id for item in spec.items} | {entry.id for entry in spec.scatters} | {w.id for w in spec.waters}
    found = {item.spec_id for item in scene.objects}
    assert {item.id for item in spec.items} <= found
    assert found - entries <= {"land"}
    for item in scene.objects:
        assert (
            item.object_id == item.spec_id
            or item.object_id.split("/")[0] in (item.spec_id, "land", "path", "water")
            or (f"/{item.spec_id}/" in item.object_id)
        )


def test_buildings_stand_level_on_the_ground_and_dry() -> None:
    scene = tiny_scene(PROMPT).scene
    buildings = [item for item in scene.objects if group_of(scene, item) == "structure"]
    assert buildings
    for item in buildings:
        if not families()[scene.label_of(item)].placement.levels_ground:
            continue
        matrix = item.world_from_object
        assert np.abs(matrix[:3, 1] - (0.0, 1.0, 0.0)).max() < 1e-9, "upright"
        half_x, half_z = half_extents(scene.prototypes[item.prototype])
        angle = np.arange(16) * np.pi / 8.0
        rim = np.stack([half_x * np.cos(angle), np.zeros(16), half_z * np.sin(angle)], axis=1) @ matrix[:3, :3].T
        x, z = matrix[0, 3] + rim[:, 0], matrix[2, 3] + rim[:, 2]
        assert np.abs(ground_height(scene.terrain, x, z) - matrix[1, 3]).max() < 0.05
        assert water_depth_at(scene.terrain, x, z).max() == 0.0


def test_plants_touch_the_ground_and_keep_out_of_water_buildings_and_the_spawn() -> None:
    scene = tiny_scene(PROMPT).scene
    plants = [item for item in scene.objects if group_of(scene, item) == "vegetation"]
    position = np.stack([item.world_from_object[:3, 3] for item in plants])
    ground = ground_height(scene.terrain, position[:, 0], position[:, 2])
    sunk = ground - position[:, 1]
    assert sunk.min() > -1e-3, "nothing floats"
    assert sunk.max() < 1.5
    dry = [
        index for index, item in enumerate(plants) if families()[scene.label_of(item)].placement.water_depth_m[1] == 0.0
    ]
    assert water_depth_at(scene.terrain, position[dry, 0], position[dry, 2]).max() < 0.02
    tall = [index for index, item in enumerate(plants) if scene.label_of(item) in ("conifer", "broadleaf", "birch")]
    assert tall
    assert np.hypot(position[tall, 0], position[tall, 2]).min() > 4.0
    for item in scene.objects:
        if group_of(scene, item) == "structure":
            away = np.hypot(
                position[tall, 0] - item.world_from_object[0, 3], position[tall, 2] - item.world_from_object[2, 3]
            )
            assert away.min() > 1.5


def test_doors_face_the_path_or_the_spawn() -> None:
    scene = tiny_scene("a cabin, a stone house and a church, a path").scene
    for item in scene.objects:
        label = scene.label_of(item)
        if label in ("cabin", "stone_house", "church"):
            front = item.world_from_object[:3, :3] @ (0.0, 0.0, 1.0)
            to_spawn = -item.world_from_object[:3, 3] * (1.0, 0.0, 1.0)
            cosine = front @ to_spawn / np.linalg.norm(to_spawn)
            assert cosine > 0.5, f"{item.object_id} turns its back"
