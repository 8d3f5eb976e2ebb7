"""gsplat is used where its kernels are built, and never builds them unasked."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import pytest
import torch
from torch.utils import cpp_extension

from worldgen.quality import doctor
from worldgen.rendering import gsplat_kernels
from worldgen.rendering.gsplat_kernels import build_gsplat, gsplat_is_built, has_gsplat


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    has_gsplat.cache_clear()
    monkeypatch.setattr(cpp_extension, "_get_build_directory", lambda name, verbose: str(tmp_path))
    yield  # type: ignore[misc]
    has_gsplat.cache_clear()


def test_without_a_gpu_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gsplat_kernels, "torch_sees_gpu", lambda: False)
    monkeypatch.setattr(gsplat_kernels, "build_gsplat", lambda: pytest.fail("loaded without a GPU"))
    assert not has_gsplat()


@pytest.mark.skipif(importlib.util.find_spec("gsplat.csrc") is not None, reason="this gsplat brings its kernels")
def test_kernels_are_not_built_unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gsplat_kernels, "torch_sees_gpu", lambda: True)
    built: list[bool] = []
    monkeypatch.setattr(gsplat_kernels, "build_gsplat", lambda: built.append(True) or True)
    assert not has_gsplat()
    assert not built
    (tmp_path / "gsplat_cuda.so").touch()
    has_gsplat.cache_clear()
    assert gsplat_is_built()
    assert has_gsplat()
    assert built


@pytest.mark.parametrize(("kernels", "works"), [(None, False), (types.SimpleNamespace(), True)])
def test_kernels_that_cannot_be_built_are_no_error(
    monkeypatch: pytest.MonkeyPatch, kernels: object, works: bool
) -> None:
    backend = types.ModuleType("gsplat.cuda._backend")
    backend._C = kernels  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gsplat.cuda._backend", backend)
    assert build_gsplat() == works


@pytest.mark.parametrize("works", [True, False])
def test_the_doctor_tells_of_the_kernels(monkeypatch: pytest.MonkeyPatch, works: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Some GPU")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda index: (2**30, 2**31))
    monkeypatch.setattr(gsplat_kernels, "has_gsplat", lambda: works)
    gpu, kernels = doctor._gpu()
    assert (gpu.state, gpu.subject) == ("ok", "gpu")
    assert kernels.state == ("ok" if works else "note")
    assert ("--compile" in (kernels.hint or "")) != works
