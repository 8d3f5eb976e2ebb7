"""Weights on disk: found in a folder or on the hub, checked before anything loads them, and named for the manifest.

Only ``safetensors`` files are loaded: every other format of weights can run code when it is opened. A hub id is looked
up in the local cache; the network is used only where the user allows it, and only to fetch, never while a model runs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from worldgen.backends.model_options import Execution
from worldgen.errors import BackendUnavailableError, InvalidInputError, UsageError
from worldgen.manifest import ModelRecord

_PICKLED = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack"})
_FETCHED = ("*.safetensors", "*.json", "*.txt", "*.model", "README.md", "LICENSE*")
_HUB_ID = re.compile(r"(?P<id>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(@(?P<revision>[\w./-]+))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_MAX_FILES = 20_000
_MAX_HEADER = 100 << 20
"""Bytes that a safetensors header may take; the format's own limit."""
_MAX_README = 1 << 20
_BLOCK = 1 << 22

INSTALL_HINT = 'Install the libraries with: pip install "worldgen[neural]" -c constraints.txt'


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWeights:
    """A folder of checked weights, or one file in it (``file``), and what the manifest says about it."""

    folder: Path
    name: str
    revision: str | None
    sha256: str
    licence: str | None
    file: str | None = None

    def record(self, role: Literal["model", "controlnet", "lora"] = "model") -> ModelRecord:
        """The manifest's entry."""
        return ModelRecord(
            role=role, name=self.name, revision=self.revision, sha256=self.sha256, licence=self.licence or None
        )


def find_weights(name: str | None, execution: Execution, *, option: str) -> LocalWeights:
    """Find and check weights.

    Args:
        name: A folder, or a hub id such as ``owner/model`` or ``owner/model@revision``.
        execution: Whether they may be fetched.
        option: The command line's option that names them, for messages.

    Raises:
        UsageError: No name was given.
        BackendUnavailableError: They are not here.
        InvalidInputError: They are not safetensors, or damaged.
    """
    if name is None:
        raise UsageError(f"This backend needs weights: {option} is missing.", hint=f"Add {option} FOLDER.")
    path = Path(name)
    if path.is_dir():
        return _described(path, path.resolve().name, _revision_beside(path))
    if path.exists():
        raise InvalidInputError(f"{option} takes a folder of weights, and this is a file.", path=path)
    match = _HUB_ID.fullmatch(name)
    if match is None:
        raise BackendUnavailableError(f"There is no folder of weights '{name}'.", hint=f"{option} takes a folder.")
    folder = _from_hub(match["id"], match["revision"], execution, option)
    revision = folder.name if _COMMIT.fullmatch(folder.name) else match["revision"]
    return _described(folder, match["id"], revision)


def find_lora(name: str, execution: Execution) -> LocalWeights:
    """Find and check a LoRA: one ``.safetensors`` file, or a folder or hub id with exactly one.

    Raises:
        BackendUnavailableError: It is not here.
        InvalidInputError: It is not safetensors, damaged, or one of several.
    """
    path = Path(name)
    if path.is_file():
        if path.suffix != ".safetensors":
            raise InvalidInputError("A LoRA must be a .safetensors file.", hint=_CONVERT, path=path)
        check_safetensors(path)
        licence = _licence(path.parent)
        return LocalWeights(
            folder=path.parent,
            name=path.stem,
            revision=None,
            sha256=_digest(path.parent, [path]),
            licence=licence,
            file=path.name,
        )
    found = find_weights(name, execution, option="--lora")
    files = sorted(found.folder.glob("*.safetensors"))
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        raise InvalidInputError(
            f"The folder of a LoRA must hold one .safetensors file, and it holds: {names}.",
            hint="Name the file itself.",
            path=found.folder,
        )
    return LocalWeights(
        folder=found.folder,
        name=found.name,
        revision=found.revision,
        sha256=found.sha256,
        licence=found.licence,
        file=files[0].name,
    )


_CONVERT = (
    "Take a release with .safetensors files, or load the model once where you trust it and save it with "
    "save_pretrained(FOLDER, safe_serialization=True)."
)


def check_safetensors(path: Path) -> None:
    """Check a file's header against its size, before a loader maps it.

    Raises:
        InvalidInputError: It is no safetensors file, cut off, or only a pointer to one.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
        if start == b"version ":
            raise InvalidInputError(
                "This is a Git LFS pointer, not the weights.", hint="Fetch them with: git lfs pull", path=path
            )
        length = int.from_bytes(start, "little")
        if len(start) < 8 or not 2 <= length <= min(size - 8, _MAX_HEADER):
            raise InvalidInputError("The file is no safetensors file, or cut off.", path=path)
        try:
            header = json.loads(stream.read(length))
            tensors = [entry for key, entry in header.items() if key != "__metadata__"]
            end = max((int(entry["data_offsets"][1]) for entry in tensors), default=0)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
            raise InvalidInputError("The header of the weights is damaged.", path=path) from error
    if end != size - 8 - length:
        raise InvalidInputError(f"The weights should take {end} bytes and take {size - 8 - length}.", path=path)


def _from_hub(repository: str, revision: str | None, execution: Execution, option: str) -> Path:
    try:
        import huggingface_hub
    except ImportError as error:
        raise BackendUnavailableError(f"{option} names a hub id: {error}.", hint=INSTALL_HINT) from error
    try:
        return Path(huggingface_hub.snapshot_download(repository, revision=revision, local_files_only=True))
    except Exception as error:  # whatever the cache lacks or says, it comes down to: not here
        if not execution.allow_download:
            raise BackendUnavailableError(
                f"The weights '{repository}' are neither a folder nor in the local cache.",
                hint="Add --allow-download to fetch them, or give the folder that they are in.",
            ) from error
    try:
        return Path(
            huggingface_hub.snapshot_download(
                repository, revision=revision, allow_patterns=list(_FETCHED), ignore_patterns=["*.onnx*", "*.xml"]
            )
        )
    except Exception as error:  # the network, a wrong name, a licence to be accepted first: the hub's words tell
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise BackendUnavailableError(f"The weights '{repository}' cannot be fetched: {first}") from error


def _described(folder: Path, name: str, revision: str | None) -> LocalWeights:
    files = _files(folder)
    weights = [path for path in files if path.suffix == ".safetensors"]
    safe = {path.parent for path in weights}
    for path in files:
        if path.suffix in _PICKLED and path.parent not in safe:
            raise InvalidInputError(
                "The weights are only there in a format that can run code when opened.", hint=_CONVERT, path=path
            )
    if not weights:
        raise InvalidInputError("The folder holds no .safetensors file.", hint=_CONVERT, path=folder)
    for path in weights:
        check_safetensors(path)
    configs = [path for path in files if path.suffix == ".json"]
    return LocalWeights(
        folder=folder,
        name=name,
        revision=revision,
        sha256=_digest(folder, [*weights, *configs]),
        licence=_licence(folder),
    )


def _files(folder: Path) -> list[Path]:
    """Files of a folder and its subfolders, hidden ones left out, in order."""
    found: list[Path] = []
    for path in _walk(folder):
        found.append(path)
        if len(found) > _MAX_FILES:
            raise InvalidInputError(f"The folder holds more than {_MAX_FILES} files.", path=folder)
    return sorted(found)


def _walk(folder: Path, depth: int = 0) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if depth < 3 and not path.is_symlink():
                yield from _walk(path, depth + 1)
        elif path.is_file():
            yield path


def _digest(folder: Path, files: list[Path]) -> str:
    """SHA-256 over the lines "name, SHA-256 of the content" of all files in order."""
    total = hashlib.sha256()
    for path in sorted(files):
        own = hashlib.sha256()
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                own.update(block)
        total.update(f"{path.relative_to(folder).as_posix()}\0{own.hexdigest()}\n".encode())
    return total.hexdigest()


def _licence(folder: Path) -> str | None:
    """The licence that the model card names in its front matter."""
    import yaml

    card = folder / "README.md"
    if not card.is_file() or card.stat().st_size > _MAX_README:
        return None
    parts = card.read_text(encoding="utf-8", errors="replace").split("---\n", 2)
    if len(parts) < 3 or parts[0].strip():
        return None
    try:
        front = yaml.safe_load(parts[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(front, dict):
        return None
    named, general = front.get("license_name"), front.get("license")
    licence = named if general == "other" and isinstance(named, str) else general
    return licence[:100] if isinstance(licence, str) else None


def _revision_beside(folder: Path) -> str | None:
    """The commit that a download into a plain folder was taken from, which the hub's client notes beside the files."""
    for note in sorted((folder / ".cache" / "huggingface" / "download").glob("*.metadata")):
        first = note.read_text(encoding="utf-8", errors="replace")[:41].strip()
        if _COMMIT.fullmatch(first):
            return first
    return None
