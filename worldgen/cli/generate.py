"""``worldgen generate``."""

from __future__ import annotations

from pathlib import Path

import click

from worldgen.budgets import BUDGET_HELP, parse_budget
from worldgen.cli.model_options import ModelChoices, model_options
from worldgen.cli.output import print_result, shared_options, terminal_reporter
from worldgen.engines import ENGINES
from worldgen.errors import UsageError
from worldgen.settings import TIERS, parse_refinement


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
@click.option("--refine", metavar="SECONDS|Nsteps", help="Refine the splats: 120 for seconds, 2000steps for steps.")
@click.option("--panorama", type=click.Path(path_type=Path), help="Make the world from this 360° picture.")
@click.option("--horizontal-fov", type=float, help="Degrees that a cropped panorama goes around.")
@click.option("--vertical-fov", type=float, help="Degrees from its top to its bottom, centred on the horizon.")
@click.option("--level/--no-level", default=True, show_default=True, help="Undo a panorama's tilt where it is clear.")
@click.option("--image", type=click.Path(path_type=Path), help="Make the world from this photo; the rest is invented.")
@click.option("--fov", type=float, help="The photo's horizontal field of view; from its metadata, or else 65 degrees.")
@click.option("--panorama-backend", help="What makes or closes the panorama; 'worldgen backends' lists them.")
@click.option("--depth", type=click.Path(path_type=Path), help="Its depth: EXR, .npy or 16-bit PNG.")
@click.option("--depth-scale", type=float, help="Metres that one step of a PNG depth stands for.")
@click.option("--depth-backend", help="What estimates the depth; 'worldgen backends' lists them.")
@click.option("--camera-height", type=float, help="Metres of the camera over the ground; sets the scale.")
@click.option("--kit", type=click.Path(path_type=Path), help="A kit.yaml: your models in the place of built ones.")
@click.option("--engine", "engines", type=click.Choice(list(ENGINES)), multiple=True, help="Also make its package.")
@click.option("--budget", metavar="BUDGET", help=BUDGET_HELP)
@model_options
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
    refine: str | None,
    panorama: Path | None,
    horizontal_fov: float | None,
    vertical_fov: float | None,
    level: bool,
    image: Path | None,
    fov: float | None,
    panorama_backend: str | None,
    depth: Path | None,
    depth_scale: float | None,
    depth_backend: str | None,
    camera_height: float | None,
    kit: Path | None,
    engines: tuple[str, ...],
    models: ModelChoices,
    budget: str | None,
    inpaint_backend: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make a world from PROMPT, from --spec, --panorama or --image, in a folder.

    Example: worldgen generate "a cabin by a lake at sunset, pine forest, mountains" -o worlds/cabin
    """
    from worldgen.pipelines.generate import generate as make_world
    from worldgen.stages.estimate_depth import DepthOptions
    from worldgen.stages.extend_photo import PhotoOptions
    from worldgen.stages.fill_background import InpaintOptions
    from worldgen.stages.paint_panorama import PaintOptions
    from worldgen.stages.read_panorama import PanoramaOptions

    if prompt is not None and spec is not None:
        raise UsageError("Give either a prompt or --spec, not both.")
    world = make_world(
        prompt,
        output=output,
        spec=spec,
        seed=seed,
        quality=quality,  # type: ignore[arg-type]  # click checked it
        with_fused_mesh=mesh == "fused",
        refine=None if refine is None else parse_refinement(refine),
        panorama=panorama,
        panorama_options=PanoramaOptions(horizontal_fov_deg=horizontal_fov, vertical_fov_deg=vertical_fov, level=level),
        image=image,
        photo_options=PhotoOptions(fov_deg=fov, backend=panorama_backend, model=models.panorama),
        paint_options=PaintOptions(backend=panorama_backend, model=models.panorama),
        inpaint_options=InpaintOptions(backend=inpaint_backend, model=models.inpaint),
        depth_options=DepthOptions(
            backend=depth_backend,
            file=depth,
            metres_per_step=depth_scale,
            camera_height=camera_height,
            model=models.depth,
        ),
        report=terminal_reporter(quiet),
        kit=kit,
        engines=engines,
        budget=None if budget is None else parse_budget(budget),
    )
    manifest = world.manifest
    lines = [f"preview  {world.path / 'preview.jpg'}", f"world    {world.path}"]
    print_result(as_json, {"path": str(world.path), "manifest": manifest.model_dump(mode="json")}, lines)
