"""The closed classes: numbers, sizes, relations, negations, articles."""

from __future__ import annotations

from collections.abc import Mapping

from worldgen.spec.model import Relation
from worldgen.spec.senses import (
    Amount,
    Color,
    Conjunction,
    Copula,
    Density,
    Determiner,
    Negation,
    Preposition,
    Pronoun,
    Sense,
    Setting,
    Size,
    State,
)


def _same(sense: Sense, words: str) -> dict[str, Sense]:
    return dict.fromkeys(words.split("|"), sense)


def _sizes(factor: float, words: str) -> dict[str, Sense]:
    return _same(Size(factor), words)


SIZES: Mapping[str, Sense] = {
    **_sizes(0.4, "tiny|miniature|minuscule|diminutive|toy|wee|mini|teeny"),
    **_sizes(0.65, "small|little|smallish|compact|petite|modest|young|stunted|dwarf"),
    **_sizes(0.8, "short|low lying|squat|narrow|smaller|slim|slender"),
    **_sizes(1.35, "tall|high|big|large|long|wide|broad|mature|larger|taller|spacious|sizable|lofty"),
    **_sizes(1.6, "great|very tall|very large|very big|towering|imposing|mighty|grandiose|soaring|sprawling|expansive"),
    **_sizes(2.0, "huge|massive|enormous|vast|immense|oversized|monumental|extensive|sky high"),
    **_sizes(2.5, "giant|gigantic|colossal|gargantuan|titanic|humongous|mega|cyclopean"),
}

DENSITIES: Mapping[str, Sense] = {
    **_same(Density(0.95), "dense|thick|heavy|impenetrable|deep|densely|thickly|heavily"),
    **_same(Density(0.2), "sparse|scattered|thin|occasional|scarce|sparsely|scanty|isolated|light|faint|slight|subtle"),
}

STATES: Mapping[str, Sense] = {
    **_same(State("ruined"), "ruined|in ruins|in ruin|crumbling|collapsed|destroyed|broken"),
    **_same(
        State("ruined"),
        "decaying|dilapidated|derelict|ruinous",
    ),
    **_same(State("dead"), "dead|bare|leafless|withered|dying|burnt|burned|charred|rotten"),
    **_same(State("frozen"), "frozen|frozen over|ice covered|iced over"),
    **_same(State("distant"), "distant|faraway|far off|remote"),
    **_same(State("clear"), "clear"),
    **_same(State("high"), "midday|overhead"),
    **_same(State("pale"), "pale"),
}

COLORS: Mapping[str, Sense] = {
    **_same(Color("gray"), "grey|gray"),
    **_same(Color("orange"), "orange|amber|rust colored|copper"),
    **_same(Color("crimson"), "crimson|scarlet|ruby"),
    **_same(Color("pink"), "pink|rosy"),
    **_same(Color("golden"), "golden|gilded"),
    **_same(Color("purple"), "purple|lilac"),
    **_same(Color("blue"), "blue|azure|turquoise|teal|cyan|emerald water|sapphire"),
    **_same(Color("green"), "green|emerald"),
    **{name: Color(name) for name in ("red", "yellow", "brown", "white", "black", "beige", "ochre", "cream", "silver")},
}

NATURAL_COLORS: Mapping[str, frozenset[str]] = {
    "vegetation": frozenset({"green", "golden"}),
    "water": frozenset({"blue", "green"}),
    "rock": frozenset({"gray"}),
    "snow": frozenset({"white"}),
}
"""Colours that things have anyway: asking for them is granted without effect."""

NUMBERS: Mapping[str, int] = {
    **{
        word: value
        for value, word in enumerate(
            (
                "one",
                "two",
                "three",
                "four",
                "five",
                "six",
                "seven",
                "eight",
                "nine",
                "ten",
                "eleven",
                "twelve",
                "thirteen",
                "fourteen",
                "fifteen",
                "sixteen",
                "seventeen",
                "eighteen",
                "nineteen",
                "twenty",
            ),
            start=1,
        )
    },
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}

AMOUNTS: Mapping[str, Sense] = {
    **{word: Amount(value) for word, value in NUMBERS.items()},
    **_same(Amount(1), "single|lone|solitary|sole|lonely|solitary standing|one single|just one|only one|exactly one"),
    **_same(Amount(2), "couple|a couple of|pair of|a pair of|couple of|twin|both|pair|a couple|double"),
    **_same(Amount(3), "a trio of|trio of|triple|three or four|two or three"),
    **_same(Amount(3, vague=True), "few|a few|a small number of|some few|very few"),
    **_same(Amount(4, vague=True), "some|a group of|group of|various|a number of|multiple|different|a set of|set of"),
    **_same(Amount(4, vague=True), "a bunch of|bunch of|a small group of|a bit of|a patch of|patch of|patches of"),
    **_same(
        Amount(5, vague=True),
        "several|full of|filled with|a handful of|handful of|a cluster of|cluster of|half a dozen|clusters of",
    ),
    **_same(Amount(5), "a row of|row of|a line of|line of|in a row|a pile of|pile of|a heap of"),
    **_same(Amount(8), "a circle of|circle of|a ring of|ring of|rows of|lines of|groups of"),
    **_same(Amount(8, vague=True), "many|lots of|a lot of|numerous|plenty of|loads of|tons of|a multitude of|piles of"),
    **_same(Amount(12), "dozen|a dozen|one dozen"),
    **_same(Amount(24, vague=True), "dozens of|dozens|scores of|abundant|abundance of|an abundance of"),
    **_same(Amount(100, vague=True), "hundreds of|hundreds|hundred|a hundred|swarms of"),
    **_same(
        Amount(200, vague=True),
        "thousands of|thousands|countless|endless|myriad|innumerable|thousand|a thousand|millions of",
    ),
    **_same(Amount(200, vague=True), "infinite|an ocean of|a sea of|a carpet of|carpet of|carpets of"),
    **_same(Amount(24, vague=True), "a field of|field of|fields of|a bed of|bed of|beds of"),
}


def _relation(relation: Relation, words: str, *, reverse: bool = False, alone: bool = False) -> dict[str, Sense]:
    return _same(Preposition(relation, reverse, alone), words)


_EDGE = "at the edge of|on the edge of|at the shore of|on the shore of|on the shores of|along the shore of"
_BANK = "on the bank of|on the banks of|along the banks of|at the banks of|on the edges of|at the mouth of"

PREPOSITIONS: Mapping[str, Sense] = {
    **_relation("by", "by|near|beside|next to|close to|at|nearby|alongside of|adjacent to|not far from|near to"),
    **_relation("by", f"{_EDGE}|{_BANK}|overlooking|facing|looking over|looking out over|with a view of|with view of"),
    **_relation("by", "under|beneath|below|underneath|against|outside|at the foot of|at the base of|across from"),
    **_relation("by", "beneath the shade of|in the shade of|in the shadow of|at the end of|to the side of|left of"),
    **_relation(
        "by", "right of|to the left of|to the right of|at the side of|on the side of|bordering|at the bottom of"
    ),
    **_relation(
        "on", "on|atop|on top of|upon|over|across|above|onto|crossing|spanning|floating on|perched on|high above"
    ),
    **_relation("on", "at the top of|on the top of|floating in|sailing on|moored on|anchored in|drifting on|bridging"),
    **_relation("on", "standing on|built on|sitting on|crowning|sailing in|that crosses|that spans|which crosses"),
    **_relation("in", "in|inside|within|amid|amidst|among|amongst|through|into|nestled in|in the middle of|throughout"),
    **_relation(
        "in", "in the heart of|deep in|hidden in|hidden among|nestled among|lost in|in the center of|nestled between"
    ),
    **_relation("in", "in the midst of|set in|tucked in|tucked into|deep inside|in the depths of|in the centre of"),
    **_relation("between", "between|in between|flanked by"),
    **_relation("around", "around|surrounding|encircling|all around|enclosing|ringing"),
    **_relation(
        "around", "surrounded by|encircled by|enclosed by|ringed by|framed by|engulfed by|walled by", reverse=True
    ),
    **_relation("around", "surrounded with|fringed by|fringed with|bordered by|hemmed in by", reverse=True),
    **_relation("along", "along|alongside|lining|following|all along|on both sides of|on either side of"),
    **_relation("along", "lined with|lined by|flanked with|edged with", reverse=True),
    **_relation("behind", "behind|beyond|past|at the back of|in back of|on the far side of|on the other side of"),
    **_relation("in_front_of", "in front of|before|ahead of"),
    **_relation(
        "in_distance", "in the distance|in the far distance|on the horizon|far away|in the background", alone=True
    ),
    **_relation(
        "in_distance", "at the horizon|afar|far in the distance|along the horizon|off in the distance", alone=True
    ),
    **_relation("in_distance", "against the horizon|background|far off in the distance|far behind", alone=True),
    **_relation("near_spawn", "in the foreground|foreground|close by|close up|up close|right here", alone=True),
    **_same(
        Preposition("with"), "with|featuring|containing|has|have|having|including|contains|holds|adorned with|plus a"
    ),
    **_same(Preposition("with"), "covered with|covered by|covered in|full of|dotted with|strewn with|scattered with"),
    **_same(
        Preposition("with"), "studded with|filled by|carpeted with|carpeted in|blanketed with|blanketed by|populated by"
    ),
    **_same(Preposition("of"), "of"),
    **_same(
        Preposition("made_of"), "made of|made from|made out of|built of|built from|built out of|constructed of|in solid"
    ),
}

NEGATIONS: Mapping[str, Sense] = {
    **_same(
        Negation("list"), "no|without|without any|free of|devoid of|lacking|lack of|absence of|no sign of|minus|sans"
    ),
    **_same(Negation("list"), "not a single|not a|not any|not one|not even a|not even one|empty of|excluding|exclude"),
    **_same(
        Negation("list"), "never any|without a single|no trace of|avoid|remove|omit|neither|nor|zero|non|bereft of"
    ),
    **_same(Negation("list"), "except|except for|apart from|other than|there are no|there is no|leave out|hide|absent"),
    **_same(Negation("next"), "not|never|hardly|barely|without being"),
    **_same(Negation("few"), "not many|not too many|hardly any|barely any|not much|few if any|almost no|not a lot of"),
}

FUNCTION_WORDS: Mapping[str, Sense] = {
    **_same(Determiner(definite=False), "a|an|another kind of"),
    **_same(Determiner(definite=False, another=True), "another|one more|a second|second|an additional|a further"),
    **_same(Determiner(definite=True), "the|this|that|these|those|its|their|his|her|our|my|your"),
    **_same(Pronoun(), "it"),
    **_same(Pronoun(plural=True), "they|them"),
    **_same(Copula(), "is|are|was|were|be|being|looks|look|seems|appears|becomes"),
    **_same(Conjunction("and"), "and|also|plus|as well as|along with|together with|&|+"),
    **_same(Conjunction("or"), "or"),
    **_same(Conjunction("but"), "but|however|though|although|yet|instead|rather|only that"),
    **_same(Setting("sky"), "sky|skies|heaven|firmament"),
    **_same(Setting("sun"), "sun"),
    **_same(Setting("light"), "light|lighting|glow|illumination|ray|sunbeam|sunray|sun ray"),
    **_same(Setting("leaves"), "leaf|foliage"),
}
