"""Codebooks: no worse than what exact or slower methods find, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from worldgen.exporters.scalar_codebook import NUM_LEVELS, nearest_levels, scalar_codebook
from worldgen.exporters.vector_codebook import nearest_entries, vector_codebook
from worldgen.randomness import rng


def rms(error: np.ndarray) -> float:
    return float(np.sqrt((error.astype(np.float64) ** 2).mean()))


@pytest.mark.parametrize("shape", ["normal", "uniform", "heavy tail"])
def test_levels_come_near_the_best_there_are(shape: str) -> None:
    generator = rng(1, "test/levels")
    values = {
        "normal": lambda: generator.normal(size=100_000),
        "uniform": lambda: generator.random(100_000),
        "heavy tail": lambda: generator.laplace(size=100_000),
    }[shape]().astype(np.float32)
    levels = scalar_codebook(values)
    error = rms(values - levels[nearest_levels(values, levels)])
    # Panter and Dite's limit for many levels: (integral of density^(1/3))^3 / 12 / levels^2.
    integral = {"normal": 6.0 * np.sqrt(3.0) * np.pi, "uniform": 1.0, "heavy tail": 108.0}[shape]
    limit = np.sqrt(integral / 12.0) / NUM_LEVELS
    assert error < 1.05 * limit
    assert (np.diff(levels) >= 0.0).all()


def test_few_values_are_kept_exactly() -> None:
    values = np.array([3.0, -1.0, 3.0, 0.5], dtype=np.float32)
    levels = scalar_codebook(values)
    np.testing.assert_array_equal(levels[nearest_levels(values, levels)], values)
    assert scalar_codebook(np.zeros(0, np.float32)).shape == (NUM_LEVELS,)


def clustered(count: int, width: int) -> np.ndarray:
    generator = rng(2, "test/vectors")
    centers = generator.normal(size=(200, width))
    return (centers[generator.integers(0, 200, count)] + 0.1 * generator.normal(size=(count, width))).astype(np.float32)


def test_a_palette_is_better_than_ten_steps_of_lloyd_from_random_entries() -> None:
    vectors, size = clustered(4000, 24), 512
    entries, labels = vector_codebook(vectors, size)
    assert entries.shape == (size, 24)
    random = vectors[rng(3, "test/start").permutation(len(vectors))[:size]]
    for _ in range(10):
        nearest = cKDTree(random).query(vectors)[1]
        counts = np.bincount(nearest, minlength=size)[:, None]
        sums = np.zeros((size, 24))
        np.add.at(sums, nearest, vectors)
        random = np.where(counts > 0, sums / np.maximum(counts, 1), random).astype(np.float32)
    assert rms(vectors - entries[labels]) < rms(vectors - random[nearest])


def test_nearly_every_vector_finds_its_nearest_entry() -> None:
    vectors = clustered(3000, 16)
    entries = clustered(5000, 16)[::5].copy()
    found = nearest_entries(vectors, entries, np.zeros(3000, dtype=np.int32))
    distances, exact = cKDTree(entries).query(vectors)
    assert (found == exact).mean() > 0.97
    assert rms(vectors - entries[found]) < 1.002 * rms(distances) / np.sqrt(16)


@pytest.mark.parametrize("count", [1, 2, 3, 100])
def test_palettes_larger_than_the_data_hold_it_exactly(count: int) -> None:
    vectors = clustered(count, 9)
    entries, labels = vector_codebook(vectors, 1024)
    assert len(entries) == count
    np.testing.assert_allclose(entries[labels], vectors, atol=1e-6)


def test_equal_vectors_need_one_entry() -> None:
    entries, labels = vector_codebook(np.full((50, 45), 0.25, np.float32), 32)
    np.testing.assert_array_equal(entries, np.full((1, 45), 0.25, np.float32))
    assert labels.max() == 0
