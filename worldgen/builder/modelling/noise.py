"""Gradient noise in three dimensions, for the surfaces of stones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.modelling.branches import Doubles, random_directions

TABLE_SIZE = 256


class Noise3:
    """Smooth noise over space, about -1 to 1, after K. Perlin, "Improving Noise" (SIGGRAPH 2002).

    Args:
        generator: Source of the lattice's gradients.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        """Draw the permutation and the gradients."""
        self._permutation: NDArray[np.intp] = generator.permutation(TABLE_SIZE).astype(np.intp)
        self._gradients = random_directions(TABLE_SIZE, generator)

    def sample(self, points: Doubles) -> Doubles:
        """Noise at points (N, 3), (N,); the lattice has unit cells."""
        cell = np.floor(points)
        inside = points - cell
        lattice = cell.astype(np.intp)
        fade = inside**3 * (inside * (inside * 6.0 - 15.0) + 10.0)
        total = np.zeros(len(points))
        for corner in range(8):
            offset = np.array((corner & 1, corner >> 1 & 1, corner >> 2 & 1))
            index = lattice + offset
            hashed = self._permutation[index[:, 0] % TABLE_SIZE]
            hashed = self._permutation[(hashed + index[:, 1]) % TABLE_SIZE]
            hashed = self._permutation[(hashed + index[:, 2]) % TABLE_SIZE]
            weight = np.where(offset == 1, fade, 1.0 - fade).prod(axis=1)
            total += weight * np.einsum("ij,ij->i", self._gradients[hashed], inside - offset)
        return total * 1.6

    def fractal(self, points: Doubles, octaves: int, *, gain: float = 0.5) -> Doubles:
        """Sum of octaves of noise at points (N, 3), about -1 to 1."""
        total, weight, scale = np.zeros(len(points)), 1.0, 1.0
        for octave in range(octaves):
            total += weight * self.sample(points * scale + 17.31 * octave)
            weight *= gain
            scale *= 2.03
        return total * (1.0 - gain) / (1.0 - gain**octaves)

    def ridged(self, points: Doubles, octaves: int) -> Doubles:
        """Octaves of folded noise at points (N, 3): 1 along sharp creases, about 0 between them."""
        total, weight = np.zeros(len(points)), 1.0
        for octave in range(octaves):
            total += weight * (1.0 - np.abs(self.sample(points * 2.03**octave + 5.7 * octave))) ** 3
            weight *= 0.5
        return total / (2.0 - 2.0 * 0.5**octaves)
