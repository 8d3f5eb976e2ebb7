"""Gaussian splats in OpenUSD, as a ``ParticleField3DGaussianSplat`` (OpenUSD 26.03 and newer), for Omniverse and Isaac.

Everything is stored as single floats in natural units. The stage is in metres with Y up, or with Z up if the axes of
the file are such. Needs the extra ``usd``. Files are read in a process of their own: the library is large, trusts what
it reads and must not take this process down.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import BackendUnavailableError, InvalidInputError, UnsupportedFormatError
from worldgen.exporters.contract import ExportReport, require_count
from worldgen.exporters.splat_placement import place_gaussians
from worldgen.frames import Frame, axes_from, is_mirrored
from worldgen.geometry.splat_transforms import concatenate_gaussians, transform_gaussians
from worldgen.scene.gaussian_cloud import SH_REST_COUNTS, GaussianCloud
from worldgen.storage import atomic_file, open_for_reading

SUFFIXES = (".usd", ".usdc", ".usda")
PRIM_TYPE = "ParticleField3DGaussianSplat"

_EXTENT_DEVIATIONS = 3.0
_READ_TIMEOUT_S = 600.0
_MAGICS = (b"PXR-USDC", b"#usda")


def write_splat_usd(cloud: GaussianCloud, path: Path, *, frame: Frame = Frame.RUB) -> ExportReport:
    """Write splats as a USD layer: binary for ``.usd`` and ``.usdc``, text for ``.usda``.

    Args:
        cloud: In the world frame.
        path: The file, with one of ``SUFFIXES``.
        frame: The axes of the file: RUB, or another right-handed frame with Y or Z up, such as RFU.

    Raises:
        BackendUnavailableError: The extra ``usd`` is not installed.
        ExportError: The file cannot be written.
        UnsupportedFormatError: The suffix is none of USD's, or USD has no such axes.
    """
    up_axis = _up_axis(frame, path)
    if path.suffix.lower() not in SUFFIXES:
        raise UnsupportedFormatError(f"A USD file ends in {', '.join(SUFFIXES)}.", path=path)
    modules = _import_usd(path)
    turned = transform_gaussians(cloud, axes_from(frame, Frame.RUB))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"splats{path.suffix.lower()}"
        _write_stage(modules, turned, made, up_axis)
        with atomic_file(path, format_id="splat_usd") as file, made.open("rb") as source:
            shutil.copyfileobj(source, file, 1 << 20)
            num_bytes = file.tell()
    return ExportReport(paths=(path,), num_bytes=num_bytes)


def read_splat_usd(path: Path, *, frame: Frame | None = None) -> GaussianCloud:
    """Read all splats of a USD file into the world frame, where its transforms place them.

    Args:
        path: The file.
        frame: The axes of the file, if they are not what its up axis means (RUB, or RFU with Z up).

    Raises:
        BackendUnavailableError: The extra ``usd`` is not installed.
        InvalidInputError: The file is damaged, or its splats are not what they must be.
        UnsupportedFormatError: It holds no splats.
    """
    with open_for_reading(path) as (file, _):
        if not file.read(8).startswith(_MAGICS):
            raise InvalidInputError("This is no USD layer.", hint="USDZ packages must be unpacked first.", path=path)
    _import_usd(path)
    with tempfile.TemporaryDirectory() as folder:
        stage = _run_reader(path, Path(folder))
        parts, total = [], 0
        for prim in stage["prims"]:
            arrays = {name: np.load(Path(folder) / file, allow_pickle=False) for name, file in prim["arrays"].items()}
            cloud = _cloud_of(arrays, int(prim["degree"]), path)
            total = require_count(total + cloud.num_gaussians, path)
            world_from_prim = np.array(prim["world_from_prim"], dtype=np.float64)
            world_from_prim[:3] *= float(stage["metres_per_unit"])
            parts.append(place_gaussians(cloud, world_from_prim, path))
    if not parts:
        raise UnsupportedFormatError("This USD file holds no Gaussian splats.", path=path)
    usual = Frame.RFU if stage["up_axis"] == "Z" else Frame.RUB
    return transform_gaussians(concatenate_gaussians(parts), axes_from(Frame.RUB, frame or usual))


def _import_usd(path: Path) -> Any:
    try:
        from pxr import Gf, Sdf, Usd, UsdGeom, UsdVol, Vt
    except ImportError as error:
        raise BackendUnavailableError(
            "USD files need OpenUSD.", hint='pip install "worldgen[usd]"', path=path
        ) from error
    if not hasattr(UsdVol, PRIM_TYPE):
        raise BackendUnavailableError(
            "This OpenUSD is too old for splats.", hint='pip install "usd-core>=26.5"', path=path
        )
    return Gf, Sdf, Usd, UsdGeom, UsdVol, Vt


def _up_axis(frame: Frame, path: Path) -> str:
    up = "Y" if frame.value[1] == "U" else ("Z" if frame.value[2] == "U" else "")
    if not up or is_mirrored(axes_from(frame, Frame.RUB)):
        raise UnsupportedFormatError(
            f"USD has no axes like {frame.value}.", hint="Its stages are right-handed with Y or Z up.", path=path
        )
    return up


def _write_stage(modules: Any, cloud: GaussianCloud, path: Path, up_axis: str) -> None:
    Gf, Sdf, Usd, UsdGeom, UsdVol, Vt = modules
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, up_axis)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/World").GetPrim())
    splats = getattr(UsdVol, PRIM_TYPE).Define(stage, "/World/Splats")
    quats_xyzw = np.ascontiguousarray(cloud.quats_wxyz[:, [1, 2, 3, 0]])
    coefficients = np.concatenate([cloud.sh_dc[:, None], cloud.sh_rest], axis=1)
    width = coefficients.shape[1]
    reach = _EXTENT_DEVIATIONS * cloud.scales.max(axis=1, keepdims=True, initial=0.0)
    low = (cloud.means - reach).min(axis=0) if cloud.num_gaussians else np.zeros(3)
    high = (cloud.means + reach).max(axis=0) if cloud.num_gaussians else np.zeros(3)
    prim = splats.GetPrim()
    for name, kind, values in (
        ("positions", Sdf.ValueTypeNames.Point3fArray, Vt.Vec3fArray.FromNumpy(cloud.means)),
        ("orientations", Sdf.ValueTypeNames.QuatfArray, Vt.QuatfArray.FromNumpy(quats_xyzw)),
        ("scales", Sdf.ValueTypeNames.Float3Array, Vt.Vec3fArray.FromNumpy(cloud.scales)),
        ("opacities", Sdf.ValueTypeNames.FloatArray, Vt.FloatArray.FromNumpy(cloud.opacities)),
        ("radiance:sphericalHarmonicsDegree", Sdf.ValueTypeNames.Int, cloud.sh_degree),
        ("extent", Sdf.ValueTypeNames.Float3Array, [Gf.Vec3f(*map(float, end)) for end in (low, high)]),
    ):
        prim.CreateAttribute(name, kind, custom=False).Set(values)
    radiance = prim.CreateAttribute(
        "radiance:sphericalHarmonicsCoefficients", Sdf.ValueTypeNames.Float3Array, custom=False
    )
    radiance.Set(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(coefficients.reshape(-1, 3))))
    # Checkers of Omniverse want to know how many coefficients belong to a splat.
    radiance.SetMetadata("elementSize", width)
    radiance.SetMetadata("interpolation", "vertex")
    prim.CreateAttribute("sortingModeHint", Sdf.ValueTypeNames.Token, custom=False).Set("cameraDistance")
    stage.GetRootLayer().Save()


def _run_reader(path: Path, folder: Path) -> dict[str, Any]:
    """Let a process of its own take the arrays out of the file; returns what it found."""
    command = [sys.executable, "-m", "worldgen.exporters.usd_reader", str(path.resolve()), str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    try:
        done = subprocess.run(command, capture_output=True, env=environment, timeout=_READ_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise InvalidInputError("The USD file cannot be read in reasonable time.", path=path) from error
    if done.returncode:
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1] if lines and done.returncode == 3 else "OpenUSD cannot make sense of it"
        raise InvalidInputError(f"The USD file is damaged or not supported ({reason[:160]}).", path=path)
    document: dict[str, Any] = json.loads((folder / "stage.json").read_text(encoding="utf-8"))
    return document


def _cloud_of(arrays: dict[str, NDArray[np.float32]], degree: int, path: Path) -> GaussianCloud:
    """Splats in their prim's own axes."""
    means, count = arrays["positions"], len(arrays["positions"])
    if not 0 <= degree <= 4:
        raise InvalidInputError(f"The splats have spherical harmonics of degree {degree}.", path=path)
    shapes = {
        "orientations": (count, 4),
        "scales": (count, 3),
        "opacities": (count,),
        "sh": (count * (degree + 1) ** 2, 3),
    }
    if means.shape != (count, 3) or any(arrays[name].shape != shape for name, shape in shapes.items()):
        raise InvalidInputError("The splats' arrays do not fit each other.", path=path)
    if not all(np.isfinite(values).all() for values in arrays.values()):
        raise InvalidInputError("The splats hold NaN or infinity.", path=path)
    quats = arrays["orientations"].astype(np.float64)
    lengths = np.sqrt((quats**2).sum(axis=1, keepdims=True))
    scales, opacities = arrays["scales"], arrays["opacities"]
    if lengths.min(initial=1.0) < 1e-6 or scales.min(initial=0.0) < 0.0:
        raise InvalidInputError("The splats have negative scales or rotations of length zero.", path=path)
    if opacities.min(initial=0.0) < 0.0 or opacities.max(initial=0.0) > 1.0:
        raise InvalidInputError("The splats have opacities outside 0 to 1.", path=path)
    coefficients = arrays["sh"].reshape(count, -1, 3) if count else np.zeros((0, (degree + 1) ** 2, 3), np.float32)
    kept = SH_REST_COUNTS[min(degree, 3)]
    return GaussianCloud(
        means=means,
        quats_wxyz=(quats / lengths).astype(np.float32),
        scales=np.maximum(scales, np.finfo(np.float32).tiny),
        opacities=opacities,
        sh_dc=np.ascontiguousarray(coefficients[:, 0]),
        sh_rest=np.ascontiguousarray(coefficients[:, 1 : 1 + kept]),
    )
