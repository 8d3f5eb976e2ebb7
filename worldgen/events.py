"""What a run tells its surroundings, and the context that is handed to every stage.

Stages never print. They send frozen events to a reporter; the command line draws a progress bar from them,
``batch`` writes them as JSON lines and tests collect them in a list.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from worldgen import randomness
from worldgen.settings import TIERS, QualityTier


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins."""

    stage: str


@dataclass(frozen=True, slots=True)
class StageProgress:
    """A stage is partly done; ``fraction`` runs from 0 to 1."""

    stage: str
    fraction: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage is done, with its cost."""

    stage: str
    wall_s: float
    cpu_s: float
    peak_memory_mb: float


@dataclass(frozen=True, slots=True)
class ArtifactWritten:
    """A file of the world was written."""

    path: Path
    role: str
    num_bytes: int


@dataclass(frozen=True, slots=True)
class WarningRaised:
    """Something the user should know although nothing is lost."""

    message: str


Event = StageStarted | StageProgress | StageFinished | ArtifactWritten | WarningRaised
Reporter = Callable[[Event], None]
Progress = Callable[[float, str], None]
"""Called with the fraction done, 0 to 1, and what is being made."""


def ignore_events(event: Event) -> None:
    """The null reporter."""


def ignore_progress(fraction: float, message: str) -> None:
    """For callers that need no progress."""


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far in MiB; 0 where the system does not tell (Windows)."""
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024.0**2 if sys.platform == "darwin" else peak / 1024.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a run is given from outside: the seed, the tier and where events go."""

    seed: int = 0
    tier: QualityTier = field(default_factory=lambda: TIERS["standard"])
    report: Reporter = ignore_events
    finished: list[StageFinished] = field(default_factory=list)
    """Costs of the stages so far, for ``timings.json``."""

    def rng(self, name: str) -> np.random.Generator:
        """An independent generator for the stream ``name``."""
        return randomness.rng(self.seed, name)

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """Time a stage and report its start and end; yields a function that reports progress."""
        self.report(StageStarted(name))
        wall, cpu = time.perf_counter(), time.process_time()

        def progress(fraction: float, message: str = "") -> None:
            self.report(StageProgress(name, fraction, message))

        yield progress
        done = StageFinished(name, time.perf_counter() - wall, time.process_time() - cpu, peak_memory_mb())
        self.finished.append(done)
        self.report(done)
