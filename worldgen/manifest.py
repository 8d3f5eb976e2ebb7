"""``world.json``: what a world folder holds and where it came from.

No clock time, host name or absolute path: the same input, seed and version give the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worldgen.errors import InvalidInputError
from worldgen.settings import Quality
from worldgen.spec.model import Understood
from worldgen.staging import MANIFEST_NAME
from worldgen.storage import read_limited

_MAX_MANIFEST_BYTES = 16 << 20

Provenance = Literal["procedural", "estimated", "neural", "given"]
Triple = tuple[float, float, float]


class ManifestModel(BaseModel):
    """Base of all manifest parts: immutable, unknown keys refused, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SourceFile(ManifestModel):
    """A file that the world was made from; ``name`` is without its folder."""

    role: Literal["panorama", "photo", "depth"]
    name: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    width: int
    height: int


class Source(ManifestModel):
    """What the world was made from."""

    kind: Literal["prompt", "spec", "panorama", "photo"]
    prompt: str
    files: tuple[SourceFile, ...] = ()


class Estimate(ManifestModel):
    """A number that a seen world rests on, and how it is known."""

    name: str
    value: float
    unit: str
    origin: Literal["given", "metadata", "estimated", "default"]
    confidence: float | None = None
    """0 to 1, where it was estimated."""


class Bounds(ManifestModel):
    """Smallest and largest coordinates of the objects in the playable area, in metres."""

    minimum: Triple
    maximum: Triple


class Spawn(ManifestModel):
    """Where a visitor starts: feet position, eye height and heading (radians, counter-clockwise from -Z)."""

    position: Triple
    eye_height_m: float
    yaw: float


class ModelRecord(ManifestModel):
    """Weights that took part in making a layer; ``sha256`` is over all their files."""

    role: Literal["model", "controlnet", "lora"]
    name: str
    revision: str | None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    licence: str | None


class Layer(ManifestModel):
    """What made a layer."""

    name: str
    provenance: Provenance
    backend: str
    model: str | None = None
    licence: str | None = None
    models: tuple[ModelRecord, ...] = ()
    """All weights that took part, with their hashes; ``model`` and ``licence`` are the first's."""


class SplatLevel(ManifestModel):
    """The first splats of a file taken alone: ``num_gaussians`` of them, each widened by ``widening``."""

    num_gaussians: int
    widening: float


class WorldFile(ManifestModel):
    """One file of the world."""

    path: str
    role: str
    format: str
    num_bytes: int
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    counts: dict[str, int] = {}
    losses: tuple[str, ...] = ()
    """What the format cannot hold of the layer, in words."""
    levels: tuple[SplatLevel, ...] = ()
    """Beginnings of a splat file that stand for the whole; none where its splats are in another order."""


class ObjectCount(ManifestModel):
    """How many objects of one spec entry stand in the world."""

    spec_id: str
    label: str
    count: int


class NavigationSpawn(ManifestModel):
    """A place to start: feet position, heading, and the share of the walkable area that can be reached from it."""

    name: str
    position: Triple
    yaw: float
    reachable_share: float
    facing: str


class NavigationTarget(ManifestModel):
    """Something worth walking to, and the nearest walkable place, if there is one."""

    name: str
    kind: str
    label: str
    position: Triple
    approach: Triple | None
    is_reachable: bool
    yaw: float | None = None
    """The heading in which it lies from there, in radians."""


class NavigationSummary(ManifestModel):
    """What ``navmesh.glb`` holds."""

    agent_radius_m: float
    agent_height_m: float
    agent_max_slope_deg: float
    agent_max_step_m: float
    agent_max_wade_m: float
    walkable_area_m2: float
    island_areas_m2: tuple[float, ...]
    """Greatest first."""
    spawn_points: tuple[NavigationSpawn, ...]
    points_of_interest: tuple[NavigationTarget, ...]


class WalkRing(ManifestModel):
    """What was found at places of one distance from the middle of a seen world."""

    distance_m: float
    untrue_share: float
    """Of what is seen from there, the share that is invented, a back, a gap, or drawn out too far."""


class WalkRangeSummary(ManifestModel):
    """How far a seen world may be walked until its picture no longer holds; walls in ``collision.glb`` stand there."""

    radii_m: tuple[float, ...]
    """By direction from the spawn: the first along -Z, going on towards +X in even steps."""
    tolerance: float
    """Share of untrue directions up to which the picture is said to hold."""
    rings: tuple[WalkRing, ...]


class PackageReport(ManifestModel):
    """What an engine package holds, beside the budget that it was made for; limits are None where there is none."""

    engine: str
    budget: str | None
    max_triangles: int | None
    max_splats: int | None
    max_texture_mb: float | None
    triangles: int
    """Drawn from the spawn, every instance counted at its level of detail."""
    mesh_triangles: int
    """Of every level of every mesh, counted once."""
    splats: int
    texture_mb: float
    """All textures as RGBA with mipmaps, in 10⁶ bytes."""
    num_bytes: int
    """Of the package's files."""
    notes: tuple[str, ...] = ()


class Manifest(ManifestModel):
    """The whole of ``world.json``."""

    schema_version: Literal[1] = 1
    worldgen_version: str
    source: Source
    seed: int
    quality: Quality
    frame: Literal["RUB"] = "RUB"
    units: Literal["metres"] = "metres"
    bounds: Bounds
    spawn: Spawn
    stations: tuple[Triple, ...]
    """Eye positions that the world was rendered from, the spawn's first."""
    exposure: float
    """Factor from radiance to the tone mapper's input, one for the whole world."""
    understood: tuple[Understood, ...]
    ignored: tuple[str, ...]
    warnings: tuple[str, ...]
    labels_in_view: tuple[str, ...]
    """Labels that cover at least 0.01 % of the spawn panorama."""
    objects: tuple[ObjectCount, ...]
    layers: tuple[Layer, ...]
    estimates: tuple[Estimate, ...] = ()
    """What a world made from a picture assumes of it: camera height, tilt, field of view."""
    files: tuple[WorldFile, ...]
    metrics: dict[str, float]
    navigation: NavigationSummary | None = None
    """None where the world holds no navmesh."""
    walk_range: WalkRangeSummary | None = None
    """None where the world is built: it holds everywhere."""
    packages: tuple[PackageReport, ...] = ()
    """One for each folder in ``engines/``."""


def encode_manifest(manifest: Manifest) -> bytes:
    """The bytes of ``world.json``: UTF-8, stable order, two spaces of indent."""
    return (json.dumps(manifest.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n").encode()


def load_manifest(folder: Path) -> Manifest:
    """Read the manifest of a world folder.

    Raises:
        InvalidInputError: The folder is no world, or its manifest is damaged.
    """
    path = folder / MANIFEST_NAME
    if not folder.is_dir():
        raise InvalidInputError("There is no such world folder.", path=folder)
    if not path.is_file():
        raise InvalidInputError(
            "This folder is no world: it holds no world.json.", hint="Make one with: worldgen generate", path=folder
        )
    try:
        return Manifest.model_validate_json(read_limited(path, _MAX_MANIFEST_BYTES))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInputError(f"The manifest is damaged at '{where}': {first['msg']}.", path=path) from error


def manifest_schema() -> dict[str, Any]:
    """JSON schema of ``world.json``."""
    return Manifest.model_json_schema()
