"""From a WorldSpec to a Scene: land, water, sky, materials, asset families and their placement."""
