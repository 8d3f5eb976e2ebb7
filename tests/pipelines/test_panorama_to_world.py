"""A panorama with its depth becomes a whole world folder."""

from __future__ import annotations

import contextlib
import json
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from tests.analytic_views import BALL_CENTER, BALL_RADIUS, analytic_view
from worldgen.cli import run
from worldgen.color import bytes_from_unit
from worldgen.errors import WorldgenError
from worldgen.exporters.openexr import write_depth_exr
from worldgen.exporters.sheets_reader import read_sheets_glb
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.splat_levels import importance_order
from worldgen.manifest import load_manifest
from worldgen.pipelines import generate as front_door
from worldgen.pipelines.render_picture import PictureRequest, render_picture
from worldgen.pipelines.world import World
from worldgen.quality.check import check_world
from worldgen.randomness import rng
from worldgen.scene.walk_range import WalkRange
from worldgen.settings import TIERS
from worldgen.stages.estimate_depth import DepthOptions
from worldgen.stages.read_panorama import PanoramaOptions

HEIGHT = 128
CAMERA_HEIGHT = 1.55


@pytest.fixture(autouse=True)
def _small_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = replace(TIERS["draft"], panorama_height=HEIGHT, splat_budget=12_000)
    monkeypatch.setattr(front_door, "TIERS", {"draft": tiny})


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with panorama.png and depth.exr of the ball on its chequered ground."""
    folder = tmp_path_factory.mktemp("pictures")
    view = analytic_view(panorama_camera(np.array([0.0, CAMERA_HEIGHT, 0.0]), height=HEIGHT))
    Image.fromarray(bytes_from_unit(view.radiance)).save(folder / "panorama.png")
    write_depth_exr(view.buffers.euclidean_depth, folder / "depth.exr")
    return folder


def make(pictures: Path, output: Path, **options: object) -> World:
    defaults: dict[str, object] = {"depth_options": DepthOptions(file=pictures / "depth.exr"), "quality": "draft"}
    return front_door.generate(panorama=pictures / "panorama.png", output=output, **(defaults | options))  # type: ignore[arg-type]


@pytest.fixture
def world(pictures: Path, tmp_path: Path) -> World:
    return make(pictures, tmp_path / "world")


def test_the_folder_is_a_whole_world(world: World, pictures: Path) -> None:
    manifest = world.manifest
    assert check_world(world.path) == []
    written = {path.name for path in world.path.iterdir()}
    assert {file.path for file in manifest.files} | {"world.json", "timings.json"} == written
    built = {"preview.jpg", "panorama.png", "radiance.exr", "depth.exr", "normals.png", "labels.png", "sky.hdr"}
    built |= {"light.json", "points.ply", "splats.ply", "splats.spz", "scene.glb", "collision.glb", "navmesh.glb"}
    assert built | {"seen.png", "seen_splats.png", "confidence.png"} <= written
    assert [file.name for file in manifest.source.files] == ["panorama.png", "depth.exr"]
    assert manifest.source.kind == "panorama"
    provenance = {layer.name: layer.provenance for layer in manifest.layers}
    assert (provenance["panorama"], provenance["euclidean_depth"]) == ("given", "given")
    assert provenance["splats"] == "estimated"
    assert {layer.backend for layer in manifest.layers} == {"file", "given", "reconstruction"}
    height = next(item for item in manifest.estimates if item.name == "camera_height")
    assert (height.origin, height.value) == ("estimated", pytest.approx(CAMERA_HEIGHT, abs=2e-3))
    assert next(item for item in manifest.estimates if item.name == "ev100").origin == "default"
    assert set(manifest.labels_in_view) == {"sky", "ground", "thing"}
    assert manifest.navigation is not None
    assert {"thing", "viewpoint"} == {point.kind for point in manifest.navigation.points_of_interest}
    # A picture tells of every splat whether it was seen, and the sheets tell by vertex.
    files = {file.path: file for file in manifest.files}
    counts = files["splats.ply"].counts
    assert files["splats.spz"].counts == counts
    with Image.open(world.path / "seen_splats.png") as image:
        marks = np.asarray(image).reshape(-1)
    is_seen = marks[: counts["gaussians"]] == 255
    assert set(marks) == {0, 255}
    assert is_seen.sum() == counts["seen_gaussians"] == (marks == 255).sum() > 0
    means = world.splats.means - np.array([0.0, manifest.spawn.eye_height_m, 0.0])
    below_middle, distance = np.array([0.0, -0.15, -1.0]), np.linalg.norm(means, axis=1)
    toward_ball = means @ below_middle > 0.998 * np.linalg.norm(below_middle) * distance
    behind_ball = toward_ball & (distance > 6.0)
    assert behind_ball.any()
    assert not is_seen[behind_ball].any()
    # Splats stand in the order of what they bring, and beginnings of the files stand for the whole.
    for file in (files["splats.ply"], files["splats.spz"]):
        assert [level.num_gaussians for level in file.levels] == [50_000, 150_000][: len(file.levels)]
        assert all(level.widening >= 1.0 for level in file.levels)
    start = importance_order(world.splats, (0.0, manifest.spawn.eye_height_m, 0.0))[:1000]
    assert (start < 1100).mean() > 0.9
    scene = trimesh.load(world.path / "scene.glb")
    assert set(scene.geometry) >= {"surface", "background_1", "sky_dome"}
    assert (scene.geometry["surface"].vertex_attributes["_SEEN"] == 1.0).all()
    assert (scene.geometry["background_1"].vertex_attributes["_SEEN"] == 0.0).any()
    # What was given comes back as it was.
    with Image.open(pictures / "panorama.png") as image:
        assert np.array_equal(world.panorama, np.asarray(image))
    view = analytic_view(panorama_camera(np.array([0.0, CAMERA_HEIGHT, 0.0]), height=HEIGHT))
    assert np.array_equal(world.euclidean_depth, view.buffers.euclidean_depth)
    assert "/" not in json.dumps([file.name for file in manifest.source.files])
    assert str(pictures) not in (world.path / "world.json").read_text()


def test_one_walks_as_far_as_the_picture_holds(world: World) -> None:
    """Walls stand where the measured range ends; the navmesh lies within them, goes round the ball, is connected."""
    manifest = world.manifest
    found = manifest.walk_range
    assert found is not None
    shares = [ring.untrue_share for ring in found.rings]
    assert shares[0] < found.tolerance < shares[-1]
    scene = trimesh.load(world.path / "collision.glb", process=False)
    walls = [name for name in scene.graph.nodes_geometry if name.startswith("COL_range")]
    assert len(walls) == len(found.radii_m) == 16
    navmesh = world.navigation.navmesh
    reach = WalkRange(
        radii_m=np.array(found.radii_m), distances_m=np.zeros(0), untrue_shares=np.zeros(0), tolerance=found.tolerance
    )
    x, z = navmesh.vertices[:, 0].astype(float), navmesh.vertices[:, 2].astype(float)
    assert reach.holds(x, z).all()
    ball = BALL_CENTER[[0, 2]]
    assert np.hypot(x - ball[0], z - ball[1]).min() > BALL_RADIUS
    inner = np.pi * max(min(found.radii_m) - 1.0, 0.0) ** 2 - np.pi * (BALL_RADIUS + 1.5) ** 2
    assert inner < navmesh.area_m2 < reach.area_m2
    summary = manifest.navigation
    assert summary is not None
    assert summary.spawn_points[0].position == (0.0, pytest.approx(0.0, abs=0.1), 0.0)
    places = np.array([spawn.position for spawn in summary.spawn_points])
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 99.0 * np.eye(len(places))
    assert len(places) == 5
    assert apart.min() > 0.7
    assert all(spawn.reachable_share > 0.95 for spawn in summary.spawn_points)


def test_the_splats_show_the_ball_where_it_is(world: World, tmp_path: Path) -> None:
    ahead = PictureRequest(width=96, height=96, fov_deg=60.0)
    render_picture(world.path, tmp_path / "splats.png", ahead)
    with Image.open(tmp_path / "splats.png") as image:
        pixels = np.asarray(image)
    assert pixels[46:50, 46:50].min() > 200  # the white ball
    assert np.ptp(pixels[90, 40:60].astype(int), axis=-1).max() > 15  # coloured ground below it


def test_the_mesh_shows_the_picture_from_where_it_was_taken_and_the_ball_from_beside(
    world: World, pictures: Path, tmp_path: Path
) -> None:
    around = PictureRequest(layer="mesh", is_panorama=True, height=HEIGHT)
    render_picture(world.path, tmp_path / "mesh.png", around)
    with Image.open(tmp_path / "mesh.png") as image, Image.open(pictures / "panorama.png") as truth:
        error = np.abs(np.asarray(image).astype(float) - np.asarray(truth))
    assert error.mean() < 3.0
    beside = PictureRequest(layer="mesh", eye=(0.6, CAMERA_HEIGHT, 0.0), look_at=(0.0, 1.0, -4.0), width=96, height=96)
    render_picture(world.path, tmp_path / "beside.png", beside)
    with Image.open(tmp_path / "beside.png") as image:
        pixels = np.asarray(image)
    assert pixels.min(axis=-1).max() > 200  # the white ball
    assert (pixels.max(axis=-1) == 0).mean() < 0.001  # and no holes around it


def test_a_damaged_mesh_is_told(world: World, tmp_path: Path) -> None:
    data = bytearray((world.path / "scene.glb").read_bytes())
    random = rng(0, "test bytes")
    for size in (0, 11, 100, len(data) // 2, len(data) - 5):
        (tmp_path / "cut.glb").write_bytes(data[:size])
        with pytest.raises(WorldgenError):
            read_sheets_glb(tmp_path / "cut.glb")
    for _ in range(30):
        place = int(random.integers(0, 4000))
        damaged = data.copy()
        damaged[place] = int(random.integers(0, 256))
        (tmp_path / "odd.glb").write_bytes(damaged)
        with contextlib.suppress(WorldgenError):
            assert all(sheet.mesh.num_triangles for sheet in read_sheets_glb(tmp_path / "odd.glb"))
    built = tmp_path / "solid.glb"
    trimesh.creation.box().export(built)
    with pytest.raises(WorldgenError):
        read_sheets_glb(built)


def test_the_same_input_gives_the_same_bytes(world: World, pictures: Path, tmp_path: Path) -> None:
    again = make(pictures, tmp_path / "again")
    assert [file.sha256 for file in again.manifest.files] == [file.sha256 for file in world.manifest.files]
    assert (again.path / "world.json").read_bytes() == (world.path / "world.json").read_bytes()


def test_the_camera_height_scales_the_world(pictures: Path, tmp_path: Path) -> None:
    tall = make(
        pictures,
        tmp_path / "a",
        depth_options=DepthOptions(file=pictures / "depth.exr", camera_height=2 * CAMERA_HEIGHT),
    )
    finite = np.isfinite(tall.euclidean_depth)
    view = analytic_view(panorama_camera(np.array([0.0, CAMERA_HEIGHT, 0.0]), height=HEIGHT))
    assert np.allclose(tall.euclidean_depth[finite], 2.0 * view.buffers.euclidean_depth[finite], rtol=2e-3)
    height = next(item for item in tall.manifest.estimates if item.name == "camera_height")
    assert (height.origin, height.value) == ("given", 2 * CAMERA_HEIGHT)


def test_a_prompt_describes_and_a_crop_is_completed(pictures: Path, tmp_path: Path) -> None:
    with Image.open(pictures / "panorama.png") as image:
        image.crop((0, 32, 256, 112)).save(tmp_path / "crop.png")
    world = front_door.generate(
        "a meadow at noon",
        panorama=tmp_path / "crop.png",
        output=tmp_path / "world",
        quality="draft",
        panorama_options=PanoramaOptions(horizontal_fov_deg=360.0),
        depth_options=DepthOptions(file=pictures / "depth.exr"),
    )
    assert world.manifest.source.prompt == "a meadow at noon"
    assert world.spec.prompt == "a meadow at noon"
    # 80 of 128 rows, centred on the horizon.
    assert world.manifest.metrics["seen_share"] == pytest.approx(math.sin(math.pi * 40 / 128), abs=0.01)
    assert any("continued" in warning for warning in world.manifest.warnings)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--panorama", "missing.png"], 3, "no such file"),
        (["--panorama", "wrong.png"], 3, "twice as wide"),
        (["--panorama", "tiny.png"], 3, "too few"),
        (["--panorama", "tall.png"], 3, "1x30000"),
        (["--panorama", "wide.png"], 3, "at most 16384"),
        (["--panorama", "empty.png"], 3, "no bytes"),
        (["--panorama", "panorama.png", "--depth", "depth.exr", "--camera-height", "-1"], 2, "--camera-height"),
        (["--panorama", "panorama.png", "--depth", "depth.exr", "--vertical-fov", "200"], 3, "--vertical-fov"),
        (["--panorama", "panorama.png", "--depth", "missing.exr"], 3, "no such file"),
        (["--panorama", "panorama.png", "--depth", "panorama.png"], 2, "--depth-scale"),
        (["--panorama", "panorama.png", "--depth-backend", "magic"], 4, "no depth backend"),
        (["--panorama", "panorama.png", "--spec", "a.yaml"], 2, "not with a spec"),
    ],
)
def test_wrong_input_is_an_error_in_words(
    arguments: list[str], code: int, words: str, pictures: Path, request: pytest.FixtureRequest
) -> None:
    tmp_path: Path = request.getfixturevalue("tmp_path")
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    capsys: pytest.CaptureFixture[str] = request.getfixturevalue("capsys")
    for name, size in {"wrong": (64, 64), "tiny": (1, 1), "tall": (1, 30000), "wide": (30000, 20)}.items():
        Image.new("RGB", size).save(tmp_path / f"{name}.png")
    (tmp_path / "empty.png").write_bytes(b"")
    for name in ("panorama.png", "depth.exr"):
        os.link(pictures / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert run(["generate", *arguments, "--quality", "draft", "-o", "out", "--quiet"]) == code
    assert words in capsys.readouterr().err.replace("There is no such", "no such")
    assert not (tmp_path / "out").exists()


def test_all_errors_are_ours() -> None:
    with pytest.raises(WorldgenError):
        front_door.generate(panorama="a.png", spec="b.yaml", output="out", quality="draft")


def test_manifests_of_built_worlds_need_none_of_this(world: World) -> None:
    """Estimates and source files are optional: older manifests still load."""
    document = json.loads((world.path / "world.json").read_text())
    del document["estimates"], document["source"]["files"]
    (world.path / "world.json").write_text(json.dumps(document))
    assert load_manifest(world.path).estimates == ()


def test_without_depth_the_embedded_backend_estimates_it(pictures: Path, tmp_path: Path) -> None:
    world = make(pictures, tmp_path / "world", depth_options=DepthOptions())
    layers = {layer.name: layer for layer in world.manifest.layers}
    assert (layers["euclidean_depth"].provenance, layers["euclidean_depth"].backend) == ("estimated", "geometric")
    height = next(item for item in world.manifest.estimates if item.name == "camera_height")
    assert (height.origin, height.value) == ("default", 1.6)
    assert any("estimated" in warning for warning in world.manifest.warnings)
    view = analytic_view(panorama_camera(np.array([0.0, CAMERA_HEIGHT, 0.0]), height=HEIGHT))
    below = slice(int(0.6 * HEIGHT), None)
    expected = view.buffers.euclidean_depth[below] * 1.6 / CAMERA_HEIGHT
    ground = view.buffers.labels[below] == 1
    ratio = world.euclidean_depth[below][ground] / expected[ground]
    assert np.median(np.abs(ratio - 1.0)) < 0.02
