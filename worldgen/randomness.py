"""The only source of randomness: generators derived by name from the world's seed.

Every object, texture and stage asks for its own stream, so adding a tower moves no tree.
"""

from __future__ import annotations

import hashlib

import numpy as np


def seed_for(seed: int, name: str) -> int:
    """A 64-bit seed for the stream ``name`` of the world ``seed``; the same on every machine."""
    digest = hashlib.sha256(f"{seed}\0{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little")


def rng(seed: int, name: str) -> np.random.Generator:
    """An independent generator for the stream ``name``, for example ``"forest/pine/17"``."""
    return np.random.Generator(np.random.PCG64(seed_for(seed, name)))
