"""Bark and plant skins; v runs along the trunk, u around it."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.materials.canvas import (
    Canvas,
    Surface,
    blend,
    flat,
    linear_hex,
    ramp,
    shade_cavities,
    smoothstep,
    tinted,
    unit,
)
from worldgen.builder.materials.noise import FloatGrid
from worldgen.builder.materials.stamps import stamp, strew


def bark_conifer(c: Canvas) -> Surface:
    """Pine: reddish-brown plates of flaking scales between dark furrows."""
    at = c.warped("warp", (5, 4), 0.045, 4)
    _, border, ids = c.cells("plates", (8, 5), 0.95, at=at)
    plate = smoothstep(0.03, 0.22, border)
    _, flake_border, flakes = c.cells("flakes", (18, 12), 0.95, at=c.warped("flakes/warp", (10, 6), 0.02, 3))
    level = c.per_piece("flakes/level", flakes, 18 * 12)
    fine = c.noise("fine", (40, 16), 4, gain=0.6)
    value = unit(0.25 + 0.5 * level + 0.25 * fine)
    albedo = ramp(value, "#54392a", "#7a5541", "#96705a", "#a58672")
    albedo = tinted(albedo, 0.75 + 0.4 * c.per_piece("tone", ids, 40))
    rim = smoothstep(0.05, 0.0, flake_border)
    albedo = tinted(albedo, 1.0 - 0.45 * rim)
    albedo = blend(ramp(value, "#241912", "#3a2a20"), albedo, plate)
    height_m = plate * (0.016 + 0.007 * level) + 0.003 * fine
    surface = Surface(height_m=height_m, albedo=albedo, roughness=np.full_like(fine, 0.9))
    return shade_cavities(surface, c.tile_m, radius_m=0.018, strength=0.7)


def bark_broadleaf(c: Canvas) -> Surface:
    """Oak: long forking ridges, grey-brown, with a little moss and lichen."""
    at = c.warped("warp", (4, 3), 0.05, 4)
    ridges = c.noise("ridges", (9, 2), 3, ridged=True, at=at)
    _, border, ids = c.cells("blocks", (13, 5), 0.9, at=c.warped("blocks/warp", (7, 4), 0.035, 4))
    block = smoothstep(0.02, 0.2, border)
    rise = 0.55 * ridges + 0.45 * block
    fine = c.noise("fine", (40, 14), 4, gain=0.6)
    value = unit(rise * 0.8 + 0.22 * fine)
    albedo = ramp(value, "#251e17", "#4a3e31", "#6f6152", "#8b7d6d")
    albedo = tinted(albedo, 0.8 + 0.35 * c.per_piece("tone", ids, 65))
    moss = smoothstep(0.15, 0.6, c.noise("moss", (4, 4), 5))
    albedo = blend(albedo, ramp(value, "#2b3317", "#55602f"), moss * 0.55)
    lichen = smoothstep(0.55, 0.66, c.noise("lichen", (9, 9), 4))
    albedo = blend(albedo, ramp(value, "#6d705e", "#9a9d86"), lichen * 0.6)
    height_m = 0.028 * rise + 0.003 * fine
    surface = Surface(height_m=height_m, albedo=albedo, roughness=np.full_like(fine, 0.92))
    return shade_cavities(surface, c.tile_m, radius_m=0.02, strength=0.65)


def bark_birch(c: Canvas) -> Surface:
    """Birch: white peeling paper with dark lenticels and black scars."""
    fine = c.noise("fine", (8, 60), 4, gain=0.6)
    value = unit(0.6 + 0.35 * fine)
    albedo = ramp(value, "#b9b0a3", "#d8d2c8", "#e8e4dc")
    blush = smoothstep(0.0, 0.6, c.noise("blush", (4, 5), 4))
    albedo = blend(albedo, ramp(value, "#bf9c80", "#d8bca3"), blush * 0.4)
    base = Surface(height_m=0.0012 * fine, albedo=albedo, roughness=np.full_like(fine, 0.62))
    marks = strew(
        c.rng("lenticels"),
        150,
        length=(0.02, 0.13),
        width=(0.003, 0.008),
        base_m=(0.003, 0.004),
        rise_m=(0.001, 0.002),
        colors=np.stack([linear_hex("#3a3430"), linear_hex("#64584e")]),
        angle_spread=0.06,
    )
    surface = stamp(base, marks, "twig", roughness=0.85, variation=0.1)
    scar = smoothstep(0.42, 0.58, c.noise("scars", (4, 6), 5, gain=0.55, at=c.warped("scars/warp", (8, 8), 0.02)))
    rough = c.noise("scars/rough", (30, 30), 4, gain=0.6)
    dark = ramp(0.5 + 0.5 * rough, "#1d1a18", "#37322e", "#5b544d")
    peel = c.noise("peel", (3, 22), 3, ridged=True)
    curled: FloatGrid = (smoothstep(0.86, 0.93, peel) * (1.0 - scar)).astype(np.float32)
    albedo = blend(tinted(surface.albedo, 1.0 - 0.35 * curled), dark, scar)
    height_m = surface.height_m + scar * (0.007 + 0.005 * rough) + curled * 0.002
    roughness = blend(surface.roughness, np.full_like(fine, 0.92), scar)
    surface = Surface(height_m=height_m, albedo=albedo, roughness=roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.012, strength=0.4)


def bark_palm(c: Canvas) -> Surface:
    """Palm: ring scars of fallen fronds with fibres between them."""
    num_rings = 9
    wave = c.noise("wave", (3, 3), 3) * 0.018
    zigzag = np.abs(((c.u * 6.0) % 1.0) - 0.5) * 0.035
    position = (c.v + wave + zigzag) * num_rings
    index = (np.floor(position).astype(np.int32) % num_rings).astype(np.int32)
    local = position - np.floor(position)
    scar = smoothstep(0.14, 0.03, local) + smoothstep(0.9, 1.0, local)
    fibre = c.noise("fibre", (60, 6), 4, gain=0.6)
    crack = smoothstep(0.84, 0.95, c.noise("crack", (14, 5), 3, ridged=True))
    value = unit(0.5 + 0.45 * fibre)
    albedo = ramp(value, "#5d5142", "#857763", "#a0927d")
    albedo = tinted(albedo, 0.78 + 0.4 * c.per_piece("tone", index, num_rings))
    albedo = blend(albedo, ramp(value, "#332a20", "#564838"), unit(scar) * 0.85)
    albedo = tinted(albedo, 1.0 - 0.5 * crack)
    height_m = 0.014 * (1.0 - local) + 0.003 * fibre - 0.006 * crack
    surface = Surface(height_m=height_m, albedo=albedo, roughness=np.full_like(fibre, 0.88))
    return shade_cavities(surface, c.tile_m, radius_m=0.015, strength=0.6)


def bark_dead(c: Canvas) -> Surface:
    """A dead trunk: bleached, twisted grain with long checks and rags of bark."""
    twist = (c.u + 0.05 * c.noise("twist", (2, 2), 3), c.v + c.noise("bend", (3, 2), 3) * 0.02)
    grain = c.noise("grain", (46, 2), 3, at=twist)
    checks = c.noise("checks", (11, 2), 3, ridged=True, at=twist)
    check = smoothstep(0.84, 0.94, checks) * smoothstep(-0.2, 0.3, c.noise("checks/where", (4, 3), 2))
    value = unit(0.55 + 0.5 * grain)
    albedo = ramp(value, "#6d655b", "#98907f", "#b4ab9a")
    brown = smoothstep(0.0, 0.6, c.noise("brown", (4, 3), 4))
    albedo = blend(albedo, ramp(value, "#5f4d3c", "#85705a"), brown * 0.6)
    rag = smoothstep(0.38, 0.46, c.noise("rags", (4, 3), 5, at=c.warped("rags/warp", (8, 5), 0.03)))
    rough = c.noise("rags/rough", (26, 14), 4, gain=0.65)
    albedo = blend(albedo, ramp(0.5 + 0.5 * rough, "#2c231b", "#4a3c30", "#66564a"), rag)
    albedo = tinted(albedo, 1.0 - 0.7 * check)
    height_m = 0.004 * grain - 0.014 * check + rag * (0.009 + 0.005 * rough)
    surface = Surface(height_m=height_m, albedo=albedo, roughness=np.full_like(grain, 0.88))
    return shade_cavities(surface, c.tile_m, radius_m=0.015, strength=0.6)


def cactus_skin(c: Canvas) -> Surface:
    """Waxy green ribs along v, with woolly areoles and spines on their crests."""
    num_ribs, num_areoles = 6, 10
    across = (c.u * num_ribs) % 1.0
    crest = 0.5 - 0.5 * np.cos(across * (2.0 * math.pi))
    skin = c.noise("skin", (16, 16), 5)
    value = unit(0.15 + 0.6 * crest + 0.3 * skin)
    albedo = ramp(value, "#2f4a29", "#4a6b3b", "#65874f")
    cork = smoothstep(0.3, 0.75, c.noise("cork", (4, 4), 5))
    albedo = blend(albedo, ramp(value, "#6f6a45", "#8b835c"), cork * 0.45)
    du = (across - 0.5) / num_ribs
    dv = ((c.v * num_areoles) % 1.0 - 0.5) / num_areoles
    areole = smoothstep(0.016, 0.010, np.sqrt(du * du + dv * dv))
    albedo = blend(albedo, flat(albedo, "#b3a684"), areole)
    height_m = 0.03 * crest + 0.0012 * skin + 0.003 * areole
    roughness = 0.5 + 0.12 * skin + 0.35 * areole
    surface = Surface(height_m=height_m, albedo=albedo, roughness=roughness)
    # Spines: nine rays from every areole.
    generator = c.rng("spines")
    count = num_ribs * num_areoles * 9
    rays = np.arange(count)
    areoles = rays // 9
    angles = (rays % 9) * (2.0 * math.pi / 9.0) + 0.3 * generator.standard_normal(count)
    half = 0.5 * (0.035 + 0.02 * generator.random(count))
    centers = np.stack([(areoles % num_ribs + 0.5) / num_ribs, (areoles // num_ribs + 0.5) / num_areoles], axis=1)
    centers += half[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    spines = strew(
        generator,
        count,
        length=(0.03, 0.05),
        width=(0.0022, 0.0028),
        base_m=(0.031, 0.033),
        rise_m=(0.003, 0.006),
        colors=np.stack([linear_hex("#c9bb97"), linear_hex("#8d6f4d")]),
    )
    spines = type(spines)(
        centers=centers.astype(np.float32),
        angles=angles.astype(np.float32),
        half_lengths=half.astype(np.float32),
        half_widths=spines.half_widths,
        bases_m=spines.bases_m,
        rises_m=spines.rises_m,
        colors=spines.colors,
    )
    return stamp(surface, spines, "blade", roughness=0.6)
