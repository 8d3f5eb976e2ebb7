"""SOG: what comes back is the nearest that its ranges, codebooks and palette hold; traps are refused."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from PIL import Image

from tests.exporters.clouds import clouds, gaussian_cloud, rotation_error_deg
from worldgen.errors import InvalidInputError, UnsupportedFormatError
from worldgen.exporters.sog import read_sog, write_sog
from worldgen.exporters.sog_textures import decode_texture, encode_texture, texture_size
from worldgen.frames import Frame
from worldgen.geometry.splat_transforms import morton_order, take_gaussians
from worldgen.scene.gaussian_cloud import GaussianCloud

ROTATION_BOUND_DEG = 1.02 * math.degrees(2.0 * math.sqrt(12.0) * 0.5 * math.sqrt(2.0) / 255.0)
"""Three components off by half a step, and the fourth where all four are equal."""


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def bundle_of(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as bundle:
        for name, data in files.items():
            bundle.writestr(name, data)


def meta_of(path: Path) -> dict[str, Any]:
    meta: dict[str, Any] = json.loads(members(path)["meta.json"])
    return meta


def nearest(values: np.ndarray, levels: list[float]) -> np.ndarray:
    """The nearest of some levels to each value, by looking at all of them."""
    table = np.array(levels, dtype=np.float32)
    return table[np.abs(values[..., None].astype(np.float64) - table).argmin(axis=-1)]


def assert_within_quantisation(stored: GaussianCloud, cloud: GaussianCloud, meta: dict[str, Any]) -> None:
    """Both in file order; stored in 16 bits of a logarithm, 8 bits and codebooks."""
    extent = np.array(meta["means"]["maxs"]) - np.array(meta["means"]["mins"])
    # The logarithm of 1 + |x| changes by 1 / (1 + |x|) a metre.
    reach = 1.0 + np.maximum(np.abs(cloud.means), np.abs(stored.means))
    roundoff = 1e-6 * reach
    assert (np.abs(stored.means - cloud.means) <= 0.5 / 65535.0 * extent[[0, 1, 2]] * reach * 1.001 + roundoff).all()
    assert np.abs(stored.opacities - cloud.opacities).max() <= 0.5 / 255 + 1e-6
    assert rotation_error_deg(stored.quats_wxyz, cloud.quats_wxyz).max() <= ROTATION_BOUND_DEG
    logs = np.log(cloud.scales.astype(np.float64))
    best = np.abs(nearest(logs, meta["scales"]["codebook"]) - logs)
    assert (np.abs(np.log(stored.scales.astype(np.float64)) - logs) <= best + 1e-5).all()
    best = np.abs(nearest(cloud.sh_dc, meta["sh0"]["codebook"]) - cloud.sh_dc)
    assert (np.abs(stored.sh_dc - cloud.sh_dc) <= best + 1e-6).all()
    if cloud.sh_degree:
        # Fewer splats than palette entries: only the codebook stands between.
        best = np.abs(nearest(cloud.sh_rest, meta["shN"]["codebook"]) - cloud.sh_rest)
        assert (np.abs(stored.sh_rest - cloud.sh_rest) <= best + 1e-6).all()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cloud=clouds())
def test_round_trip_within_quantisation(tmp_path: Path, cloud: GaussianCloud) -> None:
    path = tmp_path / "a.sog"
    if not cloud.num_gaussians:
        with pytest.raises(InvalidInputError, match="without splats"):
            write_sog(cloud, path)
        return
    report = write_sog(cloud, path, frame=Frame.RUB)
    assert report.num_bytes == path.stat().st_size
    assert_within_quantisation(
        read_sog(path, frame=Frame.RUB), take_gaussians(cloud, morton_order(cloud.means)), meta_of(path)
    )


def test_the_document_follows_the_format(tmp_path: Path) -> None:
    write_sog(gaussian_cloud(1, 1500, 2), tmp_path / "a.sog")
    files, meta = members(tmp_path / "a.sog"), meta_of(tmp_path / "a.sog")
    assert (meta["version"], meta["count"], meta["shN"]["bands"]) == (2, 1500, 2)
    assert meta["shN"]["count"] == 1024
    assert all(len(meta[part]["codebook"]) == 256 for part in ("scales", "sh0", "shN"))
    named = {name for part in ("means", "quats", "scales", "sh0", "shN") for name in meta[part]["files"]}
    assert named == set(files) - {"meta.json"}
    width, height = texture_size(1500)
    assert width % 4 == height % 4 == 0
    for name in named - {"shN_centroids.webp"}:
        assert Image.open(io.BytesIO(files[name])).size == (width, height)
        assert files[name][12:16] == b"VP8L"
    assert Image.open(io.BytesIO(files["shN_centroids.webp"])).size == (64 * 8, 16)
    with zipfile.ZipFile(tmp_path / "a.sog") as bundle:
        assert {member.compress_type for member in bundle.infolist()} == {zipfile.ZIP_STORED}
        assert {member.date_time for member in bundle.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_an_unbundled_file_is_read_too(tmp_path: Path) -> None:
    write_sog(gaussian_cloud(2, 50, 1), tmp_path / "a.sog")
    for name, data in members(tmp_path / "a.sog").items():
        (tmp_path / name).write_bytes(data)
    np.testing.assert_array_equal(read_sog(tmp_path / "meta.json").means, read_sog(tmp_path / "a.sog").means)
    meta = json.loads((tmp_path / "meta.json").read_text(encoding="utf-8"))
    meta["quats"]["files"] = ["../a.sog"]
    (tmp_path / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    with pytest.raises(InvalidInputError, match="safe file name"):
        read_sog(tmp_path / "meta.json")


@pytest.mark.parametrize("threads", ["1", "2"])
def test_the_same_bytes_for_any_number_of_threads(tmp_path: Path, threads: str) -> None:
    write_sog(gaussian_cloud(3, 3000, 1), tmp_path / "a.sog")
    code = (
        "from pathlib import Path; from tests.exporters.clouds import gaussian_cloud;"
        "from worldgen.exporters.sog import write_sog;"
        f"write_sog(gaussian_cloud(3, 3000, 1), Path({str(tmp_path / 'b.sog')!r}))"
    )
    environment = os.environ | {"NUMBA_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=Path(__file__).parents[2])
    assert (tmp_path / "b.sog").read_bytes() == (tmp_path / "a.sog").read_bytes()


def picture(width: int, height: int) -> bytes:
    return encode_texture(np.zeros((width * height, 3), np.uint8), width, height)


Files = dict[str, bytes]
MetaChange = Callable[[dict[str, Any]], object]

META_CASES: dict[str, tuple[MetaChange, str]] = {
    "future": (lambda m: m.update(version=3), "version 3"),
    "past": (lambda m: m.pop("version"), "version 1"),
    "huge count": (lambda m: m.update(count=10**15), "cannot hold"),
    "too many": (lambda m: m.update(count=5000), "too small"),
    "negative": (lambda m: m.update(count=-1), "cannot hold"),
    "infinite range": (lambda m: m["means"].update(maxs=[1e29, 1.0, 1.0]), "out of range"),
    "not numbers": (lambda m: m["means"].update(mins=["0", 1.0, 1.0]), "not 3 numbers"),
    "no codebook": (lambda m: m["scales"].pop("codebook"), "no codebook"),
    "long codebook": (lambda m: m["sh0"]["codebook"].append(1.0), "no codebook"),
    "nan": (lambda m: m["sh0"]["codebook"].__setitem__(0, math.nan), "not 256 numbers"),
    "no file": (lambda m: m["quats"].update(files=[]), "does not name"),
    "other file": (lambda m: m["quats"].update(files=["/etc/passwd"]), "no readable member"),
    "palette": (lambda m: m["shN"].update(count=3), "not in the palette"),
    "degree": (lambda m: m["shN"].update(bands=4), "cannot be"),
    "other degree": (lambda m: m["shN"].update(bands=3), "the size that it should"),
}


@pytest.mark.parametrize("case", META_CASES)
def test_documents_that_cannot_be(tmp_path: Path, case: str) -> None:
    change, message = META_CASES[case]
    write_sog(gaussian_cloud(4, 60, 1), tmp_path / "a.sog")
    files = members(tmp_path / "a.sog")
    meta = json.loads(files["meta.json"])
    change(meta)
    bundle_of(tmp_path / "b.sog", files | {"meta.json": json.dumps(meta).encode()})
    kind = UnsupportedFormatError if case in ("future", "past") else InvalidInputError
    with pytest.raises(kind, match=message) as caught:
        read_sog(tmp_path / "b.sog")
    assert caught.value.path == tmp_path / "b.sog"


PICTURE_CASES: dict[str, tuple[bytes, str]] = {
    "bomb": (picture(4096, 4096), "larger than its splats need"),
    "small": (picture(4, 4), "too small"),
    "cut": (picture(8, 8)[:-9], "damaged|no lossless"),
    "no picture": (b"RIFF" + bytes(60), "no lossless WebP"),
    "empty": (b"", "no lossless WebP"),
}


@pytest.mark.parametrize("case", PICTURE_CASES)
def test_pictures_that_cannot_be(tmp_path: Path, case: str) -> None:
    data, message = PICTURE_CASES[case]
    write_sog(gaussian_cloud(5, 60, 0), tmp_path / "a.sog")
    bundle_of(tmp_path / "b.sog", members(tmp_path / "a.sog") | {"scales.webp": data})
    with pytest.raises(InvalidInputError, match=message):
        read_sog(tmp_path / "b.sog")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    write_sog(gaussian_cloud(6, 60, 0), tmp_path / "a.sog")
    files = members(tmp_path / "a.sog") | {"scales.webp": bytes(200 << 20)}
    bundle_of(tmp_path / "b.sog", files, zipfile.ZIP_DEFLATED)
    assert (tmp_path / "b.sog").stat().st_size < 1 << 20
    with pytest.raises(InvalidInputError, match="no readable member"):
        read_sog(tmp_path / "b.sog")


def test_textures_keep_every_byte() -> None:
    texels = np.arange(4 * 64, dtype=np.uint8).reshape(64, 4)
    decoded = decode_texture(encode_texture(texels, 8, 8), 64, Path("x"))
    np.testing.assert_array_equal(decoded.reshape(64, 4), texels)
