"""The header of PLY files, read with limits: nothing in it is believed before the file's size bears it out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError, UnsupportedFormatError

MAX_HEADER_BYTES = 64 * 1024
MAX_ELEMENTS = 16
MAX_PROPERTIES = 256

_SCALAR_TYPES = {
    "char": "i1",
    "int8": "i1",
    "uchar": "u1",
    "uint8": "u1",
    "short": "i2",
    "int16": "i2",
    "ushort": "u2",
    "uint16": "u2",
    "int": "i4",
    "int32": "i4",
    "uint": "u4",
    "uint32": "u4",
    "float": "f4",
    "float32": "f4",
    "double": "f8",
    "float64": "f8",
}


@dataclass(frozen=True, slots=True)
class PlyElement:
    """An element of the header; ``types`` maps each property to its numpy type code, or to None for a list."""

    name: str
    count: int
    types: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class PlyHeader:
    """A whole header; ``num_bytes`` is where the data begins."""

    byte_order: Literal["<", ">"]
    elements: tuple[PlyElement, ...]
    comments: tuple[str, ...]
    num_bytes: int

    @property
    def element_names(self) -> tuple[str, ...]:
        """Names of the elements in file order."""
        return tuple(element.name for element in self.elements)


def read_ply_header(file: BinaryIO, path: Path) -> PlyHeader:
    """Parse the header at the start of a binary PLY file.

    Raises:
        InvalidInputError: The header is not one, or goes beyond the limits.
        UnsupportedFormatError: The data are text.
    """
    block = file.read(MAX_HEADER_BYTES)
    if not block.startswith((b"ply\n", b"ply\r\n")):
        raise InvalidInputError("This is not a PLY file.", path=path)
    end = block.find(b"\nend_header")
    line_end = block.find(b"\n", end + 1) if end >= 0 else -1
    if end < 0 or line_end < 0 or block[end + len(b"\nend_header") : line_end] not in (b"", b"\r"):
        raise InvalidInputError("The PLY header has no end.", hint="Is the file complete?", path=path)
    try:
        lines = block[:end].decode("ascii", errors="replace").splitlines()[1:]
        return _parse_lines(lines, line_end + 1)
    except InvalidInputError as error:
        error.path = path
        raise


def element_dtype(header: PlyHeader, name: str, file_bytes: int, path: Path) -> tuple[np.dtype[np.void], int]:
    """The memory layout of an element and how many bytes into the file it begins.

    Args:
        header: The file's header.
        name: The element's.
        file_bytes: Size of the whole file; must be large enough for what the header promises.
        path: For errors.

    Raises:
        InvalidInputError: There is no such element, it or one before it has lists, or the file is too short.
    """
    offset = header.num_bytes
    for element in header.elements:
        fields = [(field, f"{header.byte_order}{code}") for field, code in element.types.items() if code is not None]
        if len(fields) != len(element.types):
            raise UnsupportedFormatError(f"The PLY element '{element.name}' holds lists before the points.", path=path)
        dtype = np.dtype(fields)
        end = offset + element.count * dtype.itemsize
        if end > file_bytes:
            raise InvalidInputError(
                f"The PLY header promises {element.count} of '{element.name}', which needs {end} bytes; "
                f"the file has {file_bytes}.",
                hint="The file is cut off or damaged: copy or export it again.",
                path=path,
            )
        if element.name == name:
            return dtype, offset
        offset = end
    raise InvalidInputError(f"The PLY file has no element '{name}'.", path=path)


def read_rows(file: BinaryIO, dtype: np.dtype[np.void], count: int, path: Path) -> NDArray[np.void]:
    """Read ``count`` rows from where the file stands.

    Raises:
        InvalidInputError: The file ends before.
    """
    data = file.read(count * dtype.itemsize)
    if len(data) != count * dtype.itemsize:
        raise InvalidInputError("The file is shorter than when it was opened.", path=path)
    return np.frombuffer(data, dtype=dtype)


def _parse_lines(lines: list[str], num_bytes: int) -> PlyHeader:
    byte_order: Literal["<", ">"] | None = None
    elements: list[PlyElement] = []
    comments: list[str] = []
    for line in lines:
        words = line.split()
        match words:
            case []:
                continue
            case ["comment" | "obj_info", *_]:
                comments.append(line.split(maxsplit=1)[1] if len(words) > 1 else "")
            case ["format", kind, "1.0"] if byte_order is None:
                byte_order = _byte_order(kind)
            case ["element", name, count] if len(elements) < MAX_ELEMENTS:
                if not (count.isascii() and count.isdigit() and len(count) <= 18):
                    raise InvalidInputError(f"The PLY element '{name}' has no valid count.")
                elements.append(PlyElement(name, int(count), {}))
            case ["property", *_] if elements and len(elements[-1].types) < MAX_PROPERTIES:
                _add_property(elements[-1], words)
            case _:
                raise InvalidInputError(f"The PLY header has a line that does not belong there: {line[:60]!r}.")
    if byte_order is None:
        raise InvalidInputError("The PLY header does not tell its format.")
    return PlyHeader(byte_order, tuple(elements), tuple(comments), num_bytes)


def _byte_order(kind: str) -> Literal["<", ">"]:
    if kind == "binary_little_endian":
        return "<"
    if kind == "binary_big_endian":
        return ">"
    raise UnsupportedFormatError(f"PLY data of the kind '{kind[:40]}' are not read.", hint="Save it as binary PLY.")


def _add_property(element: PlyElement, words: list[str]) -> None:
    match words:
        case ["property", "list", _, _, name]:
            code = None
        case ["property", kind, name] if kind in _SCALAR_TYPES:
            code = _SCALAR_TYPES[kind]
        case _:
            raise InvalidInputError(f"The PLY header has a property that is not one: {' '.join(words)[:60]!r}.")
    if name in element.types:
        raise InvalidInputError(f"The PLY element '{element.name}' has '{name}' twice.")
    element.types[name] = code
