"""Job lists: what is accepted, what is refused, and how."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from worldgen.batch import jobs_schema, load_jobs
from worldgen.errors import InvalidInputError


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
    assert [job.model_dump(exclude={"spec"}) for job in jobs] == rows
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
