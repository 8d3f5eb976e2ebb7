"""Views of a built scene: path traced, denoised, seen through air, with exact buffers beside the radiance."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from worldgen.geometry.cameras import CUBE_FACES, camera_position, cube_cameras, pixel_angles, pixel_rays_in_world
from worldgen.randomness import seed_for
from worldgen.rendering.atmosphere import things_through_air
from worldgen.rendering.cube_resampling import pad_faces, require_cube, resample_bicubic
from worldgen.rendering.denoising import DenoiserQuality, denoise, dim_fireflies
from worldgen.rendering.path_queue import PathQueue
from worldgen.rendering.sky_pixels import clear_sky, foggy_sky
from worldgen.rendering.tracer import SceneTracer
from worldgen.scene.camera import Camera, PanoramaCamera
from worldgen.scene.scene import Scene
from worldgen.scene.view import Buffers, View
from worldgen.settings import QualityTier

_FACE_OVERSAMPLING = 1.0
"""Face pixels per panorama pixel at the middle of a face, so that no detail is lost on the way."""

_MARGIN_PX = 8
"""Pixels rendered around a face, so that the denoiser knows what goes on beyond its border."""

_SKY_PX = 16
"""Pixels of bare sky around things that the denoiser is shown."""

_THOROUGH_SAMPLES = 12
"""Samples per pixel from which the better denoiser costs less than the samples that it stands for."""


class SceneRenderer:
    """Renders one scene; owns its tracer and its path tracer, both built once.

    Every view has its own random stream, derived from the seed and the camera: views do not depend on the order in
    which they are rendered. Path tracing goes on in the background: start what is known to be wanted, do other work,
    then render. A context manager that gives up what was started and never taken.
    """

    def __init__(self, scene: Scene, tier: QualityTier, seed: int, *, variant: str | None = None) -> None:
        """Build everything that all views share.

        Args:
            scene: What to render.
            tier: Quality; sets the length of the paths.
            seed: The world's seed.
            variant: Mitsuba variant; None picks the best that works here.

        Raises:
            BackendUnavailableError: mitsuba or embreex is missing.
        """
        self.scene = scene
        self._paths = PathQueue(scene, tier, variant=variant)
        self.tracer = SceneTracer(scene)
        self._seed = seed

    def __enter__(self) -> SceneRenderer:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give up path tracing."""
        self._paths.close()

    @property
    def path_samples_per_second(self) -> float:
        """Path samples per second of wall time in the path tracer alone, over all views so far."""
        return self._paths.samples_per_second

    @staticmethod
    def face_px_for(panorama_height: int) -> int:
        """Side of cube faces that carry the detail of a panorama with this many rows."""
        # A multiple of 16 can be halved without a rest, which whoever reduces the faces is glad of.
        return 16 * max(1, round(_FACE_OVERSAMPLING * panorama_height / 32))

    def start_view(self, camera: Camera, samples: int) -> None:
        """Let the path tracer begin with what :meth:`render_view` will be asked for."""
        self._paths.start(camera, samples, self._stream(camera))

    def start_cube(
        self, position: NDArray[np.float64], face_px: int, samples: int, *, vertical_px: int | None = None
    ) -> None:
        """Let the path tracer begin with what :meth:`render_cube` will be asked for."""
        for camera, spent in cube_samples(position, face_px, samples, vertical_px=vertical_px):
            self.start_view(camera, spent)

    def render_view(self, camera: Camera, samples: int, *, kept_noise: float = 0.0) -> View:
        """Render what a pinhole camera sees.

        Args:
            camera: Where from.
            samples: Paths per pixel.
            kept_noise: Part of the noise that stays, from 0 to 1. Denoising blurs what is fine, always alike; so means
                over many pictures come closer to the truth with some noise left in each.

        Raises:
            InvalidInputError: The camera's pixels are not square, or there are no samples.
            BackendUnavailableError: The denoiser is missing.
        """
        return self._view(camera, samples, margin_px=0, kept_noise=kept_noise)

    def render_cube(
        self, position: NDArray[np.float64], face_px: int, samples: int, *, vertical_px: int | None = None
    ) -> tuple[View, ...]:
        """Render all that is around a point.

        Args:
            position: (3,) in world, metres.
            face_px: Side of each face in pixels.
            samples: Paths per pixel; the face that looks at one's own feet takes half.
            vertical_px: Side of the two faces that look up and down; as the others if None.

        Returns:
            Six views of exactly 90°, in the order of ``CUBE_FACES``.
        """
        self.start_cube(position, face_px, samples, vertical_px=vertical_px)
        faces = cube_samples(position, face_px, samples, vertical_px=vertical_px)
        return tuple(self._view(camera, spent, margin_px=_MARGIN_PX) for camera, spent in faces)

    def panorama_from_cube(self, views: Sequence[View], camera: PanoramaCamera) -> View:
        """Assemble a panorama from the faces of a cube that was rendered at its position.

        Its buffers are traced anew, one ray through each pixel centre, and its bare sky is drawn from the
        environment; only the radiance of things is resampled from the faces.

        Args:
            views: From :meth:`render_cube`.
            camera: At the cube's centre, turned as you like.

        Raises:
            InvalidInputError: The views are not the faces of one upright cube.
        """
        faces = [view.camera for view in views if isinstance(view.camera, Camera)]
        require_cube(faces)
        buffers = self.tracer.buffers(camera)
        rays = pixel_rays_in_world(camera)
        is_sky = buffers.labels == 0
        resampled = resample_bicubic(pad_faces(np.stack([self._sky_layers(view) for view in views])), rays)
        # Between sky pixels only the difference to the sky comes from the faces: the sky itself stays sharp.
        open_sky = is_sky & (resampled[..., 6] >= 1.0)
        radiance = resampled[..., :3].copy()
        radiance[open_sky] = self._foggy_sky(camera, rays, open_sky) + resampled[open_sky, 3:6]
        return View(camera=camera, radiance=np.maximum(radiance, np.float32(0.0)), buffers=buffers)

    def _sky_layers(self, view: View) -> NDArray[np.float32]:
        """Radiance, what stands out against the sky, and where there is sky, (H, W, 7); in open sky zero and one."""
        is_sky = view.buffers.labels == 0
        beyond = view.radiance.copy()
        beyond[is_sky] -= self._foggy_sky(view.camera, pixel_rays_in_world(view.camera), is_sky)
        return np.concatenate([view.radiance, beyond, is_sky[..., None].astype(np.float32)], axis=-1)

    def _view(self, camera: Camera, samples: int, *, margin_px: int, kept_noise: float = 0.0) -> View:
        self.start_view(camera, samples)
        guides, buffers = self.tracer.guides_and_buffers(camera)
        noisy = self._paths.take(camera, samples, self._stream(camera))
        quality: DenoiserQuality = "high" if samples >= _THOROUGH_SAMPLES else "fast"
        sky_coverage = guides.sky_coverage
        clean = dim_fireflies(noisy)
        # Bare sky is drawn anew; so only things are denoised, and the sky close around them.
        part = _part_with_things(sky_coverage)
        if clean[part].size:
            denoised = denoise(clean[part], guides.albedo[part], guides.normals[part], quality=quality)
            clean[part] = denoised + np.float32(kept_noise) * (clean[part] - denoised) if kept_noise else denoised
        if margin_px:
            inner = slice(margin_px, -margin_px)
            clean, sky_coverage = clean[inner, inner], sky_coverage[inner, inner]
            camera, buffers = _cropped(camera, margin_px), _cropped_buffers(buffers, inner)
        return View(camera=camera, radiance=self._through_air(camera, clean, sky_coverage, buffers), buffers=buffers)

    def _through_air(
        self, camera: Camera, clean: NDArray[np.float32], sky_coverage: NDArray[np.float32], buffers: Buffers
    ) -> NDArray[np.float32]:
        """Separate things from sky, put the air in front of each and the noise-free sky behind."""
        rays = pixel_rays_in_world(camera)
        has_sky = sky_coverage > 0.0
        edge = has_sky & (sky_coverage < 1.0)
        things = clean.copy()
        things[edge] -= sky_coverage[edge, None] * clear_sky(self.scene.sky, rays[edge])
        shares = np.float32(1.0) - sky_coverage
        radiance = things_through_air(
            self.scene.sky,
            self.scene.fog,
            things,
            shares,
            rays_in_world=rays,
            euclidean_depth=_filled_depth(buffers.euclidean_depth),
            camera_height_m=float(camera_position(camera)[1]),
        )
        radiance[has_sky] += sky_coverage[has_sky, None] * self._foggy_sky(camera, rays, has_sky)
        return radiance

    def _foggy_sky(
        self, camera: Camera | PanoramaCamera, rays: NDArray[np.float64], where: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Sky behind air in the M pixels of a mask, (M, 3)."""
        return foggy_sky(
            self.scene.sky,
            self.scene.fog,
            rays[where],
            pixel_angles=pixel_angles(camera)[where],
            height_m=float(camera_position(camera)[1]),
        )

    def _stream(self, camera: Camera) -> int:
        digest = hashlib.sha256()
        for array in (camera.world_from_camera, camera.intrinsics_px):
            digest.update(np.ascontiguousarray(array).tobytes())
        return seed_for(self._seed, f"render/{camera.width}x{camera.height}/{digest.hexdigest()}")


def cube_samples(
    position: NDArray[np.float64], face_px: int, samples: int, *, vertical_px: int | None = None
) -> list[tuple[Camera, int]]:
    """Cameras of a cube's faces with their margins, in the order of ``CUBE_FACES``, and the samples each is worth."""
    around = cube_cameras(position, face_px=face_px, margin_px=_MARGIN_PX)
    vertical = cube_cameras(position, face_px=vertical_px or face_px, margin_px=_MARGIN_PX)
    cameras = [(vertical if face in ("up", "down") else around)[index] for index, face in enumerate(CUBE_FACES)]
    # At one's feet a pixel covers millimetres of the same ground as its neighbours, which the denoiser knows.
    return [
        (camera, -(-samples // 2) if face == "down" else samples)
        for camera, face in zip(cameras, CUBE_FACES, strict=True)
    ]


def _part_with_things(sky_coverage: NDArray[np.float32]) -> tuple[slice, slice]:
    """Rows and columns that hold all that is not bare sky, with some sky around it; both empty if there is nothing."""
    has_things = sky_coverage < 1.0
    rows, columns = (np.flatnonzero(has_things.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    top, left = max(int(rows[0]) - _SKY_PX, 0), max(int(columns[0]) - _SKY_PX, 0)
    return slice(top, int(rows[-1]) + 1 + _SKY_PX), slice(left, int(columns[-1]) + 1 + _SKY_PX)


def _cropped(camera: Camera, margin_px: int) -> Camera:
    intrinsics_px = np.array(camera.intrinsics_px)
    intrinsics_px[:2, 2] -= margin_px
    return Camera(
        intrinsics_px=intrinsics_px,
        world_from_camera=np.array(camera.world_from_camera),
        height=camera.height - 2 * margin_px,
        width=camera.width - 2 * margin_px,
    )


def _cropped_buffers(buffers: Buffers, inner: slice) -> Buffers:
    return Buffers(
        **{name: np.ascontiguousarray(getattr(buffers, name)[inner, inner]) for name in Buffers.__dataclass_fields__}
    )


def _filled_depth(euclidean_depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Depth where sky pixels beside things take their depth, for pixels that show a bit of both."""
    padded = np.pad(euclidean_depth, 1, constant_values=np.inf)
    height, width = euclidean_depth.shape
    nearest = np.full_like(euclidean_depth, np.inf)
    for row in range(3):
        for column in range(3):
            nearest = np.minimum(nearest, padded[row : row + height, column : column + width])
    return np.where(np.isfinite(euclidean_depth), euclidean_depth, nearest)
