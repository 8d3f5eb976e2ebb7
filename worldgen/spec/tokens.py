"""Prompt text → tokens: words, numbers, emoji and breaks, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from worldgen.spec.words_foreign import HAN_WORDS, LONGEST_HAN_WORD, LONGEST_PHRASE, TRANSLATIONS

TokenKind = Literal["word", "number", "emoji", "soft_break", "full_break", "style"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a prompt; ``start`` and ``end`` point into the normalised text."""

    word: str
    start: int
    end: int
    kind: TokenKind = "word"
    glued: bool = False
    """Whether a hyphen joins it to the token before it."""


_SOFT = frozenset(",:()[]{}|/–—•·、，：（）「」《》")
_FULL = frozenset(".;!?\n。；！？…")
_CLITIC = re.compile(r"(?:n't|'s|'re|'ve|'ll|'d|'m|')$")
_OPTION = re.compile(
    r"--?(?P<name>ar|aspect|v|version|q|quality|s|stylize|style|c|chaos|seed|niji|tile|iw|no|hd|weird|w|h|stop|video)\b",
    re.IGNORECASE,
)
_OPTION_VALUE = re.compile(r"\s*=?\s*(?:\d[\w.:/]*|raw\b|cute\b|scenic\b)", re.IGNORECASE)
_MARKUP = re.compile(
    r"<[a-z]+:[^<>\n]{1,80}>|\b\d{2,5}\s?[x×]\s?\d{2,5}\b|\b\d{1,2}:\d{1,2}\b|:\d+(?:\.\d+)?(?=[)\s,\]]|$)"
)


def normalize(prompt: str) -> str:
    """The prompt with compatible characters unified (NFKC) and typographic quotes and hyphens made plain."""
    text = unicodedata.normalize("NFKC", prompt)
    return text.translate({0x2018: "'", 0x2019: "'", 0x02BC: "'", 0x2010: "-", 0x2011: "-", 0x2212: "-"})


def tokenize(text: str) -> tuple[Token, ...]:
    """Tokens of a normalised text, foreign words already in English."""
    return tuple(_translated(list(_tokens(text))))


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    glued = False
    while position < len(text):
        character = text[position]
        if markup := _markup(text, position):
            yield markup
            position, glued = markup.end, False
            continue
        category = unicodedata.category(character)
        if category[0] in "LN":
            end = _word_end(text, position)
            yield from _word_tokens(text, position, end, glued=glued)
            position, glued = end, False
            continue
        if category in ("So", "Sk") and ord(character) >= 0x2600:
            end = _emoji_end(text, position)
            # Emoji stand side by side without forming compounds.
            yield Token("", position, position, "soft_break")
            yield Token(text[position : position + (2 if _is_flag(character) else 1)], position, end, "emoji")
            yield Token("", end, end, "soft_break")
            position = end
            continue
        if character in _FULL and not _is_decimal_point(text, position):
            yield Token(character, position, position + 1, "full_break")
        elif character in _SOFT or (character == "-" and _stands_alone(text, position)):
            yield Token(character, position, position + 1, "soft_break")
        elif character in "&+":
            yield Token("and", position, position + 1)
        glued = character in "-_" and position > 0 and text[position - 1].isalnum()
        position += 1


def _markup(text: str, position: int) -> Token | None:
    """Options ("--ar 16:9"), sizes ("1920x1080") and weights (":1.2") that image generators take."""
    character = text[position]
    if character == "-" and (position == 0 or text[position - 1].isspace()):
        option = _OPTION.match(text, position)
        if option and option["name"].lower() == "no":
            return Token("no", position, option.end())
        if option:
            value = _OPTION_VALUE.match(text, option.end())
            return Token("", position, value.end() if value else option.end(), "style")
    if character in "<:" or (character.isdigit() and (position == 0 or not text[position - 1].isalnum())):
        found = _MARKUP.match(text, position)
        if found:
            kind: TokenKind = "soft_break" if character == ":" else "style"
            return Token("", position, found.end(), kind)
    return None


def _word_end(text: str, position: int) -> int:
    end = position + 1
    while end < len(text):
        category = unicodedata.category(text[end])[0]
        inner = text[end] == "'" and end + 1 < len(text) and text[end + 1].isalpha() and text[end - 1].isalpha()
        if category not in "LMN" and not inner and not _is_decimal_point(text, end):
            break
        end += 1
    return end


def _is_decimal_point(text: str, position: int) -> bool:
    return (
        text[position] in ".,"
        and 0 < position < len(text) - 1
        and text[position - 1].isdigit()
        and text[position + 1].isdigit()
    )


def _stands_alone(text: str, position: int) -> bool:
    before = position == 0 or text[position - 1].isspace() or text[position - 1] == "-"
    return before and (position + 1 >= len(text) or text[position + 1].isspace() or text[position + 1] == "-")


def _is_flag(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _emoji_end(text: str, position: int) -> int:
    """End of an emoji with its variation selectors, skin tones and joined parts."""
    end = position + (2 if _is_flag(text[position]) else 1)
    while end < len(text):
        code = ord(text[end])
        if code in (0xFE0E, 0xFE0F, 0x20E3) or 0x1F3FB <= code <= 0x1F3FF:
            end += 1
        elif code == 0x200D and end + 1 < len(text):
            end += 2
        else:
            break
    return min(end, len(text))


def _word_tokens(text: str, start: int, end: int, *, glued: bool) -> Iterator[Token]:
    word = text[start:end].casefold()
    if any("一" <= character <= "鿿" for character in word) and len(word) == end - start:
        yield from _han_tokens(word, start)
    elif word.replace(".", "").replace(",", "").isdecimal():
        yield Token(word, start, end, "number", glued)
    elif re.fullmatch(r"\d{1,3}x|x\d{1,3}", word):
        yield Token(word.strip("x"), start, end, "number", glued)
    elif word.endswith("n't") or word in ("cannot", "dont", "isnt", "arent"):
        yield Token("not", start, end, "word", glued)
    else:
        yield Token(_CLITIC.sub("", word) or word, start, end, "word", glued)


def _han_tokens(word: str, start: int) -> Iterator[Token]:
    """Known Chinese words, the longest first, and what lies between them."""
    position = unknown = 0
    while position < len(word):
        length = next(
            (size for size in range(LONGEST_HAN_WORD, 0, -1) if word[position : position + size] in HAN_WORDS), 0
        )
        if length:
            if unknown < position:
                yield Token(word[unknown:position], start + unknown, start + position)
            yield Token(word[position : position + length], start + position, start + position + length)
            unknown = position + length
        position += length or 1
    if unknown < position:
        yield Token(word[unknown:position], start + unknown, start + position)


def _translated(tokens: list[Token]) -> Iterator[Token]:
    position = 0
    while position < len(tokens):
        for size in range(min(LONGEST_PHRASE, len(tokens) - position), 0, -1):
            span = tokens[position : position + size]
            english = TRANSLATIONS.get(tuple(token.word for token in span))
            if english is not None:
                for word in english:
                    yield Token(word, span[0].start, span[-1].end)
                position += size
                break
        else:
            yield tokens[position]
            position += 1
