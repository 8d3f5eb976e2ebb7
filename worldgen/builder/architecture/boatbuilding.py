"""Hulls of boats: clinker planks lofted over stations from stern to bow, with an inside and a gunwale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from worldgen.builder.architecture.assembly import FAR, FINE, MIDDLE, NEAR, Assembly, Lods
from worldgen.builder.architecture.frame import WORLD, Points
from worldgen.builder.architecture.solids import cells_of, tube
from worldgen.scene.material import LinearColor


@dataclass(frozen=True, slots=True, kw_only=True)
class Hull:
    """The shape of a hull about the origin: the bow points to +Z and the water lies at y = 0."""

    length: float
    beam: float
    draft: float
    """Depth of the keel below the water."""
    freeboard: float
    """Height of the gunwale above the water amidships."""
    sheer: float
    """How much higher the ends are."""
    stern: float
    """Width of the transom as a share of the beam; 0 for a pointed stern."""
    strakes: int = 6
    fullness: float = 0.75
    """1 is a round belly, less is a sharper section."""
    rocker: float = 0.35
    """How much the keel rises towards the ends, as a share of draft and freeboard."""

    def breadth(self, t: Points) -> Points:
        """Half the width at the gunwale, for t from 0 (stern) to 1 (bow)."""
        bow = 1.0 - np.clip((t - 0.45) / 0.55, 0.0, 1.0) ** 2.3
        aft = np.clip((0.45 - t) / 0.45, 0.0, 1.0)
        stern = self.stern + (1.0 - self.stern) * (1.0 - aft**2.3)
        width: Points = self.beam / 2.0 * np.where(t > 0.45, bow, stern)
        return width

    def gunwale(self, t: Points) -> Points:
        """Height of the upper edge."""
        height: Points = self.freeboard + self.sheer * (2.0 * t - 0.9) ** 2 * (1.0 + 0.35 * (t > 0.45))
        return height

    def keel(self, t: Points) -> Points:
        """Height of the lowest point of the section."""
        rise = self.rocker * (self.draft + self.freeboard)
        ends = np.abs(2.0 * t - 0.9) ** 3.0
        aft = ends * (1.0 if self.stern == 0.0 else 0.45)
        keel: Points = -self.draft + rise * np.where(t > 0.45, ends, aft)
        return keel

    def surface(self, t: Points, share: Points, inset: float = 0.0) -> Points:
        """Points (T, S, 3) of the starboard side; ``share`` runs from the keel (0) to the gunwale (1)."""
        angle = share * math.pi / 2.0
        width = np.maximum(self.breadth(t) - inset, 0.001)[:, None]
        low, high = self.keel(t)[:, None] + inset, self.gunwale(t)[:, None]
        across = np.sin(angle) ** self.fullness
        up = 1.0 - np.cos(angle) ** 1.15
        z = (t - 0.5)[:, None] * (self.length - 2.0 * inset) + 0.0 * across[None]
        return np.stack((width * across[None], low + (high - low) * up[None], z), axis=-1)

    def sole(self, t: Points, y: float) -> Points:
        """Half the inner width at height ``y``."""
        shares = np.linspace(0.0, 1.0, 25)
        sides = self.surface(t, shares, inset=0.02)
        widths: Points = np.array([np.interp(y, side[:, 1], side[:, 0], left=0.0) for side in sides])
        return widths


def _both_sides(quads: Points) -> Points:
    mirrored = quads[:, [0, 3, 2, 1]] * np.array([-1.0, 1.0, 1.0])
    return np.concatenate((quads, mirrored))


def build_hull(
    assembly: Assembly,
    hull: Hull,
    *,
    outside: str,
    colors: tuple[LinearColor, LinearColor],
    inside: str = "wood_planks",
    lods: Lods = (0, 1, 2),
    open_top: bool = True,
) -> None:
    """Add the planking, inside, transom and gunwale of a hull.

    Args:
        assembly: Where to add it.
        hull: Its shape.
        outside: Material of the planking; ``"paint"`` takes ``colors``.
        colors: Of the lower strakes and of the upper ones.
        inside: Material of the inside.
        lods: Levels of detail.
        open_top: Whether the inside is seen; decked boats have none.
    """
    for levels, stations, strakes in ((FINE, 18, hull.strakes), (MIDDLE, 10, 4), (FAR, 6, 2)):
        if levels[0] not in lods:
            continue
        t = np.linspace(0.0, 1.0, stations + 1)
        edges = np.linspace(0.0, 1.0, strakes + 1)
        for index in range(strakes):
            lip = 0.014 if levels is FINE and index else 0.0
            low = hull.surface(t, edges[index : index + 1])
            low = low + np.array([lip, -lip * 0.4, 0.0]) * (hull.breadth(t) > 0.02)[:, None, None]
            middle = hull.surface(t, (edges[index : index + 1] + edges[index + 1 : index + 2]) / 2.0)
            high = hull.surface(t, edges[index + 1 : index + 2])
            rows = [low, middle, high] if levels is FINE else [low, high]
            grid = np.concatenate(rows, axis=1)
            quads = cells_of(grid)
            if lip:
                ledge = np.concatenate((hull.surface(t, edges[index : index + 1]), low), axis=1)
                quads = np.concatenate((quads, cells_of(ledge)))
            color = colors[0] if edges[index + 1] < 0.62 else colors[1]
            both = _both_sides(quads)
            assembly.quads(both, both[..., [2, 1]] + (0.0, index * 0.15), outside, lods=levels, color=color)
        if open_top:
            inner = hull.surface(t, np.linspace(0.0, 1.0, strakes + 1), inset=0.035)
            both = _both_sides(cells_of(inner)[:, [0, 3, 2, 1]])
            assembly.quads(both, both[..., [2, 1]], inside, lods=levels)
        if hull.stern > 0.0:
            _transom(assembly, hull, outside, colors[1], levels)
    t = np.linspace(0.0, 1.0, 15)
    rim = hull.surface(t, np.array([1.0]), inset=0.012)[:, 0]
    for side in (1.0, -1.0):
        tube(assembly, rim * (side, 1.0, 1.0) + (0.0, 0.005, 0.0), 0.035, "wood_beam", sides=5, lods=NEAR)
    stem = hull.surface(np.array([1.0]), np.linspace(0.0, 1.0, 6))[0] * (0.0, 1.0, 1.0) + (0.0, 0.02, 0.01)
    tube(assembly, stem, 0.035, "wood_beam", sides=6, lods=NEAR)
    bottom = hull.surface(np.linspace(0.04, 1.0, 12), np.array([0.0]))[:, 0] * (0.0, 1.0, 1.0)
    tube(assembly, bottom - (0.0, 0.01, 0.0), 0.03, "wood_beam", sides=5, lods=FINE)
    points = hull.surface(np.linspace(0.0, 1.0, 6), np.linspace(0.0, 1.0, 3)).reshape(-1, 3)
    assembly.hull(np.concatenate((points, points * (-1.0, 1.0, 1.0))), "wood")


def _transom(assembly: Assembly, hull: Hull, material: str, color: LinearColor, lods: Lods) -> None:
    """The flat board that closes the stern, outside and inside."""
    shares = np.linspace(0.0, 1.0, 7)
    for inset, outward in ((0.0, True), (0.035, False)):
        side = hull.surface(np.array([0.0]), shares, inset=inset)[0]
        other = side * (-1.0, 1.0, 1.0)
        quads = np.stack((side[:-1], other[:-1], other[1:], side[1:]), axis=1)
        if not outward:
            quads = quads[:, ::-1]
        assembly.quads(quads, quads[..., [0, 1]], material if outward else "wood_planks", lods=lods, color=color)
    top = hull.surface(np.array([0.0]), np.array([1.0]))[0, 0]
    low, high = (-top[0], top[1] - 0.02, top[2] - 0.01), (top[0], top[1] + 0.03, top[2] + 0.045)
    if lods is FINE:
        assembly.box(WORLD, low, high, "wood_beam", grain=0, lods=NEAR)


def floor_boards(assembly: Assembly, hull: Hull, y: float, *, span: tuple[float, float] = (0.02, 0.94)) -> None:
    """Add the floor of a hull at height ``y``, which must lie above the water that would else show inside."""
    for lods, steps in ((NEAR, 14), (FAR, 4)):
        t = np.linspace(span[0], span[1], steps + 1)
        half, z = hull.sole(t, y), (t - 0.5) * (hull.length - 0.04)
        left = np.stack((-half, np.full(steps + 1, y), z), axis=1)
        right = np.stack((half, np.full(steps + 1, y), z), axis=1)
        quads = np.stack((right[:-1], right[1:], left[1:], left[:-1]), axis=1)[:, ::-1]
        assembly.quads(quads, quads[..., [2, 0]], "wood_weathered", lods=lods)
