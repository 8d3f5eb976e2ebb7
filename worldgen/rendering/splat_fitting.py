"""Splats fitted to the pictures that they were made from, as a part of making them.

What the moments of a cell say of a splat is not yet what a renderer needs: neighbours overlap, and leaves let light
through. So colours are solved for, then a few steps of descent through the rasteriser shape and place the splats, and
as other shapes want other colours, these are solved for once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from worldgen.events import Progress, ignore_progress
from worldgen.randomness import rng
from worldgen.rendering.gaussian_rasterizer import bin_cloud, fitting_order
from worldgen.rendering.picture_loss import make_true_picture, picture_gradients
from worldgen.rendering.splat_gradients import splat_gradients
from worldgen.rendering.splat_optimizer import copy_of, start_state, take_step
from worldgen.rendering.splat_refinement import Pictures, refine_colors
from worldgen.rendering.splat_training import RefinementView
from worldgen.scene.gaussian_cloud import GaussianCloud

LAST_PACE = 0.6
"""What is left of the first step length at the end: in so few steps none can be spent on settling."""


def fit_splats(
    cloud: GaussianCloud,
    pictures: Pictures,
    views: Sequence[RefinementView],
    *,
    steps: int,
    seed: int = 0,
    progress: Progress = ignore_progress,
) -> GaussianCloud:
    """Fit colours, and with steps also places, shapes and opacities. The same on every machine: this never uses a GPU.

    Args:
        cloud: Splats that were made from the pictures.
        pictures: Cameras and what they see, for the colours.
        views: The same for the rest, with pixels about as wide as those of the pictures that will be looked at: splats
            that are shaped for coarser ones suit no finer ones.
        steps: How often one view is gone towards; 0 leaves it at the colours.
        seed: Of the order of the views.
        progress: Is told the fraction done.
    """
    if not steps or not views or not cloud.num_gaussians:
        return refine_colors(cloud, pictures)
    cloud = refine_colors(cloud, pictures, iterations=1)
    truths = [make_true_picture(view.rgb, view.euclidean_depth) for view in views]
    order = rng(seed, "splats/fit").permutation(steps) % len(views)
    state = start_state(cloud)
    for step, index in enumerate(order):
        progress(step / steps, f"step {step + 1} of {steps}")
        camera = views[index].camera
        bins = bin_cloud(state.cloud, camera, fitting_order(index))
        loss = partial(picture_gradients, truth=truths[index])
        gradients = splat_gradients(state.cloud, camera, bins, loss)
        take_step(state, bins.order, gradients, pace=LAST_PACE ** (step / steps))
    return refine_colors(copy_of(state.cloud), pictures)
