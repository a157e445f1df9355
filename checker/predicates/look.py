"""Looking around a node: its arguments, what makes them, who takes its result."""

from __future__ import annotations

from checker.graph import Graph, Node, Value


def argument(node: Node, name: str) -> Value | None:
    """Return a single argument; None where it is absent or variadic."""
    value = node.args.get(name)
    return value if isinstance(value, Value) else None


def numbers(node: Node, name: str) -> tuple[float, ...] | None:
    """Return the elements of a constant argument, or of the attribute of that name; None where they are not known."""
    value = node.args.get(name)
    if isinstance(value, Value):
        return None if value.const is None else tuple(float(item) for item in value.const.reshape(-1).tolist())
    written = node.attrs.get(name)
    return tuple(float(item) for item in written if isinstance(item, int)) if isinstance(written, tuple) else None


def made_by(value: Value | None, graph: Graph, op: str) -> Node | None:
    """Return the node that makes a value, if it is of such an operator."""
    node = graph.producer_of(value) if value is not None else None
    return node if node is not None and node.op == op and not node.domain else None


def sole_user(node: Node, graph: Graph, *ops: str) -> Node | None:
    """Return the one node that takes the only result of a node, if it is of such an operator and nobody else looks."""
    value = node.outputs[0] if len(node.outputs) == 1 else None
    if value is None or graph.is_output(value):
        return None
    users = graph.users_of(value)
    return users[0] if len(users) == 1 and users[0].op in ops and not users[0].domain else None


def follow(node: Node, graph: Graph, *through: str) -> list[Node]:
    """Return who takes a node's first result, past operators that only rearrange it (``through``)."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        value = waiting.pop().outputs[0]
        for user in graph.users_of(value) if value is not None else ():
            (waiting if user.op in through and not user.domain else found).append(user)
    return found
