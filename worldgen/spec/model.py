"""WorldSpec: the editable description that a world is built from (``spec.yaml``)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Biome = Literal["alpine", "temperate_forest", "meadow_hills", "desert", "canyon", "coast", "tundra", "tropical"]
Season = Literal["spring", "summer", "autumn", "winter"]
TimeOfDay = Literal["dawn", "morning", "noon", "afternoon", "golden_hour", "sunset", "dusk", "night"]
WaterKind = Literal["lake", "river", "sea"]
Relation = Literal["near_spawn", "by", "on", "between", "around", "along", "in", "in_distance", "behind", "in_front_of"]
Unit = Annotated[float, Field(ge=0.0, le=1.0)]

LANDMARKS = frozenset({"hill", "path"})
"""Targets of places that are parts of the land, not entries."""

Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]


class SpecModel(BaseModel):
    """Base of all spec parts: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Weather(SpecModel):
    """The air and what falls from it."""

    cloud_cover: Unit = 0.25
    fog: Unit = 0.1
    """0 is crystal clear air, 1 hides things 30 m away."""
    snow_cover: Unit = 0.0
    """Share of the ground that snow hides."""
    wetness: Unit = 0.0
    """Rain-wet ground: darker, smoother."""
    storm: Unit = 0.0
    """How dark and heavy the clouds are."""


class Land(SpecModel):
    """The shape of the land."""

    size_m: Annotated[float, Field(ge=256.0, le=1024.0)] | None = None
    """Side of the square playable area; None takes the tier's."""
    relief: Unit | None = None
    """0 is a plain, 1 the biome's wildest; None takes the biome's own."""
    mountains_in_distance: bool | None = None
    """Whether mountains stand on the horizon; None takes the biome's own."""
    hill: bool = False
    """Whether a landmark hill rises in view of the spawn (for "a tower on the hill")."""
    cliffs: bool = False
    island: bool = False
    beach: bool = False
    """Whether sand reaches from the sea up to the spawn."""
    snow_line_m: Annotated[float, Field(ge=0.0, le=9000.0)] | None = None
    """Height above the spawn from which snow lies on the mountains all year; None takes the biome's own."""


class Water(SpecModel):
    """A body of water in view of the spawn."""

    id: Identifier
    kind: WaterKind
    size: Annotated[float, Field(ge=0.2, le=5.0)] = 1.0
    frozen: bool = False


class Place(SpecModel):
    """Where a thing stands in relation to another."""

    relation: Relation
    target: Identifier | None = None
    """Id of a water body, another item or (with "in") a scatter, ``"hill"``, ``"path"``, or None for the spawn."""
    other_target: Identifier | None = None
    """With "between": the second thing, when the two are different entries."""


class Item(SpecModel):
    """Things that are placed one by one: buildings, single trees, boats, bridges."""

    id: Identifier
    family: Identifier
    kind: Identifier | None = None
    count: Annotated[int, Field(ge=1, le=200)] = 1
    size: Annotated[float, Field(ge=0.2, le=5.0)] = 1.0
    material: Identifier | None = None
    place: Place = Place(relation="near_spawn")


class Scatter(SpecModel):
    """Things that are strewn over the land: forests, bushes, rocks, grass."""

    id: Identifier
    family: Identifier
    kind: Identifier | None = None
    density: Unit
    """0 is none, 1 as dense as the family grows."""
    size: Annotated[float, Field(ge=0.2, le=5.0)] = 1.0
    material: Identifier | None = None
    place: Place | None = None
    """Where it is densest ("reeds around the lake"); None for all over the land."""
    from_prompt: bool = False
    """Whether the prompt asked for it (then it must be in view of the spawn); otherwise the biome brought it."""


class Understood(SpecModel):
    """What a word or phrase of the prompt became."""

    phrase: str
    meaning: str


class WorldSpec(SpecModel):
    """Everything a world is built from; the same spec and seed give the same world."""

    version: Literal[1] = 1
    prompt: Annotated[str, Field(max_length=20_000)] = ""
    biome: Biome = "meadow_hills"
    season: Season = "summer"
    time_of_day: TimeOfDay = "afternoon"
    weather: Weather = Weather()
    land: Land = Land()
    waters: Annotated[tuple[Water, ...], Field(max_length=4)] = ()
    items: Annotated[tuple[Item, ...], Field(max_length=64)] = ()
    scatters: Annotated[tuple[Scatter, ...], Field(max_length=64)] = ()
    path: bool = False
    """Whether a path leads from the spawn to the buildings."""
    path_material: Literal["dirt", "gravel", "cobble"] = "dirt"
    excluded: tuple[Identifier, ...] = ()
    """Families and features that the prompt ruled out ("no trees")."""
    understood: tuple[Understood, ...] = ()
    ignored: tuple[str, ...] = ()
    """Words of the prompt that were not understood, in order."""

    @model_validator(mode="after")
    def _check_references(self) -> WorldSpec:
        """Check that ids are unique and that every place refers to something that is there."""
        placed: tuple[Item | Scatter, ...] = (*self.items, *self.scatters)
        ids = [water.id for water in self.waters] + [entry.id for entry in placed]
        known = set(ids)
        if len(known) != len(ids):
            twice = next(name for index, name in enumerate(ids) if name in ids[:index])
            raise ValueError(f"the id '{twice}' is used twice")
        if reserved := known & LANDMARKS:
            raise ValueError(f"the id '{min(reserved)}' is reserved for the land's own")
        known |= LANDMARKS
        for entry in placed:
            if entry.place is None:
                continue
            for target in (entry.place.target, entry.place.other_target):
                if target is not None and target not in known:
                    raise ValueError(f"'{entry.id}' is placed by '{target}', which is not in the spec")
                if target == entry.id:
                    raise ValueError(f"'{entry.id}' is placed by itself")
        return self
