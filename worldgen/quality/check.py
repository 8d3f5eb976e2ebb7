"""Whether a world folder is whole: every file there, unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from worldgen.errors import InvalidInputError
from worldgen.manifest import load_manifest
from worldgen.storage import path_inside, sha256_of


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a file of a world."""

    path: str
    message: str


def check_world(folder: Path) -> list[Problem]:
    """Compare every file of a world with the manifest.

    Returns:
        What is wrong, in the manifest's order; empty if nothing is.

    Raises:
        InvalidInputError: The folder is no world or its manifest is damaged.
    """
    problems = []
    for file in load_manifest(folder).files:
        try:
            path = path_inside(folder, file.path)
        except InvalidInputError as error:
            problems.append(Problem(file.path, error.message))
            continue
        if not path.is_file():
            problems.append(Problem(file.path, "the file is missing"))
        elif path.stat().st_size != file.num_bytes:
            problems.append(Problem(file.path, f"it has {path.stat().st_size} bytes instead of {file.num_bytes}"))
        elif sha256_of(path) != file.sha256:
            problems.append(Problem(file.path, "its content was changed"))
    return problems
