"""The words that asset families answer to, in a form that the prompt parser can use without importing the builder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType

from worldgen.errors import InvalidInputError
from worldgen.scene.labels import LabelGroup
from worldgen.spec.model import Item, Scatter, WorldSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyWords:
    """What one asset family contributes to the lexicon.

    ``kinds`` maps each kind to the singular words and phrases that mean it; the first kind is the family's
    default. ``adjectives`` maps an adjective before a family word to a kind ("ruined" → "ruined"). ``scattered``
    says that a bare plural ("pines") strews the family over the land instead of placing a handful.
    """

    name: str
    kinds: Mapping[str, tuple[str, ...]]
    materials: tuple[str, ...] = ()
    adjectives: Mapping[str, str] = field(default_factory=dict)
    scattered: bool = False
    group: LabelGroup = "prop"

    def __post_init__(self) -> None:
        """Check that there is a kind and that adjectives lead to kinds; make the mappings read-only."""
        if not self.kinds:
            raise InvalidInputError(f"Family '{self.name}' declares no kinds.")
        for adjective, kind in self.adjectives.items():
            if kind not in self.kinds:
                raise InvalidInputError(f"Family '{self.name}' maps '{adjective}' to the unknown kind '{kind}'.")
        object.__setattr__(self, "kinds", MappingProxyType(dict(self.kinds)))
        object.__setattr__(self, "adjectives", MappingProxyType(dict(self.adjectives)))

    @property
    def default_kind(self) -> str:
        """The kind that the family's own name means."""
        return next(iter(self.kinds))


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """All families by name, in a stable order."""

    families: Mapping[str, FamilyWords]

    def __post_init__(self) -> None:
        """Make the mapping read-only and sort it by name, so that the order of discovery does not matter."""
        object.__setattr__(self, "families", MappingProxyType(dict(sorted(self.families.items()))))

    @classmethod
    def of(cls, families: Iterable[FamilyWords]) -> Lexicon:
        """A lexicon of these families.

        Raises:
            InvalidInputError: Two families have one name.
        """
        table: dict[str, FamilyWords] = {}
        for family in families:
            if family.name in table:
                raise InvalidInputError(f"Two asset families are called '{family.name}'.")
            table[family.name] = family
        return cls(table)

    def __contains__(self, name: str) -> bool:
        return name in self.families

    def group(self, group: LabelGroup) -> tuple[str, ...]:
        """Names of the families of a label group."""
        return tuple(name for name, family in self.families.items() if family.group == group)


def check_families(spec: WorldSpec, lexicon: Lexicon) -> None:
    """Check that every family, kind and material that a spec names exists.

    Raises:
        InvalidInputError: One does not; the hint names the nearest ones that do.
    """
    entries: tuple[Item | Scatter, ...] = (*spec.items, *spec.scatters)
    for entry in entries:
        family = lexicon.families.get(entry.family)
        if family is None:
            raise _unknown("family", entry.family, entry.id, tuple(lexicon.families))
        if entry.kind is not None and entry.kind not in family.kinds:
            raise _unknown(f"{family.name} kind", entry.kind, entry.id, tuple(family.kinds))
        if entry.material is not None and entry.material not in family.materials:
            raise _unknown(f"{family.name} material", entry.material, entry.id, family.materials)


def _unknown(what: str, name: str, entry_id: str, known: tuple[str, ...]) -> InvalidInputError:
    close = get_close_matches(name, known, n=3, cutoff=0.6) or list(known)
    hint = f"use one of: {', '.join(close)}" if close else f"leave it out; there is no choice of {what}"
    return InvalidInputError(f"The entry '{entry_id}' names the unknown {what} '{name}'.", hint=hint)
