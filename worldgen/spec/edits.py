"""Small edits of a spec: each takes a spec and returns a new one; other entries keep their ids and places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from worldgen.errors import InvalidInputError
from worldgen.spec.entries import unique_id
from worldgen.spec.model import (
    Item,
    Place,
    Relation,
    Scatter,
    Season,
    SpecModel,
    TimeOfDay,
    Water,
    WaterKind,
    WorldSpec,
)

_Model = TypeVar("_Model", bound=SpecModel)


def entry_ids(spec: WorldSpec) -> tuple[str, ...]:
    """Ids of all waters, items and scatters, in that order."""
    return (
        *(water.id for water in spec.waters),
        *(item.id for item in spec.items),
        *(scatter.id for scatter in spec.scatters),
    )


def add_item(
    spec: WorldSpec,
    family: str,
    *,
    wanted_id: str | None = None,
    relation: Relation = "near_spawn",
    target: str | None = None,
    **fields: Any,
) -> WorldSpec:
    """Add an item behind all others, under a free id: ``add_item(spec, "tower", relation="on", target="hill")``.

    Args:
        spec: The spec.
        family: Asset family.
        wanted_id: Preferred id; the family's name if None.
        relation: How it stands to the target.
        target: Id of what it stands by, or None.
        fields: Further fields of the item: kind, count, size, material.

    Raises:
        InvalidInputError: A field is wrong, or the target is not there.
    """
    item_id = unique_id(wanted_id or family, entry_ids(spec))
    place = _build(Place, {"relation": relation, "target": target})
    item = _build(Item, {**fields, "id": item_id, "family": family, "place": place})
    spec = _changed(spec, items=(*spec.items, item), excluded=tuple(name for name in spec.excluded if name != family))
    return _with_landmark(spec, target)


def add_scatter(
    spec: WorldSpec, family: str, density: float, *, wanted_id: str | None = None, **fields: Any
) -> WorldSpec:
    """Strew a family over the land, under a free id.

    Raises:
        InvalidInputError: A field is wrong.
    """
    scatter_id = unique_id(wanted_id or family, entry_ids(spec))
    values = {"from_prompt": True, **fields, "id": scatter_id, "family": family, "density": density}
    scatter = _build(Scatter, values)
    kept = tuple(name for name in spec.excluded if name != family)
    return _changed(spec, scatters=(*spec.scatters, scatter), excluded=kept)


def add_water(
    spec: WorldSpec, kind: WaterKind, *, wanted_id: str | None = None, size: float = 1.0, frozen: bool = False
) -> WorldSpec:
    """Add a body of water, under a free id.

    Raises:
        InvalidInputError: A field is wrong, or there is no room for more water.
    """
    water_id = unique_id(wanted_id or kind, entry_ids(spec))
    water = _build(Water, {"id": water_id, "kind": kind, "size": size, "frozen": frozen})
    kept = tuple(name for name in spec.excluded if name != kind)
    return _changed(spec, waters=(*spec.waters, water), excluded=kept)


def remove_entry(spec: WorldSpec, entry_id: str) -> WorldSpec:
    """Remove a water, an item or a scatter; what stood by it then stands near the spawn.

    Raises:
        InvalidInputError: There is no such entry.
    """
    _require(spec, entry_id)

    def released(place: Place) -> Place:
        return Place(relation="near_spawn") if entry_id in (place.target, place.other_target) else place

    return _changed(
        spec,
        waters=tuple(water for water in spec.waters if water.id != entry_id),
        items=tuple(
            item.model_copy(update={"place": released(item.place)}) for item in spec.items if item.id != entry_id
        ),
        scatters=tuple(
            scatter
            if scatter.place is None or entry_id not in (scatter.place.target, scatter.place.other_target)
            else scatter.model_copy(update={"place": None})
            for scatter in spec.scatters
            if scatter.id != entry_id
        ),
    )


def change_entry(spec: WorldSpec, entry_id: str, **fields: Any) -> WorldSpec:
    """Change fields of a water, an item or a scatter: ``change_entry(spec, "tower", count=3)``.

    Raises:
        InvalidInputError: There is no such entry, or a field is wrong; ids cannot be changed.
    """
    _require(spec, entry_id)
    if "id" in fields:
        raise InvalidInputError("The id of an entry cannot be changed.", hint="remove the entry and add a new one")
    return _changed(
        spec,
        waters=tuple(_with(water, fields) if water.id == entry_id else water for water in spec.waters),
        items=tuple(_with(item, fields) if item.id == entry_id else item for item in spec.items),
        scatters=tuple(_with(scatter, fields) if scatter.id == entry_id else scatter for scatter in spec.scatters),
    )


def move_item(spec: WorldSpec, item_id: str, relation: Relation, target: str | None = None) -> WorldSpec:
    """Place an item anew.

    Raises:
        InvalidInputError: There is no such item or target.
    """
    if all(item.id != item_id for item in spec.items):
        raise InvalidInputError(f"There is no item '{item_id}'.", hint=_known(spec))
    place = _build(Place, {"relation": relation, "target": target})
    return _with_landmark(change_entry(spec, item_id, place=place), target)


def set_weather(spec: WorldSpec, **changes: float) -> WorldSpec:
    """Change some of the weather: ``set_weather(spec, fog=0.5)``.

    Raises:
        InvalidInputError: A field is unknown or outside 0 to 1.
    """
    return _changed(spec, weather=_with(spec.weather, changes))


def set_land(spec: WorldSpec, **changes: Any) -> WorldSpec:
    """Change the shape of the land: ``set_land(spec, relief=0.8)``.

    Raises:
        InvalidInputError: A field is unknown or out of range.
    """
    return _changed(spec, land=_with(spec.land, changes))


def set_time_of_day(spec: WorldSpec, time_of_day: TimeOfDay) -> WorldSpec:
    """Change the time of day.

    Raises:
        InvalidInputError: There is no such time.
    """
    return _changed(spec, time_of_day=time_of_day)


def set_season(spec: WorldSpec, season: Season) -> WorldSpec:
    """Change the season; weather and plants stay as they are.

    Raises:
        InvalidInputError: There is no such season.
    """
    return _changed(spec, season=season)


def exclude_family(spec: WorldSpec, family: str) -> WorldSpec:
    """Remove every item and scatter of a family and rule it out."""
    entries: tuple[Item | Scatter, ...] = (*spec.items, *spec.scatters)
    for entry in entries:
        if entry.family == family:
            spec = remove_entry(spec, entry.id)
    return spec if family in spec.excluded else _changed(spec, excluded=(*spec.excluded, family))


def _changed(spec: WorldSpec, **changes: Any) -> WorldSpec:
    return _build(WorldSpec, {**_fields(spec), **changes})


def _with(model: _Model, changes: Mapping[str, Any]) -> _Model:
    return _build(type(model), {**_fields(model), **changes})


def _fields(model: SpecModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}


def _build(model: type[_Model], values: Mapping[str, Any]) -> _Model:
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in fault["loc"]) or model.__name__
        message = str(fault["msg"]).removeprefix("Value error, ")
        raise InvalidInputError(f"The edit of '{name}' is refused: {message}.") from error


def _with_landmark(spec: WorldSpec, target: str | None) -> WorldSpec:
    """The hill or the path that an item was placed by must be there."""
    if target == "hill" and not spec.land.hill:
        return set_land(spec, hill=True)
    return _changed(spec, path=True) if target == "path" and not spec.path else spec


def _require(spec: WorldSpec, entry_id: str) -> None:
    if entry_id not in entry_ids(spec):
        raise InvalidInputError(f"There is no entry '{entry_id}' in the spec.", hint=_known(spec))


def _known(spec: WorldSpec) -> str:
    return f"the entries are: {', '.join(entry_ids(spec)) or 'none'}"
