"""Packing of plant parts into prototypes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from worldgen.builder.family import AssetRequest
from worldgen.builder.materials.library import tile_m
from worldgen.builder.modelling.mesh_builder import MeshBuilder, transform_mesh
from worldgen.scene.scene import Capsule, Collider, ConvexHull, Part, Prototype


class LodBuilder:
    """The parts of one level of detail: one mesh builder per material, made when it is first asked for."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._builders: dict[str, MeshBuilder] = {}

    def __getitem__(self, material: str) -> MeshBuilder:
        """The builder of the part with this material."""
        return self._builders.setdefault(material, MeshBuilder())

    def parts(self, scale: float) -> tuple[Part, ...]:
        """The finished parts, scaled about the origin."""
        matrix = np.diag((scale, scale, scale, 1.0))
        built = []
        for material, builder in self._builders.items():
            if not builder.is_empty:
                mesh = builder.build()
                built.append(Part(mesh=mesh if scale == 1.0 else transform_mesh(mesh, matrix), material=material))
        return tuple(built)


def bark_tile_m(material: str, request: AssetRequest) -> float:
    """Metres per texture tile before the request's size is applied, so that bark is not magnified with the tree."""
    return tile_m(material) / request.size


def make_prototype(
    request: AssetRequest,
    label: str,
    lods: Sequence[LodBuilder],
    *,
    footprint_m: float,
    colliders: Sequence[Collider] = (),
) -> Prototype:
    """A prototype of everything built at the usual size, scaled to the requested size."""
    scale = request.size
    return Prototype(
        name=request.name,
        label=label,
        lods=tuple(lod.parts(scale) for lod in lods),
        footprint_m=footprint_m * scale,
        colliders=tuple(_scaled(collider, scale) for collider in colliders),
    )


def _scaled(collider: Collider, scale: float) -> Collider:
    if isinstance(collider, Capsule):
        x, y, z = collider.base
        return Capsule(
            base=(x * scale, y * scale, z * scale),
            height=collider.height * scale,
            radius=collider.radius * scale,
            surface=collider.surface,
        )
    return ConvexHull(points=(collider.points * np.float32(scale)).astype(np.float32), surface=collider.surface)
