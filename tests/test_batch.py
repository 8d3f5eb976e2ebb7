"""Job lists: what is accepted, what is refused, and how."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml
from PIL import Image

from worldgen.cli import run
from worldgen.cli.generate import generate
from worldgen.cli.model_options import PERMISSIONS
from worldgen.errors import InvalidInputError
from worldgen.jobs import Job, jobs_schema, load_jobs
from worldgen.manifest import load_manifest


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_three_formats_hold_the_same_jobs(tmp_path: Path) -> None:
    rows = [
        {"name": "a", "prompt": "a tower, tall", "seed": 3, "quality": "draft"},
        {"name": "b", "prompt": 'a "quoted" lake & *stars*', "seed": 0, "quality": "standard"},
    ]
    as_yaml = write(tmp_path / "jobs.yaml", yaml.safe_dump(rows))
    as_jsonl = write(tmp_path / "jobs.jsonl", "\n".join(json.dumps(row) for row in rows) + "\n\n")
    as_csv = write(
        tmp_path / "jobs.csv",
        'name,prompt,seed,quality\na,"a tower, tall",3,draft\nb,"a ""quoted"" lake & *stars*",,\n',
    )
    jobs = load_jobs(as_yaml).jobs
    assert [job.model_dump(exclude_none=True) for job in jobs] == rows
    assert load_jobs(as_jsonl).jobs == jobs
    assert load_jobs(as_csv).jobs == jobs


def test_jobs_without_names_are_numbered(tmp_path: Path) -> None:
    jobs = load_jobs(write(tmp_path / "jobs.jsonl", '{"prompt": "x"}\n{"prompt": "y"}')).jobs
    assert [job.name for job in jobs] == ["job_0001", "job_0002"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("jobs.yaml", "prompt: not a list", "must be a list"),
        ("jobs.yaml", "[]", "no jobs"),
        ("jobs.yaml", "- just text", "Job 1 must be a mapping"),
        ("jobs.yaml", "- {prompt: x, seed: -1}", "Job 1 is wrong at 'seed'"),
        ("jobs.yaml", "- {prompt: x, colour: red}", "Job 1 is wrong at 'colour'"),
        ("jobs.yaml", "- {prompt: x, name: ../escape}", "Job 1 is wrong at 'name'"),
        ("jobs.yaml", "- {prompt: x, spec: y}", "either a prompt or a spec"),
        ("jobs.yaml", "- {seed: 1}", "either a prompt or a spec"),
        ("jobs.yaml", "- {panorama: a.png, image: b.png}", "either a prompt or a spec"),
        ("jobs.yaml", "- {spec: a.yaml, image: b.png}", "either a prompt or a spec"),
        ("jobs.yaml", "- {prompt: x, trust_remote_code: true}", "Job 1 is wrong at 'trust_remote_code'"),
        ("jobs.yaml", "- {prompt: x, allow_download: true}", "Job 1 is wrong at 'allow_download'"),
        ("jobs.yaml", "- {prompt: x, depth_kind: odd}", "Job 1 is wrong at 'depth_kind'"),
        ("jobs.yaml", "- {prompt: x, name: a}\n- {prompt: y, name: A}", "Two jobs are called"),
        ("jobs.yaml", "- &a {prompt: x}\n- *a", "alias"),
        ("jobs.yaml", "- [unclosed", "cannot be read"),
        ("jobs.yaml", "- !!python/object/apply:os.system [true]", "cannot be read"),
        ("jobs.jsonl", '{"prompt": "x"', "cannot be read"),
        ("jobs.jsonl", "[" * 100_000, "cannot be read"),
        ("jobs.csv", 'prompt\n"unclosed', "cannot be read"),
        ("jobs.csv", "prompt\na,b,c\n", "wrong"),
        ("jobs.txt", "x", "suffix"),
    ],
)
def test_bad_lists_are_refused_with_a_reason(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(InvalidInputError, match=message) as caught:
        load_jobs(path)
    assert caught.value.path == path
    assert caught.value.exit_code == 3


def test_a_list_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_bytes(b"prompt\n\xff\xfe\x00")
    with pytest.raises(InvalidInputError, match="UTF-8"):
        load_jobs(path)


def test_the_published_schema_accepts_what_is_read_and_refuses_what_is_not() -> None:
    schema = jobs_schema()
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    assert validator.is_valid([{"name": "a", "prompt": "x"}])
    assert not validator.is_valid([{"name": "a/b", "prompt": "x"}])
    assert not validator.is_valid({"name": "a"})


def test_fields_are_the_options_of_generate_but_what_lets_code_or_the_network_in() -> None:
    options = {parameter.name for parameter in generate.params}
    fields = set(Job.model_fields) - {"name"}
    assert fields <= options
    models = {"depth_model", "panorama_model", "controlnet", "inpaint_model", "device", "steps", "depth_backend"}
    assert models <= fields
    assert fields.isdisjoint(PERMISSIONS)


def test_a_job_becomes_arguments_with_paths_relative_to_its_list(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    rows = "name,prompt,panorama,depth_model,steps,level,depth_scale\na,-x,p.png,weights,7,false,\n"
    batch = load_jobs(
        write(tmp_path / "jobs.csv", rows), {"depth_model": "owner/other", "inpaint_model": "owner/fill", "steps": 3}
    )
    arguments = batch.jobs[0].arguments(batch.folder)
    assert arguments[-2:] == ["--", "-x"]
    assert set(arguments[:-2]) == {
        *("--seed", "0", "--quality", "standard", "--no-level", "--steps=7"),
        *(f"--panorama={tmp_path / 'p.png'}", f"--depth-model={tmp_path / 'weights'}", "--inpaint-model=owner/fill"),
    }
    with pytest.raises(InvalidInputError):
        batch.jobs[0].fingerprint(batch.folder)  # there is no p.png
    (tmp_path / "p.png").write_bytes(b"one")
    first = batch.jobs[0].fingerprint(batch.folder)
    assert batch.jobs[0].model_copy(update={"name": "b"}).fingerprint(batch.folder) == first
    assert batch.jobs[0].model_copy(update={"steps": 8}).fingerprint(batch.folder) != first
    (tmp_path / "p.png").write_bytes(b"two")
    assert batch.jobs[0].fingerprint(batch.folder) != first


def test_a_panorama_in_a_list_becomes_a_world_and_is_made_again_only_when_asked_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.full((32, 64, 3), 120, np.uint8)).save(tmp_path / "grey.png")
    np.save(tmp_path / "depth.npy", np.full((32, 64), 3.0, np.float32))
    rows = [
        {"name": "room", "panorama": "grey.png", "depth": "depth.npy", "quality": "draft"},
        {"name": "none", "panorama": "missing.png", "quality": "draft"},
    ]
    path = write(tmp_path / "jobs.yaml", yaml.safe_dump(rows))

    def results(*options: str) -> dict[str, dict[str, object]]:
        capsys.readouterr()
        assert run(["batch", str(path), "-o", str(tmp_path / "worlds"), "--json", *options]) == 1
        return {row["name"]: row for row in json.loads(capsys.readouterr().out)["jobs"]}

    first = results("--camera-height", "2")
    assert (first["room"]["status"], first["room"]["kept"]) == ("done", False)
    assert (first["none"]["status"], first["none"]["exit_code"]) == ("failed", 3)
    manifest = load_manifest(tmp_path / "worlds" / "room")
    assert (manifest.source.kind, manifest.spawn.eye_height_m) == ("panorama", 2.0)
    report = (tmp_path / "worlds" / "report.jsonl").read_bytes()
    again = results("--camera-height", "2")
    assert again["room"] == {**first["room"], "kept": True}
    assert (tmp_path / "worlds" / "report.jsonl").read_bytes() == report
    assert results("--camera-height", "3")["room"]["kept"] is False
    assert load_manifest(tmp_path / "worlds" / "room").spawn.eye_height_m == 3.0
