"""Two nouns side by side: "pine forest", "lake house", "castle ruins"."""

from __future__ import annotations

from worldgen.spec.model import Relation
from worldgen.spec.reading import Mention
from worldgen.spec.senses import (
    BiomeNoun,
    Collective,
    Group,
    LandNoun,
    PathNoun,
    Setting,
    Thing,
    WaterNoun,
)
from worldgen.spec.words_things import ARRANGEMENTS

PLANT_FAMILIES = frozenset(
    {"conifer", "broadleaf", "birch", "palm", "cactus", "dead_tree", "bush", "fern", "reeds", "grass", "flowers"}
)


def is_plant(mention: Mention) -> bool:
    """Whether a mention is a kind of plant."""
    return isinstance(mention.noun, Thing) and mention.noun.options[0][0] in PLANT_FAMILIES


def is_woods(mention: Mention) -> bool:
    """Whether a mention is a collective of trees."""
    return isinstance(mention.noun, Collective) and ARRANGEMENTS[mention.noun.name].trees is not None


def join_compound(first: Mention, second: Mention) -> bool:
    """Read two adjacent nouns as one phrase; the second one becomes the whole.

    Returns:
        Whether they form a compound. Then ``second`` holds what was said about both, and ``first`` stays a
        mention of its own only as a target of ``second``.
    """
    if first.plural and not isinstance(second.noun, Group | Setting):
        return False
    if is_plant(first) and (is_woods(second) or isinstance(second.noun, Group)):
        if isinstance(second.noun, Group):
            second.noun, second.chunk = first.noun, first.chunk
        else:
            second.made_of.append(first)
        _inherit(first, second)
        return True
    if isinstance(second.noun, Thing) and second.noun.options[0][0] == "ruins" and is_made(first):
        _inherit(first, second)
        second.made_of.append(first)
        return True
    relation = _relation(first, second)
    if relation is None:
        if isinstance(second.noun, BiomeNoun | LandNoun | PathNoun) and isinstance(first.noun, Thing):
            # "a pebble beach" has pebbles all over, not one.
            first.amount, first.amount_chunk, first.definite = None, None, False
        return False
    _inherit(first, second)
    if second.relation is None:
        second.relation, second.targets = relation, [first]
    return True


def _inherit(first: Mention, second: Mention) -> None:
    """Adjectives, number and article before the first noun are the whole compound's."""
    second.adjectives = [*first.adjectives, *second.adjectives]
    second.hints = [*first.hints, *second.hints]
    second.denied = [*first.denied, *second.denied]
    if second.amount is None:
        second.amount, second.amount_chunk = first.amount, first.amount_chunk
    if second.plural and second.amount is not None and second.amount.count == 1 and not second.amount.vague:
        second.amount = None
    second.definite = second.definite or first.definite
    second.another = second.another or first.another
    first.adjectives, first.hints, first.denied, first.amount, first.amount_chunk = [], [], [], None, None
    first.definite = True


def is_made(mention: Mention) -> bool:
    """Whether a mention is of something built: a house, a village."""
    return (isinstance(mention.noun, Thing) and not is_plant(mention)) or (
        isinstance(mention.noun, Collective) and not is_woods(mention)
    )


def _relation(first: Mention, second: Mention) -> Relation | None:
    """How the second noun of a compound stands to the first, or None where they are no compound."""
    if is_plant(first) and isinstance(second.noun, PathNoun):
        return None
    if not is_made(second):
        return None
    match first.noun:
        case WaterNoun():
            return "by"
        case LandNoun(feature="hill"):
            return "on"
        case LandNoun() | BiomeNoun():
            return "in"
        case PathNoun():
            return "along"
        case Collective() if is_woods(first):
            return "in"
        case Collective():
            return "by"
        case Thing() if not is_plant(first):
            return "by"
        case _:
            return None
