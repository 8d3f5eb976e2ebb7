"""Nouns, counts, sizes and materials become the right entries."""

from __future__ import annotations

import pytest

from tests.spec.lexicons import LEXICON
from worldgen.spec.lexicon import check_families
from worldgen.spec.model import Item, Scatter, WorldSpec
from worldgen.spec.parser import parse_prompt


def parse(prompt: str) -> WorldSpec:
    spec = parse_prompt(prompt, LEXICON)
    check_families(spec, LEXICON)
    return spec


def item(spec: WorldSpec, item_id: str) -> Item:
    return next(entry for entry in spec.items if entry.id == item_id)


def scatter(spec: WorldSpec, scatter_id: str) -> Scatter:
    return next(entry for entry in spec.scatters if entry.id == scatter_id)


@pytest.mark.parametrize(
    ("phrase", "count"),
    [
        ("a tower", 1),
        ("one tower", 1),
        ("a lone tower", 1),
        ("towers", 3),
        ("two towers", 2),
        ("twin towers", 2),
        ("a pair of towers", 2),
        ("a couple of towers", 2),
        ("a few towers", 3),
        ("some towers", 4),
        ("several towers", 5),
        ("a row of towers", 5),
        ("a row of seven towers", 7),
        ("12 towers", 12),
        ("3x tower", 3),
        ("a dozen towers", 12),
        ("two dozen towers", 24),
        ("twenty-five towers", 25),
        ("dozens of towers", 24),
        ("countless towers", 24),
        ("100000 towers", 200),
        ("not many towers", 3),
    ],
)
def test_counts_of_made_things(phrase: str, count: int) -> None:
    spec = parse(f"{phrase} on a plain")
    assert item(spec, "tower").count == count
    assert spec.ignored == ()


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("an oak", 1),
        ("the old oak", 1),
        ("an oak tree", 1),
        ("three oaks", 3),
        ("a few oaks", 3),
        ("a lone oak", 1),
        ("twelve oak trees", 12),
    ],
)
def test_numbered_trees_stand_alone(phrase: str, expected: int) -> None:
    spec = parse(phrase)
    assert item(spec, "oak").count == expected
    assert item(spec, "oak").kind == "oak"


@pytest.mark.parametrize("phrase", ["oaks", "oak trees", "the oaks", "some oaks", "many oaks", "dozens of oaks"])
def test_trees_without_a_number_are_strewn(phrase: str) -> None:
    spec = parse(phrase)
    assert not spec.items
    assert scatter(spec, "oak").from_prompt
    assert scatter(spec, "oak").family == "broadleaf"


def test_vague_amounts_order_densities() -> None:
    amounts = ("some", "many", "hundreds of", "countless")
    densities = [scatter(parse(f"{amount} pines"), "pine").density for amount in amounts]
    assert densities == sorted(densities)
    assert densities[0] < densities[-1]


def test_densities_of_forests() -> None:
    sparse, plain, dense = (
        scatter(parse(f"a {word} pine forest"), "pine_forest").density for word in ("sparse", "", "dense")
    )
    assert sparse < plain < dense


@pytest.mark.parametrize(
    ("word", "low", "high"),
    [("tiny", 0.2, 0.5), ("small", 0.5, 0.8), ("tall", 1.2, 1.5), ("huge", 1.8, 2.2), ("giant", 2.3, 3.0)],
)
def test_sizes(word: str, low: float, high: float) -> None:
    assert low <= item(parse(f"a {word} barn"), "barn").size <= high
    assert low <= item(parse(f"the barn is {word}"), "barn").size <= high
    assert low <= scatter(parse(f"{word} pines"), "pine").size <= high


def test_sizes_multiply_and_stay_in_range() -> None:
    assert item(parse("a huge giant enormous barn"), "barn").size == 5.0
    assert item(parse("a tiny tiny small barn"), "barn").size == 0.2


@pytest.mark.parametrize(
    ("prompt", "family", "material"),
    [
        ("a wooden tower", "tower", "wood"),
        ("a tower made of brick", "tower", "brick"),
        ("a tower of wood", "tower", "wood"),
        ("a brick tower", "tower", "brick"),
        ("a tower built of granite", "tower", "stone"),
        ("the tower is made of wood", "tower", "wood"),
        ("a rope bridge", "bridge", "rope"),
        ("a marble church", "church", "stone"),
        ("a stone cabin", "cabin", "stone"),
        ("a brick cottage", "stone_house", "brick"),
        ("a timber cottage", "timber_house", "wood"),
        ("a red barn", "barn", "red"),
    ],
)
def test_materials(prompt: str, family: str, material: str) -> None:
    spec = parse(prompt)
    (only,) = spec.items
    assert (only.family, only.material) == (family, material)
    assert spec.ignored == ()


def test_materials_that_go_without_saying_are_understood() -> None:
    spec = parse("a wooden fence and a stone well")
    assert [entry.material for entry in spec.items] == [None, None]
    assert spec.ignored == ()


def test_impossible_materials_and_colours_are_ignored() -> None:
    assert parse("an iron barn and a purple church").ignored == ("iron", "purple")


def test_materials_of_rocks() -> None:
    assert scatter(parse("sandstone rocks"), "rock").material == "sandstone"


@pytest.mark.parametrize(
    ("prompt", "family", "kind"),
    [
        ("a ruined tower", "tower", "ruined_tower"),
        ("a crumbling tower", "tower", "ruined_tower"),
        ("the tower is ruined", "tower", "ruined_tower"),
        ("a ruined church", "ruins", "arch_ruins"),
        ("the ruins of a castle", "ruins", "ruined_house"),
        ("church ruins", "ruins", "arch_ruins"),
        ("a dead oak", "dead_tree", None),
        ("a bare birch", "dead_tree", None),
        ("a lighthouse", "tower", "lighthouse"),
        ("a light house", "tower", "lighthouse"),
        ("a lamppost", "lamp_post", None),
        ("a lamp-post", "lamp_post", None),
        ("street lamp", "lamp_post", None),
        ("a date palm", "palm", "date"),
        ("a mossy gravestone", "gravestone", None),
        ("a chapel", "church", "chapel"),
    ],
)
def test_states_and_synonyms_pick_the_asset(prompt: str, family: str, kind: str | None) -> None:
    (only,) = parse(prompt).items
    assert only.family == family
    assert only.kind in (kind, family)


def test_red_flowers_are_a_kind() -> None:
    assert scatter(parse("a field of red flowers"), "flowers").kind == "poppies"


def test_definite_nouns_mean_the_same_thing_again() -> None:
    spec = parse("A cabin by a lake. The cabin is tiny. The lake is frozen.")
    assert [entry.id for entry in spec.items] == ["cabin"]
    assert item(spec, "cabin").size == 0.4
    assert [(water.id, water.frozen) for water in spec.waters] == [("lake", True)]


def test_another_means_one_more() -> None:
    spec = parse("A tower and another tower, a lake and a second lake")
    assert [entry.id for entry in spec.items] == ["tower", "tower_2"]
    assert [water.id for water in spec.waters] == ["lake", "lake_2"]


def test_keyword_repetition_means_the_same_thing() -> None:
    assert [entry.id for entry in parse("castle, castle at night, huge castle").items] == ["castle"]


def test_a_forest_names_its_trees() -> None:
    spec = parse("a pine forest and a grove of birches")
    prompted = [(entry.id, entry.family) for entry in spec.scatters if entry.from_prompt]
    assert prompted == [("pine_forest", "conifer"), ("birch_grove", "birch")]
    # The biome's own trees stay away.
    assert not any(entry.family == "broadleaf" for entry in spec.scatters)


def test_a_forest_without_a_name_has_the_biomes_trees() -> None:
    families = {entry.family for entry in parse("a forest").scatters if entry.from_prompt}
    assert families == {"broadleaf", "conifer", "birch"}
    assert {entry.family for entry in parse("a snowy forest in the alps").scatters if entry.from_prompt} == {"conifer"}


def test_village_members_are_not_doubled() -> None:
    spec = parse("a village with a big church, a wooden well, two barns")
    families = [entry.family for entry in spec.items]
    assert families.count("church") == 1
    assert item(spec, "village_church").size == 1.35
    assert spec.path


def test_village_of_named_houses() -> None:
    spec = parse("a village of ten wooden cabins")
    assert item(spec, "village_houses").family == "cabin"
    assert item(spec, "village_houses").count == 10


def test_castle_takes_its_towers() -> None:
    spec = parse("a castle with six towers")
    assert [(entry.id, entry.count) for entry in spec.items] == [("castle", 1), ("tower", 6)]
    assert item(spec, "tower").place.relation == "around"
    assert item(spec, "tower").place.target == "castle"


def test_parts_are_claimed_by_later_words() -> None:
    spec = parse("a farm. The barn is red. Five boats in a harbour.")
    assert item(spec, "farm_barn").material == "red"
    assert item(spec, "harbour_boats").count == 5
    assert sum(entry.family == "boat" for entry in spec.items) == 1


def test_ids_are_unique_readable_and_ordered_behind_their_targets() -> None:
    spec = parse("a well behind the church, a statue by the well, a cart by the statue, another well by the cart")
    ids = [entry.id for entry in spec.items]
    assert ids == ["church", "well", "statue", "cart", "well_2"]


def test_full_specs_report_what_did_not_fit() -> None:
    prompt = ". ".join(f"A barn and another barn number {chr(97 + index % 26)}" for index in range(60))
    spec = parse(prompt)
    assert len(spec.items) == 64
    assert "barn" in spec.ignored


def test_waters_are_limited() -> None:
    spec = parse("a lake, a pond, a river, a stream, a tarn, the sea")
    assert len(spec.waters) == 4
    assert spec.ignored


def test_corrections_are_reported() -> None:
    spec = parse("mountians, a lighthuose, autmn")
    meanings = {entry.phrase: entry.meaning for entry in spec.understood}
    assert 'read as "mountains"' in meanings["mountians"]
    assert 'read as "lighthouse"' in meanings["lighthuose"]
    assert spec.season == "autumn"
    assert spec.ignored == ()


@pytest.mark.parametrize("word", ["horses", "cattle", "villager", "benches", "planet", "bridle", "desserts"])
def test_real_words_are_not_corrected(word: str) -> None:
    spec = parse(f"a tower and {word}")
    assert spec.ignored == (word,)
