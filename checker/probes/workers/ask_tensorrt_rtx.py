"""TensorRT-RTX: parse, then build for a compute capability; no GPU is needed."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import tensorrt_rtx_bindings as trt

BATCH, IMAGE, LENGTH = 1, 320, 32
"""What a dynamic dimension is in the optimisation profile: the first axis, an image's height or width, any other."""


class Listener(trt.ILogger):  # type: ignore[misc]  # the bindings are untyped
    """Keeps what the compiler says, warnings and worse."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        super().__init__()
        self.lines: list[str] = []

    def log(self, severity: Any, message: str) -> None:
        """Take one line down."""
        if int(severity) <= int(trt.ILogger.Severity.WARNING):
            self.lines.append(f"{severity.name[0]} {message}"[:2000])


def version() -> str:
    """Return the version of the library."""
    return str(trt.__version__)


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Parse and build one model."""
    stage("parse")
    listener = Listener()
    builder = trt.Builder(listener)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, listener)
    parsed = parser.parse_from_file(job["model"])
    errors = [parser.get_error(i) for i in range(parser.num_errors)]
    layers = collections.Counter(network.get_layer(i).type.name for i in range(network.num_layers))
    answer: dict[str, Any] = {
        "parsed": bool(parsed),
        "errors": [[e.node_operator(), e.node_name(), e.code().name, e.desc()[:1000]] for e in errors],
        "layers": dict(layers),
        "built": False,
        "said": listener.lines,
    }
    if not parsed:
        return answer
    stage("build")
    config = builder.create_builder_config()
    config.num_compute_capabilities = 1
    config.set_compute_capability(getattr(trt.ComputeCapability, job["target"]), 0)
    profile, dynamic = builder.create_optimization_profile(), False
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        sizes = list(tensor.shape)
        if -1 in sizes and not tensor.is_shape_tensor:
            dynamic = True
            pinned = [size if size >= 0 else _size(axis, len(sizes)) for axis, size in enumerate(sizes)]
            profile.set_shape(tensor.name, pinned, pinned, pinned)
    if dynamic:
        config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    answer["built"] = engine is not None
    answer["said"] = listener.lines
    if engine is not None:
        stage("")
        answer["bytes"] = engine.nbytes
    return answer


def _size(axis: int, rank: int) -> int:
    """Choose the size of a dynamic dimension."""
    if axis == 0:
        return BATCH
    return IMAGE if rank == 4 and axis >= 2 else LENGTH
