"""What must stay in sight of the spawn: placed things, bridges, the near waters and a low sun, as lines of sight."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from worldgen.builder.layout.sight import EYE_HEIGHT_M, SightLine
from worldgen.builder.layout.sites import Site, half_extents, prototype_height
from worldgen.builder.sky.sun import LOW_SUNS, key_direction
from worldgen.builder.terrain.queries import ground_height, water_depth_at
from worldgen.builder.terrain.shape import WaterSite
from worldgen.scene.scene import Prototype, SceneObject
from worldgen.scene.terrain import Terrain
from worldgen.spec.model import WorldSpec

_SILL = 0.3
"""Nothing scattered may hide a placed thing above this share of its height."""
_WIDEST_CLEARANCE_M = 8.0
_NEAR_SITE_M = 60.0
"""Of an entry's further things only those nearer than this are kept in sight."""
_BEHIND_BRIDGES = 1.7
"""How far behind a bridge its background is kept clear, in distances to it."""
_FAN_RAD = math.radians(13.0)
"""A water is kept in sight in its middle and this far to both sides, a river twice as far."""
_SHORE_GROWTH_M = 0.45
"""Growth of this height may stand between the eye and the water's edge."""
_SHORE_CLEARANCE_M = 5.0
_WATER_REACH_M = 60.0
"""How far the nearest edge of a water is looked for."""
_GLADE_HALF_WIDTH_M = 9.0
"""Half width of the glade through which a low sun reaches the spawn."""
_TREE_M = 14.0
"""Height of the trees that the glade must clear."""


def sight_lines(
    *,
    spec: WorldSpec,
    terrain: Terrain,
    waters: Sequence[WaterSite],
    sites: Sequence[Site],
    bridges: Sequence[tuple[SceneObject, Prototype]],
    seed: int,
) -> tuple[SightLine, ...]:
    """What scattered things must leave in sight: first things of entries, near ones, bridges, waters and a low sun.

    Args:
        spec: The world's spec.
        terrain: The finished land.
        waters: Its waters.
        sites: Everything placed one by one.
        bridges: Things that stand without a site, with their prototypes.
        seed: The world's seed.
    """
    lines = []
    for site in sites:
        x, z = site.center_xz
        if site.object_id.endswith("/0") or math.hypot(x, z) < _NEAR_SITE_M:
            base = site.base_y if site.afloat else float(ground_height(terrain, np.array([x]), np.array([z]))[0])
            lines.append(_line_to(x, z, base, site.prototype))
    for bridge, prototype in bridges:
        x, base, z = (float(value) for value in bridge.world_from_object[:3, 3])
        near = _line_to(x, z, base, prototype)
        # A bridge is see-through: what stands behind it would be taken for a part of it.
        lines.append(
            replace(
                near,
                x=_BEHIND_BRIDGES * x,
                z=_BEHIND_BRIDGES * z,
                sill_y=EYE_HEIGHT_M + _BEHIND_BRIDGES * (near.sill_y - EYE_HEIGHT_M),
            )
        )
    for water in waters:
        x, z = water.center_xz
        fan = 2.0 * _FAN_RAD if water.line is not None else _FAN_RAD
        for turn in (-fan, 0.0, fan):
            edge = _edge_towards(terrain, math.atan2(x, -z) + turn)
            if edge is not None:
                lines.append(edge)
    if spec.time_of_day in LOW_SUNS:
        x, y, z = key_direction(spec.time_of_day, seed)
        away = min(_TREE_M / y, 400.0)
        # Low things cast short shadows: the sill lies so high that only tall things are in the way.
        lines.append(SightLine(x=away * x, z=away * z, sill_y=1e6, clearance_m=_GLADE_HALF_WIDTH_M))
    return tuple(lines)


def _line_to(x: float, z: float, base_y: float, prototype: Prototype) -> SightLine:
    sill = base_y + _SILL * prototype_height(prototype)
    clearance = min(max(half_extents(prototype)), _WIDEST_CLEARANCE_M)
    return SightLine(x=x, z=z, sill_y=sill, clearance_m=clearance)


def _edge_towards(terrain: Terrain, heading: float) -> SightLine | None:
    """The line of sight to the first water in a direction, just past its edge; None where there is none near."""
    distance = np.arange(6.0, _WATER_REACH_M, 0.5)
    x, z = distance * math.sin(heading), -distance * math.cos(heading)
    depth = water_depth_at(terrain, x, z)
    wet = np.flatnonzero(depth > 0.02)
    if not len(wet):
        return None
    first = int(wet[0])
    surface = float(ground_height(terrain, x, z)[first] + depth[first])
    return SightLine(
        x=float(x[first]),
        z=float(z[first]),
        sill_y=surface + _SHORE_GROWTH_M,
        clearance_m=_SHORE_CLEARANCE_M,
    )
