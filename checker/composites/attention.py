"""Scaled-dot-product attention in parts: softmax(q · kᵀ · scale + mask) · v.

The search starts at every Softmax and follows the data, backwards to the product of queries and keys, forwards to the
product with the values.  What may lie between (scales, masks by Add or Where, Cast and Reshape pairs, a soft cap, the
NaN guard of torch's exporters, mixing of heads) is read on the way.  The attention weights may also leave the layer:
the Attention operator has an output for them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from checker.composites.flow import (
    PRODUCTS,
    RESHAPES,
    Flow,
    first,
    output,
    passes,
    scaling,
    second,
)
from checker.composites.operands import Operand, causal, operand
from checker.composites.record import decomposed

if TYPE_CHECKING:
    from checker.graph import Attribute, Composite, Node, Value

_DEPTH = 16


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """What lies between the two products: the nodes, the scale so far (None: unknown), masks and spellings."""

    value: Value
    nodes: tuple[Node, ...] = ()
    scale: float | None = 1.0
    masks: tuple[Value, ...] = ()
    words: tuple[str, ...] = ()
    softcap: float = 0.0
    mixes: bool = False

    def step(self, value: Value, *nodes: Node, word: str = "") -> Path:
        """Return the path one step further."""
        words = self.words if not word or word in self.words else (*self.words, word)
        return replace(self, value=value, nodes=(*self.nodes, *nodes), words=words)


@dataclass(slots=True)
class _Ends:
    """The two products of an attention."""

    scores: Path
    scores_product: Node
    weights: Path
    values_product: Node
    flipped: bool = field(default=False)
    """The weights are the right operand: the result is (v · weightsᵀ)."""


def find(flow: Flow, softmaxes: list[Composite]) -> list[Composite]:
    """Return one composite for each Softmax that stands between two products of computed tensors."""
    found: list[Composite] = []
    taken: set[int] = set()
    for softmax in softmaxes:
        composite = _attention(flow, softmax)
        if composite is not None and composite.node.index not in taken:
            taken.add(composite.node.index)
            found.append(composite)
    return found


def _attention(flow: Flow, softmax: Composite) -> Composite | None:
    source = softmax.node.args.get("input")
    result = softmax.node.outputs[0]
    if source is None or isinstance(source, tuple) or result is None:
        return None
    down = _weights(flow, Path(result))
    if down is None:
        return None
    up = _scores(flow, Path(source))
    if up is None:
        return None
    ends = _Ends(up[0], up[1], down[0], down[1], down[2])
    return _assemble(flow, softmax, ends)


def _assemble(flow: Flow, softmax: Composite, ends: _Ends) -> Composite | None:
    covers: dict[int, Node] = {}
    for node in (*softmax.covers, *ends.scores.nodes, *ends.weights.nodes, ends.scores_product, ends.values_product):
        covers[node.index] = node
    left, right = _sides(ends.scores_product)
    values = second(ends.values_product) if not ends.flipped else first(ends.values_product)
    if left is None or right is None or values is None:
        return None
    fused = ends.scores_product.attrs.get("alpha")
    scale = ends.scores.scale
    if isinstance(fused, float) and scale is not None:
        scale *= fused
    q = operand(flow, left, covers)
    k = operand(flow, right, covers, keys=True, transposed=_right_is_transposed(ends.scores_product))
    v = operand(flow, values, covers)
    for side in (q, k):
        scale = None if scale is None or side.scale is None else scale * side.scale
    mask = ends.scores.masks[0] if ends.scores.masks else None
    kind = "TalkingHeadsAttention" if ends.scores.mixes or ends.weights.mixes else "Attention"
    is_causal = mask is not None and causal(mask)
    attrs: dict[str, Attribute] = {}
    if kind == "Attention":
        attrs = {"is_causal": int(is_causal), "softcap": ends.scores.softcap}
        if q.heads and k.heads:
            attrs |= {"q_num_heads": q.heads, "kv_num_heads": k.heads}
    if scale is not None:
        attrs["scale"] = scale
    words = _words(ends, (q, k, v), is_causal=is_causal, masked=mask is not None)
    args = {"Q": q.value, "K": k.value, "V": v.value, "attn_mask": None if is_causal else mask}
    return decomposed(kind, ends.values_product, covers.values(), args, attrs, variant=words, parts=(softmax,))


def _words(ends: _Ends, sides: tuple[Operand, Operand, Operand], *, is_causal: bool, masked: bool) -> str:
    q, k, v = sides
    words: list[str] = []
    if q.normalised and k.normalised:
        words.append("cosine")
    if is_causal:
        words.append("causal mask")
    elif masked:
        words.append(f"{len(ends.scores.masks)} masks or biases added" if len(ends.scores.masks) > 1 else "with a mask")
    scaled = [name for name, side in (("queries", q), ("keys", k)) if side.scaled]
    if scaled:
        words.append("scale on " + " and ".join(scaled))
    elif ends.scores.scale != 1.0 or ends.scores_product.attrs.get("alpha", 1.0) != 1.0:
        words.append("scale on scores")
    words += [word for word in (*ends.scores.words, *ends.weights.words) if word not in words]
    if k.repeated or v.repeated:
        words.append("grouped queries")
    if ends.scores_product.op != "MatMul":
        words.append(f"products as {ends.scores_product.op}")
    return ", ".join(words)


def _sides(product: Node) -> tuple[Value | None, Value | None]:
    return first(product), second(product)


def _right_is_transposed(product: Node) -> bool:
    """Tell whether the product itself transposes its right operand (Gemm, FusedMatMul, Einsum)."""
    if product.op == "Einsum":
        return True
    return bool(product.attrs.get("transB"))


def multiplies(flow: Flow, node: Node) -> bool:
    """Tell a product of two computed tensors; a constant of three axes or more counts as learned queries."""
    del flow
    if node.op not in PRODUCTS or len(node.inputs) < 2:
        return False
    sides = (node.inputs[0], node.inputs[1])
    return all(
        side is not None and (not side.constant or (side.rank is not None and side.rank >= 3)) for side in sides
    ) and not all(side is not None and side.constant for side in sides)


def _scores(flow: Flow, start: Path) -> tuple[Path, Node] | None:
    """Walk back from the softmax to the product of queries and keys, the shortest way."""
    queue = deque([start])
    seen: set[str] = set()
    while queue:
        path = queue.popleft()
        node = flow.producer(path.value)
        if node is None or len(path.nodes) > _DEPTH or path.value.name in seen:
            continue
        seen.add(path.value.name)
        if multiplies(flow, node):
            return path, node
        queue.extend(_back(flow, node, path))
    return None


def _back(flow: Flow, node: Node, path: Path) -> list[Path]:
    left, right = first(node), second(node)
    if left is None:
        return []
    scaled = scaling(node)
    if scaled is not None:
        value, number = scaled
        further = path.step(value, node)
        scale = None if path.scale is None or number is None else path.scale * number
        return [_capped(replace(further, scale=scale), number)]
    if passes(node):
        return [path.step(left, node, word="softmax in float32 between casts" if left.dtype != "float32" else "")]
    if node.op in RESHAPES or node.op in {"Expand", "Clip"}:
        return [path.step(left, node, word="reshaped between" if node.op in RESHAPES else "")]
    if node.op in {"Add", "Sub"} and right is not None:
        ways = ((left, right), (right, left)) if node.op == "Add" else ((left, right),)
        return [replace(path.step(way, node), masks=(other, *path.masks)) for way, other in ways if not way.constant]
    if node.op == "Where" and len(node.inputs) == 3:
        condition = node.inputs[0]
        return [
            replace(path.step(way, node, word="mask by Where"), masks=(condition, *path.masks))
            for way in node.inputs[1:]
            if way is not None and not way.constant and condition is not None
        ]
    if node.op == "Tanh":
        return [replace(path.step(left, node, word="soft cap"), softcap=-1.0)]
    return _back_more(flow, node, path, left, right)


def _back_more(flow: Flow, node: Node, path: Path, left: Value, right: Value | None) -> list[Path]:
    if node.op == "Mul" and right is not None:  # a learned temperature for each head
        for way, other in ((left, right), (right, left)):
            if other.constant and not way.constant:
                return [replace(path.step(way, node, word="learned temperature"), scale=None)]
        narrow = [each for each in (left, right) if each.shape is not None and each.shape[-2:] == (1, 1)]
        if len(narrow) == 1:
            way = right if narrow[0] is left else left
            return [replace(path.step(way, node, word="computed temperature"), scale=None)]
    if node.op in {"Max", "Min"} and right is not None and right.constant:
        return [path.step(left, node)]
    if node.op == "Transpose":
        return [path.step(left, node)]
    if node.op == "Concat" and len(node.inputs) == 2:
        return [path.step(left, node, word="with a sink column")]
    if node.op == "ScatterND" and len(node.inputs) == 3 and node.inputs[2] is not None:  # scores[...] += bias
        return [
            replace(path.step(left, node, word="bias written into the scores"), masks=(node.inputs[2], *path.masks))
        ]
    mixed = mixes_heads(flow, node)
    if mixed is not None:
        return [replace(path.step(mixed, node, word="heads mixed before softmax"), mixes=True)]
    return []


def _capped(path: Path, number: float | None) -> Path:
    """Recognise cap · tanh(scores / cap): the factor after the tanh is no scale, the one before it is 1 / cap."""
    if path.softcap == -1.0 and number:
        return replace(path, softcap=1.0 / number, scale=1.0)
    return path


def mixes_heads(flow: Flow, node: Node) -> Value | None:
    """Return what a linear layer or a 1x1 convolution over heads is applied to."""
    left, right = first(node), second(node)
    if node.op in {"MatMul", "Conv", "Gemm"} and right is not None and right.constant and left is not None:
        shape = right.shape or ()
        if node.op == "Conv":
            square = len(shape) >= 3 and shape[0] == shape[1] and all(dim == 1 for dim in shape[2:])
        else:
            square = len(shape) == 2 and shape[0] == shape[1]
        return left if square and not left.constant else None
    del flow
    return None


def _weights(flow: Flow, start: Path) -> tuple[Path, Node, bool] | None:
    """Walk forward from the softmax to the product with the values, the shortest way."""
    queue = deque([start])
    seen: set[str] = set()
    while queue:
        path = queue.popleft()
        if len(path.nodes) > _DEPTH or path.value.name in seen:
            continue
        seen.add(path.value.name)
        for node in flow.users(path.value):
            if multiplies(flow, node):
                left, right = first(node), second(node)
                if left is not None and left.name == path.value.name:
                    return path, node, False
                if right is not None and right.name == path.value.name:
                    return path, node, True
            queue.extend(_on(flow, node, path))
    return None


def _on(flow: Flow, node: Node, path: Path) -> list[Path]:
    result = output(node)
    if result is None or node.domain:
        return []
    if node.op == "IsNaN":  # the guard of torch's exporters: Where(IsNaN(p), 0, p)
        guard = flow.sole_user(result)
        if guard is not None and guard.op == "Where" and guard.outputs[0] is not None:
            return [path.step(guard.outputs[0], node, guard, word="NaN guard")]
        return []
    if node.op == "Where":
        condition = node.inputs[0]
        made = flow.producer(condition)
        if made is not None and made.op == "IsNaN":
            return []
        return [path.step(result, node, word="weights masked by Where")]
    if scaling(node) is not None or passes(node) or node.op in RESHAPES or node.op in {"Expand", "Transpose"}:
        return [path.step(result, node)]
    if node.op == "Slice":
        return [path.step(result, node)]
    if node.op in {"Mul", "Add"}:
        left, right = first(node), second(node)
        other = right if left is not None and left.name == path.value.name else left
        if other is not None and other.constant:
            return [path.step(result, node)]
        return []
    if node.op == "Div":  # weights that were changed are divided by their sum again
        spread = flow.producer(second(node))
        total = flow.producer(first(spread)) if spread is not None and spread.op in RESHAPES else spread
        summed = first(total) if total is not None and total.op == "ReduceSum" else None
        if spread is not None and total is not None and summed is not None and summed.name == path.value.name:
            return [
                path.step(result, *{each.index: each for each in (total, spread, node)}.values(), word="renormalised")
            ]
        return []
    if node.op == "BatchNormalization" and path.mixes:
        return [path.step(result, node)]
    if mixes_heads(flow, node) is not None:
        return [replace(path.step(result, node, word="heads mixed after softmax"), mixes=True)]
    return []
