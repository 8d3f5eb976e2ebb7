"""Small edits change what they say and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.spec.lexicons import LEXICON
from worldgen.errors import InvalidInputError
from worldgen.spec.edits import (
    add_item,
    add_scatter,
    add_water,
    change_entry,
    entry_ids,
    exclude_family,
    move_item,
    remove_entry,
    set_land,
    set_season,
    set_time_of_day,
    set_weather,
)
from worldgen.spec.files import decode_spec, encode_spec
from worldgen.spec.model import WorldSpec
from worldgen.spec.parser import parse_prompt

SPEC = parse_prompt("a tower by a lake, a well behind the tower, a boat, reeds along the lake, no barn", LEXICON)


def test_adding_a_tower_leaves_everything_else_alone() -> None:
    edited = add_item(SPEC, "tower", size=2.0)
    assert edited.items[:-1] == SPEC.items
    assert edited.items[-1].id == "tower_2"
    assert edited.items[-1].size == 2.0
    assert edited.model_copy(update={"items": SPEC.items}) == SPEC
    third = add_item(edited, "tower")
    assert third.items[-1].id == "tower_3"
    # A gap is filled before a new number is taken.
    assert add_item(remove_entry(third, "tower_2"), "tower").items[-1].id == "tower_2"


def test_edits_are_pure() -> None:
    before = encode_spec(SPEC)
    add_item(SPEC, "barn")
    remove_entry(SPEC, "lake")
    set_weather(SPEC, fog=1.0)
    assert encode_spec(SPEC) == before


def test_items_are_placed_by_others() -> None:
    edited = add_item(SPEC, "barn", wanted_id="Old Barn!", relation="by", target="tower")
    assert edited.items[-1].id == "old_barn"
    assert edited.items[-1].place.target == "tower"
    assert "barn" in SPEC.excluded
    assert "barn" not in edited.excluded


def test_the_hill_and_the_path_come_with_what_stands_there() -> None:
    assert add_item(SPEC, "church", relation="on", target="hill").land.hill
    assert add_item(SPEC, "lamp_post", relation="along", target="path").path
    assert move_item(SPEC, "tower", "on", "hill").land.hill


def test_scatters_and_waters() -> None:
    edited = add_scatter(SPEC, "fern", 0.4, kind="fern")
    assert edited.scatters[-1].model_dump(include={"id", "family", "density", "from_prompt"}) == {
        "id": "fern",
        "family": "fern",
        "density": 0.4,
        "from_prompt": True,
    }
    edited = add_water(edited, "lake", size=0.5)
    assert [water.id for water in edited.waters] == ["lake", "lake_2"]


def test_removing_a_target_releases_what_stood_by_it() -> None:
    edited = remove_entry(SPEC, "lake")
    assert "lake" not in entry_ids(edited)
    assert next(item for item in edited.items if item.id == "tower").place.relation == "near_spawn"
    assert next(scatter for scatter in edited.scatters if scatter.id == "reeds").place is None
    well = next(item for item in edited.items if item.id == "well")
    assert well == next(item for item in SPEC.items if item.id == "well")


def test_changes_of_fields() -> None:
    assert next(item for item in change_entry(SPEC, "tower", count=3).items if item.id == "tower").count == 3
    assert change_entry(SPEC, "lake", frozen=True).waters[0].frozen
    assert set_weather(SPEC, fog=0.5).weather.fog == 0.5
    assert set_weather(SPEC, fog=0.5).weather.cloud_cover == SPEC.weather.cloud_cover
    assert set_land(SPEC, relief=0.8).land.relief == 0.8
    assert set_time_of_day(SPEC, "night").time_of_day == "night"
    assert set_season(SPEC, "autumn").season == "autumn"


def test_a_family_can_be_ruled_out() -> None:
    edited = exclude_family(SPEC, "tower")
    assert all(item.family != "tower" for item in edited.items)
    assert edited.excluded[-1] == "tower"
    assert exclude_family(edited, "tower") == edited


@pytest.mark.parametrize(
    "edit",
    [
        lambda: add_item(SPEC, "tower", relation="by", target="moon"),
        lambda: add_item(SPEC, "tower", relation="above"),  # type: ignore[arg-type]
        lambda: add_item(SPEC, "tower", count=0),
        lambda: add_item(SPEC, "tower", color="red"),
        lambda: add_item(SPEC, "Big Tower"),
        lambda: add_scatter(SPEC, "fern", 2.0),
        lambda: remove_entry(SPEC, "moon"),
        lambda: change_entry(SPEC, "moon", count=1),
        lambda: change_entry(SPEC, "tower", id="other"),
        lambda: change_entry(SPEC, "tower", density=0.5),
        lambda: move_item(SPEC, "reeds", "by", "lake"),
        lambda: move_item(SPEC, "tower", "by", "tower"),
        lambda: set_weather(SPEC, fog=2.0),
        lambda: set_weather(SPEC, rain=1.0),
        lambda: set_time_of_day(SPEC, "teatime"),  # type: ignore[arg-type]
    ],
)
def test_wrong_edits_are_refused(edit: Callable[[], WorldSpec]) -> None:
    with pytest.raises(InvalidInputError):
        edit()


def test_edited_specs_can_be_saved() -> None:
    edited = add_water(add_item(SPEC, "barn"), "river")
    assert decode_spec(encode_spec(edited)) == edited
