"""Tokens → chunks: the longest known phrases, misspellings corrected, numbers put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from worldgen.spec.senses import (
    Amount,
    Atmosphere,
    Break,
    Collective,
    Group,
    LandNoun,
    PathNoun,
    Sense,
    Style,
    Thing,
    Unknown,
    WaterNoun,
)
from worldgen.spec.tokens import Token
from worldgen.spec.vocabulary import Entry, Vocabulary

_LESS_STEMS = (Thing, Group, WaterNoun, LandNoun, PathNoun, Collective, Atmosphere)
_MULTIPLIERS = {"dozen": 12, "hundred": 100, "thousand": 1000}
_MAX_COUNT = 200


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the prompt with one meaning; ``start`` and ``end`` point into the normalised text."""

    sense: Sense
    start: int
    end: int
    word: str
    plural: bool = False
    corrected: str | None = None
    """What a misspelt word was read as."""
    negated: bool = False
    """Whether the word itself rules out ("treeless")."""
    glued: bool = False


def match_chunks(tokens: Sequence[Token], vocabulary: Vocabulary) -> list[Chunk]:
    """The chunks of a prompt, in order."""
    chunks: list[Chunk] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.kind in ("soft_break", "full_break"):
            chunks.append(Chunk(Break(token.kind == "full_break"), token.start, token.end, token.word))
            position += 1
        elif token.kind == "style":
            chunks.append(Chunk(Style(), token.start, token.end, token.word))
            position += 1
        else:
            chunk, used = _longest(tokens, position, vocabulary)
            if not _joins_number(chunks, chunk):
                chunks.append(chunk)
            position += used
    return chunks


def _longest(tokens: Sequence[Token], position: int, vocabulary: Vocabulary) -> tuple[Chunk, int]:
    """The longest phrase that begins at a token, and how many tokens it uses."""
    first = tokens[position]
    words = [first.word]
    limit = max(vocabulary.longest_from(first.word), 1)
    for token in tokens[position + 1 : position + limit]:
        if token.kind not in ("word", "number"):
            break
        words.append(token.word)
    for size in range(len(words), 0, -1):
        entry = vocabulary.entries.get(tuple(words[:size]))
        if size == 1:
            if (joined := _joined(tokens, position, vocabulary)) is not None:
                return joined, 2
            if (without := _free(tokens, position, entry)) is not None:
                return without, 2
        if entry is not None:
            return _chunk(tokens[position : position + size], entry), size
    return _single(tokens, position, vocabulary)


def _free(tokens: Sequence[Token], position: int, entry: Entry | None) -> Chunk | None:
    """A negation by "-free" ("fog-free")."""
    after = tokens[position + 1] if position + 1 < len(tokens) else None
    if after is None or entry is None or after.word != "free" or not after.glued:
        return None
    if not isinstance(entry.sense, _LESS_STEMS):
        return None
    return replace(_chunk(tokens[position : position + 2], entry), negated=True)


def _joined(tokens: Sequence[Token], position: int, vocabulary: Vocabulary) -> Chunk | None:
    """A compound that was written as two words ("light house")."""
    if position + 1 >= len(tokens) or tokens[position + 1].kind != "word":
        return None
    word = tokens[position].word + tokens[position + 1].word
    joined = vocabulary.entries.get((word,))
    if joined is None or len(word) < 8 or not isinstance(joined.sense, _LESS_STEMS):
        return None
    return _chunk(tokens[position : position + 2], joined)


def _single(tokens: Sequence[Token], position: int, vocabulary: Vocabulary) -> tuple[Chunk, int]:
    """A word that is no known phrase: a number, a negation by suffix, a misspelling, or unknown."""
    token = tokens[position]
    if token.kind == "number":
        digits = token.word.replace(",", "")
        if digits.isdecimal() and len(digits) <= 6 and int(digits) > 0:
            return _chunk([token], Entry(Amount(min(int(digits), _MAX_COUNT)))), 1
        return _chunk([token], Entry(Unknown())), 1
    if token.word.endswith("less") and (stem := vocabulary.entries.get((token.word[:-4],))) is not None:
        if isinstance(stem.sense, _LESS_STEMS):
            return replace(_chunk([token], stem), negated=True, plural=True), 1
    if token.kind == "word" and (corrected := vocabulary.correct(token.word)) is not None:
        fixed = replace(token, word=corrected)
        rest = [fixed, *tokens[position + 1 : position + 5]]
        chunk, used = _longest(rest, 0, vocabulary)
        if not isinstance(chunk.sense, Unknown):
            return replace(chunk, corrected=corrected), used
    return _chunk([token], Entry(Unknown())), 1


def _chunk(tokens: Sequence[Token], entry: Entry) -> Chunk:
    word = " ".join(token.word for token in tokens)
    return Chunk(entry.sense, tokens[0].start, tokens[-1].end, word, entry.plural, glued=tokens[0].glued)


def _joins_number(chunks: list[Chunk], chunk: Chunk) -> bool:
    """Whether a number word continues the one before it ("twenty-five", "two dozen"); then it is merged."""
    if not chunks or not isinstance(chunk.sense, Amount) or not isinstance(chunks[-1].sense, Amount):
        return False
    before, last = chunks[-1].sense, chunks[-1]
    factor = _MULTIPLIERS.get(chunk.word.removesuffix(" of").removesuffix("s"))
    if factor is not None and not before.vague and before.count < 100:
        count, vague = before.count * factor, False
    elif 20 <= before.count < 100 and before.count % 10 == 0 and chunk.sense.count < 10 and not chunk.sense.vague:
        count, vague = before.count + chunk.sense.count, False
    elif not chunk.sense.vague or before.vague:
        # "a row of five", "some three dozen": the number wins over the vague word before it.
        count, vague = chunk.sense.count, chunk.sense.vague
    else:
        count, vague = before.count, before.vague
    chunks[-1] = replace(
        last, sense=Amount(min(count, _MAX_COUNT), vague), end=chunk.end, word=f"{last.word} {chunk.word}"
    )
    return True
