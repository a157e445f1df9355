"""Stored tensors (initializers, Constant nodes) as facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from checker.graph import Payload, Problem
from checker.load.fact import Fact
from checker.load.files import Source, external_path
from checker.load.quantization import dequantize
from checker.load.tensors import BITS, ELEMENTS, NUMPY, decode, elements, external, from_int32, shape_of

if TYPE_CHECKING:
    from checker.graph import Array, Value

_SMALL = 4096
"""Elements: a tensor in an external file up to this size is read at once, since shape arithmetic may need it."""


class Weights:
    """Finds the elements of stored tensors, and remembers which files are missing."""

    def __init__(self, source: Source) -> None:
        """Start with no file missed."""
        self._source = source
        self._where = str(source.path or "the model in memory")
        self._sizes: dict[str, int | None] = {}
        self._missing: dict[str, list[str]] = {}
        self._short: dict[str, list[str]] = {}
        self._malformed: list[str] = []

    def fact(self, tensor: Any, name: str) -> Fact:
        """Return the fact of a TensorProto.

        Raises:
            InputError: its external data leaves the model's folder.
        """
        shape = shape_of(tensor)
        element = tensor.data_type
        if any(dim < 0 for dim in shape):
            self._malformed.append(f"{name}: negative dimension in {list(shape)}")
            return Fact(name, element, None, constant=True)
        entries = external(tensor)
        if entries is None:
            data = elements(tensor)
            if data is None:
                self._malformed.append(f"{name}: its data does not fill its shape {list(shape)}")
            return Fact(name, element, shape, constant=True, data=data)
        payload = self._payload(entries, name, element, shape)
        fact = Fact(name, element, shape, constant=True, payload=payload)
        if payload is not None and payload.path is not None and payload.length and _count(shape) <= _SMALL:
            fact.data = self.read(fact)
        return fact

    def sparse(self, sparse: Any) -> Fact:
        """Return the fact of a SparseTensorProto; its elements are not spread out."""
        dims = tuple(sparse.dims)
        shape = dims if all(dim >= 0 for dim in dims) else None
        return Fact(sparse.values.name, sparse.values.data_type, shape, constant=True)

    def _payload(self, entries: Mapping[str, str], name: str, element: int, shape: tuple[int, ...]) -> Payload | None:
        location = entries.get("location", "")
        needed = -(-BITS.get(element, 0) * _count(shape) // 8)
        try:
            offset, length = int(entries.get("offset") or 0), int(entries.get("length") or needed)
        except ValueError:
            self._malformed.append(f"{name}: offset or length of its external data is no number")
            return None
        encoding = entries.get("encoding", "raw")
        own = location == self._source.location
        if own:
            if encoding == "raw" and length != needed and element in BITS:
                self._malformed.append(f"{name}: {length} bytes of data for shape {list(shape)}")
            return Payload(None, offset, length, encoding=encoding)
        size = self._size(location)
        if size is None:
            self._missing.setdefault(location, []).append(name)
            return None
        if offset < 0 or length < 0 or offset + length > size or (length < needed and element in BITS):
            self._short.setdefault(location, []).append(name)
            return None
        return Payload(location, offset, length, encoding=encoding)

    def _size(self, location: str) -> int | None:
        if location not in self._sizes:
            folder = self._source.folder
            path = external_path(folder or Path(), location, self._where)
            self._sizes[location] = path.stat().st_size if folder is not None and path.is_file() else None
        return self._sizes[location]

    def read(self, fact: Fact) -> Array | None:
        """Return the elements of a stored constant, shaped; None where they cannot be read."""
        if fact.payload is None or fact.shape is None:
            return None
        raw = payload_bytes(self._source, fact.payload)
        return unpack(
            raw, fact.element, tuple(dim for dim in fact.shape if isinstance(dim, int)), fact.payload.encoding
        )

    def problems(self) -> list[Problem]:
        """Return what was wrong with stored data."""
        found = []
        for what, files in (("is missing", self._missing), ("is too short", self._short)):
            for location, names in files.items():
                found.append(
                    Problem(
                        "external-data-missing",
                        f"the external data file {location} {what}: {len(names)} tensors cannot be read"
                        f" ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})",
                    )
                )
        found.extend(Problem("invalid-model", f"stored tensor {text}", invalid=True) for text in self._malformed)
        return found


def payload_bytes(source: Source, payload: Payload) -> bytes:
    """Return the bytes of a payload; fewer where the file ends early."""
    if payload.path is None and source.data is not None:
        return source.data[payload.offset : payload.offset + payload.length]
    if payload.path is None:
        path = source.path
    else:
        path = external_path(source.folder or Path(), payload.path, str(source.path or "the model in memory"))
    if path is None:
        return b""
    with path.open("rb") as file:
        file.seek(payload.offset)
        return file.read(payload.length)


def unpack(raw: bytes, element: int, shape: tuple[int, ...], encoding: str) -> Array | None:
    """Return the elements of a payload, shaped; None where it is too short or of an unknown type."""
    count = _count(shape)
    if encoding == "raw":
        flat = decode(raw, element, count)
    else:
        words = _varints(raw, count)
        flat = None
        if words is not None:
            flat = from_int32(words, element, count) if encoding == "int32_data" else _cast(words, element)
    return None if flat is None or flat.size != count else flat.reshape(shape)


def _cast(words: Array, element: int) -> Array | None:
    return words.astype(NUMPY[element]) if element in NUMPY else None


def _varints(raw: bytes, count: int) -> Array | None:
    """Decode packed varints of at most 64 bits, all at once."""
    data = np.frombuffer(raw, dtype="u1")
    ends = np.flatnonzero(data < 0x80)
    if ends.size < count or not count:
        return np.zeros(0, dtype="<i8") if not count else None
    ends = ends[:count]
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > 10:
        return None
    out = np.zeros(count, dtype="<u8")
    for place in range(int(lengths.max())):
        more = lengths > place
        out[more] |= (data[starts[more] + place].astype("<u8") & np.uint64(0x7F)) << np.uint64(7 * place)
    return out.view("<i8")


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for dim in shape:
        count *= dim
    return count


def constant_node(proto: Any, attrs: Mapping[str, Any], name: str, weigh: Callable[[Any, str], Fact]) -> Fact | None:
    """Return the fact of a Constant node; None where it says nothing that is known."""
    for attribute in proto.attribute:
        if attribute.name == "value" and attribute.HasField("t"):
            return weigh(attribute.t, name)
    for key, element, kind in (
        ("value_int", 7, "<i8"),
        ("value_ints", 7, "<i8"),
        ("value_float", 1, "<f4"),
        ("value_floats", 1, "<f4"),
        ("value_string", 8, "O"),
        ("value_strings", 8, "O"),
    ):
        if attrs.get(key) is not None:
            data = np.array(attrs[key], dtype=kind)
            return Fact(name, element, data.shape, constant=True, data=data)
    for attribute in proto.attribute:
        if attribute.name == "sparse_value" and attribute.HasField("sparse_tensor"):
            sparse = attribute.sparse_tensor
            return Fact(name, sparse.values.data_type, tuple(sparse.dims), constant=True)
    return None


def read_value(value: Value, source: Source) -> Array | None:
    """Return the elements of a constant value, dequantized where it is quantized; None where they cannot be had."""
    if value.const is not None:
        return value.const
    payload = value.payload
    if payload is None or value.shape is None or value.size is None:
        return None
    element = ELEMENTS.get(payload.dtype or value.dtype or "", 0)
    shape = tuple(dim for dim in value.shape if isinstance(dim, int))
    stored = unpack(payload_bytes(source, payload), element, shape, payload.encoding)
    quant = value.quant
    if stored is None or quant is None or payload.dtype is None or payload.dtype != quant.dtype:
        return stored
    return dequantize(stored, quant)
