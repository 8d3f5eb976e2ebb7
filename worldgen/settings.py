"""Quality tiers: every number that trades quality for time, in one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from worldgen.errors import UsageError

Quality = Literal["draft", "standard", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinementLimit:
    """How long to refine splats: so many steps, which gives the same bytes every time, or seconds of wall time."""

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Check that there is one limit and it is sensible."""
        if (self.steps is None) == (self.seconds is None):
            raise UsageError("Refinement takes either a number of steps or a number of seconds.")
        if self.steps is not None and not 1 <= self.steps <= 10_000_000:
            raise UsageError("Refinement takes 1 to 10000000 steps.")
        if self.seconds is not None and not 1.0 <= self.seconds <= 1e6:
            raise UsageError("Refinement takes 1 to 1000000 seconds.")


def parse_refinement(text: str) -> RefinementLimit:
    """Read "120" or "120s" as seconds and "2000steps" as steps.

    Raises:
        UsageError: The text is neither, or out of range.
    """
    match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]+)?)(s|steps)?", text.strip().lower())
    if match is None or (match[2] == "steps" and "." in match[1]):
        raise UsageError(f"'{text}' is no length of a refinement.", hint="Give seconds (120) or steps (2000steps).")
    if match[2] == "steps":
        return RefinementLimit(steps=int(match[1]))
    return RefinementLimit(seconds=float(match[1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityTier:
    """What one quality tier spends."""

    name: Quality
    panorama_height: int
    """Rows of the spawn panorama in pixels; it has twice as many columns."""
    spawn_samples: int
    """Path samples per pixel of the spawn views."""
    station_samples: int
    """Path samples per pixel of the further stations' views."""
    station_face_px: int
    """Side of a further station's cube faces, in pixels."""
    station_vertical_px: int
    """Side of those that look up and down: the spawn shows the ground and the crowns around it more finely."""
    max_stations: int
    """Stations at most, the spawn's included."""
    splat_budget: int
    """Gaussians at most."""
    fit_steps: int
    """Steps in which places, shapes and opacities of splats are fitted to the stations' views."""
    triangle_budget: int
    """Triangles at most in the flattened scene, all instances counted."""
    sheet_triangle_budget: int
    """Triangles at most in the mesh of a world that was made from a picture, the sky's dome not counted."""
    play_size_m: float
    """Side of the square playable area in metres, unless the spec says otherwise."""
    cover_reach_m: float
    """How far from the spawn grass and flowers stand as geometry."""
    ground_texture_px: int
    """Side of each baked ground texture in pixels."""
    material_texture_px: int
    """Side of each tileable material texture in pixels."""
    occlusion_texels_per_m: float
    """Texels of baked occlusion per metre of surface in engine packages; half at each coarser level of detail."""
    occlusion_max_px: int
    """Side of a map of baked occlusion at most, in pixels."""
    occlusion_rays: int
    """Rays per texel of baked occlusion."""
    max_bounces: int
    """Path depth for the path tracer (2: direct light only)."""


TIERS: Mapping[Quality, QualityTier] = MappingProxyType(
    {
        "draft": QualityTier(
            name="draft",
            panorama_height=512,
            spawn_samples=2,
            station_samples=1,
            station_face_px=112,
            station_vertical_px=112,
            max_stations=3,
            splat_budget=150_000,
            fit_steps=0,
            triangle_budget=1_100_000,
            sheet_triangle_budget=150_000,
            play_size_m=256.0,
            cover_reach_m=34.0,
            ground_texture_px=1024,
            material_texture_px=256,
            occlusion_texels_per_m=5.0,
            occlusion_max_px=256,
            occlusion_rays=32,
            max_bounces=3,
        ),
        "standard": QualityTier(
            name="standard",
            panorama_height=1024,
            spawn_samples=4,
            station_samples=1,
            station_face_px=304,
            station_vertical_px=208,
            max_stations=5,
            splat_budget=500_000,
            fit_steps=60,
            triangle_budget=5_000_000,
            sheet_triangle_budget=500_000,
            play_size_m=512.0,
            cover_reach_m=70.0,
            ground_texture_px=2048,
            material_texture_px=512,
            occlusion_texels_per_m=10.0,
            occlusion_max_px=512,
            occlusion_rays=64,
            max_bounces=3,
        ),
        "high": QualityTier(
            name="high",
            panorama_height=2048,
            spawn_samples=6,
            station_samples=3,
            station_face_px=416,
            station_vertical_px=416,
            max_stations=7,
            splat_budget=2_000_000,
            fit_steps=30,
            triangle_budget=14_000_000,
            sheet_triangle_budget=1_500_000,
            play_size_m=512.0,
            cover_reach_m=70.0,
            ground_texture_px=4096,
            material_texture_px=1024,
            occlusion_texels_per_m=20.0,
            occlusion_max_px=1024,
            occlusion_rays=128,
            max_bounces=4,
        ),
    }
)
