"""What TVM's relax front end makes of shapes that nodes compute, and where it loses them.

Each open length of an input has a name, and one that Range, Resize or ConvTranspose make of it gets another.  Where two
tensors meet along axes whose lengths it cannot show to be equal, it knows the rank of the result from there on, and no
size.  What has to know a size raises then; where nothing does, the file is imported, and the operator is not compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations
from typing import Final

from checker.graph import Dim, Graph, Node, Value
from checker.predicates.look import argument

_JOINS: Final = frozenset(
    {"Add", "And", "Concat", "Div", "Equal", "MatMul", "Max", "Min", "Mul", "Or", "Pow", "Sub", "Sum", "Where", "Xor"}
)
"""Operators whose operands have to agree in size."""

_FAR: Final = 1 << 30
"""An end from here on means all that there is."""


def cast_sizes(node: Node, graph: Graph) -> bool:
    """Tell whether the shape that a Reshape asks for went through a Cast: the front end then has a tensor, no shape."""
    return _through_cast(argument(node, "shape"), graph)


def _through_cast(value: Value | None, graph: Graph) -> bool:
    maker = graph.producer_of(value) if value is not None else None
    if maker is None or maker.op == "Shape":
        return False
    return maker.op == "Cast" or any(_through_cast(each, graph) for each in maker.inputs)


def takes_bare_floats(node: Node, graph: Graph) -> bool:
    """Tell whether the node takes a Constant that is written as ``value_float`` or ``value_floats``, not as a tensor.

    onnxsim leaves those as they are, and the front end reads ``value`` alone; integers onnxsim makes tensors of.
    """
    return any(name in _bare_floats(graph) for name in _names(node))


@lru_cache(maxsize=8)
def _bare_floats(graph: Graph) -> frozenset[str]:
    """Return the names of constants that are so written."""
    written = {"value_float", "value_floats"}
    return frozenset(
        name for each in graph.folded if each.op == "Constant" and written & set(each.given) for name in each.outputs
    )


def number_of_shape(node: Node, graph: Graph) -> bool:
    """Tell whether the node's first input is a number computed from a shape: to the front end it is no tensor."""
    value = node.inputs[0] if node.inputs else None
    maker = graph.producer_of(value) if value is not None else None
    return value is not None and value.rank == 0 and maker is not None and maker.shape_arithmetic


def lost_sizes(node: Node, graph: Graph) -> bool:
    """Tell whether the sizes of the node's first input were lost where two open lengths met that need not be equal."""
    return bool(node.inputs) and node.inputs[0] is not None and node.inputs[0].name in _lost(graph)


def loses_sizes(node: Node, graph: Graph) -> bool:
    """Tell whether the sizes of the result are lost at the node, and no Resize or Reshape stumbles over that later."""
    made = {value.name for value in node.outputs if value is not None} & _lost(graph)
    return bool(made) and not any(map(_lost(graph).__contains__, _names(node))) and not _stumbles(graph)


@lru_cache(maxsize=8)
def _stumbles(graph: Graph) -> bool:
    """Tell whether a Resize, or a Reshape that asks for a rest, takes a tensor whose sizes are lost."""
    return any(
        lost_sizes(node, graph) and (node.op == "Resize" or not _states_shape(node))
        for node in graph.walk()
        if node.op in {"Resize", "Reshape"}
    )


def _names(node: Node) -> list[str]:
    return [value.name for value in node.inputs if value is not None]


@lru_cache(maxsize=8)
def _lost(graph: Graph) -> frozenset[str]:
    """Return the names of the tensors whose sizes are lost."""
    lost: set[str] = set()
    named: dict[str, frozenset[str]] = {}
    symbols = {dim for value in graph.inputs for dim in value.shape or () if isinstance(dim, str)}
    for node in graph.walk():
        given = [value for value in node.inputs if value is not None]
        opened = [value for value in given if value.size is None]
        gone = any(value.name in lost for value in opened) and not _states_shape(node)
        gone |= node.op in _JOINS and any(_meet(*pair, node, named, symbols) for pair in combinations(opened, 2))
        made = frozenset[str]().union(*(named.get(value.name, ()) for value in (_shape_of(node) or given)))
        made |= _renamed(node, made, symbols)
        for output in node.outputs:
            if output is not None and (output.size is None or node.shape_arithmetic):
                named[output.name] = made
                lost.update({output.name} if gone and output.size is None else ())
    return frozenset(lost)


def _renamed(node: Node, names: frozenset[str], symbols: set[str]) -> frozenset[str]:
    """Return the name that the result's lengths get besides those of the operands: none where they keep theirs.

    Range counts anew.  A Resize or ConvTranspose of more than the batch, and a Slice of a length that a convolution
    made, gives the same name to what has the same names and is treated alike.
    """
    shape = node.outputs[0].shape if node.outputs and node.outputs[0] is not None else None
    opened = [dim for dim in (shape or ())[1:] if not isinstance(dim, int)]
    if node.op == "Range":
        return frozenset({node.name})
    if node.op == "Slice":
        opened = [dim for dim in opened if dim not in symbols and _cuts(node)]
    if node.op not in {"Resize", "ConvTranspose", "Slice"} or not opened:
        return frozenset()
    told = [
        f"{name}={node.attrs[name]!r}" for name in ("strides", "kernel_shape", "pads", "axes") if name in node.attrs
    ]
    told += [str(value.const.tolist()) for value in node.inputs[1:] if value is not None and value.const is not None]
    return frozenset({f"{len(names)} {node.op} {' '.join(told)}"})


def _cuts(node: Node) -> bool:
    """Tell whether a Slice changes an open axis."""
    data, axes, ends = (argument(node, name) for name in ("data", "axes", "ends"))
    if data is None or data.shape is None or axes is None or axes.const is None or ends is None or ends.const is None:
        return False
    pairs = zip(axes.const.ravel(), ends.const.ravel(), strict=False)
    return any(not isinstance(data.shape[int(axis)], int) and abs(int(end)) < _FAR for axis, end in pairs)


def _meet(one: Value, other: Value, node: Node, named: Mapping[str, frozenset[str]], symbols: set[str]) -> bool:
    """Tell whether both are open along an axis, and their lengths have different names."""
    renamed = named.get(one.name, frozenset()) != named.get(other.name, frozenset())
    if one.shape is None or other.shape is None:
        return renamed
    pairs = zip(_agreeing(one.shape, node), _agreeing(other.shape, node), strict=False)
    return any(
        (renamed and not isinstance(a, int) and not isinstance(b, int)) or (a != b and {a, b} <= symbols)
        for a, b in pairs
    )


def _agreeing(shape: tuple[Dim, ...], node: Node) -> list[Dim]:
    """Return the lengths that have to agree with those of the other operands, the last first."""
    if node.op == "MatMul":
        return list(shape[:-2][::-1])
    axis = node.attrs.get("axis")
    along = axis % len(shape) if node.op == "Concat" and isinstance(axis, int) and shape else None
    return [dim for index, dim in enumerate(shape) if index != along][::-1]


def _shape_of(node: Node) -> list[Value]:
    """Return the computed shape from which the result has its lengths; empty where they come from the data."""
    shape = argument(node, "shape") if node.op in {"Reshape", "Expand"} else None
    return [] if shape is None or shape.constant else [shape]


def _states_shape(node: Node) -> bool:
    """Tell whether a Reshape has all its lengths from its shape, and none from its data."""
    shape = argument(node, "shape") if node.op == "Reshape" else None
    return shape is not None and (
        not shape.constant or (shape.const is not None and all(int(each) > 0 for each in shape.const.ravel()))
    )
