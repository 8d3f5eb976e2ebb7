"""The colour of water seen from above: the bed through the depth, the body's own light, foam and ice."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from worldgen.builder.terrain.biomes import PROFILES
from worldgen.builder.terrain.noise import fbm, gradient_noise, noise_seed, ridged, smoothstep
from worldgen.spec.model import Biome, WaterKind, WorldSpec

FloatArray = NDArray[np.float32]
Color = tuple[float, float, float]


class WaterBody(NamedTuple):
    """Foam and ice of a body of water."""

    seed: int
    foam: float
    """0 for none, 1 for surf."""
    frozen: bool
    snow: float


_CLEAR: dict[WaterKind, tuple[Color, Color]] = {
    "lake": ((1.1, 0.42, 0.46), (0.010, 0.040, 0.046)),
    "river": ((1.3, 0.62, 0.72), (0.018, 0.045, 0.040)),
    "sea": ((0.75, 0.20, 0.17), (0.006, 0.050, 0.075)),
}
_SPECIAL: dict[tuple[Biome, WaterKind], tuple[Color, Color]] = {
    ("alpine", "lake"): ((1.0, 0.24, 0.20), (0.012, 0.095, 0.115)),
    ("alpine", "river"): ((1.2, 0.40, 0.36), (0.020, 0.100, 0.110)),
    ("tropical", "sea"): ((0.70, 0.10, 0.075), (0.004, 0.120, 0.165)),
    ("tropical", "lake"): ((0.90, 0.20, 0.24), (0.008, 0.085, 0.085)),
    ("canyon", "river"): ((1.5, 0.62, 0.66), (0.022, 0.105, 0.092)),
    ("canyon", "lake"): ((1.1, 0.45, 0.50), (0.015, 0.070, 0.065)),
    ("desert", "lake"): ((1.0, 0.35, 0.38), (0.010, 0.075, 0.080)),
    ("tundra", "lake"): ((1.1, 0.50, 0.50), (0.008, 0.028, 0.038)),
    ("tundra", "sea"): ((0.80, 0.28, 0.24), (0.008, 0.036, 0.052)),
}


def water_optics(biome: Biome, kind: WaterKind) -> NDArray[np.float64]:
    """Optics of water, (2, 3): Beer-Lambert attenuation per metre of depth, down and up again, and the light that deep
    water sends back, linear."""  # noqa: D205, D209
    return np.array(_SPECIAL.get((biome, kind), _CLEAR[kind]), dtype=np.float64)


def water_body(spec: WorldSpec, water_id: str, kind: WaterKind, frozen: bool, seed: int) -> WaterBody:
    """Foam and ice of a body of water in a world."""
    alpine = PROFILES[spec.biome].code == PROFILES["alpine"].code
    foam = {"sea": 1.0, "river": 0.5 if alpine else 0.25, "lake": 0.0}[kind]
    return WaterBody(
        seed=noise_seed(seed, f"water/{water_id}"),
        foam=0.0 if frozen else foam,
        frozen=frozen,
        # Wind sweeps the ice: under a closed cover it would not be seen to be a lake.
        snow=min(max(0.15, spec.weather.snow_cover), 0.25),
    )


@njit(cache=True, parallel=True)
def water_colors(
    points: NDArray[np.float64],
    samples: tuple[FloatArray, FloatArray, FloatArray],
    beds: FloatArray,
    optics: NDArray[np.float64],
    body: WaterBody,
) -> FloatArray:
    """What is seen through the surface at points of it.

    Args:
        points: (N, 2) x and z in metres.
        samples: Depth in metres; distance to the shore in metres, 0 or more; 0 for still to 1 for white water;
            each (N,).
        beds: (N, 3) linear base colour of the dry bed.
        optics: (2, 3) of `water_optics`.
        body: Foam and ice.

    Returns:
        (N, 3) linear colours in 0 to 1.
    """
    count = points.shape[0]
    depths, shores, rapids = samples
    colors = np.zeros((count, 3), dtype=np.float32)
    for k in prange(count):
        x, z = points[k, 0], points[k, 1]
        depth = max(0.0, float(depths[k]))
        cloudy = 1.0 + 0.25 * fbm(x / 38.0, z / 38.0, body.seed, 2, 0.5)
        for channel in range(3):
            through = np.exp(-optics[0, channel] * cloudy * depth)
            # A wet bed is darker than a dry one.
            seen = 0.62 * beds[k, channel] * through
            colors[k, channel] = seen + optics[1, channel] * cloudy * (1.0 - through)
        if body.frozen:
            _freeze(x, z, depth, body, colors[k])
            continue
        foam = 0.0
        if body.foam > 0.5:
            foam = _surf(x, z, float(shores[k]), body.seed)
        lace = 0.5 + 0.5 * gradient_noise(x / 0.8, z / 0.8, body.seed + 5)
        foam = max(body.foam * foam, float(rapids[k]) * smoothstep(0.35, 0.75, lace))
        for channel in range(3):
            colors[k, channel] += np.float32(min(1.0, foam) * (0.78 - colors[k, channel]))
            colors[k, channel] = min(np.float32(1.0), max(np.float32(0.0), colors[k, channel]))
    return colors


@njit(cache=True)
def _surf(x: float, z: float, shore: float, seed: int) -> float:
    """Foam of the surf: a ragged swash line at the shore and broken breakers further out."""
    if shore > 26.0:
        return 0.0
    bend = 1.5 * gradient_noise(x / 8.0, z / 8.0, seed + 1) + 0.7 * gradient_noise(x / 2.2, z / 2.2, seed + 2)
    lace = fbm(x / 1.3, z / 1.3, seed + 3, 3, 0.6)
    swash = smoothstep(2.6, 0.7, shore + 0.9 * bend) * smoothstep(-0.55, 0.05, lace + 0.35)
    first = shore - 6.2 - 2.2 * bend
    breaker = smoothstep(1.3, 0.1, abs(first)) * smoothstep(
        0.0, 0.4, gradient_noise(x / 15.0, z / 15.0, seed + 4) + 0.2
    )
    second = shore - 14.0 - 3.0 * bend
    outer = smoothstep(1.1, 0.1, abs(second)) * smoothstep(0.15, 0.5, gradient_noise(x / 19.0, z / 19.0, seed + 6))
    breaker *= smoothstep(-0.35, 0.2, lace + 0.15)
    outer *= smoothstep(-0.3, 0.25, lace)
    return max(0.92 * swash, max(0.8 * breaker, 0.55 * outer))


@njit(cache=True)
def _freeze(x: float, z: float, depth: float, body: WaterBody, color: FloatArray) -> None:
    """Turn water into ice: pale at the edges, dark and blue over depth, with cracks and drifted snow."""
    cracks = ridged(x / 9.0, z / 9.0, body.seed + 7, 4, 0.6)
    crack = smoothstep(0.78, 0.93, cracks)
    milky = 0.5 + 0.4 * fbm(x / 5.0, z / 5.0, body.seed + 8, 3, 0.5) - 0.06 * min(depth, 4.0)
    drift = smoothstep(
        0.62 - 0.75 * body.snow, 0.8 - 0.6 * body.snow, 0.5 + 0.6 * fbm(x / 13.0, z / 6.0, body.seed + 9, 4, 0.5)
    )
    white = min(1.0, max(0.9 * drift, 0.7 * crack))
    for channel in range(3):
        clear = 0.5 * color[channel] + (0.10, 0.17, 0.21)[channel]
        pale = (0.46, 0.56, 0.62)[channel]
        ice = clear + min(0.85, max(0.0, milky)) * (pale - clear)
        color[channel] = np.float32(ice + white * ((0.80, 0.83, 0.87)[channel] - ice))
