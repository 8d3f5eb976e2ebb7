"""The forty prompts, as far as the spec goes; and what every prompt must hold to."""

from __future__ import annotations

import pytest

from tests.prompts import PROMPTS, PromptCase, labels_of
from tests.spec.lexicons import LEXICON
from worldgen.scene.labels import LABEL_INDEX
from worldgen.spec.files import decode_spec, encode_spec
from worldgen.spec.lexicon import check_families
from worldgen.spec.model import WorldSpec
from worldgen.spec.parser import parse_prompt


def shown(spec: WorldSpec) -> set[str]:
    """Labels that a spec puts into the world."""
    labels = {entry.family for entry in (*spec.items, *spec.scatters)} | {water.kind for water in spec.waters}
    if spec.land.mountains_in_distance:
        labels.add("mountain")
    if spec.land.cliffs:
        labels.add("cliff")
    if spec.path:
        labels.add("path")
    return labels


def test_there_are_forty_prompts_for_every_biome_and_family() -> None:
    assert len(PROMPTS) == 40
    assert len({case.prompt for case in PROMPTS}) == 40
    assert len({case.name for case in PROMPTS}) >= 39
    specs = [parse_prompt(case.prompt, LEXICON) for case in PROMPTS]
    assert len({spec.biome for spec in specs}) == 8
    assert len({spec.season for spec in specs}) >= 3
    assert len({spec.time_of_day for spec in specs}) >= 7
    named = {label for case in PROMPTS for name in case.visible for label in labels_of(name)}
    assert set(LEXICON.families) <= named
    for case in PROMPTS:
        for name in (*case.visible, *case.absent):
            assert labels_of(name) <= set(LABEL_INDEX), name


@pytest.mark.parametrize("case", PROMPTS, ids=lambda case: case.name)
def test_prompt(case: PromptCase) -> None:
    spec = parse_prompt(case.prompt, LEXICON)
    check_families(spec, LEXICON)
    labels = shown(spec)
    for name in case.visible:
        assert labels_of(name) & labels, name
    for name in case.absent:
        assert not labels_of(name) & labels, name
    assert spec.ignored == case.ignored
    assert decode_spec(encode_spec(spec)) == spec
