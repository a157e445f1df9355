"""A file gone over again with other lengths of its inputs, up to the first node that cannot take them.

Shapes that the file declares are forgotten: they were true at one size only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from checker.errors import InputError
from checker.load.baked import Watch, into_batch, watch
from checker.load.model import Prepared, graph_of_prepared, prepare
from checker.load.pin import Pin, Stopped
from checker.schema import protos

if TYPE_CHECKING:
    from checker.graph import Graph
    from checker.load import Loaded

__all__ = ["Pin", "Resize", "Sizes", "resizer"]

Sizes = Mapping[str, tuple[int, ...]]
"""Shape by name of input."""


@dataclass(frozen=True, slots=True)
class Resize:
    """A copy of the model without declared shapes, and what its nodes were like at the file's own size."""

    prepared: Prepared
    before: Graph
    tolerated: frozenset[str]

    def __call__(self, sizes: Sizes) -> Graph | Pin:
        """Return the graph at these sizes, or the first node that is in the way."""
        found = self._load(sizes, watch(self.before, self.tolerated))
        pin = found if isinstance(found, Pin) else into_batch(self.before, found)
        if pin is not None and pin.effect == "wrong":
            # a runtime would go on from here, perhaps only to the next Add
            after = self._load(sizes, Watch(self.before, {}, self.tolerated))
            return replace(pin, effect="fails") if isinstance(after, Pin) else pin
        return pin or found

    def freely(self, sizes: Sizes) -> tuple[Graph, tuple[Pin, ...]] | Pin:
        """Return the graph as it would be if exported at these sizes, and everything that is in the way of the file's.

        A pin is returned where it is not clear how a node would be.
        """
        looks = watch(self.before, self.tolerated, freely=True)
        found = self._load(sizes, looks)
        if isinstance(found, Pin):
            return replace(found, kind="other") if looks.guessed else found
        return found, tuple(looks.pins)

    def _load(self, sizes: Sizes, looks: Watch) -> Graph | Pin:
        for value in self.prepared.model.graph.input:
            shape = sizes.get(value.name)
            if shape is not None:
                tensor = value.type.tensor_type
                tensor.ClearField("shape")
                for length in shape:
                    tensor.shape.dim.add().dim_value = length
        try:
            return graph_of_prepared(self.prepared, looks)
        except Stopped as stopped:
            return stopped.pin
        except InputError as error:
            return Pin("", "", "other", str(error), "fails")


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
    return Resize(prepare(replace(loaded.source, model=model)), before, tolerated)


def _forget(graph: Any) -> None:
    """Take out the declared shapes of a graph and of its bodies; their element types stay."""
    for value in (*graph.output, *graph.value_info):
        if value.type.HasField("tensor_type"):
            value.type.tensor_type.ClearField("shape")
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _forget(attribute.g)
