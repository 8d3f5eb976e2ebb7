"""The lexicon, and checks of specs against it."""

from __future__ import annotations

import pytest

from tests.spec.lexicons import LEXICON
from worldgen.errors import InvalidInputError
from worldgen.spec.lexicon import FamilyWords, Lexicon, check_families
from worldgen.spec.model import Item, Scatter, WorldSpec
from worldgen.spec.parser import parse_prompt


def test_a_new_family_is_understood_at_once() -> None:
    mushroom = FamilyWords(
        name="mushroom",
        kinds={"cap": ("mushroom", "toadstool"), "ring": ("fairy ring",)},
        materials=("glowing",),
        adjectives={"fairy": "ring"},
        scattered=True,
        group="vegetation",
    )
    lexicon = Lexicon.of([*LEXICON.families.values(), mushroom])
    spec = parse_prompt("a forest with toadstools, and a fairy ring by the lake", lexicon)
    assert spec.ignored == ()
    assert ("mushroom", "cap") in {(entry.family, entry.kind) for entry in spec.scatters}
    before = parse_prompt("a forest with toadstools", LEXICON)
    assert before.ignored == ("toadstools",)


def test_families_are_sorted_and_unique() -> None:
    assert list(LEXICON.families) == sorted(LEXICON.families)
    tower = LEXICON.families["tower"]
    assert "tower" in LEXICON
    assert tower.default_kind == "watchtower"
    with pytest.raises(InvalidInputError, match="tower"):
        Lexicon.of([tower, tower])


def test_wrong_families_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="no kinds"):
        FamilyWords(name="x", kinds={})
    with pytest.raises(InvalidInputError, match="unknown kind"):
        FamilyWords(name="x", kinds={"a": ("a",)}, adjectives={"old": "b"})


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        (WorldSpec(items=(Item(id="a", family="towr"),)), ("'a'", "'towr'", "tower")),
        (WorldSpec(items=(Item(id="a", family="tower", kind="light_house"),)), ("light_house", "lighthouse")),
        (WorldSpec(items=(Item(id="a", family="tower", material="cheese"),)), ("cheese", "brick")),
        (WorldSpec(scatters=(Scatter(id="s", family="fir", density=0.5),)), ("'s'", "'fir'")),
        (WorldSpec(items=(Item(id="a", family="well", material="stone"),)), ("well material", "leave it out")),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(spec: WorldSpec, parts: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_families(spec, LEXICON)
    for part in parts:
        assert part in str(caught.value)
