"""The ONNX operator schemas, without the cost of ``import onnx``.

``import onnx`` takes a quarter of a second, most of it numpy and Python helpers that reading a graph does not need.
The two modules that matter (the protobuf records and the compiled registry) are loaded straight from the folder of
the installed package and registered under their own names, so a later ``import onnx`` finds and shares them.

Operators of ``com.microsoft`` are not in the ONNX registry; their formal names are data,
``opsets/schemas/com.microsoft.toml``, and answer to the same functions.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

from checker.errors import InputError

if TYPE_CHECKING:
    from checker.graph import Attribute

EXTENDED_DOMAINS = ("com.microsoft", "com.microsoft.nchwc")


@dataclass(frozen=True, slots=True)
class Formal:
    """A formal input or output of an operator: its name, and whether it is variadic or may be left out."""

    name: str
    variadic: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class AttributeDef:
    """An attribute as the schema declares it.

    ``type`` is the ONNX word (``"INT"``, ``"FLOATS"``, ``"TENSOR"``, ``"GRAPH"`` ...).  ``default`` is None where the
    schema states none; a default that only the operator's text states is not here but in ``checker.load.defaults``.
    """

    name: str
    type: str
    required: bool = False
    default: Attribute = None


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """One version of an operator.  ``since`` is the opset in which this version came into force."""

    op: str
    domain: str
    since: int
    inputs: tuple[Formal, ...]
    outputs: tuple[Formal, ...]
    attributes: Mapping[str, AttributeDef]
    deprecated: bool = False
    has_function: bool = False
    deterministic: bool = True
    shape: str = ""
    """For an operator outside the registry: how its output's shape follows (see ``com.microsoft.toml``)."""
    raw: Any = None
    """The registry's own object (None for ``com.microsoft``): shape inference wants it."""

    @property
    def in_force(self) -> bool:
        """Tell whether the operator exists at this version: advised against, as GroupNormalization of 18, is not gone.

        A deprecated version that keeps a function body still says what it computes; Upsample of 10 says nothing.
        """
        return not self.deprecated or self.has_function


def _light(name: str) -> ModuleType:
    """Load one module of the onnx package without running ``onnx/__init__.py``."""
    full = f"onnx.{name}"
    known = sys.modules.get(full)
    if known is not None:
        return known
    package = importlib.util.find_spec("onnx")
    if package is None or not package.submodule_search_locations:
        raise InputError("the onnx package is not installed; install edgelint with its dependencies")
    folder = Path(next(iter(package.submodule_search_locations)))
    for suffix in (".py", *EXTENSION_SUFFIXES):
        path = folder / f"{name}{suffix}"
        if path.is_file():
            spec = importlib.util.spec_from_file_location(full, path)
            if spec is not None and spec.loader is not None:
                module = importlib.util.module_from_spec(spec)
                sys.modules[full] = module
                spec.loader.exec_module(module)
                return module
    raise InputError(f"the installed onnx package has no module {name}: install onnx 1.18 or newer")


@cache
def protos() -> Any:
    """Return the module of protobuf records (``ModelProto``, ``TensorProto`` ...)."""
    return _light("onnx_ml_pb2")


@cache
def native() -> Any:
    """Return the compiled part of onnx (``defs``, ``inliner``, ``shape_inference``)."""
    return _light("onnx_cpp2py_export")


@cache
def find(op: str, domain: str = "", opset: int | None = None) -> Schema | None:
    """Return the schema in force at an opset import; None where that opset has no such operator.

    Args:
        op: operator name, such as ``"Conv"``.
        domain: operator domain; ``""`` and ``"ai.onnx"`` are the ONNX domain.
        opset: the file's import of the domain; None for the newest.
    """
    if domain == "ai.onnx":
        domain = ""
    if domain in EXTENDED_DOMAINS:
        return _extended().get((domain, op))
    defs = native().defs
    try:
        raw = defs.get_schema(op, domain) if opset is None else defs.get_schema(op, opset, domain)
    except (defs.SchemaError, TypeError):
        # TypeError: an opset number that does not fit an int
        return None if domain else _extended_standard(op)
    return _record(raw.name, raw.domain, raw.since_version, _Raw(raw))


def newest(op: str, domain: str = "") -> Schema | None:
    """Return the newest version of an operator that is not deprecated; a deprecated one when there is no other."""
    versions = history(op, domain)
    for schema in reversed(versions):
        if not schema.deprecated:
            return schema
    return versions[-1] if versions else None


@cache
def history(op: str, domain: str = "") -> tuple[Schema, ...]:
    """Return every version of an operator, oldest first; empty for an unknown one."""
    found: list[Schema] = []
    schema = find(op, domain)
    while schema is not None:
        found.append(schema)
        if schema.since <= 1 or schema.raw is None:
            break
        schema = find(op, domain, schema.since - 1)
    return tuple(reversed(found))


def _extended_standard(op: str) -> Schema | None:
    """Operators that ONNX Runtime registers in the ONNX domain though no ONNX opset has them."""
    return _extended().get(("", op))


class _Raw:
    """Keeps a registry object out of the cache key: two handles on one schema are the same schema."""

    __slots__ = ("schema",)

    def __init__(self, schema: Any) -> None:
        self.schema = schema

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Raw)

    def __hash__(self) -> int:
        return 0


@cache
def _record(op: str, domain: str, since: int, raw: _Raw) -> Schema:
    schema = raw.schema
    attributes = {
        name: AttributeDef(name, attr.type.name, attr.required, _default(attr))
        for name, attr in schema.attributes.items()
    }
    return Schema(
        op=op,
        domain=domain,
        since=since,
        inputs=tuple(_formal(each) for each in schema.inputs),
        outputs=tuple(_formal(each) for each in schema.outputs),
        attributes=MappingProxyType(attributes),
        deprecated=schema.deprecated,
        has_function=schema.has_function or schema.has_context_dependent_function,
        deterministic=op not in _RANDOM,
        raw=schema,
    )


_RANDOM = frozenset(
    {
        "Bernoulli",
        "Multinomial",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
    }
)
"""Random operators; only newer versions of the registry mark them."""


def _formal(parameter: Any) -> Formal:
    option = parameter.option.name
    return Formal(parameter.name, variadic=option == "Variadic", optional=option == "Optional")


def _default(attribute: Any) -> Attribute:
    raw: bytes = attribute._default_value  # noqa: SLF001  # onnx's own wrapper around it needs the whole package
    if not raw:
        return None
    proto = protos().AttributeProto.FromString(raw)
    kind = attribute.type.name
    value: Attribute
    if kind == "INT":
        value = int(proto.i)
    elif kind == "FLOAT":
        value = float(proto.f)
    elif kind == "STRING":
        value = proto.s.decode("utf-8", "replace")
    elif kind == "INTS":
        value = tuple(proto.ints)
    elif kind == "FLOATS":
        value = tuple(proto.floats)
    elif kind == "STRINGS":
        value = tuple(each.decode("utf-8", "replace") for each in proto.strings)
    else:
        value = None
    return value


@cache
def _extended() -> Mapping[tuple[str, str], Schema]:
    """Read the formal names of operators outside the ONNX registry from the project's data."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    from checker.paths import opsets_dir

    found: dict[tuple[str, str], Schema] = {}
    for path in sorted((opsets_dir() / "schemas").glob("*.toml")):
        with path.open("rb") as file:
            data = tomllib.load(file)
        for name, entry in data["operator"].items():
            for domain in entry.get("domains", [data["domain"]]):
                found[domain, name] = _from_data(name, domain, entry)
    return MappingProxyType(found)


def _from_data(name: str, domain: str, entry: Mapping[str, Any]) -> Schema:
    attributes: dict[str, AttributeDef] = {}
    for attribute, default in entry.get("attributes", {}).items():
        if isinstance(default, str) and default.startswith("<"):
            word = default.strip("<>!")
            attributes[attribute] = AttributeDef(attribute, word, required=default.endswith("!>"))
        else:
            value = tuple(default) if isinstance(default, list) else default
            attributes[attribute] = AttributeDef(attribute, _word(default), required=False, default=value)
    return Schema(
        op=name,
        domain=domain,
        since=entry.get("since", 1),
        inputs=tuple(_from_word(each) for each in entry["inputs"]),
        outputs=tuple(_from_word(each) for each in entry["outputs"]),
        attributes=MappingProxyType(attributes),
        shape=entry.get("shape", ""),
    )


def _word(default: object) -> str:
    if isinstance(default, list):
        return f"{_word(default[0])}S" if default else "INTS"
    return {int: "INT", float: "FLOAT", str: "STRING"}[type(default)]


def _from_word(word: str) -> Formal:
    """``"B?"`` is optional, ``"inputs*"`` variadic."""
    return Formal(word.rstrip("?*"), variadic=word.endswith("*"), optional=word.endswith("?"))


def onnx_package() -> Any:
    """Import the whole onnx package (0.25 s), bound to the light modules where those are loaded already.

    A plain ``import onnx`` works too, but leaves the attribute ``onnx.onnx_cpp2py_export`` unset, which some tools use.
    """
    import onnx

    for name in ("onnx_ml_pb2", "onnx_cpp2py_export"):
        module = sys.modules.get(f"onnx.{name}")
        if module is not None and not hasattr(onnx, name):
            setattr(onnx, name, module)
    return onnx
