"""Collects the pieces of a structure in three levels of detail and packs them into a prototype."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldgen.builder.architecture.frame import Frame, Points
from worldgen.builder.materials.table import MATERIALS
from worldgen.builder.modelling.mesh_builder import MeshBuilder
from worldgen.scene.material import LinearColor, SurfaceTag
from worldgen.scene.scene import Collider, ConvexHull, Part, Prototype

Lods = tuple[int, ...]
"""The levels of detail that a piece is part of; 0 is the finest."""

FINE: Final[Lods] = (0,)
NEAR: Final[Lods] = (0, 1)
ALL: Final[Lods] = (0, 1, 2)
MIDDLE: Final[Lods] = (1,)
COARSE: Final[Lods] = (1, 2)
FAR: Final[Lods] = (2,)

WHITE: Final[LinearColor] = (1.0, 1.0, 1.0)

GRAIN_ALONG_V: Final = frozenset({"wood_beam", "door_wood", "thatch", "wood_shingles"})
"""Textures whose grain runs along v; that of all others runs along u."""

WOOD: Final = frozenset(name for name, entry in MATERIALS.items() if entry.surface == "wood")

# Faces of a box: letter, outward, four corners as (s, y, d) picks of low 0 or high 1, axes of u and v with signs.
_FACES: Final = {
    "F": (((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)), (0, 1.0), (1, 1.0)),
    "B": (((1, 0, 0), (0, 0, 0), (0, 1, 0), (1, 1, 0)), (0, -1.0), (1, 1.0)),
    "R": (((1, 0, 1), (1, 0, 0), (1, 1, 0), (1, 1, 1)), (2, -1.0), (1, 1.0)),
    "L": (((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0)), (2, 1.0), (1, 1.0)),
    "U": (((0, 1, 1), (1, 1, 1), (1, 1, 0), (0, 1, 0)), (0, 1.0), (2, -1.0)),
    "D": (((0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)), (0, 1.0), (2, 1.0)),
}

_BoxKey = tuple[Lods, str, str, int]
_QuadKey = tuple[Lods, str]
_Chunk = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.float64]]


def surface_of(material: str) -> SurfaceTag:
    """What a player hears and leaves marks on when touching a material."""
    return MATERIALS[material].surface


class Assembly:
    """The pieces of one structure, in the prototype's frame.

    Pieces are quads with UVs in metres; they are scaled to the material's tile and packed by ``finish``.
    Materials without textures take colours instead.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        """Start with nothing; ``rng`` is the stream that every part of the grammar draws from."""
        self.rng = rng
        self.colliders: list[Collider] = []
        self._boxes: dict[_BoxKey, list[tuple[float, ...]]] = {}
        self._chunks: dict[_QuadKey, list[_Chunk]] = {}
        self._num_boxes = 0

    def quads(
        self,
        corners: NDArray[np.float64],
        uvs_m: NDArray[np.float64] | None,
        material: str,
        *,
        lods: Lods = ALL,
        color: ArrayLike = WHITE,
        normals: NDArray[np.float64] | None = None,
    ) -> None:
        """Add quads.

        Args:
            corners: (N, 4, 3) metres, counter-clockwise; a repeated last corner makes a triangle.
            uvs_m: (N, 4, 2) metres along the texture's u and v, or None for an untextured material.
            material: Name in the material table.
            lods: Levels of detail that show them.
            color: Linear, broadcast to (N, 4, 3); used where the material has no texture.
            normals: (N, 4, 3), or None for flat ones.
        """
        if not len(corners):
            return
        shape = corners.shape
        if uvs_m is None:
            uvs_m = np.zeros((shape[0], 4, 2))
        if normals is not None:
            normals = np.broadcast_to(normals, shape)
        colors = np.broadcast_to(np.asarray(color, dtype=np.float64), shape)
        self._chunks.setdefault((lods, material), []).append((corners, uvs_m, normals, colors))

    def box(
        self,
        frame: Frame,
        low: Sequence[float],
        high: Sequence[float],
        material: str,
        *,
        grain: int | None = None,
        lods: Lods = ALL,
        color: LinearColor = WHITE,
        skip: str = "",
    ) -> None:
        """Add a box between two corners (s, y, d) of a frame.

        Args:
            frame: The frame of the corners.
            low: Corner with the least coordinates.
            high: Corner with the greatest coordinates.
            material: Name in the material table.
            grain: Axis (0 s, 1 y, 2 d) that wood grain follows, None for the longest.
            lods: Levels of detail that show it.
            color: Linear; used where the material has no texture.
            skip: Letters of hidden faces: F front, B back, R right, L left, U up, D down.
        """
        sizes = (high[0] - low[0], high[1] - low[1], high[2] - low[2])
        if grain is None:
            grain = sizes.index(max(sizes))
        self._num_boxes += 1
        if material in WOOD:
            # A low-discrepancy walk over the texture, so that no two boards look the same.
            offset = (self._num_boxes * 0.618033988 % 1.0 * 7.0, self._num_boxes * 0.754877666 % 1.0 * 7.0)
        else:
            offset = (0.0, float(frame.origin[1]))
        row = (*frame.origin, *frame.axes.ravel(), *low, *high, *offset, *color)
        self._boxes.setdefault((lods, material, skip, grain), []).append(row)

    def hull(self, points: ArrayLike, surface: SurfaceTag) -> None:
        """Add the convex hull of points (N, 3) as a collider."""
        self.colliders.append(ConvexHull(points=np.asarray(points, dtype=np.float32).reshape(-1, 3), surface=surface))

    def hull_box(self, frame: Frame, low: Sequence[float], high: Sequence[float], surface: SurfaceTag) -> None:
        """Add a box between two corners (s, y, d) of a frame as a collider."""
        picks = np.array([[(i >> 2) & 1, (i >> 1) & 1, i & 1] for i in range(8)], dtype=np.float64)
        local = np.asarray(low) + picks * (np.asarray(high) - np.asarray(low))
        self.hull(frame.points(local), surface)

    def solid_box(
        self,
        frame: Frame,
        low: Sequence[float],
        high: Sequence[float],
        material: str,
        *,
        grain: int | None = None,
        lods: Lods = ALL,
        color: LinearColor = WHITE,
        skip: str = "",
    ) -> None:
        """Add a box that is also a collider; arguments as for ``box``."""
        self.box(frame, low, high, material, grain=grain, lods=lods, color=color, skip=skip)
        self.hull_box(frame, low, high, surface_of(material))

    def finish(self, name: str, label: str, *, footprint_m: float | None = None) -> Prototype:
        """Pack everything into a prototype.

        Args:
            name: Name of the prototype.
            label: Its label.
            footprint_m: Radius on the ground, None for that of the finest level's parts below 2.5 m.
        """
        self._expand_boxes()
        lods = tuple(self._parts(lod) for lod in ALL)
        if footprint_m is None:
            low = np.concatenate([part.mesh.vertices for part in lods[0]])
            low = low[low[:, 1] < max(2.5, float(low[:, 1].min()) + 0.5)]
            footprint_m = float(np.hypot(low[:, 0], low[:, 2]).max())
        return Prototype(name=name, label=label, lods=lods, footprint_m=footprint_m, colliders=tuple(self.colliders))

    def _parts(self, lod: int) -> tuple[Part, ...]:
        by_material: dict[str, list[_Chunk]] = {}
        for (lods, material), chunks in self._chunks.items():
            if lod in lods:
                by_material.setdefault(material, []).extend(chunks)
        parts = []
        for material in sorted(by_material):
            entry = MATERIALS[material]
            builder = MeshBuilder()
            with_normals = [chunk for chunk in by_material[material] if chunk[2] is not None]
            flat = [chunk for chunk in by_material[material] if chunk[2] is None]
            for group in (with_normals, flat):
                if not group:
                    continue
                builder.add_quads(
                    np.concatenate([chunk[0] for chunk in group]),
                    uvs=np.concatenate([chunk[1] for chunk in group]) / entry.tile_m if entry.textured else None,
                    colors=None if entry.textured else np.concatenate([chunk[3] for chunk in group]),
                    normals=None if group is flat else np.concatenate([_present(chunk[2]) for chunk in group]),
                )
            parts.append(Part(mesh=builder.build(), material=material))
        return tuple(parts)

    def _expand_boxes(self) -> None:
        for (lods, material, skip, grain), rows in self._boxes.items():
            table = np.array(rows)
            origins, axes = table[:, 0:3], table[:, 3:12].reshape(-1, 3, 3)
            bounds = np.stack((table[:, 12:15], table[:, 15:18]), axis=1)
            offsets, colors = table[:, 18:20], table[:, 20:23]
            corner_sets, uv_sets = [], []
            for letter, (picks, (u_axis, u_sign), (v_axis, v_sign)) in _FACES.items():
                if letter in skip:
                    continue
                local = np.stack(
                    [np.stack([bounds[:, pick[axis], axis] for axis in range(3)], axis=1) for pick in picks], axis=1
                )
                u, v = local[:, :, u_axis] * u_sign, local[:, :, v_axis] * v_sign
                along_v = material in GRAIN_ALONG_V
                if material in WOOD and ((grain == v_axis and not along_v) or (grain == u_axis and along_v)):
                    u, v = v, u
                corner_sets.append(np.einsum("nki,nij->nkj", local, axes) + origins[:, None])
                uv_sets.append(np.stack((u, v), axis=-1) + offsets[:, None])
            if corner_sets:
                color = np.tile(colors[:, None], (len(corner_sets), 1, 1))
                self.quads(np.concatenate(corner_sets), np.concatenate(uv_sets), material, lods=lods, color=color)
        self._boxes.clear()


def _present(normals: Points | None) -> Points:
    if normals is None:
        raise AssertionError("this chunk was chosen for its normals")
    return normals
