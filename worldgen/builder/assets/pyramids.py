"""Pyramids: smooth ones of great courses, and terraces with a stair and a temple."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.panels import Opening, level, panel
from worldgen.builder.architecture.solids import lathe, prism, rough_blocks
from worldgen.builder.architecture.themes import stone
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {"pyramid": _pyramid, "step_pyramid": _step_pyramid}
    builders[request.kind](assembly, request)
    return assembly.finish(request.name, "pyramid")


def _pyramid(assembly: Assembly, request: AssetRequest) -> None:
    """Courses of great blocks up to a point, with a portal in the front."""
    rng, scale = assembly.rng, request.size
    material = stone(request, "rock_sandstone")
    half, tall = 16.0 * scale, 19.0 * scale
    courses = 22
    stops = np.linspace(0.0, 1.0, courses + 1)
    root = math.sqrt(2.0)
    profile: list[tuple[float, float]] = [(half * root * 1.01, -1.0)]
    for low, high in pairwise(stops):
        reach = half * (1.0 - float(low)) * root
        profile += [(reach, float(low) * tall), (reach, float(high) * tall)]
    lathe(assembly, WORLD, profile, material, sides=4, lods=NEAR, smooth_around=False, start_angle=math.pi / 4.0)
    plain = [(half * root, -1.0), (half * root, 0.0), (0.0, tall)]
    lathe(assembly, WORLD, plain, material, sides=4, lods=FAR, smooth_around=False, start_angle=math.pi / 4.0)
    frames, sizes = [], []
    for index in range(90):
        # Single blocks that have slipped or broken out of their course.
        share = float(rng.random()) ** 1.5 * 0.9
        course = int(share * courses)
        reach = half * (1.0 - course / courses)
        side = WORLD.yawed(int(rng.integers(4)) * math.pi / 2.0)
        place = side.moved(
            float(rng.uniform(-0.9, 0.9)) * reach,
            (course + 0.45) * tall / courses,
            reach - 0.1 + 0.2 * float(rng.random()),
        )
        if index % 9 == 0 and course > 0:
            place = side.moved(float(rng.uniform(-0.9, 0.9)) * half, 0.3, half + 0.8 + float(rng.random()) * 1.5).yawed(
                float(rng.random())
            )
        if abs(place.origin[0]) < 2.2 * scale and place.origin[2] > half * 0.7:
            continue
        frames.append(place)
        sizes.append((1.3 * scale, 0.85 * scale, 0.9 * scale))
    rough_blocks(assembly, frames, sizes, material, roughness=0.08, chamfer=0.1, lods=FINE)
    front = WORLD.moved(d=half + 0.35)
    opening = Opening(left=-0.9 * scale, right=0.9 * scale, bottom=0.0, top=2.6 * scale)
    outline = (
        (-2.2 * scale, 3.2 * scale),
        (-1.4 * scale, 4.0 * scale),
        (1.4 * scale, 4.0 * scale),
        (2.2 * scale, 3.2 * scale),
    )
    panel(
        assembly, front, outline, material, bottom=-1.0, thickness=4.0 * scale, openings=(opening,), ends=True, lods=ALL
    )
    dark = [
        (opening.left, 0.0, -2.0),
        (opening.right, 0.0, -2.0),
        (opening.right, opening.top, -2.0),
        (opening.left, opening.top, -2.0),
    ]
    assembly.quads(front.points(np.array([dark])), None, "paint", color=(0.012, 0.01, 0.008))
    assembly.hull([(x, 0.0, z) for x in (-half, half) for z in (-half, half)] + [(0.0, tall, 0.0)], "stone")


def _step_pyramid(assembly: Assembly, request: AssetRequest) -> None:
    """Terraces with a stair up the front to a small temple."""
    scale = request.size
    material = stone(request, "stone_mossy" if request.biome == "tropical" else "stone_blocks")
    steps, half, rise = 7, 12.0 * scale, 1.7 * scale
    for index in range(steps):
        reach = half * (1.0 - 0.105 * index)
        low, high = (-reach, rise * index if index else -1.0, -reach), (reach, rise * (index + 1), reach)
        assembly.solid_box(WORLD, low, high, material, grain=0, skip="D")
        lip = reach + 0.12
        assembly.box(
            WORLD,
            (-lip, rise * (index + 1) - 0.28, -lip),
            (lip, rise * (index + 1) - 0.02, lip),
            "stone_blocks",
            grain=0,
            lods=NEAR,
            skip="D",
        )
    top_y, top_reach = rise * steps, half * (1.0 - 0.105 * (steps - 1))
    count, wide = math.ceil(top_y / 0.2), 2.2 * scale
    start, run = half + 2.6 * scale, half + 2.6 * scale - top_reach
    for index in range(count):
        y = top_y * (index + 1) / count
        z_front = start - run * index / count
        z_back = start - run * (index + 1) / count
        assembly.box(
            WORLD,
            (-wide, y - top_y / count, z_back - 0.02),
            (wide, y, z_front),
            "stone_blocks",
            grain=0,
            lods=NEAR,
            skip="DLRB",
        )
    slope_points = [
        (-wide, -0.5, start),
        (wide, -0.5, start),
        (-wide, top_y, top_reach),
        (wide, top_y, top_reach),
        (-wide, -0.5, top_reach),
        (wide, -0.5, top_reach),
    ]
    assembly.hull([*slope_points, (-wide, 0.02, start), (wide, 0.02, start)], "stone")
    ramp = np.array([[(-wide, 0.0, start), (wide, 0.0, start), (wide, top_y, top_reach), (-wide, top_y, top_reach)]])
    assembly.quads(ramp, ramp[..., [0, 1]], "stone_blocks", lods=FAR)
    for side in (-1.0, 1.0):
        wall = WORLD.moved(s=side * (wide + 0.35)).yawed(math.pi / 2.0)
        # Turned by a quarter, s runs to -z.
        outline = [
            (-start - 0.4, -0.6),
            (-top_reach, -0.6),
            (-top_reach, top_y + 0.3),
            (-top_reach - 0.3, top_y + 0.3),
            (-start - 0.4, 0.35),
        ]
        prism(assembly, wall, outline, (-0.36, 0.36), material)
        corners = [(s, y, d) for s, y in outline for d in (-0.36, 0.36)]
        assembly.hull(wall.points(corners), "stone")
    hall = top_reach * 0.62
    door_hole = Opening(left=-0.9 * scale, right=0.9 * scale, bottom=top_y, top=top_y + 2.4 * scale)
    height = 3.6 * scale
    for side in range(4):
        frame = WORLD.yawed(side * math.pi / 2.0).moved(d=hall)
        holes = (door_hole,) if side == 0 else ()
        panel(
            assembly,
            frame,
            level(2.0 * hall, top_y + height),
            material,
            bottom=top_y,
            openings=holes,
            thickness=0.8,
            top=False,
            ends=False,
        )
    dark = [
        (door_hole.left, top_y, hall - 0.78),
        (door_hole.right, top_y, hall - 0.78),
        (door_hole.right, door_hole.top, hall - 0.78),
        (door_hole.left, door_hole.top, hall - 0.78),
    ]
    assembly.quads(np.array([dark]), None, "paint", color=(0.012, 0.01, 0.008))
    for low_y, high_y, grow in (
        (top_y + height, top_y + height + 0.4, 0.3),
        (top_y + height + 0.4, top_y + height + 1.1, -0.5),
    ):
        reach = hall + grow
        assembly.box(WORLD, (-reach, low_y, -reach), (reach, high_y, reach), "stone_blocks", grain=0)
    assembly.hull_box(WORLD, (-hall, top_y, -hall), (hall, top_y + height + 0.8, hall), "stone")


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="pyramid",
        kinds={
            "pyramid": ("pyramid", "egyptian pyramid"),
            "step_pyramid": ("step pyramid", "ziggurat", "mayan pyramid", "aztec temple"),
        },
        build=_build,
        placement=Placement(max_slope_deg=12.0, water_distance_m=(8.0, 600.0), levels_ground=True, faces_path=True),
        materials=("stone", "brick", "sandstone"),
        num_variants=1,
    ),
)
