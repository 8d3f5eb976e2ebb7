"""What a prompt rules out: families and features of the land."""

from __future__ import annotations

from collections.abc import Iterable

from worldgen.spec.compounds import is_woods
from worldgen.spec.lexicon import Lexicon
from worldgen.spec.reading import Mention
from worldgen.spec.senses import (
    BiomeNoun,
    Collective,
    Group,
    LandNoun,
    PathNoun,
    Setting,
    Thing,
    WaterNoun,
)
from worldgen.spec.words_things import ARRANGEMENTS, DWELLING_FAMILIES, DWELLING_WORDS, TREE_FAMILIES

_LAND_NAMES = {
    "hill": ("hill",),
    "hills": ("hill",),
    "rolling": ("hill",),
    "cliffs": ("cliff",),
    "island": ("island",),
    "mountains": ("mountain",),
    "rugged": ("hill",),
}


def excluded_by(mentions: Iterable[Mention], lexicon: Lexicon) -> tuple[str, ...]:
    """Names of the families and features that mentions rule out, in order, each once."""
    names: dict[str, None] = {}
    for mention in mentions:
        if mention.negated:
            names.update(dict.fromkeys(_names(mention, lexicon)))
    return tuple(names)


def excluded_names(mention: Mention, lexicon: Lexicon) -> tuple[str, ...]:
    """What one denied mention rules out."""
    return tuple(dict.fromkeys(_names(mention, lexicon)))


def _names(mention: Mention, lexicon: Lexicon) -> Iterable[str]:
    match mention.noun:
        case Thing(word=word, options=options):
            if word == "building":
                yield from lexicon.group("structure")
            elif word in DWELLING_WORDS:
                yield from (name for name in DWELLING_FAMILIES if name in lexicon)
            else:
                yield from (family for family, _ in options)
        case Group(group="tree"):
            yield from (name for name in TREE_FAMILIES if name in lexicon)
        case Group(group="plant"):
            yield from lexicon.group("vegetation")
        case Group(group="building"):
            yield from lexicon.group("structure")
        case Collective(name=name) if is_woods(mention):
            yield from (family for family in TREE_FAMILIES if family in lexicon)
        case Collective(name=name):
            first = ARRANGEMENTS[name].parts[0].families
            yield from [family for family in first if family in lexicon][:1] if name == "castle" else ()
        case WaterNoun(generic=True):
            yield from ("lake", "river", "sea")
        case WaterNoun(kind=kind):
            yield kind
        case LandNoun(feature=feature):
            yield from _LAND_NAMES.get(feature, ())
        case PathNoun():
            yield "path"
        case BiomeNoun(water=water) if water is not None:
            yield water
        case Setting(word="leaves"):
            yield "leaves"
        case _:
            return
