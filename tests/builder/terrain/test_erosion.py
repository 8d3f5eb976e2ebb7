from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.builder.terrain.erosion import cut_streams, fill_pits, flow_area, raise_mountains, slide_slopes


def _rough(size: int, seed: int) -> NDArray[np.float32]:
    random = np.random.Generator(np.random.PCG64(seed))
    return (20.0 * random.random((size, size))).astype(np.float32)


def _num_pits(heights: NDArray[np.float32]) -> int:
    inner = heights[1:-1, 1:-1]
    lowest = np.full_like(inner, np.inf)
    for row in range(3):
        for column in range(3):
            if (row, column) != (1, 1):
                size = len(heights) - 2
                lowest = np.minimum(lowest, heights[row : row + size, column : column + size])
    return int((inner <= lowest).sum())


def test_filled_ground_has_no_pits_and_is_never_lower() -> None:
    heights = _rough(64, 1)
    filled = fill_pits(heights, 1e-3)
    assert _num_pits(heights) > 100
    assert _num_pits(filled) == 0
    assert (filled >= heights).all()
    np.testing.assert_array_equal(filled[0], heights[0])


def test_all_area_leaves_over_the_border() -> None:
    heights = fill_pits(_rough(48, 2), 1e-3)
    area = flow_area(heights, 2.0, 3)
    border = np.concatenate([area[0], area[-1], area[1:-1, 0], area[1:-1, -1]])
    np.testing.assert_allclose(border.sum(dtype=np.float64), 48 * 48 * 4.0, rtol=1e-6)


def test_streams_cut_most_where_most_water_flows() -> None:
    size = 96
    z, x = np.mgrid[0:size, 0:size].astype(np.float32)
    heights = (0.5 * z + 0.15 * np.abs(x - size / 2) + 0.05 * _rough(size, 4)).astype(np.float32)
    filled, eroded = cut_streams(heights, 1.0, np.full_like(heights, 0.05), 8, 5)
    assert (eroded <= filled + 1e-5).all()
    cut = filled - eroded
    area = flow_area(filled, 1.0, 5)
    assert cut[area > 200.0].mean() > 3.0 * cut[area < 3.0].mean()
    untouched, same = cut_streams(heights, 1.0, np.zeros_like(heights), 8, 5)
    np.testing.assert_array_equal(untouched, same)


def test_sliding_keeps_the_volume_and_ends_at_the_talus() -> None:
    heights = np.zeros((65, 65), dtype=np.float32)
    heights[32, 32] = 60.0
    talus = np.full_like(heights, 0.6)
    slid = slide_slopes(heights, 1.0, talus, 400)
    np.testing.assert_allclose(slid.sum(dtype=np.float64), 60.0, rtol=1e-3)
    assert np.abs(np.diff(slid, axis=0)).max() < 0.75


def test_raised_mountains_drain_to_the_plain() -> None:
    size = 96
    z, x = np.mgrid[0:size, 0:size]
    uplift = np.clip(1.0 - np.hypot(x - 48, z - 48) / 40.0, 0.0, 1.0).astype(np.float32)
    heights = raise_mountains(uplift, 0.02 * uplift, 30.0, 30, 6)
    assert (heights[uplift == 0.0] == 0.0).all()
    assert heights.max() > 0.0
    assert _num_pits(heights[20:76, 20:76]) < 20
