"""Walls of rock in a baked texture: patterns laid on from the side, beds of rock by height, joints and dark streaks.

What lies on level ground is patterned by x and z. On a wall both hardly change from its foot to its top, and any
pattern would run down it in stripes, so there it goes by the height and by x or z, whichever runs along the wall.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from worldgen.builder.terrain.noise import gradient_noise, hash_unit, smoothstep

SIDE, ALONG_Z, IS_LEVEL = 0, 1, 2
"""Slots of a wall's numbers: how much of a wall the ground is; how much z rather than x runs along it; 1 where neither
that nor the texture turns a pattern."""
_FRAMES = 3
_LEVEL_SLOPE = 0.5
"""Rise over run up to which patterns are laid on as if the ground were level."""
FLAT, BY_X, BY_Z = range(3)
"""Ways of laying a pattern on: from above, and from the side with x or z to the right."""
WALL_NUMBERS = _FRAMES + 3 * 4
"""Length of the array that :func:`describe_wall` fills."""


@njit(cache=True, inline="always")
def describe_wall(slope_x: float, slope_z: float, step_u: tuple[float, float], wall: NDArray[np.float64]) -> None:
    """Tell how the ground at a point stands, and how its patterns lie in the tangent frame of its texture.

    Args:
        slope_x: Rise over run along x.
        slope_z: Rise over run along z.
        step_u: How x and z change to the right in the texture, in any unit.
        wall: (``WALL_NUMBERS``,) overwritten.
    """
    squared = slope_x * slope_x + slope_z * slope_z
    if step_u[1] == 0.0 and squared < _LEVEL_SLOPE * _LEVEL_SLOPE:
        wall[SIDE], wall[IS_LEVEL] = 0.0, 1.0
        return
    wall[IS_LEVEL] = 0.0
    slope = math.sqrt(squared)
    wall[SIDE] = smoothstep(0.7, 1.15, slope)
    wall[ALONG_Z] = smoothstep(0.36, 0.64, slope_x * slope_x / squared) if squared > 1e-12 else 0.0
    tx, ty, tz = _unit(step_u[0], slope_x * step_u[0] + slope_z * step_u[1], step_u[1])
    nx, ny, nz = _unit(-slope_x, 1.0, -slope_z)
    bx, by, bz = ny * tz - nz * ty, nz * tx - nx * tz, nx * ty - ny * tx
    right_x, right_xy, right_xz = _unit(1.0, slope_x, 0.0)
    back_x, back_y, back_z = _unit(0.0, -slope_z, -1.0)
    side_x, side_y, side_z = _unit(0.0, slope_z, 1.0)
    up_x, up_y, up_z = _unit(slope_x, squared, slope_z) if squared > 1e-12 else (0.0, 0.0, -1.0)
    for kind in range(3):
        at = _FRAMES + 4 * kind
        if kind == BY_Z:
            ux, uy, uz = side_x, side_y, side_z
        else:
            ux, uy, uz = right_x, right_xy, right_xz
        if kind == FLAT:
            vx, vy, vz = back_x, back_y, back_z
        else:
            vx, vy, vz = up_x, up_y, up_z
        wall[at] = ux * tx + uy * ty + uz * tz
        wall[at + 1] = ux * bx + uy * by + uz * bz
        wall[at + 2] = vx * tx + vy * ty + vz * tz
        wall[at + 3] = vx * bx + vy * by + vz * bz


@njit(cache=True)
def _unit(x: float, y: float, z: float) -> tuple[float, float, float]:
    length = math.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


@njit(cache=True, inline="always")
def in_texture(wall: NDArray[np.float64], kind: int, right: float, up: float) -> tuple[float, float]:
    """A direction of a pattern (to its right, up in it) in the tangent frame of the texture."""
    if wall[IS_LEVEL] == 1.0:
        return right, up
    at = _FRAMES + 4 * kind
    return right * wall[at] + up * wall[at + 2], right * wall[at + 1] + up * wall[at + 3]


@njit(cache=True)
def wall_noise(
    at: tuple[float, float, float], wall: NDArray[np.float64], lengths: tuple[float, float], seed: int
) -> float:
    """Noise at (x, height, z) that is as long along a wall and as high as ``lengths`` say, in metres."""
    x, height, z = at
    along, high = lengths
    share = wall[ALONG_Z]
    value = 0.0
    if share < 1.0:
        value += (1.0 - share) * gradient_noise(x / along, height / high, seed)
    if share > 0.0:
        value += share * gradient_noise(z / along + 19.7, height / high, seed)
    return value


@njit(cache=True)
def strata_shade(height: float, x: float, z: float, seed: int) -> tuple[float, float, float]:
    """Colour factors of the layers in a rock wall at a height: broad beds with thin bands in them."""
    level = (
        height + 1.6 * gradient_noise(x / 70.0, z / 70.0, seed) + 0.35 * gradient_noise(x / 11.0, z / 11.0, seed + 1)
    )
    broad, thin = level / 7.3, level / 1.15
    i, j = math.floor(broad), math.floor(thin)
    t, s = broad - i, thin - j
    t = smoothstep(0.42, 0.58, t)
    s = smoothstep(0.3, 0.7, s)
    tone = hash_unit(int(i), 5, seed) * (1.0 - t) + hash_unit(int(i) + 1, 5, seed) * t
    band = hash_unit(int(j), 9, seed) * (1.0 - s) + hash_unit(int(j) + 1, 9, seed) * s
    pale = smoothstep(0.62, 0.9, tone)
    dark = smoothstep(0.4, 0.1, tone)
    # Bands come and go along the wall.
    light = 1.0 + 0.34 * (band - 0.5) * (1.0 + 0.8 * gradient_noise(x / 23.0 + level / 9.0, z / 23.0, seed + 2))
    red = light * (1.0 + 0.35 * pale - 0.3 * dark)
    green = light * (1.0 + 0.75 * pale - 0.34 * dark)
    blue = light * (1.0 + 1.0 * pale - 0.3 * dark)
    return red, green, blue


@njit(cache=True)
def weathering(at: tuple[float, float, float], wall: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """What time has done to a wall at (x, height, z): factor on its light, and share of dark varnish on it.

    Joints stand upright and end at beds; water leaves streaks of manganese varnish below ledges.
    """
    region = wall_noise(at, wall, (31.0, 24.0), seed + 1)
    joint = abs(wall_noise(at, wall, (5.7, 21.0), seed + 2) + 0.22 * wall_noise(at, wall, (1.6, 3.1), seed + 3))
    crack = smoothstep(0.085, 0.02, joint) * smoothstep(-0.45, 0.1, region)
    streak = wall_noise(at, wall, (2.6, 19.0), seed + 4) + 0.45 * wall_noise(at, wall, (1.1, 11.0), seed + 5)
    varnish = smoothstep(0.1, 0.75, streak - 0.55 * region)
    blotch = wall_noise(at, wall, (4.3, 3.3), seed + 6) + 0.6 * wall_noise(at, wall, (1.7, 1.3), seed + 7)
    return (1.0 + 0.11 * blotch) * (1.0 - 0.34 * crack), varnish
