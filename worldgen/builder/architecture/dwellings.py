"""Blocks of buildings: walls with laid-out openings under a gabled or hipped roof, in any of several ways to build."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FAR, NEAR, Assembly
from worldgen.builder.architecture.frame import Frame
from worldgen.builder.architecture.joinery import DoorStyle, WindowStyle, door, steps_before, window
from worldgen.builder.architecture.panels import Line, Opening, level, panel
from worldgen.builder.architecture.roof_styles import RoofStyle
from worldgen.builder.architecture.roofs import (
    Profile,
    gable_profile,
    gambrel_profile,
    hip_roof,
    ridge_roof,
    under_line,
)
from worldgen.builder.architecture.stonework import plinth, quoins
from worldgen.builder.architecture.timber import casing, log_wall, timber_frame

RoofShape = Literal["gable", "gambrel", "hip"]
Filling = Literal["window", "door", "open"]
Side = Literal["front", "right", "back", "left"]
SIDES: tuple[Side, ...] = ("front", "right", "back", "left")


@dataclass(frozen=True, slots=True, kw_only=True)
class WallStyle:
    """How a building's walls are made."""

    material: str = "stone_wall"
    upper: str | None = None
    """Material above the ground floor, None for the same."""
    gable: str | None = None
    """Material of the gables above the eaves, None for that of the wall below."""
    framed: Literal["none", "upper", "all"] = "none"
    """Which storeys show a timber frame."""
    logs: float = 0.0
    """Radius of stacked logs, 0 for none."""
    corners: str | None = None
    """Material of corner stones or corner boards, None for none."""
    plinth: str = "stone_wall"
    boards_upright: bool = False
    jetty: float = 0.0
    """How far the upper storey stands out on all sides."""
    thickness: float = 0.35


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """One rectangular body of a building; its frame stands on the ground at its middle, s along the ridge."""

    frame: Frame
    length: float
    width: float
    floor: float
    """Height of the ground floor, the door's sill."""
    storeys: tuple[float, ...]
    """Height of each storey."""
    pitch: float
    roof: RoofShape = "gable"
    overhang: float = 0.5
    verge: float = 0.4
    """How far the roof reaches beyond the gables."""
    verge_right: float | None = None
    """The same for the right gable alone, where it shelters a porch."""
    open_sides: tuple[Side, ...] = SIDES
    """Sides that stand free; a wing has no wall where it joins."""
    back_reach: float | None = None
    """How far the roof and side walls of a wing reach to -s, into the main block."""

    @property
    def eave_y(self) -> float:
        """Height of the wall tops."""
        return self.floor + sum(self.storeys)

    def wall(self, side: Side, out: float = 0.0) -> tuple[Frame, float]:
        """Frame and length of a wall, moved outwards (and made longer) by ``out``."""
        turn = SIDES.index(side)
        along = side in ("front", "back")
        length, distance = (self.length, self.width) if along else (self.width, self.length)
        return self.frame.yawed(turn * math.pi / 2.0).moved(d=distance / 2.0 + out), length + 2.0 * out


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """An opening in a wall and what fills it."""

    opening: Opening
    filling: Filling = "window"


Facades = dict[Side, list[Fitting]]


def bay_middles(length: float, *, module: float = 2.7, margin: float = 0.7) -> list[float]:
    """Middles of a wall's bays, about s = 0."""
    usable = length - 2.0 * margin
    count = max(1, round(usable / module))
    return [-usable / 2.0 + usable * (index + 0.5) / count for index in range(count)]


def lay_facades(
    block: Block,
    rng: np.random.Generator,
    *,
    door_side: Side | None,
    door_size: tuple[float, float] = (1.0, 2.05),
    window_size: tuple[float, float] = (0.95, 1.2),
    sill: float = 0.9,
    door_bay: int | None = None,
    blocked: dict[Side, tuple[float, float]] | None = None,
    attic: bool = True,
    module: float = 2.7,
    arch: Literal["flat", "segmental", "round", "pointed"] = "flat",
    door_arch: Literal["flat", "segmental", "round", "pointed"] = "flat",
) -> Facades:
    """Lay windows into every bay of every storey and a door into one bay of the ground floor.

    Args:
        block: The body.
        rng: Decides which bays stay blank and where the door is.
        door_side: Wall with the door, None for none.
        door_size: Width and height of the door.
        window_size: Width and height of the windows.
        sill: Height of the window sills above each floor.
        door_bay: Which bay holds the door, None for a random one.
        blocked: Stretches of walls that a wing covers.
        attic: Whether the gables have a small window.
        module: Width of a bay.
        arch: Heads of the windows.
        door_arch: Head of the door.
    """
    facades: Facades = {}
    wide, tall = window_size
    for side in block.open_sides:
        _, length = block.wall(side)
        middles = bay_middles(length, module=module)
        chosen = int(rng.integers(len(middles))) if door_bay is None else min(door_bay, len(middles) - 1)
        fittings: list[Fitting] = []
        floor = block.floor
        covered = (blocked or {}).get(side)
        for storey, height in enumerate(block.storeys):
            for bay, middle in enumerate(middles):
                is_door = storey == 0 and side == door_side and bay == chosen
                size = door_size if is_door else (wide, min(tall, height - sill - 0.25))
                skip = side in ("left", "right") and len(middles) > 1 and float(rng.random()) < 0.3
                reach = size[0] / 2.0 + (0.35 if is_door else 0.5)
                if covered and covered[0] - reach < middle < covered[1] + reach:
                    continue
                if is_door:
                    opening = _about(middle, floor, size, door_arch)
                    fittings.append(Fitting(opening=opening, filling="door"))
                elif not skip:
                    fittings.append(Fitting(opening=_about(middle, floor + sill, size, arch)))
            floor += height
        rise = block.width / 2.0 * math.tan(block.pitch)
        if attic and block.roof != "hip" and side in ("left", "right") and rise > 1.9:
            size = (min(0.8, wide), min(1.0, rise * 0.42))
            fittings.append(Fitting(opening=_about(0.0, block.eave_y + 0.35, size, arch)))
        facades[side] = fittings
    return facades


def _about(
    middle: float, bottom: float, size: tuple[float, float], arch: Literal["flat", "segmental", "round", "pointed"]
) -> Opening:
    return Opening(
        left=middle - size[0] / 2.0, right=middle + size[0] / 2.0, bottom=bottom, top=bottom + size[1], arch=arch
    )


def roof_profile(block: Block, style: RoofStyle, jetty: float = 0.0) -> tuple[Profile, float]:
    """The top profile of a block's gabled or gambrel roof and the height of its ridge."""
    half = block.width / 2.0 + jetty
    if block.roof == "gambrel":
        return gambrel_profile(half, block.eave_y, math.tan(block.pitch) * half, block.overhang, style)
    return gable_profile(half, block.eave_y, block.pitch, block.overhang, style)


def build_block(
    assembly: Assembly,
    block: Block,
    facades: Facades,
    *,
    walls: WallStyle,
    roof: RoofStyle,
    glazing: WindowStyle,
    entrance: DoorStyle,
    snow: float = 0.0,
) -> float:
    """Build one body with plinth, walls, joinery, roof and colliders; returns the ridge's height."""
    jetty = walls.jetty if len(block.storeys) > 1 else 0.0
    plinth(assembly, block.frame, (block.length, block.width), block.floor, walls.plinth)
    half = (block.length / 2.0, block.width / 2.0)
    low_s = -half[0] if block.back_reach is None else -block.back_reach
    solid_low, solid_high = (low_s, block.floor, -half[1]), (half[0], block.eave_y, half[1])
    assembly.hull_box(block.frame, solid_low, solid_high, "wood" if walls.logs else "stone")
    profile, ridge = roof_profile(block, roof, jetty)
    for side in block.open_sides:
        _wall(
            assembly,
            block,
            side,
            facades.get(side, []),
            walls=walls,
            roof=roof,
            profile=profile,
            glazing=glazing,
            entrance=entrance,
        )
    if walls.corners and not walls.logs:
        top = block.floor + block.storeys[0] if jetty else block.eave_y
        quoins(assembly, block.frame, (block.length, block.width), (block.floor, top), walls.corners)
    if jetty:
        _jetty(assembly, block, jetty)
    if block.roof == "hip":
        ridge = hip_roof(
            assembly,
            block.frame,
            half[0] + jetty,
            half[1] + jetty,
            block.eave_y,
            pitch=block.pitch,
            overhang=block.overhang,
            style=roof,
            snow=snow,
        )
    else:
        reach = half[0] + jetty + (block.verge if block.verge_right is None else block.verge_right)
        back = half[0] + jetty + block.verge if block.back_reach is None else block.back_reach
        ends = "LR" if block.back_reach is None else "R"
        ridge_roof(assembly, block.frame, profile, reach, roof, snow=snow, open_ends=ends, back_length=back)
        gable = [(half[0] + jetty, y, d) for d, y in under_line(profile, half[1] + jetty, roof)]
        gable += [(low_s - (jetty if block.back_reach is None else 0.0), y, d) for _, y, d in gable]
        assembly.hull(block.frame.points(gable), "wood")
    return ridge


def _wall(
    assembly: Assembly,
    block: Block,
    side: Side,
    fittings: Sequence[Fitting],
    *,
    walls: WallStyle,
    roof: RoofStyle,
    profile: Profile,
    glazing: WindowStyle,
    entrance: DoorStyle,
) -> None:
    jetty = walls.jetty if len(block.storeys) > 1 else 0.0
    is_gable = side in ("left", "right") and block.roof != "hip"
    split = block.floor + block.storeys[0]
    parts: list[tuple[float, float, float, str, bool]] = []
    upper = walls.upper or walls.material
    if len(block.storeys) > 1 and (jetty or upper != walls.material or walls.framed == "upper"):
        parts.append((block.floor, split, 0.0, walls.material, walls.framed == "all"))
        parts.append((split, block.eave_y, jetty, upper, walls.framed != "none"))
    else:
        parts.append((block.floor, block.eave_y, jetty, walls.material, walls.framed == "all"))
    for bottom, top, out, material, framed in parts:
        frame, length = block.wall(side, out)
        frame, length = _trimmed(block, side, frame, length)
        is_top = top == block.eave_y
        outline: Line = level(length, top + (0.03 if is_top else 0.0))
        if is_gable and is_top:
            outline = under_line(profile, length / 2.0, roof)
        elif is_top:
            outline = level(length, top + 0.05)
        own = [item for item in fittings if bottom <= item.opening.bottom < (1e9 if is_top else top)]
        holes = [item.opening for item in own]
        if walls.logs:
            log_wall(
                assembly, frame, outline, holes, bottom=bottom, radius=walls.logs, is_raised=side in ("left", "right")
            )
        elif is_gable and is_top and walls.gable and walls.gable != material:
            below = [opening for opening in holes if opening.bottom < top]
            above = [opening for opening in holes if opening.bottom >= top]
            _plain(assembly, frame, level(length, top), below, material=material, bottom=bottom, walls=walls)
            _plain(assembly, frame.moved(d=0.02), outline, above, material=walls.gable, bottom=top, walls=walls)
        else:
            _plain(assembly, frame, outline, holes, material=material, bottom=bottom, walls=walls)
        if framed:
            timber_frame(assembly, frame, outline, holes, bottom=bottom, plate=top - 0.02)
        for item in own:
            _fill(assembly, frame, item, walls=walls, glazing=glazing, entrance=entrance, block=block)


def _trimmed(block: Block, side: Side, frame: Frame, length: float) -> tuple[Frame, float]:
    """A wing's side walls run on into the main block, so that no gap opens where they meet."""
    if block.back_reach is None or side not in ("front", "back"):
        return frame, length
    extra = block.back_reach - block.length / 2.0
    shift = -extra / 2.0 if side == "front" else extra / 2.0
    return frame.moved(s=shift), length + extra


def _plain(
    assembly: Assembly,
    frame: Frame,
    outline: Line,
    openings: Sequence[Opening],
    *,
    material: str,
    bottom: float,
    walls: WallStyle,
) -> None:
    for lods, holes in ((NEAR, openings), (FAR, ())):
        panel(
            assembly,
            frame,
            outline,
            material,
            bottom=bottom,
            openings=holes,
            thickness=walls.thickness,
            top=False,
            ends=False,
            lods=lods,
            uv_turned=walls.boards_upright,
        )


def _fill(
    assembly: Assembly,
    frame: Frame,
    item: Fitting,
    *,
    walls: WallStyle,
    glazing: WindowStyle,
    entrance: DoorStyle,
    block: Block,
) -> None:
    if walls.logs:
        casing(assembly, frame, item.opening, "wood_beam", depth=walls.logs * 2.0)
    if item.filling == "door":
        door(assembly, frame, item.opening, entrance)
        if entrance.stairs:
            steps_before(assembly, frame, item.opening, entrance.steps)
    elif item.filling == "window":
        small = item.opening.width < 0.7
        if small or item.opening.bottom > block.eave_y:
            glazing = replace(glazing, shutters=None, columns=1 if small else glazing.columns)
        window(assembly, frame, item.opening, glazing)


def _jetty(assembly: Assembly, block: Block, jetty: float) -> None:
    """The floor beams that carry an upper storey standing out."""
    y = block.floor + block.storeys[0]
    half = (block.length / 2.0 + jetty, block.width / 2.0 + jetty)
    low, high = (-half[0] + 0.01, y - 0.06, -half[1] + 0.01), (half[0] - 0.01, y + 0.03, half[1] - 0.01)
    assembly.box(block.frame, low, high, "wood_planks", grain=0, lods=ALL, skip="U")
    for side in block.open_sides:
        frame, length = block.wall(side)
        count = max(3, round(length / 0.7))
        for index in range(count):
            s = -length / 2.0 + 0.1 + (length - 0.2) * index / (count - 1)
            lower, upper = (s - 0.075, y - 0.24, -0.1), (s + 0.075, y - 0.06, jetty - 0.02)
            assembly.box(frame, lower, upper, "wood_beam", grain=2, lods=(0,), skip="BU")
    hull_low, hull_high = (-half[0], y, -half[1]), (half[0], block.eave_y, half[1])
    assembly.hull_box(block.frame, hull_low, hull_high, "wood")
