"""worldgen turns a text prompt, a photo or a 360° panorama into a 3D world for game engines."""

__version__ = "0.1.0"
