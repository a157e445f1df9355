"""From the structure of a file to its graph: functions inlined, opsets read, the pass run, the records built."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.graph import Graph, Problem
from checker.load.files import Source, parse
from checker.schema import EXTENDED_DOMAINS, native

if TYPE_CHECKING:
    from checker.load.baked import Watch
    from checker.load.naming import Namer
    from checker.load.order import Plan

# numpy's BLAS starts a thread for each core when it is imported; nothing here multiplies matrices worth that
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_NEWEST_IR_WITHOUT_OPSET = 2


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What is read out of a model once, however often it is gone over.

    ``plan``: the nodes of the main graph in order.  ``used``: every name that some node uses.
    """

    source: Source
    model: Any
    where: str
    opsets: Mapping[str, int]
    problems: Sequence[Problem]
    namer: Namer
    plan: Plan
    used: AbstractSet[str]


def prepare(source: Source) -> Prepared:
    """Read a model, its functions inlined.

    Raises:
        InputError: the names of the graph do not fit together.
    """
    from checker.load.naming import Namer, every_node
    from checker.load.order import plan_of

    where = str(source.path or "the model in memory")
    model = _inlined(source, where)
    opsets, problems = _opsets(model)
    used = frozenset(name for node in every_node(model.graph) for name in node.input)
    return Prepared(source, model, where, opsets, problems, Namer(model.graph), plan_of(model.graph, (), where), used)


def graph_of_model(source: Source) -> tuple[Graph, Any]:
    """Return the graph, and the ModelProto with its functions inlined.

    Raises:
        InputError: the names of the graph do not fit together, or external data leaves the folder.
    """
    prepared = prepare(source)
    return graph_of_prepared(prepared), prepared.model


def graph_of_prepared(prepared: Prepared, watch: Watch | None = None) -> Graph:
    """Return the graph; ``watch`` looks at each node.

    Raises:
        InputError: external data leaves the folder.
    """
    from checker.load.build import graph_of
    from checker.load.dead import prune
    from checker.load.fold import Pass
    from checker.load.infer import Setting
    from checker.load.stored import Weights

    model, weights = prepared.model, Weights(prepared.source)
    setting = Setting(prepared.opsets, model.ir_version or 3)
    run = Pass(setting, weights, prepared.namer.fork(), prepared.where, watch=watch, plan=prepared.plan)
    body, _ = run.graph(model.graph)
    prune(body, prepared.used, run.folded)
    return graph_of(
        body,
        model,
        opsets=prepared.opsets,
        folded=run.folded,
        problems=[*prepared.problems, *weights.problems(), *run.problems],
        stored=[*body.stored, *run.extra],
        file_nodes=prepared.namer.nodes,
    )


def _inlined(source: Source, where: str) -> Any:
    model = source.model
    if not len(model.functions):
        return model
    try:
        flat = native().inliner.inline_local_functions(model.SerializeToString(), False)  # noqa: FBT003  # C++ binding
    except (RuntimeError, ValueError, TypeError, IndexError, KeyError) as error:
        from checker.errors import InputError

        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(f"{where}: its functions cannot be inlined ({line})") from None
    return parse(flat, where)


def _opsets(model: Any) -> tuple[Mapping[str, int], list[Problem]]:
    found: dict[str, int] = {}
    for entry in model.opset_import:
        domain = "" if entry.domain == "ai.onnx" else entry.domain
        found[domain] = max(int(entry.version), found.get(domain, 0))
    for domain in {node.domain for node in model.graph.node if node.domain in EXTENDED_DOMAINS}:
        # ONNX Runtime writes and reads its own domain without an import
        found.setdefault(domain, 1)
    problems = []
    if "" not in found:
        # before IR version 3 there was nothing to declare, and opset 1 is meant
        if model.ir_version > _NEWEST_IR_WITHOUT_OPSET and any(not node.domain for node in model.graph.node):
            problems.append(
                Problem("opset-missing", "the file declares no opset of the ONNX domain; opset 1 is assumed")
            )
        found[""] = 1
    return found, problems
