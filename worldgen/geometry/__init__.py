"""Geometry of views, points, splats and meshes: numpy and numba only."""
