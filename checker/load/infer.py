"""Shapes of a node's outputs, from ONNX's own inference of one node at a time, and better where symbols allow.

The whole graph is gone over once: every constant that a shape depends on has been computed by the time that its
node is reached, so nothing needs to be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.load.contrib import contributed
from checker.load.fact import Fact, read_type, size_of_shape
from checker.load.shapes import BEYOND_ONNX, REFINE, RULES, WHEN_SYMBOLIC
from checker.load.wire import length_delimited, varint
from checker.schema import find, native, protos

if TYPE_CHECKING:
    from checker.graph import Shape
    from checker.schema import Schema

Typed = tuple[int, "Shape", bytes]
"""Element type, shape, serialized type of what is no tensor."""

UNKNOWN: Typed = (0, None, b"")
_DATA_LIMIT = 64
"""Elements: float data up to this size is shown to shape inference (scales of Resize); integers always are."""


class Contradiction(Exception):  # noqa: N818  # a verdict on the file, not a failure of ours
    """The node contradicts the ONNX standard: types or shapes that cannot be."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Opset imports and IR version of the model."""

    opsets: Mapping[str, int]
    ir_version: int


def infer(
    proto: Any, schema: Schema | None, inputs: Sequence[Fact | None], attrs: Mapping[str, Any], setting: Setting
) -> list[Typed]:
    """Return the types of a node's outputs, in order.

    Raises:
        Contradiction: ONNX's inference says that such a node cannot be.
    """
    op = proto.op_type
    count = len(proto.output)
    if schema is not None and schema.raw is not None:
        rule = RULES.get(op)
        if rule is not None and len(inputs) >= _required(schema) and WHEN_SYMBOLIC[op](inputs):
            typed = rule(inputs, attrs, count)
            if typed is not None:
                return typed
        found = _native(proto, schema, inputs, setting)
        if found is not None:
            if op == "Reshape":
                _same_size(inputs[0], found[0][1])
            elif op in {"Conv", "ConvTranspose"}:
                _same_channels(op, inputs, attrs)
            refiner = REFINE.get(op)
            if refiner is not None and found[0][1] is not None and None in found[0][1]:
                found[0] = (found[0][0], refiner(found[0][1], inputs, attrs), b"")
            return found
    if schema is not None and schema.shape:
        typed = contributed(schema.shape, op, inputs, attrs, lambda name, facts, said: ask(name, facts, said, setting))
        return (typed + [UNKNOWN] * count)[:count]
    rule = BEYOND_ONNX.get(op)
    typed = rule(inputs, attrs, count) if rule else None
    return typed if typed is not None else [UNKNOWN] * count


def _same_size(data: Fact | None, shape: Shape) -> None:
    """See that a Reshape keeps the number of elements, which ONNX's inference does not where no -1 is involved."""
    before = None if data is None else size_of_shape(data.shape)
    after = size_of_shape(shape)
    if data is not None and before is not None and after is not None and before != after:
        raise Contradiction(f"cannot reshape {list(data.shape or ())} ({before} elements) into {list(shape or ())}")


def _same_channels(op: str, inputs: Sequence[Fact | None], attrs: Mapping[str, Any]) -> None:
    """See that a weight fits its data, which ONNX's inference leaves to the runtime."""
    data, weight = (None if fact is None else fact.shape for fact in inputs[:2])
    if data is None or weight is None:
        return
    if len(data) != len(weight) or len(data) < 3:
        raise Contradiction(f"X has rank {len(data)}, W has rank {len(weight)}")
    groups = attrs.get("group", 1)
    channels, takes = data[1], weight[0] if op == "ConvTranspose" else weight[1]
    if not isinstance(channels, int) or not isinstance(takes, int):
        return
    if channels != (takes if op == "ConvTranspose" else takes * groups):
        raise Contradiction(f"X has {channels} channels, but W takes {takes} in each of {groups} groups")


def _required(schema: Schema) -> int:
    """Number of inputs that may not be left out."""
    return max((place + 1 for place, formal in enumerate(schema.inputs) if not formal.optional), default=0)


def ask(op: str, inputs: Sequence[Fact | None], attrs: Mapping[str, Any], setting: Setting) -> Typed:
    """Return what ONNX infers of the first output of a standard operator; ``"ReduceMean-13"`` asks about a version."""
    name, _, version = op.partition("-")
    schema = find(name, "", int(version) if version else None)
    if schema is None:
        return UNKNOWN
    inputs = inputs[: len(schema.inputs)]
    node = protos().NodeProto(op_type=name, output=["out"])
    node.input.extend("" if fact is None else f"in{place}" for place, fact in enumerate(inputs))
    for key, value in attrs.items():
        if key in schema.attributes and value is not None:
            node.attribute.append(_attribute(key, value))
    opsets = {"": int(version)} if version else {"": max(schema.since, setting.opsets.get("", 1))}
    try:
        found = _native(node, schema, inputs, Setting(opsets, setting.ir_version))
    except Contradiction:
        return UNKNOWN
    return found[0] if found else UNKNOWN


def _attribute(name: str, value: Any) -> Any:
    attribute = protos().AttributeProto(name=name)
    if isinstance(value, int):
        attribute.i, attribute.type = value, 2
    elif isinstance(value, float):
        attribute.f, attribute.type = value, 1
    elif isinstance(value, str):
        attribute.s, attribute.type = value.encode(), 3
    else:
        attribute.ints.extend(value)
        attribute.type = 7
    return attribute


def _native(proto: Any, schema: Schema, inputs: Sequence[Fact | None], setting: Setting) -> list[Typed] | None:
    types: dict[str, bytes] = {}
    data: dict[str, bytes] = {}
    complete = True
    for name, fact in zip(proto.input, inputs, strict=True):
        if fact is None:
            continue
        kind = fact.type_proto()
        if kind:
            types[name] = kind
        else:
            complete = False
        if fact.data is not None and fact.element and (fact.data.dtype.kind in "iub" or fact.data.size <= _DATA_LIMIT):
            data[name] = _tensor(fact)
    if not schema.raw.has_type_and_shape_inference_function:
        return None
    defects = native()
    try:
        found = schema.raw._infer_node_outputs(  # noqa: SLF001  # onnx's own wrapper needs the whole package
            proto.SerializeToString(), types, data, {}, dict(setting.opsets), setting.ir_version
        )
    except (defects.shape_inference.InferenceError, defects.checker.ValidationError) as error:
        if complete and schema.since <= setting.opsets.get(schema.domain, 0):
            raise Contradiction(_first_line(error)) from None
        return None
    except (ValueError, TypeError, RuntimeError, IndexError, KeyError):
        return None
    type_proto = protos().TypeProto
    typed = []
    for name in proto.output:
        raw = found.get(name) if name else None
        typed.append(read_type(type_proto.FromString(raw)) if raw else UNKNOWN)
    return typed


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0].strip() if text else type(error).__name__


def _tensor(fact: Fact) -> bytes:
    """Serialize a small constant as a TensorProto."""
    data = fact.data
    if data is None or data.dtype == object:
        return b""
    dims = b"".join(b"\x08" + varint(dim) for dim in data.shape)
    return dims + b"\x10" + varint(fact.element) + length_delimited(9, data.tobytes())
