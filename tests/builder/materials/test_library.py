"""The material library: complete, tileable, plausible, deterministic."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from worldgen.builder.materials import library
from worldgen.builder.materials.canvas import Canvas
from worldgen.builder.materials.library import MATERIAL_NAMES, make_material, tile_m
from worldgen.builder.materials.painting import PAINTERS, encode_normals, paint
from worldgen.builder.materials.table import MATERIALS
from worldgen.color import linear_from_srgb
from worldgen.errors import InvalidInputError

TEXTURED = [name for name in MATERIAL_NAMES if MATERIALS[name].textured]
PX = 128


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's cache out of the tests; one folder for all of them, so that each set is painted once."""
    monkeypatch.setenv("WORLDGEN_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))


def albedo_of(name: str) -> np.ndarray:
    texture = make_material(name, texture_px=PX).base_color_texture
    assert texture is not None
    return linear_from_srgb(texture.astype(np.float32) / 255.0)


def test_every_textured_material_has_a_painter_and_no_painter_is_left_over() -> None:
    assert set(PAINTERS) == set(TEXTURED)


@pytest.mark.parametrize("name", MATERIAL_NAMES)
def test_every_material_can_be_made(name: str) -> None:
    material = make_material(name, texture_px=PX)
    assert material.name == name
    assert material.tile_m == tile_m(name) > 0.0
    textures = (material.base_color_texture, material.normal_texture, material.roughness_texture)
    if name in TEXTURED:
        assert all(texture is not None and texture.shape[:2] == (PX, PX) for texture in textures)
        assert not any(texture.flags.writeable for texture in textures if texture is not None)
    else:
        assert textures == (None, None, None)


@pytest.mark.parametrize("name", TEXTURED)
def test_textures_tile(name: str) -> None:
    material = make_material(name, texture_px=PX)
    for texture in (material.base_color_texture, material.normal_texture, material.roughness_texture):
        assert texture is not None
        values = texture.astype(np.float64).reshape(PX, PX, -1)
        for axis in (0, 1):
            steps = np.abs(np.roll(values, -1, axis=axis) - values).mean(axis=(1 - axis, 2))
            # The last step wraps around; joints make some inner steps large, so compare with the largest of them.
            assert steps[-1] <= 1.4 * steps[:-1].max() + 0.5


@pytest.mark.parametrize("name", TEXTURED)
def test_normals_are_unit_and_point_up(name: str) -> None:
    texture = make_material(name, texture_px=PX).normal_texture
    assert texture is not None
    normals = (texture.astype(np.float64) - 128.0) / 127.0
    np.testing.assert_allclose(np.linalg.norm(normals, axis=2), 1.0, atol=0.012)
    assert normals[..., 2].min() > 0.0
    # A tile is flat on the whole: slopes cancel.
    slopes = normals[..., :2] / normals[..., 2:]
    assert np.abs(slopes.mean(axis=(0, 1))).max() < 0.05
    assert np.abs(slopes).max() > 0.02


def test_normals_have_green_up() -> None:
    rows = np.arange(64, dtype=np.float32)[:, None] * np.ones(64, np.float32)
    # Height grows downwards in the image, so the surface faces up: +Y.
    ramp = np.minimum(rows, 63 - rows) * np.float32(0.01)
    normals = encode_normals(ramp, 1.0).astype(np.int16) - 128
    assert (normals[4:28, :, 1] > 10).all()
    assert (normals[36:60, :, 1] < -10).all()
    across = encode_normals(np.ascontiguousarray(ramp.T), 1.0).astype(np.int16) - 128
    assert (across[:, 4:28, 0] < -10).all()


# Mean luminance that measured surfaces of the kind have.
ALBEDO_RANGES = {
    "snow": (0.7, 0.92),
    "sand": (0.25, 0.5),
    "grass": (0.05, 0.16),
    "soil": (0.03, 0.25),
    "wood": (0.03, 0.62),
    "stone": (0.05, 0.68),
    "foliage": (0.05, 0.3),
    "metal": (0.08, 0.45),
    "cloth": (0.1, 0.5),
}


@pytest.mark.parametrize("name", TEXTURED)
def test_albedo_is_plausible(name: str) -> None:
    albedo = albedo_of(name)
    low, high = ALBEDO_RANGES[MATERIALS[name].surface]
    luminance = albedo.mean(axis=(0, 1)) @ np.array([0.2126, 0.7152, 0.0722])
    assert low <= luminance <= high
    # Nothing is blacker than charcoal on the whole or whiter than fresh snow.
    assert albedo.mean(axis=2).mean() > 0.02
    assert albedo.max() < 0.96


@pytest.mark.parametrize(
    "name", [name for name in TEXTURED if name.startswith(("ground_", "path_dirt", "path_gravel"))]
)
def test_grounds_have_little_contrast_at_low_frequency(name: str) -> None:
    light = albedo_of(name).mean(axis=2)
    blocks = light.reshape(4, PX // 4, 4, PX // 4).mean(axis=(1, 3))
    assert blocks.std() / light.mean() < 0.16


@pytest.mark.parametrize(
    ("name", "stronger", "weaker"),
    [
        ("ground_grass", 1, 0),
        ("ground_moss", 1, 0),
        ("cactus_skin", 1, 0),
        ("copper_roof", 1, 0),
        ("brick", 0, 2),
        ("roof_tiles", 0, 2),
        ("ground_red_rock", 0, 2),
        ("wood_planks_painted_red", 0, 1),
        ("ground_sand", 0, 2),
    ],
)
def test_hues(name: str, stronger: int, weaker: int) -> None:
    mean = albedo_of(name).mean(axis=(0, 1))
    assert mean[stronger] > 1.15 * mean[weaker]


def test_resolutions_show_the_same_thing() -> None:
    for name in ("brick", "ground_gravel", "bark_birch"):
        coarse, fine = albedo_of(name), paint(name, 2 * PX, tile_m(name)).base_color
        shrunk = linear_from_srgb(fine.astype(np.float32) / 255.0).reshape(PX, 2, PX, 2, 3).mean(axis=(1, 3))
        correlation = np.corrcoef(coarse.mean(axis=2).ravel(), shrunk.mean(axis=2).ravel())[0, 1]
        assert correlation > 0.75


def test_painting_twice_gives_the_same_bytes_in_any_process() -> None:
    program = (
        "import hashlib; from worldgen.builder.materials.painting import paint;"
        "s = paint('stone_wall', 64, 2.4);"
        "print(hashlib.sha256(s.base_color.tobytes() + s.normal.tobytes() + s.roughness.tobytes()).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    here = paint("stone_wall", 64, 2.4)
    digest = hashlib.sha256(here.base_color.tobytes() + here.normal.tobytes() + here.roughness.tobytes()).hexdigest()
    assert run.stdout.strip() == digest


def test_vertex_coloured_leaves_are_thin_and_lamps_shine() -> None:
    for name in ("foliage", "needles", "grass_blade", "petals", "fern_frond", "palm_frond"):
        material = make_material(name)
        assert material.double_sided
        assert material.translucency > 0.0
    assert make_material("window_glass").kind == "glass"
    for name in ("window_lit", "lamp_glow", "flame"):
        red, green, blue = make_material(name).emission
        assert red > green > blue > 0.0


def test_names_and_tile_sizes_need_no_numba() -> None:
    program = (
        "import sys; from worldgen.builder.materials.library import MATERIAL_NAMES, tile_m;"
        "[tile_m(name) for name in MATERIAL_NAMES]; assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_unknown_names_and_tiny_textures_are_refused() -> None:
    for call in (lambda: tile_m("unobtainium"), lambda: make_material("unobtainium")):
        with pytest.raises(InvalidInputError, match="unobtainium"):
            call()
    with pytest.raises(InvalidInputError, match="16 pixels"):
        make_material("brick", texture_px=4)


def test_noise_is_periodic() -> None:
    canvas = Canvas("test", 32, 1.0)
    moved = (canvas.u + np.float32(1.0), canvas.v - np.float32(2.0))
    for ridged in (False, True):
        here = canvas.noise("a", (3, 5), 4, ridged=ridged)
        np.testing.assert_allclose(canvas.noise("a", (3, 5), 4, ridged=ridged, at=moved), here, atol=2e-4)
    first, second = canvas.cells("b", (4, 7)), canvas.cells("b", (4, 7), at=moved)
    np.testing.assert_allclose(first[0], second[0], atol=1e-4)
    np.testing.assert_allclose(first[1], second[1], atol=1e-4)
    assert (first[2] == second[2]).mean() > 0.99
    assert first[2].max() < 28


def test_library_keeps_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_material("rope", texture_px=32)
    monkeypatch.setenv("WORLDGEN_CACHE_DIR", str(tmp_path))
    assert make_material("rope", texture_px=32) is first
    library._make_material.cache_clear()
    assert make_material("rope", texture_px=32) is not first
