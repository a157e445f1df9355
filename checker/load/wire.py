"""A walk over the protobuf wire format that leaves large tensor payloads where they are.

``onnx.load`` reads every weight into memory and copies it several times.  A verdict needs none of them.  This walk
copies the file verbatim except for the payload of large tensors, each of which becomes a standard external-data
entry (location, offset, length) that points back into the same file; enclosing lengths are written anew.  The result
is an ordinary ModelProto on which shape inference works, and every weight can still be read lazily.

Only messages larger than a threshold are entered, so the cost depends on the number of large messages and not on
their bytes.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from checker.errors import InputError

FLOAT_LIMIT = 4096
"""Bytes: a float payload up to this stays in the structure (1024 float32 elements)."""

INTEGER_LIMIT = 32768
"""Bytes: an integer payload up to this stays, since shape arithmetic may want it (4096 int64 elements)."""

_DEPTH_LIMIT = 64
"""Nested messages; protobuf itself gives up at 100."""

_MODEL, _GRAPH, _NODE, _ATTRIBUTE, _TENSOR, _SPARSE, _FUNCTION, _TRAINING = range(8)

_CHILDREN: tuple[dict[int, int], ...] = (
    {7: _GRAPH, 20: _TRAINING, 25: _FUNCTION},  # ModelProto
    {1: _NODE, 5: _TENSOR, 15: _SPARSE},  # GraphProto
    {5: _ATTRIBUTE},  # NodeProto
    {5: _TENSOR, 6: _GRAPH, 10: _TENSOR, 11: _GRAPH, 22: _SPARSE, 23: _SPARSE},  # AttributeProto
    {},  # TensorProto
    {1: _TENSOR, 2: _TENSOR},  # SparseTensorProto
    {7: _NODE, 11: _ATTRIBUTE},  # FunctionProto
    {1: _GRAPH, 2: _GRAPH},  # TrainingInfoProto
)
"""Field number to kind of message, for the fields that can hold a tensor somewhere below."""

_PAYLOADS = {4: "float_data", 5: "int32_data", 7: "int64_data", 9: "raw_data", 10: "double_data", 11: "uint64_data"}
_VARINTS = frozenset({5, 7, 11})
_INTEGER_TYPES = frozenset({2, 3, 4, 5, 6, 7, 9, 12, 13})


@dataclass(slots=True)
class Structure:
    """The file without its large payloads.

    ``model``: a serialized ModelProto.  ``sha256``: hex digest of what was copied verbatim; it depends neither on the
    file's name nor on the weights left out.  ``skipped``: bytes of payload left in the file.
    """

    model: bytes
    sha256: str
    skipped: int


@dataclass(slots=True)
class _Walk:
    data: memoryview
    location: bytes
    release: Callable[[], object]
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    skipped: int = 0


def strip(data: memoryview, location: str, release: Callable[[], object] = bool) -> Structure:
    """Copy a serialized ModelProto without its large payloads.

    Args:
        data: the whole file.
        location: what external-data entries name as the file that holds the payloads.
        release: called after each payload; gives back the pages of a mapped file that were touched around it, which
            the kernel maps by the megabyte.

    Raises:
        InputError: the bytes are no well-formed protobuf message; the message starts at the reason.
    """
    walk = _Walk(data, location.encode(), release)
    pieces, _ = _message(walk, 0, len(data), _MODEL, 0)
    return Structure(b"".join(pieces), walk.digest.hexdigest(), walk.skipped)


def varint(value: int) -> bytes:
    """Encode a non-negative integer, seven bits a byte."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def length_delimited(number: int, payload: bytes) -> bytes:
    """Encode a field of wire type 2 (string, bytes, message)."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def fields(data: memoryview, start: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield (field number, wire type, field start, value start, field end) of a message; value of a varint as start."""
    position = start
    while position < end:
        head = position
        byte = data[position]
        position += 1
        tag = byte & 0x7F
        shift = 7
        while byte & 0x80:
            if position >= end or shift > 63:
                raise InputError("cut off inside a field tag")
            byte = data[position]
            position += 1
            tag |= (byte & 0x7F) << shift
            shift += 7
        wire = tag & 7
        number = tag >> 3
        if wire not in {0, 1, 2, 5} or number == 0:
            raise InputError(f"no protobuf field at byte {head}")
        if wire in {1, 5}:
            value = position
            position += 8 if wire == 1 else 4
        else:
            value = shift = 0
            while True:
                if position >= end or shift > 63:
                    raise InputError(f"cut off inside a number at byte {position}")
                byte = data[position]
                position += 1
                value |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
            if wire == 2:
                length, value = value, position
                position += length
        if position > end:
            raise InputError(f"the message at byte {head} needs {position - end} more bytes than there are")
        yield number, wire, head, value, position


def _message(walk: _Walk, start: int, end: int, kind: int, depth: int) -> tuple[list[bytes], int]:
    """Return the pieces of the rewritten message and their total length."""
    if depth > _DEPTH_LIMIT:
        raise InputError(f"messages nested deeper than {_DEPTH_LIMIT}")
    if kind == _TENSOR:
        return _tensor(walk, start, end)
    data = walk.data
    children = _CHILDREN[kind]
    pieces: list[bytes] = []
    size = 0
    copied = start
    for number, wire, head, value, stop in fields(data, start, end):
        if wire != 2 or stop - value <= FLOAT_LIMIT or number not in children:
            continue
        if copied < head:
            size += _copy(walk, pieces, copied, head)
        inner, length = _message(walk, value, stop, children[number], depth + 1)
        lead = varint(number << 3 | 2) + varint(length)
        pieces.append(lead)
        pieces.extend(inner)
        size += len(lead) + length
        copied = stop
    if copied < end:
        size += _copy(walk, pieces, copied, end)
    return pieces, size


def _copy(walk: _Walk, pieces: list[bytes], start: int, end: int) -> int:
    piece = bytes(walk.data[start:end])
    walk.digest.update(piece)
    pieces.append(piece)
    return len(piece)


def _tensor(walk: _Walk, start: int, end: int) -> tuple[list[bytes], int]:
    data_type = 0
    pieces: list[bytes] = []
    size = 0
    copied = start
    entry = b""
    for count, (number, wire, head, value, stop) in enumerate(fields(walk.data, start, end)):
        if count > 256:
            break  # a repeated field written unpacked, element by element: leave it to protobuf
        if number == 2 and wire == 0:
            data_type = value
        if wire != 2 or number not in _PAYLOADS:
            continue
        limit = INTEGER_LIMIT if data_type in _INTEGER_TYPES else FLOAT_LIMIT
        length = stop - value
        if length <= limit or entry:
            continue
        if copied < head:
            size += _copy(walk, pieces, copied, head)
        copied = stop
        walk.skipped += length
        walk.digest.update(struct.pack("<BQ", number, length))
        entry = _external(walk.location, value, length, _PAYLOADS[number])
    if copied < end:
        size += _copy(walk, pieces, copied, end)
    if entry:
        pieces.append(entry)
        size += len(entry)
        walk.release()
    return pieces, size


def _external(location: bytes, offset: int, length: int, written_as: str) -> bytes:
    """Return the fields external_data (13) and data_location (14) of a TensorProto.

    A payload that is not plain bytes of the element type (varints of ``int64_data``) says so under a key of its own.
    """
    entries = [(b"location", location), (b"offset", b"%d" % offset), (b"length", b"%d" % length)]
    if written_as in {"int32_data", "int64_data", "uint64_data"}:
        entries.append((b"encoding", written_as.encode()))
    body = b"".join(
        length_delimited(13, length_delimited(1, key) + length_delimited(2, value)) for key, value in entries
    )
    return body + varint(14 << 3) + b"\x01"
