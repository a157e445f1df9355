"""Normalisations, each written as the arithmetic that it computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.composites.formula import Facts, Formula
from checker.pattern import Term, Var, call, captured, either

if TYPE_CHECKING:
    from checker.composites.matcher import Match
    from checker.graph import Node, Value

_EPSILON = ("epsilon", 0.0, 0.1)


def _dynamic(value: Value) -> bool:
    return not value.constant


def _weight(value: Value) -> bool:
    """Tell a learned scale or bias: a constant of more than one element."""
    return value.constant and value.size != 1


def _affine(core: Term, scale: Term, bias: Term) -> Term:
    return either(core * scale + bias, core * scale, core + bias, core)


def mean(x: Term) -> Term:
    """Return the mean over the normalised axes."""
    return call("ReduceMean", x, axes="axes")


def layer_norm(x: Term, scale: Term, bias: Term, epsilon: Term) -> Term:
    """(x - mean) / √(variance + ε) · scale + bias.

    The variance is taken in one pass or two; TensorFlow's exporters fold the mean into the bias.
    """
    centred = x - mean(x)
    variance = either(mean(centred**2), mean(x**2) - mean(x) ** 2)
    inverse = (variance + epsilon) ** -0.5
    folded = inverse * scale
    return either(
        _affine(centred * inverse, scale, bias),
        x * folded + (bias - mean(x) * folded),
        x * inverse - mean(x) * inverse,
    )


def rms_norm(x: Term, scale: Term, epsilon: Term) -> Term:
    """X / √(mean(x²) + ε) · scale."""
    core = x * (mean(x**2) + epsilon) ** -0.5
    return either(core * scale, core)


def l2_norm(x: Term, epsilon: Term) -> Term:
    """X / max(‖x‖₂, ε), or with ε added."""
    total = either(call("ReduceSum", x**2, axes="axes"), call("ReduceSumSquare", x, axes="axes"))
    length = either(call("ReduceL2", x, axes="axes"), (total + epsilon) ** 0.5)
    return either(
        x / call("Clip", length, epsilon),
        x / call("Max", length, epsilon),
        x / call("Max", epsilon, length),
        x / (length + epsilon),
    )


def softmax(x: Term) -> Term:
    """exp(x - max) / Σ exp(x - max), or without the maximum."""
    stable = call("Exp", x - call("ReduceMax", x, axes="axes"))
    plain = call("Exp", x)
    return either(
        stable / call("ReduceSum", stable, axes="axes"),
        plain / call("ReduceSum", plain, axes="axes"),
    )


def _fits(match: Match, axes: tuple[int, ...]) -> bool:
    """Tell whether scale and bias vary along the given axes only (counted from the back)."""
    for name in ("Scale", "scale", "B"):
        value = match.values.get(name)
        if value is not None and (
            value.shape is None
            or any(dim != 1 and axis - len(value.shape) not in axes for axis, dim in enumerate(value.shape))
        ):
            return False
    return True


def _rank(match: Match, name: str = "X") -> int | None:
    return match.values[name].rank


def _trailing(axes: tuple[int, ...]) -> bool:
    return axes == tuple(range(-len(axes), 0))


def _channels_first(match: Match) -> bool:
    """Tell a reduction over axis 1 alone, of a tensor of three axes or more or of unknown rank."""
    rank, axes = _rank(match), match.axes["axes"]
    if rank is None:
        return axes == (1,)
    return rank >= 3 and axes == (1 - rank,) and _fits(match, axes)


def _spelling(match: Match) -> str:
    ops = {node.op for node in match.nodes}
    words: list[str] = []
    if "Reciprocal" in ops:
        words.append("reciprocal of the root, multiplied")
    elif "Sqrt" not in ops:
        words.append("power -0.5")
    if "Pow" not in ops:
        words.append("square as a product")
    if any(node.op in {"Cast", "CastLike"} for node in match.nodes):
        words.append("casts inside")
    if not {"Scale", "scale"} & set(match.values):
        words.append("no scale")
    return ", ".join(words)


def _words(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _layer_norm(match: Match, _root: Node) -> Facts | None:
    """Decide by the axes whether it is a layer, instance or channels-first layer normalisation."""
    axes, rank = match.axes["axes"], _rank(match)
    epsilon = match.numbers.get("epsilon", 0.0)
    spelling = _spelling(match)
    spatial = rank is not None and rank >= 4 and axes == tuple(range(2 - rank, 0))
    if _trailing(axes) and not spatial and _fits(match, axes) and len(axes) != rank:
        return Facts("LayerNormalization", {"axis": axes[0], "epsilon": epsilon}, spelling)
    if _channels_first(match):
        variant = _words("channels first, over axis 1", spelling)
        return Facts("LayerNormalization", {"axis": 1, "epsilon": epsilon}, variant)
    if rank is not None and (spatial or (rank == 3 and axes == (-1,))) and _fits(match, (1 - rank,)):
        return Facts("InstanceNormalization", {"epsilon": epsilon}, _words("from means", spelling))
    if rank == 4 and axes == (-3, -2) and _fits(match, (-1,)):
        return Facts("InstanceNormalization", {"epsilon": epsilon}, _words("channels last", "from means", spelling))
    return None


def _rms_norm(match: Match, _root: Node) -> Facts | None:
    axes, rank = match.axes["axes"], _rank(match)
    epsilon = match.numbers.get("epsilon", 0.0)
    spelling = _spelling(match)
    if _trailing(axes) and _fits(match, axes) and len(axes) != rank:
        return Facts("RMSNormalization", {"axis": axes[0], "epsilon": epsilon}, spelling)
    if _channels_first(match):
        variant = _words("channels first, over axis 1", spelling)
        return Facts("RMSNormalization", {"axis": 1, "epsilon": epsilon}, variant)
    return None


def _l2_norm(match: Match, root: Node) -> Facts | None:
    axes = match.axes["axes"]
    if len(axes) != 1:
        return None
    spelling = "norm clipped from below" if any(node.op in {"Clip", "Max"} for node in match.nodes) else "epsilon added"
    return Facts(
        "LpNormalization", {"axis": axes[0], "p": 2}, spelling if root.op == "Div" else f"{spelling}, multiplied"
    )


def _softmax(match: Match, _root: Node) -> Facts | None:
    axes = match.axes["axes"]
    if len(axes) != 1:
        return None
    stable = any(node.op == "ReduceMax" for node in match.nodes)
    return Facts("Softmax", {"axis": axes[0]}, _words("exponentials over their sum", stable * "maximum subtracted"))


def _shifted_softmax(match: Match, root: Node) -> Facts | None:
    axes, axis = match.axes["axes"], root.attrs.get("axis")
    rank = _rank(match, "input")
    if len(axes) != 1 or not isinstance(axis, int) or axes[0] not in {axis, axis - (rank or 0)}:
        return None
    return Facts("Softmax", {"axis": axes[0]}, "maximum subtracted before the operator")


X = Var("X", _dynamic)
INPUT = Var("input", _dynamic)
SCALE = Var("Scale", _weight)
SCALE_RMS = Var("scale", _weight)
BIAS = Var("B", _weight)

FORMULAS = (
    Formula("layer_norm", layer_norm(X, SCALE, BIAS, captured(*_EPSILON, 1e-5)), ("Sqrt", "Pow"), _layer_norm, reach=7),
    Formula("rms_norm", rms_norm(X, SCALE_RMS, captured(*_EPSILON, 1e-6)), ("Sqrt", "Pow"), _rms_norm, reach=6),
    Formula(
        "l2_norm",
        l2_norm(INPUT, captured(*_EPSILON, 1e-12)),
        ("ReduceL2", "ReduceSumSquare", "ReduceSum"),
        _l2_norm,
        reach=6,
        through=("Clip", "Max"),
    ),
    Formula("softmax", softmax(INPUT), ("Exp",), _softmax, reach=3, through=("ReduceSum",)),
    Formula(
        "softmax_shifted",
        call("Softmax", INPUT - call("ReduceMax", INPUT, axes="axes")),
        ("Softmax",),
        _shifted_softmax,
        reach=0,
    ),
)
