"""Colours of what has no texture: paint, glass, snow, cut wood; linear Rec. 709."""

from __future__ import annotations

from typing import Final

import numpy as np

from worldgen.scene.material import LinearColor

PAINT_WHITE: Final[LinearColor] = (0.72, 0.70, 0.64)
PAINT_CREAM: Final[LinearColor] = (0.66, 0.58, 0.42)
PAINT_GREEN: Final[LinearColor] = (0.055, 0.13, 0.075)
PAINT_BLUE: Final[LinearColor] = (0.07, 0.16, 0.28)
PAINT_RED: Final[LinearColor] = (0.36, 0.05, 0.035)
PAINT_BROWN: Final[LinearColor] = (0.11, 0.055, 0.028)
PAINT_GREY: Final[LinearColor] = (0.30, 0.31, 0.31)
PAINT_TEAL: Final[LinearColor] = (0.05, 0.19, 0.19)
PAINT_OCHRE: Final[LinearColor] = (0.46, 0.26, 0.07)
PAINT_BLACK: Final[LinearColor] = (0.02, 0.02, 0.022)
PAINT_VERMILION: Final[LinearColor] = (0.52, 0.075, 0.03)
CUT_WOOD: Final[LinearColor] = (0.42, 0.27, 0.14)
DARK: Final[LinearColor] = (0.015, 0.013, 0.012)
SNOW: Final[LinearColor] = (0.86, 0.89, 0.93)
GLASS: Final[LinearColor] = (1.0, 1.0, 1.0)

SHUTTER_COLORS: Final = (PAINT_GREEN, PAINT_BLUE, PAINT_RED, PAINT_BROWN, PAINT_TEAL, PAINT_GREY)
STAINED_COLORS: Final[tuple[LinearColor, ...]] = (
    (0.16, 0.02, 0.02),
    (0.02, 0.045, 0.17),
    (0.20, 0.11, 0.02),
    (0.02, 0.10, 0.04),
    (0.11, 0.02, 0.11),
)


def varied(color: LinearColor, rng: np.random.Generator, amount: float = 0.12) -> LinearColor:
    """A colour made a little lighter or darker."""
    factor = float(rng.uniform(1.0 - amount, 1.0 + amount))
    red, green, blue = (min(1.0, channel * factor) for channel in color)
    return red, green, blue


def pick(rng: np.random.Generator, colors: tuple[LinearColor, ...]) -> LinearColor:
    """One of some colours."""
    return colors[int(rng.integers(len(colors)))]
