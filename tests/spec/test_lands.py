"""Biomes, water, the shape of the land, paths, and what biomes fill in."""

from __future__ import annotations

import pytest

from tests.spec.lexicons import LEXICON
from worldgen.scene.labels import LABEL_INDEX
from worldgen.spec.biomes import BIOMES, biome_scatters, trees_of
from worldgen.spec.lexicon import Lexicon, check_families
from worldgen.spec.model import WorldSpec
from worldgen.spec.parser import parse_prompt


def parse(prompt: str) -> WorldSpec:
    return parse_prompt(prompt, LEXICON)


@pytest.mark.parametrize(
    ("prompt", "biome"),
    [
        ("the alps", "alpine"),
        ("snow-capped mountains", "alpine"),
        ("Norwegian fjord", "alpine"),
        ("a pine forest in the mountains", "alpine"),
        ("an alpine meadow", "alpine"),
        ("a mountain lake", "alpine"),
        ("forest", "temperate_forest"),
        ("snowy woods", "temperate_forest"),
        ("taiga", "temperate_forest"),
        ("a murky swamp", "temperate_forest"),
        ("a forest by the sea", "temperate_forest"),
        ("meadow", "meadow_hills"),
        ("rolling hills", "meadow_hills"),
        ("prairie", "meadow_hills"),
        ("savannah", "meadow_hills"),
        ("a foggy moor", "meadow_hills"),
        ("Scottish highlands", "meadow_hills"),
        ("a village", "meadow_hills"),
        ("a tower", "meadow_hills"),
        ("a meadow with mountains in the distance", "meadow_hills"),
        ("desert", "desert"),
        ("sand dunes", "desert"),
        ("an oasis", "desert"),
        ("three cacti", "desert"),
        ("a desert with distant mountains", "desert"),
        ("canyon", "canyon"),
        ("badlands", "canyon"),
        ("red mesa", "canyon"),
        ("a desert canyon", "canyon"),
        ("beach", "coast"),
        ("a lighthouse by the sea", "coast"),
        ("seaside cliffs", "coast"),
        ("dunes by the sea", "coast"),
        ("an island", "coast"),
        ("tundra", "tundra"),
        ("arctic ice", "tundra"),
        ("a glacier", "tundra"),
        ("jungle", "tropical"),
        ("tropical island", "tropical"),
        ("a tropical beach", "tropical"),
        ("desert island", "tropical"),
        ("palm trees", "tropical"),
    ],
)
def test_biomes(prompt: str, biome: str) -> None:
    assert parse(prompt).biome == biome


def test_stand_ins_say_so() -> None:
    for word in ("savanna", "fjord", "swamp", "moor", "badlands"):
        assert any("nearest" in entry.meaning for entry in parse(word).understood)
    assert not any("nearest" in entry.meaning for entry in parse("desert").understood)


@pytest.mark.parametrize(
    ("prompt", "kind", "water_id"),
    [
        ("a lake", "lake", "lake"),
        ("a pond", "lake", "pond"),
        ("a mountain tarn", "lake", "tarn"),
        ("a loch", "lake", "loch"),
        ("a river", "river", "river"),
        ("a mountain stream", "river", "stream"),
        ("a creek", "river", "creek"),
        ("a waterfall", "river", "river"),
        ("the sea", "sea", "sea"),
        ("the ocean", "sea", "ocean"),
        ("a meadow by the water", "lake", "lake"),
        ("waves", "sea", "sea"),
    ],
)
def test_waters(prompt: str, kind: str, water_id: str) -> None:
    assert [(water.kind, water.id) for water in parse(prompt).waters] == [(kind, water_id)]


def test_sizes_of_waters() -> None:
    sizes = [parse(prompt).waters[0].size for prompt in ("a tiny pond", "a pond", "a lake", "a huge lake")]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 4


def test_two_lakes_and_frozen_ones() -> None:
    assert [water.id for water in parse("two lakes").waters] == ["lake", "lake_2"]
    for prompt in ("a frozen lake", "an icy meadow with a lake, frozen over", "the lake is frozen"):
        assert parse(prompt).waters[0].frozen, prompt
    assert not parse("a lake that is not frozen").waters[0].frozen


def test_coasts_and_islands_have_the_sea() -> None:
    for prompt in ("a rocky coast", "a beach", "an island", "a fishing village by the ocean"):
        assert [water.kind for water in parse(prompt).waters] == ["sea"], prompt
    assert parse("an island").land.island


def test_relief() -> None:
    reliefs = [parse(p).land.relief for p in ("a flat meadow", "a meadow", "hilly meadow", "a rugged meadow")]
    assert all(relief is not None for relief in reliefs)
    assert reliefs == sorted(reliefs, key=lambda relief: relief or 0.0)
    assert parse("a deep canyon").land.relief == 0.9
    assert parse("cliffs by the sea").land.cliffs


def test_no_hills_and_no_mountains() -> None:
    assert (parse("meadow, no hills").land.relief or 0.0) <= 0.1
    spec = parse("alps without mountains")
    assert spec.land.mountains_in_distance is False
    assert "mountain" in spec.excluded


@pytest.mark.parametrize(
    ("prompt", "material"),
    [
        ("a path", "dirt"),
        ("a dirt road", "dirt"),
        ("a gravel road", "gravel"),
        ("a country road", "gravel"),
        ("a cobbled street", "cobble"),
        ("a stone path", "cobble"),
        ("a path made of stone", "cobble"),
        ("the path is made of cobblestone", "cobble"),
    ],
)
def test_paths(prompt: str, material: str) -> None:
    spec = parse(prompt)
    assert (spec.path, spec.path_material) == (True, material)


def test_no_path() -> None:
    spec = parse("a village without a path")
    assert not spec.path
    assert "path" in spec.excluded


@pytest.mark.parametrize("biome", sorted(BIOMES))
def test_biomes_fill_what_can_be_built(biome: str) -> None:
    scatters = biome_scatters(biome, LEXICON, season="summer", snow_cover=0.0)  # type: ignore[arg-type]
    assert len(scatters) >= 4
    for scatter in scatters:
        assert scatter.family in LABEL_INDEX
        assert not scatter.from_prompt
        assert 0.0 < scatter.density <= 1.0
    assert trees_of(biome, LEXICON)  # type: ignore[arg-type]


@pytest.mark.parametrize("biome", sorted(BIOMES))
def test_families_that_are_missing_are_left_out(biome: str) -> None:
    few = Lexicon.of([LEXICON.families["grass"], LEXICON.families["conifer"]])
    spec = parse_prompt(f"a forest by a lake in a {biome.replace('_', ' ')} with a castle", few)
    check_families(spec, few)
    assert {scatter.family for scatter in spec.scatters} <= {"grass", "conifer"}


def test_winter_buries_flowers() -> None:
    def families(prompt: str) -> set[str]:
        return {scatter.family for scatter in parse(prompt).scatters}

    assert "flowers" in families("meadow in summer")
    assert "flowers" not in families("meadow in winter")
    assert "flowers" not in families("meadow in deep snow")


def test_the_spec_is_explicit() -> None:
    for prompt in ("a tower", "desert", "tropical beach", "alps"):
        spec = parse(prompt)
        assert spec.land.relief is not None
        assert spec.land.mountains_in_distance is not None
        assert spec.scatters


def test_lush_words_bring_plants() -> None:
    wanted = {scatter.family for scatter in parse("a field with lots of vegetation").scatters if scatter.from_prompt}
    assert {"bush", "fern", "grass"} <= wanted


def test_a_tropical_beach_has_a_sea_and_a_swamp_no_meadow_flowers() -> None:
    beach = parse("a tropical beach with palm trees and a hut")
    assert beach.biome == "tropical"
    assert [water.kind for water in beach.waters] == ["sea"]
    assert beach.land.beach

    def flowers(prompt: str) -> float:
        return sum(entry.density for entry in parse(prompt).scatters if entry.family == "flowers")

    assert flowers("a swamp at night") == flowers("a swamp") == 0.0
    assert flowers("a swamp with flowers") > 0.0
    assert 0.0 < flowers("a meadow hill at night, no path") <= flowers("a meadow hill, no path")
    assert flowers("a temperate forest at night") < 0.5 * flowers("a temperate forest at noon")
