"""ExecuTorch's Core ML backend: of a torch module, what goes into ML programs and what is left to the portable kernels.

The way is torch.export, the partitioner, coremltools, a model package.  Compiling that needs an Apple device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import coremltools
import torch
import torch_modules
from ask_executorch_counts import lowered
from executorch.backends.apple.coreml.compiler import CoreMLBackend
from executorch.backends.apple.coreml.partition import CoreMLPartitioner


def version() -> str:
    """Return the version of the package."""
    from importlib.metadata import version as installed

    return installed("executorch")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Export, lower and serialize one module; ``target`` is the oldest system that it has to run on."""
    specs = CoreMLBackend.generate_compile_specs(minimum_deployment_target=coremltools.target[job["target"]])
    with torch.no_grad():
        program, _ = torch_modules.exported(job, stage)
        answer: dict[str, Any] = lowered(program, CoreMLPartitioner(compile_specs=specs), stage)
    return answer
