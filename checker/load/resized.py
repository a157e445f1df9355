"""A file gone over again with other lengths of its inputs, up to the first node that cannot take them.

Shapes that the file declares are forgotten: they were true at one size only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from checker.errors import InputError
from checker.load.baked import Pin, Stopped, into_batch, watch
from checker.load.model import graph_of_model
from checker.schema import protos

if TYPE_CHECKING:
    from checker.graph import Graph
    from checker.load import Loaded

__all__ = ["Pin", "Resize", "Sizes", "resizer"]

Sizes = Mapping[str, tuple[int, ...]]
"""Shape by name of input."""

Resize = Callable[[Sizes], "Graph | Pin"]


@dataclass(frozen=True, slots=True)
class _Again:
    """A copy of the model without declared shapes, and what its nodes were like at the file's own size."""

    source: Any
    model: Any
    before: Graph
    tolerated: frozenset[str]

    def __call__(self, sizes: Sizes) -> Graph | Pin:
        """Return the graph at these sizes, or the first node that is in the way."""
        for value in self.model.graph.input:
            shape = sizes.get(value.name)
            if shape is not None:
                tensor = value.type.tensor_type
                tensor.ClearField("shape")
                for length in shape:
                    tensor.shape.dim.add().dim_value = length
        try:
            graph = graph_of_model(replace(self.source, model=self.model), watch(self.before, self.tolerated))[0]
        except Stopped as stopped:
            return stopped.pin
        except InputError as error:
            return Pin("", "", "other", str(error), "fails")
        return into_batch(self.before, graph) or graph


def resizer(loaded: Loaded, before: Graph) -> Resize:
    """Return what loads the file again at other sizes.

    Args:
        loaded: the model.
        before: its graph at a size that is known to be right, to tell what changes from what should not.
    """
    model = protos().ModelProto()
    model.CopyFrom(loaded.model)
    _forget(model.graph)
    tolerated = frozenset(name for problem in before.problems if problem.invalid for name in problem.nodes)
    return _Again(loaded.source, model, before, tolerated)


def _forget(graph: Any) -> None:
    """Take out the declared shapes of a graph and of its bodies; their element types stay."""
    for value in (*graph.output, *graph.value_info):
        if value.type.HasField("tensor_type"):
            value.type.tensor_type.ClearField("shape")
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _forget(attribute.g)
