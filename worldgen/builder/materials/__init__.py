"""Tileable PBR materials made from noise."""
