"""Splats in OpenUSD: every value comes back, transforms and up axes count, damaged files are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.exporters.clouds import covariances, gaussian_cloud
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.usd_splats import PRIM_TYPE, read_splat_usd, write_splat_usd
from worldgen.frames import Frame, yaw_rotation
from worldgen.geometry.splat_transforms import transform_gaussians

pytest.importorskip("pxr", reason="USD needs usd-core")


@pytest.mark.parametrize("suffix", [".usdc", ".usda"])
def test_round_trip_is_exact(tmp_path: Path, suffix: str) -> None:
    cloud = gaussian_cloud(1, 40, 3)
    report = write_splat_usd(cloud, tmp_path / f"a{suffix}")
    assert report.num_bytes == (tmp_path / f"a{suffix}").stat().st_size
    stored = read_splat_usd(tmp_path / f"a{suffix}")
    for name in ("means", "scales", "opacities", "sh_dc", "sh_rest", "quats_wxyz"):
        np.testing.assert_allclose(getattr(stored, name), getattr(cloud, name), rtol=1e-6, atol=1e-7, err_msg=name)


def test_the_stage_is_what_omniverse_expects(tmp_path: Path) -> None:
    from pxr import Usd, UsdGeom

    cloud = gaussian_cloud(2, 30, 2)
    write_splat_usd(cloud, tmp_path / "a.usdc", frame=Frame.RFU)
    write_splat_usd(cloud, tmp_path / "b.usdc", frame=Frame.RFU)
    assert (tmp_path / "a.usdc").read_bytes() == (tmp_path / "b.usdc").read_bytes()
    stage = Usd.Stage.Open(str(tmp_path / "a.usdc"))
    assert (UsdGeom.GetStageUpAxis(stage), UsdGeom.GetStageMetersPerUnit(stage)) == ("Z", 1.0)
    prim = stage.GetDefaultPrim().GetChild("Splats")
    assert prim.GetTypeName() == PRIM_TYPE
    assert {name for name in prim.GetPropertyNames() if prim.GetProperty(name).IsCustom()} == set()
    radiance = prim.GetAttribute("radiance:sphericalHarmonicsCoefficients")
    assert (radiance.GetMetadata("elementSize"), radiance.GetMetadata("interpolation")) == (9, "vertex")
    assert len(radiance.Get()) == 30 * 9
    positions = np.array(prim.GetAttribute("positions").Get())
    # Right, forward, up from right, up, back.
    np.testing.assert_array_equal(positions, cloud.means[:, [0, 2, 1]] * np.array([1.0, -1.0, 1.0], np.float32))
    first = prim.GetAttribute("orientations").Get()[0]
    assert first.GetLength() == pytest.approx(1.0, abs=1e-6)
    low, high = np.array(prim.GetAttribute("extent").Get())
    assert (positions >= low).all()
    assert (positions <= high).all()


def make_stage(path: Path, change: Callable[[Any, Any], Any]) -> None:
    from pxr import Usd

    write_splat_usd(gaussian_cloud(3, 20, 1), path)
    stage = Usd.Stage.Open(str(path))
    change(stage, stage.GetPrimAtPath("/World/Splats"))
    stage.GetRootLayer().Save()


def test_transforms_units_and_up_axis_count(tmp_path: Path) -> None:
    from pxr import Gf, UsdGeom

    def change(stage: Any, prim: Any) -> None:
        UsdGeom.SetStageMetersPerUnit(stage, 0.01)
        world = UsdGeom.Xformable(stage.GetPrimAtPath("/World"))
        world.AddTranslateOp().Set(Gf.Vec3d(100.0, 200.0, 300.0))
        world.AddRotateYOp().Set(90.0)

    make_stage(tmp_path / "a.usda", change)
    turned = transform_gaussians(
        gaussian_cloud(3, 20, 1), yaw_rotation(np.pi / 2.0), scale=0.01, translation=(1.0, 2.0, 3.0)
    )
    stored = read_splat_usd(tmp_path / "a.usda")
    np.testing.assert_allclose(stored.means, turned.means, atol=1e-5)
    np.testing.assert_allclose(covariances(stored), covariances(turned), rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(stored.sh_rest, turned.sh_rest, atol=1e-5)


CHANGES: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "counts differ": (lambda s, p: p.GetAttribute("opacities").Set([0.5]), "do not fit"),
    "wrong degree": (lambda s, p: p.GetAttribute("radiance:sphericalHarmonicsDegree").Set(3), "do not fit"),
    "nan": (lambda s, p: p.GetAttribute("opacities").Set([float("nan")] * 20), "NaN"),
    "negative": (lambda s, p: p.GetAttribute("scales").Set([(-1.0, 1.0, 1.0)] * 20), "negative scales"),
    "other files": (lambda s, p: s.GetRootLayer().subLayerPaths.append("/etc/passwd"), "other files"),
    "no splats": (lambda s, p: s.RemovePrim("/World/Splats"), "no Gaussian splats"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_stages_that_cannot_be(tmp_path: Path, case: str) -> None:
    change, message = CHANGES[case]
    path = tmp_path / "a.usda"
    make_stage(path, change)
    with pytest.raises(InvalidInputError, match=message) as caught:
        read_splat_usd(path)
    assert caught.value.path == path


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.usdc"
    write_splat_usd(gaussian_cloud(4, 50, 1), path)
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], whole[:60], whole[:16] + b"\xff" * (len(whole) - 16), b"", b"PXR-USDC"):
        path.write_bytes(data)
        with pytest.raises(InvalidInputError) as caught:
            read_splat_usd(path)
        assert caught.value.path == path


@pytest.mark.parametrize("frame", [Frame.RDF, Frame.RUF, Frame.FRU])
def test_axes_that_usd_does_not_have(tmp_path: Path, frame: Frame) -> None:
    with pytest.raises(UnsupportedFormatError, match="no axes like"):
        write_splat_usd(gaussian_cloud(5, 3, 0), tmp_path / "a.usdc", frame=frame)
