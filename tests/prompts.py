"""Forty prompts as people write them, each with what must and must not be in the picture.

``visible`` and ``absent`` are names of the label table, or of a group below; ``visible`` ones must be seen in the
spawn panorama, ``absent`` ones nowhere. ``ignored`` are the words that are not understood, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LABEL_GROUPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "tree": frozenset({"conifer", "broadleaf", "birch", "palm", "dead_tree"}),
        "house": frozenset({"cabin", "timber_house", "stone_house"}),
        "water": frozenset({"lake", "river", "sea"}),
        "stronghold": frozenset({"castle", "tower"}),
    }
)
"""A group is visible if one of its labels is, and absent if all of them are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCase:
    """A prompt and what its world must show."""

    prompt: str
    visible: tuple[str, ...]
    absent: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A short name for test ids and folders."""
        words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in self.prompt).split()
        return "_".join(words[:6]).lower() or "other_script"


def labels_of(name: str) -> frozenset[str]:
    """The labels that a name of ``visible`` or ``absent`` stands for."""
    return LABEL_GROUPS.get(name, frozenset({name}))


PROMPTS: tuple[PromptCase, ...] = (
    # Single things, counts and sizes
    PromptCase(prompt="A cabin by the lake", visible=("cabin", "lake", "grass"), absent=("sea", "tower")),
    PromptCase(prompt="three towers on a hill, misty morning", visible=("tower", "grass"), absent=("house",)),
    PromptCase(prompt="a huge oak in a flowery meadow, clear sky", visible=("broadleaf", "grass", "flowers")),
    PromptCase(prompt="A pair of birches beside an old well", visible=("birch", "well"), absent=("water",)),
    PromptCase(
        prompt="five giant boulders around a campfire at night, starry sky", visible=("rock", "campfire", "grass")
    ),
    # Materials and relations
    PromptCase(prompt="a stone bridge over a river, autumn forest, golden hour", visible=("bridge", "river", "tree")),
    PromptCase(
        prompt="a wooden cabin by a frozen lake, surrounded by pine trees, snowy mountains in the distance, at dawn",
        visible=("cabin", "lake", "conifer", "mountain"),
        absent=("palm", "cactus"),
    ),
    PromptCase(prompt="A tower between two oaks, a fence around it", visible=("tower", "broadleaf", "fence")),
    PromptCase(
        prompt="By the river stands a barn; behind it, a dark spruce forest.", visible=("barn", "river", "conifer")
    ),
    PromptCase(prompt="a row of five lamp posts along a cobbled street at dusk", visible=("lamp_post", "path")),
    PromptCase(
        prompt="a small boat on a quiet mountain lake, reeds along the shore",
        visible=("boat", "lake", "reeds", "mountain"),
    ),
    # Villages and other arrangements
    PromptCase(
        prompt="A medieval village with a church and a well, cobbled street, lamp posts along the path, at night",
        visible=("house", "church", "path", "lamp_post"),
        absent=("water",),
    ),
    PromptCase(prompt="a castle on a hill behind the village, no clouds", visible=("stronghold", "house")),
    PromptCase(
        prompt="a farm in rolling hills, wheat fields, a red barn and a long wooden fence, summer afternoon",
        visible=("house", "barn", "fence", "grass", "path"),
    ),
    PromptCase(
        prompt="fishing village on a rocky coast, five boats, overcast", visible=("house", "sea", "boat", "rock")
    ),
    PromptCase(
        prompt="a graveyard behind a ruined church, haunted, full moon, dead trees",
        visible=("gravestone", "ruins", "dead_tree"),
    ),
    PromptCase(
        prompt="camp in the pine woods: three tents, a campfire, stars", visible=("tent", "campfire", "conifer")
    ),
    PromptCase(
        prompt="harbour with a dock, fishing boats and market stalls, foggy dawn",
        visible=("boat", "dock", "market_stall", "water"),
    ),
    # Biomes
    PromptCase(
        prompt="alpine meadow full of wildflowers, snow-capped peaks, crystal clear lake, a few clouds",
        visible=("grass", "flowers", "lake", "mountain"),
    ),
    PromptCase(
        prompt="Temperate forest in autumn with ferns and fallen leaves, after the rain",
        visible=("tree", "fern"),
        absent=("cactus", "house"),
    ),
    PromptCase(
        prompt="sun-baked desert with huge cacti and sandstone rocks, cloudless sky, noon",
        visible=("cactus", "rock"),
        absent=("water", "conifer"),
    ),
    PromptCase(
        prompt="Deep canyon at sunset, towering cliffs, a lone cactus in the foreground",
        visible=("cliff", "cactus"),
        absent=("house",),
    ),
    PromptCase(
        prompt="tropical beach with palm trees, a boat on the sea, sunset, photorealistic, 8k, unreal engine",
        visible=("palm", "sea", "boat"),
        absent=("conifer",),
    ),
    PromptCase(prompt="A lone lighthouse on a cliff overlooking a stormy sea", visible=("tower", "sea", "cliff")),
    PromptCase(prompt="treeless tundra, snowstorm, a ruined tower", visible=("tower",), absent=("tree", "flowers")),
    PromptCase(
        prompt="jungle with ferns, flowering bushes and a ruined temple, humid",
        visible=("tree", "fern", "bush", "ruins"),
    ),
    PromptCase(
        prompt="desert oasis with date palms and a pyramid on the horizon, hazy afternoon",
        visible=("palm", "lake", "pyramid"),
        absent=("conifer",),
    ),
    PromptCase(prompt="An eerie moonlit swamp with dead trees, reeds and thick fog", visible=("dead_tree", "reeds")),
    PromptCase(prompt="Scottish highlands, loch, stone walls, heather, moody", visible=("lake", "wall", "bush")),
    PromptCase(
        prompt="African savanna with acacia trees at sunset",
        visible=("broadleaf", "grass"),
        absent=("water", "conifer"),
        ignored=("African",),
    ),
    # Negation
    PromptCase(
        prompt="rolling grassland without trees, houses or fences, only grass and rocks",
        visible=("grass", "rock"),
        absent=("tree", "house", "fence", "flowers", "bush"),
    ),
    PromptCase(
        prompt="not a single house, but a wooden windmill on the hill, haystacks in the fields",
        visible=("windmill", "haystack", "grass"),
        absent=("house",),
    ),
    PromptCase(
        prompt="snowy pine forest, no people, no paths, no fog --ar 16:9",
        visible=("conifer",),
        absent=("path", "house", "water"),
    ),
    PromptCase(
        prompt="no trees but one huge oak. A signpost next to it.",
        visible=("broadleaf", "signpost"),
        absent=("conifer", "birch", "palm", "dead_tree"),
    ),
    # Slips, other languages and scripts
    PromptCase(prompt="mountians and a cabbin by a lake at sunsett", visible=("cabin", "lake", "mountain")),
    PromptCase(prompt="ein Haus am See im Wald, Nebel", visible=("house", "lake", "tree")),
    PromptCase(prompt="湖边的小屋，雪山，日落", visible=("cabin", "lake", "mountain")),
    PromptCase(prompt="🌲🌲 🏔️ 🛖 🌅", visible=("conifer", "mountain", "cabin")),
    # Sentences, and words that mean nothing here
    PromptCase(
        prompt="I want a big stone church in the middle of a village. A cart and a statue stand in front of it, "
        "and a gate leads to a shrine. A dragon sleeps nearby.",
        visible=("church", "house", "cart", "statue", "gate", "shrine"),
        ignored=("dragon", "sleeps"),
    ),
    PromptCase(
        prompt="Tuscan hills with cypress trees lining a gravel road to a villa, lavender, cyberpunk",
        visible=("conifer", "path", "house", "flowers"),
        ignored=("cyberpunk",),
    ),
)
