"""The entries of a spec while it is being composed, and their ids."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field

from worldgen.spec.model import LANDMARKS, Item, Scatter, Water

MAX_WATERS = 4
MAX_ITEMS = 64
MAX_SCATTERS = 48
"""Fewer than a spec may hold, so that the biome's own find room."""


def identifier_of(phrase: str) -> str:
    """A readable identifier for a phrase: lower-case ASCII letters, digits and underscores."""
    plain = unicodedata.normalize("NFKD", phrase).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:48].strip("_")
    return name if name[:1].isalpha() else f"thing_{name}".strip("_")


def unique_id(wanted: str, taken: Collection[str]) -> str:
    """The wanted id, or with the first free number from 2 on behind it."""
    name = identifier_of(wanted)
    if name not in taken and name not in LANDMARKS:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


@dataclass(eq=False, slots=True)
class Entries:
    """Waters, items and scatters so far; adding one returns its id, or None where the spec is full."""

    waters: list[Water] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    scatters: list[Scatter] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def add_water(self, wanted: str, water: Water) -> str | None:
        """Add a body of water under the wanted id or the nearest free one."""
        if len(self.waters) >= MAX_WATERS:
            return None
        self.waters.append(water.model_copy(update={"id": self._claim(wanted)}))
        return self.waters[-1].id

    def add_item(self, wanted: str, item: Item) -> str | None:
        """Add an item under the wanted id or the nearest free one."""
        if len(self.items) >= MAX_ITEMS:
            return None
        self.items.append(item.model_copy(update={"id": self._claim(wanted)}))
        return self.items[-1].id

    def add_scatter(self, wanted: str, scatter: Scatter) -> str | None:
        """Add a scatter under the wanted id or the nearest free one; the same plants again just grow denser."""
        for index, known in enumerate(self.scatters):
            same_kind = known.kind == scatter.kind or None in (known.kind, scatter.kind)
            same = same_kind and (known.family, known.size) == (scatter.family, scatter.size)
            if same and (known.place, known.material) == (scatter.place, scatter.material):
                changes = {"density": max(known.density, scatter.density), "kind": known.kind or scatter.kind}
                changes["from_prompt"] = known.from_prompt or scatter.from_prompt
                self.scatters[index] = known.model_copy(update=changes)
                return known.id
        if len(self.scatters) >= MAX_SCATTERS:
            return None
        self.scatters.append(scatter.model_copy(update={"id": self._claim(wanted)}))
        return self.scatters[-1].id

    def water(self, entry_id: str) -> Water | None:
        """The body of water with this id, or None."""
        return next((water for water in self.waters if water.id == entry_id), None)

    def item(self, entry_id: str) -> Item | None:
        """The item with this id, or None."""
        return next((item for item in self.items if item.id == entry_id), None)

    def scatter(self, entry_id: str) -> Scatter | None:
        """The scatter with this id, or None."""
        return next((scatter for scatter in self.scatters if scatter.id == entry_id), None)

    def change_item(self, entry_id: str, **changes: object) -> None:
        """Replace fields of an item."""
        self.items = [item.model_copy(update=changes) if item.id == entry_id else item for item in self.items]

    def change_scatter(self, entry_id: str, **changes: object) -> None:
        """Replace fields of a scatter."""
        self.scatters = [
            scatter.model_copy(update=changes) if scatter.id == entry_id else scatter for scatter in self.scatters
        ]

    def _claim(self, wanted: str) -> str:
        name = unique_id(wanted, self.taken)
        self.taken.add(name)
        return name


def targets_first(items: list[Item]) -> list[Item]:
    """Items in their order, but each behind the items that it is placed by; circles are cut open."""
    by_id = {item.id: item for item in items}
    ordered: list[Item] = []
    done: set[str] = set()

    def visit(item: Item, above: frozenset[str]) -> Item:
        if item.id in done:
            return item
        targets = [target for target in (item.place.target, item.place.other_target) if target in by_id]
        if any(target in above or target == item.id for target in targets):
            item = item.model_copy(update={"place": type(item.place)(relation="near_spawn")})
        else:
            for target in targets:
                visit(by_id[str(target)], above | {item.id})
        if item.id not in done:
            done.add(item.id)
            ordered.append(item)
        return item

    for item in items:
        visit(item, frozenset())
    return ordered
