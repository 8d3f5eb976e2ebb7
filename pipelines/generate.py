"""The front door: a prompt, a spec or a picture becomes a world."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from worldgen.budgets import PlatformBudget
from worldgen.engines import load_engine_writer
from worldgen.errors import InvalidInputError, UsageError
from worldgen.events import Reporter, RunContext, ignore_events
from worldgen.manifest import Source
from worldgen.pipelines.world import World
from worldgen.settings import TIERS, Quality, RefinementLimit
from worldgen.spec.kit import load_kit
from worldgen.spec.model import WorldSpec

if TYPE_CHECKING:
    from worldgen.stages.estimate_depth import DepthOptions
    from worldgen.stages.extend_photo import PhotoOptions
    from worldgen.stages.fill_background import BackgroundFiller, InpaintOptions
    from worldgen.stages.paint_panorama import PaintOptions
    from worldgen.stages.read_panorama import PanoramaOptions

MAX_SEED = 2**63 - 1


def parse(prompt: str) -> WorldSpec:
    """What the embedded parser understands of a prompt.

    Raises:
        InvalidInputError: The prompt is empty or too long.
    """
    from worldgen.builder.catalogue import lexicon
    from worldgen.spec.parser import parse_prompt

    return parse_prompt(prompt, lexicon())


def generate(
    prompt: str | None = None,
    *,
    output: Path | str,
    spec: WorldSpec | Path | str | None = None,
    seed: int = 0,
    quality: Quality = "standard",
    with_fused_mesh: bool = False,
    refine: RefinementLimit | None = None,
    kit: Path | str | None = None,
    panorama: Path | str | None = None,
    panorama_options: PanoramaOptions | None = None,
    image: Path | str | None = None,
    photo_options: PhotoOptions | None = None,
    depth_options: DepthOptions | None = None,
    paint_options: PaintOptions | None = None,
    inpaint_options: InpaintOptions | None = None,
    engines: Sequence[str] = (),
    budget: PlatformBudget | None = None,
    report: Reporter = ignore_events,
) -> World:
    """Make a world folder from a prompt, a spec, a panorama or a photo.

    Args:
        prompt: What the world should be, in plain words.
        output: The folder to make; an older world there is replaced once the new one is complete.
        spec: A spec, or the path of a ``spec.yaml``, instead of a prompt.
        seed: Another seed gives another world for the same prompt.
        quality: "draft", "standard" or "high".
        with_fused_mesh: Also write ``fused.glb``, a mesh reconstructed from the depth, for comparison.
        kit: A ``kit.yaml``: a studio's models that stand in for built assets, by label.
        refine: How long to bring the splats closer to path traced pictures, if at all.
        panorama: A 360° picture to make the world from; a prompt then only describes it.
        panorama_options: What the panorama covers.
        image: A photo to make the world from; what it does not show is invented, guided by the prompt if there is one.
        photo_options: The photo's field of view, and what invents the rest.
        depth_options: Where the picture's depth comes from.
        paint_options: Who paints a prompt's panorama, if it shall not be path traced.
        inpaint_options: Who fills the hidden background of pictures, if exemplars shall not do it alone.
        engines: Engines to write packages for, such as "unity"; see ``worldgen.engines.ENGINES``.
        budget: What those packages may need; see ``worldgen.budgets``.
        report: Receives progress events.

    Returns:
        The world that was written.

    Raises:
        WorldgenError: See the tree in ``worldgen.errors``.
    """
    if panorama is None and image is None and (prompt is None) == (spec is None):
        raise UsageError("Give either a prompt or a spec.", hint='worldgen generate "a cabin by the lake" -o DIR')
    if not 0 <= seed <= MAX_SEED:
        raise UsageError(f"The seed must lie in 0 to {MAX_SEED}.")
    if quality not in TIERS:
        raise UsageError(f"There is no quality tier '{quality}'.", hint=f"Choose one of: {', '.join(TIERS)}.")
    for engine in engines:
        load_engine_writer(engine)  # so that a wrong name is told before the work, not after it
    if kit is not None:
        load_kit(Path(kit))
    context = RunContext(seed=seed, tier=TIERS[quality], report=report)
    if panorama is not None or image is not None:
        if spec is not None or with_fused_mesh or (panorama is not None and image is not None):
            raise UsageError("A picture goes with a prompt at most, not with a spec, a fused mesh or another picture.")
        if refine is not None:
            raise UsageError("Only worlds built from a prompt or a spec can be refined.")
        if kit is not None:
            raise UsageError("Only worlds built from a prompt or a spec can use a kit.")
        described = None if prompt is None else parse(prompt)
        filler = _filler(inpaint_options, prompt, context)
        if panorama is not None:
            _from_panorama(
                Path(panorama), Path(output), described, panorama_options, depth_options, filler=filler, context=context
            )
        else:
            _from_photo(
                Path(image or ""), Path(output), described, photo_options, depth_options, filler=filler, context=context
            )
        return _with_engines(Path(output), engines, budget, report)
    if paint_options is not None and _paints_from_text(paint_options):
        if prompt is None or with_fused_mesh or refine is not None or kit is not None:
            raise UsageError(
                "A painted panorama goes with a prompt, not with a spec, a fused mesh, a kit or refinement."
            )
        filler = _filler(inpaint_options, prompt, context)
        _from_painting(prompt, Path(output), paint_options, depth_options, filler=filler, context=context)
        return _with_engines(Path(output), engines, budget, report)
    if paint_options is not None and paint_options.is_chosen and refine is not None:
        raise UsageError("A painted world cannot be refined: refinement compares it with path traced pictures.")
    if _filler(inpaint_options, prompt, context) is not None:
        raise UsageError("A built world has no hidden background to fill: further stations see it.")
    with context.stage("understand"):
        if prompt is not None:
            spec, source = parse(prompt), Source(kind="prompt", prompt=prompt)
        else:
            spec = _spec_from(spec)
            source = Source(kind="spec", prompt=spec.prompt)
    from worldgen.pipelines.text_to_world import text_to_world  # here, so that wrong input is told in a moment

    text_to_world(
        spec,
        Path(output),
        source=source,
        context=context,
        with_fused_mesh=with_fused_mesh,
        refine=refine,
        kit=None if kit is None else Path(kit),
        paint=paint_options if paint_options is not None and paint_options.is_chosen else None,
    )
    return _with_engines(Path(output), engines, budget, report)


def _with_engines(output: Path, engines: Sequence[str], budget: PlatformBudget | None, report: Reporter) -> World:
    if not engines:
        return World.load(output)
    from worldgen.pipelines.export_world import export_engines

    return export_engines(output, engines, budget=budget, report=report)


def _from_panorama(
    path: Path,
    output: Path,
    spec: WorldSpec | None,
    panorama_options: PanoramaOptions | None,
    depth_options: DepthOptions | None,
    *,
    filler: BackgroundFiller | None,
    context: RunContext,
) -> None:
    from worldgen.pipelines.panorama_to_world import panorama_to_world
    from worldgen.stages.estimate_depth import DepthOptions
    from worldgen.stages.read_panorama import PanoramaOptions

    panorama_to_world(
        path,
        output,
        panorama_options=panorama_options or PanoramaOptions(),
        depth_options=depth_options or DepthOptions(),
        spec=spec,
        filler=filler,
        context=context,
    )


def _from_photo(
    path: Path,
    output: Path,
    spec: WorldSpec | None,
    photo_options: PhotoOptions | None,
    depth_options: DepthOptions | None,
    *,
    filler: BackgroundFiller | None,
    context: RunContext,
) -> None:
    from worldgen.pipelines.photo_to_world import photo_to_world
    from worldgen.stages.estimate_depth import DepthOptions
    from worldgen.stages.extend_photo import PhotoOptions

    if depth_options is not None and depth_options.file is not None:
        raise UsageError("A photo's depth cannot be given: the panorama around it is not there yet.")
    photo_to_world(
        path,
        output,
        photo_options=photo_options or PhotoOptions(),
        depth_options=depth_options or DepthOptions(),
        spec=spec,
        filler=filler,
        context=context,
    )


def _filler(options: InpaintOptions | None, prompt: str | None, context: RunContext) -> BackgroundFiller | None:
    """A model's hand in hidden background, made first, so that missing weights are told before the work."""
    if options is None or (options.backend is None and options.model.weights is None):
        return None
    from worldgen.stages.fill_background import make_background_filler

    return make_background_filler(options, prompt, context)


def _paints_from_text(options: PaintOptions) -> bool:
    """Whether a backend paints the panorama of a prompt without a scene."""
    if not options.is_chosen:
        if options.model.weights is not None:
            raise UsageError(
                "--panorama-model names weights, and no backend that uses them is chosen.",
                hint="Add --panorama-backend diffusers-panorama or diffusers-depth.",
            )
        return False
    entry = options.entry()
    if entry.starts_from == "photo":
        raise UsageError(f"The panorama backend '{entry.id}' closes photos.", hint="Give one with --image.")
    return entry.starts_from == "text"


def _from_painting(
    prompt: str,
    output: Path,
    paint_options: PaintOptions,
    depth_options: DepthOptions | None,
    *,
    filler: BackgroundFiller | None,
    context: RunContext,
) -> None:
    from worldgen.pipelines.painted_to_world import painted_to_world
    from worldgen.stages.estimate_depth import DepthOptions

    if depth_options is not None and depth_options.file is not None:
        raise UsageError("A painted panorama's depth cannot be given: the panorama is not there yet.")
    if not prompt.strip():
        raise InvalidInputError("The prompt is empty.")
    painted_to_world(
        prompt,
        output,
        paint_options=paint_options,
        depth_options=depth_options or DepthOptions(),
        filler=filler,
        context=context,
    )


def _spec_from(spec: WorldSpec | Path | str | None) -> WorldSpec:
    from worldgen.builder.catalogue import lexicon
    from worldgen.spec.files import load_spec
    from worldgen.spec.lexicon import check_families

    spec = spec if isinstance(spec, WorldSpec) else load_spec(Path(spec or ""))
    check_families(spec, lexicon())
    return spec
