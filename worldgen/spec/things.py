"""Words for things and plants → items, which stand one by one, and scatters, which are strewn over the land."""

from __future__ import annotations

from dataclasses import replace

from worldgen.spec.biomes import trees_of
from worldgen.spec.choices import Choice, choose, density_of, ruins_kind, size_of
from worldgen.spec.gathering import Gathered, Gathering
from worldgen.spec.model import Item, Scatter
from worldgen.spec.reading import Mention
from worldgen.spec.senses import Collective, Thing
from worldgen.spec.words_function import SIZES
from worldgen.spec.words_things import GROUND_FAMILIES, MATERIALS, TREE_FAMILIES

_PLURAL_COUNT = 3
"""What a plural without a number stands for."""

_MOST_VAGUE = 24
"""Made things that "countless" stands for."""

_VAGUE_DENSITY = {3: 0.12, 4: 0.2, 5: 0.3, 8: 0.6, 12: 0.6, 24: 0.65, 100: 0.8, 200: 0.95}
"""Density of plants by the count that a vague amount stands for."""


def gather_thing(gathering: Gathering, mention: Mention, thing: Thing) -> Gathered | None:
    """An item or a scatter for a thing, or the one that the mention means again."""
    choice = choose(thing, mention, gathering.lexicon, gathering.unwanted)
    gathering.used_hints += choice.used_hints
    if choice.family == "ruins" and mention.made_of:
        choice = _ruins_of(gathering, mention, choice)
    claimed = _claimed_part(gathering, mention, choice)
    if claimed is not None:
        return claimed
    known = _known_thing(gathering, mention, choice)
    if known is not None:
        return _again(gathering, known, choice)
    word = choice.family if thing.adjective else _plain_word(thing.word, choice)
    nearest = f" (nearest to {thing.word})" if thing.nearest else ""
    density = _density(mention, choice) if gathering.lexicon.families[choice.family].scattered else None
    if density is not None:
        scatter_id = strew(gathering, choice, density, word)
        if scatter_id is None:
            return None
        meaning = f"{scatter_id}: {asset_name(choice)} all over, density {density:.2g}{nearest}"
        return Gathered("scatter", scatter_id, meaning, choice.family, choice.kind, choice.unused)
    count = count_of(mention)
    item_id = gathering.entries.add_item(word, item_for(choice, count))
    if item_id is None:
        return None
    details = [f"{count} × {asset_name(choice)}"]
    details += [choice.material] if choice.material else []
    details += [f"size {choice.size:.2g}"] if choice.size != 1.0 else []
    meaning = f"{item_id}: {', '.join(details)}{nearest}"
    return Gathered("item", item_id, meaning, choice.family, choice.kind, choice.unused)


def _ruins_of(gathering: Gathering, mention: Mention, choice: Choice) -> Choice:
    """The ruins of a castle are ruins, not ruins and a castle."""
    word = ""
    for other in mention.made_of:
        if isinstance(other.noun, Thing | Collective):
            word = word or other.noun.word
            gathering.record(other, Gathered("land", "", "what the ruins are of", is_part=True))
    kind = ruins_kind(word, gathering.lexicon) if word else None
    return replace(choice, kind=kind or choice.kind)


def item_for(choice: Choice, count: int, size: float | None = None) -> Item:
    """An item of a choice; its id is given when it is added."""
    return Item(
        id="item",
        family=choice.family,
        kind=choice.kind,
        count=min(count, 200),
        size=choice.size if size is None else round(min(max(size, 0.2), 5.0), 3),
        material=choice.material,
    )


def strew(gathering: Gathering, choice: Choice, density: float, word: str) -> str | None:
    """Add a scatter of a choice that the prompt asked for."""
    scatter = Scatter(
        id="scatter",
        family=choice.family,
        kind=choice.kind,
        density=round(density, 3),
        size=choice.size,
        material=choice.material,
        from_prompt=True,
    )
    return gathering.entries.add_scatter(word, scatter)


def count_of(mention: Mention) -> int:
    """How many made things a mention asks for."""
    amount = mention.amount
    if amount is None:
        return _PLURAL_COUNT if mention.plural else 1
    return min(amount.count, _MOST_VAGUE if amount.vague else 200)


def asset_name(choice: Choice) -> str:
    """Family and kind in short."""
    return choice.family if choice.kind in (None, choice.family) else f"{choice.family}/{choice.kind}"


def gather_trees(gathering: Gathering, mention: Mention) -> Gathered | None:
    """Trees of no named kind: those mentioned before, or the biome's."""
    if mention.amount is None:
        for family in TREE_FAMILIES:
            for known in gathering.by_family.get(family, ()):
                size = size_of(mention)
                if known.entry_type == "scatter" and size != 1.0:
                    gathering.entries.change_scatter(known.entry_id, size=size)
                return Gathered(known.entry_type, known.entry_id, f"{known.entry_id}: the same", known.family)
    pairs = trees_of(gathering.biome, gathering.lexicon, only=gathering.only_tree)
    wanted = tuple(pair for pair in pairs if pair[0] not in gathering.unwanted) or pairs
    return gather_thing(gathering, mention, Thing("tree", wanted)) if wanted else None


def gather_plants(gathering: Gathering, mention: Mention) -> Gathered | None:
    """Vegetation of no named kind: bushes, ferns and grass."""
    density = density_of(mention.adjectives) or 0.6
    ids = [
        gathering.entries.add_scatter(
            family, Scatter(id="plants", family=family, density=round(density * share, 3), from_prompt=True)
        )
        for family, share in (("bush", 0.8), ("fern", 0.8), ("grass", 1.0))
        if gathering.may_have(family)
    ]
    found = [scatter_id for scatter_id in ids if scatter_id is not None]
    return Gathered("scatter", found[0], f"{', '.join(found)}: density {density:.2g}") if found else None


def gather_building(gathering: Gathering, mention: Mention) -> Gathered | None:
    """A building of no named kind: a house."""
    names = tuple(name for name in ("timber_house", "stone_house", "cabin") if gathering.may_have(name))
    return gather_thing(gathering, mention, Thing("house", tuple((name, None) for name in names))) if names else None


def _claimed_part(gathering: Gathering, mention: Mention, choice: Choice) -> Gathered | None:
    """The part of an arrangement that a mention speaks of ("a farm with a barn ... a red barn"), or None."""
    parts = gathering.unclaimed_parts.get(choice.family, [])
    if mention.another or gathering.lexicon.families[choice.family].scattered:
        return None
    many = mention.plural or (mention.amount is not None and mention.amount.count > 1)
    for part_id in parts:
        item = gathering.entries.item(part_id)
        pair = item is not None and item.count == 2 and mention.amount is not None
        if item is None or ((item.count > 1) != many and not pair):
            continue
        parts.remove(part_id)
        count = item.count if mention.amount is None else count_of(mention)
        gathering.entries.change_item(
            part_id,
            count=count,
            kind=choice.kind or item.kind,
            material=choice.material or item.material,
            size=choice.size if choice.size != 1.0 else item.size,
        )
        meaning = f"{part_id}: {count} × {asset_name(choice)}"
        return Gathered("item", part_id, meaning, choice.family, choice.kind, choice.unused)
    return None


def _known_thing(gathering: Gathering, mention: Mention, choice: Choice) -> Gathered | None:
    """The thing that a mention means again ("the cabin"), or None."""
    if mention.another or (mention.amount is not None and not mention.definite):
        return None
    scattered = gathering.lexicon.families[choice.family].scattered
    for other in reversed(gathering.by_family.get(choice.family, ())):
        same_kind = choice.kind is None or other.kind is None or choice.kind == other.kind
        if other.entry_type in ("item", "scatter") and same_kind:
            return other if mention.definite or (not mention.plural and not scattered) else None
    return None


def _again(gathering: Gathering, known: Gathered, choice: Choice) -> Gathered:
    item = gathering.entries.item(known.entry_id)
    if item is not None:
        gathering.entries.change_item(
            item.id,
            size=choice.size if choice.size != 1.0 else item.size,
            material=choice.material or item.material,
            kind=choice.kind or item.kind,
        )
    meaning = f"{known.entry_id}: the same"
    return Gathered(known.entry_type, known.entry_id, meaning, known.family, known.kind, choice.unused, known.is_part)


def _density(mention: Mention, choice: Choice) -> float | None:
    """How densely a plant or rock is strewn, or None to place a number of them one by one."""
    amount = mention.amount
    ground = choice.family in GROUND_FAMILIES
    if amount is None:
        one = mention.definite or mention.chunk.word.endswith(" tree")
        if one and not mention.plural and not ground:
            return None
        usual = 0.5 if mention.plural else 0.35
        if ground:
            usual = {"grass": 0.85, "reeds": 0.55}.get(choice.family, 0.6)
        return choice.density if choice.density is not None else usual
    if not amount.vague:
        if amount.count <= 60 and not ground:
            return None
        return 0.1 if amount.count <= 3 else 0.3 if amount.count <= 12 else 0.7
    if amount.count in (3, 5) and not ground:
        return None
    return max(_VAGUE_DENSITY.get(amount.count, 0.5), choice.density or 0.0)


def _plain_word(word: str, choice: Choice) -> str:
    """The word for an id: without what goes without saying ("pine tree", "wooden cabin")."""
    if choice.family == "ruins":
        return "ruins"
    words = word.split()
    if len(words) > 1 and words[-1] == "tree" and words[0] not in ("dead", "bare", "fruit"):
        words = words[:-1] if " ".join(words[:-1]) in (choice.kind, choice.family) else (choice.kind or word).split()
    while len(words) > 1 and (words[0] in MATERIALS or words[0] in SIZES):
        words = words[1:]
    return " ".join(words)
