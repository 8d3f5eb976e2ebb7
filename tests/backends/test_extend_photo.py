"""What is read from a photo, and how surroundings are fitted to it; the scene itself is a formula here."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.analytic_views import analytic_view
from worldgen.backends import extend_photo
from worldgen.backends.extend_photo import ExtendPhoto, close_around, photo_sky
from worldgen.backends.panorama import PhotoRequest
from worldgen.backends.photo_cover import Cover, read_cover
from worldgen.backends.photo_light import SunInPhoto, find_sun
from worldgen.backends.photo_surroundings import (
    FramedPhoto,
    best_turn,
    columns_between,
    match_colors,
    without_floating,
)
from worldgen.backends.photo_traits import PhotoTraits, read_traits, with_traits
from worldgen.color import bytes_from_unit
from worldgen.errors import InvalidInputError, UsageError
from worldgen.events import RunContext
from worldgen.geometry.cameras import panorama_camera, pixel_rays_in_world
from worldgen.geometry.equirectangular import equirectangular_rays, sample_equirectangular
from worldgen.geometry.photo_placement import photo_camera, photo_on_sphere
from worldgen.pipelines import generate as front_door
from worldgen.pipelines.generate import generate, parse
from worldgen.quality.check import check_world
from worldgen.quality.seams import score_seam
from worldgen.scene.view import View
from worldgen.settings import TIERS
from worldgen.spec.model import WorldSpec
from worldgen.stages.extend_photo import PhotoOptions
from worldgen.stages.read_panorama import PanoramaOptions

HEIGHT = 128
FOV_DEG = 70.0
FORMULA_SUN = np.array([math.sin(-1.0), 0.5, -math.cos(-1.0)])

Colors = dict[str, tuple[float, float, float]]
NOON_MEADOW: Colors = {"sky": (0.45, 0.62, 0.92), "ground": (0.35, 0.45, 0.2), "things": (0.2, 0.4, 0.15)}


def landscape(colors: Colors, height: int = 256) -> NDArray[np.float32]:
    """A panorama of one colour each for sky, ground and a row of hedges, with a little noise."""
    up = equirectangular_rays(height)[..., 1]
    azimuth = np.arange(2 * height) / height * math.pi
    hedge = (up > 0.0) & (up < 0.12 + 0.1 * np.sin(azimuth * 8.0)[None, :])
    picture = np.where(up[..., None] > 0.0, colors["sky"], colors["ground"])
    picture[hedge] = colors["things"]
    rng = np.random.Generator(np.random.PCG64(9))
    noise = rng.normal(0.0, 0.012, picture.shape[:2])[..., None]
    return np.clip(picture + noise, 0.0, 1.0).astype(np.float32)


def photo_from(panorama: NDArray[np.float32]) -> NDArray[np.float32]:
    camera = photo_camera(height=240, width=320, horizontal_fov=math.radians(FOV_DEG), pitch=0.0, roll=0.0)
    return sample_equirectangular(panorama, pixel_rays_in_world(camera))


def traits_of(colors: Colors) -> PhotoTraits:
    camera = photo_camera(height=240, width=320, horizontal_fov=math.radians(FOV_DEG), pitch=0.0, roll=0.0)
    image, known, _ = photo_on_sphere(photo_from(landscape(colors)), camera, HEIGHT)
    return read_traits(image, known, photo_sky(image, known))


def test_the_photo_tells_its_light_season_and_ground() -> None:
    noon = traits_of(NOON_MEADOW)
    assert (noon.season, noon.ground) == ("summer", "grass")
    assert noon.time_of_day in ("noon", "afternoon")
    assert noon.cloud_cover < 0.2
    assert noon.growth > 0.6
    winter = traits_of({"sky": (0.93, 0.94, 0.95), "ground": (0.85, 0.86, 0.88), "things": (0.3, 0.3, 0.3)})
    assert (winter.season, winter.ground) == ("winter", "snow")
    assert winter.cloud_cover > 0.8
    desert = traits_of({"sky": (0.4, 0.6, 0.95), "ground": (0.8, 0.62, 0.38), "things": (0.55, 0.4, 0.25)})
    assert desert.ground == "sand"
    autumn = traits_of(NOON_MEADOW | {"things": (0.75, 0.45, 0.1)})
    assert autumn.season == "autumn"
    sunset = traits_of({"sky": (0.95, 0.6, 0.35), "ground": (0.2, 0.18, 0.1), "things": (0.1, 0.1, 0.05)})
    assert sunset.time_of_day in ("sunset", "golden_hour")
    night = traits_of({"sky": (0.04, 0.05, 0.1), "ground": (0.02, 0.02, 0.02), "things": (0.01, 0.01, 0.01)})
    assert night.time_of_day == "night"
    for traits in (noon, winter, desert, autumn, sunset, night):
        assert parse(traits.sentence).ignored == ()


def test_land_is_told_pixel_by_pixel() -> None:
    """Stripes of known things below the horizon and above it come out as what they are."""
    height = 256
    rng = np.random.Generator(np.random.PCG64(4))
    up = equirectangular_rays(height)[..., 1]
    image = np.zeros((height, 2 * height, 3), dtype=np.float32)
    kinds = {
        Cover.LEAVES: ((0.2, 0.4, 0.12), 0.08),
        Cover.WATER: ((0.45, 0.6, 0.85), 0.0),
        Cover.SAND: ((0.8, 0.66, 0.45), 0.02),
        Cover.SNOW: ((0.88, 0.9, 0.92), 0.02),
        Cover.STONE: ((0.4, 0.4, 0.38), 0.05),
        Cover.DRY: ((0.4, 0.28, 0.15), 0.06),
    }
    stripe = 2 * height // len(kinds)
    for number, (color, roughness) in enumerate(kinds.values()):
        image[:, number * stripe : (number + 1) * stripe] = color
        noise = rng.normal(0.0, 1.0, (height, stripe, 1)) * roughness
        image[:, number * stripe : (number + 1) * stripe] += noise.astype(np.float32)
    is_sky = up > 0.0
    image[is_sky] = (0.5, 0.66, 0.95)
    cover = read_cover(np.clip(image, 0.0, 1.0), np.ones(is_sky.shape, dtype=bool), is_sky)
    assert (cover.classes[is_sky] == Cover.SKY).all()
    for number, kind in enumerate(kinds):
        inner = np.zeros(is_sky.shape, dtype=bool)
        inner[:, number * stripe + 8 : (number + 1) * stripe - 8] = True
        assert cover.share(inner & cover.below, kind) > 0.8, kind


def test_water_and_mountains_are_put_into_words() -> None:
    height = 256
    rays = equirectangular_rays(height)
    azimuth = np.arange(2 * height)[None, :] / height * math.pi
    picture = landscape(NOON_MEADOW, height)
    picture[(rays[..., 1] < -0.02) & (rays[..., 1] > -0.35)] = (0.42, 0.58, 0.85)
    ridge = (rays[..., 1] > 0.0) & (rays[..., 1] < 0.22 + 0.06 * np.sin(3.0 * azimuth))
    picture[ridge] = (0.45, 0.47, 0.52)
    camera = photo_camera(height=240, width=320, horizontal_fov=math.radians(FOV_DEG), pitch=0.0, roll=0.0)
    image, known, _ = photo_on_sphere(photo_from(picture), camera, height)
    traits = read_traits(image, known, (rays[..., 1] > 0.0) & ~ridge & known)
    assert traits.has_water
    assert traits.has_mountains
    spec = parse(traits.sentence)
    assert spec.ignored == ()
    meanings = " ".join(item.meaning for item in spec.understood)
    assert "lake" in meanings
    assert "mountain" in meanings
    for ground in ("snow", "grass", "sand", "stone"):
        for has_water in (False, True):
            assert parse(replace(traits, ground=ground, has_water=has_water, growth=0.9).sentence).ignored == ()


def test_blue_beside_snow_is_shade_and_palms_stand_by_the_sea() -> None:
    snowy = {"sky": (0.45, 0.6, 0.9), "ground": (0.9, 0.91, 0.93), "things": (0.3, 0.3, 0.3)}
    height = 256
    camera = photo_camera(height=240, width=320, horizontal_fov=math.radians(FOV_DEG), pitch=0.0, roll=0.0)
    picture = landscape(snowy, height)
    picture[equirectangular_rays(height)[..., 1] < -0.28] = (0.4, 0.52, 0.75)
    image, known, _ = photo_on_sphere(photo_from(picture), camera, height)
    shaded = read_traits(image, known, photo_sky(image, known))
    assert shaded.ground == "snow"
    assert not shaded.has_water
    sand = {"sky": (0.45, 0.62, 0.92), "ground": (0.8, 0.66, 0.45), "things": (0.2, 0.4, 0.15)}
    beach = traits_of(sand)
    assert (beach.ground, beach.has_water) == ("sand", True)
    assert not traits_of(sand | {"things": (0.55, 0.4, 0.25)}).has_water


def framed(panorama: NDArray[np.float32], height: int) -> FramedPhoto:
    camera = photo_camera(height=240, width=320, horizontal_fov=math.radians(FOV_DEG), pitch=0.0, roll=0.0)
    image, known, nearness = photo_on_sphere(photo_from(panorama), camera, height)
    return FramedPhoto(image=image, known=known, nearness=nearness, is_sky=photo_sky(image, nearness > 0.0))


@pytest.mark.parametrize("columns", [0, 40, 203])
def test_surroundings_turn_until_they_go_on(columns: int) -> None:
    """A single hill that the photo cuts in half is found wherever the surroundings have it."""
    height = 128
    azimuth = (np.arange(4 * height) + 0.5) / (2 * height) * math.pi - math.pi
    up = equirectangular_rays(2 * height)[..., 1]
    hill = up < 0.3 * np.exp(-(((azimuth - math.radians(0.5 * FOV_DEG)) / 0.2) ** 2))[None, :]
    picture = np.where(hill[..., None], NOON_MEADOW["ground"], NOON_MEADOW["sky"]).astype(np.float32)
    coarse, sky = picture[::2, ::2], ~hill[::2, ::2]
    turn = best_turn(np.roll(coarse, -columns, axis=1), np.roll(sky, -columns, axis=1), framed(picture, height))
    assert abs((turn - columns + height) % (2 * height) - height) <= 2


def test_what_the_photo_cuts_off_from_the_ground_goes() -> None:
    height = 128
    photo = framed(landscape(NOON_MEADOW), height)
    surroundings = landscape(NOON_MEADOW, height)
    depth = np.where(equirectangular_rays(height)[..., 1] > 0.0, np.inf, 10.0).astype(np.float32)
    top = int(photo.known[:, height].argmax())
    trees = {"cut": height, "whole": height // 4}
    for column in trees.values():
        depth[top - 14 : height // 2, column - 2 : column + 3] = 20.0
        depth[top - 14 : top - 4, column - 8 : column + 9] = 20.0
    surroundings[np.isfinite(depth) & (equirectangular_rays(height)[..., 1] > 0.0)] = NOON_MEADOW["things"]
    cleared, cleared_depth = without_floating(surroundings, depth, photo)
    above = np.s_[top - 14 : top - 4]
    assert np.isinf(cleared_depth[above, trees["cut"] - 8 : trees["cut"] + 9]).all()
    assert np.abs(cleared[above, trees["cut"] - 8 : trees["cut"] + 9] - NOON_MEADOW["sky"]).max() < 0.1
    whole = np.s_[:, trees["whole"] - 12 : trees["whole"] + 13]
    assert np.array_equal(cleared_depth[whole], depth[whole])
    assert np.array_equal(cleared[whole], surroundings[whole])


def test_white_clouds_stay_white_where_the_sky_pales() -> None:
    """Only saturation is matched in a sky of blue and white: its clouds take on no colour."""
    height = 64
    sky = np.ones((height, 2 * height), dtype=bool)
    sky[height // 2 :] = False
    rendered = np.full((height, 2 * height, 3), 0.3, dtype=np.float32)
    rendered[: height // 2] = (0.3, 0.5, 0.9)
    rendered[: height // 2, ::8] = 0.7
    image = np.full_like(rendered, 0.3)
    image[: height // 2] = (0.7, 0.75, 0.85)
    known = np.ones(sky.shape, dtype=bool)
    matched = match_colors(rendered, sky, image, known, sky)
    clouds = matched[: height // 2 - 8, ::8]
    assert np.ptp(clouds, axis=-1).max() < 0.03
    blue = matched[: height // 2 - 8, 4::8]
    assert np.ptp(blue, axis=-1).mean() < 0.6 * np.ptp(rendered[0, 4])


def test_the_prompt_outranks_the_photo() -> None:
    traits = traits_of(NOON_MEADOW)
    spec = with_traits(parse("a cabin in autumn at night"), traits)
    assert (spec.season, spec.time_of_day) == ("autumn", "night")
    silent = with_traits(parse("a cabin"), traits)
    assert (silent.season, silent.time_of_day) == (traits.season, traits.time_of_day)
    assert silent.weather.cloud_cover == pytest.approx(traits.cloud_cover, abs=0.01)


def test_matching_undoes_a_change_of_colours() -> None:
    """Surroundings that differ from the photo by a gain and an offset come out in the photo's colours."""
    panorama = landscape(NOON_MEADOW, HEIGHT)
    camera = photo_camera(height=240, width=320, horizontal_fov=math.radians(FOV_DEG), pitch=0.0, roll=0.0)
    image, known, _ = photo_on_sphere(photo_from(panorama), camera, HEIGHT)
    sky = photo_sky(image, known)
    whole_sky = np.abs(panorama - np.array(NOON_MEADOW["sky"])).max(axis=2) < 0.1
    darker = np.where(whole_sky[..., None], panorama * 0.8 + 0.02, panorama * 0.85 + 0.05).astype(np.float32)
    matched = match_colors(darker, whole_sky, image, known, sky)
    assert np.abs(darker - panorama).mean() > 0.03
    assert np.abs(matched - panorama).mean() < 0.015


def test_the_photo_stays_and_the_border_cannot_be_seen() -> None:
    camera = photo_camera(height=240, width=320, horizontal_fov=math.radians(FOV_DEG), pitch=0.0, roll=0.0)
    image, known, nearness = photo_on_sphere(photo_from(landscape(NOON_MEADOW)), camera, HEIGHT)
    other = landscape({"sky": (0.3, 0.5, 0.7), "ground": (0.5, 0.4, 0.3), "things": (0.3, 0.3, 0.1)}, HEIGHT)
    hard = np.where(known[..., None], image, other).astype(np.float32)
    closed = close_around(image, known, nearness, other)
    assert np.array_equal(closed[known], np.clip(image, 0.0, 1.0)[known])
    assert score_seam(closed, known).median_ratio <= 1.5
    assert score_seam(closed, known).mean_ratio <= 1.5
    assert score_seam(hard, known).mean_ratio > 3.0
    # Opposite the photo nothing was changed but the colours' slow drift.
    assert np.abs(closed - other)[:, :10].max() < 0.35


def sunny(azimuth_deg: float, *, glow: float = 0.35, height: int = 256) -> NDArray[np.float32]:
    """A meadow whose sky glows around a low sun."""
    rays = equirectangular_rays(height)
    azimuth, elevation = math.radians(azimuth_deg), math.radians(9.0)
    sun = np.array(
        [math.cos(elevation) * math.sin(azimuth), math.sin(elevation), -math.cos(elevation) * math.cos(azimuth)]
    )
    angle = np.arccos(np.clip(rays @ sun, -1.0, 1.0))[..., None]
    picture = landscape(NOON_MEADOW, height)
    glowing = picture + np.where(rays[..., 1:2] > 0.0, 2.0 * glow * np.exp(-((angle / 0.25) ** 2)), 0.0)
    return np.clip(glowing, 0.0, 1.0).astype(np.float32)


def sun_of(panorama: NDArray[np.float32]) -> SunInPhoto | None:
    camera = photo_camera(height=240, width=320, horizontal_fov=math.radians(FOV_DEG), pitch=0.0, roll=0.0)
    image, known, _ = photo_on_sphere(photo_from(panorama), camera, 256)
    return find_sun(image, known, photo_sky(image, known))


@pytest.mark.parametrize("azimuth_deg", [-22.0, 0.0, 15.0])
def test_the_sun_is_found_where_the_photo_shows_it(azimuth_deg: float) -> None:
    sun = sun_of(sunny(azimuth_deg))
    assert sun is not None
    assert math.degrees(sun.azimuth) == pytest.approx(azimuth_deg, abs=2.0)
    assert math.degrees(sun.elevation) == pytest.approx(9.0, abs=4.0)
    assert 0.6 <= sun.confidence <= 1.0


def test_no_sun_is_claimed_where_the_photo_does_not_show_it() -> None:
    assert sun_of(landscape(NOON_MEADOW)) is None  # an even sky
    assert sun_of(sunny(60.0)) is None  # its glow reaches in from the side
    assert sun_of(sunny(180.0)) is None
    assert sun_of(sunny(10.0, glow=0.01)) is None  # haze
    two = np.maximum(sunny(-20.0), sunny(20.0))
    assert sun_of(two) is None  # bright clouds on both sides
    assert sun_of(np.zeros((256, 512, 3), dtype=np.float32)) is None


@pytest.mark.parametrize(("azimuth", "wanted"), [(0.3, -1.2), (-2.9, 3.0), (1.0, 1.0)])
def test_turning_a_panorama_brings_one_azimuth_to_another(azimuth: float, wanted: float) -> None:
    width = 512
    rays = equirectangular_rays(width // 2)
    columns = np.arctan2(rays[width // 4, :, 0], -rays[width // 4, :, 2])
    rolled = np.roll(columns, columns_between(azimuth, wanted, width))
    at = int(np.argmin(np.abs(columns - wanted)))
    assert abs((rolled[at] - azimuth + math.pi) % (2.0 * math.pi) - math.pi) < 2.5 * math.pi / width


@pytest.mark.usefixtures("_formula_scene")
def test_the_surroundings_turn_with_the_sun() -> None:
    camera = photo_camera(height=240, width=320, horizontal_fov=math.radians(FOV_DEG), pitch=0.0, roll=0.0)
    image, known, nearness = photo_on_sphere(photo_from(sunny(15.0)), camera, 256)
    request = PhotoRequest(image=image, known=known, nearness=nearness, spec=None)
    turned = ExtendPhoto()(request, RunContext())
    assert any("turned" in note for note in turned.warnings)
    named = ExtendPhoto()(replace(request, spec=parse("a meadow with a cabin")), RunContext())
    assert not any("turned" in note for note in named.warnings)
    sun = find_sun(image, known, photo_sky(image, known))
    assert sun is not None
    columns = columns_between(math.atan2(FORMULA_SUN[0], -FORMULA_SUN[2]), sun.azimuth, 512)
    assert columns != 0
    assert np.array_equal(turned.euclidean_depth, np.roll(named.euclidean_depth, columns, axis=1))


@pytest.fixture
def _formula_scene(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = replace(TIERS["draft"], panorama_height=HEIGHT, splat_budget=12_000)
    monkeypatch.setattr(front_door, "TIERS", {"draft": tiny})

    def surroundings(spec: WorldSpec, height: int, context: RunContext) -> tuple[View, float, NDArray[np.float64]]:
        return analytic_view(panorama_camera(np.array([0.0, 1.7, 0.0]), height=height)), 1.7, FORMULA_SUN

    monkeypatch.setattr(extend_photo, "_surroundings", surroundings)


@pytest.mark.usefixtures("_formula_scene")
def test_a_photo_becomes_a_world(tmp_path: Path) -> None:
    photo = bytes_from_unit(photo_from(landscape(NOON_MEADOW)))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 28
    Image.fromarray(photo).save(tmp_path / "photo.jpg", quality=95, exif=exif)
    world = generate("a meadow with a cabin", image=tmp_path / "photo.jpg", output=tmp_path / "world", quality="draft")
    manifest = world.manifest
    assert check_world(world.path) == []
    assert manifest.source.kind == "photo"
    assert manifest.source.files[0].name == "photo.jpg"
    estimates = {item.name: item for item in manifest.estimates}
    assert estimates["horizontal_fov"].origin == "metadata"
    assert estimates["horizontal_fov"].value == pytest.approx(2 * math.degrees(math.atan(18 / 28)), abs=0.01)
    assert estimates["pitch"].value == pytest.approx(0.0, abs=4.0)
    layers = {layer.name: layer for layer in manifest.layers}
    assert (layers["panorama"].backend, layers["panorama"].provenance) == ("extend", "procedural")
    assert 0.03 < manifest.metrics["seen_share"] < 0.2
    assert world.spec.prompt == "a meadow with a cabin"
    # Behind the photo the ground is as far away as the invented scene's.
    expected = analytic_view(panorama_camera(np.array([0.0, 1.7, 0.0]), height=HEIGHT)).buffers.euclidean_depth
    below = np.s_[100:120, :15]
    assert np.allclose(world.euclidean_depth[below], expected[below], rtol=1e-3)


def test_wrong_photos_and_options_are_errors_in_words(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "tiny.png")
    with pytest.raises(InvalidInputError, match="too few"):
        generate(image=tmp_path / "tiny.png", output=tmp_path / "out", quality="draft")
    with pytest.raises(UsageError, match="--fov"):
        PhotoOptions(fov_deg=179.0)
    with pytest.raises(UsageError, match="another picture"):
        generate(image="a.png", panorama="b.png", output=tmp_path / "out", panorama_options=PanoramaOptions())
    assert not (tmp_path / "out").exists()
