"""First stage of a first run: compile on all cores what the others call."""

from __future__ import annotations

from worldgen.events import RunContext
from worldgen.kernels import compile_ahead, needs_compiling


def compile_kernels(uses: tuple[str, ...], context: RunContext) -> None:
    """Compile what some of ``worldgen.kernels.USES`` need, unless this machine has it already.

    Args:
        uses: What the run will do.
        context: Where events go; there are none if nothing is missing.
    """
    if needs_compiling(uses):
        with context.stage("compile kernels") as progress:
            compile_ahead(uses, progress)
