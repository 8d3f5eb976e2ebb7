"""Where everything stands: sites of single things, paths, scattered vegetation and levels of detail."""
