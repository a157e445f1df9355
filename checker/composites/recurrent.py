"""LSTM and GRU layers that were unrolled into small operators, one composite for each chain of steps.

A step is recognised by its arithmetic: ``c' = sigmoid(f) * c + sigmoid(i) * tanh(g)``, ``h' = sigmoid(o) * tanh(c')``;
or ``h' = (1 - z) * n + z * h`` with ``n = tanh(...)``.  Steps belong to one layer when each takes the state of the one
before.  What the steps compute may be used outside: every hidden state is a result of the layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.composites.flow import RESHAPES, Flow, first, output, second
from checker.composites.heads import linear
from checker.composites.matcher import Matcher
from checker.composites.record import decomposed
from checker.pattern import Var, call, either, plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.graph import Composite, Node, Value

_F, _I, _G, _C, _Z, _N, _H = (Var(name) for name in ("f", "i", "g", "c", "z", "n", "h"))
_CELL = plan(call("Sigmoid", _F) * _C + call("Sigmoid", _I) * call("Tanh", _G))
_Z_GATE = call("Sigmoid", _Z)
_NEW = call("Tanh", _N)
_GRU = plan(
    either(
        (1 - _Z_GATE) * _NEW + _Z_GATE * _H,
        _NEW + _Z_GATE * (_H - _NEW),
        _H + _Z_GATE * (_NEW - _H),
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One step: the node of its result, its nodes, and the states that come in and go out."""

    root: Node
    nodes: tuple[Node, ...]
    came: Value
    goes: Value
    gates: tuple[Value, ...]


def find(flow: Flow, by_op: Mapping[str, list[Node]]) -> list[Composite]:
    """Return every unrolled LSTM and GRU layer."""
    matcher = Matcher(flow.graph)
    lstm: list[_Step] = []
    gru: list[_Step] = []
    for node in by_op.get("Tanh", ()):
        step = _lstm_step(flow, matcher, node)
        if step is not None:
            lstm.append(step)
            continue
        step = _gru_step(flow, matcher, node)
        if step is not None:
            gru.append(step)
    return [*_layers(flow, "LSTM", lstm), *_layers(flow, "GRU", gru)]


def _lstm_step(flow: Flow, matcher: Matcher, node: Node) -> _Step | None:
    """Read a step at the tanh of its new cell state."""
    state, squashed = first(node), output(node)
    product = flow.sole_user(squashed)
    if state is None or product is None or product.op != "Mul":
        return None
    match = matcher.match(_CELL, state)
    if match is None:
        return None
    left, right = first(product), second(product)
    gate = flow.producer(right if left is not None and squashed is not None and left.name == squashed.name else left)
    if gate is None or gate.op != "Sigmoid":
        return None
    out = first(gate)
    gates = [match.values[name] for name in ("f", "i", "g")] + ([out] if out is not None else [])
    return _Step(product, (*match.nodes, node, gate, product), match.values["c"], state, tuple(gates))


def _gru_step(flow: Flow, matcher: Matcher, node: Node) -> _Step | None:
    """Read a step at the tanh of its candidate state."""
    seen = [node]
    for _ in range(3):
        above = [user for each in seen for user in flow.users(output(each)) if user.op in {"Add", "Mul", "Sub"}]
        for user in above:
            result = output(user)
            match = matcher.match(_GRU, result) if user.op == "Add" and result is not None else None
            if match is not None and result is not None:
                gates = (match.values["z"], match.values["n"])
                return _Step(user, match.nodes, match.values["h"], result, gates)
        seen = above[:8]
    return None


def _layers(flow: Flow, kind: str, steps: list[_Step]) -> list[Composite]:
    """Chain the steps by their states; a chain is a layer."""
    by_state = {step.goes.name: step for step in steps}
    follows = {id(by_state[step.came.name]) for step in steps if step.came.name in by_state}
    found: list[Composite] = []
    for last in (step for step in steps if id(step) not in follows):
        chain = [last]
        while chain[-1].came.name in by_state and len(chain) <= len(steps):
            chain.append(by_state[chain[-1].came.name])
        covers = {node.index: node for step in chain for node in step.nodes}
        for step in chain:
            covers |= {node.index: node for gate in step.gates for node in _gate(flow, gate)}
        length = f"{len(chain)} steps" if len(chain) > 1 else "one step"
        hidden = last.goes.shape[-1] if last.goes.shape else None
        attrs = {"hidden_size": hidden} if isinstance(hidden, int) else {}
        args = {"initial_c" if kind == "LSTM" else "initial_h": chain[-1].came}
        found.append(decomposed(kind, last.root, covers.values(), args, attrs, variant=f"unrolled, {length}"))
    return found


def _gate(flow: Flow, value: Value) -> list[Node]:
    """Return the nodes from the linear layers to the argument of a gate."""
    nodes: list[Node] = []
    edge = [value]
    for _ in range(6):
        further: list[Value] = []
        for each in edge:
            node = flow.producer(each)
            if node is None:
                continue
            if linear(node) is not None:
                nodes.append(node)
            elif node.op in RESHAPES or node.op in {"Split", "Slice", "Add", "Mul", "Transpose"}:
                nodes.append(node)
                further.extend(v for v in node.inputs if v is not None and not v.constant)
        edge = further
    return nodes
