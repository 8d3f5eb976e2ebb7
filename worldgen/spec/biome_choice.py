"""Which biome a prompt means: every word that speaks for one has a weight, the heaviest biome wins."""

from __future__ import annotations

from collections.abc import Iterator

from worldgen.spec.compounds import is_woods
from worldgen.spec.model import Biome
from worldgen.spec.reading import Mention, Reading
from worldgen.spec.senses import BiomeNoun, Collective, LandNoun, State, Thing, WaterNoun

DEFAULT_BIOME: Biome = "meadow_hills"

_WEAKEST = 0.3
"""Words that speak for a biome less than this only colour it ("sandy")."""

_FAMILY_VOTES: dict[str, tuple[Biome, float]] = {
    "palm": ("tropical", 3.0),
    "cactus": ("desert", 5.0),
    "pyramid": ("desert", 4.0),
    "grass": ("meadow_hills", 1.5),
    "flowers": ("meadow_hills", 1.5),
    "conifer": ("temperate_forest", 0.7),
    "birch": ("temperate_forest", 0.7),
    "fern": ("temperate_forest", 1.0),
    "haystack": ("meadow_hills", 1.0),
    "windmill": ("meadow_hills", 1.0),
}

_LAND_VOTES: dict[str, tuple[tuple[Biome, float], ...]] = {
    "mountains": (("alpine", 4.5),),
    "rugged": (("alpine", 0.5),),
    "hills": (("meadow_hills", 2.0),),
    "rolling": (("meadow_hills", 2.5),),
    "hill": (("meadow_hills", 0.8),),
    "plain": (("meadow_hills", 1.5),),
    "valley": (("meadow_hills", 0.6),),
    "island": (("coast", 2.5), ("tropical", 1.0)),
}

_KIND_VOTES: dict[str, tuple[Biome, float]] = {"jungle_tree": ("tropical", 3.0), "acacia": ("meadow_hills", 2.0)}


def choose_biome(reading: Reading) -> Biome:
    """The biome that the words of a prompt speak for most; the first named wins a tie."""
    weights: dict[Biome, float] = {}
    for mention in reading.mentions:
        if mention.negated:
            continue
        factor = 0.1 if is_distant(mention) else 1.0
        for biome, weight in _votes(mention):
            if weight < _WEAKEST:
                continue
            weights[biome] = weights.get(biome, 0.0) + weight * factor
    for cue in reading.cues:
        if cue.negated:
            continue
        if cue.atmosphere.biome is not None:
            weights[cue.atmosphere.biome] = weights.get(cue.atmosphere.biome, 0.0) + 1.0
        if (cue.atmosphere.snow_cover or 0.0) >= 0.5:
            weights["tundra"] = weights.get("tundra", 0.0) + 0.3
    return max(weights, key=lambda biome: weights[biome], default=DEFAULT_BIOME)


def is_distant(mention: Mention) -> bool:
    """Whether a thing is said to be far away."""
    return mention.relation in ("in_distance", "behind") or any(
        isinstance(adjective.sense, State) and adjective.sense.name == "distant" for adjective in mention.adjectives
    )


def _votes(mention: Mention) -> Iterator[tuple[Biome, float]]:
    match mention.noun:
        case BiomeNoun(biome=biome, weight=weight):
            yield biome, weight
        case LandNoun(feature="island") if any(isinstance(other.noun, WaterNoun) for other in mention.targets):
            return
        case LandNoun(word=word, feature="valley") if word.startswith("mountain"):
            yield "alpine", 4.0
        case LandNoun(word="sea cliff" | "white cliffs" | "chalk cliff"):
            yield "coast", 3.5
        case LandNoun(feature=feature):
            yield from _LAND_VOTES.get(feature, ())
        case WaterNoun(kind="sea"):
            yield "coast", 3.5
        case WaterNoun(word=word) if word.split()[0] in ("mountain", "alpine", "glacial"):
            yield "alpine", 3.0
        case Collective(name=name):
            kinds = [other for other in mention.made_of if isinstance(other.noun, Thing)]
            if is_woods(mention):
                vote = next((_FAMILY_VOTES.get(_family(other)) for other in kinds), None)
                yield vote if vote is not None and vote[1] >= 3.0 else ("temperate_forest", 4.0)
            elif name == "harbor":
                yield "coast", 1.5
            else:
                yield "meadow_hills", 1.0
        case Thing(options=options):
            family, kind = options[0]
            vote = _KIND_VOTES.get(kind or "") or _FAMILY_VOTES.get(family)
            numbered = mention.amount is not None and not mention.amount.vague
            # A number of pines makes no forest, but one cactus speaks for the desert.
            if vote is not None and (not numbered or vote[1] >= 3.0):
                yield vote
        case _:
            return


def _family(mention: Mention) -> str:
    return mention.noun.options[0][0] if isinstance(mention.noun, Thing) else ""
