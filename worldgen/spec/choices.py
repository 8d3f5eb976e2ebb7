"""Which family, kind, material and size a mention of a thing asks for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from worldgen.spec.lexicon import FamilyWords, Lexicon
from worldgen.spec.matching import Chunk
from worldgen.spec.reading import Mention
from worldgen.spec.senses import Color, Density, MaterialWord, Size, State, Thing
from worldgen.spec.words_air import AUTUMN_COLORS
from worldgen.spec.words_function import NATURAL_COLORS
from worldgen.spec.words_things import TREE_FAMILIES, USUAL_MATERIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The asset that a mention asks for; ``unused`` are the adjectives that it cannot follow."""

    family: str
    kind: str | None
    material: str | None = None
    size: float = 1.0
    density: float | None = None
    unused: tuple[Chunk, ...] = ()
    used_hints: tuple[Chunk, ...] = ()


def choose(thing: Thing, mention: Mention, lexicon: Lexicon, unwanted: Collection[str] = ()) -> Choice:
    """Pick the asset for a thing and follow the adjectives of its mention.

    Args:
        thing: The noun's meaning; usually the mention's own.
        mention: Carries the adjectives.
        lexicon: The families that there are.
        unwanted: Families that the prompt rules out; taken only if nothing else is left.
    """
    every = (*thing.options, *thing.others)
    options = [option for option in every if option[0] not in unwanted] or list(every)
    made_of = [chunk for chunk in mention.adjectives if isinstance(chunk.sense, MaterialWord)]
    family_name, kind = _fitting(options, made_of, lexicon)
    unused: list[Chunk] = list(mention.denied)
    for chunk in mention.adjectives:
        if isinstance(chunk.sense, State) and chunk.sense.name not in lexicon.families[family_name].adjectives:
            family_name, kind = _in_state(chunk.sense.name, thing.word, (family_name, kind), lexicon)
    family = lexicon.families[family_name]
    material: str | None = thing.material if thing.material in family.materials else None
    used_hints = []
    for chunk in mention.hints:
        name = _adjective_of(chunk, family)
        if name is not None:
            kind = family.adjectives[name]
            used_hints.append(chunk)
    for chunk in mention.adjectives:
        name = _adjective_of(chunk, family)
        taken, chosen = (True, None) if name is not None else _follow(chunk, family)
        kind = kind if name is None else family.adjectives[name]
        material = material or chosen
        if not taken:
            unused.append(chunk)
    return Choice(
        family=family_name,
        kind=kind,
        material=material,
        size=size_of(mention, thing.size),
        density=density_of(mention.adjectives),
        unused=tuple(unused),
        used_hints=tuple(used_hints),
    )


def ruins_kind(word: str, lexicon: Lexicon) -> str | None:
    """The kind of ruins whose words name a building ("ruined church"), or None."""
    for kind, phrases in lexicon.families["ruins"].kinds.items():
        if any(word.split()[-1] in phrase.split() for phrase in phrases):
            return kind
    return None


def size_of(mention: Mention, size: float = 1.0) -> float:
    """A size times the mention's adjectives of size, within what a spec may hold."""
    for chunk in mention.adjectives:
        if isinstance(chunk.sense, Size):
            size *= chunk.sense.factor
    return round(min(max(size, 0.2), 5.0), 3)


def density_of(adjectives: Sequence[Chunk]) -> float | None:
    """The density that adjectives ask for, or None."""
    return next((chunk.sense.level for chunk in adjectives if isinstance(chunk.sense, Density)), None)


def tells_autumn(mention: Mention) -> bool:
    """Whether the colours of trees tell of autumn."""
    names = [chunk.sense.name for chunk in mention.adjectives if isinstance(chunk.sense, Color)]
    names += [chunk.word for chunk in mention.hints]
    return any(name in AUTUMN_COLORS for name in names)


def _fitting(
    options: Sequence[tuple[str, str | None]], made_of: Sequence[Chunk], lexicon: Lexicon
) -> tuple[str, str | None]:
    """The first option that can be made of the materials asked for, else the first."""
    for chunk in made_of:
        for family, kind in options:
            if _material(chunk, lexicon.families[family])[0]:
                return family, kind
    return options[0]


def _material(chunk: Chunk, family: FamilyWords) -> tuple[bool, str | None]:
    """Whether a family can be of a material, and its name for it (None if it always is)."""
    if not isinstance(chunk.sense, MaterialWord):
        return False, None
    names = (chunk.word, *chunk.sense.names)
    for name in names:
        if name.replace(" ", "_") in family.materials:
            return True, name.replace(" ", "_")
    return USUAL_MATERIAL.get(family.name) in names, None


def _follow(chunk: Chunk, family: FamilyWords) -> tuple[bool, str | None]:
    """Whether a family can follow an adjective, and the material that it means."""
    if chunk.word in family.materials:
        return True, chunk.word
    match chunk.sense:
        case MaterialWord():
            return _material(chunk, family)
        case Size() | Density():
            return True, None
        case Color(name=name):
            autumn = family.name in TREE_FAMILIES and name in AUTUMN_COLORS
            return autumn or name in NATURAL_COLORS.get(family.group, ()), None
        case State(name="distant"):
            return True, None
        case State(name="ruined"):
            return family.name == "ruins", None
        case State(name="dead"):
            return family.name == "dead_tree", None
        case _:
            return False, None


def _adjective_of(chunk: Chunk, family: FamilyWords) -> str | None:
    names = [chunk.word]
    if isinstance(chunk.sense, State):
        names.append(chunk.sense.name)
    return next((adjective for adjective in family.adjectives if adjective.replace("-", " ").casefold() in names), None)


def _in_state(name: str, word: str, asset: tuple[str, str | None], lexicon: Lexicon) -> tuple[str, str | None]:
    """Ruined buildings become ruins and dead trees dead trees where the family has no such kind of its own."""
    family, kind = asset
    if name == "ruined" and lexicon.families[family].group == "structure" and "ruins" in lexicon:
        return "ruins", ruins_kind(word, lexicon)
    if name == "dead" and family in TREE_FAMILIES and "dead_tree" in lexicon:
        return "dead_tree", None
    return family, kind
