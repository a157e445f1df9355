"""ExecuTorch's Ethos-U backend: of a torch module, quantized to int8, what goes to Vela and what is left.

The way is torch.export, PT2E quantization with Arm's quantizer, the partitioner, TOSA, Vela.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch_fx_spared
import torch_modules
from ask_executorch_counts import lowered
from executorch.backends.arm.ethosu import EthosUCompileSpec, EthosUPartitioner
from executorch.backends.arm.quantizer import EthosUQuantizer, get_symmetric_quantization_config
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

AT_THE_EDGE = ("quantize_per_tensor.default", "dequantize_per_tensor.default")


def version() -> str:
    """Return the version of the package."""
    from importlib.metadata import version as installed

    torch_fx_spared.spare()
    return installed("executorch")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Export, quantize, lower and serialize one module; ``target`` is Vela's name of the chip."""
    with torch.no_grad():
        program, inputs = torch_modules.exported(job, stage)
        module = program.module()
        stage("quantize")
        spec = EthosUCompileSpec(job["target"])
        quantizer = EthosUQuantizer(spec)
        quantizer.set_global(get_symmetric_quantization_config())
        prepared = prepare_pt2e(module, quantizer)
        prepared(*inputs)
        quantized = torch.export.export(convert_pt2e(prepared), inputs)
        answer: dict[str, Any] = lowered(quantized, EthosUPartitioner(spec), stage, without=_at_the_edge)
    return answer


def _at_the_edge(node: Any) -> bool:
    """Tell whether a node quantizes an input, narrows its 64-bit integers, or dequantizes an output."""
    name = str(getattr(node.target, "__name__", node.target))
    if name.endswith(AT_THE_EDGE):
        return True
    if "_to_dim_order_copy" not in name or node.args[0].op != "placeholder":
        return False
    return bool(node.args[0].meta["val"].dtype == torch.int64 and node.meta["val"].dtype == torch.int32)
