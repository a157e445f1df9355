"""Waivers: which results they excuse, and those that a model carries in its own metadata.

A model's own stand in its ``metadata_props`` under the key ``edgelint.waivers``, as JSON: a list of objects with the
keys of a policy's waiver (``rule target op scope reason owner expires``), texts or lists of texts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from checker.errors import InputError
from checker.gate import WaiverEntry
from checker.policy import read
from checker.policy.record import Policy, Waiver
from checker.report import Report
from checker.results import Result

KEY: Final = "edgelint.waivers"
KEYS: Final = ("rule", "target", "op", "scope", "reason", "owner", "expires")


def in_model(report: Report) -> tuple[Waiver, ...]:
    """Return the waivers that the model carries.

    Raises:
        InputError: they are written wrongly.
    """
    text = report.model.metadata.get(KEY)
    if text is None:
        return ()
    where = f"metadata `{KEY}`"
    try:
        listed = json.loads(text)
    except ValueError:
        raise InputError(f"{where}: no JSON") from None
    if not isinstance(listed, list):
        raise InputError(f"{where}: must be a list of waivers")
    return tuple(read.in_metadata(each, where, number, KEYS) for number, each in enumerate(listed, 1))


def of_model(policy: Policy, report: Report) -> tuple[Waiver, ...]:
    """Return the policy's waivers for a model."""
    path = report.model.path
    return tuple(each for each in policy.waivers if not each.models or policy.matches(each.models, path))


def applied(report: Report, result: Result) -> tuple[WaiverEntry, ...]:
    """Return the waivers of a report that excuse a result."""
    counted = report.gate.waivers if report.gate is not None else ()
    return tuple(each for each in counted if each.state == "applied" and covers(each, result))


def covers(waiver: Waiver | WaiverEntry, result: Result) -> bool:
    """Tell whether a waiver is about a result."""
    return (
        fits(result.rule, waiver.rule)
        and fits(result.target or "", waiver.target)
        and fits(result.op, waiver.op)
        and any(_in_scope(pattern, result) for pattern in waiver.scope)
    )


def fits(text: str, patterns: Sequence[str]) -> bool:
    """Tell whether a text fits one of some shell patterns."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _in_scope(pattern: str, result: Result) -> bool:
    if pattern == "*":
        return True
    if result.place.scope and fnmatchcase(result.place.scope, pattern):
        return True
    names: Sequence[str] = result.place.nodes
    return bool(names) and all(fnmatchcase(name, pattern) for name in names)
