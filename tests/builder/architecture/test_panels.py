"""Wall panels: areas, reveals, bends and colliders against what geometry says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from worldgen.builder.architecture.assembly import ALL, Assembly
from worldgen.builder.architecture.frame import WORLD
from worldgen.builder.architecture.panels import Arch, Bend, Line, Opening, level, panel
from worldgen.builder.architecture.stonework import crenellated, jagged
from worldgen.randomness import rng
from worldgen.scene.scene import ConvexHull, Prototype


def built(outline: Line, **fields: object) -> Prototype:
    assembly = Assembly(rng(1, "panel"))
    panel(assembly, WORLD, outline, "stone_wall", lods=ALL, **fields)  # type: ignore[arg-type]
    return assembly.finish("wall", "wall")


def area_facing(prototype: Prototype, direction: tuple[float, float, float]) -> float:
    mesh = prototype.lods[0][0].mesh
    corners = mesh.vertices[mesh.triangles].astype(np.float64)
    crosses = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(crosses, axis=1)
    facing = crosses @ np.array(direction) > 0.999 * areas
    return float(areas[facing].sum() / 2.0)


def window(arch: Arch) -> Opening:
    return Opening(left=-0.6, right=0.6, bottom=1.0, top=2.6, arch=arch)


def hole_area(opening: Opening, steps: int = 8) -> float:
    head = np.array(opening.head(steps))
    return float(np.trapezoid(head[:, 1] - opening.bottom, head[:, 0]))


@pytest.mark.parametrize("arch", ["flat", "segmental", "round", "pointed"])
def test_faces_lose_exactly_the_area_of_their_holes(arch: Arch) -> None:
    opening = window(arch)
    prototype = built(level(5.0, 3.0), openings=(opening,), inside="stone_wall", thickness=0.4)
    solid = 15.0 - hole_area(opening)
    assert area_facing(prototype, (0.0, 0.0, 1.0)) == pytest.approx(solid, rel=1e-5)
    assert area_facing(prototype, (0.0, 0.0, -1.0)) == pytest.approx(solid, rel=1e-5)


def test_reveals_line_the_whole_hole() -> None:
    prototype = built(level(5.0, 3.0), openings=(window("flat"),), thickness=0.4)
    # The sill and the wall's top face up, the head faces down, each jamb one way (and one end of the wall the other).
    assert area_facing(prototype, (0.0, 1.0, 0.0)) == pytest.approx(0.4 * (5.0 + 1.2), rel=1e-5)
    assert area_facing(prototype, (0.0, -1.0, 0.0)) == pytest.approx(0.4 * 1.2, rel=1e-5)
    assert area_facing(prototype, (1.0, 0.0, 0.0)) == pytest.approx(0.4 * (3.0 + 1.6), rel=1e-5)
    assert area_facing(prototype, (-1.0, 0.0, 0.0)) == pytest.approx(0.4 * (3.0 + 1.6), rel=1e-5)


def test_gables_follow_their_outline() -> None:
    gable: Line = ((-3.0, 2.0), (0.0, 5.0), (3.0, 2.0))
    prototype = built(gable, openings=(window("round"),))
    assert area_facing(prototype, (0.0, 0.0, 1.0)) == pytest.approx(12.0 + 9.0 - hole_area(window("round")), rel=1e-5)


def test_battlements_close_their_flanks() -> None:
    outline = crenellated(6.0, 2.0, 2.8)
    teeth = (len(outline) - 2) // 4
    prototype = built(outline, thickness=0.5)
    assert area_facing(prototype, (1.0, 0.0, 0.0)) == pytest.approx(0.5 * (2.0 + 0.8 * teeth), rel=1e-5)
    assert area_facing(prototype, (0.0, 1.0, 0.0)) == pytest.approx(0.5 * 6.0, rel=1e-5)


def test_bends_close_to_a_ring() -> None:
    bend = Bend(radius=3.0, sides=48)
    prototype = built(level(bend.length, 4.0), bend=bend, ends=False, top=False)
    mesh = prototype.lods[0][0].mesh
    radii = np.hypot(mesh.vertices[:, 0], mesh.vertices[:, 2])
    np.testing.assert_allclose(radii, 3.0, atol=1e-5)
    outward = np.einsum("ij,ij->i", mesh.normals[:, [0, 2]], mesh.vertices[:, [0, 2]] / radii[:, None])
    np.testing.assert_allclose(outward, 1.0, atol=1e-5)
    angles = np.sort(np.unique(np.round(np.arctan2(mesh.vertices[:, 0], mesh.vertices[:, 2]), 5)))
    assert np.diff(angles).max() < 2.0 * math.pi / 48 * 1.001


def test_textures_run_in_metres() -> None:
    mesh = built(level(4.0, 3.0)).lods[0][0].mesh
    front = mesh.normals[:, 2] > 0.99
    assert mesh.uvs is not None
    span = np.ptp(mesh.uvs[front], axis=0) * 2.4
    np.testing.assert_allclose(span, (4.0, 3.0), rtol=1e-5)


def test_colliders_fill_the_wall_and_spare_the_hole() -> None:
    opening = Opening(left=-0.5, right=0.5, bottom=0.0, top=2.0)
    prototype = built(level(4.0, 3.0), openings=(opening,), thickness=0.3, collide=True)
    volume = 0.0
    for hull in prototype.colliders:
        assert isinstance(hull, ConvexHull)
        low, high = hull.points.min(axis=0), hull.points.max(axis=0)
        assert not (low[0] < 0.0 < high[0] and low[1] < 1.0 < high[1])
        volume += float(np.prod(high - low))
    assert volume == pytest.approx((4.0 * 3.0 - 1.0 * 2.0) * 0.3, rel=1e-4)


def test_jagged_lines_stay_in_their_bounds() -> None:
    for seed in range(20):
        line = np.array(jagged(rng(seed, "jagged"), 8.0, 1.0, 4.0))
        assert (np.diff(line[:, 0]) >= 0.0).all()
        assert line[0, 0] == -4.0
        assert line[-1, 0] == 4.0
        assert 0.6 < line[:, 1].min() < line[:, 1].max() < 4.7
