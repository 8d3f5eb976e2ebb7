"""Files that an engine package takes as they are: import scripts, read-me texts, the sky, splats."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from worldgen.exporters.engine_package import WorldPackage
from worldgen.exporters.gaussian_ply import write_gaussian_ply
from worldgen.frames import Frame
from worldgen.storage import read_limited, write_bytes

_MAX_COPIED_BYTES = 2 << 30
_FOLDER = "engine_scripts"


def script_text(name: str) -> str:
    """The text of a script or read-me that comes with worldgen."""
    return (resources.files("worldgen.exporters") / _FOLDER / name).read_text(encoding="utf-8")


def write_script(name: str, path: Path) -> None:
    """Write an import script as it is: what differs between worlds stands in the layout."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, script_text(name).encode())


def write_readme(package: WorldPackage, name: str, path: Path, values: Mapping[str, str]) -> None:
    """Write a read-me; ``{words}`` in it are replaced by values."""
    text = script_text(name)
    spawn = package.spawn
    known = {
        "world": package.name,
        "prompt": package.prompt or "a panorama",
        "instances": str(len(package.placements)),
        "assets": str(len(package.assets)),
        "eye": f"{spawn.eye_height_m:g}",
        **values,
    }
    for key, value in known.items():
        text = text.replace("{" + key + "}", value)
    write_bytes(path, text.encode())


def copy_file(source: Path | None, folder: Path, name: str) -> str:
    """Copy a file of the world to ``folder / name``; returns ``name``, or "" where there is no file."""
    if source is None:
        return ""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, read_limited(source, _MAX_COPIED_BYTES))
    return name


def write_splats(package: WorldPackage, folder: Path, name: str, frame: Frame) -> str:
    """Write the splats as a strict Gaussian PLY in a frame, harmonics and all; "" where the world has none."""
    if package.splats is None:
        return ""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_gaussian_ply(package.splats, path, frame=frame)
    return name
