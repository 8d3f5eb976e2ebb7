"""spec.yaml: stable, readable, and safe to read."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.prompts import PROMPTS
from tests.spec.lexicons import LEXICON
from worldgen.errors import InvalidInputError
from worldgen.spec.files import MAX_SPEC_BYTES, decode_spec, encode_spec, load_spec, save_spec, spec_schema
from worldgen.spec.model import Item, Place, Water, WorldSpec
from worldgen.spec.parser import parse_prompt


def refusal(data: bytes) -> str:
    with pytest.raises(InvalidInputError) as caught:
        decode_spec(data)
    assert caught.value.hint or "twice" in caught.value.message
    return caught.value.message


def test_round_trip_through_a_file(tmp_path: Path) -> None:
    spec = parse_prompt(PROMPTS[6].prompt, LEXICON)
    save_spec(spec, tmp_path / "spec.yaml")
    assert load_spec(tmp_path / "spec.yaml") == spec
    assert [file.name for file in tmp_path.iterdir()] == ["spec.yaml"]


def test_files_are_stable_and_readable() -> None:
    spec = parse_prompt("a cabin by a lake, pine forest", LEXICON)
    text = encode_spec(spec).decode()
    assert text == encode_spec(decode_spec(text.encode())).decode()
    assert text.startswith("#")
    assert "worldgen generate --spec spec.yaml" in text
    keys = [line.split(":")[0] for line in text.splitlines() if line[:1].isalpha()]
    assert keys == list(WorldSpec.model_fields)
    assert "    place:\n      relation: by\n      target: lake\n" in text
    assert "null" not in text


def test_minimal_and_json_files_are_enough() -> None:
    assert decode_spec(b"biome: desert") == WorldSpec(biome="desert")
    assert decode_spec(b'{"biome": "desert"}') == WorldSpec(biome="desert")
    assert decode_spec(b"\xef\xbb\xbfbiome: desert") == WorldSpec(biome="desert")


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (b"biome: alpne", ("'biome'", "line 1", "alpine")),
        (b"prompt: x\nbiom: desert", ("'biom'", "line 2")),
        (b"weather:\n  fog: 2\n", ("'weather.fog'", "line 2")),
        (b"items:\n  - id: a\n    family: tower\n    count: -3\n", ("'items.0.count'", "line 4", "-3")),
        (b"items:\n  - id: Big Tower\n    family: tower\n", ("'items.0.id'", "line 2")),
        (b"items:\n  - id: a\n", ("'items.0.family'", "line 2", "required")),
        (b"items: 5", ("'items'", "line 1")),
        (b"prompt: yes", ("'prompt'", "line 1")),
        (b"weather: {fog: .nan}", ("'weather.fog'", "line 1")),
        (b"biome: desert\nbiome: coast", ("'biome'", "twice", "line 2")),
        (b"weather:\n  fog: 0.1\n  fog: 0.2\n", ("'weather.fog'", "twice", "line 3")),
        (b"items: [{id: a, family: tower}, {id: a, family: barn}]", ("'a'", "twice")),
        (b"items: [{id: hill, family: tower}]", ("'hill'", "reserved")),
        (b"items: [{id: a, family: b, place: {relation: by, target: lake}}]", ("'a'", "'lake'")),
        (b"", ("mapping",)),
        (b"just words", ("mapping",)),
        (b"- a\n- b", ("mapping",)),
        (b"a: [1, 2", ("YAML", "line")),
        (b"a: \tb: c: d", ("YAML", "line 1")),
        (b"a: !!python/object/apply:os.system [ls]", ("YAML", "line 1")),
        (b"a: &x [1]\nb: *x", ("alias", "line 2")),
        (b"[" * 1000, ("nested", "line 1")),
        (b"a: " + b"{b: " * 40, ("nested",)),
        (b"\xff\xfe\x00", ("UTF-8",)),
        (b"size: 2020-99-99", ("YAML",)),
        (b"? [a]\n: b", ("YAML", "line 1")),
        (b"1: 2", ("'1'",)),
        (b"\x00", ("YAML",)),
        (b"a: 1\n---\nb: 2", ("YAML",)),
    ],
)
def test_wrong_files_are_refused_with_the_place(data: bytes, parts: tuple[str, ...]) -> None:
    message = refusal(data)
    for part in parts:
        assert part in message
    assert "\n" not in message
    assert len(message) < 400


def test_alias_bombs_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert "alias" in refusal("\n".join(lines).encode())


def test_large_files_are_refused_before_parsing(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (MAX_SPEC_BYTES + 1))
    with pytest.raises(InvalidInputError, match="larger than 1024 KiB") as caught:
        load_spec(path)
    assert caught.value.path == path


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(InvalidInputError, match="cannot be read") as caught:
            load_spec(path)
        assert caught.value.path == path


def test_prompts_that_look_like_yaml_survive() -> None:
    for prompt in (
        "yes",
        "null",
        "1e3",
        "a: b",
        "# hill",
        "- x",
        "tower: *a",
        "l1\nl2",
        "tab\there",
        "é 🌲 湖",
        "0x1F",
    ):
        spec = WorldSpec(prompt=prompt)
        assert decode_spec(encode_spec(spec)).prompt == prompt


def test_schema_is_valid_and_holds_every_spec() -> None:
    schema = spec_schema()
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    for case in PROMPTS:
        data = yaml.safe_load(encode_spec(parse_prompt(case.prompt, LEXICON)))
        validator(schema).validate(data)
    for wrong in ({"biome": "moon"}, {"weather": {"fog": 2}}, {"items": [{"id": "A b", "family": "x"}]}, {"x": 1}):
        assert not validator(schema).is_valid(wrong)


def test_schema_describes_its_fields() -> None:
    schema = spec_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    fog = schema["$defs"]["Weather"]["properties"]["fog"]
    assert "30 m" in fog["description"]
    assert (fog["minimum"], fog["maximum"]) == (0.0, 1.0)


def test_references_are_checked_in_the_model() -> None:
    lake = Water(id="lake", kind="lake")
    tower = Item(id="tower", family="tower", place=Place(relation="by", target="lake"))
    assert WorldSpec(waters=(lake,), items=(tower,)).items == (tower,)
    with pytest.raises(ValueError, match="not in the spec"):
        WorldSpec(items=(tower,))
