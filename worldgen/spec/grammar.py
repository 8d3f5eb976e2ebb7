"""Chunks → reading: noun phrases, what is ruled out, and what stands where, in one pass from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from worldgen.spec.compounds import join_compound
from worldgen.spec.matching import Chunk
from worldgen.spec.reading import Cue, Mention, Reading
from worldgen.spec.senses import (
    Absent,
    Adjective,
    Amount,
    Atmosphere,
    BiomeNoun,
    Break,
    Collective,
    Color,
    Conjunction,
    Copula,
    Density,
    Determiner,
    LandNoun,
    MaterialWord,
    Negation,
    Noun,
    Preposition,
    Pronoun,
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


def read_chunks(chunks: Sequence[Chunk]) -> Reading:
    """What the chunks of a prompt say."""
    reader = _Reader(chunks)
    for position in range(len(chunks)):
        reader.read(position)
    reader.end_sentence()
    return reader.reading


@dataclass(slots=True)
class _NounPhrase:
    """The noun phrase that is being read: what came before its noun."""

    start: int | None = None
    determiner: Determiner | None = None
    amount: Amount | None = None
    amount_chunk: Chunk | None = None
    adjectives: list[Chunk] = field(default_factory=list)
    hints: list[Chunk] = field(default_factory=list)
    denied: list[Chunk] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.determiner is not None or self.amount is not None or bool(self.adjectives)


@dataclass(slots=True)
class _Link:
    """A preposition that waits for its object."""

    preposition: Preposition
    subjects: list[Mention]
    after_break: bool


class _Reader:
    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.chunks = chunks
        self.reading = Reading()
        self.phrase = _NounPhrase()
        self.negation: Negation | None = None
        self.negated_something = False
        self.link: _Link | None = None
        self.listing: _Link | None = None
        """The relation that "and" carries on ("surrounded by pines and rocks")."""
        self.fronted: _Link | None = None
        self.fronted_targets: list[Mention] = []
        self.group: list[Mention] = []
        """The mentions of this sentence that "and" joins; a preposition behind them is about all of them."""
        self.joining = False
        self.copula = False
        self.last: Mention | None = None
        self.last_position = -2

    def read(self, position: int) -> None:
        """Read the chunk at a position."""
        chunk = self.chunks[position]
        match chunk.sense:
            case Break(full=full):
                self._break(position, full=full)
            case Style():
                self.reading.styles.append(chunk)
                self.phrase.hints.append(chunk)
            case Unknown():
                self.reading.ignored.append(chunk)
                self.copula = False
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
            case Pronoun():
                self._pronoun()
            case Atmosphere() as atmosphere:
                self._atmosphere(position, atmosphere)
            case MaterialWord() as material:
                self._material(position, material)
            case Size() | Density() | State() | Color():
                self._adjective(position)
            case LandNoun(adjective=True) as land:
                self.reading.mentions.append(
                    Mention(land, chunk, chunk.start, chunk.end, negated=self._takes_negation(chunk))
                )
            case Stop():
                self._stop(chunk)
            case noun:
                self._noun(position, noun)

    def end_sentence(self) -> None:
        """Drop what waits for a noun that does not come."""
        self._drop_phrase()
        self.negation = None
        self.link = self.listing = self.fronted = None
        self.fronted_targets = []
        self.group = []
        self.joining = self.copula = False

    # Breaks and small words

    def _break(self, position: int, *, full: bool) -> None:
        if full:
            self.end_sentence()
            return
        self.copula = self.joining = False
        self.listing = None
        if position and isinstance(self.chunks[position - 1].sense, Unknown):
            # The noun of the phrase was the unknown word.
            self._drop_phrase()
        if self.negation is not None and self.negated_something and not self._or_follows(position):
            self.negation = None
        if self.link is not None and not self.phrase.is_open:
            self.link = None

    def _or_follows(self, position: int) -> bool:
        """Whether the list behind a comma ends with "or" or "nor", so that a negation covers it."""
        for chunk in self.chunks[position + 1 :]:
            match chunk.sense:
                case Conjunction(word="or") | Negation(scope="list"):
                    return isinstance(chunk.sense, Conjunction) or chunk.word == "nor"
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
        self._drop_phrase()
        self.negation = negation
        self.negated_something = False
        self.phrase.start = chunk.start

    def _determiner(self, chunk: Chunk, determiner: Determiner) -> None:
        if self.phrase.adjectives or self.phrase.amount is not None:
            self._drop_phrase(keep_start=self.negation is not None and not self.negated_something)
        if self.negation is not None and self.negated_something:
            self.negation = None
        self.copula = False
        self.phrase.determiner = determiner
        if self.phrase.start is None:
            self.phrase.start = chunk.start if determiner.another else None

    def _amount(self, chunk: Chunk, amount: Amount) -> None:
        if self.phrase.amount_chunk is not None:
            self.reading.ignored.append(self.phrase.amount_chunk)
        self.phrase.amount, self.phrase.amount_chunk = amount, chunk
        self.copula = False
        if self.phrase.start is None:
            self.phrase.start = chunk.start

    def _conjunction(self, position: int, word: str) -> None:
        if word == "but":
            self.negation = None
            return
        after = self.chunks[position + 1].sense if position + 1 < len(self.chunks) else None
        if self.negation is not None and self.negated_something and word == "and":
            listed = isinstance(after, Noun) or (isinstance(after, Atmosphere) and after.noun)
            if not listed:
                self.negation = None
        self.joining = bool(self.group)

    def _stop(self, chunk: Chunk) -> None:
        if chunk.word in ("i", "we", "you", "he", "she"):
            self.copula = False

    def _pronoun(self) -> None:
        if self.link is not None:
            target = self._antecedent(self.link.subjects)
            if target is not None:
                self._relate(self.link, target)
            self.link = None
        else:
            subject = self._antecedent([])
            self.group = [subject] if subject is not None else []
            self.last, self.last_position = subject, self.last_position

    def _antecedent(self, subjects: Sequence[Mention]) -> Mention | None:
        for mention in reversed(self.reading.mentions):
            if mention in subjects or mention.negated:
                continue
            if isinstance(mention.noun, Thing | Collective | WaterNoun):
                return mention
        return None

    # Relations

    def _preposition(self, position: int, preposition: Preposition) -> None:
        self._drop_phrase()
        if self.negation is not None and self.negated_something and preposition.relation != "of":
            self.negation = None
        self.copula = False
        self.listing = None
        after_break = position == 0 or isinstance(self.chunks[position - 1].sense, Break)
        subjects = [mention for mention in self.group if not mention.negated]
        if not preposition.alone:
            self.link = _Link(preposition, subjects, after_break)
            return
        ends = position + 1 >= len(self.chunks) or isinstance(self.chunks[position + 1].sense, Break)
        if subjects and (ends or not after_break):
            for subject in subjects:
                self._stand(subject, preposition, [])
        elif preposition.relation != "on":
            self.fronted, self.fronted_targets = _Link(preposition, [], after_break), []

    def _relate(self, link: _Link, target: Mention) -> None:
        """Put the subjects of a preposition in relation to its object."""
        preposition = link.preposition
        for subject in link.subjects:
            if preposition.relation == "with":
                subject.members.append(target)
            elif preposition.relation == "of":
                subject.made_of.append(target)
            elif preposition.reverse:
                self._stand(target, preposition, [subject])
            else:
                self._stand(subject, preposition, [target])

    @staticmethod
    def _stand(subject: Mention, preposition: Preposition, targets: list[Mention]) -> None:
        relation = preposition.relation
        if relation == "with" or relation == "of" or relation == "made_of":
            return
        if subject.relation is None and subject not in targets:
            subject.relation, subject.targets = relation, targets

    # Adjectives, materials and cues

    def _adjective(self, position: int) -> None:
        chunk = self.chunks[position]
        before = self.chunks[position - 1].sense if position else Break(full=True)
        after = self.chunks[position + 1].sense if position + 1 < len(self.chunks) else Break(full=True)
        ends = isinstance(after, Break | Conjunction | Preposition)
        behind_noun = ends and self.last_position == position - 1
        between_breaks = isinstance(before, Break) and isinstance(after, Break) and not self.phrase.is_open
        if self.last is not None and self.group and (self.copula or behind_noun or between_breaks):
            taken = self.last.denied if self._takes_negation(chunk) else self.last.adjectives
            taken.append(chunk)
            return
        if self.negation is not None and self.negation.scope == "next":
            self.phrase.denied.append(chunk)
            self.negation = None
        else:
            self.phrase.adjectives.append(chunk)
        if self.phrase.start is None:
            self.phrase.start = chunk.start

    def _material(self, position: int, material: MaterialWord) -> None:
        chunk = self.chunks[position]
        if self._noun_follows(position):
            self._adjective(position)
        elif self.link is not None and self.link.preposition.relation in ("of", "made_of", "in") and self.link.subjects:
            for subject in self.link.subjects:
                subject.adjectives.append(chunk)
            if not self._noun_follows(position, across_and=True):
                self.link = None
        elif self.copula and self.last is not None:
            self.last.adjectives.append(chunk)
        elif material.thing is not None:
            self._noun(position, material.thing)
        else:
            self.reading.ignored.append(chunk)

    def _noun_follows(self, position: int, *, across_and: bool = False) -> bool:
        """Whether a noun comes before the phrase ends, so that a material is its adjective."""
        for chunk in self.chunks[position + 1 : position + 6]:
            match chunk.sense:
                case Conjunction(word="and"):
                    if across_and:
                        return True
                case MaterialWord(thing=thing) if thing is not None:
                    return True
                case Thing() | Collective() | WaterNoun() | LandNoun() | BiomeNoun():
                    return True
                case sense if isinstance(sense, Noun):
                    return True
                case Size() | Density() | State() | Color() | MaterialWord() | Style() | Unknown():
                    continue
                case Atmosphere(noun=False):
                    continue
                case _:
                    return False
        return False

    def _atmosphere(self, position: int, atmosphere: Atmosphere) -> None:
        chunk = self.chunks[position]
        after = self.chunks[position + 1].sense if position + 1 < len(self.chunks) else None
        if isinstance(after, Setting) and (after.word, chunk.word) in SETTING_ADJECTIVES:
            self._adjective(position)
            return
        last = self.last.noun if self.last is not None else None
        if self.copula and isinstance(last, Setting) and (last.word, chunk.word) in SETTING_ADJECTIVES:
            self._adjective(position)
            return
        start, density = chunk.start, None
        if atmosphere.noun:
            for adjective in list(self.phrase.adjectives):
                level = _strength(adjective)
                if level is not None:
                    density = level
                    start = min(start, adjective.start)
                    self.phrase.adjectives.remove(adjective)
            if self.phrase.amount is not None and self.phrase.amount_chunk is not None:
                density = 0.2 if self.phrase.amount.count <= 4 else 0.7
                start = self.phrase.amount_chunk.start
                self.phrase.amount = self.phrase.amount_chunk = None
        negation_start = self.phrase.start if self.negation is not None else None
        few = self.negation is not None and self.negation.scope == "few"
        negated = self._takes_negation(chunk)
        if negated and negation_start is not None:
            start = min(start, negation_start)
        if few:
            negated, density = False, 0.15
        self.reading.cues.append(Cue(atmosphere, start, chunk.end, chunk.corrected, negated, density))
        if not negated and not atmosphere.noun:
            self.phrase.hints.append(chunk)
        if not self.phrase.is_open:
            self.phrase.start = None
        if self.link is not None and not self._noun_follows(position):
            self.link = None

    def _takes_negation(self, chunk: Chunk) -> bool:
        """Whether a chunk is ruled out; a plain "not" is spent by it."""
        if self.negation is None:
            return chunk.negated
        self.negated_something = True
        if self.negation.scope != "list":
            self.negation = None
        return not chunk.negated

    # Nouns

    def _noun(self, position: int, noun: Noun | Absent) -> None:
        chunk = self.chunks[position]
        few = self.negation is not None and self.negation.scope == "few"
        mention = self._mention(chunk, noun)
        if few:
            mention.negated, mention.amount = False, Amount(3, vague=True)
        adjacent = self.last is not None and self.last_position == position - 1 and not self.copula
        modifier = self.last if adjacent else None
        if modifier is not None and modifier.negated == mention.negated and join_compound(modifier, mention):
            mention.start = modifier.start
            self.reading.mentions = [
                other for other in self.reading.mentions if other is not modifier or _stays(modifier, mention)
            ]
            self._replace(modifier, mention)
            self.reading.mentions.append(mention)
        else:
            self.reading.mentions.append(mention)
            self._connect(position, mention)
        self.last, self.last_position = mention, position
        self.copula = self.joining = False

    def _mention(self, chunk: Chunk, noun: Noun | Absent) -> Mention:
        phrase, self.phrase = self.phrase, _NounPhrase()
        start = chunk.start if phrase.start is None else phrase.start
        determiner = phrase.determiner
        negated = self._takes_negation(chunk)
        mention = Mention(
            noun,
            chunk,
            start,
            chunk.end,
            plural=chunk.plural,
            definite=determiner is not None and determiner.definite,
            another=determiner is not None and determiner.another,
            amount=phrase.amount,
            adjectives=phrase.adjectives,
            hints=phrase.hints,
            denied=phrase.denied,
            negated=negated,
            side=isinstance(noun, WaterNoun) and noun.side,
        )
        if mention.amount is None and determiner is not None and not determiner.definite and not chunk.plural:
            mention.amount = Amount(1)
        return mention

    def _replace(self, modifier: Mention, mention: Mention) -> None:
        """Let the whole compound take the place of its first word wherever that was in a relation."""
        self.group = [mention if other is modifier else other for other in self.group]
        mention.relation, mention.targets = (
            (mention.relation, mention.targets)
            if mention.relation is not None
            else (modifier.relation, modifier.targets)
        )
        modifier.relation, modifier.targets = None, []
        for other in self.reading.mentions:
            other.targets = [mention if target is modifier else target for target in other.targets]
            other.members = [mention if target is modifier else target for target in other.members]
            other.made_of = [mention if target is modifier else target for target in other.made_of]
        if mention in mention.targets:
            mention.targets = [modifier]

    def _connect(self, position: int, mention: Mention) -> None:
        """Tie a new mention to the preposition before it, to a list, or to a place named first."""
        if self.link is not None:
            link, self.link = self.link, None
            fronted = not link.subjects or (link.after_break and self._phrase_follows(position))
            if fronted:
                self.fronted, self.fronted_targets = link, [mention]
                self.group = [mention] if not self.group else self.group
                return
            self._relate(link, mention)
            self.listing = link
            if link.preposition.relation == "with":
                self.group = [*link.subjects, mention]
            elif link.preposition.reverse:
                self.group = [mention]
            return
        if self.joining and self.listing is not None:
            listing = self.listing
            relation = listing.preposition.relation
            if relation == "between":
                for subject in listing.subjects:
                    if subject.relation == "between" and len(subject.targets) == 1:
                        subject.targets.append(mention)
                self.listing = None
                return
            if relation in ("with", "of") or listing.preposition.reverse:
                self._relate(listing, mention)
                self.group.append(mention)
                return
        if self.fronted is not None and self.joining and self.fronted.preposition.relation == "between":
            if len(self.fronted_targets) == 1:
                self.fronted_targets.append(mention)
                return
        if self.fronted is not None:
            self._stand(mention, self.fronted.preposition, list(self.fronted_targets))
            self.fronted, self.fronted_targets = None, []
        self.group = [*self.group, mention] if self.joining else [mention]

    def _phrase_follows(self, position: int) -> bool:
        """Whether another noun phrase follows at once, as behind a place that is named first."""
        for chunk in self.chunks[position + 1 : position + 4]:
            match chunk.sense:
                case Stop() | Copula():
                    continue
                case sense:
                    return isinstance(sense, Determiner | Amount | Adjective | Thing | Collective)
        return False

    def _drop_phrase(self, *, keep_start: bool = False) -> None:
        """Give up the noun phrase that was begun; what it held becomes leftovers."""
        phrase, self.phrase = self.phrase, _NounPhrase()
        if keep_start:
            self.phrase.start = phrase.start
        for chunk in (*phrase.adjectives, *phrase.denied):
            self._leftover(chunk)
        if phrase.amount_chunk is not None:
            self.reading.ignored.append(phrase.amount_chunk)

    def _leftover(self, chunk: Chunk) -> None:
        """An adjective without a noun: some speak of the weather, the rest is not understood."""
        match chunk.sense:
            case State(name="frozen"):
                frozen = Atmosphere(word=chunk.word, rank=2, season="winter", snow_cover=0.5)
                self.reading.cues.append(Cue(frozen, chunk.start, chunk.end))
            case State(name="clear"):
                clear = Atmosphere(word=chunk.word, rank=2, cloud_cover=0.05, fog=0.04)
                self.reading.cues.append(Cue(clear, chunk.start, chunk.end))
            case Atmosphere() as atmosphere:
                self.reading.cues.append(Cue(atmosphere, chunk.start, chunk.end))
            case MaterialWord(thing=thing) if thing is not None:
                self.reading.mentions.append(Mention(thing, chunk, chunk.start, chunk.end))
            case _:
                self.reading.ignored.append(chunk)


def _strength(adjective: Chunk) -> float | None:
    match adjective.sense:
        case Density(level=level):
            return level
        case Size(factor=factor):
            return 0.3 if factor < 1.0 else 0.9
        case _:
            return None


def _stays(modifier: Mention, mention: Mention) -> bool:
    """Whether the first word of a compound is a mention of its own ("lake house": a house by a lake)."""
    return modifier in mention.targets
