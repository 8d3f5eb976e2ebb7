"""The light rig of worlds made from pictures: the sun where it is seen, no strength where it is not, all of it told."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.analytic_surroundings import EYE_M, tower_view
from worldgen.color import LUMINANCE_WEIGHTS, srgb_from_linear
from worldgen.geometry.seen_sky import sky_from_panorama
from worldgen.scene.labels import LABEL_INDEX
from worldgen.stages.light_seen import SeenLight, light_seen
from worldgen.stages.read_panorama import SeenPanorama


def toward(azimuth_deg: float, elevation_deg: float) -> NDArray[np.float64]:
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    level = math.cos(elevation)
    return np.array([level * math.sin(azimuth), math.sin(elevation), -level * math.cos(azimuth)])


def lit(
    sun: NDArray[np.float64] | None, *, ground: float = 0.3, exposure: float = 1.0, shade: float = 1.0
) -> SeenLight:
    """Half of the ground, to the left, is darker by ``shade``."""
    view = tower_view(tower=(6.0, -8.0), sun=sun, ground=ground, height=256)
    radiance = view.radiance.copy()
    radiance[:, :256][view.buffers.labels[:, :256] == LABEL_INDEX["ground"]] *= np.float32(shade)
    view = dataclasses.replace(view, radiance=radiance)
    panorama = SeenPanorama(
        picture=srgb_from_linear(view.radiance * np.float32(exposure)),
        radiance=view.radiance,
        exposure=exposure,
        known=np.ones(view.buffers.labels.shape, dtype=bool),
        file=None,
    )
    sky = sky_from_panorama(view.radiance, ~np.isfinite(view.buffers.euclidean_depth))
    return light_seen(panorama, view, sky, EYE_M)


@pytest.mark.parametrize("azimuth", [-40.0, 100.0, 179.0])
def test_the_sun_is_where_the_picture_has_it(azimuth: float) -> None:
    """Also behind the viewer, where the picture's sides meet."""
    found = lit(toward(azimuth, 30.0))
    key = found.rig.key
    assert float(key.direction_in_world @ toward(azimuth, 30.0)) > math.cos(math.radians(2.0))
    assert key.color[0] == 1.0
    assert key.color[0] > key.color[1] > key.color[2]
    told = {row.name: row for row in found.estimates}
    assert told["sun_elevation"].value == pytest.approx(30.0, abs=2.0)
    assert math.cos(math.radians(told["sun_azimuth"].value - azimuth)) > math.cos(math.radians(2.0))
    assert told["sun_azimuth"].confidence is not None
    assert found.sun_azimuth == pytest.approx(math.radians(told["sun_azimuth"].value), abs=1e-4)
    assert told["ev100"].origin == "default"


def test_the_sun_is_as_strong_as_the_ground_is_bright() -> None:
    """Ground of the usual albedo: what the sky does not explain is the sun's."""
    sun = toward(-40.0, 30.0)
    found = lit(sun, ground=0.25).rig
    nits = found.sky.nits_per_unit
    assert nits == pytest.approx(1.2 * 2.0**14, rel=0.02)  # half the light of a sun overhead
    total = math.pi * 0.25 * float(np.ones(3) @ LUMINANCE_WEIGHTS) * nits / 0.2
    on_level_ground = found.key.illuminance_lux * float(found.key.direction_in_world[1])
    assert on_level_ground + found.sky.illuminance_lux == pytest.approx(total, rel=1e-3)
    # In deep woods the albedo tells nothing, but patches of sun do.
    woods = lit(sun, ground=0.03, shade=1.0 / 3.0).rig
    on_level_ground = woods.key.illuminance_lux * float(woods.key.direction_in_world[1])
    assert on_level_ground == pytest.approx(2.0 * woods.sky.illuminance_lux, rel=0.05)
    # Ground that is darker than the sky alone would make it: the sun stands behind a cloud.
    assert lit(sun, ground=0.02).rig.key.illuminance_lux == 0.0


def test_without_a_sun_the_key_light_has_no_strength() -> None:
    found = lit(None)
    assert found.sun_azimuth is None
    assert found.rig.key.illuminance_lux == 0.0
    assert found.rig.sky.illuminance_lux > 0.0
    assert found.rig.ev100 == 13.0
    assert [row.name for row in found.estimates] == ["ev100"]


def test_the_rig_tells_that_the_light_is_in_the_picture() -> None:
    found = lit(None, exposure=0.5).rig
    assert not found.has_delit_base_colors
    assert found.exposure == 0.5
    assert found.ev100 == pytest.approx(math.log2(found.sky.nits_per_unit / (1.2 * found.exposure)))
    assert found.fog.extinction_per_m == (0.0, 0.0, 0.0)
    (probe,) = found.probes
    assert probe.position == (0.0, EYE_M, 0.0)
    assert 3.0 <= probe.half_size_m[0] <= 24.0
