"""The JSON Schema (2020-12) of the report, made from the records of ``checker.report``."""

from __future__ import annotations

import collections.abc
import dataclasses
import types
import typing
from typing import Any, Literal

from checker import report

ID = f"urn:edgelint:report:{report.SCHEMA_VERSION}"
"""A name, not an address: nothing is fetched."""

SCALARS: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def schema() -> dict[str, Any]:
    """Return the schema: one definition a record, every key required, further keys allowed."""
    definitions: dict[str, Any] = {}
    root = _reference(report.Report, definitions)
    ordered = dict(sorted(definitions.items()))
    title = f"edgelint report, schema version {report.SCHEMA_VERSION}"
    described = "One report; `edgelint check --format json` prints a list of them where several files were asked for."
    one = {"$ref": root["$ref"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": title,
        "description": described,
        "oneOf": [one, {"type": "array", "items": one}],
        "$defs": ordered,
    }


def _reference(record: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Define a record once and return the reference to it."""
    if record.__name__ not in definitions:
        definitions[record.__name__] = {}  # taken, should a record ever hold itself
        hints = typing.get_type_hints(record, include_extras=True)
        properties = {field.name: _annotated(hints[field.name], definitions) for field in dataclasses.fields(record)}
        definitions[record.__name__] = {
            "type": "object",
            "description": " ".join((record.__doc__ or "").split()),
            "properties": properties,
            "required": list(properties),
        }
    return {"$ref": f"#/$defs/{record.__name__}"}


def _annotated(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    meaning, *rest = typing.get_args(hint)
    return {"description": rest[0], **_type(meaning, definitions)}


def _type(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Translate one type: record, scalar, literal, optional, mapping from strings, or tuple of one type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _reference(typing.cast("type[Any]", hint), definitions)
    if hint in SCALARS:
        return {"type": SCALARS[hint]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in {typing.Union, types.UnionType}:
        return {"anyOf": [_type(argument, definitions) for argument in arguments]}
    if origin is collections.abc.Mapping:
        return {"type": "object", "additionalProperties": _type(arguments[1], definitions)}
    if origin is tuple:
        return {"type": "array", "items": _type(arguments[0], definitions)}
    message = f"no JSON Schema for {hint!r}"
    raise TypeError(message)
