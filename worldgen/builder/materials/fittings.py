"""Iron, rope and cloth."""

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


def iron(c: Canvas) -> Surface:
    """Forged iron: hammer marks, black scale, rust in the hollows."""
    distance, _, ids = c.cells("hammer", (12, 12), 0.95, at=c.warped("warp", (5, 5), 0.02))
    scale = c.noise("scale", (20, 20), 5, gain=0.6)
    value = unit(0.45 + 0.4 * scale)
    albedo = ramp(value, "#4a4846", "#615f5c", "#7a7773")
    albedo = tinted(albedo, 0.85 + 0.3 * c.per_piece("tone", ids, 144))
    rust = smoothstep(0.18, 0.55, c.noise("rust", (5, 5), 6, gain=0.6) + 0.3 * scale)
    albedo = blend(albedo, ramp(value, "#5a3220", "#7d4a2b", "#96603a"), rust * 0.85)
    height_m = 0.0025 * distance + 0.0003 * scale + 0.0004 * rust * scale
    roughness = 0.42 + 0.15 * value + 0.3 * rust
    surface = Surface(height_m=height_m, albedo=albedo, roughness=roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.01, strength=0.4)


def rope(c: Canvas) -> Surface:
    """Three-strand hemp; u runs around the rope, v along it."""
    turns = c.u * 3.0 + c.v * 5.0
    local = turns - np.floor(turns)
    index = (np.floor(turns).astype(np.int32) % 15).astype(np.int32)
    strand = np.sqrt(np.maximum(1.0 - np.square(2.0 * local - 1.0), 0.0))
    # Yarns twist the other way within each strand.
    yarns = (c.v * 26.0 - c.u * 8.0) + local * 1.5
    yarn = 0.5 - 0.5 * np.cos(yarns * (2.0 * math.pi))
    # ``local`` jumps from 1 to 0 between strands, where the groove hides it.
    fibre = c.noise("fibre", (30, 50), 4, gain=0.65)
    value = unit(0.3 + 0.35 * yarn + 0.3 * fibre)
    albedo = ramp(value, "#6b5534", "#96794d", "#b89b6a")
    albedo = tinted(albedo, 0.85 + 0.25 * c.per_piece("tone", index, 15))
    albedo = tinted(albedo, 0.35 + 0.65 * smoothstep(0.1, 0.65, strand))
    height_m = 0.009 * strand + 0.0012 * yarn + 0.0005 * fibre
    return Surface(height_m=height_m, albedo=albedo, roughness=np.full_like(fibre, 0.92))


def canvas(c: Canvas) -> Surface:
    """Undyed sailcloth in plain weave with slubs, creases and stains."""
    threads = 96
    two_pi = 2.0 * math.pi
    wander = c.noise("wander", (6, 6), 3) * 0.0016
    warp = (c.u + wander) * threads
    weft = (c.v + wander) * threads
    over = np.cos(warp * two_pi / 2.0 * 1.0) * np.cos(weft * two_pi / 2.0)
    weave = 0.5 + 0.5 * np.abs(over)
    crossing = 0.5 + 0.5 * np.sign(over) * np.sqrt(np.abs(over))
    slub = c.noise("slub/u", (4, threads), 2) + c.noise("slub/v", (threads, 4), 2)
    crease = c.noise("crease", (3, 4), 4, ridged=True)
    value = unit(0.5 + 0.2 * (crossing - 0.5) + 0.22 * slub)
    albedo = ramp(value, "#a39678", "#bfb394", "#d3c8ab")
    stain = smoothstep(0.2, 0.8, c.noise("stain", (3, 3), 5))
    albedo = blend(albedo, dyed(albedo, (0.75, 0.68, 0.56)), stain * 0.6)
    albedo = tinted(albedo, 0.75 + 0.25 * weave)
    height_m = 0.0006 * weave + 0.0003 * slub + 0.004 * crease
    return Surface(height_m=height_m, albedo=albedo, roughness=np.full_like(weave, 0.93))
