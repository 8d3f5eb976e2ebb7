"""``worldgen render``."""

from __future__ import annotations

from pathlib import Path

import click

from worldgen.cli.output import print_result, shared_options, terminal_reporter
from worldgen.errors import UsageError


class _Size(click.ParamType[tuple[int, int]]):
    name = "WxH"

    def convert(
        self, value: str | tuple[int, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        width, _, height = value.lower().partition("x")
        if not (width.isdigit() and height.isdigit() and 1 <= int(width) <= 8192 and 1 <= int(height) <= 8192):
            self.fail(f"'{value}' is not a size like 1280x720 (at most 8192x8192).", param, ctx)
        return int(width), int(height)


@click.command()
@click.argument("world", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "output",
    type=click.Path(path_type=Path),
    required=True,
    help="PNG, JPEG, or with --path MP4 or a folder.",
)
@click.option("--layer", type=click.Choice(["splats", "mesh"]), default="splats", show_default=True)
@click.option("--eye", type=float, nargs=3, help="Where to look from: X Y Z in metres; the spawn's eye if left out.")
@click.option("--look-at", type=float, nargs=3, help="Where to look to: X Y Z in metres.")
@click.option("--panorama", is_flag=True, help="An equirectangular picture, width twice the height.")
@click.option("--size", type=_Size(), default="1280x720", show_default=True, help="Size of the picture.")
@click.option("--fov", "fov_deg", type=click.FloatRange(10.0, 150.0), default=75.0, show_default=True)
@click.option("--kit", type=click.Path(path_type=Path), help="The kit.yaml that the world was made with, for its mesh.")
@click.option("--path", "path", help="Film along a path: orbit, walk, or a JSON file of keyframes or cameras.")
@click.option("--seconds", type=click.FloatRange(0.0, min_open=True), default=5.0, help="Length of the film.")
@click.option("--fps", type=click.IntRange(1, 240), default=24, show_default=True, help="Pictures in a second.")
@click.option("--cameras", type=click.Path(path_type=Path), help="Folder for cameras.json and a COLMAP model.")
@shared_options
def render(
    *,
    world: Path,
    output: Path,
    layer: str,
    eye: tuple[float, float, float] | None,
    look_at: tuple[float, float, float] | None,
    panorama: bool,
    size: tuple[int, int],
    fov_deg: float,
    kit: Path | None,
    path: str | None,
    seconds: float,
    fps: int,
    cameras: Path | None,
    as_json: bool,
) -> None:
    """Draw the splats of WORLD or its mesh, from any point or along a path.

    An orbit turns about --look-at, starting at --eye; a walk goes past the spawn, or from --eye to --look-at.
    """
    from worldgen.pipelines.render_path import FilmRequest, render_path
    from worldgen.pipelines.render_picture import PictureRequest, render_picture

    if panorama and look_at is not None:
        raise UsageError("--panorama shows all directions; leave --look-at out.")
    request = PictureRequest(
        layer=layer,  # type: ignore[arg-type]  # click checked it
        eye=eye,
        look_at=look_at,
        is_panorama=panorama,
        width=size[0],
        height=size[1],
        fov_deg=fov_deg,
        kit=kit,
    )
    if path is None:
        if cameras is not None:
            raise UsageError("--cameras tells the cameras of a path; give --path too.")
        picture = render_picture(world, output, request, report=terminal_reporter(as_json))
        print_result(as_json, {"path": str(picture)}, [str(picture)])
        return
    film = FilmRequest(picture=request, path=path, seconds=seconds, fps=fps, cameras_folder=cameras)
    files = render_path(world, output, film, report=terminal_reporter(as_json))
    print_result(as_json, {"path": str(output), "files": [str(file) for file in files]}, [str(output)])
