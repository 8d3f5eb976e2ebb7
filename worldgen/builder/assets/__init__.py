"""Asset families, one per file."""
