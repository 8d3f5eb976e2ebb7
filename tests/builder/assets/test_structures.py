"""Buildings, structures and props: every kind, material and biome."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from tests.builder.assets.structures import (
    FAMILIES,
    KINDS,
    Soup,
    bounds,
    build,
    distances,
    first_hits,
    is_inside,
    rays_from_outside,
    soup,
)
from worldgen.builder.family import AssetRequest
from worldgen.builder.materials.table import MATERIALS
from worldgen.randomness import rng
from worldgen.scene.scene import ConvexHull, Prototype
from worldgen.settings import TIERS
from worldgen.spec.model import Biome

NUM_RAYS = 2500

DWELLINGS = ("cabin", "timber_house", "stone_house", "barn", "church")
FOUNDED = (*DWELLINGS, "tower", "castle", "gate", "wall", "ruins", "bridge", "well", "windmill", "pyramid", "dock")
FINEST_TRIANGLES = {"cathedral": 32_000, "castle": 25_000, "keep": 20_000}
MIDDLE_TRIANGLES = {"cathedral": 9_500, "castle": 9_000, "keep": 6_500, "church": 4_500}
COARSEST_TRIANGLES = {"castle": 1_300, "keep": 900, "ruined_house": 900}
DOOR_KINDS = [
    *(("cabin", kind) for kind in FAMILIES["cabin"].kinds),
    *((name, kind) for name in ("timber_house", "stone_house", "church") for kind in FAMILIES[name].kinds),
    ("barn", "stone_barn"),
    ("castle", "keep"),
    ("windmill", "tower_mill"),
    ("windmill", "smock_mill"),
    *(("tower", kind) for kind in ("watchtower", "round_tower", "bell_tower", "lighthouse", "wizard_tower")),
]


def assert_sound(prototype: Prototype, family: str) -> None:
    """What holds for every prototype of the package, whatever was asked for."""
    assert prototype.label == family
    assert len(prototype.lods) == 3
    assert prototype.colliders
    assert 0.2 <= prototype.footprint_m < 60.0
    for lod in prototype.lods:
        for part in lod:
            entry = MATERIALS[part.material]
            assert (part.mesh.uvs is not None) == entry.textured, part.material
            assert (part.mesh.colors is not None) == (not entry.textured), part.material


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_kinds_are_sound(family: str, kind: str) -> None:
    prototype = build(family, kind)
    assert_sound(prototype, family)
    fine, middle, coarse = prototype.num_triangles
    assert fine >= middle >= coarse >= 12
    assert fine <= FINEST_TRIANGLES.get(kind, 15_000)
    assert middle <= MIDDLE_TRIANGLES.get(kind, 2_600)
    assert coarse <= COARSEST_TRIANGLES.get(kind, 520)


@pytest.mark.parametrize(("family", "kind"), KINDS)
@pytest.mark.parametrize("lod", [0, 1, 2])
def test_normals_agree_with_the_fronts(family: str, kind: str, lod: int) -> None:
    for part in build(family, kind).lods[lod]:
        mesh = part.mesh
        corners = mesh.vertices[mesh.triangles].astype(np.float64)
        crosses = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        areas = np.linalg.norm(crosses, axis=1) / 2.0
        assert areas.min() > 1e-10
        facing = np.einsum("tj,tkj->tk", crosses / (2.0 * areas[:, None]), mesh.normals[mesh.triangles])
        # Smooth shading may turn away by up to a right angle at the tip of a cone, never beyond.
        assert facing.min() > -0.05, part.material


@pytest.mark.parametrize(("family", "kind"), KINDS)
@pytest.mark.parametrize("snow_cover", [0.0, 0.8])
def test_only_fronts_show(family: str, kind: str, snow_cover: float) -> None:
    mesh = soup(build(family, kind, snow_cover=snow_cover))
    origins, directions = rays_from_outside(mesh, NUM_RAYS, 1)
    hit = first_hits(mesh.vertices, mesh.triangles, origins, directions)
    reach = distances(mesh, hit, origins, directions)
    above = (hit >= 0) & (origins[:, 1] + np.where(hit >= 0, reach, 0.0) * directions[:, 1] > 0.0)
    backs = np.einsum("ij,ij->i", directions[above], mesh.normals[hit[above]]) > 1e-6
    assert above.sum() > NUM_RAYS * 0.05
    assert backs.mean() < 0.003


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_no_faces_coincide(family: str, kind: str) -> None:
    mesh = soup(build(family, kind))
    origins, directions = rays_from_outside(mesh, NUM_RAYS, 2)
    first = first_hits(mesh.vertices, mesh.triangles, origins, directions)
    reach = distances(mesh, first, origins, directions)
    found = (first >= 0) & (origins[:, 1] + np.where(first >= 0, reach, 0.0) * directions[:, 1] > 0.0)
    flickers = np.zeros(NUM_RAYS, dtype=bool)
    groups = (np.arange(len(mesh.triangles)) * 2654435761 % 2**32) >> 15
    for bit in range(3):
        # Two faces in one plane fall into different halves for one of the bits, and both halves are hit.
        halves = [np.flatnonzero((groups >> bit & 1) == side) for side in (0, 1)]
        hits = [_hits_of(mesh, half, origins, directions) for half in halves if len(half)]
        if len(hits) < 2:
            continue
        both = np.flatnonzero(found & (hits[0] >= 0) & (hits[1] >= 0))
        a, b = hits[0][both], hits[1][both]
        parallel = np.einsum("ij,ij->i", mesh.normals[a], mesh.normals[b]) > 0.9999
        place = origins[both] + distances(mesh, hits[0], origins, directions)[both, None] * directions[both]
        gap = np.abs(np.einsum("ij,ij->i", place - mesh.vertices[mesh.triangles[b, 0]], mesh.normals[b]))
        nearest = np.minimum(*(distances(mesh, h, origins, directions)[both] for h in hits)) <= reach[both] + 2e-3
        flickers[both[parallel & (gap < 1e-3) & nearest]] = True
    assert flickers[found].mean() < 0.006


def _hits_of(mesh: Soup, half: np.ndarray, origins: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """The first triangle of ``half`` that each ray meets, as an index into all triangles, -1 for none."""
    hit = first_hits(mesh.vertices, mesh.triangles[half], origins, directions)
    return np.where(hit >= 0, half[hit], -1)


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_levels_of_detail_agree(family: str, kind: str) -> None:
    prototype = build(family, kind)
    low, high = bounds(prototype)
    diagonal = float(np.linalg.norm(high - low))
    for lod, share in ((1, 0.08), (2, 0.2)):
        coarse_low, coarse_high = bounds(prototype, lod)
        off = max(np.abs(coarse_low - low).max(), np.abs(coarse_high - high).max())
        if family != "gravestone":
            assert off <= share * diagonal + 0.35, (lod, off)


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_colliders_stay_within_what_is_seen(family: str, kind: str) -> None:
    from scipy.spatial import ConvexHull as Hull

    prototype = build(family, kind)
    low, high = bounds(prototype)
    for collider in prototype.colliders:
        assert isinstance(collider, ConvexHull)
        assert (collider.points >= low - 0.05).all()
        assert (collider.points <= high + 0.05).all()
        assert Hull(collider.points.astype(np.float64), qhull_options="QJ").volume > 1e-5


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_the_same_stream_gives_the_same_bytes(family: str, kind: str) -> None:
    request = AssetRequest(kind=kind, name="twin", tier=TIERS["standard"])
    twins = [FAMILIES[family].build(request, rng(5, "twin")) for _ in range(2)]
    for lod in range(3):
        for a, b in zip(twins[0].lods[lod], twins[1].lods[lod], strict=True):
            assert a.material == b.material
            assert a.mesh.vertices.tobytes() == b.mesh.vertices.tobytes()
            assert a.mesh.triangles.tobytes() == b.mesh.triangles.tobytes()
            assert a.mesh.normals.tobytes() == b.mesh.normals.tobytes()


@pytest.mark.parametrize("family", [name for name in FAMILIES if FAMILIES[name].num_variants > 1])
def test_another_stream_gives_another_one(family: str) -> None:
    kind = next(iter(FAMILIES[family].kinds))
    sizes = {soup(build(family, kind, seed)).vertices.tobytes() for seed in (1, 2, 3)}
    assert len(sizes) == 3


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_materials_and_sizes_build(family: str, kind: str) -> None:
    for material in FAMILIES[family].materials:
        assert_sound(build(family, kind, material=material), family)
    small, large = bounds(build(family, kind, size=0.7)), bounds(build(family, kind))
    spanned = ("bridge", "fence", "wall")
    if family not in spanned:
        assert np.prod(large[1] - large[0]) > 1.12 * np.prod(small[1] - small[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_biomes_build(family: str) -> None:
    kind = min(FAMILIES[family].kinds, key=lambda kind: sum(build(family, kind).num_triangles))
    for biome in get_args(Biome):
        assert_sound(build(family, kind, biome=biome), family)


@pytest.mark.parametrize("family", FOUNDED)
def test_foundations_reach_below_the_ground(family: str) -> None:
    for kind in FAMILIES[family].kinds:
        low, _ = bounds(build(family, kind))
        assert low[1] <= -0.75, kind


@pytest.mark.parametrize(("family", "kind"), DOOR_KINDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_door_is_in_front_and_a_step_up(family: str, kind: str, seed: int) -> None:
    prototype = build(family, kind, seed)
    leaves = [part.mesh for part in prototype.lods[0] if part.material == "door_wood"]
    assert leaves, "no door"
    points = np.concatenate([mesh.vertices for mesh in leaves])
    facing = np.concatenate([mesh.normals for mesh in leaves])
    ground = points[points[:, 1] < 2.0]
    assert 0.0 <= points[:, 1].min() <= 0.22
    assert (facing[:, 2] > 0.99).any()
    door_width = np.ptp(ground[facing[points[:, 1] < 2.0][:, 2] > 0.99][:, 0])
    assert door_width > 0.7


@pytest.mark.parametrize("family", DWELLINGS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_roofs_keep_the_rain_out(family: str, seed: int) -> None:
    for kind in FAMILIES[family].kinds:
        prototype = build(family, kind, seed)
        mesh = soup(prototype)
        tall = [c for c in prototype.colliders if isinstance(c, ConvexHull) and np.ptp(c.points[:, 1]) > 2.0]
        body = max(tall, key=lambda hull: float(np.prod(np.ptp(hull.points, axis=0))))
        low, high = body.points.min(axis=0) + 0.1, body.points.max(axis=0) - 0.1
        x, z = np.meshgrid(np.linspace(low[0], high[0], 40), np.linspace(low[2], high[2], 40))
        origins = np.stack((x.ravel(), np.full(x.size, 80.0), z.ravel()), axis=1)
        down = np.tile((0.0, -1.0, 0.0), (len(origins), 1))
        hit = first_hits(mesh.vertices, mesh.triangles, origins, down)
        assert (hit >= 0).all(), kind
        height = 80.0 - distances(mesh, hit, origins, down)
        assert height.min() > 2.0, kind
        assert (mesh.normals[hit][:, 1] > 0.0).all(), kind


@pytest.mark.parametrize("kind", FAMILIES["bridge"].kinds)
@pytest.mark.parametrize("span_m", [6.0, 13.5, 31.0])
def test_bridges_span_what_is_asked(kind: str, span_m: float) -> None:
    prototype = build("bridge", kind, span_m=span_m)
    mesh = soup(prototype)
    low, high = bounds(prototype)
    assert abs((high[0] - low[0]) - span_m) < 0.6
    assert low[1] <= -3.99
    x = np.array([-span_m / 2.0 + 0.06, span_m / 2.0 - 0.06])
    origins = np.stack((x, np.full(2, 0.6), np.zeros(2)), axis=1)
    down = np.tile((0.0, -1.0, 0.0), (2, 1))
    hit = first_hits(mesh.vertices, mesh.triangles, origins, down)
    ends = 0.6 - distances(mesh, hit, origins, down)
    np.testing.assert_allclose(ends, 0.0, atol=0.06)


def test_ways_through_are_free_and_walls_are_not() -> None:
    heights = np.array([0.3, 1.0, 1.7])

    def column(x: float, z: float, lift: float = 0.0) -> np.ndarray:
        return np.array([(x, lift + y, z) for y in heights])

    gate, arch = build("gate", "gatehouse"), build("gate", "archway")
    for z in np.linspace(-4.0, 4.0, 17):
        assert not is_inside(gate, column(0.0, float(z))).any()
        assert not is_inside(arch, column(0.0, float(z))).any()
    assert is_inside(gate, column(2.6, 0.0)).all()
    ruin = build("ruins", "ruined_house")
    _, high = bounds(ruin)
    for z in np.linspace(0.8, high[2], 12):
        assert not is_inside(ruin, column(0.0, float(z))).any()
    castle = build("castle", "castle")
    _, high = bounds(castle)
    for z in np.linspace(6.0, high[2], 12):
        assert not is_inside(castle, column(0.0, float(z))).any()
    house = build("stone_house", "farmhouse")
    assert is_inside(house, column(0.0, 0.0)).all()


@pytest.mark.parametrize("kind", FAMILIES["bridge"].kinds)
def test_bridges_carry_a_walker_from_end_to_end(kind: str) -> None:
    prototype = build("bridge", kind, span_m=14.0)
    mesh = soup(prototype)
    x = np.linspace(-6.9, 6.9, 57)
    origins = np.stack((x, np.full(57, 4.0), np.full(57, 0.13)), axis=1)
    down = np.tile((0.0, -1.0, 0.0), (57, 1))
    deck = 4.0 - distances(mesh, first_hits(mesh.vertices, mesh.triangles, origins, down), origins, down)
    # Between two planks the eye sees the ground, but no foot falls through.
    deck = np.where(np.isfinite(deck) & (deck > -2.0), deck, np.nan)
    assert np.isfinite(deck).mean() > 0.8
    deck = np.interp(x, x[np.isfinite(deck)], deck[np.isfinite(deck)])
    standing = np.stack((x, deck - 0.12, np.full(57, 0.13)), axis=1)
    walking = np.stack((x, deck + 0.25, np.full(57, 0.13)), axis=1)
    assert is_inside(prototype, standing).all()
    assert not is_inside(prototype, walking).any()
    assert np.abs(np.diff(deck)).max() < 0.2


@pytest.mark.parametrize(("family", "span_m"), [("wall", 5.0), ("wall", 3.2), ("fence", 2.4), ("fence", 4.0)])
def test_segments_span_what_is_asked(family: str, span_m: float) -> None:
    for kind in FAMILIES[family].kinds:
        low, high = bounds(build(family, kind, span_m=span_m))
        np.testing.assert_allclose((low[0], high[0]), (-span_m / 2.0, span_m / 2.0), atol=0.11, err_msg=kind)


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_snow_lies_only_where_it_snowed(family: str, kind: str) -> None:
    bare = {part.material for part in build(family, kind).lods[0]}
    assert "snow_cap" not in bare
    snowy = build(family, kind, snow_cover=0.8).lods[0]
    if family in (*DWELLINGS, "well", "windmill", "shrine", "bridge") and kind not in ("rope_bridge", "fountain"):
        caps = [part.mesh for part in snowy if part.material == "snow_cap"]
        if family != "windmill":
            assert caps
            assert all((mesh.normals[:, 1] > -0.3).mean() > 0.95 for mesh in caps)


@pytest.mark.parametrize(
    ("family", "kind"), [("cabin", "log_cabin"), ("stone_house", "farmhouse"), ("lamp_post", "street_lamp")]
)
def test_lights_follow_the_request(family: str, kind: str) -> None:
    glow = {"window_lit", "lamp_glow"}
    assert not glow & {part.material for part in build(family, kind).lods[0]}
    assert glow & {part.material for part in build(family, kind, lit=True).lods[0]}


def test_words_are_unique_and_singular() -> None:
    seen: dict[str, tuple[str, str]] = {}
    for name, kind in KINDS:
        for word in FAMILIES[name].kinds[kind]:
            assert word == word.lower().strip()
            assert word not in seen, (word, seen.get(word), kind)
            seen[word] = (name, kind)
    for family in FAMILIES.values():
        assert set(family.adjectives.values()) <= set(family.kinds)
