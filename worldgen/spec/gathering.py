"""Mentions → entries: what each noun of the prompt becomes, before it is known where it stands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from worldgen.spec.biomes import trees_of
from worldgen.spec.choices import Choice, choose, density_of, size_of
from worldgen.spec.compounds import is_plant
from worldgen.spec.entries import Entries
from worldgen.spec.lexicon import Lexicon
from worldgen.spec.matching import Chunk
from worldgen.spec.model import Biome, Item, Scatter, Water
from worldgen.spec.reading import Mention
from worldgen.spec.senses import (
    BiomeNoun,
    Collective,
    Color,
    Density,
    Group,
    LandNoun,
    MaterialWord,
    PathNoun,
    Setting,
    Size,
    State,
    Thing,
    WaterNoun,
)
from worldgen.spec.words_function import NATURAL_COLORS, SIZES
from worldgen.spec.words_things import ARRANGEMENTS, GROUND_FAMILIES, MATERIALS, TREE_FAMILIES, Part

EntryType = Literal["water", "item", "scatter", "hill", "path", "land"]

_PLURAL_COUNT = 3
_MOST_VAGUE = 24
"""Made things that "countless" stands for."""

_TREE_SHARES = (1.0, 0.55, 0.3)
"""Density of a forest's first, second and third family of trees."""


@dataclass(eq=False, slots=True)
class Gathered:
    """What a mention became."""

    entry_type: EntryType
    entry_id: str
    meaning: str
    family: str | None = None
    kind: str | None = None
    unused: tuple[Chunk, ...] = ()
    is_part: bool = False
    """Whether it is part of an arrangement, which places it."""


@dataclass(eq=False, slots=True)
class Gathering:
    """The entries and what each mention became; mentions that did not fit are in ``overflow``."""

    lexicon: Lexicon
    biome: Biome
    unwanted: Collection[str]
    only_tree: str | None = None
    entries: Entries = field(default_factory=Entries)
    became: dict[Mention, Gathered] = field(default_factory=dict)
    overflow: list[Mention] = field(default_factory=list)
    used_hints: list[Chunk] = field(default_factory=list)
    hill: bool = False
    cliffs: bool = False
    island: bool = False
    mountains: bool | None = None
    relief: float | None = None
    path: bool = False
    path_material: Literal["dirt", "gravel", "cobble"] | None = None

    def gather(self, mention: Mention) -> None:
        """Turn a mention into an entry, or find the entry that it means again."""
        if mention in self.became:
            return
        gathered = self._gathered(mention)
        if gathered is None:
            self.overflow.append(mention)
        else:
            self.became[mention] = gathered

    def _gathered(self, mention: Mention) -> Gathered | None:
        match mention.noun:
            case WaterNoun() as water:
                return self._water(mention, water)
            case Thing() as thing:
                return self._thing(mention, thing)
            case Group(group="tree"):
                return self._trees(mention)
            case Group(group="plant"):
                return self._plants(mention)
            case Group():
                names = (name for name in ("timber_house", "stone_house", "cabin") if name in self.lexicon)
                house = Thing("house", tuple((name, None) for name in names))
                return self._thing(mention, house) if house.options else None
            case Collective() as collective:
                if ARRANGEMENTS[collective.name].trees is not None:
                    return self._forest(mention, collective)
                return self._arrangement(mention, collective)
            case BiomeNoun() as biome:
                return self._biome_word(mention, biome)
            case LandNoun() as land:
                return self._land(mention, land)
            case PathNoun() as path:
                return self._path(mention, path)
            case Setting(word=word):
                unused = tuple(chunk for chunk in mention.adjectives if not isinstance(chunk.sense, Size | Density))
                return Gathered("land", "", f"{word}: always there", unused=unused)
            case _:
                return None

    # Water, land and paths

    def _water(self, mention: Mention, noun: WaterNoun) -> Gathered | None:
        frozen = noun.frozen or any(_is_state(chunk, "frozen") for chunk in mention.adjectives)
        unused = tuple(chunk for chunk in mention.adjectives if not _suits_water(chunk)) + tuple(
            chunk for chunk in mention.denied if not _is_state(chunk, "frozen")
        )
        size = size_of(mention, noun.size)
        word = "water" if noun.generic else noun.word
        known = self._known_water(mention, noun)
        if known is not None:
            water = self.entries.water(known)
            if water is not None and (frozen or size != noun.size):
                changes = {"frozen": water.frozen or frozen, "size": size if size != noun.size else water.size}
                self.entries.waters = [
                    other.model_copy(update=changes) if other.id == known else other for other in self.entries.waters
                ]
            return Gathered("water", known, f"{known}: the same water", unused=unused)
        kind = noun.kind
        if noun.generic and self.biome == "coast":
            kind = "sea"
        identifier = kind if noun.side or noun.generic or noun.nearest else noun.word.removeprefix("the ")
        count = min(mention.amount.count if mention.amount else (2 if mention.plural and kind != "sea" else 1), 3)
        first = None
        for _ in range(1 if kind == "sea" else count):
            water_id = self.entries.add_water(identifier, Water(id="water", kind=kind, size=size, frozen=frozen))
            first = first or water_id
        if first is None:
            return None
        details = [kind, *(["frozen"] if frozen else []), *([f"size {size:.2g}"] if size != 1.0 else [])]
        nearest = f" (nearest to {word})" if noun.nearest else ""
        return Gathered("water", first, f"{first}: {', '.join(details)}{nearest}", unused=unused)

    def _known_water(self, mention: Mention, noun: WaterNoun) -> str | None:
        waters = self.entries.waters
        if noun.generic and waters:
            return waters[-1].id
        if mention.another or (mention.amount is not None and mention.amount.count > 1):
            return None
        same_kind = [water for water in waters if water.kind == noun.kind]
        if same_kind and (noun.kind == "sea" or noun.side or noun.nearest or mention.definite):
            return same_kind[-1].id
        word = noun.word.removeprefix("the ")
        return next((water.id for water in same_kind if water.id == word.replace(" ", "_")), None)

    def _biome_word(self, mention: Mention, noun: BiomeNoun) -> Gathered:
        chosen = noun.biome == self.biome
        if noun.relief is not None and chosen:
            self.relief = noun.relief if self.relief is None else self.relief
        entry_type: EntryType = "land"
        entry_id = ""
        if noun.water is not None and noun.water not in self.unwanted:
            same = [water.id for water in self.entries.waters if water.kind == noun.water]
            entry_id = same[0] if same else self.entries.add_water(noun.water, Water(id="water", kind=noun.water)) or ""
            entry_type = "water" if entry_id else "land"
        for family, density in noun.ground:
            if family in self.lexicon and family not in self.unwanted:
                self.entries.add_scatter(
                    family, Scatter(id="ground", family=family, density=density, from_prompt=noun.weight >= 5.0)
                )
        plants = [other for other in mention.made_of if is_plant(other)]
        for other in plants:
            self._field_of(other)
        self._shape(mention, depth=noun.biome in ("canyon", "alpine"))
        meaning = f"biome {noun.biome}" + (" (nearest)" if noun.nearest else "")
        if not chosen:
            meaning = f"hint of {meaning}; {self.biome} fits the rest better"
        unused = tuple(
            chunk
            for chunk in mention.adjectives
            if not isinstance(chunk.sense, Size | Density)
            and not _is_natural(chunk, "vegetation")
            and not _is_state(chunk, "distant")
        )
        return Gathered(entry_type, entry_id, meaning, unused=unused)

    def _field_of(self, mention: Mention) -> None:
        if isinstance(mention.noun, Thing):
            choice = choose(mention.noun, mention, self.lexicon, self.unwanted)
            self._strew(mention, choice, 0.9, mention.noun.word)

    def _shape(self, mention: Mention, *, depth: bool = True) -> None:
        """Sizes of mountains and canyons tell how wild the land is."""
        strong = any(
            (isinstance(chunk.sense, Size) and chunk.sense.factor >= 1.3)
            or (isinstance(chunk.sense, Density) and chunk.word == "deep")
            for chunk in mention.adjectives
        )
        if depth and strong:
            self.relief = max(self.relief or 0.0, 0.9)

    def _land(self, mention: Mention, noun: LandNoun) -> Gathered:
        unused = tuple(
            chunk
            for chunk in mention.adjectives
            if not isinstance(chunk.sense, Size | Density)
            and not _is_state(chunk, "distant")
            and not (isinstance(chunk.sense, MaterialWord) and noun.feature in ("cliffs", "mountains", "hill"))
            and not _is_natural(chunk, "vegetation")
            and not _is_natural(chunk, "rock")
        )
        feature = noun.feature
        if feature == "hill" and mention.plural:
            feature = "hills"
        entry_type: EntryType = "land"
        entry_id = ""
        if feature == "hill":
            self.hill = True
            entry_type, entry_id, meaning = "hill", "hill", "a landmark hill"
        elif feature == "mountains":
            self.mountains = True
            if self.biome == "alpine":
                self._shape(mention)
            meaning = "mountains in the distance"
        elif feature == "cliffs":
            self.cliffs = True
            meaning = "cliffs"
            if "cliff" in self.lexicon and "cliff" not in self.unwanted:
                self.entries.add_scatter("cliffs", Scatter(id="cliffs", family="cliff", density=0.4, from_prompt=True))
        elif feature == "island":
            self.island = True
            if not any(water.kind == "sea" for water in self.entries.waters) and "sea" not in self.unwanted:
                self.entries.add_water("sea", Water(id="sea", kind="sea"))
            meaning = "the land is an island"
        elif feature == "ground":
            meaning = "the land: always there"
        else:
            relief = {"hills": 0.55, "rolling": 0.45, "valley": 0.7, "plain": 0.1, "rugged": 0.9}[feature]
            self.relief = max(self.relief or 0.0, relief) if feature != "plain" else relief
            if feature == "valley" and self.mountains is None:
                self.mountains = True
            meaning = f"relief {self.relief:.2g}"
            if feature == "valley" and self.mountains:
                meaning += ", mountains around"
        return Gathered(entry_type, entry_id, meaning, unused=unused)

    def _path(self, mention: Mention, noun: PathNoun) -> Gathered:
        self.path = True
        material = noun.material
        unused = []
        for chunk in mention.adjectives:
            if isinstance(chunk.sense, MaterialWord) and {"stone", "brick"} & set(chunk.sense.names):
                material = "cobble"
            elif not isinstance(chunk.sense, Size | Density):
                unused.append(chunk)
        if material is not None:
            self.path_material = material
        return Gathered("path", "path", f"path: {self.path_material or 'dirt'}", unused=tuple(unused))

    # Things

    def _thing(self, mention: Mention, thing: Thing) -> Gathered | None:
        choice = choose(thing, mention, self.lexicon, self.unwanted)
        self.used_hints += choice.used_hints
        family = self.lexicon.families[choice.family]
        known = self._known_thing(mention, choice)
        if known is not None:
            return self._again(known, choice)
        word = thing.word if choice.family == thing.options[0][0] or len(thing.options) > 1 else choice.family
        word = _plain_word(word, choice)
        nearest = f" (nearest to {thing.word})" if thing.nearest else ""
        if family.scattered:
            density = self._density(mention, choice)
            if density is not None:
                entry_id = self._strew(mention, choice, density, word)
                if entry_id is None:
                    return None
                meaning = f"{entry_id}: {_asset(choice)} all over, density {density:.2g}{nearest}"
                return Gathered("scatter", entry_id, meaning, choice.family, choice.kind, choice.unused)
        count = self._count(mention)
        entry_id = self.entries.add_item(
            word,
            Item(
                id="item",
                family=choice.family,
                kind=choice.kind,
                count=count,
                size=choice.size,
                material=choice.material,
            ),
        )
        if entry_id is None:
            return None
        details = [f"{count} × {_asset(choice)}"]
        details += [choice.material] if choice.material else []
        details += [f"size {choice.size:.2g}"] if choice.size != 1.0 else []
        return Gathered(
            "item", entry_id, f"{entry_id}: {', '.join(details)}{nearest}", choice.family, choice.kind, choice.unused
        )

    def _known_thing(self, mention: Mention, choice: Choice) -> Gathered | None:
        """The thing that a mention means again ("the cabin"), or None."""
        if mention.another or (mention.amount is not None and not mention.definite):
            return None
        scattered = self.lexicon.families[choice.family].scattered
        for other in reversed(list(self.became.values())):
            if other.family != choice.family or other.entry_type not in ("item", "scatter"):
                continue
            same_kind = choice.kind is None or other.kind is None or choice.kind == other.kind
            if same_kind and (mention.definite or (not mention.plural and not scattered)):
                return other
        return None

    def _again(self, known: Gathered, choice: Choice) -> Gathered:
        item = self.entries.item(known.entry_id)
        if item is not None:
            self.entries.change_item(
                item.id,
                size=choice.size if choice.size != 1.0 else item.size,
                material=choice.material or item.material,
                kind=choice.kind or item.kind,
            )
        return Gathered(
            known.entry_type, known.entry_id, f"{known.entry_id}: the same", known.family, known.kind, choice.unused
        )

    def _count(self, mention: Mention) -> int:
        amount = mention.amount
        if amount is None:
            return _PLURAL_COUNT if mention.plural else 1
        return min(amount.count, _MOST_VAGUE if amount.vague else 200)

    def _density(self, mention: Mention, choice: Choice) -> float | None:
        """How densely a plant or rock is strewn, or None to place a number of them one by one."""
        amount = mention.amount
        ground = choice.family in GROUND_FAMILIES
        if ground:
            usual = {"grass": 0.85, "reeds": 0.55}.get(choice.family, 0.6)
        else:
            usual = 0.5 if mention.plural else 0.35
        if amount is not None and not amount.vague:
            if amount.count <= 60 and not ground:
                return None
            return 0.1 if amount.count <= 3 else 0.3 if amount.count <= 12 else 0.7
        if amount is None:
            if mention.definite and not mention.plural and not ground:
                return None
            return choice.density if choice.density is not None else usual
        if amount.count <= 5 and not ground and amount.count != 4:
            return None
        density = {3: 0.12, 4: 0.2, 5: 0.3, 8: 0.6, 12: 0.6, 24: 0.65, 100: 0.8, 200: 0.95}.get(amount.count, 0.5)
        return max(density, choice.density or 0.0)

    def _strew(self, mention: Mention, choice: Choice, density: float, word: str) -> str | None:
        return self.entries.add_scatter(
            word,
            Scatter(
                id="scatter",
                family=choice.family,
                kind=choice.kind,
                density=round(density, 3),
                size=choice.size,
                from_prompt=True,
            ),
        )

    # Many things at once

    def _trees(self, mention: Mention) -> Gathered | None:
        if mention.amount is None:
            for known in reversed(list(self.became.values())):
                if known.family in TREE_FAMILIES:
                    size = size_of(mention)
                    if known.entry_type == "scatter" and size != 1.0:
                        self.entries.change_scatter(known.entry_id, size=size)
                    return Gathered(known.entry_type, known.entry_id, f"{known.entry_id}: the same", known.family)
        pairs = [
            pair for pair in trees_of(self.biome, self.lexicon, only=self.only_tree) if pair[0] not in self.unwanted
        ]
        if not pairs:
            pairs = list(trees_of(self.biome, self.lexicon))
        if not pairs:
            return None
        return self._thing(mention, Thing("tree", tuple(pairs)))

    def _plants(self, mention: Mention) -> Gathered | None:
        density = density_of(mention.adjectives) or 0.6
        ids = [
            self.entries.add_scatter(
                family, Scatter(id="plants", family=family, density=round(density * share, 3), from_prompt=True)
            )
            for family, share in (("bush", 0.8), ("fern", 0.8), ("grass", 1.0))
            if family in self.lexicon and family not in self.unwanted
        ]
        found = [entry_id for entry_id in ids if entry_id is not None]
        if not found:
            return None
        return Gathered("scatter", found[0], f"{', '.join(found)}: density {density:.2g}")

    def _forest(self, mention: Mention, noun: Collective) -> Gathered | None:
        named = [other for other in mention.made_of if isinstance(other.noun, Thing) and is_plant(other)]
        usual = ARRANGEMENTS[noun.name].trees or 0.0
        density = density_of(mention.adjectives) or usual
        rows: list[tuple[str, Choice]] = []
        if named:
            for other in named:
                assert isinstance(other.noun, Thing)
                rows.append(
                    (f"{other.noun.word}_{noun.word}", choose(other.noun, mention, self.lexicon, self.unwanted))
                )
        else:
            pairs = [p for p in trees_of(self.biome, self.lexicon, only=self.only_tree) if p[0] not in self.unwanted]
            if noun.name == "orchard" and "broadleaf" in self.lexicon:
                pairs = [("broadleaf", "apple" if "apple" in self.lexicon.families["broadleaf"].kinds else None)]
            for index, pair in enumerate(pairs):
                word = noun.word if index == 0 else f"{pair[0]}_{noun.word}"
                rows.append((word, choose(Thing(noun.word, (pair,)), mention, self.lexicon, self.unwanted)))
        shares = _TREE_SHARES if not named else (1.0, 0.8, 0.6)
        gathered: list[str] = []
        for (word, choice), share in zip(rows, shares, strict=False):
            entry_id = self._strew(mention, choice, min(density * share, 1.0), word)
            if entry_id is not None and entry_id not in gathered:
                gathered.append(entry_id)
            self.used_hints += choice.used_hints
        if not gathered:
            return None
        for part in ARRANGEMENTS[noun.name].parts:
            self._part(part, noun, 1.0)
        choice = rows[0][1]
        families = ", ".join(dict.fromkeys(_asset(row[1]) for row in rows[: len(gathered)]))
        return Gathered(
            "scatter",
            gathered[0],
            f"{', '.join(gathered)}: {families}, density {density:.2g}",
            choice.family,
            choice.kind,
            choice.unused,
        )

    def _arrangement(self, mention: Mention, noun: Collective) -> Gathered | None:
        known = next(
            (
                other
                for mention_, other in self.became.items()
                if isinstance(mention_.noun, Collective) and mention_.noun.name == noun.name
            ),
            None,
        )
        if known is not None and not mention.another and (mention.definite or mention.amount is None):
            return Gathered(known.entry_type, known.entry_id, f"{known.entry_id}: the same")
        size = size_of(mention, noun.size)
        ids = []
        for part in ARRANGEMENTS[noun.name].parts:
            entry_id = self._part(part, noun, size, mention)
            if entry_id is not None:
                ids.append(entry_id)
        if not ids:
            return None
        if ARRANGEMENTS[noun.name].path and "path" not in self.unwanted:
            self.path = True
        nearest = f" (nearest to {noun.word})" if noun.nearest else ""
        unused = tuple(
            chunk
            for chunk in mention.adjectives
            if not isinstance(chunk.sense, Size | Density | MaterialWord)
            and not _is_state(chunk, "distant")
            and not _is_state(chunk, "ruined")
        )
        item = self.entries.item(ids[0])
        family = item.family if item is not None else None
        return Gathered(
            "item" if item is not None else "scatter", ids[0], f"{', '.join(ids)}{nearest}", family, None, unused
        )

    def _part(self, part: Part, noun: Collective, size: float, mention: Mention | None = None) -> str | None:
        """Add one part of an arrangement; what the mention says it has or consists of takes precedence."""
        names = [name for name in part.families if name in self.lexicon and name not in self.unwanted]
        if not names or (part.unless is not None and part.unless in self.lexicon):
            return None
        word = noun.name if noun.word.endswith(noun.name) and noun.word != f"fishing {noun.name}" else noun.word
        wanted = f"{word} {part.name}".strip()
        if part.density is not None:
            return self.entries.add_scatter(
                wanted,
                Scatter(id="part", family=names[0], density=part.density, size=part.size, from_prompt=True),
            )
        choice, count, scale = Choice(family=names[0], kind=None), part.count, part.size
        if part.count > 1:
            count = max(1, round(part.count * min(max(size, 0.5), 1.6)))
        member: Mention | None = None
        if mention is not None:
            plain = Thing(noun.word, tuple((name, None) for name in names))
            choice = choose(plain, mention, self.lexicon, self.unwanted)
            if part.name == "":
                scale = size
            member = self._member(part, mention)
        if member is not None and isinstance(member.noun, Thing):
            choice = choose(member.noun, member, self.lexicon, self.unwanted)
            scale = part.size * choice.size
            count = self._count(member) if member.amount is not None else count
        entry_id = self.entries.add_item(
            wanted,
            Item(
                id="part",
                family=choice.family,
                kind=choice.kind,
                count=min(count, 200),
                size=round(min(max(scale, 0.2), 5.0), 3),
                material=choice.material,
            ),
        )
        if entry_id is not None and member is not None:
            meaning = f"{entry_id}: part of the {noun.word}"
            self.became[member] = Gathered(
                "item", entry_id, meaning, choice.family, choice.kind, choice.unused, is_part=True
            )
        return entry_id

    def _member(self, part: Part, mention: Mention) -> Mention | None:
        """What was said about a part of an arrangement ("a castle with four towers"), or None."""
        for other in (*mention.made_of, *mention.members):
            if not isinstance(other.noun, Thing) or other in self.became or other.negated:
                continue
            families = {family for family, _ in other.noun.options}
            if (part.name and families & set(part.families)) or (other in mention.made_of and part.name == "houses"):
                return other
        return None


def _plain_word(word: str, choice: Choice) -> str:
    """The word for an id: without what goes without saying ("pine tree", "wooden cabin")."""
    if choice.family == "ruins":
        return "ruins"
    words = word.split()
    if len(words) > 1 and words[-1] == "tree" and words[0] not in ("dead", "bare", "fruit"):
        words = words[:-1]
    while len(words) > 1 and (words[0] in MATERIALS or words[0] in SIZES):
        words = words[1:]
    return " ".join(words)


def _asset(choice: Choice) -> str:
    return choice.family if choice.kind in (None, choice.family) else f"{choice.family}/{choice.kind}"


def _is_state(chunk: Chunk, name: str) -> bool:
    return isinstance(chunk.sense, State) and chunk.sense.name == name


def _is_natural(chunk: Chunk, group: str) -> bool:
    return isinstance(chunk.sense, Color) and chunk.sense.name in NATURAL_COLORS[group]


def _suits_water(chunk: Chunk) -> bool:
    return (
        isinstance(chunk.sense, Size | Density)
        or _is_natural(chunk, "water")
        or any(_is_state(chunk, name) for name in ("frozen", "clear", "distant", "open"))
    )
