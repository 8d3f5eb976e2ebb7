"""What a prompt rules out does not come."""

from __future__ import annotations

import pytest

from tests.prompts import LABEL_GROUPS
from tests.spec.lexicons import LEXICON
from worldgen.spec.model import WorldSpec
from worldgen.spec.parser import parse_prompt


def parse(prompt: str) -> WorldSpec:
    return parse_prompt(prompt, LEXICON)


def families(spec: WorldSpec) -> set[str]:
    return {entry.family for entry in (*spec.items, *spec.scatters)}


@pytest.mark.parametrize(
    "phrase",
    [
        "no trees",
        "without trees",
        "without any trees",
        "without a single tree",
        "treeless",
        "tree-free",
        "free of trees",
        "devoid of trees",
        "not a single tree",
        "there are no trees",
        "no sign of trees",
        "lacking trees",
        "--no trees",
        "no houses, trees or fences",
        "no houses nor trees",
        "neither houses nor trees",
        "without houses and trees",
        "no birds, no trees",
    ],
)
def test_no_trees(phrase: str) -> None:
    spec = parse(f"a meadow by a lake, {phrase}")
    assert not families(spec) & LABEL_GROUPS["tree"]
    assert LABEL_GROUPS["tree"] <= set(spec.excluded)
    assert [water.id for water in spec.waters] == ["lake"]
    assert spec.ignored == ()


@pytest.mark.parametrize(
    "prompt",
    [
        "no fog, a tower",
        "no fog and a tower",
        "no fog but a tower",
        "without fog, with a tower",
        "no trees on the hill, a tower",
        "no trees around the tower",
        "not a single house, but a wooden tower",
        "no houses, a big tower",
        "No houses. Tower.",
        "without fog and with a tower",
    ],
)
def test_negation_ends(prompt: str) -> None:
    spec = parse(prompt)
    assert "tower" in families(spec)
    assert "tower" not in spec.excluded


def test_exceptions_are_kept() -> None:
    for prompt in ("no trees but one oak", "no trees except an oak", "a lone oak, no other trees"):
        spec = parse(prompt)
        assert [item.id for item in spec.items] == ["oak"], prompt
        assert not {scatter.family for scatter in spec.scatters} & LABEL_GROUPS["tree"], prompt
        assert "broadleaf" not in spec.excluded
        assert "conifer" in spec.excluded


def test_excluding_one_kind_of_tree_keeps_the_others() -> None:
    spec = parse("a forest without birches")
    assert "birch" not in families(spec)
    assert {"broadleaf", "conifer"} <= families(spec)


def test_parts_of_a_village_can_be_ruled_out() -> None:
    spec = parse("a village without a church")
    assert "church" not in families(spec)
    assert "well" in families(spec)


def test_no_water() -> None:
    spec = parse("a beach without water")
    assert spec.waters == ()
    assert {"lake", "river", "sea"} <= set(spec.excluded)


def test_no_buildings_and_no_vegetation() -> None:
    assert set(LEXICON.group("structure")) <= set(parse("meadow, no buildings").excluded)
    spec = parse("tropical island, no vegetation")
    assert not families(spec) & set(LEXICON.group("vegetation"))


def test_not_many_means_few() -> None:
    assert [item.count for item in parse("not many trees").items] == [3]
    assert 0.0 < parse("alps, hardly any fog").weather.fog < 0.3


def test_nothing_but() -> None:
    spec = parse("nothing but sand")
    assert spec.biome == "desert"
    assert spec.scatters == ()
    assert families(parse("only grass and rocks")) == {"grass", "rock"}


def test_denied_adjectives_are_not_followed() -> None:
    spec = parse("a tower that is not tall")
    assert spec.items[0].size == 1.0


def test_things_that_never_are_there_may_be_ruled_out() -> None:
    spec = parse("a meadow, no people, no cars, no text, no watermark")
    assert spec.ignored == ()
    assert spec.excluded == ()
    assert parse("a meadow with people").ignored == ("people",)
