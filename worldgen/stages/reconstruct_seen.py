"""A panorama with its depth → the layers of a world: view, points, splats, mesh, collision, navigation, sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.color import bytes_from_unit
from worldgen.events import RunContext
from worldgen.geometry.cameras import camera_position, panorama_camera
from worldgen.geometry.depth_normals import normals_from_depth
from worldgen.geometry.equirectangular import pixels_from_rays
from worldgen.geometry.fusion import fuse_points, fuse_views
from worldgen.geometry.ground_field import ground_from_depth, ground_labels
from worldgen.geometry.layer_sheets import backstop, dome_radius, sheet_picture, sheets_from_layers
from worldgen.geometry.layer_splats import splats_from_layers
from worldgen.geometry.layered_reconstruction import take_apart
from worldgen.geometry.panorama_layers import LayeredPanorama
from worldgen.geometry.seen_collision import collision_from_view
from worldgen.geometry.seen_sky import sky_from_panorama
from worldgen.geometry.sky_dome import sky_dome
from worldgen.geometry.walk_walls import add_walls
from worldgen.rendering.splat_refinement import fit_to_panorama
from worldgen.rendering.walk_range import measure_walk_range
from worldgen.scene.camera import PanoramaCamera
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.textured_mesh import TexturedMesh
from worldgen.scene.view import Buffers, View
from worldgen.stages.estimate_depth import SeenDepth
from worldgen.stages.fill_background import BackgroundFiller
from worldgen.stages.light_seen import light_seen
from worldgen.stages.make_seen_navigation import make_seen_navigation
from worldgen.stages.read_panorama import SeenPanorama
from worldgen.stages.world_layers import SeenLayers

_LEAST_DOME_RADIUS_M = 1500.0
_BACKSTOP_SHARE = 6
"""The sheet behind everything may take this part of the triangles: one in so many."""


def reconstruct_seen(
    panorama: SeenPanorama, depth: SeenDepth, context: RunContext, filler: BackgroundFiller | None = None
) -> SeenLayers:
    """Make every layer of a seen world.

    Args:
        panorama: Whole and level.
        depth: Its depth in metres.
        context: Tier and events.
        filler: A model's hand in the hidden background, if it shall have one.
    """
    euclidean_depth, camera_height = depth.euclidean_depth, depth.camera_height
    with context.stage("find ground"):
        field = ground_from_depth(euclidean_depth, camera_height)
        is_ground = ground_labels(euclidean_depth, field, camera_height)
        view = _view(panorama, euclidean_depth, is_ground, camera_height)
    with context.stage("fill hidden background"):
        layered = take_apart(panorama.picture, euclidean_depth, repaint=filler)
    with context.stage("make splats"):
        points = fuse_points(fuse_views([view], [panorama.picture]))
        eye, budget = camera_position(view.camera), context.tier.splat_budget
        made = splats_from_layers(layered, eye, budget=budget, known=panorama.known)
        sky = sky_from_panorama(panorama.radiance, ~np.isfinite(euclidean_depth))
    with context.stage("fit splats"):
        splats = fit_to_panorama(made, eye, panorama.picture)
    with context.stage("make mesh"):
        sheets = _sheets(panorama, view, layered, context.tier.sheet_triangle_budget)
    with context.stage("measure walk range"):
        walk_range = measure_walk_range(sheets, field, camera_height)
    with context.stage("make collision"):
        collision = add_walls(collision_from_view(euclidean_depth, is_ground, field, camera_height), walk_range, field)
    with context.stage("measure light"):
        light = light_seen(panorama, view, sky, camera_height)
    navigation = make_seen_navigation(collision, walk_range, view, context, sun_azimuth=light.sun_azimuth)
    return SeenLayers(
        panorama=view,
        picture=panorama.picture,
        exposure=panorama.exposure,
        is_seen=panorama.known.astype(np.float32),
        confidence=(depth.confidence * panorama.known).astype(np.float32),
        sky=sky,
        points=points,
        splats=splats,
        num_seen_splats=made.num_seen,
        sheets=sheets,
        collision=collision,
        walk_range=walk_range,
        navigation=navigation,
        light=light.rig,
        camera_height=camera_height,
        estimates=(*panorama.estimates, *depth.estimates, *light.estimates),
    )


def _view(
    panorama: SeenPanorama, euclidean_depth: NDArray[np.float32], is_ground: NDArray[np.bool_], camera_height: float
) -> View:
    """The panorama as a view with buffers: labels are sky, ground and thing; albedo is the picture as it is."""
    is_sky = ~np.isfinite(euclidean_depth)
    labels = np.full(euclidean_depth.shape, LABEL_INDEX["thing"], dtype=np.uint8)
    labels[is_ground] = LABEL_INDEX["ground"]
    labels[is_sky] = LABEL_INDEX["sky"]
    buffers = Buffers(
        euclidean_depth=euclidean_depth,
        normals=normals_from_depth(euclidean_depth),
        albedo=np.where(is_sky[..., None], np.float32(1.0), np.minimum(panorama.radiance, np.float32(1.0))),
        labels=labels,
        object_ids=np.where(is_sky, -1, 0).astype(np.int32),
    )
    camera = panorama_camera(np.array([0.0, camera_height, 0.0]), height=panorama.height)
    return View(camera=camera, radiance=panorama.radiance, buffers=buffers)


def _sheets(panorama: SeenPanorama, view: View, layered: LayeredPanorama, budget: int) -> tuple[TexturedMesh, ...]:
    """What is seen, with the panorama on it, what is invented behind it, and a dome with the sky if there is one."""
    camera = view.camera
    assert isinstance(camera, PanoramaCamera)  # of a seen world it always is
    eye = camera_position(camera)
    behind = backstop(layered, eye, budget=budget // _BACKSTOP_SHARE)
    left = budget if behind is None else budget - behind[0].num_triangles
    sheets = [
        TexturedMesh(
            name=f"background_{sheet.layer}" if sheet.layer else "surface",
            label="surface",
            mesh=sheet.mesh,
            texture=bytes_from_unit(sheet_picture(layered.layers[sheet.layer])),
            is_seen=sheet.is_seen,
        )
        for sheet in sheets_from_layers(layered, panorama.known, eye, budget=left)
    ]
    if behind is not None:
        mesh, colors = behind
        sheets.append(
            TexturedMesh(
                name="backstop",
                label="surface",
                mesh=mesh,
                texture=bytes_from_unit(colors),
                is_seen=np.zeros(mesh.num_vertices, dtype=np.float32),
            )
        )
    if layered.is_open:
        dome = sky_dome(camera, dome_radius(layered, _LEAST_DOME_RADIUS_M))
        columns, rows = pixels_from_rays(dome.vertices - eye, panorama.height)
        row = np.minimum(rows.astype(np.int64), panorama.height - 1)
        is_shown = (panorama.known & ~layered.layers[0].mask)[row, columns.astype(np.int64) % (2 * panorama.height)]
        sheets.append(
            TexturedMesh(
                name="sky_dome",
                label="sky",
                mesh=dome,
                texture=bytes_from_unit(layered.sky),
                is_seen=is_shown.astype(np.float32),
            )
        )
    return tuple(sheets)
