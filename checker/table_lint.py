"""Lint of target tables against the ONNX schemas: what no row may get wrong, and reading a table does not need to know.

The tests lint every row that ships; ``edgelint targets`` does so for a stranger's folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from checker import schema
from checker.constraint import Constraint, ConstraintError, parse
from checker.facts import GENERAL
from checker.paths import opsets_dir
from checker.predicates import PREDICATES
from checker.table_file import NEWEST, near
from checker.target import Row, Target, Versions

_ONNX_LAYERS: Final = """
Softmax Gelu Swish HardSwish HardSigmoid Mish Softplus Tanh Elu Selu
LayerNormalization RMSNormalization GroupNormalization InstanceNormalization BatchNormalization LpNormalization
Attention RotaryEmbedding LinearAttention LSTM GRU RNN DepthToSpace SpaceToDepth
"""

COMPOSITES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(_ONNX_LAYERS.split(), frozenset[str]()),
    "QuickGelu": frozenset({"X", "alpha"}),
    "Relu6": frozenset({"input"}),
    "PatchEmbedding": frozenset({"X", "W", "B", "patch_size"}),
    "WindowPartition": frozenset({"X", "window"}),
    "WindowReverse": frozenset({"X", "window"}),
    "SqueezeExcitation": frozenset({"X"}),
    "MultiHeadAttention": frozenset({"query", "key", "value", "attn_mask", "num_heads"}),
    "TalkingHeadsAttention": frozenset({"Q", "K", "V", "attn_mask", "scale", "q_num_heads", "kv_num_heads"}),
}
"""Layers that are recognised in parts; the names of arguments that no ONNX schema states, where there are any."""


def vocabulary(op: str) -> frozenset[str] | None:
    """Return the argument and attribute names that a constraint may use; None for an unknown operator."""
    domain, _, name = op.rpartition(".")
    newest = schema.newest(name, domain)
    extra = COMPOSITES.get(op)
    if newest is None:
        return extra
    formals = (formal.name for formal in (*newest.inputs, *newest.outputs))
    return frozenset({*formals, *newest.attributes}) | (extra or frozenset())


def lint(target: Target) -> tuple[str, ...]:
    """Return every fault of a target's own rows, each a line that names file and row; none for a sound table."""
    faults: list[str] = []
    for kind, rules in (("model", target.model), ("always", target.always)):
        for rule in rules:
            if rule.table == target.id:
                where = f"{target.path}: [[{kind}]] row {rule.index}: "
                faults += [where + fault for fault in _constraints(rule.require, frozenset())]
                faults += [where + fault for fault in _offered(rule.precision, target)]
    for row in target.rows:
        if row.table == target.id:
            where = f"{target.path}: [[op]] row {row.index} ({row.op}): "
            faults += [where + fault for fault in _row(row, target)]
    faults += [f"{target.path}: {fault}" for fault in _sources(target)]
    return tuple(faults)


def _row(row: Row, target: Target) -> Iterator[str]:
    names = vocabulary(row.op)
    if names is None:
        domain, _, name = row.op.rpartition(".")
        yield f"unknown operator `{row.op}`{near(name, _operators(domain))}"
        return
    if row.form == "decomposed" and row.op not in COMPOSITES:
        yield f"`{row.op}` is not recognised in parts, a row of form `decomposed` never applies"
    if row.form == "operator" and schema.newest(*_split(row.op)) is None:
        yield f"`{row.op}` is no operator, a row of form `operator` never applies"
    yield from _constraints(row.require, names)
    yield from _versions(row)
    yield from _offered(row.precision, target)
    for earlier in target.by_op[row.op]:
        if earlier is row:
            break
        if not (earlier.form or earlier.opset or earlier.since or earlier.precision or earlier.require):
            yield f"never reached: row {earlier.index} of the operator has no conditions"


def _split(op: str) -> tuple[str, str]:
    domain, _, name = op.rpartition(".")
    return name, domain


def _constraints(lines: Iterable[str], names: frozenset[str]) -> Iterator[str]:
    for line in lines:
        try:
            constraint: Constraint = parse(line)
        except ConstraintError as error:
            yield str(error)
            continue
        known = names | GENERAL | PREDICATES.keys()
        for name, column in constraint.names.items():
            if name not in known:
                yield f"unknown name `{name}` (column {column} of `{line}`){near(name, known)}"


def _versions(row: Row) -> Iterator[str]:
    history = schema.history(*_split(row.op))
    newest_opset = _newest_opset() if "." not in row.op else 1
    if row.since:
        existing = {each.since for each in history}
        for low, high in row.since:
            listed = low == high
            if listed and low not in existing:
                yield f"`{row.op}` has no schema version {low}; it has {', '.join(map(str, sorted(existing)))}"
            elif not any(low <= version <= high for version in existing):
                yield f"`since` {row.since.text} takes in no schema version of `{row.op}`"
    if row.opset:
        first = min((each.since for each in history), default=1)
        yield from _possible(row.opset, first if row.form == "operator" else 1, newest_opset)


def _possible(opset: Versions, first: int, newest: int) -> Iterator[str]:
    for low, high in opset:
        if high < first or low > newest or (high != NEWEST and high > newest):
            yield f"impossible opset range {opset.text}: versions {first} to {newest} exist"


def _offered(precision: Iterable[str], target: Target) -> Iterator[str]:
    for word in precision:
        if word not in target.precision:
            yield f"precision `{word}` is not offered by the target ({', '.join(target.precision)})"


def _sources(target: Target) -> Iterator[str]:
    for source in target.sources.values():
        if source.kind == "probe" and not (opsets_dir() / source.where).is_file():
            beside = Path(target.path).parent / source.where
            if not beside.is_file():
                yield f"[source.{source.id}]: there is no evidence file {source.where}"


def _newest_opset() -> int:
    return max(version for domain, version in _domains().items() if domain in ("", "ai.onnx"))


def _domains() -> Mapping[str, int]:
    ranges = schema.native().defs.schema_version_map()
    return {domain: top for domain, (_, top) in ranges.items()}


def _operators(domain: str) -> frozenset[str]:
    names = {each.name for each in schema.native().defs.get_all_schemas() if each.domain == domain}
    return frozenset(names | set(COMPOSITES)) if not domain else frozenset(names)
