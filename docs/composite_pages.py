"""The pages of composites: what each computes, how exporters write it, and which targets take it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from composite_graphs import SHOWN, Spelling, lines, spellings

from checker.composites import (
    activations,
    attention,
    excitation,
    groups,
    heads,
    linear_attention,
    norms,
    patches,
    rearrange,
    recurrent,
    rotary,
)
from checker.pattern import Call, Either, Number, Term, Var
from checker.render import tables
from checker.target import Row, Target

PRECEDENCE = {"Add": 1, "Sub": 1, "Mul": 2, "Div": 2, "Pow": 4}
SIGNS = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Pow": "**"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of composite: whose docstrings describe it, and the formulas (by name) or the sentence that define it."""

    described: tuple[ModuleType | Callable[..., Any] | str, ...]
    formulas: tuple[str, ...] = ()
    sentence: str = ""


_WINDOWS = "X of (N, H, W, C) ↔ windows of (N · H/h · W/w, h, w, C): Reshape, Transpose, Reshape"
_ATTENTION = "Y = softmax(Q · Kᵀ · scale + mask) · V"

KINDS = {
    "Attention": Kind((attention,), sentence=_ATTENTION),
    "DepthToSpace": Kind((rearrange,), sentence="(N, C · b², H, W) → (N, C, H · b, W · b)"),
    "GRU": Kind((recurrent,), sentence="h' = (1 - z) · n + z · h, n = tanh(...), z = sigmoid(...)"),
    "Gelu": Kind((activations.gelu, activations.gelu_tanh), ("gelu", "gelu_tanh", "gelu_doubled", "gelu_tanh_doubled")),
    "GroupNormalization": Kind(
        (groups,),
        sentence="Y = (X - mean) / √(variance + ε) · scale + bias, mean and variance over a group of channels",
    ),
    "HardSigmoid": Kind((activations.hard_sigmoid,), ("hard_sigmoid",)),
    "HardSwish": Kind((activations.hard_swish,), ("hard_swish",)),
    "InstanceNormalization": Kind((norms.layer_norm, "Mean and variance are of the pixels."), ("layer_norm",)),
    "LSTM": Kind((recurrent,), sentence="c' = sigmoid(f) · c + sigmoid(i) · tanh(g), h' = sigmoid(o) · tanh(c')"),
    "LayerNormalization": Kind((norms.layer_norm,), ("layer_norm",)),
    "LinearAttention": Kind((linear_attention,), sentence="Y = φ(Q) · (φ(K)ᵀ · V), or the separable form"),
    "LpNormalization": Kind((norms.l2_norm,), ("l2_norm",)),
    "Mish": Kind((activations.mish,), ("mish",)),
    "MultiHeadAttention": Kind(
        (heads,), sentence="Y = concat(Attention(X · Wq, X · Wk, X · Wv) of each head) · Wo, biases included"
    ),
    "PatchEmbedding": Kind((patches,), sentence="Y = Conv(X, W, B), kernel_shape = strides, no padding; then tokens"),
    "QuickGelu": Kind((activations.swish,), ("swish",), "the slope (`alpha`) is 1.702"),
    "RMSNormalization": Kind((norms.rms_norm,), ("rms_norm",)),
    "RNN": Kind(
        ("Recognised where the file has it as ONNX's operator; not when it is unrolled.",),
        sentence="h' = tanh(W · x + R · h + b), or another activation",
    ),
    "Relu6": Kind((activations.relu6,), ("relu6",)),
    "RotaryEmbedding": Kind((rotary,), sentence="Y = X · cos + rotate(X) · sin"),
    "Softmax": Kind((norms.softmax,), ("softmax", "softmax_shifted")),
    "SpaceToDepth": Kind((rearrange,), sentence="(N, C, H · b, W · b) → (N, C · b², H, W)"),
    "SqueezeExcitation": Kind((excitation,), sentence="Y = X · gate(linear layers(mean of X over the pixels))"),
    "Swish": Kind((activations.swish,), ("swish",)),
    "TalkingHeadsAttention": Kind(
        (attention, "Talking heads: the scores, the weights or both are mixed between the heads."),
        sentence="Y = mix(softmax(mix(Q · Kᵀ · scale + mask))) · V, at least one of the two mixed",
    ),
    "WindowPartition": Kind((rearrange,), sentence=_WINDOWS.replace("↔", "→")),
    "WindowReverse": Kind((rearrange,), sentence="windows of (N · H/h · W/w, h, w, C) → (N, H, W, C)"),
}
"""Every kind that a graph can be found to hold."""

TERMS = {formula.name: formula.term for formula in (*activations.FORMULAS, *norms.FORMULAS)}


def pages(folder: Path, every: tuple[Target, ...]) -> Iterator[tuple[Path, str]]:
    """Yield the page of each kind, and the index."""
    found = spellings()
    for kind in KINDS:
        yield folder / f"{kind}.md", "\n".join(_page(kind, found.get(kind, []), every))
    yield folder / "index.md", "\n".join(_index(found, every))


def _index(found: dict[str, list[Spelling]], every: tuple[Target, ...]) -> Iterator[str]:
    yield "# Composites\n"
    yield "Layers that are recognised, as one operator or in parts; whether a target has rows for the layer in parts.\n"
    yield "| composite | spellings in the fixtures | " + " | ".join(target.id for target in every) + " |"
    yield "|---" * (len(every) + 2) + "|"
    for kind in KINDS:
        cells = [_in_short(kind, target) for target in every]
        yield f"| [{kind}]({kind}.md) | {len(found.get(kind, []))} | " + " | ".join(cells) + " |"
    yield ""


def _page(kind: str, found: Sequence[Spelling], every: tuple[Target, ...]) -> Iterator[str]:
    yield f"# {kind}\n\n{' '.join(_described(each) for each in KINDS[kind].described)}\n"
    yield "## Formula\n"
    yield from _formulas(KINDS[kind])
    yield "\n## Variants\n"
    if not found:
        yield "No occurrence in `fixtures/`, so no graph is shown."
    else:
        rest = f"; {len(found) - SHOWN} more spellings are not shown" if len(found) > SHOWN else ""
        yield f"From graphs in `fixtures/`: `a` other values, `c` constants, `t` steps, `y` the result{rest}."
    for spelling in found[:SHOWN]:
        yield f"\n{spelling.title}:\n\n```text"
        yield from lines(spelling.example)
        yield "```"
    yield "\n## Targets\n"
    yield "A layer in parts that no row takes is placed node by node.\n"
    yield "| target | the layer in parts | the operator |\n|---|---|---|"
    for target in every:
        rows = target.by_op.get(kind, ())
        parts = [row for row in rows if row.form != "operator"]
        whole = "<br>".join(dict.fromkeys(_said(row) for row in parts)) or "in parts: its nodes one by one"
        operator = ", ".join(dict.fromkeys(_status(row) for row in rows if row.form != "decomposed")) or "no row"
        place = f"#{kind.lower()}" if rows else ""
        yield f"| [{target.id}](../targets/{target.id}.md{place}) | {whole} | {operator} |"
    yield ""


def _in_short(kind: str, target: Target) -> str:
    rows = [row for row in target.by_op.get(kind, ()) if row.form != "operator"]
    return ", ".join(dict.fromkeys(_status(row) for row in rows)) or "in parts"


def _status(row: Row) -> str:
    return row.status.value + ("?" if row.require else "")


def _said(row: Row) -> str:
    """Say what becomes of the layer as a whole, and on what conditions."""
    head = next(tables.sentences(row)).replace("; as parts", "").replace(" (as parts)", "")
    head = f"whole: {head}" if row.status.taken else head
    needs = " and ".join(f"`{text}`" for text in row.require)
    return (f"{head} if {needs}" if needs else head).replace("|", r"\|")


def _described(by: ModuleType | Callable[..., Any] | str) -> str:
    """Return a docstring as one paragraph."""
    text = by if isinstance(by, str) else inspect.cleandoc(by.__doc__ or "")
    return re.sub(r":\w+:|``", lambda found: "`" if found[0] == "``" else "", " ".join(text.split()))


def _formulas(kind: Kind) -> Iterator[str]:
    """Write the formulas: the one that is written when read forwards, then what differs in the other spellings."""
    if not kind.formulas:
        yield f"`{kind.sentence}`"
        return
    yield "```text"
    for name in kind.formulas:
        yield from written(TERMS[name])
    yield "```\n"
    note = f"; {kind.sentence}" if kind.sentence else ""
    yield f"Any order and association, powers, quotients and roots of the same value are one formula{note}."


def written(term: Term) -> list[str]:
    """Return a term with its first options, then once with each other option."""
    choices: dict[int, int] = {}
    texts = [_text(term, choices)]
    for each in _eithers(term):
        for position in range(1, len(each.options)):
            texts.append(_text(term, {id(each): position}))
            for inner in _eithers(each.options[position]):
                others = range(1, len(inner.options))
                texts.extend(_text(term, {id(each): position, id(inner): other}) for other in others)
    return list(dict.fromkeys(texts))


def _eithers(term: Term) -> list[Either]:
    found = [term] if isinstance(term, Either) else []
    inner = term.options if isinstance(term, Either) else term.args if isinstance(term, Call) else ()
    return list({id(each): each for each in (*found, *(e for part in inner for e in _eithers(part)))}.values())


def _text(term: Term, choices: dict[int, int], above: int = 0) -> str:
    """Write a term; ``above``: how tightly what is around it binds."""
    if isinstance(term, Either):
        return _text(term.options[choices.get(id(term), 0)], choices, above)
    if isinstance(term, Var):
        return term.name
    if isinstance(term, Number):
        text = {"minus": "-alpha"}.get(term.name, term.name) or f"{term.value:.6g}"
        return f"({text})" if text.startswith("-") and above else text
    if not isinstance(term, Call):
        raise TypeError(term)
    own = PRECEDENCE.get(term.op)
    if own is None:
        words = [_text(each, choices) for each in term.args]
        words += [f"axes={term.axes}"] if term.axes else []
        words += [f"{name}={value:.6g}" for name, value in term.attrs]
        return f"{term.op}({', '.join(words)})"
    left, right = _text(term.args[0], choices, own), _text(term.args[1], choices, own + 1)
    text = f"{left} {SIGNS[term.op]} {right}"
    return f"({text})" if own < above else text
