from __future__ import annotations

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.builder.terrain.lands import DRAFT, ground_of, land_of, plain_material, spec_of
from worldgen.builder.terrain.cover import COVER_LAYERS
from worldgen.builder.terrain.ground import BuiltLand, build_ground
from worldgen.builder.terrain.queries import ground_height, shore_distance, slope_at, water_depth_at
from worldgen.builder.terrain.sites import PathLine, level_ground
from worldgen.color import linear_from_srgb, srgb_from_linear
from worldgen.scene.material import Material
from worldgen.spec.model import Biome, Weather

CASES: list[tuple[Biome, str]] = [("alpine", "lake"), ("canyon", ""), ("coast", "")]


@pytest.mark.parametrize(("biome", "waters"), CASES)
def test_meshes_are_whole(biome: Biome, waters: str) -> None:
    land, ground = land_of(biome, waters), ground_of(biome, waters)
    assert {item.prototype for item in ground.objects} == set(ground.prototypes)
    area = 0.0
    for prototype in ground.prototypes.values():
        (part,) = prototype.lods[0]
        mesh = part.mesh
        assert part.material in ground.materials
        assert mesh.num_triangles <= 500_000
        assert mesh.uvs is not None
        assert mesh.uvs.min() >= 0.0
        assert mesh.uvs.max() <= 1.0
        a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(np.float64) for k in range(3))
        up = np.cross(b - a, c - a)[:, 1]
        assert (up > 0.0).all()
        area += 0.5 * up.sum()
        assert (mesh.normals[:, 1] > 0.0).all()
    half = land.terrain.levels[-1].half_size_m
    np.testing.assert_allclose(area, (2.0 * half) ** 2, rtol=1e-6)


@pytest.mark.parametrize(("biome", "waters"), CASES)
def test_textures_belong_to_their_places(biome: Biome, waters: str) -> None:
    ground = ground_of(biome, waters)
    for material in ground.materials.values():
        color = material.base_color_texture
        assert color is not None
        assert material.normal_texture is not None
        assert material.roughness_texture is not None
        assert color.std() > 1.0
        assert material.normal_texture[..., 2].min() > 120
    # A vertex's colour is the cover's at its own place, also where the texture is unfolded.
    for name in ("ground_play/ground", "ground_play/cliff", "ground_middle/mountain"):
        if name not in ground.prototypes:
            continue
        (part,) = ground.prototypes[name].lods[0]
        shown = _color_at(ground.materials[part.material], part.mesh.uvs)
        wanted = ground.cover.base_color(part.mesh.vertices[:, 0], part.mesh.vertices[:, 2])
        # Light and shade are on top of the cover's colour, so hues are compared.
        hue, wanted_hue = (color / color.sum(axis=1, keepdims=True) for color in (shown, wanted))
        assert np.median(np.abs(hue - wanted_hue)) < 0.035
        for channel in range(3):
            if wanted_hue[:, channel].std() > 0.03 and "cliff" not in name:
                assert np.corrcoef(hue[:, channel], wanted_hue[:, channel])[0, 1] > 0.75


def _color_at(material: Material, uvs: NDArray[np.float32] | None) -> NDArray[np.float64]:
    """Linear base colour at UVs, of the nearest texels."""
    assert material.base_color_texture is not None
    assert uvs is not None
    side = len(material.base_color_texture)
    column = np.clip((uvs[:, 0] * side).astype(int), 0, side - 1)
    row = np.clip(((1.0 - uvs[:, 1]) * side).astype(int), 0, side - 1)
    color = linear_from_srgb(material.base_color_texture[row, column].astype(np.float32) / np.float32(255.0))
    return np.maximum(color.astype(np.float64), 1e-4)


@pytest.mark.parametrize(
    "biome", ["alpine", "temperate_forest", "meadow_hills", "desert", "canyon", "coast", "tundra", "tropical"]
)
def test_cover_weights_sum_to_one(biome: Biome) -> None:
    from worldgen.builder.terrain.fields import ground_cover

    land = land_of(biome, "")
    cover = ground_cover(land.terrain, spec_of(biome), 1, np.ones((len(COVER_LAYERS), 3), dtype=np.float32))
    random = np.random.Generator(np.random.PCG64(5))
    x, z = random.uniform(-1.0, 1.0, (2, 3000)) * np.geomspace(10.0, 7000.0, 3000)
    weights = cover.weights(x, z)
    assert weights.min() >= 0.0
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-4)
    steep = slope_at(land.terrain, x, z) > np.radians(55.0)
    if steep.sum() > 20:
        names = ("rock", "red_rock", "scree")
        rocky = sum(weights[:, COVER_LAYERS.index(name)] for name in names)
        assert rocky[steep].mean() > 0.6


def test_cover_follows_the_land() -> None:
    land, ground = land_of("coast", ""), ground_of("coast", "")
    random = np.random.Generator(np.random.PCG64(6))
    x, z = random.uniform(-100.0, 100.0, (2, 20000))
    shore = shore_distance(land.terrain, x, z)
    gentle = slope_at(land.terrain, x, z) < 0.2
    beach = gentle & (shore > 0.5) & (shore < 5.0)
    inland = gentle & (shore > 40.0)
    assert ground.cover.weight_of("sand", x, z)[beach].mean() > 0.8
    assert ground.cover.weight_of("grass", x, z)[inland].mean() > 0.6
    wet = water_depth_at(land.terrain, x, z) > 0.5
    assert ground.cover.weight_of("grass", x, z)[wet].max() < 0.3


def test_snow_cover_and_paths_are_painted() -> None:
    terrain = level_ground(
        land_of("meadow_hills", "").terrain,
        [],
        [PathLine(points_xz=np.array([[0.0, 3.0], [0.0, -28.0]]), width_m=2.5)],
    )
    means = []
    for snow in (0.0, 1.0):
        spec = spec_of("meadow_hills").model_copy(update={"weather": Weather(snow_cover=snow)})
        ground = build_ground(terrain, spec, DRAFT, 1, plain_material)
        means.append(float(ground.cover.weight_of("snow", np.full(50, 9.0), np.linspace(-20.0, 20.0, 50)).mean()))
        path = ground.cover.weight_of("path", np.zeros(40), np.linspace(-25.0, 0.0, 40))
        assert path.mean() > 0.8
    assert means[0] < 0.02
    assert means[1] > 0.9


def test_neighbouring_levels_have_one_colour_at_the_border() -> None:
    ground, land = ground_of("alpine", "lake"), land_of("alpine", "lake")
    for fine, coarse, index in (("near", "play", 0), ("play", "middle", 1), ("middle", "far", 2)):
        half = land.terrain.levels[index].half_size_m
        inner, outer = (_colors_on_border(ground, name, half) for name in (fine, coarse))
        shared = sorted(inner.keys() & outer.keys())
        assert len(shared) > 60
        difference = np.array([inner[place] for place in shared]) - np.array([outer[place] for place in shared])
        assert np.abs(difference).mean() < 6.0


def _colors_on_border(
    ground: BuiltLand, level: str, half_size_m: float
) -> dict[tuple[float, float], NDArray[np.float64]]:
    """sRGB bytes of a level's texture at its vertices on the border of a square, by their place."""
    colors = {}
    for name, prototype in ground.prototypes.items():
        if name.startswith(f"ground_{level}/"):
            mesh = prototype.lods[0][0].mesh
            on_border = np.abs(np.abs(mesh.vertices[:, [0, 2]]).max(axis=1) - half_size_m) < 1e-3
            assert mesh.uvs is not None
            shown = _color_at(ground.materials[f"ground_{level}"], mesh.uvs[on_border])
            encoded = srgb_from_linear(shown.astype(np.float32)).astype(np.float64) * 255.0
            for vertex, color in zip(mesh.vertices[on_border], encoded, strict=True):
                colors[round(float(vertex[0]), 2), round(float(vertex[2]), 2)] = color
    return colors


def test_same_bytes_with_one_and_two_threads() -> None:
    land = land_of("alpine", "lake")
    before = numba.get_num_threads()
    results: list[dict[str, Material]] = []
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(threads)
            ground = build_ground(land.terrain, spec_of("alpine", "lake"), DRAFT, 1, plain_material)
            results.append(dict(ground.materials))
    finally:
        numba.set_num_threads(before)
    for name, material in results[0].items():
        for field in ("base_color_texture", "normal_texture", "roughness_texture"):
            np.testing.assert_array_equal(getattr(material, field), getattr(results[1][name], field))


def test_ground_height_is_that_of_the_near_vertices() -> None:
    land, ground = land_of("canyon", ""), ground_of("canyon", "")
    for prototype in ground.prototypes.values():
        vertices = prototype.lods[0][0].mesh.vertices
        picked = vertices[:: max(1, len(vertices) // 500)]
        height = ground_height(land.terrain, picked[:, 0], picked[:, 2])
        np.testing.assert_allclose(height, picked[:, 1], atol=2e-3)
