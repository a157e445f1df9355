"""What a node, and the file around it, says: the facts that constraints are checked against.

Names are those of the newest ONNX schema.  An attribute and an input of the same meaning are one fact, so that
``axes == [1]`` holds whether a file writes axes as an attribute or as a constant input.  An input that is computed at
run time has no value that a constraint can compare: such a comparison *does not say*, and ``const(axes)`` is no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from checker.graph import Graph, Node, Quant, Value
from checker.kleene import ABSENT, UNKNOWN, Each, Hole, Range
from checker.predicates import PREDICATES
from checker.predicates.names import bare_constants, clashing_copies, in_order, late_operators

if TYPE_CHECKING:
    from checker.graph import Array, Composite

QUANTIZED: Final = frozenset({"int8", "int16", "a16w8"})
"""Precisions of quantized builds."""

MOST_ELEMENTS: Final = 1024
"""Longest list whose elements are told apart while their values are unknown."""

RENAMED: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("TopK", "K"): ("k",),
    ("Pad", "pads"): ("paddings",),
    ("Pad", "constant_value"): ("value",),
    ("Dropout", "training_mode"): ("is_test",),
    ("Split", "num_outputs"): ("n_outputs",),
}
"""Older names of a fact: (operator, newest name) to what earlier schemas called it."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a target quantizes a float file: type of activations, whether symmetric, scales of weights per channel."""

    activation: str = "int8"
    symmetric: bool = False
    weights: str = "per-channel"
    weights_symmetric: bool = True
    weight: str = "int8"


@dataclass(frozen=True, slots=True)
class Stated:
    """An attribute where an argument is asked for; ``written`` is False for a default."""

    value: Any
    written: bool


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """The facts of one node (or of the whole file, where ``node`` is None) in a build of some precision.

    ``around``: kinds of the composites that the node is a part of.  ``covering``: for every node (by ``id``) the
    composites that cover it.  ``file``: the outermost graph, where ``graph`` is the body of an If, Loop or Scan.
    ``covers``: the nodes that a composite stands for.
    """

    graph: Graph
    node: Node | None = None
    precision: str = "fp32"
    form: str = "operator"
    variant: str = ""
    around: frozenset[str] = frozenset()
    covering: Mapping[int, tuple[Composite, ...]] = field(default_factory=dict)
    recipe: Recipe | None = None
    file: Graph | None = None
    opset: int | None = None
    covers: tuple[Node, ...] = ()

    def argument(self, name: str) -> Any:
        """Return what an argument name is bound to: a ``Value``, several, a ``Stated`` attribute, or a hole."""
        if name == "inputs":
            return self._present("inputs")
        if name == "outputs":
            return self._present("outputs")
        if name in OF_FILE:
            return Stated(OF_FILE[name](self.file or self.graph), written=True)
        node = self.node
        if node is None:
            return UNKNOWN
        for spelled in (name, *RENAMED.get((node.op, name), ())):
            bound = node.args.get(spelled)
            if bound is not None:
                return bound
            if spelled in node.attrs:
                return Stated(from_attribute(node.attrs[spelled]), spelled in node.given)
            bound = node.results.get(spelled)
            if bound is not None:
                return bound
        if name in node.args or name in node.results:
            return ABSENT
        return _by_position(node, name)

    def _present(self, side: str) -> tuple[Value, ...]:
        values = getattr(self.graph if self.node is None else self.node, side)
        return tuple(value for value in values if value is not None)

    def fact(self, name: str) -> Any:
        """Return the value of a bare name."""
        if name in GENERAL and name not in {"inputs", "outputs"}:
            return self._general(name)
        if name in PREDICATES:
            answer = PREDICATES[name](self.node, self.graph) if self.node else None
            return UNKNOWN if answer is None else answer
        return self.contents(self.argument(name))

    def _general(self, name: str) -> Any:
        node = self.node
        if name == "opset":
            domain = node.domain if node else ""
            return self.opset or (self.file or self.graph).opsets.get(domain, UNKNOWN)
        if name == "since":
            return node.since if node and node.since else UNKNOWN
        if name in OF_FILE:
            return OF_FILE[name](self.file or self.graph)
        plain = {"ir_version": (self.file or self.graph).ir_version or UNKNOWN, "inf": float("inf")}
        return plain[name] if name in plain else getattr(self, name)

    def contents(self, argument: Any) -> Any:
        """Return the elements of an argument: a number for a scalar, otherwise a flat tuple, with holes."""
        if isinstance(argument, Stated):
            return argument.value
        if isinstance(argument, Value):
            return _elements(argument)
        if isinstance(argument, tuple):
            return tuple(_elements(item) if isinstance(item, Value) else item for item in argument)
        return argument

    def quant(self, value: Value) -> Quant | None:
        """Return how a value is quantized, by the file or else as the target's recipe would do it."""
        if value.quant is not None:
            return value.quant
        is_float = value.dtype is None or "float" in value.dtype
        if self.recipe is None or self.precision not in QUANTIZED or not is_float:
            return None
        if is_quantized(self.file or self.graph):
            return None
        if not value.constant:
            wide = self.precision in {"a16w8", "int16"}
            return Quant(self.recipe.activation.replace("8", "16") if wide else self.recipe.activation, assumed=True)
        return Quant(self.recipe.weight, axis=0 if self.recipe.weights == "per-channel" else None, assumed=True)

    def names_of(self, other: Node) -> frozenset[str]:
        """Return the names that a neighbour goes by: its operator, and composites that end or begin there."""
        own = {id(node) for node in self.covers or (self.node,)}
        kinds = {c.kind for c in self.covering.get(id(other), ()) if not own & {id(node) for node in c.covers}}
        return frozenset({other.op, other.qualified} | kinds)

    def operators(self) -> frozenset[str]:
        """Return the operators of the file, those in bodies and those that were folded away too."""
        return _operators(self.file or self.graph)

    def gives(self, operator: str, attribute: str) -> bool:
        """Tell whether some node of the file, folded or not, is of that operator and writes that attribute."""
        return (operator, attribute) in _given(self.file or self.graph)

    def folds_stored(self, *operators: str) -> bool:
        """Tell whether some folded node is of one of these operators and takes a stored tensor first."""
        return not _on_stored(self.file or self.graph).isdisjoint(operators)

    def takes_computed(self, *operators: str) -> bool:
        """Tell whether a node of these operators takes, after its first input, a constant that a folded node made."""
        graph = self.file or self.graph
        made = {name for each in graph.folded if each.op != "Constant" for name in each.outputs}
        after = (value for node in graph.walk() if node.op in operators for value in node.inputs[1:])
        return any(value is not None and value.constant and value.name in made for value in after)


@lru_cache(maxsize=8)
def _on_stored(graph: Graph) -> frozenset[str]:
    """Return the operators of the folded nodes whose first input is an initializer or a Constant."""
    stored = {value.name for value in graph.initializers}
    stored |= {name for each in graph.folded if each.op == "Constant" for name in each.outputs}
    return frozenset(each.op for each in graph.folded if each.inputs and each.inputs[0] in stored)


@lru_cache(maxsize=8)
def _operators(graph: Graph) -> frozenset[str]:
    written = (name for node in graph.walk() for name in (node.op, node.qualified))
    return frozenset((*written, *(each.op for each in graph.folded)))


def undefined(graph: Graph) -> tuple[str, ...]:
    """Return the operators of the file that the opsets which it imports do not have, sorted."""
    return tuple(sorted({op for problem in graph.problems for op in problem.operators}))


@lru_cache(maxsize=8)
def domains(graph: Graph) -> tuple[str, ...]:
    """Return the domains of the file's operators, also of folded ones, sorted; the ONNX domain is ``""``."""
    return tuple(sorted({node.domain for node in graph.walk()} | {each.domain for each in graph.folded}))


@lru_cache(maxsize=8)
def _given(graph: Graph) -> frozenset[tuple[str, str]]:
    """Return each operator of a file with each attribute that one of its nodes writes."""
    kept = {(name, each) for node in graph.walk() for name in (node.op, node.qualified) for each in node.given}
    return frozenset(kept | {(node.op, each) for node in graph.folded for each in node.given})


@lru_cache(maxsize=8)
def is_quantized(graph: Graph) -> bool:
    """Tell whether the file itself is quantized: some value went through Q/DQ, or an operator is an integer one."""
    for node in graph.walk():
        if node.op in {"QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger"}:
            return True
        for value in (*node.inputs, *node.outputs):
            if value is not None and value.quant is not None:
                return True
    return False


@lru_cache(maxsize=8)
def quantized_to(graph: Graph) -> tuple[str, ...]:
    """Return the types that Q/DQ of the file store activations as, sorted: ``int8``, ``uint16``, ``int4`` ..."""
    found: set[str | None] = set()
    for node in graph.walk():
        values = [value for value in (*node.inputs, *node.outputs) if value is not None and not value.constant]
        found |= {value.quant.dtype for value in values if value.quant is not None}
        if node.op == "QuantizeLinear":
            found |= {value.dtype for value in node.outputs if value is not None}
    return tuple(sorted(each for each in found if each is not None))


OF_FILE: Final[Mapping[str, Callable[[Graph], Any]]] = {
    "quantized": is_quantized,
    "quantized_to": quantized_to,
    "undefined": undefined,
    "domains": domains,
    "in_order": in_order,
    "clashing_copies": clashing_copies,
    "bare_constants": bare_constants,
    "late_operators": late_operators,
}
"""Facts of the outermost graph that are worked out when they are asked for."""

GENERAL: Final = (
    frozenset({"opset", "ir_version", "since", "precision", "form", "variant", "inputs", "outputs", "inf"})
    | OF_FILE.keys()
)
"""Facts that every node has, whatever its operator."""


def _by_position(node: Node, name: str) -> Any:
    """Find an argument that an earlier schema called otherwise, or the newest schema's default of an attribute."""
    from checker import schema

    newest = schema.newest(node.op, node.domain)
    if newest is None:
        return UNKNOWN
    for formals, values in ((newest.inputs, node.inputs), (newest.outputs, node.outputs)):
        for index, formal in enumerate(formals):
            if formal.name == name:
                value = values[index] if index < len(values) else None
                return ABSENT if value is None else value
    attribute = newest.attributes.get(name)
    if attribute is None:
        return UNKNOWN
    return ABSENT if attribute.default is None else Stated(from_attribute(attribute.default), written=False)


def _elements(value: Value) -> Any:
    if value.const is not None:
        return from_array(value.const)
    if value.shape is None or len(value.shape) > 1:
        return UNKNOWN
    if not value.shape:
        return UNKNOWN
    length = value.shape[0]
    return (UNKNOWN,) * length if isinstance(length, int) and length <= MOST_ELEMENTS else UNKNOWN


def from_array(array: Array) -> Any:
    """Read an array: a scalar as a number, otherwise its elements in order, whatever the rank."""
    if array.dtype.kind not in "biufSUO":
        array = array.astype("float32")
    items = array.reshape(-1).tolist()
    items = [item.decode("utf-8", "replace") if isinstance(item, bytes) else item for item in items]
    return items[0] if array.ndim == 0 else tuple(items)


def from_attribute(value: Any) -> Any:
    """Read an attribute; None is one whose value the model does not let us know."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, tuple)):
        return tuple(from_attribute(item) for item in value)
    return value


def show(value: Any) -> str:
    """Write a value as the constraint language writes it."""
    if isinstance(value, Hole):
        return {UNKNOWN: "unknown", ABSENT: "absent"}.get(value, "no such axis")
    if isinstance(value, Range):
        return value.symbol or "unknown"
    if isinstance(value, Each):
        return show(value.items)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        shown = [show(item) if show(item) != "unknown" else "?" for item in value[:8]]
        return f"[{', '.join(shown)}{', ...' if len(value) > 8 else ''}]"
    return str(value)
