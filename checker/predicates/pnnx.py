"""What pnnx takes for one layer, and what its trial run of a file with open sizes meets."""

from __future__ import annotations

from typing import Final

from checker.graph import Graph, Node, Value
from checker.predicates.look import argument, made_by, sole_user

_ELEMENTWISE: Final = frozenset({"Add", "And", "Div", "Equal", "Max", "Min", "Mul", "Or", "Pow", "Sub", "Where", "Xor"})


def cut_of_plain_attention(node: Node, graph: Graph) -> bool:
    """Tell whether a Slice cuts queries, keys or values out of one dense layer, for a plain attention.

    As torch's ``unbind`` of a transposed product is written, over a batch and one axis.  Plain: queries are scaled,
    keys go through one Transpose, nothing is done to the scores.  pnnx makes a layer of the whole then, and the cut is
    gone, with the Squeeze behind it and the product of queries and keys, of which the same is told.
    """
    if node.op == "MatMul":
        turned = made_by(node.inputs[1], graph, "Transpose") if len(node.inputs) > 1 else None
        squeezed = made_by(turned.inputs[0], graph, "Squeeze") if turned is not None else None
        return squeezed is not None and cut_of_plain_attention(squeezed, graph)
    cut = made_by(argument(node, "data"), graph, "Slice") if node.op == "Squeeze" else node
    if cut is None or cut.op != "Slice":
        return False
    turned = made_by(argument(cut, "data"), graph, "Transpose")
    parts = made_by(argument(turned, "data"), graph, "Reshape") if turned is not None else None
    if turned is None or parts is None or turned.attrs.get("perm") != (2, 0, 3, 1, 4):
        return False
    alone = sole_user(cut, graph, "Squeeze")
    scores = _scores(alone, graph) if alone is not None and _of_sequence(parts, graph) else None
    return scores is not None and made_by(scores.inputs[0], graph, "Mul") is not None


def _scores(squeezed: Node, graph: Graph) -> Node | None:
    """Return the product of queries and keys, which goes into a Softmax, given what cuts out one of them or values."""
    product = _sole(squeezed, graph)
    if product is not None and product.op == "MatMul":
        weights = made_by(product.inputs[0], graph, "Softmax")
        product = made_by(weights.inputs[0], graph, "MatMul") if weights is not None else None
    elif product is not None:
        direct = product.op == "Mul" or (product.op == "Transpose" and product.attrs.get("perm") == (0, 1, 3, 2))
        product = _sole(product, graph) if direct else None
    plain = product is not None and product.op == "MatMul" and sole_user(product, graph, "Softmax") is not None
    return product if plain else None


def scores_of_dense_layers(node: Node, graph: Graph) -> bool:
    """Tell whether the node is, or goes into, the product of queries and keys that are both heads of dense layers.

    Through a Mul with the scale and no further.
    """
    product = node if node.op == "MatMul" else _sole(node, graph)
    if product is not None and product.op == "Mul":
        product = _sole(product, graph)
    return product is not None and product.op == "MatMul" and all(_is_heads(each, graph) for each in product.inputs)


def _is_heads(value: Value | None, graph: Graph) -> bool:
    """Tell whether a value is a dense layer's result that is sorted into heads, scaled or not."""
    scaled = made_by(value, graph, "Mul")
    turned = made_by(scaled.inputs[0] if scaled is not None else value, graph, "Transpose")
    parts = made_by(turned.inputs[0], graph, "Reshape") if turned is not None else None
    return parts is not None and _of_sequence(parts, graph)


def _of_sequence(parts: Node, graph: Graph) -> bool:
    """Tell whether a Reshape takes the result of a dense layer, with a bias or not, that has a batch and one axis."""
    data = argument(parts, "data")
    added = made_by(data, graph, "Add")
    behind = added.inputs if added is not None else (data,)
    products = [made for value in behind if (made := made_by(value, graph, "MatMul"))]
    stored = added is None or any(value is not None and value.constant for value in added.inputs)
    return stored and data is not None and data.rank == 3 and any(_has_stored(each) for each in products)


def _has_stored(product: Node) -> bool:
    """Tell whether a product is one with a stored matrix."""
    return any(value is not None and value.constant for value in product.inputs)


def _sole(node: Node, graph: Graph) -> Node | None:
    """Return the one node that takes the only result of a node."""
    users = graph.users_of(node.outputs[0]) if len(node.outputs) == 1 and node.outputs[0] is not None else ()
    return users[0] if len(users) == 1 else None


def stored_against_open(node: Node, _: Graph) -> bool:
    """Tell whether an elementwise operator holds a stored length above 1 against an open one.

    The file was exported for one size, whatever it says; the trial run is with another.
    """
    values = [value for value in node.inputs if value is not None and value.shape is not None]
    stored = [value for value in values if value.constant]
    return node.op in _ELEMENTWISE and any(_fixes(one, other) for one in stored for other in values)


def _fixes(stored: Value, other: Value) -> bool:
    pairs = zip(reversed(stored.shape or ()), reversed(other.shape or ()), strict=False)
    return any(isinstance(a, int) and a > 1 and not isinstance(b, int) for a, b in pairs)
