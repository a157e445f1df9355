"""The section of docs/agreement.md that holds five well-known networks against every measured target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from table_lines import head, row

from checker.agreement import Pair
from checker.probes.evidence import Evidence

NETWORKS: Final[Mapping[str, str]] = {
    "vit_tiny_patch16_224__ts17": "ViT",
    "convnext_tiny__ts17": "ConvNeXt",
    "mobilenetv2_100__ts17": "MobileNetV2",
    "yolov8n__ts17": "YOLOv8",
    "bert_small__ts17": "BERT",
}
"""Network to its heading.  All five as TorchScript exports of opset 17, which most compilers take."""

MOST: Final = 4
"""Culprits that a cell names."""

WORDS = """
## Five networks on every measured target

What the compiler said of it, with what it put on the host or named in its refusal; below, where we say otherwise, our
answer. The same five files for all, as they were exported. CRASH and TIMEOUT: the compiler gave no answer; a target's
section has the details.
"""


def section(pairs: Mapping[str, Sequence[Pair]], files: Mapping[str, Sequence[Evidence]]) -> Iterator[str]:
    """Yield the lines: one row for each target and precision, one column for each network.

    Args:
        pairs: observations beside our answers, by target id.
        files: evidence by target id, for what has no pair: crashes and timeouts.
    """
    said = {
        (target, record["precision"], record["network"]): record["answer"]
        for target, some in files.items()
        for each in some
        for record in each.networks
        if not record.get("variant")
    }
    found = {
        (target, pair.precision, pair.name): pair
        for target, some in pairs.items()
        for pair in some
        if pair.name in NETWORKS
    }
    yield WORDS
    yield from head("target", "precision", *NETWORKS.values())
    rows = {(target, precision) for target, precision, name in (*found, *said) if name in NETWORKS}
    for target, precision in sorted(rows):
        cells = (
            _cell(found.get((target, precision, name)), said.get((target, precision, name), "not asked"))
            for name in NETWORKS
        )
        yield row(f"[{target}](#{target})", precision, *cells)


def _cell(pair: Pair | None, otherwise: str) -> str:
    if pair is None:
        return otherwise
    theirs = _answer(pair.theirs, pair.their_culprits)
    if pair.ours == pair.theirs:
        return theirs
    return f"{theirs}<br>**we: {_answer(pair.ours, pair.our_culprits)}**"


def _answer(word: str, culprits: frozenset[str] | None) -> str:
    if not culprits:
        return word
    names = sorted(culprits)
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"{word}: {', '.join(names[:MOST])}{more}"
