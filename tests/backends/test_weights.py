"""Weights are found, checked before anything loads them, and never fetched unasked."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import sys
from pathlib import Path

import pytest

from worldgen.backends.model_options import Execution
from worldgen.backends.running import choose_machine, import_library, loading, memory_guarded, offline_and_quiet
from worldgen.backends.weights import check_safetensors, find_lora, find_weights
from worldgen.errors import BackendUnavailableError, InvalidInputError, OutOfMemoryError, UsageError

OPTION = "--depth-model"


@pytest.fixture
def folder(depth_models: dict[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(depth_models["dpt"], tmp_path / "dpt")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def find(folder: Path | str) -> object:
    return find_weights(str(folder), Execution(), option=OPTION)


def test_what_the_manifest_says(folder: Path) -> None:
    weights = find_weights(str(folder), Execution(), option=OPTION)
    assert (weights.name, weights.revision, weights.licence) == ("dpt", None, "apache-2.0")
    twin = shutil.copytree(folder, folder.parent / "twin")
    assert find_weights(str(twin), Execution(), option=OPTION).sha256 == weights.sha256
    data = bytearray((twin / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (twin / "model.safetensors").write_bytes(data)
    assert find_weights(str(twin), Execution(), option=OPTION).sha256 != weights.sha256
    note = folder / ".cache" / "huggingface" / "download" / "config.json.metadata"
    note.parent.mkdir(parents=True)
    note.write_text("a" * 40 + "\netag\n1.0\n")
    (folder / "README.md").write_text("---\nlicense: other\nlicense_name: odd-1.0\n---\n")
    described = find_weights(str(folder), Execution(), option=OPTION)
    assert (described.revision, described.licence) == ("a" * 40, "odd-1.0")
    for card in ("no front matter", "---\nlicense: [1\n---\n", "---\n- list\n---\n", ""):
        (folder / "README.md").write_text(card)
        assert find_weights(str(folder), Execution(), option=OPTION).licence is None


@pytest.mark.parametrize("suffix", [".bin", ".pt", ".ckpt"])
def test_pickled_weights_are_refused(folder: Path, suffix: str) -> None:
    part = folder / "unet"
    part.mkdir()
    (part / f"diffusion_pytorch_model{suffix}").write_bytes(b"anything")
    with pytest.raises(InvalidInputError, match="can run code") as caught:
        find(folder)
    assert "safetensors" in (caught.value.hint or "")
    shutil.copy(folder / "model.safetensors", part / "diffusion_pytorch_model.safetensors")
    find(folder)


def test_damaged_weights_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    hostile = {
        "cut off": whole[: len(whole) // 2],
        "empty": b"",
        "long header": struct.pack("<Q", 1 << 60) + whole[8:],
        "short header": struct.pack("<Q", 10) + whole[8:],
        "list": struct.pack("<Q", 2) + b"[]",
        "offsets": struct.pack("<Q", 26) + b'{"a":{"data_offsets":"x"}}',
    }
    for data in hostile.values():
        path.write_bytes(data)
        with pytest.raises(InvalidInputError):
            check_safetensors(path)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(InvalidInputError, match="Git LFS pointer"):
        find(folder)
    path.unlink()
    with pytest.raises(InvalidInputError, match=r"no \.safetensors file"):
        find(folder)


@pytest.mark.usefixtures("no_network")
def test_a_hub_id_is_not_fetched_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BackendUnavailableError, match="local cache") as caught:
        find("nobody/nothing-at-all")
    assert "--allow-download" in (caught.value.hint or "")
    with pytest.raises(BackendUnavailableError, match="no folder of weights"):
        find("not/a/hub/id")
    with pytest.raises(UsageError, match="--depth-model is missing"):
        find_weights(None, Execution(), option=OPTION)


def test_a_hub_id_is_fetched_when_allowed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    asked = []
    snapshot = folder.rename(folder.parent / ("b" * 40))

    def snapshot_download(name: str, *, revision: str | None, local_files_only: bool = False, **rest: object) -> str:
        if local_files_only:
            raise FileNotFoundError(name)
        asked.append((name, revision, rest["allow_patterns"]))
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    weights = find_weights("owner/model@main", Execution(allow_download=True), option=OPTION)
    assert (weights.name, weights.revision) == ("owner/model", "b" * 40)
    ((name, revision, patterns),) = asked
    assert (name, revision) == ("owner/model", "main")
    assert "*.safetensors" in patterns
    assert not any(pattern.endswith((".bin", ".py")) for pattern in patterns)


def test_loras_are_one_file(folder: Path) -> None:
    path = folder / "model.safetensors"
    assert find_lora(str(path), Execution()).file == "model.safetensors"
    assert find_lora(str(folder), Execution()).record("lora").role == "lora"
    shutil.copy(path, folder / "other.safetensors")
    with pytest.raises(InvalidInputError, match=r"one \.safetensors file"):
        find_lora(str(folder), Execution())
    (folder / "lora.bin").write_bytes(b"")
    with pytest.raises(InvalidInputError, match=r"must be a \.safetensors"):
        find_lora(str(folder / "lora.bin"), Execution())


def test_machines() -> None:
    import torch

    assert choose_machine(Execution(device="cpu")).dtype is torch.float32
    assert choose_machine(Execution(device="cpu", precision="bfloat16")).dtype is torch.bfloat16
    with pytest.raises(UsageError, match="--offload"):
        choose_machine(Execution(device="cpu", offload="model"))
    if not torch.cuda.is_available():
        with pytest.raises(BackendUnavailableError, match="no GPU"):
            choose_machine(Execution(device="cuda"))


def test_out_of_memory_names_the_options() -> None:
    import torch

    with pytest.raises(OutOfMemoryError) as caught, memory_guarded("big", size_option="--paint-height"):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")
    assert "--offload model" in (caught.value.hint or "")
    assert "--paint-height" in (caught.value.hint or "")
    with pytest.raises(OutOfMemoryError, match="This machine"), memory_guarded("big"):
        torch.zeros(1 << 50)
    with pytest.raises(RuntimeError, match="other"), memory_guarded("big"):
        raise RuntimeError("other")


def test_code_that_comes_along_is_not_run(folder: Path) -> None:
    weights = find_weights(str(folder), Execution(), option=OPTION)
    with pytest.raises(BackendUnavailableError, match="own Python code") as caught, loading(weights):
        raise ValueError("The repository contains custom code; pass `trust_remote_code=True`.")
    assert "--trust-remote-code" in (caught.value.hint or "")
    with pytest.raises(BackendUnavailableError, match="needs a library"), loading(weights):
        raise ImportError("No module named 'sentencepiece'")


def test_a_missing_library_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)  # what an import of something not installed runs into
    with pytest.raises(BackendUnavailableError, match="'diffusers' cannot be imported") as caught:
        import_library("diffusers")
    assert 'pip install "worldgen[neural]"' in (caught.value.hint or "")


def test_models_run_offline() -> None:
    import huggingface_hub.constants as hub

    before = os.environ.get("HF_HUB_OFFLINE")
    with offline_and_quiet():
        assert hub.HF_HUB_OFFLINE
        assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert os.environ.get("HF_HUB_OFFLINE") == before
