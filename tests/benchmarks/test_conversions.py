"""Conversions beside splat-transform: both programs, start to end, on the same files in the same run.

Run with ``make bench``. Each row gives time and processor time of both, sizes and decoded errors; rows are kept in
``results/conversions.csv``. splat-transform's palettes of spherical harmonics take hours without a GPU, so it gets
``WORLDGEN_PEER_TIMEOUT_S`` seconds (120 unless set) for those, and the row of 10 000 splats is small enough to finish.
"""

from __future__ import annotations

import csv
import math
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.spatial import cKDTree

from tests.benchmarks.splat_landscape import landscape_cloud
from tests.exporters.clouds import rotation_error_deg
from tests.exporters.node_tools import node_folder
from worldgen import __version__
from worldgen.exporters.convert import detect_format
from worldgen.exporters.gaussian_ply import read_gaussian_ply, write_gaussian_ply
from worldgen.geometry.splat_transforms import take_gaussians
from worldgen.registry import load_reader
from worldgen.scene.gaussian_cloud import GaussianCloud

RESULTS = Path(__file__).parent / "results" / "conversions.csv"
SUFFIXES = {"spz 3": ".spz", "spz 4": ".spz", "compressed ply": ".compressed.ply", "sog": ".sog"}
ROUNDS = 3
PEER_TIMEOUT_S = float(os.environ.get("WORLDGEN_PEER_TIMEOUT_S", "120"))
SIZE_RATIO = 1.02
MATCHED = 20_000
"""Splats whose errors are measured."""

CASES = [(target, degree, count) for count in (200_000, 1_000_000) for degree in (0, 3) for target in SUFFIXES]


@dataclass(frozen=True)
class Run:
    """What one program took: seconds on the clock, of processors, and MiB at most."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def run(command: list[str], timeout_s: float = 900.0) -> Run | None:
    """Run a program; None if it did not finish in time."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak_kb = 0
    while True:
        # Not from the usage: that counts what this process had before it became the other program.
        peak_kb = max(peak_kb, high_water_kb(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.perf_counter() - start > timeout_s:
            process.kill()
            process.wait()
            return None
        time.sleep(0.005)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Run(wall, usage.ru_utime + usage.ru_stime, peak_kb / 1024.0)


def high_water_kb(pid: int) -> int:
    """Largest resident memory of a running process so far; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) if lines else 0


def our_command(source: Path, target: Path, kind: str) -> list[str]:
    options = ["--spz-version", kind[-1]] if kind.startswith("spz") else []
    return [sys.executable, "-m", "worldgen", "convert", *options, str(source), str(target)]


def peer_command(source: Path, target: Path, kind: str) -> list[str]:
    program = node_folder() / "node_modules" / "@playcanvas" / "splat-transform" / "bin" / "cli.mjs"
    options = ["--spz-version", kind[-1]] if kind.startswith("spz") else []
    options += ["--gpu", "cpu"] if kind == "sog" else []
    return ["node", str(program), "--quiet", "--overwrite", *options, str(source), str(target)]


def features(cloud: GaussianCloud) -> np.ndarray:
    """What splats are told apart by: position, size and colour, each in units of its own rounding."""
    parts = [cloud.means / 0.02, np.log(cloud.scales) / 0.05, cloud.sh_dc / 0.02]
    return np.concatenate(parts, axis=1).astype(np.float64)


def decoded_errors(path: Path, source: GaussianCloud) -> dict[str, float]:
    """Root mean square errors of a file against what it was made from, over some of its splats."""
    stored = load_reader(detect_format(path))(path)
    stored = take_gaussians(stored, np.linspace(0, stored.num_gaussians - 1, MATCHED).astype(np.int64))
    original = take_gaussians(source, cKDTree(features(source)).query(features(stored))[1])

    def rms(left: np.ndarray, right: np.ndarray) -> float:
        return float(np.sqrt(((left.astype(np.float64) - right) ** 2).mean())) if left.size else 0.0

    turns = rotation_error_deg(stored.quats_wxyz, original.quats_wxyz)
    return {
        "position_mm": 1000.0 * rms(stored.means, original.means),
        "log_scale": rms(np.log(stored.scales), np.log(original.scales)),
        "rotation_deg": float(np.sqrt((turns**2).mean())),
        "opacity": rms(stored.opacities, original.opacities),
        "sh_dc": rms(stored.sh_dc, original.sh_dc),
        "sh_rest": rms(stored.sh_rest, original.sh_rest),
    }


def keep_row(row: dict[str, object]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    is_new = not RESULTS.exists()
    with RESULTS.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(row), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, int], Path]:
    folder = tmp_path_factory.mktemp("sources")
    made = {}
    for count, degree in sorted({(count, degree) for _, degree, count in CASES} | {(10_000, 3)}):
        made[count, degree] = folder / f"{count}_{degree}.ply"
        write_gaussian_ply(landscape_cloud(count, degree), made[count, degree])
    return made


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", [*CASES, ("sog", 3, 10_000)], ids=lambda case: f"{case[0]} SH{case[1]} {case[2]}")
def test_beside_splat_transform(
    benchmark: BenchmarkFixture, tmp_path: Path, sources: dict[tuple[int, int], Path], case: tuple[str, int, int]
) -> None:
    kind, degree, count = case
    source, suffix = sources[count, degree], SUFFIXES[kind]
    ours_path, peer_path = tmp_path / f"ours{suffix}", tmp_path / f"peer{suffix}"
    is_hopeless = kind == "sog" and degree > 0
    ours: list[Run] = []
    peers: list[Run | None] = []

    def both() -> None:
        # Turn by turn, so that whatever else the machine does meets both.
        ours.append(run(our_command(source, ours_path, kind)) or Run(math.inf, math.inf, math.inf))
        if not (peers and is_hopeless):
            timeout_s = PEER_TIMEOUT_S if is_hopeless else 900.0
            peers.append(run(peer_command(source, peer_path, kind), timeout_s))

    benchmark.pedantic(both, rounds=1 if is_hopeless else ROUNDS, warmup_rounds=0)
    finished = [peer for peer in peers if peer is not None]
    our_wall, our_cpu = min(r.wall_s for r in ours), min(r.cpu_s for r in ours)
    our_errors = decoded_errors(ours_path, read_gaussian_ply(source))
    row: dict[str, object] = {
        "version": __version__,
        "machine": f"{platform.machine()} {os.cpu_count()} cores",
        "target": kind,
        "sh_degree": degree,
        "splats": count,
        "wall_s": round(our_wall, 2),
        "peer_wall_s": round(min(r.wall_s for r in finished), 2) if finished else f">{PEER_TIMEOUT_S:.0f}",
        "cpu_s": round(our_cpu, 2),
        "peer_cpu_s": round(min(r.cpu_s for r in finished), 2) if finished else "",
        "peak_mb": round(max(r.peak_mb for r in ours)),
        "bytes": ours_path.stat().st_size,
        "peer_bytes": peer_path.stat().st_size if finished else "",
    }
    peer_errors = decoded_errors(peer_path, read_gaussian_ply(source)) if finished else {}
    for name, value in our_errors.items():
        row[name] = f"{value:.4g}"
        row[f"peer_{name}"] = f"{peer_errors[name]:.4g}" if peer_errors else ""
    keep_row(row)
    sys.stdout.write("\n" + "  ".join(f"{name} {value}" for name, value in row.items()) + "\n")
    if finished:
        assert our_cpu < min(r.cpu_s for r in finished)
        assert ours_path.stat().st_size <= SIZE_RATIO * peer_path.stat().st_size
        for name, value in our_errors.items():
            assert value <= 1.01 * peer_errors[name] + 1e-9, name


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("suffix", [".spz", ".compressed.ply", ".glb"])
def test_five_million_splats_in_four_gigabytes(benchmark: BenchmarkFixture, tmp_path: Path, suffix: str) -> None:
    source = tmp_path / "large.ply"
    write_gaussian_ply(landscape_cloud(5_000_000, 3), source)
    runs: list[Run | None] = []
    command = [sys.executable, "-m", "worldgen", "convert", str(source), str(tmp_path / f"large{suffix}")]
    benchmark.pedantic(lambda: runs.append(run(command)), rounds=1)
    (done,) = runs
    assert done is not None
    sys.stdout.write(f"\n5 M splats to {suffix}: {done.wall_s:.1f} s, {done.cpu_s:.1f} s CPU, {done.peak_mb:.0f} MiB\n")
    assert done.peak_mb <= 4096.0
