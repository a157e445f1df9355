"""Turn measured cases into rows of a table: for one execution provider and device, operator by operator.

What a pair of results means: compiled into one node and ran is ``native``; ran without that is ``fallback`` (a part of
the node, mostly all of it, was left to ONNX Runtime's CPU provider); everything else is no answer.  A case that did not
compile although the same model at another schema version did is no answer either: the package says itself that a
provider may keep state from one case to the next, and some operators fail at one version in nearly every case.  Where
only few cases of a version are so contradicted they are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import onnx
from cases import Case  # noqa: TC002  a record of our own
from lines import TOGETHER, answers, candidates, first_argument, fixed, names, value
from tree import LARGEST, Example, Leaf, leaves, tidy

from checker.graph import Graph, Node, Value
from checker.load import load_model

ANY_TYPE = frozenset({
    "Add", "And", "ArgMax", "ArgMin", "BitShift", "Cast", "Clip", "Concat", "CumSum", "Div", "Equal", "Expand",
    "Flatten", "Gather", "GatherElements", "GatherND", "Greater", "GreaterOrEqual", "Identity", "Less", "LessOrEqual",
    "Mod", "Mul", "Not", "Or", "Pad", "Pow", "ReduceMax", "ReduceMin", "ReduceSum", "Reshape", "ScatterND", "Slice",
    "Split", "Squeeze", "Sub", "TopK", "Transpose", "Unsqueeze", "Where",
})  # fmt: skip
"""Operators that networks call on integers, too; of the others only what was measured on floats is told."""
STRAY, HOPELESS = 0.1, 0.5
"""Shares of a version's cases that may contradict another version: up to the first they are passed over, up to the
second the version is judged alone, and beyond that nothing is made of it."""
LEAST = 2
SHARE = {"native": 0.02, "fallback": 0.05, "": 2.0}
"""A row rests on as many cases as this, and on this share of the operator's."""
FLOATS = frozenset({"float16", "float32"})
MEANING = {"TT": "native", "FT": "fallback"}
COMPUTED = frozenset({
    "Add", "And", "BitShift", "Concat", "Div", "Equal", "Gather", "GatherElements", "GatherND", "Greater",
    "GreaterOrEqual", "Less", "LessOrEqual", "MatMul", "Mod", "Mul", "Or", "Pow", "Sub", "Where",
})  # fmt: skip
"""Operators whose first input is a constant in real networks; of others such cases are left out."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A loaded case: what it answers to the lines, and what it is apart from the schema version."""

    since: int
    floats: bool
    yes: tuple[bool, ...]
    key: tuple[object, ...]
    measured: dict[str, str]


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator's cases, and the lines that may become conditions.

    ``dtype``: what asks for the element type.  ``dtypes``: those that were measured.

    ``fixed``: what all cases have in common.  ``ranks``: least and largest rank that was measured, by what is ranked,
    that of the first argument first.
    """

    op: str
    lines: tuple[str, ...]
    dtype: str
    dtypes: tuple[str, ...]
    fixed: tuple[str, ...]
    ranks: dict[str, tuple[int, int]]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A row to be.

    ``since``: empty for every version that was measured.  ``dtypes``: the element types that it holds for.
    """

    op: str
    status: str
    since: tuple[int, ...]
    dtypes: tuple[str, ...]
    require: tuple[str, ...]
    cases: int


def operator(
    op: str, versions: Iterable[tuple[int, Sequence[Case]]], ask: Callable[[Graph], dict[str, str]] | None = None
) -> Operator:
    """Load the cases of an operator; those that are no longer a node of that operator are left out.

    ``ask``: what else is to be noted beside the measurements of a case.
    """
    loaded: dict[tuple[object, ...], tuple[Graph, Node, int, dict[str, str]]] = {}
    for since, cases in versions:
        for case in cases:
            proto = onnx.ModelProto.FromString(case.model)
            key = (since, *_key(proto))
            stored = {each.name for each in proto.graph.initializer}
            if key in loaded or (proto.graph.node[0].input[0] in stored and op not in COMPUTED):
                continue
            if set(case.measured.values()) == {"FF"} and len(case.measured) > 1:
                continue  # nobody ran it: it is no valid call
            graph = load_model(case.model)
            nodes = [node for node in graph.nodes if node.op == op]
            if len(nodes) == 1 and nodes[0].inputs and nodes[0].inputs[0] is not None:
                loaded[key] = (graph, nodes[0], since, case.measured | (ask(graph) if ask else {}))
    nodes = [node for _, node, _, _ in loaded.values()]
    lines = tuple(dict.fromkeys(candidates(op, nodes))) if nodes else ()
    made = tuple(
        Sample(since, _floats(op, node), answers(lines, graph, node), key[1:], measured)
        for key, (graph, node, since, measured) in loaded.items()
    )
    kinds = sorted({subject.dtype for node in nodes if (subject := _subject(op, node)) and subject.dtype})
    return Operator(op, lines, first_argument(op), tuple(kinds), tuple(fixed(op, nodes)), _ranks(op, nodes), made)


def _subject(op: str, node: Node) -> Value | None:
    return node.inputs[1 if op == "Where" else 0]


def _floats(op: str, node: Node) -> bool:
    subject = _subject(op, node)
    return subject is not None and subject.dtype in FLOATS


def _key(proto: onnx.ModelProto) -> tuple[object, ...]:
    """Return what a model says, whether it says it in attributes or in constant inputs."""
    node = proto.graph.node[0]
    constant = {each.name: onnx.numpy_helper.to_array(each) for each in proto.graph.initializer}
    inputs = {each.name: each.type.SerializeToString() for each in proto.graph.input}
    facts = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    small = {name: array.tolist() for name, array in constant.items() if array.dtype.kind == "i" and array.ndim == 1}
    facts |= {name: small[name] for name in node.input if name in small}
    rest = tuple(
        (name, constant[name].shape, str(constant[name].dtype)) if name in constant else (name, inputs.get(name))
        for name in node.input
        if name not in small
    )
    return (repr(sorted(facts.items())), rest)


def rows(cases: Operator, provider: str) -> Iterator[Found]:
    """Yield the rows of an operator; versions that contradict the others in many cases are judged alone."""
    measured = [each for each in cases.samples if provider in each.measured]
    compiled = {each.key for each in measured if each.measured[provider] == "TT"}
    contradicted = {id(each) for each in measured if each.measured[provider] != "TT" and each.key in compiled}
    sound = _sound(measured, contradicted)
    apart = sorted(_sound(measured, contradicted, HOPELESS) - sound)
    for versions in ((*sorted(sound),), *((since,) for since in apart)):
        for floats in (True, False):
            examples = [
                Example(
                    (*each.yes, *(each.since > since for since in versions[:-1])),
                    "" if id(each) in contradicted else MEANING.get(each.measured[provider], ""),
                )
                for each in measured
                if each.since in versions and each.floats == floats
                if not (id(each) in contradicted and each.since in sound)
            ]
            if examples and (floats or cases.op in ANY_TYPE):
                lines = [*cases.lines, *(f"since > {since}" for since in versions[:-1])]
                found = [_row(cases, leaf, versions, floats=floats) for leaf in leaves(examples, lines, "native")]
                yield from (each for each in found if each.cases >= max(LEAST, len(examples) * SHARE[each.status]))


def _sound(measured: Sequence[Sample], contradicted: AbstractSet[int], most: float = STRAY) -> frozenset[int]:
    """Return the versions at which at most this share of the cases contradicts another version."""
    found = set()
    for since in {each.since for each in measured}:
        here = [each for each in measured if each.since == since]
        if sum(id(each) in contradicted for each in here) <= most * len(here):
            found.add(since)
    return frozenset(found)


def _ranks(op: str, nodes: Sequence[Node]) -> dict[str, tuple[int, int]]:
    """Return the least and largest rank that each argument has."""
    arguments, _ = names(op)
    made = onnx.defs.get_schema(op).outputs[0].name
    bound: dict[str, list[Value | None]] = {
        f"rank({name})": [value(node, name) for node in nodes] for name in arguments
    }
    bound[f"rank({made})"] = [node.outputs[0] for node in nodes if node.outputs]
    if op in TOGETHER:  # these are bounded by all of their arguments, if at all
        bound = {"": []} | bound
    seen = {name: [each.rank for each in found if each and each.rank is not None] for name, found in bound.items()}
    return {name: (min(ranks, default=0), max(ranks, default=LARGEST)) for name, ranks in seen.items()}


def _row(cases: Operator, leaf: Leaf, versions: Sequence[int], *, floats: bool) -> Found:
    low, high = versions[0] - 1, versions[-1]
    conditions: list[str] = []
    for line in leaf.conditions:
        if line.startswith("since > "):
            low = max(low, int(line.rsplit(" ", 1)[1]))
        elif line.startswith("since <= "):
            high = min(high, int(line.rsplit(" ", 1)[1]))
        elif line not in conditions:
            conditions.append(line)
    since = tuple(version for version in versions if low < version <= high)
    dtypes = _left(tuple(kind for kind in cases.dtypes if (kind in FLOATS) == floats), conditions, cases.dtype)
    conditions = [line for line in conditions if not line.removeprefix("not ").startswith(f"{cases.dtype} ")]
    return Found(cases.op, leaf.label, since, dtypes, (*tidy(conditions, cases.ranks), *cases.fixed), leaf.total)


def _left(dtypes: tuple[str, ...], conditions: Sequence[str], asked: str) -> tuple[str, ...]:
    """Return the element types that the conditions leave."""
    for line in conditions:
        if line.startswith(f"{asked} == "):
            dtypes = tuple(kind for kind in dtypes if f'"{kind}"' in line)
        elif line.startswith((f"{asked} != ", f"not {asked} == ")):
            dtypes = tuple(kind for kind in dtypes if f'"{kind}"' not in line)
    return dtypes


def joined(cases: Operator, found: Iterable[Found]) -> list[Found]:
    """Join rows that differ in the element types only, then those that differ in the versions only."""
    by_dtype: dict[tuple[object, ...], Found] = {}
    for each in found:
        key = (each.status, each.since, each.require)
        before = by_dtype.get(key, replace(each, dtypes=(), cases=0))
        by_dtype[key] = replace(each, dtypes=(*before.dtypes, *each.dtypes), cases=before.cases + each.cases)
    by_since: dict[tuple[object, ...], Found] = {}
    for each in by_dtype.values():
        key = (each.status, frozenset(each.dtypes), each.require)
        before = by_since.get(key, replace(each, since=(), cases=0))
        since = tuple(sorted({*before.since, *each.since}))
        by_since[key] = replace(each, since=since, cases=before.cases + each.cases)
    every = tuple(sorted({each.since for each in cases.samples}))
    made = (replace(each, since=() if each.since == every else each.since) for each in by_since.values())
    return sorted(made, key=lambda each: (each.status != "native", -each.cases))
