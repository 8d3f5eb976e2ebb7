"""The denoiser and the guard against fireflies."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from worldgen.color import LUMINANCE_WEIGHTS
from worldgen.errors import BackendUnavailableError
from worldgen.randomness import rng
from worldgen.rendering import denoising
from worldgen.rendering.denoising import FIREFLY_FACTOR, HARMLESS_FACTOR, denoise, dim_fireflies


def picture() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """A clean picture of two walls with a checkered albedo, its albedo and its normals."""
    row, column = np.indices((96, 96))
    albedo = np.repeat(np.where((row // 8 + column // 8) % 2, 0.7, 0.2)[..., None], 3, axis=2).astype(np.float32)
    normals = np.zeros_like(albedo)
    normals[:, :48, 0], normals[:, 48:, 2] = 1.0, 1.0
    light = np.where(column < 48, 3.0, 0.8)[..., None]
    return (albedo * light).astype(np.float32), albedo, normals


def test_noise_goes_and_edges_stay() -> None:
    clean, albedo, normals = picture()
    generator = np.random.Generator(np.random.PCG64(1))
    noisy = (clean * generator.gamma(4.0, 0.25, clean.shape)).astype(np.float32)
    for quality in ("fast", "balanced", "high"):
        result = denoise(noisy, albedo, normals, quality=quality)  # type: ignore[arg-type]
        assert result.dtype == np.float32
        assert result.min() >= 0.0
        before, after = np.sqrt(((noisy - clean) ** 2).mean()), np.sqrt(((result - clean) ** 2).mean())
        assert after < 0.2 * before
        assert abs(result.mean() / clean.mean() - 1.0) < 0.06


def test_same_input_gives_same_bytes() -> None:
    clean, albedo, normals = picture()
    noisy = clean * np.random.Generator(np.random.PCG64(2)).gamma(4.0, 0.25, clean.shape).astype(np.float32)
    first = denoise(noisy, albedo, normals).tobytes()
    # Another size in between makes the cached filter start over.
    denoise(noisy[:40, :50].copy(), albedo[:40, :50].copy(), normals[:40, :50].copy())
    assert denoise(noisy, albedo, normals).tobytes() == first


def test_torch_is_not_loaded() -> None:
    code = (
        "import sys, numpy as np\n"
        "from worldgen.rendering.denoising import denoise\n"
        "image = np.ones((16, 16, 3), dtype=np.float32)\n"
        "denoise(image, image, image)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_missing_library_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    denoising._pyoidn.cache_clear()
    monkeypatch.setitem(sys.modules, "pyoidn", None)
    clean, albedo, normals = picture()
    try:
        with pytest.raises(BackendUnavailableError, match="pyoidn") as caught:
            denoise(clean, albedo, normals)
    finally:
        denoising._pyoidn.cache_clear()
    assert "pip install" in str(caught.value.hint)


def luminance(radiance: NDArray[np.float32]) -> NDArray[np.float32]:
    return radiance @ LUMINANCE_WEIGHTS


def test_single_blazing_pixels_are_dimmed_and_keep_their_hue() -> None:
    image = np.full((90, 90, 3), 0.01, dtype=np.float32)
    image[:45] = 0.5
    image[20, 20] = (90.0, 60.0, 30.0)
    image[70, 70] = 0.05
    dimmed = dim_fireflies(image)
    assert np.isclose(luminance(dimmed[20, 20]), HARMLESS_FACTOR * luminance(image).mean(), rtol=1e-4)
    assert dimmed[70, 70, 1] == np.float32(0.05), "no more than the picture's mean: harmless"
    np.testing.assert_allclose(dimmed[20, 20] / dimmed[20, 20, 0], [1.0, 2.0 / 3.0, 1.0 / 3.0], rtol=1e-5)
    dimmed[20, 20] = image[20, 20]
    assert np.array_equal(dimmed, image)


def test_among_bright_neighbours_the_neighbours_decide() -> None:
    image = np.full((9, 9, 3), 1e-3, dtype=np.float32)
    image[2:7, 2:7] = 2.0
    image[4, 4] = (90.0, 60.0, 30.0)
    dimmed = dim_fireflies(np.pad(image, ((0, 90), (0, 90), (0, 0))))
    assert np.isclose(luminance(dimmed[4, 4]), FIREFLY_FACTOR * 2.0, rtol=1e-4)


def test_the_light_of_a_dark_wood_is_kept() -> None:
    """Of paths that find no light but for one in twenty, the mean must not suffer."""
    image = (rng(3, "wood").random((128, 128, 1)) < 0.05).astype(np.float32) * np.ones(3, dtype=np.float32)
    assert dim_fireflies(image).mean() > 0.45 * image.mean()
    image = (rng(3, "wood").random((128, 128, 1)) < 0.12).astype(np.float32) * np.ones(3, dtype=np.float32)
    assert np.array_equal(dim_fireflies(image), image)


def test_lamps_and_edges_are_left_alone() -> None:
    image = np.full((12, 12, 3), 0.01, dtype=np.float32)
    image[3:5, 3:5] = 50.0
    image[:, 9:] = 20.0
    assert np.array_equal(dim_fireflies(image), image)
