"""Metrics, checks and comparisons."""
