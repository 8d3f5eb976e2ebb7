"""Many worlds from a list: local worker processes, resume after a kill, one line per job.

Each job runs in a process of its own, so one that crashes or runs out of memory takes nobody along. A job whose
world is already there and whole is kept. ``report.jsonl`` holds one line per finished job, in the list's order,
without times, so a batch that was killed and resumed leaves the same bytes as one that was not. A manifest does not
tell all that a job with pictures or models asked for, so ``jobs.json`` keeps what each of those worlds was made from.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worldgen import __version__
from worldgen.errors import ExportError, InvalidInputError
from worldgen.jobs import BatchList, Job
from worldgen.kernels import compile_ahead
from worldgen.manifest import load_manifest
from worldgen.quality.check import check_world
from worldgen.storage import read_limited, sha256_of, write_bytes

_REPORT_NAME = "report.jsonl"
_RECORD_NAME = "jobs.json"
_MAX_RECORD_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """How one job ended."""

    name: str
    ok: bool
    exit_code: int
    kept: bool = False
    error: dict[str, Any] | None = None
    manifest_sha256: str | None = None
    fingerprint: str | None = None
    """What the world was made from, where its manifest does not tell all of it."""

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


def run_batch(
    batch: BatchList, output: Path, *, workers: int = 1, permissions: Sequence[str] = ()
) -> Iterator[JobResult]:
    """Run all jobs; yields each result as it comes and keeps ``report.jsonl`` up to date.

    Args:
        batch: The jobs.
        output: Folder of the worlds.
        workers: Worlds made side by side.
        permissions: Arguments for ``worldgen generate`` that a list may not bring, such as ``--allow-download``.

    Raises:
        ExportError: The output folder cannot be written to.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            "The output folder cannot be made.", hint="Choose a folder that you may write to.", path=output
        ) from error
    # Once for all: workers that find nothing compiled would each do the same.
    compile_ahead({use for job in batch.jobs for use in job.uses})
    record = _read_record(output)
    results: dict[str, JobResult] = {}
    running: set[Future[JobResult]] = set()
    processes: list[subprocess.Popen[bytes]] = []
    executor = ThreadPoolExecutor(max_workers=workers)
    try:
        running = {
            executor.submit(
                _run_job, job, batch.folder, output, processes, known=record.get(job.name), permissions=permissions
            )
            for job in batch.jobs
        }
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                result = future.result()
                results[result.name] = result
                _write_report(output, batch.jobs, results)
                if result.ok and result.fingerprint is not None and record.get(result.name) != result.fingerprint:
                    record[result.name] = result.fingerprint
                    write_bytes(output / _RECORD_NAME, json.dumps(record, indent=1, sort_keys=True).encode())
                yield result
    finally:
        for future in running:
            future.cancel()
        for process in processes:
            if process.poll() is None:
                process.terminate()
        executor.shutdown(wait=True, cancel_futures=True)


def _run_job(
    job: Job,
    lists_folder: Path,
    output: Path,
    processes: list[subprocess.Popen[bytes]],
    *,
    known: str | None,
    permissions: Sequence[str],
) -> JobResult:
    target = output / job.name
    try:
        fingerprint = job.fingerprint(lists_folder) if job.is_recorded else None
    except InvalidInputError as error:
        told = {"type": type(error).__name__, "message": error.message, "hint": error.hint}
        return JobResult(name=job.name, ok=False, exit_code=error.exit_code, error=told)
    if (fingerprint is None or fingerprint == known) and _is_whole(target, job, lists_folder):
        return JobResult(
            name=job.name,
            ok=True,
            exit_code=0,
            kept=True,
            manifest_sha256=sha256_of(target / "world.json"),
            fingerprint=fingerprint,
        )
    command = [sys.executable, "-m", "worldgen", "generate", "--json", "--quiet", f"--output={target}", *permissions]
    command += job.arguments(lists_folder)
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_die_with_parent()
    )
    processes.append(process)
    stdout, stderr = process.communicate()
    processes.remove(process)
    if process.returncode == 0:
        digest = sha256_of(target / "world.json")
        return JobResult(name=job.name, ok=True, exit_code=0, manifest_sha256=digest, fingerprint=fingerprint)
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
        if job.is_recorded:
            pass
        elif job.spec is not None:
            same &= _same_spec(target / "spec.yaml", lists_folder / job.spec)
        else:
            same &= manifest.source.kind == "prompt" and manifest.source.prompt == job.prompt
        return same and not check_world(target)
    except InvalidInputError:
        return False


def _same_spec(first: Path, second: Path) -> bool:
    from worldgen.spec.files import load_spec

    return load_spec(first) == load_spec(second)


def _read_record(output: Path) -> dict[str, str]:
    """What worlds were made from, by name; a damaged record knows nothing, so that those worlds are made again."""
    path = output / _RECORD_NAME
    if not path.exists():
        return {}
    try:
        record = json.loads(read_limited(path, _MAX_RECORD_BYTES))
        return {str(name): str(value) for name, value in record.items()}
    except (InvalidInputError, ValueError, AttributeError, RecursionError):
        return {}


def _write_report(output: Path, jobs: Sequence[Job], results: dict[str, JobResult]) -> None:
    rows = [results[job.name].report_row() for job in jobs if job.name in results]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_bytes(output / _REPORT_NAME, text.encode())
