"""WorldSpec → Scene: the land is shaped, things are placed on it, materials, sky and fog are made."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from worldgen import randomness
from worldgen.builder.catalogue import families
from worldgen.builder.family import AssetFamily, AssetRequest
from worldgen.builder.land import Land, finish_land, growth_on, level_land, shape
from worldgen.builder.layout.candidates import LandView
from worldgen.builder.layout.crossings import find_crossing
from worldgen.builder.layout.detail import choose_levels
from worldgen.builder.layout.paths import places_along
from worldgen.builder.layout.runs import SEGMENT_M, lay_run, run_across, run_along, run_around
from worldgen.builder.layout.scatter import Stand, Surroundings, scatter
from worldgen.builder.layout.sight_plan import sight_lines
from worldgen.builder.layout.sites import Site, SitePlan, half_extents, object_at, plan_sites
from worldgen.builder.layout.zones import LineZone, PadZone, Zone
from worldgen.builder.materials.library import make_material
from worldgen.builder.sky.environment import build_sky
from worldgen.builder.sky.fog import build_fog
from worldgen.builder.terrain.queries import ground_height, shore_distance
from worldgen.builder.terrain.surfaces import ground_surfaces
from worldgen.frames import rigid, yaw_rotation
from worldgen.geometry.collision import GroundSurfaces
from worldgen.scene.material import Material
from worldgen.scene.scene import Prototype, Scene, SceneObject
from worldgen.scene.terrain import Terrain
from worldgen.settings import QualityTier
from worldgen.spec.model import Item, Place, Scatter, WorldSpec

FloatArray = NDArray[np.float64]
Progress = Callable[[float, str], None]

_SITE_VARIANTS = 3
"""Different prototypes that the houses of one spec entry take turns with."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BuiltScene:
    """A scene, what its ground is made of, and what the user should know about its making."""

    scene: Scene
    warnings: tuple[str, ...]
    surfaces: GroundSurfaces


@dataclass(slots=True)
class Prototypes:
    """Builds prototypes on demand and remembers them by name."""

    spec: WorldSpec
    tier: QualityTier
    seed: int
    made: dict[str, Prototype] = field(default_factory=dict)

    def of_item(self, item: Item, index: int, *, span_m: float = 0.0, ramp_m: float = 0.0) -> Prototype:
        """The prototype of one instance of an item; instances take turns with a few variants."""
        family = families()[item.family]
        variants = min(item.count, max(family.num_variants, _SITE_VARIANTS))
        variant = index % variants
        suffix = f"_{round(span_m * 100)}" if span_m else ""
        return self._make(family, f"{item.id}_{variant}{suffix}", item, span_m=span_m, ramp_m=ramp_m)

    def of_scatter(self, entry: Scatter) -> tuple[Prototype, ...]:
        """The prototypes that the instances of a scatter entry share."""
        family = families()[entry.family]
        return tuple(self._make(family, f"{entry.id}_{variant}", entry) for variant in range(family.num_variants))

    def _make(
        self, family: AssetFamily, name: str, entry: Item | Scatter, *, span_m: float = 0.0, ramp_m: float = 0.0
    ) -> Prototype:
        if name not in self.made:
            request = AssetRequest(
                kind=entry.kind or next(iter(family.kinds)),
                name=name,
                size=entry.size,
                material=entry.material,
                biome=self.spec.biome,
                season=self.spec.season,
                snow_cover=self.spec.weather.snow_cover,
                span_m=span_m,
                ramp_m=ramp_m,
                lit=self.spec.time_of_day in ("dusk", "night", "dawn", "sunset"),
                tier=self.tier,
            )
            self.made[name] = family.build(request, randomness.rng(self.seed, f"{entry.id}/prototype/{name}"))
        return self.made[name]


def build_scene(
    spec: WorldSpec, *, tier: QualityTier, seed: int, progress: Progress = lambda fraction, message: None
) -> BuiltScene:
    """Build the world that a spec describes.

    Args:
        spec: What to build.
        tier: Sizes and budgets.
        seed: The world's seed; every object draws from a stream of its own.
        progress: Called with a fraction from 0 to 1 and what is being made.

    Returns:
        The scene, and warnings about things that found no place.
    """
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="builder") as background:
        # Neither needs what stands on the land: the sky nothing of it at all, the ground's textures its final shape.
        painting_sky = background.submit(build_sky, spec, seed, height_px=max(256, tier.panorama_height // 2))
        progress(0.0, "shaping the land")
        land = shape(spec, tier, seed)
        prototypes = Prototypes(spec, tier, seed)
        progress(0.3, "choosing sites")
        plan, crossings = _plan(spec, land, prototypes, seed)
        paths = plan.paths.lines
        _place_along_paths(spec, plan, prototypes, land)
        bare_land, land = land, level_land(land, plan.pads, paths)
        materials = _MaterialShelf(tier)
        painting_ground = background.submit(finish_land, land, spec, tier, seed, materials.get)
        objects = _stand(plan, land) + crossings
        objects += _runs(spec=spec, land=land, prototypes=prototypes, plan=plan, paths=paths, seed=seed)
        progress(0.45, "growing plants")
        objects += _scattered(
            spec=spec,
            land=land,
            bare_land=bare_land,
            prototypes=prototypes,
            plan=plan,
            paths=paths,
            standing=objects,
            crossings=crossings,
            seed=seed,
        )
        progress(0.7, "painting the sky")
        sky = painting_sky.result()
        progress(0.75, "painting the ground")
        ground = painting_ground.result()
    progress(0.85, "choosing detail")
    used = sum(sum(prototype.num_triangles[:1]) for prototype in ground.prototypes)
    objects, dropped = choose_levels(
        objects,
        prototypes.made,
        budget=max(tier.triangle_budget - used, tier.triangle_budget // 4),
        panorama_height=tier.panorama_height,
    )
    warnings = list(plan.warnings)
    if dropped:
        warnings.append(
            f"The {dropped} plants and stones that show least were left out to keep within the triangle budget."
        )
    placed = {item.prototype for item in objects}
    made = {name: prototype for name, prototype in prototypes.made.items() if name in placed}
    made.update({prototype.name: prototype for prototype in ground.prototypes})
    scene = Scene(
        prototypes=made,
        materials=materials.used_by(made.values(), ground.materials),
        objects=(*ground.objects, *objects),
        terrain=land.terrain,
        sky=sky,
        fog=build_fog(spec),
    )
    surfaces = ground_surfaces(ground.cover, spec.path_material)
    return BuiltScene(scene=scene, warnings=tuple(warnings), surfaces=surfaces)


def build_terrain(spec: WorldSpec, *, tier: QualityTier, seed: int) -> Terrain:
    """The land that :func:`build_scene` builds of the same spec, without what stands on it."""
    land = shape(spec, tier, seed)
    prototypes = Prototypes(spec, tier, seed)
    plan, _ = _plan(spec, land, prototypes, seed)
    _place_along_paths(spec, plan, prototypes, land)
    return level_land(land, plan.pads, plan.paths.lines).terrain


class _MaterialShelf:
    """Library materials at the tier's texture size, each made once."""

    def __init__(self, tier: QualityTier) -> None:
        self._texture_px = tier.material_texture_px
        self._made: dict[str, Material] = {}

    def get(self, name: str) -> Material:
        if name not in self._made:
            self._made[name] = make_material(name, texture_px=self._texture_px)
        return self._made[name]

    def used_by(self, prototypes: object, baked: tuple[Material, ...]) -> dict[str, Material]:
        own = {material.name: material for material in baked}
        names = {part.material for p in prototypes for lod in p.lods for part in lod}  # type: ignore[attr-defined]
        for name in sorted(names):
            if name not in own:
                own[name] = self.get(name)
        return own


def _plan(spec: WorldSpec, land: Land, prototypes: Prototypes, seed: int) -> tuple[SitePlan, list[SceneObject]]:
    """Sites of all items but runs; bridges, which bring their own height, as finished objects."""
    view = LandView(
        terrain=land.terrain,
        play_half_size_m=land.play_half_size_m,
        hill_top_xz=land.hill_top_xz,
        water_centers={water.id: water.center_xz for water in land.waters},
    )
    crossings: list[SceneObject] = []
    singles = []
    for item in spec.items:
        if item.family == "bridge":
            crossing = find_crossing(land.terrain, 60.0, randomness.rng(seed, f"{item.id}/crossing"))
            if crossing is not None:
                prototype = prototypes.of_item(item, 0, span_m=round(crossing.span_m, 1), ramp_m=crossing.ramp_m)
                x, z = crossing.center_xz
                crossings.append(
                    SceneObject(
                        object_id=f"{item.id}/0",
                        spec_id=item.id,
                        prototype=prototype.name,
                        world_from_object=rigid(yaw_rotation(crossing.yaw), np.array([x, crossing.deck_m, z])),
                    )
                )
                continue
        if item.family not in SEGMENT_M and not _is_beside_path(item, spec):
            singles.append(item)
    plan = plan_sites(spec.model_copy(update={"items": tuple(singles)}), view, families(), prototypes.of_item, seed)
    return plan, crossings


def _is_beside_path(item: Item, spec: WorldSpec) -> bool:
    """Whether a thing lines the path: it waits for the paths, and so must not reshape the ground."""
    rule = families()[item.family].placement
    return spec.path and item.place.target == "path" and not rule.levels_ground and rule.water_depth_m[1] <= 0.0


def _place_along_paths(spec: WorldSpec, plan: SitePlan, prototypes: Prototypes, land: Land) -> None:
    """Sites for lamp posts and the like, beside the paths."""
    paths = plan.paths.lines
    for item in spec.items:
        if item.family in SEGMENT_M or item.family == "bridge" or not _is_beside_path(item, spec):
            continue
        aside = 0.5 + 0.5 * prototypes.of_item(item, 0).footprint_m
        for index, (x, z, yaw) in enumerate(places_along(paths, item.count, aside_m=aside)):
            plan.sites.append(
                Site(
                    object_id=f"{item.id}/{index}",
                    item=item,
                    prototype=prototypes.of_item(item, index),
                    center_xz=(x, z),
                    yaw=yaw,
                    base_y=_height_at(land, x, z),
                )
            )


def _stand(plan: SitePlan, land: Land) -> list[SceneObject]:
    """Scene objects of all sites, on the levelled ground."""
    objects = []
    for site in plan.sites:
        rule = families()[site.item.family].placement
        y = site.base_y if site.afloat else _height_at(land, *site.center_xz)
        objects.append(object_at(site, y, sink_m=rule.sink_m))
    return objects


def _height_at(land: Land, x: float, z: float) -> float:
    return float(ground_height(land.terrain, np.array([x]), np.array([z]))[0])


def _runs(
    *,
    spec: WorldSpec,
    land: Land,
    prototypes: Prototypes,
    plan: SitePlan,
    paths: list[LineZone],
    seed: int,
) -> list[SceneObject]:
    """Fences and walls, segment by segment."""
    objects: list[SceneObject] = []
    for item in spec.items:
        if item.family not in SEGMENT_M:
            continue
        segment_m = SEGMENT_M[item.family]
        names = tuple(
            dict.fromkeys(
                prototypes.of_item(item.model_copy(update={"count": 3}), i, span_m=segment_m).name for i in range(3)
            )
        )
        for index in range(min(item.count, 6)):
            rng = randomness.rng(seed, f"{item.id}/{index}/run")
            pad = _pad_of(plan.sites, item)
            if pad is not None:
                line = run_around(pad, 3.5 + 2.0 * index)
            elif paths and item.place.target in ("path", None) and item.place.relation == "along":
                line = run_along(paths[0], 26.0)
            else:
                line = run_across((8 if item.family == "fence" else 6) * segment_m * item.size, rng)
            objects += lay_run(
                line,
                land.terrain,
                segment_m=segment_m,
                object_id=f"{item.id}/{index}",
                spec_id=item.id,
                prototypes=names,
                pads=plan.pads,
                paths=paths,
            )
    return objects


def _pad_of(sites: list[Site], item: Item) -> PadZone | None:
    for site in sites:
        if site.item.id == item.place.target and site.pad is not None:
            return site.pad
    return None


def _scattered(
    *,
    spec: WorldSpec,
    land: Land,
    bare_land: Land,
    prototypes: Prototypes,
    plan: SitePlan,
    paths: list[LineZone],
    standing: list[SceneObject],
    crossings: list[SceneObject],
    seed: int,
) -> list[SceneObject]:
    bridges = [(crossing, prototypes.made[crossing.prototype]) for crossing in crossings]
    stands = [
        Stand(entry=entry, family=families()[entry.family], prototypes=prototypes.of_scatter(entry))
        for entry in spec.scatters
        if entry.density > 0.0
    ]
    singles = [(*site.center_xz, max(site.prototype.footprint_m, 0.4)) for site in plan.sites if site.pad is None]
    sites = {site.object_id for site in plan.sites}
    for item in standing:
        if item.object_id not in sites:
            x, _, z = item.world_from_object[:3, 3]
            reach = half_extents(prototypes.made[item.prototype])
            singles.append((float(x), float(z), 0.5 * max(reach)))
    around = Surroundings(
        terrain=land.terrain,
        bare_terrain=bare_land.terrain,
        play_half_size_m=land.play_half_size_m,
        cover_reach_m=prototypes.tier.cover_reach_m,
        zones=tuple(plan.zones),
        sight_lines=sight_lines(
            spec=spec, terrain=land.terrain, waters=land.waters, sites=plan.sites, bridges=bridges, seed=seed
        ),
        single_xz=np.array(singles, dtype=np.float64).reshape(-1, 3),
        ground_fit=growth_on(bare_land, spec, seed),
        closeness=_closeness(spec, bare_land, plan, paths),
        seed=seed,
    )
    return scatter(stands, around)


_CLOSE_M = 9.0
"""How far around its target a placed scatter ("reeds around the lake") is dense."""


def _closeness(
    spec: WorldSpec, land: Land, plan: SitePlan, paths: list[LineZone]
) -> Callable[[Place, FloatArray, FloatArray], FloatArray]:
    """How near positions are to what a scatter's place refers to, 0 to 1."""
    waters = {water.id for water in spec.waters}

    def closeness(place: Place, x: FloatArray, z: FloatArray) -> FloatArray:
        name = place.target
        if name == "path":
            zones: list[Zone] = list(paths)
            away = np.min([zone.distance(x, z) for zone in zones], axis=0) if zones else np.full(len(x), np.inf)
        elif name in waters:
            away = np.abs(shore_distance(land.terrain, x, z)).astype(np.float64)
        elif name == "hill" and land.hill_top_xz is not None:
            away = np.maximum(np.hypot(x - land.hill_top_xz[0], z - land.hill_top_xz[1]) - 16.0, 0.0)
        else:
            near = [site for site in plan.sites if site.item.id == name]
            if not near:
                return np.ones(len(x))
            away = np.min(
                [
                    np.hypot(x - site.center_xz[0], z - site.center_xz[1]) - max(half_extents(site.prototype))
                    for site in near
                ],
                axis=0,
            )
        return np.clip(1.0 - np.maximum(away, 0.0) / _CLOSE_M, 0.0, 1.0)

    return closeness
