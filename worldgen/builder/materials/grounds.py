"""The ground underfoot: grass, soil, sand, snow, gravel, scree. Nothing broad stands out, so tiling does not show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
from worldgen.builder.materials.stamps import stamp, strew


def _colors(*codes: str) -> NDArray[np.float32]:
    return np.stack([linear_hex(code) for code in codes])


def _soil(c: Canvas, *codes: str, lumps_m: float = 0.012) -> Surface:
    """Crumbly earth."""
    crumbs = c.noise("crumbs", (36, 36), 5, gain=0.62)
    swells = c.noise("swells", (8, 8), 4)
    value = unit(0.5 + 0.38 * crumbs + 0.14 * swells)
    height_m = ((crumbs + 1.2 * swells) * lumps_m).astype(np.float32)
    return Surface(height_m=height_m, albedo=ramp(value, *codes), roughness=np.full_like(crumbs, 0.94))


def _with_pebbles(
    c: Canvas, surface: Surface, count: int, *, size_m: tuple[float, float], colors: NDArray[np.float32], sunk: float
) -> Surface:
    """Pebbles on top; ``sunk`` is the share of their height that is in the ground."""
    low, high = size_m[0] / c.tile_m, size_m[1] / c.tile_m
    top = float(np.quantile(surface.height_m, 0.9))
    pebbles = strew(
        c.rng(f"pebbles/{size_m[1]}"),
        count,
        length=(low, high),
        width=(low * 0.75, high * 0.75),
        base_m=(top - sunk * size_m[1], top + 0.15 * size_m[1]),
        rise_m=(0.25 * size_m[0], 0.45 * size_m[1]),
        colors=colors,
    )
    return stamp(surface, pebbles, "stone", roughness=0.8, variation=0.4)


def ground_grass(c: Canvas) -> Surface:
    """A meadow sward from above: blades of many greens over thatch and soil."""
    under = _soil(c, "#2c2a17", "#3c3a1f", "#4c4a28", lumps_m=0.008)
    patches = c.noise("patches", (9, 9), 3)
    dry = strew(
        c.rng("dry"), 5_000, length=(0.012, 0.026), width=(0.0014, 0.0022), base_m=(0.0, 0.02), rise_m=(0.002, 0.012),
        colors=_colors("#6d6a3a", "#8f8552", "#5f6a30"),
    )  # fmt: skip
    surface = stamp(under, dry, "blade", roughness=0.85)
    green = strew(
        c.rng("green"), 24_000, length=(0.012, 0.030), width=(0.0015, 0.0028), base_m=(0.004, 0.028),
        rise_m=(0.004, 0.022), colors=_colors("#435528", "#536a31", "#63793b", "#728443", "#5b7038", "#828f54"),
    )  # fmt: skip
    surface = stamp(surface, green, "blade", roughness=0.75, variation=0.45)
    clover = strew(
        c.rng("clover"), 900, length=(0.004, 0.008), width=(0.004, 0.007), base_m=(0.018, 0.036),
        rise_m=(0.001, 0.003), colors=_colors("#41602a", "#577a38"),
    )  # fmt: skip
    surface = stamp(surface, clover, "leaf", roughness=0.7)
    albedo = tinted(surface.albedo, 1.0 + 0.14 * patches)
    surface = Surface(height_m=surface.height_m, albedo=albedo, roughness=surface.roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.03, strength=0.8)


def ground_dirt(c: Canvas) -> Surface:
    """Bare brown soil with clods and a few pebbles."""
    surface = _soil(c, "#4a3a2a", "#6a553f", "#846d53")
    surface = _with_pebbles(
        c, surface, 700, size_m=(0.02, 0.06), colors=_colors("#75664f", "#8d7f6b", "#6b6258"), sunk=0.35
    )
    surface = _with_pebbles(
        c, surface, 2_500, size_m=(0.010, 0.022), colors=_colors("#6a563f", "#857057", "#7c7060"), sunk=0.3
    )
    return shade_cavities(surface, c.tile_m, radius_m=0.03, strength=0.8)


def ground_forest_floor(c: Canvas) -> Surface:
    """Leaf litter, needles and twigs over dark humus."""
    surface = _soil(c, "#2a2118", "#3a2e21", "#4a3c2b", lumps_m=0.014)
    needles = strew(
        c.rng("needles"), 14_000, length=(0.012, 0.026), width=(0.0008, 0.0013), base_m=(-0.004, 0.014),
        rise_m=(0.001, 0.003), colors=_colors("#6b4a2b", "#8a6238", "#56402a", "#7b6a48"),
    )  # fmt: skip
    surface = stamp(surface, needles, "twig", roughness=0.85)
    leaves = strew(
        c.rng("leaves"), 3_600, length=(0.016, 0.040), width=(0.009, 0.020), base_m=(0.0, 0.026), rise_m=(0.004, 0.012),
        colors=_colors("#59401f", "#7d5a2c", "#96703a", "#6b4c2a", "#4a3a26", "#85693d", "#5d5a30"),
    )  # fmt: skip
    surface = stamp(surface, leaves, "leaf", roughness=0.8, variation=0.35)
    twigs = strew(
        c.rng("twigs"), 90, length=(0.04, 0.17), width=(0.002, 0.0045), base_m=(0.016, 0.03), rise_m=(0.005, 0.012),
        colors=_colors("#4b3b2b", "#6b5945", "#85755f"),
    )  # fmt: skip
    surface = stamp(surface, twigs, "twig", roughness=0.85, variation=0.4)
    sprouts = strew(
        c.rng("sprouts"), 500, length=(0.010, 0.022), width=(0.003, 0.006), base_m=(0.02, 0.036),
        rise_m=(0.004, 0.01), colors=_colors("#3a5222", "#557333"),
    )  # fmt: skip
    surface = stamp(surface, sprouts, "leaf", roughness=0.7)
    return shade_cavities(surface, c.tile_m, radius_m=0.03, strength=0.8)


def ground_sand(c: Canvas) -> Surface:
    """Wind-rippled sand; the ripples run across u."""
    wander = c.noise("wander", (3, 3), 4) * 0.035
    crests = (c.u + wander) * 26.0 + c.noise("fork", (7, 7), 2) * 0.7
    phase = crests - np.floor(crests)
    # Gentle windward slope, steep lee: a skewed wave.
    ripple = np.where(phase < 0.68, phase / 0.68, (1.0 - phase) / 0.32)
    ripple = ripple * ripple * (3.0 - 2.0 * ripple)
    strength = smoothstep(-0.75, 0.35, c.noise("strength", (5, 5), 3))
    grain = c.noise("grain", (120, 120), 2, gain=0.8)
    swell = c.noise("swell", (6, 6), 3)
    value = unit(0.5 + 0.18 * (ripple - 0.5) * strength
        + 0.22 * grain + 0.1 * swell)  # fmt: skip
    albedo = ramp(value, "#a98d64", "#c7ab7f", "#dcc49b")
    height_m = 0.013 * ripple * strength + 0.0016 * grain + 0.01 * swell
    surface = Surface(height_m=height_m.astype(np.float32), albedo=albedo, roughness=0.9 + 0.05 * grain)
    return shade_cavities(surface, c.tile_m, radius_m=0.05, strength=0.35)


_GRAVEL = ("#5d5a55", "#7a7670", "#938f88", "#86796a", "#6d6a6b", "#a39d92", "#756654")


def ground_gravel(c: Canvas) -> Surface:
    """River gravel, stone upon stone in three sizes."""
    surface = _soil(c, "#4b453b", "#635b4e", "#7a7162", lumps_m=0.004)
    surface = _with_pebbles(c, surface, 9_000, size_m=(0.014, 0.028), colors=_colors(*_GRAVEL), sunk=0.3)
    surface = _with_pebbles(c, surface, 3_000, size_m=(0.026, 0.055), colors=_colors(*_GRAVEL), sunk=0.35)
    surface = _with_pebbles(c, surface, 260, size_m=(0.05, 0.10), colors=_colors(*_GRAVEL[:5]), sunk=0.4)
    return shade_cavities(surface, c.tile_m, radius_m=0.02, strength=0.85)


def ground_scree(c: Canvas) -> Surface:
    """Angular mountain rubble of all sizes."""
    codes = ("#55534f", "#6f6c67", "#87837c", "#7b7264", "#63625f", "#98938a")
    surface = _soil(c, "#433f39", "#57524a", "#6b655b", lumps_m=0.008)
    surface = _with_pebbles(c, surface, 7_000, size_m=(0.03, 0.07), colors=_colors(*codes), sunk=0.3)
    surface = _with_pebbles(c, surface, 1_500, size_m=(0.08, 0.17), colors=_colors(*codes), sunk=0.35)
    surface = _with_pebbles(c, surface, 130, size_m=(0.20, 0.42), colors=_colors(*codes), sunk=0.35)
    face = c.noise("face", (24, 24), 4, gain=0.65)
    surface = Surface(
        height_m=surface.height_m + face * 0.006,
        albedo=tinted(surface.albedo, 1.0 + 0.22 * face),
        roughness=surface.roughness,
    )
    return shade_cavities(surface, c.tile_m, radius_m=0.04, strength=0.8)


def ground_snow(c: Canvas) -> Surface:
    """Wind-packed snow: soft drifts with faint sastrugi and sparkling grain."""
    drift = c.noise("drift", (4, 5), 4, at=c.warped("warp", (3, 3), 0.05))
    sastrugi = c.noise("sastrugi", (5, 18), 4, at=c.warped("warp/fine", (5, 5), 0.03))
    grain = c.noise("grain", (110, 110), 2, gain=0.8)
    value = unit(0.55 + 0.15 * sastrugi + 0.2 * grain + 0.1 * drift)
    albedo = ramp(value, "#dde3ea", "#e8ecf0", "#f2f3f4")
    height_m = 0.03 * drift + 0.008 * sastrugi + 0.0012 * grain
    roughness = 0.72 + 0.12 * grain
    surface = Surface(height_m=height_m, albedo=albedo, roughness=roughness)
    return shade_cavities(surface, c.tile_m, radius_m=0.05, strength=0.12)


def ground_mud(c: Canvas) -> Surface:
    """Wet mud: smooth hollows that shine, drying crumbs on the rises."""
    swells = c.noise("swells", (11, 11), 4, at=c.warped("warp", (6, 6), 0.02))
    crumbs = c.noise("crumbs", (46, 46), 4, gain=0.65)
    dry = smoothstep(-0.35, 0.55, swells + 0.2 * crumbs)
    value = unit(0.45 + 0.25 * crumbs * dry + 0.35 * swells)
    albedo = blend(ramp(value, "#2c2219", "#3a2d20", "#46382a"), ramp(value, "#4a3b2b", "#5e4d3a", "#73614b"), dry)
    height_m = 0.03 * np.maximum(swells, -0.25) + 0.006 * crumbs * dry
    roughness = 0.28 + 0.6 * dry
    surface = Surface(height_m=height_m, albedo=albedo, roughness=roughness)
    surface = _with_pebbles(c, surface, 350, size_m=(0.015, 0.05), colors=_colors("#4f4538", "#655a4b"), sunk=0.5)
    return shade_cavities(surface, c.tile_m, radius_m=0.03, strength=0.6)


def ground_moss(c: Canvas) -> Surface:
    """A deep carpet of moss in cushions."""
    cushions, _, ids = c.cells("cushions", (15, 15), 0.95, at=c.warped("warp", (9, 9), 0.02))
    small, _, _ = c.cells("small", (46, 46), 0.95)
    tufts = c.noise("tufts", (90, 90), 3, gain=0.75)
    dome = 1.0 - np.square(cushions)
    value = 0.28 + 0.35 * (0.6 - small) + 0.26 * tufts
    value = value + 0.25 * dome
    albedo = ramp(value, "#252d12", "#3e4a20", "#58652d", "#71793c")
    hue = c.per_piece("hue", ids, 225)
    albedo = blend(albedo, ramp(value, "#3a3c12", "#63612a", "#8b8440"), smoothstep(0.65, 0.95, hue) * 0.6)
    height_m = 0.03 * dome + 0.010 * (1.0 - small) + 0.005 * tufts
    surface = Surface(height_m=height_m, albedo=albedo, roughness=np.full_like(tufts, 0.97))
    return shade_cavities(surface, c.tile_m, radius_m=0.03, strength=0.7)


def path_dirt(c: Canvas) -> Surface:
    """Trodden earth: packed flat, dusty, with embedded stones and straw."""
    surface = _soil(c, "#6a543c", "#83694c", "#987d5e", lumps_m=0.004)
    packed = smoothstep(-0.3, 0.4, c.noise("packed", (9, 9), 4))
    dusty = blend(surface.albedo, flat(surface.albedo, "#a08868"), packed * 0.25)
    surface = Surface(height_m=surface.height_m, albedo=dusty, roughness=surface.roughness)
    surface = _with_pebbles(
        c, surface, 420, size_m=(0.02, 0.05), colors=_colors("#867660", "#998b76", "#7a7165"), sunk=0.55
    )
    surface = _with_pebbles(
        c, surface, 2_400, size_m=(0.008, 0.018), colors=_colors("#826c52", "#9a866a", "#8a7f70"), sunk=0.35
    )
    straw = strew(
        c.rng("straw"), 160, length=(0.012, 0.03), width=(0.0011, 0.0016), base_m=(0.006, 0.01),
        rise_m=(0.001, 0.003), colors=_colors("#a38d5c", "#7a6a44"),
    )  # fmt: skip
    surface = stamp(surface, straw, "twig", roughness=0.85)
    return shade_cavities(surface, c.tile_m, radius_m=0.02, strength=0.7)


def path_gravel(c: Canvas) -> Surface:
    """A raked gravel path: small pale chippings."""
    codes = ("#8a8378", "#a39c90", "#b5aea2", "#97897a", "#7f7a74", "#c2bbaf")
    surface = _soil(c, "#6e6555", "#857b69", "#968c7a", lumps_m=0.003)
    surface = _with_pebbles(c, surface, 11_000, size_m=(0.010, 0.020), colors=_colors(*codes), sunk=0.3)
    surface = _with_pebbles(c, surface, 1_600, size_m=(0.018, 0.034), colors=_colors(*codes), sunk=0.3)
    return shade_cavities(surface, c.tile_m, radius_m=0.014, strength=0.8)
