"""Sawn, painted, weathered and round timber. Boards and logs run along u, beams and doors along v."""

from __future__ import annotations

import numpy as np

from worldgen.builder.materials.canvas import (
    Canvas,
    Coordinates,
    Surface,
    blend,
    dyed,
    flat,
    ramp,
    shade_cavities,
    smoothstep,
    tinted,
    unit,
)
from worldgen.builder.materials.layout import Laid, lay, make_courses
from worldgen.builder.materials.noise import FloatGrid


def _grain(c: Canvas, at: Coordinates, rings: int, knots: tuple[int, int]) -> tuple[FloatGrid, FloatGrid]:
    """Grain along u: a value 0 to 1 from early to late wood, and how much a pixel belongs to a knot."""
    distance, _, ids = c.cells("knots", knots, 0.7, at=at)
    present = c.per_piece("knots/present", ids, knots[0] * knots[1]) < 0.3
    knot = np.where(present, np.exp(-(distance * distance) * 90.0), 0.0).astype(np.float32)
    around = np.where(present, np.exp(-(distance * distance) * 14.0), 0.0).astype(np.float32)
    bend = c.noise("grain/bend", (2, 6), 2, at=at) * 0.012 + around * 0.02
    bent = (at[0], at[1] + bend)
    broad = c.noise("grain/rings", (1, rings), 2, at=bent)
    fibre = c.noise("grain/fibre", (6, 180), 2, at=bent)
    value = 0.5 + 0.75 * broad + 0.3 * fibre - 0.35 * around
    return unit(value), knot


def _board_coordinates(c: Canvas, laid: Laid, num_pieces: int) -> Coordinates:
    """Coordinates that differ from board to board, so that grain does not run across joints."""
    offset_u = c.per_piece("board/u", laid.ids, num_pieces)
    offset_v = c.per_piece("board/v", laid.ids, num_pieces)
    return c.u + offset_u, c.v + offset_v


def _boards(c: Canvas, *, num_rows: int, num_pieces: int, gap_m: float, cup_m: float) -> tuple[Laid, FloatGrid, int]:
    """Boards along u with worn edges: layout, height in metres, number of ids."""
    courses = make_courses(c.rng("boards"), num_rows, num_pieces, row_jitter=0.12, piece_jitter=0.3)
    wobble = c.noise("boards/wobble", (5, 24), 3) * (0.0012 / c.tile_m)
    laid = lay(courses, c.u + wobble, c.v + wobble)
    edge_m = np.minimum(laid.edge_u * 1.6, laid.edge_v) * c.tile_m
    solid = smoothstep(0.2 * gap_m, gap_m, edge_m)
    bevel = smoothstep(0.0, gap_m * 3.0, edge_m)
    level = c.per_piece("boards/level", laid.ids, courses.num_pieces) * 0.004
    cupped = cup_m * np.square(2.0 * laid.local_v - 1.0)
    height_m = (level + cupped + bevel * 0.003) * solid - 0.012 * (1.0 - solid)
    return laid, height_m, courses.num_pieces


def _nails(c: Canvas, laid: Laid) -> FloatGrid:
    """1 on the heads of two nails near the end of each board."""
    du = (laid.edge_u - 0.022) * c.tile_m
    width = laid.edge_v * c.tile_m
    dv = width - 0.035
    return smoothstep(0.0065, 0.0035, np.sqrt(du * du + dv * dv))


def wood_planks(c: Canvas) -> Surface:
    """Sawn pine boards, lightly aged."""
    laid, height_m, count = _boards(c, num_rows=8, num_pieces=1, gap_m=0.004, cup_m=0.0015)
    at = _board_coordinates(c, laid, count)
    value, knot = _grain(c, at, 42, (5, 9))
    albedo = ramp(value, "#7d5632", "#a67a4c", "#bd9361")
    tone = 0.72 + 0.5 * c.per_piece("tone", laid.ids, count)
    albedo = tinted(albedo, tone)
    albedo = blend(albedo, dyed(albedo, (1.05, 0.9, 0.75)), c.per_piece("hue", laid.ids, count))
    albedo = blend(albedo, ramp(value, "#3b2413", "#5e3d22"), knot * 0.9)
    grime = smoothstep(-0.1, 0.7, c.noise("grime", (4, 3), 5))
    albedo = tinted(albedo, 1.0 - 0.3 * grime)
    nails = _nails(c, laid)
    albedo = blend(albedo, flat(albedo, "#342f2d"), nails)
    gap = smoothstep(-0.002, -0.009, height_m)
    albedo = tinted(albedo, 1.0 - 0.8 * gap)
    height_m = height_m + (value - 0.5) * 0.0012 - nails * 0.001
    roughness = 0.72 + 0.15 * value
    return shade_cavities(
        Surface(height_m=height_m, albedo=albedo, roughness=roughness), c.tile_m, radius_m=0.012, strength=0.7
    )


def wood_planks_painted_red(c: Canvas) -> Surface:
    """Boards in iron-oxide red, the paint worn through along grain and edges."""
    laid, height_m, count = _boards(c, num_rows=8, num_pieces=1, gap_m=0.004, cup_m=0.001)
    at = _board_coordinates(c, laid, count)
    value, knot = _grain(c, at, 42, (5, 9))
    bare = ramp(value, "#5c4a3a", "#8a7560", "#a3907a")
    paint = ramp(0.5 + 0.5 * c.noise("paint", (6, 10), 5), "#6b1812", "#842018", "#96301f")
    paint = tinted(paint, 0.82 + 0.3 * c.per_piece("tone", laid.ids, count))
    edge_m = laid.edge_v * c.tile_m
    wear = c.noise("wear", (3, 26), 5, at=at) + 0.5 * c.noise("wear/broad", (3, 3), 3)
    wear = wear + 0.35 * smoothstep(0.012, 0.0, edge_m) + 0.4 * knot
    worn = smoothstep(0.5, 0.62, wear)
    albedo = blend(paint, bare, worn)
    gap = smoothstep(-0.002, -0.009, height_m)
    albedo = tinted(albedo, 1.0 - 0.8 * gap)
    height_m = height_m + (value - 0.5) * 0.0007 - worn * 0.0006
    roughness = 0.58 + 0.3 * worn
    return shade_cavities(
        Surface(height_m=height_m, albedo=albedo, roughness=roughness), c.tile_m, radius_m=0.012, strength=0.7
    )


def wood_weathered(c: Canvas) -> Surface:
    """Silver-grey boards, cracked along the grain and cupped by years of rain."""
    laid, height_m, count = _boards(c, num_rows=7, num_pieces=1, gap_m=0.008, cup_m=0.004)
    at = _board_coordinates(c, laid, count)
    value, knot = _grain(c, at, 52, (5, 8))
    crack = c.noise("crack", (3, 40), 3, ridged=True, at=at)
    cracked = smoothstep(0.80, 0.93, crack) * smoothstep(-0.2, 0.3, c.noise("crack/where", (4, 8), 2, at=at))
    albedo = ramp(value, "#5d564c", "#8a8378", "#a59f93")
    albedo = tinted(albedo, 0.7 + 0.5 * c.per_piece("tone", laid.ids, count))
    brown = smoothstep(0.1, 0.7, c.noise("brown", (3, 6), 4, at=at))
    albedo = blend(albedo, dyed(albedo, (1.0, 0.8, 0.6)), brown * 0.7)
    albedo = blend(albedo, ramp(value, "#2b241d", "#4b4136"), knot * 0.85)
    lichen = smoothstep(0.55, 0.75, c.noise("lichen", (9, 9), 4))
    albedo = blend(albedo, ramp(value, "#7c8268", "#9aa084"), lichen * 0.6)
    gap = smoothstep(-0.001, -0.009, height_m)
    albedo = tinted(albedo, (1.0 - 0.85 * gap) * (1.0 - 0.6 * cracked))
    height_m = height_m + (value - 0.5) * 0.0025 - cracked * 0.004
    roughness = 0.85 + 0.08 * value
    return shade_cavities(
        Surface(height_m=height_m, albedo=albedo, roughness=roughness), c.tile_m, radius_m=0.012, strength=0.7
    )


def _upright(c: Canvas) -> Coordinates:
    """Coordinates turned by a quarter, so that what runs along u runs along v."""
    return c.v, c.u


def wood_beam(c: Canvas) -> Surface:
    """Dark hewn oak: adze marks, deep drying cracks along v."""
    at = _upright(c)
    value, knot = _grain(c, at, 26, (4, 5))
    crack = c.noise("crack", (2, 18), 3, ridged=True, at=at)
    cracked = smoothstep(0.86, 0.96, crack) * smoothstep(-0.1, 0.35, c.noise("crack/where", (3, 5), 2, at=at))
    hewn_distance, _, _ = c.cells("adze", (10, 10), 0.9, at=(c.u, c.v))
    albedo = ramp(value, "#3c2718", "#5f4129", "#7b583a")
    albedo = blend(albedo, ramp(value, "#20140b", "#37241a"), np.maximum(knot * 0.8, cracked))
    albedo = tinted(albedo, 0.9 + 0.35 * c.noise("tone", (3, 3), 4))
    height_m = 0.004 * hewn_distance + 0.0015 * (value - 0.5) - 0.007 * cracked
    roughness = 0.74 + 0.14 * value
    return shade_cavities(
        Surface(height_m=height_m, albedo=albedo, roughness=roughness), c.tile_m, radius_m=0.012, strength=0.6
    )


def wood_logs(c: Canvas) -> Surface:
    """A wall of four peeled round logs with moss and clay chinking between them."""
    courses = make_courses(c.rng("logs"), 4, 1, row_jitter=0.06)
    wobble = c.noise("logs/wobble", (3, 4), 3) * 0.012
    laid = lay(courses, c.u, c.v + wobble)
    across = 2.0 * laid.local_v - 1.0
    dome = np.sqrt(np.maximum(1.0 - np.square(across * 0.985), 0.0))
    at = _board_coordinates(c, laid, courses.num_pieces)
    value, knot = _grain(c, at, 46, (5, 9))
    crack = c.noise("crack", (2, 22), 3, ridged=True, at=at)
    cracked = smoothstep(0.84, 0.95, crack) * smoothstep(-0.1, 0.4, c.noise("crack/where", (3, 8), 2, at=at))
    albedo = ramp(value, "#6b4729", "#93683f", "#ab8355")
    albedo = tinted(albedo, 0.72 + 0.45 * c.per_piece("tone", laid.ids, courses.num_pieces))
    weather = smoothstep(-0.2, 0.6, c.noise("weather", (4, 5), 4))
    albedo = blend(albedo, ramp(value, "#66584a", "#8b7d6d"), weather * 0.5)
    albedo = blend(albedo, ramp(value, "#2d1b0f", "#472d1a"), np.maximum(knot * 0.9, cracked))
    chink = smoothstep(0.36, 0.22, dome)
    clay = c.noise("chink", (30, 40), 4)
    albedo = blend(albedo, ramp(0.5 + 0.5 * clay, "#5b5240", "#847a63", "#a39a83"), chink)
    albedo = tinted(albedo, 0.55 + 0.45 * smoothstep(0.15, 0.75, dome))
    height_m = np.maximum(dome * 0.11, 0.035 + clay * 0.004)
    height_m = height_m + (value - 0.5) * 0.002 - cracked * 0.006
    roughness = 0.8 + 0.1 * value
    return shade_cavities(
        Surface(height_m=height_m, albedo=albedo, roughness=roughness), c.tile_m, radius_m=0.012, strength=0.5
    )


def door_wood(c: Canvas) -> Surface:
    """Upright oak boards of a door with two dark iron bands and rows of studs."""
    turned = Canvas(c.name, c.px, c.tile_m)
    courses = make_courses(c.rng("boards"), 6, 1, row_jitter=0.05)
    laid = lay(courses, turned.v, turned.u)
    at = (c.v + c.per_piece("board/u", laid.ids, 6), c.u + c.per_piece("board/v", laid.ids, 6))
    value, knot = _grain(c, at, 30, (4, 8))
    edge_m = laid.edge_v * c.tile_m
    solid = smoothstep(0.001, 0.006, edge_m)
    albedo = ramp(value, "#4a2f1b", "#6b4728", "#85603b")
    albedo = tinted(albedo, 0.75 + 0.4 * c.per_piece("tone", laid.ids, 6))
    albedo = blend(albedo, ramp(value, "#23150b", "#38231a"), knot * 0.8)
    albedo = tinted(albedo, 0.25 + 0.75 * solid)
    height_m = solid * 0.008 + (value - 0.5) * 0.001
    roughness = 0.6 + 0.15 * value
    band_m = np.minimum(np.abs(c.v - 0.22), np.abs(c.v - 0.78)) * c.tile_m
    band = smoothstep(0.034, 0.031, band_m)
    rust = 0.5 + 0.6 * c.noise("rust", (14, 14), 5)
    albedo = blend(albedo, ramp(rust, "#26241f", "#35302b", "#573a28"), band)
    nearest = np.abs((c.u * 6.0) % 1.0 - 0.5) * (c.tile_m / 6.0)
    stud = smoothstep(0.013, 0.009, np.sqrt(nearest * nearest + band_m * band_m))
    height_m = height_m * (1 - band) + band * 0.013 + stud * 0.006
    roughness = blend(roughness, 0.5 + 0.25 * rust, band)
    return shade_cavities(
        Surface(height_m=height_m, albedo=albedo, roughness=roughness), c.tile_m, radius_m=0.012, strength=0.6
    )
