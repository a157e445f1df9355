"""From what the pass found to the frozen records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from checker.graph import EMPTY, Argument, Folded, Graph, Node, Problem, Value
from checker.load.attributes import given_names, plain
from checker.load.defaults import complete
from checker.load.naming import scope_of
from checker.load.symbols import name_of

if TYPE_CHECKING:
    from checker.load.call import Body, Call
    from checker.load.fact import Fact
    from checker.schema import Formal, Schema


def value_of(fact: Fact) -> Value:
    """Return the record of a fact; the same one each time."""
    if fact.value is None:
        shape = None if fact.shape is None else tuple(name_of(dim) for dim in fact.shape)
        const = fact.data if fact.constant else None
        if const is not None and const.flags.writeable:
            const.flags.writeable = False
        fact.value = Value(fact.name, fact.dtype, shape, fact.constant, const, fact.quant, fact.payload)
    return fact.value


def named(name: str, fact: Fact) -> Value:
    """Return a graph output under the name that the file gives it."""
    value = value_of(fact)
    if value.name == name:
        return value
    return Value(name, value.dtype, value.shape, value.constant, value.const, value.quant, value.payload)


def node_of(call: Call) -> Node:
    """Freeze a call."""
    inputs = tuple(None if fact is None else value_of(fact) for fact in call.inputs)
    outputs = tuple(None if fact is None else value_of(fact) for fact in call.outputs)
    schema = call.schema
    return Node(
        name=call.name,
        op=call.raw.op,
        domain=call.raw.domain,
        since=call.since,
        attrs=MappingProxyType(_attributes(call, schema)),
        given=given_names(call.attrs, call.raw.bodies),
        args=MappingProxyType(bind(schema.inputs if schema else None, inputs, "input")),
        results=MappingProxyType(bind(schema.outputs if schema else None, outputs, "output")),
        inputs=inputs,
        outputs=outputs,
        implicit=tuple(value_of(fact) for fact in call.implicit),
        bodies=MappingProxyType({name: body_of(body) for name, body in call.bodies.items()}) if call.bodies else EMPTY,
        scope=scope_of(call.raw.proto),
        index=call.index,
        shape_arithmetic=call.shape_arithmetic,
    )


def _attributes(call: Call, schema: Schema | None) -> dict[str, Any]:
    attrs: dict[str, Any] = {}
    if schema is not None:
        attrs = {
            name: each.default
            for name, each in schema.attributes.items()
            if name not in call.raw.bodies and each.type not in {"GRAPH", "GRAPHS"}
        }
    attrs.update((name, plain(value)) for name, value in call.attrs.items() if name not in call.raw.bodies)
    complete(call, attrs)
    return attrs


def bind(formals: Sequence[Formal] | None, actual: Sequence[Value | None], stem: str) -> dict[str, Argument]:
    """Return formal name to value; without a schema the names are ``input_0``, ``input_1`` ..."""
    if formals is None:
        return {f"{stem}_{place}": value for place, value in enumerate(actual)}
    found: dict[str, Argument] = {}
    for place, formal in enumerate(formals):
        if formal.variadic:
            found[formal.name] = tuple(value for value in actual[place:] if value is not None)
            return found
        found[formal.name] = actual[place] if place < len(actual) else None
    for place in range(len(formals), len(actual)):
        found[f"{stem}_{place}"] = actual[place]
    return found


def body_of(body: Body) -> Graph:
    """Freeze the body of an If, Loop or Scan."""
    return Graph(
        name=body.name,
        nodes=tuple(node_of(call) for call in body.calls),
        inputs=tuple(value_of(fact) for fact in body.inputs),
        outputs=tuple(named(name, fact) for name, fact in body.outputs),
        aliases=MappingProxyType(body.aliases),
        initializers=tuple(value_of(fact) for fact in body.stored),
    )


def graph_of(
    body: Body,
    model: Any,
    *,
    opsets: Mapping[str, int],
    folded: Sequence[Folded],
    problems: Sequence[Problem],
    stored: Sequence[Fact],
    file_nodes: int,
) -> Graph:
    """Freeze the main graph, with the facts of the file."""
    return Graph(
        name=body.name,
        nodes=tuple(node_of(call) for call in body.calls),
        inputs=tuple(value_of(fact) for fact in body.inputs),
        outputs=tuple(named(name, fact) for name, fact in body.outputs),
        opsets=MappingProxyType(dict(opsets)),
        ir_version=model.ir_version,
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        metadata=MappingProxyType({entry.key: entry.value for entry in model.metadata_props}),
        folded=tuple(folded),
        aliases=MappingProxyType(body.aliases),
        initializers=tuple(value_of(fact) for fact in stored),
        problems=tuple(problems),
        file_nodes=file_nodes,
    )
