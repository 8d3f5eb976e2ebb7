"""Cells that match what a visitor can tell apart, and one Gaussian for the surface samples in each.

Visitors stand within a few metres of the spawn. Seen from there, two surface points look alike if they are close in
direction, and close in depth compared with the parallax that walking about can show. So cells are bins of direction on
a cube around the eye and bins of depth that grow with the square of the distance.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.point_grid import count_distinct

VISIT_RADIUS_M = 3.0
"""How far from the spawn the splats are meant to be looked at from."""
DEPTH_BINS = 2.0
"""Length of a depth bin, in units of the parallax that is one angular bin."""
SMALLEST_ANGLE = 5e-4
"""Cells are never smaller than this, in radians."""
LARGEST_ANGLE = 0.5
"""Cells are never larger than this, in radians."""

SampleArrays = tuple[
    NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]
]

CellMoments = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

NEAREST_M = 0.1
"""Everything nearer to the eye than this lies in one bin of depth."""
_BLOCK_ANGLE = 0.03
_SAME_SURFACE_BINS = 2
"""Neighbouring cells so many bins of depth apart still belong to one surface."""
_PROBE_EVERY = 16


@nb.njit(cache=True, inline="always")
def cube_position(x: float, y: float, z: float, bins: int) -> tuple[int, int, int]:
    """Face of the cube around the origin that a direction meets, and its column and row in bins of equal angle."""
    ax, ay, az = abs(x), abs(y), abs(z)
    if ax >= ay and ax >= az:
        face, major, first, second = (0 if x > 0 else 1), ax, y, z
    elif ay >= az:
        face, major, first, second = (2 if y > 0 else 3), ay, x, z
    else:
        face, major, first, second = (4 if z > 0 else 5), az, x, y
    major = max(major, 1e-6)
    u = min(int((math.atan(first / major) * 2.0 / math.pi + 0.5) * bins), bins - 1)
    v = min(int((math.atan(second / major) * 2.0 / math.pi + 0.5) * bins), bins - 1)
    return face, u, v


@nb.njit(parallel=True, cache=True)
def cell_keys(points: NDArray[np.float32], eye: NDArray[np.float64], angle: float) -> NDArray[np.uint64]:
    """Keys of cells of a given angular size (radians); (N,) uint64."""
    keys = np.zeros(len(points), dtype=np.uint64)
    bins = max(math.ceil(0.5 * math.pi / angle), 1)
    per_angle = 1.0 / (angle * DEPTH_BINS)
    for i in nb.prange(len(points)):
        x, y, z = points[i, 0] - eye[0], points[i, 1] - eye[1], points[i, 2] - eye[2]
        face, u, v = cube_position(x, y, z, bins)
        distance = max(math.sqrt(x * x + y * y + z * z), NEAREST_M)
        if distance < VISIT_RADIUS_M:
            depth = math.log(distance / NEAREST_M)
        else:
            depth = math.log(VISIT_RADIUS_M / NEAREST_M) + 1.0 - VISIT_RADIUS_M / distance
        w = int(depth * per_angle)
        keys[i] = (
            (np.uint64(face) << np.uint64(58)) | (np.uint64(u) << np.uint64(44)) | (np.uint64(v) << np.uint64(30))
        ) | np.uint64(w)
    return keys


@nb.njit(parallel=True, cache=True)
def inner_cells(keys: NDArray[np.uint64], angle: float) -> NDArray[np.bool_]:
    """Whether the surface of a cell goes on in all eight directions around it, as seen from the eye.

    Args:
        keys: (C,) distinct keys of all cells, ascending.
        angle: Angular size of the cells in radians.

    Returns:
        (C,) bool; False at silhouettes, where a neighbour is missing or far before or behind.
    """
    bins = max(math.ceil(0.5 * math.pi / angle), 1)
    side = np.uint64((1 << 14) - 1)
    inner = np.zeros(len(keys), dtype=np.bool_)
    for i in nb.prange(len(keys)):
        face = keys[i] >> np.uint64(58)
        u = np.int64((keys[i] >> np.uint64(44)) & side)
        v = np.int64((keys[i] >> np.uint64(30)) & side)
        depth = np.int64(keys[i] & np.uint64((1 << 30) - 1))
        found = 0
        for k in range(9):
            beside, below = u + k // 3 - 1, v + k % 3 - 1
            if not (0 <= beside < bins and 0 <= below < bins):
                found += 1
                continue
            column = (
                (face << np.uint64(58)) | (np.uint64(beside) << np.uint64(44)) | (np.uint64(below) << np.uint64(30))
            )
            nearest = column | np.uint64(max(int(depth) - _SAME_SURFACE_BINS, 0))
            place = np.searchsorted(keys, nearest)
            if place < len(keys) and keys[place] <= (column | np.uint64(depth + _SAME_SURFACE_BINS)):
                found += 1
        inner[i] = found == 9
    return inner


def angle_for_budget(points: NDArray[np.float32], eye: NDArray[np.float64], budget: int) -> float:
    """A size of cells (radians) whose number is at most ``budget`` and close to it.

    Where even ``LARGEST_ANGLE`` gives more cells than that, it is the answer all the same. Counting is dear, so
    the size is sought on a sixteenth of all directions first.
    """
    blocks = cell_keys(points, eye, _BLOCK_ANGLE) >> np.uint64(30)
    probe = points[_is_probed(blocks)]
    low, high = SMALLEST_ANGLE, LARGEST_ANGLE
    for _ in range(14):
        middle = math.sqrt(low * high)
        if count_distinct(cell_keys(probe, eye, middle)) * _PROBE_EVERY <= budget:
            high = middle
        else:
            low = middle
    angle = high
    for _ in range(3):
        # Cells lie on surfaces, so their number falls with about the square of their size.
        count = count_distinct(cell_keys(points, eye, angle))
        if 0.97 * budget <= count <= budget:
            break
        angle = min(max(angle * math.sqrt(count / (0.985 * budget)), SMALLEST_ANGLE), LARGEST_ANGLE)
    while angle < LARGEST_ANGLE and count_distinct(cell_keys(points, eye, angle)) > budget:
        angle *= 1.01
    return min(angle, LARGEST_ANGLE)


@nb.njit(parallel=True, cache=True)
def _is_probed(blocks: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether points belong to the blocks of directions that are counted, scattered by multiplicative hashing."""
    chosen = np.zeros(len(blocks), dtype=np.bool_)
    for i in nb.prange(len(blocks)):
        hashed = (blocks[i] + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        chosen[i] = (hashed >> np.uint64(60)) % np.uint64(_PROBE_EVERY) == np.uint64(0)
    return chosen


@nb.njit(parallel=True, cache=True)
def cell_moments(
    cells: tuple[NDArray[np.int32], NDArray[np.int32]], samples: SampleArrays, max_stretch: float
) -> CellMoments:
    """Mean, covariance and colour of the samples of each cell.

    Every sample counts as the patch of surface that its pixel covers: across the ray as wide as the footprint, along
    it stretched by the tilt of the surface, at most ``max_stretch`` times.

    Args:
        cells: For each cell the first of its samples in the second array (C + 1,), and indices of samples (N,).
        samples: Points (N, 3), normals (N, 3), rays (N, 3), footprints (N,) and colours (N, 3).
        max_stretch: Limit of the stretch.

    Returns:
        Means (C, 3), covariances (C, 6) as xx, xy, xz, yy, yz, zz, mean colours (C, 3) and the variance of the
        colours (C,), averaged over channels.
    """
    starts, order = cells
    points, normals, rays, footprints, colors = samples
    count = len(starts) - 1
    means, covariances = np.zeros((count, 3)), np.zeros((count, 6))
    mean_colors, variances = np.zeros((count, 3)), np.zeros(count)
    for run in nb.prange(len(starts) - 1):
        members = starts[run + 1] - starts[run]
        base = order[starts[run]]
        sums = np.zeros(9)
        patch = np.zeros(6)
        red = green = blue = squares = 0.0
        for k in range(starts[run], starts[run + 1]):
            i = order[k]
            x, y, z = (
                float(points[i, 0]) - points[base, 0],
                float(points[i, 1]) - points[base, 1],
                float(points[i, 2]) - points[base, 2],
            )
            sums[0] += x
            sums[1] += y
            sums[2] += z
            sums[3] += x * x
            sums[4] += x * y
            sums[5] += x * z
            sums[6] += y * y
            sums[7] += y * z
            sums[8] += z * z
            n0, n1, n2 = float(normals[i, 0]), float(normals[i, 1]), float(normals[i, 2])
            d0, d1, d2 = float(rays[i, 0]), float(rays[i, 1]), float(rays[i, 2])
            cosine = d0 * n0 + d1 * n1 + d2 * n2
            t0, t1, t2 = d0 - cosine * n0, d1 - cosine * n1, d2 - cosine * n2
            length = math.sqrt(t0 * t0 + t1 * t1 + t2 * t2)
            variance = float(footprints[i]) ** 2 / 12.0
            # The patch is variance * (I - n nᵀ) plus what the tilt adds along t.
            extra = 0.0
            if length > 1e-6:
                stretch = min(1.0 / max(abs(cosine), 1e-3), max_stretch)
                extra = variance * (stretch * stretch - 1.0) / (length * length)
            patch[0] += variance * (1.0 - n0 * n0) + extra * t0 * t0
            patch[1] += -variance * n0 * n1 + extra * t0 * t1
            patch[2] += -variance * n0 * n2 + extra * t0 * t2
            patch[3] += variance * (1.0 - n1 * n1) + extra * t1 * t1
            patch[4] += -variance * n1 * n2 + extra * t1 * t2
            patch[5] += variance * (1.0 - n2 * n2) + extra * t2 * t2
            red += colors[i, 0]
            green += colors[i, 1]
            blue += colors[i, 2]
            squares += colors[i, 0] ** 2 + colors[i, 1] ** 2 + colors[i, 2] ** 2
        inverse = 1.0 / members
        m0, m1, m2 = sums[0] * inverse, sums[1] * inverse, sums[2] * inverse
        means[run, 0] = points[base, 0] + m0
        means[run, 1] = points[base, 1] + m1
        means[run, 2] = points[base, 2] + m2
        covariances[run, 0] = (sums[3] + patch[0]) * inverse - m0 * m0
        covariances[run, 1] = (sums[4] + patch[1]) * inverse - m0 * m1
        covariances[run, 2] = (sums[5] + patch[2]) * inverse - m0 * m2
        covariances[run, 3] = (sums[6] + patch[3]) * inverse - m1 * m1
        covariances[run, 4] = (sums[7] + patch[4]) * inverse - m1 * m2
        covariances[run, 5] = (sums[8] + patch[5]) * inverse - m2 * m2
        mean_colors[run, 0] = red * inverse
        mean_colors[run, 1] = green * inverse
        mean_colors[run, 2] = blue * inverse
        of_mean = (red * red + green * green + blue * blue) * inverse
        variances[run] = max(squares - of_mean, 0.0) * inverse / 3.0
    return means, covariances, mean_colors, variances


@nb.njit(parallel=True, cache=True)
def direction_keys(directions: NDArray[np.float32], angle: float, levels: int) -> NDArray[np.uint64]:
    """Keys of a quadtree over directions: dropping two bits gives the key of the parent; (N,) uint64.

    Args:
        directions: (N, 3), of any length.
        angle: Side of the finest cells in radians, at most.
        levels: Number of levels; the cells of a face are a multiple of the coarsest one's.
    """
    keys = np.zeros(len(directions), dtype=np.uint64)
    coarsest = 1 << (levels - 1)
    bins = max(math.ceil(0.5 * math.pi / angle), 1)
    bins = (bins + coarsest - 1) // coarsest * coarsest
    for i in nb.prange(len(directions)):
        face, u, v = cube_position(directions[i, 0], directions[i, 1], directions[i, 2], bins)
        key = np.uint64(face)
        for bit in range(15, -1, -1):
            key = (key << np.uint64(2)) | np.uint64(2 * ((u >> bit) & 1) + ((v >> bit) & 1))
        keys[i] = key
    return keys
