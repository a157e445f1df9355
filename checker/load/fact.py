"""What is known about a value while the graph is being looked through.

A ``Fact`` grows while folding and inference go over the nodes once, in order; ``build`` turns it into the frozen
``Value`` at the end.  Several names may share one fact: that is how Identity and its like vanish.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from checker.load.symbols import is_made_up
from checker.load.tensors import DTYPES
from checker.load.wire import length_delimited, varint

if TYPE_CHECKING:
    from checker.graph import Array, Dim, Payload, Quant, Shape, Value


@dataclass(slots=True, eq=False)
class Fact:
    """What is known about one value.

    ``element``: ONNX element type, 0 when unknown or no tensor.  ``data``: all elements, for small constants.
    ``partial``: an object array of int, symbol or None, for shape data of which only some elements are known.
    ``from_shape``: computed from shapes and constants only.  ``other_type``: serialized TypeProto of a value that is
    no tensor (sequence, optional, map).
    """

    name: str
    element: int = 0
    shape: Shape = None
    constant: bool = False
    data: Array | None = None
    partial: Array | None = None
    from_shape: bool = False
    quant: Quant | None = None
    payload: Payload | None = None
    other_type: bytes = b""
    wire_type: bytes = b""
    value: Value | None = None

    @property
    def dtype(self) -> str | None:
        """Name of the element type, None when unknown."""
        return DTYPES.get(self.element)

    @property
    def known(self) -> Array | None:
        """The elements, or what is known of them."""
        return self.partial if self.data is None else self.data

    def derived(self, **changes: Any) -> Fact:
        """Return another fact about the same value (same name), as one use of it sees it."""
        return replace(self, wire_type=b"", value=None, **changes)

    def type_proto(self) -> bytes:
        """Return the serialized TypeProto for shape inference; empty when not even the type is known."""
        if self.other_type:
            return self.other_type
        if not self.wire_type and self.element:
            self.wire_type = tensor_type(self.element, self.shape)
        return self.wire_type


def tensor_type(element: int, shape: Shape) -> bytes:
    """Serialize ``TypeProto{tensor_type{elem_type, shape}}``."""
    body = b"\x08" + varint(element)
    if shape is not None:
        body += length_delimited(2, b"".join(_dimension(dim) for dim in shape))
    return length_delimited(1, body)


def _dimension(dim: Dim) -> bytes:
    if dim is None:
        return b"\x0a\x00"
    if isinstance(dim, int):
        return length_delimited(1, b"\x08" + varint(dim)) if dim >= 0 else b"\x0a\x00"
    return length_delimited(1, length_delimited(2, dim.encode()))


def read_type(proto: Any) -> tuple[int, Shape, bytes]:
    """Return (element type, shape, serialized type if it is no tensor) of a TypeProto."""
    which = proto.WhichOneof("value")
    if which not in {"tensor_type", "sparse_tensor_type"}:
        return 0, None, proto.SerializeToString() if which else b""
    tensor = getattr(proto, which)
    shape: Shape = None
    if tensor.HasField("shape"):
        shape = tuple(_read_dimension(dim) for dim in tensor.shape.dim)
    return tensor.elem_type, shape, b""


def _read_dimension(dim: Any) -> Dim:
    which = dim.WhichOneof("value")
    if which == "dim_value":
        # some exporters write -1 for "not known"
        return int(dim.dim_value) if dim.dim_value >= 0 else None
    if which == "dim_param" and dim.dim_param not in {"", "?"} and not dim.dim_param.startswith("unk__"):
        return str(dim.dim_param)
    return None


def size_of_shape(shape: Shape) -> int | None:
    """Return the number of elements; None unless every axis is a number."""
    if shape is None:
        return None
    size = 1
    for dim in shape:
        if not isinstance(dim, int):
            return None
        size *= dim
    return size


def merge(shape: Shape, declared: Shape) -> Shape:
    """Fill in what inference does not know from what the file declares; where they contradict, inference is right."""
    if shape is None:
        return declared
    if declared is None or len(declared) != len(shape):
        return shape
    return tuple(
        said if dim is None or (said is not None and is_made_up(dim)) else dim
        for dim, said in zip(shape, declared, strict=True)
    )
