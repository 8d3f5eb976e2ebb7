"""Bare rock faces. Bedding runs along u, joints and columns along v."""

from __future__ import annotations

import numpy as np

from worldgen.builder.materials.canvas import (
    Canvas,
    Surface,
    blend,
    dyed,
    ramp,
    shade_cavities,
    smoothstep,
    tinted,
    unit,
)
from worldgen.builder.materials.noise import FloatGrid


def _crags(c: Canvas, cracks: float) -> tuple[FloatGrid, FloatGrid]:
    """Height of a weathered face, about 0 to 1, and its cracks 0 to 1."""
    at = c.warped("warp", (4, 4), 0.05, 3)
    ridges = c.noise("ridges", (4, 4), 6, gain=0.55, ridged=True, at=at)
    lumps = c.noise("lumps", (5, 5), 4, at=at)
    _, border, _ = c.cells("blocks", (5, 5), 0.95, at=at)
    opened = smoothstep(0.05, 0.6, c.noise("cracks/where", (5, 5), 3))
    crack = smoothstep(0.045, 0.006, border) * opened
    return 0.75 * ridges + 0.3 * lumps - cracks * crack, crack


def _finished(c: Canvas, surface: Surface, strength: float = 0.75) -> Surface:
    return shade_cavities(surface, c.tile_m, radius_m=0.05, strength=strength)


def rock_granite(c: Canvas) -> Surface:
    """Speckled grey granite: quartz, feldspar and black mica on rounded, jointed faces."""
    height, crack = _crags(c, 0.25)
    _, _, grains = c.cells("grains", (170, 170), 0.9)
    mineral = c.per_piece("mineral", grains, 170 * 170)
    albedo = ramp(mineral, "#3d3c3d", "#7d7873", "#8f8a86", "#9f9a95", "#b1aaa3")
    pink = c.per_piece("pink", grains, 170 * 170) * smoothstep(-0.1, 0.5, c.noise("pink/where", (3, 3), 3))
    albedo = blend(albedo, ramp(mineral, "#6a5048", "#a58678"), smoothstep(0.6, 0.9, pink) * 0.6)
    broad = c.noise("broad", (5, 5), 4)
    albedo = tinted(albedo, 0.85 + 0.32 * broad)
    lichen = smoothstep(0.52, 0.66, c.noise("lichen", (8, 8), 4))
    albedo = blend(albedo, ramp(mineral, "#767a63", "#9da186"), lichen * 0.6)
    albedo = tinted(albedo, (1.0 - 0.4 * crack) * (0.62 + 0.6 * height))
    fine = c.noise("fine", (30, 30), 4, gain=0.6)
    height_m = 0.20 * height + 0.006 * fine + 0.0012 * mineral
    return _finished(c, Surface(height_m=height_m, albedo=albedo, roughness=0.7 + 0.2 * mineral))


def rock_limestone(c: Canvas) -> Surface:
    """Pale limestone in thin beds, pitted by rain and streaked with grey."""
    height, crack = _crags(c, 0.3)
    bend = c.noise("bend", (2, 3), 4) * 0.035
    beds = c.noise("beds", (1, 13), 4, gain=0.6, at=(c.u, c.v + bend))
    step = smoothstep(-0.08, 0.08, beds) * 0.6 + smoothstep(0.3, 0.38, beds) * 0.4
    pits, _, _ = c.cells("pits", (34, 34), 0.95)
    pit = smoothstep(0.28, 0.1, pits) * smoothstep(0.0, 0.4, c.noise("pits/where", (6, 6), 2))
    fine = c.noise("fine", (22, 22), 4, gain=0.6)
    value = unit(0.5 + 0.3 * fine + 0.35 * beds)
    albedo = ramp(value, "#8c867a", "#aba596", "#c1bbad")
    streak = smoothstep(0.0, 0.6, c.noise("streak", (11, 2), 5))
    albedo = blend(albedo, ramp(value, "#6a6862", "#84827b"), streak * 0.6)
    rust = smoothstep(0.25, 0.7, c.noise("rust", (5, 5), 4))
    albedo = blend(albedo, ramp(value, "#9a805a", "#b89c74"), rust * 0.5)
    albedo = tinted(albedo, (1.0 - 0.35 * crack) * (1.0 - 0.35 * pit) * (0.7 + 0.45 * height))
    height_m = 0.12 * height + 0.045 * step + 0.006 * fine - 0.008 * pit
    return _finished(c, Surface(height_m=height_m, albedo=albedo, roughness=0.82 + 0.1 * value))


def _sandstone(c: Canvas, beds_per_tile: int, *codes: str) -> Surface:
    """Banded sandstone: hard beds stand out, soft ones are hollowed, dark varnish runs down."""
    bend = c.noise("bend", (2, 2), 5) * 0.05
    at = (c.u, c.v + bend)
    beds = c.noise("beds", (1, beds_per_tile), 4, gain=0.65, at=at)
    fine_beds = c.noise("beds/fine", (2, beds_per_tile * 5), 3, at=at)
    hollow, _, _ = c.cells("hollow", (7, 12), 0.95, at=at)
    hollowed = smoothstep(0.45, 0.1, hollow) * smoothstep(0.05, -0.35, beds)
    _, border, _ = c.cells("joints", (4, 4), 0.9, at=c.warped("joints/warp", (4, 6), 0.04, 3))
    crack = smoothstep(0.03, 0.006, border) * smoothstep(0.1, 0.6, c.noise("joints/where", (5, 4), 3))
    lumps = c.noise("lumps", (5, 5), 5, gain=0.6)
    grit = c.noise("grit", (60, 60), 3, gain=0.7)
    value = unit(0.5 + 0.55 * beds + 0.22 * fine_beds)
    albedo = ramp(value, *codes)
    albedo = tinted(albedo, 1.0 + 0.12 * grit + 0.18 * lumps)
    varnish = smoothstep(0.15, 0.7, c.noise("varnish", (12, 2), 5))
    albedo = blend(albedo, dyed(albedo, (0.5, 0.45, 0.45)), varnish * 0.7)
    albedo = tinted(albedo, (1.0 - 0.4 * crack) * (1.0 - 0.4 * hollowed))
    ledge = smoothstep(-0.15, 0.15, beds)
    height_m = (
        0.05 * ledge + 0.035 * beds + 0.007 * fine_beds + 0.03 * lumps - 0.04 * hollowed - 0.02 * crack + 0.0015 * grit
    )
    return _finished(c, Surface(height_m=height_m, albedo=albedo, roughness=0.86 + 0.06 * grit))


def rock_sandstone(c: Canvas) -> Surface:
    """Buff and honey-coloured sandstone."""
    return _sandstone(c, 7, "#8f6a45", "#b08a5e", "#c6a274", "#b99368", "#d2b288")


def ground_red_rock(c: Canvas) -> Surface:
    """Red desert rock of canyon walls and mesas."""
    return _sandstone(c, 9, "#7d3f27", "#a2552f", "#b96a3f", "#96492b", "#c98456")


def rock_basalt(c: Canvas) -> Surface:
    """Columnar basalt: dark upright columns with cross joints and vesicles."""
    wander = c.noise("wander", (3, 3), 3) * 0.02
    u = c.u + wander
    column = (u * 9.0).astype(np.float32)
    index = np.floor(column).astype(np.int32) % 9
    shift = c.rng("columns").random(9, np.float32)[index]
    across = column - np.floor(column)
    edge = np.minimum(across, 1.0 - across)
    height_in_column = (c.v + shift + 0.3 * wander) * 3.0
    block = height_in_column - np.floor(height_in_column)
    block_edge = np.minimum(block, 1.0 - block) * 3.0
    ids = (index * 3 + np.floor(height_in_column).astype(np.int32) % 3).astype(np.int32)
    tone = c.per_piece("tone", ids, 27)
    chips = c.noise("chips", (16, 16), 4, gain=0.6)
    joint = np.maximum(
        smoothstep(0.10, 0.02, edge + 0.04 * chips),
        smoothstep(0.07, 0.02, block_edge + 0.05 * chips) * 0.8,
    )
    facet = np.minimum(edge * 3.2, 1.0) + 0.3 * (tone - 0.5)
    pits, _, _ = c.cells("vesicles", (70, 70), 0.95)
    vesicle = smoothstep(0.3, 0.12, pits) * smoothstep(0.1, 0.5, c.noise("vesicles/where", (5, 5), 3))
    value = unit(0.5 + 0.5 * chips)
    albedo = ramp(value, "#35363a", "#4c4d50", "#626263")
    albedo = tinted(albedo, 0.75 + 0.5 * tone)
    rust = smoothstep(0.2, 0.7, c.noise("rust", (5, 3), 5))
    albedo = blend(albedo, ramp(value, "#4f4136", "#6b5848"), rust * 0.55)
    lichen = smoothstep(0.55, 0.68, c.noise("lichen", (10, 10), 4))
    albedo = blend(albedo, ramp(value, "#7e8070", "#9b9d8b"), lichen * 0.55)
    dark = (1.0 - 0.55 * joint) * (1.0 - 0.4 * vesicle)
    albedo = tinted(albedo, dark)
    height_m = 0.07 * facet - 0.05 * joint + 0.008 * chips - 0.006 * vesicle
    return _finished(c, Surface(height_m=height_m, albedo=albedo, roughness=0.75 + 0.15 * value))


def rock_mossy(c: Canvas) -> Surface:
    """Dark grey rock, half of it under cushions of moss."""
    height, crack = _crags(c, 0.25)
    fine = c.noise("fine", (24, 24), 5, gain=0.6)
    value = unit(0.5 + 0.45 * fine)
    stone = ramp(value, "#4c4a46", "#6b6963", "#84817a")
    stone = tinted(stone, (1.0 - 0.4 * crack) * (0.65 + 0.55 * height))
    tufts = c.noise("tufts", (80, 80), 3, gain=0.7)
    cushions, _, _ = c.cells("cushions", (16, 16), 0.95, at=(c.u, c.v + 0.02 * tufts))
    where = c.noise("moss", (6, 6), 4) + 0.35 * crack + 0.12 * tufts + 0.5 * (height - 0.45)
    moss = smoothstep(-0.02, 0.2, where)
    shade = 0.5 + 0.3 * tufts + 0.45 * (0.45 - cushions)
    green = ramp(shade, "#2a3315", "#434f24", "#5c6732", "#767d42")
    albedo = blend(stone, green, moss)
    cushion = 0.03 * (1.0 - cushions) + 0.006 * tufts
    height_m = 0.18 * height + 0.008 * fine * (1.0 - moss) + moss * cushion
    roughness = blend(0.75 + 0.15 * value, np.full_like(fine, 0.96), moss)
    return _finished(c, Surface(height_m=height_m, albedo=albedo, roughness=roughness))


def ground_rock(c: Canvas) -> Surface:
    """Grey mountain rock, weathered and seamed, for steep ground seen near and far."""
    height, crack = _crags(c, 0.22)
    seams = c.noise("seams", (2, 6), 5, ridged=True, at=(c.u, c.v + 0.12 * height))
    fine = c.noise("fine", (22, 22), 4, gain=0.6)
    value = unit(0.48 + 0.35 * fine + 0.5 * (seams - 0.6))
    albedo = ramp(value, "#55524d", "#757169", "#918c83")
    warm = smoothstep(-0.1, 0.6, c.noise("warm", (6, 6), 4))
    albedo = blend(albedo, ramp(value, "#665a4a", "#84765f", "#9c8d74"), warm * 0.6)
    lichen = smoothstep(0.5, 0.68, c.noise("lichen", (12, 12), 4))
    albedo = blend(albedo, ramp(value, "#6b6e55", "#8c8f70"), lichen * 0.45)
    albedo = tinted(albedo, (1.0 - 0.35 * crack) * (0.72 + 0.45 * height))
    height_m = 0.30 * height + 0.03 * seams + 0.009 * fine
    roughness = 0.78 + 0.14 * value
    return _finished(c, Surface(height_m=height_m, albedo=albedo, roughness=roughness), 0.7)
