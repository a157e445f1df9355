"""Elements of stored tensors: small ones as numpy arrays, large ones only when somebody asks.

numpy knows neither bfloat16 nor the 4-bit and 8-bit floats; their elements come out in the nearest numpy type that
holds them exactly (float32, int8, uint8), and ``Value.dtype`` keeps telling the truth about the storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from checker.graph import Array

DTYPES: Mapping[int, str] = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
    17: "float8_e4m3fn", 18: "float8_e4m3fnuz", 19: "float8_e5m2", 20: "float8_e5m2fnuz", 21: "uint4", 22: "int4",
    23: "float4_e2m1fn", 24: "float8_e8m0fnu", 25: "uint2", 26: "int2",
}  # fmt: skip
"""ONNX element type to dtype name."""

ELEMENTS: Mapping[str, int] = {name: number for number, name in DTYPES.items()}

BITS: Mapping[int, int] = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,
    17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
"""ONNX element type to bits of an element as stored."""

NUMPY: Mapping[int, str] = {
    1: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8", 12: "<u4",
    13: "<u8", 14: "<c8", 15: "<c16",
}  # fmt: skip
"""ONNX element type to numpy type, where numpy has it."""

FLOATS = frozenset({1, 10, 11, 16})
_SIGNED_SMALL = frozenset({22, 26})


def numpy_type(element: int) -> str | None:
    """Return the numpy type that holds elements of an ONNX type exactly; None for strings and unknown types."""
    if element in NUMPY:
        return NUMPY[element]
    if element == 16 or 17 <= element <= 20 or element in {23, 24}:
        return "<f4"
    if element in {21, 25}:
        return "u1"
    return "i1" if element in _SIGNED_SMALL else None


def decode(raw: bytes, element: int, count: int) -> Array | None:
    """Return the first ``count`` elements of a little-endian payload; None where it is too short or of unknown type."""
    bits = BITS.get(element)
    if bits is None or len(raw) * 8 < bits * count:
        return None
    if element in NUMPY:
        return cast("Array", np.frombuffer(raw, dtype=NUMPY[element], count=count))
    if element == 16:
        wide = np.frombuffer(raw, dtype="<u2", count=count).astype("<u4") << 16
        return cast("Array", wide.view("<f4"))
    if bits < 8:
        return _unpack(np.frombuffer(raw, dtype="u1"), element, bits, count)
    return _small_float(np.frombuffer(raw, dtype="u1", count=count), element)


def _unpack(packed: Array, element: int, bits: int, count: int) -> Array | None:
    per_byte = 8 // bits
    shifts = np.arange(per_byte, dtype="u1") * bits
    spread = packed[:, None].astype("u1") >> shifts & ((1 << bits) - 1)
    flat: Array = spread.reshape(-1)[:count].astype("u1")
    if element == 23:
        return _small_float(flat, element)
    if element in _SIGNED_SMALL:
        half = 1 << (bits - 1)
        # sign extension: 0xF of four bits is -1
        flat = (np.bitwise_xor(flat, half).astype("i2") - half).astype("i1")
    return flat


def _small_float(codes: Array, element: int) -> Array | None:
    """Decode 4-bit and 8-bit floats; ml_dtypes comes with onnx and is only needed for these."""
    try:
        import ml_dtypes
    except ImportError:
        return None
    kind = getattr(ml_dtypes, DTYPES[element], None)
    return None if kind is None else cast("Array", codes.astype("u1").view(kind).astype("<f4"))


def external(tensor: Any) -> dict[str, str] | None:
    """Return the external-data entries of a TensorProto; None where its elements lie in the proto itself."""
    if tensor.data_location != 1:
        return None
    return {entry.key: entry.value for entry in tensor.external_data}


def shape_of(tensor: Any) -> tuple[int, ...]:
    """Return the dims of a TensorProto."""
    return tuple(tensor.dims)


def elements(tensor: Any) -> Array | None:
    """Return the elements that a TensorProto itself holds, shaped; None for external, string-less or malformed data."""
    if tensor.data_location == 1:
        return None
    shape = shape_of(tensor)
    count = 1
    for dim in shape:
        count *= dim
    if count < 0 or any(dim < 0 for dim in shape):
        return None
    element = tensor.data_type
    flat: Array | None
    if element == 8:
        flat = np.array([each.decode("utf-8", "replace") for each in tensor.string_data], dtype=object)
    elif tensor.HasField("raw_data"):
        flat = decode(tensor.raw_data, element, count)
    else:
        flat = _from_fields(tensor, element, count)
    if flat is None or flat.size != count:
        return None
    return flat.reshape(shape)


def _from_fields(tensor: Any, element: int, count: int) -> Array | None:
    if element in {1, 14}:
        return decode(np.array(tensor.float_data, dtype="<f4").tobytes(), element, count)
    if element in {11, 15}:
        return decode(np.array(tensor.double_data, dtype="<f8").tobytes(), element, count)
    if element == 7:
        return np.array(tensor.int64_data, dtype="<i8")
    if element in {12, 13}:
        return np.array(tensor.uint64_data, dtype="<u8").astype(NUMPY[element])
    return from_int32(np.array(tensor.int32_data, dtype="<i4"), element, count)


def from_int32(words: Array, element: int, count: int) -> Array | None:
    """Return the elements that ``int32_data`` holds: integers by value, every other type by its bits."""
    if element not in BITS:
        return None
    if element in {10, 16}:
        return decode(words.astype("<u2").tobytes(), element, count)
    if element in NUMPY:
        return words.astype(NUMPY[element])
    return decode(words.astype("u1").tobytes(), element, count)
