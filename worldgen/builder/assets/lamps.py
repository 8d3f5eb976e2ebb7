"""Lamp posts: iron street lamps and lanterns on wooden posts; they glow when the request is lit."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.solids import hull_cylinder, lathe, tube
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    kind = "lantern_post" if request.material == "wood" else request.kind
    {"street_lamp": _street_lamp, "lantern_post": _lantern_post, "torch": _torch}[kind](assembly, request)
    return assembly.finish(request.name, "lamp_post", footprint_m=0.4)


def _lantern(assembly: Assembly, frame: Frame, *, size: float, lit: bool) -> None:
    """A four-sided glazed lantern whose foot is at the frame's origin."""
    low, high, tall = 0.62 * size, size, 1.7 * size
    glow = "lamp_glow" if lit else "window_glass"
    for side in range(4):
        turned = frame.yawed(side * math.pi / 2.0)
        quad = np.array([[(-low, 0.06, low), (low, 0.06, low), (high, tall, high), (-high, tall, high)]]) * (
            0.92,
            1.0,
            0.92,
        )
        assembly.quads(turned.points(quad), None, glow)
        bar = [
            turned.point(low, 0.03, low),
            turned.point((low + high) / 2.0, tall / 2.0, (low + high) / 2.0),
            turned.point(high, tall, high),
        ]
        tube(assembly, bar, 0.014, "iron", sides=4, lods=FINE)
        low_edge, high_edge = (
            (-high - 0.01, tall - 0.02, high - 0.02),
            (high + 0.01, tall + 0.02, high + 0.012 + 0.004 * (side % 2)),
        )
        assembly.box(turned, low_edge, high_edge, "iron", grain=0, lods=NEAR)
    lathe(
        assembly,
        frame,
        [(0.0, -0.03), (0.3 * low, -0.03), (low * 1.3, 0.0), (low * 1.3, 0.05), (0.0, 0.07)],
        "iron",
        sides=4,
        lods=NEAR,
        smooth_around=False,
        start_angle=math.pi / 4.0,
    )
    roof = [
        (0.0, tall + 0.005),
        (high * 1.62, tall + 0.01),
        (high * 0.7, tall + 0.55 * size),
        (high * 0.5, tall + 0.62 * size),
        (high * 0.5, tall + 0.78 * size),
        (0.0, tall + 1.0 * size),
    ]
    lathe(assembly, frame, roof, "iron", sides=4, lods=ALL, smooth_around=False, start_angle=math.pi / 4.0)
    ball = [(0.01, tall + 0.95 * size), (0.03, tall + 1.02 * size), (0.03, tall + 1.1 * size), (0.0, tall + 1.2 * size)]
    lathe(assembly, frame, ball, "iron", sides=8, lods=FINE)


def _street_lamp(assembly: Assembly, request: AssetRequest) -> None:
    rng = assembly.rng
    height = float(rng.uniform(2.9, 3.4)) * request.size
    profile = [
        (0.24, -0.4),
        (0.24, 0.08),
        (0.2, 0.12),
        (0.18, 0.3),
        (0.12, 0.42),
        (0.09, 0.8),
        (0.11, 0.84),
        (0.11, 0.9),
        (0.075, 0.95),
        (0.055, height * 0.55),
        (0.085, height * 0.56),
        (0.085, height * 0.585),
        (0.05, height * 0.6),
        (0.042, height - 0.12),
        (0.08, height - 0.06),
        (0.08, height),
        (0.0, height + 0.01),
    ]
    lathe(assembly, WORLD, profile, "iron", sides=12, lods=NEAR)
    lathe(assembly, WORLD, [(0.2, -0.4), (0.18, 0.3), (0.06, 0.9), (0.05, height)], "iron", sides=5, lods=FAR)
    for index in range(8):
        flute = WORLD.yawed(index * math.pi / 4.0)
        tube(
            assembly,
            [
                flute.point(0.0, 0.95, 0.072),
                flute.point(0.0, height * 0.3, 0.066),
                flute.point(0.0, height * 0.55, 0.054),
            ],
            0.012,
            "iron",
            sides=4,
            lods=FINE,
        )
    arms = rng.random() < 0.3
    if arms:
        for side in (-1.0, 1.0):
            t = np.linspace(0.0, 1.0, 9)
            path = np.stack(
                (side * (0.05 + 0.55 * t), height - 0.55 + 0.35 * np.sin(t * math.pi * 0.8), np.zeros(9)), axis=1
            )
            tube(assembly, path, 0.022, "iron", lods=NEAR)
            end = path[-1]
            _lantern(assembly, Frame(end + np.array([0.0, 0.03, 0.0]), np.eye(3)), size=0.15, lit=request.lit)
    else:
        for side in (-1.0, 1.0):
            tube(
                assembly,
                [(0.0, height - 0.45, 0.0), (side * 0.18, height - 0.45, 0.0), (side * 0.38, height - 0.44, 0.0)],
                0.016,
                "iron",
                lods=NEAR,
            )
    _lantern(assembly, WORLD.moved(y=height + 0.03), size=0.19, lit=request.lit)
    hull_cylinder(assembly, (0.0, 0.0, 0.0), (0.0, height, 0.0), 0.15, "iron", sides=6)


def _lantern_post(assembly: Assembly, request: AssetRequest) -> None:
    height = 2.5 * request.size
    assembly.solid_box(WORLD, (-0.065, -0.6, -0.065), (0.065, height, 0.065), "wood_beam", grain=1, skip="D")
    assembly.box(WORLD, (-0.085, height, -0.085), (0.085, height + 0.035, 0.085), "wood_beam", lods=NEAR)
    arm_y = height - 0.22
    assembly.box(WORLD, (-0.045, arm_y - 0.045, 0.0), (0.045, arm_y + 0.045, 0.72), "wood_beam", grain=2)
    start, end = WORLD.point(0.0, arm_y - 0.48, 0.05), WORLD.point(0.0, arm_y - 0.03, 0.5)
    tube(assembly, np.linspace(start, end, 3), 0.03, "wood_beam", sides=4, lods=NEAR)
    for index in range(4):
        y = arm_y - 0.05 - 0.045 * index
        loop = [
            (
                0.016 * math.cos(a) * (1 - index % 2),
                y - 0.02 + 0.028 * math.sin(a),
                0.6 + 0.016 * math.cos(a) * (index % 2),
            )
            for a in np.linspace(0.0, 2.0 * math.pi, 7)
        ]
        tube(assembly, loop, 0.006, "iron", sides=4, lods=FINE)
    _lantern(assembly, WORLD.moved(y=arm_y - 0.62, d=0.6), size=0.13, lit=request.lit)


def _torch(assembly: Assembly, request: AssetRequest) -> None:
    """A standing torch: an iron basket of embers on a pole."""
    height = 1.7 * request.size
    lathe(assembly, WORLD, [(0.045, -0.5), (0.035, height)], "wood_beam", sides=8, lods=ALL)
    basket = [
        (0.04, height - 0.08),
        (0.1, height),
        (0.15, height + 0.16),
        (0.13, height + 0.16),
        (0.08, height + 0.04),
        (0.0, height + 0.04),
    ]
    lathe(assembly, WORLD, basket, "iron", sides=10, lods=NEAR)
    flame = [
        (0.0, height + 0.03),
        (0.1, height + 0.1),
        (0.115, height + 0.2),
        (0.07, height + 0.36),
        (0.03, height + 0.5),
        (0.0, height + 0.62),
    ]
    lathe(assembly, WORLD, flame, "flame" if request.lit else "rope", sides=8, lods=ALL, smooth_along=True)
    hull_cylinder(assembly, (0.0, 0.0, 0.0), (0.0, height + 0.15, 0.0), 0.1, "wood_beam", sides=6)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="lamp_post",
        kinds={
            "street_lamp": ("lamp post", "lamppost", "street lamp", "streetlight", "street light", "lamp", "gas lamp"),
            "lantern_post": ("lantern", "lantern post", "wooden lamp"),
            "torch": ("torch", "brazier", "standing torch"),
        },
        build=_build,
        placement=Placement(max_slope_deg=25.0, water_distance_m=(0.5, float("inf")), faces_path=True),
        materials=("iron", "wood"),
        num_variants=2,
    ),
)
