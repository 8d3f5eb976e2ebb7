"""Chunks → reading: noun phrases, what is ruled out, and what stands where, in one pass from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from worldgen.spec.compounds import join_compound
from worldgen.spec.leftovers import read_leftover
from worldgen.spec.matching import Chunk
from worldgen.spec.reading import Cue, Mention, NounPhrase, Reading
from worldgen.spec.relations import Relations
from worldgen.spec.senses import (
    Absent,
    Adjective,
    Amount,
    Atmosphere,
    Break,
    Collective,
    Color,
    Conjunction,
    Copula,
    Density,
    Determiner,
    Group,
    LandNoun,
    MaterialWord,
    Negation,
    Noun,
    Preposition,
    Pronoun,
    Sense,
    Setting,
    Size,
    State,
    Stop,
    Style,
    Thing,
    Unknown,
    WaterNoun,
)
from worldgen.spec.words_air import SETTING_ADJECTIVES

_EXCEPT = frozenset({"except", "except for", "apart from", "other than"})
_ONLY = frozenset({"only", "nothing but", "nothing except"})
_LOOK_AHEAD = 24
"""How far a list is followed, so that long prompts stay fast."""


def read_chunks(chunks: Sequence[Chunk]) -> Reading:
    """What the chunks of a prompt say."""
    reader = _Reader(chunks)
    for position in range(len(chunks)):
        reader.read(position)
    reader.end_sentence()
    return reader.reading


class _Reader:
    """Reads one chunk after the other; everything that it remembers is valid within a sentence."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.chunks = list(chunks)
        self.reading = Reading()
        self.relations = Relations(self.reading.mentions)
        self.phrase = NounPhrase()
        self.negation: Negation | None = None
        self.spent: tuple[Negation, int] | None = None
        """A "not" that was used up, and where: "or" behind it renews it."""
        self.negated_something = False
        self.copula = False
        self.position = 0
        self.last: Mention | None = None
        self.last_position = -2

    def read(self, position: int) -> None:
        """Read the chunk at a position."""
        chunk = self.chunks[position]
        self.position = position
        after = self._sense(position + 1)
        if chunk.word == "light" and isinstance(after, Atmosphere) and after.noun:
            # "light fog" is not about the light.
            chunk = self.chunks[position] = replace(chunk, sense=Density(0.2))
        match chunk.sense:
            case Break(full=True):
                self.end_sentence()
            case Break():
                self._comma(position)
            case Style():
                self.reading.styles.append(chunk)
                self.phrase.hints.append(chunk)
            case Unknown():
                self.reading.ignored.append(chunk)
                self.copula = False
                if isinstance(self._sense(position - 1), Break) and not chunk.word.endswith(("ing", "ed")):
                    self.relations.group = []
            case Negation() as negation:
                self._negation(chunk, negation)
            case Determiner() as determiner:
                self._determiner(chunk, determiner)
            case Amount() as amount:
                self._amount(chunk, amount)
            case Copula():
                self.copula = self.last is not None and self.last_position in (position - 1, position - 2)
            case Conjunction(word=word):
                self._conjunction(position, word)
            case Preposition() as preposition:
                self._preposition(position, preposition)
            case Pronoun(plural=plural):
                self._pronoun(position, plural=plural)
            case Atmosphere() as atmosphere:
                self._atmosphere(position, atmosphere)
            case MaterialWord() as material:
                self._material(position, material)
            case Size() | Density() | State() | Color():
                self._adjective(position)
            case LandNoun(adjective=True) | Thing(adjective=True) | Group(adjective=True):
                self._land_adjective(chunk)
            case Stop():
                self._stop(chunk)
            case noun:
                self._noun(position, noun)

    def end_sentence(self) -> None:
        """Drop what waits for a noun that does not come."""
        self._drop_phrase()
        self.relations.end_sentence()
        self.negation = None
        self.copula = False

    def _sense(self, position: int) -> Sense:
        """The sense at a position; a full stop beyond the ends."""
        return self.chunks[position].sense if 0 <= position < len(self.chunks) else Break(full=True)

    # Breaks and small words

    def _comma(self, position: int) -> None:
        self.copula = False
        if isinstance(self._sense(position - 1), Unknown):
            # The noun of the phrase was the unknown word.
            self._drop_phrase()
        if self.negation is not None and self.negated_something and not self._or_follows(position):
            self.negation = None
        self.relations.comma(phrase_open=self.phrase.is_open)

    def _or_follows(self, position: int) -> bool:
        """Whether the list behind a comma ends with "or" or "nor", so that a negation covers it."""
        for chunk in self.chunks[position + 1 : position + 1 + _LOOK_AHEAD]:
            match chunk.sense:
                case Conjunction(word="or"):
                    return True
                case Negation():
                    return chunk.word == "nor"
                case Break(full=False) | Unknown() | Absent() | Stop():
                    continue
                case sense if isinstance(sense, Noun | Atmosphere | Adjective):
                    continue
                case _:
                    return False
        return False

    def _negation(self, chunk: Chunk, negation: Negation) -> None:
        if chunk.word in _EXCEPT and self.negation is not None:
            self.negation = None
            return
        if negation.scope != "next":
            self._drop_phrase()
            self.phrase.start = chunk.start
        self.negation = negation
        self.negated_something = False

    def _determiner(self, chunk: Chunk, determiner: Determiner) -> None:
        if self.phrase.adjectives or self.phrase.amount is not None:
            self._drop_phrase(keep_start=self.negation is not None and not self.negated_something)
        if self.negation is not None and self.negated_something:
            self.negation = None
        self.copula = False
        self.phrase.determiner = determiner
        if determiner.another:
            self.phrase.begin(chunk.start)

    def _amount(self, chunk: Chunk, amount: Amount) -> None:
        if self.phrase.amount_chunk is not None:
            self.reading.ignored.append(self.phrase.amount_chunk)
        self.phrase.amount, self.phrase.amount_chunk = amount, chunk
        self.phrase.begin(chunk.start)
        self.copula = False

    def _conjunction(self, position: int, word: str) -> None:
        if word == "but":
            self.negation = None
            return
        if word == "or" and self.spent is not None and self.spent[1] == position - 1:
            self.negation = self.spent[0]
        if self.negation is not None and self.negated_something and word == "and":
            after = self._sense(position + 1)
            if not isinstance(after, Noun) and not (isinstance(after, Atmosphere) and after.noun):
                self.negation = None
        self.relations.joining = bool(self.relations.group)

    def _stop(self, chunk: Chunk) -> None:
        if chunk.word in _ONLY:
            self.phrase.only = True

    def _pronoun(self, position: int, *, plural: bool) -> None:
        found = self.relations.pronoun(plural=plural)
        if found is not None:
            self.last, self.last_position = found, position

    def _preposition(self, position: int, preposition: Preposition) -> None:
        # Behind an unknown noun ("a dragon by the lake") a place is the place of nothing here.
        unknown = isinstance(self._sense(position - 1), Unknown)
        orphan = unknown and (self.phrase.is_open or isinstance(self._sense(position - 2), Break))
        self._drop_phrase()
        if self.negation is not None and self.negated_something and preposition.relation != "of":
            self.negation = None
        self.copula = False
        self.relations.preposition(
            preposition,
            orphan=orphan,
            after_break=isinstance(self._sense(position - 1), Break),
            ends=isinstance(self._sense(position + 1), Break),
        )

    # Adjectives, materials and cues

    def _adjective(self, position: int) -> None:
        chunk = self.chunks[position]
        before, after = self._sense(position - 1), self._sense(position + 1)
        behind_noun = isinstance(after, Break | Conjunction | Preposition) and self.last_position == position - 1
        between_breaks = isinstance(before, Break) and isinstance(after, Break) and not self.phrase.is_open
        if self.last is not None and self.relations.group and (self.copula or behind_noun or between_breaks):
            taken = self.last.denied if self._takes_negation(chunk) else self.last.adjectives
            taken.append(chunk)
            return
        if self.negation is not None and self.negation.scope == "next":
            self.phrase.denied.append(chunk)
            self.negation = None
        else:
            self.phrase.adjectives.append(chunk)
        self.phrase.begin(chunk.start)

    def _material(self, position: int, material: MaterialWord) -> None:
        chunk = self.chunks[position]
        if self._noun_follows(position):
            self._adjective(position)
        elif self.relations.open_relation in ("of", "made_of", "in"):
            for subject in self.relations.describe_subjects():
                subject.adjectives.append(chunk)
            if not isinstance(self._sense(position + 1), Conjunction):
                self.relations.drop_link()
        elif self.copula and self.last is not None:
            self.last.adjectives.append(chunk)
        elif material.thing is not None:
            self._noun(position, material.thing)
        else:
            self.reading.ignored.append(chunk)

    def _noun_follows(self, position: int) -> bool:
        """Whether a noun comes before the phrase ends, so that a material is its adjective."""
        for chunk in self.chunks[position + 1 : position + 6]:
            match chunk.sense:
                case MaterialWord(thing=thing) if thing is not None:
                    return True
                case sense if isinstance(sense, Noun):
                    return True
                case Size() | Density() | State() | Color() | MaterialWord() | Style() | Unknown():
                    continue
                case Conjunction(word="and") | Atmosphere(noun=False):
                    continue
                case _:
                    return False
        return False

    def _land_adjective(self, chunk: Chunk) -> None:
        """An adjective that is about the land wherever it stands ("a grassy hill", "rugged")."""
        sense = chunk.sense
        if isinstance(sense, LandNoun | Thing | Group):
            negated = self._takes_negation(chunk)
            self.reading.mentions.append(Mention(sense, chunk, chunk.start, chunk.end, negated=negated))

    def _atmosphere(self, position: int, atmosphere: Atmosphere) -> None:
        chunk = self.chunks[position]
        after = self._sense(position + 1)
        setting = after if isinstance(after, Setting) else None
        if setting is None and self.copula and self.last is not None and isinstance(self.last.noun, Setting):
            setting = self.last.noun
        if setting is not None and (setting.word, chunk.word) in SETTING_ADJECTIVES:
            self._adjective(position)
            return
        start, density = self._strength(chunk, atmosphere)
        if self.negation is not None and self.phrase.start is not None and not self.negated_something:
            start = min(start, self.phrase.start)
        few = self.negation is not None and self.negation.scope == "few"
        negated = self._takes_negation(chunk)
        if few:
            negated, density = False, 0.15
        self.reading.cues.append(Cue(atmosphere, start, chunk.end, chunk.corrected, negated, density))
        if not negated and not atmosphere.noun:
            self.phrase.hints.append(chunk)
        if not self.phrase.is_open:
            self.phrase.start = None
        if not self._noun_follows(position):
            self.relations.drop_link()
            if isinstance(self._sense(position - 1), Break):
                # "..., puddles on the path" is not about what came before.
                self.relations.group = []

    def _strength(self, chunk: Chunk, atmosphere: Atmosphere) -> tuple[int, float | None]:
        """Where the phrase of a cue begins, and the density that adjectives or a number give it."""
        start, density = chunk.start, None
        if not atmosphere.noun:
            return start, density
        for adjective in list(self.phrase.adjectives):
            match adjective.sense:
                case Density(level=level):
                    density = level
                case Size(factor=factor):
                    density = 0.3 if factor < 1.0 else 0.9
                case _:
                    continue
            start = min(start, adjective.start)
            self.phrase.adjectives.remove(adjective)
        if self.phrase.amount is not None and self.phrase.amount_chunk is not None:
            density = 0.2 if self.phrase.amount.count <= 4 else 0.7
            start = min(start, self.phrase.amount_chunk.start)
            self.phrase.amount = self.phrase.amount_chunk = None
        return start, density

    def _takes_negation(self, chunk: Chunk) -> bool:
        """Whether a chunk is ruled out; a plain "not" is spent by it."""
        if self.negation is None:
            return chunk.negated
        self.negated_something = True
        if self.negation.scope != "list":
            self.spent = (self.negation, self.position)
            self.negation = None
        return not chunk.negated

    # Nouns

    def _noun(self, position: int, noun: Noun | Absent) -> None:
        few = self.negation is not None and self.negation.scope == "few"
        mention = self._mention(self.chunks[position], noun)
        if few:
            mention.negated, mention.amount = False, Amount(3, vague=True)
        behind_noun = self.last_position == position - 1 and not isinstance(self._sense(position - 1), Pronoun)
        modifier = self.last if behind_noun and not self.copula else None
        mentions = self.reading.mentions
        if modifier is not None and modifier.negated == mention.negated and join_compound(modifier, mention):
            mention.start = modifier.start
            if modifier not in mention.targets:
                mentions.remove(modifier) if mentions[-1] is not modifier else mentions.pop()
            self.relations.replace(modifier, mention)
            mentions.append(mention)
        else:
            mentions.append(mention)
            self.relations.connect(mention, phrase_follows=self._phrase_follows(position))
        self.last, self.last_position = mention, position
        self.copula = self.relations.joining = False

    def _mention(self, chunk: Chunk, noun: Noun | Absent) -> Mention:
        phrase, self.phrase = self.phrase, NounPhrase()
        determiner = phrase.determiner
        amount = phrase.amount
        if amount is None and determiner is not None and not determiner.definite and not chunk.plural:
            amount = Amount(1)
        return Mention(
            noun,
            chunk,
            chunk.start if phrase.start is None else phrase.start,
            chunk.end,
            plural=chunk.plural,
            definite=determiner is not None and determiner.definite,
            another=determiner is not None and determiner.another,
            amount=amount,
            amount_chunk=phrase.amount_chunk,
            adjectives=phrase.adjectives,
            hints=phrase.hints,
            denied=phrase.denied,
            negated=self._takes_negation(chunk),
            side=isinstance(noun, WaterNoun) and noun.side,
            only=phrase.only,
        )

    def _phrase_follows(self, position: int) -> bool:
        """Whether another noun phrase follows at once, as behind a place that is named first."""
        for chunk in self.chunks[position + 1 : position + 4]:
            if not isinstance(chunk.sense, Stop | Copula):
                return isinstance(chunk.sense, Determiner | Amount | Adjective | Thing | Collective)
        return False

    def _drop_phrase(self, *, keep_start: bool = False) -> None:
        """Give up the noun phrase that was begun; what it held becomes leftovers."""
        phrase, self.phrase = self.phrase, NounPhrase()
        if keep_start:
            self.phrase.start = phrase.start
        for chunk in (*phrase.adjectives, *phrase.denied):
            read_leftover(chunk, self.reading)
        if phrase.amount_chunk is not None:
            self.reading.ignored.append(phrase.amount_chunk)
