"""The Ethos-U55 table says what onnx2tf, the quantiser and Vela said."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from checker.composites import raise_composites
from checker.load import load_model
from checker.paths import opsets_dir
from checker.place import place
from checker.probes import evidence
from checker.probes.cases import build
from checker.probes.evidence import Record
from checker.target import Target
from checker.targets import find
from checker.verdict import Answer, verdict

EVIDENCE = opsets_dir() / "evidence" / "arm-ethos-u55-128" / "ethos-u-vela-5.2.0.jsonl.xz"

REFUSED = frozenset({Answer.BLOCKED, Answer.NEEDS_CHANGES})
MEANS = {
    "native": frozenset({Answer.READY}),
    "decomposed": frozenset({Answer.READY}),
    "host": frozenset({Answer.READY_WITH_FALLBACK}),
    "refused": REFUSED,
    "compiler-error": REFUSED,
}
"""What an answer to a small model says of the file; a crash of Vela says nothing."""

FOLDED = "nothing is left to compute: constants, known shapes, casts to the same type, Q/DQ alone are folded"
INPUT_LAYOUT = "onnx2tf feeds the graph input as NHWC, so that a transposition right after it is another one or none"
SQUEEZED_SILU = "SiLU inside a squeeze-and-excitation after a ReLU; networks have ReLU or SiLU in both places"
TRAILING = "padding at the end that no window of this stride reaches"
TRANSPOSED = "onnx2tf transposes these weights at run time, which spares them the scale per channel"
EDGE = "DequantizeLinear alone at the input and QuantizeLinear alone at the output: no pair is left in between"
SQUEEZED_BESIDE = (
    "a squeeze-and-excitation of a tensor that a convolution takes too: its mean is on the NPU, ours on the CPU"
)
ONE_OPEN = "a shape of which all sizes but one are known: onnxsim, as networks go through it, stores it"
SQUEEZED_LAST = "squeeze-and-excitation that ends the model: in networks a convolution takes its result"
SAME_SHAPE = "a Reshape that changes nothing"
TWO_SLICES = "two Slices, one after the other: onnxsim, as networks go through it, makes one of them"
INTEGER = "a float operator on int8 without a scale"

EXCEPTIONS: dict[str, str] = {
    "Conv-17/asym_pads4": TRAILING,
    "Einsum-17/lin": TRANSPOSED,
    "Relu-17/i8": INTEGER,
    **dict.fromkeys(
        [
            "dynb/reshape_computed",
            "dynb/reshape_computed_conv",
            "dynb/reshape_computed_concat",
            "placeholder/one_open",
            "placeholder/dfl",
            "placeholder/dfl_end",
        ],
        ONE_OPEN,
    ),
    "reshape_conv1d/same_shape": SAME_SHAPE,
    "se/relu_relu_sig_rmean": SQUEEZED_LAST,
    **dict.fromkeys(
        ["focus", "focus/hw_conv", "focus/wh_conv", "focus/conv_hw_conv", "focus/conv_wh_conv"], TWO_SLICES
    ),
    **dict.fromkeys(["lost/two_conv_relu_se", "lost/conv_relu_se"], SQUEEZED_BESIDE),
    **dict.fromkeys(["qdq/dq_in_q_out_u8z0", "qdq/dq_in_q_out_u8z128"], EDGE),
    **dict.fromkeys(["Transpose-17/wide021", "Transpose-17/021_100k", "Transpose-17/4d_n2big"], INPUT_LAYOUT),
    **dict.fromkeys(["se/relu_silu_sig", "se/clip6_silu_sig", "se/addrelu_silu_sig"], SQUEEZED_SILU),
    **dict.fromkeys(
        [
            "Cast-17/float32_float32",
            "ConstantOfShape-17/f",
            "DequantizeLinear-17/dq",
            "Expand-17/k",
            "QuantizeLinear-17/q",
            "Range-17/f",
            "Shape-17/4d",
            "Size-17/4d",
        ],
        FOLDED,
    ),
}


def cases() -> Iterator[Record]:
    """Yield the answers to small models."""
    yield from (found for found in evidence.read(EVIDENCE).ops if found["answer"] in MEANS)


@cache
def target() -> Target:
    """Return the table under test."""
    return find(["arm-ethos-u55-128"])[0]


@cache
def disagreements() -> dict[str, str]:
    """Return the small models of which the table says something else than the compiler, with both answers."""
    found = {}
    for case in cases():
        graph = load_model(build(dict(case["asked"])))
        ours = verdict(place(graph, raise_composites(graph), target(), "int8")).answer
        if ours not in MEANS[case["answer"]]:
            found[case["case"]] = f"{case['answer']}, the table says {ours.name}"
    return found


def test_the_table_replays_the_evidence() -> None:
    """Every small model gets the verdict that the compiler's answer means, but for the exceptions listed here."""
    assert {name: what for name, what in disagreements().items() if name not in EXCEPTIONS} == {}


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_is_still_needed(name: str) -> None:
    """An exception that the table has outgrown is removed from the list."""
    assert name in disagreements()
