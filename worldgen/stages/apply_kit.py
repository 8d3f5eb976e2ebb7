"""A built scene and a studio's kit → the same scene with the kit's models: the layout is ours, the art is theirs.

Nothing moves: places, ground and what grows stay as they were built. Each object picks its variant from a stream of
its own name. Models get coarser levels of detail by decimation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldgen.errors import InvalidInputError
from worldgen.exporters.glb_prototype import LoadedModel, load_model
from worldgen.geometry.decimation import coarser_levels
from worldgen.randomness import rng
from worldgen.scene.scene import Part, Prototype, Scene, SceneObject
from worldgen.spec.kit import Kit, KitVariant, load_kit
from worldgen.storage import path_inside

_BUDGET_FACTOR = 2.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FurnishedScene:
    """A scene with the kit's models, and what the user should know."""

    scene: Scene
    labels: tuple[str, ...]
    """Labels that the kit's models stand for."""
    warnings: tuple[str, ...]


def apply_kit(scene: Scene, kit_path: Path, *, seed: int, triangle_budget: int) -> FurnishedScene:
    """Put a kit's models in the place of built assets.

    Args:
        scene: The built scene.
        kit_path: A ``kit.yaml``; files are looked for below its folder.
        seed: The world's seed.
        triangle_budget: Triangles that the tier means to spend; far more is told.

    Raises:
        InvalidInputError: The kit or one of its files is damaged. A missing file is only told.
    """
    kit = load_kit(kit_path)
    notes: list[str] = []
    models = _load_models(kit, kit_path, scene, notes)
    objects = tuple(_refitted(scene, item, models, seed) for item in scene.objects)
    used = {item.prototype for item in objects}
    loaded = [model for variants in models.values() for _, model in variants if model.prototype.name in used]
    prototypes = {name: prototype for name, prototype in scene.prototypes.items() if name in used}
    prototypes.update({model.prototype.name: model.prototype for model in loaded})
    names = {part.material for prototype in prototypes.values() for lod in prototype.lods for part in lod}
    materials = {name: material for name, material in scene.materials.items() if name in names}
    materials.update({material.name: material for model in loaded for material in model.materials})
    made = replace(scene, prototypes=prototypes, materials=materials, objects=objects)
    triangles = sum(made.prototypes[item.prototype].num_triangles[item.lod] for item in objects)
    if triangles > _BUDGET_FACTOR * triangle_budget:
        notes.append(f"With the kit the scene has {triangles:,} triangles; give plants fewer, or use a higher tier.")
    return FurnishedScene(scene=made, labels=tuple(sorted(models)), warnings=tuple(dict.fromkeys(notes)))


def _load_models(
    kit: Kit, kit_path: Path, scene: Scene, notes: list[str]
) -> dict[str, list[tuple[KitVariant, LoadedModel]]]:
    """Models of the labels that the scene has; files that are missing are left out with a note."""
    footprints: dict[str, float] = {}
    for item in scene.objects:
        prototype = scene.prototypes[item.prototype]
        footprints[prototype.label] = max(footprints.get(prototype.label, 0.0), prototype.footprint_m)
    models: dict[str, list[tuple[KitVariant, LoadedModel]]] = {}
    for label, variants in kit.assets.items():
        if label not in footprints:
            continue
        for number, variant in enumerate(variants):
            path = path_inside(kit_path.parent, variant.file)
            if not path.is_file():
                notes.append(
                    f"The kit's {variant.file} is missing; {label} keeps what was built or its other variants."
                )
                continue
            name = f"kit_{label}_{number}"
            model = load_model(path, variant, name=name, label=label, footprint_m=footprints[label])
            notes += [f"{variant.file}: {note}." for note in model.notes]
            models.setdefault(label, []).append((variant, replace(model, prototype=_with_levels(model.prototype))))
    return models


def _with_levels(prototype: Prototype) -> Prototype:
    """A model with further levels of detail for where it stands far away."""
    finest = prototype.lods[0]
    levels = [
        tuple(Part(mesh=mesh, material=part.material) for part, mesh in zip(finest, level, strict=True))
        for level in coarser_levels([part.mesh for part in finest])
    ]
    return replace(prototype, lods=(finest, *levels))


def _refitted(
    scene: Scene, item: SceneObject, models: dict[str, list[tuple[KitVariant, LoadedModel]]], seed: int
) -> SceneObject:
    built = scene.prototypes[item.prototype]
    variants = models.get(built.label)
    if not variants:
        return item
    variant, model = variants[int(rng(seed, f"{item.object_id}/kit").integers(len(variants)))]
    matrix = item.world_from_object.copy()
    matrix[:3, :3] *= _scale(variant, model, built)
    return SceneObject(
        object_id=item.object_id,
        spec_id=item.spec_id,
        prototype=model.prototype.name,
        world_from_object=matrix,
        # What was far enough for a coarser level still is.
        lod=min(item.lod, len(model.prototype.lods) - 1),
    )


def _scale(variant: KitVariant, model: LoadedModel, built: Prototype) -> float:
    """Factor on the model's own size."""
    if isinstance(variant.scale, float):
        return variant.scale
    own = model.maximum - model.minimum
    low, high = _bounds(built)
    target = high - low
    if variant.scale == "height":
        if own[1] <= 0.0:
            raise InvalidInputError(f"The model {variant.file} has no height to scale by.")
        return float(target[1] / own[1])
    matters = own > 1e-6
    return float((target[matters] / own[matters]).min())


def _bounds(prototype: Prototype) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = np.concatenate([part.mesh.vertices for part in prototype.lods[0]]).astype(np.float64)
    return points.min(axis=0), points.max(axis=0)
