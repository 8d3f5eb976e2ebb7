"""Lines of sight: low things count where they rise into them, tall ones always."""

from __future__ import annotations

import numpy as np

from tests.builder.terrain.lands import land_of
from worldgen.builder.layout.sight import EYE_HEIGHT_M, SightLine, barred_by, seen_share, stands_before
from worldgen.builder.terrain.queries import ground_height
from worldgen.randomness import rng
from worldgen.scene.scene import Scene


def test_the_eye_is_where_the_scene_has_it() -> None:
    assert Scene.__dataclass_fields__["eye_height_m"].default == EYE_HEIGHT_M


def test_a_low_thing_bars_a_line_only_where_it_rises_into_it() -> None:
    # From the eye at 1.7 m down to a sill at 0.2 m, 30 m ahead: the line is 1.2 m high after 10 m, 0.7 m after 20 m.
    line = SightLine(x=0.0, z=-30.0, sill_y=0.2, clearance_m=1.0)
    z = np.array([-10.0, -10.0, -20.0, -20.0, -29.0])
    top = np.array([1.19, 1.21, 0.69, 0.71, 0.3])
    barred = line.is_barred(np.zeros(5), z, reach_m=0.2, top_y=top)
    assert barred.tolist() == [False, True, False, True, True]
    aside = np.array([2.0, 2.0, 2.0, 2.0, 2.0])
    assert not line.is_barred(aside, z, reach_m=0.2, top_y=top).any()
    assert line.is_barred(np.zeros(5), z, reach_m=0.2, top_y=None).all()


def test_nothing_bars_a_line_beyond_its_goal_or_behind_the_eye() -> None:
    line = SightLine(x=20.0, z=0.0, sill_y=0.0, clearance_m=1.0)
    x = np.array([-3.0, 24.0])
    assert not line.is_barred(x, np.zeros(2), reach_m=0.3, top_y=None).any()
    assert not barred_by([line], x, np.zeros(2), reach_m=0.3, top_y=None).any()
    assert barred_by([], x, np.zeros(2), reach_m=0.3, top_y=None).tolist() == [False, False]


def test_seen_share_agrees_with_a_fine_march_over_the_land() -> None:
    terrain = land_of("alpine", "lake", 3).terrain
    random = rng(5, "sight")
    x, z = random.uniform(-90.0, 90.0, 60), random.uniform(-90.0, 90.0, 60)
    base = ground_height(terrain, x, z).astype(np.float64)
    share = seen_share(terrain, x, z, base_y=base, top_y=base + 3.0)
    steps = np.linspace(0.02, 0.97, 900)[:, None]
    crest = ground_height(terrain, steps * x, steps * z)
    hidden_to = (EYE_HEIGHT_M + (crest - EYE_HEIGHT_M) / steps).max(axis=0)
    exact = np.clip((base + 3.0 - hidden_to) / 3.0, -1.0, 1.0)
    assert np.abs(share - exact).max() < 0.35
    assert np.abs(share - exact).mean() < 0.05


def test_a_house_hides_what_is_behind_it_but_not_a_tower() -> None:
    house = {"near_xz": (0.0, -15.0), "near_reach_m": 4.0, "near_top_y": 5.0}
    behind, beside = (0.5, -40.0), (30.0, -40.0)
    assert stands_before(**house, far_xz=behind, far_sill_y=2.0)  # type: ignore[arg-type]
    assert not stands_before(**house, far_xz=behind, far_sill_y=14.0)  # type: ignore[arg-type]
    assert not stands_before(**house, far_xz=beside, far_sill_y=2.0)  # type: ignore[arg-type]
    assert not stands_before(**house, far_xz=(0.0, -10.0), far_sill_y=2.0)  # type: ignore[arg-type]
