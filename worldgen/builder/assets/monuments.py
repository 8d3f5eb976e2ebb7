"""Monuments: statues on pedestals, obelisks and rings of standing stones."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, MIDDLE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD, Frame, frame_between
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.solids import cylinder, lathe, rough_blocks, tube
from worldgen.builder.architecture.themes import ARID, between, stone
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {"statue": _statue, "obelisk": _obelisk, "standing_stones": _standing_stones}
    builders[request.kind](assembly, request)
    return assembly.finish(request.name, "statue")


def _carved(request: AssetRequest, rng: np.random.Generator) -> str:
    choices = ("rock_sandstone",) if request.biome in ARID else ("plaster_white", "rock_granite")
    return stone(request, choices[int(rng.integers(len(choices)))])


def _pedestal(assembly: Assembly, half: float, height: float, material: str) -> None:
    """A square base of steps, die and cornice."""
    for low_y, high_y, reach in (
        (-0.6, 0.16, 1.45),
        (0.0, 0.34, 1.2),
        (0.3, height - 0.16, 0.92),
        (height - 0.18, height - 0.05, 1.06),
        (height - 0.07, height, 0.98),
    ):
        size = half * reach
        assembly.box(
            WORLD,
            (-size, low_y, -size),
            (size, high_y, size),
            material,
            grain=0,
            lods=ALL if reach in (1.45, 0.92) else NEAR,
            skip="D",
        )
    assembly.hull_box(WORLD, (-half, -0.5, -half), (half, height, half), "stone")
    assembly.hull_box(WORLD, (-half * 1.45, -0.5, -half * 1.45), (half * 1.45, 0.16, half * 1.45), "stone")
    front = WORLD.moved(d=half * 0.92)
    assembly.box(
        front,
        (-half * 0.6, height * 0.42, -0.01),
        (half * 0.6, height * 0.72, 0.015),
        "copper_roof",
        grain=0,
        lods=FINE,
        skip="B",
    )


def _statue(assembly: Assembly, request: AssetRequest) -> None:
    """A robed figure on a pedestal, holding a staff or raising an arm."""
    rng, scale = assembly.rng, request.size
    material = "copper_roof" if request.material == "bronze" else _carved(request, rng)
    base = between(rng, 1.2, 1.6) * math.sqrt(scale)
    _pedestal(assembly, 0.62 * math.sqrt(scale), base, material if material != "copper_roof" else "rock_granite")
    tall = between(rng, 1.9, 2.3) * scale
    figure = WORLD.moved(y=base).yawed(float(rng.uniform(-0.15, 0.15)))
    robe = [
        (0.19, 0.0),
        (0.185, 0.06),
        (0.155, 0.2),
        (0.14, 0.36),
        (0.125, 0.5),
        (0.13, 0.6),
        (0.15, 0.7),
        (0.145, 0.77),
        (0.1, 0.815),
        (0.045, 0.83),
        (0.042, 0.86),
    ]
    for lods, sides in ((FINE, 24), (MIDDLE, 10), (FAR, 6)):
        outline = robe if lods is not FAR else [robe[0], robe[4], robe[6], robe[-1]]
        lathe(
            assembly,
            figure,
            [(r * tall, y * tall) for r, y in outline],
            material,
            sides=sides,
            lods=lods,
            smooth_along=True,
            stretch=(1.18, 0.82),
        )
    head = [(0.0, 0.845), (0.045, 0.86), (0.062, 0.9), (0.064, 0.94), (0.05, 0.98), (0.02, 1.0), (0.0, 1.002)]
    for lods, sides in ((FINE, 16), (MIDDLE, 8), (FAR, 5)):
        outline = head if lods is not FAR else [head[0], head[2], head[4], head[-1]]
        lathe(
            assembly,
            figure.moved(d=0.01 * tall),
            [(r * tall, y * tall) for r, y in outline],
            material,
            sides=sides,
            lods=lods,
            smooth_along=True,
            stretch=(0.88, 1.06),
        )
    hood = [(0.07, 0.83), (0.085, 0.86), (0.078, 0.93), (0.055, 0.995), (0.0, 1.02)]
    lathe(
        assembly,
        figure.moved(d=-0.022 * tall),
        [(r * tall, y * tall) for r, y in hood],
        material,
        sides=16,
        lods=NEAR,
        smooth_along=True,
    )
    for index in range(9):
        # Folds of the robe.
        turn = index * 2.0 * math.pi / 9.0 + float(rng.uniform(-0.15, 0.15))
        path = [
            figure.point(math.sin(turn) * r * tall * 1.17, y * tall, math.cos(turn) * r * tall * 0.81)
            for r, y in ((0.187, 0.01), (0.158, 0.2), (0.139, 0.36), (0.123, 0.5))
        ]
        tube(assembly, path, [0.03 * tall, 0.022 * tall, 0.014 * tall, 0.006 * tall], material, sides=6, lods=FINE)
    raised = rng.random() < 0.5
    for side in (-1.0, 1.0):
        shoulder = (side * 0.155 * tall, 0.745 * tall, 0.0)
        if raised and side > 0:
            arm = [shoulder, (0.24 * tall, 0.86 * tall, 0.04 * tall), (0.27 * tall, 1.02 * tall, 0.1 * tall)]
        else:
            arm = [
                shoulder,
                (side * 0.2 * tall, 0.58 * tall, 0.03 * tall),
                (side * 0.17 * tall, 0.5 * tall, 0.15 * tall),
            ]
        tube(
            assembly,
            [figure.point(*point) for point in arm],
            [0.05 * tall, 0.04 * tall, 0.026 * tall],
            material,
            sides=8,
            lods=NEAR,
        )
        hand = figure.moved(*arm[-1])
        lathe(
            assembly,
            hand,
            [(0.0, -0.028 * tall), (0.027 * tall, 0.0), (0.0, 0.03 * tall)],
            material,
            sides=8,
            lods=FINE,
            smooth_along=True,
        )
        if side < 0:
            foot, tip = figure.point(arm[-1][0], 0.0, arm[-1][2]), figure.point(arm[-1][0], 1.1 * tall, arm[-1][2])
            cylinder(assembly, foot, tip, 0.018 * tall, material, sides=8, lods=NEAR)
    assembly.hull_box(WORLD, (-0.2 * tall, base, -0.17 * tall), (0.2 * tall, base + tall, 0.17 * tall), "stone")
    if request.snow_cover > 0.15:
        reach = 0.55 * math.sqrt(scale)
        snow_top(assembly, WORLD, (-reach, -reach), (reach, reach), y=base, cover=request.snow_cover)


def _obelisk(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    material = _carved(request, rng)
    base, tall = 1.1 * math.sqrt(scale), between(rng, 6.0, 9.0) * scale
    half = tall * 0.075
    _pedestal(assembly, half * 1.35, base, material)
    root = math.sqrt(2.0)
    shaft = [(half * root, base), (half * 0.66 * root, base + tall * 0.9), (0.0, base + tall)]
    lathe(assembly, WORLD, shaft, material, sides=4, smooth_around=False, start_angle=math.pi / 4.0)
    for side in range(4):
        face = WORLD.yawed(side * math.pi / 2.0)
        for index in range(7):
            share = 0.1 + 0.1 * index
            y = base + tall * share
            reach = half * (1.0 - 0.34 * share / 0.9)
            mark = face.moved(0.0, y, reach).pitched(-math.atan2(half * 0.34, tall * 0.9))
            wide = reach * float(rng.uniform(0.25, 0.5))
            assembly.box(mark, (-wide, 0.0, -0.01), (wide, 0.09 * scale, 0.012), material, grain=0, lods=FINE, skip="B")
            assembly.box(
                mark,
                (-wide * 0.4, 0.16 * scale, -0.01),
                (wide * 0.2, 0.34 * scale, 0.012),
                material,
                grain=1,
                lods=FINE,
                skip="B",
            )
    assembly.hull([(x, base, z) for x in (-half, half) for z in (-half, half)] + [(0.0, base + tall, 0.0)], "stone")


def _standing_stones(assembly: Assembly, request: AssetRequest) -> None:
    """A ring of rough uprights, some still joined by lintels."""
    rng, scale = assembly.rng, request.size
    material = stone(request, "rock_sandstone" if request.biome in ARID else "rock_granite")
    count, radius = int(rng.integers(7, 10)), between(rng, 4.2, 5.2) * scale
    tall, wide = 3.2 * scale, 1.25 * scale
    frames: list[Frame] = []
    sizes: list[tuple[float, float, float]] = []
    standing = [bool(rng.random() < 0.8) for _ in range(count)]
    for index in range(count):
        place = WORLD.yawed((index + 0.5) * 2.0 * math.pi / count).moved(d=radius)
        if standing[index]:
            frames.append(
                place.moved(y=tall / 2.0 - 0.4)
                .yawed(float(rng.uniform(-0.06, 0.06)))
                .rolled(float(rng.uniform(-0.03, 0.03)))
            )
            sizes.append((wide * float(rng.uniform(0.85, 1.1)), tall + 0.8, 0.62 * scale))
        else:
            frames.append(place.moved(y=0.22 * scale, d=0.8).yawed(float(rng.uniform(-0.5, 0.5))).pitched(1.52))
            sizes.append((wide, tall * 0.9, 0.6 * scale))
    for index in range(count):
        if standing[index] and standing[(index + 1) % count] and rng.random() < 0.6:
            a, b = (
                WORLD.yawed((k + 0.5) * 2.0 * math.pi / count).moved(y=tall + 0.26 * scale, d=radius).origin
                for k in (index, index + 1)
            )
            lintel = frame_between(a, b)
            run = float(np.linalg.norm(b - a))
            frames.append(lintel.moved(s=run / 2.0))
            sizes.append((run + 0.5 * wide, 0.55 * scale, 0.72 * scale))
    for lods, rough in ((FINE, 0.1), (MIDDLE, 0.1)):
        state = rng.bit_generator.state
        rough_blocks(assembly, frames, sizes, material, roughness=rough, chamfer=0.18, lods=lods)
        if lods is FINE:
            rng.bit_generator.state = state
    for frame, size in zip(frames, sizes, strict=True):
        half = (size[0] / 2.0, size[1] / 2.0, size[2] / 2.0)
        low = (-half[0], -half[1], -half[2])
        assembly.box(frame, low, half, material, lods=FAR, skip="D")
        core = [0.9 * value for value in half]
        assembly.hull_box(frame, [-value for value in core], core, "stone")


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="statue",
        kinds={
            "statue": ("statue", "sculpture", "monument", "memorial"),
            "obelisk": ("obelisk", "stele"),
            "standing_stones": ("standing stone", "stone circle", "henge", "megalith", "menhir"),
        },
        build=_build,
        placement=Placement(max_slope_deg=14.0, water_distance_m=(1.0, 400.0), levels_ground=True, faces_path=True),
        materials=("stone", "bronze", "sandstone"),
        num_variants=1,
    ),
)
