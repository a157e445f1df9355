"""If, Loop and Scan: their bodies are graphs of their own that see the values around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from checker.load.infer import UNKNOWN, Typed

if TYPE_CHECKING:
    from checker.graph import Dim, Shape
    from checker.load.call import Body, Call, Scope
    from checker.load.fact import Fact
    from checker.load.fold import Pass

_TRIAL_DEPTH = 2
"""Loops inside loops up to which the shapes of carried values are tried out: each level goes over the body twice."""


def inline(run: Pass, call: Call, scope: Scope, calls: list[Call]) -> bool:
    """Put the taken branch of an If in its place, where the condition is known; tell whether it was."""
    condition = call.inputs[0] if call.inputs else None
    if condition is None or condition.data is None or condition.data.size != 1:
        return False
    branch = call.raw.bodies.get("then_branch" if condition.data.any() else "else_branch")
    if branch is None or len(branch.output) < len(call.raw.outputs):
        return False
    run.fold(call, "branch")
    body, _ = run.graph(branch, scope)
    calls.extend(body.calls)
    for name, (_, fact) in zip(call.raw.outputs, body.outputs, strict=False):
        if name:
            scope.names[name] = fact
    return True


def visit(run: Pass, call: Call, scope: Scope) -> None:
    """Go over the bodies of a node that stays, and give it its outputs."""
    op = call.raw.op if not call.raw.domain else ""
    call.implicit = _implicit(call, scope)
    if op == "Loop":
        typed = _loop(run, call, scope)
    elif op == "Scan" and call.since >= 9:
        typed = _scan(run, call, scope)
    else:
        call.bodies = {name: run.graph(body, scope)[0] for name, body in call.raw.bodies.items()}
        typed = _union(list(call.bodies.values()), len(call.raw.outputs)) if op == "If" else []
    run.bind(call, typed, scope)


def _implicit(call: Call, scope: Scope) -> list[Fact]:
    found: dict[int, Fact] = {}
    for name in call.raw.free:
        fact = scope.find(name)
        if fact is not None:
            found[id(fact)] = fact
    return list(found.values())


def _typed(fact: Fact | None) -> Typed:
    return UNKNOWN if fact is None else (fact.element, fact.shape, fact.other_type)


def _agree(left: Typed, right: Typed) -> Typed:
    """Return what two possible types of one value have in common."""
    if left[0] != right[0] or left[2] != right[2]:
        return UNKNOWN
    return left[0], _common(left[1], right[1]), left[2]


def _common(left: Shape, right: Shape) -> Shape:
    if left is None or right is None or len(left) != len(right):
        return None
    return tuple(a if a == b else None for a, b in zip(left, right, strict=True))


def _union(bodies: Sequence[Body], count: int) -> list[Typed]:
    typed = []
    for place in range(count):
        each = [_typed(body.outputs[place][1]) for body in bodies if place < len(body.outputs)]
        result = each[0] if each else UNKNOWN
        for other in each[1:]:
            result = _agree(result, other)
        typed.append(result)
    return typed


def _loop(run: Pass, call: Call, scope: Scope) -> list[Typed]:
    graph = call.raw.bodies.get("body")
    if graph is None:
        return []
    carried = [_typed(fact) for fact in call.inputs[2:]]
    head: list[Typed] = [(7, (), b""), (9, (), b"")]
    body, carried = _stable(run, graph, scope, carried, head=head, tail=(), skip=1)
    call.bodies = {"body": body}
    outputs = [_typed(fact) for _, fact in body.outputs[1:]]
    finals = [_agree(a, b) for a, b in zip(carried, outputs, strict=False)]
    collected = [
        (element, None if shape is None else (None, *shape), other) for element, shape, other in outputs[len(carried) :]
    ]
    return finals + collected


def _stable(
    run: Pass,
    graph: Any,
    scope: Scope,
    carried: list[Typed],
    *,
    head: Sequence[Typed],
    tail: Sequence[Typed],
    skip: int,
) -> tuple[Body, list[Typed]]:
    """Go over a body with as much about its carried values as stays true from one iteration to the next."""
    if run.depth >= _TRIAL_DEPTH:
        carried = [(element, None, other) for element, _, other in carried]
    else:
        trial, _ = run.fork().graph(graph, scope, [*head, *carried, *tail])
        after = [_typed(fact) for _, fact in trial.outputs[skip : skip + len(carried)]]
        merged = [_agree(a, b) for a, b in zip(carried, after, strict=False)]
        if merged != carried:
            # what changed once may change again elsewhere: nothing is taken for granted
            carried = [
                old if old == new else (old[0] if old[0] == new[0] else 0, None, old[2])
                for old, new in zip(carried, merged, strict=False)
            ]
            again, _ = run.fork().graph(graph, scope, [*head, *carried, *tail])
            final = [_typed(fact) for _, fact in again.outputs[skip : skip + len(carried)]]
            if [_agree(a, b) for a, b in zip(carried, final, strict=False)] != carried:
                carried = [(element, None, other) for element, _, other in carried]
    run.depth += 1
    body, _ = run.graph(graph, scope, [*head, *carried, *tail])
    run.depth -= 1
    return body, carried


def _scan(run: Pass, call: Call, scope: Scope) -> list[Typed]:
    graph = call.raw.bodies.get("body")
    count = call.attrs.get("num_scan_inputs", 0)
    if graph is None or not 0 <= count <= len(call.inputs):
        return []
    states = [_typed(fact) for fact in call.inputs[: len(call.inputs) - count]]
    axes = call.attrs.get("scan_input_axes") or (0,) * count
    length: Dim = None
    slices = []
    for fact, axis in zip(call.inputs[len(call.inputs) - count :], axes, strict=False):
        element, shape, other = _typed(fact)
        if shape is not None and -len(shape) <= axis < len(shape):
            place = axis % len(shape)
            length = shape[place]
            shape = shape[:place] + shape[place + 1 :]
        slices.append((element, shape, other))
    body, states = _stable(run, graph, scope, states, head=(), tail=slices, skip=0)
    call.bodies = {"body": body}
    outputs = [_typed(fact) for _, fact in body.outputs]
    finals = [_agree(a, b) for a, b in zip(states, outputs, strict=False)]
    axes = call.attrs.get("scan_output_axes") or (0,) * len(outputs)
    for (element, shape, other), axis in zip(outputs[len(states) :], axes, strict=False):
        whole = shape
        if shape is not None and -len(shape) - 1 <= axis <= len(shape):
            place = axis % (len(shape) + 1)
            whole = (*shape[:place], length, *shape[place:])
        finals.append((element, whole, other))
    return finals
