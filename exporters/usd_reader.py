"""A program that takes the splats' arrays out of one USD file: ``python -m worldgen.exporters.usd_reader FILE FOLDER``.

It writes ``stage.json`` and one ``.npy`` file per array into the folder. It runs on its own because a damaged file can
make the library crash or ask for any amount of memory. Exit code 3 goes with a reason on the last line of its output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FLOATS = (("positions", 3), ("scales", 3), ("opacities", 0), ("radiance:sphericalHarmonicsCoefficients", 3))
_MEMORY_BYTES = 2 << 30
_MEMORY_PER_FILE_BYTE = 64
_MAX_PRIMS = 1000


def extract_splats(path: Path, folder: Path) -> None:
    """Write the arrays of all splat prims of a USD file.

    Raises:
        ValueError: The file is not what it must be, in words.
    """
    from pxr import Sdf, Usd, UsdGeom

    layer = Sdf.Layer.FindOrOpen(str(path))
    if layer is None:
        raise ValueError("it is no layer")
    if layer.GetCompositionAssetDependencies():
        raise ValueError("it refers to other files")
    stage = Usd.Stage.Open(layer)
    transforms = UsdGeom.XformCache()
    prims: list[dict[str, Any]] = []
    for prim in stage.Traverse():
        if prim.GetTypeName() != "ParticleField3DGaussianSplat":
            continue
        if len(prims) == _MAX_PRIMS:
            raise ValueError("it holds too many splat prims")
        arrays: dict[str, NDArray[np.float32]] = {}
        for name, width in _FLOATS:
            values = _array(prim, name)
            arrays["sh" if ":" in name else name] = values if width else values.reshape(-1)
        # OpenUSD keeps the imaginary part first.
        arrays["orientations"] = _array(prim, "orientations")[:, [3, 0, 1, 2]]
        names = {}
        for name, values in arrays.items():
            names[name] = f"{len(prims)}_{name}.npy"
            np.save(folder / names[name], np.ascontiguousarray(values, dtype=np.float32))
        matrix = np.array(transforms.GetLocalToWorldTransform(prim)).T
        degree = prim.GetAttribute("radiance:sphericalHarmonicsDegree").Get()
        prims.append({"arrays": names, "degree": degree, "world_from_prim": matrix.tolist()})
    document = {
        "prims": prims,
        "up_axis": str(UsdGeom.GetStageUpAxis(stage)),
        "metres_per_unit": float(UsdGeom.GetStageMetersPerUnit(stage)),
    }
    (folder / "stage.json").write_text(json.dumps(document), encoding="utf-8")


def _array(prim: Any, name: str) -> NDArray[np.float32]:
    """An array attribute, or its half-float twin."""
    for candidate in (name, f"{name}h"):
        values = prim.GetAttribute(candidate).Get()
        if values is not None:
            return np.asarray(values, dtype=np.float32)
    raise ValueError(f"a splat prim has no {name}")


def _limit_memory(path: Path) -> None:
    """Bound the memory of this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    limit = _MEMORY_BYTES + _MEMORY_PER_FILE_BYTE * path.stat().st_size
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main(arguments: list[str]) -> int:
    """Run the program; returns its exit code."""
    path, folder = Path(arguments[0]), Path(arguments[1])
    _limit_memory(path)
    try:
        extract_splats(path, folder)
    except Exception as error:  # the library raises whatever it likes
        sys.stdout.write(f"{str(error).splitlines()[0] if str(error) else type(error).__name__}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
