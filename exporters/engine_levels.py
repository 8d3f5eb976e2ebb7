"""Levels of detail of an engine package: those of the scene file, further ones by decimation, cards for trees."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from worldgen.exporters.engine_package import Asset, level_name
from worldgen.exporters.glb_meshes import ColorReader, MeshPart, read_parts
from worldgen.exporters.glb_reader import GlbFile
from worldgen.exporters.tangents import vertex_tangents
from worldgen.geometry.cards import Cards, PaintedMesh, make_cards
from worldgen.geometry.decimation import coarser_levels, decimate_mesh

_TREES = frozenset({"conifer", "broadleaf", "birch", "palm"})
_MIN_CARD_SAVING = 2.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LevelPart:
    """A part of a level as it will be written."""

    part: MeshPart
    tangents: NDArray[np.float32] | None = None
    lightmap_uvs: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LevelPlan:
    """A level to write: a mesh of the source as it is, new parts, or cards.

    ``lightmap_px`` is the side of the map that its lightmap UVs are for, 0 where it has none.
    """

    name: str
    kind: str
    num_triangles: int
    source: int | None = None
    parts: tuple[LevelPart, ...] = ()
    cards: Cards | None = None
    lightmap_px: int = 0


@dataclass(slots=True)
class LevelMaker:
    """Makes the levels of assets out of a scene file."""

    file: GlbFile
    _colors: ColorReader = field(init=False)

    def __post_init__(self) -> None:
        """Share decoded pictures between assets."""
        self._colors = ColorReader(self.file)

    def levels_of(self, asset: Asset) -> tuple[LevelPlan, ...]:
        """All levels of an asset, finest first."""
        built = [
            LevelPlan(name=level.name, kind="built", num_triangles=level.num_triangles, source=level.mesh)
            for level in asset.levels
        ]
        if asset.is_static:
            return tuple(built)
        levels = built + self._decimated(asset) if len(built) == 1 else built
        if asset.label in _TREES:
            levels += self._cards(asset, levels[-1].num_triangles, len(levels))
        return tuple(levels)

    def decimated_land(self, level: LevelPlan, max_triangles: int) -> LevelPlan:
        """Land with fewer triangles whose tiles still meet; ``level`` is one of the file's meshes."""
        if level.source is None or level.num_triangles <= max_triangles:
            return level
        share = max_triangles / level.num_triangles
        parts = [
            dataclasses.replace(
                part,
                mesh=decimate_mesh(part.mesh, max(1, round(share * part.mesh.num_triangles)), lock_border=True),
            )
            for part in read_parts(self.file, level.source)
        ]
        return _plan(level.name, "decimated", parts)

    def _decimated(self, asset: Asset) -> list[LevelPlan]:
        parts = read_parts(self.file, asset.mesh)
        made = coarser_levels([part.mesh for part in parts])
        return [
            _plan(
                level_name(asset.name, number),
                "decimated",
                [dataclasses.replace(part, mesh=mesh) for part, mesh in zip(parts, level, strict=True)],
            )
            for number, level in enumerate(made, start=1)
        ]

    def _cards(self, asset: Asset, coarsest: int, number: int) -> list[LevelPlan]:
        painted = [
            PaintedMesh(mesh=part.mesh, colors=self._colors.triangle_colors(part))
            for part in read_parts(self.file, asset.mesh)
        ]
        cards = make_cards(painted)
        count = cards.mesh.num_triangles
        if coarsest < _MIN_CARD_SAVING * count:
            return []
        return [LevelPlan(name=level_name(asset.name, number), kind="cards", num_triangles=count, cards=cards)]


def _plan(name: str, kind: str, parts: Sequence[MeshPart]) -> LevelPlan:
    kept = [part for part in parts if part.mesh.num_triangles]
    count = sum(part.mesh.num_triangles for part in kept)
    return LevelPlan(name=name, kind=kind, num_triangles=count, parts=tuple(dressed_part(part) for part in kept))


def dressed_part(part: MeshPart, *, lightmap_uvs: NDArray[np.float32] | None = None) -> LevelPart:
    """A part as it will be written, with tangents where its material has a normal map."""
    tangents = vertex_tangents(part.mesh) if part.has_normal_map and part.mesh.uvs is not None else None
    return LevelPart(part=part, tangents=tangents, lightmap_uvs=lightmap_uvs)
