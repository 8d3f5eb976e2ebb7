"""The doors of towers and where holes lie in their round walls."""

from __future__ import annotations

from worldgen.builder.architecture.assembly import Assembly
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import (
    DoorStyle,
    door,
    steps_before,
    tangent_frame,
)
from worldgen.builder.architecture.panels import Bend, Opening

TOWER_FLOOR_M = 0.18


def entrance(assembly: Assembly, frame: Frame, opening: Opening) -> None:
    """Add the door of a tower, framed in stone, and the steps before it."""
    door(assembly, frame, opening, DoorStyle(surround="stone_blocks", recess=0.3))
    steps_before(assembly, frame, opening, "stone_blocks")


def doorway_of(width: float = 1.05, height: float = 2.25) -> Opening:
    """The arched hole for a tower's door, about s = 0."""
    return Opening(left=-width / 2.0, right=width / 2.0, bottom=TOWER_FLOOR_M, top=TOWER_FLOOR_M + height, arch="round")


def local_hole(bend: Bend, hole: Opening) -> tuple[Frame, Opening]:
    """The tangent frame at a hole of a round wall, and the hole about that frame's middle."""
    half = hole.width / 2.0
    frame = tangent_frame(WORLD, bend, hole.middle, hole.bottom)
    return frame, Opening(left=-half, right=half, bottom=hole.bottom, top=hole.top, arch=hole.arch)
