"""Data types of worldgen: frozen, validated, read-only. Algorithms live elsewhere."""
