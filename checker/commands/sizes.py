"""Sizes of the input as they are asked for on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from checker.errors import InputError

LARGEST = 1 << 16


def sizes(words: Iterable[str]) -> tuple[tuple[int, ...], ...]:
    """Read ``224x224`` (height and width) or ``256`` (both sides of a picture, or a number of tokens), each once.

    Raises:
        InputError: it is no size.
    """
    found: dict[tuple[int, ...], None] = {}
    for word in words:
        if not re.fullmatch(r"[0-9]{1,6}(x[0-9]{1,6})?", word):
            raise InputError(f"--resolution {word}: write height x width such as 224x320, or one length such as 256")
        size = tuple(int(part) for part in word.split("x"))
        if not all(1 <= side <= LARGEST for side in size):
            raise InputError(f"--resolution {word}: sides are from 1 to {LARGEST}")
        found[size] = None
    return tuple(found)
