"""``spec.yaml``: a WorldSpec as a file that people edit, and its JSON schema."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from worldgen.errors import InvalidInputError
from worldgen.spec.model import WorldSpec

MAX_SPEC_BYTES = 1 << 20
"""Larger files are refused before they are parsed."""

MAX_DEPTH = 16
"""Deeper nesting is refused; a spec needs 4."""

SCHEMA_ID = "urn:worldgen:spec:1"

_HEADER = """\
# What the prompt was understood as. Edit it and rebuild the world:
#   worldgen generate --spec spec.yaml -o DIR
# Things that stand alone are under "items", what is strewn over the land under "scatters" (density 0 to 1).
# All fields and their limits: worldgen schema spec
"""

_HINT = "Compare with 'worldgen schema spec', or generate a fresh spec from a prompt."

_Path = tuple[str | int, ...]


def encode_spec(spec: WorldSpec) -> bytes:
    """A spec as YAML: keys in the model's order, empty optional fields left out, UTF-8, ends with a newline."""
    data = spec.model_dump(mode="json", exclude_none=True)
    body = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)
    return (_HEADER + body).encode()


def save_spec(spec: WorldSpec, path: Path) -> None:
    """Write a spec to a file, through a temporary sibling."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(encode_spec(spec))
    partial.replace(path)


def load_spec(path: Path) -> WorldSpec:
    """Read a spec from a YAML (or JSON) file.

    Raises:
        InvalidInputError: The file cannot be read, is too large, is no YAML, or is no spec; the sentence names the
            field and the line.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SPEC_BYTES + 1)
    except OSError as error:
        raise InvalidInputError(f"The spec cannot be read: {error.strerror}.", path=path) from error
    try:
        return decode_spec(data)
    except InvalidInputError as error:
        raise InvalidInputError(error.message, hint=error.hint, path=path) from error


def decode_spec(data: bytes) -> WorldSpec:
    """A spec from the bytes of a YAML file.

    Raises:
        InvalidInputError: See ``load_spec``.
    """
    if len(data) > MAX_SPEC_BYTES:
        raise InvalidInputError(f"The spec is larger than {MAX_SPEC_BYTES // 1024} KiB.", hint=_HINT)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"The spec is not UTF-8 text (byte {error.start}).", hint=_HINT) from error
    try:
        _check_events(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(root, yaml.MappingNode):
            raise InvalidInputError("The spec must be a mapping of fields, such as 'biome: alpine'.", hint=_HINT)
        lines: dict[_Path, int] = {}
        _check_keys(root, (), lines)
        fields = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidInputError(f"The spec is not valid YAML: {_reason(error)}.", hint=_HINT) from error
    except (ValueError, OverflowError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"The spec holds a value that YAML cannot read: {error}.", hint=_HINT) from error
    try:
        return WorldSpec.model_validate(fields)
    except ValidationError as error:
        raise InvalidInputError(_first_fault(error, lines), hint=_HINT) from error


def spec_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a spec."""
    schema = WorldSpec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}


class _Dumper(yaml.SafeDumper):
    """Writes lists indented below their key, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal parts out each time: aliases are refused on reading."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of lists."""
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Quote text with rare line breaks, which YAML would otherwise read back as plain ones."""
    style = '"' if any(character in text for character in "\x85\u2028\u2029\r") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _check_events(text: str) -> None:
    """Refuse aliases (a few lines of them can stand for gigabytes) and deep nesting before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise InvalidInputError(f"The spec uses a YAML alias{_on_line(event.start_mark)}.", hint=_HINT)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidInputError(f"The spec is nested too deeply{_on_line(event.start_mark)}.", hint=_HINT)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_keys(node: yaml.Node, path: _Path, lines: dict[_Path, int]) -> None:
    """Remember the line of every field, and refuse a field that is given twice (YAML would take the last)."""
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _check_keys(child, (*path, index), lines)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                raise InvalidInputError(
                    f"The spec's field '{_dotted((*path, name))}' is given twice, again on line {line}."
                )
            seen.add(name)
            _check_keys(child, (*path, name), lines)
            lines[*path, name] = line


def _first_fault(error: ValidationError, lines: dict[_Path, int]) -> str:
    """One sentence on the first thing that is wrong, with its field and line."""
    faults: Sequence[Any] = error.errors(include_url=False, include_context=False, include_input=True)
    fault = faults[0]
    path: _Path = tuple(fault["loc"])
    known = path
    while known not in lines and known:
        known = known[:-1]
    message = str(fault["msg"]).removeprefix("Value error, ")
    reason = message[:1].lower() + message[1:]
    given = fault["input"]
    shown = (
        f", not {given!r}" if isinstance(given, str | int | float | bool) and fault["type"] != "extra_forbidden" else ""
    )
    where = f"field '{_dotted(path)}'" if path else "content"
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"The spec's {where} on line {lines.get(known, 1)} is wrong: {reason}{shown[:80]}{more}."


def _dotted(path: _Path) -> str:
    return ".".join(str(part) for part in path)


def _on_line(mark: Any) -> str:
    return "" if mark is None else f" on line {mark.line + 1}"


def _reason(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return f"{error.problem or error.context or 'a mistake'}{_on_line(mark)}"
    return str(error).splitlines()[0]
