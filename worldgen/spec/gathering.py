"""The state of composing a spec: its entries so far, and what each mention of the prompt became."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from worldgen.spec.entries import Entries
from worldgen.spec.lexicon import Lexicon
from worldgen.spec.matching import Chunk
from worldgen.spec.model import Biome, Season, Water, WaterKind
from worldgen.spec.reading import Mention
from worldgen.spec.senses import Color, State
from worldgen.spec.words_function import NATURAL_COLORS
from worldgen.spec.words_things import Part

EntryType = Literal["water", "item", "scatter", "hill", "path", "land"]


@dataclass(eq=False, slots=True)
class Gathered:
    """What a mention became."""

    entry_type: EntryType
    entry_id: str
    meaning: str
    family: str | None = None
    kind: str | None = None
    unused: tuple[Chunk, ...] = ()
    """Adjectives that it cannot follow."""
    is_part: bool = False
    """Whether it is part of an arrangement, which places it."""
    parts: tuple[tuple[Part, str], ...] = ()
    """Parts of an arrangement and their ids."""


@dataclass(eq=False, slots=True)
class Gathering:
    """The entries, the land, and what each mention became."""

    lexicon: Lexicon
    biome: Biome
    unwanted: Collection[str]
    """Families and features that the prompt rules out."""
    season: Season = "summer"
    snow_cover: float = 0.0
    only_tree: str | None = None
    """The one family of trees that grows there (the taiga's conifers)."""
    entries: Entries = field(default_factory=Entries)
    became: dict[Mention, Gathered] = field(default_factory=dict)
    by_family: dict[str, list[Gathered]] = field(default_factory=dict)
    unclaimed_parts: dict[str, list[str]] = field(default_factory=dict)
    """Ids of arrangements' parts by family, until the prompt speaks of them ("a farm ... the red barn")."""
    used_hints: list[Chunk] = field(default_factory=list)
    hill: bool = False
    cliffs: bool = False
    island: bool = False
    mountains: bool | None = None
    relief: float | None = None
    path: bool = False
    path_material: Literal["dirt", "gravel", "cobble"] | None = None

    def record(self, mention: Mention, gathered: Gathered) -> None:
        """Remember what a mention became."""
        self.became[mention] = gathered
        if gathered.family is not None:
            self.by_family.setdefault(gathered.family, []).append(gathered)

    def may_have(self, family: str) -> bool:
        """Whether a family exists and the prompt does not rule it out."""
        return family in self.lexicon and family not in self.unwanted

    def water_of_kind(self, kind: WaterKind) -> Water | None:
        """The first water of a kind, or None."""
        return next((water for water in self.entries.waters if water.kind == kind), None)


def is_state(chunk: Chunk, name: str) -> bool:
    """Whether an adjective says this state."""
    return isinstance(chunk.sense, State) and chunk.sense.name == name


def is_natural(chunk: Chunk, group: str) -> bool:
    """Whether an adjective is a colour that a group of things has anyway."""
    return isinstance(chunk.sense, Color) and chunk.sense.name in NATURAL_COLORS[group]
