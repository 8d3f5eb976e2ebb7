"""A world folder as a Python object whose layers load when they are asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.manifest import Manifest, load_manifest
from worldgen.registry import find_format, load_reader
from worldgen.scene.gaussian_cloud import GaussianCloud
from worldgen.scene.navmesh import Navigation
from worldgen.scene.point_cloud import PointCloud
from worldgen.scene.textured_mesh import TexturedMesh
from worldgen.spec.model import WorldSpec
from worldgen.storage import path_inside


class World:
    """A generated world; make one with :func:`worldgen.generate` or open a folder with :meth:`load`.

    Args:
        path: The world folder.
        manifest: Its manifest.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        """Hold the folder and its manifest; layers are read on first use."""
        self.path = path
        self.manifest = manifest

    @classmethod
    def load(cls, path: Path | str) -> World:
        """Open a world folder.

        Raises:
            InvalidInputError: The folder is no world.
        """
        folder = Path(path)
        return cls(folder, load_manifest(folder))

    def __repr__(self) -> str:
        """The folder and what it was made from."""
        return f"World({str(self.path)!r}, prompt={self.manifest.source.prompt!r}, seed={self.manifest.seed})"

    @cached_property
    def spec(self) -> WorldSpec:
        """What the prompt was understood as."""
        from worldgen.spec.files import load_spec

        return load_spec(self.path / "spec.yaml")

    @cached_property
    def panorama(self) -> NDArray[np.uint8]:
        """(H, 2H, 3) uint8 sRGB, seen from the spawn."""
        from PIL import Image

        with Image.open(self._file("panorama")) as image:
            return np.asarray(image.convert("RGB"))

    @cached_property
    def radiance(self) -> NDArray[np.float32]:
        """(H, 2H, 3) float32 linear radiance, seen from the spawn."""
        return self._read("radiance")

    @cached_property
    def euclidean_depth(self) -> NDArray[np.float32]:
        """(H, 2H) float32 metres along each pixel's ray, infinite for the sky."""
        return self._read("euclidean_depth")

    @cached_property
    def points(self) -> PointCloud:
        """The fused point cloud."""
        return self._read("points")

    @cached_property
    def navigation(self) -> Navigation:
        """The navmesh, spawn points and points of interest."""
        # Not by the registry: a reader of ``.glb`` there would stand in the way of splats in ``.glb``.
        from worldgen.exporters.navmesh_reader import read_navmesh_glb

        return read_navmesh_glb(self._file("navmesh"))

    @cached_property
    def splats(self) -> GaussianCloud:
        """The Gaussian splats."""
        return self._read("splats", "gaussian_ply")

    @cached_property
    def sheets(self) -> tuple[TexturedMesh, ...]:
        """The meshes of a world made from a picture; a built world has a scene instead."""
        from worldgen.exporters.sheets_reader import read_sheets_glb  # not by the registry, as for the navmesh

        return read_sheets_glb(self._file("scene", "sheets_glb"))

    def _file(self, role: str, format_id: str | None = None) -> Path:
        for file in self.manifest.files:
            if file.role == role and format_id in (None, file.format):
                return path_inside(self.path, file.path)
        raise InvalidInputError(f"This world holds no {role}.", path=self.path)

    def _read(self, role: str, format_id: str | None = None) -> Any:
        for file in self.manifest.files:
            if file.role == role and format_id in (None, file.format):
                return load_reader(find_format(file.format))(path_inside(self.path, file.path))
        raise InvalidInputError(f"This world holds no {role}.", path=self.path)
