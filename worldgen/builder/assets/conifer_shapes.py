"""The builds of the conifers: proportions, branching, needles and colours of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from worldgen.builder.modelling.branches import Doubles
from worldgen.builder.modelling.plant_colors import palette


@dataclass(frozen=True, slots=True, kw_only=True)
class ConiferShape:
    """What makes one kind of conifer; angles in degrees, lengths as shares of the height."""

    height_m: tuple[float, float]
    crown_base: tuple[float, float]
    """Where the crown begins."""
    crown_radius: tuple[float, float]
    profile: tuple[float, float]
    """Exponent of the cone's narrowing (below 1: rounder), and how soon the crown reaches its full width."""
    num_whorls: int
    branches_per_whorl: int
    elevation_deg: tuple[float, float]
    """Angle of branches above the horizon, at the crown's base and at the top."""
    rise: tuple[float, float]
    """Bend of the inner and outer half of a branch; positive is up."""
    raggedness: float
    """How unequal branches of one whorl are."""
    tufts: bool
    """Needles in brushes at the ends of twigs (pine) rather than flat sprays (spruce)."""
    twigs: int
    twig_length: float
    """Length of twigs as a share of their branch's."""
    needle_length_m: float
    needle_width_m: float
    trunk_radius: float
    colors: Doubles
    spring_colors: Doubles
    autumn_colors: Doubles | None = None
    """For a conifer that turns and drops its needles; None is evergreen."""


SHAPES: Mapping[str, ConiferShape] = MappingProxyType(
    {
        "spruce": ConiferShape(
            height_m=(18.0, 27.0),
            crown_base=(0.03, 0.08),
            crown_radius=(0.16, 0.2),
            profile=(0.78, 0.05),
            num_whorls=33,
            branches_per_whorl=7,
            elevation_deg=(-22.0, 42.0),
            rise=(-0.45, 0.5),
            raggedness=0.16,
            tufts=False,
            twigs=12,
            twig_length=0.42,
            needle_length_m=0.5,
            needle_width_m=0.19,
            trunk_radius=0.0115,
            colors=palette((62, 88, 48), (74, 102, 55), (54, 80, 52)),
            spring_colors=palette((70, 104, 48)),
        ),
        "pine": ConiferShape(
            height_m=(17.0, 25.0),
            crown_base=(0.3, 0.42),
            crown_radius=(0.17, 0.22),
            profile=(0.62, 0.22),
            num_whorls=17,
            branches_per_whorl=6,
            elevation_deg=(2.0, 58.0),
            rise=(0.05, 0.55),
            raggedness=0.32,
            tufts=True,
            twigs=20,
            twig_length=0.36,
            needle_length_m=0.42,
            needle_width_m=0.09,
            trunk_radius=0.0145,
            colors=palette((84, 108, 56), (98, 122, 62), (74, 98, 60)),
            spring_colors=palette((96, 120, 60)),
        ),
        "fir": ConiferShape(
            height_m=(18.0, 28.0),
            crown_base=(0.02, 0.06),
            crown_radius=(0.12, 0.15),
            profile=(0.72, 0.05),
            num_whorls=36,
            branches_per_whorl=7,
            elevation_deg=(-8.0, 50.0),
            rise=(-0.1, 0.3),
            raggedness=0.1,
            tufts=False,
            twigs=11,
            twig_length=0.42,
            needle_length_m=0.42,
            needle_width_m=0.19,
            trunk_radius=0.011,
            colors=palette((50, 80, 60), (60, 92, 70), (44, 72, 56)),
            spring_colors=palette((80, 112, 66)),
        ),
        "larch": ConiferShape(
            height_m=(18.0, 26.0),
            crown_base=(0.1, 0.2),
            crown_radius=(0.14, 0.17),
            profile=(0.85, 0.1),
            num_whorls=28,
            branches_per_whorl=6,
            elevation_deg=(-12.0, 45.0),
            rise=(-0.2, 0.5),
            raggedness=0.26,
            tufts=True,
            twigs=10,
            twig_length=0.34,
            needle_length_m=0.44,
            needle_width_m=0.115,
            trunk_radius=0.0105,
            colors=palette((112, 146, 64), (124, 156, 72), (104, 136, 66)),
            spring_colors=palette((138, 168, 76)),
            autumn_colors=palette((206, 150, 42), (190, 126, 34), (216, 170, 60)),
        ),
        "cypress": ConiferShape(
            height_m=(12.0, 18.0),
            crown_base=(0.03, 0.05),
            crown_radius=(0.085, 0.11),
            profile=(0.5, 0.2),
            num_whorls=34,
            branches_per_whorl=7,
            elevation_deg=(48.0, 76.0),
            rise=(0.3, 0.9),
            raggedness=0.16,
            tufts=True,
            twigs=6,
            twig_length=0.42,
            needle_length_m=0.4,
            needle_width_m=0.15,
            trunk_radius=0.012,
            colors=palette((58, 86, 44), (70, 98, 48), (52, 76, 42)),
            spring_colors=palette((66, 90, 44)),
        ),
    }
)
