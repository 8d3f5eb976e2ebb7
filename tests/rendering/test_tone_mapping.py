"""Exposure and the filmic curve: monotone, neutral, bounded, and sensible for every kind of light."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from worldgen.color import LUMINANCE_WEIGHTS, linear_from_srgb
from worldgen.randomness import rng
from worldgen.rendering.tone_mapping import auto_exposure, radiance_from_display, tone_map


def greys(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.repeat(values[:, None], 3, axis=1).astype(np.float32)


def test_greys_stay_grey_and_in_order() -> None:
    shown = tone_map(greys(np.geomspace(1e-5, 1e4, 400)), 1.0)
    assert shown.dtype == np.float32
    assert np.ptp(shown, axis=1).max() < 1e-5
    assert (np.diff(shown[:, 0]) >= 0.0).all()
    assert (np.diff(shown[40:250, 0]) > 0.0).all()
    assert shown[0, 0] < 0.01
    assert shown[-1, 0] == pytest.approx(1.0)


def test_mid_grey_is_kept() -> None:
    assert linear_from_srgb(tone_map(greys(np.array([0.18])), 1.0))[0, 0] == pytest.approx(0.18, rel=1e-3)
    assert linear_from_srgb(tone_map(greys(np.array([0.9])), 0.2))[0, 0] == pytest.approx(0.18, rel=1e-3)


def test_every_colour_grows_brighter_with_light() -> None:
    generator = np.random.Generator(np.random.PCG64(2))
    colors = generator.random((300, 3)).astype(np.float32)
    before = np.zeros(300)
    for exposure in np.geomspace(0.01, 60.0, 40):
        luminance = linear_from_srgb(tone_map(colors, float(exposure))) @ LUMINANCE_WEIGHTS
        assert (luminance >= before - 2e-3).all()
        before = luminance


def test_bright_colours_run_to_white_and_muted_ones_keep_their_hue() -> None:
    blazing = tone_map(np.array([[60.0, 20.0, 4.0]], dtype=np.float32), 1.0)[0]
    assert blazing.min() > 0.7
    muted = np.array([[0.12, 0.2, 0.06]], dtype=np.float32)
    shown = linear_from_srgb(tone_map(muted, 1.0))[0]
    assert shown[1] > shown[0] > shown[2]
    assert shown[1] / shown[2] > 2.0


def test_nothing_leaves_the_display() -> None:
    extremes = np.array([[0, 0, 0], [1e9, 0, 0], [0, 0, 1e-30], [1e30, 1e30, 1e30], [0, 5, 0]], dtype=np.float32)
    shown = tone_map(extremes, 3.0)
    assert np.isfinite(shown).all()
    assert shown.min() >= 0.0
    assert shown.max() <= 1.0
    assert tone_map(np.zeros((2, 4, 3), dtype=np.float32), 1.0).shape == (2, 4, 3)


def panorama(sky: float, land: float) -> NDArray[np.float32]:
    generator = np.random.Generator(np.random.PCG64(3))
    texture = generator.lognormal(0.0, 0.3, (32, 64, 1))
    image = np.where(np.arange(32)[:, None, None] < 16, sky, land) * texture
    return np.repeat(image, 3, axis=2).astype(np.float32)


def shown_land(sky: float, land: float) -> float:
    image = panorama(sky, land)
    return float(np.median(tone_map(image, auto_exposure(image))[16:]))


def test_each_light_looks_like_itself() -> None:
    noon, snow, sand = shown_land(1.2, 0.4), shown_land(1.0, 1.3), shown_land(1.0, 1.0)
    dull, night = shown_land(0.3, 0.03), shown_land(0.008, 0.003)
    assert 0.4 < noon < 0.6
    assert 0.6 < sand < snow < 0.85
    assert 0.2 < dull < noon
    assert 0.08 < night < dull


def test_snow_and_sky_keep_their_texture() -> None:
    image = panorama(1.4, 1.5)
    shown = tone_map(image, auto_exposure(image))
    assert (shown > 0.99).mean() < 0.02


def test_the_sun_does_not_set_the_exposure() -> None:
    image = panorama(1.2, 0.4)
    with_sun = image.copy()
    with_sun[4:6, 10:12] = 400.0
    assert auto_exposure(with_sun) == pytest.approx(auto_exposure(image), rel=0.05)


def test_exposure_follows_light_but_only_in_part() -> None:
    image = panorama(1.2, 0.4)
    exposures = [auto_exposure(image * np.float32(2.0**-stop)) for stop in range(9)]
    steps = np.diff(np.log2(exposures))
    assert (steps > 0.0).all()
    assert (steps < 1.0).all()


def test_pale_land_looks_pale_in_dull_light_but_not_at_night_and_never_burns_out() -> None:
    even = np.ones((64, 128, 3), dtype=np.float32)
    storm, sun, night = even * 0.2, even * 2.5, even * 0.001
    shown = [
        float(tone_map(storm, auto_exposure(storm, land_albedo=albedo)).mean()) for albedo in (0.1, 0.25, 0.5, 0.8)
    ]
    assert shown[0] == shown[1] < shown[2] < shown[3]
    assert shown[3] > 0.6 > shown[0] + 0.1
    assert auto_exposure(sun, land_albedo=0.8) == auto_exposure(sun)
    assert auto_exposure(night, land_albedo=0.8) == auto_exposure(night)


def test_exposure_of_nothing_is_finite() -> None:
    black = np.zeros((8, 16, 3), dtype=np.float32)
    assert 0.0 < auto_exposure(black) < 1e4
    even = np.ones((5, 5, 3), dtype=np.float32)
    assert auto_exposure(even, np.ones((5, 5))) == pytest.approx(auto_exposure(even))


def test_display_colours_are_turned_back_into_radiance() -> None:
    radiance = np.exp(rng(3, "radiance").uniform(-6.0, 2.0, (64, 64, 3))).astype(np.float32)
    for exposure in (0.2, 0.45, 3.0):
        colors = tone_map(radiance, exposure)
        again = tone_map(radiance_from_display(colors, exposure), exposure)
        assert np.abs(again - colors).max() < 2e-3
    painted = rng(4, "painted").random((64, 64, 3)).astype(np.float32)
    again = tone_map(radiance_from_display(painted, 0.4), 0.4)
    assert np.percentile(np.abs(again - painted), 95) < 0.1
    muted = painted.mean(axis=-1, keepdims=True) + 0.4 * (painted - painted.mean(axis=-1, keepdims=True))
    assert np.abs(tone_map(radiance_from_display(muted, 0.4), 0.4) - muted).max() < 0.02
    white = np.ones((1, 3), dtype=np.float32)
    assert tone_map(radiance_from_display(white, 0.4), 0.4).min() > 0.99


def test_colours_fade_in_a_dark_world_but_not_where_lamps_shine() -> None:
    petal, plaster = np.array([[0.006, 0.001, 0.003]], dtype=np.float32), np.array([[0.5, 0.2, 0.05]], dtype=np.float32)

    def saturation(radiance: NDArray[np.float32], exposure: float) -> float:
        shown = linear_from_srgb(tone_map(radiance, exposure))[0]
        return float(np.ptp(shown) / shown.max())

    by_day = saturation(petal * np.float32(20.0), 0.5)
    assert saturation(petal * np.float32(2.0), 4.9) > 0.95 * by_day, "a dark wood on a dull day has its colours"
    by_night = saturation(petal, 10.0)
    assert by_night < 0.78 * by_day
    grey = linear_from_srgb(tone_map(np.full((1, 3), 0.004, dtype=np.float32), 10.0))[0]
    assert grey[2] > 1.1 * grey[0], "what is grey looks bluish"
    # The same picture, lit by a lamp at night and by a sunset.
    assert saturation(plaster * np.float32(0.5), 10.0) > 0.9 * saturation(plaster * np.float32(2.0), 2.5)
    for exposure in (5.0, 11.0):
        radiance = np.exp(rng(5, "night").uniform(-8.0, -1.0, (32, 32, 3))).astype(np.float32)
        colors = tone_map(radiance, exposure)
        again = tone_map(radiance_from_display(colors, exposure), exposure)
        assert np.percentile(np.abs(again - colors), 99) < 4e-3
