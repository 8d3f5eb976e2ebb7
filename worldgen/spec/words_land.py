"""Words for biomes, water, the shape of the land and paths."""

from __future__ import annotations

from collections.abc import Mapping

from worldgen.spec.model import Biome, WaterKind
from worldgen.spec.senses import Atmosphere, BiomeNoun, LandFeature, LandNoun, PathNoun, Sense, WaterNoun


def _biome(biome: Biome, words: str, weight: float, **more: object) -> dict[str, Sense]:
    return {word: BiomeNoun(word, biome, weight, **more) for word in words.split("|")}  # type: ignore[arg-type]


def _water(kind: WaterKind, words: str, **more: object) -> dict[str, Sense]:
    return {word: WaterNoun(word, kind, **more) for word in words.split("|")}  # type: ignore[arg-type]


def _land(feature: LandFeature, words: str, *, adjective: bool = False, nearest: bool = False) -> dict[str, Sense]:
    return {word: LandNoun(word, feature, adjective, nearest) for word in words.split("|")}


_MOOR = Atmosphere(word="moor", rank=1, fog=0.35, cloud_cover=0.75, storm=0.15)
_SWAMP = Atmosphere(word="swamp", rank=1, fog=0.45, cloud_cover=0.7, wetness=0.5)
_ICE = Atmosphere(word="ice", rank=2, season="winter", snow_cover=1.0)
_MEADOW = (("grass", 0.9), ("flowers", 0.4))
_SWAMP_GROUND = (("reeds", 0.6), ("dead_tree", 0.25))
_SWAMP_LACKS = ("flowers",)

BIOMES: Mapping[str, Sense] = {
    **_biome("alpine", "alpine|alps|high mountains|subalpine|mountainside|alpine landscape|alp", 8),
    **_biome("alpine", "himalaya|himalayas|himalayan|andes|dolomites|rockies|rocky mountains|swiss alps", 9),
    **_biome("alpine", "fjord|fiord|norwegian|norway", 8, nearest=True, water="sea", relief=0.95),
    **_biome("alpine", "swiss|switzerland|bavarian|bavaria|austrian|tyrol|tyrolean", 5, nearest=True),
    **_biome("temperate_forest", "temperate forest|temperate|deciduous forest|mixed forest", 8),
    **_biome(
        "temperate_forest", "taiga|boreal forest|boreal|siberian|siberia", 8, nearest=True, only="conifer", trees=1.2
    ),
    **_biome("temperate_forest", "black forest|redwood forest|coniferous forest", 8, only="conifer", trees=1.2),
    **_biome(
        "temperate_forest",
        "swamp|swampland|bayou|mire|bog|fen|mangrove|quagmire|everglades",
        8,
        nearest=True,
        water="lake",
        relief=0.08,
        sky=_SWAMP,
        ground=_SWAMP_GROUND,
        lacks=_SWAMP_LACKS,
    ),
    **_biome(
        "temperate_forest",
        "marsh|marshland|wetland|salt marsh|floodplain|marshes",
        7,
        nearest=True,
        water="lake",
        relief=0.05,
        trees=0.3,
        sky=_SWAMP,
        ground=(("reeds", 0.7),),
        lacks=_SWAMP_LACKS,
    ),
    **_biome("meadow_hills", "meadow|meadowland|wildflower meadow|flower meadow|grassy meadow", 5, ground=_MEADOW),
    **_biome("meadow_hills", "grassland|pasture|pastureland|farmland|countryside|downs", 6, ground=(("grass", 0.8),)),
    **_biome("meadow_hills", "field|grassy field|green field|clearing|glade|lea", 2, ground=(("grass", 0.8),)),
    **_biome(
        "meadow_hills",
        "wheat field|corn field|cornfield|barley field|crop|hayfield|field of wheat|wheat",
        6,
        nearest=True,
        ground=(("grass", 1.0),),
        trees=0.4,
    ),
    **_biome(
        "meadow_hills",
        "prairie|steppe|pampas|great plains",
        8,
        nearest=True,
        relief=0.12,
        trees=0.1,
        ground=(("grass", 1.0),),
    ),
    **_biome(
        "meadow_hills",
        "savanna|savannah|serengeti|african plain",
        8,
        nearest=True,
        relief=0.15,
        trees=0.3,
        ground=(("grass", 0.9),),
        sky=Atmosphere(word="savanna", rank=1, cloud_cover=0.15, time="golden_hour"),
        lacks=("flowers", "birch"),
    ),
    **_biome(
        "meadow_hills",
        "moor|moorland|heath|heathland|scottish moor",
        8,
        nearest=True,
        relief=0.4,
        trees=0.08,
        sky=_MOOR,
        ground=(("grass", 0.8), ("bush", 0.4)),
    ),
    **_biome(
        "meadow_hills",
        "highland|scottish highlands|scotland|scottish|uplands",
        7,
        nearest=True,
        relief=0.75,
        trees=0.3,
        sky=_MOOR,
        ground=(("grass", 0.9), ("rock", 0.3)),
    ),
    **_biome(
        "meadow_hills", "ireland|irish|english countryside|the shire|shire|tuscany|tuscan|provence", 6, nearest=True
    ),
    **_biome("desert", "desert|sand dune|sahara|saharan|arabian desert|gobi|desert landscape|sandy desert", 8),
    **_biome("desert", "sonoran|mojave|saguaro desert|atacama|namib|kalahari|outback", 8),
    **_biome("desert", "dune", 3.2),
    **_biome("desert", "sandy", 0.2),
    **_biome("coast", "white sand|golden sand|white sands|seaweed", 3),
    **_biome("desert", "oasis", 8, water="lake", ground=(("palm", 0.5),)),
    **_biome("desert", "sand|wild west|mexico|mexican|egypt|egyptian|arabian", 2.5, nearest=True),
    **_biome("desert", "mars|martian|salt flat|wasteland desert|dust bowl", 8, nearest=True),
    **_biome("canyon", "canyon|grand canyon|slot canyon|canyonlands|gorge|ravine|desert canyon|chasm|gulch", 9),
    **_biome(
        "canyon",
        "badlands|mesa|butte|monument valley|red rock country|utah|arizona|hoodoo|table mountain",
        9,
        nearest=True,
    ),
    **_biome("coast", "coast|coastal|coastline|shoreline|seashore|sea shore", 7, water="sea"),
    **_biome("coast", "seaside|oceanside|sea side|beachfront|oceanfront|sea coast|shorefront", 7, water="sea"),
    **_biome("coast", "beach|sandy beach|cove|bay|white sand beach|sandy cove", 7, water="sea"),
    **_biome("coast", "mediterranean|aegean|amalfi|riviera|cornish|cornwall|brittany", 6, nearest=True, water="sea"),
    **_biome("tundra", "tundra|arctic|antarctic|antarctica|polar|north pole|south pole|subarctic", 9),
    **_biome(
        "tundra",
        "glacier|glacial|ice sheet|ice field|icefield|ice cap|frozen wasteland|snowfield|snow field",
        8,
        nearest=True,
        sky=_ICE,
    ),
    **_biome("tundra", "winter wonderland", 1, sky=_ICE),
    **_biome("tundra", "iceland|icelandic|lapland|greenland|alaska|alaskan", 6, nearest=True),
    **_biome("tropical", "tropical|tropics|tropical rainforest", 9),
    **_biome("tropical", "tropical beach|tropical paradise|tropical coast|hawaii|hawaiian", 9, water="sea"),
    **_biome("tropical", "jungle|rainforest|rain forest|tropical forest|amazon|cloud forest|jungles", 9, trees=2.0),
    **_biome(
        "tropical",
        "caribbean|polynesian|polynesia|bora bora|maldives|bali|desert island|castaway island",
        9,
        nearest=True,
        water="sea",
    ),
}

WATERS: Mapping[str, Sense] = {
    **_water("lake", "lake|mountain lake|alpine lake|forest lake|lakelet|crater lake|glacial lake"),
    **_water("lake", "loch|lough|reservoir|water reservoir", size=1.5),
    **_water("lake", "pond|mill pond|fish pond|duck pond|mere", size=0.4),
    **_water("lake", "tarn|pool|watering hole|waterhole", size=0.45),
    **_water("lake", "lagoon", size=1.2, nearest=True),
    **_water("lake", "hot spring|geyser", size=0.3, nearest=True),
    **_water("lake", "lakeside|lakeshore|lakefront|lake shore|lake side|lake front|pondside", side=True),
    **_water("lake", "waterside|waterfront|water edge|waters edge|shore|bank", side=True, generic=True),
    **_water("lake", "water|body of water|waters", generic=True),
    **_water("lake", "ice lake", frozen=True),
    **_water("river", "river|mountain river|canal", size=1.0),
    **_water("river", "stream|mountain stream|waterway", size=0.5),
    **_water("river", "creek|brook|rivulet|beck|burn|brooklet|rill", size=0.4),
    **_water("river", "rapid|torrent|whitewater|white water", size=0.8, nearest=True),
    **_water("river", "waterfall|cascade|water fall", size=0.7, nearest=True),
    **_water("river", "riverside|riverbank|river bank|streamside|riverfront|creekside|river shore", side=True),
    **_water("sea", "sea|ocean|the sea|open sea|open ocean|atlantic|pacific|baltic|high sea"),
    **_water("sea", "wave|surf|tide|low tide|high tide|breaker", nearest=True),
}

LAND: Mapping[str, Sense] = {
    **_land("hill", "hill|hilltop|hillock|knoll|hillside|mound|hill top|ridge|crest"),
    **_land("hill", "mountaintop|mountain top|summit|cliff top|clifftop|cliffside|promontory|headland|plateau"),
    **_land("hills", "hills|foothill|hilly|hill country|undulating hills"),
    **_land(
        "rolling", "rolling hills|rolling|undulating|gentle hills|rolling countryside|gentle slopes|rolling plains"
    ),
    **_land("cliffs", "cliff|sea cliff|cliff face|bluff|precipice|crag|escarpment|rock face|white cliffs|chalk cliff"),
    **_land("island", "island|isle|islet|archipelago|atoll|private island"),
    **_land("valley", "valley|vale|dale|glen|dell|hollow|basin|mountain valley|mountain pass"),
    **_land("mountains", "mountain|mountain range|peak|mountains|massif|mountain landscape|mountain chain|sierra"),
    **_land("mountains", "mountain peak|volcano|mount|mountain view|mountainous", nearest=False),
    **_land("plain", "plain|flatland|lowland|flats|open plain|level ground"),
    **_land("plain", "flat|level|featureless", adjective=True),
    **_land("rugged", "rugged|jagged|craggy|steep|rough terrain|wild terrain|mountainous terrain", adjective=True),
    **_land("ground", "ground|terrain|earth|soil|landform|slope|land|floor"),
}

PATHS: Mapping[str, Sense] = {
    **{
        word: PathNoun(word)
        for word in ("path", "trail", "footpath", "pathway", "walkway", "lane", "track", "alleyway")
    },
    **{word: PathNoun(word, "dirt") for word in ("dirt road", "dirt path", "dirt track", "muddy path", "hiking trail")},
    **{
        word: PathNoun(word, "dirt")
        for word in ("dirt trail", "forest path", "sandy path", "country lane", "cart track")
    },
    **{word: PathNoun(word, "gravel") for word in ("road", "gravel road", "gravel path", "country road", "roadside")},
    **{
        word: PathNoun(word, "gravel") for word in ("forest road", "mountain road", "gravel track", "gravel", "highway")
    },
    **{
        word: PathNoun(word, "cobble")
        for word in ("street", "cobbled street", "cobblestone street", "cobblestone road")
    },
    **{word: PathNoun(word, "cobble") for word in ("alley", "alleyway", "cobbled road", "cobbled path", "stone path")},
    **{word: PathNoun(word, "cobble") for word in ("cobblestone path", "cobblestone", "paved road", "paved path")},
    **{word: PathNoun(word, "cobble") for word in ("cobbled lane", "paved street", "stone road", "stepping stones")},
}
