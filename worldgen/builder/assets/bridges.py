"""Bridges: stone arches, wooden trestles and hanging rope bridges; decks are level with y = 0 at both ends.

From there ramps lead down to the ground, as long as the site asks for.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, MIDDLE, NEAR, Assembly
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import boards_between, voussoirs
from worldgen.builder.architecture.panels import Line, Opening, panel
from worldgen.builder.architecture.snow import snow_slope
from worldgen.builder.architecture.solids import hull_cylinder, tube
from worldgen.builder.architecture.themes import stone
from worldgen.builder.architecture.timber import round_log
from worldgen.builder.family import RAMP_SLOPE, AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype

_ABUTMENT_M = 4.0
"""How far abutments and piers reach below the deck's ends."""


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    usual = {"stone_bridge": 12.0, "wooden_bridge": 9.0, "rope_bridge": 16.0}
    kind = request.kind
    if request.material in ("wood", "stone", "brick", "rope"):
        kind = {"wood": "wooden_bridge", "rope": "rope_bridge"}.get(request.material, "stone_bridge")
    span = request.span_m or usual[kind] * request.size
    width = {"stone_bridge": _stone_bridge, "wooden_bridge": _wooden_bridge, "rope_bridge": _rope_bridge}[kind](
        assembly, request, span
    )
    if request.ramp_m > 0.0:
        _ramps(assembly, request, kind, span, width)
    return assembly.finish(request.name, "bridge", footprint_m=max(width, 1.0))


def _ramps(assembly: Assembly, request: AssetRequest, kind: str, span: float, half_width: float) -> None:
    """Wedges of masonry that lead from the ground up to the deck's ends, with a trodden top."""
    wide = {"stone_bridge": half_width, "wooden_bridge": half_width - 0.15, "rope_bridge": half_width}[kind]
    sides = stone(request) if request.material != "wood" else "stone_wall"
    drop = RAMP_SLOPE * request.ramp_m
    deep = -max(_ABUTMENT_M, drop + 1.0)
    half = span / 2.0
    for a, b, high_a, high_b in (
        (half, half + request.ramp_m, 0.0, -drop),
        (-half - request.ramp_m, -half, -drop, 0.0),
    ):
        outline = [(a, deep), (b, deep), (b, high_b), (a, high_a)]
        _sheared(assembly, WORLD, outline, (-wide, wide), sides, faces="FB")
        _sheared(assembly, WORLD, outline, (-wide, wide), "cobble", faces="U")
        assembly.hull([(s, y, d) for s, y in outline for d in (-wide, wide)], "stone")
        if request.snow_cover > 0.15:
            corners = [(a, high_a, wide), (b, high_b, wide), (b, high_b, -wide), (a, high_a, -wide)]
            snow_slope(assembly, np.array(corners), request.snow_cover, lods=NEAR, taper_top=True)


def _stone_bridge(assembly: Assembly, request: AssetRequest, span: float) -> float:
    """A humped bridge of one or more arches with parapets; returns half its width."""
    material = stone(request, "stone_blocks" if assembly.rng.random() < 0.4 else None)
    width = 3.4 if span < 20.0 else 4.2
    half = span / 2.0
    hump = min(1.1, 0.05 * span)
    count = max(1, math.ceil((span - 3.0) / 9.0))
    pier = 1.5
    clear = (span - 2.4 - pier * (count - 1)) / count
    stops = np.linspace(-half, half, 13)

    def deck(s: float) -> float:
        return hump * (1.0 - (s / half) ** 2)

    arches = []
    for index in range(count):
        middle = (index - (count - 1) / 2.0) * (clear + pier)
        top = deck(abs(middle) if count == 1 else abs(middle) + clear * 0.2) - 0.45
        arch = Opening(
            left=middle - clear / 2.0,
            right=middle + clear / 2.0,
            bottom=-_ABUTMENT_M,
            top=min(top, clear / 2.0 - 0.6),
            arch="round" if clear / 2.0 < top + 2.2 else "segmental",
        )
        arches.append(arch)
    line: Line = tuple((float(s), deck(float(s))) for s in stops)
    front = WORLD.moved(d=width / 2.0)
    for lods, steps in ((FINE, 16), (MIDDLE, 8), (FAR, 4)):
        panel(
            assembly,
            front,
            line,
            material,
            bottom=-_ABUTMENT_M,
            thickness=width,
            openings=arches,
            inside=material,
            top=False,
            lods=lods,
            arch_steps=steps,
        )
    panel(
        assembly,
        front,
        line,
        material,
        bottom=-_ABUTMENT_M,
        thickness=width,
        openings=arches,
        lods=(),
        collide=True,
        arch_steps=6,
    )
    for (a, y0), (b, y1) in pairwise(line):
        quad = np.array([[(a, y0, 0.0), (b, y1, 0.0), (b, y1, -width), (a, y0, -width)]])
        assembly.quads(front.points(quad), quad[..., [0, 2]], "cobble")
        if request.snow_cover > 0.15:
            corners = [(a, y0, -0.4), (b, y1, -0.4), (b, y1, -width + 0.4), (a, y0, -width + 0.4)]
            snow_slope(assembly, front.points(corners), request.snow_cover, lods=NEAR, taper_top=True)
    for turn in (0.0, math.pi):
        side = WORLD.yawed(turn).moved(d=width / 2.0)
        _parapet(assembly, side, line, material)
        for arch in arches:
            voussoirs(
                assembly,
                side,
                arch,
                "stone_blocks",
                width=0.45,
                proud=0.06,
                lods=NEAR if arch.arch == "segmental" else FINE,
            )
        for before, after in pairwise(arches):
            _cutwater(assembly, side, (before.right + after.left) / 2.0, pier, material, top=deck(before.right) - 0.7)
    return width / 2.0


def _parapet(assembly: Assembly, side: Frame, line: Line, material: str) -> None:
    """Walls along the edge of the deck, standing a little proud of the arch below, with coping stones."""
    high = 0.85
    for index, ((a, y0), (b, y1)) in enumerate(pairwise(line)):
        caps = "FB" + ("R" if index == len(line) - 2 else "") + ("L" if index == 0 else "")
        outline = [(a, y0 - 0.14), (b, y1 - 0.14), (b, y1 + high), (a, y0 + high)]
        _sheared(assembly, side, outline, (-0.36, 0.05), material, faces=caps + "D")
        coping = [(a, y0 + high), (b, y1 + high), (b, y1 + high + 0.12), (a, y0 + high + 0.12)]
        _sheared(assembly, side, coping, (-0.41, 0.1), "stone_blocks", faces=caps + "UD", lods=NEAR)
        corners = [
            (s, y, d)
            for s, base in ((a, y0), (b, y1))
            for y in (base - 0.14, base + high + 0.12)
            for d in (-0.36, 0.05)
        ]
        assembly.hull(side.points(corners), "stone")


def _sheared(
    assembly: Assembly,
    frame: Frame,
    outline: list[tuple[float, float]],
    depth: tuple[float, float],
    material: str,
    *,
    faces: str,
    lods: tuple[int, ...] = ALL,
) -> None:
    """A box whose lower and upper edges may slope along s; ``faces`` are the letters of a box's faces to add."""
    (a, low0), (b, low1), (_, high1), (_, high0) = outline
    back, front = depth
    quads = {
        "F": ([(a, low0, front), (b, low1, front), (b, high1, front), (a, high0, front)], (0, 1)),
        "B": ([(b, low1, back), (a, low0, back), (a, high0, back), (b, high1, back)], (0, 1)),
        "U": ([(a, high0, front), (b, high1, front), (b, high1, back), (a, high0, back)], (0, 2)),
        "D": ([(a, low0, back), (b, low1, back), (b, low1, front), (a, low0, front)], (0, 2)),
        "R": ([(b, low1, front), (b, low1, back), (b, high1, back), (b, high1, front)], (2, 1)),
        "L": ([(a, low0, back), (a, low0, front), (a, high0, front), (a, high0, back)], (2, 1)),
    }
    for letter in faces:
        corners, axes = quads[letter]
        local = np.array([corners])
        assembly.quads(frame.points(local), local[..., list(axes)], material, lods=lods)


def _cutwater(assembly: Assembly, side: Frame, s: float, pier: float, material: str, *, top: float) -> None:
    """A pointed buttress that parts the stream before a pier, with a sloped head."""
    half, reach = pier / 2.0, pier * 0.8
    low, tip = -_ABUTMENT_M, 0.35 + top * 0.4
    a, b, point = (s - half, 0.0), (s + half, 0.0), (s, reach)
    faces = [
        [(a[0], low, a[1]), (point[0], low, point[1]), (point[0], tip, point[1]), (a[0], tip, a[1])],
        [(point[0], low, point[1]), (b[0], low, b[1]), (b[0], tip, b[1]), (point[0], tip, point[1])],
        [(a[0], tip, a[1]), (point[0], tip, point[1]), (s, top, 0.0), (s, top, 0.0)],
        [(point[0], tip, point[1]), (b[0], tip, b[1]), (s, top, 0.0), (s, top, 0.0)],
    ]
    quads = np.array(faces)
    uvs = quads[..., [0, 1]].copy()
    uvs[..., 0] *= 1.3
    assembly.quads(side.points(quads), uvs, material)
    assembly.hull(side.points(quads.reshape(-1, 3)), "stone")


def _abutment(assembly: Assembly, request: AssetRequest, x: float, *, width: float, reach: float, top: float) -> None:
    """A block of masonry that carries one end of a light bridge."""
    material = stone(request) if request.material != "wood" else "stone_wall"
    outward = math.copysign(reach, x)
    low, high = (min(x, x - outward), -_ABUTMENT_M, -width / 2.0), (max(x, x - outward), top, width / 2.0)
    assembly.solid_box(WORLD, low, high, material, grain=0, skip="D")


def _wooden_bridge(assembly: Assembly, request: AssetRequest, span: float) -> float:
    """Planks on stringers and trestles, with braced railings; returns half its width."""
    rng = assembly.rng
    width, half = 2.2, span / 2.0
    hump = min(0.35, 0.018 * span)

    def deck(s: float) -> float:
        return hump * (1.0 - (s / half) ** 2)

    for x in (-half, half):
        _abutment(assembly, request, x, width=width + 0.5, reach=0.9, top=-0.12)
    stops = np.linspace(-half, half, max(2, round(span / 3.0)) + 1)
    for a, b in pairwise(stops.tolist()):
        y0, y1 = deck(a), deck(b)
        for z in (-width * 0.36, 0.0, width * 0.36):
            boards_between(
                assembly, (a, y0 - 0.2, z), (b, y1 - 0.2, z), (0.26, 0.16), "wood_beam", lods=ALL if z else NEAR
            )
        corners = [
            (s, y, z) for s, top in ((a, y0), (b, y1)) for y in (top - 0.3, top) for z in (-width / 2.0, width / 2.0)
        ]
        assembly.hull(corners, "wood")
        quad = np.array(
            [
                [
                    (a, y0 - 0.01, width / 2),
                    (b, y1 - 0.01, width / 2),
                    (b, y1 - 0.01, -width / 2),
                    (a, y0 - 0.01, -width / 2),
                ]
            ]
        )
        assembly.quads(quad, quad[..., [2, 0]], "wood_weathered", lods=(1, 2))
        assembly.quads(quad[:, ::-1] - (0.0, 0.05, 0.0), quad[:, ::-1, [2, 0]], "wood_weathered", lods=(1, 2))
        if request.snow_cover > 0.15:
            snow_slope(assembly, quad[0] + (0.0, 0.02, 0.0), request.snow_cover, lods=NEAR, taper_top=True)
    count = round(span / 0.2)
    for index in range(count):
        s = -half + span * (index + 0.5) / count
        tilt = math.atan2(-2.0 * hump * s / half**2, 1.0)
        reach = width / 2.0 + float(rng.uniform(-0.05, 0.06))
        plank = WORLD.moved(s, deck(s), float(rng.uniform(-0.03, 0.03))).rolled(tilt)
        half_plank = span / count / 2.0 - 0.008
        thick = 0.05 + 0.008 * float(rng.random())
        assembly.box(
            plank, (-half_plank, -0.05, -reach), (half_plank, thick - 0.05, reach), "wood_weathered", grain=2, lods=FINE
        )
    posts = np.linspace(-half + 0.15, half - 0.15, max(2, round(span / 1.6)) + 1).tolist()
    for z in (-width / 2.0 + 0.06, width / 2.0 - 0.06):
        for index, s in enumerate(posts):
            y = deck(s)
            low, high = (s - 0.06, y - 0.3, z - 0.06), (s + 0.06, y + 1.08, z + 0.06)
            assembly.box(WORLD, low, high, "wood_beam", grain=1, lods=NEAR)
            if index + 1 < len(posts):
                after = posts[index + 1]
                for lift, size in ((1.0, (0.1, 0.07)), (0.55, (0.08, 0.05))):
                    boards_between(
                        assembly,
                        (s, y + lift, z),
                        (after, deck(after) + lift, z),
                        size,
                        "wood_beam",
                        lods=ALL if lift == 1.0 else NEAR,
                    )
                out = 0.035
                boards_between(
                    assembly,
                    (s, y + 0.08, z + out),
                    (after, deck(after) + 0.95, z + out),
                    (0.07, 0.03),
                    "wood_weathered",
                    lods=FINE,
                )
        corners = [
            (s, deck(s) + lift, z + d) for s in (-half, 0.0, half) for lift in (0.0, 1.05) for d in (-0.05, 0.05)
        ]
        for k in range(2):
            assembly.hull([corners[i] for i in range(4 * k, 4 * k + 8)], "wood")
    trestles = max(0, round(span / 4.5) - 1)
    for index in range(trestles):
        s = -half + span * (index + 1) / (trestles + 1)
        y = deck(s) - 0.33
        for z in (-1.0, 1.0):
            foot, head = (s, -_ABUTMENT_M, z * (width / 2.0 + 0.35)), (s, y - 0.1, z * (width / 2.0 - 0.15))
            round_log(assembly, foot, head, 0.16, frame=WORLD, sides=8, caps="", lods=ALL)
            hull_cylinder(assembly, foot, head, 0.16, "wood_logs", sides=6)
        round_log(
            assembly, (s, y - 0.08, -width / 2.0 - 0.25), (s, y - 0.08, width / 2.0 + 0.25), 0.13, frame=WORLD, sides=8
        )
        for lean in (-1.0, 1.0):
            start, end = (
                (s + 0.14 * lean, -2.2, -lean * (width / 2.0 + 0.2)),
                (s + 0.14 * lean, y - 0.4, lean * (width / 2.0 - 0.1)),
            )
            round_log(assembly, start, end, 0.07, frame=WORLD, sides=6)
    return width / 2.0 + 0.4


def _rope_bridge(assembly: Assembly, request: AssetRequest, span: float) -> float:
    """Planks hung on ropes that sag between pairs of posts; returns half its width."""
    rng = assembly.rng
    width, half = 1.3, span / 2.0
    inner = half - 1.1
    sag = 0.07 * span

    def deck(s: float) -> float:
        return -sag * (1.0 - (s / inner) ** 2) if abs(s) < inner else 0.0

    for x in (-half, half):
        _abutment(assembly, request, x, width=width + 1.6, reach=1.5, top=-0.02)
        side = math.copysign(1.0, x)
        for z in (-1.0, 1.0):
            foot, head = (
                (side * (inner + 0.1), -0.6, z * (width / 2.0 + 0.16)),
                (side * (inner + 0.28), 2.1, z * (width / 2.0 + 0.22)),
            )
            round_log(assembly, foot, head, 0.16, frame=WORLD, sides=10, lods=ALL)
            hull_cylinder(assembly, foot, head, 0.16, "wood_logs", sides=6)
            anchor = [(head[0], 1.25, head[2]), (side * half - side * 0.1, -0.02, z * (width / 2.0 + 0.55))]
            tube(assembly, np.linspace(anchor[0], anchor[1], 3), 0.03, "rope", lods=NEAR)
    stops = np.linspace(-inner, inner, 21)
    for z in (-1.0, 1.0):
        for lift, radius, lods in ((-0.05, 0.055, ALL), (1.0, 0.05, ALL), (0.52, 0.026, NEAR)):
            out = width / 2.0 + (0.16 if lift > 0.0 else -0.12)
            path = [
                (s, deck(s) + lift, z * out * (1.0 + 0.04 * math.cos(s * 1.3) * (lift > 0.0))) for s in stops.tolist()
            ]
            for chosen, share, sides in ((FINE, 1, 6), ((1,), 2, 4), (FAR, 4, 3)):
                if chosen[0] in lods:
                    tube(assembly, path[::share], radius, "rope", sides=sides, lods=chosen)
        for s in np.linspace(-inner, inner, round(span / 0.9)).tolist()[1:-1]:
            low, high = (s, deck(s) - 0.05, z * (width / 2.0 - 0.12)), (s, deck(s) + 1.0, z * (width / 2.0 + 0.16))
            tube(assembly, np.linspace(low, high, 3), 0.02, "rope", sides=4, lods=NEAR)
    count = round(2.0 * inner / 0.24)
    for index in range(count):
        s = -inner + 2.0 * inner * (index + 0.5) / count
        tilt = math.atan2(2.0 * sag * s / inner**2, 1.0) + float(rng.uniform(-0.04, 0.04))
        plank = WORLD.moved(s, deck(s), 0.0).rolled(tilt).yawed(float(rng.uniform(-0.03, 0.03)))
        reach = width / 2.0 + float(rng.uniform(-0.06, 0.03))
        assembly.box(plank, (-0.095, -0.025, -reach), (0.095, 0.02, reach), "wood_weathered", grain=2, lods=NEAR)
    for a, b in pairwise(np.linspace(-inner, inner, 9).tolist()):
        quad = np.array(
            [[(a, deck(a), width / 2), (b, deck(b), width / 2), (b, deck(b), -width / 2), (a, deck(a), -width / 2)]]
        )
        assembly.quads(quad, quad[..., [2, 0]], "wood_weathered", lods=FAR)
        assembly.quads(quad[:, ::-1], quad[:, ::-1, [2, 0]], "wood_weathered", lods=FAR)
        corners = [(s, deck(s) + d, z) for s in (a, b) for d in (-0.15, 0.02) for z in (-width / 2.0, width / 2.0)]
        assembly.hull(corners, "wood")
        for z in (-width / 2.0 - 0.14, width / 2.0 + 0.14):
            assembly.hull(
                [(s, deck(s) + d, z + e) for s in (a, b) for d in (0.0, 1.02) for e in (-0.03, 0.03)], "cloth"
            )
    for side in (-1.0, 1.0):
        near, far = sorted((side * inner, side * half))
        assembly.box(
            WORLD, (near, -0.06, -width / 2.0), (far, 0.0, width / 2.0), "wood_weathered", grain=2, lods=NEAR, skip="D"
        )
    return width / 2.0 + 0.8


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="bridge",
        kinds={
            "stone_bridge": ("bridge", "stone bridge", "arched bridge", "arch bridge", "viaduct"),
            "wooden_bridge": ("wooden bridge", "footbridge", "timber bridge", "plank bridge"),
            "rope_bridge": ("rope bridge", "hanging bridge", "suspension bridge"),
        },
        build=_build,
        placement=Placement(max_slope_deg=60.0, water_depth_m=(0.0, 8.0), water_distance_m=(0.0, float("inf"))),
        materials=("stone", "wood", "brick", "rope"),
        num_variants=1,
    ),
)
