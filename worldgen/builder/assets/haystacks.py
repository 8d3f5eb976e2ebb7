"""Hay: stacks around a pole and round bales."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.solids import cylinder, hull_cylinder, lathe, tube
from worldgen.builder.architecture.themes import between
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_PLACEMENT = Placement(max_slope_deg=18.0, water_distance_m=(2.0, float("inf")), sink_m=0.03)


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {"haystack": _haystack, "hay_bale": _hay_bale}
    builders[request.kind](assembly, request)
    return assembly.finish(request.name, "haystack")


def _haystack(assembly: Assembly, request: AssetRequest) -> None:
    """A dome of hay around a pole."""
    rng = assembly.rng
    radius, height = between(rng, 1.25, 1.7) * request.size, between(rng, 2.3, 3.0) * request.size
    shape = [(0.86, -0.1), (0.94, 0.08), (1.0, 0.28), (0.97, 0.45), (0.8, 0.63), (0.55, 0.8), (0.27, 0.93), (0.04, 1.0)]
    profile = [(radius * r * float(rng.uniform(0.97, 1.03)), height * y) for r, y in shape]
    stretch = (float(rng.uniform(0.93, 1.07)), 1.0)
    for lods, sides in ((FINE, 20), ((1,), 12), (FAR, 7)):
        chosen = profile if lods is not FAR else [profile[0], profile[2], profile[4], profile[-1]]
        lathe(assembly, WORLD, chosen, "thatch", sides=sides, lods=lods, smooth_along=True, stretch=stretch)
    cylinder(assembly, (0.0, height * 0.9, 0.0), (0.05, height + 0.45, 0.03), 0.045, "wood_beam", sides=6, lods=NEAR)
    for _ in range(46):
        # Loose tufts break the outline.
        turn, share = float(rng.uniform(0.0, 2.0 * math.pi)), float(rng.uniform(0.02, 0.85))
        reach = float(np.interp(share, [p[1] / height for p in profile], [p[0] for p in profile]))
        place = WORLD.moved(y=share * height).yawed(turn).moved(d=reach - 0.02).pitched(float(rng.uniform(-0.35, 0.1)))
        size = float(rng.uniform(0.12, 0.3))
        assembly.box(place, (-size * 0.5, -size, -0.03), (size * 0.5, size * 0.3, 0.035), "thatch", grain=1, lods=FINE)
    hull_cylinder(assembly, (0.0, -0.1, 0.0), (0.0, height * 0.6, 0.0), radius * 0.9, "thatch")
    if request.snow_cover > 0.15:
        cap = [
            (radius * 0.84, height * 0.62),
            (radius * 0.88, height * 0.68),
            (radius * 0.6, height * 0.85),
            (radius * 0.3, height * 0.98),
            (0.0, height * 1.06),
        ]
        lathe(assembly, WORLD, cap, "snow_cap", sides=16, color=(0.86, 0.89, 0.93), smooth_along=True)


def _hay_bale(assembly: Assembly, request: AssetRequest) -> None:
    """A round bale on its side."""
    radius, half = 0.75 * request.size, 0.6 * request.size
    frame = WORLD.moved(y=radius * 0.97).yawed(float(assembly.rng.uniform(-0.3, 0.3)))
    ends = frame.point(-half, 0.0, 0.0), frame.point(half, 0.0, 0.0)
    cylinder(assembly, *ends, radius, "thatch", sides=22, lods=NEAR)
    cylinder(assembly, *ends, radius, "thatch", sides=8, lods=FAR)
    for share in (0.92, 0.66, 0.4):
        turned = frame.rolled(-math.pi / 2.0)
        lathe(
            assembly,
            turned.moved(y=half),
            [(radius * share, 0.0), (radius * (share - 0.1), 0.03), (radius * (share - 0.2), 0.0)],
            "thatch",
            sides=20,
            lods=FINE,
        )
        back = frame.rolled(math.pi / 2.0)
        lathe(
            assembly,
            back.moved(y=half),
            [(radius * share, 0.0), (radius * (share - 0.1), 0.03), (radius * (share - 0.2), 0.0)],
            "thatch",
            sides=20,
            lods=FINE,
        )
    for s in (-0.55, 0.0, 0.55):
        ring = [
            frame.point(s * half, radius * 1.005 * math.cos(a), radius * 1.005 * math.sin(a))
            for a in np.linspace(0.0, 2.0 * math.pi, 25)
        ]
        tube(assembly, ring, 0.008, "rope", sides=4, lods=FINE)
    hull_cylinder(assembly, *ends, radius, "thatch", sides=12)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="haystack",
        kinds={
            "haystack": ("haystack", "hay stack", "hayrick", "haycock"),
            "hay_bale": ("hay bale", "bale", "straw bale"),
        },
        build=_build,
        placement=_PLACEMENT,
        num_variants=3,
    ),
)
