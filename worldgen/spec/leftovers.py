"""Adjectives that found no noun."""

from __future__ import annotations

from worldgen.spec.matching import Chunk
from worldgen.spec.reading import Cue, Mention, Reading
from worldgen.spec.senses import Atmosphere, MaterialWord, State


def read_leftover(chunk: Chunk, reading: Reading) -> None:
    """Add an adjective without a noun: some speak of the weather, the rest is not understood."""
    match chunk.sense:
        case State(name="frozen"):
            frozen = Atmosphere(word=chunk.word, rank=2, season="winter", snow_cover=0.5)
            reading.cues.append(Cue(frozen, chunk.start, chunk.end))
        case State(name="clear"):
            clear = Atmosphere(word=chunk.word, rank=2, cloud_cover=0.05, fog=0.04)
            reading.cues.append(Cue(clear, chunk.start, chunk.end))
        case Atmosphere() as atmosphere:
            reading.cues.append(Cue(atmosphere, chunk.start, chunk.end))
        case MaterialWord(thing=thing) if thing is not None:
            reading.mentions.append(Mention(thing, chunk, chunk.start, chunk.end))
        case _:
            reading.ignored.append(chunk)
