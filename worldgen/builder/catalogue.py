"""The catalogue of asset families, found by the modules in ``builder/assets``: a new file there is enough."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

import worldgen.builder.assets
from worldgen.builder.family import AssetFamily
from worldgen.errors import InvalidInputError
from worldgen.scene.labels import LABEL_INDEX, LABELS
from worldgen.spec.lexicon import FamilyWords, Lexicon


@cache
def family_modules() -> tuple[str, ...]:
    """Module paths of ``builder/assets``, sorted; found without importing them."""
    package = worldgen.builder.assets
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(f"{package.__name__}.{name}" for name in sorted(names))


@cache
def families() -> Mapping[str, AssetFamily]:
    """Every asset family by name, in sorted order; imports the asset modules on the first call.

    A module takes part by its ``FAMILIES`` tuple; one without it only serves the others.

    Raises:
        InvalidInputError: Two families share a name, or one has no label.
    """
    table: dict[str, AssetFamily] = {}
    for path in family_modules():
        for family in getattr(import_module(path), "FAMILIES", ()):
            if family.name in table:
                raise InvalidInputError(f"Two asset families are called '{family.name}'.")
            if family.name not in LABEL_INDEX:
                raise InvalidInputError(f"The asset family '{family.name}' has no row in the label table.")
            table[family.name] = family
    return MappingProxyType(dict(sorted(table.items())))


def family(name: str) -> AssetFamily:
    """The asset family of this name.

    Raises:
        InvalidInputError: There is none.
    """
    table = families()
    if name not in table:
        raise InvalidInputError(
            f"There is no asset family '{name}'.", hint=f"the families are: {', '.join(table) or 'none'}"
        )
    return table[name]


@cache
def lexicon() -> Lexicon:
    """The words of all families, for the prompt parser."""
    return Lexicon.of(_words(item) for item in families().values())


def _words(item: AssetFamily) -> FamilyWords:
    group = LABELS[LABEL_INDEX[item.name]].group
    return FamilyWords(
        name=item.name,
        kinds=item.kinds,
        materials=item.materials,
        adjectives=item.adjectives,
        # Plants and stones come in masses, made things one by one.
        scattered=group in ("vegetation", "rock"),
        group=group,
    )
