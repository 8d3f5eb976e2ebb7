"""The Gaussian PLY: strict bytes for strict importers, and a reader that takes what others write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray

from tests.exporters.clouds import clouds, colors_seen, covariances, gaussian_cloud, rotation_error_deg
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.gaussian_ply import read_gaussian_ply, write_gaussian_ply
from worldgen.frames import Frame, axes_from
from worldgen.scene.gaussian_cloud import GaussianCloud

REFERENCE_ORDER_SH0 = (
    "x y z nx ny nz f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 rot_3".split()
)
REFERENCE_ORDER_SH3 = REFERENCE_ORDER_SH0[:9] + [f"f_rest_{i}" for i in range(45)] + REFERENCE_ORDER_SH0[9:]


def read_raw(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """Property names and the whole table, without our own parser."""
    header, _, data = path.read_bytes().partition(b"end_header\n")
    lines = header.decode().splitlines()
    names = [line.split()[2] for line in lines if line.startswith("property")]
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    assert [line for line in lines if line.startswith("element")] == [f"element vertex {len(data) // 4 // len(names)}"]
    assert all(line.startswith("property float ") for line in lines if line.startswith("property"))
    return names, np.frombuffer(data, "<f4").reshape(-1, len(names))


def write_raw(path: Path, table: dict[str, NDArray[np.generic]], *, kind: str = "binary_little_endian") -> Path:
    """A PLY of any columns, in their order and types."""
    order = ">" if "big" in kind else "<"
    words = {"float32": "float", "float64": "double", "uint8": "uchar"}
    count = len(next(iter(table.values())))
    rows = np.zeros(count, dtype=[(name, order + column.dtype.str[1:]) for name, column in table.items()])
    for name, column in table.items():
        rows[name] = column
    header = ["ply", f"format {kind} 1.0", f"element vertex {count}"]
    header += [f"property {words[column.dtype.name]} {name}" for name, column in table.items()]
    path.write_bytes("\n".join([*header, "end_header\n"]).encode() + rows.tobytes())
    return path


def table_of(path: Path) -> dict[str, NDArray[np.generic]]:
    names, rows = read_raw(path)
    return {name: rows[:, column].copy() for column, name in enumerate(names)}


def assert_same(left: GaussianCloud, right: GaussianCloud) -> None:
    np.testing.assert_array_equal(left.means, right.means)
    np.testing.assert_array_equal(left.sh_dc, right.sh_dc)
    np.testing.assert_allclose(left.scales, right.scales, rtol=4e-6)
    np.testing.assert_allclose(left.opacities, right.opacities, atol=2e-6)
    assert rotation_error_deg(left.quats_wxyz, right.quats_wxyz).max(initial=0.0) < 0.1


@pytest.mark.parametrize(
    ("degree", "names"), [(0, REFERENCE_ORDER_SH0), (1, REFERENCE_ORDER_SH3), (3, REFERENCE_ORDER_SH3)]
)
def test_header_and_order_are_the_reference_implementation_s(tmp_path: Path, degree: int, names: list[str]) -> None:
    path = tmp_path / "a.ply"
    report = write_gaussian_ply(gaussian_cloud(1, 10, degree), path)
    found, rows = read_raw(path)
    assert found == names
    assert report.num_bytes == path.stat().st_size
    assert np.isfinite(rows).all()
    np.testing.assert_array_equal(rows[:, 3:6], 0.0)
    np.testing.assert_allclose(np.linalg.norm(rows[:, -4:], axis=1), 1.0, atol=1e-6)
    assert np.abs(rows[:, names.index("opacity")]).max() < 15.0
    assert np.abs(rows[:, names.index("scale_0") : names.index("rot_0")]).max() <= 20.0


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cloud=clouds())
def test_round_trip(tmp_path: Path, cloud: GaussianCloud) -> None:
    write_gaussian_ply(cloud, tmp_path / "a.ply")
    again = read_gaussian_ply(tmp_path / "a.ply")
    assert_same(cloud, again)
    kept = cloud.sh_rest.shape[1]
    np.testing.assert_allclose(again.sh_rest[:, :kept], cloud.sh_rest, atol=2e-6)
    assert not again.sh_rest[:, kept:].any()


def test_axes_are_right_down_forward(tmp_path: Path) -> None:
    cloud = gaussian_cloud(2, 50, 3)
    write_gaussian_ply(cloud, tmp_path / "a.ply")
    columns = table_of(tmp_path / "a.ply")
    np.testing.assert_array_equal(columns["x"], cloud.means[:, 0])
    np.testing.assert_array_equal(columns["y"], -cloud.means[:, 1])
    np.testing.assert_array_equal(columns["z"], -cloud.means[:, 2])


@pytest.mark.parametrize("frame", list(Frame))
def test_shape_and_view_dependent_colour_turn_with_the_axes(tmp_path: Path, frame: Frame) -> None:
    cloud = gaussian_cloud(3, 40, 3)
    write_gaussian_ply(cloud, tmp_path / "a.ply", frame=frame)
    columns = table_of(tmp_path / "a.ply")
    matrix = axes_from(frame, Frame.RUB)
    means, sh_dc, log_scales, quats = (
        np.stack([columns[name] for name in names.split()], axis=1)
        for names in ("x y z", "f_dc_0 f_dc_1 f_dc_2", "scale_0 scale_1 scale_2", "rot_0 rot_1 rot_2 rot_3")
    )
    # Red first, then green, then blue.
    channels = [[columns[f"f_rest_{15 * channel + k}"] for k in range(15)] for channel in range(3)]
    sh_rest = np.array(channels).transpose(2, 1, 0)
    np.testing.assert_allclose(means, cloud.means @ matrix.T, atol=1e-5)
    for direction in np.array([[1.0, 0.0, 0.0], [0.0, 0.6, -0.8], [-0.48, 0.64, 0.6]]):
        seen = colors_seen(sh_dc, sh_rest, matrix @ direction)
        np.testing.assert_allclose(seen, colors_seen(cloud.sh_dc, cloud.sh_rest, direction), atol=1e-5)
    scales = np.exp(log_scales).astype(np.float32)
    turned = GaussianCloud(
        means=means, quats_wxyz=quats, scales=scales, opacities=cloud.opacities, sh_dc=sh_dc, sh_rest=cloud.sh_rest
    )
    expected = matrix @ covariances(cloud) @ matrix.T
    np.testing.assert_allclose(covariances(turned), expected, atol=1e-5 * float(np.abs(expected).max()))
    assert_same(read_gaussian_ply(tmp_path / "a.ply"), cloud)


def test_axes_of_a_file_without_our_comment_are_rdf_unless_told(tmp_path: Path) -> None:
    cloud = gaussian_cloud(4, 20, 0)
    write_gaussian_ply(cloud, tmp_path / "a.ply")
    bare = write_raw(tmp_path / "bare.ply", table_of(tmp_path / "a.ply"))
    assert_same(read_gaussian_ply(bare), cloud)
    np.testing.assert_array_equal(read_gaussian_ply(bare, frame=Frame.RUB).means, cloud.means * [1, -1, -1])


def test_opaque_stays_opaque_and_clear_stays_clear(tmp_path: Path) -> None:
    cloud = gaussian_cloud(5, 16, 0)
    write_gaussian_ply(cloud, tmp_path / "a.ply")
    opacities = read_gaussian_ply(tmp_path / "a.ply").opacities
    assert (opacities[cloud.opacities == 1.0] > 0.99999).all()
    assert (opacities[cloud.opacities == 0.0] < 0.00001).all()


@pytest.mark.parametrize("kind", ["binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("degree", [0, 3])
def test_reader_takes_other_orders_types_and_extra_properties(tmp_path: Path, kind: str, degree: int) -> None:
    cloud = gaussian_cloud(6, 30, degree)
    write_gaussian_ply(cloud, tmp_path / "a.ply")
    table = table_of(tmp_path / "a.ply")
    mixed = {name: table[name] for name in sorted(table, reverse=True) if not name.startswith("n")}
    mixed["segment"] = np.arange(30, dtype=np.uint8)
    mixed["x"] = mixed["x"].astype(np.float64)
    again = read_gaussian_ply(write_raw(tmp_path / "b.ply", mixed, kind=kind))
    assert_same(again, cloud)
    np.testing.assert_allclose(again.sh_rest, cloud.sh_rest, atol=2e-6)


@pytest.mark.parametrize("count", [9, 24])
def test_reader_takes_degrees_1_and_2(tmp_path: Path, count: int) -> None:
    write_gaussian_ply(gaussian_cloud(7, 5, 0), tmp_path / "a.ply")
    rest = {f"f_rest_{i}": np.full(5, i, dtype=np.float32) for i in range(count)}
    path = write_raw(tmp_path / "b.ply", table_of(tmp_path / "a.ply") | rest)
    sh_rest = read_gaussian_ply(path, frame=Frame.RUB).sh_rest
    assert sh_rest.shape == (5, count // 3, 3)
    np.testing.assert_array_equal(sh_rest[0].T.ravel(), np.arange(count))


@pytest.mark.parametrize("rest", [range(10), range(1, 10), [*range(44), 45], range(48), range(15)])
def test_mixed_up_channels_are_refused(tmp_path: Path, rest: list[int]) -> None:
    write_gaussian_ply(gaussian_cloud(8, 5, 0), tmp_path / "a.ply")
    table = table_of(tmp_path / "a.ply") | {f"f_rest_{i}": np.zeros(5, dtype=np.float32) for i in rest}
    with pytest.raises(InvalidInputError, match="f_rest"):
        read_gaussian_ply(write_raw(tmp_path / "b.ply", table))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("x", np.nan),
        ("f_dc_1", np.inf),
        ("opacity", np.nan),
        ("scale_1", np.nan),
        ("scale_0", np.inf),
        ("rot_2", np.nan),
    ],
)
def test_not_a_number_is_refused(tmp_path: Path, column: str, value: float) -> None:
    write_gaussian_ply(gaussian_cloud(9, 5, 0), tmp_path / "a.ply")
    table = table_of(tmp_path / "a.ply")
    table[column][3] = value
    with pytest.raises(InvalidInputError, match="NaN or infinity") as caught:
        read_gaussian_ply(write_raw(tmp_path / "b.ply", table))
    assert caught.value.path == tmp_path / "b.ply"


def test_infinite_logits_and_flat_splats_are_taken(tmp_path: Path) -> None:
    write_gaussian_ply(gaussian_cloud(10, 3, 0), tmp_path / "a.ply")
    table = table_of(tmp_path / "a.ply")
    table["opacity"][:2] = [np.inf, -np.inf]
    table["scale_2"][0] = -np.inf
    cloud = read_gaussian_ply(write_raw(tmp_path / "b.ply", table))
    assert cloud.opacities[0] == 1.0
    assert cloud.opacities[1] == 0.0
    assert 0.0 < cloud.scales[0, 2] < 1e-30


def test_a_rotation_of_length_zero_is_refused(tmp_path: Path) -> None:
    write_gaussian_ply(gaussian_cloud(11, 3, 0), tmp_path / "a.ply")
    table = table_of(tmp_path / "a.ply")
    for component in range(4):
        table[f"rot_{component}"][1] = 0.0
    with pytest.raises(InvalidInputError, match="length zero"):
        read_gaussian_ply(write_raw(tmp_path / "b.ply", table))


def header_of(*lines: str) -> bytes:
    return "\n".join(["ply", *lines, "end_header\n"]).encode()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", InvalidInputError),
        (b"plywood", InvalidInputError),
        (b"ply\nformat binary_little_endian 1.0\n", InvalidInputError),
        (header_of("format ascii 1.0", "element vertex 0"), UnsupportedFormatError),
        (header_of("format binary_little_endian 2.0"), InvalidInputError),
        (header_of("element vertex 1"), InvalidInputError),
        (header_of("format binary_little_endian 1.0", "property float x"), InvalidInputError),
        (header_of("format binary_little_endian 1.0", "element vertex -1", "property float x"), InvalidInputError),
        (
            header_of("format binary_little_endian 1.0", "element vertex 0", *["property float x"] * 2),
            InvalidInputError,
        ),
        (header_of("format binary_little_endian 1.0", "element vertex 1", "property float x"), UnsupportedFormatError),
        (
            header_of("format binary_little_endian 1.0", "element vertex 0", "property uint packed_position"),
            UnsupportedFormatError,
        ),
        (b"ply\n" + b"comment x\n" * 10_000, InvalidInputError),
    ],
)
def test_files_that_are_something_else(tmp_path: Path, data: bytes, error: type[InvalidInputError]) -> None:
    path = tmp_path / "bad.ply"
    path.write_bytes(data)
    with pytest.raises(error) as caught:
        read_gaussian_ply(path)
    assert caught.value.path == path


@pytest.mark.parametrize("count", [11, 10**9, 10**17])
def test_a_count_that_the_file_does_not_bear_out_costs_nothing(tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.ply"
    write_gaussian_ply(gaussian_cloud(12, 10, 3), path)
    path.write_bytes(path.read_bytes().replace(b"element vertex 10", f"element vertex {count}".encode()))
    with pytest.raises(InvalidInputError, match=f"promises {count}"):
        read_gaussian_ply(path)


def test_same_cloud_same_bytes(tmp_path: Path) -> None:
    for name in ("a.ply", "b.ply"):
        write_gaussian_ply(gaussian_cloud(13, 100, 2), tmp_path / name)
    assert (tmp_path / "a.ply").read_bytes() == (tmp_path / "b.ply").read_bytes()


def test_more_splats_than_a_block(tmp_path: Path) -> None:
    cloud = gaussian_cloud(14, 70_001, 0)
    write_gaussian_ply(cloud, tmp_path / "a.ply")
    again = read_gaussian_ply(tmp_path / "a.ply")
    np.testing.assert_array_equal(again.means, cloud.means)
    np.testing.assert_allclose(again.scales, cloud.scales, rtol=4e-6)
