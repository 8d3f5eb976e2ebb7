"""Pipelines: plain typed functions that compose stages. Imported as ``worldgen.pipelines``."""

if __name__ != "worldgen.pipelines":
    raise ImportError("import worldgen.pipelines, not pipelines: a second import path would double every class")
