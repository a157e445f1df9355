"""Running a graph and what a change made of it, to see that both compute the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from test_composites_lower import model_of

from checker.graph import Graph, Value

Arrays = dict[str, npt.NDArray[np.generic]]


def feeds_of(graph: Graph, most: int = 4) -> Arrays:
    """Draw inputs with a fixed seed; whole numbers are indices below ``most``."""
    rng = np.random.default_rng(0)
    feeds: Arrays = {}
    for value in graph.inputs:
        shape = tuple(int(dim) for dim in value.shape or ())
        if value.dtype == "bool":
            feeds[value.name] = rng.random(shape) > 0.3
        elif value.dtype in {"int32", "int64"}:
            feeds[value.name] = rng.integers(0, most, shape).astype(value.dtype)
        else:
            feeds[value.name] = rng.standard_normal(shape).astype(value.dtype)
    return feeds


def outputs_of(graph: Graph, feeds: Arrays | None = None, most: int = 4) -> Arrays:
    """Run a graph with ONNX Runtime, as it is written."""
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = ort.InferenceSession(model_of(graph).SerializeToString(), options, ["CPUExecutionProvider"])
    names = [value.name for value in graph.outputs]
    found = session.run(names, feeds if feeds is not None else feeds_of(graph, most))
    return dict(zip(names, found, strict=True))


def assert_same(before: Graph, after: Graph, *, most: int = 4, tolerance: float = 2e-4) -> None:
    """See that two graphs compute the same outputs under the same names."""
    feeds = feeds_of(before, most)
    expected, found = outputs_of(before, feeds), outputs_of(after, feeds)
    assert list(expected) == list(found)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=tolerance, atol=tolerance)


def assert_whole(graph: Graph) -> None:
    """See that every value is there before it is used, and that names are used once."""
    known = {value.name for value in graph.inputs}
    for node in graph.nodes:
        for value in node.inputs:
            assert value is None or value.constant or value.name in known, (node.name, value)
        known |= {value.name for value in node.outputs if value is not None}
    assert {value.name for value in graph.outputs} <= known
    assert len({node.name for node in graph.nodes}) == len(graph.nodes)
    assert len({node.index for node in graph.nodes}) == len(graph.nodes)


def shapes_of(graph: Graph) -> dict[str, Value]:
    """Return the computed values by name."""
    return {value.name: value for node in graph.nodes for value in node.outputs if value is not None}
