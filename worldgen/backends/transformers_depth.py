"""Depth from any Hugging Face depth network: overlapping views of the sphere, joined to one seamless depth.

A network sees perspective views, twenty squares that overlap by more than half, and tells of each its depth or inverse
depth, up to scale and shift where it is not metric. ``merge_views`` makes them agree and blends them. The sky is where
the picture looks like sky and the network, too, sees nothing near.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldgen.backends.depth import DepthEstimate, DepthRequest
from worldgen.backends.model_options import DepthMeaning, DepthModelOptions
from worldgen.backends.running import (
    Machine,
    choose_machine,
    import_library,
    loading,
    memory_guarded,
    offline_and_quiet,
)
from worldgen.backends.weights import LocalWeights, find_weights
from worldgen.errors import InvalidInputError, UsageError
from worldgen.events import Progress, RunContext, StageProgress, ignore_progress
from worldgen.geometry.cameras import pinhole_camera, pixel_rays_in_world
from worldgen.geometry.depth_alignment import Alignment, ViewDepth, align_views, overlapping_cameras, sample_view
from worldgen.geometry.depth_merging import blend_views
from worldgen.geometry.equirectangular import equirectangular_rays, sample_equirectangular
from worldgen.geometry.panorama_completion import resized
from worldgen.geometry.sky_mask import find_sky
from worldgen.scene.camera import Camera

FIELD_OF_VIEW = math.radians(95.0)

_MEANINGS: dict[str, DepthMeaning] = {
    "depth_pro": "metric",
    "glpn": "metric",
    "tipsv2_dpt": "metric",
    "zoedepth": "metric",
}
"""Model types whose meaning does not depend on their configuration."""
_VIEW_PX = 384
_PATCH_PX = 14
"""Sides of views are multiples of the model's patch, or of this many pixels."""
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, for models that say nothing else."""
_FAR_FACTOR = 2.5
"""Sky must be this much farther than the middle of everything else, by the network."""
_SKY_ROWS = 128
_DISAGREEMENT = 0.15
"""Relative difference of overlapping views that halves the confidence."""
_SIZE_OPTION = "--depth-size"

Predictor = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""One view (S, S, 3) sRGB-encoded → (s, s) what the network says; s may differ from S."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A depth network ready to use."""

    predict: Predictor
    meaning: DepthMeaning
    view_px: int


class TransformersDepth:
    """The depth backend ``transformers``."""

    def __init__(self, *, options: DepthModelOptions) -> None:
        """Find the weights, so that a wrong name is told before the work."""
        self._options = options
        self._weights = find_weights(options.weights, options.execution, option="--depth-model")

    def __call__(self, request: DepthRequest, context: RunContext) -> DepthEstimate:
        """Load the network, show it the views and merge what it says."""
        weights = self._weights
        network = load_network(weights, self._options)

        def progress(fraction: float, message: str) -> None:
            context.report(StageProgress("depth", fraction, message))

        with memory_guarded(weights.name, size_option=_SIZE_OPTION):
            depth, confidence = spherical_depth(request.rgb, network, progress=progress)
        record = weights.record()
        return DepthEstimate(
            euclidean_depth=depth,
            confidence=(confidence * np.where(request.known, 1.0, 0.5)).astype(np.float32),
            is_metric=network.meaning == "metric",
            provenance="neural",
            model=record.name,
            licence=record.licence,
            models=(record,),
        )


def spherical_depth(
    rgb: NDArray[np.float32], network: Network, *, progress: Progress = ignore_progress
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Depth of a panorama by a network of perspective views.

    Args:
        rgb: (H, 2H, 3) sRGB-encoded, 0 to 1, level.
        network: What is asked.
        progress: Told after every view.

    Returns:
        (H, 2H) float32 euclidean depth, infinite for the sky, in metres or in the unit of its middle, and confidence
        (H, 2H) float32, 0 to 1.

    Raises:
        InvalidInputError: The network gives nothing of use.
    """
    height = len(rgb)
    sky = find_sky(rgb).is_sky
    cameras = overlapping_cameras(size_px=network.view_px, field_of_view=FIELD_OF_VIEW)
    # A panorama much finer than the views is made smaller first: views are sampled at points.
    fine_rows = int(1.5 * network.view_px * math.pi / FIELD_OF_VIEW)
    shown = resized(rgb, 2 * fine_rows, fine_rows, wraps=True) if height > fine_rows else rgb
    views = []
    for index, camera in enumerate(cameras):
        progress(index / len(cameras), f"view {index + 1} of {len(cameras)}")
        views.append(_asked(shown, camera, network))
    alignment = align_views(views, network.meaning)
    is_sky = _far_sky(sky, _told(views, alignment, network.meaning, min(height, _SKY_ROWS))[0])
    seen = [_without_sky(view, is_sky) for view in views] if is_sky.any() else views
    depth, weight = blend_views(seen, alignment, network.meaning, height=height)
    confidence = np.where(weight > 0.0, _agreement(seen, alignment, network.meaning, height), 0.05)
    depth = np.where(is_sky, np.float32(np.inf), np.maximum(depth, np.float32(1e-4)))
    return depth.astype(np.float32), np.where(is_sky, 0.9, confidence).astype(np.float32)


def _asked(rgb: NDArray[np.float32], camera: Camera, network: Network) -> ViewDepth:
    """What the network says about one view."""
    view = np.clip(sample_equirectangular(rgb, pixel_rays_in_world(camera)), 0.0, 1.0).astype(np.float32)
    values = np.asarray(network.predict(view), dtype=np.float32)
    if values.ndim != 2 or values.shape[0] != values.shape[1] or len(values) < 8:
        raise InvalidInputError(f"The depth network answered with an array of shape {values.shape}.")
    if network.meaning == "metric":
        values = np.where(values > 0.0, values, np.nan).astype(np.float32)
    if not np.isfinite(values).any():
        raise InvalidInputError("The depth network answered with no finite depth.", hint="Try --precision float32.")
    # Where a network answers at another size, its view is the same, with larger or smaller pixels.
    own = pinhole_camera(camera.world_from_camera, height=len(values), width=len(values), horizontal_fov=FIELD_OF_VIEW)
    return ViewDepth(camera=own, values=values, confidence=np.ones(values.shape, dtype=np.float32))


def _far_sky(sky: NDArray[np.bool_], inverse: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The parts that look like sky and are far by the network, too: a white ceiling is not."""
    from scipy.ndimage import label

    if not sky.any() or sky.all():
        return np.zeros_like(sky)
    height = len(sky)
    rows = np.arange(height) * len(inverse) // height
    columns = np.arange(2 * height) * len(inverse) // height
    told = inverse[rows[:, None], columns[None]]
    limit = float(np.median(told[~sky])) / _FAR_FACTOR
    parts, count = label(sky)
    # A part that goes on over the seam is one.
    for left, right in zip(parts[:, 0].tolist(), parts[:, -1].tolist(), strict=True):
        if left and right and left != right:
            parts[parts == right] = left
    result = np.zeros_like(sky)
    for part in np.unique(parts[parts > 0]) if count else ():
        inside = parts == part
        if float(np.median(told[inside])) <= limit:
            result |= inside
    return result


def _without_sky(view: ViewDepth, is_sky: NDArray[np.bool_]) -> ViewDepth:
    """A view that says nothing about the sky."""
    height = len(is_sky)
    rays = pixel_rays_in_world(view.camera)
    row = np.clip((np.arccos(np.clip(rays[..., 1], -1.0, 1.0)) / math.pi * height).astype(np.int64), 0, height - 1)
    turn = np.arctan2(rays[..., 0], -rays[..., 2]) / (2.0 * math.pi) + 0.5
    column = np.floor(turn * 2 * height).astype(np.int64) % (2 * height)
    values = np.where(is_sky[row, column], np.nan, view.values).astype(np.float32)
    return ViewDepth(camera=view.camera, values=values, confidence=np.array(view.confidence))


def _told(
    views: Sequence[ViewDepth], alignment: Alignment, meaning: DepthMeaning, rows: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean inverse depth along the rays of a small sphere, (rows, 2 rows), and by which part of it views differ."""
    rays = equirectangular_rays(rows).reshape(-1, 3)
    total, first, second = np.zeros(len(rays)), np.zeros(len(rays)), np.zeros(len(rays))
    for index, view in enumerate(views):
        values, weights, cosines = sample_view(view, rays)
        aligned = alignment.scales[index] * values + alignment.shifts[index]
        inverse = cosines * (np.maximum(aligned, 0.0) if meaning == "disparity" else 1.0 / np.maximum(aligned, 1e-3))
        weights *= alignment.weights[index]
        total += weights
        first += weights * inverse
        second += weights * inverse * inverse
    mean = first / np.maximum(total, 1e-12)
    spread = np.sqrt(np.maximum(second / np.maximum(total, 1e-12) - mean * mean, 0.0))
    size = (rows, 2 * rows)
    return mean.reshape(size), (spread / np.maximum(mean, 1e-6)).reshape(size)


def _agreement(
    views: Sequence[ViewDepth], alignment: Alignment, meaning: DepthMeaning, height: int
) -> NDArray[np.float32]:
    """(H, 2H) how well overlapping views agree, 1 for exactly; found on a small sphere."""
    rows = min(height, _SKY_ROWS)
    _, spread = _told(views, alignment, meaning, rows)
    agreement = (1.0 / (1.0 + (spread / _DISAGREEMENT) ** 2)).astype(np.float32)
    if rows != height:
        agreement = resized(agreement[..., None], 2 * height, height, wraps=True)[..., 0]
    return np.clip(agreement, 0.02, 1.0)


def load_network(weights: LocalWeights, options: DepthModelOptions) -> Network:
    """Load a depth network from its folder.

    Raises:
        BackendUnavailableError: A library is missing.
        InvalidInputError: The weights are no depth network.
        UsageError: What its values mean cannot be told.
        OutOfMemoryError: It does not fit.
    """
    machine = choose_machine(options.execution)
    transformers = import_library("transformers")
    with loading(weights):
        model = transformers.AutoModelForDepthEstimation.from_pretrained(
            weights.folder,
            dtype=machine.dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=options.execution.trust_remote_code,
        )
        model = model.to(machine.device).eval()
    meaning = options.meaning or meaning_of(model.config)
    if meaning is None:
        raise UsageError(
            f"What the values of the depth model '{weights.name}' ({model.config.model_type}) mean is not known.",
            hint="Say it with --depth-kind disparity, relative or metric.",
        )
    settings = _read_settings(weights.folder / "preprocessor_config.json")
    view_px = options.view_px or _view_px(model.config, settings)
    return Network(predict=_predictor(model, settings, machine, weights.name), meaning=meaning, view_px=view_px)


def meaning_of(config: Any) -> DepthMeaning | None:
    """What a model's values are, by its configuration; None where that does not tell.

    Depth Anything says it itself. DPT tells MiDaS's inverse depth, unless its backbone is DINOv2: those are trained on
    metres.
    """
    kind = str(config.model_type)
    if kind in ("depth_anything", "prompt_depth_anything"):
        return "metric" if config.depth_estimation_type == "metric" else "disparity"
    if kind == "dpt":
        backbone = getattr(config, "backbone_config", None)
        return "metric" if getattr(backbone, "model_type", "") == "dinov2" else "disparity"
    return _MEANINGS.get(kind)


def _view_px(config: Any, settings: dict[str, Any]) -> int:
    """The side that the model was trained with, from what its preprocessor does."""
    if config.model_type == "depth_pro":
        return round(int(config.patch_size) / float(min(config.scaled_images_ratios)))
    size = settings.get("size", _VIEW_PX)
    if isinstance(size, dict):
        size = size.get("height", size.get("shortest_edge", _VIEW_PX))
    multiple = settings.get("ensure_multiple_of") or 1
    backbone = getattr(config, "backbone_config", None)
    if multiple == 1:
        multiple = getattr(backbone, "patch_size", None) or getattr(config, "patch_size", None) or _PATCH_PX
    multiple = int(multiple) if isinstance(multiple, int) else _PATCH_PX
    return max(int(size) // multiple, 1) * multiple


def _read_settings(path: Path) -> dict[str, Any]:
    """What the model's preprocessor does to pictures; nothing where it does not say."""
    if not path.is_file() or path.stat().st_size > 1 << 20:
        return {}
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidInputError("The preprocessor's configuration is damaged.", path=path) from error
    return settings if isinstance(settings, dict) else {}


def _predictor(model: Any, settings: dict[str, Any], machine: Machine, name: str) -> Predictor:
    """The function from a view to the network's values, one view at a time, so that memory stays small."""
    import torch

    mean = np.array(settings.get("image_mean") or _MEAN, dtype=np.float32)
    spread = np.array(settings.get("image_std") or _SPREAD, dtype=np.float32)
    if mean.shape != (3,) or spread.shape != (3,) or not (spread > 0.0).all():
        raise InvalidInputError(f"The preprocessor's configuration of the model '{name}' is damaged.")
    # Depth Pro tells inverse depth for a focal length of one image width; this view's is known exactly.
    focal_widths = 0.5 / math.tan(0.5 * FIELD_OF_VIEW) if model.config.model_type == "depth_pro" else None

    def predict(view: NDArray[np.float32]) -> NDArray[np.float32]:
        normal = ((view - mean) / spread).transpose(2, 0, 1)[None]
        pixels = torch.from_numpy(np.ascontiguousarray(normal)).to(machine.device, machine.dtype)
        with torch.inference_mode(), offline_and_quiet():
            values = model(pixel_values=pixels).predicted_depth
        array: NDArray[np.float32] = values.float().cpu().numpy().reshape(values.shape[-2:])
        if focal_widths is not None:
            array = focal_widths / np.clip(array, 1e-4, 1e4)
        return array

    return predict
