"""Sites for things that are placed one by one: buildings, bridges, boats, single trees, runs of fence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldgen import randomness
from worldgen.builder.family import AssetFamily
from worldgen.builder.layout.candidates import Candidates, LandView, Target, propose
from worldgen.builder.layout.paths import PathPlan
from worldgen.builder.layout.sight import stands_before
from worldgen.builder.layout.zones import PadZone, Zone, outside_zones
from worldgen.frames import rigid, yaw_rotation
from worldgen.scene.scene import Prototype, SceneObject
from worldgen.spec.model import Item, Place, WorldSpec

FloatArray = NDArray[np.float64]

_HIDDEN_COST = 1.5
"""What standing behind or before another thing costs a place, in units of the score; seen in full is worth about 3."""

_SEEN_FROM = 0.5
"""A thing counts as hidden where another hides everything above this share of its height."""

_ACROSS = (-0.6, 0.0, 0.6)
"""Where across a thing that is asked, in shares of its reach."""

_WATER_VIEW_M = 5.0
"""How much beside a building must stay open where it would stand between the spawn and a water."""

_KEEP_RELATION = 4
"""Rounds of search in which a thing must stand where its relation says."""

_EFFORTS = 7
"""Rounds of search in all; each forgives more than the one before."""

EMBANKMENT_M = 3.0
"""How far around a building the ground slopes to meet its level pad."""

PAD_MARGIN_M = EMBANKMENT_M + 4.0
"""How far around a building anything may change: the embankment, the grid cells that it touches, their normals."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Site:
    """One placed thing, before the ground under it is made level.

    ``base_y`` is the height of its base before the ground is made level. A thing that is ``afloat`` keeps it.
    """

    object_id: str
    item: Item
    prototype: Prototype
    center_xz: tuple[float, float]
    yaw: float
    base_y: float
    afloat: bool = False
    pad: PadZone | None = None

    @property
    def front_xz(self) -> tuple[float, float]:
        """A point two metres in front of the door, or the middle where there is no front."""
        if self.pad is None:
            return self.center_xz
        reach = self.pad.half_size_m[1] + 2.0
        return (
            self.center_xz[0] + math.sin(self.yaw) * reach,
            self.center_xz[1] + math.cos(self.yaw) * reach,
        )


@dataclass(slots=True)
class SitePlan:
    """What has been placed so far; grows while items are placed one after the other."""

    paths: PathPlan
    sites: list[Site] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    """Pads and paths in the order in which they reshaped the ground; the last one shaped what they share."""

    @property
    def pads(self) -> list[PadZone]:
        """Pads of all sites that level the ground."""
        return [site.pad for site in self.sites if site.pad is not None]


def plan_sites(
    spec: WorldSpec,
    land: LandView,
    families: Mapping[str, AssetFamily],
    prototype_of: Callable[[Item, int], Prototype],
    seed: int,
) -> SitePlan:
    """Choose a site for every instance of every item.

    First instances of all items come first, then all second ones and so on, so that raising one item's count
    or appending an item leaves the sites of the others alone.

    Args:
        spec: The world's spec.
        land: The land before any levelling.
        families: Families by name.
        prototype_of: Builds (or recalls) the prototype of an item's instance.
        seed: The world's seed.
    """
    plan = SitePlan(paths=PathPlan(spec, land.terrain, land.play_half_size_m, seed))
    plan.zones += plan.paths.lines
    for index in range(max((item.count for item in spec.items), default=0)):
        for item in spec.items:
            if index < item.count:
                _place(
                    plan=plan,
                    item=item,
                    index=index,
                    spec=spec,
                    land=land,
                    family=families[item.family],
                    prototype=prototype_of(item, index),
                    seed=seed,
                )
    laid = len(plan.paths.lines)
    plan.paths.lead_ahead()
    plan.zones += plan.paths.lines[laid:]
    return plan


def _place(
    *,
    plan: SitePlan,
    item: Item,
    index: int,
    spec: WorldSpec,
    land: LandView,
    family: AssetFamily,
    prototype: Prototype,
    seed: int,
) -> None:
    object_id = f"{item.id}/{index}"
    rng = randomness.rng(seed, f"{object_id}/site")
    half_size = half_extents(prototype)
    radius = max(prototype.footprint_m, 0.85 * math.hypot(*half_size) if family.placement.levels_ground else 0.5)
    target = _target(plan, item, spec, land)
    for effort in range(_EFFORTS):
        if effort == _KEEP_RELATION:
            # Better somewhere else than not at all.
            target, item = None, item.model_copy(update={"place": Place(relation="near_spawn")})
            plan.warnings.append(f"'{object_id}' found no place where the prompt wants it and stands elsewhere.")
        candidates = propose(
            item=item,
            index=index,
            family=family,
            radius=radius,
            tall_m=prototype_height(prototype),
            land=land,
            target=target,
            rng=rng,
            effort=effort,
        )
        score = candidates.score + 0.05 * rng.random(len(candidates.x))
        score -= _HIDDEN_COST * _out_of_sight(plan, candidates, prototype)
        score -= _HIDDEN_COST * _before_water(land, candidates, prototype)
        score[~_clear_of_sites(plan, candidates, radius)] = -np.inf
        best = int(np.argmax(score)) if len(score) else -1
        if best >= 0 and np.isfinite(score[best]):
            site = _site(object_id, item, family, prototype, candidates=candidates, best=best)
            if site.pad is not None:
                laid = len(plan.paths.lines)
                plan.paths.lead_to(object_id, site.front_xz, plan.pads)
                plan.zones += [*plan.paths.lines[laid:], site.pad]
            plan.sites.append(site)
            return
    plan.warnings.append(f"There is no place left for '{object_id}'; the world goes without it.")


def _target(plan: SitePlan, item: Item, spec: WorldSpec, land: LandView) -> Target | None:
    """What the item's relation refers to, as a place on the map."""
    first = _named_target(item.place.target, plan, spec, land)
    second = _named_target(item.place.other_target, plan, spec, land)
    if first is None or second is None:
        return first
    # Between two different things: around the middle of the line that joins them.
    middle = (
        0.5 * (first.center_xz[0] + second.center_xz[0]),
        0.5 * (first.center_xz[1] + second.center_xz[1]),
    )
    return Target(kind="middle", center_xz=middle, radius_m=0.0, yaw=first.yaw)


def _named_target(name: str | None, plan: SitePlan, spec: WorldSpec, land: LandView) -> Target | None:
    if name is None:
        return None
    if name == "hill" and land.hill_top_xz is not None:
        return Target(kind="hill", center_xz=land.hill_top_xz, radius_m=14.0, yaw=0.0)
    if any(water.id == name for water in spec.waters):
        center = land.water_centers.get(name, (0.0, -40.0))
        return Target(kind="water", center_xz=center, radius_m=0.0, yaw=0.0)
    for site in plan.sites:
        if site.item.id == name:
            # A building is as large as its walls, a tree only as its trunk: one can stand under it.
            radius = math.hypot(*half_extents(site.prototype)) if site.pad else site.prototype.footprint_m
            return Target(kind="site", center_xz=site.center_xz, radius_m=radius, yaw=site.yaw)
    return None


def _clear_of_sites(plan: SitePlan, candidates: Candidates, radius: float) -> NDArray[np.bool_]:
    """Which candidates keep their distance from everything placed so far, and from the spawn."""
    x, z = candidates.x, candidates.z
    free = np.hypot(x, z) > radius + 2.5
    free &= outside_zones(plan.pads, x, z, reach_m=radius + 3.0)
    free &= outside_zones(plan.paths.lines, x, z, reach_m=radius + 0.6)
    for site in plan.sites:
        if site.pad is None:
            own = max(site.prototype.footprint_m, 0.4)
            free &= np.hypot(x - site.center_xz[0], z - site.center_xz[1]) > own + radius + 0.3
    return free


def _out_of_sight(plan: SitePlan, candidates: Candidates, prototype: Prototype) -> FloatArray:
    """How many thirds of a thing something that stands already hides at each candidate, or would lose to it."""
    own = (candidates.x, candidates.z)
    own_reach, own_height = _sight_reach(prototype), prototype_height(prototype)
    unseen = np.zeros(len(candidates.x))
    for site in plan.sites:
        reach, height = _sight_reach(site.prototype), prototype_height(site.prototype)
        behind = [
            stands_before(
                near_xz=site.center_xz,
                near_reach_m=reach,
                near_top_y=site.base_y + height,
                far_xz=_beside(own, share * own_reach),
                far_sill_y=candidates.base_y + _SEEN_FROM * own_height,
            )
            for share in _ACROSS
        ]
        before = [
            stands_before(
                near_xz=own,
                near_reach_m=own_reach,
                near_top_y=candidates.base_y + own_height,
                far_xz=_beside(site.center_xz, share * reach),
                far_sill_y=site.base_y + _SEEN_FROM * height,
            )
            for share in _ACROSS
        ]
        unseen = np.maximum(unseen, np.maximum(np.mean(behind, axis=0), np.mean(before, axis=0)))
    return unseen


def _beside(place_xz: tuple[ArrayLike, ArrayLike], aside_m: float) -> tuple[FloatArray, FloatArray]:
    """Places moved to the right, as seen from the spawn."""
    x, z = (np.asarray(value, dtype=np.float64) for value in place_xz)
    distance = np.maximum(np.hypot(x, z), 1e-6)
    return x - aside_m * z / distance, z + aside_m * x / distance


def _before_water(land: LandView, candidates: Candidates, prototype: Prototype) -> NDArray[np.bool_]:
    """Which candidates on land would stand in the view of the middle of a water."""
    barred = np.zeros(len(candidates.x), dtype=bool)
    if candidates.afloat:
        return barred
    for center_xz in land.water_centers.values():
        barred |= stands_before(
            near_xz=(candidates.x, candidates.z),
            near_reach_m=_sight_reach(prototype) + _WATER_VIEW_M,
            near_top_y=candidates.base_y + prototype_height(prototype),
            far_xz=center_xz,
            far_sill_y=0.0,
        )
    return barred


def _sight_reach(prototype: Prototype) -> float:
    """How far a thing hides what is behind it; crowns and frames let some of it through at their rims."""
    half_x, half_z = half_extents(prototype)
    return 0.8 * math.hypot(half_x, half_z)


def _site(
    object_id: str,
    item: Item,
    family: AssetFamily,
    prototype: Prototype,
    *,
    candidates: Candidates,
    best: int,
) -> Site:
    half_size = half_extents(prototype)
    x, z = float(candidates.x[best]), float(candidates.z[best])
    yaw = float(candidates.yaw[best])
    pad = None
    if family.placement.levels_ground and not candidates.afloat:
        pad = PadZone(
            owner=object_id,
            center_xz=(x, z),
            half_size_m=(half_size[0] + 0.6, half_size[1] + 0.6),
            yaw=yaw,
            margin_m=PAD_MARGIN_M,
        )
    return Site(
        object_id=object_id,
        item=item,
        prototype=prototype,
        center_xz=(x, z),
        yaw=yaw,
        base_y=float(candidates.base_y[best]),
        afloat=candidates.afloat,
        pad=pad,
    )


def half_extents(prototype: Prototype) -> tuple[float, float]:
    """Half the size of a prototype along its own X and Z, measured from its origin."""
    reach = np.zeros(3)
    for part in prototype.lods[0]:
        reach = np.maximum(reach, np.abs(part.mesh.vertices).max(axis=0))
    return float(reach[0]), float(reach[2])


def prototype_height(prototype: Prototype) -> float:
    """Height of a prototype above its base."""
    return max(float(part.mesh.vertices[:, 1].max()) for part in prototype.lods[0])


def object_at(site: Site, y: float, *, sink_m: float = 0.0) -> SceneObject:
    """The scene object of a site whose base lies at height ``y``."""
    position = np.array([site.center_xz[0], y - sink_m, site.center_xz[1]])
    return SceneObject(
        object_id=site.object_id,
        spec_id=site.item.id,
        prototype=site.prototype.name,
        world_from_object=rigid(yaw_rotation(site.yaw), position),
    )
