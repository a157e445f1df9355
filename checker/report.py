"""The record that every renderer reads, field for field the JSON report of schema version 1.

The order of the fields is the order of the keys.  Each field carries its meaning and unit as an annotation, and the
JSON Schema (``edgelint schema``) and ``docs/json-report.md`` are made from these classes, so the three cannot differ.
Fields may be added; none is ever renamed or given another meaning within a schema version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from checker import gate
from checker.cost_report import (
    BytesMoved,
    Fit,
    Floor,
    KindEntry,
    MemoryEntry,
    MissingEntry,
    NodeCostEntry,
    Prefix,
)
from checker.growth_report import AskedSize, Growth, ResolutionEntry
from checker.readiness_report import Int8Entry

SCHEMA_VERSION: Literal["1.0"] = "1.0"

Answer: TypeAlias = gate.Answer
ANSWERS = gate.ANSWERS

GradeName = Literal["measured", "measured-elsewhere", "documented", "inferred"]
StatusName = Literal["native", "folded", "decomposed", "fallback", "unsupported", "unknown"]
Form = Literal["operator", "decomposed"]


@dataclass(frozen=True, slots=True)
class Tool:
    """What made the report."""

    name: Annotated[str, "Always `edgelint`."]
    version: Annotated[str, "Version of the program."]
    tables: Annotated[str, "SHA-256 over all target files in use, so that two reports can be compared."]


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of the model."""

    name: Annotated[str, "Name in the file."]
    dtype: Annotated[str | None, "numpy-style element type; null where the file does not say."]
    shape: Annotated[
        tuple[int | str | None, ...] | None,
        "Length of each axis, the name of a symbolic dimension, or null; null altogether where the rank is unknown.",
    ]


@dataclass(frozen=True, slots=True)
class Model:
    """Facts of the file, read from the file and never from what was asked of an exporter."""

    path: Annotated[str, "The path as it was given."]
    sha256: Annotated[str, "SHA-256 in hexadecimal digits."]
    sha256_of: Annotated[
        Literal["structure", "file"],
        "`structure`: the file without the tensor payloads that were skipped; `file`: all of its bytes (`--hash`).",
    ]
    bytes: Annotated[int, "Size of the file, without external data."]
    ir_version: Annotated[int, "ONNX IR version."]
    producer: Annotated[str, "Name and version of the program that wrote the file; empty where it does not say."]
    opsets: Annotated[Mapping[str, int], "Opset import of each domain; the ONNX domain is `ai.onnx`."]
    inputs: Annotated[tuple[Tensor, ...], "Inputs, without initializers."]
    outputs: Annotated[tuple[Tensor, ...], "Outputs."]
    nodes: Annotated[int, "Nodes in the file, those of subgraphs and functions included."]
    compute_nodes: Annotated[int, "Nodes that are left after constants and shape arithmetic are folded away."]
    metadata: Annotated[
        Mapping[str, str], "The file's `metadata_props`, by key; a text longer than 4000 characters ends in ` ...`."
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompositeEntry:
    """One occurrence of a layer that was recognised, as one operator or in parts."""

    kind: Annotated[str, "Name of the newest ONNX operator that computes it, such as `LayerNormalization`."]
    form: Annotated[Form, "`operator`: one node in the file; `decomposed`: several."]
    nodes: Annotated[tuple[str, ...], "Names of the nodes that it covers, in file order."]
    variant: Annotated[str, "How it is spelled, in words; empty for the plain one."]
    scope: Annotated[str, "Module path, where the exporter left one."]


@dataclass(frozen=True, slots=True)
class BatchNormEntry:
    """What becomes of one BatchNormalization, or of a Mul and Add that are left of one."""

    node: Annotated[str, "Name of the node (of the Mul, for kind `affine`)."]
    kind: Annotated[str, "`BatchNormalization`, or `affine` for a left-over Mul and Add."]
    status: Annotated[Literal["foldable", "not-foldable", "folded"], "Whether it can vanish into its neighbour."]
    into: Annotated[str | None, "Name of the node that takes it; null where none can."]
    reason: Annotated[str, "Why; never empty."]


@dataclass(frozen=True, slots=True)
class WeightBytes:
    """Size of all weights when stored at a precision."""

    fp32: Annotated[int, "Bytes at four bytes a parameter."]
    fp16: Annotated[int, "Bytes at two bytes a parameter."]
    int8: Annotated[int, "Bytes at one byte a parameter."]
    stored: Annotated[int, "Bytes as the file has them."]


@dataclass(frozen=True, slots=True)
class CostEntry:
    """What one inference costs, whatever the chip."""

    macs: Annotated[int, "Multiply-accumulates of one inference; a lower bound where `complete` is false."]
    parameters: Annotated[int, "Number of stored weights' elements."]
    weight_bytes: Annotated[WeightBytes, "Size of the weights."]
    peak_activation_bytes: Annotated[
        int | None, "Most bytes of activations alive at once in file order; null where shapes are unknown."
    ]
    macs_by_kind: Annotated[Mapping[str, float], "Share of the multiply-accumulates by kind of node, largest first."]
    growth: Annotated[Growth, "How cost grows with input resolution."]
    pinned_resolution: Annotated[
        str | None,
        "What ties the file to its input size, in words that name the node; null where it takes others, or no input "
        "can grow.  `resolution.pin` has the same in parts.",
    ]
    complete: Annotated[bool, "Whether the shapes of every node that counts are known."]
    elementwise_ops: Annotated[int, "Element-wise steps, never counted as multiply-accumulates."] = 0
    bytes_moved: Annotated[BytesMoved, "What the nodes read and write."] = field(default_factory=BytesMoved)
    arithmetic_intensity: Annotated[float | None, "Multiply-accumulates for each byte moved; null where none is."] = (
        None
    )
    kinds: Annotated[tuple[KindEntry, ...], "The work by kind: most multiply-accumulates first, then most bytes."] = ()
    memory: Annotated[MemoryEntry, "Peak activation memory in several ways."] = field(default_factory=MemoryEntry)
    formula: Annotated[
        str | None,
        "Multiply-accumulates over the symbols of open axes, such as `4089184256*batch`; null where none is open, or "
        "one has no name.",
    ] = None
    missing: Annotated[tuple[MissingEntry, ...], "Why counts are lower bounds; empty where they are exact."] = ()
    nodes: Annotated[tuple[NodeCostEntry, ...], "Every node that costs anything, bodies of If, Loop and Scan too."] = ()
    resolution: Annotated[ResolutionEntry | None, "Which sizes the file takes; null where no input can grow."] = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Number of nodes by placement; those that were folded away count as well."""

    native: Annotated[int, "Run on the accelerator as they are."]
    folded: Annotated[int, "Vanish at compile time, or were folded away before."]
    decomposed: Annotated[int, "Run on the accelerator in parts."]
    fallback: Annotated[int, "Run on the host."]
    unsupported: Annotated[int, "Refused by the toolchain."]
    unknown: Annotated[int, "The model or the table does not say."]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Places of one kind where a reason or finding holds, in words that outlive new names and a new export."""

    op: Annotated[str, "Operator or composite; empty for the whole file."]
    structure: Annotated[
        str,
        "What feeds it, the operator, what it feeds, layout operators looked through: `Conv > Relu > MaxPool`; the "
        "condition for the whole file; empty for what was folded away.",
    ]
    scope: Annotated[str, "Module path with numbers as `#`, such as `layers.#.attn`; empty where none is left."]
    count: Annotated[int, "How many such places; a composite counts once."]
    nodes: Annotated[tuple[str, ...], "Names of the nodes there, in file order."]


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """Where a claim about a target comes from."""

    id: Annotated[str, "Name in the target's table."]
    kind: Annotated[str, "`probe`, `published-measurement`, `vendor-source` or `vendor-doc`."]
    grade: Annotated[GradeName, "How good it is."]
    title: Annotated[str, "Title; may be empty."]
    version: Annotated[str, "Version of the toolchain or document; may be empty."]
    date: Annotated[str, "Day of the measurement or document, as YYYY-MM-DD; may be empty."]
    where: Annotated[str, "Evidence file, page or address."]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some nodes are not native; nodes with the same reason are one entry.  Whole-file reasons have no nodes."""

    op: Annotated[str, "Operator or composite; empty for a reason that concerns the whole file."]
    nodes: Annotated[tuple[str, ...], "Names of the nodes, in file order."]
    status: Annotated[
        str,
        "What becomes of them; `refused` or `all-fallback` for the whole file; `inserts` for what the compiler adds on "
        "the host; `runs-as` for another precision than the one asked for; `dynamic` in a dynamic sub-"
        "network; `decomposed` or `folded` for a left-over BatchNormalization that does not run as one.",
    ]
    constraint: Annotated[str, "What the target needs, as the table has it; empty where no row speaks of it."]
    here: Annotated[str, "The model's own figures for the names in the constraint, or the reason in words."]
    source: Annotated[str, "Where the claim comes from."]
    grade: Annotated[GradeName | None, "How good the source is."] = None
    change: Annotated[str, "What cures it, where the table says so; otherwise empty."] = ""
    sources: Annotated[tuple[str, ...], "Ids of the target's sources that bear it out."] = ()
    occurrences: Annotated[tuple[Occurrence, ...], "Where it holds, whatever the nodes are called."] = ()
    listed: Annotated[
        str,
        "What the vendor's own operator list says, where a compiler was measured that does worse; empty otherwise.",
    ] = ""
    stage: Annotated[
        str,
        "How far the toolchain comes with these nodes: `read`, `parse`, `import`, `transform`, `convert`, `custom` (a "
        "custom operator without a kernel), `query`, `session`, `lower`, `quantize`, `skip` (the quantizer leaves them "
        "in floating point), `build`, `compile`, `vela`, `program`, `finalize`, `load`, `allocate`, `invoke`, `run`, "
        "`crash`; empty where that is not recorded.",
    ] = ""
    note: Annotated[str, "What the table adds in words; mostly empty."] = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A change that improves the verdict, tried in memory; or a cure that the target's table names."""

    name: Annotated[
        str,
        "Short name: `fixed-shapes`, `opset`, `in-parts`, `one-operator`, `standard-operators`, `spelling`, "
        "`fold-batchnorm`, `no-nan-guard`, `gelu-form`, `cut-tail`, `precision`; joined by `+` where several belong "
        "together; `table` for a cure that the table names.",
    ]
    what: Annotated[str, "What to do, as a sentence."]
    answer: Annotated[Answer | None, "The verdict after the change; null for a cure that cannot be tried in memory."]
    nodes: Annotated[tuple[str, ...], "Nodes that it concerns; empty for the whole file."] = ()
    cost: Annotated[
        Literal["nothing", "edit the file", "re-export", "accuracy check", "retraining"] | None,
        "What it asks of whoever makes it; null where the table does not say.",
    ] = None
    macs_on_accelerator: Annotated[
        float | None,
        "Share of the multiply-accumulates on the accelerator after it (of the nodes, where no node has any).",
    ] = None
    segments: Annotated[int | None, "Segments after it; null for a cure that cannot be tried in memory."] = None


@dataclass(frozen=True, slots=True)
class Search:
    """How far changes were looked for."""

    trials: Annotated[int, "Number of changed graphs that were placed."]
    stopped: Annotated[
        bool, "Whether more would have been tried but for the limit; fewer targets at a time, or a smaller file, help."
    ]


@dataclass(frozen=True, slots=True)
class NodeEntry:
    """Where one node, or one composite that is taken as a whole, runs."""

    name: Annotated[str, "Name in the report."]
    op: Annotated[str, "Operator or composite."]
    covers: Annotated[tuple[str, ...], "Names of the nodes of the file that it stands for."]
    status: Annotated[StatusName, "What becomes of it."]
    grade: Annotated[GradeName | None, "How good the evidence is; null where there is none."]
    row: Annotated[str, "The table row that decided; empty where none did."]
    sources: Annotated[tuple[str, ...], "Ids of the target's sources that the row cites."] = ()
    into: Annotated[
        tuple[str, ...],
        "What the compiler makes of such nodes, some or all of these, in its own words, where that was recorded; of an "
        "operator that is expanded, those of its function body.",
    ] = ()


@dataclass(frozen=True, slots=True)
class Simplified:
    """The verdict for the same model after onnxsim (`--simplify`)."""

    answer: Annotated[Answer, "The verdict."]
    compute_nodes: Annotated[int, "Compute nodes that are left."]
    macs_on_accelerator: Annotated[float | None, "Share of the multiply-accumulates on the accelerator."]
    segments: Annotated[int, "Number of segments."]


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """The verdict for one target."""

    id: Annotated[str, "Target id."]
    toolchain: Annotated[str, "Toolchain and version that the table speaks of."]
    precision: Annotated[str, "Precision that the verdict is about."]
    answer: Annotated[Answer, "The verdict."]
    grade: Annotated[GradeName | None, "Grade of the weakest row that decided; null where none did."]
    counts: Annotated[Counts, "Compute nodes by placement."]
    macs_on_accelerator: Annotated[
        float | None, "Share of the multiply-accumulates that run on the accelerator, 0 to 1; null where not known."
    ]
    segments: Annotated[
        int, "Runs of nodes on one device; 1 where everything is on the accelerator, 0 where nothing was placed."
    ]
    transfer_bytes: Annotated[
        int | None,
        "Bytes that cross between devices in one inference, those of operators that the compiler adds on the host too; "
        "null where not known.",
    ]
    reasons: Annotated[tuple[Reason, ...], "Why nodes are not native, the decisive one first."]
    nodes: Annotated[tuple[NodeEntry, ...], "Every compute node."]
    changes: Annotated[
        tuple[Change, ...],
        "What would improve the verdict: the smallest set of changes for the best improvement, the best single change, "
        "others that improve the answer, and cures that the table names.",
    ] = ()
    search: Annotated[Search, "How far changes were looked for."] = Search(0, stopped=False)
    simplified: Annotated[Simplified | None, "The verdict after onnxsim; null unless it was asked for."] = None
    sources: Annotated[tuple[SourceEntry, ...], "Every source that the entries above name, by id."] = ()
    prefix: Annotated[Prefix | None, "What maps where the toolchain takes one subgraph only; null elsewhere."] = None
    floor: Annotated[Floor | None, "A lower bound of the latency; null where nothing is on the accelerator."] = None
    fit: Annotated[Fit | None, "Whether weights and activations fit into memory; null where nothing was placed."] = None
    int8: Annotated[
        Int8Entry | None,
        "What would run in int8; null where the target does not offer it, and where neither it nor the target was "
        "asked for.",
    ] = None


@dataclass(frozen=True, slots=True)
class FindingEntry:
    """Something worth knowing that a rule says about the model."""

    rule: Annotated[str, "The rule's id; `edgelint explain` tells more."]
    severity: Annotated[Literal["error", "warning", "info"], "How much it matters."]
    confidence: Annotated[Literal["high", "medium", "low"], "How sure the rule is."]
    target: Annotated[str | None, "The target that it is about; null for all."]
    nodes: Annotated[tuple[str, ...], "Names of the nodes; empty for the whole file."]
    message: Annotated[str, "What is so."]
    fix: Annotated[str, "What to do about it; empty where there is nothing to do."]
    occurrences: Annotated[tuple[Occurrence, ...], "Where it holds, whatever the nodes are called."] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that `edgelint check` says about one model."""

    schema_version: Annotated[Literal["1.0"], "Version of this layout."]
    tool: Annotated[Tool, "What made the report."]
    model: Annotated[Model, "Facts of the file."]
    composites: Annotated[tuple[CompositeEntry, ...], "Layers that were recognised, every level, in file order."]
    batchnorm: Annotated[tuple[BatchNormEntry, ...], "Every BatchNormalization of the file, nested ones too."]
    cost: Annotated[CostEntry, "What one inference costs."]
    targets: Annotated[tuple[TargetEntry, ...], "One verdict a target."]
    findings: Annotated[tuple[FindingEntry, ...], "What the rules say."]
    baseline: Annotated[gate.Comparison | None, "Held against an earlier report; null without `--baseline`."] = None
    gate: Annotated[gate.Gate | None, "Whether the model passes; null where no target was asked for."] = None
    resolutions: Annotated[tuple[AskedSize, ...], "The file at each size that `--resolution` asks about."] = ()
