"""What one inference costs, as records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeCost:
    """One node.  ``macs``, ``elementwise_ops``: counts, bodies of Loop and Scan times their trips.

    ``read``, ``written``, ``weights``: bytes at the file's own types.  ``parameters``: elements of its weights.
    ``known``: False where a shape is missing, so that these are lower bounds.
    """

    name: str
    op: str
    kind: str
    macs: int = 0
    elementwise_ops: int = 0
    read: int = 0
    written: int = 0
    weights: int = 0
    parameters: int = 0
    known: bool = True


@dataclass(frozen=True, slots=True)
class KindCost:
    """All nodes of one kind of work.  ``bytes``: read and written, weights too."""

    kind: str
    nodes: int
    macs: int
    elementwise_ops: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Live:
    """A tensor alive at the peak: its name, the node that computes it (empty for an input), its bytes."""

    value: str
    node: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Peak activation memory in bytes, by what may share memory and by the order of the nodes.

    ``peak``: file order, nothing shared.  ``views``: Reshape and its like share the memory of what they view.
    ``in_place``: also an element-wise result overwrites an operand that nothing else needs.  ``best_order`` and
    ``best_order_in_place``: the same two with the best order that was found; ``optimal`` says that no order is better.
    ``by_precision``: ``peak`` with each float activation at 4, 2 or 1 bytes.  ``at``: the node that runs at the peak.
    ``alive``: what is alive then, the largest first.  ``least``: ``peak`` with every open axis at 1.  ``formula``:
    ``peak`` over the one open axis that every activation is in proportion to.
    All but ``least`` and ``formula`` are None (or empty) where a size is not known.
    """

    least: int
    peak: int | None = None
    views: int | None = None
    in_place: int | None = None
    best_order: int | None = None
    best_order_in_place: int | None = None
    optimal: bool = False
    by_precision: Mapping[str, int] | None = None
    at: str = ""
    alive: tuple[Live, ...] = ()
    formula: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a figure is a lower bound: what is not known, and of which nodes.

    ``counts``: whether multiply-accumulates are missing; False where only bytes and element-wise steps are.
    ``axes``: the symbols of open axes, where it is for these.
    """

    what: str
    nodes: tuple[str, ...]
    counts: bool = True
    axes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one inference at the file's input shape.

    ``macs``: multiply-accumulates.  ``elementwise_ops``: element-wise steps.  ``parameters``: stored weight elements.
    ``weight_bytes``: bytes by precision (fp32, fp16, int8, and ``stored`` as the file has them).
    ``read``, ``written``, ``weights_read``: bytes moved.  ``view_bytes``: what views would move if they were copies.
    ``peak_activation_bytes``: bytes, None when a shape on the way is unknown.  ``macs_by_kind``: share of the MACs, 0
    to 1, by kind of work.  ``per_node``: MACs by name of a node of the main graph, its bodies counted with it.
    ``complete``: False when something is not known, so that the counts are lower bounds; ``gaps`` says what.
    ``formula``: the MACs over the symbols of open axes, None where there are none or not every axis has one.
    ``proportional``: whether shares of the MACs are the same whatever the open axes.
    """

    macs: int
    parameters: int
    weight_bytes: Mapping[str, int]
    peak_activation_bytes: int | None
    macs_by_kind: Mapping[str, float]
    per_node: Mapping[str, int]
    complete: bool
    elementwise_ops: int
    read: int
    written: int
    weights_read: int
    view_bytes: int
    kinds: tuple[KindCost, ...]
    nodes: tuple[NodeCost, ...]
    memory: Memory
    gaps: tuple[Gap, ...] = ()
    formula: str | None = None
    proportional: bool = True

    @property
    def bytes_moved(self) -> int:
        """Bytes read and written by all nodes, weights too."""
        return self.read + self.written + self.weights_read

    @property
    def intensity(self) -> float | None:
        """MACs for each byte moved; None where nothing is moved."""
        return self.macs / self.bytes_moved if self.bytes_moved else None
