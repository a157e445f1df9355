"""Named predicates for what the constraint language has no word for.

A predicate takes the node and its graph and answers True, False, or None where the model does not say.  A table uses
its name as a fact.  Taking facts away may only turn an answer into None.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from functools import lru_cache
from inspect import signature
from typing import Final

from checker.graph import Graph, Node, Value
from checker.predicates.broadcast import stretched_in_one_run
from checker.predicates.computed import folded_into_shape
from checker.predicates.gathered import gathered_k, shape_of_transposed
from checker.predicates.gelu import (
    gelu_halved_first,
    gelu_halved_last,
    gelu_in_order,
    gelu_scale_leads,
    gelu_unhalved,
)
from checker.predicates.layout import channels_last
from checker.predicates.look import argument, made_by, numbers, sole_user
from checker.predicates.passes import crossed_expansions, shared_attention, uniform_split_bias
from checker.predicates.placeholders import meets_placeholder
from checker.predicates.pnnx import cut_of_plain_attention, scores_of_dense_layers, stored_against_open
from checker.predicates.quantized import meets_quantizing_constant
from checker.predicates.relax import cast_sizes, loses_sizes, lost_sizes, number_of_shape, takes_bare_floats
from checker.predicates.reshapes import (
    after_reshape,
    before_reshape,
    ends_unit_axis_transpose,
    traced_at_one_size,
    unit_axis_transpose,
)
from checker.predicates.signs import joined_with_negative
from checker.predicates.simplified import joined_products, vanishes_when_simplified
from checker.predicates.sizes import known_but_batch, open_sizes
from checker.predicates.tflite import (
    before_padded_conv,
    beyond_scales,
    joined_for_conv,
    loosened_by_split,
    lost_at_join,
    reshaped,
    split_beside_residual,
    stored_in_effect,
)
from checker.predicates.windows import cuts_windows, joins_windows

Predicate = Callable[[Node, Graph], bool | None]


def depthwise(node: Node, _: Graph) -> bool | None:
    """Tell whether a convolution works on every channel for itself: as many groups as input channels, more than one."""
    data, group = node.args.get("X"), node.attrs.get("group")
    if not isinstance(data, Value) or not isinstance(group, int):
        return None
    if group == 1:
        return False
    channels = data.shape[1] if data.shape is not None and len(data.shape) > 1 else None
    return channels == group if isinstance(channels, int) else None


def batched_matmul(node: Node, _: Graph) -> bool | None:
    """Tell whether an Einsum is a matrix product over leading batch axes, its second operand perhaps transposed."""
    equation = node.attrs.get("equation")
    if not isinstance(equation, str):
        return None
    terms = re.fullmatch(r"([A-Za-z]+),([A-Za-z]+)->([A-Za-z]+)", equation.replace(" ", ""))
    if terms is None:
        return False
    a, b, y = terms.groups()
    if not len(a) == len(b) == len(y) >= 2 or not a[:-2] == b[:-2] == y[:-2]:
        return False
    m, k, left, right = a[-2], a[-1], b[-2], b[-1]
    return (left == k and y[-2:] == m + right) or (right == k and y[-2:] == m + left)


def rms_scale_first(node: Node, graph: Graph) -> bool | None:
    """Tell whether a Mul is ``scale * (x * Reciprocal(Sqrt(ReduceMean(Pow(x, 2), last axis) + epsilon)))``.

    The order of the operands is part of the question, and the scale is a constant.
    """
    scale, scaled = argument(node, "A"), made_by(argument(node, "B"), graph, "Mul")
    inverse = made_by(argument(scaled, "B"), graph, "Reciprocal") if scaled else None
    root = made_by(argument(inverse, "X"), graph, "Sqrt") if inverse else None
    sum_ = made_by(argument(root, "X"), graph, "Add") if root else None
    mean = made_by(argument(sum_, "A"), graph, "ReduceMean") if sum_ else None
    square = made_by(argument(mean, "data"), graph, "Pow") if mean else None
    if scale is None or not scale.constant or scaled is None or mean is None or square is None:
        return False
    x, base = argument(scaled, "A"), argument(square, "X")
    if x is None or base is None or x.name != base.name:
        return False
    power, axes = numbers(square, "Y"), numbers(mean, "axes")
    if power is None or axes is None or x.rank is None:
        return None
    return power == (2.0,) and axes in {(-1.0,), (x.rank - 1.0,)}


def sole_use(node: Node, graph: Graph) -> bool | None:
    """Tell whether nobody but this node takes its first input, so that a compiler may merge it with the node before."""
    data = node.inputs[0] if node.inputs else None
    if data is None:
        return None
    return len(graph.users_of(data)) == 1 and not graph.is_output(data)


def four_axis_transpose(node: Node, _: Graph) -> bool | None:
    """Tell whether a Transpose moves at most four axes.

    Axes of length 1 do not count, and axes that stay neighbours in the same order count as one.
    """
    data, perm = node.args.get("data"), node.attrs.get("perm")
    if not isinstance(data, Value) or data.shape is None or not isinstance(perm, tuple):
        return None
    longer = [axis for axis in perm if isinstance(axis, int) and data.shape[axis] != 1]
    kept = sorted(longer)
    after = {axis: kept[place + 1] for place, axis in enumerate(kept[:-1])}
    moved = sum(after.get(left) != right for left, right in itertools.pairwise(longer))
    if moved + 1 <= 4:
        return True
    return False if all(isinstance(dim, int) for dim in data.shape) else None


def gathers_in_order(node: Node, _: Graph) -> bool | None:
    """Tell whether a GatherND takes every element of its data once, in order: it is a Reshape."""
    data, indices = argument(node, "data"), argument(node, "indices")
    if data is None or indices is None or data.shape is None or not data.shape:
        return None
    if not indices.constant or node.attrs.get("batch_dims") not in {0, None}:
        return False
    if indices.const is None or not indices.const.shape:
        return None
    deep = int(indices.const.shape[-1])
    leading = tuple(dim for dim in data.shape[:deep] if isinstance(dim, int))
    if len(leading) != deep:
        return None
    rows = [tuple(row) for row in indices.const.reshape(-1, deep).tolist()]
    return rows == list(itertools.product(*map(range, leading)))


def distribution_of_concat(node: Node, graph: Graph) -> bool | None:
    """Tell whether a Reshape ends the expectation over a softmax of a Concat, and is sliced or split afterwards.

    That is how a detection head reads its distances: Concat, Reshape, Transpose, Softmax, Conv of one channel, Reshape.
    """
    conv = made_by(argument(node, "data"), graph, "Conv")
    weight = argument(conv, "W") if conv else None
    result = node.outputs[0]
    if conv is None or weight is None or result is None or not weight.shape or weight.shape[0] != 1:
        return False
    if not any(user.op in {"Slice", "Split"} for user in graph.users_of(result)):
        return False
    above, seen = argument(conv, "X"), set[str]()
    while above is not None:
        maker = graph.producer_of(above)
        if maker is None or maker.op not in {"Softmax", "Transpose", "Reshape"}:
            return "Softmax" in seen and maker is not None and maker.op == "Concat"
        seen.add(maker.op)
        above = maker.inputs[0]
    return False


def _dense(value: Value | None, graph: Graph) -> Value | None:
    """Return the input of the dense layer that makes a value: a product with a constant, a constant added or not.

    A BatchNormalization in front of it is part of it, as compilers fold it into the product.
    """
    node = graph.producer_of(value) if value is not None else None
    if node is not None and node.op == "Add":
        sides = [side for side in node.inputs if side is not None and not side.constant]
        node = graph.producer_of(sides[0]) if len(sides) == 1 else None
    if node is None or node.op not in {"Gemm", "MatMul"} or len(node.inputs) < 2:
        return None
    data, weight = node.inputs[0], node.inputs[1]
    if data is None or weight is None or not weight.constant:
        return None
    before = made_by(data, graph, "BatchNormalization")
    return before.inputs[0] if before is not None else data


def twin_products(node: Node, graph: Graph) -> bool | None:
    """Tell whether both operands are dense layers (products with a constant) of one and the same value."""
    left, right = (_dense(argument(node, name), graph) for name in ("A", "B"))
    return left is not None and right is not None and left.name == right.name


def fixed_but_batch(node: Node, _: Graph) -> bool | None:
    """Tell whether no axis of the node's tensors but the first is dynamic."""
    known = True
    for value in (*node.inputs, *node.outputs):
        if value is None:
            continue
        rest: tuple[object, ...] = (None,) if value.shape is None else value.shape[1:]
        if any(isinstance(dim, str) for dim in rest):
            return False
        known = known and None not in rest
    return True if known else None


def open_batch(node: Node, _: Graph) -> bool | None:
    """Tell whether the first axis of the node's first input is dynamic."""
    shape = node.inputs[0].shape if node.inputs and node.inputs[0] is not None else None
    if not shape or shape[0] is None:
        return None
    return isinstance(shape[0], str)


def loose_batchnorm(node: Node, graph: Graph) -> bool | None:
    """Tell whether a BatchNormalization feeds the node, activations aside, that no convolution before it can absorb."""
    value = node.inputs[0] if node.inputs else None
    for _ in range(3):
        maker = graph.producer_of(value) if value is not None else None
        if maker is None or not maker.inputs:
            return False
        value = maker.inputs[0]
        if maker.op == "BatchNormalization":
            before = graph.producer_of(value) if value is not None else None
            if before is None or before.op not in {"Conv", "ConvTranspose"}:
                return True
            return sole_user(before, graph, "BatchNormalization") is not maker
        if maker.op not in {"Relu", "Clip", "LeakyRelu", "HardSwish", "Sigmoid", "Tanh"}:
            return False
    return False


def computed_axes(node: Node, graph: Graph) -> bool:
    """Tell whether nodes compute the axes, be it from constants: they are neither stored nor given by a Constant.

    Identity and Cast between a stored value and the node do not count.
    """
    axes = argument(node, "axes")
    if axes is None:
        return False
    return not axes.constant or axes.name in _computed(graph)


@lru_cache(maxsize=8)
def _computed(graph: Graph) -> frozenset[str]:
    """Return the names of constants that nodes of the file compute."""
    return frozenset(
        name for each in graph.folded if each.op not in {"Constant", "Cast", "Identity"} for name in each.outputs
    )


def unsigned_weights(node: Node, _: Graph) -> bool:
    """Tell whether a constant of the node is stored as unsigned integers behind its DequantizeLinear."""
    return any(v is not None and v.constant and v.quant is not None and v.quant.dtype[:1] == "u" for v in node.inputs)


def branches_read_constants(node: Node, _: Graph) -> bool:
    """Tell whether a node inside of a branch or loop reads a constant, whichever graph it is stored in."""
    inner = (each for body in node.bodies.values() for each in body.walk())
    return any(value is not None and value.constant for each in inner for value in each.inputs)


PREDICATES: Final[dict[str, Predicate]] = {
    "after_reshape": after_reshape,
    "batched_matmul": batched_matmul,
    "before_reshape": before_reshape,
    "before_padded_conv": before_padded_conv,
    "beyond_scales": beyond_scales,
    "branches_read_constants": branches_read_constants,
    "cast_sizes": cast_sizes,
    "channels_last": channels_last,
    "computed_axes": computed_axes,
    "crossed_expansions": crossed_expansions,
    "cut_of_plain_attention": cut_of_plain_attention,
    "cuts_windows": cuts_windows,
    "depthwise": depthwise,
    "distribution_of_concat": distribution_of_concat,
    "ends_unit_axis_transpose": ends_unit_axis_transpose,
    "fixed_but_batch": fixed_but_batch,
    "folded_into_shape": folded_into_shape,
    "four_axis_transpose": four_axis_transpose,
    "gathered_k": gathered_k,
    "gathers_in_order": gathers_in_order,
    "gelu_halved_first": gelu_halved_first,
    "gelu_halved_last": gelu_halved_last,
    "gelu_in_order": gelu_in_order,
    "gelu_scale_leads": gelu_scale_leads,
    "gelu_unhalved": gelu_unhalved,
    "joined_for_conv": joined_for_conv,
    "joined_products": joined_products,
    "joined_with_negative": joined_with_negative,
    "joins_windows": joins_windows,
    "known_but_batch": known_but_batch,
    "loose_batchnorm": loose_batchnorm,
    "loosened_by_split": loosened_by_split,
    "loses_sizes": loses_sizes,
    "lost_at_join": lost_at_join,
    "lost_sizes": lost_sizes,
    "meets_placeholder": meets_placeholder,
    "number_of_shape": number_of_shape,
    "meets_quantizing_constant": meets_quantizing_constant,
    "open_batch": open_batch,
    "open_sizes": open_sizes,
    "reshaped": reshaped,
    "rms_scale_first": rms_scale_first,
    "scores_of_dense_layers": scores_of_dense_layers,
    "shape_of_transposed": shape_of_transposed,
    "shared_attention": shared_attention,
    "sole_use": sole_use,
    "split_beside_residual": split_beside_residual,
    "stored_against_open": stored_against_open,
    "stored_in_effect": stored_in_effect,
    "stretched_in_one_run": stretched_in_one_run,
    "takes_bare_floats": takes_bare_floats,
    "traced_at_one_size": traced_at_one_size,
    "twin_products": twin_products,
    "uniform_split_bias": uniform_split_bias,
    "unit_axis_transpose": unit_axis_transpose,
    "unsigned_weights": unsigned_weights,
    "vanishes_when_simplified": vanishes_when_simplified,
}

OF_THE_NODE_ALONE: Final = frozenset(name for name, each in PREDICATES.items() if "_" in signature(each).parameters)
"""Predicates that look at the node itself and at nothing around it: they leave the graph unnamed."""


def meaning(name: str) -> str:
    """Return what a predicate asks, ``whether a Transpose moves at most four axes``, from its docstring.

    Empty for a name that is no predicate, and where Python runs without docstrings.
    """
    first = ((PREDICATES[name].__doc__ if name in PREDICATES else None) or "").strip().split("\n")[0]
    return first.removeprefix("Tell ").split(": ")[0].rstrip(".")
