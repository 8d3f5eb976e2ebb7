"""English plurals of nouns."""

from __future__ import annotations

from collections.abc import Mapping

_IRREGULAR: Mapping[str, str] = {
    "leaf": "leaves",
    "shelf": "shelves",
    "loaf": "loaves",
    "man": "men",
    "woman": "women",
    "child": "children",
    "person": "people",
    "foot": "feet",
    "goose": "geese",
    "tooth": "teeth",
    "mouse": "mice",
    "sheep": "sheep",
    "cattle": "cattle",
    "grass": "grasses",
    "chateau": "chateaux",
}

_O_TAKES_ES = frozenset({"volcano", "potato", "tomato", "hero", "buffalo"})


def plural_of(word: str) -> str:
    """The plural of an English singular; a word that looks like a plural already stays as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word
    if word.endswith(("s", "x", "z", "ch", "sh")) or word in _O_TAKES_ES:
        return word + "es"
    if word.endswith("y") and len(word) > 1 and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def other_plurals(word: str) -> tuple[str, ...]:
    """Further plurals in use: Latin ones, for "cactus" or "fungus"."""
    return (word[:-2] + "i",) if word.endswith("us") and len(word) > 4 else ()


def singular_of(word: str) -> str:
    """The singular of a word that families declare in the plural ("reeds", "ruins")."""
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
    return word
