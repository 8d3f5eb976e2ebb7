"""Levels of detail of a cloud: an order in which every beginning stands for the whole, and clouds thinned to a budget.

The tree of ``splat_tree`` is opened from the top, always at the node for which one splat stands worst. Each adds
the greatest splat of the node's other half, so splats are added in the order of what they bring, and 500 000 splats
begin with their best 150 000, which begin with their best 50 000. In a thinned cloud every splat grows until it covers
what the splats that it stands for did, and takes most of their mean colour.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worldgen.activations import colors_from_sh_dc, sh_dc_from_colors
from worldgen.errors import InvalidInputError
from worldgen.geometry.splat_transforms import take_gaussians
from worldgen.geometry.splat_tree import COLOR, COVER, NODE_FIELDS, SPREAD, SplatTree, build_splat_tree
from worldgen.scene.gaussian_cloud import GaussianCloud

USUAL_EYE = (0.0, 1.65, 0.0)
"""Where splats are taken to be looked at from: eye height over the spawn, which is the origin."""
LEVEL_SIZES = (50_000, 150_000, 500_000)
"""Numbers of splats that worlds are cut to."""
MAX_GROWTH = 4.0
"""No splat grows further than this: it would hide what is beside what it stands for."""
MEAN_SHARE = 0.7
"""How far a splat's colour goes towards the mean of those that it stands for. All the way, pictures grow dull; not at
all, 50 000 splats are 0.2 dB further from the pictures, and 0.5 dB where refinement has set neighbours off."""

_PREFIX_SHARE = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class _Openings:
    """When each splat is added.

    order    (N,) int64: splats, the most important first
    is_last  (N,) bool: whether no more splats are added by the opening that adds the one at this place
    """

    order: NDArray[np.int64]
    is_last: NDArray[np.bool_]


def importance_order(cloud: GaussianCloud, eye: tuple[float, float, float] = USUAL_EYE) -> NDArray[np.int64]:
    """Indices of all splats, the most important first: every beginning of it is spread over all that is seen.

    Args:
        cloud: Any splats.
        eye: Around where they are looked at from, in world.
    """
    if not cloud.num_gaussians:
        return np.zeros(0, dtype=np.int64)
    return _openings(build_splat_tree(cloud, np.array(eye, dtype=np.float64))).order


def thinned(cloud: GaussianCloud, budget: int, eye: tuple[float, float, float] = USUAL_EYE) -> GaussianCloud:
    """At most ``budget`` of the splats, the most important first, grown to cover what all of them did.

    Args:
        cloud: Any splats.
        budget: Splats at most.
        eye: Around where they are looked at from, in world.

    Raises:
        InvalidInputError: The budget is not positive.
    """
    if budget < 1:
        raise InvalidInputError("A budget must be at least one splat.")
    if budget >= cloud.num_gaussians:
        return cloud
    tree = build_splat_tree(cloud, np.array(eye, dtype=np.float64))
    openings = _openings(tree)
    count = int(np.flatnonzero(openings.is_last[:budget])[-1]) + 1
    kept = openings.order[:count]
    stood_for = _stood_for(tree, openings.order, count)[kept]
    own = np.zeros(cloud.num_gaussians)
    own[tree.order] = tree.nodes[0][:, COVER]
    growth = np.sqrt(stood_for[:, COVER] / np.maximum(own[kept], 1e-30))
    few = take_gaussians(cloud, kept)
    colors = colors_from_sh_dc(few.sh_dc)
    colors += np.float32(MEAN_SHARE) * (stood_for[:, COLOR : COLOR + 3].astype(np.float32) - colors)
    return dataclasses.replace(
        few,
        scales=few.scales * np.clip(growth, 1.0, MAX_GROWTH).astype(np.float32)[:, None],
        sh_dc=sh_dc_from_colors(colors),
    )


def prefix_widening(count: int, whole: int) -> float:
    """Factor on the scales of the first ``count`` of ``whole`` splats that closes gaps, where only one can be given."""
    return max(_PREFIX_SHARE * math.sqrt(whole / max(count, 1)), 1.0)


def _openings(tree: SplatTree) -> _Openings:
    """Open nodes by what is gained per splat, none before its parent."""
    count = len(tree.order)
    ranks = np.zeros(count, dtype=np.int64)
    ranks[tree.order] = np.arange(count)
    gains, levels = np.full(count, np.inf), np.full(count, len(tree.starts) + 1)
    is_last = np.zeros(count, dtype=bool)
    is_last[tree.chiefs[-1]] = True
    best = np.zeros(count)
    for level, starts in enumerate(tree.starts):
        sizes = np.diff(starts)
        own = tree.nodes[level + 1][:, SPREAD] - np.add.reduceat(tree.nodes[level][:, SPREAD], starts[:-1])
        # What is gained further down is only reached through here.
        best = np.maximum(own / np.maximum(sizes - 1, 1), np.maximum.reduceat(best, starts[:-1]))
        parents = np.repeat(np.arange(len(sizes)), sizes)
        is_new = tree.chiefs[level] != tree.chiefs[level + 1][parents]
        newcomers, parents = tree.chiefs[level][is_new], parents[is_new]
        gains[newcomers], levels[newcomers] = best[parents], level + 1
        is_last[newcomers] = np.diff(parents, append=-1) != 0
    order = np.lexsort((ranks, -levels, -gains))
    return _Openings(order, is_last[order])


def _stood_for(tree: SplatTree, order: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """The node that each splat of the first ``count`` of the order stands for; (N, NODE_FIELDS), zero elsewhere."""
    places = np.zeros(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    nodes = np.zeros((len(order), NODE_FIELDS))
    reached = np.ones(len(tree.chiefs[-1]), dtype=bool)
    for level in range(len(tree.starts), 0, -1):
        starts = tree.starts[level - 1]
        sizes = np.diff(starts)
        # A node is open once all its children's chiefs are drawn.
        last = np.maximum.reduceat(places[tree.chiefs[level - 1]], starts[:-1])
        is_open = reached & (last < count)
        closed = reached & ~is_open
        nodes[tree.chiefs[level][closed]] = tree.nodes[level][closed]
        reached = np.repeat(is_open, sizes)
    nodes[tree.order[reached]] = tree.nodes[0][reached]
    return nodes
