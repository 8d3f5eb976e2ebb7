"""Run by a Python with ``bpy``: runs a package's import script in an empty file and tells what came of it.

python blender_probe.py PACKAGE/import_world.py RESULT.json [PICTURE.png]
"""

from __future__ import annotations

import json
import runpy
import sys

import bpy  # type: ignore[import-not-found]
from mathutils import Vector  # type: ignore[import-not-found]

bpy.ops.wm.read_factory_settings(use_empty=True)
runpy.run_path(sys.argv[1], run_name="__main__")
scene = bpy.context.scene
bpy.context.view_layer.update()
holder = bpy.data.collections.get("Colliders")
colliders = [item.name for item in holder.objects] if holder else []
hidden = {item.name for name in ("Colliders", "Navmesh", "Splats") if name in bpy.data.collections
          for item in bpy.data.collections[name].objects}  # fmt: skip
shown = [item for item in bpy.data.objects if item.type == "MESH" and item.name not in hidden]
boxes = {item.data.name: [Vector(corner) for corner in item.bound_box] for item in shown}
low, high = [float("inf")] * 3, [float("-inf")] * 3
for item in shown:
    for corner in boxes[item.data.name]:
        point = item.matrix_world @ corner
        low = [min(a, b) for a, b in zip(low, point, strict=True)]
        high = [max(a, b) for a, b in zip(high, point, strict=True)]
hit, place, *_ = scene.ray_cast(
    bpy.context.evaluated_depsgraph_get(), Vector((0.0, 0.0, 1.2)), Vector((0.0, 0.0, -1.0))
)
if len(sys.argv) > 3 and sys.argv[3]:
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.max_bounces, scene.cycles.use_denoising = 16, 4, False
    scene.render.resolution_x, scene.render.resolution_y = 480, 270
    scene.render.filepath = sys.argv[3]
    bpy.ops.render.render(write_still=True)
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(
        {
            "colliders": colliders,
            "places": {item.name: list(item.matrix_world.translation) for item in shown},
            "camera": list(scene.camera.matrix_world.translation),
            "units": [scene.unit_settings.system, scene.unit_settings.scale_length],
            "low": low,
            "high": high,
            "ground": place[2] if hit else float("nan"),
        },
        file,
    )
