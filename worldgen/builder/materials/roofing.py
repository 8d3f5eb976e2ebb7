"""Roofs: wooden shingles, clay tiles, slate, thatch and sheet copper. Water runs down -v."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.materials.canvas import (
    Canvas,
    Surface,
    blend,
    linear_hex,
    ramp,
    shade_cavities,
    smoothstep,
    tinted,
    unit,
)
from worldgen.builder.materials.layout import Laid, lay, make_courses
from worldgen.builder.materials.noise import FloatGrid
from worldgen.builder.materials.stamps import stamp, strew


def _overlapping(
    c: Canvas, *, num_rows: int, num_pieces: int, ragged: float, step_m: float, gap_m: float
) -> tuple[Laid, FloatGrid, FloatGrid, int]:
    """Overlapping pieces: layout, height in metres (thickest at the lower edge), gaps 0 to 1, number of ids."""
    courses = make_courses(c.rng("courses"), num_rows, num_pieces, piece_jitter=0.22 * ragged + 0.03, bond=0.5)
    first = lay(courses, c.u, c.v)
    # Each piece hangs a little lower or higher than its neighbours: shift v by piece and look up again.
    hang = c.per_piece("hang", first.ids, courses.num_pieces) * (ragged * 0.3 / num_rows)
    laid = lay(courses, c.u, c.v + hang)
    edge_m = laid.edge_u * c.tile_m
    gap = smoothstep(gap_m, 0.25 * gap_m, edge_m)
    twist = c.per_piece("twist", laid.ids, courses.num_pieces) - 0.5
    slope = 1.0 - laid.local_v
    lean = twist * (laid.local_u - 0.5) * 0.6
    lift = c.per_piece("lift", laid.ids, courses.num_pieces) * 0.35
    height_m = step_m * (slope * (0.8 + lift) + lean) * (1.0 - gap)
    return laid, height_m, gap, courses.num_pieces


def _lower_edge_shadow(laid: Laid) -> FloatGrid:
    """Brightness just below the edge of the course above, where its shadow falls."""
    return 1.0 - 0.62 * smoothstep(0.8, 1.0, laid.local_v)


def wood_shingles(c: Canvas) -> Surface:
    """Split cedar shingles, greyed by weather."""
    laid, height_m, gap, count = _overlapping(c, num_rows=10, num_pieces=12, ragged=0.8, step_m=0.016, gap_m=0.005)
    at = (c.v + c.per_piece("offset", laid.ids, count), c.u + c.per_piece("offset/u", laid.ids, count))
    fibre = c.noise("fibre", (4, 110), 3, at=at)
    value = unit(0.5 + 0.7 * fibre)
    grey, brown = ramp(value, "#5a534a", "#857d71", "#9b9386"), ramp(value, "#523823", "#7c5a3b", "#946f4b")
    albedo = blend(grey, brown, c.per_piece("hue", laid.ids, count) * 0.85)
    albedo = tinted(albedo, 0.65 + 0.6 * c.per_piece("tone", laid.ids, count))
    moss = smoothstep(0.25, 0.6, c.noise("moss", (4, 4), 5)) * smoothstep(0.35, 0.0, laid.local_v)
    albedo = blend(albedo, ramp(value, "#3b4424", "#59643a"), moss * 0.7)
    albedo = tinted(albedo, _lower_edge_shadow(laid) * (1.0 - 0.75 * gap))
    height_m = height_m + fibre * 0.0015
    roughness = 0.85 + 0.1 * value
    return shade_cavities(
        Surface(height_m=height_m, albedo=albedo, roughness=roughness), c.tile_m, radius_m=0.02, strength=0.5
    )


def roof_slate(c: Canvas) -> Surface:
    """Blue-grey slates with split faces and nibbled lower edges."""
    laid, height_m, gap, count = _overlapping(c, num_rows=8, num_pieces=7, ragged=0.22, step_m=0.012, gap_m=0.005)
    at = (c.u + c.per_piece("offset/u", laid.ids, count), c.v + c.per_piece("offset", laid.ids, count))
    cleft = c.noise("cleft", (8, 6), 5, gain=0.6, at=at)
    value = unit(0.5 + 0.6 * cleft)
    albedo = ramp(value, "#3f454d", "#565d66", "#6d747c")
    hue = c.per_piece("hue", laid.ids, count)
    albedo = blend(albedo, ramp(value, "#4a4450", "#655d69", "#7a737e"), smoothstep(0.6, 0.9, hue))
    albedo = blend(albedo, ramp(value, "#46514b", "#5f6b63", "#78847b"), smoothstep(0.35, 0.05, hue) * 0.8)
    albedo = tinted(albedo, 0.68 + 0.6 * c.per_piece("tone", laid.ids, count))
    lichen = smoothstep(0.62, 0.72, c.noise("lichen", (12, 12), 4))
    albedo = blend(albedo, ramp(value, "#8f927e", "#b0b29d"), lichen * 0.55)
    albedo = tinted(albedo, _lower_edge_shadow(laid) * (1.0 - 0.75 * gap))
    steps = np.floor(cleft * 5.0) * 0.0009
    height_m = height_m + steps + cleft * 0.0012
    roughness = 0.52 + 0.2 * value + 0.2 * lichen
    return shade_cavities(
        Surface(height_m=height_m, albedo=albedo, roughness=roughness), c.tile_m, radius_m=0.02, strength=0.5
    )


def roof_tiles(c: Canvas) -> Surface:
    """Clay pantiles: an S-shaped row of terracotta, course over course."""
    num_columns, num_rows = 8, 6
    courses = make_courses(c.rng("courses"), num_rows, num_columns, piece_jitter=0.015, bond=0.0)
    laid = lay(courses, c.u, c.v)
    count = courses.num_pieces
    jog = (c.per_piece("jog", laid.ids, count) - 0.5) * (0.05 / num_rows)
    laid = lay(courses, c.u, c.v + jog)
    along = laid.local_u * (2.0 * math.pi)
    roll = 0.5 - 0.5 * np.cos(along) + 0.12 * np.sin(2.0 * along)
    slope = 1.0 - laid.local_v
    tilt = (c.per_piece("tilt", laid.ids, count) - 0.5) * 0.006
    height_m = 0.045 * roll + 0.022 * slope + tilt
    grit = c.noise("grit", (24, 24), 4, gain=0.6)
    value = unit(0.5 + 0.5 * grit)
    albedo = ramp(value, "#8f472b", "#ae5d39", "#c27248")
    hue = c.per_piece("hue", laid.ids, count)
    albedo = blend(albedo, ramp(value, "#7a3524", "#944430", "#a5573c"), smoothstep(0.55, 0.95, hue))
    albedo = blend(albedo, ramp(value, "#b07a4d", "#c68f61", "#d3a175"), smoothstep(0.25, 0.0, hue) * 0.8)
    albedo = tinted(albedo, 0.72 + 0.45 * c.per_piece("tone", laid.ids, count))
    soot = 0.6 * smoothstep(0.0, 0.6, c.noise("soot", (7, 7), 4)) * (1.0 - 0.6 * roll)
    albedo = tinted(albedo, 1.0 - 0.5 * soot)
    lichen = smoothstep(0.6, 0.72, c.noise("lichen", (13, 13), 4))
    albedo = blend(albedo, ramp(value, "#9c9a7c", "#b8b597"), lichen * 0.6)
    valley = smoothstep(0.28, 0.0, roll)
    albedo = tinted(albedo, _lower_edge_shadow(laid) * (1.0 - 0.5 * valley))
    height_m = height_m + grit * 0.001
    roughness = 0.75 + 0.12 * value
    return shade_cavities(
        Surface(height_m=height_m, albedo=albedo, roughness=roughness), c.tile_m, radius_m=0.03, strength=0.4
    )


def thatch(c: Canvas) -> Surface:
    """Combed reed, straw by straw along v, with the ends showing in faint courses."""
    broad = c.noise("broad", (4, 4), 4)
    coat = (c.v * 4.0 + 0.12 * c.noise("coat", (6, 3), 3)) % 1.0
    under = Surface(
        height_m=(1.0 - coat) * 0.03 + broad * 0.012,
        albedo=ramp(0.5 + 0.5 * broad, "#4a3c24", "#65542f"),
        roughness=np.full_like(broad, 0.95),
    )
    colors = np.stack([linear_hex(x) for x in ("#86704a", "#a98f5c", "#c4aa72", "#ab976e", "#92856c", "#d2bd8c")])
    straws = strew(
        c.rng("straws"),
        9_500,
        length=(0.06, 0.16),
        width=(0.0040, 0.0068),
        base_m=(0.0, 0.045),
        rise_m=(0.004, 0.012),
        colors=colors,
        angle=-math.pi / 2.0,
        angle_spread=0.10,
    )
    surface = stamp(under, straws, "twig", roughness=0.9, variation=0.3)
    tone = (0.72 + 0.4 * (1.0 - coat)) * (1.0 + 0.3 * broad)
    surface = Surface(height_m=surface.height_m, albedo=tinted(surface.albedo, tone), roughness=surface.roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.02, strength=0.7)


def copper_roof(c: Canvas) -> Surface:
    """Standing-seam copper sheets under green patina with brown streaks."""
    num_sheets = 4
    courses = make_courses(c.rng("sheets"), 2, num_sheets, bond=0.0)
    laid = lay(courses, c.u, c.v)
    seam_m = laid.edge_u * c.tile_m
    seam = smoothstep(0.016, 0.010, seam_m)
    fold = smoothstep(0.012, 0.004, laid.edge_v * c.tile_m)
    streak = c.noise("streak", (40, 3), 4)
    blotch = c.noise("blotch", (6, 6), 6, gain=0.6)
    value = unit(0.55 + 0.45 * blotch + 0.3 * streak)
    albedo = ramp(value, "#3d6b5c", "#5f9681", "#7fb39c", "#98c4ae")
    albedo = tinted(albedo, 0.85 + 0.3 * c.per_piece("tone", laid.ids, courses.num_pieces))
    brown = smoothstep(0.35, 0.8, 0.9 * streak - 0.5 * blotch + 0.25 * seam)
    albedo = blend(albedo, ramp(value, "#4d3223", "#6e4a33"), brown * 0.8)
    dent = c.noise("dent", (5, 4), 3)
    height_m = seam * 0.03 + fold * 0.004 + dent * 0.006
    height_m = height_m + blotch * 0.0006
    roughness = 0.62 + 0.15 * value
    return shade_cavities(
        Surface(height_m=height_m, albedo=albedo, roughness=roughness), c.tile_m, radius_m=0.02, strength=0.5
    )
