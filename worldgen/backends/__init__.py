"""Adapters to models, one file each, imported on use."""
