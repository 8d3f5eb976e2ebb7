"""Adjectives that describe one thing leave the rest of the world alone."""

from __future__ import annotations

import pytest

from worldgen.pipelines.generate import parse
from worldgen.spec.bindings import SNOWY_PEAKS_M


@pytest.mark.parametrize(
    "prompt",
    [
        "a lake below snowy peaks",
        "a meadow, snow-covered mountains in the distance",
        "a meadow, mountains covered in snow, a cabin",
        "snow on the peaks, a lake",
        "alpine meadow full of wildflowers, snow-capped peaks",
        "a village and icy mountains",
    ],
)
def test_snow_on_mountains_is_not_winter(prompt: str) -> None:
    spec = parse(prompt)
    assert spec.season != "winter"
    assert spec.weather.snow_cover == 0.0
    assert spec.land.snow_line_m == SNOWY_PEAKS_M
    assert spec.land.mountains_in_distance
    assert any("snow on the mountains" in entry.meaning for entry in spec.understood)
    assert spec.ignored == ()


@pytest.mark.parametrize(
    "prompt",
    ["a snowy village below the mountains", "mountains, snow, a cabin", "winter, mountains", "snowy pine forest"],
)
def test_snow_that_is_said_of_more_lies_everywhere(prompt: str) -> None:
    spec = parse(prompt)
    assert spec.season == "winter"
    assert spec.weather.snow_cover >= 0.7
    assert spec.land.snow_line_m is None


def test_no_snow_stays_no_snow() -> None:
    spec = parse("mountains without snow")
    assert spec.land.snow_line_m is None
    assert spec.weather.snow_cover == 0.0


@pytest.mark.parametrize(
    ("bound", "plain"),
    [
        ("a dark tower in a meadow", "a tower in a meadow"),
        ("a dusty road through a meadow", "a road through a meadow"),
        ("a warm cabin in a meadow", "a cabin in a meadow"),
    ],
)
def test_words_of_one_thing_change_neither_light_nor_weather(bound: str, plain: str) -> None:
    one, other = parse(bound), parse(plain)
    assert one.weather == other.weather
    assert one.time_of_day == other.time_of_day
    assert one.biome == other.biome


def test_mist_on_far_mountains_is_thin_here() -> None:
    near, far = parse("a misty meadow"), parse("a meadow, misty mountains in the distance")
    assert 0.1 < far.weather.fog < 0.6 * near.weather.fog


def test_where_mountains_are_asked_for_the_air_lets_them_be_seen() -> None:
    assert parse("a forest, mountains in the distance").weather.fog <= 0.1
    assert parse("a foggy forest, mountains in the distance").weather.fog > 0.5


def test_a_beach_is_sand_up_to_the_visitor() -> None:
    assert parse("a sandy beach with palms").land.beach
    assert not parse("a rocky coast").land.beach
    assert not parse("a meadow").land.beach
