"""The function body that ONNX gives an operator, as a graph around one node of a file."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from checker import schema
from checker.errors import InputError
from checker.graph import Argument, Graph, Node, Value

_DOMAIN: Final = "edgelint.body"
_FLOATS: Final = {"FLOAT": ("f", "FLOAT"), "INT": ("i", "INT"), "STRING": ("s", "STRING")}
_LISTS: Final = {"FLOATS": "floats", "INTS": "ints", "STRINGS": "strings"}
_DTYPES: Final = {
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "float16": "FLOAT16",
    "bfloat16": "BFLOAT16",
    "bool": "BOOL",
    "string": "STRING",
}


def has_body(node: Node, opset: int) -> bool:
    """Tell whether ONNX gives an operator a function body at an opset; its types may decide which."""
    found = schema.find(node.op, "", opset) if not node.domain and not node.bodies else None
    return found is not None and found.raw is not None and found.has_function


@lru_cache(maxsize=512)
def body_of(node: Node, opset: int) -> Graph | None:
    """Return the graph of an operator's function body, with the node's own arguments around it.

    Args:
        node: a node of the ONNX domain.
        opset: the file's import of that domain.

    Returns:
        None where the operator has no body at that opset, or its types are not known.
    """
    found = schema.find(node.op, "", opset)
    if found is None or not has_body(node, opset):
        return None
    call = _call(node, found)
    if call is None:
        return None
    function = _function(found.raw, opset, call, node)
    return None if function is None else written_as(node, call, function, opset)


def written_as(node: Node, call: Any, function: Any, opset: int) -> Graph | None:
    """Return the graph of one call of a function, with the node's own arguments around it."""
    from checker.load import load_model

    if any(_type(value) is None for value in node.inputs):
        return None
    try:
        graph = load_model(_model(node, call, function, opset))
    except InputError:
        return None
    if any(problem.invalid for problem in graph.problems) or any(inner.op == node.op for inner in graph.nodes):
        return None
    return _bound(graph, {value.name: value for value in node.inputs if value is not None})


def _call(node: Node, found: schema.Schema) -> Any:
    """Write the node as a NodeProto; None where an attribute cannot be written back."""
    protos = schema.protos()
    call = protos.NodeProto(op_type=node.op, name=node.name)
    call.input.extend("" if value is None else value.name for value in node.inputs)
    call.output.extend("" if value is None else value.name for value in node.outputs)
    for name, definition in found.attributes.items():
        value = node.attrs.get(name)
        if value is None or (name not in node.given and definition.default is None):
            continue
        attribute = call.attribute.add(name=name)
        if definition.type in _FLOATS:
            field, kind = _FLOATS[definition.type]
            setattr(attribute, field, value.encode() if isinstance(value, str) else value)
            attribute.type = protos.AttributeProto.AttributeType.Value(kind)
        elif definition.type in _LISTS and isinstance(value, tuple):
            items = [item.encode() if isinstance(item, str) else item for item in value]
            getattr(attribute, _LISTS[definition.type]).extend(items)
            attribute.type = protos.AttributeProto.AttributeType.Value(definition.type)
        else:
            return None
    return call


def _function(raw: Any, opset: int, call: Any, node: Node) -> Any:
    """Return the FunctionProto in force at an opset; None where there is none."""
    versions = [v for v in raw.function_opset_versions if v <= opset]
    contextual = [v for v in raw.context_dependent_function_opset_versions if v <= opset]
    function = schema.protos().FunctionProto()
    if versions:
        function.ParseFromString(raw.get_function_with_opset_version(max(versions)))
    elif contextual:
        types = [_type(value) for value in node.inputs]
        if None in types:
            return None
        serialized = [each.SerializeToString() for each in types]
        text = raw.get_context_dependent_function_with_opset_version(
            max(contextual), call.SerializeToString(), serialized
        )
        if not text:
            return None
        function.ParseFromString(text)
    return function if function.node else None


def _type(value: Value | None) -> Any:
    """Write a value's type; an absent one has an empty type, None where the type is not known."""
    protos = schema.protos()
    kind = protos.TypeProto()
    if value is None:
        return kind
    word = _DTYPES.get(value.dtype or "", (value.dtype or "").upper())
    if word not in protos.TensorProto.DataType.keys():  # noqa: SIM118  # an enum wrapper, not a dict
        return None
    kind.tensor_type.elem_type = protos.TensorProto.DataType.Value(word)
    if value.shape is not None:
        kind.tensor_type.shape.SetInParent()
        for dim in value.shape:
            axis = kind.tensor_type.shape.dim.add()
            if isinstance(dim, int):
                axis.dim_value = dim
            elif dim:
                axis.dim_param = dim
    return kind


def _model(node: Node, call: Any, function: Any, opset: int) -> Any:
    """Wrap one call of the function, as a model of its own."""
    protos = schema.protos()
    model = protos.ModelProto(ir_version=10)
    model.opset_import.add(domain="", version=opset)
    model.opset_import.add(domain=_DOMAIN, version=1)
    function.domain, function.name = _DOMAIN, node.op
    del function.opset_import[:]  # the body holds from its own opset to the file's, else the schema had a newer one
    function.opset_import.add(domain="", version=opset)
    model.functions.append(function)
    call.domain = _DOMAIN
    model.graph.name = node.name
    model.graph.node.append(call)
    seen: set[str] = set()
    for value in node.inputs:
        if value is None or value.name in seen:
            continue
        seen.add(value.name)
        if value.const is not None and value.const.dtype.kind in "biuf":
            kind = _type(value)
            tensor = model.graph.initializer.add(name=value.name, data_type=kind.tensor_type.elem_type)
            tensor.dims.extend(value.const.shape)
            tensor.raw_data = value.const.tobytes()
        else:
            model.graph.input.add(name=value.name).type.CopyFrom(_type(value) or protos.TypeProto())
    for value in node.outputs:
        if value is not None:
            model.graph.output.add(name=value.name).type.CopyFrom(_type(value) or protos.TypeProto())
    return model


def _bound(graph: Graph, outer: dict[str, Value]) -> Graph:
    """Give the inputs of a body back what the file says of them (that a weight is constant, how it is quantized)."""

    def value(each: Value | None) -> Value | None:
        return None if each is None else outer.get(each.name, each)

    def argument(each: Argument) -> Argument:
        if isinstance(each, tuple):
            return tuple(outer.get(item.name, item) for item in each)
        return value(each)

    nodes = tuple(
        replace(
            node,
            inputs=tuple(value(each) for each in node.inputs),
            args=MappingProxyType({name: argument(each) for name, each in node.args.items()}),
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=_alive(graph, nodes))


def _alive(graph: Graph, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Leave out what only computes an optional output that nobody asks for."""
    wanted = {graph.aliases.get(each.name, each.name) for each in graph.outputs}
    alive = []
    for node in reversed(nodes):
        if any(each is not None and each.name in wanted for each in node.outputs):
            alive.append(node)
            wanted.update(each.name for each in (*node.inputs, *node.implicit) if each is not None)
    return tuple(reversed(alive))
