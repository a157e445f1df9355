"""Composites as they occur in the fixtures: each spelling once, as a short list of nodes."""

from __future__ import annotations

import lzma
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnx import parser

from checker.composites import raise_composites
from checker.graph import Composite, Graph, Node, Value
from checker.load import load_model

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
LONGEST = 14
SHOWN = 6
ATTRIBUTES = ("axis", "axes", "perm", "equation", "kernel_shape", "strides")


@dataclass(frozen=True, slots=True, eq=False)
class Spelling:
    """One way in which exporters wrote a layer: how often it occurs in the fixtures, and where first."""

    example: Composite
    count: int
    file: str
    covered: tuple[int, ...]

    @property
    def title(self) -> str:
        """The variant in words, with the numbers of nodes that it takes."""
        sizes = " to ".join(str(size) for size in dict.fromkeys((min(self.covered), max(self.covered))))
        nodes = "one node" if sizes == "1" else f"{sizes} nodes"
        whole = "as one operator" if self.example.form == "operator" else "in parts"
        times = "once, in" if self.count == 1 else f"{self.count} times, first in"
        return f"{self.example.variant or whole} ({nodes}, {times} `{self.file}`)"


def spellings() -> dict[str, list[Spelling]]:
    """Return by kind the spellings that the fixtures hold: one of every variant first, then the most frequent."""
    counts: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    examples: dict[tuple[str, str, tuple[str, ...]], tuple[Composite, str]] = {}
    covered: dict[tuple[str, str, tuple[str, ...]], list[int]] = {}
    for file, graph in _graphs():
        for composite in raise_composites(graph):
            key = (composite.kind, composite.variant, tuple(step.op for step in _steps(composite)))
            counts[key] += 1
            covered.setdefault(key, []).append(len(composite.covers))
            examples.setdefault(key, (composite, file))
    found: dict[str, list[Spelling]] = {}
    again: dict[str, list[Spelling]] = {}
    seen: set[tuple[str, str]] = set()
    for key in sorted(counts, key=lambda each: (-counts[each], each)):
        composite, file = examples[key]
        made = Spelling(composite, counts[key], file, tuple(covered[key]))
        (again if key[:2] in seen else found).setdefault(key[0], []).append(made)
        seen.add(key[:2])
    return {kind: first + again.get(kind, []) for kind, first in found.items()}


def _graphs() -> Iterator[tuple[str, Graph]]:
    for path in sorted(FIXTURES.glob("composites/*.onnx.xz")):
        yield path.name.removesuffix(".onnx.xz"), load_model(lzma.decompress(path.read_bytes()))
    for path in sorted(FIXTURES.glob("networks/*.onnx")):
        yield path.stem, load_model(path.read_bytes())
    for path in sorted(FIXTURES.glob("semantics/*.onnxtxt")):
        yield path.stem, load_model(parser.parse_model(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One line: an operator, or a layer inside as one call."""

    op: str
    inputs: tuple[Value | None, ...]
    outputs: tuple[Value | None, ...]
    attributes: str = ""


def _steps(composite: Composite) -> list[_Step]:
    """Return the nodes of a composite; layers inside it that lie in it whole are one step each, named by their kind."""
    mine = {id(node) for node in composite.covers}
    last: dict[int, Composite] = {}
    inside: set[int] = set()
    for part in sorted(composite.parts, key=lambda each: -len(each.covers)):
        nodes = {id(node) for node in part.covers}
        if nodes < mine and not nodes & inside and part.form == "decomposed":
            inside |= nodes
            last[max(part.covers, key=lambda node: node.index).index] = part
    steps: list[_Step] = []
    for node in composite.covers:
        if id(node) not in inside:
            steps.append(_Step(node.qualified, node.inputs, node.outputs, _attributes(node)))
        elif node.index in last:
            part = last[node.index]
            steps.append(_Step(part.kind, tuple(_arguments(part)), part.node.outputs[:1]))
    return steps


def _arguments(composite: Composite) -> Iterator[Value | None]:
    for argument in composite.node.args.values():
        yield from argument if isinstance(argument, tuple) else (argument,)


def _attributes(node: Node) -> str:
    shown = [(name, node.attrs[name]) for name in ATTRIBUTES if node.attrs.get(name) is not None]
    words = [f"{name} = {_list(value)}" for name, value in shown if value or isinstance(value, int)]
    return f" <{', '.join(words)}>" if words else ""


def _list(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def lines(composite: Composite) -> list[str]:
    """Write a composite as ONNX text does, with names that say what a value is: X, Scale, t1 ..., and y at the end."""
    names = {
        value.name: formal
        for formal, value in reversed(composite.node.args.items())
        if isinstance(value, Value) and not (value.constant and value.size == 1)
    }
    results = {value.name for value in composite.node.outputs[:1] if value is not None}
    text: list[str] = []
    for step in _steps(composite):
        inputs = [_named(value, names) for value in step.inputs]
        while inputs and not inputs[-1]:
            inputs.pop()
        outputs = [_result(value, names, results) for value in step.outputs if value is not None]
        text.append(f"{', '.join(outputs)} = {step.op}{step.attributes} ({', '.join(inputs)})")
    if len(text) > LONGEST:
        half = (LONGEST - 1) // 2
        first = LONGEST - 1 - half
        text = [*text[:first], f"# ... {len(text) - first - half} more", *text[-half:]]
    return text


def _result(value: Value, names: dict[str, str], results: set[str]) -> str:
    if value.name in results:
        names[value.name] = "y"
    return names.setdefault(value.name, f"t{1 + sum(name[0] == 't' and name[1:].isdigit() for name in names.values())}")


def _named(value: Value | None, names: dict[str, str]) -> str:
    if value is None:
        return ""
    if value.name in names:
        return names[value.name]
    if value.constant and value.const is not None and value.const.size <= LONGEST // 2:
        return _numbers(value)
    letter = "c" if value.constant else "a"
    taken: Sequence[str] = [name for name in names.values() if name[0] == letter and name[1:].isdigit()]
    return names.setdefault(value.name, f"{letter}{len(taken) + 1}")


def _numbers(value: Value) -> str:
    elements = value.const.reshape(-1).tolist() if value.const is not None else []
    words = [f"{each:.6g}" if isinstance(each, float) else str(each) for each in elements]
    return words[0] if len(words) == 1 else f"{{{', '.join(words)}}}"
