"""Dressed and rough stone: plinths, corner stones, battlements, corbels, buttresses, rubble and jagged breaks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from worldgen.builder.architecture.assembly import FINE, NEAR, Assembly, Lods
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import tangent_frame
from worldgen.builder.architecture.panels import Bend, Line
from worldgen.builder.architecture.solids import prism, rough_blocks

FOUNDATION_M = 1.0
"""How far foundations reach below the ground, so that nothing floats on a slope."""


def plinth(
    assembly: Assembly, frame: Frame, size: tuple[float, float], height: float, material: str, *, proud: float = 0.07
) -> None:
    """Add the foundation of a rectangle ``size`` (along s and d) about the frame's origin, up to ``height``."""
    half_s, half_d = size[0] / 2.0 + proud, size[1] / 2.0 + proud
    low, high = (-half_s, -FOUNDATION_M, -half_d), (half_s, height, half_d)
    assembly.solid_box(frame, low, high, material, skip="D")


def quoins(
    assembly: Assembly,
    frame: Frame,
    size: tuple[float, float],
    span: tuple[float, float],
    material: str,
    *,
    proud: float = 0.025,
    lods: Lods = FINE,
) -> None:
    """Add alternating corner stones to a rectangle ``size`` (along s and d) between two heights."""
    bottom, top = span
    count = max(2, round((top - bottom) / (0.34 if top - bottom < 6.0 else 0.52)))
    height = (top - bottom) / count
    for i in (-1.0, 1.0):
        for j in (-1.0, 1.0):
            corner = frame.moved(i * size[0] / 2.0, 0.0, j * size[1] / 2.0)
            for index in range(count):
                along_s, along_d = (0.5, 0.3) if index % 2 else (0.3, 0.5)
                y = bottom + index * height
                low = (proud * i if i < 0 else -along_s, y + 0.006, proud * j if j < 0 else -along_d)
                high = (along_s if i < 0 else proud, y + height - 0.006, along_d if j < 0 else proud)
                hidden = ("L" if i > 0 else "R") + ("B" if j > 0 else "F")
                assembly.box(corner, low, high, material, grain=0, lods=lods, skip=hidden)


def crenellated(length: float, low: float, high: float, *, merlon: float = 0.9, gap: float = 0.6) -> Line:
    """The outline of a battlement about s = 0 that begins and ends in half a gap, so that it can be repeated."""
    count = max(1, round(length / (merlon + gap)))
    step = length / count
    tooth = step * merlon / (merlon + gap)
    line: list[tuple[float, float]] = [(-length / 2.0, low)]
    for index in range(count):
        middle = -length / 2.0 + (index + 0.5) * step
        line += [(middle - tooth / 2.0, low), (middle - tooth / 2.0, high)]
        line += [(middle + tooth / 2.0, high), (middle + tooth / 2.0, low)]
    line.append((length / 2.0, low))
    return tuple(line)


def corbels(
    assembly: Assembly,
    frame: Frame,
    length: float,
    top: float,
    material: str,
    *,
    reach: float = 0.35,
    height: float = 0.5,
    spacing: float = 0.75,
    bend: Bend | None = None,
    lods: Lods = FINE,
) -> None:
    """Add a row of brackets that carry what stands out by ``reach`` above ``top``."""
    count = max(2, round(length / spacing))
    outline = [
        (-0.1, top),
        (-0.1, top - height),
        (reach * 0.45 - 0.1, top - height * 0.75),
        (reach, top - height * 0.3),
        (reach, top),
    ]
    for index in range(count):
        s = -length / 2.0 + (index + 0.5) * length / count
        place = frame.moved(s=s) if bend is None else tangent_frame(frame, bend, s, top - height)
        side = place.yawed(-math.pi / 2.0)
        # Turned by a quarter, s runs outwards.
        prism(assembly, side, outline, (-0.13, 0.13), material, lods=lods)


def buttress(
    assembly: Assembly,
    frame: Frame,
    s: float,
    height: float,
    material: str,
    *,
    width: float = 0.6,
    reach: float = 0.8,
    cap: str = "stone_blocks",
) -> None:
    """Add a stepped pier against a wall, down into the foundation; it is also a collider."""
    side = frame.moved(s=s).yawed(-math.pi / 2.0)
    lower = height * 0.55
    half = width / 2.0
    for reach_m, bottom, top in ((reach, -FOUNDATION_M, lower), (reach * 0.55, lower * 0.9, height)):
        shoulder = top - reach_m * 0.7
        outline = [(-0.1, bottom), (reach_m, bottom), (reach_m, shoulder), (-0.1, top + 0.07)]
        prism(assembly, side, outline, (-half, half), material, lods=NEAR)
        tilted = [
            (reach_m + 0.07, shoulder - 0.03),
            (reach_m + 0.07, shoulder + 0.05),
            (-0.1, top + 0.19),
            (-0.1, top + 0.09),
        ]
        prism(assembly, side, tilted, (-half - 0.05, half + 0.05), cap, lods=FINE)
        corners = [(s0, y, d) for s0, y in outline for d in (-half, half)]
        assembly.hull(side.points(corners), "stone")


def rubble(
    assembly: Assembly,
    spots: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    sizes: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    material: str,
    *,
    tilt: float = 0.5,
    lods: Lods = NEAR,
    collide_above: float = 0.3,
) -> None:
    """Scatter fallen blocks: their middles (N, 2) on the ground and sizes (N, 3), turned and tilted at random."""
    frames = []
    for (x, z), size in zip(spots, sizes, strict=True):
        turn, pitch, roll = assembly.rng.uniform(-1.0, 1.0, 3) * (math.pi, tilt, tilt)
        frame = WORLD.moved(float(x), float(size[1]) * float(assembly.rng.uniform(0.1, 0.42)), float(z))
        frame = frame.yawed(float(turn)).pitched(float(pitch)).rolled(float(roll))
        frames.append(frame)
        if float(size.min()) > collide_above:
            assembly.hull_box(frame, -size * 0.43, size * 0.43, "stone")
    rough_blocks(assembly, frames, sizes, material, lods=lods)


def jagged(
    rng: np.random.Generator, length: float, low: float, high: float, *, step: float = 0.45, course: float = 0.3
) -> Line:
    """The broken top of a wall about s = 0: blocks are missing down to a wandering line, course by course."""
    count = max(4, round(length / step))
    walk = np.cumsum(rng.normal(0.0, 1.0, count))
    walk -= np.linspace(walk[0], walk[-1], count)
    spread = max(float(walk.max() - walk.min()), 1e-6)
    share = (walk - walk.min()) / spread
    slant = np.linspace(float(rng.uniform(0.2, 1.0)), float(rng.uniform(0.2, 1.0)), count)
    heights = low + (high - low) * np.clip(0.65 * share + 0.45 * slant, 0.0, 1.0)
    heights = np.round(heights / course) * course
    stops = np.linspace(-length / 2.0, length / 2.0, count + 1)
    stops[1:-1] += rng.uniform(-0.3, 0.3, count - 1) * step
    tilt = rng.uniform(-0.05, 0.05, (count, 2))
    line: list[tuple[float, float]] = []
    for index in range(count):
        line.append((float(stops[index]), float(heights[index] + tilt[index, 0])))
        line.append((float(stops[index + 1]), float(heights[index] + tilt[index, 1])))
    return tuple(line)


def band(
    assembly: Assembly,
    frame: Frame,
    length: float,
    span: tuple[float, float],
    material: str,
    *,
    proud: float = 0.06,
    lods: Lods = NEAR,
) -> None:
    """Add a string course: a strip of stone that stands ``proud`` of a wall about s = 0."""
    half = length / 2.0 + proud
    assembly.box(frame, (-half, span[0], -0.1), (half, span[1], proud), material, grain=0, lods=lods, skip="B")


def band_ring(
    assembly: Assembly,
    sides: Sequence[Frame],
    width: float,
    span: tuple[float, float],
    material: str,
    *,
    proud: float = 0.06,
    lods: Lods = NEAR,
) -> None:
    """Add a string course around a square tower; its corners belong to two of the sides, so that none overlap."""
    for index, side in enumerate(sides):
        half = width / 2.0 + proud if index % 2 == 0 else width / 2.0 - 0.1
        low, high = (-half, span[0], -0.1), (half, span[1], proud)
        assembly.box(side, low, high, material, grain=0, lods=lods, skip="B" if index % 2 == 0 else "BLR")
