"""Clear air: energy, colour and geometry of the light."""

import math

import numpy as np
import pytest

from worldgen.builder.sky.atmosphere import (
    EYE_KM,
    TOP_KM,
    clear_sky_table,
    henyey_greenstein,
    lookup_sky,
    lookup_transmittance,
    make_atmosphere,
    sky_irradiance,
    sun_irradiance,
)
from worldgen.builder.sky.directions import horizontal_irradiance, pixel_directions, row_solid_angles


def test_pixel_directions_follow_the_convention() -> None:
    directions = pixel_directions(64)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=2), 1.0, atol=1e-6)
    middle = directions[31:33, 63:65].mean(axis=(0, 1))
    np.testing.assert_allclose(middle, [0.0, 0.0, -1.0], atol=1e-3)
    quarter = directions[31:33, 95:97].mean(axis=(0, 1))
    np.testing.assert_allclose(quarter, [1.0, 0.0, 0.0], atol=1e-3)
    assert (directions[0, :, 1] > 0.99).all()


def test_solid_angles_sum_to_the_sphere_and_even_light_gives_pi() -> None:
    assert row_solid_angles(37).sum() * 74 == pytest.approx(4.0 * math.pi, rel=1e-12)
    even = np.ones((64, 128, 3), np.float32)
    np.testing.assert_allclose(horizontal_irradiance(even), math.pi, rtol=1e-6)


def test_phase_function_holds_all_light() -> None:
    cosines, weights = np.polynomial.legendre.leggauss(64)
    for g in (-0.2, 0.0, 0.5, 0.78):
        total = 2.0 * math.pi * sum(w * henyey_greenstein(c, g) for c, w in zip(cosines, weights, strict=True))
        assert total == pytest.approx(1.0, rel=1e-4)


def test_transmittance_falls_with_depth_and_reddens() -> None:
    table = make_atmosphere(1.0).transmittance
    previous = (1.0, 1.0, 1.0)
    for elevation in (90.0, 45.0, 20.0, 8.0, 2.0, 0.0):
        clear = lookup_transmittance(table, EYE_KM, math.sin(math.radians(elevation)))
        assert all(0.0 < now <= before for now, before in zip(clear, previous, strict=True))
        assert clear[0] > clear[1] > clear[2]
        previous = clear
    np.testing.assert_allclose(lookup_transmittance(table, TOP_KM, 1.0), 1.0, atol=1e-3)


def test_vertical_optical_depth_is_that_of_the_coefficients() -> None:
    clear = np.array(lookup_transmittance(make_atmosphere(1.0).transmittance, 6360.0, 1.0))
    expected = (
        np.array([5.802e-3, 13.558e-3, 33.1e-3]) * 8.0 + 4.44e-3 * 1.2 + np.array([0.78e-3, 2.26e-3, 0.1e-3]) * 15
    )
    np.testing.assert_allclose(-np.log(clear), expected, rtol=0.02)


def test_table_agrees_with_its_own_irradiance() -> None:
    table = clear_sky_table(make_atmosphere(1.0), 0.6)
    directions = pixel_directions(96)[:48]
    sky = np.zeros((96, 192, 3), np.float32)
    for row in range(48):
        for column in range(192):
            x, y, z = (float(value) for value in directions[row, column])
            sky[row, column] = lookup_sky(table, y, x / math.hypot(x, z))
    np.testing.assert_allclose(horizontal_irradiance(sky), sky_irradiance(table), rtol=0.01)


def test_noon_is_blue_with_a_paler_horizon() -> None:
    table = clear_sky_table(make_atmosphere(1.0), math.sin(math.radians(60.0)))
    zenith, horizon = np.array(lookup_sky(table, 1.0, -1.0)), np.array(lookup_sky(table, 0.02, -1.0))
    assert zenith[2] > 1.5 * zenith[1] > 2.0 * zenith[0]
    assert horizon.sum() > 2.0 * zenith.sum()
    assert horizon[2] / horizon[0] < 0.6 * zenith[2] / zenith[0]


def test_sunset_is_warm_towards_the_sun_and_dusk_has_an_earth_shadow() -> None:
    sunset = clear_sky_table(make_atmosphere(1.0), math.sin(math.radians(2.0)))
    glow = np.array(lookup_sky(sunset, 0.03, 1.0))
    assert glow[0] > 1.3 * glow[1] > 1.3 * glow[2]
    zenith = np.array(lookup_sky(sunset, 1.0, 1.0))
    assert zenith[2] > zenith[0]
    dusk = clear_sky_table(make_atmosphere(1.0), math.sin(math.radians(-4.5)))
    opposite = [np.array(lookup_sky(dusk, math.sin(math.radians(e)), -1.0)) for e in (1.0, 14.0)]
    shadow, belt = opposite
    assert belt.sum() > 1.2 * shadow.sum()
    assert belt[0] / belt[2] > 1.15 * shadow[0] / shadow[2]


def test_low_sun_is_dim_and_red() -> None:
    atmosphere = make_atmosphere(1.0)
    high, low = sun_irradiance(atmosphere, 0.9), sun_irradiance(atmosphere, 0.05)
    assert (low < high).all()
    assert low[0] / low[2] > 5.0 * high[0] / high[2]
    np.testing.assert_array_equal(sun_irradiance(atmosphere, -0.2), 0.0)
