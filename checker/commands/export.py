"""``edgelint export``: a torch model as an ONNX file, and the facts of that file."""

from __future__ import annotations

from argparse import Namespace

from checker.commands.output import emit, remark
from checker.export import export, parse_input
from checker.load import load_file
from checker.render.words import size


def run(options: Namespace) -> int:
    """Export and report what the file says."""
    inputs = [parse_input(text) for text in options.input]
    written = export(options.model, inputs, options.output, opset=options.opset, exporter=options.exporter or "dynamo")
    loaded = load_file(written.path)
    graph = loaded.graph
    named = ", ".join(f"{v.name} {v.dtype} {list(v.shape or ())}" for v in graph.inputs)
    facts = (
        f"{written.path}: opset {written.opset}, IR version {graph.ir_version}, by {graph.producer}, "
        f"{graph.file_nodes} nodes ({len(graph.nodes)} compute nodes), inputs {named}, {size(loaded.bytes)}"
    )
    emit(facts + "\n", None)
    for note in written.notes:
        remark(f"{written.path}: {note}")
    return 0
