"""What stands on roofs: chimneys, dormers, finials and weather vanes."""

from __future__ import annotations

import math

from worldgen.builder.architecture.assembly import ALL, FAR, FINE, NEAR, Assembly
from worldgen.builder.architecture.frame import Frame
from worldgen.builder.architecture.joinery import WindowStyle, window
from worldgen.builder.architecture.panels import Opening, panel
from worldgen.builder.architecture.roof_styles import RoofStyle
from worldgen.builder.architecture.roofs import gable_profile, ridge_roof, under_line
from worldgen.builder.architecture.snow import snow_top
from worldgen.builder.architecture.solids import lathe


def chimney(
    assembly: Assembly,
    frame: Frame,
    span: tuple[float, float],
    material: str,
    *,
    size: tuple[float, float] = (0.75, 0.6),
    pots: int = 1,
    snow: float = 0.0,
) -> None:
    """Add a chimney stack about the frame's origin between two heights, with a crown and clay pots."""
    half_s, half_d = size[0] / 2.0, size[1] / 2.0
    bottom, top = span
    assembly.solid_box(frame, (-half_s, bottom, -half_d), (half_s, top - 0.24, half_d), material, skip="DU")
    for grow, low, high in ((0.05, top - 0.26, top - 0.14), (0.1, top - 0.14, top)):
        lower, upper = (-half_s - grow, low, -half_d - grow), (half_s + grow, high, half_d + grow)
        assembly.box(frame, lower, upper, material, grain=0, lods=NEAR)
    assembly.box(frame, (-half_s, top - 0.3, -half_d), (half_s, top, half_d), material, grain=0, lods=FAR, skip="D")
    for index in range(pots):
        s = (index - (pots - 1) / 2.0) * 0.34
        profile = [(0.12, 0.0), (0.1, 0.28), (0.125, 0.3), (0.125, 0.34), (0.09, 0.34), (0.085, 0.2), (0.0, 0.2)]
        lathe(assembly, frame.moved(s, top, 0.0), profile, "brick", sides=10, lods=FINE)
    if snow > 0.15:
        snow_top(assembly, frame, (-half_s - 0.1, -half_d - 0.1), (half_s + 0.1, half_d + 0.1), y=top, cover=snow)


def gable_dormer(
    assembly: Assembly,
    frame: Frame,
    *,
    width: float,
    sill_y: float,
    run: float,
    roof: RoofStyle,
    wall: str,
    glazing: WindowStyle,
    snow: float = 0.0,
) -> None:
    """Add a dormer with its own gabled roof and window.

    Args:
        assembly: Where to add it.
        frame: Its front wall's frame: ``out`` faces downhill, s = 0 is its middle.
        width: Of its front.
        sill_y: Height where its front wall leaves the main roof.
        run: How far back its roof reaches to meet the main roof.
        roof: What its roof is made of.
        wall: Material of its walls.
        glazing: Its window.
        snow: 0 to 1.
    """
    height = 1.25
    eave_y = sill_y + height
    style = RoofStyle(
        material=roof.material,
        thickness=min(roof.thickness, 0.16),
        course_m=roof.course_m,
        lip=roof.lip,
        underside=roof.underside,
        edge=roof.edge,
        ridge=roof.ridge,
        ridge_radius=roof.ridge_radius * 0.8,
        ridge_piece_m=roof.ridge_piece_m,
        barge=roof.barge,
        rafters=False,
    )
    profile, _ = gable_profile(width / 2.0, eave_y, math.radians(42.0), 0.2, style)
    side = frame.yawed(-math.pi / 2.0)
    # Turned by a quarter, the ridge runs along s towards the front, which is the right end.
    ridge_roof(assembly, side, profile, 0.22, style, snow=snow, open_ends="R", back_length=run)
    opening = Opening(left=-width / 2.0 + 0.28, right=width / 2.0 - 0.28, bottom=sill_y + 0.22, top=eave_y - 0.06)
    outline = under_line(profile, width / 2.0, style)
    panel(assembly, frame, outline, wall, bottom=sill_y - 0.5, openings=(opening,), top=False, ends=False, lods=NEAR)
    panel(assembly, frame, outline, wall, bottom=sill_y - 0.5, top=False, ends=False, lods=FAR)
    window(assembly, frame, opening, glazing)
    half = width / 2.0
    assembly.box(frame, (-half, sill_y - 0.5, -run), (half, eave_y + 0.03, 0.0), wall, grain=2, lods=ALL, skip="FBUD")


def finial(assembly: Assembly, frame: Frame, *, height: float = 0.9, vane: str | None = None) -> None:
    """Add an iron spike with a ball at the frame's origin, and a ``"cock"``, ``"cross"`` or ``"flag"`` on it."""
    profile = [
        (0.05, -0.1),
        (0.035, height * 0.3),
        (0.1, height * 0.36),
        (0.1, height * 0.46),
        (0.03, height * 0.52),
        (0.012, height),
    ]
    lathe(assembly, frame, profile, "iron", sides=8, lods=NEAR, smooth_along=True)
    if vane == "cross":
        tall, wide = height * 0.9, height * 0.34
        assembly.box(frame, (-0.04, height * 0.5, -0.03), (0.04, height * 0.5 + tall, 0.03), "iron", grain=1)
        y = height * 0.5 + tall * 0.62
        assembly.box(frame, (-wide, y - 0.04, -0.027), (wide, y + 0.04, 0.027), "iron", grain=0, lods=NEAR)
    elif vane == "cock":
        turned = frame.yawed(float(assembly.rng.uniform(0.0, math.pi)))
        assembly.box(turned, (-0.4, height * 0.72, -0.012), (0.3, height * 0.76, 0.012), "iron", grain=0, lods=FINE)
        for low, high in (((-0.02, 0.78), (0.2, 0.95)), ((0.12, 0.92), (0.28, 1.1)), ((-0.2, 0.86), (0.0, 1.12))):
            lower, upper = (low[0], height * low[1], -0.01), (high[0], height * high[1], 0.01)
            assembly.box(turned, lower, upper, "iron", grain=0, lods=FINE)
