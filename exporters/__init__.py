"""Exporters: one file per format or engine. Imported as ``worldgen.exporters``."""

if __name__ != "worldgen.exporters":
    raise ImportError("import worldgen.exporters, not exporters: a second import path would double every class")
