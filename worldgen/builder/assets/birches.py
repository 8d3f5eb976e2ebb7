"""Birches and aspens: slender pale trunks and fine, hanging twigs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.modelling.crowns import CrownShape
from worldgen.builder.modelling.leafy_plant import LeafyPlant, build_leafy_plant
from worldgen.builder.modelling.plant_colors import palette
from worldgen.scene.scene import Prototype

BARK = "bark_birch"
TWIG_BARK = "bark_broadleaf"

PLANTS: Mapping[str, LeafyPlant] = MappingProxyType(
    {
        "birch": LeafyPlant(
            shape=CrownShape(
                height_m=(13.0, 19.0),
                crown_base=(0.24, 0.34),
                crown_radius=(0.17, 0.22),
                trunk_share=0.93,
                trunk_radius=0.0115,
                limbs=24,
                branches_per_limb=6,
                twigs_per_branch=4,
                leaves_per_twig=16,
                twig_length_m=1.5,
                leaf_m=(0.2, 0.12),
                limb_angle_deg=(52.0, 22.0),
                limb_rise=-0.15,
                branch_angle_deg=42.0,
                branch_length=0.5,
                twig_rise=-2.2,
                gnarl=0.35,
                cone=0.4,
                trunk_gnarl=0.14,
                leaf_pose="hanging",
            ),
            bark=BARK,
            twig_bark=TWIG_BARK,
            colors={
                "spring": palette((150, 176, 78), (164, 186, 90)),
                "summer": palette((108, 142, 60), (122, 154, 68), (98, 132, 58)),
                "autumn": palette((228, 186, 52), (216, 164, 44), (238, 204, 84), (190, 160, 56)),
            },
            flare=0.3,
        ),
        "aspen": LeafyPlant(
            shape=CrownShape(
                height_m=(13.0, 20.0),
                crown_base=(0.4, 0.5),
                crown_radius=(0.13, 0.17),
                trunk_share=0.92,
                trunk_radius=0.0115,
                limbs=24,
                branches_per_limb=6,
                twigs_per_branch=4,
                leaves_per_twig=16,
                twig_length_m=0.95,
                leaf_m=(0.21, 0.16),
                limb_angle_deg=(64.0, 26.0),
                limb_rise=0.2,
                branch_length=0.5,
                gnarl=0.35,
                cone=0.4,
                trunk_gnarl=0.08,
            ),
            bark=BARK,
            twig_bark=TWIG_BARK,
            colors={
                "spring": palette((150, 176, 84), (162, 184, 92)),
                "summer": palette((112, 144, 70), (126, 156, 80), (104, 134, 66)),
                "autumn": palette((240, 186, 44), (246, 204, 70), (232, 160, 40), (222, 132, 44)),
            },
            flare=0.25,
        ),
    }
)


def build_birch(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a birch or an aspen in the requested season and snow."""
    return build_leafy_plant(PLANTS[request.kind], "birch", request, generator)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="birch",
        kinds={
            "birch": ("birch", "birch tree", "silver birch", "white birch", "alder"),
            "aspen": ("aspen", "aspen tree", "quaking aspen"),
        },
        build=build_birch,
        placement=Placement(
            max_slope_deg=34.0,
            water_distance_m=(1.0, float("inf")),
            moisture=(0.15, 1.0),
            sink_m=0.12,
            clusters=0.85,
            scale_range=(0.7, 1.15),
        ),
        adjectives={"silver": "birch", "quaking": "aspen"},
        num_variants=4,
    ),
)
