"""An interrupt waits until code that must not be torn is through, and comes at once elsewhere."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """
import os, signal, sys, threading, time
from worldgen.cli.interrupts import install_interrupts
install_interrupts()
lock = threading.Lock()
source = '''
def work(number):
    lock.acquire()
    os.kill(os.getpid(), number)
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        pass
    lock.release()
    print("through", flush=True)
'''
exec(compile(source, sys.argv[1], "exec"))
started = time.monotonic()
try:
    work(int(sys.argv[2]))
    time.sleep(30.0)
except KeyboardInterrupt:
    print("interrupted", lock.locked(), time.monotonic() - started < 5.0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends itself POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("/lib/site-packages/numba/core/dispatcher.py", ["through", "interrupted False True"]),
        ("/lib/site-packages/llvmlite/binding/ffi.py", ["through", "interrupted False True"]),
        ("<frozen importlib._bootstrap>", ["through", "interrupted False True"]),
        ("/lib/site-packages/worldgen/stages/render.py", ["interrupted True True"]),
    ],
)
def test_interrupts_wait_where_they_would_tear(place: str, told: list[str], number: signal.Signals) -> None:
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), place, str(int(number))],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert result.stdout.splitlines() == told, result.stderr
