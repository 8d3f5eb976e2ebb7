"""What a platform can take: triangles, splats and texture memory of an engine package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from worldgen.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformBudget:
    """Upper limits of a package; None sets no limit."""

    name: str
    triangles: int | None = None
    """Triangles that are drawn from the spawn, every instance counted at its level of detail."""
    splats: int | None = None
    texture_mb: float | None = None
    """Memory of all textures as RGBA with mipmaps, in 10⁶ bytes; engines that compress need a quarter or less."""

    def __post_init__(self) -> None:
        """Check that the limits can be met at all."""
        if self.triangles is not None and self.triangles < 10_000:
            raise UsageError("A budget needs at least 10000 triangles.")
        if self.splats is not None and self.splats < 100:
            raise UsageError("A budget needs at least 100 splats.")
        if self.texture_mb is not None and not 1.0 <= self.texture_mb <= 1e6:
            raise UsageError("A budget needs at least 1 MB of textures.")


BUDGETS: Mapping[str, PlatformBudget] = MappingProxyType(
    {
        "mobile": PlatformBudget(name="mobile", triangles=500_000, splats=150_000, texture_mb=64.0),
        "console": PlatformBudget(name="console", triangles=2_000_000, splats=600_000, texture_mb=256.0),
        "pc": PlatformBudget(name="pc", triangles=6_000_000, splats=2_000_000, texture_mb=1024.0),
    }
)
"""Budgets by platform."""

BUDGET_HELP = "What packages may need: mobile, console, pc, or triangles=300000,splats=100000,textures=48 (MB)."

_LIMIT = re.compile(r"(triangles|splats|textures)=([0-9]{1,12}(?:\.[0-9]+)?)")


def parse_budget(text: str) -> PlatformBudget:
    """Read "mobile", or limits such as "triangles=300000,splats=100000,textures=48" (MB).

    Raises:
        UsageError: The text is neither, names a limit twice, or a limit is out of range.
    """
    if text in BUDGETS:
        return BUDGETS[text]
    limits: dict[str, float] = {}
    for part in text.split(","):
        match = _LIMIT.fullmatch(part.strip())
        if match is None or match[1] in limits or (match[1] != "textures" and "." in match[2]):
            raise UsageError(
                f"'{text}' is no budget.",
                hint=f"Give {', '.join(BUDGETS)}, or limits: triangles=300000,splats=100000,textures=48",
            )
        limits[match[1]] = float(match[2])
    return PlatformBudget(
        name="given",
        triangles=int(limits["triangles"]) if "triangles" in limits else None,
        splats=int(limits["splats"]) if "splats" in limits else None,
        texture_mb=limits.get("textures"),
    )
