"""Places that import scripts mark: where one may start, and what is worth walking to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from worldgen.exporters.engine_package import WorldPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedPlace:
    """A place that an import script marks: where one stands, in world, the heading, and what it is about."""

    name: str
    position: tuple[float, float, float]
    yaw: float
    tells: Literal["facing", "label"]
    about: str


def marked_places(package: WorldPackage) -> dict[str, list[MarkedPlace]]:
    """Spawn points, and where points of interest are seen from (without such a place, their own), by group."""
    navigation = package.navigation
    if navigation is None:
        return {}
    starts = [
        MarkedPlace(name=spawn.name, position=spawn.position, yaw=spawn.yaw, tells="facing", about=spawn.facing)
        for spawn in navigation.spawn_points
    ]
    sights = [
        MarkedPlace(
            name=point.name,
            position=point.approach or point.position,
            yaw=point.yaw or 0.0,
            tells="label",
            about=point.label,
        )
        for point in navigation.points_of_interest
    ]
    return {group: places for group, places in (("SpawnPoints", starts), ("PointsOfInterest", sights)) if places}
