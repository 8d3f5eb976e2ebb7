"""Tiny real models, made once for all tests of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import tiny_models


@pytest.fixture(scope="session")
def depth_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of depth networks with random weights."""
    root = tmp_path_factory.mktemp("depth")
    return {
        "depth_anything": tiny_models.depth_anything(root / "depth_anything"),
        "metric": tiny_models.depth_anything(root / "metric", depth_estimation_type="metric", max_depth=20),
        "dpt": tiny_models.dpt(root / "dpt"),
        "zoedepth": tiny_models.zoedepth(root / "zoedepth"),
        "depth_pro": tiny_models.depth_pro(root / "depth_pro"),
    }
