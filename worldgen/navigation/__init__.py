"""Where an agent can walk: navmesh, islands, places to start and things worth going to."""
