"""The label table: what a pixel, point or object is, as a small number, a name and a colour.

A label is the name of an asset family or of a part of the land. Numbers are stable: append, never reorder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

LabelGroup = Literal["sky", "land", "water", "rock", "vegetation", "structure", "prop"]


@dataclass(frozen=True, slots=True)
class Label:
    """A row of the table; ``color`` is the sRGB colour it has in ``labels.png``."""

    name: str
    group: LabelGroup
    color: tuple[int, int, int]


LABELS: tuple[Label, ...] = (
    Label("sky", "sky", (135, 190, 235)),
    Label("ground", "land", (122, 104, 72)),
    Label("mountain", "land", (150, 140, 135)),
    Label("path", "land", (196, 164, 110)),
    Label("lake", "water", (40, 90, 160)),
    Label("river", "water", (50, 120, 190)),
    Label("sea", "water", (20, 70, 150)),
    Label("rock", "rock", (120, 120, 125)),
    Label("cliff", "rock", (95, 88, 84)),
    Label("conifer", "vegetation", (20, 90, 50)),
    Label("broadleaf", "vegetation", (60, 130, 40)),
    Label("birch", "vegetation", (140, 175, 80)),
    Label("palm", "vegetation", (70, 160, 90)),
    Label("cactus", "vegetation", (70, 120, 80)),
    Label("dead_tree", "vegetation", (110, 85, 65)),
    Label("bush", "vegetation", (85, 115, 45)),
    Label("fern", "vegetation", (60, 150, 60)),
    Label("reeds", "vegetation", (150, 150, 70)),
    Label("grass", "vegetation", (125, 170, 60)),
    Label("flowers", "vegetation", (220, 120, 170)),
    Label("cabin", "structure", (170, 90, 40)),
    Label("timber_house", "structure", (190, 110, 60)),
    Label("stone_house", "structure", (165, 150, 130)),
    Label("barn", "structure", (160, 50, 40)),
    Label("tower", "structure", (180, 160, 150)),
    Label("church", "structure", (215, 205, 190)),
    Label("wall", "structure", (140, 130, 115)),
    Label("ruins", "structure", (155, 145, 120)),
    Label("bridge", "structure", (175, 135, 95)),
    Label("fence", "prop", (150, 110, 70)),
    Label("well", "prop", (130, 140, 150)),
    Label("lamp_post", "prop", (240, 210, 90)),
    Label("boat", "prop", (200, 70, 60)),
    Label("windmill", "structure", (230, 195, 160)),
    Label("castle", "structure", (145, 140, 160)),
    Label("gate", "structure", (170, 140, 140)),
    Label("shrine", "structure", (225, 75, 40)),
    Label("pyramid", "structure", (215, 185, 110)),
    Label("dock", "structure", (135, 100, 75)),
    Label("tent", "prop", (210, 190, 130)),
    Label("campfire", "prop", (250, 120, 30)),
    Label("signpost", "prop", (165, 125, 80)),
    Label("statue", "prop", (190, 190, 185)),
    Label("haystack", "prop", (220, 190, 80)),
    Label("cart", "prop", (130, 85, 50)),
    Label("gravestone", "prop", (125, 130, 125)),
    Label("market_stall", "prop", (205, 90, 90)),
    Label("thing", "prop", (200, 150, 120)),  # whatever stands in a world that was made from a picture
)

LABEL_INDEX: Mapping[str, int] = MappingProxyType({label.name: index for index, label in enumerate(LABELS)})
"""Number of each label, by name."""
