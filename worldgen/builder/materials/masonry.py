"""Stone, brick and plaster walls, and paving."""

from __future__ import annotations

import math

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
from worldgen.builder.materials.layout import lay, make_courses
from worldgen.builder.materials.noise import FloatGrid, IntGrid


def _face(c: Canvas, ids: IntGrid, count: int, cells: int) -> FloatGrid:
    """Roughness of the stones' faces, different from stone to stone; about -1 to 1."""
    at = (c.u + c.per_piece("face/u", ids, count), c.v + c.per_piece("face/v", ids, count))
    return c.noise("face", (cells, cells), 5, gain=0.6, at=at)


def _lean(c: Canvas, stream: str, ids: IntGrid, count: int) -> FloatGrid:
    """A plane through each stone, leaning its own way, in units of a tile's width."""
    lean_u = c.per_piece(f"{stream}/u", ids, count) - 0.5
    lean_v = c.per_piece(f"{stream}/v", ids, count) - 0.5
    # A plane in u and v would break at the tile's border; waves of one tile do not, and are as flat per stone.
    wave_u = np.sin(c.u * (2.0 * math.pi * 5.0))
    wave_v = np.sin(c.v * (2.0 * math.pi * 5.0))
    return (lean_u * wave_u + lean_v * wave_v).astype(np.float32)


def _rubble(c: Canvas, cells: tuple[int, int], joint_m: float) -> tuple[IntGrid, FloatGrid, FloatGrid, int]:
    """Irregular stones: ids, height in metres, mortar 0 to 1, number of stones."""
    at = c.warped("warp", (9, 9), 0.011)
    _, border, ids = c.cells("stones", cells, 0.78, at=at)
    count = cells[0] * cells[1]
    edge_m = border * (c.tile_m / max(cells))
    chips = c.noise("chips", (26, 26), 3) * (0.35 * joint_m)
    inside: FloatGrid = (edge_m + chips - 0.5 * joint_m).astype(np.float32)
    mortar = smoothstep(0.15 * joint_m, -0.15 * joint_m, inside)
    rounded = np.sqrt(unit(inside / 0.045))
    level = c.per_piece("level", ids, count) * 0.018
    height_m = rounded * 0.026 + level + 0.006 * _lean(c, "lean", ids, count)
    return ids, height_m * (1.0 - mortar), mortar, count


def _wall_of_rubble(c: Canvas) -> tuple[Surface, FloatGrid]:
    ids, height_m, mortar, count = _rubble(c, (7, 11), 0.022)
    face = _face(c, ids, count, 12)
    value = unit(0.5 + 0.5 * face)
    albedo = ramp(value, "#6b675f", "#8b867c", "#a39e93")
    hue = c.per_piece("hue", ids, count)
    albedo = blend(albedo, ramp(value, "#7a6a53", "#9a8769", "#b09c7d"), smoothstep(0.45, 0.8, hue))
    albedo = blend(albedo, ramp(value, "#575a5e", "#73777b", "#8b8e91"), smoothstep(0.3, 0.1, hue))
    albedo = tinted(albedo, 0.66 + 0.62 * c.per_piece("tone", ids, count))
    sand = c.noise("mortar", (40, 40), 4, gain=0.6)
    grout = ramp(0.5 + 0.4 * sand, "#8c8474", "#a39b89", "#b5ad9b")
    albedo = blend(albedo, grout * 0.75, mortar)
    height_m = height_m + face * 0.005 * (1.0 - mortar) + sand * 0.0015 * mortar
    roughness = 0.8 + 0.12 * value
    return Surface(height_m=height_m, albedo=albedo, roughness=roughness), mortar


def stone_wall(c: Canvas) -> Surface:
    """Rubble masonry of grey and brown field stones in lime mortar."""
    surface, _ = _wall_of_rubble(c)
    damp = smoothstep(0.1, 0.7, c.noise("damp", (3, 3), 5))
    albedo = tinted(surface.albedo, 1.0 - 0.22 * damp)
    surface = Surface(height_m=surface.height_m, albedo=albedo, roughness=surface.roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.04, strength=0.8)


def stone_mossy(c: Canvas) -> Surface:
    """An old rubble wall with moss in the joints and over the lower rims of the stones."""
    surface, mortar = _wall_of_rubble(c)
    tufts = c.noise("tufts", (70, 70), 3, gain=0.65)
    where = c.noise("moss", (4, 4), 5) + 0.75 * mortar - surface.height_m * 8.0
    moss = smoothstep(0.02, 0.28, where + 0.12 * tufts)
    green = ramp(0.45 + 0.5 * tufts, "#2b3518", "#454f24", "#636c35")
    albedo = blend(tinted(surface.albedo, np.full_like(tufts, 0.8)), green, moss)
    height_m = surface.height_m + moss * (0.012 + 0.005 * tufts)
    roughness = blend(surface.roughness, np.full_like(tufts, 0.95), moss)
    surface = Surface(height_m=height_m, albedo=albedo, roughness=roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.04, strength=0.7)


def stone_blocks(c: Canvas) -> Surface:
    """Ashlar: squared sandstone-grey blocks with drafted edges, chipped corners and thin joints."""
    courses = make_courses(c.rng("courses"), 7, 4, row_jitter=0.12, piece_jitter=0.24)
    wobble = c.noise("wobble", (16, 16), 3) * 0.002
    laid = lay(courses, c.u + wobble, c.v - wobble)
    edge_m = np.minimum(laid.edge_u, laid.edge_v) * c.tile_m
    corner_m = np.sqrt(laid.edge_u * laid.edge_v) * c.tile_m
    chip = 0.010 * smoothstep(0.15, 0.8, c.noise("chips", (18, 18), 4))
    inside = np.minimum(edge_m, corner_m * 0.6) - 0.005 - chip
    mortar = smoothstep(0.003, -0.002, inside)
    bevel = smoothstep(0.0, 0.016, inside)
    count = courses.num_pieces
    face = _face(c, laid.ids, count, 14)
    value = unit(0.5 + 0.42 * face)
    albedo = ramp(value, "#8a8478", "#a49d8f", "#b8b2a4")
    hue = c.per_piece("hue", laid.ids, count)
    albedo = blend(albedo, ramp(value, "#8d7b62", "#a99577", "#bca98d"), smoothstep(0.5, 0.95, hue))
    albedo = tinted(albedo, 0.74 + 0.42 * c.per_piece("tone", laid.ids, count))
    runs = smoothstep(0.1, 0.8, c.noise("runs", (12, 2), 5))
    albedo = tinted(albedo, 1.0 - 0.3 * runs)
    sand = c.noise("mortar", (50, 50), 3)
    albedo = blend(albedo, ramp(0.5 + 0.4 * sand, "#7d7667", "#968f7f"), mortar)
    level = c.per_piece("level", laid.ids, count) * 0.005
    height_m = (bevel * 0.012 + level + face * 0.0035) * (1.0 - mortar)
    roughness = 0.78 + 0.12 * value
    surface = Surface(height_m=height_m, albedo=albedo, roughness=roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.025, strength=0.7)


def brick(c: Canvas) -> Surface:
    """Hand-made bricks in running bond with recessed lime mortar."""
    courses = make_courses(c.rng("courses"), 16, 5, row_jitter=0.03, piece_jitter=0.035, bond=0.5)
    wobble = c.noise("wobble", (14, 14), 3) * 0.0022
    laid = lay(courses, c.u + wobble, c.v + wobble)
    count = courses.num_pieces
    edge_m = np.minimum(laid.edge_u, laid.edge_v) * c.tile_m
    chip = 0.006 * smoothstep(0.2, 0.8, c.noise("chips", (34, 34), 4))
    inside = edge_m - 0.0052 - chip
    mortar = smoothstep(0.0012, -0.0012, inside)
    bevel = smoothstep(0.0, 0.006, inside)
    face = _face(c, laid.ids, count, 20)
    value = unit(0.5 + 0.5 * face)
    albedo = ramp(value, "#7d3a28", "#9c5038", "#b0644a")
    hue = c.per_piece("hue", laid.ids, count)
    albedo = blend(albedo, ramp(value, "#5a2f28", "#704038", "#855247"), smoothstep(0.72, 0.95, hue))
    albedo = blend(albedo, ramp(value, "#a0643c", "#b77b50", "#c79066"), smoothstep(0.25, 0.05, hue))
    albedo = tinted(albedo, 0.74 + 0.46 * c.per_piece("tone", laid.ids, count))
    soot = smoothstep(0.1, 0.8, c.noise("soot", (3, 3), 5))
    albedo = tinted(albedo, 1.0 - 0.28 * soot)
    bloom = smoothstep(0.3, 0.75, c.noise("bloom", (5, 5), 5, gain=0.6))
    albedo = blend(albedo, np.full_like(albedo, 0.42), bloom * 0.18)
    sand = c.noise("mortar", (60, 60), 3, gain=0.6)
    grout = ramp(0.5 + 0.45 * sand, "#8f8675", "#a89f8d", "#bcb4a3")
    albedo = blend(albedo, grout, mortar)
    level = c.per_piece("level", laid.ids, count) * 0.003
    height_m = (bevel * 0.007 + level + face * 0.0016) * (1.0 - mortar)
    height_m = height_m + sand * mortar * 0.0008
    roughness = 0.82 + 0.1 * value
    surface = Surface(height_m=height_m, albedo=albedo, roughness=roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.012, strength=0.8)


def _setts(c: Canvas, cells: tuple[int, int], *, jitter: float, crown_m: float) -> tuple[Surface, FloatGrid]:
    """Rounded paving stones and how deep each pixel lies in a joint."""
    at = c.warped("warp", (8, 8), 0.006)
    _, border, ids = c.cells("stones", cells, jitter, at=at)
    count = cells[0] * cells[1]
    size_m = c.tile_m / cells[0]
    inside = border * size_m - (0.07 * size_m)
    joint = smoothstep(0.02 * size_m, -0.03 * size_m, inside)
    dome = unit(inside / (0.42 * size_m))
    dome = np.sqrt(dome * (2.0 - dome))
    face = _face(c, ids, count, 14)
    value = unit(0.5 + 0.5 * face)
    albedo = ramp(value, "#5d5b58", "#7b7975", "#94918b")
    hue = c.per_piece("hue", ids, count)
    albedo = blend(albedo, ramp(value, "#6d5f50", "#8a7a67", "#a08f7a"), smoothstep(0.55, 0.85, hue))
    albedo = blend(albedo, ramp(value, "#4b4f56", "#656a71", "#7d8188"), smoothstep(0.3, 0.1, hue))
    albedo = tinted(albedo, 0.68 + 0.58 * c.per_piece("tone", ids, count))
    level = (c.per_piece("level", ids, count) - 0.5) * (0.35 * crown_m)
    height_m = (dome * crown_m + level + face * 0.0018) * (1.0 - joint)
    roughness = 0.82 - 0.22 * dome + 0.1 * value
    return Surface(height_m=height_m, albedo=albedo, roughness=roughness), joint


def cobble(c: Canvas) -> Surface:
    """River cobbles set tight in sand."""
    surface, joint = _setts(c, (13, 13), jitter=0.62, crown_m=0.034)
    sand = c.noise("sand", (60, 60), 3, gain=0.7)
    filler = ramp(0.5 + 0.5 * sand, "#4d4436", "#66594a", "#7a6c59")
    albedo = blend(surface.albedo, filler, joint)
    height_m = surface.height_m + joint * sand * 0.002
    roughness = blend(surface.roughness, np.full_like(joint, 0.95), joint)
    surface = Surface(height_m=height_m, albedo=albedo, roughness=roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.025, strength=0.8)


def path_cobble(c: Canvas) -> Surface:
    """A trodden cobbled way: flatter setts, earth and moss in the joints."""
    surface, joint = _setts(c, (14, 14), jitter=0.5, crown_m=0.022)
    earth = c.noise("earth", (50, 50), 4, gain=0.65)
    filler = ramp(0.5 + 0.5 * earth, "#3c3226", "#55483a", "#6b5c49")
    moss = smoothstep(0.0, 0.4, c.noise("moss", (5, 5), 4))
    filler = blend(filler, ramp(0.5 + 0.5 * earth, "#333f1b", "#54632c"), moss)
    dirt = smoothstep(0.15, 0.7, c.noise("dirt", (4, 4), 5) + 0.2 * earth) * 0.55
    cover = np.maximum(joint, dirt)
    albedo = blend(surface.albedo, filler, cover)
    height_m = surface.height_m + joint * earth * 0.003
    roughness = blend(surface.roughness, np.full_like(joint, 0.95), cover)
    surface = Surface(height_m=height_m, albedo=albedo, roughness=roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.025, strength=0.75)


def _plaster(c: Canvas, *codes: str) -> Surface:
    """Trowelled lime plaster with hair cracks, stains under the eaves and patches where it is thin."""
    trowel = c.noise("trowel", (9, 14), 4, at=c.warped("sweep", (3, 3), 0.06))
    grain = c.noise("grain", (90, 90), 3, gain=0.7)
    value = unit(0.6 + 0.28 * trowel + 0.14 * grain)
    albedo = ramp(value, *codes)
    _, border, ids = c.cells("crack", (5, 5), 0.9, at=c.warped("crack/warp", (6, 6), 0.05, 5))
    broken = c.per_piece("crack/where", ids, 25) > 0.55
    crack = smoothstep(0.010, 0.003, border) * broken * smoothstep(0.0, 0.35, c.noise("crack/fade", (4, 4), 3))
    stain = smoothstep(0.05, 0.8, c.noise("stain", (10, 2), 5)) * 0.6
    stain = stain + smoothstep(0.2, 0.8, c.noise("blotch", (3, 3), 6, gain=0.6)) * 0.5
    albedo = blend(albedo, dyed(albedo, (0.72, 0.66, 0.56)), unit(stain))
    albedo = tinted(albedo, 1.0 - 0.55 * crack)
    height_m = 0.004 * trowel + 0.0009 * grain - 0.003 * crack
    roughness = 0.86 + 0.06 * grain
    surface = Surface(height_m=height_m, albedo=albedo, roughness=roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.02, strength=0.4)


def plaster_white(c: Canvas) -> Surface:
    """Limewashed plaster."""
    return _plaster(c, "#bdb6a7", "#d5cfc3", "#e2ddd3")


def plaster_ochre(c: Canvas) -> Surface:
    """Plaster in warm ochre."""
    return _plaster(c, "#a97c45", "#c2955a", "#d0a76d")
