"""Reading → WorldSpec: decides the biome and the air, gathers and places entries, and fills in the biome's own."""

from __future__ import annotations

from collections.abc import Iterable

from worldgen.spec.arrangements import gather_arrangement, gather_forest
from worldgen.spec.atmosphere import Air, resolve_air
from worldgen.spec.bindings import SNOWY_PEAKS_M, Bindings, bind_adjectives
from worldgen.spec.biome_choice import choose_biome
from worldgen.spec.biomes import BIOMES, biome_scatters
from worldgen.spec.choices import tells_autumn
from worldgen.spec.compounds import is_plant, is_woods
from worldgen.spec.entries import targets_first, unique_id
from worldgen.spec.exclusions import excluded_by, excluded_names
from worldgen.spec.gathering import Gathered, Gathering, is_state
from worldgen.spec.lands import gather_biome_word, gather_land, gather_path, gather_water
from worldgen.spec.lexicon import Lexicon
from worldgen.spec.matching import Chunk
from worldgen.spec.model import Biome, Land, Scatter, Understood, Water, Weather, WorldSpec
from worldgen.spec.placing import place_mentions
from worldgen.spec.reading import Cue, Mention, Reading
from worldgen.spec.senses import (
    Absent,
    Atmosphere,
    BiomeNoun,
    Collective,
    Color,
    Density,
    Group,
    LandNoun,
    PathNoun,
    Setting,
    Size,
    State,
    Thing,
    WaterNoun,
)
from worldgen.spec.things import gather_building, gather_plants, gather_thing, gather_trees
from worldgen.spec.words_air import SETTING_ADJECTIVES
from worldgen.spec.words_things import TREE_FAMILIES

NO_EFFECT = "style, no effect"


def compose(prompt: str, text: str, reading: Reading, lexicon: Lexicon) -> WorldSpec:
    """The spec of a reading.

    Args:
        prompt: As the user wrote it.
        text: The normalised prompt, which the reading's positions point into.
        reading: What the grammar found.
        lexicon: The families that there are.
    """
    bindings = bind_adjectives(reading, text)
    _read_settings(reading)
    biome = choose_biome(reading)
    words = [m.noun for m in reading.mentions if isinstance(m.noun, BiomeNoun) and not m.negated]
    leading = [word for word in words if word.biome == biome]
    moods = [Cue(word.sky, 0, 0) for word in leading if word.sky is not None]
    cues = [*reading.cues, *moods]
    air = resolve_air(cues, biome)
    denied = set(excluded_by(reading.mentions, lexicon))
    unwanted = denied - _wanted_all_the_same(reading, lexicon)
    only = next((word.only for word in leading if word.only is not None), None)
    gathering = Gathering(lexicon, biome, frozenset(unwanted), air.season, air.weather.snow_cover, only)
    gathering.mountains = True if bindings.snowy_peaks else None
    for mention in _in_order(reading.mentions):
        if mention not in gathering.became:
            gathered = _gather(gathering, mention)
            if gathered is not None:
                gathering.record(mention, gathered)
    place_mentions(gathering, reading.mentions)
    defaults = BIOMES[biome]
    if defaults.water is not None and not gathering.entries.waters and defaults.water not in unwanted:
        gathering.entries.add_water(defaults.water, Water(id="water", kind=defaults.water))
    factors = [word.trees for word in leading if word.trees is not None]
    fill = biome_scatters(
        biome,
        lexicon,
        season=air.season,
        snow_cover=air.weather.snow_cover,
        growth=air.growth,
        trees=factors[0] if factors else 1.0,
        only=only,
        left_out=denied | _present(gathering) | {family for word in leading for family in word.lacks},
        time_of_day=air.time_of_day,
    )
    if any(m.only and isinstance(m.noun, Thing | BiomeNoun | Group) and not m.negated for m in reading.mentions):
        fill = ()
    scatters = list(gathering.entries.scatters)
    taken = set(gathering.entries.taken)
    for scatter in fill:
        name = unique_id(scatter.id, taken)
        taken.add(name)
        scatters.append(scatter.model_copy(update={"id": name}))
    if any("forest" in word.word or (word.trees or 0.0) >= 1.0 for word in leading):
        scatters = [_asked(scatter) if scatter.family in TREE_FAMILIES else scatter for scatter in scatters]
    families = {entry.family for entry in gathering.entries.items} | {scatter.family for scatter in scatters}
    excluded = [name for name in excluded_by(reading.mentions, lexicon) if name not in families]
    understood, ignored = _account(
        text=text, reading=reading, gathering=gathering, air=air, lexicon=lexicon, bindings=bindings
    )
    return WorldSpec(
        prompt=prompt,
        biome=biome,
        season=air.season,
        time_of_day=air.time_of_day,
        weather=_clear_to_mountains(air.weather, cues) if gathering.mountains else air.weather,
        land=_land(gathering, biome, denied, words, snowy_peaks=bindings.snowy_peaks),
        waters=tuple(gathering.entries.waters),
        items=tuple(targets_first(gathering.entries.items)),
        scatters=tuple(scatters),
        path=gathering.path and "path" not in unwanted,
        path_material=gathering.path_material or "dirt",
        excluded=tuple(dict.fromkeys([*excluded, *air.excluded])),
        understood=understood,
        ignored=ignored,
    )


def _gather(gathering: Gathering, mention: Mention) -> Gathered | None:
    """What a mention becomes, or None where there is no room or no family for it."""
    match mention.noun:
        case WaterNoun() as noun:
            return gather_water(gathering, mention, noun)
        case BiomeNoun() as noun:
            return gather_biome_word(gathering, mention, noun)
        case LandNoun(feature="island") if _in_a_lake(mention, gathering):
            return None
        case LandNoun() as noun:
            return gather_land(gathering, mention, noun)
        case PathNoun() as noun:
            return gather_path(gathering, mention, noun)
        case Collective() as noun if is_woods(mention):
            return gather_forest(gathering, mention, noun)
        case Collective() as noun:
            return gather_arrangement(gathering, mention, noun)
        case Thing() as noun:
            return gather_thing(gathering, mention, noun)
        case Group(group="tree"):
            return gather_trees(gathering, mention)
        case Group(group="plant"):
            return gather_plants(gathering, mention)
        case Group():
            return gather_building(gathering, mention)
        case Setting(word=word):
            unused = tuple(chunk for chunk in mention.adjectives if not isinstance(chunk.sense, Size | Density))
            return Gathered("land", "", f"{word}: always there", unused=unused)
        case _:
            return None


def _in_a_lake(mention: Mention, gathering: Gathering) -> bool:
    """Whether an island is said to lie in a lake; islands rise from the sea only."""
    owners = [other for other in gathering.became if mention in other.members]
    return any(isinstance(other.noun, WaterNoun) and other.noun.kind != "sea" for other in (*mention.targets, *owners))


def _read_settings(reading: Reading) -> None:
    """Turn "red sky", "low sun" and autumn colours of trees into cues."""
    for mention in reading.mentions:
        if isinstance(mention.noun, Setting):
            word = mention.noun.word
            if mention.negated and word in ("sun", "light"):
                dull = Atmosphere(word=word, cloud_cover=0.95)
                reading.cues.append(Cue(dull, mention.start, mention.end))
            for chunk in list(mention.adjectives):
                name = chunk.sense.name if isinstance(chunk.sense, Color | State) else chunk.word
                found = SETTING_ADJECTIVES.get((word, name))
                if found is not None and not mention.negated:
                    mention.adjectives.remove(chunk)
                    start = min(chunk.start, mention.start)
                    reading.cues.append(Cue(found, start, max(chunk.end, mention.chunk.end)))
        elif isinstance(mention.noun, BiomeNoun | LandNoun) and not mention.negated:
            for chunk in list(mention.adjectives):
                if is_state(chunk, "frozen"):
                    mention.adjectives.remove(chunk)
                    cold = Atmosphere(word="frozen", rank=2, season="winter", snow_cover=0.6)
                    reading.cues.append(Cue(cold, chunk.start, chunk.end))
        elif is_woods(mention) or is_plant(mention) or isinstance(mention.noun, Group):
            if tells_autumn(mention) and not mention.negated and _has_leaves(mention):
                autumn = Atmosphere(word="autumn colors", rank=2, season="autumn")
                reading.cues.append(Cue(autumn, mention.start, mention.chunk.end))
        if isinstance(mention.noun, WaterNoun) and not mention.negated:
            if mention.noun.frozen or any(is_state(chunk, "frozen") for chunk in mention.adjectives):
                winter = Atmosphere(word="frozen", rank=2, season="winter")
                reading.cues.append(Cue(winter, mention.start, mention.chunk.end))
        if isinstance(mention.noun, Thing) and "blossom" in mention.noun.word and not mention.negated:
            spring = Atmosphere(word="blossom", rank=2, season="spring")
            reading.cues.append(Cue(spring, mention.start, mention.chunk.end))
    reading.cues.sort(key=lambda cue: cue.start)


def _has_leaves(mention: Mention) -> bool:
    if isinstance(mention.noun, Thing):
        return mention.noun.options[0][0] in TREE_FAMILIES
    return True


def _wanted_all_the_same(reading: Reading, lexicon: Lexicon) -> set[str]:
    """Families of a group that is ruled out, but that are asked for by name ("no trees but one oak")."""
    groups: set[str] = set()
    exact: set[str] = set()
    for mention in reading.mentions:
        if mention.negated:
            names = excluded_names(mention, lexicon)
            (groups if len(names) > 1 else exact).update(names)
    asked = {
        family
        for mention in reading.mentions
        if isinstance(mention.noun, Thing) and not mention.negated
        for family, _ in mention.noun.options
    }
    return (groups - exact) & asked


def _asked(scatter: Scatter) -> Scatter:
    return scatter.model_copy(update={"from_prompt": True})


def _in_order(mentions: Iterable[Mention]) -> list[Mention]:
    """Positive mentions: biomes and named waters before "water" and "shore", arrangements before their members."""
    wanted = [mention for mention in mentions if not mention.negated and not isinstance(mention.noun, Absent)]

    def rank(mention: Mention) -> int:
        match mention.noun:
            case WaterNoun(generic=generic, side=side):
                return 1 if generic or side else 0
            case BiomeNoun():
                return 1
            case LandNoun():
                return 2
            case Thing(options=options) if options[0][0] == "ruins":
                return 2
            case Collective():
                return 3
            case _:
                return 4

    return sorted(wanted, key=rank)


def _present(gathering: Gathering) -> set[str]:
    """Families that the prompt has brought already; with trees of its own, the biome's stay away."""
    families = {scatter.family for scatter in gathering.entries.scatters}
    if families & set(TREE_FAMILIES):
        families |= set(TREE_FAMILIES)
    return families


_BEACH_WORDS = frozenset({"beach", "cove", "paradise"})
_MOUNTAIN_AIR = 0.08
"""Fog at most where mountains are asked for and nothing is said of the air."""


def _clear_to_mountains(weather: Weather, cues: Iterable[Cue]) -> Weather:
    if any(cue.atmosphere.fog is not None and not cue.negated for cue in cues):
        return weather
    return weather.model_copy(update={"fog": min(weather.fog, _MOUNTAIN_AIR)})


def _land(
    gathering: Gathering, biome: Biome, denied: set[str], words: Iterable[BiomeNoun], *, snowy_peaks: bool
) -> Land:
    defaults = BIOMES[biome]
    relief = defaults.relief if gathering.relief is None else gathering.relief
    if "hill" in denied and not gathering.hill:
        relief = min(relief, 0.1)
    mountains = defaults.mountains if gathering.mountains is None else gathering.mountains
    return Land(
        relief=relief,
        mountains_in_distance=mountains and "mountain" not in denied,
        hill=gathering.hill,
        cliffs=gathering.cliffs,
        island=gathering.island,
        beach=gathering.water_of_kind("sea") is not None and any(_BEACH_WORDS & set(w.word.split()) for w in words),
        snow_line_m=SNOWY_PEAKS_M if snowy_peaks else None,
    )


def _account(
    *, text: str, reading: Reading, gathering: Gathering, air: Air, lexicon: Lexicon, bindings: Bindings
) -> tuple[tuple[Understood, ...], tuple[str, ...]]:
    """What every word became, in the prompt's order, and the words that became nothing."""
    notes: list[tuple[int, int, str]] = list(bindings.notes)
    lost: list[Chunk] = list(reading.ignored)
    for mention in reading.mentions:
        if isinstance(mention.noun, Absent):
            if mention.negated:
                notes.append((mention.start, mention.end, "never there anyway"))
            else:
                lost += _all_chunks(mention)
        elif mention.negated:
            names = excluded_names(mention, lexicon)
            notes.append((mention.start, mention.end, f"left out: {', '.join(names)}" if names else "left out"))
        elif mention in gathering.became:
            gathered = gathering.became[mention]
            notes.append((mention.start, mention.end, _corrected(gathered.meaning, mention.chunk)))
            lost += gathered.unused
        else:
            lost += _all_chunks(mention)
    for cue, meaning in zip(reading.cues, air.meanings, strict=False):
        hint = f' (read as "{cue.corrected}")' if cue.corrected else ""
        notes.append((cue.start, cue.end, meaning + hint))
    for chunk in reading.styles:
        if chunk not in gathering.used_hints:
            notes.append((chunk.start, chunk.end, _corrected(NO_EFFECT, chunk)))
    notes.sort(key=lambda note: note[:2])
    understood = tuple(
        Understood(phrase=phrase, meaning=meaning)
        for phrase, meaning in dict.fromkeys(
            (" ".join(text[start:end].split()), meaning) for start, end, meaning in notes
        )
    )
    ordered = sorted(lost, key=lambda chunk: chunk.start)
    ignored = tuple(dict.fromkeys(" ".join(text[chunk.start : chunk.end].split()) for chunk in ordered))
    return understood, ignored


def _all_chunks(mention: Mention) -> list[Chunk]:
    amount = [mention.amount_chunk] if mention.amount_chunk is not None else []
    return [*amount, *mention.adjectives, *mention.denied, mention.chunk]


def _corrected(meaning: str, chunk: Chunk) -> str:
    return f'{meaning} (read as "{chunk.corrected}")' if chunk.corrected else meaning
