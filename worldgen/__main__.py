"""``python -m worldgen`` is the command line."""

from worldgen.cli import main

main()
