"""A refinement on disk, so that one that was killed goes on where it last looked at its validation views."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.rendering.splat_densification import SplatTally
from worldgen.rendering.splat_optimizer import SplatState, state_of
from worldgen.scene.camera import Camera
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.settings import RefinementLimit
from worldgen.storage import atomic_file

_CLOUD = ("means", "quats_wxyz", "scales", "opacities", "sh_dc", "sh_rest")
_HOME = ("means", "quats", "scales")
_ADAM = ("first", "second", "steps")
_TALLY = ("pull", "looks")


class _Picture(Protocol):
    """What this file reads of the pictures."""

    @property
    def camera(self) -> Camera:
        """Where from."""

    @property
    def rgb(self) -> NDArray[np.float32]:
        """(H, W, 3)."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SavedRefinement:
    """All that a refinement needs to go on.

    scores   steps taken and PSNR in decibels at every look so far
    seconds  wall time so far
    """

    state: SplatState
    tally: SplatTally
    best: GaussianCloud
    scores: tuple[tuple[int, float], ...]
    seconds: float


def fingerprint_of(
    cloud: GaussianCloud, views: Sequence[_Picture], limit: RefinementLimit, budget: int, seed: int
) -> str:
    """SHA-256 of everything that decides how a refinement goes."""
    digest = hashlib.sha256(f"refinement 2 {limit.steps} {limit.seconds} {budget} {seed}".encode())
    for name in _CLOUD:
        digest.update(np.ascontiguousarray(getattr(cloud, name)).tobytes())
    for view in views:
        for array in (view.camera.world_from_camera, view.camera.intrinsics_px, view.rgb):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save_refinement(path: Path, fingerprint: str, saved: SavedRefinement) -> None:
    """Write a refinement to a file that appears at once.

    Raises:
        ExportError: The file cannot be written.
    """
    arrays: dict[str, NDArray[np.generic]] = {}
    arrays |= {f"live_{name}": array for name, array in zip(_CLOUD, saved.state.live, strict=True)}
    arrays |= {f"home_{name}": array for name, array in zip(_HOME, saved.state.home, strict=True)}
    arrays |= {f"adam_{name}": array for name, array in zip(_ADAM, saved.state.adam, strict=True)}
    arrays |= {f"best_{name}": getattr(saved.best, name) for name in _CLOUD}
    arrays |= {f"tally_{name}": getattr(saved.tally, name) for name in _TALLY}
    with atomic_file(path) as file:
        np.savez(
            file,
            allow_pickle=False,
            fingerprint=np.array(fingerprint),
            scores=np.array(saved.scores, dtype=np.float64),
            seconds=np.array(saved.seconds),
            **arrays,
        )


def load_refinement(path: Path, fingerprint: str) -> SavedRefinement | None:
    """Read a refinement; None where there is none, where it is damaged, or where it is another one's."""
    if not path.is_file():
        return None
    try:
        # numpy leaves a damaged file open when it opens it itself.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            if str(file["fingerprint"]) != fingerprint:
                return None
            live = tuple(file[f"live_{name}"] for name in _CLOUD)
            home = tuple(file[f"home_{name}"] for name in _HOME)
            adam = tuple(file[f"adam_{name}"] for name in _ADAM)
            return SavedRefinement(
                state=state_of(live, home=home, adam=adam),
                tally=SplatTally(**{name: file[f"tally_{name}"] for name in _TALLY}),
                best=GaussianCloud(**{name: file[f"best_{name}"] for name in _CLOUD}),
                scores=tuple((int(step), float(psnr)) for step, psnr in file["scores"]),
                seconds=float(file["seconds"]),
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, InvalidInputError):
        return None
