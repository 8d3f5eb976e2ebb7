"""A package made to fit a platform: which levels of detail are drawn, what is left out, how large textures are."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.exporters.engine_levels import LevelPlan
from worldgen.exporters.engine_package import Asset, Placement
from worldgen.exporters.glb_reader import GlbFile
from worldgen.exporters.images import encode_jpeg
from worldgen.exporters.png import encode_png

MB = 1e6
_LAND_SHARE = 0.4
_BYTES_PER_TEXEL = 4.0 * 4.0 / 3.0
"""RGBA with all its mipmaps."""
_SMALLEST_PX = 64
_JPEG_QUALITY = 95
_SMALL_PLANTS = frozenset({"grass", "flowers", "fern", "reeds", "bush"})
_DROP_ORDER = (_SMALL_PLANTS, frozenset({"rock"}))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TrianglePlan:
    """Which things are drawn, and how.

    ``skipped`` tells how many of an asset's finest levels are left out; ``placements`` are those that stay, each with
    the level that it has after skipping.
    """

    placements: tuple[Placement, ...]
    skipped: Mapping[str, int]
    num_left_out: int


Levels = Mapping[str, tuple[LevelPlan, ...]]


def land_goals(
    assets: Sequence[Asset], levels: Levels, placements: Sequence[Placement], max_triangles: int | None
) -> dict[str, int]:
    """How many triangles each tile of land may have, by asset: 40 % of all where not everything fits as it is.

    Water is flat and carries colours in its vertices: it stays as it is and counts as land.
    """
    by_name = {asset.name: asset for asset in assets}
    total = sum(levels[item.asset][item.level].num_triangles for item in placements)
    if max_triangles is None or total <= max_triangles:
        return {}
    counts = {asset.name: levels[asset.name][0].num_triangles for asset in assets if asset.is_static}
    water = sum(count for name, count in counts.items() if by_name[name].group == "water")
    ground = {name: count for name, count in counts.items() if by_name[name].group != "water"}
    goal = max(_LAND_SHARE * max_triangles - water, 0.0)
    share = min(goal / max(sum(ground.values()), 1), 1.0)
    return {name: max(round(share * count), 2) for name, count in ground.items()}


def plan_things(
    assets: Sequence[Asset], levels: Levels, placements: Sequence[Placement], max_triangles: int | None
) -> TrianglePlan:
    """Choose levels of detail so that what is drawn from the spawn stays within a number of triangles.

    Things become coarser by one level at a time, those farthest from the spawn first, until all fit; then small plants
    and stones are left out, again from far to near. Trees and buildings always stay, and trees that the world shows at
    their finest never become cards. Levels that nothing near needs any more are left out of their chains.
    """
    by_name = {asset.name: asset for asset in assets}
    moving = [item for item in placements if not by_name[item.asset].is_static]
    moving.sort(key=lambda item: (_distance(item), item.name))
    static = sum(levels[item.asset][0].num_triangles for item in placements if by_name[item.asset].is_static)
    left = np.inf if max_triangles is None else max_triangles - static
    steps = max((len(levels[item.asset]) for item in moving), default=1)
    coarser = np.array([[_coarser(item, levels, bias) for item in moving] for bias in range(steps)], dtype=np.int64)
    counts = [[level.num_triangles for level in levels[item.asset]] for item in moving]
    costs = np.array([[row[level] for row, level in zip(counts, rows, strict=True)] for rows in coarser])
    bias, num_near = _fitting_bias(costs.reshape(steps, len(moving)), left)
    chosen = np.where(np.arange(len(moving)) < num_near, coarser[max(bias - 1, 0)], coarser[bias]) if moving else []
    spent = {item.name: row[level] for item, row, level in zip(moving, counts, chosen, strict=True)}
    dropped = _left_out(moving, by_name, spent, left)
    level_of = {item.name: int(level) for item, level in zip(moving, chosen, strict=True)}
    skipped: dict[str, int] = {}
    if bias:
        for item in moving:
            finest = min(skipped.get(item.asset, len(levels[item.asset])), level_of[item.name])
            cards = sum(level.cards is not None for level in levels[item.asset])
            skipped[item.asset] = min(finest, len(levels[item.asset]) - cards - 1)
    return TrianglePlan(
        placements=tuple(
            dataclasses.replace(item, level=level_of.get(item.name, item.level) - skipped.get(item.asset, 0))
            for item in placements
            if item.name not in dropped
        ),
        skipped=skipped,
        num_left_out=len(dropped),
    )


def _coarser(item: Placement, levels: Levels, bias: int) -> int:
    chain = levels[item.asset]
    last = len(chain) - 1
    if item.level == 0 and chain[last].cards is not None:
        last -= 1
    return max(min(item.level + bias, last), item.level)


def _fitting_bias(costs: NDArray[np.int64], left: float) -> tuple[int, int]:
    """The bias that fits, and how many of the nearest things can do with one less; costs by bias and thing."""
    for bias in range(len(costs)):
        if costs[bias].sum() <= left or bias == len(costs) - 1:
            if bias == 0:
                return 0, 0
            # With k near things at the finer bias: what they cost there, and the rest at the coarser one.
            near = np.concatenate([[0], np.cumsum(costs[bias - 1])])
            far = costs[bias].sum() - np.concatenate([[0], np.cumsum(costs[bias])])
            return bias, max(int(np.searchsorted(near + far, left, side="right")) - 1, 0)
    return 0, 0


def _left_out(
    moving: Sequence[Placement], by_name: Mapping[str, Asset], costs: Mapping[str, int], left: float
) -> set[str]:
    dropped: set[str] = set()
    total = sum(costs.values())
    for labels in _DROP_ORDER:
        group = [item for item in moving if by_name[item.asset].label in labels]
        for item in sorted(group, key=lambda item: (-_distance(item), item.name)):
            if total <= left:
                return dropped
            dropped.add(item.name)
            total -= costs[item.name]
    return dropped


def _distance(item: Placement) -> float:
    return math.hypot(item.world_from_asset[0, 3], item.world_from_asset[2, 3])


def texture_mb(sizes: Sequence[tuple[int, int]]) -> float:
    """Memory of textures of (width, height) as RGBA with mipmaps, in 10⁶ bytes."""
    return sum(width * height for width, height in sizes) * _BYTES_PER_TEXEL / MB


def texels_of(megabytes: float) -> float:
    """How many texels such a memory holds."""
    return megabytes * MB / _BYTES_PER_TEXEL


def image_sizes(file: GlbFile) -> list[tuple[int, int]]:
    """(width, height) of every picture of a file, from their headers."""
    return [_opened(file, index).size for index in range(len(file.items("images")))]


def plan_textures(sizes: Sequence[tuple[int, int]], max_mb: float | None) -> list[tuple[int, int]]:
    """Sizes that fit: powers of two, the largest pictures halved until the sum is small enough."""
    planned = [(_power_of_two(width), _power_of_two(height)) for width, height in sizes]
    while max_mb is not None and texture_mb(planned) > max_mb:
        largest = max(range(len(planned)), key=lambda index: (planned[index][0] * planned[index][1], -index))
        width, height = planned[largest]
        if max(width, height) <= _SMALLEST_PX:
            break
        planned[largest] = (max(width // 2, 1), max(height // 2, 1))
    return planned


def _power_of_two(size: int) -> int:
    return int(2 ** round(math.log2(max(size, 1))))


def resized_picture(file: GlbFile, index: int, size: tuple[int, int]) -> tuple[bytes | memoryview, str]:
    """The bytes and MIME type of a picture at another size; as they are where it has that size."""
    data, mime_type = file.image_bytes(index)
    image = _opened(file, index)
    if image.size == size:
        return data, mime_type
    from PIL import Image

    small = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX), dtype=np.uint8)
    if mime_type == "image/jpeg":
        return encode_jpeg(small, quality=_JPEG_QUALITY), mime_type
    name = str(file.item("images", index).get("name", ""))
    return encode_png(_unit_normals(small) if name.endswith("_N") else small, is_srgb=False), "image/png"


def _unit_normals(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Normals that an average has shortened, at full length again."""
    vectors = picture.astype(np.float32) - np.float32(128.0)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.clip(np.rint(vectors / np.maximum(lengths, 1.0) * 127.0 + 128.0), 0, 255).astype(np.uint8)


def _opened(file: GlbFile, index: int) -> Any:
    from PIL import Image

    data, _ = file.image_bytes(index)
    try:
        return Image.open(io.BytesIO(bytes(data)), formats=("PNG", "JPEG"))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidInputError("A texture of the scene cannot be read.", path=file.path) from error
