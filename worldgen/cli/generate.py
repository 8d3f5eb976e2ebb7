"""``worldgen generate``."""

from __future__ import annotations

from pathlib import Path

import click

from worldgen.cli.output import print_result, shared_options, terminal_reporter
from worldgen.errors import UsageError
from worldgen.settings import TIERS


@click.command()
@click.argument("prompt", required=False)
@click.option("-o", "--output", "output", type=click.Path(path_type=Path), required=True, help="World folder to make.")
@click.option("--spec", type=click.Path(path_type=Path), help="Build this spec.yaml instead of a prompt.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, another world.")
@click.option("--quality", type=click.Choice(list(TIERS)), default="standard", show_default=True)
@click.option(
    "--mesh",
    type=click.Choice(["scene", "fused"]),
    default="scene",
    show_default=True,
    help="'fused' adds fused.glb, a mesh reconstructed from the depth, for comparison.",
)
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@shared_options
def generate(
    *,
    prompt: str | None,
    output: Path,
    spec: Path | None,
    seed: int,
    quality: str,
    mesh: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make a world from PROMPT, or from --spec, in a folder.

    Example: worldgen generate "a cabin by a lake at sunset, pine forest, mountains" -o worlds/cabin
    """
    from worldgen.pipelines.generate import generate as make_world

    if prompt is not None and spec is not None:
        raise UsageError("Give either a prompt or --spec, not both.")
    world = make_world(
        prompt,
        output=output,
        spec=spec,
        seed=seed,
        quality=quality,  # type: ignore[arg-type]  # click checked it
        with_fused_mesh=mesh == "fused",
        report=terminal_reporter(quiet),
    )
    manifest = world.manifest
    lines = [f"preview  {world.path / 'preview.jpg'}", f"world    {world.path}"]
    print_result(as_json, {"path": str(world.path), "manifest": manifest.model_dump(mode="json")}, lines)
