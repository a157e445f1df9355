"""From the structure of a file to its graph: functions inlined, opsets read, the pass run, the records built."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from checker.graph import Graph, Problem
from checker.load.files import Source, parse
from checker.schema import EXTENDED_DOMAINS, native

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.load.baked import Watch

# numpy's BLAS starts a thread for each core when it is imported; nothing here multiplies matrices worth that
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_NEWEST_IR_WITHOUT_OPSET = 2


def graph_of_model(source: Source, watch: Watch | None = None) -> tuple[Graph, Any]:
    """Return the graph, and the ModelProto with its functions inlined; ``watch`` looks at each node.

    Raises:
        InputError: the names of the graph do not fit together, or external data leaves the folder.
    """
    from checker.load.build import graph_of
    from checker.load.dead import prune
    from checker.load.fold import Pass
    from checker.load.infer import Setting
    from checker.load.naming import Namer, every_node
    from checker.load.stored import Weights

    where = str(source.path or "the model in memory")
    model = _inlined(source, where)
    opsets, problems = _opsets(model)
    namer = Namer(model.graph)
    weights = Weights(source)
    run = Pass(Setting(opsets, model.ir_version or 3), weights, namer, where, watch=watch)
    body, _ = run.graph(model.graph)
    prune(body, {name for node in every_node(model.graph) for name in node.input}, run.folded)
    return (
        graph_of(
            body,
            model,
            opsets=opsets,
            folded=run.folded,
            problems=[*problems, *weights.problems(), *run.problems],
            stored=[*body.stored, *run.extra],
            file_nodes=namer.nodes,
        ),
        model,
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
