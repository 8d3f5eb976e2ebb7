"""Where entries stand: the relations between mentions become places of items and scatters."""

from __future__ import annotations

from collections.abc import Sequence

from worldgen.spec.gathering import EntryType, Gathered, Gathering
from worldgen.spec.model import Item, Place, Relation, Water, WaterKind
from worldgen.spec.reading import Mention
from worldgen.spec.senses import BiomeNoun, Collective, LandNoun, State, Thing
from worldgen.spec.words_things import ARRANGEMENTS, Arrangement

_AFLOAT = frozenset({"boat", "bridge", "dock"})
"""Families that stand on water; everything else that is "on the lake" stands by it."""


def place_mentions(gathering: Gathering, mentions: Sequence[Mention]) -> None:
    """Give every item and scatter the place that the prompt says."""
    for mention in mentions:
        gathered = gathering.became.get(mention)
        if gathered is None or mention.negated:
            continue
        _place_members(gathering, mention, gathered)
        place = None if gathered.is_part else _place(gathering, mention, gathered)
        if place is not None:
            _put(gathering, gathered, place)
        if isinstance(mention.noun, Collective):
            _place_parts(gathering, mention, gathered)
    _place_afloat(gathering)


def _put(gathering: Gathering, gathered: Gathered, place: Place) -> None:
    """Place an entry that has no place of its own yet, and say so in its meaning."""
    if gathered.entry_id in (place.target, place.other_target):
        return
    if gathered.family in _AFLOAT and place.relation != "in_distance":
        if place.target is None or gathering.entries.water(place.target) is None:
            return
    item = gathering.entries.item(gathered.entry_id)
    scatter = gathering.entries.scatter(gathered.entry_id)
    if item is not None and item.place.relation == "near_spawn":
        gathering.entries.change_item(item.id, place=place)
    elif scatter is not None and scatter.place is None and place.relation not in ("in", "near_spawn"):
        gathering.entries.change_scatter(scatter.id, place=place)
    else:
        return
    gathered.meaning += f", {describe(place)}"


def describe(place: Place) -> str:
    """A place in words."""
    words = place.relation.replace("_", " ")
    targets = [target for target in (place.target, place.other_target) if target is not None]
    return f"{words} {' and '.join(targets)}".strip()


def _place(gathering: Gathering, mention: Mention, gathered: Gathered) -> Place | None:
    if gathered.entry_type not in ("item", "scatter"):
        return None
    distant = any(isinstance(chunk.sense, State) and chunk.sense.name == "distant" for chunk in mention.adjectives)
    if mention.relation is None:
        return Place(relation="in_distance") if distant else None
    if mention.relation in ("in_distance", "near_spawn"):
        return Place(relation=mention.relation)
    places = []
    for target in mention.targets:
        place = _beside(gathering, mention.relation, gathered, target)
        if place is not None:
            places.append(place)
    if not places:
        return Place(relation="in_distance") if distant else None
    first = places[0]
    if mention.relation == "between" and len(places) > 1 and places[1].target != first.target:
        return first.model_copy(update={"other_target": places[1].target})
    return first


def _beside(gathering: Gathering, relation: Relation, gathered: Gathered, target: Mention) -> Place | None:
    """The place that a relation to one target means, or None where it says nothing about the place."""
    other = gathering.became.get(target)
    if other is None or target.negated:
        return None
    kind: EntryType = other.entry_type
    if kind == "water":
        if relation in ("on", "in"):
            side = target.side or isinstance(target.noun, BiomeNoun)
            afloat = gathered.family in _AFLOAT and not side
            if relation == "in" and isinstance(target.noun, BiomeNoun):
                return None
            relation = "on" if afloat else "by"
        return Place(relation=relation, target=other.entry_id)
    if kind == "hill":
        return Place(relation="on" if relation in ("on", "in", "along") else relation, target="hill")
    if kind == "path":
        return Place(relation="along" if relation in ("on", "in", "along", "by") else relation, target="path")
    if kind == "item":
        return Place(relation="by" if relation in ("on", "in") else relation, target=other.entry_id)
    if kind == "scatter":
        scatter = gathering.entries.scatter(other.entry_id)
        if relation == "around" and scatter is not None and scatter.place is not None:
            # A fence around a cottage's garden goes around the cottage.
            return scatter.place.model_copy(update={"relation": "around"})
        if relation in ("in", "between", "on"):
            return Place(relation="in", target=other.entry_id)
        return Place(relation=relation, target=other.entry_id)
    if isinstance(target.noun, LandNoun) and target.noun.feature in ("mountains", "cliffs") and relation == "on":
        gathering.hill = True
        return Place(relation="on", target="hill")
    if isinstance(target.noun, LandNoun) and target.noun.feature == "hills" and relation == "on":
        gathering.hill = True
        return Place(relation="on", target="hill")
    return None


def _place_members(gathering: Gathering, mention: Mention, gathered: Gathered) -> None:
    """Things that another has ("a hill with a tower", "a lake with boats") stand where that is."""
    for member in mention.members:
        own = gathering.became.get(member)
        if (
            own is None
            or own.is_part
            or member.negated
            or member.relation is not None
            or own.entry_type not in ("item", "scatter")
        ):
            continue
        if isinstance(mention.noun, BiomeNoun) and mention.noun.biome not in ("coast", "tropical"):
            continue
        relation: Relation = "by"
        if gathered.entry_type == "item" and own.entry_type == "scatter":
            relation = "around"
        elif isinstance(mention.noun, LandNoun) and own.entry_type == "item":
            if mention.noun.feature in ("hill", "hills", "mountains"):
                gathering.hill = True
                _put(gathering, own, Place(relation="on", target="hill"))
            continue
        elif gathered.entry_type == "hill":
            relation = "on"
        elif gathered.entry_type == "path":
            relation = "along"
        elif gathered.entry_type == "scatter":
            relation = "in"
        elif gathered.entry_type == "water" and own.family in _AFLOAT:
            relation = "on"
        elif own.family in ("fence", "wall") or (own.family == "tower" and isinstance(mention.noun, Collective)):
            relation = "around"
        if gathered.entry_id:
            _put(gathering, own, Place(relation=relation, target=gathered.entry_id))
    if isinstance(mention.noun, Thing) and gathered.entry_type == "item" and mention.relation is None:
        waters = [gathering.became.get(member) for member in mention.members]
        water = next((other for other in waters if other is not None and other.entry_type == "water"), None)
        if water is not None:
            _put(gathering, gathered, Place(relation="by", target=water.entry_id))


def _place_parts(gathering: Gathering, mention: Mention, gathered: Gathered) -> None:
    """Parts of an arrangement stand by its first part, by its water or along its path."""
    assert isinstance(mention.noun, Collective)
    arrangement = ARRANGEMENTS[mention.noun.name]
    if arrangement.trees is not None:
        return
    water = _water_of(gathering, arrangement)
    for part, entry_id in gathered.parts:
        item = gathering.entries.item(entry_id)
        if item is None or item.place.relation != "near_spawn":
            continue
        if part.of_water and water is not None:
            place = Place(relation=part.relation, target=water.id)
        elif part.of_first and item.id != gathered.entry_id:
            place = Place(relation=part.relation, target=gathered.entry_id)
        elif part.relation == "along" and gathering.path:
            place = Place(relation="along", target="path")
        else:
            continue
        gathering.entries.change_item(item.id, place=place)


def _water_of(gathering: Gathering, arrangement: Arrangement) -> Water | None:
    """The water that an arrangement lies by (a harbour), made where there is none."""
    if arrangement.water is None:
        return None
    if gathering.entries.waters:
        return gathering.entries.waters[0]
    if arrangement.water in gathering.unwanted:
        return None
    added = gathering.entries.add_water(arrangement.water, Water(id="water", kind=arrangement.water))
    return None if added is None else gathering.entries.water(added)


def _place_afloat(gathering: Gathering) -> None:
    """Boats, docks and bridges need water: the prompt's, or some of their own."""
    for item in list(gathering.entries.items):
        if item.family not in _AFLOAT or (item.place.relation in ("on", "by") and _on_water(gathering, item)):
            if item.family in _AFLOAT and item.place.relation == "by":
                gathering.entries.change_item(item.id, place=item.place.model_copy(update={"relation": "on"}))
            continue
        if item.place.relation == "in_distance":
            continue
        water = _water_for(gathering, item)
        if water is not None:
            gathering.entries.change_item(item.id, place=Place(relation="on", target=water.id))
            for gathered in gathering.became.values():
                if gathered.entry_id == item.id:
                    gathered.meaning += f", on {water.id}"


def _on_water(gathering: Gathering, item: Item) -> bool:
    return item.place.target is not None and gathering.entries.water(item.place.target) is not None


def _water_for(gathering: Gathering, item: Item) -> Water | None:
    order: tuple[WaterKind, ...] = ("river", "lake", "sea") if item.family == "bridge" else ("lake", "sea", "river")
    for wanted in order:
        found = next((water for water in gathering.entries.waters if water.kind == wanted), None)
        if found is not None:
            return found
    kind: WaterKind = (
        "river" if item.family == "bridge" else "sea" if gathering.biome in ("coast", "tropical") else "lake"
    )
    if kind in gathering.unwanted:
        return None
    size = 0.6 if kind == "river" else 1.0
    added = gathering.entries.add_water(kind, Water(id="water", kind=kind, size=size))
    return None if added is None else gathering.entries.water(added)
