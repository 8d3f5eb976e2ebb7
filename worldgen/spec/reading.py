"""What the grammar makes of a prompt, before anything is decided: mentions, cues and leftovers."""

from __future__ import annotations

from dataclasses import dataclass, field

from worldgen.spec.matching import Chunk
from worldgen.spec.model import Relation
from worldgen.spec.senses import Absent, Amount, Atmosphere, Determiner, Noun


@dataclass(eq=False, slots=True)
class Mention:
    """A noun of the prompt with everything that was said about it."""

    noun: Noun | Absent
    chunk: Chunk
    start: int
    end: int
    plural: bool = False
    definite: bool = False
    another: bool = False
    amount: Amount | None = None
    amount_chunk: Chunk | None = None
    adjectives: list[Chunk] = field(default_factory=list)
    negated: bool = False
    hints: list[Chunk] = field(default_factory=list)
    """Words of mood, weather or style right before it, which a family may take for one of its kinds."""
    denied: list[Chunk] = field(default_factory=list)
    """Adjectives that it is said not to be."""
    relation: Relation | None = None
    targets: list[Mention] = field(default_factory=list)
    made_of: list[Mention] = field(default_factory=list)
    """What a collective consists of ("a forest of pines")."""
    members: list[Mention] = field(default_factory=list)
    """What it has ("a castle with four towers")."""
    only: bool = False
    """Whether nothing else shall grow there ("only grass")."""
    side: bool = False
    """Whether only its shore is meant."""


@dataclass(eq=False, slots=True)
class Cue:
    """A word about time, season, weather or mood."""

    atmosphere: Atmosphere
    start: int
    end: int
    corrected: str | None = None
    negated: bool = False
    density: float | None = None
    """Of an adjective before it ("thick fog")."""


@dataclass(eq=False, slots=True)
class Reading:
    """Everything that was read, in the prompt's order."""

    mentions: list[Mention] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    styles: list[Chunk] = field(default_factory=list)
    ignored: list[Chunk] = field(default_factory=list)


@dataclass(slots=True)
class NounPhrase:
    """The noun phrase that is being read: what came before its noun."""

    start: int | None = None
    determiner: Determiner | None = None
    amount: Amount | None = None
    amount_chunk: Chunk | None = None
    adjectives: list[Chunk] = field(default_factory=list)
    hints: list[Chunk] = field(default_factory=list)
    denied: list[Chunk] = field(default_factory=list)
    only: bool = False

    @property
    def is_open(self) -> bool:
        """Whether an article, a number or an adjective has begun it."""
        return self.determiner is not None or self.amount is not None or bool(self.adjectives)

    def begin(self, position: int) -> None:
        """Note where it begins, unless it has begun already."""
        if self.start is None:
            self.start = position
