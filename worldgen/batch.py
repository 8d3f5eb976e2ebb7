"""Many worlds from a list: local worker processes, resume after a kill, one line per job.

Each job runs in a process of its own, so one that crashes or runs out of memory takes nobody along. A job whose
world is already there and whole is kept. ``report.jsonl`` holds one line per finished job, in the list's order,
without times, so a batch that was killed and resumed leaves the same bytes as one that was not.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from worldgen import __version__
from worldgen.errors import ExportError, InvalidInputError, UnsupportedFormatError
from worldgen.manifest import load_manifest
from worldgen.quality.check import check_world
from worldgen.settings import Quality
from worldgen.storage import read_limited, sha256_of, write_bytes

_MAX_LIST_BYTES = 64 << 20
_MAX_JOBS = 100_000
_REPORT_NAME = "report.jsonl"


class Job(BaseModel):
    """One world to make."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]{0,99}$")]
    """Name of the world's folder inside the output folder."""
    prompt: str | None = None
    spec: str | None = None
    """Path of a spec.yaml, relative to the job list."""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    quality: Quality = "standard"

    @model_validator(mode="after")
    def _one_source(self) -> Job:
        if (self.prompt is None) == (self.spec is None):
            raise ValueError("give either a prompt or a spec")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchList:
    """Jobs and the folder that their spec paths are relative to."""

    jobs: tuple[Job, ...]
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """How one job ended."""

    name: str
    ok: bool
    exit_code: int
    kept: bool = False
    error: dict[str, Any] | None = None
    manifest_sha256: str | None = None

    def document(self) -> dict[str, Any]:
        """The job's line on stdout."""
        return {**self.report_row(), "kept": self.kept}

    def report_row(self) -> dict[str, Any]:
        """The job's line in ``report.jsonl``: nothing in it depends on when or how often the batch ran."""
        row: dict[str, Any] = {
            "name": self.name,
            "status": "done" if self.ok else "failed",
            "exit_code": self.exit_code,
        }
        if self.error is not None:
            row["error"] = self.error
        if self.manifest_sha256 is not None:
            row["manifest_sha256"] = self.manifest_sha256
        return row


def jobs_schema() -> dict[str, Any]:
    """JSON schema of a job list in YAML: a list of jobs; JSON lines and CSV hold one job per line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Jobs",
        "type": "array",
        "items": Job.model_json_schema(),
        "maxItems": _MAX_JOBS,
    }


def load_jobs(path: Path) -> BatchList:
    """Read a job list: ``.yaml``/``.yml`` (a list), ``.jsonl`` (one object per line) or ``.csv`` (with a header).

    A job without a name is called ``job_0001`` and so on, by its place in the list.

    Raises:
        InvalidInputError: The list cannot be read, a job is wrong, or two jobs share a name.
    """
    text = _decoded(path)
    rows = _rows(path, text)
    if len(rows) > _MAX_JOBS:
        raise InvalidInputError(f"A list may hold at most {_MAX_JOBS} jobs.", path=path)
    if not rows:
        raise InvalidInputError("The list holds no jobs.", path=path)
    jobs = [_job(number, row, path) for number, row in enumerate(rows, start=1)]
    seen: set[str] = set()
    for job in jobs:
        if job.name.lower() in seen:
            raise InvalidInputError(f"Two jobs are called '{job.name}'.", hint="Give each its own name.", path=path)
        seen.add(job.name.lower())
    return BatchList(jobs=tuple(jobs), folder=path.parent)


def run_batch(batch: BatchList, output: Path, *, workers: int = 1) -> Iterator[JobResult]:
    """Run all jobs; yields each result as it comes and keeps ``report.jsonl`` up to date.

    Raises:
        ExportError: The output folder cannot be written to.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            "The output folder cannot be made.", hint="Choose a folder that you may write to.", path=output
        ) from error
    results: dict[str, JobResult] = {}
    running: set[Future[JobResult]] = set()
    processes: list[subprocess.Popen[bytes]] = []
    executor = ThreadPoolExecutor(max_workers=workers)
    try:
        running = {executor.submit(_run_job, job, batch.folder, output, processes) for job in batch.jobs}
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                result = future.result()
                results[result.name] = result
                _write_report(output, batch.jobs, results)
                yield result
    finally:
        for future in running:
            future.cancel()
        for process in processes:
            if process.poll() is None:
                process.terminate()
        executor.shutdown(wait=True, cancel_futures=True)


def _run_job(job: Job, lists_folder: Path, output: Path, processes: list[subprocess.Popen[bytes]]) -> JobResult:
    target = output / job.name
    if _is_whole(target, job, lists_folder):
        return JobResult(
            name=job.name, ok=True, exit_code=0, kept=True, manifest_sha256=sha256_of(target / "world.json")
        )
    command = [sys.executable, "-m", "worldgen", "generate", "--json", "--quiet", "-o", str(target)]
    command += ["--seed", str(job.seed), "--quality", job.quality]
    if job.spec is not None:
        command += ["--spec", str(lists_folder / job.spec)]
    else:
        command += ["--", job.prompt or ""]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_die_with_parent()
    )
    processes.append(process)
    stdout, stderr = process.communicate()
    processes.remove(process)
    if process.returncode == 0:
        return JobResult(name=job.name, ok=True, exit_code=0, manifest_sha256=sha256_of(target / "world.json"))
    return JobResult(name=job.name, ok=False, exit_code=process.returncode, error=_error_of(stdout, stderr))


def _die_with_parent() -> Any:
    """On Linux: a hook that lets the kernel end a worker when the batch is killed; elsewhere None."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    libc = ctypes.CDLL(None)
    set_parent_death_signal, sigkill = 1, 9
    return lambda: libc.prctl(set_parent_death_signal, sigkill)


def _error_of(stdout: bytes, stderr: bytes) -> dict[str, Any]:
    try:
        error: dict[str, Any] = json.loads(stdout)["error"]
    except (ValueError, KeyError, TypeError):
        last = stderr.decode(errors="replace").strip().splitlines()[-1:]
        return {"type": "Crash", "message": last[0] if last else "The worker ended without a word."}
    return {key: error.get(key) for key in ("type", "message", "hint")}


def _is_whole(target: Path, job: Job, lists_folder: Path) -> bool:
    """Whether a world that this job would make is already there, complete and unchanged."""
    try:
        manifest = load_manifest(target)
        same = (manifest.seed, manifest.quality, manifest.worldgen_version) == (job.seed, job.quality, __version__)
        if job.spec is not None:
            same &= _same_spec(target / "spec.yaml", lists_folder / job.spec)
        else:
            same &= manifest.source.kind == "prompt" and manifest.source.prompt == job.prompt
        return same and not check_world(target)
    except InvalidInputError:
        return False


def _same_spec(first: Path, second: Path) -> bool:
    from worldgen.spec.files import load_spec

    return load_spec(first) == load_spec(second)


def _write_report(output: Path, jobs: Sequence[Job], results: dict[str, JobResult]) -> None:
    rows = [results[job.name].report_row() for job in jobs if job.name in results]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_bytes(output / _REPORT_NAME, text.encode())


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


def _job(number: int, row: Any, path: Path) -> Job:
    if not isinstance(row, dict):
        raise InvalidInputError(f"Job {number} must be a mapping with a prompt or a spec.", path=path)
    try:
        return Job.model_validate({"name": f"job_{number:04d}", **row})
    except (ValidationError, TypeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) if isinstance(error, ValidationError) else ""
        raise InvalidInputError(
            f"Job {number} is wrong{f' at {where!r}' if where else ''}: {reason}.", path=path
        ) from error
