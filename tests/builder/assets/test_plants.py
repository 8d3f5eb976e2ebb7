"""Plants and rocks: every kind in every season, at every level of detail."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from worldgen.builder.assets import (
    birches,
    broadleaves,
    bushes,
    cacti,
    conifers,
    dead_trees,
    ferns,
    flowers,
    grasses,
    palms,
    reeds,
    rocks,
)
from worldgen.builder.family import AssetFamily, AssetRequest
from worldgen.builder.materials.table import MATERIALS
from worldgen.randomness import rng
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.scene import Capsule, Part, Prototype
from worldgen.settings import TIERS
from worldgen.spec.model import Biome, Season

MODULES = (
    conifers,
    broadleaves,
    birches,
    palms,
    cacti,
    dead_trees,
    bushes,
    ferns,
    reeds,
    grasses,
    flowers,
    rocks,
)
FAMILIES: tuple[AssetFamily, ...] = tuple(family for module in MODULES for family in module.FAMILIES)
BY_NAME = {family.name: family for family in FAMILIES}
SEASONS: tuple[Season, ...] = ("spring", "summer", "autumn", "winter")
KINDS = [(family.name, kind) for family in FAMILIES for kind in family.kinds]
TREES = ("conifer", "broadleaf", "birch", "palm")

HEIGHTS_M = {
    "conifer": (11.0, 29.0),
    "broadleaf": (4.0, 30.0),
    "birch": (11.0, 22.0),
    "palm": (8.0, 20.0),
    "bush": (0.25, 2.7),
    "fern": (0.3, 6.5),
    "grass": (0.15, 1.4),
    "flowers": (0.15, 2.2),
    "reeds": (1.2, 3.0),
    "cactus": (0.4, 8.5),
    "dead_tree": (0.35, 13.0),
    "rock": (0.1, 10.0),
    "cliff": (4.5, 12.0),
}
FINEST_TRIANGLES = {
    "conifer": (12_000, 26_000),
    "broadleaf": (12_000, 31_000),
    "birch": (12_000, 31_000),
    "palm": (6_000, 16_000),
    "bush": (1_800, 5_500),
    "grass": (250, 450),
    "flowers": (500, 1_700),
    "rock": (1_000, 4_500),
}
COARSEST_TRIANGLES = {
    "conifer": 520,
    "broadleaf": 620,
    "birch": 620,
    "palm": 560,
    "bush": 160,
    "grass": 40,
    "rock": 260,
}


def request(
    kind: str,
    season: Season = "summer",
    *,
    snow_cover: float = 0.0,
    biome: Biome = "temperate_forest",
    size: float = 1.0,
) -> AssetRequest:
    return AssetRequest(
        kind=kind,
        name=f"test/{kind}",
        season=season,
        snow_cover=snow_cover,
        biome=biome,
        size=size,
        tier=TIERS["standard"],
    )


@cache
def built(family: str, kind: str, season: Season = "summer", *, snow_cover: float = 0.0, seed: int = 5) -> Prototype:
    return BY_NAME[family].build(request(kind, season, snow_cover=snow_cover), rng(seed, kind))


def vertices_of(parts: tuple[Part, ...]) -> np.ndarray:
    return np.concatenate([part.mesh.vertices for part in parts]).astype(np.float64)


def flat_normals(part: Part) -> np.ndarray:
    corners = part.mesh.vertices[part.mesh.triangles].astype(np.float64)
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


@pytest.mark.parametrize(("family", "kind"), KINDS)
@pytest.mark.parametrize("season", SEASONS)
def test_builds_sound_meshes_in_every_season(family: str, kind: str, season: Season) -> None:
    prototype = built(family, kind, season, snow_cover=0.7 if season == "winter" else 0.0)
    assert prototype.label == family
    assert len(prototype.lods) == 3
    first, second, third = prototype.num_triangles
    assert first > 1.5 * second
    assert second > 1.5 * third
    for parts in prototype.lods:
        assert len({part.material for part in parts}) == len(parts)
        for part in parts:
            mesh = part.mesh
            assert np.isfinite(mesh.vertices).all()
            assert (0.5 * np.linalg.norm(flat_normals(part), axis=1)).min() > 1e-11
            entry = MATERIALS[part.material]
            assert (mesh.uvs is not None) == entry.textured
            assert (mesh.colors is None) == entry.textured
            # No vertex is left over that no triangle uses.
            assert len(np.unique(mesh.triangles)) == mesh.num_vertices


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_stands_on_the_ground_at_its_usual_height(family: str, kind: str) -> None:
    low, high = HEIGHTS_M[family]
    for seed in (5, 6):
        prototype = built(family, kind, seed=seed)
        points = vertices_of(prototype.lods[0])
        assert points[:, 1].min() <= 0.0
        assert low <= points[:, 1].max() <= high
        middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
        spread = np.ptp(points, axis=0).max()
        assert np.abs(middle[[0, 2]]).max() < 0.4 * spread


@pytest.mark.parametrize(("family", "kind"), [item for item in KINDS if item[0] in TREES])
def test_trunk_stands_at_the_origin(family: str, kind: str) -> None:
    prototype = built(family, kind)
    trunk = next(part for part in prototype.lods[0] if part.material.startswith("bark"))
    points = trunk.mesh.vertices
    foot = points[np.abs(points[:, 1]) < 0.25]
    assert len(foot) >= 8
    reach = np.hypot(foot[:, 0], foot[:, 2]).max()
    assert np.abs(foot[:, [0, 2]].mean(axis=0)).max() < max(0.12, 0.25 * reach)
    # It is a closed ring around the origin, rooted below the ground.
    angles = np.sort(np.arctan2(foot[:, 2], foot[:, 0]))
    assert np.diff(np.append(angles, angles[0] + 2.0 * np.pi)).max() < np.pi / 2.0
    assert points[:, 1].min() < -0.2


@pytest.mark.parametrize(("family", "kind"), KINDS)
@pytest.mark.parametrize("season", ["summer", "winter"])
def test_levels_of_detail_keep_the_outline(family: str, kind: str, season: Season) -> None:
    prototype = built(family, kind, season, snow_cover=0.7 if season == "winter" else 0.0)
    finest = vertices_of(prototype.lods[0])
    sizes = np.ptp(finest, axis=0)
    height, width = sizes[1], max(sizes[0], sizes[2])
    for parts in prototype.lods[1:]:
        points = vertices_of(parts)
        assert abs(points[:, 1].max() - finest[:, 1].max()) < 0.15 * height
        for axis in (0, 2):
            assert abs(np.ptp(points[:, axis]) - sizes[axis]) < 0.15 * max(width, 0.5 * height)


@pytest.mark.parametrize(("family", "kind"), [item for item in KINDS if item[0] in (*TREES, "bush")])
def test_levels_of_detail_keep_leaf_colour_and_area(family: str, kind: str) -> None:
    prototype = built(family, kind)
    means, areas = [], []
    for parts in prototype.lods:
        leafy = [part for part in parts if MATERIALS[part.material].surface == "foliage"]
        weights = np.concatenate([0.5 * np.linalg.norm(flat_normals(part), axis=1) for part in leafy])
        colors = np.concatenate([part.mesh.colors[part.mesh.triangles].mean(axis=1) for part in leafy])
        means.append((colors * weights[:, None]).sum(axis=0) / weights.sum())
        areas.append(weights.sum())
    for mean, area in zip(means[1:], areas[1:], strict=True):
        assert np.abs(mean / means[0] - 1.0).max() < 0.35
        # Leaves of a dense column hide one another, so its coarsest skin is much smaller.
        assert (0.2 if kind == "cypress" else 0.3) * areas[0] < area < 2.2 * areas[0]


@pytest.mark.parametrize("family", sorted(FINEST_TRIANGLES))
def test_triangle_budgets(family: str) -> None:
    low, high = FINEST_TRIANGLES[family]
    for kind in BY_NAME[family].kinds:
        counts = built(family, kind).num_triangles
        assert low <= counts[0] <= high
        assert counts[2] <= COARSEST_TRIANGLES.get(family, 260)


@pytest.mark.parametrize(("family", "kind"), [item for item in KINDS if item[0] in ("rock", "cliff")])
@pytest.mark.parametrize("biome", ["alpine", "canyon"])
def test_stones_are_closed_and_face_outwards(family: str, kind: str, biome: Biome) -> None:
    prototype = BY_NAME[family].build(request(kind, biome=biome), rng(3, kind))
    for parts in prototype.lods:
        (part,) = parts
        corners = part.mesh.vertices[part.mesh.triangles].astype(np.float64)
        volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6.0
        sizes = np.ptp(part.mesh.vertices, axis=0)
        assert volume > 0.0 if kind == "stones" else volume > 0.12 * sizes.prod()
        # Unwrapping splits vertices, not the surface: every edge still has its twin.
        _, index = np.unique(part.mesh.vertices, axis=0, return_inverse=True)
        edges = index.reshape(-1)[part.mesh.triangles][:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        keys = edges[:, 0].astype(np.int64) * len(index) + edges[:, 1]
        twins = edges[:, 1].astype(np.int64) * len(index) + edges[:, 0]
        assert np.array_equal(np.sort(keys), np.sort(twins))
        flat = flat_normals(part)
        flat /= np.linalg.norm(flat, axis=1, keepdims=True)
        agreement = np.einsum("tci,ti->tc", part.mesh.normals[part.mesh.triangles], flat)
        assert (agreement > 0.0).mean() > 0.995
        # Texels keep their proportions: no direction is stretched more than three times.
        assert part.mesh.uvs is not None
        stretch = _stretches(corners, part.mesh.uvs[part.mesh.triangles].astype(np.float64))
        assert np.quantile(stretch, 0.98) < 3.0


def _stretches(corners: np.ndarray, uvs: np.ndarray) -> np.ndarray:
    """Largest over smallest metres per tile of each triangle."""
    edge_u, edge_v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    tiles = np.stack((uvs[:, 1] - uvs[:, 0], uvs[:, 2] - uvs[:, 0]), axis=2)
    sound = np.abs(np.linalg.det(tiles)) > 1e-9
    jacobian = np.stack((edge_u, edge_v), axis=2)[sound] @ np.linalg.inv(tiles[sound])
    values = np.linalg.svd(jacobian, compute_uv=False)
    return values[:, 0] / values[:, 1]


@pytest.mark.parametrize(("family", "kind"), [item for item in KINDS if item[0] in (*TREES, "cactus", "dead_tree")])
def test_bark_faces_outwards(family: str, kind: str) -> None:
    for part in built(family, kind).lods[0]:
        if MATERIALS[part.material].textured:
            agreement = np.einsum("tci,ti->tc", part.mesh.normals[part.mesh.triangles], flat_normals(part))
            assert (agreement > 0.0).mean() > 0.97


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_same_stream_gives_the_same_bytes(family: str, kind: str) -> None:
    first, again = built(family, kind, seed=5), BY_NAME[family].build(request(kind), rng(5, kind))
    other = built(family, kind, seed=6)
    assert first.num_triangles == again.num_triangles
    for parts, same in zip(first.lods, again.lods, strict=True):
        for part, twin in zip(parts, same, strict=True):
            assert part.material == twin.material
            assert part.mesh.vertices.tobytes() == twin.mesh.vertices.tobytes()
            assert part.mesh.triangles.tobytes() == twin.mesh.triangles.tobytes()
            assert part.mesh.normals.tobytes() == twin.mesh.normals.tobytes()
            if part.mesh.colors is not None and twin.mesh.colors is not None:
                assert part.mesh.colors.tobytes() == twin.mesh.colors.tobytes()
    assert vertices_of(first.lods[0]).tobytes() != vertices_of(other.lods[0]).tobytes()


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_colliders_lie_inside(family: str, kind: str) -> None:
    prototype = built(family, kind)
    points = vertices_of(prototype.lods[0])
    low, high = points.min(axis=0), points.max(axis=0)
    slack = 0.05 * np.ptp(points, axis=0).max()
    if family in (*TREES, "cactus", "dead_tree", "rock", "cliff"):
        assert prototype.colliders
    if family in ("grass", "flowers", "reeds", "bush"):
        assert not prototype.colliders
    for collider in prototype.colliders:
        if isinstance(collider, Capsule):
            base = np.asarray(collider.base)
            corners = np.stack(
                (base - (collider.radius, 0.0, collider.radius), base + collider.radius * np.array([1, 0, 1]))
            )
            corners[1, 1] += collider.height
            assert collider.surface in {"wood", "foliage"}
        else:
            corners = collider.points
        assert (corners.min(axis=0) >= low - slack).all()
        assert (corners.max(axis=0) <= high + slack).all()


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_size_scales_everything_but_the_bark(family: str, kind: str) -> None:
    usual = built(family, kind)
    huge = BY_NAME[family].build(request(kind, size=2.0), rng(5, kind))
    assert huge.footprint_m == pytest.approx(2.0 * usual.footprint_m)
    for part, twice in zip(usual.lods[1], huge.lods[1], strict=True):
        assert np.allclose(part.mesh.vertices * 2.0, twice.mesh.vertices, atol=1e-4)
        assert np.allclose(part.mesh.normals, twice.mesh.normals, atol=1e-3)
    for before, after in zip(usual.colliders, huge.colliders, strict=True):
        if isinstance(before, Capsule) and isinstance(after, Capsule):
            assert after.height == pytest.approx(2.0 * before.height)


@pytest.mark.parametrize("kind", ["beech", "oak", "maple", "willow", "cherry"])
def test_broadleaves_follow_the_seasons(kind: str) -> None:
    materials = {season: {part.material for part in built("broadleaf", kind, season).lods[0]} for season in SEASONS}
    assert "foliage" in materials["summer"]
    assert "foliage" not in materials["winter"]

    def redness(season: Season) -> float:
        (leaves,) = [part for part in built("broadleaf", kind, season).lods[0] if part.material == "foliage"]
        assert leaves.mesh.colors is not None
        red, green, _ = leaves.mesh.colors.mean(axis=0)
        return float(red / green)

    assert redness("summer") < 1.0 < redness("autumn")


@pytest.mark.parametrize(
    ("family", "kind"), [item for item in KINDS if item[0] in ("conifer", "broadleaf", "birch", "rock", "cliff")]
)
def test_snow_lies_on_top(family: str, kind: str) -> None:
    bare = built(family, kind, "winter")
    snowy = built(family, kind, "winter", snow_cover=0.7)
    assert "snow_cap" not in {part.material for part in bare.lods[0]}
    (snow,) = [part for part in snowy.lods[0] if part.material == "snow_cap"]
    assert snow.mesh.colors is not None
    assert snow.mesh.colors.min() > 0.7
    assert (snow.mesh.normals[:, 1] > 0.0).mean() > 0.75


def test_evergreens_keep_their_needles_and_larches_do_not() -> None:
    def has_needles(kind: str) -> bool:
        return "needles" in {part.material for part in built("conifer", kind, "winter").lods[0]}

    assert has_needles("spruce")
    assert has_needles("pine")
    assert not has_needles("larch")


def test_biomes_choose_the_stone_and_a_named_material_wins() -> None:
    def material(biome: Biome, named: str | None = None) -> str:
        asked = AssetRequest(kind="boulder", name="x", biome=biome, material=named, tier=TIERS["draft"])
        return BY_NAME["rock"].build(asked, rng(1, "x")).lods[0][0].material

    assert material("canyon") == "rock_sandstone"
    assert material("alpine") == "rock_granite"
    assert material("tropical") == "rock_mossy"
    assert material("alpine", "basalt") == "rock_basalt"
    for word in BY_NAME["rock"].materials:
        assert material("alpine", word) in MATERIALS


def test_words_are_unique_singular_and_labelled() -> None:
    seen: dict[str, str] = {}
    for family in FAMILIES:
        assert family.name in LABEL_INDEX
        assert 2 <= family.num_variants <= 4
        for kind, words in family.kinds.items():
            assert kind.isidentifier()
            assert words
            for word in words:
                assert word == word.lower().strip()
                assert word not in seen, f"'{word}' is in {family.name} and {seen.get(word)}"
                seen[word] = family.name
        assert set(family.adjectives.values()) <= set(family.kinds)
    assert {
        "pine",
        "oak",
        "birch",
        "palm",
        "cactus",
        "bush",
        "fern",
        "reed",
        "grass",
        "flower",
        "rock",
        "cliff",
    } <= set(seen)


def test_placements_leave_nothing_floating() -> None:
    for family in FAMILIES:
        placement = family.placement
        assert placement.sink_m > 0.0
        assert 0.0 < placement.max_slope_deg < 70.0
        low, high = placement.scale_range
        assert 0.3 < low <= 1.0 <= high < 2.0
    assert BY_NAME["reeds"].placement.water_depth_m[1] > 0.2
    assert BY_NAME["conifer"].placement.follow_slope == 0.0
