"""Bushes: shrubs, juniper, sagebrush, heather, blossoming and tropical bushes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.builder.modelling.blossoms import Blossoms
from worldgen.builder.modelling.crowns import CrownShape
from worldgen.builder.modelling.leafy_plant import LeafyPlant, build_leafy_plant
from worldgen.builder.modelling.plant_colors import palette
from worldgen.scene.scene import Prototype

BARK = "bark_broadleaf"
LOD_LEAVES = (180, 38)

PLANTS: Mapping[str, LeafyPlant] = MappingProxyType(
    {
        "shrub": LeafyPlant(
            shape=CrownShape(
                height_m=(1.0, 1.9),
                crown_base=(0.0, 0.04),
                crown_radius=(0.5, 0.62),
                trunk_share=0.0,
                trunk_radius=0.011,
                stems=9,
                limbs=9,
                branches_per_limb=5,
                twigs_per_branch=3,
                leaves_per_twig=8,
                twig_length_m=0.24,
                leaf_m=(0.13, 0.085),
                limb_angle_deg=(72.0, 8.0),
                gnarl=0.5,
            ),
            bark=BARK,
            colors={
                "spring": palette((122, 156, 62), (136, 166, 72)),
                "summer": palette((82, 118, 48), (96, 132, 54), (74, 106, 46)),
                "autumn": palette((178, 92, 40), (198, 132, 48), (158, 62, 36), (130, 120, 54)),
            },
            lod_leaves=LOD_LEAVES,
        ),
        "juniper": LeafyPlant(
            shape=CrownShape(
                height_m=(0.9, 1.8),
                crown_base=(0.0, 0.03),
                crown_radius=(0.55, 0.75),
                trunk_share=0.0,
                trunk_radius=0.012,
                stems=11,
                limbs=11,
                branches_per_limb=5,
                twigs_per_branch=3,
                leaves_per_twig=7,
                twig_length_m=0.26,
                leaf_m=(0.17, 0.05),
                limb_angle_deg=(80.0, 12.0),
                limb_rise=0.5,
                gnarl=0.45,
                leaf_pose="rosette",
            ),
            bark="bark_conifer",
            colors={
                season: palette((70, 96, 66), (84, 110, 76), (62, 86, 64))
                for season in ("spring", "summer", "autumn", "winter")
            },
            lod_leaves=LOD_LEAVES,
        ),
        "sagebrush": LeafyPlant(
            shape=CrownShape(
                height_m=(0.6, 1.1),
                crown_base=(0.0, 0.04),
                crown_radius=(0.55, 0.75),
                trunk_share=0.0,
                trunk_radius=0.016,
                stems=10,
                limbs=10,
                branches_per_limb=5,
                twigs_per_branch=3,
                leaves_per_twig=7,
                twig_length_m=0.17,
                leaf_m=(0.075, 0.028),
                limb_angle_deg=(76.0, 10.0),
                gnarl=0.7,
                leaf_pose="rosette",
            ),
            bark="bark_dead",
            colors={
                season: palette((138, 146, 118), (150, 156, 128), (126, 134, 104))
                for season in ("spring", "summer", "autumn", "winter")
            },
            lod_leaves=LOD_LEAVES,
        ),
        "heather": LeafyPlant(
            shape=CrownShape(
                height_m=(0.35, 0.55),
                crown_base=(0.0, 0.02),
                crown_radius=(0.8, 1.1),
                trunk_share=0.0,
                trunk_radius=0.012,
                stems=14,
                limbs=14,
                branches_per_limb=4,
                twigs_per_branch=3,
                leaves_per_twig=6,
                twig_length_m=0.13,
                leaf_m=(0.07, 0.024),
                limb_angle_deg=(78.0, 6.0),
                limb_rise=0.6,
                gnarl=0.4,
                leaf_pose="rosette",
            ),
            bark=BARK,
            colors={
                "spring": palette((84, 104, 58), (96, 112, 62)),
                "summer": palette((150, 84, 140), (168, 100, 152), (92, 108, 60), (136, 74, 128)),
                "autumn": palette((140, 80, 112), (112, 92, 68), (126, 70, 84)),
                "winter": palette((96, 88, 66), (84, 82, 60)),
            },
            color_spread=0.8,
            lod_leaves=LOD_LEAVES,
        ),
        "rhododendron": LeafyPlant(
            shape=CrownShape(
                height_m=(1.2, 2.0),
                crown_base=(0.0, 0.05),
                crown_radius=(0.55, 0.68),
                trunk_share=0.0,
                trunk_radius=0.012,
                stems=9,
                limbs=9,
                branches_per_limb=5,
                twigs_per_branch=3,
                leaves_per_twig=8,
                twig_length_m=0.24,
                leaf_m=(0.15, 0.07),
                limb_angle_deg=(70.0, 8.0),
                leaf_pose="rosette",
            ),
            bark=BARK,
            colors={
                season: palette((66, 100, 46), (80, 114, 52), (58, 88, 44))
                for season in ("spring", "summer", "autumn", "winter")
            },
            blossoms=Blossoms(
                colors=palette((214, 76, 140), (232, 130, 176), (186, 60, 150), (240, 196, 214)),
                seasons=("spring", "summer"),
                count=75,
                size_m=0.15,
            ),
            lod_leaves=LOD_LEAVES,
        ),
        "tropical_bush": LeafyPlant(
            shape=CrownShape(
                height_m=(1.2, 2.0),
                crown_base=(0.0, 0.05),
                crown_radius=(0.5, 0.62),
                trunk_share=0.0,
                trunk_radius=0.011,
                stems=10,
                limbs=10,
                branches_per_limb=4,
                twigs_per_branch=3,
                leaves_per_twig=8,
                twig_length_m=0.22,
                leaf_m=(0.34, 0.12),
                limb_angle_deg=(64.0, 6.0),
                leaf_pose="rosette",
            ),
            bark=BARK,
            colors={
                season: palette((58, 108, 42), (76, 130, 48), (50, 92, 42), (110, 146, 56))
                for season in ("spring", "summer", "autumn", "winter")
            },
            color_spread=0.7,
            lod_leaves=LOD_LEAVES,
        ),
    }
)


def build_bush(request: AssetRequest, generator: np.random.Generator) -> Prototype:
    """Build a bush of the requested kind, season and snow."""
    return build_leafy_plant(PLANTS[request.kind], "bush", request, generator)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="bush",
        kinds={
            "shrub": ("bush", "shrub", "hedge", "undergrowth", "thicket", "hazel", "hawthorn", "bramble", "brush"),
            "juniper": ("juniper", "dwarf pine", "mountain pine", "yew bush"),
            "sagebrush": ("sagebrush", "sage", "tumbleweed", "saltbush", "scrub", "desert bush"),
            "heather": ("heather", "heath", "erica", "blueberry bush"),
            "rhododendron": ("rhododendron", "azalea", "flowering bush", "rose bush", "hydrangea", "bougainvillea"),
            "tropical_bush": ("tropical bush", "hibiscus", "jungle plant", "banana plant", "philodendron"),
        },
        build=build_bush,
        placement=Placement(
            max_slope_deg=42.0,
            water_distance_m=(0.4, float("inf")),
            follow_slope=0.25,
            sink_m=0.04,
            clusters=0.55,
            scale_range=(0.65, 1.3),
        ),
        adjectives={
            "flowering": "rhododendron",
            "blooming": "rhododendron",
            "tropical": "tropical_bush",
            "thorny": "shrub",
        },
        num_variants=4,
    ),
)
