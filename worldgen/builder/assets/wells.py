"""Wells: a ring of stones with a roofed windlass, rope and bucket; and troughs of springs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, MIDDLE, NEAR, Assembly
from worldgen.builder.architecture.fortification import ring
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.roof_styles import SHINGLES, THATCH, TILES
from worldgen.builder.architecture.roofs import gable_profile, ridge_roof
from worldgen.builder.architecture.solids import cylinder, hull_cylinder, lathe, rough_blocks, tube
from worldgen.builder.architecture.themes import between, roof, stone
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    {"well": _well, "fountain": _fountain}[request.kind](assembly, request)
    return assembly.finish(request.name, "well")


def _well(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, math.sqrt(request.size)
    material = stone(request, "rock_granite" if rng.random() < 0.5 else "stone_blocks")
    radius, height, thick = between(rng, 0.72, 0.85) * scale, 0.85, 0.26
    courses = 4
    for course in range(courses):
        count = round(2.0 * math.pi * radius / 0.36)
        frames, sizes = [], []
        tall = height / courses
        for index in range(count):
            angle = (index + 0.5 * (course % 2)) * 2.0 * math.pi / count + float(rng.uniform(-0.03, 0.03))
            place = (
                WORLD.moved(y=(course + 0.5) * tall)
                .yawed(angle)
                .moved(d=radius - thick / 2.0 + float(rng.uniform(-0.01, 0.015)))
            )
            frames.append(place)
            sizes.append((2.0 * math.pi * radius / count * 0.99, tall * 1.02, thick))
        rough_blocks(assembly, frames, sizes, material, roughness=0.06, chamfer=0.14, lods=FINE)
    profile = [
        (radius - 0.03, -1.0),
        (radius - 0.03, height - 0.02),
        (radius - thick + 0.03, height - 0.02),
        (radius - thick + 0.03, 0.0),
    ]
    lathe(assembly, WORLD, profile, material, sides=20, lods=FINE)
    rough = [(radius, -1.0), (radius, height), (radius - thick, height), (radius - thick, 0.05)]
    lathe(assembly, WORLD, rough, material, sides=12, lods=MIDDLE)
    lathe(assembly, WORLD, rough, material, sides=6, lods=FAR)
    angles = np.arange(16) * (math.pi / 8.0)
    rim = np.stack((np.sin(angles), np.full(16, 0.12 / (radius - thick)), np.cos(angles)), axis=1) * (
        radius - thick + 0.05
    )
    fan = np.array([[rim[0], rim[k], rim[k + 1], rim[min(k + 2, 15)]] for k in range(1, 15, 2)])
    assembly.quads(fan, None, "paint", color=(0.012, 0.018, 0.02))
    hull_cylinder(assembly, (0.0, -0.5, 0.0), (0.0, height, 0.0), radius, material, sides=10)
    top = 2.15
    for side in (-1.0, 1.0):
        x = side * (radius - thick / 2.0)
        assembly.solid_box(
            WORLD, (x - 0.07, height - 0.3, -0.07), (x + 0.07, top + 0.2, 0.07), "wood_beam", grain=1, skip="D"
        )
        for turn in (-1.0, 1.0):
            cylinder(
                assembly,
                (x, top - 0.35, 0.0),
                (x, top + 0.02, turn * 0.38),
                0.035,
                "wood_beam",
                sides=5,
                lods=FINE,
                caps="",
            )
    style = roof(request, rng, SHINGLES, THATCH, TILES)
    style = replace(style, rafters=False)
    profile_roof, _ = gable_profile(0.62, top, math.radians(42.0), 0.25, style)
    ridge_roof(assembly, WORLD, profile_roof, radius + 0.25, style, snow=request.snow_cover)
    assembly.box(
        WORLD, (-radius + 0.1, top - 0.06, -0.05), (radius - 0.1, top + 0.06, 0.05), "wood_beam", grain=0, lods=NEAR
    )
    for d in (-0.55, 0.55):
        assembly.box(
            WORLD, (-radius, top - 0.04, d - 0.045), (radius, top + 0.05, d + 0.045), "wood_beam", grain=0, lods=NEAR
        )
    axle = 1.42
    cylinder(assembly, (-radius - 0.12, axle, 0.0), (radius - 0.1, axle, 0.0), 0.075, "wood_beam", sides=10, lods=NEAR)
    for s in np.arange(-0.16, 0.17, 0.036):
        cylinder(
            assembly, (float(s) - 0.017, axle, 0.0), (float(s) + 0.017, axle, 0.0), 0.098, "rope", sides=10, lods=FINE
        )
    crank = [
        (-radius - 0.1, axle, 0.0),
        (-radius - 0.16, axle, 0.0),
        (-radius - 0.18, axle - 0.15, 0.02),
        (-radius - 0.18, axle - 0.3, 0.05),
        (-radius - 0.34, axle - 0.31, 0.05),
    ]
    tube(assembly, crank, 0.02, "iron", lods=NEAR)
    bucket_y = 0.98
    tube(
        assembly, [(0.17, axle, 0.09), (0.17, 1.3, 0.1), (0.17, bucket_y + 0.3, 0.1)], 0.016, "rope", sides=5, lods=NEAR
    )
    bucket = WORLD.moved(0.17, bucket_y - 0.1, 0.1)
    lathe(
        assembly,
        bucket,
        [(0.0, 0.0), (0.11, 0.0), (0.145, 0.26), (0.125, 0.26), (0.1, 0.04), (0.0, 0.04)],
        "wood_planks",
        sides=12,
        lods=NEAR,
    )
    for y in (0.06, 0.2):
        lathe(
            assembly,
            bucket,
            [(0.118 + y * 0.12, y - 0.014), (0.126 + y * 0.12, y), (0.118 + y * 0.12, y + 0.014)],
            "iron",
            sides=12,
            lods=FINE,
        )
    handle = [
        (0.17 + 0.14 * math.cos(a), bucket_y + 0.16 + 0.17 * math.sin(a), 0.1) for a in np.linspace(0.0, math.pi, 7)
    ]
    tube(assembly, handle, 0.009, "iron", sides=5, lods=FINE)


def _fountain(assembly: Assembly, request: AssetRequest) -> None:
    """A round basin with a bowl on a column."""
    rng, scale = assembly.rng, math.sqrt(request.size)
    material = stone(request, "rock_limestone" if rng.random() < 0.5 else "stone_blocks")
    radius = between(rng, 1.7, 2.2) * scale
    wall = [
        (radius + 0.15, -0.8),
        (radius + 0.15, 0.12),
        (radius, 0.16),
        (radius, 0.5),
        (radius + 0.08, 0.56),
        (radius + 0.08, 0.68),
        (radius - 0.28, 0.68),
        (radius - 0.28, 0.2),
    ]
    shaft = [
        (0.5, 0.2),
        (0.5, 0.5),
        (0.26, 0.6),
        (0.2, 1.0),
        (0.3, 1.25),
        (0.85, 1.5),
        (0.92, 1.62),
        (0.84, 1.62),
        (0.3, 1.48),
    ]
    upper = [
        (0.16, 1.45),
        (0.12, 1.9),
        (0.18, 2.0),
        (0.42, 2.12),
        (0.46, 2.2),
        (0.4, 2.2),
        (0.12, 2.12),
        (0.1, 2.35),
        (0.14, 2.5),
        (0.0, 2.62),
    ]
    for profile in (wall, shaft, upper):
        lathe(assembly, WORLD, profile, material, sides=28, lods=FINE)
        lathe(assembly, WORLD, profile, material, sides=14, lods=MIDDLE)
        lathe(assembly, WORLD, profile[:: max(1, len(profile) // 4)], material, sides=8, lods=FAR)
    ring(assembly, WORLD, radius - 0.2, 0.24, material, lods=NEAR)
    for reach, y in ((radius - 0.25, 0.55), (0.82, 1.58), (0.39, 2.17)):
        angles = np.arange(20) * (math.pi / 10.0)
        rim = np.stack((np.sin(angles) * reach, np.full(20, y), np.cos(angles) * reach), axis=1)
        fan = np.array([[rim[0], rim[k], rim[k + 1], rim[k + 2]] for k in range(1, 18, 2)])
        assembly.quads(fan, None, "window_glass", lods=ALL)
    hull_cylinder(assembly, (0.0, -0.5, 0.0), (0.0, 0.68, 0.0), radius + 0.1, material, sides=12)
    hull_cylinder(assembly, (0.0, 0.6, 0.0), (0.0, 2.4, 0.0), 0.5, material)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="well",
        kinds={
            "well": ("well", "water well", "wishing well", "draw well"),
            "fountain": ("fountain", "spring basin"),
        },
        build=_build,
        placement=Placement(max_slope_deg=12.0, water_distance_m=(2.0, float("inf")), levels_ground=True),
        materials=("stone", "brick"),
        num_variants=2,
    ),
)
