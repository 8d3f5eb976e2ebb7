"""The navmesh for Detour: Detour itself loads it, finds the nearest places and the same ways."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.exporters.engine_world import make_world
from tests.exporters.node_tools import node_folder
from tests.navigation.lands import box, plain, ramp, solids
from tests.navigation.walking import find_path
from worldgen.errors import ExportError, InvalidInputError
from worldgen.exporters.detour import encode_detour, write_navmesh_detour
from worldgen.exporters.navmesh_files import write_navmesh_glb
from worldgen.exporters.navmesh_reader import read_navmesh_glb, triangle_neighbours
from worldgen.navigation.navmesh import Area, build_navmesh
from worldgen.navigation.places import nearest_place, random_places
from worldgen.pipelines.export_world import export_formats
from worldgen.pipelines.world import World
from worldgen.randomness import rng
from worldgen.scene.navmesh import Agent, Navigation, NavMesh, PointOfInterest, SpawnPoint

PROGRAM = Path(__file__).parent.parent / "node" / "read_detour.mjs"


@pytest.fixture(scope="module")
def navmesh() -> NavMesh:
    """A square with walls, a ramp and a part that cannot be reached."""
    land = solids(
        plain((-12, 12), (-12, 12)),
        [
            box((-0.3, 0, -12), (0.3, 2, 6)),
            box((-12, 0, 7), (-4, 2, 7.5)),
            ramp((4, 9), (-6, -2), 20.0),
            box((6, 0, 5), (6.4, 2, 12)),
            box((6, 0, 5), (12, 2, 5.4)),
        ],
    )
    return build_navmesh(land, Area(x=(-12, 12), z=(-12, 12)), Agent())


def ask_detour(navmesh: NavMesh, pairs: list, folder: Path) -> list[dict]:
    (folder / "navmesh.bin").write_bytes(encode_detour(navmesh))
    (folder / "pairs.json").write_text(json.dumps(pairs), encoding="utf-8")
    command = ["node", str(PROGRAM), str(node_folder()), str(folder / "navmesh.bin"), str(folder / "pairs.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    return json.loads(done.stdout)


def length(path: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())


def test_detour_finds_the_same_ways(navmesh: NavMesh, tmp_path: Path) -> None:
    places = random_places(navmesh, 60, rng(2, "test/places"), island=0)
    pairs = [[start.tolist(), goal.tolist()] for start, goal in zip(places[::2], places[1::2], strict=True)]
    for (start, goal), answer in zip(pairs, ask_detour(navmesh, pairs, tmp_path), strict=True):
        assert answer["success"]
        path = np.array(answer["path"])
        np.testing.assert_allclose(path[[0, -1]], [start, goal], atol=0.01)
        np.testing.assert_allclose(answer["nearest"], [start, goal], atol=0.01)
        ends = [nearest_place(navmesh, np.array(point), reach_m=1.0, island=0) for point in (start, goal)]
        assert ends[0] is not None
        assert ends[1] is not None
        ours = find_path(navmesh, ends[0], ends[1])
        assert ours is not None
        # Both search triangles by their middles, so their corridors differ a little.
        assert length(path) < 1.15 * length(ours) + 0.5
        # Every stretch of the way stays on the mesh.
        for a, b in pairwise(path):
            for share in np.linspace(0.0, 1.0, 7):
                assert nearest_place(navmesh, a + share * (b - a), reach_m=0.12, island=0) is not None


def test_detour_knows_what_cannot_be_reached(navmesh: NavMesh, tmp_path: Path) -> None:
    assert len(navmesh.islands) > 1
    (answer,) = ask_detour(navmesh, [[[-8.0, 0.0, -8.0], [9.0, 0.0, 9.0]]], tmp_path)
    goal = np.array([9.0, 0.0, 9.0])
    assert np.linalg.norm(answer["nearest"][1] - goal) < 0.1
    assert not answer["success"] or np.linalg.norm(answer["path"][-1] - goal) > 1.0


def test_reading_the_glb_back_gives_the_same_mesh(navmesh: NavMesh, tmp_path: Path) -> None:
    spawn = SpawnPoint(
        name="spawn_0", position=(1.0, 0.0, 2.0), yaw=0.5, island=0, reachable_share=0.9, facing="the ramp"
    )
    place = PointOfInterest(
        name="ramp",
        kind="structure",
        label="wall",
        position=(6.0, 0.0, -4.0),
        radius_m=2.0,
        approach=None,
        is_reachable=False,
    )
    written = Navigation(navmesh=navmesh, spawn_points=(spawn,), points_of_interest=(place,))
    write_navmesh_glb(written, tmp_path / "n.glb")
    found = read_navmesh_glb(tmp_path / "n.glb")
    assert found.spawn_points == (spawn,)
    assert found.points_of_interest == (place,)
    assert found.navmesh.agent == navmesh.agent
    assert [island.area_m2 for island in found.navmesh.islands] == [island.area_m2 for island in navmesh.islands]

    def corners(mesh: NavMesh) -> list:
        return sorted(map(tuple, mesh.vertices[mesh.triangles].reshape(-1, 9).tolist()))

    assert corners(found.navmesh) == corners(navmesh)
    assert (found.navmesh.neighbours >= 0).sum() == (navmesh.neighbours >= 0).sum()
    np.testing.assert_array_equal(triangle_neighbours(navmesh.triangles), navmesh.neighbours)
    write_navmesh_detour(found, tmp_path / "n.bin")
    report = write_navmesh_detour(written, tmp_path / "m.bin")
    assert report.dropped == ("spawn points and points of interest",)
    assert (tmp_path / "n.bin").stat().st_size == (tmp_path / "m.bin").stat().st_size == report.num_bytes


def test_a_world_writes_its_navmesh_in_other_formats(tmp_path: Path) -> None:
    make_world(tmp_path / "world")
    files = export_formats(tmp_path / "world", ["navmesh_detour", "navmesh_obj"])
    assert [file.name for file in files] == ["navmesh.bin", "navmesh.obj"]
    navmesh = World.load(tmp_path / "world").navigation.navmesh
    assert files[0].read_bytes() == encode_detour(navmesh)
    assert files[1].read_text().count("\nf ") == navmesh.num_triangles


def test_damaged_files_are_refused(navmesh: NavMesh, tmp_path: Path) -> None:
    write_navmesh_glb(Navigation(navmesh=navmesh, spawn_points=(), points_of_interest=()), tmp_path / "n.glb")
    data = (tmp_path / "n.glb").read_bytes()
    for name, broken in (
        ("cut", data[: len(data) // 2]),
        ("agent", data.replace(b'"radius_m"', b'"radius_x"')),
        ("cell", data.replace(b'"cell_m"', b'"call_m"')),
        ("index", data[:-4] + b"\xff\xff\xff\xff"),
    ):
        (tmp_path / f"{name}.glb").write_bytes(broken)
        with pytest.raises(InvalidInputError):
            read_navmesh_glb(tmp_path / f"{name}.glb")


def test_too_much_or_nothing_is_told(navmesh: NavMesh) -> None:
    none = np.zeros((0, 3), dtype=np.int32)
    empty = dataclasses.replace(
        navmesh, triangles=none, neighbours=none, island_ids=np.zeros(0, dtype=np.int32), islands=()
    )
    with pytest.raises(ExportError, match="Nothing"):
        encode_detour(empty)
    many = np.zeros((70_000, 3), dtype=np.float32)
    with pytest.raises(ExportError, match="70000 corners"):
        encode_detour(dataclasses.replace(navmesh, vertices=many))
