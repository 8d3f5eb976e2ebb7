"""The catalogue finds every family, and prompts understand every family's words."""

from __future__ import annotations

import sys
from subprocess import run

import pytest

from tests.prompts import PROMPTS, PromptCase, labels_of
from worldgen.builder.catalogue import families, family, family_modules, lexicon
from worldgen.errors import InvalidInputError
from worldgen.scene.labels import LABEL_INDEX, LABELS
from worldgen.spec.lexicon import check_families
from worldgen.spec.parser import parse_prompt


def test_modules_and_families_are_found_in_order() -> None:
    assert list(family_modules()) == sorted(family_modules())
    assert all(path.startswith("worldgen.builder.assets.") for path in family_modules())
    assert list(families()) == sorted(families())
    assert set(families()) <= set(LABEL_INDEX)
    assert family("tower").name == "tower"
    with pytest.raises(InvalidInputError, match="no asset family 'towr'"):
        family("towr")


def test_finding_modules_imports_none_of_them() -> None:
    code = (
        "import sys, worldgen.builder.catalogue as catalogue; paths = catalogue.family_modules();"
        "assert paths and not set(paths) & set(sys.modules), 'imported'"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_lexicon_says_what_the_families_declare() -> None:
    for name, item in families().items():
        words = lexicon().families[name]
        assert dict(words.kinds) == dict(item.kinds)
        assert words.materials == item.materials
        assert words.group == LABELS[LABEL_INDEX[name]].group
        assert words.scattered == (words.group in ("vegetation", "rock"))


@pytest.mark.parametrize("name", sorted(families()))
def test_prompts_understand_the_words_of_a_family(name: str) -> None:
    item = families()[name]
    for phrases in item.kinds.values():
        for phrase in phrases:
            assert parse_prompt(f"a {phrase}", lexicon()).ignored == (), phrase
    phrase = next(phrase for phrases in item.kinds.values() for phrase in phrases)
    spec = parse_prompt(f"two {phrase}s" if name != "cliff" else "cliffs", lexicon())
    assert name in {entry.family for entry in (*spec.items, *spec.scatters)}


@pytest.mark.parametrize("material", ["wood", "stone", "brick"])
def test_prompts_understand_the_materials_of_a_family(material: str) -> None:
    for name, item in families().items():
        if material in item.materials:
            phrase = next(iter(item.kinds.values()))[0]
            spec = parse_prompt(f"a {phrase} made of {material}", lexicon())
            assert [entry.material for entry in spec.items] == [material], name


@pytest.mark.parametrize("case", PROMPTS, ids=lambda case: case.name)
def test_the_forty_prompts_bring_what_must_be_visible(case: PromptCase) -> None:
    spec = parse_prompt(case.prompt, lexicon())
    check_families(spec, lexicon())
    labels = {entry.family for entry in (*spec.items, *spec.scatters)} | {water.kind for water in spec.waters}
    labels |= {"mountain"} if spec.land.mountains_in_distance else set()
    labels |= {"path"} if spec.path else set()
    labels |= {"cliff"} if spec.land.cliffs else set()
    for name in case.visible:
        assert labels_of(name) & labels, name
    for name in case.absent:
        assert not labels_of(name) & labels, name
    assert spec.ignored == case.ignored
