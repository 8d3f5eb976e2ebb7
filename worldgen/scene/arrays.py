"""Checks that the data types run on their arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from worldgen.errors import InvalidInputError

Shape = tuple[int | str, ...]


def require_array(
    owner: str, name: str, value: Any, shape: Shape, dtype: DTypeLike, *, finite: bool = True
) -> NDArray[Any]:
    """Check an array and return a read-only view of it; nothing is converted.

    Args:
        owner: Name of the type that holds the field, for the message.
        name: Name of the field, for the message.
        value: The array.
        shape: Expected sizes; a string stands for any size (``("N", 3)``).
        dtype: Expected data type, exactly.
        finite: Whether NaN and infinity are refused.

    Raises:
        InvalidInputError: The type, shape, data type or a value is not as expected.
    """
    wanted = np.dtype(dtype)
    if not isinstance(value, np.ndarray):
        raise InvalidInputError(f"{owner}.{name} must be a {_text(wanted, shape)}, not {type(value).__name__}.")
    fits = value.ndim == len(shape) and all(
        isinstance(want, str) or have == want for have, want in zip(value.shape, shape, strict=True)
    )
    if not fits or value.dtype != wanted:
        actual = _text(value.dtype, value.shape)
        raise InvalidInputError(f"{owner}.{name} must be a {_text(wanted, shape)}, not a {actual}.")
    if finite and value.dtype.kind == "f" and not np.isfinite(value).all():
        raise InvalidInputError(f"{owner}.{name} holds NaN or infinity.")
    view = value.view()
    view.flags.writeable = False
    return view


def _text(dtype: np.dtype[Any], shape: Shape) -> str:
    return f"{dtype.name} array of shape {_shape_text(shape)}"


def _shape_text(shape: Shape) -> str:
    return "(" + ", ".join(str(size) for size in shape) + ("," if len(shape) == 1 else "") + ")"


def freeze(instance: object, **arrays: NDArray[Any] | None) -> None:
    """Put checked arrays back into a frozen dataclass from its ``__post_init__``."""
    for name, array in arrays.items():
        object.__setattr__(instance, name, array)
