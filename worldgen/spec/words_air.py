"""Words for time, season, weather and mood, and what each sets."""

from __future__ import annotations

from collections.abc import Mapping

from worldgen.spec.senses import Atmosphere, Sense


def _each(words: str, **changes: object) -> dict[str, Sense]:
    return {word: Atmosphere(word=word, **changes) for word in words.split("|")}  # type: ignore[arg-type]


TIMES: Mapping[str, Sense] = {
    **_each(
        "dawn|daybreak|sunrise|first light|early morning|crack of dawn|break of day|"
        "rising sun|sun rises|sun rising|sun is rising",
        time="dawn",
    ),
    **_each("morning|mid morning|forenoon|breakfast time", time="morning"),
    **_each("morning light|morning sun|morning dew|dew|dewy", time="morning", rank=2),
    **_each("noon|midday|high noon|noonday|mid day|midday sun", time="noon"),
    **_each("day|daytime|daylight|day time", time="afternoon", rank=2),
    **_each("afternoon|mid afternoon|early afternoon", time="afternoon"),
    **_each("late afternoon|golden hour|goldenhour|magic hour|evening sun|low sun|alpenglow", time="golden_hour"),
    **_each("golden light|golden sunlight|golden glow|amber light|warm evening", time="golden_hour", rank=2),
    **_each("warm light|warm glow|warm sunlight|long shadows", time="golden_hour", rank=2),
    **_each("sunset|sundown|setting sun|evening|sun sets|sun setting|sun is setting", time="sunset"),
    **_each("dusk|twilight|nightfall|blue hour|gloaming|after sunset|night falls|late evening", time="dusk"),
    **_each("night|midnight|nighttime|night time|nocturnal|at night|dead of night|witching hour", time="night"),
    **_each("moonlit|moonlight|moon|full moon|crescent moon|half moon|moonshine|blood moon", time="night", rank=3),
    **_each("night sky|starry|stars|starlight|starlit|star filled|star|milky way", time="night", rank=2),
    **_each("constellations", time="night", rank=2),
    **_each("starry night|starry sky|night of stars|moonlit night", time="night", cloud_cover=0.08),
    **_each("moonless|starless|pitch black|pitch dark", time="night", cloud_cover=0.9),
    **_each(
        "aurora|aurora borealis|northern lights|polar lights", time="night", rank=2, cloud_cover=0.05, nearest=True
    ),
    **_each("midnight sun", time="golden_hour", nearest=True),
    **_each("candlelight|candlelit|lamplight|lamplit|torchlight|torchlit", time="night", rank=1, nearest=True),
}

SEASONS: Mapping[str, Sense] = {
    **_each("spring|springtime|vernal|april|early spring|late spring", season="spring"),
    **_each(
        "blossoming|in bloom|in full bloom|full bloom|in full blossom|blooming|in blossom|"
        "cherry blossom|blossom|apple blossom",
        season="spring",
        rank=2,
    ),
    **_each("summer|summertime|midsummer|summery|june|july|august|late summer|early summer", season="summer"),
    **_each("autumn|fall|autumnal|autumntime|september|october|november|late autumn|early autumn", season="autumn"),
    **_each("fall colors|fall foliage|autumn colors|autumn colours|autumn leaves|fall colours", season="autumn"),
    **_each("fallen leaves|falling leaves|harvest|halloween|autumn foliage|fall leaves", season="autumn", rank=2),
    **_each("winter|wintertime|midwinter|wintry|winterly|december|january|february", season="winter"),
    **_each("christmas|xmas|yuletide", season="winter", snow_cover=0.8, rank=2),
}

WEATHER: Mapping[str, Sense] = {
    # The sky
    **_each("cloudless|clear sky|clear skies|clear blue sky|blue sky|blue skies|not a cloud", cloud_cover=0.0),
    **_each("bright blue sky|deep blue sky|clear weather|fair weather|crystal clear air", cloud_cover=0.03, fog=0.03),
    **_each("sunny|sunlit|sunshine|sun drenched|sun soaked|sunlight|bright sun", cloud_cover=0.12, fog=0.05),
    **_each("sunbathed", cloud_cover=0.12, fog=0.05),
    **_each("sun kissed|sun dappled|bathed in sunlight|brilliant sunshine|clear day", cloud_cover=0.08, fog=0.04),
    **_each("partly cloudy|scattered clouds|a few clouds|few clouds|broken clouds|partly sunny", cloud_cover=0.35),
    **_each("fluffy clouds|puffy clouds|fair weather clouds|cumulus|cumulus clouds|white clouds", cloud_cover=0.4),
    **_each("wispy clouds|high clouds|cirrus|cirrus clouds|thin clouds|light clouds", cloud_cover=0.3),
    **_each("cloud|cloudy|clouded", cloud_cover=0.65, noun=True),
    **_each("dramatic clouds|dramatic sky|dramatic skies|billowing clouds|big clouds", cloud_cover=0.65, storm=0.35),
    **_each("overcast|grey sky|gray sky|grey skies|gray skies|leaden sky|cloud covered|dull", cloud_cover=0.95),
    **_each("dark clouds|storm clouds|black clouds|heavy clouds|thunderclouds", cloud_cover=0.9, storm=0.7),
    **_each("thunderhead", cloud_cover=0.9, storm=0.7),
    **_each("rain clouds|brooding sky|brooding skies|angry sky|dark sky|dark skies", cloud_cover=0.9, storm=0.6),
    **_each("low clouds|sea of clouds", cloud_cover=0.8, fog=0.4),
    # Fog
    **_each("fog|foggy|fogbound|fog bank|fog covered|fog shrouded", fog=0.65, noun=True),
    **_each("mist|misty|mist covered|mist shrouded|misted", fog=0.42, noun=True),
    **_each("haze|hazy|murky|murk|smog|smoky|smoke", fog=0.28, noun=True),
    **_each("morning mist|morning fog|ground fog|ground mist|early mist", fog=0.4, time="morning"),
    **_each("evening mist|evening fog", fog=0.4, time="dusk"),
    **_each("sea fog|sea mist", fog=0.5),
    **_each("pea soup", fog=0.9),
    **_each("clear air|crisp air|clear view|crystal clear|crisp", fog=0.03, cloud_cover=0.1, rank=2),
    # Rain and storm
    **_each("rain|rainy|raining|rainfall|rain soaked", wetness=0.9, cloud_cover=0.9, storm=0.35, fog=0.25, noun=True),
    **_each("drizzle|drizzling|drizzly|light rain", wetness=0.6, cloud_cover=0.85, storm=0.15, fog=0.3),
    **_each("downpour|heavy rain|pouring rain|pouring|monsoon", wetness=1.0, cloud_cover=1.0, storm=0.65, fog=0.4),
    **_each("after the rain|after rain|after a rain", wetness=0.75, cloud_cover=0.4, fog=0.15, storm=0.05),
    **_each("rain washed", wetness=0.75, cloud_cover=0.4, fog=0.15, storm=0.05),
    **_each("after the storm|after a storm|after the rainstorm", wetness=0.75, cloud_cover=0.5, fog=0.15, storm=0.2),
    **_each("before the storm|approaching storm|gathering storm|coming storm", cloud_cover=0.85, storm=0.7, fog=0.1),
    **_each("wet|damp|soaked|drenched|puddle|soggy|wet ground", wetness=0.7, rank=2),
    **_each("humid|steamy|muggy", fog=0.3, wetness=0.3, rank=2),
    **_each("storm|stormy|tempest|tempestuous|squall|gale", cloud_cover=0.95, storm=0.85, wetness=0.4, noun=True),
    **_each("thunderstorm|thunder|lightning|thundery|rainstorm|hurricane", cloud_cover=1.0, storm=1.0, wetness=0.8),
    **_each("sandstorm|dust storm|dusty|dust", fog=0.6, cloud_cover=0.3, biome="desert", nearest=True),
    **_each("rainbow", wetness=0.6, cloud_cover=0.5, rank=2, nearest=True),
    # Snow
    **_each("snow|snowy|snowed|snow covered|snow clad|snowbound", season="winter", snow_cover=0.85, noun=True),
    **_each("snow laden|covered in snow|blanketed in snow|snow blanketed", season="winter", snow_cover=0.95),
    **_each("deep snow|fresh snow|powder snow|snowdrift|heavy snow|thick snow", season="winter", snow_cover=1.0),
    **_each("light snow|dusting of snow|patches of snow|snow dusted|melting snow", snow_cover=0.35, season="winter"),
    **_each("snow capped|snowcapped|snow topped|snow tipped|patchy snow|eternal snow", snow_cover=0.2),
    **_each("snowfall|snowing|snowflake|falling snow", season="winter", snow_cover=0.85, cloud_cover=0.9, fog=0.3),
    **_each("snowstorm|blizzard|whiteout", season="winter", snow_cover=1.0, cloud_cover=1.0, fog=0.7, storm=0.1),
    **_each("frost|frosty|frosted|hoarfrost|rime|freezing|frigid", season="winter", snow_cover=0.3, rank=2),
    **_each("ice|icy|ice cold|icebound", season="winter", snow_cover=0.5, rank=2),
    **_each("thaw|thawing|snowmelt", season="spring", snow_cover=0.25, wetness=0.4, rank=2),
}

MOODS: Mapping[str, Sense] = {
    **_each(
        "eerie|spooky|creepy|unsettling|ghostly|spectral", rank=1, fog=0.5, cloud_cover=0.75, storm=0.3, time="dusk"
    ),
    **_each("haunted|haunting|nightmarish|horror|scary", rank=1, fog=0.45, cloud_cover=0.5, storm=0.2, time="night"),
    **_each("gloomy|dreary|bleak|sombre|somber|grim|dismal", rank=1, fog=0.3, cloud_cover=0.95, storm=0.35),
    **_each(
        "ominous|foreboding|menacing|sinister|threatening", rank=1, fog=0.25, cloud_cover=0.9, storm=0.8, time="dusk"
    ),
    **_each("dark|shadowy|dim", rank=1, fog=0.2, cloud_cover=0.7, storm=0.2),
    **_each("brooding|moody", rank=1, fog=0.25, cloud_cover=0.8, storm=0.4, time="dusk"),
    **_each("melancholy|melancholic|sad|wistful|lonesome", rank=1, fog=0.35, cloud_cover=0.85, storm=0.15),
    **_each("desolate|forsaken|wasteland", rank=1, fog=0.2, cloud_cover=0.75, storm=0.2, growth=0.3),
    **_each("abandoned|deserted|forgotten|lost", rank=1, fog=0.3, cloud_cover=0.6, storm=0.1),
    **_each("mysterious|mystical|mystic|enigmatic|arcane|secret", rank=1, fog=0.5, cloud_cover=0.4, time="dawn"),
    **_each("magical|enchanted|enchanting|fairytale", rank=1, fog=0.3, cloud_cover=0.3, time="golden_hour"),
    **_each("fairy tale", rank=1, fog=0.3, cloud_cover=0.3, time="golden_hour"),
    **_each("dreamy|dreamlike|ethereal|surreal|otherworldly", rank=1, fog=0.4, cloud_cover=0.3, time="golden_hour"),
    **_each("romantic|nostalgic|warm|glowing", rank=1, fog=0.15, cloud_cover=0.3, time="golden_hour"),
    **_each("cosy|cozy|homely|snug|inviting|charming", rank=1, fog=0.1, cloud_cover=0.3, time="golden_hour"),
    **_each(
        "serene|tranquil|calm|dead calm|still|silent|quiet|placid", rank=1, fog=0.15, cloud_cover=0.15, time="morning"
    ),
    **_each("peaceful|idyllic|pastoral|bucolic|restful", rank=1, fog=0.1, cloud_cover=0.3, time="golden_hour"),
    **_each("relaxing", rank=1, fog=0.1, cloud_cover=0.3, time="golden_hour"),
    **_each("cheerful|happy|joyful|bright|vibrant|lively", rank=1, fog=0.03, cloud_cover=0.2, time="morning"),
    **_each("dramatic|epic", rank=1, fog=0.15, cloud_cover=0.6, storm=0.45, time="golden_hour"),
    **_each("majestic|grand|glorious|awe inspiring|sublime", rank=1, fog=0.1, cloud_cover=0.3, time="golden_hour"),
    **_each("lush|verdant|overgrown|fertile", rank=2, growth=1.35),
    **_each("barren|lifeless|sterile|denuded", rank=2, growth=0.25),
    **_each("wild|untamed|primeval|primordial", rank=2, growth=1.2),
    **_each("hot|scorching|blazing|sweltering|sun baked", rank=1, cloud_cover=0.05, fog=0.08, time="noon"),
    **_each("parched|arid", rank=1, cloud_cover=0.05, fog=0.08, time="noon"),
    **_each("cold|chilly|bitter", rank=1, cloud_cover=0.6, fog=0.15),
}


def _settings(setting: str, adjectives: str, **changes: object) -> dict[tuple[str, str], Atmosphere]:
    atmosphere = Atmosphere(word=setting, **changes)  # type: ignore[arg-type]
    return {(setting, adjective): atmosphere for adjective in adjectives.split("|")}


SETTING_ADJECTIVES: Mapping[tuple[str, str], Atmosphere] = {
    **_settings("sky", "clear|blue|bright|open", cloud_cover=0.03),
    **_settings("sky", "red|orange|pink|golden|crimson", time="sunset"),
    **_settings("sky", "purple|violet", time="dusk", rank=2),
    **_settings("sky", "gray|white|pale", cloud_cover=0.95),
    **_settings("sky", "dark|black", cloud_cover=0.9, storm=0.6),
    **_settings("sun", "low|golden|warm", time="golden_hour", rank=2),
    **_settings("sun", "red|orange|setting|pink|crimson", time="sunset"),
    **_settings("sun", "rising", time="dawn"),
    **_settings("sun", "bright|clear|yellow|harsh|blazing|strong", cloud_cover=0.1),
    **_settings("sun", "high|hot", time="noon", rank=2),
    **_settings("light", "golden|orange|yellow", time="golden_hour", rank=2),
    **_settings("light", "red|pink|crimson", time="sunset", rank=2),
    **_settings("light", "blue|purple|dark", time="dusk", rank=2),
    **_settings("leaves", "red|orange|yellow|golden|brown|crimson", season="autumn", rank=2),
}
"""(setting, adjective) → what the pair says; adjectives are the names of colours, states and "clear", "high", "low"."""

AUTUMN_COLORS = frozenset({"red", "orange", "yellow", "golden", "brown", "crimson"})
"""Colours that say autumn with trees and forests."""
