"""The small scene with everything that a GLB can hold: textures of all kinds, turned and scaled instances, lamps."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests.scenes import box_mesh, checker_texture, small_scene
from worldgen.frames import rigid, yaw_rotation
from worldgen.randomness import rng
from worldgen.scene.material import Material
from worldgen.scene.scene import Part, Prototype, Scene, SceneObject

NUM_TUFTS = 60


def textured_scene() -> Scene:
    """``small_scene`` with a textured, bumpy crate in five places, a lamp, and many tufts of grass."""
    scene = small_scene()
    generator = rng(1, "test/textures")
    bumps = np.full((32, 32, 3), (128, 128, 255), dtype=np.uint8)
    bumps[8:24, 8:24, :2] += generator.integers(-20, 20, (16, 16, 2)).astype(np.uint8)
    materials = {
        **scene.materials,
        "planks": Material(
            name="planks",
            surface="wood",
            base_color=(0.9, 0.8, 0.7),
            base_color_texture=checker_texture(32),
            normal_texture=bumps,
            roughness_texture=generator.integers(100, 200, (16, 16), dtype=np.uint8),
            roughness=0.8,
            metallic=0.1,
        ),
        "glow": Material(name="glow", surface="glass", emission=(7.0, 4.0, 1.5)),
        "blade": Material(
            name="blade", surface="grass", base_color=(0.2, 0.5, 0.1), translucency=0.4, double_sided=True
        ),
    }
    crate = Prototype(
        name="crate",
        label="barn",
        lods=((Part(mesh=box_mesh(), material="planks"), Part(mesh=box_mesh(), material="glow")),),
        footprint_m=1.5,
    )
    tuft = Prototype(name="tuft", label="grass", lods=((Part(mesh=box_mesh(), material="blade"),),), footprint_m=0.0)
    turns = [rigid(yaw_rotation(0.7 * k) * (0.5 + 0.25 * k), np.array([3.0 * k, 0.1 * k, 20.0 - k])) for k in range(5)]
    spots = generator.uniform(-80.0, 80.0, (NUM_TUFTS, 2))
    objects = [
        *scene.objects,
        *(
            SceneObject(object_id=f"store/crate/{k}", spec_id="store", prototype="crate", world_from_object=turn)
            for k, turn in enumerate(turns)
        ),
        *(
            SceneObject(
                object_id=f"grass/tuft/{k}",
                spec_id="meadow",
                prototype="tuft",
                world_from_object=rigid(yaw_rotation(k) * 0.05, np.array([x, 0.0, z])),
            )
            for k, (x, z) in enumerate(spots)
        ),
    ]
    return dataclasses.replace(
        scene,
        prototypes={**scene.prototypes, "crate": crate, "tuft": tuft},
        materials=materials,
        objects=tuple(objects),
        spawn_yaw=0.5,
    )
