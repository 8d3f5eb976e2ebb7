"""``kit.yaml``: a studio's own models that stand in for built assets, by label.

::

    version: 1
    assets:
      cabin:                      # a label, as in labels.png and world.json
        - file: hut.glb           # below the folder of kit.yaml
          up: y                   # y (glTF) or z, for files from tools that do not turn
          yaw_deg: 180            # turns the front, which should face +Z
          scale: fit              # fit (into the built asset's box), height, or a factor on the file's metres
          pivot: ground           # ground (middle of the bottom) or keep
          collider: own           # own (UCX_, COL_ or -colonly nodes, else a hull), hull, capsule or none
          surface: wood
      conifer: [pine_a.glb, pine_b.glb]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from worldgen.errors import InvalidInputError
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.material import SurfaceTag
from worldgen.storage import read_limited

MAX_KIT_BYTES = 1 << 20
MAX_VARIANTS = 64

_HINT = "A kit looks like: {version: 1, assets: {cabin: [{file: hut.glb, scale: fit}]}}."


class _KitModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class KitVariant(_KitModel):
    """One model that may stand for a label."""

    file: Annotated[str, Field(min_length=1, max_length=400)]
    up: Literal["y", "z"] = "y"
    yaw_deg: Annotated[float, Field(ge=-360.0, le=360.0)] = 0.0
    scale: Literal["fit", "height"] | Annotated[float, Field(gt=0.0, le=1e5)] = "fit"
    pivot: Literal["ground", "keep"] = "ground"
    collider: Literal["own", "hull", "capsule", "none"] = "own"
    surface: SurfaceTag = "stone"


class Kit(_KitModel):
    """The whole file; ``assets`` maps a label to its variants."""

    version: Literal[1] = 1
    assets: dict[str, tuple[KitVariant, ...]]

    @field_validator("assets", mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        """A file name alone, or a list of them, stands for variants with the usual settings."""
        if not isinstance(value, dict):
            return value
        return {label: [_as_variant(each) for each in _as_list(rows)] for label, rows in value.items()}

    @field_validator("assets")
    @classmethod
    def _known_labels(cls, value: dict[str, tuple[KitVariant, ...]]) -> dict[str, tuple[KitVariant, ...]]:
        for label, variants in value.items():
            if label not in LABEL_INDEX:
                raise ValueError(f"there is no label '{label}'")
            if not 1 <= len(variants) <= MAX_VARIANTS:
                raise ValueError(f"'{label}' needs 1 to {MAX_VARIANTS} variants")
        return value


def load_kit(path: Path) -> Kit:
    """Read a kit.

    Raises:
        InvalidInputError: The file cannot be read, is no YAML or no kit.
    """
    data = read_limited(path, MAX_KIT_BYTES)
    try:
        text = data.decode("utf-8-sig")
        if any(isinstance(token, yaml.tokens.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
            raise InvalidInputError("A kit may not use YAML aliases.", hint=_HINT, path=path)
        fields = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError("The kit is not valid YAML.", hint=_HINT, path=path) from error
    except ValueError as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError("The kit holds a value that YAML cannot read.", hint=_HINT, path=path) from error
    try:
        return Kit.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top"
        raise InvalidInputError(f"The kit is wrong at '{where}': {first['msg']}.", hint=_HINT, path=path) from error


def _as_list(rows: Any) -> list[Any]:
    return rows if isinstance(rows, list) else [rows]


def _as_variant(row: Any) -> Any:
    return {"file": row} if isinstance(row, str) else row
