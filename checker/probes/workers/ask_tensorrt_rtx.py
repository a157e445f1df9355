"""TensorRT-RTX: parse, then build for a compute capability; no GPU is needed."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import tensorrt_rtx_bindings as trt

BATCH = 1
SIZES = ((320, 32), (48, 512), (224, 128))
"""What a dynamic dimension is in the optimisation profile: an image's height or width, any other axis but the first.

A network that cannot be of one size (it reshapes to, or convolves, a fixed one) may be of the next.
"""


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
    said: list[str] = []
    for image, length in SIZES:
        listener.lines.clear()
        config, dynamic = _config(builder, network, job["target"], image, length)
        engine = builder.build_serialized_network(network, config)
        said = said or list(listener.lines)
        if engine is not None or not dynamic:
            break
    answer["built"] = engine is not None
    answer["said"] = list(listener.lines) if engine is not None else said
    if engine is not None:
        stage("")
        answer["bytes"] = engine.nbytes
    return answer


def _config(builder: Any, network: Any, chip: str, image: int, length: int) -> tuple[Any, bool]:
    """Return the configuration of a build, and whether a dimension was pinned in it."""
    config = builder.create_builder_config()
    config.num_compute_capabilities = 1
    config.set_compute_capability(getattr(trt.ComputeCapability, chip), 0)
    profile, dynamic, named = builder.create_optimization_profile(), False, dict[str, int]()
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        sizes = list(tensor.shape)
        if -1 in sizes and not tensor.is_shape_tensor:
            dynamic = True
            for axis, size in enumerate(sizes):
                if size < 0:
                    chosen = BATCH if axis == 0 else image if len(sizes) == 4 and axis >= 2 else length
                    name = tensor.get_dimension_name(axis)
                    sizes[axis] = named.setdefault(name, chosen) if name else chosen
            profile.set_shape(tensor.name, sizes, sizes, sizes)
    if dynamic:
        config.add_optimization_profile(profile)
    return config, dynamic
