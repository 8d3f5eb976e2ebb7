"""Prepositions become places."""

from __future__ import annotations

import pytest

from tests.spec.lexicons import LEXICON
from worldgen.spec.model import Place, WorldSpec
from worldgen.spec.parser import parse_prompt


def parse(prompt: str) -> WorldSpec:
    return parse_prompt(prompt, LEXICON)


def place(spec: WorldSpec, entry_id: str) -> tuple[str, str | None]:
    entry = next(entry for entry in (*spec.items, *spec.scatters) if entry.id == entry_id)
    found = entry.place or Place(relation="near_spawn")
    return found.relation, found.target


@pytest.mark.parametrize(
    ("prompt", "entry_id", "expected"),
    [
        ("a cabin by the lake", "cabin", ("by", "lake")),
        ("a cabin near a small pond", "cabin", ("by", "pond")),
        ("a lakeside cabin", "cabin", ("by", "lake")),
        ("a lake house", "house", ("by", "lake")),
        ("a cabin on the shore of a lake", "cabin", ("by", "lake")),
        ("a cabin on the lake", "cabin", ("by", "lake")),
        ("a cabin overlooking the sea", "cabin", ("by", "sea")),
        ("a cabin on the beach", "cabin", ("by", "sea")),
        ("By the lake stands a cabin.", "cabin", ("by", "lake")),
        ("At the edge of the lake, a cabin", "cabin", ("by", "lake")),
        ("There is a lake. Next to it is a cabin.", "cabin", ("by", "lake")),
        ("a lake with a cabin", "cabin", ("by", "lake")),
        ("a boat on the lake", "boat", ("on", "lake")),
        ("a boat in the lake", "boat", ("on", "lake")),
        ("a lake with two boats", "boat", ("on", "lake")),
        ("a lake, a boat", "boat", ("on", "lake")),
        ("a bridge over the river", "bridge", ("on", "river")),
        ("a river. A bridge.", "bridge", ("on", "river")),
        ("a tower on the hill", "tower", ("on", "hill")),
        ("a tower atop a grassy hill", "tower", ("on", "hill")),
        ("a hill with a tower on top", "tower", ("on", "hill")),
        ("a hilltop tower", "tower", ("on", "hill")),
        ("On the hill, a tower", "tower", ("on", "hill")),
        ("a tower on a cliff", "tower", ("on", "hill")),
        ("a tower in the distance", "tower", ("in_distance", None)),
        ("In the distance, a tower", "tower", ("in_distance", None)),
        ("a distant tower", "tower", ("in_distance", None)),
        ("a tower on the horizon", "tower", ("in_distance", None)),
        ("a well behind the church", "well", ("behind", "church")),
        ("Behind the church stands a well", "well", ("behind", "church")),
        ("a church. Behind it, a well.", "well", ("behind", "church")),
        ("a well in front of the church", "well", ("in_front_of", "church")),
        ("a fence around the cottage", "fence", ("around", "cottage")),
        ("a cottage with a fence around it", "fence", ("around", "cottage")),
        ("a cottage surrounded by a fence", "fence", ("around", "cottage")),
        ("a tower between two oaks", "tower", ("between", "oak")),
        ("lamp posts along the path", "lamp_post", ("along", "path")),
        ("a path lined with lamp posts", "lamp_post", ("along", "path")),
        ("a roadside shrine", "shrine", ("along", "path")),
        ("a cabin in a pine forest", "cabin", ("in", "pine_forest")),
        ("a forest cabin", "cabin", ("in", "forest")),
        ("a cabin surrounded by pines", "pine", ("around", "cabin")),
        ("a cottage with flowers around it", "flowers", ("around", "cottage")),
        ("reeds along the river", "reeds", ("along", "river")),
        ("a bench under the oak, a tower under the oak", "tower", ("by", "oak")),
        ("a castle above the river", "castle", ("by", "river")),
        ("a dragon by the lake, a tower", "tower", ("near_spawn", None)),
    ],
)
def test_places(prompt: str, entry_id: str, expected: tuple[str, str | None]) -> None:
    assert place(parse(prompt), entry_id) == expected


def test_between_two_different_things() -> None:
    for prompt in ("a statue between the church and the well", "Between the church and the well stands a statue"):
        statue = next(item for item in parse(prompt).items if item.id == "statue")
        assert (statue.place.relation, statue.place.target, statue.place.other_target) == ("between", "church", "well")


def test_and_joins_what_a_place_is_about() -> None:
    spec = parse("a cabin and a well by the lake")
    assert place(spec, "cabin") == place(spec, "well") == ("by", "lake")


def test_commas_separate() -> None:
    spec = parse("a tower, a cabin by the lake")
    assert place(spec, "tower") == ("near_spawn", None)
    assert place(spec, "cabin") == ("by", "lake")


def test_what_a_thing_has_does_not_take_its_place() -> None:
    spec = parse("a castle with four towers behind the village")
    assert place(spec, "castle") == ("behind", "village_houses")
    assert place(spec, "tower") == ("around", "castle")


def test_sentences_do_not_leak() -> None:
    spec = parse("By the lake. A tower stands alone.")
    assert place(spec, "tower") == ("near_spawn", None)


@pytest.mark.parametrize(
    ("prompt", "hill", "path", "mountains"),
    [
        ("a tower on a hill", True, False, False),
        ("a path through a meadow", False, True, False),
        ("mountains in the distance, a meadow", False, False, True),
        ("a meadow with distant mountains", False, False, True),
        ("snowy peaks behind the cabin", False, False, True),
    ],
)
def test_land_follows_from_relations(prompt: str, hill: bool, path: bool, mountains: bool) -> None:
    spec = parse(prompt)
    assert (spec.land.hill, spec.path) == (hill, path)
    if mountains:
        assert spec.land.mountains_in_distance


def test_bridges_and_boats_bring_their_water() -> None:
    assert [(water.kind, water.id) for water in parse("a bridge").waters] == [("river", "river")]
    assert [water.kind for water in parse("a boat").waters] == ["lake"]
    assert [water.kind for water in parse("a boat on a tropical island").waters] == ["sea"]


def test_circles_of_relations_are_cut() -> None:
    spec = parse("the well behind the church. The church behind the well.")
    assert {item.id for item in spec.items} == {"church", "well"}


def test_an_island_in_a_lake_is_not_claimed_to_be_understood() -> None:
    spec = parse("a lake with an island")
    assert spec.ignored == ("island",)
    assert not spec.land.island
    assert [water.kind for water in spec.waters] == ["lake"]
