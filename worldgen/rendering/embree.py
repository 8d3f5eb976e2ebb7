"""Intel Embree, called directly: the shared library that the ``embreex`` wheel brings, driven from numba.

embreex's own Python interface copies geometry element by element, has no instances and traces on one thread while
holding the interpreter's lock. The C interface of Embree 4 behind it has none of these limits, so this module binds
the few functions that are needed: triangle meshes over shared buffers, instances, and a parallel loop of ray packets.

Source: Embree 4 API reference (https://github.com/RenderKit/embree, Apache-2.0). Constants are those of
``rtcore_common.h``, ``rtcore_buffer.h`` and ``rtcore_geometry.h`` of version 4.
"""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from worldgen.errors import BackendUnavailableError

NO_HIT = np.uint32(0xFFFFFFFF)

_BUFFER_INDEX, _BUFFER_VERTEX = 0, 1
_FORMAT_UINT3, _FORMAT_FLOAT3, _FORMAT_FLOAT3X4_COLUMN_MAJOR = 0x5003, 0x9003, 0x9234
_GEOMETRY_TRIANGLE, _GEOMETRY_INSTANCE = 0, 121
_SCENE_ROBUST = 1 << 2
_RAYS_COHERENT = 1 << 16
_ALL_FEATURES = 0xFFFFFFFF

_PACKETS = ((16, 34), (8, 33), (4, 32))
"""Rays in a packet, and the device property that tells whether the processor has such wide registers."""

_MAX_SCATTERED_PACKET = 8
"""Wider packets lose time where the rays have nothing in common."""

_CHUNK = 128
"""Packets that a thread takes at a time."""

_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "rtcNewDevice": (ctypes.c_void_p, (ctypes.c_char_p,)),
    "rtcReleaseDevice": (None, (ctypes.c_void_p,)),
    "rtcGetDeviceError": (ctypes.c_int, (ctypes.c_void_p,)),
    "rtcNewScene": (ctypes.c_void_p, (ctypes.c_void_p,)),
    "rtcReleaseScene": (None, (ctypes.c_void_p,)),
    "rtcSetSceneFlags": (None, (ctypes.c_void_p, ctypes.c_int)),
    "rtcCommitScene": (None, (ctypes.c_void_p,)),
    "rtcNewGeometry": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)),
    "rtcReleaseGeometry": (None, (ctypes.c_void_p,)),
    "rtcCommitGeometry": (None, (ctypes.c_void_p,)),
    "rtcAttachGeometry": (ctypes.c_uint, (ctypes.c_void_p, ctypes.c_void_p)),
    "rtcSetSharedGeometryBuffer": (
        None,
        (
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_size_t,
            ctypes.c_size_t,
        ),
    ),
    "rtcSetGeometryInstancedScene": (None, (ctypes.c_void_p, ctypes.c_void_p)),
    "rtcSetGeometryTransform": (None, (ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)),
    "rtcGetDeviceProperty": (ctypes.c_ssize_t, (ctypes.c_void_p, ctypes.c_int)),
    "rtcIntersect4": (None, (ctypes.c_void_p,) * 4),
    "rtcIntersect8": (None, (ctypes.c_void_p,) * 4),
    "rtcIntersect16": (None, (ctypes.c_void_p,) * 4),
}


@functools.cache
def _library() -> ctypes.CDLL:
    """The Embree 4 library of the embreex wheel, with the signatures that are used here."""
    hint = "pip install 'embreex>=4.4'"
    try:
        import embreex
    except ImportError as error:
        raise BackendUnavailableError("Rendering needs the package embreex.", hint=hint) from error
    package = Path(embreex.__file__).parent
    # Wheels keep the library beside the package: auditwheel and delvewheel in embreex.libs, delocate in .dylibs.
    folders = (package.parent / "embreex.libs", package / ".dylibs", package)
    found = sorted(path for folder in folders for path in folder.glob("*embree4*") if path.is_file())
    if not found:
        raise BackendUnavailableError("The package embreex has no Embree 4 library.", hint=hint, path=package)
    try:
        library = ctypes.CDLL(str(found[0]))
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, list(arguments)
    except (OSError, AttributeError) as error:
        raise BackendUnavailableError("The Embree library cannot be loaded.", hint=hint, path=found[0]) from error
    return library


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RayHits:
    """First hits of N rays.

    distances     (N,)   float32  in lengths of the direction, +inf for a miss
    barycentrics  (N, 2) float32  weights of the triangle's second and third vertex
    normals       (N, 3) float32  of the triangle in its group's frame, as long as its area is large, times two
    ids           (N, 3) uint32   instance, mesh and triangle, ``NO_HIT`` for a miss
    """

    distances: NDArray[np.float32]
    barycentrics: NDArray[np.float32]
    normals: NDArray[np.float32]
    ids: NDArray[np.uint32]


class InstancedScene:
    """Triangle meshes in groups, and instances of the groups, ready to be traced.

    Hits name the instance, the mesh inside its group and the triangle inside the mesh, each counted in the
    order of adding.
    """

    def __init__(self) -> None:
        """Start with nothing.

        Raises:
            BackendUnavailableError: embreex is missing.
        """
        self._library = _library()
        self._device = self._library.rtcNewDevice(None)
        if not self._device:
            raise BackendUnavailableError("Embree cannot start on this processor.")
        self._scenes: list[int] = []
        self._buffers: list[NDArray[Any]] = []
        self._top = self._new_scene()

    def add_group(self, meshes: list[tuple[NDArray[np.float32], NDArray[np.int32]]]) -> int:
        """Add a group of meshes, each (V + 1, 3) vertices and (T, 3) triangles, and return its handle.

        The arrays are shared, not copied; Embree reads 16 bytes at a time, hence one vertex more than is used.
        """
        group = self._new_scene()
        for vertices, triangles in meshes:
            self._buffers += [vertices, triangles]
            geometry = self._library.rtcNewGeometry(self._device, _GEOMETRY_TRIANGLE)
            self._share(geometry, _BUFFER_VERTEX, _FORMAT_FLOAT3, vertices, len(vertices) - 1)
            self._share(geometry, _BUFFER_INDEX, _FORMAT_UINT3, triangles, len(triangles))
            self._attach(group, geometry)
        self._library.rtcCommitScene(group)
        return group

    def add_instance(self, group: int, world_from_object: NDArray[np.float64]) -> None:
        """Place a group by a (4, 4) affine transform."""
        geometry = self._library.rtcNewGeometry(self._device, _GEOMETRY_INSTANCE)
        self._library.rtcSetGeometryInstancedScene(geometry, group)
        columns = np.ascontiguousarray(world_from_object[:3, :4].T, dtype=np.float32)
        self._library.rtcSetGeometryTransform(geometry, 0, _FORMAT_FLOAT3X4_COLUMN_MAJOR, columns.ctypes.data)
        self._attach(self._top, geometry)

    def commit(self) -> None:
        """Build what rays need; call it after everything was added."""
        self._library.rtcCommitScene(self._top)
        if self._library.rtcGetDeviceError(self._device) != 0:
            raise BackendUnavailableError("Embree could not build the scene.", hint="Close programs that use memory.")

    def intersect(
        self, origins: NDArray[np.float32], directions: NDArray[np.float32], *, columns: int | None = None
    ) -> RayHits:
        """First hits of rays, on all of numba's threads.

        Args:
            origins: (N, 3), or (1, 3) for all rays.
            directions: (N, 3).
            columns: Columns of the picture whose rays these are, row by row, or 0 for others that follow each other
                side by side: both are faster than rays that have nothing in common.
        """
        size = self._packet_size(_MAX_SCATTERED_PACKET if columns is None else 16)
        function = ctypes.cast(getattr(self._library, f"rtcIntersect{size}"), ctypes.c_void_p).value or 0
        # RTCIntersectArguments: flags, features, context, filter, intersect, and the least width of curves.
        arguments = np.zeros(10, dtype=np.uint32)
        arguments[:2] = 0 if columns is None else _RAYS_COHERENT, _ALL_FEATURES
        count = len(directions)
        hits = RayHits(
            distances=np.full(count, np.inf, dtype=np.float32),
            barycentrics=np.zeros((count, 2), dtype=np.float32),
            normals=np.zeros((count, 3), dtype=np.float32),
            ids=np.full((count, 3), NO_HIT, dtype=np.uint32),
        )
        addresses = np.uint64(function), np.uint64(self._top), np.uint64(arguments.ctypes.data)
        results = hits.distances, hits.barycentrics, hits.normals, hits.ids
        _intersect(addresses, (size, columns or 0), (origins, directions), results)
        return hits

    def close(self) -> None:
        """Give everything back; the scene must not be used afterwards."""
        for scene in self._scenes:
            self._library.rtcReleaseScene(scene)
        self._scenes.clear()
        if self._device:
            self._library.rtcReleaseDevice(self._device)
            self._device = None
        self._buffers.clear()

    def __del__(self) -> None:
        if getattr(self, "_device", None):
            self.close()

    def _packet_size(self, most: int) -> int:
        """The widest packet, within ``most`` rays, that this processor traces in one go."""
        for size, device_property in _PACKETS:
            if size <= most and self._library.rtcGetDeviceProperty(self._device, device_property) > 0:
                return size
        raise BackendUnavailableError("Embree cannot trace packets of rays on this processor.")

    def _new_scene(self) -> int:
        scene: int = self._library.rtcNewScene(self._device)
        # Robust traversal lets no ray slip between triangles that share an edge.
        self._library.rtcSetSceneFlags(scene, _SCENE_ROBUST)
        self._scenes.append(scene)
        return scene

    def _share(self, geometry: int, kind: int, item_format: int, array: NDArray[Any], count: int) -> None:
        self._library.rtcSetSharedGeometryBuffer(geometry, kind, 0, item_format, array.ctypes.data, 0, 12, count)

    def _attach(self, scene: int, geometry: int) -> None:
        self._library.rtcCommitGeometry(geometry)
        self._library.rtcAttachGeometry(scene, geometry)
        self._library.rtcReleaseGeometry(geometry)


@intrinsic
def _call_intersect(typing_context: Any, function: Any, pointers: Any) -> Any:
    """``rtcIntersect4/8/16(valid, scene, rays, arguments)`` through its address, so that compiled code can be cached.

    ``pointers`` are the four arguments' addresses as integers.
    """
    if not (isinstance(function, types.Integer) and isinstance(pointers, types.UniTuple)):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        target = ir.FunctionType(ir.VoidType(), [pointer] * 4)
        address = builder.inttoptr(arguments[0], target.as_pointer())
        values = cgutils.unpack_tuple(builder, arguments[1], 4)
        builder.call(address, [builder.inttoptr(value, pointer) for value in values])
        return context.get_dummy_value()

    return types.void(function, pointers), generate


@numba.njit(parallel=True, cache=True)
def _intersect(addresses: Any, layout: Any, rays: Any, hits: Any) -> None:
    """Trace packets of rays.

    Args:
        addresses: Of function, scene and arguments.
        layout: Rays in a packet, and columns of the picture that they make up, or 0 if they only follow each other.
        rays: origins (N, 3) or (1, 3), and directions (N, 3).
        hits: The arrays of ``RayHits``, filled with misses.
    """
    function, scene, arguments = addresses
    size = layout[0]
    origins, directions = rays
    distances, barycentrics, normals, ids = hits
    num_packets = _num_packets(len(directions), layout)
    step = 1 if len(origins) > 1 else 0
    for chunk in numba.prange((num_packets + _CHUNK - 1) // _CHUNK):
        # 21 rows of RTCRayHit (20 where the library was built without instance arrays) and one of the valid mask.
        storage = np.zeros(22 * size + 16, dtype=np.float32)
        start = (64 - storage.ctypes.data % 64) % 64 // 4
        packet = storage[start : start + 22 * size].reshape(22, size)
        bits = packet.view(np.uint32)
        address = np.uint64(packet.ctypes.data)
        pointers = (address + np.uint64(21 * size * 4), scene, address, arguments)
        members = np.zeros(size, dtype=np.int64)
        for number in range(chunk * _CHUNK, min(num_packets, (chunk + 1) * _CHUNK)):
            _choose_members(number, layout, len(directions), members)
            for lane in range(size):
                bits[21, lane] = NO_HIT if members[lane] >= 0 else 0
                index = max(members[lane], 0)
                for axis in range(3):
                    packet[axis, lane] = origins[index * step, axis]
                    packet[4 + axis, lane] = directions[index, axis]
                packet[3, lane] = 0.0
                packet[7, lane] = 0.0
                packet[8, lane] = np.inf
                bits[9, lane] = NO_HIT
                bits[10, lane] = 0
                bits[11, lane] = 0
                bits[17, lane] = NO_HIT
                bits[18, lane] = NO_HIT
                bits[19, lane] = NO_HIT
            _call_intersect(function, pointers)
            for lane in range(size):
                index = members[lane]
                if index >= 0 and bits[18, lane] != NO_HIT:
                    distances[index] = packet[8, lane]
                    for axis in range(3):
                        normals[index, axis] = packet[12 + axis, lane]
                    barycentrics[index, 0] = packet[15, lane]
                    barycentrics[index, 1] = packet[16, lane]
                    ids[index, 0] = bits[19, lane]
                    ids[index, 1] = bits[18, lane]
                    ids[index, 2] = bits[17, lane]


@numba.njit(cache=True)
def _num_packets(count: int, layout: Any) -> int:
    size, columns = layout
    if columns == 0:
        return (count + size - 1) // size
    half = size // 2
    rows = count // columns
    return ((rows + 1) // 2) * ((columns + half - 1) // half)


@numba.njit(cache=True)
def _choose_members(number: int, layout: Any, count: int, members: Any) -> None:
    """Indices of the rays in a packet, -1 where there is none; packets of a picture are two rows high."""
    size, columns = layout
    if columns == 0:
        for lane in range(size):
            index = number * size + lane
            members[lane] = index if index < count else -1
        return
    half = size // 2
    across = (columns + half - 1) // half
    row, left = 2 * (number // across), half * (number % across)
    for lane in range(half):
        is_inside = left + lane < columns
        members[lane] = row * columns + left + lane if is_inside else -1
        members[half + lane] = (row + 1) * columns + left + lane if is_inside and (row + 1) * columns < count else -1
