"""Adjectives that speak of one thing only: snow on the peaks is not winter in the valley, a dark tower no dusk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from worldgen.spec.reading import Cue, Mention, Reading
from worldgen.spec.senses import Group, LandNoun, PathNoun, Thing

SNOWY_PEAKS_M = 210.0
"""Height of the snow line, above the spawn's ground, where a prompt asks for snowy peaks."""

_OF_THINGS = frozenset("dark shadowy dim bright glowing warm wet damp soaked dusty smoky".split())
"""Words of mood and weather that, right before a thing or a path, describe only that."""

_ON_PEAKS = re.compile(r"capped|topped|tipped|eternal")
_SNOW_ON_THEM = re.compile(r"\s*(lies |lying |is )?(on|over|upon|covers|covering)( all)?( the| its| their| some)?\s*")
_THEY_ARE_IN_SNOW = re.compile(
    r"\s*((are|is|that are|which are|all|still)\s+)*(covered|clad|dusted|blanketed)?\s*(in|with|by)?( some| fresh)?\s*"
)
_HAZE_DENSITY = 0.3
"""Mist on far mountains is thin where the visitor stands."""


@dataclass(frozen=True, slots=True)
class Bindings:
    """What adjectives of single things mean.

    ``notes`` are (start, end, meaning) for the account of the prompt's words.
    """

    snowy_peaks: bool
    notes: tuple[tuple[int, int, str], ...]


def bind_adjectives(reading: Reading, text: str) -> Bindings:
    """Take the cues that speak of one thing out of the reading; mist on mountains stays, thinned.

    Args:
        reading: What was read; its cues change.
        text: The normalised prompt, which the reading's positions point into.
    """
    notes: list[tuple[int, int, str]] = []
    snowy = False
    for cue in list(reading.cues):
        word = cue.atmosphere.word
        if cue.negated:
            continue
        if cue.atmosphere.snow_cover is not None and (_ON_PEAKS.search(word) or _lies_on_mountains(cue, reading, text)):
            snowy = True
            notes.append((cue.start, cue.end, f"snow on the mountains, from {SNOWY_PEAKS_M:.0f} m up"))
            reading.cues.remove(cue)
        elif cue.atmosphere.fog is not None and cue.density is None and _described(cue, _mountains(reading), text):
            cue.density = _HAZE_DENSITY
        elif word in _OF_THINGS and (mention := _described(cue, _things(reading), text)) is not None:
            notes.append((cue.start, cue.end, f"of the {mention.chunk.word} only, no effect"))
            reading.cues.remove(cue)
    return Bindings(snowy, tuple(notes))


def _mountains(reading: Reading) -> Iterator[Mention]:
    for mention in reading.mentions:
        if isinstance(mention.noun, LandNoun) and mention.noun.feature == "mountains" and not mention.negated:
            yield mention


def _things(reading: Reading) -> Iterator[Mention]:
    return (mention for mention in reading.mentions if isinstance(mention.noun, Thing | Group | PathNoun))


def _described(cue: Cue, mentions: Iterable[Mention], text: str) -> Mention | None:
    """The mention that a cue stands right before, as one of its adjectives."""
    return next((mention for mention in mentions if _is_adjective_of(cue, mention, text)), None)


def _is_adjective_of(cue: Cue, mention: Mention, text: str) -> bool:
    if cue.end > mention.chunk.start:
        return False
    others = [chunk for chunk in (*mention.adjectives, *mention.hints) if chunk.start >= cue.end]
    between = text[cue.end : mention.chunk.start]
    for chunk in others:
        between = between.replace(text[chunk.start : chunk.end], "")
    return not between.strip(" -")


def _lies_on_mountains(cue: Cue, reading: Reading, text: str) -> bool:
    """Whether snow is said of mountains: "snowy peaks", "snow on the peaks", "peaks covered in snow"."""
    if _described(cue, _mountains(reading), text) is not None:
        return True
    return any(
        _SNOW_ON_THEM.fullmatch(text[cue.end : mention.start]) is not None
        or (mention.end <= cue.start and _THEY_ARE_IN_SNOW.fullmatch(text[mention.end : cue.start]) is not None)
        for mention in _mountains(reading)
    )
