"""The land: shape, erosion, water, meshes and ground textures."""
