"""An ONNX file becomes a frozen ``Graph``, without reading the weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.errors import InputError
from checker.load.files import Source, read, read_bytes

if TYPE_CHECKING:
    from checker.graph import Array, Graph, Value

__all__ = ["Loaded", "load", "load_bytes", "load_file", "load_model", "read_tensor"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model and where it came from.

    ``graph``: what is left after folding.  ``path``: None for a model in memory.  ``bytes``: size of the model file.
    ``sha256``: hex digest of the structure (the file without its large payloads) or of the whole file, as
    ``sha256_of`` says (``"structure"`` or ``"file"``).  ``model``: the ModelProto without large payloads; they are
    external data that points back into the file.  ``source``: what ``read_tensor`` reads from.
    """

    graph: Graph
    path: Path | None
    bytes: int
    sha256: str
    sha256_of: str
    model: Any
    source: Source


def load(path: str | Path) -> Graph:
    """Load an ONNX file.

    Raises:
        InputError: the file is no usable ONNX model; the message says why in one line.
    """
    return load_file(path).graph


def load_file(path: str | Path, *, whole_hash: bool = False) -> Loaded:
    """Load an ONNX file, with the facts of the file.

    Args:
        path: the model file.
        whole_hash: hash the weights in the file too.

    Raises:
        InputError: the file is no usable ONNX model; the message says why in one line.
    """
    path = Path(path)
    loaded = _loaded(read(path))
    if not whole_hash:
        return loaded
    from dataclasses import replace

    from checker.load.files import file_sha256

    return replace(loaded, sha256=file_sha256(path), sha256_of="file")


def load_model(model: Any, folder: str | Path | None = None) -> Graph:
    """Load a model in memory: a ModelProto (of the onnx package or of ``checker.schema.protos()``) or its bytes.

    Args:
        model: the model.
        folder: where its external data lies; None when it has none, or none that can be read.

    Raises:
        InputError: it is no usable ONNX model.
    """
    return load_bytes(model, folder).graph


def load_bytes(model: Any, folder: str | Path | None = None) -> Loaded:
    """Like ``load_model``, with the facts beside the graph."""
    data = model if isinstance(model, bytes) else model.SerializeToString()
    return _loaded(read_bytes(data, None if folder is None else Path(folder)))


def read_tensor(value: Value, source: Source | Loaded | str | Path) -> Array | None:
    """Return the elements of a constant: those at hand, or read from where they lie.

    Args:
        value: a constant ``Value``.
        source: the loaded model, or the path of its file.

    Returns:
        The elements, shaped, dequantized where ``value.quant`` says so; None where they are not known (computed from
        large constants, or in a file that is missing).
    """
    from checker.load.stored import read_value

    if isinstance(source, (str, Path)):
        path = Path(source)
        source = Source(path, path.parent, None, path.name, 0, None, "", 0)
    return read_value(value, source.source if isinstance(source, Loaded) else source)


def _loaded(source: Source) -> Loaded:
    from checker.load.model import graph_of_model

    try:
        graph, model = graph_of_model(source)
    except (UnicodeDecodeError, RecursionError) as error:
        where = source.path or "the model in memory"
        raise InputError(f"{where}: damaged ONNX model ({type(error).__name__})") from None
    return Loaded(graph, source.path, source.size, source.sha256, "structure", model, source)
