"""A panorama with its depth → the layers of a world: view, points, splats, mesh, collision, sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldgen.events import RunContext
from worldgen.geometry.cameras import panorama_camera
from worldgen.geometry.depth_mesh import mesh_from_view
from worldgen.geometry.depth_normals import normals_from_depth
from worldgen.geometry.fusion import fuse_points, fuse_views
from worldgen.geometry.ground_field import ground_from_depth, ground_labels
from worldgen.geometry.panorama_completion import resample_nearest
from worldgen.geometry.seen_collision import collision_from_view
from worldgen.geometry.seen_sky import sky_from_panorama
from worldgen.geometry.splat_construction import build_splats
from worldgen.scene.labels import LABEL_INDEX
from worldgen.scene.triangle_mesh import TriangleMesh
from worldgen.scene.view import Buffers, View
from worldgen.stages.estimate_depth import SeenDepth
from worldgen.stages.read_panorama import SeenPanorama
from worldgen.stages.world_layers import SeenLayers

_MESH_HEIGHT = 384


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
    with context.stage("make splats"):
        samples = fuse_views([view], [panorama.picture])
        points = fuse_points(samples)
        splats = build_splats(samples, budget=context.tier.splat_budget)
    with context.stage("make mesh"):
        meshes = {"surface": _sheet(view, panorama.picture)}
    with context.stage("make collision"):
        collision = collision_from_view(euclidean_depth, is_ground, field, camera_height)
        sky = sky_from_panorama(panorama.radiance, ~np.isfinite(euclidean_depth))
    return SeenLayers(
        panorama=view,
        picture=panorama.picture,
        exposure=panorama.exposure,
        is_seen=panorama.known.astype(np.float32),
        confidence=(depth.confidence * panorama.known).astype(np.float32),
        sky=sky,
        points=points,
        splats=splats,
        meshes=meshes,
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


def _sheet(view: View, picture: NDArray[np.float32]) -> TriangleMesh:
    """The surface that was seen as one sheet, cut at depth edges, coarser than the picture."""
    height = min(view.camera.height, _MESH_HEIGHT)
    if height == view.camera.height:
        return mesh_from_view(view, picture)
    depth = resample_nearest(view.buffers.euclidean_depth, height)

    def small(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return resample_nearest(values, height)

    buffers = Buffers(
        euclidean_depth=depth,
        normals=small(view.buffers.normals),
        albedo=small(view.buffers.albedo),
        labels=resample_nearest(view.buffers.labels, height),
        object_ids=resample_nearest(view.buffers.object_ids, height),
    )
    camera = panorama_camera(view.camera.world_from_camera[:3, 3], height=height)
    return mesh_from_view(View(camera=camera, radiance=small(view.radiance), buffers=buffers), small(picture))
