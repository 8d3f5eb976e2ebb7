"""Ctrl-C that waits until it can do no harm.

Python raises KeyboardInterrupt wherever the main thread happens to be. Inside numba and llvmlite that can leave the
compiler's lock taken for ever, so that other threads, and with them the program's end, wait for it; inside an import
it leaves half a module. There the interrupt is put off by a moment, again and again, until the code is through.
"""

from __future__ import annotations

import _thread
import os
import signal
import threading
from types import FrameType
from typing import Final

_RETRY_S: Final = 0.02
_NOT_TO_BE_TORN: Final = (f"{os.sep}numba{os.sep}", f"{os.sep}llvmlite{os.sep}", "<frozen importlib")
"""Parts of the file names of code that an interrupt must not end halfway."""


def install_interrupts() -> None:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt in the main thread, once that does no harm."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _on_signal)


def _on_signal(number: int, frame: FrameType | None) -> None:
    if not _would_tear(frame):
        raise KeyboardInterrupt
    timer = threading.Timer(_RETRY_S, _send_to_main_thread, (number,))
    timer.daemon = True
    timer.start()


def _would_tear(frame: FrameType | None) -> bool:
    while frame is not None:
        if any(part in frame.f_code.co_filename for part in _NOT_TO_BE_TORN):
            return True
        frame = frame.f_back
    return False


def _send_to_main_thread(number: int) -> None:
    identity = threading.main_thread().ident
    if identity is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(identity, number)  # wakes a main thread that waits
    else:
        _thread.interrupt_main(signal.Signals(number))
