"""The preview looks where there is something to see."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen.scene.labels import LABEL_INDEX
from worldgen.stages.make_preview import best_heading


def panorama(**things: tuple[float, float]) -> NDArray[np.uint8]:
    """Labels of level ground under a sky, with things at (heading, half width) in degrees."""
    labels = np.zeros((128, 256), dtype=np.uint8)
    labels[64:] = LABEL_INDEX["ground"]
    headings = np.degrees((np.arange(256) + 0.5) / 256 * 2.0 * math.pi - math.pi)
    for name, (heading, half_width) in things.items():
        labels[56:70, np.abs(headings - heading) < half_width] = LABEL_INDEX[name]
    return labels


def test_the_view_turns_to_what_is_named_but_not_for_little() -> None:
    assert best_heading(panorama()) == 0.0
    assert best_heading(panorama(tower=(3.0, 5.0))) == 0.0
    assert best_heading(panorama(conifer=(50.0, 20.0))) == 0.0, "plants do not count"
    for heading in (-60.0, 55.0, 90.0):
        assert abs(math.degrees(best_heading(panorama(bridge=(heading, 6.0)))) - heading) < 4.0


def test_a_small_thing_is_not_outdone_by_a_large_water() -> None:
    turned = math.degrees(best_heading(panorama(lake=(-20.0, 30.0), bridge=(-62.0, 5.0))))
    assert -62.0 <= turned < -15.0
    assert abs(turned - -62.0) < 40.0, "the bridge is in the picture"
    assert math.degrees(best_heading(panorama(bridge=(160.0, 6.0)))) <= 100.0
