"""The lines that may become conditions of a row: what an operator's cases differ in, in words of the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import onnx

from checker.constraint import YES, check, parse
from checker.facts import Facts
from checker.graph import Graph, Node, Value

MOST_VALUES = 4
"""An attribute with more values than these is no choice between kinds of work."""
AXES = frozenset({"axis"})
TOGETHER = frozenset({
    "Add", "And", "BitShift", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "MatMul", "Mod",
    "Mul", "Or", "PRelu", "Pow", "Sub", "Where",
})  # fmt: skip
"""Operators whose arguments are of one kind: the largest rank among them is asked for first."""
NOWHERE = Graph("", (), (), ())


def names(op: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the arguments and attributes of the newest schema, which the tables speak of."""
    schema = onnx.defs.get_schema(op)
    variadic = onnx.defs.OpSchema.FormalParameterOption.Variadic
    arguments = tuple(each.name for each in schema.inputs if each.option != variadic)
    return arguments, tuple(sorted(schema.attributes))


def first_argument(op: str) -> str:
    """Return what asks for the element type of an operator's data."""
    arguments, _ = names(op)
    return f"dtype({arguments[1 if op == 'Where' else 0]})" if arguments else "every(inputs, dtype)"


def candidates(op: str, nodes: Sequence[Node]) -> Iterator[str]:
    """Yield lines, the plainest first: of equally telling ones the first is taken."""
    arguments, attributes = names(op)
    variadic = not arguments
    seen = {name: [value(node, name) for node in nodes] for name in arguments}
    if variadic:
        yield from _variadic(nodes)
    for name, values in seen.items():
        kinds = sorted({each.dtype for each in values if each and each.dtype})
        if len(kinds) > 1:
            yield from (f'dtype({name}) == "{kind}"' for kind in kinds)
    if op in TOGETHER:
        most = sorted({max(each.rank for each in node.inputs if each and each.rank is not None) for node in nodes})
        yield from (f"every(inputs, rank) <= {rank}" for rank in most[:-1])
        yield " and ".join(f"(rank({name}) > 0 or const({name}))" for name in arguments)
    for name, values in seen.items():
        ranks = sorted({each.rank for each in values if each and each.rank is not None})
        yield from (f"rank({name}) <= {rank}" for rank in ranks[:-1])
    yield from _results(op, nodes)
    for name, values in seen.items():
        present = [each for each in values if each]
        if len(present) < len(values):
            yield f"given({name})"
        if len({each.constant for each in present}) == 2:
            yield f"const({name})"
    if len(arguments) > 3:
        yield " and ".join(f"const({name})" for name in arguments[1:])
    if "axes" in arguments:
        yield "len(axes) == 1"
    if "pads" in arguments:
        yield "sum(pads[:2]) == 0"  # nothing is added in front of the first two axes
    if op == "Reshape":
        yield from ("0 not in shape", "min(shape) > 0")
    if "steps" in arguments:
        yield from ("max(steps) == 1 and min(steps) == 1", "min(steps) >= 1", "len(axes) == 1")
    for name in attributes:
        yield from _attribute(name, arguments, [node.attrs.get(name) for node in nodes])
    yield from _pairs(op, arguments)


def fixed(op: str, nodes: Sequence[Node]) -> Iterator[str]:
    """Yield what all cases of an operator have in common and a network need not have: the region that was measured."""
    schema = onnx.defs.get_schema(op)
    for name in sorted(schema.attributes):
        values = [node.attrs[name] for node in nodes if name in node.attrs]
        plain = {each for each in values if isinstance(each, (int, str))}
        if values and len(plain) == 1 and len(values) == sum(isinstance(each, (int, str)) for each in values):
            (only,) = plain
            line = f'{name} == "{only}"' if isinstance(only, str) else f"{name} == {only}"
            yield f'mode != "nearest" or {line}' if name == "nearest_mode" else line
        elif (
            values
            and name == "dilations"
            and all(isinstance(each, (tuple, list)) and max(each) == 1 for each in values)
        ):
            yield "max(dilations) == 1"
    if len(schema.outputs) > 1 and all(len(node.outputs) == 1 for node in nodes):
        yield "len(outputs) == 1"


def value(node: Node, name: str) -> Value | None:
    """Return the tensor that an argument of the newest schema is bound to."""
    found = Facts(graph=NOWHERE, node=node).argument(name)
    return found if isinstance(found, Value) else None


def _results(op: str, nodes: Sequence[Node]) -> Iterator[str]:
    """Yield bounds of the result's rank, where that is not the rank of the first argument."""
    name = onnx.defs.get_schema(op).outputs[0].name
    pairs = [(node.outputs[0], node.inputs[0]) for node in nodes if node.outputs and node.inputs]
    ranks = {(made.rank, given.rank) for made, given in pairs if made and given and made.rank is not None}
    if op not in TOGETHER and any(made != given for made, given in ranks):
        yield from (f"rank({name}) <= {rank}" for rank in sorted({made for made, _ in ranks if made is not None})[:-1])


def _variadic(nodes: Sequence[Node]) -> Iterator[str]:
    first = [each for node in nodes for each in node.inputs[:1] if each]
    kinds = sorted({each.dtype for each in first if each.dtype})
    if len(kinds) > 1:
        yield from (f'every(inputs, dtype) == "{kind}"' for kind in kinds)
    ranks = sorted({each.rank for each in first if each.rank is not None})
    yield from (f"every(inputs, rank) <= {rank}" for rank in ranks[:-1])
    yield "count(inputs, const) == 0"


def _attribute(name: str, arguments: Sequence[str], values: Sequence[object]) -> Iterator[str]:
    lists = [value for value in values if isinstance(value, (tuple, list))]
    plain = sorted({value for value in values if isinstance(value, (int, str))}, key=str)
    if lists:
        if name in {"strides", "dilations", "kernel_shape"}:
            yield f"max({name}) == 1"
            yield f"max({name}) <= 2"
            yield f"min({name}) == max({name})"
        elif name == "pads":
            yield "sum(pads) == 0"
        elif name in {"axes", "perm"}:
            yield f"len({name}) == 1"
    elif name in AXES and len(plain) > 1:
        yield f"axis in {{-1, rank({arguments[0]}) - 1}}" if arguments else "axis == -1"
        yield "axis == 0"
        yield "axis == 1"
    elif name == "to":
        yield "to in [1, 6, 7, 9, 10]"  # float32, int32, int64, bool, float16: what networks cast to
    elif 1 < len(plain) <= MOST_VALUES:
        yield from (f'{name} == "{value}"' if isinstance(value, str) else f"{name} == {value}" for value in plain)


def _pairs(op: str, arguments: Sequence[str]) -> Iterator[str]:
    first, second = arguments[:1], arguments[1:2]
    if first and second and first[0] in {"A", "X"} and op != "Gemm":
        yield f"rank({first[0]}) == rank({second[0]})"
        yield f"shape({first[0]}) == shape({second[0]})"
        yield f"rank({first[0]}) <= rank({second[0]})"
    if op.startswith("Reduce"):
        yield "len(axes) == 1"
        yield "axes in [[-1], [rank(data) - 1]]"


def answers(lines: Sequence[str], graph: Graph, node: Node) -> tuple[bool, ...]:
    """Answer every line for a node; what the model does not say counts as no."""
    facts = Facts(graph=graph, node=node, precision="fp32", file=graph)
    return tuple(check(parse(line), facts) == YES for line in lines)
