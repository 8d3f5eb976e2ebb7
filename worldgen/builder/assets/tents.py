"""Tents: ridge tents of canvas, tipis and striped pavilions."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, MIDDLE, NEAR, Assembly
from worldgen.builder.architecture.cloth import cloth
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.palette import PAINT_BLUE, PAINT_CREAM, PAINT_GREEN, PAINT_OCHRE, PAINT_RED, pick
from worldgen.builder.architecture.snow import snow_slope
from worldgen.builder.architecture.solids import cylinder, hull_cylinder, tube
from worldgen.builder.architecture.themes import between
from worldgen.builder.architecture.timber import round_log
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    builders = {"ridge_tent": _ridge_tent, "tipi": _tipi, "pavilion": _pavilion}
    builders[request.kind](assembly, request)
    return assembly.finish(request.name, "tent")


def _ridge_tent(assembly: Assembly, request: AssetRequest) -> None:
    """A canvas tent over a ridge pole, with an open flap at the front and guy ropes."""
    rng, scale = assembly.rng, request.size
    length, width, height = (
        between(rng, 2.6, 3.2) * scale,
        between(rng, 2.2, 2.6) * scale,
        between(rng, 1.65, 1.9) * scale,
    )
    half, side_half = length / 2.0, width / 2.0
    painted = rng.random() < 0.45
    material = "paint" if painted else "canvas"
    color = pick(rng, (PAINT_GREEN, PAINT_OCHRE, PAINT_BLUE, PAINT_RED)) if painted else (1.0, 1.0, 1.0)
    for lods, count in ((FINE, 8), (MIDDLE, 4), (FAR, 1)):
        t = np.linspace(0.0, 1.0, count + 1)
        depths = np.linspace(half, -half, count + 1)
        for side in (-1.0, 1.0):
            zs = depths if side > 0 else depths[::-1]
            sag = 0.09 * np.sin(t * math.pi) * (count > 1)
            dip = 0.05 * np.sin(np.linspace(0.0, math.pi, count + 1)) * (count > 1)
            x = side * (side_half * (1.0 - t) - sag)
            y = height * t
            grid = np.zeros((count + 1, count + 1, 3))
            grid[..., 0], grid[..., 1], grid[..., 2] = x[:, None], y[:, None] - (t**2)[:, None] * dip[None], zs[None]
            grid[0, :, 1] -= 0.06
            cloth(assembly, grid, material, lods=lods, color=color)
    back = np.array(
        [[(side_half, -0.06, -half), (-side_half, -0.06, -half)], [(0.01, height, -half), (-0.01, height, -half)]]
    )
    cloth(assembly, back, material, lods=ALL, color=color)
    for side in (-1.0, 1.0):
        # Flaps turned back from the door.
        low, far = (side * side_half, -0.04, half), (side * side_half * 0.45, -0.04, half + 0.34)
        points = [low, far] if side < 0 else [far, low]
        flap = np.array(
            [
                points,
                [(0.0, height, half), (0.0, height, half + 0.02)]
                if side < 0
                else [(0.0, height, half + 0.02), (0.0, height, half)],
            ]
        )
        cloth(assembly, flap, material, lods=NEAR, color=color)
    dark = np.array(
        [
            [
                (-side_half * 0.9, 0.0, half - 1.2),
                (side_half * 0.9, 0.0, half - 1.2),
                (0.0, height * 0.93, half - 1.2),
                (0.0, height * 0.93, half - 1.2),
            ]
        ]
    )
    assembly.quads(dark, None, "paint", lods=FAR, color=(0.02, 0.018, 0.015))
    for z in (-half + 0.06, half - 0.06):
        cylinder(assembly, (0.0, -0.2, z), (0.0, height + 0.12, z), 0.028, "wood_beam", sides=7, lods=NEAR)
        outward = math.copysign(1.15, z)
        _guy(assembly, (0.0, height + 0.06, z), (0.0, 0.0, z + outward))
    cylinder(
        assembly,
        (0.0, height - 0.015, -half - 0.08),
        (0.0, height - 0.015, half + 0.08),
        0.025,
        "wood_beam",
        sides=7,
        lods=NEAR,
    )
    for side in (-1.0, 1.0):
        for z in (-half * 0.6, 0.0, half * 0.6):
            _guy(assembly, (side * side_half * 0.52, height * 0.46, z), (side * (side_half + 0.55), 0.0, z))
    bed = [(-side_half * 0.7, 0.02, -half + 0.3), (-0.1, 0.14, half - 0.5)]
    assembly.box(WORLD, bed[0], bed[1], "canvas", grain=2, lods=NEAR)
    assembly.hull(
        [(x, y, z) for z in (-half, half) for x, y in ((-side_half, -0.05), (side_half, -0.05), (0.0, height))], "cloth"
    )
    if request.snow_cover > 0.15:
        for side in (-1.0, 1.0):
            quad = [
                (side * side_half * 0.75, height * 0.28, side * half),
                (side * side_half * 0.75, height * 0.28, -side * half),
                (0.0, height + 0.01, -side * half),
                (0.0, height + 0.01, side * half),
            ]
            snow_slope(assembly, quad, request.snow_cover, lods=NEAR, sink=0.02)


def _guy(assembly: Assembly, start: tuple[float, float, float], end: tuple[float, float, float]) -> None:
    """A rope to a peg in the ground."""
    tube(assembly, np.linspace(start, end, 3), 0.009, "rope", sides=4, lods=NEAR)
    peg = np.array(end)
    cylinder(
        assembly,
        peg - (0.0, 0.15, 0.0),
        peg + np.array([0.0, 0.1, 0.0]),
        0.018,
        "wood_beam",
        sides=5,
        lods=FINE,
        caps="E",
    )


def _tipi(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    radius, height = between(rng, 1.9, 2.4) * scale, between(rng, 3.6, 4.4) * scale
    top = 0.16
    for lods, sides in ((FINE, 18), (MIDDLE, 12), (FAR, 7)):
        # The cover is open over 50 degrees at the front, where its edges are folded back.
        angles = np.linspace(math.radians(16.0), math.radians(344.0), sides + 1)
        rows = np.linspace(0.0, 1.0, 6 if lods is FINE else 3)
        grid = np.zeros((len(rows), sides + 1, 3))
        for index, share in enumerate(rows):
            opening = angles if share < 0.45 else np.linspace(0.0, 2.0 * math.pi, sides + 1)
            reach = radius + (top - radius) * share + 0.04 * math.sin(share * math.pi)
            facet = 1.0 + 0.025 * np.cos(opening * 9.0)
            grid[index] = np.stack(
                (
                    np.sin(opening) * reach * facet,
                    np.full(sides + 1, height * share - 0.04),
                    np.cos(opening) * reach * facet,
                ),
                axis=1,
            )
        cloth(assembly, grid, "canvas", lods=lods)
    for index in range(9):
        turn = index * 2.0 * math.pi / 9.0 + 0.17
        foot = np.array([math.sin(turn) * radius * 0.97, -0.1, math.cos(turn) * radius * 0.97])
        over = 0.16 + 0.05 * float(rng.random())
        head = np.array(
            [-math.sin(turn) * over, height * (1.06 + 0.05 * float(rng.random())) + 0.25, -math.cos(turn) * over]
        )
        round_log(assembly, tuple(foot), tuple(head), 0.035, frame=WORLD, sides=6)
    color = pick(rng, (PAINT_RED, PAINT_OCHRE, PAINT_BLUE))
    for share, wide in ((0.1, 0.09), (0.2, 0.035), (0.62, 0.06)):
        start = 16.0 if share < 0.45 else 0.0
        angles = np.linspace(math.radians(start), math.radians(360.0 - start), 19)
        strip = []
        for edge in (share, share + wide):
            reach = radius + (top - radius) * edge + 0.04 * math.sin(edge * math.pi) + 0.014
            facet = 1.0 + 0.025 * np.cos(angles * 9.0)
            strip.append(
                np.stack(
                    (np.sin(angles) * reach * facet, np.full(19, height * edge - 0.04), np.cos(angles) * reach * facet),
                    axis=1,
                )
            )
        cloth(assembly, np.array(strip), "paint", lods=NEAR, color=color)
    hull_cylinder(assembly, (0.0, 0.0, 0.0), (0.0, height * 0.5, 0.0), radius * 0.75, "canvas")


def _pavilion(assembly: Assembly, request: AssetRequest) -> None:
    """A round striped tent with a pointed roof and a pennant."""
    rng, scale = assembly.rng, request.size
    radius, wall, peak = between(rng, 2.2, 2.7) * scale, 2.1, between(rng, 4.0, 4.6) * math.sqrt(scale)
    colors = (pick(rng, (PAINT_RED, PAINT_BLUE, PAINT_GREEN, PAINT_OCHRE)), PAINT_CREAM)
    gores = 16
    for index in range(gores):
        a, b = (k * 2.0 * math.pi / gores + math.pi / gores for k in (index, index + 1))
        color = colors[index % 2]
        angles = np.linspace(a, b, 3)
        shares = np.linspace(0.0, 1.0, 6)
        grid = np.zeros((6, 3, 3))
        for row, share in enumerate(shares):
            reach = (radius + 0.12) * (1.0 - share) ** 1.25 + 0.03
            grid[row] = np.stack(
                (np.sin(angles) * reach, np.full(3, wall - 0.02 + (peak - wall) * share), np.cos(angles) * reach),
                axis=1,
            )
        cloth(assembly, grid, "paint", lods=NEAR, color=color)
        cloth(assembly, grid[[0, 5]][:, [0, 2]], "paint", lods=FAR, color=color)
        hem = np.array(
            [
                [(math.sin(k) * (radius + 0.13), wall - 0.3, math.cos(k) * (radius + 0.13)) for k in angles],
                [(math.sin(k) * (radius + 0.12), wall - 0.02, math.cos(k) * (radius + 0.12)) for k in angles],
            ]
        )
        hem[0, 1, 1] -= 0.1
        cloth(assembly, hem, "paint", lods=NEAR, color=colors[(index + 1) % 2])
        if index != gores - 1:
            skirt = np.array(
                [
                    [(math.sin(k) * (radius + 0.08), -0.06, math.cos(k) * (radius + 0.08)) for k in angles],
                    [(math.sin(k) * radius, wall, math.cos(k) * radius) for k in angles],
                ]
            )
            cloth(assembly, skirt, "paint", lods=NEAR, color=color)
            cloth(assembly, skirt[:, [0, 2]], "paint", lods=FAR, color=color)
        post = WORLD.yawed(a).moved(d=radius - 0.05)
        cylinder(
            assembly,
            post.point(0.0, -0.2, 0.0),
            post.point(0.0, wall, 0.0),
            0.03,
            "wood_beam",
            sides=5,
            lods=FINE,
            caps="",
        )
        if index % 2 == 0:
            far = WORLD.yawed(a).moved(d=radius + 1.1).point(0.0, 0.0, 0.0)
            start = WORLD.yawed(a).point(0.0, wall, radius + 0.1)
            _guy(assembly, (float(start[0]), float(start[1]), float(start[2])), (float(far[0]), 0.0, float(far[2])))
    cylinder(assembly, (0.0, 0.0, 0.0), (0.0, peak + 0.9, 0.0), 0.045, "wood_beam", sides=8, lods=NEAR)
    pennant = np.array(
        [[(0.04, peak + 0.55, 0.0), (0.8, peak + 0.68, 0.05)], [(0.04, peak + 0.88, 0.0), (0.8, peak + 0.7, 0.05)]]
    )
    cloth(assembly, pennant, "paint", lods=ALL, color=colors[0])
    hull_cylinder(assembly, (0.0, 0.0, 0.0), (0.0, wall, 0.0), radius, "canvas", sides=12)


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="tent",
        kinds={
            "ridge_tent": ("tent", "camp", "camping tent", "canvas tent", "bivouac"),
            "tipi": ("tipi", "teepee", "wigwam", "yurt"),
            "pavilion": ("pavilion", "marquee", "circus tent", "royal tent"),
        },
        build=_build,
        placement=Placement(
            max_slope_deg=10.0, water_distance_m=(2.0, float("inf")), levels_ground=True, faces_path=True
        ),
        num_variants=3,
    ),
)
