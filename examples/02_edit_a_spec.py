"""Understand a prompt, change what was understood, and build the result.

# worldgen-test: run
"""

from __future__ import annotations

import sys
from pathlib import Path

import worldgen


def main(output: Path) -> None:
    spec = worldgen.parse("a cabin in a quiet pine forest")
    foggy = spec.weather.model_copy(update={"fog": 0.45})
    evening = spec.model_copy(update={"time_of_day": "dusk", "weather": foggy})
    world = worldgen.generate(spec=evening, output=output, quality="draft", seed=11)
    print("time of day:", world.spec.time_of_day)
    print("open", world.path / "preview.jpg")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "worlds/example_02"))
