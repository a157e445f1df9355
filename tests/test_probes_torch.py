"""The probes of toolchains that take torch modules read their answers as they were given."""

from __future__ import annotations

from typing import Any

import pytest

from checker.probes import coremltools, executorch, executorch_coreml, executorch_ethos
from checker.probes.toolchain import NETWORK_ANSWER, Case
from checker.probes.worker import Raw

SMALL = Case(
    "LayerNorm/last-ts17", "executorch-xnnpack", "fp32", {"text": "", "torch": "nn.LayerNorm(8)", "shapes": [[1, 8]]}
)


def told(delegated: dict[str, int], portable: dict[str, int], sources: dict[str, int]) -> Raw:
    """Return ExecuTorch's answer."""
    return Raw("answered", {"delegated": delegated, "portable": portable, "sources": sources, "size": 2048})


@pytest.mark.parametrize("module", [executorch, executorch_coreml])
def test_what_no_backend_takes_is_on_the_host(module: Any) -> None:
    """Overloads are one operator, and calls of delegates are no work; what is named is what the module calls it."""
    portable = {"aten.native_layer_norm.default": 1, "getitem": 1, "executorch_call_delegate": 1}
    found = module.interpret(SMALL, told({}, portable, {"aten.layer_norm.default": 1}))
    assert (found.outcome, dict(found.culprits)) == ("host", {"aten.layer_norm": 1})
    assert found.says == "on portable kernels: aten.native_layer_norm x1"


@pytest.mark.parametrize(
    ("delegated", "outcome"),
    [
        ({"aten.convolution.default": 1}, "native"),
        ({"aten.bmm.default": 2, "aten._softmax.default": 1}, "decomposed"),
        ({}, "native"),
    ],
)
def test_what_a_backend_takes(delegated: dict[str, int], outcome: str) -> None:
    """Whole, in parts, or nothing to do at all."""
    found = executorch.interpret(SMALL, told(delegated, {"executorch_call_delegate": 1, "getitem": 1}, {}))
    assert found.outcome == outcome


@pytest.mark.parametrize(
    ("stage", "outcome"),
    [("build", "not-asked"), ("export", "not-asked"), ("lower", "refused"), ("program", "compiler-error")],
)
def test_a_module_that_never_became_a_program_was_not_asked_about(stage: str, outcome: str) -> None:
    """What torch.export cannot read says nothing of ExecuTorch."""
    raw = Raw("answered", {"error": "SpecViolationError: not in Core ATen"}, stage=stage)
    assert executorch.interpret(SMALL, raw).outcome == outcome


def test_a_network_that_was_not_asked_about_is_no_refusal() -> None:
    """It is listed and not scored."""
    assert NETWORK_ANSWER["not-asked"] == "UNKNOWN"


@pytest.mark.parametrize("module", [executorch, executorch_coreml, coremltools])
def test_the_worker_is_told_of_the_module(module: Any) -> None:
    """A small case is an expression and its inputs, a network is built by its recipe."""
    made = module.toolchain(worker=None)
    assert made.options(SMALL, None) == {"torch": "nn.LayerNorm(8)", "shapes": [[1, 8]]}
    assert made.options(Case("resnet18__ts17", "x", "fp32"), None)["zoo"].endswith("zoo")


def test_a_conversion_is_all_that_coremltools_can_say() -> None:
    """Which front end read it is told; casts to half precision are no operators of the module."""
    found = coremltools.interpret(SMALL, Raw("answered", {"ops": {"cast": 2, "lstm": 1}, "front": "TorchScript"}))
    assert (found.outcome, found.into, found.says) == ("native", ("lstm",), "through TorchScript")


def test_the_operator_that_a_converter_has_no_function_for_is_the_culprit() -> None:
    """Both front ends' words are kept."""
    words = (
        "RuntimeError: torch.export: NotImplementedError: Unsupported fx node celu, kind celu; TorchScript: "
        "NotImplementedError: PyTorch convert function for op 'celu' not implemented."
    )
    found = coremltools.interpret(SMALL, Raw("answered", {"error": words}, stage="convert"))
    assert (found.outcome, dict(found.culprits), found.stage) == ("refused", {"celu": 1}, "convert")


ETHOS = Case("Softmax/last-ts17", "arm-ethos-u55-128-executorch", "int8", {"text": "", "torch": "", "shapes": []})
DELEGATE = {"executorch_call_delegate": 1, "getitem": 1}


def test_of_a_delegated_program_qdq_are_no_operators() -> None:
    """Nothing is left but the delegate."""
    inner = {"aten.exp.default": 1, "aten.sub.Tensor": 1, "quantized_decomposed.quantize_per_tensor.default": 6}
    raw = Raw("answered", {"delegated": inner, "portable": DELEGATE, "size": 1}, log="CPU operators = 0 (0.0%)\n")
    found = executorch_ethos.interpret(ETHOS, raw)
    assert (found.outcome, found.into) == ("decomposed", ("aten.exp", "aten.sub"))


def test_what_the_partitioner_or_vela_leaves_is_on_the_host() -> None:
    """The partitioner names it, under what it was made of; Vela counts it."""
    portable = {**DELEGATE, "aten.exp.default": 1, "aten.log1p.default": 1}
    answer = {"delegated": {}, "portable": portable, "sources": {"aten.softplus.default": 2}, "size": 1}
    left = Raw("answered", answer)
    found = executorch_ethos.interpret(ETHOS, left)
    assert (found.outcome, dict(found.culprits)) == ("host", {"aten.softplus": 2})
    log = "CPU operators = 2 (50.0%)\nNPU operators = 2 (50.0%)\n"
    answer = {"delegated": {}, "portable": DELEGATE, "sources": {}, "size": 1}
    found = executorch_ethos.interpret(ETHOS, Raw("answered", answer, log=log))
    assert (found.outcome, found.says) == ("host", "Vela leaves 2 operators to the CPU")
