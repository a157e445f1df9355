"""Rotary position embedding in parts, one composite for each tensor that is rotated.

Two spellings: ``x · cos + rotate(x) · sin``, where ``rotate`` swaps the halves and negates one; and the rotation of
pairs written out, ``x1 · cos - x2 · sin`` beside ``x2 · cos + x1 · sin``, joined again.  Halves are the two slices of
the last axis or its even and odd elements (interleaved).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.composites.flow import Flow, first, output, permutation, second
from checker.composites.halves import Half, half
from checker.composites.matcher import Matcher
from checker.composites.record import decomposed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.graph import Argument, Attribute, Composite, Node, Value


def find(flow: Flow, by_op: Mapping[str, list[Node]]) -> list[Composite]:
    """Return one composite for each rotated tensor."""
    found: list[Composite] = []
    matcher = Matcher(flow.graph)
    for node in by_op.get("Concat", ()):
        if len(node.inputs) != 2 or node.inputs[0] is None or node.inputs[1] is None:
            continue
        made = _swapped(flow, matcher, node) or _written_out(flow, matcher, node)
        if made is not None:
            found.append(made)
    return found


def _unstacked(flow: Flow, node: Node) -> tuple[Value | None, Value | None, list[Node], Node]:
    """Return the two joined values, the nodes that join them, and the last of those (a stack ends in a Reshape)."""
    left, right = node.inputs
    above = [flow.producer(left), flow.producer(right)]
    if all(each is not None and each.op == "Unsqueeze" for each in above):
        after = flow.sole_user(output(node))
        if after is not None and after.op == "Reshape":
            lifts = [each for each in above if each is not None]
            return first(lifts[0]), first(lifts[1]), [*lifts, node, after], after
    return left, right, [node], node


def _swapped(flow: Flow, matcher: Matcher, node: Node) -> Composite | None:
    """Read x · cos + rotate(x) · sin at the Concat of rotate."""
    left, right, joins, last = _unstacked(flow, node)
    one, two = half(flow, left), half(flow, right)
    if one is None or two is None or one.source.name != two.source.name or (one.number, two.number) != (1, 0):
        return None
    if _style(one, two, joined=len(joins) > 1) is None or (one.negative and two.negative):
        return None
    sine = flow.sole_user(output(last))
    if sine is None or sine.op != "Mul":
        return None
    total = flow.sole_user(output(sine))
    if total is None or total.op not in {"Add", "Sub"}:
        return None
    cosine_side = second(total) if _is(first(total), output(sine)) else first(total)
    bare, casts = matcher.strip(cosine_side) if cosine_side is not None else (None, ())
    source = one.source
    cosine, source, turns = _unturned(flow, flow.producer(bare), source)
    if cosine is None or cosine.op != "Mul":
        return None
    x, cos = first(cosine), second(cosine)
    if x is not None and not _same(matcher, x, source):
        x, cos = cos, x
    if x is None or cos is None or not _same(matcher, x, source):
        return None
    sin = second(sine) if _is(first(sine), output(last)) else first(sine)
    variant = "interleaved" if one.style == "interleaved" else "half-split"
    if not (one.negative or two.negative):
        variant += ", sign in the sine table"
    nodes = [*one.nodes, *two.nodes, *joins, sine, total, cosine, *casts, *turns]
    return _finish(flow, matcher, total, nodes, (source, cos, sin), variant=variant)


def _unturned(flow: Flow, node: Node | None, source: Value) -> tuple[Node | None, Value, list[Node]]:
    """Look through equal Transposes of the product with the cosine and of what is rotated (ONNX Runtime moves them)."""
    turned = flow.producer(source)
    if node is None or turned is None or node.op != "Transpose" or turned.op != "Transpose":
        return node, source, []
    before = first(turned)
    if before is None or permutation(node) != permutation(turned):
        return node, source, []
    return flow.producer(first(node)), before, [node, turned]


def _written_out(flow: Flow, matcher: Matcher, node: Node) -> Composite | None:
    """Read the rotation of pairs at the Concat that joins its two results."""
    left, right, joins, last = _unstacked(flow, node)
    minus, plus = flow.producer(left), flow.producer(right)
    if minus is None or plus is None or minus.op != "Sub" or plus.op != "Add":
        return None
    first_cos, first_sin = flow.producer(first(minus)), flow.producer(second(minus))
    one, two = flow.producer(first(plus)), flow.producer(second(plus))
    if any(each is None or each.op != "Mul" for each in (first_cos, first_sin, one, two)):
        return None
    products = [each for each in (first_cos, first_sin, one, two) if each is not None]
    halves: list[tuple[Half, Value | None]] = []
    for product in products:
        found = half(flow, first(product))
        if found is not None:
            halves.append((found, second(product)))
        else:
            found = half(flow, second(product))
            if found is None:
                return None
            halves.append((found, first(product)))
    (a, cos), (b, sin), (c, cos_or_sin), (d, _) = halves
    if (a.number, b.number) != (0, 1) or {c.number, d.number} != {0, 1} or cos is None or cos_or_sin is None:
        return None
    if len({each[0].source.name for each in halves}) != 1:
        return None
    nodes = [node for each, _ in halves for node in each.nodes] + [*products, minus, plus, *joins]
    variant = ("interleaved" if a.style == "interleaved" else "half-split") + ", rotation written out"
    return _finish(flow, matcher, last, nodes, (a.source, cos, sin), variant=variant)


def _style(one: Half, two: Half, *, joined: bool) -> str | None:
    if one.style != two.style:
        return None
    return one.style if (one.style == "interleaved") == joined else None


def _is(one: Value | None, other: Value | None) -> bool:
    return one is not None and other is not None and one.name == other.name


def _same(matcher: Matcher, one: Value, other: Value) -> bool:
    return matcher.strip(one)[0].name == matcher.strip(other)[0].name


def _finish(
    flow: Flow,
    matcher: Matcher,
    root: Node,
    nodes: list[Node],
    facts: tuple[Value, Value | None, Value | None],
    *,
    variant: str,
) -> Composite:
    """Take in the part of the head that is passed by unrotated, and casts around the rotation."""
    x, cos, sin = facts
    bare, casts = matcher.strip(x)
    covers = {node.index: node for node in (*nodes, *casts)}
    attrs: dict[str, Attribute] = {"interleaved": int(variant.startswith("interleaved"))}
    joined = flow.sole_user(output(root))
    cut = flow.producer(bare)
    if joined is not None and joined.op == "Concat" and len(joined.inputs) == 2 and _is(first(joined), output(root)):
        rest = flow.producer(second(joined))
        if cut is not None and rest is not None and cut.op == rest.op and cut.op in {"Slice", "Split"}:
            whole = first(cut)
            if whole is not None and _is(whole, first(rest)):
                size = bare.shape[-1] if bare.shape is not None else None
                attrs["rotary_embedding_dim"] = size if isinstance(size, int) else 0
                covers |= {each.index: each for each in (joined, cut, rest)}
                bare, root, variant = whole, joined, variant + ", part of each head"
    kept = {index: node for index, node in covers.items() if node is root or flow.only_for(node, covers)}
    args: dict[str, Argument] = {"X": bare, "cos_cache": cos, "sin_cache": sin}
    return decomposed("RotaryEmbedding", root, kept.values(), args, attrs, variant=variant)
