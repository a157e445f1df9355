"""ExecuTorch's partitioners: of a torch module, what each backend takes and what is left to the portable kernels.

They take torch programs and no ONNX file.  A small case names its module as an expression, a network is built by the
recipe that its file was exported from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import executorch.backends.vulkan.patterns as vulkan_patterns
import torch
import torch_modules
from ask_executorch_counts import lowered
from executorch.backends.vulkan.partitioner.vulkan_partitioner import VulkanPartitioner
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower

PARTITIONERS = {"xnnpack": XnnpackPartitioner, "vulkan": VulkanPartitioner}

# The Vulkan partitioner traces the same patterns anew for each program, which takes ten seconds.
_PATTERNS = list(vulkan_patterns.all_fusable_graph_patterns())
vulkan_patterns.all_fusable_graph_patterns = lambda: _PATTERNS


def version() -> str:
    """Return the version of the package, and build one small program for each backend, which fills its caches."""
    from importlib.metadata import version as installed

    for make in PARTITIONERS.values():
        program = torch.export.export(torch.nn.Conv2d(1, 1, 1).eval(), (torch.rand(1, 1, 2, 2),))
        to_edge_transform_and_lower(program, partitioner=[make()])
    return installed("executorch")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Export, lower and serialize one module; ``target`` names the backend."""
    with torch.no_grad():
        program, _ = torch_modules.exported(job, stage)
        answer: dict[str, Any] = lowered(program, PARTITIONERS[job["target"]](), stage)
    return answer
