"""A program that lets the OpenEXR library decode a file: ``python -m worldgen.exporters.exr_library``.

Arguments: the file, the number of its compression, the bytes of memory allowed, names of channels. It writes the
pixels of these to its output, one channel after the other, each in its own type. It runs on its own because the library
prints, and because a file that is damaged cleverly enough may end a process of compiled code, or fill its memory.
"""

from __future__ import annotations

import os
import sys

import numpy as np

EXIT_DAMAGED, EXIT_UNKNOWN = 3, 4
"""Exit codes: the library cannot read the file; it does not know the compression."""


def _limit_memory(num_bytes: int) -> None:
    """Bound the memory of this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = num_bytes if hard == resource.RLIM_INFINITY else min(num_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def main(arguments: list[str]) -> int:
    """Run the program; returns its exit code."""
    path, compression, num_bytes, *names = arguments
    with os.fdopen(os.dup(1), "wb") as output, open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        import OpenEXR

        _limit_memory(int(num_bytes))
        kinds = {kind: int(value) for kind, value in OpenEXR.Compression.__members__.items()}
        kinds.pop("NUM_COMPRESSION_METHODS", None)
        if int(compression) not in kinds.values():
            return EXIT_UNKNOWN
        try:
            file = OpenEXR.File(path, separate_channels=True)
        except Exception:  # the library raises whatever it likes
            return EXIT_DAMAGED
        with file:
            if len(file.parts) != 1:  # it leaves out a part that cannot be read, and says so in print
                return EXIT_DAMAGED
            channels = file.channels()
            for name in names:
                output.write(np.ascontiguousarray(channels[name].pixels).data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
