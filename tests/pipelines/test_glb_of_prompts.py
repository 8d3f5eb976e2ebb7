"""The scenes of twelve different prompts pass the Khronos validator without an error or a warning."""

from __future__ import annotations

from pathlib import Path

import pygltflib
import pytest

from tests.exporters.node_tools import assert_valid
from tests.worlds import TINY
from worldgen.builder.build_scene import build_scene
from worldgen.exporters.glb import write_collision_glb, write_scene_glb
from worldgen.pipelines.generate import parse

PROMPTS = (
    "a log cabin by a mountain lake, pine forest, a boat",
    "alpine valley with a church, wildflowers, snowy peaks",
    "three towers on a hill in autumn",
    "a desert with cacti, ruins and a well at sunset",
    "a canyon with a river and a rope bridge",
    "a rocky coast with a lighthouse at dusk",
    "a tropical beach with palms and a rowing boat",
    "a snowy village with lamp posts at night",
    "tundra with boulders and a tent",
    "a farm with a barn, a fence, haystacks and a windmill",
    "a castle above a birch grove, a path, gravestones",
    "meadow, a stone bridge over a creek, reeds, willows",
)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_scene_and_collision_are_valid(prompt: str, tmp_path: Path) -> None:
    scene = build_scene(parse(prompt), tier=TINY, seed=2).scene
    write_scene_glb(scene, tmp_path / "scene.glb")
    write_collision_glb(scene, tmp_path / "collision.glb")
    assert_valid(tmp_path / "scene.glb", tmp_path / "collision.glb")
    document = pygltflib.GLTF2().load(str(tmp_path / "scene.glb"))
    assert document is not None
    assert not document.extensionsRequired
    named = {node.extras["object_id"] for node in document.nodes if "object_id" in (node.extras or {})}
    assert len(named) > 0.5 * len(scene.objects), "objects keep their names"
