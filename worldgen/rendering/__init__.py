"""Renderers: path tracing, exact buffers, denoising, tone mapping, splat rasterisers."""
