"""A file loaded again with fixed lengths for its symbolic dimensions, so that what depends on them is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checker.errors import InputError
from checker.load.model import graph_of_model

if TYPE_CHECKING:
    from checker.graph import Graph
    from checker.load import Loaded


def pinned(loaded: Loaded, sizes: Mapping[str, int]) -> Graph | None:
    """Return the graph with fixed input shapes.

    Args:
        loaded: the model.
        sizes: length by symbol; ``"x[0]"`` for an axis of an input that has no name.

    Returns:
        None where the lengths contradict the model.
    """
    model = type(loaded.source.model)()
    model.CopyFrom(loaded.source.model)
    for value in model.graph.input:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            length = sizes.get(dim.dim_param) if dim.dim_param else None
            if not dim.HasField("dim_value") or dim.dim_value < 0:
                length = length or sizes.get(f"{value.name}[{axis}]")
            if length is not None:
                dim.dim_value = length
    for value in (*model.graph.output, *model.graph.value_info):
        _forget(value, sizes)
    try:
        return graph_of_model(replace(loaded.source, model=model))[0]
    except InputError:
        return None


def _forget(value: Any, sizes: Mapping[str, int]) -> None:
    """Give a declared shape the lengths, and take out symbols that the lengths decide in ways not written here."""
    for dim in value.type.tensor_type.shape.dim:
        if dim.dim_param:
            length = sizes.get(dim.dim_param)
            dim.Clear()
            if length is not None:
                dim.dim_value = length
