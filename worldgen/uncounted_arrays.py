"""Arrays that compiled kernels use without counting who holds them."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic


@intrinsic
def uncounted(_context: Any, array: types.Type) -> Any:
    """The same array without an owner, for the innermost part of a kernel.

    A kernel counts who holds an array at every call that it hands the array to, which can take longer than a small
    function's work. Only for what outlives the kernel: its own arguments, never arrays that it has made.
    """
    if not isinstance(array, types.Array):
        raise TypingError("only arrays can go uncounted")

    def generate(context: Any, builder: Any, signature: Any, arguments: tuple[ir.Value]) -> ir.Value:
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        view.meminfo = cgutils.get_null_value(view.meminfo.type)
        view.parent = cgutils.get_null_value(view.parent.type)
        return view._getvalue()

    return array(array), generate
