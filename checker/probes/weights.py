"""Weights for networks that come without: small positive values, the same on every machine.

A corpus of graphs keeps its large tensors as external data that is not shipped, often all of them at one place of one
file.  A compiler wants the bytes; what they hold decides little as long as variances are positive and indices legal.
Each tensor gets bytes of its own: TensorRT refuses two weights at one address.  A compiler that calibrates runs the
network: it gets weights about zero instead (``fillers``).
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from checker.errors import InputError
from checker.graph import EMPTY
from checker.probes import fillers

if TYPE_CHECKING:
    import onnx

LOW, HIGH = 0.01, 0.05
"""Range of floating-point weights."""

ALIGNMENT: Final = 4096
"""Bytes: where a tensor may begin in the weight file; some readers map whole pages."""

_CHUNK: Final = 1 << 20


def name_of(path: Path) -> str:
    """Return a network's name: the stem, without what marks networks that were shipped in packages."""
    return path.name.removesuffix(".xz").removesuffix(".onnx").removeprefix("shipped__")


def supply(path: Path, folder: Path, *, centred: bool = False) -> Path:
    """Return a copy of a network in ``folder`` that has its weights; the file itself where it lacks nothing.

    Args:
        path: an ``.onnx`` file, or one compressed with xz.
        folder: where the copy and its weight file go.
        centred: give weights a size that fits their part in the network, instead of small positive values.

    Raises:
        InputError: it cannot be read, or is no ONNX model.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        model = onnx.load_from_string(data)
    except (OSError, DecodeError, lzma.LZMAError, EOFError) as error:
        raise InputError(f"{path}: not a readable ONNX model ({error})") from None
    absent = [tensor for tensor in tensors(model) if tensor.data_location == onnx.TensorProto.EXTERNAL]
    if path.suffix != ".xz" and all(_there(tensor, path.parent) for tensor in absent):
        return path
    copy = folder / f"{name_of(path)}.onnx"
    if absent:
        with copy.with_suffix(".weights").open("wb") as file:
            points = zero_points(model)
            parts = fillers.ranges(model) if centred else EMPTY
            for number, tensor in enumerate(absent):
                values = _elements(tensor, number, parts)
                data = bytes(values.nbytes) if tensor.name in points else values.tobytes()
                _place(tensor, file, copy.with_suffix(".weights").name, data)
    copy.write_bytes(model.SerializeToString())
    return copy


def remove(ready: Path, path: Path) -> None:
    """Remove what ``supply`` made of ``path``."""
    if ready != path:
        ready.unlink(missing_ok=True)
        ready.with_suffix(".weights").unlink(missing_ok=True)


def zero_points(model: onnx.ModelProto) -> frozenset[str]:
    """Return the names of zero points: those of a bias (int32) have to be 0, and 0 is legal for all."""
    scaled = (node for node in model.graph.node if node.op_type in {"QuantizeLinear", "DequantizeLinear"})
    return frozenset(node.input[2] for node in scaled if len(node.input) > 2)


def tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Yield every tensor of a model: initializers and attributes, of subgraphs and functions too."""
    yield from _of_graph(model.graph)
    for function in model.functions:
        for node in function.node:
            yield from _of_node(node)


def elements(number: int, count: int, dtype: str, within: fillers.Range | None = None) -> Any:
    """Return the elements of one tensor.

    Args:
        number: position of the tensor in the model; its seed.
        count: how many.
        dtype: numpy's name, or that of ml_dtypes.
        within: their range; by default small positive values, and integers all one, so that they are legal as indices.
    """
    import ml_dtypes
    import numpy as np

    kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
    random = np.random.default_rng(number)
    if kind.kind in "iub":
        if within is None or dtype not in {"int8", "uint8"}:
            return np.ones(count, kind)
        return random.integers(int(within.low), int(within.high), count, endpoint=True).astype(kind)
    low, high = (within.low, within.high) if within else (LOW, HIGH)
    return np.concatenate(
        [random.uniform(low, high, min(_CHUNK, count - at)).astype(kind) for at in range(0, count, _CHUNK)]
        or [np.zeros(0, kind)]
    )


def _elements(tensor: onnx.TensorProto, number: int, parts: Mapping[str, fillers.Range]) -> Any:
    from math import prod

    from onnx import helper

    dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    return elements(number, prod(tensor.dims), dtype.name, parts.get(tensor.name))


def _place(tensor: onnx.TensorProto, file: IO[bytes], location: str, data: bytes) -> None:
    """Write a tensor's bytes where the file ends, and have the tensor say so."""
    file.write(b"\0" * (-file.tell() % ALIGNMENT))
    offset = file.tell()
    length = _length(tensor) or len(data)
    file.write(data[:length].ljust(length, b"\0"))
    del tensor.external_data[:]
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))


def _length(tensor: onnx.TensorProto) -> int:
    """Return the bytes that a tensor says it has; 0 where it does not say (4-bit elements are packed)."""
    return int(next((each.value for each in tensor.external_data if each.key == "length"), 0))


def _there(tensor: onnx.TensorProto, folder: Path) -> bool:
    entry = {each.key: each.value for each in tensor.external_data}
    file = folder / entry["location"]
    return file.is_file() and file.stat().st_size >= int(entry.get("offset", 0)) + int(entry.get("length", 1))


def _of_graph(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        yield from _of_node(node)


def _of_node(node: onnx.NodeProto) -> Iterator[onnx.TensorProto]:
    for attribute in node.attribute:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        if attribute.HasField("g"):
            yield from _of_graph(attribute.g)
        for graph in attribute.graphs:
            yield from _of_graph(graph)
