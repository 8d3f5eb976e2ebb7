"""Modelling of asset meshes: assembly of triangles, tubes, leaves, plant skeletons and stones."""
