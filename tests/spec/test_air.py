"""Time of day, season, weather and mood."""

from __future__ import annotations

import pytest

from tests.spec.lexicons import LEXICON
from worldgen.spec.model import WorldSpec
from worldgen.spec.parser import parse_prompt


def parse(prompt: str) -> WorldSpec:
    return parse_prompt(prompt, LEXICON)


@pytest.mark.parametrize(
    ("words", "time"),
    [
        ("at dawn", "dawn"),
        ("sunrise", "dawn"),
        ("the sun is rising", "dawn"),
        ("early morning", "dawn"),
        ("in the morning", "morning"),
        ("high noon", "noon"),
        ("midday sun", "noon"),
        ("afternoon", "afternoon"),
        ("late afternoon", "golden_hour"),
        ("golden hour", "golden_hour"),
        ("golden-hour", "golden_hour"),
        ("golden light", "golden_hour"),
        ("a low sun", "golden_hour"),
        ("Sunset", "sunset"),
        ("setting sun", "sunset"),
        ("orange sky", "sunset"),
        ("the sky is red", "sunset"),
        ("evening", "sunset"),
        ("twilight", "dusk"),
        ("blue hour", "dusk"),
        ("at night", "night"),
        ("moonlit", "night"),
        ("under the stars", "night"),
        ("starry sky", "night"),
        ("full moon", "night"),
        ("MIDNIGHT", "night"),
    ],
)
def test_times(words: str, time: str) -> None:
    spec = parse(f"a barn, {words}")
    assert spec.time_of_day == time
    assert spec.ignored == ()


@pytest.mark.parametrize(
    ("words", "season"),
    [
        ("in spring", "spring"),
        ("april", "spring"),
        ("cherry trees in full bloom", "spring"),
        ("summer", "summer"),
        ("autumn", "autumn"),
        ("in the fall", "autumn"),
        ("fallen leaves", "autumn"),
        ("golden birches", "autumn"),
        ("red maple-like oaks", "autumn"),
        ("orange leaves", "autumn"),
        ("winter", "winter"),
        ("wintry", "winter"),
        ("snow", "winter"),
        ("a frozen lake", "winter"),
    ],
)
def test_seasons(words: str, season: str) -> None:
    assert parse(f"a barn, {words}").season == season


def test_autumn_with_snow_stays_autumn() -> None:
    spec = parse("late autumn with a light dusting of snow")
    assert spec.season == "autumn"
    assert 0.2 <= spec.weather.snow_cover <= 0.5


@pytest.mark.parametrize(
    ("words", "field", "low", "high"),
    [
        ("clear sky", "cloud_cover", 0.0, 0.1),
        ("cloudless", "cloud_cover", 0.0, 0.0),
        ("sunny", "cloud_cover", 0.0, 0.2),
        ("a few clouds", "cloud_cover", 0.2, 0.45),
        ("partly cloudy", "cloud_cover", 0.2, 0.45),
        ("cloudy", "cloud_cover", 0.5, 0.8),
        ("overcast", "cloud_cover", 0.9, 1.0),
        ("grey sky", "cloud_cover", 0.9, 1.0),
        ("the sky is grey", "cloud_cover", 0.9, 1.0),
        ("dark clouds", "storm", 0.5, 0.9),
        ("the sky is dark", "storm", 0.5, 0.9),
        ("stormy", "storm", 0.8, 1.0),
        ("thunderstorm", "storm", 0.9, 1.0),
        ("fog", "fog", 0.6, 0.7),
        ("thick fog", "fog", 0.85, 1.0),
        ("light fog", "fog", 0.2, 0.35),
        ("a little mist", "fog", 0.1, 0.3),
        ("misty", "fog", 0.35, 0.5),
        ("hazy", "fog", 0.2, 0.35),
        ("crystal clear air", "fog", 0.0, 0.05),
        ("rain", "wetness", 0.8, 1.0),
        ("light rain", "wetness", 0.4, 0.7),
        ("after the rain", "wetness", 0.6, 0.9),
        ("puddles", "wetness", 0.5, 0.8),
        ("snow", "snow_cover", 0.8, 0.9),
        ("deep snow", "snow_cover", 1.0, 1.0),
        ("snow-covered", "snow_cover", 0.8, 0.9),
        ("snow-capped peaks", "snow_cover", 0.0, 0.0),
        ("a dusting of snow", "snow_cover", 0.3, 0.4),
    ],
)
def test_weather(words: str, field: str, low: float, high: float) -> None:
    spec = parse(f"a barn, {words}")
    assert low <= getattr(spec.weather, field) <= high
    assert spec.ignored == ()


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("no clouds", "cloud_cover"),
        ("without clouds", "cloud_cover"),
        ("not a cloud in the sky", "cloud_cover"),
        ("no fog", "fog"),
        ("fogless", "fog"),
        ("fog-free", "fog"),
        ("not foggy", "fog"),
        ("free of fog", "fog"),
        ("no snow", "snow_cover"),
        ("snowless", "snow_cover"),
        ("it is not snowy", "snow_cover"),
        ("no rain", "wetness"),
        ("it isn't raining", "wetness"),
    ],
)
def test_denied_weather(words: str, field: str) -> None:
    spec = parse(f"alps, {words}")
    assert getattr(spec.weather, field) == 0.0
    assert spec.ignored == ()


def test_a_denial_outweighs_the_rest() -> None:
    spec = parse("an eerie misty swamp without fog, winter without snow")
    assert (spec.weather.fog, spec.weather.snow_cover, spec.season) == (0.0, 0.0, "winter")
    assert {"fog", "snow"} <= set(spec.excluded)


def test_denying_rain_keeps_the_clouds() -> None:
    assert parse("overcast, no rain").weather.cloud_cover == 0.95


@pytest.mark.parametrize("mood", ["eerie", "spooky", "mysterious", "haunted", "dreamy"])
def test_moods_that_bring_fog(mood: str) -> None:
    assert parse(f"a {mood} castle").weather.fog > parse("a castle").weather.fog + 0.15


@pytest.mark.parametrize("mood", ["gloomy", "ominous", "dramatic", "moody", "brooding"])
def test_moods_that_bring_clouds(mood: str) -> None:
    assert parse(f"a {mood} castle").weather.storm >= 0.3


@pytest.mark.parametrize("mood", ["serene", "peaceful", "cozy", "cheerful", "idyllic", "majestic"])
def test_friendly_moods_are_fair(mood: str) -> None:
    weather = parse(f"a {mood} castle").weather
    assert weather.storm == 0.0
    assert weather.cloud_cover <= 0.4


def test_what_is_said_outweighs_moods() -> None:
    spec = parse("a haunted castle at noon, clear sky, no fog")
    assert spec.time_of_day == "noon"
    assert spec.weather.cloud_cover <= 0.05
    assert spec.weather.fog == 0.0
    assert spec.weather.storm == 0.0


def test_denied_moods_have_no_effect() -> None:
    assert parse("a castle, not gloomy").weather == parse("a castle").weather


def test_the_first_of_two_times_wins_and_the_other_says_so() -> None:
    spec = parse("noon, night")
    assert spec.time_of_day == "noon"
    assert [entry.meaning for entry in spec.understood] == ["time of day noon", "noon was said first"]


def test_tundra_and_alps_have_their_snow() -> None:
    assert parse("tundra").weather.snow_cover >= 0.7
    assert parse("tundra in summer").weather.snow_cover <= 0.2
    assert parse("alps in summer").weather.snow_cover == 0.0, "there it lies on the mountains, not in the meadows"
    assert parse("alps in winter").weather.snow_cover >= 0.8
    assert parse("desert in winter").weather.snow_cover == 0.0


def test_growth_follows_moods() -> None:
    def density(prompt: str) -> float:
        return sum(scatter.density for scatter in parse(prompt).scatters)

    assert density("a barren meadow, a tower") < density("a tower, meadow") < density("a lush meadow, a tower")
