"""Apple's coremltools: whether a torch program converts to an ML program (MIL), and which operators that has.

Nothing is said about placement: that is decided on an Apple device, by Core ML.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from importlib.metadata import version as installed
from typing import Any

import coremltools
import torch
import torch_modules

SETTINGS = {
    "convert_to": "mlprogram",
    "minimum_deployment_target": coremltools.target.iOS18,
    "compute_units": coremltools.ComputeUnit.ALL,
    "skip_model_load": True,
}


def version() -> str:
    """Return the version of the package."""
    return installed("coremltools")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Export and convert one module; ``ops`` counts the operators of the ML program, ``front`` says who read it.

    There are two front ends, and either will do: torch.export first, TorchScript where that one refuses.
    """
    stage("build")
    module, inputs = torch_modules.asked(job)
    stage("export")
    with torch.no_grad():
        program = torch.export.export(module, inputs).run_decompositions({})
        stage("convert")
        try:
            return {"ops": _operators(coremltools.convert(program, **SETTINGS)), "front": "torch.export"}
        except Exception as error:  # noqa: BLE001  whatever one front end refuses, the other may take
            refusal = f"{type(error).__name__}: {error}"
        try:
            traced = torch.jit.trace(module, inputs, check_trace=False)
            types = [coremltools.TensorType(shape=each.shape, dtype=each.numpy().dtype.type) for each in inputs]
            made = coremltools.convert(traced, inputs=types, **SETTINGS)
        except Exception as error:
            raise RuntimeError(f"torch.export: {refusal}; TorchScript: {type(error).__name__}: {error}") from error
    return {"ops": _operators(made), "front": "TorchScript"}


def _operators(made: Any) -> dict[str, int]:
    main = made._mil_program.functions["main"]  # noqa: SLF001  the converter offers no other view
    return dict(Counter(op.op_type for op in main.operations if op.op_type != "const"))
