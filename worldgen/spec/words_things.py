"""Words for things beyond those that the asset families declare: synonyms, groups, materials and arrangements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from worldgen.spec.model import Relation, WaterKind
from worldgen.spec.senses import Collective, Group, MaterialWord, Sense

TREE_FAMILIES = ("broadleaf", "conifer", "birch", "palm", "dead_tree")
"""Families that the word "tree" covers."""

GROUND_FAMILIES = ("grass", "flowers", "reeds", "fern", "moss", "mushroom")
"""Families that grow in masses: a few of them are a thin carpet, not single items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A word for a thing that stands for the first of some families that the lexicon has."""

    families: tuple[str, ...]
    kind: str | None = None
    """A kind to take where the family has it."""
    size: float = 1.0
    material: str | None = None
    nearest: bool = False
    adjective: bool = False


def _aliases(words: str, *families: str, **more: object) -> dict[str, Alias]:
    alias = Alias(families=families, **more)  # type: ignore[arg-type]
    return dict.fromkeys(words.split("|"), alias)


ALIASES: Mapping[str, Alias] = MappingProxyType(
    {
        **_aliases("house|home|building|dwelling|residence|homestead house", "timber_house", "stone_house", "cabin"),
        **_aliases("cottage|farmhouse|farm house|country house", "stone_house", "timber_house", "cabin"),
        **_aliases("inn|tavern|pub|guesthouse|hotel|town hall|school", "timber_house", "stone_house", size=1.25),
        **_aliases("manor|mansion|villa|manor house|estate|chateau|palace", "stone_house", "timber_house", size=1.6),
        **_aliases("half timbered house|tudor house|timber framed house", "timber_house", "cabin"),
        **_aliases("hut|shack|shed|lodge|chalet|bothy|shelter|log house|shanty|bungalow", "cabin", "timber_house"),
        **_aliases("wood cabin|log hut|mountain hut|forest hut|refuge|cabana|hovel", "cabin", "timber_house"),
        **_aliases("outhouse", "cabin", size=0.5),
        **_aliases("stable|granary|warehouse|hayloft|cowshed|hay barn|sawmill", "barn", "cabin"),
        **_aliases("watchtower|watch tower|turret|keep|belfry|bell tower|guard tower|donjon|spire", "tower"),
        **_aliases("lighthouse|light house", "tower", kind="lighthouse", size=1.3, nearest=True),
        **_aliases("windmill|wind mill", "windmill", "tower", nearest=True),
        **_aliases("watermill|water mill|mill", "watermill", "stone_house", "timber_house", nearest=True),
        **_aliases("minaret|obelisk|pagoda|skyscraper|water tower|silo|chimney stack", "tower", nearest=True),
        **_aliases("chapel|oratory", "church", size=0.65),
        **_aliases("shrine|torii|altar", "shrine", "church", nearest=True),
        **_aliases("cathedral|basilica|minster", "church", size=1.8),
        **_aliases("temple|parthenon|acropolis|amphitheater|amphitheatre|colosseum", "temple", "ruins", nearest=True),
        **_aliases("mosque|synagogue", "church", nearest=True),
        **_aliases("ruin|remains|rubble|relic|remnant", "ruins"),
        **_aliases("stone circle|stonehenge", "stone_circle", "ruins", nearest=True),
        **_aliases("standing stone|menhir|megalith|dolmen|monolith", "rock", kind="spire", nearest=True),
        **_aliases("basalt column|rock column|sea stack|rock arch|stone pillar", "rock", kind="spire", nearest=True),
        **_aliases("rampart|battlement|city wall|palisade wall|town wall|fortification", "wall"),
        **_aliases("archway|gateway|gatehouse|gate|arch|portal", "gate", "wall", nearest=True),
        **_aliases("palisade|railing|handrail|picket fence|wooden fence|enclosure|stockade", "fence"),
        **_aliases("footbridge|foot bridge|viaduct|aqueduct|arch bridge|overpass", "bridge"),
        **_aliases("street lamp|streetlamp|streetlight|street light|lantern|lamp|lamppost|lamp post", "lamp_post"),
        **_aliases("rowboat|rowing boat|fishing boat|dinghy|canoe|skiff|raft|gondola|kayak", "boat"),
        **_aliases("ship|sailboat|sailing boat|yacht|galleon|sailing ship|vessel", "boat", size=1.5, nearest=True),
        **_aliases("trawler|longship|viking ship|pirate ship|barge|ferry", "boat", size=1.5, nearest=True),
        **_aliases("shipwreck|ship wreck|wreck", "boat", kind="wreck", size=1.5, nearest=True),
        **_aliases("dock|pier|jetty|wharf|quay|boardwalk|landing stage|mooring", "dock"),
        **_aliases("tent|tepee|tipi|yurt|pavilion", "tent", "cabin", nearest=True),
        **_aliases("campfire|bonfire|camp fire|fire pit|fireplace|fire", "campfire"),
        **_aliases("signpost|sign post|milestone|waymarker|guidepost", "signpost"),
        **_aliases("statue|sculpture|idol|colossus|stone figure", "statue"),
        **_aliases("haystack|hay bale|hay stack|hay|straw bale", "haystack"),
        **_aliases("cart|wagon|carriage|wheelbarrow", "cart"),
        **_aliases("gravestone|tombstone|grave|headstone|tomb", "gravestone"),
        **_aliases("market stall|stall|kiosk|booth", "market_stall"),
        **_aliases("pyramid|ziggurat", "pyramid"),
        **_aliases("fountain|water well|wishing well|draw well", "well", nearest=False),
        **_aliases("boulder|stone|pebble|rock formation|rocky outcrop|scree", "rock"),
        **_aliases(
            "pine|fir|spruce|larch|cedar|conifer|evergreen|cypress|redwood|sequoia|hemlock|yew|juniper", "conifer"
        ),
        **_aliases("christmas tree|fir tree", "conifer"),
        **_aliases("oak|beech|maple|elm|ash tree|chestnut|linden|walnut|sycamore|cherry tree|apple tree", "broadleaf"),
        **_aliases(
            "olive tree|acacia|baobab|plane tree|fruit tree|deciduous tree|eucalyptus", "broadleaf", nearest=True
        ),
        **_aliases("willow|poplar|alder|hazel|rowan|banyan|kapok", "broadleaf", nearest=True),
        **_aliases("aspen", "birch", nearest=True),
        **_aliases("coconut|coconut tree|coconut palm|date palm|palmtree", "palm"),
        **_aliases("saguaro|prickly pear|agave|succulent|joshua tree", "cactus"),
        **_aliases("dead wood|bare tree|withered tree|leafless tree|stump|tree stump|driftwood|snag", "dead_tree"),
        **_aliases("shrub|hedge|bramble|thornbush|sagebrush|hedgerow|gorse|heather|rhododendron|scrub", "bush"),
        **_aliases("bracken|fern frond|tree fern|undergrowth", "fern", "bush"),
        **_aliases("reed|cattail|bulrush|rush|sedge|papyrus|water plant", "reeds"),
        **_aliases("bamboo|sugar cane|rice", "reeds", nearest=True),
        **_aliases("tall grass|lawn|turf|grass tuft|green grass", "grass"),
        **_aliases("flower|wildflower|wild flower|daisy|poppy|tulip|lavender|sunflower|lupin|lupine", "flowers"),
        **_aliases("roses|buttercup|dandelion|bluebell|edelweiss|daffodil|orchid|hibiscus|violet", "flowers"),
        **_aliases("flowery|flowering|alpine flower|crocus|cornflower|iris|lily|clover", "flowers"),
        **_aliases("rocky|stony|bouldery|boulder strewn|rock strewn", "rock", adjective=True),
        **_aliases("grassy|grass covered", "grass", adjective=True),
        **_aliases("flowery|flowering|flower filled|flower strewn", "flowers", adjective=True),
        **_aliases("bushy|shrubby|scrubby", "bush", adjective=True),
        **_aliases("reedy", "reeds", adjective=True),
        **_aliases("ferny", "fern", adjective=True),
    }
)
"""Words that families need not declare; a family's own words win."""

GROUPS: Mapping[str, Sense] = {
    **{word: Group(word, "tree") for word in ("tree",)},
    **{word: Group(word, "tree", adjective=True) for word in ("wooded", "forested", "tree covered", "tree lined")},
    **{word: Group(word, "plant") for word in ("plant", "vegetation", "greenery", "foliage plants", "flora")},
    **{word: Group(word, "building") for word in ("structure", "architecture", "civilization", "civilisation")},
}

DWELLING_WORDS = frozenset({"house", "home", "dwelling"})
"""Words that, ruled out, rule out every dwelling; "building" rules out every structure."""

DWELLING_FAMILIES = ("cabin", "timber_house", "stone_house", "adobe_house")


def _materials(words: str, *names: str) -> dict[str, Sense]:
    return {word: MaterialWord((word, *names)) for word in words.split("|")}


MATERIALS: Mapping[str, Sense] = {
    **_materials(
        "wood|wooden|timber|log|plank|timbered|weatherboard|oaken", "wood", "timber", "log", "planks", "plank"
    ),
    **_materials("half timbered|timber framed|tudor", "half_timbered", "timber_frame", "timber", "wood", "plaster"),
    **_materials(
        "stone|fieldstone|granite|rubble stone|dry stone|drystone|slate|basalt", "stone", "fieldstone", "rock"
    ),
    **_materials("marble|limestone|ashlar|chalk", "marble", "limestone", "ashlar", "stone", "plaster"),
    **_materials("sandstone|adobe|mud|clay|mudbrick", "sandstone", "adobe", "plaster", "stone"),
    **_materials("brick|redbrick|red brick|bricks", "brick", "bricks", "stone"),
    **_materials("metal|iron|steel|wrought iron|cast iron|bronze", "metal", "iron", "steel"),
    **_materials("plaster|plastered|whitewashed|stucco|rendered", "plaster", "whitewash", "stucco"),
    **_materials("thatched|thatch|straw", "thatch", "thatched", "straw"),
    **_materials("rope|suspension", "rope", "wood"),
    **_materials("moss covered|mossy|moss", "mossy"),
    **_materials("wattle|wicker", "wattle", "wood"),
}

USUAL_MATERIAL: Mapping[str, str] = MappingProxyType(
    {
        "cabin": "wood",
        "timber_house": "wood",
        "barn": "wood",
        "fence": "wood",
        "boat": "wood",
        "stone_house": "stone",
        "tower": "stone",
        "church": "stone",
        "wall": "stone",
        "ruins": "stone",
        "well": "stone",
        "bridge": "stone",
        "lamp_post": "metal",
        "rock": "stone",
        "dock": "wood",
        "windmill": "wood",
        "cart": "wood",
        "signpost": "wood",
        "market_stall": "wood",
        "castle": "stone",
        "gate": "stone",
        "statue": "stone",
        "gravestone": "stone",
        "pyramid": "stone",
    }
)
"""What a family is made of where it declares no choice: asking for just that is granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A member of an arrangement: the first family that the lexicon has."""

    name: str
    families: tuple[str, ...]
    count: int = 1
    size: float = 1.0
    relation: Relation = "near_spawn"
    of_first: bool = False
    """Whether the relation is to the arrangement's first part."""
    of_water: bool = False
    density: float | None = None
    """For plants: strewn instead of placed."""
    unless: str | None = None
    """A family that makes this part unnecessary where the lexicon has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What a collective noun expands to."""

    parts: tuple[Part, ...] = ()
    trees: float | None = None
    """For forests: density of the trees."""
    path: bool = False
    water: WaterKind | None = None


_HOUSES = ("timber_house", "stone_house", "cabin")
_STONE_HOUSES = ("stone_house", "timber_house", "cabin")

ARRANGEMENTS: Mapping[str, Arrangement] = MappingProxyType(
    {
        "forest": Arrangement(trees=0.85),
        "grove": Arrangement(trees=0.45),
        "thicket": Arrangement(trees=0.7, parts=(Part(name="undergrowth", families=("bush",), density=0.7),)),
        "orchard": Arrangement(trees=0.4),
        "village": Arrangement(
            parts=(
                Part(name="houses", families=_HOUSES, count=5),
                Part(name="cottages", families=_STONE_HOUSES, count=2, relation="by", of_first=True),
                Part(name="church", families=("church",), relation="by", of_first=True),
                Part(name="well", families=("well",), relation="by", of_first=True),
            ),
            path=True,
        ),
        "hamlet": Arrangement(
            parts=(
                Part(name="houses", families=_HOUSES, count=3),
                Part(name="well", families=("well",), relation="by", of_first=True),
            ),
            path=True,
        ),
        "town": Arrangement(
            parts=(
                Part(name="houses", families=_HOUSES, count=8),
                Part(name="stone_houses", families=_STONE_HOUSES, count=4, relation="by", of_first=True),
                Part(name="church", families=("church",), relation="by", of_first=True),
                Part(name="lamps", families=("lamp_post",), count=5, relation="along"),
                Part(name="stalls", families=("market_stall",), count=3, relation="by", of_first=True),
                Part(name="well", families=("well",), relation="by", of_first=True),
            ),
            path=True,
        ),
        "farm": Arrangement(
            parts=(
                Part(name="house", families=_HOUSES),
                Part(name="barn", families=("barn",), relation="by", of_first=True),
                Part(name="fence", families=("fence",), count=2, relation="around", of_first=True),
                Part(name="haystacks", families=("haystack",), count=3, relation="by", of_first=True),
                Part(name="cart", families=("cart",), relation="by", of_first=True),
            ),
            path=True,
        ),
        "camp": Arrangement(
            parts=(
                Part(name="tents", families=("tent", "cabin"), count=3),
                Part(name="fire", families=("campfire", "lamp_post"), relation="by", of_first=True),
            ),
        ),
        "harbor": Arrangement(
            parts=(
                Part(name="boats", families=("boat",), count=4, relation="on", of_water=True),
                Part(name="docks", families=("dock",), count=2, relation="on", of_water=True),
                Part(name="houses", families=_HOUSES, count=3, relation="by", of_water=True),
                Part(name="lamps", families=("lamp_post",), count=2, relation="by", of_water=True),
            ),
            path=True,
            water="sea",
        ),
        "castle": Arrangement(
            parts=(
                Part(name="", families=("castle", "tower")),
                Part(name="towers", families=("tower",), count=4, relation="around", of_first=True, unless="castle"),
                Part(name="walls", families=("wall",), count=4, relation="around", of_first=True, unless="castle"),
            ),
        ),
        "fort": Arrangement(
            parts=(
                Part(name="tower", families=("tower",)),
                Part(name="walls", families=("wall",), count=4, relation="around", of_first=True),
                Part(name="cabin", families=("cabin",), relation="by", of_first=True),
            ),
        ),
        "graveyard": Arrangement(
            parts=(
                Part(name="stones", families=("gravestone", "rock"), count=9),
                Part(name="chapel", families=("church",), size=0.6, relation="by", of_first=True),
                Part(name="fence", families=("fence",), count=2, relation="around", of_first=True),
                Part(name="trees", families=("dead_tree",), count=3, relation="by", of_first=True),
            ),
        ),
        "monastery": Arrangement(
            parts=(
                Part(name="church", families=("church",), size=1.1),
                Part(name="houses", families=_STONE_HOUSES, count=2, relation="by", of_first=True),
                Part(name="walls", families=("wall",), count=3, relation="around", of_first=True),
                Part(name="well", families=("well",), relation="by", of_first=True),
            ),
        ),
        "garden": Arrangement(
            parts=(
                Part(name="flowers", families=("flowers",), density=0.6),
                Part(name="bushes", families=("bush",), density=0.4),
                Part(name="fence", families=("fence",)),
            ),
        ),
        "park": Arrangement(
            parts=(
                Part(name="lawn", families=("grass",), density=0.8),
                Part(name="trees", families=("broadleaf",), density=0.25),
                Part(name="lamps", families=("lamp_post",), count=4, relation="along"),
            ),
            path=True,
        ),
        "market": Arrangement(
            parts=(
                Part(name="stalls", families=("market_stall", "timber_house"), count=5),
                Part(name="cart", families=("cart",), relation="by", of_first=True),
                Part(name="well", families=("well",), relation="by", of_first=True),
            ),
            path=True,
        ),
        "vineyard": Arrangement(parts=(Part(name="vines", families=("bush",), density=0.6, size=0.7),)),
    }
)
"""Collective nouns, by name."""


def _collective(name: str, words: str, *, size: float = 1.0, nearest: bool = False) -> dict[str, Sense]:
    return {word: Collective(word, name, size, nearest) for word in words.split("|")}


COLLECTIVES: Mapping[str, Sense] = {
    **_collective("forest", "forest|woods|woodland|forestland|old growth forest|woodlands|timberland|forest of trees"),
    **_collective("grove", "grove|copse|spinney|group of trees|clump of trees|stand of trees|avenue|alley of trees"),
    **_collective("thicket", "thicket|brushwood|underwood"),
    **_collective("orchard", "orchard|apple orchard|olive grove|cherry orchard|fruit orchard|plantation"),
    **_collective("village", "village|medieval village|settlement|mountain village|fishing village|villages"),
    **_collective("hamlet", "hamlet|small village|tiny village"),
    **_collective("town", "town|township|market town|small town|old town"),
    **_collective("town", "city|metropolis|cityscape|ghost town|shanty town", nearest=True),
    **_collective("farm", "farm|farmstead|ranch|farmyard|smallholding"),
    **_collective("camp", "camp|campsite|encampment|campground"),
    **_collective("harbor", "harbor|harbour|port|marina|fishing port|fishing harbor|fishing harbour|anchorage|seaport"),
    **_collective("castle", "castle|fortress|citadel|stronghold|medieval castle|alcazar|chateau fort"),
    **_collective("fort", "fort|outpost|garrison|redoubt|hillfort|hill fort"),
    **_collective("graveyard", "graveyard|cemetery|churchyard|burial ground|necropolis"),
    **_collective("monastery", "monastery|abbey|priory|cloister|convent|nunnery"),
    **_collective("garden", "garden|flower garden|cottage garden|flowerbed|flower bed"),
    **_collective("park", "park|parkland|public garden"),
    **_collective("market", "market|marketplace|market square|village square|town square|bazaar"),
    **_collective("vineyard", "vineyard|vine|winery", nearest=True),
}
