"""The body of a house: a block with an optional wing, dormers and chimneys."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from worldgen.builder.architecture.assembly import Assembly
from worldgen.builder.architecture.dwellings import (
    Block,
    Facades,
    WallStyle,
    bay_middles,
    build_block,
    lay_facades,
    roof_profile,
)
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.joinery import DoorStyle, WindowStyle
from worldgen.builder.architecture.roof_features import chimney, gable_dormer
from worldgen.builder.architecture.roof_styles import RoofStyle
from worldgen.builder.architecture.themes import stone
from worldgen.builder.family import AssetRequest


def raise_house(
    assembly: Assembly,
    request: AssetRequest,
    block: Block,
    *,
    walls: WallStyle,
    roofing: RoofStyle,
    glazing: WindowStyle,
    entrance: DoorStyle,
    wing: float = 0.0,
    dormers: int = 0,
    chimneys: int = 1,
    chimney_material: str | None = None,
    facades: Facades | None = None,
) -> None:
    """Build a block on the front side of the plot, with a wing, dormers and chimneys.

    ``wing`` is how far a wing reaches forward from the block's left or right end, 0 for none.
    """
    rng = assembly.rng
    block = replace(block, frame=WORLD.moved(d=-wing / 2.0))
    blocked: tuple[float, float] | None = None
    if wing:
        side = -1.0 if rng.random() < 0.5 else 1.0
        width = min(block.length * 0.42, block.width * 0.86)
        middle = side * (block.length / 2.0 - width / 2.0 - 0.55)
        blocked = (middle - width / 2.0, middle + width / 2.0)
    if facades is None:
        facades = lay_facades(block, rng, door_side="front", blocked={"front": blocked} if blocked else None)
        if not any(item.filling == "door" for item in facades["front"]):
            for bay in range(6):
                attempt = lay_facades(
                    block, rng, door_side="front", door_bay=bay, blocked={"front": blocked} if blocked else None
                )
                if any(item.filling == "door" for item in attempt["front"]):
                    facades = attempt
                    break
    ridge = build_block(
        assembly, block, facades, walls=walls, roof=roofing, glazing=glazing, entrance=entrance, snow=request.snow_cover
    )
    if blocked:
        arm = Block(
            frame=block.frame.moved(s=(blocked[0] + blocked[1]) / 2.0, d=block.width / 2.0 + wing / 2.0).yawed(
                -math.pi / 2.0
            ),
            length=wing,
            width=blocked[1] - blocked[0],
            floor=block.floor,
            storeys=block.storeys,
            pitch=block.pitch,
            overhang=block.overhang,
            verge=block.verge,
            open_sides=("front", "right", "back"),
            back_reach=wing / 2.0 + block.width / 2.0,
        )
        arm_facades = lay_facades(arm, rng, door_side=None)
        arm_walls = replace(walls, corners=None)
        build_block(
            assembly,
            arm,
            arm_facades,
            walls=arm_walls,
            roof=roofing,
            glazing=glazing,
            entrance=entrance,
            snow=request.snow_cover,
        )
    _dormers(assembly, block, roofing, glazing, walls, count=dormers, blocked=blocked, snow=request.snow_cover)
    ends = [-1.0, 1.0] if chimneys > 1 else [-1.0 if rng.random() < 0.5 else 1.0]
    for end in ends[:chimneys]:
        inset = block.width / 2.0 + 0.4 if block.roof == "hip" else 0.75
        place = block.frame.moved(s=end * (block.length / 2.0 - inset), d=-0.35)
        material = chimney_material or stone(request)
        chimney(assembly, place, (block.eave_y, ridge + 0.75), material, pots=2, snow=request.snow_cover)


def _dormers(
    assembly: Assembly,
    block: Block,
    roofing: RoofStyle,
    glazing: WindowStyle,
    walls: WallStyle,
    *,
    count: int,
    blocked: tuple[float, float] | None,
    snow: float,
) -> None:
    if not count:
        return
    jetty = walls.jetty if len(block.storeys) > 1 else 0.0
    profile, ridge = roof_profile(block, roofing, jetty)
    front, length = block.wall("front", jetty)
    back = 0.55
    sill = float(np.interp(block.width / 2.0 + jetty - back, [p[0] for p in profile], [p[1] for p in profile]))
    if ridge < sill + 2.0:
        return
    for s in bay_middles(length, module=length / (count + 0.2)):
        if blocked and blocked[0] - 1.2 < s < blocked[1] + 1.2:
            continue
        run = (sill + 1.9 - sill) / math.tan(block.pitch) + 0.6
        gable_dormer(
            assembly,
            front.moved(s=s, d=-back),
            width=1.5,
            sill_y=sill,
            run=run,
            roof=roofing,
            wall=walls.upper or walls.material,
            glazing=replace(glazing, shutters=None, surround=None, lintel=None, sill="wood_beam"),
            snow=snow,
        )
