"""The command line's contract: exit codes, messages, hints, one JSON document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import jsonschema
import pytest

from worldgen.cli import COMMANDS, cli, run


def error_of(capsys: pytest.CaptureFixture[str]) -> tuple[dict, str]:
    captured = capsys.readouterr()
    return json.loads(captured.out), captured.err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_takes_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert "--json" in text
    assert text.startswith(f"Usage: worldgen {name}")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nonsense"], 2),
        (["generate"], 2),
        (["generate", "x", "--quality", "best", "-o", "w"], 2),
        (["generate", "x", "--seed", "-1", "-o", "w"], 2),
        (["generate", "x", "--seed", "many", "-o", "w"], 2),
        (["generate", "-o", "w"], 2),
        (["generate", "x", "--spec", "s.yaml", "-o", "w"], 2),
        (["generate", "", "-o", "w"], 3),
        (["generate", "   \n\t ", "-o", "w"], 3),
        (["generate", "tree " * 10_000, "-o", "w"], 3),
        (["generate", "--spec", "missing.yaml", "-o", "w"], 3),
        (["info", "missing"], 3),
        (["check", "missing"], 3),
        (["diff", "missing", "missing"], 3),
        (["render", "missing", "-o", "x.png"], 3),
        (["render", "missing", "-o", "x.png", "--size", "0x5"], 2),
        (["render", "missing", "-o", "x.png", "--size", "99999x5"], 2),
        (["convert", "missing.ply", "x.spz"], 3),
        (["batch", "missing.yaml", "-o", "w"], 3),
        (["schema", "nothing"], 2),
    ],
)
def test_exit_codes_and_one_json_document(
    arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([*arguments, "--json"]) == code
    document, stderr = error_of(capsys)
    assert document["exit_code"] == code
    assert document["error"]["message"]
    assert stderr.startswith("error: ")
    assert "Traceback" not in stderr
    assert list(tmp_path.iterdir()) == [], "a refused command leaves nothing behind"


def test_debug_shows_the_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(tmp_path / "missing"), "--debug"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_a_folder_that_is_no_world_is_refused_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"precious")
    assert run(["generate", "a tower", "-o", str(tmp_path), "--quality", "draft"]) == 2
    assert "holds files but no world" in capsys.readouterr().err
    assert (tmp_path / "photo.jpg").read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["world", "spec", "jobs"])
def test_schemas_are_valid_json_schema(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", name]) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_doctor_finds_the_main_job_complete(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {"python", "numpy", "mitsuba", "embreex", "memory"} <= {finding["subject"] for finding in findings}


def test_backends_lists_every_slot(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backends", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["backends"]
    assert {row["slot"] for row in rows} == {"panorama", "depth", "inpaint", "prompt"}


def load_interrupted_extension(**options: object) -> None:
    """Do as an extension module that is interrupted while it loads, and whose package then looks for its name."""
    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as interrupt:
            raise ImportError("Encountered an error while initializing the extension.") from interrupt
    except ImportError:
        raise NameError("name '_extension' is not defined")  # noqa: B904


@pytest.mark.parametrize("command", [load_interrupted_extension, Mock(side_effect=KeyboardInterrupt)])
def test_an_interrupt_is_cancellation_whatever_it_comes_out_as(
    command: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "main", command)
    assert run(["doctor"]) == 130
    assert "Cancelled" in capsys.readouterr().err


def test_an_unforeseen_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "main", Mock(side_effect=NameError("name 'x' is not defined")))
    with pytest.raises(NameError):
        run(["doctor"])
