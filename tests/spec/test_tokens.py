"""Tokens, inflection and spelling."""

from __future__ import annotations

import pytest

from tests.spec.lexicons import LEXICON
from worldgen.spec.inflection import other_plurals, plural_of, singular_of
from worldgen.spec.real_words import REAL_WORDS
from worldgen.spec.spelling import Speller, is_one_slip
from worldgen.spec.tokens import normalize, tokenize
from worldgen.spec.vocabulary import vocabulary_of


def words(text: str) -> list[str]:
    return [token.word for token in tokenize(normalize(text)) if token.kind in ("word", "number", "emoji")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Snow-capped peaks", ["snow", "capped", "peaks"]),
        ("lamp_post", ["lamp", "post"]),
        ("shepherd's hut", ["shepherd", "hut"]),
        ("the trees’ tops", ["the", "trees", "tops"]),
        ("it isn’t foggy", ["it", "not", "foggy"]),
        ("don't", ["not"]),
        ("1,000 trees", ["1,000", "trees"]),
        ("3x towers x2", ["3", "towers", "2"]),
        ("lake & hill + tower", ["lake", "and", "hill", "and", "tower"]),
        ("ＴＯＷＥＲ", ["tower"]),
        ("湖边的小屋", ["by", "the", "lake", "the", "cabin"]),
        ("forêt", ["forest"]),
        ("Straße", ["strasse"]),
        ("🏔️🌲", ["snowy", "mountains", "conifer"]),
        ("tower --ar 16:9", ["tower"]),
        ("(castle:1.3)", ["castle"]),
        ("<lora:detail:0.8> tower", ["tower"]),
        ("1920x1080 tower", ["tower"]),
        ("tower --no fog", ["tower", "no", "fog"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_positions_point_into_the_text() -> None:
    text = normalize("A  Cabin, by — the lake’s shore! 🌲")
    for token in tokenize(text):
        assert 0 <= token.start <= token.end <= len(text)
        if token.kind == "word" and token.word.isascii() and token.word not in ("conifer",):
            assert text[token.start : token.end].casefold().startswith(token.word)


def test_breaks() -> None:
    kinds = [token.kind for token in tokenize("a, b. c - d-e\nf")]
    assert kinds == [
        "word",
        "soft_break",
        "word",
        "full_break",
        "word",
        "soft_break",
        *["word"] * 2,
        "full_break",
        "word",
    ]


@pytest.mark.parametrize(
    ("word", "plural"),
    [
        ("tower", "towers"),
        ("church", "churches"),
        ("bush", "bushes"),
        ("birch", "birches"),
        ("valley", "valleys"),
        ("poppy", "poppies"),
        ("leaf", "leaves"),
        ("reeds", "reeds"),
        ("ruins", "ruins"),
        ("cactus", "cactuses"),
        ("grass", "grasses"),
        ("cliff", "cliffs"),
    ],
)
def test_plurals(word: str, plural: str) -> None:
    assert plural_of(word) == plural


def test_other_forms() -> None:
    assert other_plurals("cactus") == ("cacti",)
    assert other_plurals("tower") == ()
    assert singular_of("ruins") == "ruin"
    assert singular_of("daisies") == "daisy"
    assert singular_of("grass") == "grass"
    assert singular_of("cactus") == "cactus"


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("mountian", "mountain"),
        ("moutain", "mountain"),
        ("mounttain", "mountain"),
        ("mpuntain", "mountain"),
        ("mkuntain", None),
        ("castel", "castle"),
        ("forrest", "forest"),
        ("autmn", "autumn"),
        ("vilage", "village"),
        ("brigde", "bridge"),
        ("tree", None),
        ("twer", None),
        ("xountain", None),
        ("mountains", None),
    ],
)
def test_slips(word: str, known: str | None) -> None:
    speller = Speller(["mountain", "castle", "forest", "autumn", "village", "bridge", "tower", "trees"])
    assert speller.correct(word) == known


def test_one_slip_is_neither_none_nor_two() -> None:
    assert not is_one_slip("castle", "castle")
    assert not is_one_slip("cstl", "castle")
    assert is_one_slip("casttle", "castle")
    # A letter more at the end makes another word, unless it doubles the last one.
    assert not is_one_slip("castler", "castle")
    assert is_one_slip("foresst", "forest")
    assert is_one_slip("forestt", "forest")


def test_no_word_of_the_vocabulary_is_taken_for_a_misspelling() -> None:
    vocabulary = vocabulary_of(LEXICON)
    for phrase in vocabulary.entries:
        if len(phrase) == 1:
            (word,) = phrase
            assert [token.word for token in tokenize(word)][:1] != []
    assert all(vocabulary.correct(word) is None for word in REAL_WORDS)
    assert not REAL_WORDS & {"forrest", "castel", "vilage"}
