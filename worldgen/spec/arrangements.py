"""Collective nouns → many entries: forests, villages, castles, harbours."""

from __future__ import annotations

from dataclasses import replace

from worldgen.spec.biomes import trees_of
from worldgen.spec.choices import Choice, choose, density_of, size_of
from worldgen.spec.compounds import is_plant
from worldgen.spec.gathering import EntryType, Gathered, Gathering, is_state
from worldgen.spec.model import Scatter
from worldgen.spec.reading import Mention
from worldgen.spec.senses import Collective, Density, MaterialWord, Size, Thing
from worldgen.spec.things import asset_name, count_of, item_for, strew
from worldgen.spec.words_things import ARRANGEMENTS, Part

_TREE_SHARES = (1.0, 0.55, 0.3)
"""Density of a forest's first, second and third family of trees."""

_NAMED_SHARES = (1.0, 0.8, 0.6)
"""The same where the prompt names them."""


def gather_forest(gathering: Gathering, mention: Mention, noun: Collective) -> Gathered | None:
    """A forest of the trees that the prompt names, or of the biome's."""
    density = density_of(mention.adjectives) or ARRANGEMENTS[noun.name].trees or 0.0
    rows = _named_trees(gathering, mention, noun)
    shares = _NAMED_SHARES if rows else _TREE_SHARES
    rows = rows or _biome_trees(gathering, mention, noun)
    ids: dict[str, Choice] = {}
    for (word, choice), share in zip(rows, shares, strict=False):
        scatter_id = strew(gathering, choice, min(density * share, 1.0), word)
        gathering.used_hints += choice.used_hints
        if scatter_id is not None:
            ids.setdefault(scatter_id, choice)
    if not ids:
        return None
    for part in ARRANGEMENTS[noun.name].parts:
        _add_part(gathering, part, noun, 1.0, None)
    first_id, first = next(iter(ids.items()))
    for other in mention.made_of:
        if is_plant(other):
            gathering.record(other, Gathered("scatter", first_id, f"what the {noun.word} is of", first.family))
    families = ", ".join(dict.fromkeys(asset_name(choice) for choice in ids.values()))
    meaning = f"{', '.join(ids)}: {families}, density {density:.2g}"
    return Gathered("scatter", first_id, meaning, first.family, first.kind, first.unused)


def _named_trees(gathering: Gathering, mention: Mention, noun: Collective) -> list[tuple[str, Choice]]:
    rows = []
    for other in mention.made_of:
        if isinstance(other.noun, Thing) and is_plant(other):
            word = other.noun.word.removesuffix(" tree")
            both = replace(mention, adjectives=[*mention.adjectives, *other.adjectives])
            choice = choose(other.noun, both, gathering.lexicon, gathering.unwanted)
            rows.append((f"{word}_{noun.word}", choice))
    return rows


def _biome_trees(gathering: Gathering, mention: Mention, noun: Collective) -> list[tuple[str, Choice]]:
    pairs = trees_of(gathering.biome, gathering.lexicon, only=gathering.only_tree)
    pairs = tuple(pair for pair in pairs if pair[0] not in gathering.unwanted)
    if noun.name == "orchard" and gathering.may_have("broadleaf"):
        kinds = gathering.lexicon.families["broadleaf"].kinds
        pairs = (("broadleaf", "apple" if "apple" in kinds else None),)
    rows = []
    for index, pair in enumerate(pairs):
        word = noun.word if index == 0 else f"{pair[0]}_{noun.word}"
        rows.append((word, choose(Thing(noun.word, (pair,)), mention, gathering.lexicon, gathering.unwanted)))
    return rows


def gather_arrangement(gathering: Gathering, mention: Mention, noun: Collective) -> Gathered | None:
    """A village, a castle or the like: all of its parts."""
    if not mention.another and (mention.definite or mention.amount is None):
        for other, known in gathering.became.items():
            if isinstance(other.noun, Collective) and other.noun.name == noun.name:
                return Gathered(known.entry_type, known.entry_id, f"{known.entry_id}: the same")
    arrangement = ARRANGEMENTS[noun.name]
    size = size_of(mention, noun.size)
    added = [(part, _add_part(gathering, part, noun, size, mention)) for part in arrangement.parts]
    parts = tuple((part, entry_id) for part, entry_id in added if entry_id is not None)
    ids = [entry_id for _, entry_id in parts]
    if not ids:
        return None
    if arrangement.path and "path" not in gathering.unwanted:
        gathering.path = True
    item = gathering.entries.item(ids[0])
    stands_in = noun.nearest or (item is not None and item.family != arrangement.parts[0].families[0])
    nearest = f" (nearest to {noun.word})" if stands_in and noun.name not in _HOUSES_WILL_DO else ""
    unused = tuple(
        chunk
        for chunk in mention.adjectives
        if not isinstance(chunk.sense, Size | Density | MaterialWord)
        and not any(is_state(chunk, state) for state in ("distant", "ruined"))
    )
    family = item.family if item is not None else None
    entry_type: EntryType = "item" if item is not None else "scatter"
    meaning = ", ".join(ids) + nearest
    if item is not None and len(ids) == 1:
        meaning += f": {item.count} × {item.family}" + (f", {item.material}" if item.material else "")
        meaning += f", size {item.size:.2g}" if item.size != 1.0 else ""
    return Gathered(entry_type, ids[0], meaning, family, None, unused, parts=parts)


_HOUSES_WILL_DO = frozenset({"village", "hamlet", "farm", "monastery"})
"""Arrangements whose parts may be of any family of houses."""


def _add_part(gathering: Gathering, part: Part, noun: Collective, size: float, mention: Mention | None) -> str | None:
    """Add one part of an arrangement; what the mention says of it takes precedence."""
    names = [name for name in part.families if gathering.may_have(name)]
    if not names or (part.unless is not None and part.unless in gathering.lexicon):
        return None
    short = noun.word.endswith(noun.name) and noun.word != f"fishing {noun.name}"
    wanted = f"{noun.name if short else noun.word} {part.name}".strip()
    if part.name.startswith(noun.word):
        wanted = part.name
    if part.density is not None:
        entry = Scatter(id="part", family=names[0], density=part.density, size=part.size, from_prompt=True)
        return gathering.entries.add_scatter(wanted, entry)
    choice, count, scale = Choice(family=names[0], kind=None), part.count, part.size
    if part.count > 1:
        count = max(1, round(part.count * min(max(size, 0.5), 3.0)))
    member = None
    if mention is not None:
        plain = Thing(noun.word, tuple((name, None) for name in names))
        choice = choose(plain, mention, gathering.lexicon, gathering.unwanted)
        if mention.amount is not None and not mention.amount.vague:
            count *= min(mention.amount.count, 3)
        scale = size if part.name == "" else part.size
        member = _member(gathering, part, mention)
    if member is not None and isinstance(member.noun, Thing):
        choice = choose(member.noun, member, gathering.lexicon, gathering.unwanted)
        scale = part.size * choice.size
        count = count_of(member) if member.amount is not None else count
    item_id = gathering.entries.add_item(wanted, item_for(choice, count, scale))
    if item_id is None:
        return None
    if member is not None:
        meaning = f"{item_id}: part of the {noun.word}"
        gathered = Gathered("item", item_id, meaning, choice.family, choice.kind, choice.unused, is_part=True)
        gathering.record(member, gathered)
    else:
        gathering.unclaimed_parts.setdefault(choice.family, []).append(item_id)
    return item_id


def _member(gathering: Gathering, part: Part, mention: Mention) -> Mention | None:
    """What was said about a part of an arrangement ("a castle with four towers"), or None."""
    for other in (*mention.made_of, *mention.members):
        if not isinstance(other.noun, Thing) or other in gathering.became or other.negated:
            continue
        families = {family for family, _ in other.noun.options}
        if (part.name and families & set(part.families)) or (other in mention.made_of and part.name == "houses"):
            return other
    return None
