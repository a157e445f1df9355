"""Reading a term forwards: the nodes of a layer in parts, with the shapes and types of what they compute.

Only facts are built; nothing is computed and no weight is read.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from checker import schema
from checker.graph import Node, Value
from checker.pattern import Call, Either, Number, Term, Var

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checker.graph import Argument, Attribute, Dim, Shape


class Builder:
    """Writes nodes at one opset, named after the node that they replace."""

    def __init__(self, opset: int, node: Node, like: Value) -> None:
        """Start with an empty list of nodes.

        Args:
            opset: import of the ONNX domain that the nodes are written at.
            node: the node that they replace: its name is the prefix of theirs, its scope and position are kept.
            like: a value whose type constants take.
        """
        self.opset, self.node, self.dtype = opset, node, like.dtype
        self.nodes: list[Node] = []
        self.constants = 0

    def constant(self, elements: object, dtype: str | None = None) -> Value:
        """Return a constant of the layer's own type, or of another."""
        import numpy as np

        self.constants += 1
        wanted = dtype or self.dtype or "float32"
        array = np.asarray(elements, dtype=wanted if wanted != "bfloat16" else "float32")
        name = f"{self.node.name}/constant_{self.constants}"
        return Value(name, wanted, tuple(array.shape), constant=True, const=array)

    def call(self, op: str, *inputs: Value | None, shape: Shape, dtype: str | None = None, **attrs: Attribute) -> Value:
        """Write one node; return its result, of the given shape and of its first input's type."""
        found = schema.find(op, "", self.opset)
        name = f"{self.node.name}/{op}_{len(self.nodes)}"
        source = next((each for each in inputs if each is not None), None)
        result = Value(f"{name}_output", dtype or (source.dtype if source is not None else self.dtype), shape)
        filled: dict[str, Attribute] = {}
        args: dict[str, Argument] = {}
        results: dict[str, Argument] = {}
        if found is not None:
            filled = {each.name: each.default for each in found.attributes.values() if each.default is not None}
            for position, formal in enumerate(found.inputs):
                bound = inputs[position] if position < len(inputs) else None
                args[formal.name] = tuple(v for v in inputs[position:] if v is not None) if formal.variadic else bound
            results = {found.outputs[0].name: result}
        self.nodes.append(
            Node(
                name=name,
                op=op,
                since=found.since if found is not None else 0,
                attrs=MappingProxyType({**filled, **attrs}),
                given=frozenset(attrs),
                args=MappingProxyType(args),
                results=MappingProxyType(results),
                inputs=inputs,
                outputs=(result,),
                scope=self.node.scope,
                index=self.node.index,
            )
        )
        return result

    def binary(self, op: str, left: Value, right: Value) -> Value:
        """Write an elementwise node of two operands."""
        return self.call(op, left, right, shape=broadcast(left.shape, right.shape), dtype=left.dtype)

    def scaled(self, value: Value, number: float) -> Value:
        """Multiply by a number."""
        return self.binary("Mul", value, self.constant(number))

    def reduce(self, op: str, value: Value, axes: Sequence[int]) -> Value:
        """Write a reduction that keeps its axes."""
        rank = value.rank
        shape = None
        if value.shape is not None and rank is not None:
            reduced = {axis % rank for axis in axes}
            shape = tuple(1 if axis in reduced else dim for axis, dim in enumerate(value.shape))
        if self.opset >= (13 if op == "ReduceSum" else 18):
            return self.call(op, value, self.constant(list(axes), "int64"), shape=shape, keepdims=1)
        return self.call(op, value, shape=shape, axes=tuple(axes), keepdims=1)

    def transpose(self, value: Value, perm: Sequence[int]) -> Value:
        """Write a Transpose."""
        shape = None if value.shape is None else tuple(value.shape[axis] for axis in perm)
        return self.call("Transpose", value, shape=shape, perm=tuple(perm))

    def reshape(self, value: Value, shape: Sequence[Dim]) -> Value:
        """Write a Reshape; what is not known stands as -1 (one axis) or is copied from the input (0)."""
        target = [dim if isinstance(dim, int) else -1 for dim in shape]
        if target.count(-1) > 1:
            target = [0 if dim == -1 and axis == 0 else dim for axis, dim in enumerate(target)]
        return self.call("Reshape", value, self.constant(target, "int64"), shape=tuple(shape))

    def cut(self, value: Value, start: int, end: int, step: int = 1) -> Value:
        """Write a Slice of the last axis."""
        length = len(range(start, end, step))
        shape = None if value.shape is None else (*value.shape[:-1], length)
        bounds = [self.constant([each], "int64") for each in (start, end, -1, step)]
        return self.call("Slice", value, *bounds, shape=shape)

    def term(self, term: Term, values: Mapping[str, Value], numbers: Mapping[str, float], axes: Sequence[int]) -> Value:
        """Write a term as it stands; the first option of alternatives, each shared part once."""
        return self._term(term, values, numbers, tuple(axes), {})

    def _term(
        self,
        term: Term,
        values: Mapping[str, Value],
        numbers: Mapping[str, float],
        axes: tuple[int, ...],
        done: dict[int, Value],
    ) -> Value:
        known = done.get(id(term))
        if known is not None:
            return known
        if isinstance(term, Var):
            made = values[term.name]
        elif isinstance(term, Number):
            made = self.constant(numbers.get(term.name, term.value) if term.name else term.value)
        elif isinstance(term, Either):
            made = self._term(_first(term, values), values, numbers, axes, done)
        elif isinstance(term, Call):
            operands = [self._term(each, values, numbers, axes, done) for each in term.args]
            if term.axes:
                made = self.reduce(term.op, operands[0], axes)
            elif len(operands) == 2:
                made = self.binary(term.op, operands[0], operands[1])
            else:
                attrs: dict[str, Any] = dict(term.attrs)
                made = self.call(term.op, *operands, shape=operands[0].shape, **attrs)
        else:
            raise TypeError(type(term))
        done[id(term)] = made
        return made


def _first(term: Either, values: Mapping[str, Value]) -> Term:
    """Return the first option all of whose variables have a value (a layer without bias has none for it)."""
    return next((each for each in term.options if variables(each) <= set(values)), term.options[-1])


def variables(term: Term) -> set[str]:
    """Return the names of the variables of a term; of alternatives, those of the ones that need fewest."""
    if isinstance(term, Var):
        return {term.name}
    if isinstance(term, Call):
        return set().union(*(variables(each) for each in term.args))
    if isinstance(term, Either):
        return min((variables(each) for each in term.options), key=len)
    return set()


def broadcast(left: Shape, right: Shape) -> Shape:
    """Return the shape that two operands broadcast to, None when a rank is unknown."""
    if left is None or right is None:
        return None
    length = max(len(left), len(right))
    one = (1,) * (length - len(left)) + tuple(left)
    two = (1,) * (length - len(right)) + tuple(right)
    return tuple(_wider(a, b) for a, b in zip(one, two, strict=True))


def _wider(left: Dim, right: Dim) -> Dim:
    if left == 1:
        return right
    return right if left is None and right != 1 else left
