"""Compilers for the host that they run on: what one lacks is refused, since there is nothing to fall back on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from checker.graph import EMPTY
from checker.probes.toolchain import Observation


def joined(*words: str) -> str:
    """Return what was said, without what is empty."""
    return "; ".join(each for each in words if each)


def lacked(said: str, listed: re.Pattern[str], name: re.Pattern[str]) -> tuple[str, Mapping[str, int]]:
    """Return the line in which an importer lists what it lacks, and the operators in it; empty where it lists nothing.

    Args:
        said: what was printed or raised.
        listed: matches the line; its first group is the list.
        name: matches one operator of the list; its group, where it has one, is the name.
    """
    found = listed.search(said)
    return (found[0].strip(), once(name.findall(found[1]))) if found else ("", EMPTY)


def once(names: Iterable[str]) -> Mapping[str, int]:
    """Return culprits that were named, and not counted."""
    return dict.fromkeys(names, 1)


def refused(says: str, stage: str, named: Mapping[str, int] = EMPTY, into: tuple[str, ...] = ()) -> Observation:
    """Return a refusal: what was said, how far it came, the operators that were named."""
    return Observation("refused", says, into, named, stage)


def taken(says: str, into: tuple[str, ...]) -> Observation:
    """Return an acceptance: how far it was tried and what differs, and the layers that the model became."""
    return Observation("native" if len(into) <= 1 else "decomposed", says, into)
