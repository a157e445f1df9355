"""The records that every other room looks at: ``Value``, ``Node``, ``Graph``, ``Composite``.

This room knows no ONNX library and imports no numpy at run time, so that the commands which only read
tables start at once.  Everything is frozen: a change of a graph is a new graph.

A ``Graph`` is what is left of the file after ``load`` has looked through it: constants, shape arithmetic on
known shapes, Identity, Dropout in inference mode and Q/DQ pairs are gone from ``nodes`` and listed in
``folded``; what they said has become a fact of the values around them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.generic]

Dim = int | str | None
"""An axis: its length, the name of a symbolic dimension, or None where the model does not say."""

Shape = tuple[Dim, ...] | None
"""None where even the rank is unknown."""

Attribute = int | float | str | bytes | tuple[int, ...] | tuple[float, ...] | tuple[str, ...] | None
"""An attribute's value.  A tensor attribute is the tuple of its (few) elements; graphs are in ``Node.bodies``."""

FoldReason = Literal["constant", "shape", "identity", "quantization", "branch"]


class _Empty(Mapping[str, Any]):
    """The empty mapping.  Hashable, so that a frozen record may have it as a default on every Python version."""

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and not other

    def __repr__(self) -> str:
        return "{}"


EMPTY: Mapping[str, Any] = _Empty()


@dataclass(frozen=True, slots=True, eq=False)
class Quant:
    """How a value is quantized (from the Q/DQ pair around it, or assumed from a target's recipe).

    ``scale`` and ``zero_point``: numpy arrays (scalar for per-tensor, length of ``axis`` for per-channel), None where
    the model does not say.  ``axis``: None for per-tensor.  ``dtype``: storage type, such as ``"int8"``.
    ``again``: a constant that nodes dequantize and quantize once more, so that its integers are not in the file.
    """

    dtype: str
    scale: Array | None = None
    zero_point: Array | None = None
    axis: int | None = None
    block_size: int = 0
    assumed: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Payload:
    """Where the bytes of a tensor lie.  ``path`` is None for the model file itself; offset and length in bytes.

    ``dtype``: element type as stored, where it differs from that of the value (an int8 weight behind
    DequantizeLinear), else None.  ``encoding``: ``"raw"`` for little-endian elements, or the protobuf field
    (``"int64_data"`` ...) whose packed varints they are.
    """

    path: str | None
    offset: int
    length: int
    dtype: str | None = None
    encoding: str = "raw"


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor that flows between nodes.

    ``dtype``: numpy-style name (``"float32"``, ``"bfloat16"``, ``"int4"``, ``"string"``), None when unknown.
    ``constant``: known when the model is compiled (an initializer, or computed from initializers only).
    ``const``: its elements as a numpy array, for small constants only; the bytes of a large one lie at ``payload``.
    """

    name: str
    dtype: str | None = None
    shape: Shape = None
    constant: bool = False
    const: Array | None = None
    quant: Quant | None = None
    payload: Payload | None = None

    @property
    def rank(self) -> int | None:
        """Number of axes, None when unknown."""
        return None if self.shape is None else len(self.shape)

    @property
    def size(self) -> int | None:
        """Number of elements, None unless every axis is known."""
        if self.shape is None:
            return None
        total = 1
        for dim in self.shape:
            if not isinstance(dim, int):
                return None
            total *= dim
        return total


Argument = Value | tuple[Value, ...] | None
"""What a formal argument is bound to: a value, several for a variadic argument, None when an optional one is absent."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operator call.

    ``name`` is unique in the report (the file's own name where that is unique and not empty, otherwise made from the
    operator and its position).  ``since`` is the schema version in force under the file's opset import; 0 where the
    declared opset has no such operator.  ``attrs`` holds every attribute, with the defaults of the schema and those
    that only the operator's text states (strides, dilations, pads, kernel_shape, perm) filled in and ``auto_pad``
    resolved where shapes allow.  ``given`` names those that the file itself writes.  ``args`` maps the schema's formal
    input names (X, W, B) to values; ``results`` likewise for outputs.  ``implicit``: outer values that bodies use.
    ``scope``: module path, a label only.  ``index``: position in the file.
    """

    name: str
    op: str
    domain: str = ""
    since: int = 0
    attrs: Mapping[str, Attribute] = EMPTY
    given: frozenset[str] = frozenset()
    args: Mapping[str, Argument] = EMPTY
    results: Mapping[str, Argument] = EMPTY
    inputs: tuple[Value | None, ...] = ()
    outputs: tuple[Value | None, ...] = ()
    implicit: tuple[Value, ...] = ()
    bodies: Mapping[str, Graph] = EMPTY
    scope: str = ""
    index: int = 0
    shape_arithmetic: bool = False
    """True for integer work on symbolic dimensions (Shape, Gather, Concat ... of shapes) that could not be folded."""

    @property
    def qualified(self) -> str:
        """``Conv``, or ``com.microsoft.FusedConv`` outside the ONNX domain."""
        return f"{self.domain}.{self.op}" if self.domain else self.op


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A node of the file that vanishes when the model is compiled, and why.

    ``given``: attributes that it writes.  ``outputs`` and ``inputs``: what the file calls its results and operands.
    ``index``: position in the file; -1 where it is not kept.
    """

    name: str
    op: str
    reason: FoldReason
    domain: str = ""
    given: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    index: int = -1


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that loading found out about the file itself; ``rule`` is the finding's id.

    ``invalid``: the structure contradicts the ONNX standard (type error, impossible broadcast): BLOCKED everywhere.
    ``operators``: those that it is about, where it is about operators.
    """

    rule: str
    message: str
    nodes: tuple[str, ...] = ()
    invalid: bool = False
    operators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A network: compute nodes in topological order, and the facts of the file around them."""

    name: str
    nodes: tuple[Node, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    opsets: Mapping[str, int] = EMPTY
    """Opset import by domain; the ONNX domain is ``""``."""
    ir_version: int = 0
    producer: str = ""
    metadata: Mapping[str, str] = EMPTY
    folded: tuple[Folded, ...] = ()
    aliases: Mapping[str, str] = EMPTY
    """Names that stand for another value since Identity, Dropout or Q/DQ between them were folded."""
    initializers: tuple[Value, ...] = ()
    """Every stored weight of the file, small ones too: also those of bodies, and of Constant nodes (8 elements up)."""
    problems: tuple[Problem, ...] = ()
    file_nodes: int = 0
    """Number of nodes as the file has them, with those of subgraphs and inlined functions."""
    _producers: dict[str, Node] = field(default_factory=dict, repr=False)
    _users: dict[str, tuple[Node, ...]] = field(default_factory=dict, repr=False)
    output_names: frozenset[str] = field(default=frozenset(), repr=False)
    """Names of the values that leave the graph, aliases resolved."""
    _input_names: frozenset[str] = field(default=frozenset(), repr=False)

    def __post_init__(self) -> None:
        """Index producers and users once; the graph never changes."""
        producers: dict[str, Node] = {}
        users: dict[str, list[Node]] = {}
        for node in self.nodes:
            for value in node.outputs:
                if value is not None:
                    producers[value.name] = node
            for used in (*node.inputs, *node.implicit):
                if used is not None:
                    seen = users.setdefault(used.name, [])
                    if not seen or seen[-1] is not node:
                        seen.append(node)
        resolve = self.aliases.get
        object.__setattr__(self, "_producers", producers)
        object.__setattr__(self, "_users", {name: tuple(nodes) for name, nodes in users.items()})
        object.__setattr__(self, "output_names", frozenset(resolve(v.name, v.name) for v in self.outputs))
        object.__setattr__(self, "_input_names", frozenset(v.name for v in self.inputs))

    def producer_of(self, value: Value) -> Node | None:
        """Return the node that computes the value, None for a graph input or a constant."""
        return self._producers.get(value.name)

    def users_of(self, value: Value) -> tuple[Node, ...]:
        """Return the nodes that take the value, each once, in order (If, Loop and Scan for what their bodies use)."""
        return self._users.get(value.name, ())

    def is_output(self, value: Value) -> bool:
        """Tell whether the value leaves the graph (also through a folded Identity or Q/DQ pair)."""
        return value.name in self.output_names

    def is_input(self, value: Value) -> bool:
        """Tell whether the value enters the graph from outside."""
        return value.name in self._input_names

    def walk(self) -> Iterator[Node]:
        """Yield every node, those of If, Loop and Scan bodies after their owner."""
        for node in self.nodes:
            yield node
            for body in node.bodies.values():
                yield from body.walk()


@dataclass(frozen=True, slots=True, eq=False)
class Composite:
    """Several nodes that together are one layer, or one operator that is such a layer already.

    ``node`` carries the facts as one call of the newest ONNX operator of that name (``op`` is ``kind``, arguments and
    attributes under the newest schema's names), so that a table row needs to know one kind of thing.  ``covers``: the
    nodes of the file that it stands for, in order.  ``form``: ``"operator"`` when the file has it as one node.
    ``variant``: the spelling, in words.  ``parts``: composites inside it, outermost first.
    """

    kind: str
    form: Literal["operator", "decomposed"]
    node: Node
    covers: tuple[Node, ...]
    variant: str = ""
    scope: str = ""
    parts: tuple[Composite, ...] = ()
