"""The square that a texture is painted on, and what comes out of painting: height, colour and roughness."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.blurring import blur_periodic
from worldgen.builder.materials.noise import FloatGrid, IntGrid, cellular_noise, fractal_noise
from worldgen.color import linear_from_srgb
from worldgen.randomness import rng, seed_for

Coordinates = tuple[FloatGrid, FloatGrid]

LIBRARY_SEED = 20_240_607
"""Seed of the material library: materials are the same in every world."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Surface:
    """A painted tile; row 0 is the top (v = 1).

    height_m   (H, W)    float32  metres above some level
    albedo     (H, W, 3) float32  linear Rec. 709
    roughness  (H, W)    float32  0 to 1
    """

    height_m: FloatGrid
    albedo: FloatGrid
    roughness: FloatGrid


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A tile of ``px`` by ``px`` pixels with named, seeded noise.

    ``u`` grows to the right and ``v`` upwards, both 0 to 1 over the tile; everything here has period 1.
    """

    name: str
    px: int
    tile_m: float
    u: FloatGrid = field(init=False)
    v: FloatGrid = field(init=False)

    def __post_init__(self) -> None:
        """Lay out the pixel centres."""
        centres = ((np.arange(self.px) + 0.5) / self.px).astype(np.float32)
        object.__setattr__(self, "u", np.ascontiguousarray(np.broadcast_to(centres, (self.px, self.px))))
        object.__setattr__(self, "v", np.ascontiguousarray(np.broadcast_to(centres[::-1, None], (self.px, self.px))))

    def rng(self, stream: str) -> np.random.Generator:
        """Random numbers for one purpose, independent of the resolution."""
        return rng(LIBRARY_SEED, f"{self.name}/{stream}")

    def noise(
        self,
        stream: str,
        cells: tuple[int, int],
        octaves: int = 4,
        *,
        gain: float = 0.5,
        ridged: bool = False,
        at: Coordinates | None = None,
    ) -> FloatGrid:
        """Fractal noise (see ``fractal_noise``) at the pixel centres or elsewhere."""
        u, v = at if at is not None else (self.u, self.v)
        return fractal_noise(u, v, cells, self._seed(stream), (octaves, gain, ridged))

    def cells(
        self, stream: str, cells: tuple[int, int], jitter: float = 0.85, *, at: Coordinates | None = None
    ) -> tuple[FloatGrid, FloatGrid, IntGrid]:
        """Cellular noise (see ``cellular_noise``) at the pixel centres or elsewhere."""
        u, v = at if at is not None else (self.u, self.v)
        return cellular_noise(u, v, cells, self._seed(stream), jitter)

    def warped(self, stream: str, cells: tuple[int, int], amount: float, octaves: int = 3) -> Coordinates:
        """Pixel centres pushed about by noise of ``amount`` tiles (domain warping, Quilez 2002)."""
        push_u = self.noise(f"{stream}/u", cells, octaves)
        push_v = self.noise(f"{stream}/v", cells, octaves)
        return self.u + amount * push_u, self.v + amount * push_v

    def per_piece(self, stream: str, ids: IntGrid, num_pieces: int) -> FloatGrid:
        """One random number in [0, 1) for each piece, spread over its pixels."""
        return self.rng(stream).random(num_pieces, np.float32)[ids]

    def _seed(self, stream: str) -> int:
        return seed_for(LIBRARY_SEED, f"{self.name}/{stream}") & 0x7FFFFFFF


def linear_hex(code: str) -> NDArray[np.float32]:
    """Linear colour (3,) of an sRGB code such as ``"#7a5c3e"``."""
    encoded = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / 255.0
    return linear_from_srgb(encoded)


def ramp(position: FloatGrid, *codes: str) -> FloatGrid:
    """Colours (H, W, 3) along evenly spaced sRGB codes; ``position`` 0 is the first and 1 the last."""
    stops = np.stack([linear_hex(code) for code in codes])
    table_size = 256
    at = np.linspace(0.0, len(codes) - 1.0, table_size)
    table = np.stack([np.interp(at, np.arange(len(codes)), stops[:, k]) for k in range(3)], axis=1).astype(np.float32)
    index = (np.clip(position, 0.0, 1.0) * (table_size - 1) + 0.5).astype(np.int32)
    return table[index]


def smoothstep(low: float, high: float, x: FloatGrid) -> FloatGrid:
    """0 below ``low``, 1 above ``high``, smooth between; falls where ``low`` > ``high``."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return (t * t * (3.0 - 2.0 * t)).astype(np.float32)


def unit(values: FloatGrid) -> FloatGrid:
    """Values clipped to 0 to 1."""
    return np.clip(values, np.float32(0.0), np.float32(1.0)).astype(np.float32, copy=False)


def blend(first: FloatGrid, second: FloatGrid, weight: FloatGrid) -> FloatGrid:
    """``first`` where the weight is 0, ``second`` where it is 1; (H, W) or (H, W, 3) with a weight (H, W)."""
    if first.ndim == 3 and weight.ndim == 2:
        weight = weight[..., None]
    return first + (second - first) * weight


def tinted(albedo: FloatGrid, factor: FloatGrid) -> FloatGrid:
    """Colours (H, W, 3) times a factor (H, W)."""
    return albedo * factor[..., None].astype(np.float32)


def dyed(albedo: FloatGrid, factors: tuple[float, float, float]) -> FloatGrid:
    """Colours (H, W, 3) times one factor per channel."""
    return albedo * np.array(factors, np.float32)


def flat(like: FloatGrid, code: str) -> FloatGrid:
    """One sRGB code as linear colours of the same shape as ``like`` (H, W, 3)."""
    return np.broadcast_to(linear_hex(code), like.shape)


def blurred(values: FloatGrid, radius: float) -> FloatGrid:
    """Gaussian blur that wraps around; ``radius`` is the standard deviation in tiles."""
    return blur_periodic(values, radius * values.shape[0], axes=(0, 1))


def shade_cavities(surface: Surface, tile_m: float, *, radius_m: float, strength: float) -> Surface:
    """Darken what lies below its surroundings and brighten edges a little, as dirt and wear do.

    Normal maps cast no shadows, so this stands in for the light that joints and cracks do not get.
    """
    relative = (surface.height_m - blurred(surface.height_m, radius_m / tile_m)) / radius_m
    factor = 1.0 - strength * np.clip(-relative * 2.0, 0.0, 0.9) + 0.35 * strength * np.clip(relative * 2.0, 0.0, 0.6)
    return Surface(
        height_m=surface.height_m,
        albedo=tinted(surface.albedo, factor.astype(np.float32)),
        roughness=surface.roughness,
    )
