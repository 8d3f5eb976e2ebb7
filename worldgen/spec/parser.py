"""Prompt → WorldSpec: the embedded parser.

The prompt is cut into tokens, matched against the vocabulary (``matching``), read as noun phrases and relations
(``grammar``), and composed into a spec; what it leaves open the biome fills in (``biomes``). There is no
randomness: the same prompt and lexicon always give the same spec.
"""

from __future__ import annotations

from worldgen.errors import InvalidInputError
from worldgen.spec.compose import compose
from worldgen.spec.grammar import read_chunks
from worldgen.spec.lexicon import Lexicon
from worldgen.spec.matching import match_chunks
from worldgen.spec.model import WorldSpec
from worldgen.spec.tokens import normalize, tokenize
from worldgen.spec.vocabulary import vocabulary_of

MAX_PROMPT_CHARACTERS = 20_000

_HINT = 'Describe a place, for example: "a wooden cabin by a frozen lake, pine forest, snowy mountains, golden hour".'


def parse_prompt(prompt: str, lexicon: Lexicon) -> WorldSpec:
    """What a prompt is understood as.

    Args:
        prompt: A description of an outdoor place in plain words.
        lexicon: The words of the asset families.

    Returns:
        A complete spec; ``understood`` says what each word became and ``ignored`` lists the words that were not
        understood, in order, each once.

    Raises:
        InvalidInputError: The prompt is empty, longer than ``MAX_PROMPT_CHARACTERS`` or no valid text.
    """
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise InvalidInputError(
            f"The prompt has {len(prompt)} characters; at most {MAX_PROMPT_CHARACTERS} are read.",
            hint="Keep what matters for the picture: places, things, light and weather.",
        )
    if any(0xD800 <= ord(character) <= 0xDFFF for character in prompt):
        raise InvalidInputError("The prompt is not valid Unicode text: it holds half a character.", hint=_HINT)
    text = normalize(prompt)
    tokens = tokenize(text)
    if not any(token.kind in ("word", "number", "emoji") for token in tokens):
        raise InvalidInputError("The prompt is empty." if not text.strip() else "The prompt has no words.", hint=_HINT)
    chunks = match_chunks(tokens, vocabulary_of(lexicon))
    return compose(prompt.strip(), text, read_chunks(chunks), lexicon)
