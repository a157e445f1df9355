"""Reports that were written before: from JSON back to the records."""

from __future__ import annotations

import collections.abc
import dataclasses
import json
import types
import typing
from functools import cache
from pathlib import Path, PurePath
from typing import Any, Literal, TypeVar

from checker.errors import InputError
from checker.report import SCHEMA_VERSION, Report

Record = TypeVar("Record")

NEEDED: dict[str, tuple[str, ...]] = {
    "Report": ("model", "targets", "findings"),
    "Model": ("path",),
    "TargetEntry": ("id", "answer", "reasons"),
    "Reason": ("op", "status", "occurrences"),
    "FindingEntry": ("rule", "message"),
    "Occurrence": ("op", "structure", "scope", "count"),
}
"""What a comparison rests on."""


def read(path: str) -> tuple[Report, ...]:
    """Read the reports in a file that ``--format json`` wrote.

    Raises:
        InputError: the file cannot be read, or holds something else.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: no text; a report is what `edgelint check --format json` writes") from None
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: no JSON ({error}); a report is what `edgelint check --format json` writes") from None
    listed = data if isinstance(data, list) else [data]
    return tuple(_report(each, path) for each in listed)


def _report(data: Any, path: str) -> Report:
    if not isinstance(data, dict) or "schema_version" not in data:
        raise InputError(f"{path}: no edgelint report; write one with `edgelint check --format json`")
    version = data["schema_version"]
    if version != SCHEMA_VERSION:
        raise InputError(f"{path}: schema version {version}, this edgelint reads {SCHEMA_VERSION}; write it again")
    try:
        found = record(Report, data)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: damaged, or by an older edgelint ({error}); write it again") from None
    return found


def of_model(reports: collections.abc.Sequence[Report], path: str, *, alone: bool) -> Report | None:
    """Return the earlier report of a model: by its path, else by its file name, else the only one there is.

    Args:
        reports: what the file holds.
        path: the model's path now.
        alone: whether it is the only model that is asked about.
    """
    by_path = [each for each in reports if PurePath(each.model.path) == PurePath(path)]
    by_name = [each for each in reports if PurePath(each.model.path).name == PurePath(path).name]
    for found in (by_path, by_name):
        if len(found) == 1:
            return found[0]
    return reports[0] if alone and len(reports) == 1 else None


def record(kind: type[Record], data: Any) -> Record:
    """Make a record from plain data.

    Keys are added within a schema version: one that is not known is left out, and one that an older report has not is
    null, nothing or zero, but for those that a comparison cannot do without.

    Raises:
        KeyError: one of those is missing.
        TypeError: a value is of another type.
    """
    if not isinstance(data, dict):
        raise TypeError(f"{kind.__name__} is no object")
    hints = _hints(typing.cast("Any", kind))
    values: dict[str, Any] = {}
    for field in dataclasses.fields(typing.cast("Any", kind)):
        if field.name in data:
            values[field.name] = _value(hints[field.name], data[field.name], f"{kind.__name__}.{field.name}")
        elif field.name in NEEDED.get(kind.__name__, ()):
            raise KeyError(f"{kind.__name__} without {field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            values[field.name] = _nothing(hints[field.name])
    return kind(**values)


def _nothing(hint: Any) -> Any:
    """Return what stands for a key that an older report has not."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType} and type(None) in arguments:
        return None
    if dataclasses.is_dataclass(hint):
        return record(typing.cast("type[Any]", hint), {})
    if origin is Literal:
        return arguments[0]
    return {} if origin is collections.abc.Mapping else (origin or hint)()


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _value(hint: Any, value: Any, where: str) -> Any:
    """Return a value as a record has it."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return record(typing.cast("type[Any]", hint), value)
    if origin is Literal:
        if value not in arguments:
            raise TypeError(f"{where} is {value!r}")
        return value
    if origin in {typing.Union, types.UnionType}:
        return _one_of(arguments, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise TypeError(f"{where} is no list")
        return tuple(_value(arguments[0], each, where) for each in value)
    if origin is collections.abc.Mapping:
        if not isinstance(value, dict):
            raise TypeError(f"{where} is no object")
        return {key: _value(arguments[1], each, where) for key, each in value.items()}
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise TypeError(f"{where} is {value!r}")
    return value


def _one_of(kinds: collections.abc.Sequence[Any], value: Any, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    fault = TypeError(f"{where} is {value!r}")
    for kind in kinds:
        if kind is not type(None):
            try:
                return _value(kind, value, where)
            except TypeError as error:
                fault = error
    raise fault
