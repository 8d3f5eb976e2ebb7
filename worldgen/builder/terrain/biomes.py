"""What makes the land of each biome: one row of numbers per biome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from worldgen.spec.model import Biome


@dataclass(frozen=True, slots=True, kw_only=True)
class LandProfile:
    """The shape of a biome's land; lengths in metres."""

    code: int
    """Number that the kernels know the biome by."""
    hill_height: float
    hill_wavelength: float
    mountain_height: float
    """Height of the mountains that the biome brings without being asked; 0 for none."""
    mountain_start: float
    """Distance at which mountains begin to rise."""
    mountain_full: float
    """Distance at which they have their full height."""
    swell_height: float
    """Height of the rolling ground in the playable area."""
    swell_wavelength: float
    bump_height: float
    """Height of the bumps of some metres across."""
    far_cut: float
    """How deep streams cut the mountains; 1 is much."""
    near_cut: float
    """How deep streams cut the ground nearby."""
    talus: float
    """Steepest slope that loose ground keeps, rise over run."""
    moisture: float
    """Moisture of ground far from water."""


PROFILES: Mapping[Biome, LandProfile] = MappingProxyType(
    {
        "alpine": LandProfile(
            code=0,
            hill_height=45.0,
            hill_wavelength=700.0,
            mountain_height=1250.0,
            mountain_start=400.0,
            mountain_full=2100.0,
            swell_height=17.0,
            swell_wavelength=120.0,
            bump_height=0.45,
            far_cut=1.0,
            near_cut=0.8,
            talus=0.9,
            moisture=0.5,
        ),
        "temperate_forest": LandProfile(
            code=1,
            hill_height=70.0,
            hill_wavelength=750.0,
            mountain_height=0.0,
            mountain_start=1100.0,
            mountain_full=3600.0,
            swell_height=15.0,
            swell_wavelength=130.0,
            bump_height=0.35,
            far_cut=0.5,
            near_cut=0.5,
            talus=0.75,
            moisture=0.6,
        ),
        "meadow_hills": LandProfile(
            code=2,
            hill_height=60.0,
            hill_wavelength=620.0,
            mountain_height=0.0,
            mountain_start=1200.0,
            mountain_full=3800.0,
            swell_height=17.0,
            swell_wavelength=150.0,
            bump_height=0.22,
            far_cut=0.25,
            near_cut=0.2,
            talus=0.6,
            moisture=0.48,
        ),
        "desert": LandProfile(
            code=3,
            hill_height=24.0,
            hill_wavelength=900.0,
            mountain_height=420.0,
            mountain_start=2300.0,
            mountain_full=5200.0,
            swell_height=11.0,
            swell_wavelength=68.0,
            bump_height=0.1,
            far_cut=0.7,
            near_cut=0.0,
            talus=0.62,
            moisture=0.06,
        ),
        "canyon": LandProfile(
            code=4,
            hill_height=14.0,
            hill_wavelength=500.0,
            mountain_height=0.0,
            mountain_start=2800.0,
            mountain_full=6000.0,
            swell_height=10.0,
            swell_wavelength=90.0,
            bump_height=0.35,
            far_cut=0.25,
            near_cut=0.5,
            talus=1.0,
            moisture=0.12,
        ),
        "coast": LandProfile(
            code=5,
            hill_height=55.0,
            hill_wavelength=560.0,
            mountain_height=0.0,
            mountain_start=1400.0,
            mountain_full=3800.0,
            swell_height=10.0,
            swell_wavelength=90.0,
            bump_height=0.3,
            far_cut=0.5,
            near_cut=0.35,
            talus=0.75,
            moisture=0.42,
        ),
        "tundra": LandProfile(
            code=6,
            hill_height=38.0,
            hill_wavelength=950.0,
            mountain_height=420.0,
            mountain_start=1000.0,
            mountain_full=3400.0,
            swell_height=8.0,
            swell_wavelength=140.0,
            bump_height=0.25,
            far_cut=0.45,
            near_cut=0.2,
            talus=0.6,
            moisture=0.55,
        ),
        "tropical": LandProfile(
            code=7,
            hill_height=60.0,
            hill_wavelength=480.0,
            mountain_height=430.0,
            mountain_start=500.0,
            mountain_full=2000.0,
            swell_height=13.0,
            swell_wavelength=100.0,
            bump_height=0.3,
            far_cut=0.9,
            near_cut=0.5,
            talus=1.2,
            moisture=0.72,
        ),
    }
)
