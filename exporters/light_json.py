"""``light.json``: the light rig of a world for engines and their import scripts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from worldgen.errors import InvalidInputError
from worldgen.exporters.contract import ExportReport
from worldgen.scene.light_rig import FogLight, KeyLight, LightRig, ReflectionProbe, SkyLight
from worldgen.storage import read_limited, write_bytes

_MAX_BYTES = 1 << 20
_FRAME = "RUB"


def write_light_json(rig: LightRig, path: Path) -> ExportReport:
    """Write a light rig: directions and positions in world (RUB, metres), light in lux and cd/m2, colours linear.

    Raises:
        ExportError: The file cannot be written.
    """
    text = json.dumps(light_document(rig), indent=2, allow_nan=False) + "\n"
    return ExportReport(paths=(path,), num_bytes=write_bytes(path, text.encode(), format_id="light_json"))


def light_document(rig: LightRig) -> dict[str, Any]:
    """A light rig as plain JSON values, for files that hold it as a part."""
    key, sky, fog = rig.key, rig.sky, rig.fog
    # Directions at full precision: their length is checked when they are read.
    direction = [float(value) for value in key.direction_in_world]
    return {
        "frame": _FRAME,
        "units": "metres",
        "key_light": {
            "kind": key.kind,
            "direction": direction,
            "elevation_deg": _short(math.degrees(math.asin(min(1.0, max(-1.0, direction[1]))))),
            "color": _shorts(key.color),
            "illuminance_lux": _short(key.illuminance_lux),
            "angular_diameter_deg": _short(math.degrees(key.angular_diameter)),
        },
        "sky": {
            "file": "sky.hdr",
            "holds_key_disc": sky.holds_key_disc,
            "nits_per_unit": _short(sky.nits_per_unit),
            "illuminance_lux": _short(sky.illuminance_lux),
            "zenith": _shorts(sky.zenith),
            "horizon": _shorts(sky.horizon),
            "ground": _shorts(sky.ground),
        },
        "fog": {
            "extinction_per_m": _shorts(fog.extinction_per_m),
            "falloff_per_m": _short(fog.falloff_per_m),
            "base_height_m": _short(fog.base_height_m),
            "color": _shorts(fog.color),
            "half_distance_m": _short(fog.half_distance_m),
        },
        "exposure": {"factor": _short(rig.exposure), "ev100": _short(rig.ev100)},
        "reflection_probes": [
            {"name": probe.name, "position": _shorts(probe.position), "half_size_m": _shorts(probe.half_size_m)}
            for probe in rig.probes
        ],
        "base_colors": "delit" if rig.has_delit_base_colors else "lit",
    }


def read_light_json(path: Path) -> LightRig:
    """Read a light rig that :func:`write_light_json` wrote.

    Raises:
        InvalidInputError: The file is no light rig.
    """
    try:
        document = json.loads(read_limited(path, _MAX_BYTES))
        return _rig_from(document)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, InvalidInputError):
            error.path = path
            raise
        raise InvalidInputError("This file is no light rig of worldgen.", path=path) from error


def _rig_from(document: dict[str, Any]) -> LightRig:
    key, sky, fog = document["key_light"], document["sky"], document["fog"]
    if document["frame"] != _FRAME or key["kind"] not in ("sun", "moon"):
        raise InvalidInputError(f"A light rig must be in frame {_FRAME} and lit by a sun or a moon.")
    return LightRig(
        key=KeyLight(
            kind=key["kind"],
            direction_in_world=np.array(_triple(key["direction"]), dtype=np.float64),
            color=_triple(key["color"]),
            illuminance_lux=_number(key["illuminance_lux"]),
            angular_diameter=math.radians(_number(key["angular_diameter_deg"])),
        ),
        sky=SkyLight(
            nits_per_unit=_number(sky["nits_per_unit"]),
            illuminance_lux=_number(sky["illuminance_lux"]),
            zenith=_triple(sky["zenith"]),
            horizon=_triple(sky["horizon"]),
            ground=_triple(sky["ground"]),
            holds_key_disc=sky["holds_key_disc"] is True,
        ),
        fog=FogLight(
            extinction_per_m=_triple(fog["extinction_per_m"]),
            falloff_per_m=_number(fog["falloff_per_m"]),
            base_height_m=_number(fog["base_height_m"]),
            color=_triple(fog["color"]),
            half_distance_m=_number(fog["half_distance_m"]),
        ),
        exposure=_number(document["exposure"]["factor"]),
        ev100=_number(document["exposure"]["ev100"]),
        probes=tuple(
            ReflectionProbe(
                name=str(probe["name"]),
                position=_triple(probe["position"]),
                half_size_m=_triple(probe["half_size_m"]),
            )
            for probe in document["reflection_probes"]
        ),
        has_delit_base_colors=document["base_colors"] == "delit",
    )


def _short(value: float) -> float:
    return float(f"{value:.7g}")


def _shorts(values: tuple[float, float, float]) -> list[float]:
    return [_short(value) for value in values]


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise InvalidInputError("A light rig must hold no NaN and no infinity.")
    return number


def _triple(values: Any) -> tuple[float, float, float]:
    x, y, z = (_number(value) for value in values)
    return x, y, z
