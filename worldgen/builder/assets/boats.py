"""Boats: rowing boats with oars, small sailing boats and canoes; the water's surface is at y = 0."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.boatbuilding import Hull, build_hull, floor_boards
from worldgen.builder.architecture.cloth import cloth
from worldgen.builder.architecture.frame import WORLD, Points, frame_between
from worldgen.builder.architecture.palette import (
    PAINT_BLUE,
    PAINT_CREAM,
    PAINT_GREEN,
    PAINT_RED,
    PAINT_TEAL,
    PAINT_WHITE,
    pick,
)
from worldgen.builder.architecture.solids import cylinder, prism, tube
from worldgen.builder.architecture.themes import between
from worldgen.builder.family import AssetFamily, AssetRequest, Placement
from worldgen.scene.scene import Prototype


def _build(request: AssetRequest, rng: np.random.Generator) -> Prototype:
    assembly = Assembly(rng)
    {"rowing_boat": _rowing_boat, "sailing_boat": _sailing_boat, "canoe": _canoe}[request.kind](assembly, request)
    return assembly.finish(request.name, "boat")


def _thwart(assembly: Assembly, hull: Hull, t: float, y: float, *, depth: float = 0.24) -> None:
    """A seat across the boat at share ``t`` of its length."""
    reach = depth / 2.0 / hull.length
    half = float(hull.sole(np.array([t - reach, t + reach]), y - 0.03).min())
    z = (t - 0.5) * hull.length
    assembly.box(
        WORLD, (-half, y - 0.03, z - depth / 2.0), (half, y, z + depth / 2.0), "wood_planks", grain=0, lods=NEAR
    )


def _ribs(assembly: Assembly, hull: Hull, places: Points) -> None:
    shares = np.linspace(0.06, 0.98, 7)
    for t in places:
        side = hull.surface(np.array([t]), shares, inset=0.045)[0]
        for turn in (1.0, -1.0):
            tube(assembly, side * (turn, 1.0, 1.0), 0.018, "wood_beam", sides=4, lods=FINE)


def _oar(assembly: Assembly, start: tuple[float, float, float], end: tuple[float, float, float]) -> None:
    """An oar from its handle to the tip of its blade."""
    a, b = np.array(start), np.array(end)
    neck = a + (b - a) * 0.76
    cylinder(assembly, a, neck, 0.022, "wood_planks", end_radius=0.018, sides=6, lods=NEAR)
    frame = frame_between(neck, b)
    reach = float(np.linalg.norm(b - neck))
    outline = [
        (-0.02, -0.02),
        (reach * 0.35, -0.07),
        (reach, -0.075),
        (reach, 0.075),
        (reach * 0.35, 0.07),
        (-0.02, 0.02),
    ]
    prism(assembly, frame, outline, (-0.01, 0.01), "wood_planks", lods=NEAR)


def _rowing_boat(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    hull = Hull(
        length=between(rng, 4.5, 5.4) * scale,
        beam=between(rng, 1.5, 1.7) * math.sqrt(scale),
        draft=0.22,
        freeboard=0.44,
        sheer=0.26,
        stern=between(rng, 0.55, 0.68),
    )
    painted = rng.random() < 0.7
    color = pick(rng, (PAINT_BLUE, PAINT_RED, PAINT_GREEN, PAINT_TEAL))
    build_hull(assembly, hull, outside="paint" if painted else "wood_planks", colors=(color, PAINT_WHITE))
    _ribs(assembly, hull, np.linspace(0.12, 0.88, 7))
    for t, y in ((0.1, 0.2), (0.42, 0.22), (0.7, 0.23)):
        _thwart(assembly, hull, t, y, depth=0.4 if t < 0.2 else 0.24)
    floor_boards(assembly, hull, 0.045)
    for side in (-1.0, 1.0):
        z, x = -0.02 * hull.length, side * hull.beam / 2.0
        tube(assembly, [(x, 0.36, z), (x, 0.42, z), (x, 0.47, z)], 0.014, "iron", sides=5, lods=FINE)
        _oar(assembly, (side * 0.3, 0.3, -hull.length * 0.3), (side * 0.24, 0.36, hull.length * 0.3))
    coil = [
        (0.1 * math.cos(a) * (1 + 0.03 * a), 0.06 + 0.003 * a, hull.length * 0.36 + 0.1 * math.sin(a) * (1 + 0.03 * a))
        for a in np.linspace(0.0, 18.0, 40)
    ]
    tube(assembly, coil, 0.013, "rope", sides=5, lods=FINE)


def _sail(corners: tuple[Points, Points, Points], belly: float, rows: int) -> Points:
    """A triangular sail of (rows + 1, rows + 1) points between tack, clew and head, bellied to +X."""
    tack, clew, head = corners
    v, u = np.meshgrid(np.linspace(0.0, 1.0, rows + 1), np.linspace(0.0, 1.0, rows + 1), indexing="ij")
    foot = tack + (clew - tack) * u[..., None]
    grid = foot + (head - foot) * v[..., None]
    leech = 0.1 * np.sin(v * math.pi) * u * np.linalg.norm(clew - tack)
    grid = grid + leech[..., None] * ((clew - tack) / np.linalg.norm(clew - tack))
    grid[..., 0] += belly * np.sin(u * math.pi * 0.85) * np.sin(np.clip(v * 1.15 + 0.12, 0.0, 1.0) * math.pi)
    return grid


def _sailing_boat(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    hull = Hull(
        length=between(rng, 6.4, 7.6) * scale,
        beam=between(rng, 2.1, 2.4) * math.sqrt(scale),
        draft=0.55,
        freeboard=0.62,
        sheer=0.32,
        stern=0.6,
        strakes=7,
    )
    color = pick(rng, (PAINT_BLUE, PAINT_RED, PAINT_GREEN, PAINT_CREAM))
    build_hull(assembly, hull, outside="paint", colors=(color, PAINT_WHITE))
    # A deck over the forward half and along the sides, with a low cabin.
    t = np.linspace(0.48, 0.995, 10)
    edge = hull.surface(t, np.array([1.0]), inset=0.02)[:, 0] - np.array([0.0, 0.04, 0.0])
    other = edge * np.array([-1.0, 1.0, 1.0])
    quads = np.stack((other[:-1], edge[:-1], edge[1:], other[1:]), axis=1)[:, ::-1]
    quads = quads[:, ::-1] if np.cross(quads[0, 1] - quads[0, 0], quads[0, 2] - quads[0, 0])[1] < 0.0 else quads
    assembly.quads(quads, quads[..., [2, 0]], "wood_planks")
    z0 = (0.48 - 0.5) * hull.length
    half = float(hull.breadth(np.array([0.5]))[0])
    deck = float(edge[0, 1])
    foot, head = (float(hull.sole(np.array([0.48]), y)[0]) for y in (0.04, deck))
    bulkhead = [(-foot, 0.04), (foot, 0.04), (head, deck + 0.005), (-head, deck + 0.005)]
    prism(assembly, WORLD, bulkhead, (z0 - 0.03, z0), "wood_planks", lods=NEAR)
    cabin_low, cabin_high = (-half * 0.55, deck - 0.05, z0 + 0.05), (half * 0.55, deck + 0.42, z0 + hull.length * 0.24)
    assembly.box(WORLD, cabin_low, cabin_high, "paint", color=PAINT_WHITE, skip="D")
    roof_low, roof_high = (-half * 0.6, deck + 0.42, z0), (half * 0.6, deck + 0.47, z0 + hull.length * 0.26)
    assembly.box(WORLD, roof_low, roof_high, "wood_planks", grain=2, lods=NEAR)
    for side in (-1.0, 1.0):
        for k in range(3):
            z = z0 + 0.3 + 0.42 * k
            x = side * half * 0.55
            low, high = (x - 0.012, deck + 0.12, z), (x + 0.012, deck + 0.3, z + 0.26)
            assembly.box(WORLD, low, high, "window_lit" if request.lit else "window_glass", lods=NEAR)
    for place, y in ((0.08, 0.28), (0.28, 0.26)):
        _thwart(assembly, hull, place, y, depth=0.34)
    floor_boards(assembly, hull, 0.05, span=(0.02, 0.49))
    _rig(assembly, hull, deck, material="canvas")
    tiller = [(0.0, 0.95, -hull.length * 0.47), (0.0, 0.98, -hull.length * 0.38), (0.05, 1.0, -hull.length * 0.3)]
    tube(assembly, tiller, 0.025, "wood_beam", lods=FINE)
    z_stern = -hull.length / 2.0
    assembly.box(WORLD, (-0.03, -0.6, z_stern - 0.28), (0.03, 0.95, z_stern - 0.02), "wood_beam", grain=1, lods=NEAR)


def _rig(assembly: Assembly, hull: Hull, deck: float, *, material: str) -> None:
    """Mast, boom, gaffless main, jib and stays."""
    mast_z, top = hull.length * 0.12, deck + hull.length * 1.02
    cylinder(
        assembly,
        (0.0, deck - 0.3, mast_z),
        (0.0, top, mast_z),
        0.075,
        "wood_planks",
        end_radius=0.045,
        sides=8,
        lods=ALL,
    )
    swing = float(assembly.rng.uniform(0.12, 0.34))
    boom_y, reach = deck + 0.95, hull.length * 0.5
    end = np.array([math.sin(swing) * reach, boom_y + 0.08, mast_z - math.cos(swing) * reach])
    cylinder(assembly, (0.0, boom_y, mast_z), end, 0.05, "wood_planks", sides=7, lods=NEAR)
    tack, head = np.array([0.02, boom_y + 0.08, mast_z - 0.1]), np.array([0.0, top - 0.2, mast_z - 0.08])
    bow = hull.surface(np.array([1.0]), np.array([1.0]))[0, 0] * np.array([0.0, 1.0, 1.0])
    jib = (
        bow + np.array([0.0, 0.25, -0.2]),
        np.array([0.35, deck + 0.5, mast_z + 0.15]),
        np.array([0.0, top * 0.84, mast_z + 0.35]),
    )
    for lods, rows in ((NEAR, 7), (FAR, 2)):
        cloth(assembly, _sail((tack, end + np.array([0.0, 0.1, 0.1]), head), 0.32, rows), material, lods=lods)
        cloth(assembly, _sail(jib, 0.22, rows), material, lods=lods)
    stays = [bow + np.array([0.0, 0.05, -0.03]), np.array([0.0, hull.freeboard + 0.3, -hull.length / 2.0])]
    half = float(hull.breadth(np.array([0.6]))[0]) - 0.05
    stays += [np.array([side * half, deck, mast_z - 0.1]) for side in (-1.0, 1.0)]
    for foot in stays:
        tube(assembly, np.linspace(foot, (0.0, top - 0.15, mast_z), 3), 0.011, "rope", sides=4, lods=NEAR)
    tube(
        assembly,
        np.linspace(end - (0.0, 0.03, 0.0), (0.0, deck - 0.05, -hull.length * 0.4), 3),
        0.012,
        "rope",
        sides=4,
        lods=FINE,
    )


def _canoe(assembly: Assembly, request: AssetRequest) -> None:
    rng, scale = assembly.rng, request.size
    hull = Hull(
        length=between(rng, 4.4, 5.2) * scale,
        beam=between(rng, 0.82, 0.95),
        draft=0.12,
        freeboard=0.24,
        sheer=0.3,
        stern=0.0,
        fullness=0.5,
        rocker=0.3,
    )
    natural = rng.random() < 0.4 or request.material == "wood"
    color = pick(rng, (PAINT_RED, PAINT_GREEN, PAINT_TEAL, PAINT_CREAM))
    build_hull(assembly, hull, outside="wood_planks" if natural else "paint", colors=(color, color))
    _ribs(assembly, hull, np.linspace(0.14, 0.86, 11))
    floor_boards(assembly, hull, 0.035, span=(0.05, 0.95))
    for t in (0.25, 0.5, 0.74):
        _thwart(assembly, hull, t, 0.17, depth=0.22 if t != 0.5 else 0.07)
    _oar(assembly, (0.12, 0.2, -hull.length * 0.16), (0.22, 0.16, hull.length * 0.16))


FAMILIES: tuple[AssetFamily, ...] = (
    AssetFamily(
        name="boat",
        kinds={
            "rowing_boat": ("boat", "rowing boat", "rowboat", "dinghy", "fishing boat", "skiff"),
            "sailing_boat": ("sailing boat", "sailboat", "yacht", "sloop", "ship"),
            "canoe": ("canoe", "kayak", "dugout"),
        },
        build=_build,
        placement=Placement(water_depth_m=(0.3, 3.0), water_distance_m=(0.0, 40.0)),
        materials=("wood",),
        num_variants=3,
    ),
)
