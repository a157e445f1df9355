"""Recognition on real exports: the counts are those of the functions that torch ran in one forward pass."""

from __future__ import annotations

import lzma
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from checker.composites import raise_composites
from checker.composites.matcher import Matcher
from checker.graph import Graph, Value
from checker.load import load_model

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "composites"

COUNTS: dict[str, dict[str, int]] = {
    "acts_zoo__dy18": {
        "LayerNormalization": 1, "GroupNormalization": 1, "InstanceNormalization": 1, "Gelu": 2, "Swish": 1,
        "HardSwish": 1, "HardSigmoid": 1, "Mish": 1, "Relu6": 1, "Softmax": 1,
    },
    "acts_zoo__ts11": {
        "LayerNormalization": 1, "GroupNormalization": 1, "InstanceNormalization": 1, "Gelu": 2, "Swish": 1,
        "HardSwish": 1, "HardSigmoid": 1, "Mish": 1, "Relu6": 1, "Softmax": 1,
    },
    "bert_small_eager__ts17_orttr": {"LayerNormalization": 5, "Gelu": 2, "Attention": 2, "MultiHeadAttention": 2},
    "cait_xxs24_224__ts17": {
        "LayerNormalization": 53, "Gelu": 26, "TalkingHeadsAttention": 24, "Attention": 2, "Softmax": 26,
        "MultiHeadAttention": 26, "PatchEmbedding": 1,
    },
    "coat_lite_tiny__ts17": {
        "LayerNormalization": 21, "Gelu": 8, "LinearAttention": 8, "Softmax": 8, "PatchEmbedding": 4,
    },
    "deberta_v2__ts17": {
        "LayerNormalization": 5, "Gelu": 2, "Attention": 2, "Softmax": 2, "MultiHeadAttention": 2,
    },
    "efficientvit_b0__ts17": {"HardSwish": 24, "LinearAttention": 4, "LayerNormalization": 1},
    "eva02_tiny_patch14_224__ts13": {
        "LayerNormalization": 25, "Swish": 12, "Attention": 12, "Softmax": 12, "RotaryEmbedding": 24,
        "MultiHeadAttention": 12, "PatchEmbedding": 1,
    },
    "gemma2__dy18": {
        "RMSNormalization": 9, "Gelu": 2, "Attention": 2, "Softmax": 2, "RotaryEmbedding": 4, "MultiHeadAttention": 2,
    },
    "llama__dy18": {
        "RMSNormalization": 5, "Swish": 2, "Attention": 2, "Softmax": 2, "RotaryEmbedding": 4, "MultiHeadAttention": 2,
    },
    "llama_mask__ts17": {
        "RMSNormalization": 5, "Swish": 2, "Attention": 2, "Softmax": 2, "RotaryEmbedding": 4, "MultiHeadAttention": 2,
    },
    "maxvit_pico_rw_256__ts17": {
        "LayerNormalization": 45, "Gelu": 22, "Swish": 34, "Attention": 22, "Softmax": 22, "MultiHeadAttention": 22,
        "WindowPartition": 22, "WindowReverse": 22, "SqueezeExcitation": 11,
    },
    "mobilevitv2_050__ts17": {"GroupNormalization": 21, "Swish": 25, "LinearAttention": 9, "Softmax": 9},
    "swin_tiny_patch4_window7_224__dy18": {
        "LayerNormalization": 29, "Gelu": 12, "Attention": 12, "Softmax": 12, "MultiHeadAttention": 12,
        "WindowPartition": 12, "WindowReverse": 12, "PatchEmbedding": 1,
    },
    "swinv2_cr_tiny_ns_224__ts13": {
        "LayerNormalization": 32, "Gelu": 12, "Attention": 12, "Softmax": 12, "MultiHeadAttention": 12,
        "LpNormalization": 24, "WindowPartition": 12, "WindowReverse": 12, "PatchEmbedding": 1,
    },
    "whisper_decoder__dy18": {
        "LayerNormalization": 7, "Gelu": 2, "Attention": 4, "Softmax": 4, "MultiHeadAttention": 4,
    },
    "xcit_nano_12_p16_224__ts13": {
        "LayerNormalization": 41, "Gelu": 29, "Attention": 14, "Softmax": 14, "LpNormalization": 24,
        "MultiHeadAttention": 14,
    },
}  # fmt: skip
"""Functions as torch's dispatcher saw them in one forward pass; blocks, windows and gates as calls of their modules."""


def stored(name: str) -> Graph:
    """Return a graph of the fixtures."""
    with lzma.open(FOLDER / f"{name}.onnx.xz") as file:
        return load_model(file.read())


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_those_of_torch(name: str) -> None:
    """No layer is missed, none is found that torch did not run."""
    found = Counter(each.kind for each in raise_composites(stored(name)))
    assert dict(found) == COUNTS[name]


@pytest.mark.parametrize("name", COUNTS)
def test_coverage_is_sound(name: str) -> None:
    """Nothing outside uses an inner value, but for what an operator has an output for: weights and caches."""
    graph = stored(name)
    for composite in raise_composites(graph):
        covered = {id(node) for node in composite.covers}
        assert len(covered) == len(composite.covers)
        result = composite.node.outputs[0]
        assert result is not None
        assert any(
            value is not None and value.name == result.name for node in composite.covers for value in node.outputs
        )
        if "Attention" in composite.kind or composite.kind in {"LSTM", "GRU"}:
            continue
        for node in composite.covers:
            for value in node.outputs:
                if value is not None and value.name != result.name:
                    assert all(id(user) in covered for user in graph.users_of(value)), (composite.kind, node.op)


@pytest.mark.parametrize("name", COUNTS)
def test_composites_nest_or_are_apart(name: str) -> None:
    """Two composites share no node, or one holds all of the other's."""
    found = raise_composites(stored(name))
    sets = [(each.kind, frozenset(id(node) for node in each.covers)) for each in found]
    for index, (kind, mine) in enumerate(sets):
        for other, theirs in sets[index + 1 :]:
            shared = mine & theirs
            assert not shared or shared in (mine, theirs), (kind, other)


def test_names_do_not_decide() -> None:
    """The same graph under meaningless names gives the same composites."""
    graph = stored("swin_tiny_patch4_window7_224__dy18")
    names: dict[str, str] = {}

    def renamed(value: Value | None) -> Value | None:
        return None if value is None else replace(value, name=names.setdefault(value.name, f"v{len(names)}"))

    nodes = tuple(
        replace(
            node,
            name=f"n{index}",
            scope="",
            inputs=tuple(renamed(value) for value in node.inputs),
            outputs=tuple(renamed(value) for value in node.outputs),
            args={
                name: tuple(renamed(each) for each in value) if isinstance(value, tuple) else renamed(value)
                for name, value in node.args.items()
            },
        )
        for index, node in enumerate(graph.nodes)
    )
    plain = Graph("g", nodes, tuple(map(renamed, graph.inputs)), tuple(map(renamed, graph.outputs)), graph.opsets)  # type: ignore[arg-type]
    assert [(c.kind, c.variant, len(c.covers)) for c in raise_composites(plain)] == [
        (c.kind, c.variant, len(c.covers)) for c in raise_composites(graph)
    ]


def repeated(graph: Graph, times: int) -> Graph:
    """Return a graph with several copies of another side by side."""
    nodes = []
    for copy in range(times):

        def own(value: Value | None, copy: int = copy) -> Value | None:
            return value if value is None or value.constant else replace(value, name=f"{copy}/{value.name}")

        nodes += [
            replace(
                node,
                inputs=tuple(own(value) for value in node.inputs),
                outputs=tuple(own(value) for value in node.outputs),
                index=len(nodes) + position,
            )
            for position, node in enumerate(graph.nodes)
        ]
    return Graph("g", tuple(nodes), graph.inputs, graph.outputs, graph.opsets)


@pytest.mark.parametrize("name", ["swinv2_cr_tiny_ns_224__ts13", "llama_mask__ts17"])
def test_the_matcher_is_linear(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Four times the graph asks four times the questions."""
    asked = [0]
    strip = Matcher.strip

    def counted(self: Matcher, value: Value) -> object:
        asked[0] += 1
        return strip(self, value)

    monkeypatch.setattr(Matcher, "strip", counted)
    counts = []
    for times in (1, 4):
        asked[0] = 0
        found = raise_composites(repeated(stored(name), times))
        counts.append((asked[0], len(found)))
    assert counts[1][1] == 4 * counts[0][1]
    assert counts[1][0] <= 4.1 * counts[0][0]
