"""Bridges lead across: their ramps meet the ground, and one island of the navmesh holds both banks and the deck."""

from __future__ import annotations

import numpy as np

from tests.navigation.walking import find_path
from tests.worlds import tiny_scene
from worldgen.geometry.collision import build_collision, ground_heights
from worldgen.navigation.navmesh import Area, build_navmesh
from worldgen.navigation.places import nearest_place
from worldgen.navigation.solids import solids_of
from worldgen.navigation.water import Waters
from worldgen.scene.navmesh import Agent


def test_an_agent_walks_over_the_bridge() -> None:
    scene = tiny_scene("a medieval village with a church and a stone bridge over a river", 3).scene
    (bridge,) = (item for item in scene.objects if scene.label_of(item) == "bridge")
    middle, along = bridge.world_from_object[:3, 3], bridge.world_from_object[:3, 0]
    parts = scene.prototypes[bridge.prototype].lods[0]
    reach = max(float(part.mesh.vertices[:, 0].max()) for part in parts)
    toes = middle + along * np.array([[-reach], [reach]])
    # The top of a ramp ends below the ground, so there is no step at its foot.
    lowest = min(
        float(part.mesh.vertices[np.abs(part.mesh.vertices[:, 0]) > reach - 0.01, 1].max())
        for part in parts
        if part.mesh.vertices[:, 0].max() > reach - 0.01
    )
    ground = ground_heights(scene.terrain, toes[:, 0], toes[:, 2])
    assert (middle[1] + lowest < ground + 0.02).all()
    # In water up to the chest nobody wades: whoever gets across takes the bridge.
    area = Area(x=(middle[0] - 24.0, middle[0] + 24.0), z=(middle[2] - 24.0, middle[2] + 24.0))
    dry = Agent(max_wade_m=0.0)
    navmesh = build_navmesh(solids_of(build_collision(scene)), area, dry, waters=Waters(scene.terrain))
    ends = [nearest_place(navmesh, point, reach_m=2.5) for point in toes]
    deck = nearest_place(navmesh, middle + np.array([0.0, 0.4, 0.0]), reach_m=1.5)
    assert ends[0] is not None
    assert ends[1] is not None
    assert deck is not None
    assert len({int(navmesh.island_ids[place[1]]) for place in (*ends, deck)}) == 1
    path = find_path(navmesh, ends[0], ends[1])
    assert path is not None
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).sum() < 1.2 * 2.0 * reach + 4.0
