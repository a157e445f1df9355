"""Rearrangements by Reshape, Transpose, Reshape: windows and their reversal, pixel shuffle and space to depth.

The split and the merge of axes are read from the shapes, so the spelling of the middle tensor (which batch axes are
kept, channels first or last) does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.composites.flow import Flow, first, output, permutation
from checker.composites.halves import numbers
from checker.composites.record import decomposed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checker.graph import Attribute, Composite, Dim, Node, Value


def find(flow: Flow, by_op: Mapping[str, list[Node]]) -> list[Composite]:
    """Return every window partition, window reversal, pixel shuffle and space-to-depth in parts."""
    found: list[Composite] = []
    for node in by_op.get("Transpose", ()):
        before, users = flow.producer(first(node)), flow.users(output(node))
        if before is None or before.op != "Reshape" or not users or any(each.op != "Reshape" for each in users):
            continue
        made = _rearranged(flow, before, node, users)
        if made is not None:
            found.append(made)
    found.extend(_strided(flow, by_op))
    return found


def _rearranged(flow: Flow, before: Node, turn: Node, users: Sequence[Node]) -> Composite | None:
    """Read a rearrangement; where a simplifier made several Reshapes of the last, the Transpose gives the result."""
    source, middle, result = first(before), first(turn), output(users[0])
    root = users[0] if len(users) == 1 else turn
    perm = permutation(turn)
    if source is None or middle is None or result is None or perm is None or len(perm) != 6:
        return None
    if source.shape is None or middle.shape is None or result.shape is None:
        return None
    turned = tuple(middle.shape[axis] for axis in perm)
    read: Read | None = None
    for inner, outer in ((True, False), (True, True), (False, True), (False, False)):
        split, merged = groups(source.shape, middle.shape, ones=inner), groups(result.shape, turned, ones=outer)
        if split is not None and merged is not None and read is None:
            read = _read(split, [tuple(perm[axis] for axis in group) for group in merged], middle.shape)
    if read is None:
        return None
    kind, variant, block = read
    covers: dict[int, Node] = {node.index: node for node in (turn, root)}
    if flow.only_for(before, covers):
        covers[before.index] = before
    shifted = False
    if kind == "WindowPartition":
        source, shifted = _unrolled(flow, source, covers)
    elif kind == "WindowReverse":
        root, shifted = _rolled_back(flow, root, covers)
    words = variant + (", shifted" if shifted else "")
    attrs: dict[str, Attribute] = {"blocksize": block[0]} if kind.endswith(("Space", "Depth")) else {"window": block}
    if kind == "DepthToSpace":
        attrs["mode"] = "CRD" if "CRD" in variant else "DCR"
    name = "input" if kind in {"DepthToSpace", "SpaceToDepth"} else "X"
    return decomposed(kind, root, covers.values(), {name: source}, attrs, variant=words)


def groups(whole: Sequence[Dim], parts: Sequence[Dim], *, ones: bool) -> list[tuple[int, ...]] | None:
    """Return which consecutive axes of ``parts`` make up each axis of ``whole``; None when the shapes do not tell.

    Read from the back; one unknown axis at the front takes what is left.  An axis of length one between two groups
    belongs to the group after it where ``ones`` says so, else to the one before it.
    """
    made: list[tuple[int, ...]] = []
    position = len(parts)
    for index in reversed(range(len(whole))):
        dim = whole[index]
        if index == 0:
            made.append(tuple(range(position)))
            break
        if not isinstance(dim, int):
            if position and parts[position - 1] == dim:
                position -= 1
                made.append((position,))
                continue
            return None
        taken: list[int] = []
        product = 1
        while position and (product < dim or not taken):
            part = parts[position - 1]
            if not isinstance(part, int):
                break
            position -= 1
            taken.insert(0, position)
            product *= part
        if product != dim:
            return None
        while ones and position > index and parts[position - 1] == 1:
            position -= 1
            taken.insert(0, position)
        made.append(tuple(taken))
    made.reverse()
    front = whole[0] if whole else None
    lengths = [parts[axis] for axis in made[0]] if made else []
    if isinstance(front, int) and all(isinstance(each, int) for each in lengths):
        product = 1
        for each in lengths:
            product *= each if isinstance(each, int) else 1
        if product != front:
            return None
    return made


Read = tuple[str, str, tuple[int, ...]]


def _read(split: list[tuple[int, ...]], merge: list[tuple[int, ...]], shape: Sequence[Dim]) -> Read | None:
    """Tell what a rearrangement does from which axes were split and which are merged."""
    split = _pairs(split)
    cut = [group for group in split if len(group) == 2]
    merge = merge if len(cut) == 2 else _pairs(merge)
    joined = [group for group in merge if len(group) == 2]
    if len(joined) == 2:
        outer, inner = tuple(zip(*joined, strict=True))
        sizes = tuple(_size(shape, axis) for axis in inner)
        if min(sizes) < 2:
            return None
        whole = [set(group) for group in split]
        if len(cut) == 2 and cut[-1] == split[-1]:  # channels elsewhere than last: patches of a feature map unfolded
            return None
        if cut == [outer, inner]:
            return _blocks(cut, shape)
        if set(outer) <= whole[0]:
            return "WindowReverse", "windows back", sizes
        if cut == [inner, outer] or set(inner) <= whole[0]:
            return "WindowReverse", "grid back", tuple(_size(shape, axis) for axis in outer)
        deep = [group for group in split[1:] if len(group) == 3]
        if len(deep) == 1 and set(inner) <= set(deep[0]) and all({axis} in whole for axis in outer):
            mode = "CRD" if min(inner) > deep[0][0] else "DCR"
            return "DepthToSpace", f"reshape, transpose, reshape ({mode})", sizes
    return _from_two(cut, split, merge, shape) if len(cut) == 2 else None


def _pairs(found: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Take four axes of one group, pixels of an image in one axis, for two groups of two."""
    return [pair for group in found for pair in ((group[:2], group[2:]) if len(group) == 4 else (group,))]


def _blocks(cut: Sequence[tuple[int, ...]], shape: Sequence[Dim]) -> Read:
    """Tell blocks with an axis of their own apart: both ways swap the middle axes, and windows are square.

    From pixels, an axis is cut into (blocks, window); from blocks, the first into (rows, columns), the second into the
    window's (rows, columns).
    """
    (_, b), (c, d) = cut
    if _size(shape, c) == _size(shape, d) != _size(shape, b):
        return "WindowReverse", "windows back", (_size(shape, c), _size(shape, d))
    return "WindowPartition", "windows", (_size(shape, b), _size(shape, d))


def _from_two(
    cut: Sequence[tuple[int, ...]], split: list[tuple[int, ...]], merge: list[tuple[int, ...]], shape: Sequence[Dim]
) -> Read | None:
    """Read a tensor whose height and width were both cut into blocks and offsets, ``(h, p)`` and ``(w, q)``."""
    (h, p), (w, q) = cut
    home = {axis: number for number, group in enumerate(merge) for axis in group}
    batch, blocks, offsets = set(split[0]), {h, w}, {p, q}
    channels = set(home) - batch - blocks - offsets
    last = channels <= set(merge[-1])
    for chosen, left, words in ((blocks, offsets, "windows"), (offsets, blocks, "grid")):
        number = {home[axis] for axis in chosen}
        group = set(merge[min(number)])
        others = {home[axis] for axis in left}
        apart = all(set(merge[each]) <= left for each in others)
        if len(number) == 1 and group <= batch | chosen and apart and (group & batch or (last and max(number) == 1)):
            sizes = tuple(_size(shape, axis) for axis in sorted(left))
            return ("WindowPartition", words, sizes) if max(sizes) > 1 else None
    order = [axis for axis in merge[0] if axis not in batch]
    if (
        last and len(order) == 4 and set(order) == blocks | offsets
    ):  # tokens in the order of windows, as Gemm wants them
        for chosen, left, words in ((blocks, offsets, "windows"), (offsets, blocks, "grid")):
            if set(order[:2]) == chosen:
                return "WindowPartition", words, tuple(_size(shape, axis) for axis in sorted(left))
    gathered = set(merge[home[p]])
    sizes = (_size(shape, p), _size(shape, q))
    if gathered == offsets | channels and home[h] != home[p] != home[w]:
        if home[h] == home[w]:
            return "PatchEmbedding", "pixels of each patch", sizes
        # the same over channels last is the merging of patches: its order of channels is not the operator's
        return None if merge[home[p]] == merge[-1] else ("SpaceToDepth", "reshape, transpose, reshape", sizes)
    return None


def _size(shape: Sequence[Dim], axis: int) -> int:
    dim = shape[axis]
    return dim if isinstance(dim, int) else 0


def _roll(flow: Flow, node: Node | None) -> tuple[Value, list[Node]] | None:
    """Read Concat(x[a:], x[:a]) as a roll of x."""
    if node is None or node.op != "Concat" or len(node.inputs) != 2:
        return None
    cuts = [flow.producer(value) for value in node.inputs]
    if any(cut is None or cut.op != "Slice" for cut in cuts):
        return None
    one, two = (cut for cut in cuts if cut is not None)
    source, other = first(one), first(two)
    starts, ends = numbers(one, "starts"), numbers(two, "ends")
    if source is None or other is None or source.name != other.name or not starts or not ends:
        return None
    axes = numbers(one, "axes"), numbers(two, "axes")
    length = None
    if axes[0] and source.shape is not None and -len(source.shape) <= axes[0][0] < len(source.shape):
        length = source.shape[axes[0][0]]
    same = starts[0] == ends[0] or (isinstance(length, int) and (starts[0] - ends[0]) % length == 0)
    return (source, [node, one, two]) if axes[0] == axes[1] and same else None


def _unrolled(flow: Flow, source: Value, covers: dict[int, Node]) -> tuple[Value, bool]:
    """Take the roll before a partition off, and the padding to whole windows between them."""
    held = dict(covers)
    value, shifted = source, False
    for _ in range(4):
        node = flow.producer(value)
        if node is None or not flow.only_for(node, held):
            break
        rolled = _roll(flow, node)
        before = first(node)
        if rolled is not None:
            held.update({each.index: each for each in rolled[1]})
            value, shifted = rolled[0], True
        elif node.op == "Pad" and before is not None:
            held[node.index] = node
            value = before
        else:
            break
    if not shifted:
        return source, False
    covers.update(held)
    return value, True


def _rolled_back(flow: Flow, last: Node, covers: dict[int, Node]) -> tuple[Node, bool]:
    """Take in the roll after windows were put back, and the crop of the padding between them."""
    held = dict(covers)
    end, shifted = last, False
    for _ in range(5):
        users = flow.users(output(last))
        joined = flow.sole_user(output(users[0])) if len(users) == 2 else None
        rolled = _roll(flow, joined)
        if rolled is not None and joined is not None and {n.index for n in users} == {n.index for n in rolled[1][1:]}:
            held.update({node.index: node for node in rolled[1]})
            last = end = joined
            covers.update(held)
            shifted = True
        elif len(users) == 1 and users[0].op == "Slice":
            held[users[0].index] = users[0]
            last = users[0]
        else:
            break
    return end, shifted


def _strided(flow: Flow, by_op: Mapping[str, list[Node]]) -> list[Composite]:
    """Find space-to-depth written as four strided slices of the pixels that are concatenated."""
    found = []
    for node in by_op.get("Concat", ()):
        if len(node.inputs) != 4:
            continue
        covers: dict[int, Node] = {node.index: node}
        sources = set()
        offsets = set()
        value: Value | None = None
        for each in node.inputs:
            start: list[int] = []
            value = each
            for _ in range(2):
                cut = flow.producer(value)
                steps = numbers(cut, "steps") if cut is not None and cut.op == "Slice" else None
                if cut is None or not steps or any(step not in {1, 2} for step in steps):
                    break
                axes = numbers(cut, "axes") or ()
                starts = zip(numbers(cut, "starts") or (), steps, axes, strict=False)
                start += [s for s, step, axis in starts if step == 2 and axis in {2, 3, -1, -2}]
                covers[cut.index] = cut
                value = first(cut)
            sources.add(value.name if value is not None else "")
            offsets.add(tuple(start))
        if len(sources) == 1 and len(offsets) == 4 and all(len(each) == 2 for each in offsets) and value is not None:
            kept = [cut for cut in covers.values() if cut is node or flow.only_for(cut, covers)]
            args, attrs = {"input": value}, {"blocksize": 2}
            found.append(decomposed("SpaceToDepth", node, kept, args, attrs, variant="strided slices"))
    return found
