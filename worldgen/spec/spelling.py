"""Correction of words that are one slip away from a known one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise, product

from worldgen.spec.real_words import REAL_WORDS

MIN_LETTERS = 6
"""Shorter words have too many neighbours that are words of their own."""

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = frozenset(
    {pair for row in _KEYS for first, second in pairwise(row) for pair in ((first, second), (second, first))}
    | {pair for first, second in product("aeiouy", repeat=2) for pair in ((first, second),)}
    | {("c", "s"), ("s", "c"), ("c", "k"), ("k", "c"), ("s", "z"), ("z", "s"), ("f", "v"), ("v", "f")}
)
"""Letters that are hit or taken for each other: neighbours on a keyboard, vowels, and a few sounds."""


class Speller:
    """Finds the known word that is one slip away: a letter too many, too few, mistaken, or two swapped.

    Known words are indexed by every form with one letter left out, so that a look-up costs the same however many
    there are. (The idea is Wolf Garbe's "symmetric delete" spelling correction.)
    """

    def __init__(self, words: Iterable[str], *, right: Iterable[str] = ()) -> None:
        """Index the words.

        Args:
            words: What a misspelt word may have meant.
            right: Words that are never misspelt.
        """
        self._right = REAL_WORDS | frozenset(right)
        self._index: dict[str, list[str]] = {}
        for word in sorted({word for word in words if len(word) >= MIN_LETTERS - 1}):
            for form in (word, *_one_left_out(word)):
                self._index.setdefault(form, []).append(word)

    def correct(self, word: str) -> str | None:
        """The known word one slip away, the first in the alphabet of several, or None."""
        if len(word) < MIN_LETTERS - 1 or len(word) > 40 or word in self._right or not word.isalpha():
            return None
        candidates = {
            known
            for form in (word, *_one_left_out(word))
            for known in self._index.get(form, ())
            if max(len(word), len(known)) >= MIN_LETTERS and is_one_slip(word, known)
        }
        # Slips that keep the length are swaps and mistaken letters; they are the more telling ones.
        return min(candidates, key=lambda known: (len(known) != len(word), known), default=None)


def is_one_slip(word: str, known: str) -> bool:
    """Whether a word is a known one with one slip of the pen.

    The first letter is always right, a mistaken letter is one that is easily taken for the other, and a letter
    more or less at the end makes another word ("villager"), unless it doubles the one before it.
    """
    if word == known or word[0] != known[0] or abs(len(word) - len(known)) > 1:
        return False
    start = 0
    while start < min(len(word), len(known)) and word[start] == known[start]:
        start += 1
    a, b = word[start:], known[start:]
    if len(a) == len(b):
        mistaken = a[1:] == b[1:] and (a[0], b[0]) in _NEIGHBOURS
        swapped = len(a) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
        return mistaken or swapped
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    if longer[1:] != shorter:
        return False
    return bool(shorter) or longer[0] == word[start - 1] == known[start - 1]


def _one_left_out(word: str) -> list[str]:
    return [word[:index] + word[index + 1 :] for index in range(len(word))]
