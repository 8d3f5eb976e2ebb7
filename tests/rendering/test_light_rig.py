"""The light rig: photometric units against a sky of known light, and its file there and back."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.scenes import gradient_sky, small_scene
from worldgen.errors import InvalidInputError
from worldgen.exporters.light_json import light_document, read_light_json, write_light_json
from worldgen.rendering.light_rig import build_light_rig
from worldgen.scene.light_rig import LUX_PER_UNIT, LightRig
from worldgen.scene.scene import Fog, Scene, Sky


def scene_under(radiance: float, *, fog: Fog | None = None) -> Scene:
    base = gradient_sky()
    sky = Sky(
        environment=np.full((64, 128, 3), radiance, dtype=np.float32),
        key_direction_in_world=base.key_direction_in_world,
        key_irradiance=(10.0, 10.0, 10.0),
        key_angular_radius=math.radians(0.25),
    )
    scene = small_scene()
    return replace(scene, sky=sky, fog=fog or scene.fog)


def test_an_even_sky_gives_pi_times_its_luminance() -> None:
    rig = build_light_rig(scene_under(0.7), exposure=0.4)
    assert rig.sky.illuminance_lux == pytest.approx(math.pi * 0.7 * LUX_PER_UNIT, rel=2e-3)
    assert rig.key.illuminance_lux == pytest.approx(100_000.0, rel=1e-5)
    assert rig.key.angular_diameter == pytest.approx(math.radians(0.5))
    assert rig.sky.zenith == pytest.approx((0.7, 0.7, 0.7), rel=1e-5)
    assert rig.key.kind == "sun"


def test_the_exposure_value_is_that_of_the_factor() -> None:
    # A pixel of 1 unit is 10 000 cd/m2; at EV100 an engine multiplies by 1 / (1.2 * 2^EV100).
    for exposure in (0.05, 0.4, 6.0):
        rig = build_light_rig(scene_under(1.0), exposure=exposure)
        assert LUX_PER_UNIT / (1.2 * 2.0**rig.ev100) == pytest.approx(exposure)


def test_fog_halves_where_it_says() -> None:
    fog = Fog(extinction_per_m=(0.002, 0.004, 0.008), falloff_per_m=0.02, base_height_m=5.0)
    rig = build_light_rig(scene_under(1.0, fog=fog), exposure=1.0)
    density = 0.004 * math.exp(-0.02 * (1.7 - 5.0))
    assert math.exp(-density * rig.fog.half_distance_m) == pytest.approx(0.5)


def test_probes_keep_apart_and_the_spawn_is_one() -> None:
    places = [np.array([0.0, 1.7, 1.0]), np.array([40.0, 3.0, 0.0]), np.array([41.0, 3.0, 0.0])]
    rig = build_light_rig(small_scene(), exposure=1.0, probe_positions=places)
    assert [probe.position for probe in rig.probes] == [(0.0, 1.7, 0.0), (40.0, 3.0, 0.0)]


def same(left: LightRig, right: LightRig) -> None:
    assert light_document(left) == light_document(right)


def test_the_file_comes_back(tmp_path: Path) -> None:
    rig = build_light_rig(small_scene(), exposure=0.37, probe_positions=[np.array([40.0, 3.0, 0.0])])
    write_light_json(rig, tmp_path / "light.json")
    same(read_light_json(tmp_path / "light.json"), rig)
    document = json.loads((tmp_path / "light.json").read_text(encoding="utf-8"))
    assert np.linalg.norm(document["key_light"]["direction"]) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"RUB"', '"RDF"'),
        lambda text: text.replace('"ev100": ', '"ev100": 1e999, "x": '),
        lambda text: text.replace('"key_light"', '"lamp"'),
        lambda text: "[]",
        lambda text: "[" * 100_000,
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "light.json"
    write_light_json(build_light_rig(small_scene(), exposure=1.0), path)
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(InvalidInputError):
        read_light_json(path)


@pytest.mark.parametrize("exposure", [0.0, -1.0, math.nan, math.inf])
def test_exposures_must_be_positive(exposure: float) -> None:
    with pytest.raises(InvalidInputError):
        build_light_rig(small_scene(), exposure=exposure)
