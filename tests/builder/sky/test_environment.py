"""The whole sky: energy, seams, weather, night, determinism."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from worldgen.builder.sky.directions import horizontal_irradiance, pixel_directions, row_solid_angles
from worldgen.builder.sky.environment import build_sky
from worldgen.builder.sky.night import MOON_ANGULAR_RADIUS, NUM_STARS, paint_stars, star_field
from worldgen.builder.sky.sun import key_direction
from worldgen.color import LUMINANCE_WEIGHTS
from worldgen.errors import InvalidInputError
from worldgen.scene.scene import Sky
from worldgen.spec.model import TimeOfDay, Weather, WorldSpec

TIMES: tuple[TimeOfDay, ...] = ("dawn", "morning", "noon", "afternoon", "golden_hour", "sunset", "dusk", "night")
CLEAR = Weather(cloud_cover=0.0)


def sky_of(time_of_day: TimeOfDay, weather: Weather = CLEAR, seed: int = 1, height_px: int = 64) -> Sky:
    return build_sky(WorldSpec(time_of_day=time_of_day, weather=weather), seed, height_px=height_px)


def luminance(color: np.ndarray) -> float:
    return float(np.asarray(color) @ LUMINANCE_WEIGHTS)


def key_on_level_ground(sky: Sky) -> float:
    return luminance(np.array(sky.key_irradiance)) * max(float(sky.key_direction_in_world[1]), 0.0)


def total_light(sky: Sky) -> float:
    return key_on_level_ground(sky) + luminance(horizontal_irradiance(sky.environment))


@pytest.mark.parametrize("time_of_day", TIMES)
@pytest.mark.parametrize("weather", [CLEAR, Weather(cloud_cover=0.6), Weather(cloud_cover=1.0, storm=1.0, fog=1.0)])
def test_every_sky_is_finite_lit_and_continuous(time_of_day: TimeOfDay, weather: Weather) -> None:
    sky = sky_of(time_of_day, weather, seed=3)
    environment = sky.environment
    assert np.isfinite(environment).all()
    assert environment.min() >= 0.0
    # No black half, neither above nor below.
    assert environment[:32].mean() > 1e-3
    assert environment[32:].mean() > 0.02 * environment[:32].mean()
    # The seam at +-180 degrees is like any other pair of neighbouring columns.
    steps = np.abs(np.roll(environment, -1, axis=1) - environment).mean(axis=(0, 2))
    assert steps[-1] <= steps[:-1].max()
    # The zenith is one point.
    around = environment[0].mean(axis=1)
    assert np.ptp(around) <= 0.5 * around.mean()
    # Nor is there an edge at the horizon.
    rim, below = environment[31].mean(axis=0), environment[32].mean(axis=0)
    assert (np.abs(rim - below) < 0.4 * rim + 1e-4).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_sun_stands_where_the_time_puts_it(seed: int) -> None:
    elevation = {time: math.degrees(math.asin(key_direction(time, seed)[1])) for time in TIMES}
    assert elevation["noon"] > elevation["afternoon"] > elevation["morning"] > elevation["golden_hour"]
    assert elevation["golden_hour"] > elevation["dawn"] > 0.0 > elevation["dusk"]
    assert 0.0 < elevation["sunset"] < 4.0
    for time in TIMES:
        direction = key_direction(time, seed)
        assert np.linalg.norm(direction) == pytest.approx(1.0, abs=1e-12)
        off_hero_view = math.degrees(math.atan2(abs(direction[0]), -direction[2]))
        if time in {"golden_hour", "sunset", "dawn", "night"}:
            assert 30.0 <= off_hero_view <= 70.0
        elif time != "dusk":
            assert off_hero_view >= 90.0


def test_seeds_move_the_sun_and_both_sides_occur() -> None:
    directions = np.array([key_direction("sunset", seed) for seed in range(12)])
    assert len(np.unique(directions.round(6), axis=0)) == 12
    assert set(np.sign(directions[:, 0])) == {-1.0, 1.0}


@pytest.mark.parametrize("time_of_day", ["dawn", "golden_hour", "sunset"])
def test_the_glow_surrounds_the_sun(time_of_day: TimeOfDay) -> None:
    sky = sky_of(time_of_day)
    luminances = sky.environment[:32] @ LUMINANCE_WEIGHTS
    row, column = np.unravel_index(luminances.argmax(), luminances.shape)
    brightest = pixel_directions(64)[row, column]
    assert brightest @ sky.key_direction_in_world > math.cos(math.radians(12.0))


def test_noon_energies() -> None:
    sky = sky_of("noon")
    key = np.array(sky.key_irradiance)
    assert luminance(key) == pytest.approx(10.5, abs=1.2)
    assert key[0] > key[1] > key[2] > 0.75 * key[0]
    share = luminance(horizontal_irradiance(sky.environment)) / total_light(sky)
    assert 0.11 < share < 0.22


def test_light_fades_from_noon_to_night_yet_night_stays_usable() -> None:
    light = {time: total_light(sky_of(time)) for time in TIMES}
    order: tuple[TimeOfDay, ...] = ("noon", "afternoon", "morning", "golden_hour", "sunset", "dusk", "night")
    assert all(light[a] > light[b] for a, b in itertools.pairwise(order))
    assert light["night"] > 0.004 * light["noon"]


def test_cover_dims_the_sun_steadily() -> None:
    covers = np.linspace(0.0, 1.0, 11)
    skies = [sky_of("afternoon", Weather(cloud_cover=float(cover)), height_px=16) for cover in covers]
    keys = [luminance(np.array(sky.key_irradiance)) for sky in skies]
    radii = [sky.key_angular_radius for sky in skies]
    assert all(a > b for a, b in itertools.pairwise(keys))
    assert all(a <= b for a, b in itertools.pairwise(radii))
    assert keys[-1] < 0.01 * keys[0]
    assert keys[3] > 0.85 * keys[0]


def test_overcast_and_storm_are_dimmer_and_even() -> None:
    clear, overcast = sky_of("noon"), sky_of("noon", Weather(cloud_cover=1.0))
    storm = sky_of("noon", Weather(cloud_cover=1.0, storm=1.0))
    assert 0.12 * total_light(clear) < total_light(overcast) < 0.5 * total_light(clear)
    assert total_light(storm) < 0.6 * total_light(overcast)
    grey = overcast.environment[:24].reshape(-1, 3).mean(axis=0)
    assert np.ptp(grey) < 0.2 * grey.mean()


def test_a_closed_deck_is_grey() -> None:
    def saturation(weather: Weather) -> float:
        upper = sky_of("afternoon", weather).environment[:28].reshape(-1, 3)
        return float((np.ptp(upper, axis=1) / upper.max(axis=1)).mean())

    assert saturation(Weather(cloud_cover=0.95, storm=0.85)) < 0.1 < saturation(CLEAR)


def test_more_cover_hides_more_of_the_sky() -> None:
    def hidden(cover: float) -> float:
        shares = []
        for seed in range(2):
            bare = sky_of("noon", seed=seed).environment[:28]
            cloudy = sky_of("noon", Weather(cloud_cover=cover), seed=seed).environment[:28]
            # Clouds are white: they take the blue's lead away.
            lead = (cloudy[..., 2] - cloudy[..., 0]) / cloudy[..., 2]
            weights = row_solid_angles(64)[:28, None] * np.ones(128)
            shares.append(float(np.average(lead < 0.5 * (bare[..., 2] - bare[..., 0]) / bare[..., 2], weights=weights)))
        return float(np.mean(shares))

    few, half, most, whole = hidden(0.2), hidden(0.5), hidden(0.8), hidden(1.0)
    assert few < half < most <= whole
    assert few < 0.4
    assert whole > 0.97


def test_clouds_differ_by_seed_and_the_sky_stays_the_same_by_seed() -> None:
    weather = Weather(cloud_cover=0.5)
    first = sky_of("noon", weather, seed=4)
    np.testing.assert_array_equal(first.environment, sky_of("noon", weather, seed=4).environment)
    assert not np.array_equal(first.environment, sky_of("noon", weather, seed=5).environment)


def test_one_and_two_threads_give_the_same_bytes() -> None:
    program = (
        "import hashlib; from worldgen.builder.sky.environment import build_sky;"
        "from worldgen.spec.model import Weather, WorldSpec;"
        "spec = WorldSpec(time_of_day='night', weather=Weather(cloud_cover=0.5));"
        "print(hashlib.sha256(build_sky(spec, 2, height_px=48).environment.tobytes()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"NUMBA_NUM_THREADS": threads, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(digests) == 1


def test_night_has_moonlight_stars_and_a_moon_that_lights_nothing_itself() -> None:
    sky = sky_of("night", height_px=256)
    key = np.array(sky.key_irradiance)
    assert sky.key_disc_in_environment
    assert sky.key_direction_in_world[1] > 0.3
    assert 0.05 < luminance(key) < 0.5
    assert key[2] > key[0]
    directions = pixel_directions(256)
    near = directions @ sky.key_direction_in_world > math.cos(MOON_ANGULAR_RADIUS)
    weights = row_solid_angles(256)[:, None] * near
    disc = float((sky.environment @ LUMINANCE_WEIGHTS * weights).sum())
    assert 0.0 < disc < 0.01 * luminance(key)
    ring = (directions @ sky.key_direction_in_world > math.cos(2.0 * MOON_ANGULAR_RADIUS)) & ~near
    assert sky.environment[near].mean() > 2.0 * sky.environment[ring].mean()
    assert not sky_of("noon", height_px=16).key_disc_in_environment


def test_stars_follow_the_count_of_magnitudes() -> None:
    directions, magnitudes, colors = star_field(7)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, atol=1e-9)
    single = magnitudes[:NUM_STARS]
    for low, high in ((2.0, 3.0), (3.0, 4.0), (4.0, 5.0)):
        ratio = (single < high).sum() / (single < low).sum()
        assert 2.2 < ratio < 4.6
    assert 1 <= (single < 1.0).sum() <= 40
    assert (single <= 6.2).all()
    np.testing.assert_allclose(colors @ LUMINANCE_WEIGHTS, 1.0, rtol=1e-5)
    warm = colors[:, 0] > colors[:, 2]
    assert 0.2 < warm.mean() < 0.95


def test_starlight_does_not_depend_on_the_resolution() -> None:
    coarse, fine = horizontal_irradiance(paint_stars(5, 96)), horizontal_irradiance(paint_stars(5, 192))
    np.testing.assert_allclose(coarse, fine, rtol=0.05)


def test_clouds_hide_stars() -> None:
    dark = sky_of("night", Weather(cloud_cover=1.0), height_px=128).environment[:56]
    starry = sky_of("night", height_px=128).environment[:56]

    def sparkle(image: np.ndarray) -> float:
        """How far points stand out from the sky right around them, which bright clouds do not."""
        light = image @ LUMINANCE_WEIGHTS
        return float(np.quantile(light / ndimage.median_filter(light, 5), 0.999)) - 1.0

    assert sparkle(starry) > 2.5 * sparkle(dark)


def test_fog_whitens_the_sky_and_softens_the_sun() -> None:
    clear, fog = sky_of("noon"), sky_of("noon", Weather(cloud_cover=0.0, fog=1.0))
    assert luminance(np.array(fog.key_irradiance)) < 0.2 * luminance(np.array(clear.key_irradiance))
    assert fog.key_angular_radius > 4.0 * clear.key_angular_radius
    low = fog.environment[24:32].mean(axis=(0, 1))
    assert np.ptp(low) < 0.35 * low.mean()
    assert 0.3 * total_light(clear) < total_light(fog) < 0.95 * total_light(clear)


def test_snow_brightens_the_lower_half() -> None:
    bare = build_sky(WorldSpec(time_of_day="noon", weather=CLEAR), 1, height_px=32)
    snowy = build_sky(WorldSpec(time_of_day="noon", weather=Weather(cloud_cover=0.0, snow_cover=1.0)), 1, height_px=32)
    assert snowy.environment[24:].mean() > 2.0 * bare.environment[24:].mean()


def test_a_tiny_sky_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        sky_of("noon", height_px=8)
