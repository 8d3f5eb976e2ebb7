"""A GPU is told by its driver, and what a driver does wrong is no GPU."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pytest

from worldgen.rendering.cuda_devices import has_cuda_device


class _Driver:
    """Answers as a driver does: a status, 0 for success, and the count where it is wanted."""

    def __init__(self, *, starts: int = 0, counts: int = 0, devices: int = 0) -> None:
        self._starts, self._counts, self._devices = starts, counts, devices

    def cuInit(self, flags: int) -> int:
        assert flags == 0
        return self._starts

    def cuDeviceGetCount(self, number: object) -> int:
        number._obj.value = self._devices  # type: ignore[attr-defined]
        return self._counts


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    has_cuda_device.cache_clear()
    yield
    has_cuda_device.cache_clear()


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        (_Driver(devices=1), True),
        (_Driver(devices=0), False),
        (_Driver(starts=100, devices=1), False),
        (_Driver(counts=3, devices=1), False),
        (object(), False),
        (None, False),
    ],
    ids=["one", "none", "does not start", "does not count", "something else", "missing"],
)
@pytest.mark.parametrize("name", ["libcuda.so.1", "nvcuda.dll"])
def test_the_driver_is_asked(monkeypatch: pytest.MonkeyPatch, name: str, driver: object, expected: bool) -> None:
    def load(wanted: str) -> object:
        if wanted != name or driver is None:
            raise OSError(wanted)
        return driver

    monkeypatch.setattr(ctypes, "CDLL", load)
    assert has_cuda_device() == expected
