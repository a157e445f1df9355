"""Activation functions, each written as the arithmetic that it computes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from checker.composites.formula import Facts, Formula
from checker.pattern import Term, Var, call, captured, either

if TYPE_CHECKING:
    from checker.composites.matcher import Match
    from checker.graph import Attribute, Node, Value

CUBIC = 0.044715
SLOPE = math.sqrt(2 / math.pi)


def _dynamic(value: Value) -> bool:
    return not value.constant


def gelu(x: Term) -> Term:
    """Half of x times (1 + erf(x / √2))."""
    return x * (call("Erf", x / math.sqrt(2)) + 1) * 0.5


def gelu_tanh(x: Term) -> Term:
    """The tanh approximation of GELU; also factored (x · (1 + 0.044715 x²)) and as a sigmoid of twice the argument."""
    cubic = either(x + CUBIC * x**3, x * (1 + CUBIC * x**2))
    return either(x * (call("Tanh", SLOPE * cubic) + 1) * 0.5, x * call("Sigmoid", 2 * SLOPE * cubic))


def swish(x: Term) -> Term:
    """Multiply x by sigmoid(slope · x); slope 1 is SiLU, slope 1.702 is QuickGelu."""
    sigmoid = either(
        call("Sigmoid", captured("alpha", 0.05, 20.0) * x),
        (call("Exp", captured("minus", -20.0, -0.05, -1.0) * x) + 1) ** -1,
    )
    return x * sigmoid


def hard_sigmoid(x: Term) -> Term:
    """clip(x + 3, 0, 6) / 6."""
    shifted = x + 3
    return either(
        call("Clip", shifted, 0, 6) / 6,
        call("Clip", x / 6 + 0.5, 0, 1),
        call("Min", call("Relu", shifted), 6) / 6,
        call("Min", call("Max", shifted, 0), 6) / 6,
    )


def hard_swish(x: Term) -> Term:
    """Multiply x by hard_sigmoid(x)."""
    return x * either(call("HardSigmoid", x, alpha=1 / 6, beta=0.5), hard_sigmoid(x))


def mish(x: Term) -> Term:
    """Multiply x by tanh(softplus(x))."""
    softplus = call("Softplus", x)
    linear = call("Where", call("Greater", x, captured("threshold", 1.0, 100.0, 20.0)), x, softplus)
    return x * call("Tanh", either(softplus, linear, call("Log", call("Exp", x) + 1)))


def relu6(x: Term) -> Term:
    """clip(x, 0, 6)."""
    return either(
        call("Clip", x, 0, 6),
        call("Min", call("Relu", x), 6),
        call("Min", 6, call("Relu", x)),
        call("Min", call("Max", x, 0), 6),
        call("Max", call("Min", x, 6), 0),
    )


def _always(kind: str, variant: str, **attrs: Attribute) -> Callable[[Match, Node], Facts | None]:
    facts = Facts(kind, attrs, variant)

    def read(_match: Match, _root: Node) -> Facts | None:
        return facts

    return read


def _sloped(match: Match, _root: Node) -> Facts | None:
    """Tell SiLU, QuickGelu and a Swish of another slope apart."""
    alpha = match.numbers.get("alpha", -match.numbers.get("minus", -1.0))
    spelling = "x times its sigmoid" if "alpha" in match.numbers else "x over 1 + exp(-x)"
    if math.isclose(alpha, 1.702, rel_tol=5e-3):
        return Facts("QuickGelu", {"alpha": alpha}, "sigmoid of 1.702 x")
    if math.isclose(alpha, 1.0, rel_tol=4e-3):
        return Facts("Swish", {"alpha": 1.0}, spelling)
    return Facts("Swish", {"alpha": alpha}, f"{spelling}, slope {alpha:g}")


def _clipped(_match: Match, root: Node) -> Facts | None:
    spelling = {"Clip": "clip to 0..6"}.get(root.op, "minimum and maximum")
    return Facts("Relu6", {}, spelling)


DOUBLED = ", without its factor of one half (in the weights of the layer after it)"
"""onnxsim multiplies the trailing 0.5 of a GELU into the next layer: what is left computes twice the function."""

X = Var("X", _dynamic)
INPUT = Var("input", _dynamic)

FORMULAS = (
    Formula("gelu", gelu(X), ("Erf",), _always("Gelu", "error function", approximate="none"), reach=6),
    Formula(
        "gelu_tanh",
        gelu_tanh(X),
        ("Tanh",),
        _always("Gelu", "tanh approximation", approximate="tanh"),
        reach=6,
    ),
    Formula(
        "gelu_doubled",
        X * (call("Erf", X / math.sqrt(2)) + 1),
        ("Erf",),
        _always("Gelu", "error function" + DOUBLED, approximate="none"),
        reach=3,
    ),
    Formula(
        "gelu_tanh_doubled",
        X * (call("Tanh", SLOPE * either(X + CUBIC * X**3, X * (1 + CUBIC * X**2))) + 1),
        ("Tanh",),
        _always("Gelu", "tanh approximation" + DOUBLED, approximate="tanh"),
        reach=3,
    ),
    Formula(
        "gelu_sigmoid",
        X * call("Sigmoid", 2 * SLOPE * either(X + CUBIC * X**3, X * (1 + CUBIC * X**2))),
        ("Sigmoid",),
        _always("Gelu", "tanh approximation, as a sigmoid", approximate="tanh"),
        reach=3,
    ),
    Formula("swish", swish(X), ("Sigmoid", "Exp"), _sloped, reach=4),
    Formula(
        "hard_swish",
        hard_swish(X),
        ("HardSigmoid", "Clip", "Min"),
        _always("HardSwish", "x times its hard sigmoid"),
        reach=4,
    ),
    Formula(
        "hard_sigmoid",
        hard_sigmoid(X),
        ("Clip", "Min"),
        _always("HardSigmoid", "clip(x + 3, 0, 6) / 6", alpha=1 / 6, beta=0.5),
        reach=3,
    ),
    Formula("mish", mish(X), ("Tanh",), _always("Mish", "x tanh(softplus(x))"), reach=3),
    Formula("relu6", relu6(INPUT), ("Clip", "Min", "Max"), _clipped, reach=1, through=("Min", "Max", "Clip")),
)
