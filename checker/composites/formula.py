"""Formulas: composites that are one arithmetic expression, and the search for them.

The search starts at the rare operators of a formula (its anchors: Erf, Softplus, Sqrt ...), climbs through plain
arithmetic to the nodes that could compute the result, and matches from there downwards.

Overlaps are resolved by one rule: of two matches that share a node the one that covers more nodes stands; at equal size
the one whose result comes first in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checker.composites.flow import data_users
from checker.composites.matcher import Matcher, is_float_cast
from checker.composites.record import decomposed
from checker.pattern import Choice, Plan, Product, Sum, Term, plan

if TYPE_CHECKING:
    from checker.composites.matcher import Match
    from checker.graph import Attribute, Composite, Graph, Node

_CLIMB = frozenset(
    {"Add", "Sub", "Mul", "Div", "Neg", "Sqrt", "Reciprocal", "Pow", "Cast", "CastLike", "Expand", "Unsqueeze"}
)
_MOST_ROOTS = 48


@dataclass(frozen=True, slots=True)
class Facts:
    """What a formula's reader made of a match: the kind, its attributes, and the spelling in words."""

    kind: str
    attrs: Mapping[str, Attribute] = field(default_factory=dict)
    variant: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A composite as arithmetic.

    ``anchors``: operators of which every spelling holds at least one.  ``through``: operators besides plain arithmetic
    that lie between the anchor and the result.  ``reach``: the most nodes between them.  ``read`` turns a match into
    facts, or refuses it.
    """

    name: str
    term: Term
    anchors: tuple[str, ...]
    read: Callable[[Match, Node], Facts | None]
    reach: int = 6
    through: tuple[str, ...] = ()
    compiled: Plan = field(init=False)
    roots: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Bring the term into its normal form once."""
        object.__setattr__(self, "compiled", plan(self.term))
        object.__setattr__(self, "roots", frozenset(_root_operators(self.compiled)))


def _root_operators(pattern: Plan) -> Iterator[str]:
    if isinstance(pattern, Choice):
        for option in pattern.options:
            yield from _root_operators(option)
    elif isinstance(pattern, Product):
        yield from ("Mul", "Div", "Pow", "Sqrt", "Reciprocal")
    elif isinstance(pattern, Sum):
        yield from ("Add", "Sub", "Neg", "Mul", "Div")
    elif not isinstance(pattern, Term):
        yield pattern.term.op


def search(graph: Graph, formulas: Sequence[Formula], by_op: Mapping[str, Sequence[Node]]) -> list[Composite]:
    """Return every occurrence of the formulas, overlaps resolved, in file order.

    Args:
        graph: the graph to read.
        formulas: what to look for.
        by_op: the graph's nodes by operator.
    """
    matcher = Matcher(graph)
    found: list[Composite] = []
    for formula in formulas:
        tried: set[int] = set()
        for op in formula.anchors:
            for anchor in by_op.get(op, ()):
                for root in _climb(graph, anchor, formula):
                    if root.index in tried:
                        continue
                    tried.add(root.index)
                    composite = _occurrence(matcher, formula, root)
                    if composite is not None:
                        found.append(composite)
                        if anchor in composite.covers:
                            break  # nearer roots of this anchor lie inside
    return disjoint(found)


def disjoint(found: Iterable[Composite]) -> list[Composite]:
    """Apply the overlap rule: more nodes first, then file order; return what stands, in file order."""
    taken: set[int] = set()
    kept: list[Composite] = []
    for composite in sorted(found, key=lambda each: (-len(each.covers), each.node.index)):
        mine = {node.index for node in composite.covers}
        if taken.isdisjoint(mine):
            taken |= mine
            kept.append(composite)
    return sorted(kept, key=lambda each: each.node.index)


def _climb(graph: Graph, anchor: Node, formula: Formula) -> list[Node]:
    """Return the nodes that may compute the result of a formula with this anchor, the farthest first."""
    reached = [anchor]
    seen = {anchor.index}
    edge = [anchor]
    for _ in range(formula.reach):
        above: list[Node] = []
        for node in edge:
            for value in node.outputs:
                for user in graph.users_of(value) if value is not None else ():
                    if user.index not in seen and (user.op in _CLIMB or user.op in formula.through):
                        seen.add(user.index)
                        above.append(user)
        reached.extend(above)
        edge = above
        if not edge or len(reached) > _MOST_ROOTS:
            break
    return [node for node in reversed(reached) if node.op in formula.roots and not node.domain]


def _occurrence(matcher: Matcher, formula: Formula, root: Node) -> Composite | None:
    """Match a formula at one node and check that nothing outside uses its inner values."""
    output = root.outputs[0] if root.outputs else None
    if output is None:
        return None
    for match in matcher.exact(formula.compiled, output, _nothing()):
        facts = formula.read(match, root)
        if facts is None:
            continue
        covers = enclosed(matcher.graph, root, match.nodes)
        if covers is not None:
            return decomposed(facts.kind, root, covers, match.values, facts.attrs, variant=facts.variant)
    return None


def _nothing() -> Match:
    from checker.composites.matcher import NOTHING

    return NOTHING


def enclosed(graph: Graph, root: Node, nodes: Iterable[Node]) -> list[Node] | None:
    """Return the nodes that are the composite's own, None when an inner value is used outside.

    A Cast or Expand that others also use is left out of the composite: it only brings a value in.
    """
    mine = {node.index: node for node in nodes}
    again = True
    while again:
        again = False
        for node in list(mine.values()):
            if node is root or all(
                value is None
                or (not graph.is_output(value) and all(user.index in mine for user in data_users(graph, value)))
                for value in node.outputs
            ):
                continue
            if not (is_float_cast(node) or node.op == "Expand"):
                return None
            del mine[node.index]
            again = True
    return list(mine.values())
