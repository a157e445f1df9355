"""Sizes that onnx2tf does not know although the file states them; each rule was found by varying small models.

A Split becomes a SLICE that states only the size of the axis that it cuts; the others are -1, and so are all sizes that
the file computes.  Later operators inherit that, axis by axis, until one states its sizes or joins them with known
ones.  Vela leaves to the CPU whatever has an unknown size beyond the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from checker.graph import Graph, Node
from checker.predicates.computed import computed_sizes
from checker.predicates.look import argument, numbers, sole_user
from checker.predicates.simplified import joined_products, vanishes_when_simplified

Axes = frozenset[int]
"""Axes of unknown size, counted from the front."""

NONE: Final[Axes] = frozenset()

BROADCAST: Final = frozenset({"Add", "Div", "Max", "Min", "Mul", "Pow", "Sub", "Where"})
"""Operators whose result has the sizes of that operand which has known ones."""

KEPT: Final = frozenset(
    {"Abs", "BatchNormalization", "Cast", "Ceil", "Clip", "Cos", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid"}
    | {"HardSwish", "InstanceNormalization", "GroupNormalization", "LayerNormalization", "LeakyRelu", "Log"}
    | {"LogSoftmax", "Mish", "Neg", "PRelu", "Pad", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin"}
    | {"Softmax", "Softplus", "Softsign", "Sqrt", "Swish", "Tanh", "Not", "IsNaN", "RMSNormalization", "CumSum"}
)
"""Operators whose result has the sizes of their first input."""

WINDOWS: Final = frozenset({"AveragePool", "Conv", "MaxPool", "Resize", "Upsample"})
"""Operators that hand on that height and width are unknown; what they make of the channels is known."""

REDUCTIONS: Final = frozenset({"ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"})
"""Operators that leave the axes as they are over which they do not reduce; ReduceSum states its sizes."""


def open_sizes(node: Node, graph: Graph) -> bool:
    """Tell whether a size of the node, beyond the first, is computed, or forgotten at a Split above it.

    What onnxsim drops is not there to be asked, nor is a Transpose that a product of matrices takes over.
    """
    if vanishes_when_simplified(node, graph) or _taken_over(node, graph) or _pools_volume(node):
        return False
    known = _open(graph)
    told = node.inputs if node.op == "Split" or joined_products(node, graph) else (*node.inputs, *node.outputs)
    return any(value is not None and any(known.get(value.name, NONE) - {0}) for value in told)


def known_but_batch(node: Node, _: Graph) -> bool:
    """Tell whether every size of the node's tensors but the first is a number in the file.

    A size that shape inference cannot tell is unknown to the converter too: it is as good as dynamic.
    """
    for value in (*node.inputs, *node.outputs):
        if value is not None and (value.shape is None or not all(isinstance(dim, int) for dim in value.shape[1:])):
            return False
    return True


def _pools_volume(node: Node) -> bool:
    """Tell of a pooling over three axes, and of the Pad before it: both state their sizes, or are dropped."""
    return node.op in {"AveragePool", "Pad"} and _rank(node) == VOLUME


def _taken_over(node: Node, graph: Graph) -> bool:
    """Tell whether a Transpose of the last two axes goes into a product only, which has an attribute for it."""
    perm = node.attrs.get("perm")
    if node.op != "Transpose" or not isinstance(perm, tuple) or sole_user(node, graph, "MatMul") is None:
        return False
    last = len(perm) - 1
    return perm == (*range(last - 1), last, last - 1)


@lru_cache(maxsize=8)
def _open(graph: Graph) -> Mapping[str, Axes]:
    """Return the axes of unknown size of each value that has any."""
    return spread(graph, _forgotten)


def spread(graph: Graph, seed: Callable[[Node, Graph], Axes]) -> Mapping[str, Axes]:
    """Return the axes of unknown size of each value that has any, down from the nodes of which ``seed`` names some."""
    found: dict[str, Axes] = {}
    for node in graph.nodes:
        axes = seed(node, graph)
        if not axes and any(value is not None and value.name in found for value in node.inputs):
            axes = _inherited(node, found, graph)
        if axes:
            found.update((value.name, axes) for value in node.outputs if value is not None)
    return found


def _forgotten(node: Node, graph: Graph) -> Axes:
    result = node.outputs[0] if node.outputs else None
    rank = result.rank if result is not None else None
    if rank is None or node.domain:
        return NONE
    if node.op == "Reshape":
        return computed_sizes(node, graph) or _resolved_late(node, graph)
    if node.op in {"ConstantOfShape", "Expand"}:
        return computed_sizes(node, graph)
    if joined_products(node, graph):
        return frozenset(range(rank - 1))  # onnxsim makes one product and a Split of them
    axis = node.attrs.get("axis", 0)
    if node.op != "Split" or not isinstance(axis, int):
        return NONE
    return frozenset(range(rank)) - {axis % rank}


def _resolved_late(node: Node, graph: Graph) -> Axes:
    """Return the axis of -1 where a pooling comes next that leaves all sizes, which the converter drops."""
    shape, user = argument(node, "shape"), sole_user(node, graph, "Pad", "AveragePool")
    before = node.outputs[0]
    if user is not None and user.op == "Pad":
        user = sole_user(user, graph, "AveragePool")
    after = user.outputs[0] if user is not None else None
    if shape is None or shape.const is None or before is None or after is None or len(after.shape or ()) != VOLUME:
        return NONE
    sizes = shape.const.reshape(-1).tolist()
    return frozenset({sizes.index(-1)}) if before.shape == after.shape and -1 in sizes else NONE


def _inherited(node: Node, found: Mapping[str, Axes], graph: Graph) -> Axes:
    """Return the axes of the node's results whose size is unknown since one of its inputs' is."""
    first = node.inputs[0] if node.inputs else None
    axes = found.get(first.name, NONE) if first is not None else NONE
    if node.op in KEPT or vanishes_when_simplified(node, graph):
        return axes or next((found[v.name] for v in node.inputs if v is not None and v.name in found), NONE)
    if node.op in BROADCAST:
        return _broadcast(node, found)
    if node.op in WINDOWS:
        return axes - {1}
    if node.op in REDUCTIONS:
        return _reduced(node, axes)
    if node.op == "Slice":
        return _sliced(node, axes, graph)
    rule = RULES.get(node.op)
    return rule(node, axes, found) if rule is not None else NONE


def _broadcast(node: Node, found: Mapping[str, Axes]) -> Axes:
    """An axis is unknown where it is in every operand that has it; one of length 1 counts only where all are."""
    rank = _rank(node)
    sides = [value for value in node.inputs if value is not None and value.rank is not None]
    open_ = set()
    for axis in range(rank):
        told = []
        for value in sides:
            place = axis - rank + (value.rank or 0)
            if place >= 0 and value.shape is not None and value.shape[place] != 1:
                told.append(place in found.get(value.name, NONE))
        if told and all(told):
            open_.add(axis)
    return frozenset(open_)


def _reduced(node: Node, axes: Axes) -> Axes:
    data, over = argument(node, "data"), _whole(node, "axes")
    if data is None or data.rank is None or over is None:
        return NONE
    gone = {axis % data.rank for axis in over}
    if node.attrs.get("keepdims", 1):
        return axes - gone
    return frozenset(axis - sum(each < axis for each in gone) for axis in axes - gone)


def _transposed(node: Node, axes: Axes, _: Mapping[str, Axes]) -> Axes:
    perm = node.attrs.get("perm")
    return frozenset(place for place, axis in enumerate(perm) if axis in axes) if isinstance(perm, tuple) else NONE


def _squeezed(node: Node, axes: Axes, _: Mapping[str, Axes]) -> Axes:
    data, gone = argument(node, "data"), _whole(node, "axes")
    if data is None or data.rank is None or gone is None:
        return NONE
    left = [axis for axis in range(data.rank) if axis not in {each % data.rank for each in gone}]
    return frozenset(place for place, axis in enumerate(left) if axis in axes)


def _sliced(node: Node, axes: Axes, graph: Graph) -> Axes:
    """Slices of one size that make up the whole become a SPLIT, which hands on what is unknown; others state it."""
    data, cut = argument(node, "data"), _whole(node, "axes")
    if data is None or data.rank is None or data.shape is None or cut is None or len(cut) != 1:
        return NONE
    axis = cut[0] % data.rank
    parts = [user.outputs[0] for user in graph.users_of(data) if user.op == "Slice" and _whole(user, "axes") == cut]
    sizes = [part.shape[axis] for part in parts if part is not None and part.shape is not None]
    whole = data.shape[axis]
    return axes - {axis} if isinstance(whole, int) and sizes.count(sizes[0]) * (sizes[0] or 0) == whole else NONE


def _concatenated(node: Node, _: Axes, found: Mapping[str, Axes]) -> Axes:
    """Join them: an axis is unknown where it is in any of the parts."""
    return frozenset().union(*(found.get(value.name, NONE) for value in node.inputs if value is not None))


def _product(node: Node, _: Axes, found: Mapping[str, Axes]) -> Axes:
    """Rows come from the first operand, columns from the second, the axes before from both."""
    rank, (left, right) = _rank(node), node.inputs[:2]
    if left is None or right is None or left.rank is None or right.rank is None or min(left.rank, right.rank) < MATRIX:
        return NONE
    sides = [(found.get(value.name, NONE), (value.rank or 0) - rank) for value in (left, right)]
    batch = range(rank - MATRIX)
    open_ = {axis for axis in batch if any(axis + shift in axes for axes, shift in sides)}
    rows, columns = (axes for axes, _ in sides)
    open_.update({rank - 2} if left.rank - 2 in rows else ())
    open_.update({rank - 1} if right.rank - 1 in columns else ())
    return frozenset(open_)


def _reshaped(node: Node, _: Axes, __: Mapping[str, Axes]) -> Axes:
    """A stored shape is stated; one that is computed from unknown sizes is not known at all."""
    shape = argument(node, "shape")
    return NONE if shape is not None and shape.constant else frozenset(range(_rank(node)))


def _summed(node: Node, _: Axes, found: Mapping[str, Axes]) -> Axes:
    """Read an equation: a letter of unknown size in one operand is so in the result."""
    equation = node.attrs.get("equation")
    terms, _arrow, result = equation.replace(" ", "").partition("->") if isinstance(equation, str) else ("", "", "")
    operands = zip(terms.split(","), (value for value in node.inputs if value is not None), strict=False)
    letters = {
        letter for term, value in operands for axis, letter in enumerate(term) if axis in found.get(value.name, NONE)
    }
    return frozenset(axis for axis, letter in enumerate(result) if letter in letters)


MATRIX: Final = 2
"""Axes of a matrix."""

VOLUME: Final = 5
"""Axes of a batch of volumes."""

RULES: Final[Mapping[str, Callable[[Node, Axes, Mapping[str, Axes]], Axes]]] = {
    "Concat": _concatenated,
    "Einsum": _summed,
    "Reshape": _reshaped,
    "MatMul": _product,
    "Squeeze": _squeezed,
    "Transpose": _transposed,
}
"""What a result inherits; whatever is not named states its sizes: Flatten, Gemm, the means over all, Unsqueeze."""


def _rank(node: Node) -> int:
    result = node.outputs[0] if node.outputs else None
    return result.rank or 0 if result is not None else 0


def _whole(node: Node, name: str) -> tuple[int, ...] | None:
    found = numbers(node, name)
    return None if found is None else tuple(map(int, found))
