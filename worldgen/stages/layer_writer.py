"""Files of a world are written on a thread of their own, while the rest of the world is still being made."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from worldgen.events import ArtifactWritten, RunContext
from worldgen.manifest import WorldFile
from worldgen.registry import find_format, load_writer
from worldgen.stages.world_layers import LayerFile
from worldgen.storage import sha256_of


class LayerWriter:
    """Writes layer files one after the other in the background; a context manager that waits for the last one.

    Compiled kernels hold the interpreter's lock and the renderer does not, so writing fills the gaps that rendering
    leaves, and two kernels never run at a time.
    """

    def __init__(self, folder: Path) -> None:
        """Write into ``folder``, which must exist."""
        self._folder = folder
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="layer-writer")
        self._started: list[tuple[LayerFile, Future[tuple[WorldFile, list[str]]]]] = []

    def __enter__(self) -> LayerWriter:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the file that is being written, and give up the others."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def start(self, layers: Sequence[LayerFile]) -> None:
        """Let some layers be written; their values must not change any more."""
        for layer in layers:
            self._started.append((layer, self._executor.submit(_write, layer, self._folder)))

    def finish(self, context: RunContext) -> tuple[list[WorldFile], list[str]]:
        """Wait until all that was started is written.

        Returns:
            The files for the manifest in the order in which they were started, with what each format could not hold,
            and the writers' warnings.

        Raises:
            ExportError: A file could not be written.
        """
        files, warnings = [], []
        with context.stage("write files") as progress:
            for number, (layer, future) in enumerate(self._started):
                progress(number / len(self._started), layer.name)
                file, remarks = future.result()
                files.append(file)
                warnings += remarks
                context.report(ArtifactWritten(self._folder / layer.name, layer.role, file.num_bytes))
        return files, warnings


def describe_file(folder: Path, name: str, role: str, format_id: str, counts: dict[str, int]) -> WorldFile:
    """The manifest's row for a file that was written."""
    path = folder / name
    return WorldFile(
        path=name,
        role=role,
        format=format_id,
        num_bytes=path.stat().st_size,
        sha256=sha256_of(path),
        counts=counts,
    )


def _write(layer: LayerFile, folder: Path) -> tuple[WorldFile, list[str]]:
    report = load_writer(find_format(layer.format_id))(layer.value, folder / layer.name)
    file = describe_file(folder, layer.name, layer.role, layer.format_id, dict(layer.counts))
    file = file.model_copy(update={"losses": report.dropped, "levels": layer.levels})
    return file, [f"{layer.name}: {text}" for text in report.warnings]
