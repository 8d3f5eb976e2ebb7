"""Holes and depth errors, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from worldgen.errors import InvalidInputError
from worldgen.quality.coverage import depth_error_ratio, hole_ratio


def test_hole_ratio_counts_thin_pixels() -> None:
    alpha = np.array([[1.0, 0.5, 0.49, 0.0]], dtype=np.float32)
    assert hole_ratio(alpha) == 0.5
    assert hole_ratio(alpha, threshold=0.4) == 0.25
    assert hole_ratio(alpha, mask=np.array([[True, True, False, False]])) == 0.0


def test_depth_errors_count_against_the_true_depth_and_leave_out_the_sky() -> None:
    true = np.array([[10.0, 10.0, 10.0, 10.0, np.inf]], dtype=np.float32)
    measured = np.array([[10.9, 11.1, 8.9, np.inf, 3.0]], dtype=np.float32)
    assert depth_error_ratio(measured, true) == 0.75
    assert depth_error_ratio(measured, true, tolerance=0.12) == 0.25
    assert depth_error_ratio(true, true) == 0.0


def test_wrong_input_is_told() -> None:
    alpha = np.ones((3, 4), dtype=np.float32)
    with pytest.raises(InvalidInputError, match="mask"):
        hole_ratio(alpha, mask=np.ones((4, 3), dtype=bool))
    with pytest.raises(InvalidInputError, match="No pixel"):
        hole_ratio(alpha, mask=np.zeros((3, 4), dtype=bool))
    with pytest.raises(InvalidInputError, match="one size"):
        depth_error_ratio(alpha, alpha[:2])
    with pytest.raises(InvalidInputError, match="No pixel"):
        depth_error_ratio(alpha, np.full((3, 4), np.inf, dtype=np.float32))
