"""The crowns of a dense wood meet; an open one has glades."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import tiny_scene
from worldgen.scene.scene import Scene


def crowns(scene: Scene, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Where trees of a label stand, (N, 2), and how wide their crowns are, (N,), up to 40 m from the spawn."""
    places, widths = [], []
    for item in scene.objects:
        position = item.world_from_object[:3, 3]
        if scene.label_of(item) != label or np.hypot(position[0], position[2]) > 40.0:
            continue
        finest = np.concatenate([part.mesh.vertices for part in scene.prototypes[item.prototype].lods[0]])
        places.append(position[[0, 2]])
        widths.append(np.ptp(finest[:, [0, 2]], axis=0).mean() * np.linalg.norm(item.world_from_object[:3, 0]))
    return np.array(places), np.array(widths)


def covered(scene: Scene, label: str) -> float:
    """Share of a ring from 20 to 38 m around the spawn that lies below a crown."""
    places, widths = crowns(scene, label)
    x, z = np.meshgrid(np.arange(-38.0, 38.5, 0.5), np.arange(-38.0, 38.5, 0.5))
    away = np.hypot(x, z)
    spots = np.stack([x, z], axis=-1)[(away > 20.0) & (away < 38.0)]
    gaps = np.linalg.norm(spots[:, None] - places[None], axis=-1) - 0.5 * widths
    return float((gaps.min(axis=1) < 0.0).mean())


@pytest.mark.parametrize(("tree", "label"), [("pine", "conifer"), ("birch", "birch")])
def test_crowns_of_a_dense_wood_meet(tree: str, label: str) -> None:
    dense = covered(tiny_scene(f"a dense {tree} forest").scene, label)
    sparse = covered(tiny_scene(f"a meadow with a few {tree} trees").scene, label)
    assert dense > 0.6
    assert dense > 2.5 * sparse
