"""Small things strewn over a texture one by one: blades, leaves, twigs, stones. The highest one shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.builder.materials.canvas import Surface
from worldgen.builder.materials.noise import FloatGrid, hash_cell

Shape = Literal["blade", "leaf", "twig", "stone", "scale"]
_SHAPE_CODES: dict[str, int] = {"blade": 0, "leaf": 1, "twig": 2, "stone": 3, "scale": 4}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stamps:
    """N things to strew; lengths in tiles, heights in metres.

    centers       (N, 2) float32  u, v
    angles        (N,)   float32  direction of the long axis, counter-clockwise from +u
    half_lengths  (N,)   float32
    half_widths   (N,)   float32
    bases_m       (N,)   float32  height of the thing's rim
    rises_m       (N,)   float32  how much its middle (a blade's tip) stands above the rim
    colors        (N, 3) float32  linear
    """

    centers: NDArray[np.float32]
    angles: NDArray[np.float32]
    half_lengths: NDArray[np.float32]
    half_widths: NDArray[np.float32]
    bases_m: NDArray[np.float32]
    rises_m: NDArray[np.float32]
    colors: NDArray[np.float32]


def strew(
    generator: np.random.Generator,
    count: int,
    *,
    length: tuple[float, float],
    width: tuple[float, float],
    base_m: tuple[float, float],
    rise_m: tuple[float, float],
    colors: NDArray[np.float32],
    angle: float = 0.0,
    angle_spread: float = math.pi,
) -> Stamps:
    """Random stamps, evenly spread over the tile.

    Args:
        generator: Source of the randomness.
        count: How many.
        length: Shortest and longest, full length in tiles.
        width: Narrowest and widest, full width in tiles.
        base_m: Range of the rims' heights.
        rise_m: Range of the rises.
        colors: (K, 3) float32 linear; each stamp takes a mixture of two neighbours.
        angle: Mean direction in radians.
        angle_spread: Directions lie within this of the mean.
    """

    def between(bounds: tuple[float, float], skew: float = 1.0) -> NDArray[np.float32]:
        return (bounds[0] + (bounds[1] - bounds[0]) * generator.random(count) ** skew).astype(np.float32)

    # A jittered grid spreads more evenly than independent points do.
    side = math.ceil(math.sqrt(count))
    cells = np.floor(np.arange(count) * (side * side / count)).astype(np.int64)
    cells = cells[generator.permutation(count)]
    centers = (np.stack([cells % side, cells // side], axis=1) + generator.random((count, 2)) * 1.6) / side
    position = generator.random(count) * (len(colors) - 1)
    index = np.minimum(position.astype(np.int64), max(len(colors) - 2, 0))
    share = (position - index)[:, None].astype(np.float32)
    following = np.minimum(index + 1, len(colors) - 1)
    return Stamps(
        centers=centers.astype(np.float32),
        angles=(angle + angle_spread * (2.0 * generator.random(count) - 1.0)).astype(np.float32),
        half_lengths=0.5 * between(length, 1.5),
        half_widths=0.5 * between(width),
        bases_m=between(base_m),
        rises_m=between(rise_m),
        colors=colors[index] * (1.0 - share) + colors[following] * share,
    )


def stamp(surface: Surface, stamps: Stamps, shape: Shape, *, roughness: float, variation: float = 0.25) -> Surface:
    """A surface with things strewn over it.

    Args:
        surface: What they lie on; stays as it is.
        stamps: The things.
        shape: Their outline and profile.
        roughness: Their roughness.
        variation: How much a thing's brightness varies over its profile.
    """
    height_m, albedo, rough = surface.height_m.copy(), surface.albedo.copy(), surface.roughness.copy()
    _stamp(
        (height_m, albedo, rough),
        stamps.centers,
        (stamps.angles, stamps.half_lengths, stamps.half_widths, stamps.bases_m, stamps.rises_m),
        stamps.colors,
        (_SHAPE_CODES[shape], roughness, variation),
    )
    return Surface(height_m=height_m, albedo=albedo, roughness=rough)


@njit(cache=True)
def _profile(code: int, a: float, b: float, item: int) -> tuple[float, float, float]:
    """Inside-ness (positive inside, in units of the half width), relative height and brightness at (a, b)."""
    if code == 0:  # Blade: from its root at a = -1 to a pointed tip at a = 1.
        taper = 1.0 - 0.25 * (a + 1.0) * (a + 1.0)
        inside = min(taper - abs(b), 1.0 - abs(a))
        return inside, 0.5 * (a + 1.0) - 0.15 * b * b, 0.35 * a - 0.25 * b
    if code == 1:  # Leaf: pointed oval with a rib, edges curled up.
        outline = (1.0 - a * a) * (1.0 - 0.35 * a)
        rib = -0.5 if abs(b) < 0.12 else 0.0
        return outline - abs(b), 0.3 + 0.7 * b * b, rib + 0.3 * b
    if code == 2:  # Twig: round, blunt.
        return min(1.0 - abs(b), 4.0 * (1.0 - abs(a))), math.sqrt(max(1.0 - b * b, 0.0)), 0.4 * b
    if code == 4:  # Scale: round disc that leans towards a = 1.
        return 1.0 - math.sqrt(a * a + b * b), 0.5 + 0.5 * a, 0.3 * a
    # Stone: the common inside of seven half planes around it, worn round at the rim.
    inside = 1.0 - math.sqrt(a * a + b * b)
    for side in range(7):
        h = hash_cell(item, side, 77)
        direction = (side + 0.8 * float(h & np.uint32(0xFFFF)) / 65536.0) * (2.0 * math.pi / 7.0)
        reach = 0.72 + 0.25 * float(h >> np.uint32(16)) / 65536.0
        inside = min(inside, reach - (a * math.cos(direction) + b * math.sin(direction)))
    lean = float(hash_cell(item, 9, 77) & np.uint32(0xFFFF)) / 65536.0 - 0.5
    crown = min(max(inside, 0.0) * 2.6, 1.0)
    return inside, crown * (2.0 - crown) + 0.4 * lean * a - 0.3 * lean * b, 0.25 * lean + 0.3 * (crown - 0.7)


@njit(cache=True, nogil=True)
def _stamp(
    grids: tuple[FloatGrid, FloatGrid, FloatGrid],
    centers: FloatGrid,
    shapes: tuple[FloatGrid, FloatGrid, FloatGrid, FloatGrid, FloatGrid],
    colors: FloatGrid,
    look: tuple[int, float, float],
) -> None:
    height_m, albedo, rough = grids
    angles, half_lengths, half_widths, bases_m, rises_m = shapes
    code, roughness, variation = look
    px = height_m.shape[0]
    for item in range(len(centers)):
        cos, sin = math.cos(angles[item]), math.sin(angles[item])
        half_length, half_width = float(half_lengths[item]) * px, float(half_widths[item]) * px
        # Thinner than a pixel: draw it a pixel wide and let its coverage fall instead.
        thin = min(half_width / 0.6, 1.0)
        half_width = max(half_width, 0.6)
        reach = max(half_length, half_width) + 1.0
        x0, y0 = float(centers[item, 0]) * px, (1.0 - float(centers[item, 1])) * px
        for y in range(math.floor(y0 - reach), math.floor(y0 + reach) + 1):
            for x in range(math.floor(x0 - reach), math.floor(x0 + reach) + 1):
                dx, dy = x + 0.5 - x0, y0 - (y + 0.5)
                a = (dx * cos + dy * sin) / half_length
                b = (dy * cos - dx * sin) / half_width
                if abs(a) > 1.2 or abs(b) > 1.2:
                    continue
                inside, relative, brightness = _profile(code, a, b, item)
                coverage = min(max(inside * half_width + 0.5, 0.0), 1.0) * thin
                if coverage <= 0.0:
                    continue
                row, column = y % px, x % px
                top = bases_m[item] + rises_m[item] * relative
                if top <= height_m[row, column]:
                    continue
                height_m[row, column] += np.float32(coverage * (top - height_m[row, column]))
                rough[row, column] += np.float32(coverage * (roughness - rough[row, column]))
                light = 1.0 + variation * brightness
                for k in range(3):
                    albedo[row, column, k] += np.float32(coverage * (colors[item, k] * light - albedo[row, column, k]))
