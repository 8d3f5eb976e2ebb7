"""Each engine's axes and units, and our transforms turned into them.

An engine's mesh importer maps a vertex v of the file to ``u * A @ v``, with A the signed permutation of
``worldgen.frames`` and u the engine's units per metre. A thing that stands at ``T`` in the world then stands at
``(u A) T (u A)^-1`` in the engine: a proper rotation and a uniform scale even where A mirrors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.frames import Frame, axes_from, quats_from_matrices

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAxes:
    """Where an engine puts what it imports.

    ``forward`` and ``up`` are the local directions that its lights and cameras look along and hold upwards.
    """

    frame: Frame
    units_per_metre: float
    forward: tuple[float, float, float]
    up: tuple[float, float, float]

    @property
    def engine_from_world(self) -> FloatArray:
        """(3, 3) signed permutation, without the units."""
        return axes_from(self.frame, Frame.RUB)


UNITY = EngineAxes(frame=Frame.LUB, units_per_metre=1.0, forward=(0.0, 0.0, 1.0), up=(0.0, 1.0, 0.0))
UNREAL = EngineAxes(frame=Frame.RBU, units_per_metre=100.0, forward=(1.0, 0.0, 0.0), up=(0.0, 0.0, 1.0))
GODOT = EngineAxes(frame=Frame.RUB, units_per_metre=1.0, forward=(0.0, 0.0, -1.0), up=(0.0, 1.0, 0.0))
BLENDER = EngineAxes(frame=Frame.RFU, units_per_metre=1.0, forward=(0.0, 0.0, -1.0), up=(0.0, 1.0, 0.0))
ISAAC = BLENDER
WEB = GODOT


@dataclass(frozen=True, slots=True, eq=False)
class EngineTransforms:
    """Transforms in an engine: positions (N, 3) in its units, rotations (N, 4) xyzw, scales (N,)."""

    positions: FloatArray
    quats_xyzw: FloatArray
    scales: FloatArray


def split_transforms(matrices: FloatArray) -> EngineTransforms:
    """Translations, rotations and uniform scales of (N, 4, 4) transforms in one frame."""
    linear = matrices[:, :3, :3]
    scales = np.cbrt(np.linalg.det(linear))
    quats = quats_from_matrices(linear / scales[:, None, None])
    return EngineTransforms(matrices[:, :3, 3], np.roll(quats, -1, axis=1), scales)


def engine_transforms(axes: EngineAxes, world_from_things: FloatArray) -> EngineTransforms:
    """Where things that stand at (N, 4, 4) in the world stand in an engine."""
    turn = axes.engine_from_world
    matrices = np.tile(np.eye(4), (len(world_from_things), 1, 1))
    matrices[:, :3, :3] = turn @ world_from_things[:, :3, :3] @ turn.T
    matrices[:, :3, 3] = axes.units_per_metre * (world_from_things[:, :3, 3] @ turn.T)
    return split_transforms(matrices)


def engine_points(axes: EngineAxes, points_in_world: FloatArray) -> FloatArray:
    """(N, 3) points in an engine's frame and units."""
    return axes.units_per_metre * (np.asarray(points_in_world, dtype=np.float64) @ axes.engine_from_world.T)


def looking_quat_xyzw(axes: EngineAxes, forward_in_world: FloatArray, up_in_world: FloatArray) -> FloatArray:
    """(4,) rotation that lets a light or a camera of an engine look along a direction of the world.

    Args:
        axes: The engine.
        forward_in_world: (3,) direction to look along.
        up_in_world: (3,) direction that shall be up as far as it can; not parallel to the other.
    """
    turn = axes.engine_from_world
    target = _basis(turn @ np.asarray(forward_in_world), turn @ np.asarray(up_in_world))
    local = _basis(np.array(axes.forward), np.array(axes.up))
    return np.roll(quats_from_matrices((target @ local.T)[None])[0], -1)


def _basis(forward: FloatArray, up: FloatArray) -> FloatArray:
    forward = forward / np.linalg.norm(forward)
    side = np.cross(forward, up)
    side /= np.linalg.norm(side)
    return np.stack([forward, np.cross(side, forward), side], axis=1)
