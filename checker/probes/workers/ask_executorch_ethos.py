"""ExecuTorch's Ethos-U backend: of a torch module, quantized to int8, what goes to Vela and what is left.

The way is torch.export, PT2E quantization with Arm's quantizer, the partitioner, TOSA, Vela.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch_modules
from ask_executorch_counts import counts
from executorch.backends.arm.ethosu import EthosUCompileSpec, EthosUPartitioner
from executorch.backends.arm.quantizer import EthosUQuantizer, get_symmetric_quantization_config
from executorch.exir import to_edge_transform_and_lower
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e


def version() -> str:
    """Return the version of the package."""
    from importlib.metadata import version as installed

    return installed("executorch")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Export, quantize, lower and serialize one module; ``target`` is Vela's name of the chip."""
    stage("build")
    module, inputs = torch_modules.asked(job)
    stage("export")
    with torch.no_grad():
        exported = torch.export.export(module, inputs).module()
        stage("quantize")
        spec = EthosUCompileSpec(job["target"])
        quantizer = EthosUQuantizer(spec)
        quantizer.set_global(get_symmetric_quantization_config())
        prepared = prepare_pt2e(exported, quantizer)
        prepared(*inputs)
        program = torch.export.export(convert_pt2e(prepared), inputs)
        stage("lower")
        lowered = to_edge_transform_and_lower(program, partitioner=[EthosUPartitioner(spec)])
        delegated, portable = counts(lowered.exported_program())
        stage("program")
        size = len(lowered.to_executorch().buffer)
    stage("")
    return {"delegated": delegated, "portable": portable, "size": size}
