"""Houses of mud brick: cubes with parapets, roof beams that show, and small deep windows."""

from __future__ import annotations

import math

import numpy as np

from worldgen.builder.architecture.assembly import ALL, FINE, NEAR, Assembly
from worldgen.builder.architecture.dwellings import (
    Block,
    Facades,
    lay_facades,
)
from worldgen.builder.architecture.frame import WORLD, Frame
from worldgen.builder.architecture.joinery import DoorStyle, WindowStyle, door, steps_before, window
from worldgen.builder.architecture.panels import level, panel
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.stonework import plinth
from worldgen.builder.architecture.themes import between, glass, wall
from worldgen.builder.architecture.timber import round_log
from worldgen.builder.family import AssetRequest

_FLOOR = 0.18


def build_adobe(assembly: Assembly, request: AssetRequest) -> None:
    """Cubes of mud brick with parapets, roof beams that show, and small deep windows."""
    rng, scale = assembly.rng, request.size
    material = wall(request, "plaster_ochre" if rng.random() < 0.7 else "rock_sandstone")
    length, width = between(rng, 6.5, 8.5) * scale, between(rng, 5.0, 6.2) * scale
    upper = rng.random() < 0.6
    boxes = [(WORLD, length, width, 3.05 + 0.45)]
    if upper:
        side = -1.0 if rng.random() < 0.5 else 1.0
        boxes.append((WORLD.moved(s=side * length * 0.16, d=-width * 0.08), length * 0.6, width * 0.72, 5.9 + 0.4))
    glazing = WindowStyle(
        glass=glass(request), frame_material="wood_beam", recess=0.24, sill="wood_beam", lintel="wood_beam"
    )
    for index, (frame, long, wide, top) in enumerate(boxes):
        base = _FLOOR if index == 0 else 2.9
        block = Block(
            frame=frame, length=long, width=wide, floor=base, storeys=(top - base,), pitch=0.1, roof="hip", overhang=0.0
        )
        if index == 0:
            plinth(assembly, frame, (long, wide), _FLOOR, "rock_sandstone", proud=0.05)
        facades = lay_facades(
            block,
            rng,
            door_side="front",
            window_size=(0.7, 0.9),
            sill=1.15,
            attic=False,
            module=2.5,
        )
        _cube(assembly, block, facades, material=material, top=top, glazing=glazing, snow=request.snow_cover)
    right = WORLD.moved(s=length / 2.0).yawed(math.pi / 2.0)
    _ladder(assembly, right.moved(s=-width * 0.42 + 0.5), 3.6)


def _cube(
    assembly: Assembly, block: Block, facades: Facades, *, material: str, top: float, glazing: WindowStyle, snow: float
) -> None:
    roof_y = top - 0.45
    half = (block.length / 2.0, block.width / 2.0)
    assembly.hull_box(block.frame, (-half[0], block.floor, -half[1]), (half[0], top, half[1]), "stone")
    assembly.box(
        block.frame,
        (-half[0] + 0.3, roof_y - 0.2, -half[1] + 0.3),
        (half[0] - 0.3, roof_y, half[1] - 0.3),
        material,
        lods=ALL,
        skip="DFBLR",
    )
    for side in block.open_sides:
        frame, length = block.wall(side)
        openings = [item.opening for item in facades[side]]
        for lods, holes in ((NEAR, openings), ((2,), [])):
            panel(
                assembly,
                frame,
                level(length, top),
                material,
                bottom=block.floor,
                openings=holes,
                thickness=0.35,
                ends=False,
                top=False,
                lods=lods,
            )
        # The parapet's crown and its inner face, mitred so that the four meet without overlapping.
        _parapet(assembly, frame, length, (roof_y - 0.05, top), material)
        for item in facades[side]:
            if item.filling == "door":
                door(assembly, frame, item.opening, DoorStyle(recess=0.22, lintel="wood_beam"))
                if block.floor < 1.0:
                    steps_before(assembly, frame, item.opening, "rock_sandstone")
            else:
                window(assembly, frame, item.opening, glazing)
    front, length = block.wall("front")
    count = max(4, round(length / 0.75))
    for index in range(count):
        s = -length / 2.0 + 0.4 + (length - 0.8) * index / (count - 1)
        y = roof_y - 0.18
        for frame in (front, block.wall("back")[0]):
            reach = 0.38 + 0.08 * float(assembly.rng.random())
            round_log(assembly, (s, y, -0.1), (s, y, reach), 0.085, frame=frame, sides=8, caps="E", lods=FINE)
    if snow > 0.15:
        snow_top(
            assembly,
            block.frame,
            (-half[0] + 0.3, -half[1] + 0.3),
            (half[0] - 0.3, half[1] - 0.3),
            y=roof_y,
            cover=snow,
        )


def _parapet(assembly: Assembly, frame: Frame, length: float, span: tuple[float, float], material: str) -> None:
    thick, half = 0.3, length / 2.0
    low, high = span
    crown = [(-half, high, 0.0), (half, high, 0.0), (half - thick, high, -thick), (-half + thick, high, -thick)]
    inner = [
        (half - thick, low, -thick),
        (-half + thick, low, -thick),
        (-half + thick, high, -thick),
        (half - thick, high, -thick),
    ]
    for quad, axes in ((crown, (0, 2)), (inner, (0, 1))):
        local = np.array([quad])
        assembly.quads(frame.points(local), local[..., list(axes)], material)


def _ladder(assembly: Assembly, frame: Frame, height: float) -> None:
    """A wooden ladder that leans against a wall."""
    lean = frame.moved(d=0.75).pitched(-math.atan2(0.62, height))
    reach = height + 0.7
    for s in (-0.25, 0.25):
        round_log(assembly, (s, -0.1, 0.0), (s, reach, 0.0), 0.04, frame=lean, sides=6, lods=NEAR)
    for index in range(int(reach / 0.32)):
        y = 0.28 + 0.32 * index
        round_log(assembly, (-0.32, y, 0.02), (0.32, y, 0.02), 0.028, frame=lean, sides=6, lods=FINE)
