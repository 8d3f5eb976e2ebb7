"""Lists of worlds to make: what a job may say, and lists as YAML, JSON lines or CSV."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from worldgen.backends.model_options import DepthMeaning, Device, Offload, Precision
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.settings import Quality
from worldgen.storage import read_limited, sha256_of

_MAX_LIST_BYTES = 64 << 20
_MAX_JOBS = 100_000
_FILES = ("spec", "panorama", "image", "depth")
"""Fields that name a file, relative to the list."""
_WEIGHTS = ("panorama_model", "controlnet", "lora", "depth_model", "inpaint_model")
"""Fields that name a folder, relative to the list, or a hub id."""
_OWN = ("name", "prompt", "seed", "quality")
_TEXT = Annotated[str, Field(min_length=1, max_length=4096)]


class Job(BaseModel):
    """One world to make. Other fields than these four are those of ``worldgen generate``, with underscores.

    What lets code or the network in (``--allow-download``, ``--trust-remote-code``) is no field: a list may come from
    anywhere, so only the command line says it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]{0,99}$")]
    """Name of the world's folder inside the output folder."""
    prompt: str | None = None
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    quality: Quality = "standard"

    spec: _TEXT | None = None
    """Path of a spec.yaml, relative to the job list; so are the paths of pictures and depth."""
    panorama: _TEXT | None = None
    image: _TEXT | None = None
    depth: _TEXT | None = None
    depth_scale: float | None = None
    camera_height: float | None = None
    horizontal_fov: float | None = None
    vertical_fov: float | None = None
    level: bool | None = None
    fov: float | None = None

    panorama_backend: _TEXT | None = None
    panorama_model: _TEXT | None = None
    """A folder relative to the job list, or a hub id; so are all models."""
    controlnet: _TEXT | None = None
    lora: _TEXT | None = None
    depth_backend: _TEXT | None = None
    depth_model: _TEXT | None = None
    depth_kind: DepthMeaning | None = None
    depth_size: int | None = None
    inpaint_backend: _TEXT | None = None
    inpaint_model: _TEXT | None = None
    steps: int | None = None
    guidance: float | None = None
    strength: float | None = None
    negative_prompt: str | None = None
    paint_height: int | None = None
    device: Device | None = None
    precision: Precision | None = None
    offload: Offload | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Job:
        if self.spec is None and self.panorama is None and self.image is None and self.prompt is None:
            raise ValueError("give either a prompt or a spec, or a panorama or an image")
        if sum(source is not None for source in (self.spec, self.panorama, self.image)) > 1 or (
            self.spec is not None and self.prompt is not None
        ):
            raise ValueError("give either a prompt or a spec, and a panorama or an image with a prompt at most")
        return self

    @property
    def chosen(self) -> dict[str, Any]:
        """What was said beside name, prompt, seed and quality, by field."""
        return {key: value for key, value in self.model_dump().items() if key not in _OWN and value is not None}

    @property
    def is_recorded(self) -> bool:
        """Whether the job asks for more than a world's manifest tells: pictures or models."""
        return bool(self.chosen.keys() - {"spec"})

    @property
    def uses(self) -> tuple[str, ...]:
        """What it needs of ``worldgen.kernels.USES``."""
        if self.panorama is not None:
            return ("picture",)
        return ("prompt",) if self.image is None else ("prompt", "picture")

    def arguments(self, folder: Path) -> list[str]:
        """The job as arguments of ``worldgen generate``, without the output.

        Args:
            folder: That of the list, which paths are relative to.
        """
        arguments = ["--seed", str(self.seed), "--quality", self.quality]
        for key, value in self.chosen.items():
            option = key.replace("_", "-")
            if key == "level":
                arguments.append("--level" if value else "--no-level")
            elif key in _FILES or (key in _WEIGHTS and (folder / value).exists()):
                arguments.append(f"--{option}={folder / value}")
            else:
                arguments.append(f"--{option}={value}")
        return arguments if self.prompt is None else [*arguments, "--", self.prompt]

    def fingerprint(self, folder: Path) -> str:
        """Hex SHA-256 over all that the job says but its name, and over the files that it names; weights by name only.

        Raises:
            InvalidInputError: A file cannot be read.
        """
        said = {key: value for key, value in self.model_dump().items() if key != "name" and value is not None}
        files = {key: sha256_of(folder / said[key]) for key in _FILES if key in said}
        document = json.dumps({"job": said, "files": files}, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(document.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchList:
    """Jobs and the folder that their paths are relative to."""

    jobs: tuple[Job, ...]
    folder: Path


def jobs_schema() -> dict[str, Any]:
    """JSON schema of a job list in YAML: a list of jobs; JSON lines and CSV hold one job per line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Jobs",
        "type": "array",
        "items": Job.model_json_schema(),
        "maxItems": _MAX_JOBS,
    }


def load_jobs(path: Path, defaults: Mapping[str, Any] | None = None) -> BatchList:
    """Read a job list: ``.yaml``/``.yml`` (a list), ``.jsonl`` (one object per line) or ``.csv`` (with a header).

    A job without a name is called ``job_0001`` and so on, by its place in the list.

    Args:
        path: The list.
        defaults: Fields for the jobs that do not say them.

    Raises:
        InvalidInputError: The list cannot be read, a job is wrong, or two jobs share a name.
    """
    text = _decoded(path)
    rows = _rows(path, text)
    if len(rows) > _MAX_JOBS:
        raise InvalidInputError(f"A list may hold at most {_MAX_JOBS} jobs.", path=path)
    if not rows:
        raise InvalidInputError("The list holds no jobs.", path=path)
    jobs = [_job(number, row, path, defaults or {}) for number, row in enumerate(rows, start=1)]
    seen: set[str] = set()
    for job in jobs:
        if job.name.lower() in seen:
            raise InvalidInputError(f"Two jobs are called '{job.name}'.", hint="Give each its own name.", path=path)
        seen.add(job.name.lower())
    return BatchList(jobs=tuple(jobs), folder=path.parent)


def _decoded(path: Path) -> str:
    try:
        return read_limited(path, _MAX_LIST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError("The job list is not UTF-8 text.", path=path) from error


def _rows(path: Path, text: str) -> list[Any]:
    suffix = path.suffix.lower()
    try:
        if suffix in (".yaml", ".yml"):
            # A few aliases of aliases can stand for billions of jobs.
            if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
                raise InvalidInputError("YAML anchors and aliases are not accepted in job lists.", path=path)
            loaded = yaml.safe_load(text)
            if not isinstance(loaded, list):
                raise InvalidInputError("A YAML job list must be a list of jobs.", path=path)
            return loaded
        if suffix == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        if suffix == ".csv":
            reader = csv.DictReader(io.StringIO(text), strict=True)
            return [{key: value for key, value in row.items() if value not in ("", None)} for row in reader]
    except (yaml.YAMLError, ValueError, csv.Error, RecursionError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"The job list cannot be read: {str(error).splitlines()[0]}.", path=path) from error
    raise UnsupportedFormatError(
        f"A job list cannot have the suffix '{path.suffix}'.", hint="Use .yaml, .jsonl or .csv.", path=path
    )


def _job(number: int, row: Any, path: Path, defaults: Mapping[str, Any]) -> Job:
    if not isinstance(row, dict):
        raise InvalidInputError(f"Job {number} must be a mapping with a prompt or a spec.", path=path)
    try:
        return Job.model_validate({"name": f"job_{number:04d}", **defaults, **row})
    except (ValidationError, TypeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) if isinstance(error, ValidationError) else ""
        raise InvalidInputError(
            f"Job {number} is wrong{f' at {where!r}' if where else ''}: {reason}.", path=path
        ) from error
