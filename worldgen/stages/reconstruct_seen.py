"""A panorama with its depth → the layers of a world: view, points, splats, mesh, collision, sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.color import bytes_from_unit, srgb_from_linear
from worldgen.events import RunContext
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.depth_normals import normals_from_depth
from worldgen.geometry.fusion import fuse_points, fuse_views
from worldgen.geometry.ground_field import ground_from_depth, ground_labels
from worldgen.geometry.layer_splats import splats_from_layers
from worldgen.geometry.layered_reconstruction import take_apart
from worldgen.geometry.panorama_sheets import sky_dome, surface_sheet
from worldgen.geometry.seen_collision import collision_from_view
from worldgen.geometry.seen_sky import sky_from_panorama
from worldgen.rendering.tone_mapping import tone_map
from worldgen.scene.camera import PanoramaCamera
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.textured_mesh import TexturedMesh
from worldgen.scene.view import Buffers, View
from worldgen.stages.estimate_depth import SeenDepth
from worldgen.stages.read_panorama import SeenPanorama
from worldgen.stages.world_layers import SeenLayers

_MESH_ROWS = 384
_DOME_RADIUS_M = 1500.0


def reconstruct_seen(panorama: SeenPanorama, depth: SeenDepth, context: RunContext) -> SeenLayers:
    """Make every layer of a seen world.

    Args:
        panorama: Whole and level.
        depth: Its depth in metres.
        context: Tier and events.
    """
    euclidean_depth, camera_height = depth.euclidean_depth, depth.camera_height
    with context.stage("find ground"):
        field = ground_from_depth(euclidean_depth, camera_height)
        is_ground = ground_labels(euclidean_depth, field, camera_height)
        view = _view(panorama, euclidean_depth, is_ground, camera_height)
    with context.stage("fill hidden background"):
        layered = take_apart(panorama.picture, euclidean_depth)
    with context.stage("make splats"):
        points = fuse_points(fuse_views([view], [panorama.picture]))
        splats = splats_from_layers(layered, view.camera.world_from_camera[:3, 3], budget=context.tier.splat_budget)
    with context.stage("make mesh"):
        sky = sky_from_panorama(panorama.radiance, ~np.isfinite(euclidean_depth))
        sheets = _sheets(panorama, view, sky, panorama.exposure)
    with context.stage("make collision"):
        collision = collision_from_view(euclidean_depth, is_ground, field, camera_height)
    return SeenLayers(
        panorama=view,
        picture=panorama.picture,
        exposure=panorama.exposure,
        is_seen=panorama.known.astype(np.float32),
        confidence=(depth.confidence * panorama.known).astype(np.float32),
        sky=sky,
        points=points,
        splats=splats.cloud,
        sheets=sheets,
        collision=collision,
        camera_height=camera_height,
        estimates=(*panorama.estimates, *depth.estimates),
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


def _sheets(panorama: SeenPanorama, view: View, sky: NDArray[np.float32], exposure: float) -> tuple[TexturedMesh, ...]:
    """The surface that is seen, with the panorama on it, and a dome with the sky, where there is one."""
    camera = view.camera
    assert isinstance(camera, PanoramaCamera)  # of a seen world it always is
    depth = view.buffers.euclidean_depth
    mesh, rows, columns = surface_sheet(camera, depth, rows=_MESH_ROWS)
    surface = TexturedMesh(
        name="surface",
        label="surface",
        mesh=mesh,
        texture=bytes_from_unit(panorama.picture),
        is_seen=panorama.known[rows, columns].astype(np.float32),
    )
    is_sky = ~np.isfinite(depth)
    if not is_sky.any():
        return (surface,)
    dome = sky_dome(camera, _DOME_RADIUS_M)
    colors = srgb_from_linear(sky) if exposure == 1.0 else tone_map(sky, exposure)
    marks = np.zeros(dome.num_vertices, dtype=np.float32)
    return (
        surface,
        TexturedMesh(name="sky_dome", label="sky", mesh=dome, texture=bytes_from_unit(colors), is_seen=marks),
    )
