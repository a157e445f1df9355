"""From a path to the structure of the model, and back to the bytes of one weight.

Everything that can be wrong with a file before its graph is looked at is said here, in one line.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.errors import InputError
from checker.load.wire import Structure, strip
from checker.schema import protos

_PROTOBUF_LIMIT = 2**31 - 1
"""Bytes: no protobuf message can be larger."""

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"

_OTHER_FORMATS = (
    (0, b"PK\x03\x04", "a zip archive (a PyTorch checkpoint?)"),
    (0, b"\x89HDF", "an HDF5 file (a Keras model?)"),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (4, b"ORTM", "an ONNX Runtime .ort file"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\xfd7zXZ", "an xz archive"),
    (0, b"\x7fELF", "an executable"),
    (0, b"RKNN", "an RKNN model that is compiled already"),
    (0, b"\x80\x02", "a Python pickle"),
    (0, b"\x89PNG", "an image"),
    (0, b"\xff\xd8\xff", "an image"),
    (0, b"%PDF", "a PDF document"),
)

_MEMORY = "<memory>"


@dataclass(frozen=True, slots=True)
class Source:
    """A model's bytes: where they lie and what they say without the large payloads.

    ``path`` is None for a model in memory, whose bytes are then ``data``.  ``folder``: where external data is looked
    for, None when there is no such place.  ``location``: what the rewritten payload entries name as their file.
    ``size``: bytes of the model file.
    """

    path: Path | None
    folder: Path | None
    data: bytes | None
    location: str
    size: int
    model: Any
    sha256: str
    skipped: int


def read(path: Path) -> Source:
    """Read the structure of a model file.

    Raises:
        InputError: the file is missing, no file, empty, truncated, too large, or no ONNX model.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path}: a folder, not a model file; name a .onnx file")
        size = path.stat().st_size
        if size == 0:
            raise InputError(f"{path}: the file is empty; export or download it again")
        if size > _PROTOBUF_LIMIT:
            raise InputError(
                f"{path}: {size / 2**30:.1f} GiB, but a protobuf file ends at 2 GiB; save the weights as external data"
            )
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            view = memoryview(mapped)
            try:
                structure = _structure(view, path.name, str(path), _release(mapped))
            finally:
                view.release()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    model = parse(structure.model, str(path))
    return Source(path, path.parent, None, path.name, size, model, structure.sha256, structure.skipped)


def read_bytes(data: bytes, folder: Path | None) -> Source:
    """Read a serialized model in memory; ``folder`` is where its external data lies.

    Raises:
        InputError: the bytes are no ONNX model.
    """
    if not data:
        raise InputError("the model is empty")
    structure = _structure(memoryview(data), _MEMORY, "the model in memory", bool)
    model = parse(structure.model, "the model in memory")
    return Source(None, folder, data, _MEMORY, len(data), model, structure.sha256, structure.skipped)


def parse(data: bytes, where: str) -> Any:
    """Parse a ModelProto that has a graph.

    Raises:
        InputError: protobuf refuses the bytes, or there is no graph in them.
    """
    from google.protobuf.message import DecodeError

    try:
        model = protos().ModelProto.FromString(data)
    except (DecodeError, ValueError):
        raise InputError(f"{where}: damaged, or not an ONNX model (protobuf cannot read it)") from None
    if not model.HasField("graph"):
        raise InputError(f"{where}: not an ONNX model (it holds no graph)")
    try:
        _check_text(model)
    except (TypeError, UnicodeDecodeError):
        raise InputError(f"{where}: damaged ONNX model (a name in it is no UTF-8 text)") from None
    return model


def _check_text(model: Any) -> None:
    """Raise TypeError or UnicodeDecodeError where a name is no text; protobuf hands such a one out as bytes."""
    texts = [model.producer_name, model.producer_version]
    texts.extend(text for entry in model.metadata_props for text in (entry.key, entry.value))
    texts.extend(entry.domain for entry in model.opset_import)
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        texts.append(graph.name)
        for value in (*graph.input, *graph.output, *graph.value_info):
            texts.append(value.name)
            texts.extend(dim.dim_param for dim in value.type.tensor_type.shape.dim)
        tensors = [*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)]
        for node in graph.node:
            texts += (node.name, node.op_type, node.domain, *node.input, *node.output)
            texts.extend(text for entry in node.metadata_props for text in (entry.key, entry.value))
            for attribute in node.attribute:
                texts.append(attribute.name)
                if attribute.HasField("g"):
                    graphs.append(attribute.g)
                graphs.extend(attribute.graphs)
                if attribute.HasField("t"):
                    tensors.append(attribute.t)
        for tensor in tensors:
            texts.append(tensor.name)
            texts.extend(text for entry in tensor.external_data for text in (entry.key, entry.value))
    "".join(texts)


def file_sha256(path: Path) -> str:
    """Return the hex digest of the whole file, weights included."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def external_path(folder: Path, location: str, model: str) -> Path:
    """Return the path of an external-data file, which may be missing.

    Raises:
        InputError: the location leaves the model's folder (absolute, ``..``, or a symbolic link out of it).
    """
    relative = Path(location.replace("\\", "/"))
    joined = folder / relative
    if not location or "\0" in location or relative.is_absolute() or relative.drive or location[1:2] == ":":
        raise InputError(f"{model}: external data at {location!r}, which is no path inside the model's folder")
    try:
        inside = Path(os.path.realpath(joined)).is_relative_to(os.path.realpath(folder))
    except (OSError, ValueError):
        inside = False
    if not inside or ".." in relative.parts:
        raise InputError(f"{model}: external data at {location!r} leaves the model's folder; keep it beside the model")
    return joined


def _release(mapped: mmap.mmap) -> Callable[[], object]:
    """Return what unmaps the pages touched so far; nothing where the system cannot."""
    advice = getattr(mmap, "MADV_DONTNEED", None)
    return bool if advice is None else lambda: mapped.madvise(advice)


def _structure(view: memoryview, location: str, where: str, release: Callable[[], object]) -> Structure:
    head = bytes(view[:512])
    if head.startswith(_LFS_POINTER):
        raise InputError(f"{where}: a Git LFS pointer, not the model itself; run `git lfs pull`")
    for offset, magic, name in _OTHER_FORMATS:
        if head[offset : offset + len(magic)] == magic:
            raise InputError(f"{where}: {name}, not an ONNX model")
    try:
        return strip(view, location, release)
    except InputError as error:
        if _is_text(head):
            raise InputError(f"{where}: a text file, not an ONNX model") from None
        # ir_version (field 1) comes first in what every exporter writes
        hint = "truncated or damaged" if head[:1] == b"\x08" else "not an ONNX model, or damaged"
        raise InputError(f"{where}: {hint} ({error})") from None


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode("utf-8")
    return all(char.isprintable() or char in "\t\r\n\f" for char in text)
