"""Budgets: names and limits are read, nonsense is refused."""

from __future__ import annotations

import pytest

from worldgen.budgets import BUDGETS, parse_budget
from worldgen.errors import UsageError


def test_names_and_limits() -> None:
    assert parse_budget("mobile") is BUDGETS["mobile"]
    budget = parse_budget("triangles=300000, textures=48.5")
    assert (budget.triangles, budget.splats, budget.texture_mb) == (300_000, None, 48.5)
    assert parse_budget("splats=5000").splats == 5000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "toaster",
        "triangles=12",
        "triangles=1e6",
        "splats=1.5",
        "textures=0",
        "splats=2000,splats=3000",
        "a=b",
        "triangles=-5",
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_budget(text)
