"""A lexicon of the tests' own: every label that can be built, so that the parser is tested apart from the assets."""

from __future__ import annotations

from worldgen.scene.labels import LABEL_INDEX, LABELS
from worldgen.spec.lexicon import FamilyWords, Lexicon

_KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "rock": {"boulder": ("rock", "boulder"), "stones": ("stone", "pebble"), "spire": ("rock spire",)},
    "cliff": {"crag": ("cliff", "crag")},
    "conifer": {"spruce": ("conifer", "spruce", "evergreen"), "pine": ("pine", "pine tree"), "fir": ("fir",)},
    "broadleaf": {
        "beech": ("tree", "beech", "deciduous tree"),
        "oak": ("oak", "oak tree"),
        "cherry": ("cherry tree", "cherry blossom"),
        "jungle_tree": ("jungle tree",),
        "acacia": ("acacia",),
    },
    "birch": {"birch": ("birch", "silver birch"), "aspen": ("aspen",)},
    "palm": {"coconut": ("palm", "palm tree"), "date": ("date palm",)},
    "cactus": {"saguaro": ("cactus", "saguaro")},
    "dead_tree": {"snag": ("dead tree", "bare tree"), "stump": ("stump", "tree stump")},
    "bush": {"shrub": ("bush", "shrub"), "heather": ("heather",)},
    "fern": {"fern": ("fern", "bracken")},
    "reeds": {"reeds": ("reed",), "cattails": ("cattail",)},
    "grass": {"meadow": ("grass", "meadow grass"), "tall": ("tall grass",)},
    "flowers": {"wildflowers": ("flower", "wildflower"), "poppies": ("poppy",), "lavender": ("lavender",)},
    "cabin": {"log_cabin": ("cabin", "log cabin"), "hut": ("hut", "shack")},
    "timber_house": {"half_timbered": ("timber house", "half-timbered house"), "plank_house": ("wooden house",)},
    "stone_house": {"farmhouse": ("house", "stone house"), "stone_cottage": ("cottage", "stone cottage")},
    "tower": {
        "watchtower": ("tower", "watchtower"),
        "lighthouse": ("lighthouse",),
        "ruined_tower": ("ruined tower",),
    },
    "church": {"church": ("church",), "chapel": ("chapel",)},
    "wall": {"stone_wall": ("wall", "stone wall"), "town_wall": ("town wall", "rampart")},
    "ruins": {"ruined_house": ("ruin", "ruins"), "temple_ruins": ("temple",), "arch_ruins": ("ruined church",)},
    "bridge": {"stone_bridge": ("bridge", "stone bridge"), "wooden_bridge": ("wooden bridge", "footbridge")},
    "boat": {"rowboat": ("boat", "rowboat"), "sailboat": ("sailboat",)},
    "market_stall": {"stall": ("market stall", "stall")},
}

_MATERIALS: dict[str, tuple[str, ...]] = {
    "cabin": ("wood", "stone"),
    "timber_house": ("wood", "brick"),
    "stone_house": ("stone", "brick", "plaster"),
    "barn": ("wood", "red"),
    "tower": ("stone", "brick", "wood"),
    "church": ("stone", "wood"),
    "bridge": ("stone", "wood", "rope"),
    "wall": ("stone", "brick"),
    "rock": ("granite", "sandstone"),
}

_ADJECTIVES: dict[str, dict[str, str]] = {
    "tower": {"ruined": "ruined_tower", "crumbling": "ruined_tower"},
    "broadleaf": {"blossoming": "cherry"},
    "flowers": {"red": "poppies"},
}

_NOT_BUILT = {"sky", "ground", "mountain", "path", "lake", "river", "sea", "thing"}

LEXICON = Lexicon.of(
    FamilyWords(
        name=label.name,
        kinds=_KINDS.get(label.name, {label.name: (label.name.replace("_", " "),)}),
        materials=_MATERIALS.get(label.name, ()),
        adjectives=_ADJECTIVES.get(label.name, {}),
        scattered=label.group in ("vegetation", "rock"),
        group=label.group,
    )
    for label in LABELS
    if label.name not in _NOT_BUILT
)

assert set(_KINDS) <= set(LABEL_INDEX)
