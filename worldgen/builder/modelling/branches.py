"""Plant skeletons: sets of curved, tapering branches that grow level by level.

Growth is recursive in the manner of Weber and Penn, "Creation and Rendering of Realistic Trees" (SIGGRAPH 1995):
children leave their parents at given angles and lengths, and bend under tropism and chance. All branches of one
level have the same number of points, so a whole level grows in one vectorised loop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]

GOLDEN_ANGLE = 2.399963229728653
"""Angle between successive leaves of a spiral, in radians."""

UP: Doubles = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """B branches of P points each.

    points  (B, P, 3)  metres, from base to tip
    radii   (B, P)     metres
    """

    points: Doubles
    radii: Doubles

    @property
    def count(self) -> int:
        """Number of branches."""
        return len(self.points)

    @property
    def lengths(self) -> Doubles:
        """Length of each branch, (B,), metres."""
        steps: Doubles = np.linalg.norm(np.diff(self.points, axis=1), axis=2).sum(axis=1)
        return steps

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Branches:
        """Only the chosen branches."""
        return Branches(self.points[chosen], self.radii[chosen])

    def thinned(self, num_points: int) -> Branches:
        """The same branches drawn through fewer of their points, ends included."""
        kept = np.unique(np.rint(np.linspace(0, self.points.shape[1] - 1, num_points)).astype(np.intp))
        return Branches(self.points[:, kept], self.radii[:, kept])


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """Places on branches where something grows: (N, 3) positions and unit tangents, (N,) radii.

    ``along`` (N,) is how far along the branch, 0 to 1, and ``branch`` (N,) its index.
    """

    positions: Doubles
    tangents: Doubles
    radii: Doubles
    along: Doubles
    branch: NDArray[np.intp]


def resampled(branches: Branches, fractions: Doubles) -> Branches:
    """The same branches through points at other fractions (P',) of their length, in growing order."""
    sites = sites_on(branches, np.broadcast_to(fractions, (branches.count, len(fractions))))
    shape = (branches.count, len(fractions))
    return Branches(sites.positions.reshape(*shape, 3), sites.radii.reshape(shape))


def some_with_extremes(branches: Branches, step: int) -> NDArray[np.intp]:
    """Indices of every ``step``-th branch and of those whose tips reach furthest, in order: the outline stays."""
    tips = branches.points[:, -1]
    extremes = np.concatenate((tips.argmax(axis=0), tips.argmin(axis=0)))
    chosen: NDArray[np.intp] = np.unique(np.concatenate((np.arange(0, branches.count, step), extremes)))
    return chosen


def lengthened_to(branches: Branches, twigs: Branches, branch_of_twig: NDArray[np.intp]) -> Branches:
    """The same branches with their tips moved to the tip of their furthest twig, for when twigs are left out."""
    tips = twigs.points[:, -1]
    reach = np.linalg.norm(tips - branches.points[branch_of_twig, 0], axis=1)
    order = np.lexsort((reach, branch_of_twig))
    owners, last = np.unique(branch_of_twig[order][::-1], return_index=True)
    points = branches.points.copy()
    points[owners, -1] = tips[order[::-1][last]]
    return Branches(points, branches.radii)


def joined_branches(first: Branches, second: Branches) -> Branches:
    """Two sets of branches with the same number of points, as one."""
    return Branches(np.concatenate((first.points, second.points)), np.concatenate((first.radii, second.radii)))


def unit(vectors: Doubles) -> Doubles:
    """Unit vectors along the last axis."""
    lengths = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    scaled: Doubles = vectors / np.maximum(lengths, 1e-12)
    return scaled


def cross(a: Doubles, b: Doubles) -> Doubles:
    """Cross products along the last axis (several times faster than numpy's for many small vectors)."""
    a, b = np.broadcast_arrays(a, b)
    product: Doubles = np.stack(
        (
            a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1],
            a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2],
            a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0],
        ),
        axis=-1,
    )
    return product


def sideways(directions: Doubles) -> Doubles:
    """A horizontal unit vector at right angles to each direction (+X for vertical ones)."""
    side = np.stack((directions[..., 2], np.zeros(directions.shape[:-1]), -directions[..., 0]), axis=-1)
    vertical = np.abs(side).sum(axis=-1) < 1e-6
    side[vertical] = (1.0, 0.0, 0.0)
    return unit(side)


def diverge(tangents: Doubles, angles: ArrayLike, azimuths: ArrayLike) -> Doubles:
    """Directions that leave ``tangents`` (N, 3) at ``angles``, turned around them by ``azimuths`` (radians)."""
    side = sideways(tangents)
    other = cross(tangents, side)
    angle, azimuth = np.asarray(angles)[..., None], np.asarray(azimuths)[..., None]
    radial = side * np.cos(azimuth) + other * np.sin(azimuth)
    return unit(tangents * np.cos(angle) + radial * np.sin(angle))


def directions_from(elevations: ArrayLike, azimuths: ArrayLike) -> Doubles:
    """Unit vectors with given angles above the horizon and around the vertical, in radians."""
    elevation, azimuth = np.broadcast_arrays(np.asarray(elevations, float), np.asarray(azimuths, float))
    flat = np.cos(elevation)
    return np.stack((flat * np.cos(azimuth), np.sin(elevation), flat * np.sin(azimuth)), axis=-1)


def random_directions(count: int, generator: np.random.Generator) -> Doubles:
    """Unit vectors, evenly over the sphere."""
    return directions_from(np.arcsin(generator.uniform(-1.0, 1.0, count)), generator.uniform(0.0, 2.0 * np.pi, count))


def sites_on(branches: Branches, along: Doubles) -> Sites:
    """Sites at ``along`` (B, C) on each branch, branch by branch."""
    num_branches, num_sites = along.shape
    last = branches.points.shape[1] - 1
    scaled = np.clip(along, 0.0, 1.0) * last
    index = np.minimum(scaled.astype(np.intp), last - 1)
    fraction = scaled - index
    row = np.arange(num_branches)[:, None]
    start, end = branches.points[row, index], branches.points[row, index + 1]
    radii = branches.radii[row, index] * (1.0 - fraction) + branches.radii[row, index + 1] * fraction
    positions = start + (end - start) * fraction[..., None]
    return Sites(
        positions.reshape(-1, 3),
        unit(end - start).reshape(-1, 3),
        radii.ravel(),
        np.asarray(along, dtype=np.float64).ravel(),
        np.repeat(np.arange(num_branches), num_sites),
    )


def spread_along(
    num_branches: int, num_sites: int, bounds: tuple[float, float], generator: np.random.Generator
) -> Doubles:
    """Evenly spread, jittered positions (B, C) between two fractions of the branch, in growing order."""
    cells = (np.arange(num_sites) + generator.uniform(0.05, 0.95, (num_branches, num_sites))) / num_sites
    along: Doubles = bounds[0] + (bounds[1] - bounds[0]) * cells
    return along


def extend(
    origins: Doubles,
    directions: Doubles,
    lengths: ArrayLike,
    *,
    num_points: int,
    base_radii: ArrayLike,
    tip_ratio: float = 0.2,
    taper: float = 1.0,
    rise: ArrayLike = 0.0,
    wiggle: float = 0.0,
    generator: np.random.Generator,
) -> Branches:
    """Grow N branches from their origins.

    Args:
        origins: (N, 3) metres.
        directions: (N, 3) unit.
        lengths: (N,) or one length, metres.
        num_points: Points of each branch, 2 or more.
        base_radii: (N,) or one radius, metres.
        tip_ratio: Radius at the tip as a share of the base's.
        taper: Exponent of the taper; above 1 keeps the lower part thick.
        rise: How strongly it bends up (negative: down) over its whole length, as a scalar, (N, 1) or
            (N, num_points - 1) for a bend that changes along the branch.
        wiggle: Standard deviation of its random turns over the whole length, in radians or so.
        generator: Source of the turns.
    """
    count = len(origins)
    steps = num_points - 1
    step_lengths = (np.broadcast_to(np.asarray(lengths, dtype=np.float64), (count,)) / steps)[:, None]
    bends = np.broadcast_to(np.asarray(rise, dtype=np.float64), (count, steps)) / steps
    turns = generator.normal(0.0, wiggle / np.sqrt(steps), (count, steps, 3)) if wiggle > 0.0 else None
    points = np.zeros((count, num_points, 3))
    points[:, 0] = origins
    heading = directions
    for step in range(steps):
        heading = heading + UP * bends[:, step, None]
        if turns is not None:
            heading = heading + turns[:, step]
        heading = unit(heading)
        points[:, step + 1] = points[:, step] + heading * step_lengths
    share = tip_ratio + (1.0 - tip_ratio) * (1.0 - np.linspace(0.0, 1.0, num_points) ** taper)
    radii = np.broadcast_to(np.asarray(base_radii, dtype=np.float64), (count,))[:, None] * share
    return Branches(points, radii)


def reach_in_ellipsoid(origins: Doubles, directions: Doubles, center: Doubles, semi_axes: Doubles) -> Doubles:
    """Distance from each origin along its direction to the surface of an ellipsoid, 0 where it misses."""
    from_center = (origins - center) / semi_axes
    scaled = directions / semi_axes
    a = np.einsum("ij,ij->i", scaled, scaled)
    b = np.einsum("ij,ij->i", from_center, scaled)
    c = np.einsum("ij,ij->i", from_center, from_center) - 1.0
    root = np.sqrt(np.maximum(b * b - a * c, 0.0))
    reach: Doubles = np.maximum((-b + root) / a, 0.0)
    return reach
