"""The whole vocabulary: the tables of this package and the words of the asset families, by phrase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from worldgen.spec.inflection import other_plurals, plural_of, singular_of
from worldgen.spec.lexicon import FamilyWords, Lexicon
from worldgen.spec.senses import (
    Absent,
    Atmosphere,
    BiomeNoun,
    Collective,
    Conjunction,
    Copula,
    Determiner,
    Group,
    LandNoun,
    MaterialWord,
    PathNoun,
    Pronoun,
    Sense,
    Setting,
    State,
    Stop,
    Style,
    Thing,
    WaterNoun,
)
from worldgen.spec.spelling import Speller
from worldgen.spec.words_air import MOODS, SEASONS, TIMES, WEATHER
from worldgen.spec.words_function import (
    AMOUNTS,
    COLORS,
    DENSITIES,
    FUNCTION_WORDS,
    NEGATIONS,
    PREPOSITIONS,
    SIZES,
    STATES,
)
from worldgen.spec.words_land import BIOMES, LAND, PATHS, WATERS
from worldgen.spec.words_silent import ABSENT, STOPS, STYLES
from worldgen.spec.words_things import ALIASES, COLLECTIVES, GROUPS, MATERIALS, TREE_FAMILIES

Phrase = tuple[str, ...]

_PLURAL_SENSES = (Thing, Group, Collective, WaterNoun, LandNoun, PathNoun, BiomeNoun, Setting, Absent)

_ADJECTIVE_ENDINGS = ("y", "ing", "ed", "ic", "al", "ous", "ful", "less", "ish", "en", "id", "s")
"""Endings of words for weather and mood that have no plural."""

_SILENT = (Stop, Style, Absent, Copula, Determiner, Pronoun, Conjunction)
"""Meanings that nothing is corrected to."""

_STRONGER = (Collective, Group, WaterNoun, LandNoun, PathNoun, BiomeNoun)
"""Meanings that families do not override by declaring the same word."""

_TABLES: tuple[Mapping[str, Sense], ...] = (
    STOPS,
    ABSENT,
    STYLES,
    MOODS,
    MATERIALS,
    LAND,
    PATHS,
    BIOMES,
    WATERS,
    SEASONS,
    WEATHER,
    TIMES,
    GROUPS,
    COLLECTIVES,
    COLORS,
    STATES,
    DENSITIES,
    SIZES,
    FUNCTION_WORDS,
    NEGATIONS,
    PREPOSITIONS,
    AMOUNTS,
)
"""Tables of fixed words; a later one wins where two hold the same phrase."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Meaning of a phrase and whether the phrase is a plural."""

    sense: Sense
    plural: bool = False


class Vocabulary:
    """Phrases → meanings, and the nearest known word for a misspelt one."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Merge the fixed tables with the words of the families."""
        self.lexicon = lexicon
        self.entries: dict[Phrase, Entry] = {}
        self._longest: dict[str, int] = {}
        things = _things(lexicon)
        for table in _TABLES:
            for words, sense in table.items():
                self.entries[tuple(words.split())] = Entry(sense)
        for phrase, thing in things.items():
            self._add_thing(phrase, thing)
        for material in sorted({word for family in lexicon.families.values() for word in family.materials}):
            self.entries.setdefault(tuple(_plain(material)), Entry(MaterialWord((material,))))
        for adjective in sorted({word for family in lexicon.families.values() for word in family.adjectives}):
            self.entries.setdefault(tuple(_plain(adjective)), Entry(State(adjective)))
        for phrase, entry in list(self.entries.items()):
            weather = isinstance(entry.sense, Atmosphere) and not phrase[-1].endswith(_ADJECTIVE_ENDINGS)
            if weather or isinstance(entry.sense, _PLURAL_SENSES):
                self._add_plurals(phrase, entry.sense)
        for phrase, entry in list(self.entries.items()):
            if len(phrase) == 2 and isinstance(entry.sense, _PLURAL_SENSES):
                self.entries.setdefault(("".join(phrase),), entry)
        for phrase in self.entries:
            self._longest[phrase[0]] = max(self._longest.get(phrase[0], 0), len(phrase))
        content = (phrase for phrase, entry in self.entries.items() if not isinstance(entry.sense, _SILENT))
        # Words for things that no family can build are unknown, but not misspelt.
        right = {word for phrase in ALIASES for word in phrase.split()}
        self._speller = Speller((word for phrase in content for word in phrase), right=right)

    def longest_from(self, word: str) -> int:
        """Number of words of the longest phrase that begins with this one; 0 if none does."""
        return self._longest.get(word, 0)

    def correct(self, word: str) -> str | None:
        """The known word that a misspelt one must have meant, or None."""
        return self._speller.correct(word)

    def _add_thing(self, phrase: Phrase, thing: Thing) -> None:
        known = self.entries.get(phrase)
        if known is not None and isinstance(known.sense, MaterialWord):
            self.entries[phrase] = Entry(MaterialWord(known.sense.names, thing))
        elif known is None or not isinstance(known.sense, _STRONGER):
            self.entries[phrase] = Entry(thing)

    def _add_plurals(self, phrase: Phrase, sense: Sense) -> None:
        *head, last = phrase
        for plural in (plural_of(last), *other_plurals(last)):
            if plural != last:
                self.entries.setdefault((*head, plural), Entry(sense, plural=True))


def _things(lexicon: Lexicon) -> dict[Phrase, Thing]:
    """Things by phrase: what families declare, then synonyms for what they did not."""
    options: dict[Phrase, list[tuple[str, str | None]]] = {}
    for family in lexicon.families.values():
        for words, kind in _declared(family):
            pairs = options.setdefault(words, [])
            if (family.name, kind) not in pairs:
                pairs.append((family.name, kind))
    things = {words: Thing(" ".join(words), tuple(pairs)) for words, pairs in options.items()}
    for phrase, alias in ALIASES.items():
        words = tuple(phrase.split())
        pairs = [
            (name, alias.kind if alias.kind in lexicon.families[name].kinds else None)
            for name in alias.families
            if name in lexicon
        ]
        if words in things:
            declared = {family for family, _ in things[words].options}
            others = tuple(pair for pair in pairs if pair[0] not in declared)
            things[words] = replace(things[words], others=others)
        elif pairs:
            things[words] = Thing(
                phrase,
                tuple(pairs[:1]),
                alias.size,
                alias.material,
                alias.nearest,
                alias.adjective,
                others=tuple(pairs[1:]),
            )
    return things


def _declared(family: FamilyWords) -> Iterable[tuple[Phrase, str | None]]:
    own = tuple(_plain(family.name))
    if not any(tuple(_plain(phrase)) == own for phrases in family.kinds.values() for phrase in phrases):
        yield own, None
    for kind, phrases in family.kinds.items():
        for phrase in phrases:
            words = tuple(_plain(phrase))
            if not words:
                continue
            yield words, kind
            singular = (*words[:-1], singular_of(words[-1]))
            if singular != words:
                yield singular, kind
            if family.name in TREE_FAMILIES and words[-1] not in ("tree", "trees", "palm"):
                yield (*words, "tree"), kind


def _plain(phrase: str) -> list[str]:
    return phrase.casefold().replace("'s", "").replace("-", " ").replace("_", " ").split()


@lru_cache(maxsize=4)
def vocabulary_of(lexicon: Lexicon) -> Vocabulary:
    """The vocabulary with a lexicon's words; built once for each lexicon."""
    return Vocabulary(lexicon)
