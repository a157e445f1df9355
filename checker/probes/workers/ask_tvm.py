"""TVM's relax front end for ONNX; what it makes is compiled by LLVM for the host CPU, and small models run once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import compared  # type: ignore[import-not-found]
import numpy as np
import onnx
import tvm
from tvm import relax
from tvm.relax.frontend.onnx import from_onnx


def version() -> str:
    """Return the version of the package."""
    return str(tvm.__version__)


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Import and compile one model; with the option ``run`` run it, too, with ``simplify`` run onnxsim before.

    ``into``: relax operators and how many calls of each.  ``ran``: whether it was run.  ``differs``: where the
    numbers are not ONNX Runtime's.
    """
    model = onnx.load(job["model"])
    if job["options"].get("simplify"):
        stage("simplify")
        model = _simplified(model)
    stage("import")
    module = from_onnx(model, keep_params_in_input=False)
    answer: dict[str, Any] = {"into": _calls(module), "ran": False, "differs": ""}
    stage("compile")
    built = tvm.compile(module, target=tvm.target.Target("llvm"))
    if not job["options"].get("run"):
        stage("")
        return answer
    stage("load")
    machine = relax.VirtualMachine(built, tvm.cpu())
    given = {each.name for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in given]
    samples = [compared.sample(each.type.tensor_type) for each in inputs]
    if any(sample is None for sample in samples):
        stage("")
        return answer
    stage("run")
    made = machine["main"](*[tvm.runtime.tensor(sample) for sample in samples])
    shape = not hasattr(made, "numpy") and all(isinstance(each, int) for each in made)
    flat = [made] if shape or hasattr(made, "numpy") else list(made)
    answer["ran"] = True
    values = [each.numpy() if hasattr(each, "numpy") else np.asarray(list(each)) for each in flat]
    answer["differs"] = compared.differs(values, compared.reference(job["model"], inputs, samples))
    stage("")
    return answer


def _simplified(model: Any) -> Any:
    """Return the model without the shape arithmetic that exporters leave; as it is, where onnxsim cannot do it.

    Attention and norms stay in their parts: of ONNX Runtime's Attention, which onnxsim would make, the front end takes
    some forms, and it has no LpNormalization.
    """
    import onnxsim

    try:
        return onnxsim.simplify(model, skipped_optimizers=["fuse_attention", "fuse_lp_normalization"])[0]
    except Exception:  # noqa: BLE001  the front end may take it all the same
        return model


def _calls(module: Any) -> dict[str, int]:
    """Count the operators that the functions call."""
    counts: Counter[str] = Counter()

    def visit(node: Any) -> None:
        if isinstance(node, relax.Call) and isinstance(node.op, tvm.ir.Op):
            counts[node.op.name.removeprefix("relax.")] += 1

    for function in module.functions.values():
        if isinstance(function, relax.Function):
            relax.analysis.post_order_visit(function, visit)
    return dict(sorted(counts.items()))
