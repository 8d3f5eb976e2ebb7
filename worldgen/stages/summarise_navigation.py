"""Navigation → its summary in the manifest."""

from __future__ import annotations

from worldgen.manifest import NavigationSpawn, NavigationSummary, NavigationTarget
from worldgen.scene.navmesh import Navigation


def summarise_navigation(navigation: Navigation) -> NavigationSummary:
    """What the manifest tells about a navigation."""
    agent, navmesh = navigation.navmesh.agent, navigation.navmesh
    return NavigationSummary(
        agent_radius_m=agent.radius_m,
        agent_height_m=agent.height_m,
        agent_max_slope_deg=agent.max_slope_deg,
        agent_max_step_m=agent.max_step_m,
        agent_max_wade_m=agent.max_wade_m,
        walkable_area_m2=round(navmesh.area_m2, 3),
        island_areas_m2=tuple(island.area_m2 for island in navmesh.islands),
        spawn_points=tuple(
            NavigationSpawn(
                name=spawn.name,
                position=spawn.position,
                yaw=spawn.yaw,
                reachable_share=spawn.reachable_share,
                facing=spawn.facing,
            )
            for spawn in navigation.spawn_points
        ),
        points_of_interest=tuple(
            NavigationTarget(
                name=point.name,
                kind=point.kind,
                label=point.label,
                position=point.position,
                approach=point.approach,
                is_reachable=point.is_reachable,
                yaw=point.yaw,
            )
            for point in navigation.points_of_interest
        ),
    )
