"""Distances, blurs and routes on grids, against scipy's and brute force."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from worldgen.builder.blurring import blur_grid, blur_periodic
from worldgen.builder.layout.route_search import cheapest_way
from worldgen.builder.terrain.distances import nearest_marked
from worldgen.randomness import rng


@pytest.mark.parametrize("share", [0.0005, 0.02, 0.5, 0.98])
def test_nearest_marked_is_exact(share: float) -> None:
    draw = rng(3, "test/grids")
    marked = draw.random((97, 140)) < share
    marked[41, 17] = True
    distance, rows, columns = nearest_marked(marked)
    assert marked[rows, columns].all()
    own_rows, own_columns = np.indices(marked.shape)
    np.testing.assert_allclose(distance, np.hypot(rows - own_rows, columns - own_columns), rtol=1e-6)
    np.testing.assert_allclose(distance, ndimage.distance_transform_edt(~marked), rtol=1e-6)


@pytest.mark.parametrize("corner", [(0, 0), (0, 29), (19, 0), (19, 29)])
def test_nearest_marked_reaches_from_a_corner(corner: tuple[int, int]) -> None:
    marked = np.zeros((20, 30), dtype=bool)
    marked[corner] = True
    rows, columns = np.indices(marked.shape)
    np.testing.assert_allclose(nearest_marked(marked)[0], np.hypot(rows - corner[0], columns - corner[1]), rtol=1e-6)


@pytest.mark.parametrize("sigma", [0.7, 2.3, 9.0])
def test_a_grid_is_blurred_as_by_an_independent_filter(sigma: float) -> None:
    values = rng(5, "test/grids").random((60, 83)).astype(np.float32)
    truth = ndimage.gaussian_filter(values.astype(np.float64), sigma, mode="nearest", truncate=2.5)
    np.testing.assert_allclose(blur_grid(values, sigma), truth, atol=2e-6)


def test_a_periodic_blur_turns_with_its_input_and_keeps_the_mean() -> None:
    values = rng(7, "test/grids").random((64, 96, 3)).astype(np.float32)
    blurred = blur_periodic(values, 4.0, axes=(0, 1))
    turned = blur_periodic(np.roll(values, (13, 50), axis=(0, 1)), 4.0, axes=(0, 1))
    np.testing.assert_allclose(np.roll(blurred, (13, 50), axis=(0, 1)), turned, atol=1e-6)
    np.testing.assert_allclose(blurred.mean(axis=(0, 1)), values.mean(axis=(0, 1)), rtol=1e-5)
    truth = ndimage.gaussian_filter(values.astype(np.float64), (4.0, 4.0, 0.0), mode="wrap", truncate=8.0)
    np.testing.assert_allclose(blurred, truth, atol=2e-6)


def test_a_periodic_blur_of_a_flash_is_nowhere_negative() -> None:
    flash = np.zeros(200, dtype=np.float32)
    flash[3] = 1e6
    assert blur_periodic(flash, 3.0, axes=(0,)).min() >= 0.0


def _cost(heights: np.ndarray, penalty: np.ndarray, cell_m: float, way: list[int]) -> float:
    total = 0.0
    for a, b in pairwise(way):
        here, there = np.unravel_index(a, heights.shape), np.unravel_index(b, heights.shape)
        step = np.subtract(here, there)
        assert np.abs(step).max() == 1
        length = cell_m * float(np.hypot(*step))
        grade = (heights[here] - heights[there]) / length
        total += length * (1.0 + 120.0 * grade**2 + 0.5 * (penalty[here] + penalty[there]))
    return float(total)


def test_the_way_is_as_cheap_as_an_independent_search_finds() -> None:
    draw = rng(11, "test/grids")
    heights = ndimage.gaussian_filter(draw.random((24, 31)), 2.0) * 30.0
    penalty = np.where(draw.random(heights.shape) < 0.2, 60.0, 0.0)
    index = np.arange(heights.size).reshape(heights.shape)
    rows, columns, costs = [], [], []
    for a in index.ravel():
        row, column = divmod(int(a), heights.shape[1])
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
            if row + down < heights.shape[0] and 0 <= column + right < heights.shape[1]:
                b = int(index[row + down, column + right])
                rows.append(a)
                columns.append(b)
                costs.append(_cost(heights, penalty, 2.0, [int(a), b]))
    graph = coo_array((costs, (rows, columns)), shape=(heights.size, heights.size)).tocsr()
    truth = dijkstra(graph, directed=False, indices=[5])[0]
    for goal in (5, 6, 300, heights.size - 1):
        way = cheapest_way(heights, penalty, 2.0, 5, goal).tolist()
        assert (way[0], way[-1]) == (5, goal)
        assert _cost(heights, penalty, 2.0, way) == pytest.approx(truth[goal], rel=1e-9)
