"""Steps of the pipelines, one typed step per file."""
