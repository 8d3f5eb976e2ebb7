"""Invisible walls around the region in which a picture holds, as boxes that physics can take."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.frames import rigid, yaw_rotation
from worldgen.geometry.collision import Collision, CollisionNode, CollisionPart
from worldgen.geometry.ground_field import GroundField
from worldgen.geometry.water_volumes import WaterBox, box_mesh
from worldgen.scene.walk_range import WalkRange

WALL_HEIGHT_M = 4.0
WALL_THICKNESS_M = 0.4

_FOOT_M = 1.0
_OVERLAP_M = 0.05
_LOOKS_PER_WALL = 9


def add_walls(collision: Collision, walk_range: WalkRange, field: GroundField) -> Collision:
    """The collision with a wall along each side of the range: boxes of kind "blocking" whose inner faces are the sides.

    Each box is centred on its node's origin, with its length along the node's x axis.
    """
    corners = walk_range.corners
    parts, nodes = list(collision.parts), list(collision.nodes)
    for number, (start, end) in enumerate(zip(corners, np.roll(corners, -1, axis=0), strict=True)):
        size, place = _wall(start, end, field)
        name = f"COL_range_{number:02d}"
        half = 0.5 * size
        box = WaterBox(minimum=(-half[0], -half[1], -half[2]), maximum=(half[0], half[1], half[2]))
        nodes.append(
            CollisionNode(
                name=name,
                part=len(parts),
                world_from_part=place,
                object_id="",
                spec_id="seen",
                label="thing",
            )
        )
        parts.append(CollisionPart(name=name, kind="blocking", mesh=box_mesh(box), surface="glass"))
    return Collision(parts=tuple(parts), nodes=tuple(nodes), warnings=collision.warnings)


def _wall(
    start: NDArray[np.float64], end: NDArray[np.float64], field: GroundField
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Size (3,) and ``world_from_part`` (4, 4) of the box outside a side from one corner to the next."""
    along = end - start
    length = float(np.hypot(*along))
    along = along / length
    # Corners go clockwise as seen from above, from -Z towards +X: outside lies to the left of the way.
    outward = np.array([along[1], -along[0]])
    middle = 0.5 * (start + end) + 0.5 * WALL_THICKNESS_M * outward
    share = np.linspace(0.0, 1.0, _LOOKS_PER_WALL)[:, None]
    line = start * (1.0 - share) + end * share
    heights = field.at(line[:, 0], line[:, 1])
    low, high = float(heights.min()) - _FOOT_M, float(heights.max()) + WALL_HEIGHT_M
    size = np.array([length + 2.0 * _OVERLAP_M, high - low, WALL_THICKNESS_M])
    turn = yaw_rotation(math.atan2(-along[1], along[0]))
    return size, rigid(turn, np.array([middle[0], 0.5 * (low + high), middle[1]]))
