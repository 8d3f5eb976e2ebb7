"""What holds for every prompt, sensible or not."""

from __future__ import annotations

import random
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.prompts import PROMPTS
from tests.spec.lexicons import LEXICON
from worldgen.errors import InvalidInputError
from worldgen.spec.files import decode_spec, encode_spec
from worldgen.spec.lexicon import check_families
from worldgen.spec.matching import match_chunks
from worldgen.spec.model import WorldSpec
from worldgen.spec.parser import MAX_PROMPT_CHARACTERS, parse_prompt
from worldgen.spec.senses import Absent, Amount, Break, Noun, Style, Unknown
from worldgen.spec.tokens import normalize, tokenize
from worldgen.spec.vocabulary import vocabulary_of

WORDS = sorted(
    {word for case in PROMPTS for word in case.prompt.split()}
    | {" ".join(phrase) for phrase in list(vocabulary_of(LEXICON).entries)[::7]}
    | {",", ".", "not", "no", "without", "a", "the", "it", "with", "of", "and", "or", "but", "two", "xqzv", "🌲", "湖"}
)

word_salads = st.lists(st.sampled_from(WORDS), min_size=1, max_size=40).map(" ".join)


def parse(prompt: str) -> WorldSpec | None:
    """The spec, or None for prompts without a word."""
    if not any(token.kind in ("word", "number", "emoji") for token in tokenize(normalize(prompt))):
        with pytest.raises(InvalidInputError):
            parse_prompt(prompt, LEXICON)
        return None
    return parse_prompt(prompt, LEXICON)


def check(prompt: str, spec: WorldSpec) -> None:
    """What every spec holds to."""
    check_families(spec, LEXICON)
    assert decode_spec(encode_spec(spec)) == spec
    families = {entry.family for entry in (*spec.items, *spec.scatters)}
    assert not families & set(spec.excluded)
    positions = {item.id: index for index, item in enumerate(spec.items)}
    for index, item in enumerate(spec.items):
        for target in (item.place.target, item.place.other_target):
            assert positions.get(target or "", -1) < index, "a target stands behind what is placed by it"
    assert len(set(spec.ignored)) == len(spec.ignored)


@settings(max_examples=120, deadline=None)
@given(word_salads)
def test_word_salads_never_crash(prompt: str) -> None:
    spec = parse(prompt)
    if spec is not None:
        check(prompt, spec)
        assert parse_prompt(prompt, LEXICON) == spec


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=80))
def test_any_text_never_crashes(prompt: str) -> None:
    spec = parse(prompt)
    if spec is not None:
        check(prompt, spec)


@settings(max_examples=150, deadline=None)
@given(word_salads)
def test_every_content_word_is_accounted_for(prompt: str) -> None:
    spec = parse(prompt)
    if spec is None:
        return
    accounted = " ".join([*(entry.phrase for entry in spec.understood), *spec.ignored]).split()
    known = {word.strip(".,:;!?()'\"") for word in accounted}
    text = normalize(prompt)
    for chunk in match_chunks(tokenize(text), vocabulary_of(LEXICON)):
        if isinstance(chunk.sense, Break):
            continue
        if isinstance(chunk.sense, Noun | Absent | Style | Unknown | Amount):
            for word in text[chunk.start : chunk.end].split():
                assert word.strip(".,:;!?()'\"") in known, (word, chunk.sense)


@pytest.mark.parametrize("case", PROMPTS, ids=lambda case: case.name)
def test_case_and_spacing_do_not_matter(case: object) -> None:
    prompt = getattr(case, "prompt")  # noqa: B009
    plain = parse_prompt(prompt, LEXICON)
    for variant in (prompt.upper(), prompt.title(), f"  {prompt}  ", prompt.replace(" ", "  ")):
        other = parse_prompt(variant, LEXICON)
        fields = ("biome", "season", "time_of_day", "weather", "land", "waters", "items", "scatters", "path")
        for name in fields:
            assert getattr(other, name) == getattr(plain, name), (variant, name)


def test_the_order_of_families_does_not_matter() -> None:
    from worldgen.spec.lexicon import Lexicon

    shuffled = list(LEXICON.families.values())
    random.Random(4).shuffle(shuffled)
    other = Lexicon.of(shuffled)
    for case in PROMPTS:
        assert parse_prompt(case.prompt, other) == parse_prompt(case.prompt, LEXICON)


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t", "...", "?!", "\u200b", "\x00", "☐ ()", "--"])
def test_prompts_without_words_are_refused(prompt: str) -> None:
    if prompt == "☐ ()":
        assert parse_prompt(prompt, LEXICON).ignored == ("☐",)
        return
    with pytest.raises(InvalidInputError) as caught:
        parse_prompt(prompt, LEXICON)
    assert "for example" in (caught.value.hint or "")


def test_long_prompts() -> None:
    longest = ("a cabin by a lake, " * 2000)[:MAX_PROMPT_CHARACTERS]
    assert parse_prompt(longest, LEXICON).items
    with pytest.raises(InvalidInputError, match="20001 characters"):
        parse_prompt(longest + "a", LEXICON)
    with pytest.raises(InvalidInputError, match="half a character"):
        parse_prompt("a tower \ud800", LEXICON)


@pytest.mark.parametrize(
    "unit",
    ["a lake house, ", "stone ", "no trees, houses, ", "a cabin by it with ", "森林", "🌲", "village of ", "xqz "],
)
def test_time_is_linear_in_the_length(unit: str) -> None:
    def seconds(characters: int) -> float:
        prompt = (unit * characters)[:characters]
        times = []
        for _ in range(3):
            start = time.process_time()
            parse_prompt(prompt, LEXICON)
            times.append(time.process_time() - start)
        return min(times)

    parse_prompt(unit, LEXICON)
    # Four times the length may take little more than four times as long; ten allows for noise.
    assert seconds(4000) < 10.0 * seconds(1000) + 0.05


def test_ten_thousand_characters_of_prose_keep_their_meaning() -> None:
    filler = "The wanderer hummed quietly while remembering nothing particular. "
    prompt = "A tower on a hill at dusk. " + filler * 150
    spec = parse_prompt(prompt, LEXICON)
    assert len(prompt) > 9_900
    assert [item.id for item in spec.items] == ["tower"]
    assert spec.time_of_day == "dusk"
    assert len(spec.ignored) < 15


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("замок у озера", ("замок", "у", "озера")),
        ("पहाड़", ("पहाड़",)),
        ("城の前の🐉", ()),
        ("قلعة", ("قلعة",)),
        ("tower 🦄", ("🦄",)),
        ("👨‍👩‍👧‍👦 lake 🇫🇷", ("👨‍👩‍👧‍👦", "🇫🇷")),
    ],
)
def test_other_scripts_are_ignored_whole(prompt: str, words: tuple[str, ...]) -> None:
    ignored = parse_prompt(prompt, LEXICON).ignored
    assert all(unicodedata.normalize("NFKC", word) in ignored for word in words)
    assert ignored or not words
