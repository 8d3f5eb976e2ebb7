"""Tiny real models, made once for all tests of a run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import tiny_models, tiny_pipelines
from worldgen.backends.running import offline_and_quiet


@pytest.fixture(scope="session")
def depth_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of depth networks with random weights."""
    root = tmp_path_factory.mktemp("depth")
    with offline_and_quiet():
        return {
            "depth_anything": tiny_models.depth_anything(root / "depth_anything"),
            "metric": tiny_models.depth_anything(root / "metric", depth_estimation_type="metric", max_depth=20),
            "dpt": tiny_models.dpt(root / "dpt"),
            "zoedepth": tiny_models.zoedepth(root / "zoedepth"),
            "depth_pro": tiny_models.depth_pro(root / "depth_pro"),
        }


@pytest.fixture(scope="session")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The folder of a diffusion pipeline with random weights, made when it is first asked for."""
    root = tmp_path_factory.mktemp("diffusion")
    makers: dict[str, Callable[[Path], Path]] = {
        "sdxl": tiny_pipelines.sdxl,
        "sd": tiny_pipelines.stable_diffusion,
        "flux": tiny_pipelines.flux,
        "sdxl-inpaint": functools.partial(tiny_pipelines.sdxl, in_channels=9),
        "sd-inpaint": functools.partial(tiny_pipelines.stable_diffusion, in_channels=9),
        "flux-fill": functools.partial(tiny_pipelines.flux, fill=True),
        "controlnet-sdxl": functools.partial(tiny_pipelines.controlnet, for_sdxl=True),
        "controlnet-sd": functools.partial(tiny_pipelines.controlnet, for_sdxl=False),
    }

    @functools.cache
    def folder_of(name: str) -> str:
        with offline_and_quiet():
            return str(makers[name](root / name))

    return folder_of
