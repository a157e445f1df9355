"""The probes of toolchains that take torch modules read their answers as they were given."""

from __future__ import annotations

from typing import Any

import pytest

from checker.probes import coremltools, executorch
from checker.probes.toolchain import NETWORK_ANSWER, Case
from checker.probes.worker import Raw

SMALL = Case(
    "LayerNorm/last-ts17", "executorch-xnnpack", "fp32", {"text": "", "torch": "nn.LayerNorm(8)", "shapes": [[1, 8]]}
)


def told(delegated: dict[str, int], portable: dict[str, int]) -> Raw:
    """Return ExecuTorch's answer."""
    return Raw("answered", {"delegated": delegated, "portable": portable, "size": 2048})


def test_what_no_backend_takes_is_on_the_host() -> None:
    """Overloads are one operator, and the calls of delegates are no work."""
    found = executorch.interpret(
        SMALL, told({}, {"aten.native_layer_norm.default": 1, "getitem": 1, "executorch_call_delegate": 1})
    )
    assert (found.outcome, dict(found.culprits)) == ("host", {"aten.native_layer_norm": 1})
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
    found = executorch.interpret(SMALL, told(delegated, {"executorch_call_delegate": 1, "getitem": 1}))
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


@pytest.mark.parametrize("module", [executorch, coremltools])
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
