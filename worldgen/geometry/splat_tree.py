"""A tree over splats whose nodes are what a visitor could take for one splat.

Cells match what a visitor can tell apart (see ``splat_cells``). Halving them along one axis after the other gives a
binary tree. Every node knows how much of the view the splats below it cover and how different their colours are, which
is what drawing one of them for all would cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.activations import colors_from_sh_dc
from worldgen.geometry.point_grid import run_starts, sort_keys
from worldgen.geometry.splat_cells import DEPTH_BINS, NEAREST_M, VISIT_RADIUS_M, cube_position
from worldgen.scene.gaussian_cloud import GaussianCloud

PLAINNESS = 0.15
"""Difference of colours, 0 to 1, that merging splats of one colour counts as: their outlines are lost all the same."""

COVER, COLOR, SPREAD = 0, 1, 4
NODE_FIELDS = 5
"""Cover (opacity times solid angle), mean colour (3), and the sum over all splats below of cover times squared
difference of colour."""

_AXIS_BITS = 12
_FACE_BITS = 3
_BINS = 1 << _AXIS_BITS
_ANGLE = 0.5 * math.pi / _BINS
_LARGEST_SOLID_ANGLE = 1.0

SplatArrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SplatTree:
    """Levels of nodes, the splats themselves first; the last level is the root.

    order    (N,) int32             the splat of each node of level 0
    starts   per further level (C + 1,) int32: first child of each node in the level before
    nodes    per level (C, NODE_FIELDS) float64
    chiefs   per level (C,) int32: the splat that covers most below each node
    """

    order: NDArray[np.int32]
    starts: list[NDArray[np.int32]]
    nodes: list[NDArray[np.float64]]
    chiefs: list[NDArray[np.int32]]


def build_splat_tree(cloud: GaussianCloud, eye: NDArray[np.float64]) -> SplatTree:
    """Build the tree of some splats, at least one, as seen from around ``eye`` (3,)."""
    keys, order = sort_keys(_tree_keys(cloud.means, eye))
    leaves = np.zeros((len(order), NODE_FIELDS))
    leaves[:, COVER] = _covers((cloud.means, cloud.quats_wxyz, cloud.scales, cloud.opacities), order, eye)
    leaves[:, COLOR : COLOR + 3] = colors_from_sh_dc(cloud.sh_dc)[order]
    starts, nodes, chiefs = [], [leaves], [order]
    # First splats in one cell of the finest level, then bit by bit; at last all faces of the cube at once.
    for drop in (0, *[1] * (3 * _AXIS_BITS), _FACE_BITS):
        keys = keys >> np.uint64(drop)
        children = run_starts(keys)
        if len(children) == len(keys) + 1:
            continue
        merged, chief = _merged_nodes(children, nodes[-1], chiefs[-1])
        keys = keys[children[:-1]]
        starts.append(children)
        nodes.append(merged)
        chiefs.append(chief)
    return SplatTree(order=order, starts=starts, nodes=nodes, chiefs=chiefs)


@nb.njit(parallel=True, cache=True)
def _tree_keys(points: NDArray[np.float32], eye: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Keys whose lowest bits, dropped one by one, merge cells along depth, across and down in turn; (N,) uint64."""
    keys = np.zeros(len(points), dtype=np.uint64)
    per_angle = 1.0 / (_ANGLE * DEPTH_BINS)
    for i in nb.prange(len(points)):
        x, y, z = points[i, 0] - eye[0], points[i, 1] - eye[1], points[i, 2] - eye[2]
        face, u, v = cube_position(x, y, z, _BINS)
        distance = max(math.sqrt(x * x + y * y + z * z), NEAREST_M)
        if distance < VISIT_RADIUS_M:
            depth = math.log(distance / NEAREST_M)
        else:
            depth = math.log(VISIT_RADIUS_M / NEAREST_M) + 1.0 - VISIT_RADIUS_M / distance
        w = min(int(depth * per_angle), _BINS - 1)
        key = np.uint64(face)
        for bit in range(_AXIS_BITS - 1, -1, -1):
            digit = np.uint64(((v >> bit) & 1) << 2) | np.uint64(((u >> bit) & 1) << 1) | np.uint64((w >> bit) & 1)
            key = (key << np.uint64(3)) | digit
        keys[i] = key
    return keys


@nb.njit(parallel=True, cache=True)
def _covers(splats: SplatArrays, order: NDArray[np.int32], eye: NDArray[np.float64]) -> NDArray[np.float64]:
    """Opacity times solid angle (steradians) of splats in the given order, seen from the eye, bounded; (N,).

    What is nearer than a metre counts as if it were that far: visitors do not all stand there.
    """
    means, quats, scales, opacities = splats
    covers = np.zeros(len(order))
    for rank in nb.prange(len(order)):
        i = order[rank]
        x, y, z = means[i, 0] - eye[0], means[i, 1] - eye[1], means[i, 2] - eye[2]
        square = max(x * x + y * y + z * z, 1e-12)
        w, a, b, c = float(quats[i, 0]), float(quats[i, 1]), float(quats[i, 2]), float(quats[i, 3])
        # The direction in the splat's own axes; the area across it is |adj(S) d| with adj of diag(s0, s1, s2).
        d0 = (1.0 - 2.0 * (b * b + c * c)) * x + 2.0 * (a * b + w * c) * y + 2.0 * (a * c - w * b) * z
        d1 = 2.0 * (a * b - w * c) * x + (1.0 - 2.0 * (a * a + c * c)) * y + 2.0 * (b * c + w * a) * z
        d2 = 2.0 * (a * c + w * b) * x + 2.0 * (b * c - w * a) * y + (1.0 - 2.0 * (a * a + b * b)) * z
        s0, s1, s2 = float(scales[i, 0]), float(scales[i, 1]), float(scales[i, 2])
        across = (s1 * s2 * d0) ** 2 + (s0 * s2 * d1) ** 2 + (s0 * s1 * d2) ** 2
        area = 2.0 * math.pi * math.sqrt(across / square)
        covers[rank] = float(opacities[i]) * min(area / max(square, 1.0), _LARGEST_SOLID_ANGLE)
    return covers


@nb.njit(parallel=True, cache=True)
def _merged_nodes(
    starts: NDArray[np.int32], children: NDArray[np.float64], chiefs: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Nodes of the level above, and the splats that stand for them."""
    nodes = np.zeros((len(starts) - 1, NODE_FIELDS))
    chief = np.zeros(len(starts) - 1, dtype=np.int32)
    for parent in nb.prange(len(starts) - 1):
        first = starts[parent]
        for k in range(NODE_FIELDS):
            nodes[parent, k] = children[first, k]
        chief[parent] = chiefs[first]
        most = nodes[parent, COVER]
        for child in range(first + 1, starts[parent + 1]):
            if children[child, COVER] > most:
                most, chief[parent] = children[child, COVER], chiefs[child]
            total = nodes[parent, COVER] + children[child, COVER]
            share = children[child, COVER] / total if total > 0.0 else 0.5
            different = PLAINNESS * PLAINNESS
            for k in range(COLOR, COLOR + 3):
                step = children[child, k] - nodes[parent, k]
                different += step * step
                nodes[parent, k] += share * step
            nodes[parent, SPREAD] += children[child, SPREAD] + total * share * (1.0 - share) * different
            nodes[parent, COVER] = total
    return nodes, chief
