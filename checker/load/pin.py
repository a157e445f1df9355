"""What ties a file to the size of its input, as a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "position-embedding", "constant-table", "relative-position-bias", "attention-mask", "reshape", "window",
    "flatten-linear", "token-linear", "resize", "expand", "slice", "indices", "normalization", "pool", "top-k",
    "stride", "other",
]  # fmt: skip
Effect = Literal["fails", "wrong"]


@dataclass(frozen=True, slots=True)
class Pin:
    """The node that ties a file to its input size.

    ``node``: name in the report; empty where it is no single node.  ``message``: what it has and got, in words.
    ``effect``: ``fails``, a runtime refuses another size; ``wrong``, it runs and computes something else.
    """

    node: str
    op: str
    kind: Kind
    message: str
    effect: Effect


class Stopped(Exception):  # noqa: N818  # found what was looked for, no failure
    """The pass has met the first node that is in the way."""

    def __init__(self, pin: Pin) -> None:
        """Carry the pin."""
        super().__init__(pin.message)
        self.pin = pin


Found = tuple[Kind, str, Effect] | None
"""What a test says of a node: kind, message, effect; None where it stays right at another size."""


def sizes(fact: object) -> tuple[int, ...] | None:
    """Return the shape of a fact or value where every axis is a number."""
    shape: tuple[object, ...] | None = getattr(fact, "shape", None)
    if shape is None or not all(isinstance(dim, int) for dim in shape):
        return None
    return tuple(dim for dim in shape if isinstance(dim, int))
