"""How SPZ stores numbers: quantisation of every stream, both ways.

After the description and the reference implementation of the format (Niantic, https://github.com/nianticlabs/spz).
The file's axes are RUB, the world's own. All functions work on blocks of splats; encoders return (N, bytes) uint8.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldgen import activations

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

FRACTIONAL_BITS = 12
"""Positions are counted in 2**-12 metres."""
MAX_POSITION_STEPS = (1 << 23) - 1

_COLOR_SCALE = 0.15 * 255.0
_SH1_BUCKET = 8  # 5 bits for degree 1
_SH_REST_BUCKET = 16  # 4 bits for the others
_MAGNITUDE_MAX = (1 << 9) - 1
MAX_LOG_SCALE = 255.0 / 16.0 - 10.0
MIN_LOG_SCALE = -10.0
MAX_SH_DC = 127.5 / _COLOR_SCALE

POSITION_BYTES = 9
HALF_POSITION_BYTES = 6
ROTATION_BYTES = {1: 3, 2: 3, 3: 4, 4: 4}
"""Bytes of a rotation, by the version of the file."""


def encode_positions(means: Floats) -> Bytes:
    """24-bit fixed point; positions must lie within ``MAX_POSITION_STEPS`` already."""
    steps = _round(means.astype(np.float64) * (1 << FRACTIONAL_BITS))
    steps = np.clip(steps, -MAX_POSITION_STEPS, MAX_POSITION_STEPS).astype("<i4")
    return np.ascontiguousarray(steps.view(np.uint8).reshape(-1, 3, 4)[:, :, :3]).reshape(-1, POSITION_BYTES)


def decode_positions(data: Bytes, fractional_bits: int) -> Floats:
    """(N, 3) metres of 24-bit fixed point with that many bits after the point."""
    wide = np.zeros((len(data), 3, 4), dtype=np.uint8)
    wide[:, :, 1:] = data.reshape(-1, 3, 3)
    # The three bytes stand in the upper part of the word, so shifting down brings the sign along.
    steps = wide.view("<i4")[:, :, 0] >> 8
    return (steps.astype(np.float64) / (1 << fractional_bits)).astype(np.float32)


def decode_half_positions(data: Bytes) -> Floats:
    """(N, 3) metres of half floats, as version 1 has them."""
    return data.view("<f2").reshape(-1, 3).astype(np.float32)


def encode_opacities(opacities: Floats) -> Bytes:
    """Linear opacity in 8 bits."""
    return _to_byte(opacities.astype(np.float64) * 255.0)[:, None]


def decode_opacities(data: Bytes) -> Floats:
    """(N,) linear opacity."""
    return (data[:, 0].astype(np.float32) / np.float32(255.0)).astype(np.float32)


def encode_colors(sh_dc: Floats) -> Bytes:
    """Degree-0 coefficients in 8 bits."""
    return _to_byte(sh_dc.astype(np.float64) * _COLOR_SCALE + 127.5)


def decode_colors(data: Bytes) -> Floats:
    """(N, 3) degree-0 coefficients."""
    return ((data.astype(np.float64) - 127.5) / _COLOR_SCALE).astype(np.float32)


def encode_scales(scales: Floats) -> Bytes:
    """Logarithms of linear scales in steps of 1/16."""
    return _to_byte((activations.log_scales_from_scales(scales).astype(np.float64) + 10.0) * 16.0)


def decode_scales(data: Bytes) -> Floats:
    """(N, 3) linear scales in metres."""
    return np.exp(data.astype(np.float64) / 16.0 - 10.0).astype(np.float32)


def encode_rotations(quats_wxyz: Floats, version: int) -> Bytes:
    """Three components in 8 bits each (up to version 2), or the smallest three in 10 bits each."""
    quats = quats_wxyz.astype(np.float64)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    if version <= 2:
        quats = np.where(quats[:, :1] < 0.0, -quats, quats)
        return _to_byte(quats[:, 1:] * 127.5 + 127.5)
    xyzw = quats[:, [1, 2, 3, 0]]
    largest = np.argmax(np.abs(xyzw), axis=1)
    row = np.arange(len(xyzw))
    xyzw = np.where(xyzw[row, largest][:, None] < 0.0, -xyzw, xyzw)
    packed = largest.astype(np.uint32)
    for component in range(4):
        value = xyzw[:, component]
        magnitude = np.floor(_MAGNITUDE_MAX * np.abs(value) * math.sqrt(2.0) + 0.5)
        bits = np.minimum(magnitude, _MAGNITUDE_MAX).astype(np.uint32) | ((value < 0.0).astype(np.uint32) << 9)
        packed = np.where(largest == component, packed, (packed << np.uint32(10)) | bits)
    return packed.astype("<u4").view(np.uint8).reshape(-1, 4)


def decode_rotations(data: Bytes, version: int) -> Floats:
    """(N, 4) unit quaternions, scalar first."""
    if version <= 2:
        xyz = data.astype(np.float64) / 127.5 - 1.0
        w = np.sqrt(np.maximum(0.0, 1.0 - (xyz**2).sum(axis=1)))
        quats = np.concatenate([w[:, None], xyz], axis=1)
    else:
        packed = np.ascontiguousarray(data).view("<u4")[:, 0].astype(np.uint32)
        largest = packed >> np.uint32(30)
        xyzw = np.zeros((len(data), 4))
        for component in (3, 2, 1, 0):
            magnitude = (packed & np.uint32(_MAGNITUDE_MAX)) / (_MAGNITUDE_MAX * math.sqrt(2.0))
            negative = (packed >> np.uint32(9)) & np.uint32(1)
            is_stored = largest != component
            xyzw[:, component] = np.where(is_stored, np.where(negative == 1, -magnitude, magnitude), 0.0)
            packed = np.where(is_stored, packed >> np.uint32(10), packed)
        rest = np.sqrt(np.maximum(0.0, 1.0 - (xyzw**2).sum(axis=1)))
        xyzw[np.arange(len(data)), largest] = rest
        quats = xyzw[:, [3, 0, 1, 2]]
    # Damaged or extreme bytes can give more than unit length; what is left of the rotation is kept.
    return (quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32)


def encode_sh(sh_rest: Floats) -> Bytes:
    """Coefficients in [-1, 1) in 8 bits, rounded to 5 bits in degree 1 and to 4 above; RGB stay together."""
    steps = _round(sh_rest.astype(np.float64) * 128.0) + 128.0
    bucket = np.full((1, sh_rest.shape[1], 1), _SH_REST_BUCKET)
    bucket[:, :3] = _SH1_BUCKET
    steps = np.floor((steps + bucket // 2) / bucket) * bucket
    return np.clip(steps, 0.0, 255.0).astype(np.uint8).reshape(len(sh_rest), 3 * sh_rest.shape[1])


def decode_sh(data: Bytes) -> Floats:
    """(N, K, 3) coefficients."""
    return ((data.astype(np.float32) - np.float32(128.0)) / np.float32(128.0)).reshape(len(data), data.shape[1] // 3, 3)


def _to_byte(values: NDArray[np.float64]) -> Bytes:
    return np.clip(_round(values), 0.0, 255.0).astype(np.uint8)


def _round(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """To the nearest whole number, halves away from zero, as the reference implementation does."""
    return np.trunc(values + np.copysign(0.5, values))
