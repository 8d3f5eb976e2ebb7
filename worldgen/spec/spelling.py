"""Correction of words that are one slip away from a known one."""

from __future__ import annotations

from collections.abc import Iterable

MIN_LETTERS = 6
"""Shorter words have too many neighbours that are words of their own."""

REAL_WORDS: frozenset[str] = frozenset()
"""English words that are one slip away from a word of the vocabulary, but mean what they say."""


class Speller:
    """Finds the known word that is one slip away: a letter too many, too few, wrong, or two swapped.

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
        # A slip rarely hits the first letter, and most often drops or swaps letters.
        return min(candidates, key=lambda known: (known[0] != word[0], known), default=None)


def is_one_slip(first: str, second: str) -> bool:
    """Whether two words differ by exactly one insertion, deletion, substitution or swap of neighbours."""
    if first == second or abs(len(first) - len(second)) > 1:
        return False
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    a, b = first[start:], second[start:]
    if len(a) == len(b):
        return a[1:] == b[1:] or (len(a) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:])
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return longer[1:] == shorter


def _one_left_out(word: str) -> list[str]:
    return [word[:index] + word[index + 1 :] for index in range(len(word))]
