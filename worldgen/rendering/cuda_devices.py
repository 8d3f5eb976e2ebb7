"""Whether this machine has an NVIDIA GPU, asked of its driver alone: packages that could tell take seconds to load."""

from __future__ import annotations

import ctypes
import functools
from typing import Any, Final

_DRIVERS: Final = ("libcuda.so.1", "nvcuda.dll")
"""What the driver's library is called on Linux and on Windows."""


@functools.cache
def has_cuda_device() -> bool:
    """Whether the driver is there and counts a device."""
    for name in _DRIVERS:
        try:
            driver: Any = ctypes.CDLL(name)
            number = ctypes.c_int(0)
            if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(number)) == 0:
                return number.value > 0
        except (OSError, AttributeError):
            continue
    return False
