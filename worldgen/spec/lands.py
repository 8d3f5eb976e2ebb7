"""Words for water, biomes, the shape of the land and paths → entries and the land."""

from __future__ import annotations

from collections.abc import Iterable

from worldgen.spec.biomes import seasonal_density
from worldgen.spec.choices import choose, size_of
from worldgen.spec.compounds import is_plant
from worldgen.spec.gathering import EntryType, Gathered, Gathering, is_natural, is_state
from worldgen.spec.matching import Chunk
from worldgen.spec.model import Scatter, Water
from worldgen.spec.reading import Mention
from worldgen.spec.senses import BiomeNoun, Density, LandNoun, MaterialWord, PathNoun, Size, Thing, WaterNoun
from worldgen.spec.things import strew

_RELIEF = {"hills": 0.55, "rolling": 0.45, "valley": 0.7, "plain": 0.1, "rugged": 0.9}

_STEEP = 0.9
"""Relief of land that is called huge or deep."""


def gather_water(gathering: Gathering, mention: Mention, noun: WaterNoun) -> Gathered | None:
    """A body of water, or one that is there already."""
    frozen = noun.frozen or any(is_state(chunk, "frozen") for chunk in mention.adjectives)
    unused = (
        *_left_over(mention.adjectives, "water", states=("frozen", "clear", "distant", "open")),
        *(chunk for chunk in mention.denied if not is_state(chunk, "frozen")),
    )
    size = size_of(mention, noun.size)
    known = _known_water(gathering, mention, noun)
    if known is not None:
        changed = known.model_copy(
            update={"frozen": known.frozen or frozen, "size": size if size != noun.size else known.size}
        )
        waters = gathering.entries.waters
        waters[waters.index(known)] = changed
        return Gathered("water", known.id, f"{known.id}: the same water", unused=unused)
    kind = "sea" if noun.generic and gathering.biome == "coast" else noun.kind
    plain = noun.side or noun.generic or noun.nearest
    wanted = kind if plain else noun.word.split()[-1]
    count = mention.amount.count if mention.amount is not None else 2 if mention.plural else 1
    ids = [
        gathering.entries.add_water(wanted, Water(id="water", kind=kind, size=size, frozen=frozen))
        for _ in range(1 if kind == "sea" else min(count, 3))
    ]
    found = [water_id for water_id in ids if water_id is not None]
    if not found:
        return None
    details = [kind, *(["frozen"] if frozen else []), *([f"size {size:.2g}"] if size != 1.0 else [])]
    nearest = f" (nearest to {noun.word})" if noun.nearest else ""
    return Gathered("water", found[0], f"{', '.join(found)}: {', '.join(details)}{nearest}", unused=unused)


def _known_water(gathering: Gathering, mention: Mention, noun: WaterNoun) -> Water | None:
    waters = gathering.entries.waters
    if noun.generic and waters:
        return waters[-1]
    if mention.another or (mention.amount is not None and mention.amount.count > 1):
        return None
    same_kind = [water for water in waters if water.kind == noun.kind]
    if same_kind and (noun.kind == "sea" or noun.side or noun.nearest or mention.definite):
        return same_kind[-1]
    name = noun.word.split()[-1]
    return next((water for water in same_kind if water.id == name), None)


def gather_biome_word(gathering: Gathering, mention: Mention, noun: BiomeNoun) -> Gathered:
    """What a biome's word brings besides its vote: water, relief and what grows on the ground."""
    chosen = noun.biome == gathering.biome
    if noun.relief is not None and chosen and gathering.relief is None:
        gathering.relief = noun.relief
    entry_type: EntryType = "land"
    entry_id = ""
    if noun.water is not None and noun.water not in gathering.unwanted:
        water = gathering.water_of_kind(noun.water)
        entry_id = water.id if water is not None else _added_water(gathering, noun)
        entry_type = "water" if entry_id else "land"
    for family, usual in noun.ground:
        density = seasonal_density(family, usual, gathering.season, gathering.snow_cover)
        if gathering.may_have(family) and density > 0.0:
            entry = Scatter(id="ground", family=family, density=density, from_prompt=noun.weight >= 5.0)
            gathering.entries.add_scatter(family, entry)
    for other in mention.made_of:
        if isinstance(other.noun, Thing) and is_plant(other):
            choice = choose(other.noun, other, gathering.lexicon, gathering.unwanted)
            strew(gathering, choice, 0.9, other.noun.word)
    if noun.biome in ("canyon", "alpine"):
        _steepen(gathering, mention)
    meaning = f"biome {noun.biome}" + (" (nearest)" if noun.nearest else "")
    if not chosen:
        meaning = f"hint of {meaning}; {gathering.biome} fits the rest better"
    unused = _left_over(mention.adjectives, "vegetation", states=("distant",))
    return Gathered(entry_type, entry_id, meaning, unused=unused)


def _added_water(gathering: Gathering, noun: BiomeNoun) -> str:
    assert noun.water is not None
    return gathering.entries.add_water(noun.water, Water(id="water", kind=noun.water)) or ""


def gather_land(gathering: Gathering, mention: Mention, noun: LandNoun) -> Gathered:
    """A shape of the land."""
    unused = _left_over(mention.adjectives, "vegetation", "rock", states=("distant",))
    if noun.feature in ("cliffs", "mountains", "hill"):
        unused = tuple(chunk for chunk in unused if not isinstance(chunk.sense, MaterialWord))
    feature = "hills" if noun.feature == "hill" and mention.plural else noun.feature
    match feature:
        case "hill":
            gathering.hill = True
            return Gathered("hill", "hill", "a landmark hill", unused=unused)
        case "mountains":
            gathering.mountains = True
            if gathering.biome == "alpine":
                _steepen(gathering, mention)
            meaning = "mountains in the distance"
        case "cliffs":
            gathering.cliffs = True
            if gathering.may_have("cliff"):
                entry = Scatter(id="cliffs", family="cliff", density=0.4, from_prompt=True)
                gathering.entries.add_scatter("cliffs", entry)
            meaning = "cliffs"
        case "island":
            gathering.island = True
            if gathering.water_of_kind("sea") is None and "sea" not in gathering.unwanted:
                gathering.entries.add_water("sea", Water(id="sea", kind="sea"))
            meaning = "the land is an island"
        case "ground":
            meaning = "the land: always there"
        case _:
            meaning = _shape_land(gathering, feature)
    nearest = f" (nearest to {noun.word})" if noun.nearest else ""
    return Gathered("land", "", meaning + nearest, unused=unused)


def _shape_land(gathering: Gathering, feature: str) -> str:
    relief = _RELIEF[feature]
    gathering.relief = relief if feature == "plain" else max(gathering.relief or 0.0, relief)
    if feature == "valley" and gathering.mountains is None:
        gathering.mountains = True
        return f"relief {gathering.relief:.2g}, mountains around"
    return f"relief {gathering.relief:.2g}"


def _steepen(gathering: Gathering, mention: Mention) -> None:
    """Huge mountains and deep canyons make the land wilder."""
    for chunk in mention.adjectives:
        huge = isinstance(chunk.sense, Size) and chunk.sense.factor >= 1.3
        if huge or (isinstance(chunk.sense, Density) and chunk.word == "deep"):
            gathering.relief = max(gathering.relief or 0.0, _STEEP)


def gather_path(gathering: Gathering, mention: Mention, noun: PathNoun) -> Gathered:
    """A path, and what it is made of."""
    gathering.path = True
    material = noun.material
    unused = []
    for chunk in mention.adjectives:
        if isinstance(chunk.sense, MaterialWord) and {"stone", "brick"} & set(chunk.sense.names):
            material = "cobble"
        elif not isinstance(chunk.sense, Size | Density):
            unused.append(chunk)
    gathering.path_material = material or gathering.path_material
    return Gathered("path", "path", f"path: {gathering.path_material or 'dirt'}", unused=tuple(unused))


def _left_over(adjectives: Iterable[Chunk], *groups: str, states: tuple[str, ...] = ()) -> tuple[Chunk, ...]:
    """Adjectives that say nothing about the land: no size, no natural colour, none of the states."""
    return tuple(
        chunk
        for chunk in adjectives
        if not isinstance(chunk.sense, Size | Density)
        and not any(is_natural(chunk, group) for group in groups)
        and not any(is_state(chunk, state) for state in states)
    )
