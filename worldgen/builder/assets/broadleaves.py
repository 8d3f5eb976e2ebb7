"""Broadleaved trees: beech, oak, maple, willow, cherry, apple, poplar, acacia and jungle trees."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.modelling.branches import Doubles
from worldgen.builder.modelling.crowns import CrownShape
from worldgen.builder.modelling.leafy_plant import LeafyPlant, build_leafy_plant
from worldgen.builder.modelling.plant_colors import from_srgb, palette
from worldgen.scene.scene import Prototype
from worldgen.spec.model import Season

BARK = "bark_broadleaf"


def _seasons(
    spring: Doubles, summer: Doubles, autumn: Doubles, winter: Doubles | None = None
) -> Mapping[Season, Doubles]:
    """Palettes by season; without one for winter the tree is bare then."""
    palettes: dict[Season, Doubles] = {"spring": spring, "summer": summer, "autumn": autumn}
    if winter is not None:
        palettes["winter"] = winter
    return MappingProxyType(palettes)


PLANTS: Mapping[str, LeafyPlant] = MappingProxyType(
    {
        "beech": LeafyPlant(
            shape=CrownShape(
                cone=0.15,
                height_m=(14.0, 20.0),
                crown_base=(0.2, 0.28),
                crown_radius=(0.29, 0.35),
                trunk_share=0.72,
                trunk_radius=0.02,
                limbs=16,
                branches_per_limb=8,
                twigs_per_branch=5,
                leaves_per_twig=17,
                twig_length_m=1.3,
                leaf_m=(0.31, 0.17),
                gnarl=0.4,
            ),
            bark=BARK,
            colors=_seasons(
                palette((130, 162, 62), (146, 176, 78)),
                palette((88, 124, 48), (100, 136, 54), (78, 112, 50)),
                palette((206, 140, 48), (186, 104, 38), (158, 82, 36), (216, 168, 60), (132, 132, 56)),
            ),
        ),
        "oak": LeafyPlant(
            shape=CrownShape(
                cone=0.12,
                height_m=(14.0, 20.0),
                crown_base=(0.2, 0.27),
                crown_radius=(0.4, 0.48),
                trunk_share=0.55,
                trunk_radius=0.031,
                limbs=14,
                branches_per_limb=9,
                twigs_per_branch=5,
                leaves_per_twig=17,
                twig_length_m=1.3,
                leaf_m=(0.33, 0.18),
                limb_angle_deg=(80.0, 22.0),
                limb_rise=0.55,
                gnarl=0.65,
                trunk_gnarl=0.2,
            ),
            bark=BARK,
            colors=_seasons(
                palette((128, 152, 62), (142, 160, 70)),
                palette((76, 106, 44), (90, 120, 48), (68, 96, 42)),
                palette((178, 112, 44), (156, 84, 36), (196, 142, 56), (120, 108, 50)),
            ),
            flare=0.6,
        ),
        "maple": LeafyPlant(
            shape=CrownShape(
                cone=0.15,
                height_m=(12.0, 17.0),
                crown_base=(0.18, 0.26),
                crown_radius=(0.33, 0.4),
                trunk_share=0.66,
                trunk_radius=0.021,
                limbs=15,
                branches_per_limb=8,
                twigs_per_branch=5,
                leaves_per_twig=17,
                twig_length_m=1.1,
                leaf_m=(0.29, 0.2),
                limb_angle_deg=(66.0, 18.0),
            ),
            bark=BARK,
            colors=_seasons(
                palette((150, 166, 70), (164, 150, 74)),
                palette((92, 128, 54), (104, 138, 58)),
                palette((196, 46, 28), (214, 84, 32), (224, 128, 40), (170, 30, 30), (232, 164, 52)),
            ),
            color_spread=0.2,
        ),
        "willow": LeafyPlant(
            shape=CrownShape(
                height_m=(10.0, 14.0),
                crown_base=(0.26, 0.32),
                crown_radius=(0.38, 0.46),
                trunk_share=0.55,
                trunk_radius=0.034,
                limbs=11,
                branches_per_limb=8,
                twigs_per_branch=6,
                leaves_per_twig=19,
                twig_length_m=4.2,
                leaf_m=(0.36, 0.09),
                limb_angle_deg=(62.0, 20.0),
                limb_rise=0.1,
                branch_angle_deg=58.0,
                branch_length=0.34,
                twig_rise=-5.5,
                gnarl=0.55,
                trunk_gnarl=0.22,
                leaf_pose="hanging",
            ),
            bark=BARK,
            colors=_seasons(
                palette((164, 180, 84), (150, 172, 78)),
                palette((122, 146, 70), (134, 156, 80), (110, 136, 68)),
                palette((200, 172, 66), (180, 150, 56), (150, 144, 66)),
            ),
        ),
        "cherry": LeafyPlant(
            shape=CrownShape(
                height_m=(6.0, 9.0),
                crown_base=(0.22, 0.28),
                crown_radius=(0.44, 0.54),
                trunk_share=0.42,
                trunk_radius=0.028,
                limbs=11,
                branches_per_limb=9,
                twigs_per_branch=6,
                leaves_per_twig=17,
                twig_length_m=0.75,
                leaf_m=(0.17, 0.12),
                limb_angle_deg=(72.0, 24.0),
                limb_rise=0.3,
                gnarl=0.6,
            ),
            bark=BARK,
            colors=_seasons(
                palette((244, 192, 206), (250, 214, 222), (236, 168, 190), (252, 232, 236)),
                palette((84, 118, 50), (96, 130, 56)),
                palette((206, 98, 44), (190, 70, 42), (218, 142, 56)),
            ),
            color_spread=0.6,
        ),
        "apple": LeafyPlant(
            shape=CrownShape(
                height_m=(5.0, 7.5),
                crown_base=(0.22, 0.28),
                crown_radius=(0.42, 0.5),
                trunk_share=0.45,
                trunk_radius=0.03,
                limbs=11,
                branches_per_limb=9,
                twigs_per_branch=6,
                leaves_per_twig=16,
                twig_length_m=0.65,
                leaf_m=(0.17, 0.09),
                gnarl=0.75,
                trunk_gnarl=0.25,
            ),
            bark=BARK,
            colors=_seasons(
                palette((248, 232, 230), (246, 214, 216), (150, 172, 88)),
                palette((88, 120, 54), (100, 132, 60)),
                palette((186, 160, 64), (150, 138, 60), (198, 132, 52)),
            ),
            fruit_color=from_srgb(196, 40, 34),
            color_spread=0.9,
        ),
        "poplar": LeafyPlant(
            shape=CrownShape(
                cone=0.25,
                height_m=(18.0, 26.0),
                crown_base=(0.06, 0.1),
                crown_radius=(0.085, 0.11),
                trunk_share=0.88,
                trunk_radius=0.016,
                limbs=30,
                branches_per_limb=5,
                twigs_per_branch=4,
                leaves_per_twig=17,
                twig_length_m=1.1,
                leaf_m=(0.29, 0.19),
                limb_angle_deg=(30.0, 12.0),
                limb_rise=0.6,
                branch_angle_deg=30.0,
                gnarl=0.25,
                trunk_gnarl=0.06,
            ),
            bark=BARK,
            colors=_seasons(
                palette((136, 164, 70), (150, 176, 80)),
                palette((92, 126, 54), (106, 140, 62)),
                palette((224, 182, 56), (210, 162, 46), (170, 150, 56)),
            ),
        ),
        "acacia": LeafyPlant(
            shape=CrownShape(
                height_m=(7.0, 11.0),
                crown_base=(0.62, 0.68),
                crown_radius=(0.55, 0.68),
                trunk_share=0.5,
                trunk_radius=0.026,
                limbs=10,
                branches_per_limb=10,
                twigs_per_branch=7,
                leaves_per_twig=11,
                twig_length_m=0.7,
                leaf_m=(0.24, 0.13),
                limb_angle_deg=(58.0, 30.0),
                limb_rise=-0.1,
                branch_angle_deg=40.0,
                gnarl=0.4,
                trunk_gnarl=0.3,
                flat_top=0.85,
            ),
            bark=BARK,
            colors=_seasons(
                palette((112, 130, 58), (124, 140, 64)),
                palette((104, 118, 54), (116, 128, 58), (92, 108, 52)),
                palette((134, 130, 62), (148, 136, 64)),
                palette((120, 120, 62), (130, 124, 64)),
            ),
        ),
        "jungle_tree": LeafyPlant(
            shape=CrownShape(
                height_m=(20.0, 28.0),
                crown_base=(0.48, 0.56),
                crown_radius=(0.3, 0.38),
                trunk_share=0.8,
                trunk_radius=0.024,
                limbs=12,
                branches_per_limb=9,
                twigs_per_branch=6,
                leaves_per_twig=15,
                twig_length_m=1.5,
                leaf_m=(0.46, 0.2),
                limb_angle_deg=(70.0, 26.0),
                gnarl=0.5,
                leaf_pose="rosette",
            ),
            bark=BARK,
            colors=_seasons(
                palette((62, 104, 40), (76, 120, 44)),
                palette((52, 94, 38), (66, 110, 42), (44, 82, 38)),
                palette((60, 98, 40), (84, 112, 44)),
                palette((54, 92, 38), (66, 104, 42)),
            ),
            flare=1.4,
        ),
    }
)


def build_broadleaf(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a broadleaved tree of the requested kind, season and snow."""
    return build_leafy_plant(PLANTS[request.kind], "broadleaf", request, generator)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="broadleaf",
        kinds={
            "beech": (
                "tree",
                "broadleaf",
                "deciduous tree",
                "beech",
                "beech tree",
                "linden",
                "elm",
                "ash tree",
                "shade tree",
            ),
            "oak": ("oak", "oak tree", "chestnut tree", "walnut tree"),
            "maple": ("maple", "maple tree", "sycamore"),
            "willow": ("willow", "willow tree", "weeping willow"),
            "cherry": ("cherry", "cherry tree", "sakura", "blossom tree", "cherry blossom", "almond tree", "plum tree"),
            "apple": ("apple tree", "fruit tree", "orchard tree", "pear tree", "orchard"),
            "poplar": ("poplar", "poplar tree", "lombardy poplar", "cottonwood"),
            "acacia": ("acacia", "acacia tree", "umbrella thorn", "savanna tree"),
            "jungle_tree": ("jungle tree", "kapok", "rainforest tree", "tropical tree", "banyan", "mahogany"),
        },
        build=build_broadleaf,
        placement=Placement(
            max_slope_deg=32.0,
            water_distance_m=(1.5, float("inf")),
            moisture=(0.15, 1.0),
            sink_m=0.15,
            clusters=0.8,
            scale_range=(0.75, 1.15),
        ),
        adjectives={
            "weeping": "willow",
            "blossoming": "cherry",
            "blooming": "cherry",
            "columnar": "poplar",
            "tropical": "jungle_tree",
            "flat-topped": "acacia",
        },
        num_variants=4,
    ),
)
